//! Names and heads of library files. The head is read before the system's loader sees the file: a shared object that
//! was cut short makes the loader crash the process instead of failing.

use crate::reading::why;
use std::cmp::Reverse;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The name the system's loader knows: `libonnxruntime.so`, `libonnxruntime.dylib` or `onnxruntime.dll`.
pub(super) fn plain_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

/// The ONNX Runtime libraries in `folder`, the plain name first and then the newest version first.
pub(super) fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_library_name(name))
        .collect();
    names.sort_by_key(|name| (*name != plain_name(), Reverse(numbers(name))));
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn is_library_name(name: &str) -> bool {
    let stem = format!("{DLL_PREFIX}onnxruntime.");
    let plain = plain_name();
    name == plain || name.starts_with(&format!("{plain}.")) || (name.starts_with(&stem) && name.ends_with(DLL_SUFFIX))
}

/// The runs of digits in a name, so that 1.9 sorts before 1.31.
pub(super) fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// Whether `path` looks like a whole library for this system; the reason where it does not.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("it cannot be read ({})", why(&error));
    let mut file = File::open(path).map_err(said)?;
    let length = file.metadata().map_err(said)?.len();
    if length == 0 {
        return Err("the file is empty".into());
    }
    let mut head = [0_u8; 64];
    let read = read_up_to(&mut file, &mut head).map_err(said)?;
    let magic: &[&[u8]] = if cfg!(windows) {
        &[b"MZ"]
    } else if cfg!(target_vendor = "apple") {
        &[&[0xcf, 0xfa, 0xed, 0xfe], &[0xca, 0xfe, 0xba, 0xbe]]
    } else {
        &[b"\x7fELF"]
    };
    if !magic.iter().any(|magic| head[..read].starts_with(magic)) {
        return Err("it is not a library for this system".into());
    }
    if head.starts_with(b"\x7fELF\x02\x01") && elf_end(&mut file, &head).map_err(said)? > length {
        return Err("the file is truncated".into());
    }
    Ok(())
}

/// Where the last segment of a little-endian ELF64 file ends, which the file must reach.
fn elf_end(file: &mut File, head: &[u8; 64]) -> std::io::Result<u64> {
    let table = number(&head[32..40]);
    let (size, count) = (number(&head[54..56]), number(&head[56..58]));
    let mut end = table.saturating_add(size * count);
    if size < 56 || end > file.metadata()?.len() {
        return Ok(end.max(64));
    }
    for index in 0..count {
        let mut entry = [0_u8; 56];
        file.seek(SeekFrom::Start(table + index * size))?;
        read_up_to(file, &mut entry)?;
        end = end.max(number(&entry[8..16]).saturating_add(number(&entry[32..40])));
    }
    Ok(end)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_known_by_name_and_the_newest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let versioned = |version: &str| {
            if cfg!(target_vendor = "apple") {
                format!("libonnxruntime.{version}.dylib")
            } else {
                format!("{}.{version}", plain_name())
            }
        };
        let (old, new) = (versioned("1.9.2"), versioned("1.31.1"));
        for name in [old.as_str(), &new, &plain_name(), "libonnxruntime_providers_shared.so", "onnxruntime.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let expected: Vec<_> = [plain_name(), new, old].iter().map(|name| folder.path().join(name)).collect();
        assert_eq!(libraries_in(folder.path()), expected);
    }

    #[test]
    fn a_program_passes_and_its_beginning_does_not() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(check(&program), Ok(()));
        let bytes = std::fs::read(program).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beginning");
        std::fs::write(&path, &bytes[..1 << 16]).unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(check(&path), Err("the file is truncated".into()));
            std::fs::write(&path, &bytes[..70]).unwrap();
            assert_eq!(check(&path), Err("the file is truncated".into()));
        }
        std::fs::write(&path, "text").unwrap();
        assert_eq!(check(&path), Err("it is not a library for this system".into()));
        std::fs::write(&path, "").unwrap();
        assert_eq!(check(&path), Err("the file is empty".into()));
    }
}
