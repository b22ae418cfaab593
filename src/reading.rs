//! Reading the user's files, with a sentence for each failure.

pub mod json;
pub mod memory;
pub mod npy;

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

/// The system's error in plain words, to follow "cannot read …: ".
#[must_use]
pub fn why(error: &Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "permission is denied",
        ErrorKind::IsADirectory => "it is a folder, not a file",
        ErrorKind::NotADirectory => "there is a file where a folder is needed",
        ErrorKind::UnexpectedEof => "it is truncated",
        ErrorKind::StorageFull => "no space is left there",
        ErrorKind::QuotaExceeded => "your share of that disk is full",
        ErrorKind::ReadOnlyFilesystem => "that place is read-only",
        _ => return error.to_string(),
    };
    words.into()
}

/// Checks that a path is a file to read: not a folder and not empty.
pub fn file(path: &Path) -> Result<File, String> {
    let file = File::open(path).map_err(|error| why(&error))?;
    let about = file.metadata().map_err(|error| why(&error))?;
    if about.is_dir() {
        return Err(why(&ErrorKind::IsADirectory.into()));
    }
    // The length of a pipe is unknown until it is read.
    if about.is_file() && about.len() == 0 { Err(EMPTY.into()) } else { Ok(file) }
}

/// All bytes of a file, at least one.
pub fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file(path)?.read_to_end(&mut bytes).map_err(|error| why(&error))?;
    if bytes.is_empty() { Err(EMPTY.into()) } else { Ok(bytes) }
}

/// All text of a file.
pub fn text(path: &Path) -> Result<String, String> {
    String::from_utf8(bytes(path)?).map_err(|_| "it is not text".into())
}

const EMPTY: &str = "it is empty";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_with_something_in_it_is_named_as_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("empty"), "").unwrap();
        std::fs::write(at("bytes"), b"\xff\xfe").unwrap();
        std::fs::write(at("text"), "text").unwrap();
        let told = |path: &Path| text(path).unwrap_err();
        assert_eq!(told(&at("nowhere")), "there is no such file or folder");
        assert_eq!(told(folder.path()), "it is a folder, not a file");
        assert_eq!(told(&at("text/below")), "there is a file where a folder is needed");
        assert_eq!(told(&at("empty")), "it is empty");
        assert_eq!(told(&at("bytes")), "it is not text");
        assert_eq!((text(&at("text")).unwrap().as_str(), bytes(&at("bytes")).unwrap().len()), ("text", 2));
    }
}
