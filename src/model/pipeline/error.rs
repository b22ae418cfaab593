use crate::model::package::PackageError;
use std::path::PathBuf;

/// Why a pipeline's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A file is not usable.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The pipeline is of a kind that is not supported.
    #[error(
        "{folder} is a {class}, which Chromascope does not run; it runs Stable Diffusion 1 and 2, latent consistency models, \
         Stable Diffusion XL, Stable Diffusion 3 and FLUX"
    )]
    Unsupported {
        /// The folder.
        folder: PathBuf,
        /// The class in `model_index.json`.
        class: String,
    },
    /// All of a pipeline but `model_index.json`.
    #[error(
        "{folder} has the parts of a text-to-image pipeline, but no model_index.json, which says how they belong together; \
         copy that file into it, or open its {network} alone by that folder"
    )]
    NoIndex {
        /// The folder.
        folder: PathBuf,
        /// Name of the denoiser's folder.
        network: &'static str,
    },
    /// `model_index.json` names no class.
    #[error(
        "{path} cannot be used: it has no \"_class_name\", so the kind of the pipeline is unknown; export it again"
    )]
    NoClass {
        /// The file.
        path: PathBuf,
    },
    /// A part is not there.
    #[error(
        "the {family} pipeline {folder} has no {part}, which {needed}; copy {part}/ into the folder, or export the pipeline again"
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The kind of pipeline.
        family: &'static str,
        /// Name of the part's folder.
        part: String,
        /// Its purpose.
        needed: &'static str,
    },
    /// A part has weights for PyTorch only.
    #[error(
        "{folder} is a pipeline for PyTorch: its {part} has {file} and no ONNX graph; export it to ONNX with \
         tools/export_model.py, and open what that writes"
    )]
    PyTorch {
        /// The folder.
        folder: PathBuf,
        /// The first part without a graph.
        part: String,
        /// Its weights.
        file: String,
    },
    /// A part has no graph, or too many.
    #[error("the {part} of this pipeline cannot be used: {error}")]
    Part {
        /// Name of the part's folder.
        part: String,
        /// Why.
        error: Box<PackageError>,
    },
    /// A number that cannot be guessed is missing.
    #[error(
        "{path} does not say \"{key}\", {what}; add it from the configuration of the autoencoder (vae/config.json) that the \
         pipeline was exported from"
    )]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The missing key.
        key: &'static str,
        /// What it is for.
        what: &'static str,
    },
    /// A number in a configuration is out of the question.
    #[error("{path} cannot be used: \"{key}\" is {found}; it must be {needed}")]
    Number {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// What it must be.
        needed: &'static str,
    },
    /// Encoders of another width than the denoiser's.
    #[error(
        "the parts of this pipeline do not fit: {encoders} of {given} values per {unit}, but {denoiser} takes {taken} \
         (\"{key}\" in {path}); use parts that were exported together"
    )]
    Width {
        /// The encoders with their verb.
        encoders: String,
        /// Values that they give.
        given: usize,
        /// `token` or `prompt`.
        unit: &'static str,
        /// Name of the denoiser's folder.
        denoiser: &'static str,
        /// Values that it takes.
        taken: usize,
        /// The key that says so.
        key: &'static str,
        /// The file that says so.
        path: PathBuf,
    },
}
