use crate::theory::{Chromatogram, ChromatogramError, Measure, NoiseLevel, dominant_level};
use serde::{Deserialize, Serialize};

/// The class or classes of the images.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// One class for the whole run.
    Class(i64),
    /// One class, then another.
    Switch(ClassSwitch<i64>),
    /// Classes by level.
    ByLevel(LevelPrompt),
}

/// One class for the first part of the run, then another: `[a:b:0.4]`. `None` stands for the null class until it is
/// known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassSwitch<C> {
    /// The first class.
    pub from: C,
    /// The second.
    pub to: C,
    /// The part of the run after which the second begins, 0 to 1.
    pub at: f64,
}

/// What run times that mean the same may differ by from rounding; steps are at least 1e-4 apart.
const ROUNDING: f64 = 1e-9;

impl<C: Copy> ClassSwitch<C> {
    /// The class at a run time, which is 1 at the noise.
    #[must_use]
    pub fn class_at(&self, s: f64) -> C {
        if 1.0 - s < self.at - ROUNDING { self.from } else { self.to }
    }
}

/// How classes by level are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum LevelMode {
    /// Weighted by each level's share: `ε_∅ + w·Σ_m r_m(t)(ε_{c_m} − ε_∅)`.
    #[default]
    Blend,
    /// Only the class of the dominant level.
    Switch,
    /// Each class in its own levels: `ε_∅ + w·Σ_m B_m(ε_{c_m} − ε_∅)`.
    Band,
}

impl LevelMode {
    /// All modes, in menu order.
    pub const ALL: [Self; 3] = [Self::Blend, Self::Switch, Self::Band];

    /// The name for people and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blend => "blend",
            Self::Switch => "switch",
            Self::Band => "band",
        }
    }
}

/// A class per resolution level, as the user gives them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByLevel {
    /// The classes, finest level first; the last one is also used for everything coarser.
    pub labels: Vec<i64>,
    /// How they are combined.
    pub mode: LevelMode,
    /// n between neighbouring levels.
    pub factor: usize,
}

impl ByLevel {
    /// How many levels an image of this size has.
    #[must_use]
    pub fn levels_of(&self, (height, width): (usize, usize)) -> usize {
        crate::theory::default_levels(self.factor, height, width)
    }
}

/// Classes by level, with the theory of when each level is generated.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelPrompt {
    /// The user's choice.
    pub choice: ByLevel,
    theory: Chromatogram,
}

impl LevelPrompt {
    /// For images of this height and width. `r_m` is the scale-invariant theory's share of the power over all levels that
    /// the images have.
    pub fn new(choice: ByLevel, size: (usize, usize)) -> Result<Self, ChromatogramError> {
        let theory = Chromatogram::scale_invariant(choice.factor, choice.levels_of(size))?;
        Ok(Self { choice, theory })
    }

    /// The class of level `m`.
    fn label(&self, m: usize) -> Option<i64> {
        let labels = &self.choice.labels;
        labels.get(m).or(labels.last()).copied()
    }

    /// How much each class counts at a noise level; each once, summing to 1. Of bands this is how much of what is generated
    /// then is theirs.
    #[must_use]
    pub fn shares(&self, level: NoiseLevel) -> Vec<(i64, f64)> {
        let mut r = vec![0.0; self.theory.levels()];
        self.theory.shares(level, Measure::Power, &mut r);
        if self.choice.mode == LevelMode::Switch {
            let dominant = dominant_level(&r).and_then(|m| self.label(m));
            return dominant.into_iter().map(|label| (label, 1.0)).collect();
        }
        let mut shares: Vec<(i64, f64)> = Vec::new();
        for (label, share) in (0..).map_while(|m| self.label(m)).zip(r) {
            match shares.iter_mut().find(|(there, _)| *there == label) {
                Some((_, sum)) => *sum += share,
                None => shares.push((label, share)),
            }
        }
        if let [(_, only)] = &mut shares[..] {
            *only = 1.0;
        }
        shares
    }

    /// Side of the largest blocks that the bands of the classes need.
    #[must_use]
    pub fn coarsest_block(&self) -> usize {
        self.bands().last().map_or(1, |(_, block)| *block)
    }

    /// The classes of the bands, each with the side n^m of the pooling from which on it rules; neighbours that are alike
    /// are one.
    #[must_use]
    pub fn bands(&self) -> Vec<(i64, usize)> {
        let mut bands: Vec<(i64, usize)> = Vec::new();
        let mut block = 1;
        for &label in &self.choice.labels {
            if bands.last().is_none_or(|(before, _)| *before != label) {
                bands.push((label, block));
            }
            block *= self.choice.factor;
        }
        bands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(labels: &[i64], mode: LevelMode) -> LevelPrompt {
        LevelPrompt::new(ByLevel { labels: labels.to_vec(), mode, factor: 2 }, (64, 64)).unwrap()
    }

    #[test]
    fn shares_are_the_chromatogram_with_equal_classes_merged() {
        // theory.md's golden row at ᾱ = 0.01, power.
        let r = [0.014_411, 0.054_336, 0.174_352, 0.347_142, 0.292_743, 0.117_015];
        let level = NoiseLevel::from_alpha_bar(0.01);
        let shares = prompt(&[4, 7, 4], LevelMode::Blend).shares(level);
        assert_eq!(shares.iter().map(|share| share.0).collect::<Vec<_>>(), [4, 7]);
        assert!((shares[0].1 - (1.0 - r[1])).abs() < 1e-5 && (shares[1].1 - r[1]).abs() < 1e-5, "{shares:?}");
        assert_eq!(prompt(&[3, 3, 3], LevelMode::Blend).shares(level), [(3, 1.0)]);
        let switch = prompt(&[0, 1, 2, 5, 6], LevelMode::Switch);
        assert_eq!(switch.shares(level), [(5, 1.0)]);
        assert_eq!(switch.shares(NoiseLevel::from_alpha_bar(0.5)), [(0, 1.0)]);
        assert_eq!(switch.shares(NoiseLevel::from_alpha_bar(1e-6)), [(6, 1.0)]);
    }

    #[test]
    fn bands_begin_where_the_class_changes() {
        assert_eq!(prompt(&[0, 0, 3, 3, 5], LevelMode::Band).bands(), [(0, 1), (3, 4), (5, 16)]);
        assert_eq!(prompt(&[2], LevelMode::Band).bands(), [(2, 1)]);
    }
}
