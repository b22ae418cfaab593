//! The folder set-up works in. It lies in the data folder, so that its content can be renamed into place, and goes away
//! with everything in it, whatever happens. One that a killed set-up left is found by its lock and removed by the next.

use super::{SetupError, disk};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const PREFIX: &str = ".setup-";
const LOCK: &str = "lock";

pub(super) struct Staging {
    /// `None` once dropped.
    folder: Option<TempDir>,
    lock: Option<File>,
    /// The folders that were made for this, outermost first: removed again while they are empty.
    made: Vec<PathBuf>,
}

impl Staging {
    pub fn new(data: &Path) -> Result<Self, SetupError> {
        let made: Vec<PathBuf> =
            data.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
        let mut staging = Self { folder: None, lock: None, made };
        std::fs::create_dir_all(data).map_err(disk("make the folder", data))?;
        remove_abandoned(data);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(data).map_err(disk("write into", data))?;
        let lock_path = folder.path().join(LOCK);
        staging.folder = Some(folder);
        let lock = File::create(&lock_path).map_err(disk("write", &lock_path))?;
        // Where locks do not work, an abandoned folder is known by its age alone.
        let _ = lock.try_lock();
        staging.lock = Some(lock);
        Ok(staging)
    }

    pub fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// The empty folder `name` in here.
    pub fn folder(&self, name: &str) -> Result<PathBuf, SetupError> {
        let path = self.path().join(name);
        match std::fs::create_dir(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(disk("make the folder", &path)(error))
            }
            _ => Ok(path),
        }
    }

    /// Bytes of all files in here, for the progress of a download.
    pub fn size(&self) -> u64 {
        size_of(self.path())
    }

    /// Renames `content`, a folder in here, to `target`, instead of what may be there.
    pub fn publish(mut self, content: &Path, target: &Path) -> Result<(), SetupError> {
        if let Some(parent) = target.parent() {
            if !parent.exists() {
                self.made.insert(0, parent.into());
            }
            std::fs::create_dir_all(parent).map_err(disk("make the folder", parent))?;
        }
        if target.exists() {
            let aside = self.path().join("replaced");
            std::fs::rename(target, &aside).map_err(disk("replace", target))?;
        }
        std::fs::rename(content, target).map_err(disk("write", target))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.lock = None;
        // What cannot be removed now is removed by the next set-up.
        drop(self.folder.take());
        for folder in &self.made {
            // Fails, as it should, where something has been put into it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn remove_abandoned(data: &Path) {
    let Ok(entries) = std::fs::read_dir(data) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A folder whose lock nobody holds; one without a lock may be a moment old, or an hour and forgotten.
fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => std::fs::metadata(folder)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > Duration::from_hours(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_and_what_others_left_goes() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("share").join("chromascope");
        drop(Staging::new(&data).unwrap());
        assert!(!home.path().join("share").exists());

        std::fs::create_dir_all(data.join(".setup-killed").join("content")).unwrap();
        std::fs::write(data.join(".setup-killed").join(LOCK), "").unwrap();
        let running = Staging::new(&data).unwrap();
        assert!(!data.join(".setup-killed").exists());
        let second = Staging::new(&data).unwrap();
        assert!(running.path().exists() && second.path().exists());
    }

    #[test]
    fn content_replaces_what_was_there() {
        let data = tempfile::tempdir().unwrap();
        let target = data.path().join("onnxruntime").join("1");
        for text in ["first", "second"] {
            let staging = Staging::new(data.path()).unwrap();
            let content = staging.folder("content").unwrap();
            std::fs::write(content.join("file"), text).unwrap();
            assert_eq!(staging.size(), text.len() as u64);
            staging.publish(&content, &target).unwrap();
            assert_eq!(std::fs::read_to_string(target.join("file")).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
    }
}
