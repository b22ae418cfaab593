//! A model that is open and serves any number of runs.

use super::exact::{self, OpenExact};
use super::{Bare, Keeping, OpenModel, Opened, PrepareError, Prepared, arrays, check, finish};
use crate::denoiser::{Clipped, ImageShape};
use crate::model::SchedulerConfig;
use crate::model::contract::{Contract, PortNames};
use crate::model::onnx::{Conditioning, OnnxDenoiser};
use crate::model::onnx_runtime::{Provider, RuntimeError};
use crate::model::package::{Card, Package};
use crate::model::{PredictionType, onnx_runtime};
use crate::schedule::ModelSchedule;
use crate::session::settings::{ModelSource, ProviderChoice, RunSettings};
use crate::theory::Parameterization;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Values of state a network call takes by default, which bounds the network's own memory: 16 images of 256×256×3.
const VALUES_PER_CALL: usize = 16 * 256 * 256 * 3;

/// A model that is open. Its files are read and its graph is opened once, and runs are made of it by
/// [`prepare`](Self::prepare).
pub struct Model {
    key: Key,
    /// When its file was last written, so that a newer one is noticed.
    file: Option<(PathBuf, Option<SystemTime>)>,
    kind: Kind,
    info: Arc<ModelInfo>,
    notes: Vec<String>,
}

enum Kind {
    Network(Box<OpenModel>),
    Exact(Box<OpenExact>),
}

/// The settings that decide how a model is opened; all others decide a run.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    source: ModelSource,
    scheduler_config: Option<PathBuf>,
    prediction: Option<PredictionType>,
    ports: PortNames,
    null_label: Option<i64>,
    provider: ProviderChoice,
    tf32: bool,
    threads: Option<usize>,
    /// Of a folder's images, which are resized when they are read.
    size: Option<(usize, usize)>,
}

impl Key {
    fn of(settings: &RunSettings) -> Self {
        Self {
            source: settings.source.clone(),
            scheduler_config: settings.scheduler_config.clone(),
            prediction: settings.prediction,
            ports: settings.ports.clone(),
            null_label: settings.null_label,
            provider: settings.provider,
            tf32: settings.tf32,
            threads: settings.threads,
            size: settings.size.filter(|_| matches!(settings.source, ModelSource::Images(_))),
        }
    }
}

/// What is known of an open model, for people.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// Where it comes from.
    pub source: ModelSource,
    /// Folder name, or file name without its ending.
    pub name: String,
    /// What its maker says of it.
    pub card: Option<Card>,
    /// SHA-256 of the graph and its external data, or of the images' pixels.
    pub sha256: String,
    /// What it runs on: `cpu`, `cuda`, or `rust` for the program's own code.
    pub provider: &'static str,
    /// Why it does not run on CUDA, where that was tried, or why it runs in the program's own code.
    pub provider_reason: Option<String>,
    /// Version of ONNX Runtime, where it is used.
    pub onnxruntime: Option<String>,
    /// Threads inside one operator.
    pub threads: usize,
    /// The graph's inputs and outputs; `None` for the program's own code.
    pub contract: Option<Contract>,
    /// Channels of its images.
    pub channels: usize,
    /// Trained height and width, pixels, where it is said.
    pub native_size: Option<(usize, usize)>,
    /// What height and width must be multiples of.
    pub size_multiple: usize,
    /// Whether it takes another size than its native one.
    pub takes_sizes: bool,
    /// Whether its samples can be of a class.
    pub takes_labels: bool,
    /// Number of classes with the null class, where it is said.
    pub classes: Option<usize>,
    /// The class that means "none", where it is said.
    pub null_label: Option<i64>,
    /// Whether it is conditioned on embeddings.
    pub takes_hidden_states: bool,
    /// What its output means, where it is said.
    pub parameterization: Option<Parameterization>,
    /// Its own schedule, where it is said.
    pub schedule: Option<ModelSchedule>,
    /// The configuration of its scheduler, where there is one.
    pub scheduler: Option<SchedulerConfig>,
    /// Name of the spacing it takes by default, where its schedule is said.
    pub spacing: Option<String>,
}

impl ModelInfo {
    /// The classes' names by label, as far as the card gives any.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        self.card.as_ref().map_or(&[], |card| &card.class_names)
    }

    /// What it runs on, for a badge: `CUDA`, `CPU` or `exact`.
    #[must_use]
    pub fn badge(&self) -> &'static str {
        match self.provider {
            "cuda" => "CUDA",
            "rust" => "exact",
            _ => "CPU",
        }
    }
}

impl Model {
    /// Finds, checks and opens the settings' model. `progress` is told how many of a folder's images are read, and may
    /// stop that by `false`.
    ///
    /// A bundled exact model runs in the program's own code where ONNX Runtime is not to be found and nothing was said
    /// of a provider.
    pub fn open(
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
        progress: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Self, PrepareError> {
        check::numbers(settings)?;
        let mut reason = None;
        let (kind, file) = match &settings.source {
            ModelSource::Images(folder) => {
                (Kind::Exact(Box::new(exact::open_folder(folder, settings, progress)?)), None)
            }
            ModelSource::Model(name) => {
                let package = Package::find(name)?;
                let file = package.onnx.clone();
                let rust = match settings.provider {
                    ProviderChoice::Rust => true,
                    ProviderChoice::Auto => {
                        reason = no_library_but_exact(&package, onnxruntime);
                        reason.is_some()
                    }
                    ProviderChoice::Cpu | ProviderChoice::Cuda => false,
                };
                let kind = if rust {
                    Kind::Exact(Box::new(exact::open_bundled(package, settings)?))
                } else {
                    Kind::Network(Box::new(OpenModel::open(package, settings, onnxruntime)?))
                };
                (kind, Some(file))
            }
        };
        let mut notes = match &kind {
            Kind::Network(model) => model.notes.clone(),
            Kind::Exact(exact) => exact.notes.clone(),
        };
        notes.extend(reason.clone());
        let info = match &kind {
            Kind::Network(model) => of_network(model, settings),
            Kind::Exact(exact) => of_exact(exact, settings, reason),
        };
        let file = file.map(|file| (file.clone(), written(&file)));
        Ok(Self { key: Key::of(settings), file, kind, info: Arc::new(info), notes })
    }

    /// Whether a run of these settings can be made without opening anything.
    #[must_use]
    pub fn serves(&self, settings: &RunSettings) -> bool {
        self.key == Key::of(settings) && self.file.as_ref().is_none_or(|(file, when)| written(file) == *when)
    }

    /// What is known of it.
    #[must_use]
    pub fn info(&self) -> &Arc<ModelInfo> {
        &self.info
    }

    /// Choices made and warnings of its opening, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Makes a run ready. The settings must be ones that it [serves](Self::serves).
    pub fn prepare(&self, settings: &RunSettings, keeping: Keeping) -> Result<Prepared, PrepareError> {
        finish(settings, self.opened(settings)?, keeping)
    }

    /// A denoiser for runs of one's own, apart from any other. The settings must be ones that it
    /// [serves](Self::serves).
    pub fn bare(&self, settings: &RunSettings) -> Result<Bare, PrepareError> {
        Ok(self.opened(settings)?.into())
    }

    fn opened(&self, settings: &RunSettings) -> Result<Opened, PrepareError> {
        check::numbers(settings)?;
        match &self.kind {
            Kind::Network(model) => network(model, settings),
            Kind::Exact(exact) => exact.denoiser(settings),
        }
    }
}

/// When a file was last written.
fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|data| data.modified()).ok()
}

/// Why an exact model runs in the program's own code though nobody asked for that.
fn no_library_but_exact(package: &Package, onnxruntime: Option<&Path>) -> Option<String> {
    package.card.as_ref()?.exact.as_ref()?;
    match onnx_runtime::find_and_load(onnxruntime) {
        Err(RuntimeError::NotFound { .. }) => {
            Some("ONNX Runtime was not found, so this exact model runs in the program's own code".into())
        }
        Ok(_) | Err(_) => None,
    }
}

fn network(model: &OpenModel, settings: &RunSettings) -> Result<Opened, PrepareError> {
    let mut notes = Vec::new();
    let config =
        model.scheduler.clone().ok_or_else(|| PrepareError::NoSchedule { model: model.package.name.clone() })?;
    let schedule = config.model_schedule()?;
    let (height, width) = model.size(settings.size)?;
    let image = ImageShape { channels: model.contract.channels, height, width };
    let label = model.label(settings, &mut notes)?;
    let mut digests = arrays::Digests::new();
    let hidden_states = arrays::hidden_states(&model.contract, settings, &mut digests)?;
    let parameterization = config.parameterization();
    let partition = settings.partition.unwrap_or_else(|| (VALUES_PER_CALL / image.len().max(1)).max(1));
    let conditioning = Conditioning { labels: label.into_iter().collect(), hidden_states };
    let timestep = model.contract.timestep.element;
    let denoiser = OnnxDenoiser::new(
        model.session.another()?,
        model.contract.clone(),
        schedule.clone(),
        parameterization,
        conditioning,
        partition,
    );
    Ok(Opened {
        canceller: denoiser.canceller(),
        partition: denoiser.partition(),
        clipping: config.clipping,
        denoiser: Box::new(Clipped::new(denoiser, config.clipping)),
        config,
        schedule,
        parameterization,
        name: model.package.name.clone(),
        sha256: model.graph.sha256.clone(),
        image,
        label,
        timestep,
        provider: provider_name(model.provider),
        onnxruntime: Some(model.runtime.version.clone()),
        threads: model.threads,
        digests,
        notes,
    })
}

const fn provider_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Cpu => "cpu",
        Provider::Cuda { .. } => "cuda",
    }
}

fn of_network(model: &OpenModel, settings: &RunSettings) -> ModelInfo {
    let scheduler = model.scheduler.as_ref();
    ModelInfo {
        source: settings.source.clone(),
        name: model.package.name.clone(),
        card: model.package.card.clone(),
        sha256: model.graph.sha256.clone(),
        provider: provider_name(model.provider),
        provider_reason: model.no_cuda.clone(),
        onnxruntime: Some(model.runtime.version.clone()),
        threads: model.threads,
        channels: model.contract.channels,
        native_size: model.native_size(),
        size_multiple: model.package.size_multiple(),
        takes_sizes: !matches!(model.contract.fixed_size(), (Some(_), Some(_))),
        takes_labels: model.contract.class_labels.is_some(),
        classes: model.package.config.num_class_embeds,
        null_label: model.null_label(settings.null_label).map(|(label, _)| label),
        takes_hidden_states: model.contract.hidden_states.is_some(),
        contract: Some(model.contract.clone()),
        parameterization: scheduler.map(SchedulerConfig::parameterization),
        schedule: scheduler.and_then(|config| config.model_schedule().ok()),
        scheduler: scheduler.cloned(),
        spacing: scheduler.map(|config| config.default_source().to_string()),
    }
}

fn of_exact(exact: &OpenExact, settings: &RunSettings, reason: Option<String>) -> ModelInfo {
    let package = exact.package.as_ref();
    ModelInfo {
        source: settings.source.clone(),
        name: exact.name.clone(),
        card: package.and_then(|package| package.card.clone()),
        sha256: exact.sha256.clone(),
        provider: "rust",
        provider_reason: reason,
        onnxruntime: None,
        threads: rayon::current_num_threads(),
        contract: None,
        channels: exact.image.channels,
        native_size: Some((exact.image.height, exact.image.width)),
        size_multiple: 1,
        takes_sizes: package.is_none(),
        takes_labels: exact.has_classes(),
        classes: package.and_then(|package| package.config.num_class_embeds),
        null_label: exact.null,
        takes_hidden_states: false,
        parameterization: Some(exact::PARAMETERIZATION),
        schedule: Some(exact.schedule.clone()),
        scheduler: Some(exact.config.clone()),
        spacing: Some(exact.config.default_source().to_string()),
    }
}
