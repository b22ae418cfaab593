//! An open model, for any number of runs.

use super::SettingError;
use super::cascade::OpenCascade;
use super::convention::check_time;
use super::exact::{self, OpenExact};
use super::inputs::{self, InputInfo};
use super::loading::of_images;
use super::pipeline::OpenPipeline;
use super::watched::Watched;
use super::{
    Bare, Keeping, LoadProgress, NullSource, OpenDenoiser, OpenModel, PipelineInfo, PrepareError, Prepared, arrays,
    bare, check, data_within, finish,
};
use crate::denoiser::ImageShape;
use crate::model::SchedulerConfig;
use crate::model::cascade_folder::CascadePackage;
use crate::model::contract::{Contract, PortNames};
use crate::model::convention::{Convention, Words};
use crate::model::exact::ExactCard;
use crate::model::onnx::{Conditioning, GivenInput, HiddenStates, OnnxDenoiser};
use crate::model::onnx_runtime;
use crate::model::onnx_runtime::{Provider, RuntimeError};
use crate::model::package::{Card, Package, locate};
use crate::model::pipeline::PipelinePackage;
use crate::schedule::ModelSchedule;
use crate::session::setting::Setting;
use crate::session::settings::{ModelSource, ProviderChoice, RunSettings};
use crate::theory::Parameterization;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Default for the values of state per network call, which bounds the network's own memory: 16 images of 256×256×3.
pub(super) const VALUES_PER_CALL: usize = 16 * 256 * 256 * 3;

/// An open model. Its files are read and its graph is opened once;
/// [`prepare`](Self::prepare) makes any number of runs from it.
pub struct Model {
    key: GraphKey,
    files: Watched,
    kind: OpenKind,
    info: Arc<ModelInfo>,
    notes: Vec<String>,
}

pub(super) enum OpenKind {
    Network(Box<OpenModel>),
    Exact(Box<OpenExact>),
    Cascade(Box<OpenCascade>),
    Pipeline(Box<OpenPipeline>),
}

/// Opens a model that is not a cascade. The second value is the reason if it runs in the program's own code without the
/// user's choice.
pub(super) fn open_one(
    package: Package,
    settings: &RunSettings,
    onnxruntime: Option<&Path>,
) -> Result<(OpenKind, Option<String>), PrepareError> {
    let mut reason = None;
    if settings.local.is_some() && package.card.as_ref().is_none_or(|card| card.exact.is_none()) {
        let model = format!("{} is a network", package.name);
        return Err(SettingError::LocalNeedsImages { model }.into());
    }
    let rust = match settings.provider {
        // No graph computes it.
        _ if settings.local.is_some() => true,
        ProviderChoice::Rust => true,
        ProviderChoice::Auto => {
            reason = no_library_but_exact(&package, onnxruntime);
            reason.is_some()
        }
        ProviderChoice::Cpu | ProviderChoice::Cuda => false,
    };
    let kind = if rust {
        OpenKind::Exact(Box::new(exact::open_bundled(package, settings)?))
    } else {
        OpenKind::Network(Box::new(OpenModel::open(package, settings, onnxruntime)?))
    };
    Ok((kind, reason))
}

impl OpenKind {
    /// Defaults resolved and warnings on opening.
    pub(super) fn notes(&self) -> Vec<String> {
        match self {
            Self::Network(model) => model.notes.clone(),
            Self::Exact(exact) => exact.notes.clone(),
            Self::Cascade(cascade) => cascade.notes(),
            Self::Pipeline(pipeline) => pipeline.notes.clone(),
        }
    }

    /// Files with data that the graphs do not contain.
    fn external_data(&self) -> Vec<PathBuf> {
        match self {
            Self::Network(model) => model.graph.external_data.iter().map(|data| data.file.clone()).collect(),
            Self::Exact(_) => Vec::new(),
            Self::Cascade(cascade) => cascade.stages().iter().flat_map(Self::external_data).collect(),
            Self::Pipeline(pipeline) => pipeline.external_data(),
        }
    }

    /// Inputs and outputs of its networks.
    fn contracts(&self) -> Vec<&Contract> {
        match self {
            Self::Network(model) => vec![&model.contract],
            Self::Exact(_) => Vec::new(),
            Self::Cascade(cascade) => cascade.stages().iter().flat_map(Self::contracts).collect(),
            Self::Pipeline(pipeline) => vec![&pipeline.network.contract],
        }
    }

    pub(super) fn sha256(&self) -> &str {
        match self {
            Self::Network(model) => &model.graph.sha256,
            Self::Exact(exact) => &exact.sha256,
            Self::Cascade(_) => "",
            Self::Pipeline(pipeline) => &pipeline.sha256,
        }
    }

    pub(super) fn info(&self, settings: &RunSettings, reason: Option<String>) -> ModelInfo {
        match self {
            Self::Network(model) => of_network(model, settings),
            Self::Exact(exact) => of_exact(exact, settings, reason),
            Self::Cascade(cascade) => cascade.info(settings),
            Self::Pipeline(pipeline) => pipeline.info(settings),
        }
    }

    /// A denoiser for images of this size or the model default, which may also be called with them pooled by `pooled_by`.
    pub(super) fn denoiser(
        &self,
        settings: &RunSettings,
        size: Option<(usize, usize)>,
        pooled_by: usize,
    ) -> Result<OpenDenoiser, PrepareError> {
        match self {
            Self::Network(model) => network(model, settings, size, pooled_by),
            Self::Exact(exact) => exact.denoiser(settings, size, pooled_by),
            Self::Cascade(cascade) => cascade.denoiser(settings, size, pooled_by),
            Self::Pipeline(pipeline) => pipeline.denoiser(settings, pooled_by, &|_| true),
        }
    }
}

/// The settings that decide how a model is opened; all others belong to a run.
#[derive(Clone, Debug, PartialEq)]
struct GraphKey {
    source: ModelSource,
    scheduler_config: Option<PathBuf>,
    words: Words,
    ports: PortNames,
    null_label: Option<i64>,
    provider: ProviderChoice,
    tf32: bool,
    threads: Option<usize>,
    /// Whether it is the local exact denoiser, which exists only in the program's own code.
    local: bool,
    /// The size of a folder's images, which are resized when they are read.
    size: Option<(usize, usize)>,
}

impl GraphKey {
    fn of(settings: &RunSettings) -> Self {
        Self {
            source: settings.source.clone(),
            scheduler_config: settings.scheduler_config.clone(),
            words: settings.words(),
            ports: settings.ports.clone(),
            null_label: settings.null_label,
            provider: settings.provider,
            tf32: settings.tf32,
            threads: settings.threads,
            local: settings.local.is_some() && matches!(settings.source, ModelSource::Model(_)),
            size: settings.size.filter(|_| matches!(settings.source, ModelSource::Images(_))),
        }
    }
}

/// Details of an open model, for people.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// Where it comes from.
    pub source: ModelSource,
    /// Folder name, or file name without its extension.
    pub name: String,
    /// The maker's description.
    pub card: Option<Card>,
    /// SHA-256 of the graph and its external data, or of the images' pixels.
    pub sha256: String,
    /// Its provider: `cpu`, `cuda`, or `rust` for the program's own code.
    pub provider: &'static str,
    /// Why it does not run on CUDA, if that was tried, or why it runs in the program's own code.
    pub provider_reason: Option<String>,
    /// Version of ONNX Runtime, if it is used.
    pub onnxruntime: Option<String>,
    /// Threads inside one operator.
    pub threads: usize,
    /// The graph's inputs and outputs; `None` for the program's own code.
    pub contract: Option<Contract>,
    /// Channels of its images.
    pub channels: usize,
    /// Trained height and width, pixels, if known.
    pub native_size: Option<(usize, usize)>,
    /// The number that height and width must be multiples of.
    pub size_multiple: usize,
    /// Whether it accepts other sizes than its trained one.
    pub takes_sizes: bool,
    /// Whether it has classes.
    pub takes_labels: bool,
    /// Number of classes including the null class, if known.
    pub classes: Option<usize>,
    /// The null class, if known or guessed.
    pub null_label: Option<i64>,
    /// Where the null class comes from.
    pub null_said_by: Option<NullSource>,
    /// Whether it is conditioned on embeddings.
    pub takes_hidden_states: bool,
    /// Its further inputs.
    pub inputs: Vec<InputInfo>,
    /// Channels that its image input has behind those of the image.
    pub concat_channels: usize,
    /// The meaning of its output, if known.
    pub parameterization: Option<Parameterization>,
    /// Where its state, time and prediction come from; `None` for the program's own code.
    pub convention: Option<Convention>,
    /// Its own schedule, if known.
    pub schedule: Option<ModelSchedule>,
    /// The configuration of its scheduler, if any.
    pub scheduler: Option<SchedulerConfig>,
    /// Name of its default spacing, if its schedule is known.
    pub spacing: Option<String>,
    /// Trained height and width of its stages, coarsest first, for a cascade.
    pub stages: Vec<Option<(usize, usize)>>,
    /// The ratio of each stage's size to that of the one before, for a cascade.
    pub stage_factor: Option<usize>,
    /// Its parts, if it is a text-to-image pipeline. Its images are latents then.
    pub pipeline: Option<PipelineInfo>,
}

/// Which sizes a model accepts besides its trained one, for people.
#[must_use]
pub fn sizes_in_words(takes_sizes: bool, multiple: usize) -> String {
    match multiple {
        _ if !takes_sizes => "fixed".to_owned(),
        0 | 1 => "other sizes are untested".to_owned(),
        multiple => format!("sides in multiples of {multiple}"),
    }
}

impl ModelInfo {
    /// Which sizes it accepts besides its trained one, for people: "sides in multiples of 8", "fixed".
    #[must_use]
    pub fn sizes_in_words(&self) -> String {
        sizes_in_words(self.takes_sizes, self.size_multiple)
    }

    /// The classes' names by number, as far as the card gives them.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        self.card.as_ref().map_or(&[], |card| &card.class_names)
    }

    /// Whether guidance has something to lead away from.
    #[must_use]
    pub fn takes_guidance(&self) -> bool {
        self.takes_labels
            || self.pipeline.is_some()
            || (self.stages.is_empty() && self.inputs.iter().any(|input| input.card.null.is_some()))
    }

    /// The provider for a badge: `CUDA`, `CPU` or `exact`.
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
    /// Finds, checks and opens the settings' model. `progress` receives the number of a folder's images read, and may
    /// stop the reading by `false`.
    ///
    /// A bundled exact model runs in the program's own code if ONNX Runtime is not found and no provider was
    /// chosen.
    pub fn open(
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
        progress: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Self, PrepareError> {
        Self::open_with_progress(settings, onnxruntime, &of_images(progress))
    }

    /// The same with the progress of all that is loaded, which may stop it by `false`.
    pub fn open_with_progress(
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
        progress: &LoadProgress,
    ) -> Result<Self, PrepareError> {
        check::numbers(settings)?;
        // Recorded before they are read, so that a change in between is detected too.
        let mut files = Watched::default();
        settings.scheduler_config.iter().for_each(|file| files.add(file));
        let (kind, reason) = match &settings.source {
            ModelSource::Images(folder) => {
                files.add_folder(folder);
                (OpenKind::Exact(Box::new(exact::open_folder(folder, settings, progress)?)), None)
            }
            ModelSource::Model(name) => {
                if let Some(package) = PipelinePackage::find(name)? {
                    files.add_pipeline(&package);
                    let opened = OpenPipeline::open(package, settings, onnxruntime, progress)?;
                    (OpenKind::Pipeline(Box::new(opened)), None)
                } else if let Some(package) = CascadePackage::find(name)? {
                    files.add_cascade(&locate(name)?, &package);
                    (OpenKind::Cascade(Box::new(OpenCascade::open(package, settings, onnxruntime)?)), None)
                } else {
                    let package = Package::find(name)?;
                    files.add_package(&package);
                    open_one(package, settings, onnxruntime)?
                }
            }
        };
        let mut notes = kind.notes();
        notes.extend(reason.clone());
        let info = Arc::new(kind.info(settings, reason));
        kind.external_data().iter().for_each(|file| files.add(file));
        Ok(Self { key: GraphKey::of(settings), files, kind, info, notes })
    }

    /// Whether a run with these settings can be made without opening anything.
    #[must_use]
    pub fn serves(&self, settings: &RunSettings) -> bool {
        self.key == GraphKey::of(settings) && self.files.is_unchanged()
    }

    /// Details of the model.
    #[must_use]
    pub fn info(&self) -> &Arc<ModelInfo> {
        &self.info
    }

    /// Defaults resolved and warnings on opening, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Prepares a run. The model must [serve](Self::serves) the settings.
    pub fn prepare(&self, settings: &RunSettings, keeping: Keeping) -> Result<Prepared, PrepareError> {
        self.prepare_with_progress(settings, keeping, &|_| true)
    }

    /// The same with the progress of what is loaded for it, as prompts may have to be encoded.
    pub fn prepare_with_progress(
        &self,
        settings: &RunSettings,
        keeping: Keeping,
        progress: &LoadProgress,
    ) -> Result<Prepared, PrepareError> {
        finish(settings, self.opened(settings, progress)?, keeping)
    }

    /// A denoiser for runs of your own, independent of any other. The model must
    /// [serve](Self::serves) the settings.
    pub fn bare(&self, settings: &RunSettings) -> Result<Bare, PrepareError> {
        bare(settings, self.opened(settings, &|_| true)?)
    }

    fn opened(&self, settings: &RunSettings, progress: &LoadProgress) -> Result<OpenDenoiser, PrepareError> {
        check::numbers(settings)?;
        check::words(settings, &self.info)?;
        let contracts = self.kind.contracts();
        inputs::check_names(settings, &self.info.name, &contracts)?;
        if settings.concat.is_some() && contracts.is_empty() {
            let model = format!("the exact model {}", self.info.name);
            return Err(SettingError::NotForModel { setting: Setting::Concat, model }.into());
        }
        let pooled_by = settings.upsample.map_or(1, |upsample| upsample.factor);
        match &self.kind {
            OpenKind::Pipeline(pipeline) => pipeline.denoiser(settings, pooled_by, progress),
            kind => kind.denoiser(settings, settings.size, pooled_by),
        }
    }
}

/// Why an exact model runs in the program's own code without the user's choice.
fn no_library_but_exact(package: &Package, onnxruntime: Option<&Path>) -> Option<String> {
    package.card.as_ref()?.exact.as_ref()?;
    match onnx_runtime::find_and_load(onnxruntime) {
        Err(RuntimeError::NotFound { .. }) => {
            Some("ONNX Runtime was not found, so this exact model runs in Chromascope's own code".into())
        }
        Ok(_) | Err(_) => None,
    }
}

fn network(
    model: &OpenModel,
    settings: &RunSettings,
    size: Option<(usize, usize)>,
    pooled_by: usize,
) -> Result<OpenDenoiser, PrepareError> {
    let no_schedule = || PrepareError::NoSchedule { what: model.package.in_words() };
    let config = model.scheduler.clone().ok_or_else(no_schedule)?;
    let parameterization = model.convention.parameterization().ok_or_else(no_schedule)?;
    network_as(model, settings, (config, parameterization), size, pooled_by)
}

/// A network under a configuration and words that may be others than its own.
pub(super) fn network_as(
    model: &OpenModel,
    settings: &RunSettings,
    words: (SchedulerConfig, Parameterization),
    size: Option<(usize, usize)>,
    pooled_by: usize,
) -> Result<OpenDenoiser, PrepareError> {
    network_told(model, settings, words, (size, pooled_by), None)
}

/// What the program itself tells a network besides the noisy image.
pub(super) struct Told {
    /// Text embeddings, where it takes them.
    pub(super) hidden_states: Option<HiddenStates>,
    /// Values of further inputs, by name.
    pub(super) inputs: Vec<(String, GivenInput)>,
    /// Most samples per network call, unless the user says.
    pub(super) partition: usize,
}

/// The same for a network that the program tells more.
pub(super) fn network_told(
    model: &OpenModel,
    settings: &RunSettings,
    (config, parameterization): (SchedulerConfig, Parameterization),
    (size, pooled_by): (Option<(usize, usize)>, usize),
    told: Option<Told>,
) -> Result<OpenDenoiser, PrepareError> {
    let (height, width) = model.size(size, pooled_by, 1)?;
    let config = config.for_image((height, width));
    let schedule = config.model_schedule()?;
    check_time(parameterization.time, &schedule, model.contract.timestep.element)?;
    let image = ImageShape { channels: model.contract.channels, height, width };
    let mut digests = arrays::Digests::new();
    let partition = told.as_ref().map_or(VALUES_PER_CALL / image.len().max(1), |told| told.partition);
    let partition = settings.partition.unwrap_or(partition.max(1));
    let (hidden_states, made) = if let Some(told) = told {
        (told.hidden_states, told.inputs)
    } else {
        let states = arrays::hidden_states(&model.contract, settings, &mut digests)?;
        (states.map(HiddenStates::by_sample), Vec::new())
    };
    let given = inputs::given(model, settings, image, made, &mut digests)?;
    if pooled_by > 1 && (given.concat.is_some() || given.inputs.iter().any(|input| input.values.ndim() == 4)) {
        let why = "this model is given images besides the noisy one, which upsample guidance cannot pool; choose another \
                   model";
        return Err(SettingError::NoUpsampling { why }.into());
    }
    let classes = model.classes(settings.null_label);
    let null_inputs = given.has_null();
    let conditioning = Conditioning {
        hidden_states,
        null_class: classes.null.map(|null| null.label),
        inputs: given.inputs,
        concat: given.concat,
        ..Conditioning::default()
    };
    conditioning.check(&model.contract)?;
    let timestep = model.contract.timestep.element;
    let card = model.package.card.as_ref();
    let is_gaussian = card.is_some_and(|card| matches!(card.exact, Some(ExactCard::Gaussian)));
    let denoiser = OnnxDenoiser::new(
        model.session.another()?,
        model.contract.clone(),
        schedule.clone(),
        parameterization,
        conditioning,
        partition,
    );
    // Without a plan the run is refused before the first call.
    let fed = super::plan::plan(settings, &config, &schedule).map(|plan| plan.fed()).unwrap_or_default();
    let denoiser = denoiser.feeding(fed).in_halves(model.graph.has_halves);
    let notes = config.dynamic_shift_note().into_iter().chain(given.notes).collect();
    Ok(OpenDenoiser {
        canceller: denoiser.canceller(),
        partition: denoiser.partition(),
        clipping: config.clipping,
        data_within: data_within(image.channels, is_gaussian),
        denoiser: Box::new(denoiser),
        config,
        schedule,
        parameterization,
        name: model.package.name.clone(),
        sha256: model.graph.sha256.clone(),
        image,
        classes,
        null_inputs,
        stages: None,
        timestep,
        provider: provider_name(model.provider),
        onnxruntime: Some(model.runtime.version.clone()),
        threads: model.threads,
        digests,
        notes,
        prompts: None,
    })
}

pub(super) const fn provider_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Cpu => "cpu",
        Provider::Cuda { .. } => "cuda",
    }
}

pub(super) fn of_network(model: &OpenModel, settings: &RunSettings) -> ModelInfo {
    let scheduler = model.scheduler.as_ref();
    let null = model.null_class(settings.null_label);
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
        size_multiple: model.size_multiple(),
        takes_sizes: model.takes_sizes(),
        takes_labels: model.contract.class_labels.is_some(),
        classes: model.package.config.num_class_embeds,
        null_label: null.map(|null| null.label),
        null_said_by: null.map(|null| null.said_by),
        takes_hidden_states: model.contract.hidden_states.is_some(),
        inputs: inputs::infos(model),
        concat_channels: model.contract.concat_channels,
        contract: Some(model.contract.clone()),
        parameterization: model.convention.parameterization(),
        convention: Some(model.convention.clone()),
        schedule: scheduler.and_then(|config| config.model_schedule().ok()),
        scheduler: scheduler.cloned(),
        spacing: scheduler.map(|config| config.default_source().to_string()),
        stages: Vec::new(),
        stage_factor: None,
        pipeline: None,
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
        null_label: exact.null.map(|null| null.label),
        null_said_by: exact.null.map(|null| null.said_by),
        takes_hidden_states: false,
        inputs: Vec::new(),
        concat_channels: 0,
        parameterization: Some(exact::PARAMETERIZATION),
        convention: None,
        schedule: Some(exact.schedule.clone()),
        scheduler: Some(exact.config.clone()),
        spacing: Some(exact.config.default_source().to_string()),
        stages: Vec::new(),
        stage_factor: None,
        pipeline: None,
    }
}
