//! The errors of `E[x_0|x_t]` under a convention.

use super::probes::{fields, noise, noised, rms, spread};
use super::{Figures, LOG_SNRS, Network};
use crate::denoiser::DenoiseError;
use crate::theory::{NetworkState, NetworkTime, NoiseLevel, Parameterization};
use ndarray::Array4;
use std::collections::HashMap;

/// Steps in which a network makes an image of its own.
const STEPS: usize = 10;
/// σ from which they begin at most, and to which they lead.
const SIGMAS: (f64, f64) = (80.0, 0.05);
/// A value beyond which an image is given up.
const OUT_OF_BOUNDS: f64 = 1e4;

/// Images with noise at each level, and how far off a pixelwise Wiener estimate is there.
struct Probe {
    images: Array4<f64>,
    levels: Vec<(NoiseLevel, Array4<f64>, f64)>,
}

impl Probe {
    fn new(network: &dyn Network, images: Array4<f64>, levels: &[f64]) -> Self {
        let spread = spread(&images);
        let shape = network.shape();
        let levels = (0..).zip(levels).map(|(stream, &log_snr)| {
            let level = network.nearest(NoiseLevel::from_log_snr(log_snr));
            let sigma = level.sigma();
            let wiener = if sigma.is_finite() { sigma * spread / sigma.hypot(spread) } else { spread };
            (level, noised(&images, &noise(shape, stream), level), wiener)
        });
        Self { levels: levels.collect(), images }
    }
}

type Outputs = Vec<Option<Array4<f64>>>;

/// A network that was asked, with its answers so far.
pub(super) struct Asked<'a> {
    network: &'a mut dyn Network,
    fields: Probe,
    /// An image file.
    file: Option<Probe>,
    answers: HashMap<(NetworkState, NetworkTime), (Outputs, Outputs)>,
    /// The first sentence of a call that failed.
    fault: Option<String>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(network: &'a mut dyn Network, file: Option<&Array4<f64>>) -> Self {
        let smooth = Probe::new(network, fields(network.shape()), &LOG_SNRS);
        let file = file.map(|images| Probe::new(network, images.clone(), &LOG_SNRS[..4]));
        Self { network, fields: smooth, file, answers: HashMap::new(), fault: None }
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    /// One convention; the network's own images only where `own`.
    pub(super) fn figures(&mut self, words: Parameterization, own: bool) -> Result<Figures, DenoiseError> {
        let key = (words.state, words.time);
        if !self.answers.contains_key(&key) {
            let smooth = outputs(self.network, key, &self.fields, &mut self.fault)?;
            let file = match &self.file {
                Some(file) => outputs(self.network, key, file, &mut self.fault)?,
                None => Vec::new(),
            };
            self.answers.insert(key, (smooth, file));
        }
        let (smooth, of_file) = &self.answers[&key];
        let fields = errors(words, &self.fields, smooth);
        let images = match &self.file {
            Some(file) => Some(errors(words, file, of_file)),
            None if own => self.on_its_own(words)?,
            None => None,
        };
        Ok(Figures { words, fields, images })
    }

    /// The errors on an image that the network makes under this convention; `None` if it makes none.
    fn on_its_own(&mut self, words: Parameterization) -> Result<Option<[f64; 4]>, DenoiseError> {
        let Some(images) = self.make(words)? else { return Ok(None) };
        if spread(&images) < 1e-6 {
            return Ok(None);
        }
        let probe = Probe::new(self.network, images, &LOG_SNRS[..4]);
        let outputs = outputs(self.network, (words.state, words.time), &probe, &mut self.fault)?;
        Ok(Some(errors(words, &probe, &outputs)))
    }

    /// An image in a few DDIM steps over Karras' levels; `None` if it leaves all bounds.
    fn make(&mut self, words: Parameterization) -> Result<Option<Array4<f64>>, DenoiseError> {
        let nearest = |sigma: f64| self.network.nearest(NoiseLevel::from_sigma(sigma)).sigma();
        let (most, least) = (nearest(SIGMAS.0).min(SIGMAS.0), nearest(SIGMAS.1));
        let root = |sigma: f64| sigma.powf(1.0 / 7.0);
        let sigma = |step: usize| {
            let share = step as f64 / (STEPS - 1) as f64;
            NoiseLevel::from_sigma((root(most) + share * (root(least) - root(most))).powi(7))
        };
        let mut level = sigma(0);
        let mut x_t = level.sqrt_one_minus_alpha_bar() * noise(self.network.shape(), 100);
        for step in 0..STEPS {
            let asked = ask(self.network, (words.state, words.time), (&x_t, level), &mut self.fault)?;
            let Some(output) = asked else { return Ok(None) };
            let x0 = estimate(words, level, &x_t, &output);
            if x0.iter().any(|value| !value.is_finite() || value.abs() >= OUT_OF_BOUNDS) {
                return Ok(None);
            }
            if step + 1 == STEPS {
                return Ok(Some(x0));
            }
            let eps = (&x_t - level.sqrt_alpha_bar() * &x0) / level.sqrt_one_minus_alpha_bar();
            level = sigma(step + 1);
            x_t = level.sqrt_alpha_bar() * x0 + level.sqrt_one_minus_alpha_bar() * eps;
        }
        Ok(None)
    }
}

/// One output; `None` if the call fails or is not finite, which is what a wrong time may lead to.
fn ask(
    network: &mut dyn Network,
    (state, time): (NetworkState, NetworkTime),
    (x_t, level): (&Array4<f64>, NoiseLevel),
    fault: &mut Option<String>,
) -> Result<Option<Array4<f64>>, DenoiseError> {
    match network.output(state, time, x_t, level) {
        Ok(output) => Ok(Some(output)),
        Err(DenoiseError::Cancelled) => Err(DenoiseError::Cancelled),
        Err(error) => {
            fault.get_or_insert_with(|| error.to_string());
            Ok(None)
        }
    }
}

fn outputs(
    network: &mut dyn Network,
    words: (NetworkState, NetworkTime),
    probe: &Probe,
    fault: &mut Option<String>,
) -> Result<Outputs, DenoiseError> {
    probe.levels.iter().map(|(level, x_t, _)| ask(network, words, (x_t, *level), fault)).collect()
}

/// `E[x_0|x_t]` as this convention has it.
fn estimate(words: Parameterization, level: NoiseLevel, x_t: &Array4<f64>, output: &Array4<f64>) -> Array4<f64> {
    let map = words.x0_from(level);
    if map.state == 0.0 { map.output * output } else { map.state * x_t + map.output * output }
}

fn errors<const N: usize>(words: Parameterization, probe: &Probe, outputs: &Outputs) -> [f64; N] {
    std::array::from_fn(|at| {
        let (Some((level, x_t, wiener)), Some(Some(output))) = (probe.levels.get(at), outputs.get(at)) else {
            return f64::INFINITY;
        };
        let off = rms(&estimate(words, *level, x_t, output), &probe.images) / wiener;
        if off.is_finite() { off } else { f64::INFINITY }
    })
}
