//! A downloaded wheel: is it the one that is pinned, and what is taken out of it.

use super::manifest::UnpackedFile;
use super::pins::{Take, Wheel};
use super::{SetupError, disk, stop_if};
use crate::model::hex;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use zip::ZipArchive;
use zip::result::ZipError;

/// Bytes between two looks at the cancel flag.
const CHUNK: usize = 1 << 20;

/// Compares the file's hash with the pinned one.
pub(super) fn check(wheel: &Wheel, file: &Path, cancel: &AtomicBool) -> Result<(), SetupError> {
    let found = sha256_of(file, cancel)?;
    if found == wheel.sha256 {
        return Ok(());
    }
    let (package, version, expected) = (wheel.package, wheel.version, wheel.sha256);
    Err(SetupError::WrongHash { package, version, expected, found })
}

pub(super) fn sha256_of(path: &Path, cancel: &AtomicBool) -> Result<String, SetupError> {
    let mut file = File::open(path).map_err(disk("read", path))?;
    let (_, sha256) = copy(&mut file, &mut std::io::sink(), path, path, cancel)?;
    Ok(sha256)
}

/// Takes the wanted members of the wheel `file` out into `folder`, side by side.
pub(super) fn unpack(
    wheel: &Wheel,
    file: &Path,
    folder: &Path,
    cancel: &AtomicBool,
) -> Result<Vec<UnpackedFile>, SetupError> {
    let fault = |reason: String| SetupError::Unpack { package: wheel.package, reason };
    let zip_fault = |error: ZipError| fault(error.to_string());
    let mut archive = ZipArchive::new(File::open(file).map_err(disk("read", file))?).map_err(zip_fault)?;
    let mut names: Vec<String> = archive.file_names().filter(|name| wheel.take.wants(name)).map(Into::into).collect();
    names.sort();
    if let Take::Members(members) = wheel.take {
        if let Some(missing) = members.iter().find(|member| !names.iter().any(|name| name == *member)) {
            return Err(fault(format!("it contains no {missing}")));
        }
        names = members.iter().map(ToString::to_string).collect();
    }
    let mut files = Vec::new();
    for name in names {
        let short = name.rsplit('/').next().unwrap_or_default();
        let path = folder.join(short);
        let mut output = File::create_new(&path).map_err(disk("write", &path))?;
        let mut member = archive.by_name(&name).map_err(zip_fault)?;
        let (size, sha256) = copy(&mut member, &mut output, file, &path, cancel)?;
        output.sync_all().map_err(disk("write", &path))?;
        files.push(UnpackedFile { name: short.into(), size, sha256 });
    }
    Ok(files)
}

/// Copies and hashes; the paths are for the error's sentence.
fn copy(
    from: &mut dyn Read,
    to: &mut dyn Write,
    from_path: &Path,
    to_path: &Path,
    cancel: &AtomicBool,
) -> Result<(u64, String), SetupError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0;
    loop {
        stop_if(cancel)?;
        let read = from.read(&mut buffer).map_err(disk("read", from_path))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read]).map_err(disk("write", to_path))?;
        size += read as u64;
    }
    Ok((size, hex(&hasher.finalize())))
}
