//! `chromascope sample`: one run, kept whole.

use super::{Ended, Failure, interrupted, output};
use crate::model::PredictionType;
use crate::model::contract::PortNames;
use crate::model::onnx::Canceller;
use crate::model::package::Package;
use crate::sampler::Churn;
use crate::schedule::PlanSource;
use crate::session::archive::{self, Record, WriteError};
use crate::session::prepare::{Prepared, prepare};
use crate::session::schedule_file;
use crate::session::settings::{DEFAULT_STEPS, ModelSource, ProviderChoice};
use crate::session::{RunError, RunSettings, SamplerKind, Trajectory, strip};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Sample a model step by step and keep every x_t, E[x_0|x_t] and ε̂
///
/// Writes trajectory.npz, trajectory.json and strip.png into the folder --out.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Network: a bundled name, an .onnx file, or a folder with model.onnx and scheduler_config.json
    #[arg(long, value_name = "MODEL", conflicts_with = "images", default_value = "emoji-unet")]
    model: String,
    /// Instead of a network, the exact posterior mean over the images in this folder
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Repeat the run that this trajectory.json records; only --out is taken from the command line besides
    #[arg(long, value_name = "trajectory.json", conflicts_with_all = ["model", "images", "steps", "sampler", "spacing", "schedule", "seed", "batch", "label", "size", "eta", "init_noise", "step_noise", "hidden_states", "null_label", "scheduler_config", "prediction", "provider", "tf32", "threads", "partition", "s_churn", "s_tmin", "s_tmax", "s_noise", "input_sample", "input_timestep", "input_labels", "output_name"])]
    replay: Option<PathBuf>,
    /// Sampling steps
    #[arg(long, short = 'n', value_name = "N", help = format!("Sampling steps [default: {DEFAULT_STEPS}]"), value_parser = count, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// Sampler: ddim, ddpm, euler, euler-ancestral, heun or dpmpp-2m
    #[arg(long, value_name = "NAME", default_value_t)]
    sampler: SamplerKind,
    /// Timestep spacing (trailing, leading, linspace) or a σ family (karras, exponential, …) [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = spacing)]
    spacing: Option<String>,
    /// A schedule in place of the model's own: scheduler_config.json, CSV, NPY, a list of σ, or JSON as the window writes
    /// it. Where it lists its levels, --steps is theirs
    #[arg(long, value_name = "FILE", conflicts_with = "spacing")]
    schedule: Option<PathBuf>,
    /// Seed of the noise
    #[arg(long, short, value_name = "S", default_value_t = 0, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,
    /// Images made at once; each is the same as it would be alone
    #[arg(long, short, value_name = "B", default_value_t = 1, value_parser = count, allow_negative_numbers = true)]
    batch: usize,
    /// Class of the images, by number or by the name that `info` lists [default: the model's null class]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    label: Option<String>,
    /// The class that means "none", where neither the model's card nor its configuration says
    #[arg(long, value_name = "L")]
    null_label: Option<i64>,
    /// Height and width in pixels [default: the model's]
    #[arg(long, value_name = "HxW", value_parser = size)]
    size: Option<(usize, usize)>,
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
    #[arg(long, value_name = "SIGMA")]
    s_tmax: Option<f64>,
    /// Heun: S_noise, standard deviation of the noise added
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    s_noise: f64,
    /// Initial noise in place of the seed's: .npy, f32, [B, C, H, W], unit variance
    #[arg(long, value_name = "x_T.npy")]
    init_noise: Option<PathBuf>,
    /// Injected noise in place of the seed's: .npy, f32, [S, B, C, H, W], entry i used at step i
    #[arg(long, value_name = "n.npy")]
    step_noise: Option<PathBuf>,
    /// Conditioning embeddings for models that take them: .npy, f32, [B or 1, tokens, width]
    #[arg(long, value_name = "h.npy")]
    hidden_states: Option<PathBuf>,
    /// Folder for the results; made where it is not there [default: chromascope-out, or the first of chromascope-out-2,
    /// -3, … that is not there]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    model_options: ModelOptions,
    /// Print the record of the run as JSON instead of the paths
    #[arg(long)]
    json: bool,
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
    provider: ProviderFlag,
    /// Let CUDA round products to TF32: faster, equal to the CPU only to about 1e-3
    #[arg(long)]
    tf32: bool,
    /// Threads inside one operator of the network [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Most samples in one network call [default: by image size]
    #[arg(long, value_name = "N")]
    partition: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ProviderFlag {
    #[default]
    Auto,
    Cpu,
    Cuda,
    Rust,
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
            provider: match self.provider {
                ProviderFlag::Auto => ProviderChoice::Auto,
                ProviderFlag::Cpu => ProviderChoice::Cpu,
                ProviderFlag::Cuda => ProviderChoice::Cuda,
                ProviderFlag::Rust => ProviderChoice::Rust,
            },
            tf32: self.tf32,
            threads: self.threads,
            partition: self.partition,
            ..RunSettings::new(source)
        }
    }
}

impl Arguments {
    /// The number of steps along a schedule that was given.
    fn steps_on(&self, source: &PlanSource) -> Result<usize, Failure> {
        match (source.steps(), self.steps) {
            (Some(listed), Some(asked)) if listed != asked => Err(StepsAreListed { listed, asked }.into()),
            (Some(listed), _) => Ok(listed),
            (None, asked) => Ok(asked.unwrap_or(DEFAULT_STEPS)),
        }
    }

    fn settings(&self) -> Result<RunSettings, Failure> {
        let source = match &self.images {
            Some(folder) => ModelSource::Images(folder.clone()),
            None => ModelSource::Model(self.model.clone()),
        };
        let schedule = self.schedule.as_deref().map(read_schedule).transpose()?;
        Ok(RunSettings {
            steps: match &schedule {
                Some(source) => self.steps_on(source)?,
                None => self.steps.unwrap_or(DEFAULT_STEPS),
            },
            schedule,
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
            batch: self.batch,
            label: self.label.as_deref().map(|label| class_number(label, &source)).transpose()?,
            null_label: self.null_label,
            size: self.size,
            init_noise: self.init_noise.clone(),
            step_noise: self.step_noise.clone(),
            hidden_states: self.hidden_states.clone(),
            ..self.model_options.settings(source)
        })
    }
}

pub(super) fn read_schedule(path: &Path) -> Result<Box<PlanSource>, Failure> {
    let file = schedule_file::read(path)?;
    for note in &file.notes {
        output::message(note);
    }
    Ok(Box::new(file.source))
}

/// A number of steps beside a schedule that has its own.
#[derive(Debug, thiserror::Error)]
#[error("--schedule lists the levels of {listed} steps one by one, so --steps {asked} cannot be; leave --steps out")]
struct StepsAreListed {
    listed: usize,
    asked: usize,
}

/// A class that is no number and no name of the model's.
#[derive(Debug, thiserror::Error)]
#[error("there is no class \"{name}\"; {there}")]
struct UnknownClass {
    name: String,
    there: String,
}

/// A class by its number, or by its name whatever the capitals.
pub(super) fn class_number(label: &str, source: &ModelSource) -> Result<i64, Failure> {
    if let Ok(number) = label.parse() {
        return Ok(number);
    }
    let names = match source {
        ModelSource::Model(name) => Package::find(name)?.card.map(|card| card.class_names).unwrap_or_default(),
        ModelSource::Images(_) => Vec::new(),
    };
    let found = names.iter().position(|name| name.eq_ignore_ascii_case(label)).and_then(|n| i64::try_from(n).ok());
    found.ok_or_else(|| {
        let there = if names.is_empty() {
            "this model does not name its classes; give a number where it has any, or leave --label out".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        UnknownClass { name: label.to_owned(), there }.into()
    })
}

pub(super) fn run(arguments: &Arguments, onnxruntime: Option<&Path>) -> Result<Ended, Failure> {
    let repeated = arguments.replay.as_deref().map(archive::read_record).transpose()?;
    let settings = match &repeated {
        Some(record) => record.to_repeat(),
        None => arguments.settings()?,
    }
    .with_absolute_paths();
    let out = arguments.out.clone().unwrap_or_else(unused_folder);
    let reading = bar(0, "reading images");
    let prepared = prepare(&settings, onnxruntime, &|done, total| {
        reading.set_length(total as u64);
        reading.set_position(done as u64);
        !interrupted().load(Ordering::Relaxed)
    });
    reading.finish_and_clear();
    if prepared.is_err() && interrupted().load(Ordering::Relaxed) {
        return Err(Failure::Interrupted);
    }
    let mut prepared = prepared?;
    let mut trajectory = prepared.run.trajectory();
    if let Some(record) = &repeated {
        prepared.notes.extend(record.check_same(&prepared.resolved, &trajectory)?);
    }
    for note in &prepared.notes {
        output::message(note);
    }
    let was_there = out.exists();
    archive::create_folder(&out)?;
    let outcome = sample(&mut prepared, &mut trajectory);
    let done = trajectory.snapshots.len();
    let kept = if done == 0 {
        if !was_there {
            // Only an empty folder can be removed like this.
            let _ = std::fs::remove_dir(&out);
        }
        "no step was finished, so nothing was written".to_owned()
    } else {
        let stopped_because = outcome
            .as_ref()
            .err()
            .map(|error| if error.is_cancelled() { "stopped by the user".to_owned() } else { error.to_string() });
        let record = Record::new(settings, prepared.resolved, &trajectory, stopped_because);
        let files = write(&out, &trajectory, &record)?;
        if arguments.json {
            output::result(&serde_json::to_string_pretty(&record)?)?;
        } else {
            output::result(&files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("\n"))?;
        }
        format!("the finished steps, {done} of {}, are kept in {}", trajectory.steps(), out.display())
    };
    match outcome {
        Ok(()) => Ok(Ended::Well),
        Err(error) if error.is_cancelled() => {
            output::message(&format!("stopped; {kept}"));
            Err(Failure::Interrupted)
        }
        Err(error) => {
            output::message(&format!("{error}; {kept}"));
            Ok(Ended::Badly)
        }
    }
}

/// A folder for results that holds none yet.
fn unused_folder() -> PathBuf {
    let names = std::iter::once("chromascope-out".to_owned()).chain((2..).map(|n| format!("chromascope-out-{n}")));
    names.map(PathBuf::from).find(|folder| !folder.exists()).unwrap_or_default()
}

fn sample(prepared: &mut Prepared, trajectory: &mut Trajectory) -> Result<(), RunError> {
    let steps = prepared.run.steps();
    let progress = bar(steps, "sampling");
    let finished = AtomicBool::new(false);
    let canceller = prepared.canceller.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| cancel_on_interrupt(&canceller, &finished));
        let outcome = loop {
            if interrupted().load(Ordering::Relaxed) {
                break Err(RunError {
                    step: trajectory.snapshots.len() + 1,
                    steps,
                    source: crate::denoiser::DenoiseError::Cancelled,
                });
            }
            match prepared.run.step(trajectory) {
                Ok(Some(_)) => progress.inc(1),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        finished.store(true, Ordering::Relaxed);
        progress.finish_and_clear();
        outcome
    })
}

/// Carries Ctrl-C into a network call under way.
pub(super) fn cancel_on_interrupt(canceller: &Canceller, finished: &AtomicBool) {
    while !finished.load(Ordering::Relaxed) {
        if interrupted().load(Ordering::Relaxed) {
            canceller.cancel();
            return;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn write(folder: &Path, trajectory: &Trajectory, record: &Record) -> Result<Vec<PathBuf>, WriteError> {
    archive::write(folder, trajectory, record)?;
    let mut files = vec![folder.join("trajectory.npz"), folder.join("trajectory.json")];
    files.extend(strip::write(folder, trajectory)?);
    Ok(files)
}

/// A progress bar on stderr, where that is a terminal.
pub(super) fn bar(length: usize, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} · {eta} left");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}
