//! The record beside what set-up unpacked, by which the next set-up knows that everything is still there.

use super::wheel::sha256_of;
use super::{SetupError, disk};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::AtomicBool;

const NAME: &str = "manifest.json";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// SHA-256 of every wheel, in order.
    pub wheels: Vec<String>,
    /// What was taken out, the library first.
    pub files: Vec<UnpackedFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UnpackedFile {
    pub name: String,
    pub size: u64,
    pub sha256: String,
}

impl Manifest {
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(NAME)).ok()?).ok()
    }

    pub fn write(&self, folder: &Path) -> Result<(), SetupError> {
        let path = folder.join(NAME);
        let written = serde_json::to_vec_pretty(self).map_err(std::io::Error::from);
        written.and_then(|text| std::fs::write(&path, text)).map_err(disk("write", &path))
    }

    /// Whether every file is there with its size and its hash.
    pub fn is_whole(&self, folder: &Path) -> bool {
        self.files.iter().all(|file| {
            let path = folder.join(&file.name);
            let same_size = std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() == file.size);
            same_size && sha256_of(&path, &AtomicBool::new(false)).is_ok_and(|sha256| sha256 == file.sha256)
        })
    }
}
