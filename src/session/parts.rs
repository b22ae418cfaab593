//! How large the parts of a step's estimate are in each resolution, and what each resolution gains between two steps.

use super::choices::named;
use super::heat_map::possible;
use super::trajectory::Snapshot;
use crate::denoiser::PartName;
use crate::spectrum::BandPlan;
use ndarray::{Array4, ArrayView4, Axis, Slice, Zip};
use serde::{Deserialize, Serialize};

named! {
    /// What is shown of an estimate's parts by resolution.
    PartsQuantity {
        /// `‖B_m(ε_c − ε_∅)‖`.
        #[default]
        Difference = "class − none",
        /// `‖B_m ε_c‖`.
        Conditional = "class",
        /// `‖B_m ε_∅‖`.
        Unconditional = "no class",
        /// `r_m` of the guided estimate and of the one without class.
        Shares = "rₘ, guided and not",
    }
}

impl PartsQuantity {
    /// In symbols, with subscripts as [`crate::figure::text::spans`] reads them.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Difference => "‖B_m(ε_c − ε_∅)‖",
            Self::Conditional => "‖B_m ε_c‖",
            Self::Unconditional => "‖B_m ε_∅‖",
            Self::Shares => "r_m",
        }
    }
}

/// How an estimate's parts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartsChoices {
    /// Of what.
    pub quantity: PartsQuantity,
    /// Each step's levels over their sum, rather than as they are.
    pub relative: bool,
    /// First and last colour, dB; `None` is what fits.
    pub range: Option<(f32, f32)>,
}

impl Default for PartsChoices {
    fn default() -> Self {
        Self { quantity: PartsQuantity::default(), relative: true, range: None }
    }
}

impl PartsChoices {
    /// The same with a range that can be; another quantity has what fits it.
    #[must_use]
    pub(super) fn after(self, before: Self) -> Self {
        let same = (self.quantity, self.relative) == (before.quantity, before.relative);
        Self { range: self.range.filter(|_| same).and_then(possible), ..self }
    }
}

/// Mean squares of one sample's noise predictions in each level, the finest first, the rest last, a pixel and channel.
#[derive(Clone, Debug, PartialEq)]
pub struct PartEnergies {
    /// `ε_c`, of the class with the smallest number where there are several.
    pub conditional: Option<Vec<f64>>,
    /// `ε_∅`.
    pub unconditional: Option<Vec<f64>>,
    /// `ε_c − ε_∅`.
    pub difference: Option<Vec<f64>>,
}

impl PartEnergies {
    /// Of a step. Where there is no noise left, a noise prediction says nothing and there is none.
    #[must_use]
    pub fn of(snapshot: &Snapshot, sample: usize, plan: &BandPlan) -> Self {
        let class = snapshot.parts.iter().filter(|part| matches!(part.name, PartName::Class(_))).min_by_key(|p| p.name);
        let none = snapshot.parts.iter().find(|part| part.name == PartName::Unconditional);
        let (signal, noise) = (snapshot.level.sqrt_alpha_bar(), snapshot.level.sqrt_one_minus_alpha_bar());
        let energies = |values: &dyn Fn(&mut Array4<f64>)| {
            if noise == 0.0 {
                return None;
            }
            let mut eps = one(&snapshot.x_t, sample)?.mapv(f64::from);
            values(&mut eps);
            plan.mean_energies(eps.view()).ok()
        };
        let prediction = |x0: &Array4<f32>| {
            energies(&|eps| {
                if let Some(x0) = one(x0, sample) {
                    Zip::from(eps).and(x0).for_each(|eps, &x0| *eps = (*eps - signal * f64::from(x0)) / noise);
                }
            })
        };
        let difference = class.zip(none).and_then(|(class, none)| {
            energies(&|eps| {
                if let Some((class, none)) = one(&class.x0, sample).zip(one(&none.x0, sample)) {
                    Zip::from(eps).and(class).and(none).for_each(|eps, &class, &none| {
                        *eps = (f64::from(none) - f64::from(class)) * signal / noise;
                    });
                }
            })
        });
        Self {
            conditional: class.and_then(|part| prediction(&part.x0)),
            unconditional: none.and_then(|part| prediction(&part.x0)),
            difference,
        }
    }

    /// Those of a quantity.
    #[must_use]
    pub fn get(&self, quantity: PartsQuantity) -> Option<&[f64]> {
        match quantity {
            PartsQuantity::Difference => self.difference.as_deref(),
            PartsQuantity::Conditional => self.conditional.as_deref(),
            PartsQuantity::Unconditional => self.unconditional.as_deref(),
            PartsQuantity::Shares => None,
        }
    }
}

/// The sample as a batch of one.
fn one(values: &Array4<f32>, sample: usize) -> Option<ArrayView4<'_, f32>> {
    (sample < values.len_of(Axis(0))).then(|| values.slice_axis(Axis(0), Slice::from(sample..=sample)))
}

/// `r_m` between two steps of one sample, amplitude: `√mean‖B_m(x̂' − x̂)‖²` over their sum, the finest first, without the
/// rest. `of` is the part whose estimate it is; `None` is the whole's. `None` where a step has not that part, or nothing is
/// gained.
#[must_use]
pub fn step_shares(
    before: &Snapshot,
    after: &Snapshot,
    of: Option<PartName>,
    sample: usize,
    plan: &BandPlan,
) -> Option<Vec<f64>> {
    let estimate = |snapshot: &Snapshot| -> Option<Array4<f64>> {
        let values = match of {
            None => &snapshot.x0,
            Some(name) => &snapshot.parts.iter().find(|part| part.name == name)?.x0,
        };
        Some(one(values, sample)?.mapv(f64::from))
    };
    let change = estimate(after)? - estimate(before)?;
    let mut sizes: Vec<f64> = plan.mean_energies(change.view()).ok()?.iter().map(|energy| energy.sqrt()).collect();
    sizes.truncate(plan.levels());
    let sum: f64 = sizes.iter().sum();
    (sum > 0.0).then(|| sizes.into_iter().map(|size| size / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::Part;
    use crate::spectrum::Fit;
    use crate::theory::NoiseLevel;

    fn image(seed: usize) -> Array4<f32> {
        Array4::from_shape_fn([2, 2, 8, 8], |(b, c, y, x)| {
            ((seed + 3 * b + 5 * c + 7 * y + x * y + x) as f32 * 0.9).sin()
        })
    }

    fn snapshot(seed: usize, level: NoiseLevel) -> Snapshot {
        let part = |name, seed| Part { name, x0: image(seed) };
        Snapshot {
            step: 0,
            level,
            timestep: 0.0,
            x_t: image(seed),
            x0: image(seed + 1),
            eps: image(seed + 2),
            parts: vec![part(PartName::Class(3), seed + 4), part(PartName::Unconditional, seed + 9)],
            seconds: 0.0,
        }
    }

    /// Band by band, written as plainly as can be.
    fn plain(plan: &BandPlan, value: impl Fn(usize, usize, usize) -> f64) -> Vec<f64> {
        let mut energies = vec![0.0; plan.levels() + 1];
        for c in 0..2 {
            let plane = ndarray::Array2::from_shape_fn((8, 8), |(y, x)| value(c, y, x));
            for (m, energy) in energies.iter_mut().enumerate() {
                *energy += plan.isolate(plane.view(), m).unwrap().mapv(|v| v * v).mean().unwrap() / 2.0;
            }
        }
        energies
    }

    #[test]
    fn energies_are_those_of_the_noise_predictions() {
        let plan = BandPlan::new(8, 8, 2, 3, Fit::Pad).unwrap();
        let level = NoiseLevel::from_log_snr(-0.7);
        let step = snapshot(1, level);
        let found = PartEnergies::of(&step, 1, &plan);
        let eps = |x0: &Array4<f32>, c, y, x| {
            (f64::from(step.x_t[[1, c, y, x]]) - level.sqrt_alpha_bar() * f64::from(x0[[1, c, y, x]]))
                / level.sqrt_one_minus_alpha_bar()
        };
        let (class, none) = (&step.parts[0].x0, &step.parts[1].x0);
        let expected = [
            plain(&plan, |c, y, x| eps(class, c, y, x)),
            plain(&plan, |c, y, x| eps(none, c, y, x)),
            plain(&plan, |c, y, x| eps(class, c, y, x) - eps(none, c, y, x)),
        ];
        for (found, expected) in [found.conditional, found.unconditional, found.difference].into_iter().zip(expected) {
            for (a, b) in found.unwrap().iter().zip(&expected) {
                assert!((a - b).abs() < 1e-9, "{a} against {b}");
            }
        }
        let clean = PartEnergies::of(&snapshot(1, NoiseLevel::CLEAN), 0, &plan);
        assert_eq!((clean.conditional, clean.difference), (None, None));
    }

    #[test]
    fn shares_are_of_the_change_between_steps() {
        let plan = BandPlan::new(8, 8, 2, 3, Fit::Pad).unwrap();
        let (before, after) = (snapshot(1, NoiseLevel::from_log_snr(-1.0)), snapshot(8, NoiseLevel::from_log_snr(0.0)));
        let shares = step_shares(&before, &after, Some(PartName::Unconditional), 0, &plan).unwrap();
        let change = |c: usize, y: usize, x: usize| {
            let at = [0, c, y, x];
            f64::from(after.parts[1].x0[at]) - f64::from(before.parts[1].x0[at])
        };
        let sizes: Vec<f64> = plain(&plan, change).iter().take(3).map(|energy| energy.sqrt()).collect();
        let sum: f64 = sizes.iter().sum();
        for (found, size) in shares.iter().zip(&sizes) {
            assert!((found - size / sum).abs() < 1e-12);
        }
        assert!(step_shares(&before, &before, None, 0, &plan).is_none(), "nothing is gained");
        assert!(step_shares(&before, &after, Some(PartName::Class(9)), 0, &plan).is_none());
    }
}
