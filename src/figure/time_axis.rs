use super::ticks::{self, Tick};
use super::{Axis, Mark, MarkKind, Paint, Role};
use crate::schedule::{ModelSchedule, Plan};
use crate::session::document::AxisReading;
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};

/// The spacing and unit of the shared axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The sampler's steps, 0 … S.
    #[default]
    Step,
    /// Run time `s = 1 − step/S`, from 1 (noise) to 0 (image).
    RunTime,
    /// The number that the network is fed.
    Timestep,
    /// λ, nats.
    LogSnr,
    /// σ, on a logarithmic axis; spaced like λ.
    Sigma,
    /// Evaluations of the network so far.
    Evaluations,
}

impl Reading {
    /// All units, in the order of a menu.
    pub const ALL: [Self; 6] =
        [Self::Step, Self::RunTime, Self::Timestep, Self::LogSnr, Self::Sigma, Self::Evaluations];

    /// The axis's label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::RunTime => "run time s",
            Self::Timestep => "timestep t",
            Self::LogSnr => "log-SNR λ",
            Self::Sigma => "noise level σ",
            Self::Evaluations => "network evaluations",
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        if matches!(self, Self::LogSnr) { "nats" } else { "" }
    }
}

/// The axis that everything with time shares: x from 0 (noise, left) to 1 (image, right).
///
/// A position in a run is a fractional step `u` in [0, S]: whole `u` is the state at `levels[u]`. Between two of them the
/// timestep is interpolated linearly, and the level so that the flow time `s = σ/(1+σ)` is linear in u, which also
/// leads smoothly to a clean end (`λ = +∞`) and from a start of pure noise (`λ = −∞`).
///
/// In steps and run time x is linear in u, in evaluations of the network linear within each step. In timesteps, λ and σ, x is
/// linear in t or λ; an end that is infinite, or at the same place as the step before it, is placed one mean step beyond (the mean
/// of those that move).
#[derive(Clone, Debug, PartialEq)]
pub struct TimeAxis {
    levels: Vec<NoiseLevel>,
    /// The weights of noise and image at each level, `s` and `1 − s`.
    weights: Vec<[f64; 2]>,
    timesteps: Vec<f64>,
    /// x of every whole step, spaced by timestep and by λ.
    x_by_timestep: Vec<f64>,
    x_by_log_snr: Vec<f64>,
    /// Evaluations of the network before every whole step, from 0, and x spaced by them.
    evaluations: Vec<f64>,
    x_by_evaluations: Vec<f64>,
}

impl From<AxisReading> for Reading {
    fn from(choice: AxisReading) -> Self {
        match choice {
            AxisReading::Step => Self::Step,
            AxisReading::RunTime => Self::RunTime,
            AxisReading::Timestep => Self::Timestep,
            AxisReading::LogSnr => Self::LogSnr,
            AxisReading::Sigma => Self::Sigma,
            AxisReading::Evaluations => Self::Evaluations,
        }
    }
}

impl TimeAxis {
    /// The axis of a plan on the model it was made for.
    #[must_use]
    pub fn new(plan: &Plan, model: &ModelSchedule) -> Self {
        Self::of_levels(plan.levels().to_vec(), plan.timesteps().to_vec(), model)
    }

    /// The axis of a run: its levels, one more than steps, and the timestep of each step.
    ///
    /// # Panics
    /// If there is no level.
    #[must_use]
    pub fn of_levels(levels: Vec<NoiseLevel>, mut timesteps: Vec<f64>, model: &ModelSchedule) -> Self {
        timesteps.push(model.timestep_of(levels[levels.len() - 1]));
        Self::with_timesteps(levels, timesteps)
    }

    /// The axis of a run without its model, so that the timestep of its end is not known.
    ///
    /// # Panics
    /// If there is no level.
    #[must_use]
    pub fn of_steps(levels: Vec<NoiseLevel>, mut timesteps: Vec<f64>) -> Self {
        let last = timesteps.last().copied().unwrap_or_default();
        timesteps.push(last);
        Self::with_timesteps(levels, timesteps)
    }

    fn with_timesteps(levels: Vec<NoiseLevel>, timesteps: Vec<f64>) -> Self {
        let x_by_timestep = places(timesteps.iter().map(|timestep| -timestep));
        let x_by_log_snr = places(levels.iter().map(|level| level.log_snr()));
        let weights = levels.iter().map(|&level| weights(level)).collect();
        let evaluations: Vec<f64> = (0..levels.len()).map(|step| step as f64).collect();
        let x_by_evaluations = places(evaluations.iter().copied());
        Self { levels, weights, timesteps, x_by_timestep, x_by_log_snr, evaluations, x_by_evaluations }
    }

    /// The same for a sampler with this many evaluations in each step, if not one.
    #[must_use]
    pub fn with_evaluations(mut self, in_step: &[usize]) -> Self {
        let mut before = 0.0;
        for (step, at) in self.evaluations.iter_mut().enumerate() {
            *at = before;
            before += in_step.get(step).copied().unwrap_or(1).max(1) as f64;
        }
        self.x_by_evaluations = places(self.evaluations.iter().copied());
        self
    }

    /// S.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    /// The levels, one more than steps.
    #[must_use]
    pub fn levels(&self) -> &[NoiseLevel] {
        &self.levels
    }

    /// x of a fractional step, which is clamped to [0, S].
    #[must_use]
    pub fn x_of_step(&self, step: f64, reading: Reading) -> f64 {
        let (index, fraction) = self.split(step);
        match self.places(reading) {
            None => step.clamp(0.0, self.steps() as f64) / self.steps() as f64,
            Some(x) => {
                let along = match self.finite_ends(index, reading) {
                    Some((from, to)) if fraction > 0.0 => (self.level_at(step).log_snr() - from) / (to - from),
                    _ => fraction,
                };
                x[index] + along.clamp(0.0, 1.0) * (x[index + 1] - x[index])
            }
        }
    }

    /// The fractional step at an x, which is clamped to [0, 1]; the first if several steps are at one place.
    #[must_use]
    pub fn step_of_x(&self, x: f64, reading: Reading) -> f64 {
        let x = x.clamp(0.0, 1.0);
        match self.places(reading) {
            None => x * self.steps() as f64,
            Some(places) => {
                let step = step_of(places, x);
                let (index, along) = self.split(step);
                match self.finite_ends(index, reading) {
                    Some((from, to)) if along > 0.0 && along < 1.0 => {
                        self.step_of_level(NoiseLevel::from_log_snr(from + along * (to - from)))
                    }
                    _ => step,
                }
            }
        }
    }

    /// The noise level at a fractional step; exact at whole ones.
    #[must_use]
    pub fn level_at(&self, step: f64) -> NoiseLevel {
        let (index, fraction) = self.split(step);
        if fraction == 0.0 {
            return self.levels[index];
        }
        if fraction == 1.0 {
            return self.levels[index + 1];
        }
        let (from, to) = (self.weights[index], self.weights[index + 1]);
        let [noise, image] = [0, 1].map(|part| (1.0 - fraction) * from[part] + fraction * to[part]);
        // λ = 2·ln((1−s)/s), with 1 − s interpolated separately so that it keeps its digits at s near 1.
        NoiseLevel::from_log_snr(2.0 * (image / noise).ln())
    }

    /// The noise level at a run time s, from 1 (noise) to 0 (image).
    #[must_use]
    pub fn level_at_run_time(&self, s: f64) -> NoiseLevel {
        self.level_at((1.0 - s) * self.steps() as f64)
    }

    /// The fractional step at which the run has a noise level; its start or end if it never does.
    #[must_use]
    pub fn step_of_level(&self, level: NoiseLevel) -> f64 {
        let after = self.levels.partition_point(|&here| here < level);
        if after == 0 || after > self.steps() {
            return after.min(self.steps()) as f64;
        }
        if level == self.levels[after] {
            return after as f64;
        }
        // The weights of image and noise at this level, and the fraction at which their interpolation matches it.
        let [noise, image] = weights(level);
        let apart = |end: [f64; 2]| end[0] * image - end[1] * noise;
        let (from, to) = (apart(self.weights[after - 1]), apart(self.weights[after]));
        let fraction = from / (from - to);
        (after - 1) as f64 + fraction.clamp(0.0, 1.0)
    }

    /// The value of the axis at a fractional step, in a reading's own units.
    #[must_use]
    pub fn value_at(&self, step: f64, reading: Reading) -> f64 {
        let (index, fraction) = self.split(step);
        match reading {
            Reading::Step => step.clamp(0.0, self.steps() as f64),
            Reading::RunTime => 1.0 - step.clamp(0.0, self.steps() as f64) / self.steps() as f64,
            Reading::Timestep => self.timesteps[index] + fraction * (self.timesteps[index + 1] - self.timesteps[index]),
            Reading::Evaluations => {
                self.evaluations[index] + fraction * (self.evaluations[index + 1] - self.evaluations[index])
            }
            Reading::LogSnr => self.level_at(step).log_snr(),
            Reading::Sigma => self.level_at(step).sigma(),
        }
    }

    /// Round numbers of a reading between two x, about `count` of them: `at` is their x.
    #[must_use]
    pub fn ticks(&self, reading: Reading, (left, right): (f64, f64), count: usize) -> Vec<Tick> {
        let steps = self.steps() as f64;
        let (from, to) = (self.step_of_x(left, reading), self.step_of_x(right, reading));
        let place = |values: Vec<Tick>, step_of: &dyn Fn(f64) -> f64| -> Vec<Tick> {
            values.into_iter().map(|tick| Tick { at: self.x_of_step(step_of(tick.at), reading), ..tick }).collect()
        };
        let mut found = match reading {
            Reading::Step => place(ticks::linear(from, to, count, true), &|step| step),
            Reading::RunTime => {
                place(ticks::linear(1.0 - to / steps, 1.0 - from / steps, count, false), &|s| (1.0 - s) * steps)
            }
            Reading::Timestep => {
                let (low, high) = (self.value_at(to, reading), self.value_at(from, reading));
                let falling: Vec<f64> = self.timesteps.iter().map(|timestep| -timestep).collect();
                place(ticks::linear(low, high, count, false), &|timestep| step_of(&falling, -timestep))
            }
            Reading::Evaluations => {
                let (low, high) = (self.value_at(from, reading), self.value_at(to, reading));
                place(ticks::linear(low, high, count, true), &|evaluation| step_of(&self.evaluations, evaluation))
            }
            Reading::LogSnr | Reading::Sigma => {
                let first = if self.levels[0].log_snr().is_finite() { 0.0 } else { 1.0 };
                let last = if self.levels[self.steps()].log_snr().is_finite() { steps } else { steps - 1.0 };
                let (from, to) = (self.level_at(from.max(first)), self.level_at(to.min(last)));
                if reading == Reading::LogSnr {
                    let values = ticks::linear(from.log_snr(), to.log_snr(), count, false);
                    place(values, &|log_snr| self.step_of_level(NoiseLevel::from_log_snr(log_snr)))
                } else {
                    let values = ticks::logarithmic(to.sigma(), from.sigma(), count);
                    place(values, &|sigma| self.step_of_level(NoiseLevel::from_sigma(sigma)))
                }
            }
        };
        found.sort_by(|a, b| a.at.total_cmp(&b.at));
        self.add_infinite_ends(&mut found, reading, (left, right), count);
        // Converting a value to a step and back may end a rounding error outside.
        for tick in &mut found {
            tick.at = tick.at.clamp(left, right);
        }
        found
    }

    /// Labels the ends where λ is infinite, in place of numbers too close to them.
    fn add_infinite_ends(&self, found: &mut Vec<Tick>, reading: Reading, (left, right): (f64, f64), count: usize) {
        let (start, end) = match reading {
            Reading::LogSnr => ("−∞", "∞"),
            Reading::Sigma => ("∞", "0"),
            _ => return,
        };
        let apart = 0.4 * (right - left) / count.max(1) as f64;
        if left <= 0.0 && self.levels[0].log_snr().is_infinite() {
            found.retain(|tick| tick.at > apart);
            found.insert(0, Tick { at: 0.0, label: start.to_owned() });
        }
        if right >= 1.0 && self.levels[self.steps()].log_snr().is_infinite() {
            found.retain(|tick| tick.at < 1.0 - apart || tick.at == 0.0);
            found.push(Tick { at: 1.0, label: end.to_owned() });
        }
    }

    /// λ at both ends of a step through which x is linear in λ.
    fn finite_ends(&self, index: usize, reading: Reading) -> Option<(f64, f64)> {
        let (from, to) = (self.levels[index].log_snr(), self.levels[index + 1].log_snr());
        let by_log_snr = matches!(reading, Reading::LogSnr | Reading::Sigma);
        (by_log_snr && from.is_finite() && to.is_finite() && from < to).then_some((from, to))
    }

    /// `None`: in equal steps.
    fn places(&self, reading: Reading) -> Option<&[f64]> {
        match reading {
            Reading::Step | Reading::RunTime => None,
            Reading::Timestep => Some(&self.x_by_timestep),
            Reading::LogSnr | Reading::Sigma => Some(&self.x_by_log_snr),
            Reading::Evaluations => Some(&self.x_by_evaluations),
        }
    }

    /// The step before, at most S − 1, and the fraction to the next, in [0, 1].
    fn split(&self, step: f64) -> (usize, f64) {
        let step = step.clamp(0.0, self.steps() as f64);
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above just before")]
        let index = (step as usize).min(self.steps() - 1);
        (index, step - index as f64)
    }
}

/// The flow time s, the weight of noise, and 1 − s, that of the image, each without cancellation.
fn weights(level: NoiseLevel) -> [f64; 2] {
    [level.flow_time(), NoiseLevel::from_log_snr(-level.log_snr()).flow_time()]
}

/// Rising values as positions in [0, 1], with infinite ends replaced.
fn places(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    let last = values.len() - 1;
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let span = match finite[..] {
        [first, .., last] => last - first,
        _ => 0.0,
    };
    if span <= 0.0 {
        return (0..=last).map(|step| step as f64 / last as f64).collect();
    }
    let moves = finite.windows(2).filter(|pair| pair[0] < pair[1]).count();
    let gap = span / moves as f64;
    if values[0].is_infinite() {
        values[0] = values[1] - gap;
    }
    if values[last].is_infinite() || values[last] <= values[last - 1] {
        values[last] = values[last - 1] + gap;
    }
    let (first, width) = (values[0], values[last] - values[0]);
    let mut places: Vec<f64> = values.iter().map(|value| (value - first) / width).collect();
    places[last] = 1.0;
    places
}

/// The fractional index at which rising values reach `value`; the first of several.
fn step_of(values: &[f64], value: f64) -> f64 {
    let after = values.partition_point(|&here| here < value);
    if after == 0 || after == values.len() {
        return after.min(values.len() - 1) as f64;
    }
    let (from, to) = (values[after - 1], values[after]);
    (after - 1) as f64 + (value - from) / (to - from)
}

/// The visible part of the shared axis.
#[derive(Clone, Copy, Debug)]
pub struct TimeView<'a> {
    /// The axis.
    pub axis: &'a TimeAxis,
    /// Its spacing and unit.
    pub reading: Reading,
    /// The smallest and largest x shown, within [0, 1].
    pub range: (f64, f64),
    /// About how many numbers fit.
    pub ticks: usize,
}

impl<'a> TimeView<'a> {
    /// The whole axis.
    #[must_use]
    pub const fn whole(axis: &'a TimeAxis, reading: Reading) -> Self {
        Self { axis, reading, range: (0.0, 1.0), ticks: 8 }
    }

    /// The horizontal axis of a figure.
    #[must_use]
    pub fn x_axis(&self) -> Axis {
        Axis {
            label: self.reading.label().to_owned(),
            unit: self.reading.unit(),
            range: self.range,
            ticks: self.axis.ticks(self.reading, self.range, self.ticks),
        }
    }

    /// The noise level at an x.
    #[must_use]
    pub fn level_at(&self, x: f64) -> NoiseLevel {
        self.axis.level_at(self.axis.step_of_x(x, self.reading))
    }

    /// x at which a curve is evaluated: evenly, and at every step, rising, with both ends.
    #[must_use]
    pub fn samples(&self) -> Vec<f64> {
        const EVEN: u32 = 400;
        let (left, right) = self.range;
        let even = (0..=EVEN).map(|i| left + (right - left) * f64::from(i) / f64::from(EVEN));
        let steps = (0..=self.axis.steps()).map(|step| self.axis.x_of_step(step as f64, self.reading));
        let mut samples: Vec<f64> = even.chain(steps.filter(|x| (left..=right).contains(x))).collect();
        samples.sort_by(f64::total_cmp);
        samples.dedup();
        samples
    }

    /// A tick at every step shown.
    #[must_use]
    pub fn step_marks(&self) -> Vec<Mark> {
        (0..=self.axis.steps())
            .map(|step| Mark {
                x: self.axis.x_of_step(step as f64, self.reading),
                kind: MarkKind::Tick,
                label: format!("step {step}"),
                short_label: String::new(),
                paint: Paint::Role(Role::Faint),
            })
            .filter(|mark| (self.range.0..=self.range.1).contains(&mark.x))
            .collect()
    }
}
