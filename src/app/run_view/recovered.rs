//! How much of each level is recovered at each step.

use crate::app::run_view::{EnergyKey, Moment, Picture, RunView, Seen};
use crate::runtime::RunEnd;
use crate::session::view_space::{ViewSpace, levels_between, levels_only_in_image};
use crate::spectrum::BandPlan;
use crate::theory::Chromatogram;
use ndarray::{Array4, ArrayView4};
/// Largest image, in values, whose energies are computed within a frame.
const AT_ONCE: usize = 3 * 64 * 64;

impl RunView {
    /// `mean‖B_m x̂‖²` of one sample's `E[x_0|x_t]`, finest first, the rest last. For a small image they are computed on
    /// first use, and kept; for a large one [in the background](crate::app::energies::Energies), and until then there are
    /// none. `None` also if only a thumbnail of the step is kept.
    #[must_use]
    pub fn energies(&self, plan: &BandPlan, seen: Seen, step: usize, sample: usize) -> Option<Vec<f64>> {
        let key = (*plan, step, sample, seen);
        if let Some(kept) = self.energies.borrow().get(&key) {
            return kept.clone();
        }
        if !self.kept.x0(step, sample)?.exact {
            return None;
        }
        if self.seen_shape().iter().product::<usize>() > AT_ONCE {
            self.wanted.borrow_mut().push(key);
            return None;
        }
        let shown = self.levelled_values(seen, (Moment::of_step(step), Picture::Expectation, sample))?;
        let [channels, height, width] = shown.shape;
        let image = ArrayView4::from_shape((1, channels, height, width), &shown.values).ok()?;
        let energies = plan.mean_energies(image).ok();
        self.energies.borrow_mut().insert(key, energies.clone());
        energies
    }

    /// The newest requested energies, with the image, `[1, C, H, W]`.
    pub fn wanted_energies(&self) -> Option<(EnergyKey, Array4<f32>)> {
        let mut wanted = self.wanted.take();
        wanted.retain(|key| !self.energies.borrow().contains_key(key));
        let key = wanted.pop()?;
        let (_, step, sample, seen) = key;
        let shown = self.levelled_values(seen, (Moment::of_step(step), Picture::Expectation, sample))?;
        let [channels, height, width] = shown.shape;
        let image = Array4::from_shape_vec((1, channels, height, width), shown.values.into_owned()).ok()?;
        Some((key, image))
    }

    /// Stores requested energies.
    pub fn take_energies(&self, key: EnergyKey, energies: Option<Vec<f64>>) {
        self.energies.borrow_mut().insert(key, energies);
    }

    /// The energies of the newest step for which they are known, for a sample.
    pub(super) fn newest_energies(&self, plan: &BandPlan, sample: usize) -> Vec<f64> {
        let newest = self.done().checked_sub(1).and_then(|last| {
            let seen = self.seen(Moment::of_step(last), Picture::Expectation, sample);
            self.energies(plan, seen, last, sample)
        });
        newest.unwrap_or_else(|| {
            let kept = self.energies.borrow();
            let of_sample =
                kept.iter().filter(|((cut, _, of, _), found)| cut == plan && *of == sample && found.is_some());
            of_sample.max_by_key(|((_, step, ..), _)| *step).and_then(|(_, found)| found.clone()).unwrap_or_default()
        })
    }

    /// How many of the finest levels are unknown in what stands in for a decoded image: enlarged colours or latents have
    /// nothing in them, whatever the image will have.
    #[must_use]
    pub fn unknown_levels(&self, plan: &BandPlan, seen: Seen) -> usize {
        match (self.space(), seen) {
            (Some(ViewSpace::Decoded), Seen::Colour(_) | Seen::Latents(_)) => {
                levels_only_in_image(plan.factor(), self.pixels_per_latent()).min(plan.levels())
            }
            _ => 0,
        }
    }

    /// `e_m(i)/e_m(last)` of one sample's `E[x_0|x_t]`, finest first, the rest last, once the run is complete; `None` for
    /// a level that is not known. While they are being computed, those of the step before. `None` for all if only a
    /// thumbnail of the step is kept.
    #[must_use]
    pub fn recovered(&self, plan: &BandPlan, step: usize, sample: usize) -> Option<Vec<Option<f64>>> {
        if self.end != Some(RunEnd::Complete) {
            return None;
        }
        self.whole_step(step)?;
        let seen = self.recovered_as(step, sample);
        let last = self.energies(plan, seen, self.done().checked_sub(1)?, sample);
        // The latest request is computed first.
        let Some((here, last)) = self.energies(plan, seen, step, sample).zip(last) else {
            let before = self.recovered.borrow();
            return before.as_ref().filter(|(of, _)| *of == (*plan, sample, seen)).map(|(_, shares)| shares.clone());
        };
        let unknown = self.unknown_levels(plan, seen);
        let share = |(m, (here, last)): (usize, (&f64, &f64))| (m >= unknown && *last > 0.0).then(|| here / last);
        let shares: Vec<_> = here.iter().zip(&last).enumerate().map(share).collect();
        *self.recovered.borrow_mut() = Some(((*plan, sample, seen), shares.clone()));
        Some(shares)
    }

    /// What the recovered shares of a step are measured on: what both this step and the last one are shown as.
    #[must_use]
    pub fn recovered_as(&self, step: usize, sample: usize) -> Seen {
        let of = |step| (Moment::of_step(step), Picture::Expectation, sample);
        let (here, last) = (of(step), of(self.done().saturating_sub(1)));
        let [a, b] = [here, last].map(|(at, picture, sample)| self.seen(at, picture, sample));
        if a == b { a } else { self.seen_in(ViewSpace::Colour, here) }
    }

    /// Whether theory says how much of each level is recovered. It is of the latents; a decoder is not linear, so it says
    /// nothing of decoded images.
    #[must_use]
    pub fn has_theory(&self) -> bool {
        self.space() != Some(ViewSpace::Decoded)
    }

    /// `a_m` of scale-invariant theory at a state, finest first, the rest last. A level of a decoded image has that of the
    /// same structure in the latents, and what is finer than those that of their finest level.
    #[must_use]
    pub fn recovered_in_theory(&self, plan: &BandPlan, state: usize) -> Vec<f64> {
        let finer = match self.space() {
            Some(ViewSpace::Decoded) => levels_between(plan.factor(), self.pixels_per_latent()).unwrap_or(0),
            _ => 0,
        };
        // The rest takes the place of one more level.
        let bands = plan.levels() + 1;
        let of_latents = bands.saturating_sub(finer).max(1);
        let Ok(theory) = Chromatogram::scale_invariant(plan.factor(), of_latents) else { return Vec::new() };
        let mut shares = vec![0.0; of_latents];
        theory.recovered(self.level(state), &mut shares);
        (0..bands).map(|m| shares[m.saturating_sub(finer).min(of_latents - 1)]).collect()
    }
}
