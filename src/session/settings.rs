//! The settings of a run.

pub use super::setting::{DEFAULT_STEPS, Decode, PromptsByLevel, RunSettings};

use super::setting::{Setting, ValueKind};
use crate::model::inputs::InputValue;
use crate::sampler::Solver;
use crate::words::{count, short};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

impl RunSettings {
    /// The number of steps of the run.
    #[must_use]
    pub fn effective_steps(&self) -> usize {
        self.schedule.as_ref().and_then(|schedule| schedule.steps()).unwrap_or(self.steps)
    }

    /// What steers the run, in a few words: "w = 3", "blend by level, upsample guidance ×2"; `None` for a plain run.
    #[must_use]
    pub fn steering(&self) -> Option<String> {
        let words = [
            self.guidance.as_ref().map(|scale| match scale.constant() {
                Some(w) => format!("w = {}", (100.0 * w).round() / 100.0),
                None => "guidance curve".to_owned(),
            }),
            self.by_level.as_ref().map(|levels| format!("{} by level", levels.mode.name())),
            self.prompts_by_level.as_ref().map(|levels| format!("{} of prompts by level", levels.mode.name())),
            self.label_switch.map(|_| "classes over time".to_owned()),
            self.upsample.map(|upsample| format!("upsample guidance ×{}", upsample.factor)),
            self.local.as_ref().map(|_| "local".to_owned()),
            self.concat.as_ref().map(|_| "conditioning image".to_owned()),
        ];
        let inputs = self.inputs.iter().map(|(name, value)| match value {
            InputValue::Number(number) => format!("{name} = {}", short(*number)),
            InputValue::Numbers(numbers) => format!("{} of {name}", count(numbers.len(), "value")),
            InputValue::File(_) => format!("{name} from a file"),
        });
        let words: Vec<String> = words.into_iter().flatten().chain(inputs).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// The same run without guidance, classes or prompts by level and upsample guidance: the conditional estimate of one
    /// class or prompt, at the same size.
    #[must_use]
    pub fn plain(&self, size: (usize, usize)) -> Self {
        let first = self.by_level.as_ref().and_then(|levels| levels.labels.first().copied());
        let first = first.or(self.label_switch.as_ref().and_then(|switch| switch.from));
        Self {
            label: self.label.or(first),
            label_switch: None,
            by_level: None,
            prompt: self.prompt.clone().or_else(|| self.prompts_by_level.as_ref()?.prompts.first().cloned()),
            prompts_by_level: None,
            guidance: None,
            upsample: None,
            size: Some(size),
            ..self.clone()
        }
    }

    /// Height and width of the images, for a model with this trained size.
    #[must_use]
    pub fn image_size(&self, native: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let factor = self.upsample.map_or(1, |upsample| upsample.factor);
        self.size.or(native.map(|(height, width)| (height * factor, width * factor)))
    }

    /// Whether the denoiser depends on run time, not only on the noise level.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.label_switch.is_some() || self.guidance.as_ref().is_some_and(|scale| scale.constant().is_none())
    }

    /// Whether the sampler injects noise, so that `E[x_0|x_t]` is a martingale.
    #[must_use]
    pub fn injects_noise(&self, solver: Solver) -> bool {
        solver.injects_noise(self.eta, self.churn)
    }

    /// The same settings with absolute paths, valid in any working directory.
    #[must_use]
    pub fn with_absolute_paths(mut self) -> Self {
        let absolute = |path: &mut PathBuf| {
            if let Ok(whole) = std::path::absolute(&*path) {
                *path = whole;
            }
        };
        match &mut self.source {
            ModelSource::Images(folder) => absolute(folder),
            // The name of a bundled model is not a path; the search decides in the same way.
            ModelSource::Model(name) if Path::new(name).exists() => {
                if let Some(whole) =
                    std::path::absolute(&*name).ok().and_then(|path| path.into_os_string().into_string().ok())
                {
                    *name = whole;
                }
            }
            ModelSource::Model(_) => {}
        }
        for setting in Setting::ALL {
            if let ValueKind::File { at } = setting.declaration().kind
                && let Some(path) = at(&mut self)
            {
                absolute(path);
            }
        }
        for value in self.inputs.values_mut() {
            if let InputValue::File(path) = value {
                absolute(path);
            }
        }
        self
    }
}

/// The source of the denoiser.
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
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
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
