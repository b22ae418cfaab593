//! `chromascope sample`: one run, saved completely.

use super::decoding;
use super::progress::{bar, cancel_on_interrupt};
use super::run_options::{OfImages, OfRun, RunOptions};
use super::{Ended, Failure, interrupt, interrupted, output};
use crate::denoiser::Clipping;
use crate::sampler::Variance;
use crate::session::archive::{self, Claim, Record, WriteError};
use crate::session::prepare::{Prepared, Resolved, prepare_with_progress};
use crate::session::{FarOut, RunError, RunSettings, Trajectory, elsewhere};
use crate::words::short;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Sample a model step by step and record every x_t, E[x_0|x_t] and ε̂
///
/// Writes trajectory.npz, trajectory.json and strip.png into the folder --out.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunOptions<OfRun>,
    #[command(flatten)]
    images: RunOptions<OfImages>,
    /// Repeat the run recorded in this trajectory.json. Only --out, --json and --onnxruntime may be given with it
    #[arg(long, value_name = "trajectory.json")]
    replay: Option<PathBuf>,
    /// Folder for the results, created if needed [default: chromascope-out, or chromascope-out-2, -3, … if that exists]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the record of the run as JSON instead of the paths
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn settings(&self) -> Result<RunSettings, Failure> {
        self.images.on(self.run.settings()?)
    }
}

pub(super) fn run(arguments: &Arguments, onnxruntime: Option<&Path>) -> Result<Ended, Failure> {
    let repeated = arguments.replay.as_deref().map(archive::read_record).transpose()?;
    let settings = match &repeated {
        Some(record) => record.to_repeat(),
        None => arguments.settings()?,
    }
    .with_absolute_paths();
    let reading = bar(0, "reading images");
    let prepared = prepare_with_progress(&settings, onnxruntime, &|loading| reading.loading(&loading));
    reading.finish_and_clear();
    let mut prepared = prepared?;
    let mut trajectory = prepared.run.trajectory();
    if let Some(record) = &repeated {
        prepared.notes.extend(record.check_same(&prepared.resolved, &trajectory)?);
    }
    if let Some(note) = header(&settings, &prepared) {
        output::message(&note);
    }
    for note in &prepared.notes {
        output::message(note);
    }
    let out = Out::take(arguments.out.as_deref())?;
    interrupt::ask_first();
    let outcome = sample(&mut prepared, &mut trajectory);
    let done = trajectory.snapshots.len();
    let steps = format!("the finished steps, {done} of {}, are", trajectory.steps());
    let mut failure = None;
    let embeddings = prepared.embeddings.take();
    // Its memory is the decoder's now.
    drop(prepared.run);
    let stopped = outcome.as_ref().is_err_and(RunError::is_cancelled);
    let decoding = decoding::decode(&settings, &prepared.resolved, &trajectory, (stopped, onnxruntime));
    let kept = if done == 0 {
        out.give_back();
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
        let kept = elsewhere::write(&out.folder, &std::env::temp_dir(), &steps, |folder| {
            archive::create_folder(folder)?;
            let embeddings = embeddings.as_deref();
            archive::write(folder, &trajectory, &record, archive::Further { embeddings, ..decoding.further() })
        })?;
        failure = kept.told(&steps, "");
        let archive::WrittenRun { record, files } = kept.written;
        if arguments.json {
            output::result(&serde_json::to_string_pretty(&record)?)?;
        } else {
            output::result(&files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("\n"))?;
        }
        format!("{steps} kept in {}", kept.at.display())
    };
    match (outcome, failure) {
        (Err(error), failure) if !error.is_cancelled() => {
            output::message(&failure.map_or_else(|| format!("{error}; {kept}"), |told| format!("{error}; {told}")));
            Ok(Ended::Badly)
        }
        (_, Some(told)) => Err(told.into()),
        (Ok(()), None) => decoding.ended(&kept),
        (Err(_), None) => {
            let how = if done > 0 && decoding.was_to_be { decoding::HOW_TO_DECODE } else { "" };
            output::message(&format!("stopped; {kept}{how}"));
            Err(Failure::Interrupted)
        }
    }
}

/// The sampler, where no note names it, and what is done to its estimates.
fn header(settings: &RunSettings, prepared: &Prepared) -> Option<String> {
    let Resolved { clipping, variance, .. } = &prepared.resolved;
    let clipped = match clipping {
        Clipping::None => None,
        Clipping::Clip { range } => Some(format!("estimated images clipped to ±{}", short(*range))),
        Clipping::Threshold { ratio, max_value } => Some(format!(
            "estimated images thresholded at their {} quantile, from 1 to {}",
            short(*ratio),
            short(*max_value)
        )),
    };
    let variance = variance.map(|variance| match variance {
        Variance::FixedSmall => "variance fixed_small".to_owned(),
        Variance::FixedLarge => "variance fixed_large".to_owned(),
    });
    let named = prepared.notes.iter().any(|note| note.starts_with("sampler: "));
    let details: Vec<String> = clipped.into_iter().chain(variance).collect();
    (!named || !details.is_empty()).then(|| {
        let sampler = if named { Vec::new() } else { vec![format!("sampler: {}", prepared.resolved.solver(settings))] };
        sampler.into_iter().chain(details).collect::<Vec<_>>().join(", ")
    })
}

/// The folder for the results, claimed against other programs.
struct Out {
    folder: PathBuf,
    was_there: bool,
    claim: Claim,
}

impl Out {
    /// The requested folder, or a new one.
    fn take(wanted: Option<&Path>) -> Result<Self, WriteError> {
        let was_there = wanted.is_some_and(Path::exists);
        let folder = match wanted {
            Some(folder) => archive::create_folder(folder).map(|()| folder.to_path_buf()),
            None => archive::create_new_folder("chromascope-out"),
        }?;
        let claim = archive::claim_folder(&folder)?;
        Ok(Self { folder, was_there, claim })
    }

    /// Removes the new folder if nothing was written.
    fn give_back(self) {
        drop(self.claim);
        if !self.was_there {
            // Only an empty folder can be removed by this call.
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
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
                Ok(Some(_)) => progress.inc(),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        finished.store(true, Ordering::Relaxed);
        progress.finish_and_clear();
        outcome
    })
}
