use super::{ClassDenoiser, DenoiseError, Denoised};
use crate::theory::NoiseLevel;
use ndarray::ArrayView4;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which texts make up a prompt: each with the step from which on it rules, counted from 0 at the noise, in this order. One
/// that is empty is a prompt that stays as it is.
pub type Timeline = Vec<(usize, i64)>;

/// The step that a run is making. All clones show the same.
///
/// A denoiser sees the noise level alone, which two steps may share: the last evaluation of a step of Heun's method is at the
/// level where the next step begins.
#[derive(Clone, Debug)]
pub struct StepClock(Arc<AtomicUsize>);

/// Shown where no step is being made.
const NO_STEP: usize = usize::MAX;

impl Default for StepClock {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(NO_STEP)))
    }
}

impl StepClock {
    /// Says which step is being made, `None` for none.
    pub fn set(&self, step: Option<usize>) {
        self.0.store(step.unwrap_or(NO_STEP), Ordering::Relaxed);
    }

    /// The step that is being made, if anybody says so.
    #[must_use]
    pub fn step(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|step| *step != NO_STEP)
    }
}

/// Prompts whose text changes in the course of a run (`[a:b:0.4]`, `[a|b]`): a prompt's number is replaced by that of the
/// text that rules at this step. Every evaluation belongs to the step it is made in.
///
/// It stands outside of what asks at other levels than the run's, such as upsample guidance.
pub struct PromptsOverTime<D> {
    inner: D,
    /// By the number of the prompt.
    timelines: Vec<Timeline>,
    /// λ of the run's levels, noisiest first.
    levels: Vec<f64>,
    clock: StepClock,
    classes: Vec<i64>,
}

impl<D: ClassDenoiser> PromptsOverTime<D> {
    /// `timelines[n]` belongs to prompt n; a prompt without one stays. `levels` are those of the run, one more than its
    /// steps; they say which step it is where `clock` does not.
    pub fn new(inner: D, timelines: Vec<Timeline>, levels: &[NoiseLevel], clock: StepClock) -> Self {
        let levels = levels.iter().map(|level| level.log_snr()).collect();
        Self { inner, timelines, levels, clock, classes: Vec::new() }
    }

    /// The step that a level belongs to: the one that begins there, or passes it.
    fn step_of(&self, level: NoiseLevel) -> usize {
        let begun = self.levels.iter().take_while(|begins| **begins <= level.log_snr()).count();
        begun.saturating_sub(1).min(self.levels.len().saturating_sub(2))
    }

    /// The number of the text of a prompt at a step.
    fn text_at(&self, prompt: i64, step: usize) -> i64 {
        let timeline = usize::try_from(prompt).ok().and_then(|prompt| self.timelines.get(prompt));
        let begun = timeline.and_then(|timeline| timeline.iter().take_while(|(first, _)| *first <= step).last());
        begun.map_or(prompt, |(_, text)| *text)
    }
}

impl<D: ClassDenoiser> ClassDenoiser for PromptsOverTime<D> {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let step = self.clock.step().unwrap_or_else(|| self.step_of(level));
        let mut texts = std::mem::take(&mut self.classes);
        texts.clear();
        texts.extend(classes.iter().map(|&prompt| self.text_at(prompt, step)));
        let done = self.inner.denoise_classes(x_t, level, &texts, out);
        self.classes = texts;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::guided::{GuidanceScale, Guided, Prompt, RunTime};
    use crate::denoiser::{Denoiser, OfClass};
    use crate::sampler::{Churn, SeededNoise, Variance};
    use crate::session::{Run, SamplerKind};
    use ndarray::{Array4, Axis};
    use std::sync::Mutex;

    /// Answers every text otherwise, and keeps what it was asked.
    #[derive(Clone, Default)]
    struct Texts(Arc<Mutex<Vec<Vec<i64>>>>);

    impl ClassDenoiser for Texts {
        fn denoise_classes(
            &mut self,
            x_t: ArrayView4<f64>,
            level: NoiseLevel,
            classes: &[i64],
            out: &mut Denoised,
        ) -> Result<(), DenoiseError> {
            let (signal, noise) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
            for (sample, x) in x_t.axis_iter(Axis(0)).enumerate() {
                let class = classes.get(sample).or(classes.last()).copied().unwrap_or_default();
                let x0 = x.mapv(|x| (0.3 * class as f64 + signal * x).tanh());
                out.eps.index_axis_mut(Axis(0), sample).assign(&((&x - &(signal * &x0)) / noise));
                out.x0.index_axis_mut(Axis(0), sample).assign(&x0);
            }
            out.timestep = 0.0;
            self.0.lock().unwrap().push(classes.to_vec());
            Ok(())
        }
    }

    fn levels() -> Vec<NoiseLevel> {
        (0..=6).map(|step| NoiseLevel::from_log_snr(f64::from(step) - 4.0)).collect()
    }

    /// The end of a run of six steps under guidance, and the texts of each call.
    fn run(sampler: SamplerKind, timelines: Option<Vec<Timeline>>, says: bool) -> (Array4<f32>, Vec<Vec<i64>>) {
        let (inner, clock, noise) = (Texts::default(), StepClock::default(), SeededNoise { seed: 3, first_sample: 0 });
        let (scale, time) = (GuidanceScale::Constant(3.0), RunTime::of(&levels()));
        let guided: Box<dyn Denoiser> = match timelines {
            None => Box::new(Guided::new(inner.clone(), Prompt::Class(1), scale, 0, time)),
            Some(timelines) => {
                let over_time = PromptsOverTime::new(inner.clone(), timelines, &levels(), clock.clone());
                Box::new(Guided::new(over_time, Prompt::Class(1), scale, 0, time))
            }
        };
        let sampler = sampler.build(None, Churn { amount: 2.0, ..Churn::default() }, Variance::default());
        let mut run = Run::new(guided, sampler, Box::new(noise), levels(), noise.initial([1, 2, 2, 3]));
        if says {
            run = run.with_clock(clock);
        }
        let mut trajectory = run.trajectory();
        while run.step(&mut trajectory).unwrap().is_some() {}
        let asked = inner.0.lock().unwrap().clone();
        ((*trajectory.state).clone(), asked)
    }

    #[test]
    fn prompts_that_do_not_change_are_as_without_it() {
        for sampler in SamplerKind::ALL {
            let plain = run(sampler, None, false);
            for timelines in [vec![], vec![vec![], vec![(0, 1)]]] {
                for says in [true, false] {
                    assert_eq!(run(sampler, Some(timelines.clone()), says), plain, "{sampler}");
                }
            }
        }
    }

    #[test]
    fn the_text_of_a_step_rules_all_its_evaluations() {
        // Text 2 for two steps, then 3, then 4; the null prompt changes once.
        let timelines = || vec![vec![(0, 0), (3, 5)], vec![(0, 2), (2, 3), (5, 4)]];
        let (_, asked) = run(SamplerKind::Euler, Some(timelines()), true);
        let expected = [[2, 0], [2, 0], [3, 0], [3, 5], [3, 5], [4, 5]];
        assert_eq!(asked, expected);
        assert_eq!(run(SamplerKind::Euler, Some(timelines()), false).1, expected);
        // Heun's method evaluates the end of a step, which is where the next begins, and churn lifts its beginning.
        let (_, asked) = run(SamplerKind::Heun, Some(timelines()), true);
        let twice: Vec<[i64; 2]> = expected.iter().flat_map(|texts| [*texts; 2]).collect();
        assert_eq!(asked, twice);
    }

    #[test]
    fn a_level_belongs_to_the_step_that_passes_it() {
        let over_time = PromptsOverTime::new(Texts::default(), Vec::new(), &levels(), StepClock::default());
        let step = |log_snr: f64| over_time.step_of(NoiseLevel::from_log_snr(log_snr));
        assert_eq!([-9.0, -4.0, -3.5, -3.0, 0.9, 1.0, 2.0, 9.0].map(step), [0, 0, 0, 1, 4, 5, 5, 5]);
    }

    #[test]
    fn several_prompts_change_apart() {
        let mut over_time = OfClass::new(
            PromptsOverTime::new(Texts::default(), vec![vec![], vec![(0, 1), (1, 7)]], &levels(), StepClock::default()),
            Some(1),
        );
        let x_t = Array4::from_elem([1, 1, 1, 1], 0.5);
        let mut x0 = |step: usize| {
            let mut out = Denoised::zeros([1; 4]);
            over_time.denoise(x_t.view(), levels()[step], &mut out).unwrap();
            out.x0[[0; 4]]
        };
        assert!(x0(0) < x0(1) && x0(1) < x0(2));
    }
}
