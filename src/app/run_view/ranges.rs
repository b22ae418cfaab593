//! The ranges of values that a run's pictures are shown over.

use crate::app::draw::painted::own_range;
use crate::app::run_view::{Moment, Picture, RunView, Seen};
use crate::denoiser::PartName;
use crate::session::document::ValueRange;
use crate::session::levels::Isolation;
use crate::session::{Snapshot, tone};
use crate::spectrum::{BandPlan, white_noise_variance};
use crate::theory::NoiseLevel;
use ndarray::ArrayView3;

/// Most values that are sampled to estimate a display range.
const RANGE_VALUES: usize = 1 << 16;
/// Smallest range of differences, so that it is never empty.
const LEAST: f32 = f32::MIN_POSITIVE;

/// Black and white are at plus and minus these values.
#[derive(Clone, Copy)]
pub(super) struct DisplayRanges {
    image: f32,
    change: f32,
    /// Of a class's estimate minus that of the null class.
    guidance: f32,
    /// Of the contributions of a cascade's finer stages.
    detail: f32,
}

impl Default for DisplayRanges {
    fn default() -> Self {
        Self { image: 1.0, change: LEAST, guidance: LEAST, detail: LEAST }
    }
}

impl DisplayRanges {
    /// [`of`](Self::of) for latents as they are shown; unit noise in them has the standard deviation `noise` in a colour.
    pub(super) fn of_seen(&self, seen: Seen, noise: f32, picture: Picture, level: NoiseLevel) -> f32 {
        let own = self.of(picture, level);
        let has_range = matches!(picture, Picture::Expectation | Picture::Coarse | Picture::Part(_));
        match seen {
            Seen::Values | Seen::Latents(_) => own,
            // Colours and decoded images are within ±1.
            _ if has_range && !picture.is_difference() => 1.0,
            Seen::Decoded if picture == Picture::State => 1.0,
            Seen::Colour(_) if picture == Picture::State => {
                (level.sqrt_alpha_bar() + 2.2 * f64::from(noise) * level.sqrt_one_minus_alpha_bar()) as f32
            }
            Seen::Colour(_) | Seen::Decoded => own * noise,
        }
    }

    /// The magnitude of black and white, or of full colour, for a picture at a noise level.
    pub(super) fn of(&self, picture: Picture, level: NoiseLevel) -> f32 {
        match picture {
            Picture::ClassDifference(_) => self.guidance,
            Picture::Part(_) if picture.is_difference() => self.detail,
            Picture::Change => self.change,
            Picture::State => {
                level.sqrt_alpha_bar() as f32 * self.image + 2.2 * level.sqrt_one_minus_alpha_bar() as f32
            }
            Picture::Expectation | Picture::Coarse | Picture::Part(_) => self.image,
        }
    }
}

impl RunView {
    /// Widens the ranges by a new step.
    pub(super) fn widen_ranges(&mut self, snapshot: &Snapshot) {
        let stride = snapshot.x0.len().div_ceil(RANGE_VALUES).max(1);
        if let Some(last) = self.kept.steps().last().and_then(|last| last.whole()) {
            let change = snapshot.x0.iter().zip(&last.x0).step_by(stride).map(|(now, before)| now - before);
            self.ranges.change = self.ranges.change.max(stepped(tone::robust_maximum(change)));
        }
        let none = snapshot.parts.iter().find(|part| part.name == PartName::Unconditional);
        for part in &snapshot.parts {
            match (part.name, none) {
                (PartName::Class(_), Some(none)) => {
                    let apart = part.x0.iter().zip(&none.x0).step_by(stride).map(|(class, none)| class - none);
                    self.ranges.guidance = self.ranges.guidance.max(stepped(tone::robust_maximum(apart)));
                }
                (PartName::Stage(1..), _) => {
                    let detail = part.x0.iter().copied().step_by(stride);
                    self.ranges.detail = self.ranges.detail.max(stepped(tone::robust_maximum(detail)));
                }
                _ => {}
            }
        }
        // From the newest step, because an overshoot on the way would make the whole run grey.
        let values = snapshot.x0.iter().copied().step_by(stride);
        let range = if self.has_latents() { tone::robust_maximum(values) } else { tone::image_range(values) };
        self.ranges.image = stepped(range);
    }

    /// The values shown as black and white, or for the change in full colour.
    #[must_use]
    pub fn range(&self, seen: Seen, of: (Moment, Picture, usize), choice: ValueRange) -> (f32, f32) {
        let (at, picture, _) = of;
        let usual = || self.ranges.of_seen(seen, self.colour_noise(), picture, self.level(at.state));
        match (picture, choice) {
            (picture, ValueRange::Auto) if picture.is_difference() => {
                let largest = self.seen_values(seen, of).map(|shown| most(&shown.values));
                let largest = largest.unwrap_or_else(usual);
                (-largest, largest)
            }
            (_, ValueRange::Fixed { low, high }) if !picture.is_difference() => (low, high),
            (_, ValueRange::Auto) => self.seen_values(seen, of).map_or((-1.0, 1.0), |shown| {
                let values = ArrayView3::from_shape(shown.shape, &shown.values);
                values.map_or((-1.0, 1.0), |values| own_range(values, true))
            }),
            (_, ValueRange::Fixed { .. } | ValueRange::Image) => {
                let most = usual();
                (-most, most)
            }
        }
    }

    /// The standard deviation of the colours of unit noise in the latents.
    pub(super) fn colour_noise(&self) -> f32 {
        self.seeing.colours.as_ref().map_or(1.0, |colours| colours.noise())
    }

    /// The same for isolated levels: one range for the whole run, from these levels in the newest
    /// step, so that their growth is visible. `None` if every picture has its own range.
    #[must_use]
    pub fn isolated_range(
        &self,
        seen: Seen,
        of: (Moment, Picture, usize),
        choice: ValueRange,
        alone: &Isolation,
    ) -> Option<(f32, f32)> {
        let (at, picture, sample) = of;
        match choice {
            // The energies of these in a level say nothing about the image's.
            _ if picture.is_difference() && picture != Picture::Change => return None,
            ValueRange::Auto => return None,
            ValueRange::Fixed { low, high } if picture != Picture::Change => return Some((low, high)),
            _ => {}
        }
        if alone.has_rest() {
            return Some(self.range(seen, of, choice));
        }
        let plan = alone.plan();
        let energies = self.newest_energies(plan, sample);
        let whole = match seen {
            Seen::Values | Seen::Latents(_) => self.ranges.image,
            Seen::Colour(_) | Seen::Decoded => 1.0,
        };
        // Three standard deviations; the minimum is one step of eight bits in the range of images.
        let image = 3.0 * alone.energy(&energies).sqrt().max(f64::from(whole) / 255.0);
        let most = match picture {
            Picture::Expectation | Picture::Coarse | Picture::Part(_) | Picture::ClassDifference(_) => image,
            Picture::State => {
                let level = self.level(at.state);
                let noise = alone.indices().map(|m| white_noise_variance(plan.factor(), m, plan.levels()));
                // Of a decoded image nothing is known; its noise is about as strong as that of colours.
                let noise = match seen {
                    Seen::Values | Seen::Latents(_) => noise.sum::<f64>().sqrt(),
                    Seen::Colour(_) | Seen::Decoded => f64::from(self.colour_noise()) * noise.sum::<f64>().sqrt(),
                };
                level.sqrt_alpha_bar() * image + 2.2 * level.sqrt_one_minus_alpha_bar() * noise
            }
            Picture::Change => {
                let gained = |m: usize| self.most_gained(plan).get(m).map_or(0.0, |gain| gain * gain);
                let terms = alone.indices().map(|m| gained(m) * energies.get(m).copied().unwrap_or(0.0));
                3.0 * terms.sum::<f64>().sqrt().max(f64::from(whole) / 2550.0)
            }
        };
        let most = stepped(most as f32);
        Some((-most, most))
    }

    /// The largest gain of `√a_m` in one step of the run, in theory.
    fn most_gained(&self, plan: &BandPlan) -> Vec<f64> {
        if let Some(kept) = self.fastest.borrow().get(plan) {
            return kept.clone();
        }
        let mut most = vec![0.0_f64; plan.levels() + 1];
        let mut before = self.recovered_in_theory(plan, 0);
        for state in 1..=self.steps() {
            let here = self.recovered_in_theory(plan, state);
            for ((most, here), before) in most.iter_mut().zip(&here).zip(&before) {
                *most = most.max(here.sqrt() - before.sqrt());
            }
            before = here;
        }
        self.fastest.borrow_mut().insert(*plan, most.clone());
        most
    }

    /// The share of a picture's values that are clearly outside a range, by more than a fortieth of
    /// its width. In [0, 1].
    #[must_use]
    pub fn beyond(&self, seen: Seen, of: (Moment, Picture, usize), (low, high): (f32, f32)) -> f32 {
        self.seen_values(seen, of).map_or(0.0, |shown| {
            let slack = 0.025 * (high - low);
            let beyond = shown.values.iter().filter(|value| **value < low - slack || **value > high + slack).count();
            beyond as f32 / shown.values.len().max(1) as f32
        })
    }
}

fn most(values: &[f32]) -> f32 {
    values.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()))
}

/// The next of eight values per octave, so that a slowly growing range rarely changes the colours.
fn stepped(range: f32) -> f32 {
    (0.125 * (8.0 * range.log2()).ceil()).exp2()
}
