//! A text-to-image pipeline on disk: the folder that Hugging Face's exporters write, with `model_index.json` and a folder for
//! each part.

mod config;
mod error;
mod family;
mod fit;
mod latents;
mod parts;

pub use error::PipelineError;
pub use family::Family;
pub use latents::LatentCode;

use self::config::{DenoiserConfig, Index};
use super::layout;
use super::package::{Card, Package, locate};
use std::path::{Path, PathBuf};

/// The file that makes a folder a pipeline.
pub const INDEX_FILE: &str = "model_index.json";

/// A pipeline's files, found and read, but not yet opened.
#[derive(Clone, Debug)]
pub struct PipelinePackage {
    /// Its folder.
    pub folder: PathBuf,
    /// Folder name, or that of its repository in a cache of Hugging Face models.
    pub name: String,
    /// Its kind.
    pub family: Family,
    /// The network that denoises, with the pipeline's name, card and scheduler.
    pub denoiser: Package,
    /// The text encoders, in order.
    pub encoders: Vec<EncoderPart>,
    /// The decoder of latents.
    pub decoder: Option<DecoderPart>,
    /// The graph of a small decoder that is fast and rough (TAESD).
    pub tiny_decoder: Option<PathBuf>,
    /// What its latents are.
    pub latents: LatentCode,
    /// Whether the empty negative prompt stands for embeddings of zeros.
    pub zeros_for_empty_prompt: bool,
    /// Whether the network was distilled with guidance, whose scale it takes as an input.
    pub takes_scale: bool,
    /// What was chosen among the files, a sentence each.
    pub notes: Vec<String>,
}

/// A text encoder with its tokenizer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EncoderPart {
    /// 1 to 3.
    pub number: usize,
    /// The graph.
    pub graph: PathBuf,
    /// Its configuration, where there is one.
    pub config: Option<PathBuf>,
    /// The folder of its tokenizer.
    pub tokenizer: PathBuf,
}

/// The decoder of latents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecoderPart {
    /// The graph.
    pub graph: PathBuf,
    /// Its configuration, where there is one.
    pub config: Option<PathBuf>,
}

/// A part of a pipeline: the name of its folder, and its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Name of its folder: `text_encoder_2`.
    pub name: &'a str,
    /// Its graph.
    pub graph: &'a Path,
}

impl PipelinePackage {
    /// Finds a pipeline by path, or by the name of a bundled one; `None` where that is not a pipeline's folder.
    pub fn find(name: &str) -> Result<Option<Self>, PipelineError> {
        Self::read(&locate(name)?)
    }

    /// Reads a pipeline's folder; `None` if it is none.
    pub fn read(folder: &Path) -> Result<Option<Self>, PipelineError> {
        let file = folder.join(INDEX_FILE);
        layout::check_link(&file)?;
        if !file.exists() {
            let network =
                ["unet", "transformer"].into_iter().find(|part| folder.join(part).join("model.onnx").exists());
            let has_text = folder.join("text_encoder/model.onnx").exists() && folder.join("tokenizer").is_dir();
            return match network.filter(|_| has_text) {
                Some(network) => Err(PipelineError::NoIndex { folder: folder.into(), network }),
                None => Ok(None),
            };
        }
        let index = Index::read(&file)?;
        // Pipelines without text have one network, and are opened as such.
        if !takes_text(folder, &index) {
            return Ok(None);
        }
        parts::check_links(folder)?;
        let class = index.class.clone().ok_or(PipelineError::NoClass { path: file })?;
        let unsupported = || PipelineError::Unsupported { folder: folder.into(), class: class.clone() };
        let family = Family::of_class(&class).ok_or_else(unsupported)?;
        Self::of_family(folder, family, &index).map(Some)
    }

    fn of_family(folder: &Path, family: Family, index: &Index) -> Result<Self, PipelineError> {
        let name = name_of(folder);
        let encoders = parts::encoders(folder, family, index)?;
        let denoiser = parts::denoiser(folder, family, &name)?;
        let decoder = parts::decoder(folder)?;
        let config = denoiser_config(&denoiser);
        let read: DenoiserConfig = config::read(config.as_ref())?;
        let mut notes: Vec<String> = index.class.as_deref().and_then(other_task).into_iter().collect();
        let latents = latents::read(folder, family, decoder.as_ref(), &read, &mut notes)?;
        if decoder.is_none() {
            notes.push("this pipeline has no vae_decoder, so its latents cannot be decoded to images".into());
        }
        if family == Family::StableDiffusion3 && encoders.len() < 3 {
            notes.push("this pipeline runs without T5, as text_encoder_3 and tokenizer_3 are not there".into());
        }
        fit::widths(family, &encoders, &read, config.as_deref())?;
        Ok(Self {
            folder: folder.into(),
            name,
            family,
            denoiser,
            encoders,
            decoder,
            tiny_decoder: parts::tiny_decoder(folder)?,
            latents,
            zeros_for_empty_prompt: index.force_zeros_for_empty_prompt.unwrap_or(family == Family::StableDiffusionXl),
            takes_scale: read.guidance_embeds == Some(true) || read.time_cond_proj_dim.is_some(),
            notes,
        })
    }

    /// Name of the denoiser's folder: `unet` or `transformer`.
    #[must_use]
    pub const fn denoiser_name(&self) -> &'static str {
        self.family.denoiser()
    }

    /// Its parts, in the order in which they are opened.
    #[must_use]
    pub fn parts(&self) -> Vec<Part<'_>> {
        let encoders = self.encoders.iter().map(|part| Part { name: part.name(), graph: &part.graph });
        let denoiser = Part { name: self.denoiser_name(), graph: &self.denoiser.onnx };
        let decoder = self.decoder.iter().map(|part| Part { name: parts::DECODER, graph: &part.graph });
        let tiny = self.tiny_decoder.iter().map(|graph| Part { name: "taesd_decoder", graph });
        encoders.chain([denoiser]).chain(decoder).chain(tiny).collect()
    }

    /// All files that decide what it is: graphs, configurations and tokenizers. One that comes counts, too.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let beside = |graph: &Path| graph.parent().unwrap_or(graph).join("config.json");
        let mut files = vec![self.folder.join(INDEX_FILE)];
        for part in self.parts() {
            files.extend([part.graph.to_path_buf(), beside(part.graph)]);
        }
        for encoder in &self.encoders {
            files.extend(parts::TOKENIZER_FILES.iter().map(|name| encoder.tokenizer.join(name)));
        }
        files
    }
}

impl EncoderPart {
    /// Name of its folder.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        parts::ENCODERS[self.number - 1].0
    }
}

/// Whether a folder with an index is a pipeline that takes text.
fn takes_text(folder: &Path, index: &Index) -> bool {
    let class = index.class.as_deref();
    class.and_then(Family::of_class).is_some()
        || parts::ENCODERS.iter().any(|(part, _)| index.lists(part) || folder.join(part).is_dir())
}

/// A note on a pipeline that was saved for another task than drawing from text, which has the same parts.
fn other_task(class: &str) -> Option<String> {
    let task = if class.contains("Img2Img") {
        "changing images"
    } else if class.contains("Inpaint") {
        "filling in images"
    } else {
        return None;
    };
    Some(format!("this is a {class}, for {task}; it has the parts of text to image, and is opened for that"))
}

/// The configuration beside the denoiser's graph.
fn denoiser_config(denoiser: &Package) -> Option<PathBuf> {
    Some(denoiser.folder.join("config.json")).filter(|file| file.exists())
}

/// The name of a pipeline: that of its folder, or that of its repository where the folder is a snapshot in a cache.
fn name_of(folder: &Path) -> String {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let repository = || {
        let snapshots = whole.parent().filter(|above| above.file_name().is_some_and(|name| name == "snapshots"))?;
        let repository = named(snapshots.parent()?)?;
        Some(repository.strip_prefix("models--")?.rsplit("--").next()?.to_owned())
    };
    repository().or_else(|| named(&whole)).unwrap_or_else(|| "pipeline".into())
}

/// A pipeline's own card.
fn card(folder: &Path) -> Result<Option<Card>, PipelineError> {
    let file = folder.join("card.json");
    Ok(file.exists().then(|| Card::read(&file)).transpose()?)
}

#[cfg(test)]
mod tests;
