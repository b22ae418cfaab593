//! Results are written completely to a temporary file beside their path, then renamed.

use super::claim::{Claim, claim, place_of};
use super::unfinished::Temporary;
use crate::model::hex;
use crate::reading::why;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Error, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Most links to follow before they count as a loop.
const MOST_LINKS: usize = 40;

/// Why a file could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot write {}: {reason}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What went wrong and what to do.
    pub reason: String,
}

impl WriteError {
    pub(super) fn new(path: &Path, error: &Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "; free some space or choose another place. Existing files are unchanged"
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "; choose a place that you can write to",
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "; there is a file where a folder is needed; choose another place"
            }
            ErrorKind::NotFound => "; choose a place that exists",
            _ => "",
        };
        let words = match error.kind() {
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "its path leads through a file".to_owned(),
            _ => why(error),
        };
        Self { path: path.into(), reason: format!("{words}{advice}") }
    }

    pub(super) fn claimed(path: &Path) -> Self {
        let reason = "another Chromascope is writing to it; wait for it to finish, or choose another place".to_owned();
        Self { path: path.into(), reason }
    }
}

/// Creates the folder, and fails early if it is not writable.
pub fn create_folder(folder: &Path) -> Result<(), WriteError> {
    let fault = |error: Error| WriteError::new(folder, &error);
    std::fs::create_dir_all(folder).map_err(fault)?;
    Temporary::create(folder).map(drop).map_err(fault)
}

/// Creates a new folder: `name`, or the first of `name`-2, -3, … that does not exist.
pub fn create_new_folder(name: &str) -> Result<PathBuf, WriteError> {
    let names = std::iter::once(name.to_owned()).chain((2_u64..).map(|number| format!("{name}-{number}")));
    for folder in names.map(PathBuf::from) {
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(WriteError::new(&folder, &error)),
        }
    }
    Err(WriteError::new(name.as_ref(), &ErrorKind::AlreadyExists.into()))
}

/// The paths of one command's results, which must differ, and which are claimed while this exists.
#[derive(Debug, Default)]
pub struct Destinations(Vec<(PathBuf, Claim)>);

impl Destinations {
    /// Claims a path as [`claim`] does, and checks that no other result of the command has the same one.
    pub fn take(&mut self, path: &Path) -> Result<(), WriteError> {
        let (folder, name) = place_of(path)?;
        let file = folder.join(name);
        if self.0.iter().any(|(taken, _)| *taken == file) {
            let reason = "two results of this command have the same path; choose two paths".to_owned();
            return Err(WriteError { path: path.into(), reason });
        }
        self.0.push((file, claim(path)?));
        Ok(())
    }
}

/// Writes beside `path` and renames, so that a file is never incomplete and an old one stays until the new one is ready.
///
/// A link is followed and kept. Anything that is not a regular file, such as a device, a pipe or a folder, is refused, and so is
/// a path that another program has [claimed](claim).
pub fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut dyn WriteSeek) -> std::io::Result<()>,
) -> Result<(), WriteError> {
    Staged::write(path, content)?.publish()
}

/// Writes in progress in this process.
static UNDER_WAY: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());
/// A disk that takes longer will not finish at all.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Waits until this process, which is about to end, has finished writing.
pub fn finish_writing() {
    let (count, changed) = &UNDER_WAY;
    let count = count.lock().unwrap_or_else(PoisonError::into_inner);
    // Whether it finished or not, there is nothing more to wait for.
    let _ = changed.wait_timeout_while(count, LONGEST_WAIT, |count| *count > 0);
}

/// A write in progress, until it is dropped.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        *UNDER_WAY.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *UNDER_WAY.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        UNDER_WAY.1.notify_all();
    }
}

/// A file that is complete and on the disk, but not yet at its path.
pub(super) struct Staged {
    path: PathBuf,
    destination: PathBuf,
    file: Temporary,
    _claim: Claim,
    _under_way: UnderWay,
}

impl Staged {
    pub fn write(
        path: &Path,
        content: impl FnOnce(&mut dyn WriteSeek) -> std::io::Result<()>,
    ) -> Result<Self, WriteError> {
        let fault = |error: Error| WriteError::new(path, &error);
        let under_way = UnderWay::begin();
        let claim = claim(path)?;
        let destination = destination(path)?;
        let mut temporary = Temporary::create(folder_of(&destination)).map_err(fault)?;
        let file = temporary.file().map_err(fault)?;
        let mut writer = std::io::BufWriter::with_capacity(1 << 20, FirstFault { file, fault: None });
        let written = content(&mut writer).and_then(|()| writer.flush());
        let first = writer.get_mut().fault.take();
        drop(writer);
        first.map_or(written, Err).map_err(fault)?;
        temporary.file().and_then(|file| file.sync_all()).map_err(fault)?;
        Ok(Self { path: path.into(), destination, file: temporary, _claim: claim, _under_way: under_way })
    }

    /// SHA-256 of its contents, in hexadecimal.
    pub fn sha256(&mut self) -> Result<String, WriteError> {
        let of = |file: &mut File| {
            file.rewind()?;
            sha256(file)
        };
        self.file.file().and_then(of).map_err(|error| WriteError::new(&self.path, &error))
    }

    /// Removes the file at its path.
    pub fn remove_old(&self) -> Result<(), WriteError> {
        match std::fs::remove_file(&self.destination) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(WriteError::new(&self.path, &error)),
            _ => Ok(()),
        }
    }

    /// Renames it to its path.
    pub fn publish(self) -> Result<(), WriteError> {
        self.file.rename(&self.destination).map_err(|error| WriteError::new(&self.path, &error))
    }
}

/// SHA-256 of everything a reader returns, in hexadecimal.
pub(super) fn sha256(from: &mut impl std::io::Read) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file that a path leads to, through links. It need not exist.
pub(super) fn destination(path: &Path) -> Result<PathBuf, WriteError> {
    let fault = |error: Error| WriteError::new(path, &error);
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => return follow(path).map_err(fault),
        Ok(found) => {
            let what = if found.is_dir() { "a folder" } else { "a device, a pipe or a socket" };
            let reason = format!("it is {what}, not a regular file; choose another place");
            return Err(WriteError { path: path.into(), reason });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(fault(error)),
    }
    follow(path).map_err(fault)
}

fn follow(path: &Path) -> std::io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => path = folder_of(&path).join(std::fs::read_link(&path)?),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => return Ok(path),
        }
    }
    Err(Error::other("its links form a loop"))
}

/// A file that keeps its first error and then accepts everything without writing it. The writer of zip archives complains
/// on stderr if it is dropped after an error, and wraps the error so that its kind is lost.
struct FirstFault<'a> {
    file: &'a mut File,
    fault: Option<Error>,
}

impl FirstFault<'_> {
    fn keep<T>(&mut self, pretended: T, result: std::io::Result<T>) -> T {
        result.unwrap_or_else(|fault| {
            self.fault = Some(fault);
            pretended
        })
    }
}

impl Write for FirstFault<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.fault.is_some() {
            return Ok(bytes.len());
        }
        let result = self.file.write(bytes);
        Ok(self.keep(bytes.len(), result))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let result = self.file.flush();
        self.keep((), result);
        Ok(())
    }
}

impl Seek for FirstFault<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        let result = self.file.seek(to);
        Ok(self.keep(0, result))
    }
}

/// The sink of archives.
pub trait WriteSeek: Write + Seek {}
impl<T: Write + Seek> WriteSeek for T {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The device /dev/full fails every write like a full disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_and_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        std::fs::write(&path, "old").unwrap();
        let error = write_whole(&path, |_| std::fs::File::create("/dev/full")?.write_all(b"new")).unwrap_err();
        let why = crate::reading::why(&ErrorKind::StorageFull.into());
        assert!(error.to_string().contains(&why), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_whole_file_replaces_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        std::fs::write(&path, "old").unwrap();
        write_whole(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    }

    /// Like a window that is closed while it saves.
    #[test]
    fn what_is_being_written_can_be_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        let (begun, begins) = std::sync::mpsc::channel();
        let writing = path.clone();
        std::thread::spawn(move || {
            write_whole(&writing, |file| {
                begun.send(()).unwrap();
                (0..2000).try_for_each(|_| file.write_all(&[b'x'; 4096]))
            })
        });
        begins.recv().unwrap();
        finish_writing();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 2000 * 4096);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_refused_and_stays() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        symlink("pipe", at("link")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        for (name, what) in [("pipe", "a pipe"), ("link", "a pipe"), ("folder", "a folder")] {
            for told in [claim(&at(name)).map(drop), write_whole(&at(name), |file| file.write_all(b"new"))] {
                let told = told.unwrap_err().to_string();
                assert!(told.contains(what), "{told}");
            }
        }
        assert!(std::fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
        assert!(std::fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_what_they_lead_to_is_written() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("below")).unwrap();
        std::fs::write(at("below/there"), "old").unwrap();
        for (link, target) in [("first", "second"), ("second", "below/there"), ("new", "below/none")] {
            symlink(target, at(link)).unwrap();
        }
        for (link, target) in [("first", "below/there"), ("new", "below/none")] {
            write_whole(&at(link), |file| file.write_all(b"new")).unwrap();
            assert!(std::fs::symlink_metadata(at(link)).unwrap().is_symlink());
            assert_eq!(std::fs::read_to_string(at(target)).unwrap(), "new");
        }
        symlink("circle", at("circle")).unwrap();
        assert!(write_whole(&at("circle"), |_| Ok(())).is_err());
        let mut places = Destinations::default();
        places.take(&at("first")).unwrap();
        places.take(&at("new")).unwrap();
        let told = places.take(&at("below/../below/there")).unwrap_err().to_string();
        assert!(told.contains(&at("below/../below/there").display().to_string()), "{told}");
    }

    #[test]
    fn no_message_speaks_of_a_name_that_was_only_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none/result"), folder.path().join("none")] {
            let path = path.join("result");
            let told =
                [claim(&path).map(drop), write_whole(&path, |_| Ok(()))].map(|told| told.unwrap_err().to_string());
            assert!(told.iter().all(|told| !told.contains(".chromascope-")), "{told:?}");
            assert!(told.iter().all(|told| told.ends_with("choose a place that exists")), "{told:?}");
        }
    }
}
