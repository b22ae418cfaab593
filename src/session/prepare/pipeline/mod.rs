//! An open text-to-image pipeline: text encoders and a network on latents, used as one model whose classes are prompts.

mod conditioning;
mod error;
mod info;
mod memory;
mod notes;
mod prompts;
mod size;
mod text;

pub use error::PipelineFault;
pub use info::{PartInfo, PipelineInfo};
pub(super) use prompts::RunPrompts;
pub use prompts::{ResolvedPart, ResolvedPipeline, ResolvedPrompt, RunEmbeddings};

use self::memory::check_room;
use self::size::RunSize;
use self::text::Encoders;
use super::loading::{LoadProgress, Loading, LoadingPart, PartTask, unless_stopped};
use super::model::{ModelInfo, Told, network_told, of_network, provider_name};
use super::{Classes, NullClass, NullSource, OpenDenoiser, OpenModel, PrepareError};
use crate::denoiser::Clipping;
use crate::model::contract::{Element, InputPurpose};
use crate::model::graph_file::GraphFile;
use crate::model::pipeline::{Family, PipelinePackage};
use crate::model::{LoadStop, hex};
use crate::reading::memory as system_memory;
use crate::session::prompt_list::PromptList;
use crate::session::settings::RunSettings;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open pipeline.
pub(super) struct OpenPipeline {
    package: Arc<PipelinePackage>,
    /// The network that denoises latents.
    pub(super) network: OpenModel,
    encoders: Encoders,
    /// Decoders, which are opened elsewhere.
    decoders: Vec<(String, GraphFile)>,
    /// Of the parts that make the latents.
    pub(super) sha256: String,
    pub(super) notes: Vec<String>,
}

/// Reports on the parts of a pipeline while they are loaded.
struct Loader<'a> {
    progress: &'a LoadProgress<'a>,
    of: usize,
}

impl Loader<'_> {
    /// Loads or uses a part. While it does, the progress is told what memory is in use, and may stop it.
    fn part<T, E: Into<PrepareError>>(
        &self,
        task: PartTask,
        (number, name, bytes): (usize, &str, u64),
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, PrepareError> {
        let tell = || {
            let in_use = system_memory::in_use();
            (self.progress)(Loading::Part(LoadingPart {
                task,
                name: name.to_owned(),
                number,
                of: self.of,
                bytes,
                in_use,
            }))
        };
        if !tell() {
            return Err(PrepareError::Stopped);
        }
        let stop = LoadStop::default();
        let result = unless_stopped(&tell, &|| stop.stop(), || stop.rule(call));
        if stop.is_stopped() { Err(PrepareError::Stopped) } else { result.map_err(Into::into) }
    }
}

impl OpenPipeline {
    /// Opens a pipeline: encodes the prompts of the settings, and opens the network. Encoders and network are not in memory
    /// together unless there is room.
    pub(super) fn open(
        package: PipelinePackage,
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
        progress: &LoadProgress,
    ) -> Result<Self, PrepareError> {
        let package = Arc::new(package);
        let loader = Loader { progress, of: package.parts().len() };
        let mut decoders = Vec::new();
        for (index, part) in package.parts().into_iter().enumerate().skip(package.encoders.len() + 1) {
            let bytes = memory::weight(part.graph)?.bytes;
            let read = || GraphFile::read(part.graph);
            let graph = loader.part(PartTask::Read, (index + 1, part.name, bytes), read)?;
            decoders.push((part.name.to_owned(), graph));
        }
        let encoders = Encoders::new(&package, settings, onnxruntime)?;
        encoders.encode(&prompts::expected_texts(settings), settings.clip_skip, &loader)?;
        let number = package.encoders.len() + 1;
        let weight = memory::weight(&package.denoiser.onnx)?;
        let mut network = loader.part(PartTask::Open, (number, package.denoiser_name(), weight.bytes), || {
            OpenModel::open_if(package.denoiser.clone(), settings, onnxruntime, &|_, provider| {
                check_room(package.denoiser_name(), weight, provider)
            })
        })?;
        if let (Family::Flux, Some(scheduler)) = (package.family, &mut network.scheduler) {
            scheduler.flow_times_by_steps = true;
        }
        if network.contract.channels != package.latents.channels {
            return Err(PipelineFault::Channels {
                denoiser: package.denoiser_name(),
                taken: network.contract.channels,
                made: package.latents.channels,
            }
            .into());
        }
        let mut digest = Sha256::new();
        encoders.hashes().iter().for_each(|(_, hash)| digest.update(hash.as_bytes()));
        digest.update(network.graph.sha256.as_bytes());
        let notes = package.notes.iter().chain(&network.notes).cloned();
        let notes = notes.chain(notes::other_scheduler(&package, &network)).chain(encoders.notes()).collect();
        Ok(Self { package, network, encoders, decoders, sha256: hex(&digest.finalize()), notes })
    }

    /// Files with data that the graphs do not contain.
    pub(super) fn external_data(&self) -> Vec<PathBuf> {
        let graphs = self.decoders.iter().map(|(_, graph)| graph).chain([&self.network.graph]);
        graphs.flat_map(|graph| graph.external_data.iter().map(|data| data.file.clone())).collect()
    }

    /// Whether the network is told the guidance scale.
    fn tells_scale(&self) -> bool {
        let tells = |name: &str| {
            matches!(InputPurpose::of(name), Some(InputPurpose::Guidance | InputPurpose::GuidanceEmbedding))
        };
        self.network.contract.inputs.iter().any(|port| tells(&port.name))
    }

    pub(super) fn info(&self, settings: &RunSettings) -> ModelInfo {
        let code = self.package.latents;
        let scale = code.pixels_per_latent;
        let of_network = of_network(&self.network, settings);
        ModelInfo {
            name: self.package.name.clone(),
            sha256: self.sha256.clone(),
            native_size: of_network.native_size.map(|(height, width)| (height * scale, width * scale)),
            size_multiple: of_network.size_multiple * scale,
            takes_labels: false,
            takes_hidden_states: false,
            classes: None,
            null_label: None,
            null_said_by: None,
            inputs: of_network
                .inputs
                .into_iter()
                .filter(|input| InputPurpose::of(&input.port.name).is_none() || input.card.default.is_some())
                .collect(),
            pipeline: Some(PipelineInfo {
                package: Arc::clone(&self.package),
                parts: self.parts(),
                token_limits: self.encoders.token_limits().to_vec(),
                takes_scale: self.tells_scale(),
            }),
            ..of_network
        }
    }

    fn parts(&self) -> Vec<PartInfo> {
        let network = &self.network;
        self.package
            .parts()
            .into_iter()
            .map(|part| {
                let weight = memory::weight(part.graph).unwrap_or_default();
                let element = Some(if weight.has_halves { Element::F16 } else { Element::F32 });
                let provider = if part.graph == network.package.onnx {
                    Some(provider_name(network.provider))
                } else {
                    self.encoders.provider_of(part.name).map(provider_name)
                };
                PartInfo { name: part.name.into(), graph: part.graph.into(), bytes: weight.bytes, element, provider }
            })
            .collect()
    }

    /// A denoiser of latents for the prompts of these settings.
    pub(super) fn denoiser(
        &self,
        settings: &RunSettings,
        pooled_by: usize,
        progress: &LoadProgress,
    ) -> Result<OpenDenoiser, PrepareError> {
        let no_schedule = || PrepareError::NoSchedule { what: format!("the model {}", self.package.name) };
        let config = self.network.scheduler.clone().ok_or_else(no_schedule)?;
        let parameterization = self.network.convention.parameterization().ok_or_else(no_schedule)?;
        let RunSize { pixels, latents } = size::of_run(self, settings, pooled_by)?;
        let of_size = config.clone().for_image(latents);
        let steps = super::plan::plan(settings, &of_size, &of_size.model_schedule()?).map(|plan| plan.steps());
        let list = PromptList::of(settings);
        let mut prompts = self.prompts(settings, list, steps.unwrap_or(settings.effective_steps()), progress)?;
        prompts.tells_scale = self.tells_scale();
        let told = Told {
            hidden_states: Some(prompts.hidden_states()),
            inputs: conditioning::inputs(self, settings, &prompts, pixels)?,
            partition: super::model::VALUES_PER_CALL / (3 * pixels.0 * pixels.1).max(1),
        };
        let words = (config, parameterization);
        let opened = network_told(&self.network, settings, words, (Some(latents), pooled_by), Some(told))?;
        let mut notes = opened.notes;
        if opened.clipping != Clipping::None {
            notes.push("the scheduler clips images, which latents are not; nothing is clipped".into());
        }
        notes.extend(self.guidance_notes(settings));
        notes.extend(std::mem::take(&mut prompts.notes));
        let classes = Classes {
            none_because: None,
            count: Some(prompts.list.texts.len()),
            null: Some(NullClass { label: 0, said_by: NullSource::Card }),
            null_is_all: false,
        };
        let (name, sha256) = (self.package.name.clone(), self.sha256.clone());
        Ok(OpenDenoiser { name, sha256, classes, clipping: Clipping::None, notes, prompts: Some(prompts), ..opened })
    }
}
