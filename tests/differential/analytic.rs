//! The network and the noise of `tools/golden/analytic.py`.

use chromascope::denoiser::{DenoiseError, Denoised, Denoiser};
use chromascope::model::SchedulerConfig;
use chromascope::sampler::NoiseSource;
use chromascope::schedule::ModelSchedule;
use chromascope::theory::{NoiseLevel, Parameterization, Prediction};
use ndarray::{Array4, ArrayView4, Zip};

pub const PIXELS: usize = 8;

/// `SplitMix64`'s finaliser.
fn mixed(key: u64) -> u64 {
    let key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

/// Uniform deviates of unit variance, keyed by case, step (−1 for `x_T`) and draw within it.
#[derive(Clone, Copy)]
pub struct Keyed(pub u64);

impl Keyed {
    pub fn draw(self, step: i64, draw: u64, out: &mut Array4<f64>) {
        let of_step = mixed(mixed(self.0).wrapping_add_signed(step + 1));
        for (pixel, value) in (0..).zip(out.iter_mut()) {
            let key = mixed(of_step.wrapping_add(16 * draw + pixel));
            *value = ((key >> 11) as f64 * (-53_f64).exp2() - 0.5) * 12_f64.sqrt();
        }
    }

    pub fn initial(self) -> Array4<f64> {
        let mut out = Array4::zeros([1, 1, 2, PIXELS / 2]);
        self.draw(-1, 0, &mut out);
        out
    }
}

impl NoiseSource for Keyed {
    fn fill(&mut self, step: usize, out: &mut Array4<f64>) {
        self.draw(i64::try_from(step).unwrap(), 0, out);
    }

    fn fill_again(&mut self, step: usize, out: &mut Array4<f64>) {
        self.draw(i64::try_from(step).unwrap(), 1, out);
    }
}

pub fn phase(pixel: usize) -> f64 {
    (0.7 * pixel as f64).sin()
}

/// A network of a line, spoken to as the configuration says.
pub struct Network {
    parameterization: Parameterization,
    schedule: ModelSchedule,
    trained: f64,
    /// Timesteps of the levels that a run visits; between them they are the schedule's.
    told: Vec<(NoiseLevel, f64)>,
}

impl Network {
    pub fn new(config: &SchedulerConfig, schedule: &ModelSchedule, told: Vec<(NoiseLevel, f64)>) -> Self {
        let trained = config.num_train_timesteps as f64;
        Self { parameterization: config.parameterization(), schedule: schedule.clone(), trained, told }
    }
}

fn output(prediction: Prediction, x: f64, u: f64, phase: f64) -> f64 {
    match prediction {
        Prediction::Epsilon => {
            let rest = 1.0 - u;
            x * (1.0 - rest.powi(3)) + 0.5 * rest.powi(2) * (2.0 * x + phase).tanh()
        }
        Prediction::Sample => 0.9 * (1.1 * x + phase + 0.5 * u).tanh(),
        Prediction::VPrediction => 0.8 * (0.9 * x - phase + u).tanh(),
        Prediction::FlowPrediction => 0.5 * x + 0.8 * (x + phase - u).tanh(),
        Prediction::Edm => 0.8 * (0.9 * x + phase + 0.3 * u.tanh()).tanh(),
        Prediction::Score => unreachable!("no configuration names it"),
    }
}

impl Denoiser for Network {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let prediction = self.parameterization.prediction;
        let told = self.told.iter().find(|(at, _)| *at == level).map(|&(_, timestep)| timestep);
        let timestep = told.unwrap_or_else(|| self.schedule.timestep_of(level));
        let u = if prediction == Prediction::Edm { timestep } else { timestep / self.trained };
        let scale = self.parameterization.input_scale(level);
        let (x0, eps) = (self.parameterization.x0_from(level), self.parameterization.eps_from(level));
        let mut pixel = 0;
        Zip::from(&mut out.x0).and(&mut out.eps).and(x_t).for_each(|out_x0, out_eps, &x| {
            let said = output(prediction, scale * x, u, phase(pixel));
            pixel += 1;
            *out_x0 = x0.state * x + x0.output * said;
            *out_eps = eps.state * x + eps.output * said;
        });
        out.timestep = timestep;
        Ok(())
    }
}
