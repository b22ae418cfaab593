//! Prepares a run from the settings: finds and checks files, opens the graph, determines its contract, resolves every
//! default and reports it.

mod arrays;
mod cascade;
mod check;
mod compose;
mod convention;
mod error;
mod exact;
mod inputs;
mod loading;
mod model;
mod null_class;
mod open;
mod pipeline;
mod plan;
mod probe;
mod sampler;
mod setting_error;
mod spacing;
mod watched;

pub(crate) use arrays::EMBEDDINGS;
pub use error::PrepareError;
pub(crate) use inputs::CONCAT;
pub use inputs::InputInfo;
pub use loading::{LoadProgress, Loading, LoadingPart, PartTask, bytes_in_words};
pub use model::{Model, ModelInfo, sizes_in_words};
pub use null_class::{NullClass, NullSource};
pub use open::OpenModel;
#[cfg(feature = "cli")]
pub(crate) use open::check_size;
pub use pipeline::{
    PartInfo, PipelineFault, PipelineInfo, ResolvedPart, ResolvedPipeline, ResolvedPrompt, RunEmbeddings,
};
pub use plan::plan as plan_of;
pub use probe::Probe;
pub use sampler::{ChosenSampler, sampler_for, sampler_of};
pub use setting_error::{ClassOf, SettingError};
pub use spacing::{ResolvedSpacing, default_spacing, spacing_of};

use self::loading::of_images;
use self::pipeline::RunPrompts;
use super::Run;
use super::settings::RunSettings;
use crate::denoiser::{ClassDenoiser, Clipping, Denoiser, ImageShape};
use crate::model::SchedulerConfig;
use crate::model::contract::Element;
use crate::model::onnx::Canceller;
use crate::sampler::registry::AddedNoise;
use crate::sampler::{GivenNoise, Making, NoiseSource, SeededNoise, Solver, Variance};
use crate::schedule::{ModelSchedule, Plan, PlanSource};
use crate::theory::{NetworkState, Parameterization};
use ndarray::Ix5;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Most bytes that a run may store; see [`super::Trajectory::bytes`].
pub const MEMORY_LIMIT: usize = 8 << 30;
/// Most images per run.
pub const MAX_BATCH: usize = 10_000;

/// The resolved defaults: together with the settings, everything needed to replay the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the graph and its external data, or of the images' pixels.
    pub model_sha256: String,
    /// Size of one image.
    pub image: ImageShape,
    /// What the network predicts.
    pub parameterization: Parameterization,
    /// The 99.5th percentile of the magnitudes in the model's own images, if known.
    #[serde(default)]
    pub data_within: Option<f32>,
    /// What happens to `E[x_0|x_t]`.
    pub clipping: Clipping,
    /// Variance of DDPM's reverse step, if that is the sampler.
    #[serde(default)]
    pub variance: Option<Variance>,
    /// The sampler with its parameters; none in records older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<Solver>,
    /// Spacing or σ family, by name.
    pub spacing: String,
    /// The same in full if the name alone would mean another: a family with parameters of the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<Box<PlanSource>>,
    /// Why it is not the model default, if the user chose none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spacing_because: Option<String>,
    /// Class of all samples, if the model has classes.
    pub label: Option<i64>,
    /// The null class, if the run uses it: images of no class, or guidance away from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_class: Option<NullClass>,
    /// The provider: `cpu`, `cuda`, or `rust` for the exact models in the program's own code.
    pub provider: String,
    /// Version of ONNX Runtime, if it was used.
    pub onnxruntime: Option<String>,
    /// Threads inside one operator.
    pub threads: usize,
    /// Samples in each network call with a single class.
    pub batch_partition: Vec<usize>,
    /// Most samples per network call.
    #[serde(default)]
    pub partition: Option<usize>,
    /// SHA-256 of the files used besides the model, by the setting that names them.
    #[serde(default)]
    pub inputs_sha256: BTreeMap<String, String>,
    /// Whether the network takes only integer timesteps and some were rounded.
    pub timesteps_rounded: bool,
    /// What a text-to-image model made of the prompts, and with which parts. `image` is the size of the latents then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Box<ResolvedPipeline>>,
}

impl Resolved {
    /// The sampler of this run.
    #[must_use]
    pub fn solver(&self, settings: &RunSettings) -> Solver {
        let is_flow = self.parameterization.state == NetworkState::Flow;
        self.sampler.unwrap_or_else(|| settings.sampler.or_ddim().of_old_record(is_flow))
    }

    /// Height and width of the images, pixels: of a text-to-image model those that its latents are decoded to.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let scale = self.pipeline.as_ref().map_or(1, |pipeline| pipeline.latents.pixels_per_latent);
        (self.image.height * scale, self.image.width * scale)
    }

    /// The settings of this run with its sampler and its levels fixed, in case a default changes later.
    #[must_use]
    pub fn with_its_plan(&self, settings: RunSettings) -> RunSettings {
        let settings = RunSettings { sampler: self.solver(&settings).into(), ..settings };
        if settings.schedule.is_some() {
            return RunSettings { spacing: None, ..settings };
        }
        match &self.visits {
            Some(visits) => RunSettings { spacing: None, schedule: Some(visits.clone()), ..settings },
            None => RunSettings { spacing: Some(self.spacing.clone()), ..settings },
        }
    }
}

/// A run that is ready to step.
pub struct Prepared {
    /// The run.
    pub run: Run,
    /// The resolved defaults.
    pub resolved: Resolved,
    /// Defaults resolved and warnings, a sentence each.
    pub notes: Vec<String>,
    /// Timesteps of the plan, one per step, before any rounding for the network.
    pub timesteps: Vec<f64>,
    /// Run times of the levels, one more than steps, if the denoiser depends on them; else empty.
    pub run_times: Vec<f64>,
    /// Cancels the denoiser's call within a step.
    pub canceller: Canceller,
    /// The embeddings of the prompts, for a text-to-image model.
    pub embeddings: Option<Arc<RunEmbeddings>>,
}

/// A model's denoiser without a run, for runs of your own.
pub struct Bare {
    /// The denoiser, clipped as its configuration says.
    pub denoiser: Box<dyn Denoiser>,
    /// Cancels its call within a step.
    pub canceller: Canceller,
    /// Configuration of its scheduler.
    pub config: SchedulerConfig,
    /// Its own schedule.
    pub schedule: ModelSchedule,
    /// What the network predicts.
    pub parameterization: Parameterization,
    /// Size of one image.
    pub image: ImageShape,
    /// Its name.
    pub name: String,
    /// Defaults resolved and warnings, a sentence each.
    pub notes: Vec<String>,
}

/// How much of a run is stored in memory, which bounds its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// All steps, for an archive.
    EveryStep,
    /// Only the latest step; the receiver of the steps has its own limit.
    LatestStep,
}

impl Keeping {
    fn steps(self, steps: usize) -> usize {
        match self {
            Self::EveryStep => steps,
            // The samplers' own buffers are in f64, the size of a few steps.
            Self::LatestStep => 4,
        }
    }
}

/// A denoiser with the properties needed to run it.
struct OpenDenoiser {
    denoiser: Box<dyn ClassDenoiser>,
    canceller: Canceller,
    config: SchedulerConfig,
    schedule: ModelSchedule,
    parameterization: Parameterization,
    clipping: Clipping,
    /// The 99.5th percentile of the magnitudes in its images.
    data_within: f32,
    name: String,
    sha256: String,
    image: ImageShape,
    classes: Classes,
    /// Whether a further input has a null value, which guidance can lead away from.
    null_inputs: bool,
    /// Number of stages, for a cascade.
    stages: Option<usize>,
    timestep: Element,
    provider: &'static str,
    onnxruntime: Option<String>,
    threads: usize,
    partition: usize,
    /// Digests of the files read so far besides the model.
    digests: arrays::Digests,
    notes: Vec<String>,
    /// The prompts of the run, for a text-to-image model.
    prompts: Option<RunPrompts>,
}

/// Models are trained on images in [−1, 1]; latents, and the Gaussian model, have a standard deviation of about 1.
fn data_within(channels: usize, is_gaussian: bool) -> f32 {
    if !is_gaussian && matches!(channels, 1 | 3) { 1.0 } else { 4.0 }
}

/// The classes of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Classes {
    /// Why it has none, if so.
    none_because: Option<&'static str>,
    /// Their number, if known.
    count: Option<usize>,
    /// The null class.
    null: Option<NullClass>,
    /// Whether a model with an unknown null class can do without it.
    null_is_all: bool,
}

impl Classes {
    /// Whether these and the others are the same numbers with the same meaning, as far as known.
    fn are_those_of(&self, other: &Self) -> bool {
        let has = |classes: &Self| classes.none_because.is_none();
        let said = |classes: &Self| classes.null.filter(|null| !null.is_guess()).map(|null| null.label);
        has(self) == has(other) && agree(self.count, other.count) && agree(said(self), said(other))
    }
}

/// Whether two are equal, if both are known.
fn agree<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    a.is_none() || b.is_none() || a == b
}

/// Opens the model and prepares a run. `progress` receives the number of a folder's images read, and may stop the reading by
/// `false`.
pub fn prepare(
    settings: &RunSettings,
    onnxruntime: Option<&Path>,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Prepared, PrepareError> {
    prepare_with_progress(settings, onnxruntime, &of_images(progress))
}

/// The same with the progress of all that is loaded.
pub fn prepare_with_progress(
    settings: &RunSettings,
    onnxruntime: Option<&Path>,
    progress: &LoadProgress,
) -> Result<Prepared, PrepareError> {
    let model = Model::open_with_progress(settings, onnxruntime, progress)?;
    let mut prepared = model.prepare_with_progress(settings, Keeping::EveryStep, progress)?;
    prepared.notes.splice(..0, model.notes().iter().cloned());
    Ok(prepared)
}

/// An open denoiser by itself.
fn bare(settings: &RunSettings, opened: OpenDenoiser) -> Result<Bare, PrepareError> {
    let OpenDenoiser { canceller, config, schedule, parameterization, image, name, mut notes, .. } = opened;
    let plan = plan::plan(settings, &config, &schedule)?;
    let facts = compose::Facts {
        name: &name,
        image,
        classes: &opened.classes,
        null_inputs: opened.null_inputs,
        stages: opened.stages,
        schedule: &schedule,
        clipping: opened.clipping,
        prompts: opened.prompts.as_ref(),
    };
    let composed = compose::compose(settings, opened.denoiser, &facts, plan.levels())?;
    notes.extend(composed.notes);
    Ok(Bare { denoiser: composed.denoiser, canceller, config, schedule, parameterization, image, name, notes })
}

/// Plan, noise and sampler around an open denoiser.
fn finish(settings: &RunSettings, opened: OpenDenoiser, keeping: Keeping) -> Result<Prepared, PrepareError> {
    let plan = plan::plan(settings, &opened.config, &opened.schedule)?;
    let OpenDenoiser { image, parameterization, mut notes, .. } = opened;
    let facts = compose::Facts {
        name: &opened.name,
        image,
        classes: &opened.classes,
        null_inputs: opened.null_inputs,
        stages: opened.stages,
        schedule: &opened.schedule,
        clipping: opened.clipping,
        prompts: opened.prompts.as_ref(),
    };
    let composed = compose::compose(settings, opened.denoiser, &facts, plan.levels())?;
    notes.extend(composed.notes);
    let ChosenSampler { solver, notes: of_sampler } = sampler_of(settings, &opened.config, &opened.schedule);
    notes.extend(of_sampler);
    check::sampler(settings, solver)?;
    // An exact model in the program's own code has no run in diffusers.
    if sampler::is_by_configuration(settings) && opened.onnxruntime.is_some() {
        notes.extend(opened.config.departures(&plan));
    }
    let spacing = spacing_of(settings, &opened.config, &opened.schedule)?;
    notes.extend(spacing.because.clone());
    notes.extend(spacing.source.note_on(&opened.schedule).map(str::to_owned));
    notes.extend(spacing.source.start_note(&opened.schedule, plan.levels()[0]));
    let named = spacing.source.to_string();
    let says_it_all =
        settings.schedule.is_some() || named.parse().is_ok_and(|source: PlanSource| source == spacing.source);
    plan::check_start(parameterization, plan.levels()[0])?;
    let integer = opened.timestep.is_integer();
    notes.extend(plan.warnings(integer).iter().map(ToString::to_string));
    notes.extend(plan::advice(solver, plan.levels(), spacing.because.is_none()));
    notes.extend(plan::fed_note(&opened.config, &opened.schedule, &plan));
    if settings.sampler.named().is_some() {
        notes.extend(solver.beside_k_diffusion(plan.levels()));
    }
    let timesteps_rounded = rounds(opened.timestep, &plan, (parameterization, &opened.schedule), &mut notes);

    let shape = image.batch(settings.batch);
    check::room(keeping.steps(plan.steps()), shape, composed.parts)?;
    let seeded = SeededNoise { seed: settings.seed, first_sample: settings.first_sample };
    let mut digests = opened.digests;
    let x_t = match &settings.init_noise {
        Some(path) => arrays::initial_noise(path, shape, &mut digests, &mut notes)?,
        None => seeded.initial(shape),
    };
    let noise: Box<dyn NoiseSource> = match &settings.step_noise {
        Some(path) => {
            let noise = arrays::read::<Ix5>(path, arrays::STEP_NOISE, &mut digests)?;
            Box::new(GivenNoise::new(noise, plan.steps(), solver.method().draws, shape)?)
        }
        None => Box::new(seeded),
    };
    let variance = match solver.method().adds {
        AddedNoise::Posterior => Some(plan::variance(&opened.config)?),
        _ => None,
    };
    let (eta, churn) = (settings.eta, settings.churn);
    let making = Making { eta, churn, variance: variance.unwrap_or_default(), schedule: Some(&opened.schedule) };
    let sampler = solver.build(&making);
    let resolved = Resolved {
        model: opened.name,
        model_sha256: opened.sha256,
        image,
        parameterization,
        data_within: Some(opened.data_within),
        clipping: opened.clipping,
        variance,
        sampler: Some(solver),
        spacing: named,
        visits: (!says_it_all).then(|| Box::new(spacing.source)),
        spacing_because: spacing.because,
        label: composed.label,
        null_class: composed.null_class,
        provider: opened.provider.into(),
        onnxruntime: opened.onnxruntime,
        threads: opened.threads,
        batch_partition: split(settings.batch, opened.partition),
        partition: Some(opened.partition),
        inputs_sha256: digests,
        timesteps_rounded,
        pipeline: opened.prompts.as_ref().map(|prompts| Box::new(prompts.resolved.clone())),
    };
    let run = Run::new(composed.denoiser, sampler, noise, plan.levels().to_vec(), x_t).with_clock(composed.clock);
    let timesteps = plan.timesteps().to_vec();
    let (run_times, canceller) = (composed.run_times, opened.canceller);
    let embeddings = opened.prompts.map(|prompts| prompts.embeddings);
    Ok(Prepared { run, resolved, notes, timesteps, run_times, canceller, embeddings })
}

/// Whether a network that accepts only integer timesteps has some rounded. Any rounding is noted.
fn rounds(
    timestep: Element,
    plan: &Plan,
    (parameterization, schedule): (Parameterization, &ModelSchedule),
    notes: &mut Vec<String>,
) -> bool {
    let told: Vec<f64> = if parameterization.time == schedule.own_time() {
        plan.timesteps().to_vec()
    } else {
        plan.levels()[..plan.steps()].iter().map(|level| schedule.told(parameterization.time, *level)).collect()
    };
    let timesteps_rounded = timestep.is_integer() && told.iter().any(|t| t.fract() != 0.0);
    if timesteps_rounded {
        notes.push(
            "the network accepts integer timesteps only, so timesteps are rounded; the sampler keeps the exact noise \
             levels"
                .into(),
        );
    }
    if timestep.is_half() && told.iter().any(|&t| timestep.rounded(t) != t) {
        notes.push("the network accepts 16-bit timesteps, so some are rounded".into());
    }
    timesteps_rounded
}

/// The sizes of the network calls that make up a batch.
fn split(batch: usize, partition: usize) -> Vec<usize> {
    let mut parts = vec![partition; batch / partition];
    parts.extend(Some(batch % partition).filter(|&rest| rest > 0));
    parts
}
