//! Results that cannot be written to their destination, for example because the disk is full, are saved elsewhere, so that
//! hours of work are not lost.

use super::archive::WriteError;
use super::unfinished::sweep_now;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PREFIX: &str = "chromascope-";
const RANDOM: usize = 6;
/// A younger empty folder may belong to another process that is about to write into it.
const YOUNG: Duration = Duration::from_mins(10);

/// The location of a result.
#[derive(Debug)]
pub struct KeptElsewhere<T> {
    /// The value returned by writing it.
    pub written: T,
    /// The file or folder that holds it.
    pub at: PathBuf,
    /// Why it is not at its destination.
    pub elsewhere: Option<WriteError>,
}

impl<T> KeptElsewhere<T> {
    /// The sentence that says why and where it is elsewhere; `what` such as "the 24 samples are", `hint` what to do with it.
    #[must_use]
    pub fn told(&self, what: &str, hint: &str) -> Option<Elsewhere> {
        let error = self.elsewhere.as_ref()?;
        Some(Elsewhere(format!("{error}; {what} kept in {} instead{hint}", self.at.display())))
    }
}

/// A result that is saved, but not at its destination.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Elsewhere(String);

/// A result that could not be saved anywhere.
#[derive(Debug, thiserror::Error)]
#[error("{error}; {what} lost, because writing elsewhere failed too: {second}")]
pub struct Lost {
    error: WriteError,
    what: String,
    second: String,
}

/// Writes a result to `place`, or on failure under the same name into a new folder in `shelter`. `what` is such as "the 24 samples
/// are".
pub fn write<T>(
    place: &Path,
    shelter: &Path,
    what: &str,
    write: impl Fn(&Path) -> Result<T, WriteError>,
) -> Result<KeptElsewhere<T>, Lost> {
    let error = match write(place) {
        Ok(written) => return Ok(KeptElsewhere { written, at: place.into(), elsewhere: None }),
        Err(error) => error,
    };
    let kept = || -> Result<KeptElsewhere<T>, String> {
        sweep_shelter(shelter);
        let folder = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempdir_in(shelter);
        let folder = folder.map_err(|told| format!("cannot write to {} ({})", shelter.display(), told.kind()))?;
        let at = folder.path().join(place.file_name().unwrap_or("result".as_ref()));
        let written = write(&at).map_err(|error| error.to_string())?;
        // From here on the folder is kept.
        let _ = folder.keep();
        Ok(KeptElsewhere { written, at, elsewhere: Some(error.clone()) })
    };
    kept().map_err(|second| Lost { error: error.clone(), what: what.into(), second })
}

/// Removes empty folders of programs that ended while they wrote here.
fn sweep_shelter(shelter: &Path) {
    let Ok(entries) = std::fs::read_dir(shelter) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_ours = rest.is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        sweep_now(&entry.path());
        let modified = entry.metadata().and_then(|data| data.modified());
        if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > YOUNG)) {
            // Only an empty folder can be removed by this call.
            let _ = std::fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    /// Fails to write into a folder named "full", like a full disk.
    fn write_but_in_full(at: &Path) -> Result<usize, WriteError> {
        if at.parent().is_some_and(|folder| folder.ends_with("full")) {
            return Err(WriteError::new(at, &Error::from(ErrorKind::StorageFull)));
        }
        std::fs::write(at, "result").map(|()| 6).map_err(|error| WriteError::new(at, &error))
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_kept_elsewhere_or_said_to_be_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (full, shelter) = (folder.path().join("full/out.npz"), folder.path().join("shelter"));
        let what = "the 24 samples are";
        let told = write(&full, &shelter, what, write_but_in_full).unwrap_err().to_string();
        let why = crate::reading::why(&ErrorKind::StorageFull.into());
        assert!(told.starts_with(&format!("cannot write {}: {why}", full.display())), "{told}");
        let end = format!(
            "; the 24 samples are lost, because writing elsewhere failed too: cannot write to {}",
            shelter.display()
        );
        assert!(told.contains(&end), "{told}");

        std::fs::create_dir(&shelter).unwrap();
        let kept = write(&full, &shelter, what, write_but_in_full).unwrap();
        assert!(kept.at.starts_with(&shelter) && kept.at.ends_with("out.npz"));
        assert_eq!((std::fs::read_to_string(&kept.at).unwrap().as_str(), kept.written), ("result", 6));
        let told = kept.told(what, ", and that is that").unwrap().to_string();
        let end = format!("; the 24 samples are kept in {} instead, and that is that", kept.at.display());
        assert!(told.starts_with("cannot write ") && told.ends_with(&end), "{told}");

        let there = write(&folder.path().join("out.npz"), &shelter, what, write_but_in_full).unwrap();
        assert!(there.told(what, "").is_none() && there.at.ends_with("out.npz"));
        // A second failure leaves no folder.
        let fails = |at: &Path| Err::<(), _>(WriteError::new(at, &Error::from(ErrorKind::StorageFull)));
        write(&full, &shelter, what, fails).unwrap_err();
        assert_eq!(std::fs::read_dir(&shelter).unwrap().count(), 1);
    }

    #[test]
    fn what_ended_programs_left_in_the_shelter_goes() {
        let shelter = tempfile::tempdir().unwrap();
        let [left, kept, young] =
            ["chromascope-aaaaaa", "chromascope-bbbbbb", "chromascope-cccccc"].map(|name| shelter.path().join(name));
        for folder in [&left, &kept, &young] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(left.join(".chromascope-aB3dEf"), "half").unwrap();
        std::fs::write(kept.join("out.npz"), "whole").unwrap();
        sweep_shelter(shelter.path());
        assert_eq!(std::fs::read_dir(&left).unwrap().count(), 0);
        let long_ago = std::time::SystemTime::now() - 2 * YOUNG;
        for folder in [&left, &kept] {
            std::fs::File::open(folder).unwrap().set_modified(long_ago).unwrap();
        }
        sweep_shelter(shelter.path());
        assert!(!left.exists() && kept.join("out.npz").exists() && young.exists());
    }
}
