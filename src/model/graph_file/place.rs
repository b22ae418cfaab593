//! Where a graph's external data may lie.

use super::{ExternalData, GraphFileError};
use std::path::{Component, Path, PathBuf};

/// The file at a location that a graph names. It is in the graph's folder, or a link from there to a file of the same
/// folder or of the same cache of Hugging Face models.
pub(super) fn find(graph: &Path, location: &str) -> Result<ExternalData, GraphFileError> {
    let path = || graph.to_path_buf();
    let relative = Path::new(location);
    let is_below = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_below || location.is_empty() {
        return Err(GraphFileError::Escapes { path: path(), location: location.into() });
    }
    let folder = graph.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = folder.join(relative);
    let missing = |_| GraphFileError::Missing { path: path(), location: location.into() };
    // A symbolic link can leave the folder as well as "..".
    let real = file.canonicalize().map_err(missing)?;
    let root = folder.canonicalize().map_err(missing)?;
    let in_folder = real.starts_with(&root);
    if !in_folder && !blobs(&root).is_some_and(|blobs| real.starts_with(blobs)) {
        return Err(GraphFileError::Link { path: path(), location: location.into(), target: real });
    }
    // ONNX Runtime follows links to files beside the graph itself only.
    let beside_real = || Some(graph.canonicalize().ok()?.parent().is_some_and(|folder| real.starts_with(folder)));
    let followed = in_folder || beside_real().unwrap_or(false);
    Ok(ExternalData { location: location.into(), file, followed })
}

/// The folder `blobs` beside the folder `snapshots` that this folder is in: a cache of Hugging Face models holds the files
/// there, and a snapshot is made of links to them.
fn blobs(folder: &Path) -> Option<PathBuf> {
    let snapshots = folder.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "snapshots"))?;
    let blobs = snapshots.parent()?.join("blobs");
    // One that is a link itself could be any folder.
    std::fs::symlink_metadata(&blobs).is_ok_and(|about| about.is_dir()).then_some(blobs)
}
