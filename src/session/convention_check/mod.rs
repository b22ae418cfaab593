//! A check of the words of a network: which state, time and prediction make its output an estimate of the image.
//!
//! The network is run on noised images at λ = 6, 2, 0, −2 and −8, or the nearest level it was trained on, under each
//! convention. The error of `E[x_0|x_t]` is compared with that of the pixelwise Wiener estimate,
//! `σ·s/√(σ² + s²)` for images of standard deviation s: a figure of 1 is no better than an estimate that looks at one pixel and
//! knows nothing but s. Images come from three places:
//!
//! - smooth random fields, for every convention;
//! - images that the network makes itself under a convention in a few steps. A network recognises its own images, and
//!   denoises them far better than one pixel at a time, only under the convention that it was trained in;
//! - an image file, if one is given. It then takes the place of the network's own images.

mod figures;
mod network;
mod probes;
mod verdict;
mod words;

pub use network::Network;
pub use verdict::{Verdict, judge};

use self::figures::Asked;
use crate::denoiser::DenoiseError;
use crate::theory::{NetworkState, NetworkTime, Parameterization, Prediction};
use ndarray::Array4;
use std::time::{Duration, Instant};

/// The log-SNRs at which a network is run.
pub const LOG_SNRS: [f64; 5] = [6.0, 2.0, 0.0, -2.0, -8.0];

/// What the check measured under one convention. Every figure is the error of `E[x_0|x_t]`, in units of the pixelwise Wiener
/// estimate's; infinite if the output is not finite.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Figures {
    /// The convention.
    #[serde(flatten)]
    pub words: Parameterization,
    /// On smooth fields, at each of [`LOG_SNRS`].
    pub fields: [f64; 5],
    /// On the image file or the network's own images, at each of [`LOG_SNRS`] but the last; `None` if there are none.
    pub images: Option<[f64; 4]>,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The convention in use, if it is known.
    pub set: Option<Parameterization>,
    /// The conclusion.
    pub verdict: Verdict,
    /// The measurements, the set convention first and then in the order of the error.
    pub figures: Vec<Figures>,
    /// Number of conventions that the time limit left out.
    pub left_out: usize,
    /// Whether the network takes latents, which no picture can stand for.
    pub has_latents: bool,
    /// Whether `images` are an image file.
    pub from_file: bool,
}

/// Why a network cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The check was cancelled.
    #[error("the check was stopped")]
    Stopped,
    /// The network gives no output under any convention.
    #[error("the network cannot be checked: {0}")]
    NoAnswer(String),
}

/// What to check with.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// Images in [−1, 1] of the network's shape, instead of its own.
    pub images: Option<Array4<f64>>,
    /// Time after which no further convention is tried.
    pub limit: Option<Duration>,
}

/// The conventions in which most networks are trained.
const USUAL: [(NetworkState, NetworkTime, Prediction); 11] = [
    (NetworkState::Vp, NetworkTime::Index, Prediction::Epsilon),
    (NetworkState::Vp, NetworkTime::Index, Prediction::VPrediction),
    (NetworkState::Vp, NetworkTime::Index, Prediction::Sample),
    (NetworkState::Flow, NetworkTime::FlowThousand, Prediction::FlowPrediction),
    (NetworkState::Flow, NetworkTime::Flow, Prediction::FlowPrediction),
    (NetworkState::Ve, NetworkTime::Sigma, Prediction::Sample),
    (NetworkState::Ve, NetworkTime::Sigma, Prediction::Score),
    (NetworkState::Ve, NetworkTime::Sigma, Prediction::Epsilon),
    (NetworkState::Edm, NetworkTime::CNoise, Prediction::Edm),
    (NetworkState::Vp, NetworkTime::CNoise, Prediction::VPrediction),
    (NetworkState::Vp, NetworkTime::LogSnr, Prediction::VPrediction),
];

/// Number of words in which two conventions differ.
fn distance(a: &Parameterization, b: &Parameterization) -> usize {
    usize::from(a.state != b.state) + usize::from(a.time != b.time) + usize::from(a.prediction != b.prediction)
}

fn is_usual(words: &Parameterization) -> bool {
    USUAL.contains(&(words.state, words.time, words.prediction))
}

/// All conventions that the network can be run under: the one in use, the usual ones, those one word away from it, and the
/// rest. The number is that of those before the rest.
fn candidates(network: &dyn Network, set: Option<Parameterization>) -> (Vec<Parameterization>, usize) {
    let sigma_data = network.sigma_data();
    let mut all: Vec<Parameterization> = Vec::new();
    for &state in NetworkState::ALL {
        for &time in NetworkTime::ALL.iter().filter(|time| network.takes(**time)) {
            let of = |&prediction| Parameterization { sigma_data, ..Parameterization::new(state, time, prediction) };
            all.extend(Prediction::ALL.iter().map(of));
        }
    }
    let rank = |words: &Parameterization| match set.map(|set| distance(&set, words)) {
        Some(0) => 0,
        _ if is_usual(words) => 1,
        Some(1) => 2,
        _ => 3,
    };
    all.sort_by_key(rank);
    let near = all.iter().take_while(|words| rank(words) < 3).count();
    (all, near)
}

/// Checks a network. `progress` gets the number of conventions finished and of all, and stops the check by `false`.
pub fn check(
    network: &mut dyn Network,
    set: Option<Parameterization>,
    means: &Means,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Report, CheckError> {
    let (all, near) = candidates(network, set);
    let begun = Instant::now();
    let has_latents = !matches!(network.shape()[1], 1 | 3);
    let mut asked = Asked::new(network, means.images.as_ref());
    let mut figures: Vec<Figures> = Vec::with_capacity(all.len());
    for (done, words) in all.iter().enumerate() {
        let late = means.limit.is_some_and(|limit| begun.elapsed() > limit);
        if late && done > 0 {
            break;
        }
        if !progress(done, all.len()) {
            return Err(CheckError::Stopped);
        }
        let found = asked.figures(*words, done < near);
        figures.push(found.map_err(|error| match error {
            DenoiseError::Cancelled => CheckError::Stopped,
            other => CheckError::NoAnswer(other.to_string()),
        })?);
    }
    if let (Some(error), true) = (asked.fault(), figures.iter().all(|of| of.fields.iter().all(|off| off.is_infinite())))
    {
        return Err(CheckError::NoAnswer(error));
    }
    let left_out = all.len() - figures.len();
    // Latents are not like smooth fields, so only a network that recognises its own can be judged.
    let verdict = if has_latents && !figures.iter().any(|of| verdict::recognised(of).is_some()) {
        Verdict::CannotTell(Vec::new())
    } else {
        judge(set, &figures)
    };
    let first = usize::from(set.is_some()).min(figures.len());
    figures[first..].sort_by(verdict::order);
    Ok(Report { set, verdict, figures, left_out, has_latents, from_file: means.images.is_some() })
}

#[cfg(test)]
mod tests;
