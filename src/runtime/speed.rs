//! Step times, and the decision whether a live run starts with a preview of a few steps.

use crate::sampler::Solver;
use crate::session::prepare::Resolved;
use std::collections::VecDeque;

/// Number of steps used for the prediction.
const LATEST: usize = 9;
/// Longest time before a live run shows anything, seconds.
const PROMPT: f64 = 0.25;
/// Longest time of a preview, seconds.
const COARSE: f64 = 0.2;
/// Fewest steps of a preview.
const FEWEST: usize = 2;

/// Times of the latest steps of one model, shape and sampler.
#[derive(Default)]
pub(super) struct Speed {
    of: Option<StepKind>,
    seconds: VecDeque<f64>,
}

/// The properties that step times depend on.
#[derive(PartialEq)]
struct StepKind {
    model_sha256: String,
    provider: String,
    threads: usize,
    shape: [usize; 4],
    sampler: Solver,
}

impl Speed {
    /// A run begins.
    pub(super) fn begin(&mut self, resolved: &Resolved, shape: [usize; 4], sampler: Solver) {
        let kind = StepKind {
            model_sha256: resolved.model_sha256.clone(),
            provider: resolved.provider.clone(),
            threads: resolved.threads,
            shape,
            sampler,
        };
        if self.of.as_ref() != Some(&kind) {
            self.seconds.clear();
            self.of = Some(kind);
        }
    }

    /// Records the time of a step.
    pub(super) fn push(&mut self, seconds: f64) {
        self.seconds.truncate(LATEST - 1);
        self.seconds.push_front(seconds);
    }

    /// The number of steps of a preview for the `left` steps of a live run; `None` if these are quick,
    /// if a preview would have as many, or if no step has been timed yet.
    pub(super) fn coarse_steps(&self, left: usize) -> Option<usize> {
        let mut seconds: Vec<f64> = self.seconds.iter().copied().collect();
        seconds.sort_by(f64::total_cmp);
        let typical = *seconds.get(seconds.len() / 2)?;
        if typical * left as f64 <= PROMPT {
            return None;
        }
        #[allow(clippy::cast_sign_loss)] // times are not negative
        let fit = (COARSE / typical) as usize;
        Some(fit.max(FEWEST)).filter(|&steps| steps < left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_models_get_as_many_coarse_steps_as_fit() {
        let mut speed = Speed::default();
        assert_eq!(speed.coarse_steps(1000), None, "nothing is known yet");
        speed.push(0.02);
        assert_eq!([12, 13, 50].map(|left| speed.coarse_steps(left)), [None, Some(10), Some(10)]);
        // One step delayed by the system changes nothing.
        speed.push(0.02);
        speed.push(9.0);
        assert_eq!(speed.coarse_steps(12), None);
        for _ in 0..LATEST {
            speed.push(1.0);
        }
        assert_eq!([1, 2, 3, 50].map(|left| speed.coarse_steps(left)), [None, None, Some(2), Some(2)]);
    }
}
