//! Decoding of a run in latents, after its steps.

use super::progress::{bar, cancel_on_interrupt};
use super::{Ended, Failure, interrupted, output};
use crate::model::decoder::DecodeError;
use crate::session::decoded::{DecodedSteps, decode_steps, open_decoder, to_decode};
use crate::session::prepare::Resolved;
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
    /// Why that is not all, in words, if it was not the user.
    pub failed: Option<String>,
    /// Whether the user stopped it, and after how many images of how many, in words.
    pub stopped: Option<String>,
}

impl Decoding {
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

/// Decodes the steps that the settings name, as far as the user lets it. A model without a decoder has nothing to decode.
pub(super) fn decode(
    settings: &RunSettings,
    resolved: &Resolved,
    trajectory: &Trajectory,
    onnxruntime: Option<&Path>,
) -> Decoding {
    let steps = to_decode(settings.decode, trajectory);
    if steps.is_empty() {
        return Decoding::default();
    }
    let decoder = match open_decoder(settings, resolved, onnxruntime) {
        Ok(Some((decoder, note))) => {
            note.iter().for_each(|note| output::message(note));
            decoder
        }
        Ok(None) => return Decoding::default(),
        Err(error) => return Decoding { failed: Some(in_words(&error)), ..Decoding::default() },
    };
    let samples = trajectory.shape[0];
    let progress = bar(steps.len() * samples, "decoding");
    let finished = AtomicBool::new(false);
    let canceller = decoder.canceller();
    let (images, outcome) = std::thread::scope(|scope| {
        scope.spawn(|| cancel_on_interrupt(|| Some(canceller.clone()), &finished));
        let decoded = if interrupted().load(Ordering::Relaxed) {
            (DecodedSteps::default(), Err(DecodeError::Cancelled))
        } else {
            decode_steps(&decoder, trajectory, &steps, &mut || progress.inc())
        };
        finished.store(true, Ordering::Relaxed);
        progress.finish_and_clear();
        decoded
    });
    let all = images.images.iter().flat_map(|images| images.axis_iter(Axis(0)));
    if let Some(doubt) = all.into_iter().find_map(|image| decoder.doubt(image)) {
        output::message(&doubt);
    }
    let stopped = |images: &DecodedSteps| {
        format!("decoding was stopped after {} of {}", images.steps.len(), count(steps.len(), "step"))
    };
    match outcome {
        Ok(()) => Decoding { images, ..Decoding::default() },
        Err(error) if error.is_cancelled() => Decoding { stopped: Some(stopped(&images)), images, failed: None },
        Err(error) => Decoding { images, failed: Some(in_words(&error)), stopped: None },
    }
}

fn in_words(error: &DecodeError) -> String {
    Voice::CommandLine.say(&error.to_string())
}
