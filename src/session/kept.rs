//! A trajectory in bounded memory: beyond a budget, steps are stored as 16-bit thumbnails.

use super::trajectory::Snapshot;
use crate::theory::NoiseLevel;
use ndarray::{Array3, Array4, ArrayView2, Axis, s};
use std::borrow::Cow;
use std::sync::Arc;

/// Longest side of a thumbnail, pixels, if the budget allows it.
const SIDE: usize = 64;
/// The largest 16-bit number.
const LARGEST: f32 = u16::MAX as f32;
/// Share of the budget for the thumbnails of all steps.
const THUMBNAIL_SHARE: usize = 4;

/// The finished steps of a run, within a byte budget. If all steps at full size would exceed it, the oldest of them become
/// thumbnails; the newest is always at full size.
#[derive(Clone, Debug)]
pub struct KeptTrajectory {
    shape: [usize; 4],
    levels: Vec<NoiseLevel>,
    state: Arc<Array4<f32>>,
    steps: Vec<KeptStep>,
    budget: usize,
    bytes: usize,
    /// The first step that may still be at full size.
    oldest_whole: usize,
    form: ThumbnailFormat,
}

/// What is stored of a step.
#[derive(Clone, Debug)]
pub enum KeptStep {
    /// The full step.
    Whole(Arc<Snapshot>),
    /// Thumbnails.
    Small(Arc<Thumbnail>),
}

/// A step as thumbnails.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// Step number.
    pub step: usize,
    /// Noise level at the start of the step.
    pub level: NoiseLevel,
    /// The number fed to the network.
    pub timestep: f64,
    /// Wall time of the step, seconds.
    pub seconds: f64,
    x_t: PackedValues,
    x0: PackedValues,
}

/// Values in 16 bits between two ends: fine enough for the differences of neighbouring steps.
#[derive(Clone, Debug)]
struct PackedValues {
    values: Array4<u16>,
    low: f32,
    high: f32,
}

/// The format of a run's thumbnails: the number of samples, and the `factor`×`factor` pixels that each value averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ThumbnailFormat {
    samples: usize,
    factor: usize,
}

impl ThumbnailFormat {
    /// Thumbnails of at most [`SIDE`] pixels, smaller if all steps together would exceed their share of the budget, and
    /// of fewer samples if that is not enough.
    fn new([batch, channels, height, width]: [usize; 4], steps: usize, budget: usize) -> Self {
        let share = budget / THUMBNAIL_SHARE / steps.max(1);
        let one = |factor: usize| 2 * size_of::<u16>() * channels * height.div_ceil(factor) * width.div_ceil(factor);
        let longest = height.max(width);
        let mut factor = longest.div_ceil(SIDE).max(1);
        while one(factor) * batch > share && longest / (2 * factor) >= 8 {
            factor *= 2;
        }
        Self { samples: (share / one(factor).max(1)).clamp(1, batch.max(1)), factor }
    }
}

impl KeptTrajectory {
    /// An empty trajectory, with its initial state `[B, C, H, W]`. `levels` is one longer than its steps.
    #[must_use]
    pub fn new(levels: Vec<NoiseLevel>, initial: Arc<Array4<f32>>, budget: usize) -> Self {
        let shape = initial.dim().into();
        let form = ThumbnailFormat::new(shape, levels.len().saturating_sub(1), budget);
        Self { shape, levels, state: initial, steps: Vec::new(), budget, bytes: 0, oldest_whole: 0, form }
    }

    /// Adds a finished step and the state that it reached.
    pub fn push(&mut self, snapshot: Arc<Snapshot>, state: Arc<Array4<f32>>) {
        self.bytes += whole_bytes(&snapshot);
        self.steps.push(KeptStep::Whole(snapshot));
        self.state = state;
        while self.bytes > self.budget && self.oldest_whole + 1 < self.steps.len() {
            if let KeptStep::Whole(snapshot) = &self.steps[self.oldest_whole] {
                let small = Thumbnail::new(snapshot, self.form);
                self.bytes = self.bytes - whole_bytes(snapshot) + small.bytes();
                self.steps[self.oldest_whole] = KeptStep::Small(Arc::new(small));
            }
            self.oldest_whole += 1;
        }
    }

    /// `[B, C, H, W]`.
    #[must_use]
    pub const fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// Noise levels of the whole run, one more than its steps.
    #[must_use]
    pub fn levels(&self) -> &[NoiseLevel] {
        &self.levels
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn total(&self) -> usize {
        self.levels.len().saturating_sub(1)
    }

    /// Finished steps.
    #[must_use]
    pub fn steps(&self) -> &[KeptStep] {
        &self.steps
    }

    /// Whether all steps are finished.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.len() == self.total()
    }

    /// The VP state after the last finished step.
    #[must_use]
    pub const fn state(&self) -> &Arc<Array4<f32>> {
        &self.state
    }

    /// Bytes stored, without the last state.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Number of steps stored as thumbnails.
    #[must_use]
    pub const fn small_steps(&self) -> usize {
        self.oldest_whole
    }

    /// VP state `index`, up to the number of finished steps: one sample, `[1, C, H, W]`, at full size. `None` if it
    /// is not stored.
    #[must_use]
    pub fn x_t(&self, index: usize, sample: usize) -> Option<ShownValues<'_>> {
        if index == self.steps.len() {
            return one_sample(&self.state, sample);
        }
        match self.steps.get(index)? {
            KeptStep::Whole(snapshot) => one_sample(&snapshot.x_t, sample),
            KeptStep::Small(small) => small.x_t.enlarged(sample, self.form.factor, self.shape),
        }
    }

    /// `E[x_0|x_t]` of a finished step: one sample, `[1, C, H, W]`, at full size. `None` if it is not stored.
    #[must_use]
    pub fn x0(&self, step: usize, sample: usize) -> Option<ShownValues<'_>> {
        match self.steps.get(step)? {
            KeptStep::Whole(snapshot) => one_sample(&snapshot.x0, sample),
            KeptStep::Small(small) => small.x0.enlarged(sample, self.form.factor, self.shape),
        }
    }

    /// VP state `index` of one sample as a thumbnail, `[1, C, H/f, W/f]`, made in the same way from full steps and from
    /// thumbnails. `None` if it is not stored.
    #[must_use]
    pub fn small_x_t(&self, index: usize, sample: usize) -> Option<ShownValues<'_>> {
        if index == self.steps.len() {
            return self.pooled(&self.state, sample);
        }
        match self.steps.get(index)? {
            KeptStep::Whole(snapshot) => self.pooled(&snapshot.x_t, sample),
            KeptStep::Small(small) => small.x_t.small(sample),
        }
    }

    /// The same for `E[x_0|x_t]` of a finished step.
    #[must_use]
    pub fn small_x0(&self, step: usize, sample: usize) -> Option<ShownValues<'_>> {
        match self.steps.get(step)? {
            KeptStep::Whole(snapshot) => self.pooled(&snapshot.x0, sample),
            KeptStep::Small(small) => small.x0.small(sample),
        }
    }

    /// One sample of a batch, pooled to a thumbnail.
    fn pooled<'a>(&self, all: &'a Array4<f32>, sample: usize) -> Option<ShownValues<'a>> {
        let factor = self.form.factor;
        if factor == 1 {
            return one_sample(all, sample);
        }
        let (batch, channels, height, width) = all.dim();
        let shape = [channels, height.div_ceil(factor), width.div_ceil(factor)];
        let one = (sample < batch).then(|| all.index_axis(Axis(0), sample))?;
        let small = Array3::from_shape_fn(shape, |(c, y, x)| {
            let (y, x) = (y * factor, x * factor);
            block_mean(one.slice(s![c, y..(y + factor).min(height), x..(x + factor).min(width)]))
        });
        Some(ShownValues { values: small.into_raw_vec_and_offset().0.into(), shape, exact: false })
    }
}

fn block_mean(block: ArrayView2<f32>) -> f32 {
    block.mean().unwrap_or_default()
}

impl KeptStep {
    /// Step number.
    #[must_use]
    pub fn step(&self) -> usize {
        match self {
            Self::Whole(snapshot) => snapshot.step,
            Self::Small(small) => small.step,
        }
    }

    /// Noise level at the start of the step.
    #[must_use]
    pub fn level(&self) -> NoiseLevel {
        match self {
            Self::Whole(snapshot) => snapshot.level,
            Self::Small(small) => small.level,
        }
    }

    /// The number fed to the network.
    #[must_use]
    pub fn timestep(&self) -> f64 {
        match self {
            Self::Whole(snapshot) => snapshot.timestep,
            Self::Small(small) => small.timestep,
        }
    }

    /// Wall time of the step, seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        match self {
            Self::Whole(snapshot) => snapshot.seconds,
            Self::Small(small) => small.seconds,
        }
    }

    /// The full step, if it is stored.
    #[must_use]
    pub const fn whole(&self) -> Option<&Arc<Snapshot>> {
        match self {
            Self::Whole(snapshot) => Some(snapshot),
            Self::Small(_) => None,
        }
    }
}

/// One sample's values for display.
#[derive(Clone, Debug)]
pub struct ShownValues<'a> {
    /// `[1, C, H, W]`.
    pub values: Cow<'a, [f32]>,
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// Whether these are the run's values, and not a thumbnail's.
    pub exact: bool,
}

impl ShownValues<'_> {
    /// These values minus those of another image of the same shape.
    #[must_use]
    pub fn less(&self, other: &ShownValues<'_>) -> ShownValues<'static> {
        let values: Vec<f32> = self.values.iter().zip(other.values.iter()).map(|(here, there)| here - there).collect();
        ShownValues { values: values.into(), shape: self.shape, exact: self.exact && other.exact }
    }
}

/// One sample of a batch at full size; `None` if it does not exist.
#[must_use]
pub fn one_sample(all: &Array4<f32>, sample: usize) -> Option<ShownValues<'_>> {
    let (batch, channels, height, width) = all.dim();
    let shape = [channels, height, width];
    if sample >= batch {
        return None;
    }
    let one = channels * height * width;
    let values = match all.as_slice() {
        Some(values) => Cow::Borrowed(&values[sample * one..][..one]),
        None => Cow::Owned(all.slice(s![sample, .., .., ..]).iter().copied().collect()),
    };
    Some(ShownValues { values, shape, exact: true })
}

fn whole_bytes(snapshot: &Snapshot) -> usize {
    size_of::<f32>() * snapshot.values()
}

impl Thumbnail {
    fn new(snapshot: &Snapshot, form: ThumbnailFormat) -> Self {
        Self {
            step: snapshot.step,
            level: snapshot.level,
            timestep: snapshot.timestep,
            seconds: snapshot.seconds,
            x_t: PackedValues::new(&snapshot.x_t, form),
            x0: PackedValues::new(&snapshot.x0, form),
        }
    }

    fn bytes(&self) -> usize {
        size_of::<u16>() * (self.x_t.values.len() + self.x0.values.len())
    }
}

impl PackedValues {
    fn new(all: &Array4<f32>, ThumbnailFormat { samples, factor }: ThumbnailFormat) -> Self {
        let (batch, channels, height, width) = all.dim();
        let small_size = (samples.min(batch), channels, height.div_ceil(factor), width.div_ceil(factor));
        let small = Array4::from_shape_fn(small_size, |(b, c, y, x)| {
            let (y, x) = (y * factor, x * factor);
            block_mean(all.slice(s![b, c, y..(y + factor).min(height), x..(x + factor).min(width)]))
        });
        let low = small.iter().copied().fold(f32::INFINITY, f32::min);
        let high = small.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let scale = if high > low { LARGEST / (high - low) } else { 0.0 };
        // Between 0 and the largest, by the choice of the ends.
        #[allow(clippy::cast_sign_loss)]
        let values = small.mapv(|value| ((value - low) * scale).round() as u16);
        Self { values, low, high }
    }

    fn enlarged(
        &self,
        sample: usize,
        factor: usize,
        [_, channels, height, width]: [usize; 4],
    ) -> Option<ShownValues<'_>> {
        if sample >= self.values.dim().0 {
            return None;
        }
        let mut values = Vec::with_capacity(channels * height * width);
        for c in 0..channels {
            for y in 0..height {
                values.extend((0..width).map(|x| self.value(self.values[(sample, c, y / factor, x / factor)])));
            }
        }
        Some(ShownValues { values: values.into(), shape: [channels, height, width], exact: false })
    }

    fn small(&self, sample: usize) -> Option<ShownValues<'_>> {
        let (samples, channels, height, width) = self.values.dim();
        let all = (sample < samples).then(|| self.values.slice(s![sample, .., .., ..]))?;
        let values: Vec<f32> = all.iter().map(|&word| self.value(word)).collect();
        Some(ShownValues { values: values.into(), shape: [channels, height, width], exact: false })
    }

    fn value(&self, word: u16) -> f32 {
        self.low + (self.high - self.low) / LARGEST * f32::from(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(step: usize, shape: [usize; 4]) -> Arc<Snapshot> {
        let image = Array4::from_shape_fn(shape, |(b, c, y, x)| (step + b + c) as f32 + (y * x) as f32 / 64.0);
        Arc::new(Snapshot {
            step,
            level: NoiseLevel::from_log_snr(step as f64),
            timestep: 0.0,
            x_t: image.clone(),
            x0: -&image,
            eps: image,
            parts: Vec::new(),
            seconds: 0.0,
        })
    }

    fn run(shape: [usize; 4], steps: usize, budget: usize) -> KeptTrajectory {
        let levels = (0..=steps).map(|step| NoiseLevel::from_log_snr(step as f64)).collect();
        let mut kept = KeptTrajectory::new(levels, Arc::new(Array4::zeros(shape)), budget);
        for step in 0..steps {
            kept.push(snapshot(step, shape), Arc::new(Array4::ones(shape)));
            assert!(kept.bytes() <= budget.max(whole_bytes(&snapshot(0, shape)) + budget / 2), "{}", kept.bytes());
        }
        kept
    }

    #[test]
    fn within_the_budget_every_number_is_kept() {
        let kept = run([2, 3, 8, 8], 5, 1 << 20);
        assert!(kept.is_complete() && kept.small_steps() == 0);
        let shown = kept.x_t(3, 1).unwrap();
        assert!(shown.exact && shown.values[..] == snapshot(3, [2, 3, 8, 8]).x_t.as_slice().unwrap()[192..]);
        assert_eq!(kept.x_t(5, 0).unwrap().values[0], 1.0);
        assert!(kept.x_t(6, 0).is_none() && kept.x0(5, 0).is_none() && kept.x0(0, 2).is_none());
    }

    #[test]
    fn beyond_it_old_steps_become_small_and_stay_near() {
        let shape = [2, 3, 32, 32];
        let one = whole_bytes(&snapshot(0, shape));
        let kept = run(shape, 20, 8 * one);
        assert!(kept.bytes() <= 8 * one && kept.small_steps() > 8, "{} of 20 small", kept.small_steps());
        assert!(kept.steps()[19].whole().is_some());
        let (small, exact) = (kept.x0(2, 1).unwrap(), snapshot(2, shape));
        assert!(!small.exact && small.shape == [3, 32, 32]);
        let exact = &exact.x0.as_slice().unwrap()[3 * 32 * 32..];
        let worst = small.values.iter().zip(exact).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // A factor of pooling.
        assert!(worst < 1.0, "{worst}");
    }

    /// At thumbnail size, a step stored as a thumbnail equals one stored in full: detail does not depend on the budget.
    #[test]
    fn small_images_are_of_one_kind_whatever_is_kept() {
        let shape = [2, 3, 128, 128];
        let one = whole_bytes(&snapshot(0, shape));
        let (tight, roomy) = (run(shape, 12, 6 * one), run(shape, 12, 100 * one));
        assert!(tight.small_steps() > 3 && tight.small_steps() < 12 && roomy.small_steps() == 0);
        for step in 0..12 {
            for of in [KeptTrajectory::small_x_t, KeptTrajectory::small_x0] {
                let (here, there) = (of(&tight, step, 1).unwrap(), of(&roomy, step, 1).unwrap());
                assert_eq!(here.shape, there.shape, "step {step}");
                let worst = here.values.iter().zip(&*there.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 0.01, "step {step}: {worst}");
            }
        }
        assert_eq!(tight.small_x_t(12, 0).unwrap().shape, tight.small_x_t(0, 0).unwrap().shape);
        assert!(tight.small_x0(12, 0).is_none() && tight.small_x_t(0, 2).is_none());
    }

    #[test]
    fn a_small_budget_makes_smaller_thumbnails_and_fewer_samples() {
        assert_eq!(ThumbnailFormat::new([4, 3, 64, 64], 10, 1 << 30), ThumbnailFormat { samples: 4, factor: 1 });
        assert_eq!(ThumbnailFormat::new([4, 3, 512, 256], 10, 1 << 30), ThumbnailFormat { samples: 4, factor: 8 });
        let tight = ThumbnailFormat::new([100, 3, 64, 64], 100, 1 << 20);
        assert_eq!(tight, ThumbnailFormat { samples: 3, factor: 8 });
        assert_eq!(ThumbnailFormat::new([1, 3, 64, 64], 1000, 0), ThumbnailFormat { samples: 1, factor: 8 });
    }
}
