use super::{Memory, Sampler, Step};
use crate::denoiser::{DenoiseError, Denoised};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;
use ndarray::{Array4, Zip};

/// What is combined over steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combined {
    /// The estimated noise.
    Noise,
    /// `v = √ᾱ·ε − √(1−ᾱ)·x_0`, as in diffusers for networks that predict it.
    Velocity,
}

/// Pseudo numerical methods (Liu et al. 2022, arXiv 2202.09778): linear multistep and Runge–Kutta steps through equation 11,
/// which is a straight step in σ. As in diffusers' `PNDMScheduler`, the coefficients are those of steps of equal length.
///
/// The whole run begins with three Runge–Kutta steps of four evaluations; without them (PLMS) with one step that averages the
/// slopes at both ends.
#[derive(Clone, Debug)]
pub struct Pndm {
    runge_kutta: bool,
    combined: Combined,
    /// Whose timesteps halve a step; `None` halves it in ln σ.
    schedule: Option<ModelSchedule>,
    before: Option<Memory>,
}

/// Steps that Runge and Kutta's method begins with.
const FIRST: usize = 3;

/// Adams and Bashforth's weights of the outputs, newest first.
const WEIGHTS: [&[f64]; 4] = [
    &[1.0],
    &[1.5, -0.5],
    &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
    &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
];

impl Pndm {
    /// With or without Runge–Kutta steps at the beginning.
    #[must_use]
    pub fn new(runge_kutta: bool, combined: Combined, schedule: Option<&ModelSchedule>) -> Self {
        Self { runge_kutta, combined, schedule: schedule.cloned(), before: None }
    }

    fn output(&self, of: &Denoised, at: NoiseLevel) -> Array4<f64> {
        match self.combined {
            Combined::Noise => of.eps.clone(),
            Combined::Velocity => {
                let (signal, noise) = (at.sqrt_alpha_bar(), at.sqrt_one_minus_alpha_bar());
                let mut v = of.eps.clone();
                Zip::from(&mut v).and(of.data_prediction()).for_each(|v, &x0| *v = signal * *v - noise * x0);
                v
            }
        }
    }

    /// The level at which the state is tried in the middle of a step, and the one that the network is told: diffusers halves whole
    /// timesteps down, once from either end.
    fn middle(&self, from: NoiseLevel, to: NoiseLevel) -> (NoiseLevel, NoiseLevel) {
        let Some(schedule) = &self.schedule else {
            let middle = NoiseLevel::from_log_snr(0.5 * (from.log_snr() + to.log_snr()));
            return (middle, middle);
        };
        let ends = [schedule.timestep_of(from), schedule.timestep_of(to)];
        if matches!(schedule, ModelSchedule::Discrete(_)) && ends.iter().all(|t| (t - t.round()).abs() < 1e-6) {
            let [from, to] = ends.map(f64::round);
            let half = ((from - to) / 2.0).floor();
            return (schedule.level_at(from - half), schedule.level_at(to + half));
        }
        let middle = schedule.level_at(0.5 * (ends[0] + ends[1]));
        (middle, middle)
    }

    /// `x ← ` the state after a step of this output from the state and level at which the step begins.
    fn advance(&self, step: &mut Step, outputs: &[(f64, &Array4<f64>)]) {
        let (from, to) = (step.from(), step.to());
        let (state, weight) = self.move_by(from, to);
        step.combine(state, outputs.iter().map(|&(part, output)| (weight * part, output)));
    }

    /// The weights of the state and of the output in a step between two levels.
    fn move_by(&self, from: NoiseLevel, to: NoiseLevel) -> (f64, f64) {
        let signal = to.sqrt_alpha_bar();
        let (state, noise) = (signal / from.sqrt_alpha_bar(), signal * (to.sigma() - from.sigma()));
        match self.combined {
            Combined::Noise => (state, noise),
            // ε = √ᾱ·v + √(1−ᾱ)·x
            Combined::Velocity => (state + noise * from.sqrt_one_minus_alpha_bar(), noise * from.sqrt_alpha_bar()),
        }
    }

    /// Tries the state after a step by `output` at another level, tells the network `told`, and returns the output there.
    fn stage(
        &self,
        step: &mut Step,
        output: &Array4<f64>,
        to: NoiseLevel,
        told: NoiseLevel,
    ) -> Result<Array4<f64>, DenoiseError> {
        let (state, weight) = self.move_by(step.from(), to);
        step.try_sum(told, state, weight, output);
        step.denoise_tried()?;
        Ok(self.output(step.second(), told))
    }
}

impl Sampler for Pndm {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (at, from, to) = (step.at, step.from(), step.to());
        step.denoise()?;
        let output = self.output(&step.work.first, from);
        let before = Memory::before(self.before.as_ref(), at.index);
        let onto_image = to.sigma() == 0.0;
        if self.runge_kutta && at.index < FIRST && !onto_image {
            let (middle, told) = self.middle(from, to);
            let second = self.stage(step, &output, middle, told)?;
            let third = self.stage(step, &second, told, told)?;
            let fourth = self.stage(step, &third, to, to)?;
            let sixth = 1.0 / 6.0;
            self.advance(step, &[(sixth, &output), (2.0 * sixth, &second), (2.0 * sixth, &third), (sixth, &fourth)]);
        } else if before.is_empty() && !self.runge_kutta && !onto_image {
            let there = self.stage(step, &output, to, to)?;
            self.advance(step, &[(0.5, &output), (0.5, &there)]);
        } else {
            let weights = WEIGHTS[before.len().min(WEIGHTS.len() - 1)];
            let outputs: Vec<_> = weights.iter().copied().zip(std::iter::once(&output).chain(before)).collect();
            self.advance(step, &outputs);
        }
        Memory::push(&mut self.before, at.index, output, WEIGHTS.len() - 1);
        Ok(())
    }

    fn memory(&self) -> Option<Memory> {
        self.before.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.before = memory.cloned();
    }
}
