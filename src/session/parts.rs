//! The energy of a step's parts in each level, and what each level gains between two steps.

use super::choices::named;
use super::heat_map::possible;
use super::trajectory::Snapshot;
use crate::denoiser::PartName;
use crate::spectrum::BandPlan;
use ndarray::{Array4, ArrayView4, Axis, Slice, Zip};
use serde::{Deserialize, Serialize};

named! {
    /// What is shown of an estimate's parts by level.
    PartsQuantity {
        /// `‖B_m(ε_c − ε_∅)‖`.
        #[default]
        Difference = "class − null",
        /// `‖B_m ε_c‖`.
        Conditional = "class",
        /// `‖B_m ε_∅‖`.
        Unconditional = "null class",
        /// `‖B_m x̂‖` of a stage's contribution in a cascade.
        Stage = "stage",
        /// `r_m` of the guided estimate and of the null class's.
        Shares = "rₘ with and without guidance",
    }
}

/// How an estimate's parts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartsChoices {
    /// The quantity.
    pub quantity: PartsQuantity,
    /// The class, if several are requested; `None` is the one with the smallest number in each step.
    pub class: Option<i64>,
    /// The stage, 0 the coarsest.
    pub stage: usize,
    /// Whether each step's levels are divided by their sum.
    pub relative: bool,
    /// First and last colour, dB; `None` fits the data.
    pub range: Option<(f32, f32)>,
}

impl Default for PartsChoices {
    fn default() -> Self {
        Self { quantity: PartsQuantity::default(), class: None, stage: 0, relative: true, range: None }
    }
}

impl PartsChoices {
    /// The same with a valid range.
    #[must_use]
    pub(super) fn mended(self) -> Self {
        Self { range: self.range.and_then(possible), ..self }
    }

    /// As symbols, with subscripts as `figure::text::spans` reads them.
    #[must_use]
    pub fn symbol(self) -> String {
        let symbol = match self.quantity {
            PartsQuantity::Difference => "‖B_m(ε_c − ε_∅)‖",
            PartsQuantity::Conditional => "‖B_m ε_c‖",
            PartsQuantity::Unconditional => "‖B_m ε_∅‖",
            PartsQuantity::Stage => return format!("‖B_m x_0‖ of stage {}", self.stage + 1),
            PartsQuantity::Shares => "r_m",
        };
        symbol.to_owned()
    }

    /// For people, with the stage: "stage 2".
    #[must_use]
    pub fn name(self) -> String {
        match self.quantity {
            PartsQuantity::Stage => format!("stage {}", self.stage + 1),
            quantity => quantity.name().to_owned(),
        }
    }
}

/// The parts that the steps of a run have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartsFound {
    /// The requested classes, ascending.
    pub classes: Vec<i64>,
    /// Whether the null class was requested.
    pub unconditional: bool,
    /// Number of stages.
    pub stages: usize,
}

impl PartsFound {
    /// Adds those of a step.
    pub fn add(&mut self, names: impl IntoIterator<Item = PartName>) {
        for name in names {
            match name {
                PartName::Class(class) => {
                    if let Err(place) = self.classes.binary_search(&class) {
                        self.classes.insert(place, class);
                    }
                }
                PartName::Unconditional => self.unconditional = true,
                PartName::Stage(stage) => self.stages = self.stages.max(stage + 1),
                PartName::AtFullSize | PartName::Pooled => {}
            }
        }
    }

    /// Whether the run has this quantity.
    #[must_use]
    pub const fn has(&self, quantity: PartsQuantity) -> bool {
        let conditional = !self.classes.is_empty();
        match quantity {
            PartsQuantity::Difference | PartsQuantity::Shares => conditional && self.unconditional,
            PartsQuantity::Conditional => conditional,
            PartsQuantity::Unconditional => self.unconditional,
            PartsQuantity::Stage => self.stages > 0,
        }
    }

    /// The quantity to show: the chosen one, or the first that the run has. `None` if it has none.
    #[must_use]
    pub fn shown(&self, chosen: PartsChoices) -> Option<PartsChoices> {
        let mut all = std::iter::once(chosen.quantity).chain(PartsQuantity::ALL);
        let quantity = all.find(|quantity| self.has(*quantity))?;
        let class = chosen.class.filter(|class| self.classes.len() > 1 && self.classes.contains(class));
        // The range was chosen for the chosen quantity.
        let range = chosen.range.filter(|_| quantity == chosen.quantity);
        let stage = chosen.stage.min(self.stages.saturating_sub(1));
        Some(PartsChoices { quantity, class, stage, range, ..chosen })
    }
}

/// In levels that a contribution does not reach, rounding leaves less than this share of its largest energy.
const ROUNDING: f64 = 1e-10;

/// Mean squares of one sample's parts in each level, finest first, the rest last, per pixel and channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartEnergies {
    /// `ε_c`, classes ascending.
    conditional: Vec<(i64, Vec<f64>)>,
    /// `ε_∅`.
    unconditional: Option<Vec<f64>>,
    /// `ε_c − ε_∅`, classes ascending.
    difference: Vec<(i64, Vec<f64>)>,
    /// Contributions of the stages to `E[x_0|x_t]`.
    stages: Vec<(usize, Vec<f64>)>,
}

impl PartEnergies {
    /// The energies at a step. At a level without noise a noise prediction is undefined, and there are none.
    #[must_use]
    pub fn of(snapshot: &Snapshot, sample: usize, plan: &BandPlan) -> Self {
        let (signal, noise) = (snapshot.level.sqrt_alpha_bar(), snapshot.level.sqrt_one_minus_alpha_bar());
        let none = snapshot.parts.iter().find(|part| part.name == PartName::Unconditional);
        let energies = |values: Array4<f64>| plan.mean_energies(values.view()).ok();
        let prediction = |x0: &Array4<f32>| {
            let (state, x0) = (one(&snapshot.x_t, sample)?, one(x0, sample)?);
            let eps = Zip::from(state).and(x0).map_collect(|&x, &x0| (f64::from(x) - signal * f64::from(x0)) / noise);
            (noise > 0.0).then(|| energies(eps))?
        };
        let apart = |class: &Array4<f32>| {
            let (class, none) = (one(class, sample)?, one(&none?.x0, sample)?);
            let difference = |&none: &f32, &class: &f32| (f64::from(none) - f64::from(class)) * signal / noise;
            (noise > 0.0).then(|| energies(Zip::from(none).and(class).map_collect(difference)))?
        };
        let mut found = Self::default();
        for part in &snapshot.parts {
            match part.name {
                PartName::Class(class) => {
                    found.conditional.extend(prediction(&part.x0).map(|energies| (class, energies)));
                    found.difference.extend(apart(&part.x0).map(|energies| (class, energies)));
                }
                PartName::Unconditional => found.unconditional = prediction(&part.x0),
                PartName::Stage(stage) => {
                    let contributed = one(&part.x0, sample).and_then(|x0| energies(x0.mapv(f64::from)));
                    found.stages.extend(contributed.map(|energies| (stage, without_rounding(energies))));
                }
                PartName::AtFullSize | PartName::Pooled => {}
            }
        }
        found.conditional.sort_by_key(|(class, _)| *class);
        found.difference.sort_by_key(|(class, _)| *class);
        found
    }

    /// The energies of the chosen quantity.
    #[must_use]
    pub fn get(&self, choices: PartsChoices) -> Option<&[f64]> {
        let of_class = |all: &'_ [(i64, Vec<f64>)]| {
            all.iter().position(|(class, _)| choices.class.is_none_or(|chosen| chosen == *class))
        };
        match choices.quantity {
            PartsQuantity::Difference => of_class(&self.difference).map(|at| &*self.difference[at].1),
            PartsQuantity::Conditional => of_class(&self.conditional).map(|at| &*self.conditional[at].1),
            PartsQuantity::Unconditional => self.unconditional.as_deref(),
            PartsQuantity::Stage => {
                self.stages.iter().find(|(stage, _)| *stage == choices.stage).map(|(_, energies)| &**energies)
            }
            PartsQuantity::Shares => None,
        }
    }
}

fn without_rounding(mut energies: Vec<f64>) -> Vec<f64> {
    let least = ROUNDING * energies.iter().copied().fold(0.0, f64::max);
    energies.iter_mut().filter(|energy| **energy < least).for_each(|energy| *energy = 0.0);
    energies
}

/// All values by level of a step's parts.
#[derive(Clone, Debug, PartialEq)]
pub struct StepParts {
    /// Their energies.
    pub energies: PartEnergies,
    /// `r_m` since the step before, of the whole estimate.
    pub guided: Option<Vec<f64>>,
    /// The same for the estimate with the null class.
    pub unguided: Option<Vec<f64>>,
}

impl StepParts {
    /// From a step and the one before it.
    #[must_use]
    pub fn of(before: Option<&Snapshot>, snapshot: &Snapshot, sample: usize, plan: &BandPlan) -> Self {
        let shares = |of| before.and_then(|before| step_shares(before, snapshot, of, sample, plan));
        Self {
            energies: PartEnergies::of(snapshot, sample, plan),
            guided: shares(None),
            unguided: shares(Some(PartName::Unconditional)),
        }
    }
}

/// The sample as a batch of one.
fn one(values: &Array4<f32>, sample: usize) -> Option<ArrayView4<'_, f32>> {
    (sample < values.len_of(Axis(0))).then(|| values.slice_axis(Axis(0), Slice::from(sample..=sample)))
}

/// `r_m` between two steps of one sample, amplitude: `√mean‖B_m(x̂' − x̂)‖²` over their sum, finest first, without the
/// rest. `of` is the part to use; `None` is the whole estimate. `None` if the step lacks that part, or nothing is
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
            parts: vec![
                part(PartName::Class(5), seed + 13),
                part(PartName::Class(3), seed + 4),
                part(PartName::Unconditional, seed + 9),
            ],
            seconds: 0.0,
        }
    }

    /// Band by band, in the simplest form.
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
        let [other, class, none] = [0, 1, 2].map(|index| &step.parts[index].x0);
        let chosen = |quantity, class| PartsChoices { quantity, class, ..PartsChoices::default() };
        let apart = |class, c, y, x| eps(class, c, y, x) - eps(none, c, y, x);
        for (choices, expected) in [
            (chosen(PartsQuantity::Conditional, None), plain(&plan, |c, y, x| eps(class, c, y, x))),
            (chosen(PartsQuantity::Conditional, Some(5)), plain(&plan, |c, y, x| eps(other, c, y, x))),
            (chosen(PartsQuantity::Unconditional, Some(5)), plain(&plan, |c, y, x| eps(none, c, y, x))),
            (chosen(PartsQuantity::Difference, None), plain(&plan, |c, y, x| apart(class, c, y, x))),
            (chosen(PartsQuantity::Difference, Some(5)), plain(&plan, |c, y, x| apart(other, c, y, x))),
        ] {
            let found = found.get(choices).unwrap();
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-9, "{choices:?}: {a} against {b}");
            }
        }
        assert!(found.get(chosen(PartsQuantity::Difference, Some(4))).is_none(), "nobody asked for it");
        let clean = PartEnergies::of(&snapshot(1, NoiseLevel::CLEAN), 0, &plan);
        assert_eq!(clean, PartEnergies::default());
    }

    #[test]
    fn stages_have_the_energies_of_what_they_contribute() {
        let plan = BandPlan::new(8, 8, 2, 3, Fit::Pad).unwrap();
        let mut step = snapshot(1, NoiseLevel::CLEAN);
        let whole = image(3);
        let mut means = Array4::zeros(whole.dim());
        for (index, mean) in means.indexed_iter_mut() {
            let (b, c, y, x) = index;
            let (y, x) = (y / 2 * 2, x / 2 * 2);
            *mean = 0.25
                * (whole[[b, c, y, x]]
                    + whole[[b, c, y, x + 1]]
                    + whole[[b, c, y + 1, x]]
                    + whole[[b, c, y + 1, x + 1]]);
        }
        let detail = &whole - &means;
        step.parts = vec![Part { name: PartName::Stage(1), x0: detail }, Part { name: PartName::Stage(0), x0: means }];
        let found = PartEnergies::of(&step, 1, &plan);
        let of = |stage| PartsChoices { quantity: PartsQuantity::Stage, stage, ..PartsChoices::default() };
        let expected = plain(&plan, |c, y, x| f64::from(whole[[1, c, y, x]]));
        let [coarse, fine] = [0, 1].map(|stage| found.get(of(stage)).unwrap());
        // Pooling by 2 separates them at the finest level; rounding does not count.
        assert!((fine[0] - expected[0]).abs() < 1e-6 && fine[1..] == [0.0; 3], "{fine:?}");
        assert!(coarse[0] == 0.0 && (1..4).all(|m| (coarse[m] - expected[m]).abs() < 1e-6), "{coarse:?}");
        assert!(found.get(of(2)).is_none());
    }

    #[test]
    fn what_a_run_has_is_shown_of_it() {
        let mut found = PartsFound::default();
        let chosen = PartsChoices { class: Some(5), stage: 7, range: Some((-9.0, 0.0)), ..PartsChoices::default() };
        assert_eq!(found.shown(chosen), None);
        found.add([PartName::Stage(0), PartName::Stage(1)]);
        let shown = found.shown(chosen).unwrap();
        assert_eq!((shown.quantity, shown.stage, shown.range), (PartsQuantity::Stage, 1, None));
        assert_eq!((shown.name(), shown.symbol()), ("stage 2".into(), "‖B_m x_0‖ of stage 2".into()));
        found.add([PartName::Class(5)]);
        let shown = found.shown(chosen).unwrap();
        assert_eq!((shown.quantity, shown.class), (PartsQuantity::Conditional, None), "one class is no choice");
        found.add([PartName::Class(2), PartName::Class(5), PartName::Unconditional]);
        let shown = found.shown(chosen).unwrap();
        assert_eq!((shown.quantity, shown.class, shown.range), (PartsQuantity::Difference, Some(5), chosen.range));
        assert_eq!(found.classes, [2, 5]);
    }

    #[test]
    fn shares_are_of_the_change_between_steps() {
        let plan = BandPlan::new(8, 8, 2, 3, Fit::Pad).unwrap();
        let (before, after) = (snapshot(1, NoiseLevel::from_log_snr(-1.0)), snapshot(8, NoiseLevel::from_log_snr(0.0)));
        let shares = step_shares(&before, &after, Some(PartName::Unconditional), 0, &plan).unwrap();
        let change = |c: usize, y: usize, x: usize| {
            let at = [0, c, y, x];
            f64::from(after.parts[2].x0[at]) - f64::from(before.parts[2].x0[at])
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
