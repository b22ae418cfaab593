//! What the user decides.

use crate::denoiser::guided::{ByLevel, ClassSwitch, GuidanceScale};
use crate::denoiser::{Upsample, WindowSize};
use crate::model::PredictionType;
use crate::model::contract::PortNames;
use crate::sampler::{Churn, SamplerKind};
use crate::schedule::PlanSource;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Sampling steps of a run unless something else is said.
pub const DEFAULT_STEPS: usize = 32;

/// Everything that decides a run: the same settings, machine and library make the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// The denoiser.
    pub source: ModelSource,
    /// Sampling steps.
    pub steps: usize,
    /// Sampler.
    pub sampler: SamplerKind,
    /// A spacing or a σ family, by name; `None` takes the model's own.
    pub spacing: Option<String>,
    /// A schedule in place of the model's own; then `spacing` has no part, and where it lists its levels neither has
    /// `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Box<PlanSource>>,
    /// Stochasticity: DDIM's η in [0, 1], or Euler ancestral's.
    pub eta: Option<f64>,
    /// Churn of Heun's method.
    pub churn: Churn,
    /// Seed of all noise that is not given.
    pub seed: u64,
    /// Images made at once.
    pub batch: usize,
    /// Number of the first of them: its noise is that of this sample of the seed, so that a run can go on where another
    /// ended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first_sample: u64,
    /// Class; `None` is the null class.
    pub label: Option<i64>,
    /// The class that means "none", where neither card nor configuration says.
    pub null_label: Option<i64>,
    /// One class, then another, in place of `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_switch: Option<ClassSwitch<Option<i64>>>,
    /// A class for each resolution, in place of `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_level: Option<ByLevel>,
    /// Guidance scale w; `None` is the conditional estimate as it is, w = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<GuidanceScale>,
    /// Use of the model at several times its trained size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsample: Option<Upsample>,
    /// The window of the local exact denoiser, in place of the exact one that sees whole images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<WindowSize>,
    /// Height and width, pixels; `None` takes the model's own.
    pub size: Option<(usize, usize)>,
    /// Initial noise, `.npy`, `[B, C, H, W]`, unit variance.
    pub init_noise: Option<PathBuf>,
    /// Injected noise, `.npy`, `[S, B, C, H, W]`.
    pub step_noise: Option<PathBuf>,
    /// Conditioning embeddings, `.npy`, `[B or 1, tokens, width]`.
    pub hidden_states: Option<PathBuf>,
    /// A `scheduler_config.json` in place of the model's own.
    pub scheduler_config: Option<PathBuf>,
    /// What the network predicts, in place of what the configuration says (diffusers' names).
    pub prediction: Option<PredictionType>,
    /// Input and output names, where the graph leaves a choice.
    pub ports: PortNames,
    /// Where to run.
    pub provider: ProviderChoice,
    /// Whether CUDA may round its products to TF32.
    pub tf32: bool,
    /// Threads inside one operator; `None` is one a core.
    pub threads: Option<usize>,
    /// Most samples a network call.
    pub partition: Option<usize>,
}

impl RunSettings {
    /// A run of this source with every choice left open.
    #[must_use]
    pub fn new(source: ModelSource) -> Self {
        Self {
            source,
            steps: DEFAULT_STEPS,
            sampler: SamplerKind::default(),
            spacing: None,
            schedule: None,
            eta: None,
            churn: Churn::default(),
            seed: 0,
            batch: 1,
            first_sample: 0,
            label: None,
            null_label: None,
            label_switch: None,
            by_level: None,
            guidance: None,
            upsample: None,
            local: None,
            size: None,
            init_noise: None,
            step_noise: None,
            hidden_states: None,
            scheduler_config: None,
            prediction: None,
            ports: PortNames::default(),
            provider: ProviderChoice::default(),
            tf32: false,
            threads: None,
            partition: None,
        }
    }

    /// The number of steps that the run will have.
    #[must_use]
    pub fn effective_steps(&self) -> usize {
        self.schedule.as_ref().and_then(|schedule| schedule.steps()).unwrap_or(self.steps)
    }

    /// What steers the run, in a few words: "w = 3", "blend by resolution, upsample guidance ×2"; `None` for a plain run.
    #[must_use]
    pub fn steering(&self) -> Option<String> {
        let words = [
            self.guidance.as_ref().map(|scale| match scale.constant() {
                Some(w) => format!("w = {}", (100.0 * w).round() / 100.0),
                None => "w drawn".to_owned(),
            }),
            self.by_level.as_ref().map(|levels| format!("{} by resolution", levels.mode.name())),
            self.label_switch.map(|_| "class by time".to_owned()),
            self.upsample.map(|upsample| format!("upsample guidance ×{}", upsample.factor)),
            self.local.as_ref().map(|_| "local".to_owned()),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// The same run without guidance, classes by resolution and upsample guidance: the conditional estimate of one class,
    /// at the same size.
    #[must_use]
    pub fn plain(&self, size: (usize, usize)) -> Self {
        let first = self.by_level.as_ref().and_then(|levels| levels.labels.first().copied());
        let first = first.or(self.label_switch.as_ref().and_then(|switch| switch.from));
        Self {
            label: self.label.or(first),
            label_switch: None,
            by_level: None,
            guidance: None,
            upsample: None,
            size: Some(size),
            ..self.clone()
        }
    }

    /// Height and width of the images made, of a model of this trained size.
    #[must_use]
    pub fn image_size(&self, native: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let factor = self.upsample.map_or(1, |upsample| upsample.factor);
        self.size.or(native.map(|(height, width)| (height * factor, width * factor)))
    }

    /// Whether what the denoiser answers depends on the time of the run, and not on the noise level alone.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.label_switch.is_some() || self.guidance.as_ref().is_some_and(|scale| scale.constant().is_none())
    }

    /// Whether the sampler injects noise of its own, so that `E[x_0|x_t]` is a martingale.
    #[must_use]
    pub fn injects_noise(&self) -> bool {
        self.sampler.injects_noise(self.eta, self.churn)
    }

    /// The same settings, good from any working directory.
    #[must_use]
    pub fn with_absolute_paths(mut self) -> Self {
        let absolute = |path: &mut PathBuf| {
            if let Ok(whole) = std::path::absolute(&*path) {
                *path = whole;
            }
        };
        match &mut self.source {
            ModelSource::Images(folder) => absolute(folder),
            // A bundled name is no path; the search decides the same way.
            ModelSource::Model(name) if Path::new(name).exists() => {
                if let Some(whole) =
                    std::path::absolute(&*name).ok().and_then(|path| path.into_os_string().into_string().ok())
                {
                    *name = whole;
                }
            }
            ModelSource::Model(_) => {}
        }
        let files = [&mut self.init_noise, &mut self.step_noise, &mut self.hidden_states, &mut self.scheduler_config];
        files.into_iter().flatten().for_each(absolute);
        self
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Where the denoiser comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSource {
    /// A network: a path, or the name of a bundled model.
    Model(String),
    /// The exact posterior mean over a folder of images.
    Images(PathBuf),
}

/// Where the network runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderChoice {
    /// CUDA where it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA, or an error.
    Cuda,
    /// The program's own code, for the models that are known exactly.
    Rust,
}
