//! One writer at a time: a command claims the path of its result while it works on it.
//!
//! A claim is a locked file beside the path. The system releases the lock with its process, so no claim outlives its owner.

use super::unfinished::{LOCK_ENDING, PREFIX, Temporary, forget, is_anothers, is_linked, remember, sweep};
use super::whole_file::{WriteError, destination, folder_of};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long to wait for another's short write.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);
/// Longest part of a file's name that is repeated in its lock's name, bytes.
const LONGEST: usize = 200;

/// The claims of this process, which may write anywhere in them.
static HELD: Mutex<Vec<Weak<HeldLock>>> = Mutex::new(Vec::new());

/// A path that no other program writes to until this is dropped.
#[derive(Debug)]
pub struct Claim(#[allow(dead_code, reason = "it is there to be dropped")] Arc<HeldLock>);

#[derive(Debug)]
struct HeldLock {
    place: PathBuf,
    lock: PathBuf,
    /// The locked file.
    _file: File,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        forget(&self.lock);
        // If links cannot be counted, a lock without a name cannot be recognised.
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.lock);
        }
    }
}

/// Claims the path of a file, which need not exist. Fails early if it is not writable, before the file's contents
/// are made.
pub fn claim(path: &Path) -> std::result::Result<Claim, WriteError> {
    let told = |error: std::io::Error| WriteError::new(path, &error);
    let (folder, name) = place_of(path)?;
    take(&folder, &name).map_err(told)?.ok_or_else(|| WriteError::claimed(path))
}

/// Claims an existing folder.
pub fn claim_folder(folder: &Path) -> std::result::Result<Claim, WriteError> {
    let told = |error: std::io::Error| WriteError::new(folder, &error);
    let whole = std::fs::canonicalize(folder).map_err(told)?;
    take(&whole, OsStr::new("")).map_err(told)?.ok_or_else(|| WriteError::claimed(folder))
}

/// The folder and the name that a path leads to, through links.
pub(super) fn place_of(path: &Path) -> std::result::Result<(PathBuf, OsString), WriteError> {
    let told = |error: std::io::Error| WriteError::new(path, &error);
    let file = destination(path)?;
    let folder = std::fs::canonicalize(folder_of(&file)).map_err(told)?;
    let name = file.file_name().ok_or_else(|| told(ErrorKind::NotFound.into()))?;
    Ok((folder, name.to_owned()))
}

/// `None` if another program holds it.
fn take(folder: &Path, name: &OsStr) -> Result<Option<Claim>> {
    sweep(folder);
    let place = folder.join(name);
    let lock = folder.join(lock_name(name));
    let began = Instant::now();
    loop {
        {
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mine) = held.iter().filter_map(Weak::upgrade).find(|held| held.place == place) {
                return Ok(Some(Claim(mine)));
            }
            if let Some(file) = try_lock(&lock)? {
                remember(&lock);
                let mine = Arc::new(HeldLock { place, lock, _file: file });
                held.retain(|held| held.strong_count() > 0);
                held.push(Arc::downgrade(&mine));
                return Ok(Some(Claim(mine)));
            }
        }
        if began.elapsed() > PATIENCE {
            return Ok(None);
        }
        std::thread::sleep(PAUSE);
    }
}

fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = match File::options().read(true).write(true).create(true).truncate(false).open(path) {
        // Left by another user who may write there too.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && path.exists() => {
            Temporary::create(folder_of(path))?;
            File::open(path)?
        }
        opened => opened?,
    };
    // Without its name it was released just now.
    Ok((!is_anothers(&file) && is_linked(&file)).then_some(file))
}

fn lock_name(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    let end = (0..=LONGEST.min(name.len())).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    format!("{PREFIX}{}{LOCK_ENDING}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock held by another program.
    fn by_another(folder: &Path, name: &str) -> File {
        let file = File::create(folder.join(lock_name(OsStr::new(name)))).unwrap();
        file.try_lock().unwrap();
        file
    }

    #[test]
    fn what_another_has_claimed_is_refused_until_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.npz");
        let other = by_another(folder.path(), "result.npz");
        let told = claim(&path).unwrap_err().to_string();
        let expected = "another Chromascope is writing to it; wait for it to finish, or choose another place";
        assert_eq!(told, format!("cannot write {}: {expected}", path.display()));
        claim(&folder.path().join("other.npz")).unwrap();
        drop(other);
        let mine = claim(&path).unwrap();
        // This process may claim it again, and nobody holds it afterwards.
        let again = claim(&path).unwrap();
        drop(mine);
        assert!(File::open(folder.path().join(".chromascope-result.npz.lock")).unwrap().try_lock().is_err());
        drop(again);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no lock is left");
    }

    #[test]
    fn a_short_writing_of_another_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let other = by_another(folder.path(), "result");
        std::thread::scope(|scope| {
            let claimed = scope.spawn(|| claim(&folder.path().join("result")).map(drop));
            drop(other);
            claimed.join().unwrap().unwrap();
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_claim_is_of_what_links_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("result", folder.path().join("link")).unwrap();
        let _other = by_another(folder.path(), "result");
        let told = claim(&folder.path().join("link")).unwrap_err().to_string();
        assert!(told.contains("/link: another Chromascope"), "{told}");
    }

    /// Many claims and releases at once: there is never more than one holder.
    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join(lock_name(OsStr::new("result")));
        let inside = std::sync::atomic::AtomicUsize::new(0);
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        // Like separate processes, without the claims that this one has recorded.
                        let file = loop {
                            if let Some(file) = try_lock(&lock).unwrap() {
                                break file;
                            }
                        };
                        assert_eq!(inside.fetch_add(1, order), 0);
                        inside.fetch_sub(1, order);
                        std::fs::remove_file(&lock).unwrap();
                        drop(file);
                    }
                });
            }
        });
    }

    #[test]
    fn long_names_have_locks_too() {
        let folder = tempfile::tempdir().unwrap();
        claim(&folder.path().join("é".repeat(127))).unwrap();
    }
}
