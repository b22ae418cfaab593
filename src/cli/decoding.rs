//! Decoding of a run in latents, after its steps.

use super::progress::{bar, cancel_on_interrupt};
use super::{Ended, Failure, interrupted, output};
use crate::model::decoder::{DecodeError, Decoder, LinearColours};
use crate::session::archive::Further;
use crate::session::decoded::{DecodedSteps, colours_of, decode_steps, open_decoder_of, pipeline_of, to_decode};
use crate::session::prepare::Resolved;
use crate::session::settings::Decode;
use crate::session::{RunSettings, Trajectory};
use crate::words::count;
use crate::words::voice::Voice;
use ndarray::Axis;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was decoded of a run.
#[derive(Default)]
pub(super) struct Decoding {
    pub images: DecodedSteps,
    /// Colours of its latents, if they are known.
    pub colours: Option<LinearColours>,
    /// Why that is not all, in words, if it was not the user.
    pub failed: Option<String>,
    /// Whether the user stopped it, and after how many images of how many, in words.
    pub stopped: Option<String>,
    /// Whether nothing was decoded only because the run was stopped.
    pub was_to_be: bool,
}

/// What the user does about a run that was stopped before anything was decoded.
pub(super) const HOW_TO_DECODE: &str =
    "; images are decoded after the last step, so none is there: --replay with its trajectory.json makes the whole run";

impl Decoding {
    /// What goes into the files of the run.
    pub fn further(&self) -> Further<'_> {
        Further { decoded: Some(&self.images), colours: self.colours.as_ref(), ..Further::default() }
    }

    /// How the program ends after a run of which everything is `kept`, in words.
    pub fn ended(self, kept: &str) -> Result<Ended, Failure> {
        if let Some(stopped) = self.stopped {
            output::message(&format!("{stopped}; {kept}"));
            return Err(Failure::Interrupted);
        }
        if let Some(failed) = self.failed {
            output::message(&format!("{failed}; {kept}"));
            return Ok(Ended::Badly);
        }
        Ok(Ended::Well)
    }
}

/// Decodes the steps that the settings name, as far as the user lets it; none after a run that was stopped. A model without a
/// decoder has nothing to decode.
pub(super) fn decode(
    settings: &RunSettings,
    resolved: &Resolved,
    trajectory: &Trajectory,
    (was_stopped, onnxruntime): (bool, Option<&Path>),
) -> Decoding {
    let failed = |error: &dyn std::fmt::Display| Decoding {
        failed: Some(Voice::CommandLine.say(&error.to_string())),
        ..Decoding::default()
    };
    let pipeline = match pipeline_of(settings) {
        Ok(Some(pipeline)) => pipeline,
        Ok(None) => return Decoding::default(),
        Err(error) => return failed(&error),
    };
    let steps = to_decode(settings.decode, trajectory);
    let mut decoding = if steps.is_empty() || was_stopped {
        let was_to_be = was_stopped && settings.decode != Decode::None && pipeline.decoder.is_some();
        Decoding { was_to_be, ..Decoding::default() }
    } else {
        match open_decoder_of(&pipeline, settings, resolved, onnxruntime) {
            Ok(Some((decoder, note))) => {
                if let Some(note) = note {
                    output::message(&note);
                }
                decode_with(&decoder, trajectory, &steps)
            }
            Ok(None) => Decoding::default(),
            Err(error) => failed(&error),
        }
    };
    decoding.colours = colours_of(&pipeline.latents, trajectory, &decoding.images);
    decoding
}

fn decode_with(decoder: &Decoder, trajectory: &Trajectory, steps: &[usize]) -> Decoding {
    let samples = trajectory.shape[0];
    let progress = bar(steps.len() * samples, "decoding");
    let finished = AtomicBool::new(false);
    let canceller = decoder.canceller();
    let (images, outcome) = std::thread::scope(|scope| {
        scope.spawn(|| cancel_on_interrupt(|| Some(canceller.clone()), &finished));
        let decoded = if interrupted().load(Ordering::Relaxed) {
            (DecodedSteps::default(), Err(DecodeError::Cancelled))
        } else {
            decode_steps(decoder, trajectory, steps, &mut || progress.inc())
        };
        finished.store(true, Ordering::Relaxed);
        progress.finish_and_clear();
        decoded
    });
    let all = images.images.iter().flat_map(|images| images.axis_iter(Axis(0)));
    if let Some(doubt) = all.into_iter().find_map(|image| decoder.doubt(image)) {
        output::message(&doubt);
    }
    let (done, all) = (images.steps.len(), count(steps.len(), "step"));
    let decoding = Decoding { images, ..Decoding::default() };
    match outcome {
        Ok(()) => decoding,
        Err(error) if error.is_cancelled() => {
            let when = if done == 0 { "before its first image".into() } else { format!("after {done} of {all}") };
            Decoding { stopped: Some(format!("decoding was stopped {when}")), ..decoding }
        }
        Err(error) => Decoding { failed: Some(Voice::CommandLine.say(&error.to_string())), ..decoding },
    }
}
