//! What decides a run and how its model is read: options that several commands share.

use super::steering::{ModelChoice, Steering};
use super::{Failure, output};
use crate::model::PredictionType;
use crate::model::contract::PortNames;
use crate::sampler::Churn;
use crate::schedule::PlanSource;
use crate::session::schedule_file::{self, ScheduleFile};
use crate::session::settings::{DEFAULT_STEPS, ModelSource, ProviderChoice};
use crate::session::{RunSettings, SamplerKind};
use crate::words;
use std::path::{Path, PathBuf};

/// What decides a run, but for how many samples it has and noise from files.
#[derive(Debug, clap::Args)]
pub(super) struct RunOptions {
    #[command(flatten)]
    choice: ModelChoice,
    /// Sampling steps
    #[arg(long, short = 'n', value_name = "N", help = format!("Sampling steps [default: {DEFAULT_STEPS}]"), value_parser = count, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// Sampler
    #[arg(long, value_name = "NAME", help = format!("Sampler: {}", SamplerKind::names("or", |_| true)), default_value_t)]
    sampler: SamplerKind,
    /// Timestep spacing (trailing, leading, linspace) or a σ family (karras, exponential, …) [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = spacing)]
    spacing: Option<String>,
    /// A schedule in place of the model's own: scheduler_config.json, CSV, NPY, a list of σ, or JSON as the window and
    /// `optimise` write it. Where it lists its levels or says how many steps it was made for, that is --steps
    #[arg(long, value_name = "FILE", conflicts_with = "spacing")]
    schedule: Option<PathBuf>,
    /// Seed of the noise
    #[arg(long, short, value_name = "S", default_value_t = 0, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,
    /// Noise injected: DDIM's η [default: 0], Euler ancestral's [default: 1]
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    eta: Option<f64>,
    /// Heun: S_churn, total noise added over the run
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    s_churn: f64,
    /// Heun: S_tmin, smallest σ at which noise is added
    #[arg(long, value_name = "SIGMA", default_value_t = 0.0)]
    s_tmin: f64,
    /// Heun: S_tmax, largest σ at which noise is added [default: no limit]
    #[arg(long, value_name = "SIGMA", requires = "s_churn")]
    s_tmax: Option<f64>,
    /// Heun: S_noise, standard deviation of the noise added
    #[arg(long, value_name = "X", default_value_t = 1.0, requires = "s_churn")]
    s_noise: f64,
    #[command(flatten)]
    steering: Steering,
    #[command(flatten)]
    model_options: ModelOptions,
}

/// What decides how a network is read; shared by the commands that open one.
#[derive(Debug, clap::Args)]
pub(super) struct ModelOptions {
    /// A scheduler_config.json in place of the model's own
    #[arg(long, value_name = "FILE")]
    scheduler_config: Option<PathBuf>,
    /// What the network predicts, in place of what its configuration says
    #[arg(long, value_name = "TYPE", value_parser = prediction)]
    prediction: Option<PredictionType>,
    /// Name of the graph's image input, where more than one fits
    #[arg(long, value_name = "NAME")]
    input_sample: Option<String>,
    /// Name of the graph's timestep input, where more than one fits
    #[arg(long, value_name = "NAME")]
    input_timestep: Option<String>,
    /// Name of the graph's class input, where more than one fits
    #[arg(long, value_name = "NAME")]
    input_labels: Option<String>,
    /// Name of the graph's prediction, where more than one fits
    #[arg(long, value_name = "NAME")]
    output_name: Option<String>,
    /// Where the model runs: CUDA where it works, else the CPU (auto); one of them, or an error; or, for the exact
    /// models, this program's own code (rust)
    #[arg(long, value_enum, default_value_t)]
    provider: ProviderChoice,
    /// Let CUDA round products to TF32: faster, equal to the CPU only to about 1e-3
    #[arg(long)]
    tf32: bool,
    /// Threads inside one operator of the network [default: one a core]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Most samples in one network call [default: by image size]
    #[arg(long, value_name = "N")]
    partition: Option<usize>,
}

/// Parses a number of at least 1.
pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "a whole number of at least 1 is needed".into())
}

/// Parses `HxW`.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

fn spacing(name: &str) -> Result<String, String> {
    name.parse::<PlanSource>().map(|_| name.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn size(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once(['x', 'X', '×']).and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)));
    parts.ok_or_else(|| "a size is HEIGHTxWIDTH in pixels, such as 64x64".into())
}

fn prediction(name: &str) -> Result<PredictionType, String> {
    PredictionType::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        format!("a network predicts one of {}", PredictionType::ALL.map(PredictionType::name).join(", "))
    })
}

impl ModelOptions {
    /// Settings for this model, all else at its default.
    pub(super) fn settings(&self, source: ModelSource) -> RunSettings {
        RunSettings {
            scheduler_config: self.scheduler_config.clone(),
            prediction: self.prediction,
            ports: PortNames {
                sample: self.input_sample.clone(),
                timestep: self.input_timestep.clone(),
                class_labels: self.input_labels.clone(),
                output: self.output_name.clone(),
            },
            provider: self.provider,
            tf32: self.tf32,
            threads: self.threads,
            partition: self.partition,
            ..RunSettings::new(source)
        }
    }
}

impl RunOptions {
    /// The number of steps along a schedule that was given: what is said, else the file's own.
    fn steps_on(&self, read: &ScheduleFile) -> Result<usize, Failure> {
        match (read.source.steps(), self.steps) {
            (Some(listed), Some(asked)) if listed != asked => Err(StepsAreListed { listed, asked }.into()),
            (Some(listed), _) => Ok(listed),
            (None, Some(asked)) => {
                if let Some(made_for) = read.steps.filter(|steps| *steps != asked) {
                    let made_for = words::count(made_for, "step");
                    output::message(&format!("the schedule was made for {made_for}, and --steps {asked} is taken"));
                }
                Ok(asked)
            }
            (None, None) => {
                if let Some(steps) = read.steps {
                    let steps = words::count(steps, "step");
                    output::message(&format!("the run has {steps}, which the schedule was made for"));
                }
                Ok(read.steps.unwrap_or(DEFAULT_STEPS))
            }
        }
    }

    /// Settings of a run with these options, all else at its default.
    pub(super) fn settings(&self) -> Result<RunSettings, Failure> {
        let read = self.schedule.as_deref().map(read_schedule).transpose()?;
        let steps = match &read {
            Some(read) => self.steps_on(read)?,
            None => self.steps.unwrap_or(DEFAULT_STEPS),
        };
        let settings = RunSettings {
            steps,
            schedule: read.map(|read| Box::new(read.source)),
            sampler: self.sampler,
            spacing: self.spacing.clone(),
            eta: self.eta,
            churn: Churn {
                amount: self.s_churn,
                sigma_min: self.s_tmin,
                sigma_max: self.s_tmax.unwrap_or(f64::INFINITY),
                noise: self.s_noise,
            },
            seed: self.seed,
            ..self.model_options.settings(self.choice.source()?)
        };
        self.steering.on(settings)
    }
}

/// Reads a schedule and tells what is to be said about it.
pub(super) fn read_schedule(path: &Path) -> Result<ScheduleFile, Failure> {
    let file = schedule_file::read(path)?;
    for note in &file.notes {
        output::message(note);
    }
    Ok(file)
}

/// A number of steps beside a schedule that has its own.
#[derive(Debug, thiserror::Error)]
#[error("--schedule lists the levels of {} one by one, so --steps {asked} cannot be; leave --steps out", words::count(*.listed, "step"))]
struct StepsAreListed {
    listed: usize,
    asked: usize,
}
