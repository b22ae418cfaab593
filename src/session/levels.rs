//! Isolated resolution levels of an image. No GUI.

use super::document::MOST_LEVELS;
use crate::spectrum::{BandPlan, Fit};
use crate::theory::default_levels;
use crate::words::level_label;
use ndarray::{Array3, ArrayView2, ArrayView3, Axis};

/// A band of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Band {
    /// A resolution level, 0 the finest.
    Level(usize),
    /// The rest, coarser than all levels: the mean of blocks of n^M pixels.
    Rest,
}

impl Band {
    /// Its bit in a [`LevelSet`].
    const fn bit(self) -> u16 {
        match self {
            Self::Level(m) if m < MOST_LEVELS => 1 << m,
            Self::Level(_) => 0,
            Self::Rest => 1 << MOST_LEVELS,
        }
    }

    /// The band with this index in a plan, finest first, the rest last.
    #[must_use]
    pub const fn of_index(plan: &BandPlan, m: usize) -> Self {
        if m < plan.levels() { Self::Level(m) } else { Self::Rest }
    }

    /// Its index in a plan; `None` if the plan has no such level.
    #[must_use]
    pub fn index(self, plan: &BandPlan) -> Option<usize> {
        match self {
            Self::Level(m) => Some(m).filter(|m| *m < plan.levels()),
            Self::Rest => Some(plan.levels()),
        }
    }

    /// "4 px", or "rest".
    #[must_use]
    pub fn label(self, factor: usize) -> String {
        match self {
            Self::Level(m) => level_label(factor, m),
            Self::Rest => "rest".to_owned(),
        }
    }
}

/// The isolated bands; empty if the whole image is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LevelSet(u16);

impl LevelSet {
    /// No isolated band: the whole image.
    pub const WHOLE: Self = Self(0);

    /// One band.
    #[must_use]
    pub const fn only(band: Band) -> Self {
        Self(band.bit())
    }

    /// Whether nothing is isolated.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 == 0
    }

    /// Whether it contains a band.
    #[must_use]
    pub const fn contains(self, band: Band) -> bool {
        self.0 & band.bit() != 0
    }

    /// Whether a band is shown: one of these, or any if nothing is isolated.
    #[must_use]
    pub const fn shows(self, band: Band) -> bool {
        self.is_whole() || self.contains(band)
    }

    /// The set after a click on a band: that band alone, or everything if it was alone already. With `more` the band
    /// is added to the others or removed from them.
    #[must_use]
    pub const fn clicked(self, band: Band, more: bool) -> Self {
        let bit = band.bit();
        if more {
            Self(self.0 ^ bit)
        } else if self.0 == bit {
            Self::WHOLE
        } else {
            Self(bit)
        }
    }
}

/// The division of images of a size into levels: as many as requested, but not more than they allow. `None` if they are
/// too small for one.
#[must_use]
pub fn plan_of(factor: usize, levels: Option<usize>, height: usize, width: usize) -> Option<BandPlan> {
    let most = default_levels(factor, height, width).min(MOST_LEVELS);
    let levels = levels.map_or(most, |levels| levels.clamp(1, most));
    BandPlan::new(height, width, factor, levels, Fit::Pad).ok()
}

/// Isolated bands of images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Isolation {
    plan: BandPlan,
    set: LevelSet,
}

impl Isolation {
    /// `None` if the images have none of these bands.
    #[must_use]
    pub fn new(plan: BandPlan, set: LevelSet) -> Option<Self> {
        let isolation = Self { plan, set };
        isolation.indices().next().is_some().then_some(isolation)
    }

    /// One band of a plan by its index, the rest last.
    #[must_use]
    pub const fn of_index(plan: BandPlan, m: usize) -> Self {
        Self { plan, set: LevelSet::only(Band::of_index(&plan, m)) }
    }

    /// The division of the images into levels.
    #[must_use]
    pub const fn plan(&self) -> &BandPlan {
        &self.plan
    }

    /// Whether the rest band is included: then the result has a mean, and is not only a deviation from it.
    #[must_use]
    pub const fn has_rest(&self) -> bool {
        self.set.contains(Band::Rest)
    }

    /// The bands, finest first.
    pub fn bands(&self) -> impl Iterator<Item = Band> {
        self.indices().map(|m| Band::of_index(&self.plan, m))
    }

    /// Their indices in the plan.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        (0..=self.plan.levels()).filter(|m| self.set.contains(Band::of_index(&self.plan, *m)))
    }

    /// "4 px", "1 + 2 px" or "16 px + rest".
    #[must_use]
    pub fn name(&self) -> String {
        let factor = self.plan.factor();
        let labels: Vec<String> = self.bands().map(|band| band.label(factor)).collect();
        let (last, before) = labels.split_last().map_or(("", &labels[..]), |(last, before)| (last.as_str(), before));
        let pixels = last.ends_with(" px");
        let shortened = before.iter().enumerate().map(|(index, label)| {
            let unit_follows = pixels || index + 1 < before.len();
            if unit_follows { label.trim_end_matches(" px") } else { label.as_str() }
        });
        shortened.chain(std::iter::once(last)).collect::<Vec<_>>().join(" + ")
    }

    /// The image `[C, H, W]` with these bands only. Images of another size are unchanged.
    #[must_use]
    pub fn of(&self, image: ArrayView3<f32>) -> Array3<f32> {
        let mut left = Array3::zeros(image.dim());
        for (channel, mut out) in image.outer_iter().zip(left.axis_iter_mut(Axis(0))) {
            for m in self.indices() {
                let Ok(band) = self.plan.isolate(channel, m) else { return image.to_owned() };
                out.zip_mut_with(&band, |out, band| *out += *band as f32);
            }
        }
        left
    }

    /// [`Self::of`] at one pixel of one channel `[H, W]`.
    #[must_use]
    pub fn at(&self, channel: ArrayView2<f32>, y: usize, x: usize) -> f32 {
        let low = |power: usize| block_mean(channel, self.plan.factor().pow(u32::try_from(power).unwrap_or(0)), y, x);
        let band = |m: usize| if m < self.plan.levels() { low(m) - low(m + 1) } else { low(m) };
        self.indices().map(band).sum::<f64>() as f32
    }

    /// The energy of these bands together, from that of all bands.
    #[must_use]
    pub fn energy(&self, energies: &[f64]) -> f64 {
        self.indices().filter_map(|m| energies.get(m)).sum()
    }
}

/// The mean of the block that contains a pixel; beyond the edges the last row and column are repeated.
fn block_mean(plane: ArrayView2<f32>, block: usize, y: usize, x: usize) -> f64 {
    let (height, width) = plane.dim();
    let (top, left) = (y / block * block, x / block * block);
    let mut sum = 0.0;
    for row in top..top + block {
        for column in left..left + block {
            sum += f64::from(plane[[row.min(height - 1), column.min(width - 1)]]);
        }
    }
    sum / (block * block) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize) -> Array3<f32> {
        Array3::from_shape_fn((2, height, width), |(c, y, x)| ((7 * y + 3 * x * x + 11 * c) % 17) as f32 / 17.0)
    }

    #[test]
    fn clicks_isolate_add_and_go_back() {
        let (fine, coarse) = (Band::Level(0), Band::Level(5));
        let one = LevelSet::WHOLE.clicked(fine, false);
        assert!(one.contains(fine) && one.shows(fine) && !one.shows(coarse));
        assert_eq!(one.clicked(coarse, false), LevelSet::only(coarse));
        assert_eq!(one.clicked(fine, false), LevelSet::WHOLE);
        let two = one.clicked(coarse, true).clicked(Band::Rest, true);
        assert!(two.contains(fine) && two.contains(coarse) && two.contains(Band::Rest));
        assert_eq!(two.clicked(fine, true).clicked(Band::Rest, true), LevelSet::only(coarse));
        assert!(LevelSet::WHOLE.shows(Band::Rest) && !LevelSet::WHOLE.contains(Band::Rest));
    }

    #[test]
    fn names_are_short() {
        let plan = plan_of(2, None, 64, 64).unwrap();
        let name = |bands: &[Band]| {
            let set = bands.iter().fold(LevelSet::WHOLE, |set, band| set.clicked(*band, true));
            Isolation::new(plan, set).map(|isolation| isolation.name())
        };
        let level = Band::Level;
        assert_eq!(name(&[level(2)]).unwrap(), "4 px");
        assert_eq!(name(&[level(5), level(0), level(2)]).unwrap(), "1 + 4 + 32 px");
        assert_eq!(name(&[Band::Rest]).unwrap(), "rest");
        assert_eq!(name(&[level(5), level(4), Band::Rest]).unwrap(), "16 + 32 px + rest");
        assert_eq!(name(&[level(6)]), None, "images of 64 pixels have no such level");
    }

    #[test]
    fn levels_are_as_many_as_the_images_have() {
        let levels = |factor, levels, side| plan_of(factor, levels, side, side).map(|plan| plan.levels());
        assert_eq!([levels(2, None, 64), levels(2, Some(3), 64), levels(2, Some(8), 64)], [Some(6), Some(3), Some(6)]);
        assert_eq!([levels(4, None, 64), levels(2, None, 1024), levels(2, None, 1)], [Some(3), Some(8), None]);
    }

    #[test]
    fn all_bands_are_the_image_and_one_pixel_is_as_the_whole() {
        for (height, width, factor) in [(16, 16, 2), (13, 18, 3), (20, 9, 2)] {
            let image = image(height, width);
            let plan = plan_of(factor, None, height, width).unwrap();
            let mut sum = Array3::<f32>::zeros(image.dim());
            for m in 0..=plan.levels() {
                let band = Isolation::of_index(plan, m);
                let values = band.of(image.view());
                for ((c, y, x), value) in values.indexed_iter() {
                    let there = band.at(image.index_axis(Axis(0), c), y, x);
                    assert!((there - value).abs() < 1e-5, "{m}: {there} {value}");
                }
                sum += &values;
            }
            assert!(sum.iter().zip(&image).all(|(a, b)| (a - b).abs() < 1e-5));
            let whole = (0..=plan.levels()).fold(LevelSet::WHOLE, |set, m| set.clicked(Band::of_index(&plan, m), true));
            let whole = Isolation::new(plan, whole).unwrap();
            assert!(whole.of(image.view()).iter().zip(&image).all(|(a, b)| (a - b).abs() < 1e-5));
            let energies: Vec<f64> = (0..=plan.levels()).map(|m| m as f64).collect();
            assert_eq!(whole.energy(&energies), energies.iter().sum::<f64>());
        }
    }
}
