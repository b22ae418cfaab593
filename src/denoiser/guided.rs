//! Classifier-free guidance (Ho and Salimans, arXiv 2207.12598), with one class, classes over time or classes by level:
//! `ε = ε_∅ + w·(ε_c − ε_∅)` (docs/theory.md, section 13).

mod prompt;
mod run_time;
mod scale;

pub use prompt::{ByLevel, ClassSwitch, LevelMode, LevelPrompt, Prompt};
pub use run_time::RunTime;
pub use scale::{GuidanceScale, ScaleCurve, ScaleError};

use super::classes::part_name;
use super::pooling::{add_upsampled, pool_into};
use super::{ClassDenoiser, DenoiseError, Denoised, Denoiser, Part, part_mut};
use crate::theory::NoiseLevel;
use ndarray::{Array4, ArrayView4, Axis, Slice};

/// A class-conditional denoiser with guidance. One call evaluates exactly the classes that an estimate needs: only the
/// class at w = 1, only the null class at w = 0. Both then equal the plain estimates bit for bit.
pub struct Guided<D> {
    inner: D,
    prompt: Prompt,
    scale: GuidanceScale,
    null: i64,
    time: RunTime,
    /// The states once for each class.
    states: Array4<f64>,
    classes: Vec<i64>,
    predicted: Denoised,
    combine: Combine,
}

/// Buffers of the combination.
struct Combine {
    difference: Array4<f64>,
    means: Array4<f64>,
}

/// How the predictions of several classes become one.
#[derive(Clone, Debug, PartialEq)]
enum Mixture {
    /// `Σ_c weight·ε_c`; each class once, the weights summing to 1.
    Weighted(Vec<(i64, f64)>),
    /// `(1−w)·ε_∅ + w·Σ_m B_m ε_{c_m}`: the bands with the side of the pooling from which on each rules, and w.
    Banded(Vec<(i64, usize)>, f64),
}

impl Mixture {
    /// The classes that must be asked for.
    fn classes(&self, null: i64) -> Vec<i64> {
        let (mut classes, guided): (Vec<i64>, bool) = match self {
            Self::Weighted(weights) => return weights.iter().map(|(class, _)| *class).collect(),
            Self::Banded(bands, w) => (bands.iter().map(|(class, _)| *class).collect(), *w != 1.0),
        };
        classes.extend(guided.then_some(null));
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

impl<D: ClassDenoiser> Guided<D> {
    /// `null` is the null class; `time` is the run time that `scale` and classes over time depend on.
    pub fn new(inner: D, prompt: Prompt, scale: GuidanceScale, null: i64, time: RunTime) -> Self {
        let empty = || Array4::zeros([0; 4]);
        Self {
            inner,
            prompt,
            scale,
            null,
            time,
            states: empty(),
            classes: Vec::new(),
            predicted: Denoised::zeros([0; 4]),
            combine: Combine { difference: empty(), means: empty() },
        }
    }

    fn mixture(&self, level: NoiseLevel) -> Mixture {
        let s = self.time.at(level);
        let w = self.scale.at(s);
        let shares = match &self.prompt {
            Prompt::Class(class) => vec![(*class, 1.0)],
            Prompt::Switch(switch) => vec![(switch.class_at(s), 1.0)],
            Prompt::ByLevel(levels) => match levels.bands() {
                // One class for all bands is plain guidance, to the last bit.
                bands if levels.choice.mode == LevelMode::Band && w != 0.0 && bands.len() > 1 => {
                    return Mixture::Banded(bands, w);
                }
                _ => levels.shares(level),
            },
        };
        Mixture::Weighted(weighted(&shares, w, self.null))
    }
}

/// The weight of every class in `ε_∅ + w·Σ_c p_c (ε_c − ε_∅)`, those of weight 0 left out.
fn weighted(shares: &[(i64, f64)], w: f64, null: i64) -> Vec<(i64, f64)> {
    let other = |share: &&(i64, f64)| share.0 != null;
    let guided: f64 = match shares.iter().filter(|share| !other(share)).count() {
        0 => 1.0,
        _ => shares.iter().filter(other).map(|share| share.1).sum(),
    };
    let conditional = shares.iter().filter(other).map(|&(class, share)| (class, w * share));
    let unconditional = std::iter::once((null, 1.0 - w * guided));
    conditional.chain(unconditional).filter(|(_, weight)| *weight != 0.0).collect()
}

impl<D: ClassDenoiser> Denoiser for Guided<D> {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let mixture = self.mixture(level);
        let classes = mixture.classes(self.null);
        let shape: [usize; 4] = x_t.dim().into();
        if let (Mixture::Weighted(_), [class]) = (&mixture, &classes[..]) {
            out.parts.clear();
            self.inner.denoise_classes(x_t, level, &[*class], out)?;
            out.parts.push(Part { name: part_name(*class, self.null), x0: out.x0.clone() });
            return Ok(());
        }
        let batch = shape[0];
        let many = [batch * classes.len(), shape[1], shape[2], shape[3]];
        if self.states.shape() != many {
            self.states = Array4::zeros(many);
        }
        self.classes.clear();
        for (mut states, &class) in self.states.axis_chunks_iter_mut(Axis(0), batch).zip(&classes) {
            states.assign(&x_t);
            self.classes.extend(std::iter::repeat_n(class, batch));
        }
        self.predicted.resize(many);
        self.inner.denoise_classes(self.states.view(), level, &self.classes, &mut self.predicted)?;

        let Self { predicted, combine, null, .. } = self;
        combine.run(&mixture, &classes, *null, &predicted.x0, &mut out.x0)?;
        combine.run(&mixture, &classes, *null, &predicted.eps, &mut out.eps)?;
        for (index, part) in predicted.parts.iter().enumerate() {
            combine.run(&mixture, &classes, *null, &part.x0, part_mut(&mut out.parts, index, part.name, shape))?;
        }
        let combined = predicted.parts.len();
        for (index, &class) in classes.iter().enumerate() {
            let of_class = of(&predicted.x0, index, batch);
            part_mut(&mut out.parts, combined + index, part_name(class, *null), shape).assign(&of_class);
        }
        out.parts.truncate(combined + classes.len());
        out.timestep = predicted.timestep;
        Ok(())
    }
}

/// The samples of the class in place `index`.
fn of(values: &Array4<f64>, index: usize, batch: usize) -> ArrayView4<'_, f64> {
    values.slice_axis(Axis(0), Slice::from(index * batch..(index + 1) * batch))
}

impl Combine {
    /// Brings the predictions `values` of `classes`, one after the other in the batch, together in `out`.
    fn run(
        &mut self,
        mixture: &Mixture,
        classes: &[i64],
        null: i64,
        values: &Array4<f64>,
        out: &mut Array4<f64>,
    ) -> Result<(), DenoiseError> {
        let batch = out.dim().0;
        let of_class =
            |class: i64| of(values, classes.iter().position(|there| *there == class).unwrap_or_default(), batch);
        match mixture {
            Mixture::Weighted(weights) => {
                out.fill(0.0);
                for &(class, weight) in weights {
                    out.scaled_add(weight, &of_class(class));
                }
            }
            Mixture::Banded(bands, w) => {
                // Σ_m B_m ε_m = ε_0 + Σ_(m>0) U_k D_k (ε_m − ε_(m−1)), as B_m is the difference of two poolings.
                let first = bands.first().map_or(null, |(class, _)| *class);
                out.assign(&of_class(first));
                for pair in bands.windows(2) {
                    let ((before, _), (class, block)) = (pair[0], pair[1]);
                    self.difference.clone_from(&of_class(class).to_owned());
                    self.difference -= &of_class(before);
                    pool_into(self.difference.view(), block, 1.0, &mut self.means)?;
                    add_upsampled(out, &self.means, block, 1.0);
                }
                if *w != 1.0 {
                    out.zip_mut_with(&of_class(null), |guided, &none| *guided = none + w * (*guided - none));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
