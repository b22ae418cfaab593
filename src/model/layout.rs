//! Which graph a folder means: exporters put it in different places, under different names.

use super::package::PackageError;
use std::path::{Path, PathBuf};

/// Where a network may be below a folder: diffusers, Optimum and transformers.js each have their own.
const PLACES: [&str; 6] = ["", "unet", "transformer", "onnx", "onnx/unet", "onnx/transformer"];
/// Places that are as good as each other, the better ones first.
const RANKS: [&[&str]; 4] = [&[""], &["unet", "transformer"], &["onnx"], &["onnx/unet", "onnx/transformer"]];
/// What the networks that generate are called, where that is not `model`.
const NETWORKS: [&str; 2] = ["unet", "transformer"];
/// How the files of a pipeline's other networks begin.
const OTHER_PARTS: [&str; 8] =
    ["text_", "vae", "tokenizer", "safety_checker", "image_encoder", "feature_extractor", "controlnet", "encoder"];
/// How many files a message names.
const MOST_NAMED: usize = 6;

/// The graph of a model's folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The file.
    pub(super) onnx: PathBuf,
    /// Whether its name or its place is one that says nothing but what is there to choose from.
    pub(super) by_elimination: bool,
}

/// Finds the graph of a folder: `model.onnx` there, in `unet`, `transformer` or `onnx`, or else the only network under
/// another name.
pub(super) fn find(folder: &Path) -> Result<Found, PackageError> {
    for places in RANKS {
        // A link to nowhere is there too, and opening it says what is wrong.
        let is_there = |file: &PathBuf| file.symlink_metadata().is_ok();
        let mut there = places.iter().map(|place| at(folder, place).join("model.onnx")).filter(is_there);
        match (there.next(), there.next()) {
            (None, _) => {}
            (Some(onnx), None) => return Ok(Found { onnx, by_elimination: false }),
            (Some(first), Some(second)) => return Err(several(folder, &[first, second])),
        }
    }
    let graphs: Vec<PathBuf> = PLACES.iter().flat_map(|place| graphs_in(&at(folder, place))).collect();
    let networks: Vec<PathBuf> = graphs.into_iter().filter(|graph| !is_other_part(graph)).collect();
    let by_name = || networks.iter().filter(|graph| NETWORKS.contains(&stem(graph).as_str()));
    match (&networks[..], &by_name().collect::<Vec<_>>()[..]) {
        ([], _) => Err(match snapshot(folder) {
            Some(snapshot) => PackageError::HubCache { folder: folder.into(), snapshot },
            None => PackageError::NoGraph { folder: folder.into(), holds: holds(folder) },
        }),
        ([onnx], _) => Ok(Found { onnx: onnx.clone(), by_elimination: true }),
        (_, [onnx]) => Ok(Found { onnx: (*onnx).clone(), by_elimination: true }),
        (several_there, _) => Err(several(folder, several_there)),
    }
}

/// Whether a folder is meant to be a model, as far as can be told from the names in it.
pub(super) fn is_model(folder: &Path) -> bool {
    !matches!(find(folder), Err(PackageError::NoGraph { .. } | PackageError::HubCache { .. }))
}

/// Refuses a link to nowhere.
pub(super) fn check_link(file: &Path) -> Result<(), PackageError> {
    if file.is_symlink() && !file.exists() { Err(PackageError::Dangling { path: file.into() }) } else { Ok(()) }
}

/// The snapshot in a model's folder of a hub cache: the one that is named as main, else the first.
fn snapshot(folder: &Path) -> Option<PathBuf> {
    let snapshots = folder.join("snapshots");
    let main = std::fs::read_to_string(folder.join("refs").join("main")).ok();
    let main = main.map(|name| snapshots.join(name.trim())).filter(|path| path.is_dir() && *path != snapshots);
    let first = || {
        let entries = std::fs::read_dir(&snapshots).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).min()
    };
    main.or_else(first)
}

/// A note that the graph found is but one part of a pipeline whose index is missing.
pub(super) fn one_part_only(folder: &Path, onnx: &Path) -> Option<String> {
    let part = onnx.parent()?.file_name()?.to_str().filter(|part| NETWORKS.contains(part))?;
    let is_pipeline = ["text_encoder", "vae_decoder"].iter().any(|beside| folder.join(beside).is_dir());
    let has_index = folder.join(super::pipeline::INDEX_FILE).exists();
    (is_pipeline && !has_index).then(|| {
        format!(
            "this folder has no model_index.json, so only its {part} is opened, without text and images; copy that file \
             there to open the whole pipeline"
        )
    })
}

fn at(folder: &Path, place: &str) -> PathBuf {
    if place.is_empty() { folder.to_path_buf() } else { folder.join(place) }
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn is_other_part(graph: &Path) -> bool {
    OTHER_PARTS.iter().any(|part| stem(graph).starts_with(part))
}

/// The files of one folder, by name.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn graphs_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = files_in(folder);
    files.retain(|file| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")));
    files
}

fn several(folder: &Path, graphs: &[PathBuf]) -> PackageError {
    PackageError::SeveralGraphs { folder: folder.into(), graphs: named(folder, graphs) }
}

/// What is there instead of a graph, for people: " but contains a.pt and b.pt".
fn holds(folder: &Path) -> String {
    let files: Vec<PathBuf> = PLACES.iter().flat_map(|place| files_in(&at(folder, place))).collect();
    if files.is_empty() { String::new() } else { format!(" but contains {}", named(folder, &files)) }
}

/// The files' names as seen from a folder.
fn named(folder: &Path, files: &[PathBuf]) -> String {
    let name = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
    let mut names: Vec<String> = files.iter().take(MOST_NAMED).map(name).collect();
    if files.len() > MOST_NAMED {
        names.push(format!("{} more", files.len() - MOST_NAMED));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    #[test]
    fn the_one_graph_of_each_layout_is_found() {
        for (files, expected, by_elimination) in [
            (&["model.onnx", "unet/model.onnx", "model_fp16.onnx"][..], "model.onnx", false),
            (&["unet/model.onnx", "vae_decoder/model.onnx", "text_encoder/model.onnx"], "unet/model.onnx", false),
            (&["transformer/model.onnx", "transformer/model.onnx_data"], "transformer/model.onnx", false),
            (&["config.json", "onnx/model.onnx", "onnx/model_fp16.onnx"], "onnx/model.onnx", false),
            (&["onnx/unet/model.onnx", "onnx/vae_decoder/model.onnx"], "onnx/unet/model.onnx", false),
            (&["unet.onnx"], "unet.onnx", true),
            (&["model_fp16.onnx"], "model_fp16.onnx", true),
            (&["cats-64.ONNX", "notes.txt"], "cats-64.ONNX", true),
            (&["unet.onnx", "text_encoder.onnx", "vae_decoder.onnx"], "unet.onnx", true),
            (&["unet.onnx", "unet_fp16.onnx"], "unet.onnx", true),
            (&["transformer/model_fp16.onnx", "vae_encoder/model.onnx"], "transformer/model_fp16.onnx", true),
        ] {
            let folder = folder_of(files);
            let found = find(folder.path()).unwrap();
            assert_eq!(found, Found { onnx: folder.path().join(expected), by_elimination }, "{files:?}");
            assert!(is_model(folder.path()));
        }
    }

    #[test]
    fn a_part_of_a_pipeline_without_its_index_is_noted() {
        let note = |files: &[&str]| {
            let folder = folder_of(files);
            one_part_only(folder.path(), &folder.path().join("unet/model.onnx"))
        };
        assert_eq!(note(&["unet/model.onnx"]), None);
        let expected = "this folder has no model_index.json, so only its unet is opened, without text and images; copy that \
                        file there to open the whole pipeline";
        assert_eq!(note(&["unet/model.onnx", "vae_decoder/model.onnx"]).as_deref(), Some(expected));
        assert_eq!(note(&["unet/model.onnx", "vae_decoder/model.onnx", "model_index.json"]), None);
    }

    #[test]
    fn what_leaves_a_choice_is_named() {
        for (files, expected) in [
            (&["a.onnx", "b.onnx"][..], "a.onnx and b.onnx"),
            (&["model_fp16.onnx", "model_quantized.onnx"], "model_fp16.onnx and model_quantized.onnx"),
            (&["unet/model.onnx", "transformer/model.onnx"], "unet/model.onnx and transformer/model.onnx"),
            (&["unet.onnx", "transformer.onnx"], "transformer.onnx and unet.onnx"),
        ] {
            let folder = folder_of(files);
            let error = find(folder.path()).unwrap_err();
            let PackageError::SeveralGraphs { graphs, .. } = error else { panic!("{error}") };
            assert_eq!(graphs, expected);
            assert!(is_model(folder.path()));
        }
    }

    #[test]
    fn what_is_there_instead_of_a_graph_is_named() {
        let many: Vec<String> = (0..9).map(|number| format!("{number}.png")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (files, expected) in [
            (&[][..], ""),
            (&["vae_decoder.onnx"], " but contains vae_decoder.onnx"),
            (&["unet/weights.pt", "notes.txt"], " but contains notes.txt and unet/weights.pt"),
            (&many, " but contains 0.png, 1.png, 2.png, 3.png, 4.png, 5.png and 3 more"),
        ] {
            let folder = folder_of(files);
            let error = find(folder.path()).unwrap_err();
            let PackageError::NoGraph { holds, .. } = error else { panic!("{error}") };
            assert_eq!(holds, expected);
            assert!(!is_model(folder.path()));
        }
    }
}
