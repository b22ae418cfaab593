//! The program's temporary files: unfinished results and locks. Each is locked by the process that
//! made it, and the system releases a lock when its process ends in any way. So a file left by a killed program can be
//! distinguished from one in use.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

pub(super) const PREFIX: &str = ".chromascope-";
pub(super) const LOCK_ENDING: &str = ".lock";
/// Letters and digits after the prefix.
const RANDOM: usize = 6;

/// The temporary files of this process.
static MINE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// Folders that this process has already swept.
static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn open_set(set: &Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'_, BTreeSet<PathBuf>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn remember(path: &Path) {
    open_set(&MINE).insert(path.to_path_buf());
}

pub(super) fn forget(path: &Path) {
    open_set(&MINE).remove(path);
}

/// Removes the temporary files of this process. Call it when the process is about to end.
pub fn remove_unfinished() {
    let mine = std::mem::take(&mut *open_set(&MINE));
    for path in mine {
        // Anything left is removed by the next start.
        let _ = std::fs::remove_file(path);
    }
}

/// A new file with a unique name, removed on drop unless it is renamed.
pub(super) struct Temporary(Option<NamedTempFile>);

impl Temporary {
    /// Unlike the library's own it has the usual permissions of new files, and its errors do not contain the temporary name.
    pub fn create(folder: &Path) -> Result<Self> {
        let create = |path: &Path| {
            let file = File::options().read(true).write(true).create_new(true).open(path)?;
            // A sweeper may have removed it before the lock: then another name is tried.
            if is_anothers(&file) || !is_linked(&file) { Err(ErrorKind::AlreadyExists.into()) } else { Ok(file) }
        };
        let file = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).make_in(folder, create)?;
        remember(file.path());
        Ok(Self(Some(file)))
    }

    pub fn file(&mut self) -> Result<&mut File> {
        self.0.as_mut().map(NamedTempFile::as_file_mut).ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub fn rename(mut self, to: &Path) -> Result<()> {
        let Some(file) = self.0.take() else { return Ok(()) };
        forget(file.path());
        file.persist(to).map(drop).map_err(|error| error.error)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            forget(file.path());
        }
    }
}

/// Tries to lock a file; returns false if another process holds it. On systems without locks it always succeeds.
pub(super) fn is_anothers(file: &File) -> bool {
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Whether the file still has its name. Only the holder of the lock removes the name.
pub(super) fn is_linked(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().is_ok_and(|data| data.nlink() > 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        true
    }
}

/// Removes files left in a folder by programs that have ended, once per process.
pub(super) fn sweep(folder: &Path) {
    if open_set(&SWEPT).insert(folder.to_path_buf()) {
        sweep_now(folder);
    }
}

/// The same, every time.
pub(super) fn sweep_now(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let ours = entries.flatten().filter(|entry| is_ours(&entry.file_name()));
    for entry in ours.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())) {
        remove_abandoned(&entry.path());
    }
}

fn is_ours(name: &OsStr) -> bool {
    let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { return false };
    let is_random = rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // If a file's links cannot be counted, locks are kept.
    is_random || (cfg!(unix) && rest.ends_with(LOCK_ENDING))
}

fn remove_abandoned(path: &Path) {
    let Ok(file) = File::options().read(true).write(true).open(path) else { return };
    if file.try_lock().is_ok() && is_linked(&file) {
        // A file left here does no harm.
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_and_has_our_names_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let stay = ["notes", ".chromascope-notes", ".chromascope-abcde", ".chromascope-abcdefg", ".chromascope-ab.def"];
        let go = [".chromascope-aB3dEf", ".chromascope-best.json.lock", ".chromascope-.lock"];
        for name in stay.iter().chain(&go) {
            std::fs::write(at(name), "left").unwrap();
        }
        std::fs::create_dir(at(".chromascope-folder")).unwrap();
        let mut writing = Temporary::create(folder.path()).unwrap();
        let held = File::create(at(".chromascope-held.lock")).unwrap();
        held.try_lock().unwrap();
        sweep(folder.path());
        assert!(stay.iter().all(|name| at(name).exists()));
        assert!(!go.iter().any(|name| at(name).exists()));
        assert!(at(".chromascope-folder").exists() && at(".chromascope-held.lock").exists());
        assert!(is_linked(writing.file().unwrap()));
        // Only once per process.
        std::fs::write(at(go[0]), "left").unwrap();
        sweep(folder.path());
        assert!(at(go[0]).exists());
    }

    /// Writers and sweepers at once: no writer loses its file.
    #[test]
    fn what_is_being_written_is_never_swept() {
        let folder = tempfile::tempdir().unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    sweep_now(folder.path());
                }
            });
            for number in 0..500 {
                let file = Temporary::create(folder.path()).unwrap();
                file.rename(&folder.path().join(number.to_string())).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 500);
    }
}
