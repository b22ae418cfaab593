//! The thumbnails of a run, as in the film strip, which can be painted in any thread.

use crate::app::draw::painted::{own_range, painted};
use crate::app::run_view::{DisplayRanges, Moment, Picture, RunView};
use crate::session::document::ValueRange;
use crate::session::tone::Ground;
use crate::session::{KeptTrajectory, ShownValues};
use image::RgbImage;
use ndarray::ArrayView3;

/// One of the three pictures of every step of a run.
#[derive(Clone)]
pub struct SmallImages {
    kept: KeptTrajectory,
    ranges: DisplayRanges,
    picture: Picture,
    sample: usize,
    choice: ValueRange,
    ground: Ground,
}

impl RunView {
    /// The thumbnails of the finished steps, for any thread.
    #[must_use]
    pub fn small_images(&self, picture: Picture, sample: usize, choice: ValueRange, ground: Ground) -> SmallImages {
        // Steps are shared, not copied.
        SmallImages { kept: self.kept.clone(), ranges: self.ranges, picture, sample, choice, ground }
    }

    /// A thumbnail in colours with no side longer than this. It is the same whether or not the step is in memory at full
    /// size.
    #[must_use]
    pub fn paint_small(
        &self,
        at: Moment,
        picture: Picture,
        sample: usize,
        range: (f32, f32),
        longest: u32,
        ground: Ground,
    ) -> Option<RgbImage> {
        let shown = match picture {
            Picture::State | Picture::Expectation | Picture::Change => small_values(&self.kept, at, picture, sample)?,
            _ => self.values(at, picture, sample)?,
        };
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        Some(painted(values, picture, range, Some(longest), ground))
    }
}

impl SmallImages {
    /// The image of a step, with no side longer than this.
    #[must_use]
    pub fn paint(&self, step: usize, longest: u32) -> Option<RgbImage> {
        let Self { kept, ranges, picture, sample, choice, ground } = self;
        let shown = small_values(kept, Moment::of_step(step), *picture, *sample)?;
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        let range = match choice {
            ValueRange::Auto => own_range(values, !picture.is_difference()),
            ValueRange::Fixed { low, high } if !picture.is_difference() => (*low, *high),
            ValueRange::Fixed { .. } | ValueRange::Image => {
                let most = ranges.of(*picture, *kept.levels().get(step)?);
                (-most, most)
            }
        };
        Some(painted(values, *picture, range, Some(longest), *ground))
    }
}

/// The values of one of a step's three pictures as a thumbnail, made in the same way for all steps.
fn small_values(kept: &KeptTrajectory, at: Moment, picture: Picture, sample: usize) -> Option<ShownValues<'_>> {
    match picture {
        Picture::State => kept.small_x_t(at.state, sample),
        Picture::Change => {
            let before = kept.small_x0(at.step.checked_sub(1)?, sample)?;
            Some(kept.small_x0(at.step, sample)?.less(&before))
        }
        _ => kept.small_x0(at.step, sample),
    }
}
