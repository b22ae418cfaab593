//! Reading the user's files, with a sentence for each failure.

use half::f16;
use ndarray_npy::ReadNpyError;
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

/// The bytes of a `.npy` file of 16-bit floats as those of one of 32-bit floats; others as they are.
#[must_use]
pub fn halves_widened(bytes: Vec<u8>) -> Vec<u8> {
    widened(&bytes).unwrap_or(bytes)
}

fn widened(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"\x93NUMPY") || bytes.len() < 12 {
        return None;
    }
    let size = |at: std::ops::Range<usize>| {
        Some(bytes.get(at)?.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
    };
    let data = if bytes[6] == 1 { 10 + size(8..10)? } else { 12 + size(8..12)? };
    let header = std::str::from_utf8(bytes.get(..data)?.get(10..)?).ok()?;
    let at = 10 + header.find("'<f2'").or_else(|| header.find("'>f2'"))?;
    let read = if bytes[at + 1] == b'<' { f16::from_le_bytes } else { f16::from_be_bytes };
    let mut wide = bytes[..data].to_vec();
    wide[at..at + 5].copy_from_slice(b"'<f4'");
    for half in bytes[data..].chunks(2) {
        // An odd byte at the end stays, so that the file is as truncated as it was.
        match <[u8; 2]>::try_from(half) {
            Ok(half) => wide.extend(read(half).to_f32().to_le_bytes()),
            Err(_) => wide.extend(half),
        }
    }
    Some(wide)
}

/// Why bytes are not an array of floating-point numbers.
#[must_use]
pub fn no_array(error: &ReadNpyError) -> String {
    match error {
        ReadNpyError::ParseHeader(_) => "it is not a NumPy array".into(),
        ReadNpyError::Io(error) => why(error),
        ReadNpyError::MissingData => "it is truncated".into(),
        ReadNpyError::ExtraBytes(_) => "there is more data than its array".into(),
        ReadNpyError::WrongDescriptor(_) => "its values are not floating-point numbers".into(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, ArrayD};
    use ndarray_npy::{ReadNpyExt, WriteNpyExt};

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

    #[test]
    fn what_is_no_array_is_named_as_what_it_is() {
        let told = |bytes: &[u8]| no_array(&ArrayD::<f32>::read_npy(bytes).unwrap_err());
        let mut whole = Vec::new();
        Array1::from(vec![1.0_f32, 2.0]).write_npy(&mut whole).unwrap();
        let mut integers = Vec::new();
        Array1::from(vec![1_i64, 2]).write_npy(&mut integers).unwrap();
        assert_eq!(told(b"some text of a file"), "it is not a NumPy array");
        assert_eq!(told(b"\x93NU"), "it is truncated");
        assert_eq!(told(&whole[..whole.len() - 3]), "it is truncated");
        assert_eq!(told(&[&whole[..], b"more"].concat()), "there is more data than its array");
        assert_eq!(told(&integers), "its values are not floating-point numbers");
    }

    #[test]
    fn halves_are_read_exactly() {
        // np.save of np.array([[1.5, -0.1, 65504], [6e-8, inf, nan]], '<f2'), and the same in '>f2'.
        let values: [u16; 6] = [0x3e00, 0xae66, 0x7bff, 0x0001, 0x7c00, 0x7e00];
        let file = |order: char, bytes: Vec<u8>| {
            let header = format!("{{'descr': '{order}f2', 'fortran_order': False, 'shape': (2, 3), }}");
            let header = format!("{header:117}\n");
            let length = u16::try_from(header.len()).unwrap().to_le_bytes();
            [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &bytes].concat()
        };
        let little = file('<', values.iter().flat_map(|half| half.to_le_bytes()).collect());
        let big = file('>', values.iter().flat_map(|half| half.to_be_bytes()).collect());
        for bytes in [&little, &big] {
            let read = ArrayD::<f32>::read_npy(halves_widened(bytes.clone()).as_slice()).unwrap();
            assert_eq!(read.shape(), [2, 3]);
            let read = read.as_slice().unwrap();
            assert_eq!(read[..5], [1.5, -0.099_975_586, 65504.0, 5.960_464_5e-8, f32::INFINITY]);
            assert!(read[5].is_nan());
        }
        let short = halves_widened(little[..little.len() - 1].to_vec());
        assert_eq!(no_array(&ArrayD::<f32>::read_npy(short.as_slice()).unwrap_err()), "it is truncated");
        let mut single = Vec::new();
        Array1::from(vec![1.0_f32]).write_npy(&mut single).unwrap();
        assert_eq!(halves_widened(single.clone()), single);
        assert_eq!(halves_widened(b"\x93NUMPY".to_vec()), b"\x93NUMPY");
    }
}
