//! The thumbnails of a run, as in the film strip, which can be painted in any thread.

use crate::app::draw::painted::{own_range, painted};
use crate::app::run_view::decoded::small_in;
use crate::app::run_view::{DecodeKey, DisplayRanges, Image, Moment, Picture, RunView, Seeing, Seen};
use crate::session::document::ValueRange;
use crate::session::tone::Ground;
use crate::session::{KeptTrajectory, ShownValues};
use image::RgbImage;
use ndarray::ArrayView3;
use std::collections::HashMap;
use std::sync::Arc;

/// One of the three pictures of every step of a run.
#[derive(Clone)]
pub struct SmallImages {
    kept: KeptTrajectory,
    ranges: DisplayRanges,
    picture: Picture,
    sample: usize,
    choice: ValueRange,
    ground: Ground,
    /// What is shown of each finished step, and what its decoded images are kept by.
    seen: Vec<(Seen, DecodedPair)>,
    seeing: Seeing,
    decoded: HashMap<DecodeKey, Arc<Image>>,
}

/// The keys of a picture's decoded image, and of the one that it is less.
type DecodedPair = (Option<DecodeKey>, Option<DecodeKey>);

impl RunView {
    /// The thumbnails of the finished steps, for any thread.
    #[must_use]
    pub fn small_images(&self, picture: Picture, sample: usize, choice: ValueRange, ground: Ground) -> SmallImages {
        // Steps are shared, not copied.
        let seen = (0..self.done()).map(Moment::of_step);
        let seen = seen.map(|at| (self.small_seen(at, picture, sample), self.decode_keys(at, picture, sample)));
        SmallImages {
            seen: seen.collect(),
            kept: self.kept.clone(),
            ranges: self.ranges,
            picture,
            sample,
            choice,
            ground,
            seeing: self.seeing.clone(),
            decoded: self.decoded.all_small(),
        }
    }

    /// A thumbnail in colours with no side longer than this. It is the same whether or not the step is in memory at full
    /// size.
    #[must_use]
    pub fn paint_small(
        &self,
        seen: Seen,
        of: (Moment, Picture, usize),
        range: (f32, f32),
        longest: u32,
        ground: Ground,
    ) -> Option<RgbImage> {
        let (at, picture, sample) = of;
        let shown = match (seen, picture) {
            (Seen::Decoded, _) => {
                let (here, before) = self.decode_keys(at, picture, sample);
                let here = self.decoded.small(here?)?;
                match before {
                    Some(before) => here.less(&self.decoded.small(before)?),
                    None => here,
                }
            }
            (_, Picture::State | Picture::Expectation | Picture::Change) => {
                coloured(small_values(&self.kept, at, picture, sample)?, seen, &self.seeing, picture)?
            }
            _ => self.seen_values(seen, of)?,
        };
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        Some(painted(seen.laid_out(values).view(), picture, range, Some(longest), ground))
    }
}

/// Small latents as they are shown.
fn coloured<'a>(small: ShownValues<'a>, seen: Seen, seeing: &Seeing, picture: Picture) -> Option<ShownValues<'a>> {
    match seen {
        Seen::Colour(_) => seeing.colours.as_ref()?.of(&small, picture.is_difference()),
        _ => Some(small),
    }
}

impl SmallImages {
    /// The image of a step, with no side longer than this.
    #[must_use]
    pub fn paint(&self, step: usize, longest: u32) -> Option<RgbImage> {
        let Self { kept, ranges, picture, sample, choice, ground, .. } = self;
        let (seen, keys) = *self.seen.get(step)?;
        let shown = match (seen, keys) {
            (Seen::Decoded, (here, None)) => small_in(&self.decoded, here?)?,
            (Seen::Decoded, (here, Some(before))) => {
                small_in(&self.decoded, here?)?.less(&small_in(&self.decoded, before)?)
            }
            _ => {
                let small = small_values(kept, Moment::of_step(step), *picture, *sample)?;
                coloured(small, seen, &self.seeing, *picture)?
            }
        };
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        let range = match choice {
            ValueRange::Auto => own_range(values, !picture.is_difference()),
            ValueRange::Fixed { low, high } if !picture.is_difference() => (*low, *high),
            ValueRange::Fixed { .. } | ValueRange::Image => {
                let noise = self.seeing.colours.as_ref().map_or(1.0, |colours| colours.noise());
                let most = ranges.of_seen(seen, noise, *picture, *kept.levels().get(step)?);
                (-most, most)
            }
        };
        Some(painted(seen.laid_out(values).view(), *picture, range, Some(longest), *ground))
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
