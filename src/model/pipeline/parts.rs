//! Finding the parts of a pipeline.

use super::config::Index;
use super::{DecoderPart, EncoderPart, Family, PipelineError, card};
use crate::model::layout;
use crate::model::package::{Package, PackageError, SampleSize};
use std::path::{Path, PathBuf};

/// Folders of the text encoders and of their tokenizers, by number.
pub(super) const ENCODERS: [(&str, &str); 3] =
    [("text_encoder", "tokenizer"), ("text_encoder_2", "tokenizer_2"), ("text_encoder_3", "tokenizer_3")];
/// Folder of the decoder.
pub(super) const DECODER: &str = "vae_decoder";
/// Folders in which a small decoder may be.
const TINY_DECODERS: [&str; 3] = ["taesd_decoder", "vae_decoder_tiny", "taesd"];
/// What a tokenizer's folder may hold.
pub(super) const TOKENIZER_FILES: [&str; 6] =
    ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "spiece.model"];
/// How files with weights for PyTorch end.
const PYTORCH: [&str; 4] = ["safetensors", "bin", "pt", "ckpt"];

/// The graph in a part's folder; `None` if there is no such folder.
fn graph(folder: &Path, part: &str) -> Result<Option<PathBuf>, PipelineError> {
    let place = folder.join(part);
    if !place.is_dir() {
        return Ok(None);
    }
    match layout::find(&place) {
        Ok(found) => Ok(Some(found.onnx)),
        Err(PackageError::NoGraph { folder: place, holds }) => Err(match pytorch_weights(&place) {
            Some(file) => PipelineError::PyTorch { folder: folder.into(), part: part.into(), file },
            None => PipelineError::Part {
                part: part.into(),
                error: Box::new(PackageError::NoGraph { folder: place, holds }),
            },
        }),
        Err(error) => Err(PipelineError::Part { part: part.into(), error: Box::new(error) }),
    }
}

/// Refuses links to nowhere among the files of the parts that are used.
pub(super) fn check_links(folder: &Path) -> Result<(), PackageError> {
    let encoders = ENCODERS.iter().flat_map(|(part, tokenizer)| [*part, *tokenizer]);
    for part in encoders.chain(["unet", "transformer", DECODER, "scheduler"]) {
        let place = folder.join(part);
        layout::check_link(&place)?;
        let entries = std::fs::read_dir(&place).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).try_for_each(|file| layout::check_link(&file))?;
    }
    Ok(())
}

/// A file with weights for PyTorch in a folder.
fn pytorch_weights(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    names.sort();
    let is_weights = |path: &PathBuf| {
        path.extension().is_some_and(|ending| PYTORCH.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    };
    names.into_iter().find(is_weights).map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

fn missing(folder: &Path, family: Family, part: &str, needed: &'static str) -> PipelineError {
    PipelineError::Missing { folder: folder.into(), family: family.name(), part: part.into(), needed }
}

fn config_beside(graph: &Path) -> Option<PathBuf> {
    graph.parent().map(|folder| folder.join("config.json")).filter(|file| file.exists())
}

/// The text encoders of a pipeline. The last may have been left out on purpose, where the family can do without it.
pub(super) fn encoders(folder: &Path, family: Family, index: &Index) -> Result<Vec<EncoderPart>, PipelineError> {
    let (all, needed) = family.encoders();
    let mut found = Vec::with_capacity(all);
    for (number, (part, tokenizer)) in (1..=all).zip(ENCODERS) {
        let Some(graph) = graph(folder, part)? else {
            // It is left out where nothing of it is there, whatever the index says.
            if number > needed && (index.leaves_out(part) || !folder.join(tokenizer).exists()) {
                continue;
            }
            return Err(missing(folder, family, part, "turns the prompt into numbers"));
        };
        let place = folder.join(tokenizer);
        if !place.is_dir() {
            return Err(missing(folder, family, tokenizer, "cuts the prompt into tokens"));
        }
        found.push(EncoderPart { number, config: config_beside(&graph), graph, tokenizer: place });
    }
    Ok(found)
}

/// The denoiser, with the pipeline's name, card and scheduler.
pub(super) fn denoiser(folder: &Path, family: Family, name: &str) -> Result<Package, PipelineError> {
    let part = family.denoiser();
    if graph(folder, part)?.is_none() {
        return Err(missing(folder, family, part, "denoises"));
    }
    let of_part = |error| PipelineError::Part { part: part.into(), error: Box::new(error) };
    let mut package = Package::read(&folder.join(part)).map_err(of_part)?;
    package.config.sample_size = package.config.sample_size.or(family.usual_side().map(SampleSize::Side));
    let scheduler = folder.join("scheduler").join("scheduler_config.json");
    if !scheduler.exists() {
        return Err(missing(folder, family, "scheduler", "says what the network was trained for"));
    }
    let card = card(folder)?.or(package.card);
    Ok(Package { name: name.into(), scheduler_config: Some(scheduler), card, notes: Vec::new(), ..package })
}

/// The decoder, if there is one.
pub(super) fn decoder(folder: &Path) -> Result<Option<DecoderPart>, PipelineError> {
    let graph = graph(folder, DECODER)?;
    Ok(graph.map(|graph| DecoderPart { config: config_beside(&graph), graph }))
}

/// A small decoder, if there is one. One in another format is none.
pub(super) fn tiny_decoder(folder: &Path) -> Result<Option<PathBuf>, PipelineError> {
    for part in TINY_DECODERS {
        match graph(folder, part) {
            Ok(Some(graph)) => return Ok(Some(graph)),
            Ok(None) | Err(PipelineError::PyTorch { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
