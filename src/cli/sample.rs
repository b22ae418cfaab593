//! `chromascope sample`: one run, kept whole.

use super::progress::{bar, cancel_on_interrupt};
use super::run_options::{RunOptions, count};
use super::{Ended, Failure, interrupted, output};
use crate::session::archive::{self, Record, WriteError};
use crate::session::prepare::{Prepared, prepare};
use crate::session::{FarOut, RunError, RunSettings, Trajectory, strip};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Sample a model step by step and keep every x_t, E[x_0|x_t] and ε̂
///
/// Writes trajectory.npz, trajectory.json and strip.png into the folder --out.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    /// Repeat the run that this trajectory.json records; only --out is taken from the command line besides
    #[arg(long, value_name = "trajectory.json")]
    replay: Option<PathBuf>,
    /// Images made at once; each is the same as it would be alone
    #[arg(long, short, value_name = "B", default_value_t = 1, value_parser = count, allow_negative_numbers = true)]
    batch: usize,
    /// Initial noise in place of the seed's: .npy, f32, [B, C, H, W], unit variance
    #[arg(long, value_name = "x_T.npy")]
    init_noise: Option<PathBuf>,
    /// Injected noise in place of the seed's: .npy, f32, [S, B, C, H, W], entry i used at step i
    #[arg(long, value_name = "n.npy")]
    step_noise: Option<PathBuf>,
    /// Folder for the results; made where it is not there [default: chromascope-out, or the first of chromascope-out-2,
    /// -3, … that is not there]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the record of the run as JSON instead of the paths
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn settings(&self) -> Result<RunSettings, Failure> {
        Ok(RunSettings {
            batch: self.batch,
            init_noise: self.init_noise.clone(),
            step_noise: self.step_noise.clone(),
            ..self.run.settings()?
        })
    }
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
        if let Some(far_out) = FarOut::of_run(&trajectory, &prepared.resolved) {
            output::message(&far_out.sentence(&settings, &prepared.resolved));
        }
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
        scope.spawn(|| cancel_on_interrupt(|| Some(canceller.clone()), &finished));
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

fn write(folder: &Path, trajectory: &Trajectory, record: &Record) -> Result<Vec<PathBuf>, WriteError> {
    archive::write(folder, trajectory, record)?;
    let mut files = vec![folder.join("trajectory.npz"), folder.join("trajectory.json")];
    files.extend(strip::write(folder, trajectory)?);
    Ok(files)
}
