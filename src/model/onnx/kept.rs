//! Graphs optimised by ONNX Runtime, cached between starts.
//!
//! Opening a network takes long mainly because its graph is optimised, with the same result each time. That result is
//! cached and opened without further optimisation, so the network computes the same bits. A cached graph belongs to one
//! graph, one library and one kind of processor; its name contains the hash of its content, so a damaged one is not
//! used.

use crate::model::folders::cache_folder;
use crate::model::graph_file::{GraphFile, digest_file};
use crate::model::hex;
use crate::model::onnx_runtime::LoadedRuntime;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::NamedTempFile;

/// Smaller graphs open at once, larger ones would fill the disk.
const SIZES: std::ops::RangeInclusive<u64> = 1 << 20..=128 << 20;
/// Most bytes that are kept of all graphs together.
const MOST_BYTES: u64 = 512 << 20;
/// What is left of a process that was killed while it wrote is taken away when it is this old.
const LEFT_OVER: Duration = Duration::from_hours(1);

/// The place of one graph.
pub(super) struct KeptGraph {
    folder: PathBuf,
    key: String,
}

/// An optimised graph that was kept.
pub(super) struct FoundGraph {
    file: PathBuf,
}

impl KeptGraph {
    /// Of a graph on this machine and library; `None` where nothing is kept of it.
    pub(super) fn of(path: &Path, graph: &GraphFile, runtime: &LoadedRuntime) -> Option<Self> {
        let bytes = std::fs::metadata(path).ok()?.len();
        if !SIZES.contains(&bytes) || !graph.external_data.is_empty() {
            return None;
        }
        let library = std::fs::metadata(&runtime.path).ok()?.len();
        let version = (&runtime.version, &runtime.path, library);
        let key = hex(&Sha256::digest(format!("{} {version:?} {}", graph.sha256, processor()?)));
        Some(Self { folder: cache_folder().ok()?.join("graphs"), key })
    }

    /// The optimised graph, where there is one.
    pub(super) fn find(&self) -> Option<FoundGraph> {
        let entries = std::fs::read_dir(&self.folder).ok()?;
        let is_it = |name: &str| name.starts_with(&self.key) && is_kept(name);
        let name = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).find(|name| is_it(name))?;
        Some(FoundGraph { file: self.folder.join(name) })
    }

    /// A place to write to, for [`keep`](Self::keep).
    pub(super) fn place(&self) -> Option<NamedTempFile> {
        std::fs::create_dir_all(&self.folder).ok()?;
        tempfile::Builder::new().prefix(".chromascope-").tempfile_in(&self.folder).ok()
    }

    /// Keeps what was written there. Whatever fails leaves things as if nothing had been kept.
    pub(super) fn keep(&self, written: NamedTempFile) {
        let Ok(content) = std::fs::read(written.path()) else { return };
        if content.is_empty() {
            return;
        }
        let name = format!("{}-{}.onnx", self.key, hex(&Sha256::digest(&content)));
        if written.persist(self.folder.join(&name)).is_ok() {
            self.make_room(&name);
        }
    }

    /// Takes away what was not used for longest, and what killed processes left.
    fn make_room(&self, but: &str) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        let mut total = 0;
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            let (name, used) =
                (entry.file_name().to_string_lossy().into_owned(), about.modified().unwrap_or(SystemTime::now()));
            if is_kept(&name) {
                total += about.len();
                if name != but {
                    files.push((used, about.len(), entry.path()));
                }
            } else if name.starts_with(".chromascope-") && used.elapsed().is_ok_and(|age| age > LEFT_OVER) {
                // Somebody else may have done so.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        files.sort();
        for (_, bytes, file) in files {
            if total <= MOST_BYTES {
                break;
            }
            if std::fs::remove_file(file).is_ok() {
                total -= bytes;
            }
        }
    }
}

impl FoundGraph {
    /// The graph's file, for ONNX Runtime, which reads it piece by piece: all of it in memory would be one copy more.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether it is what was written.
    pub(super) fn is_whole(&self) -> bool {
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let mut found = Sha256::new();
        digest_file(&self.file, &mut found).is_ok()
            && name.rsplit_once('-').is_some_and(|(_, hash)| hash == hex(&found.finalize()))
    }

    /// It was of use now.
    pub(super) fn used(&self) {
        // Only the order in which files are taken away hangs on it.
        let _ = File::options().append(true).open(&self.file).and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Takes it away.
    pub(super) fn discard(&self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// `key-hash.onnx`.
fn is_kept(name: &str) -> bool {
    name.strip_suffix(".onnx").is_some_and(|stem| stem.len() == 129 && stem.as_bytes()[64] == b'-')
}

/// What the optimised graph depends on: ONNX Runtime lays tensors out as suits the processor.
#[cfg(target_arch = "x86_64")]
#[allow(clippy::unnecessary_wraps)] // others are not known
fn processor() -> Option<String> {
    let has = [
        is_x86_feature_detected!("sse4.1"),
        is_x86_feature_detected!("avx"),
        is_x86_feature_detected!("avx2"),
        is_x86_feature_detected!("fma"),
        is_x86_feature_detected!("f16c"),
        is_x86_feature_detected!("avx512f"),
        is_x86_feature_detected!("avx512bw"),
        is_x86_feature_detected!("avx512dq"),
        is_x86_feature_detected!("avx512vl"),
        is_x86_feature_detected!("avx512vnni"),
    ];
    Some(format!("x86_64 {has:?}"))
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn kept(folder: &Path, key: char) -> KeptGraph {
        KeptGraph { folder: folder.join("graphs"), key: key.to_string().repeat(64) }
    }

    fn keep(kept: &KeptGraph, content: &[u8]) {
        let mut place = kept.place().unwrap();
        place.write_all(content).unwrap();
        kept.keep(place);
    }

    #[test]
    fn what_was_damaged_is_known_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (kept(folder.path(), 'a'), kept(folder.path(), 'b'));
        assert!(a.find().is_none());
        keep(&a, b"graph");
        let left = a.folder.join(".chromascope-left");
        let file = File::create(&left).unwrap();
        file.set_modified(SystemTime::now() - 2 * LEFT_OVER).unwrap();
        keep(&b, b"another");
        assert!(!left.exists());
        let found = a.find().unwrap();
        let content = |found: &FoundGraph| std::fs::read(found.file()).unwrap();
        assert!(found.is_whole() && content(&found) == b"graph" && content(&b.find().unwrap()) == b"another");
        std::fs::write(&found.file, b"gruph").unwrap();
        let damaged = a.find().unwrap();
        assert!(!damaged.is_whole());
        damaged.discard();
        assert!(a.find().is_none() && b.find().is_some());
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        for key in ['a', 'b'] {
            keep(&kept(folder.path(), key), b"graph");
            let found = kept(folder.path(), key).find().unwrap();
            // Sparse: it takes no room in the test.
            File::options().write(true).open(&found.file).unwrap().set_len(MOST_BYTES / 2).unwrap();
            let used = SystemTime::now() - if key == 'a' { LEFT_OVER } else { LEFT_OVER / 2 };
            File::options().append(true).open(&found.file).unwrap().set_modified(used).unwrap();
        }
        keep(&kept(folder.path(), 'c'), b"graph");
        let there = |key| {
            kept(folder.path(), key)
                .folder
                .read_dir()
                .unwrap()
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().starts_with(key))
        };
        assert_eq!([there('a'), there('b'), there('c')], [false, true, true]);
    }
}
