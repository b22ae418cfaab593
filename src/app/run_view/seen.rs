//! The pictures of a run as latents, colours or decoded images. No GUI.

use crate::app::run_view::colours::Colours;
use crate::app::run_view::decoded::{DecodeKey, DecodedImages};
use crate::app::run_view::{Moment, Picture, PictureKey, RunView};
use crate::session::ShownValues;
use crate::session::levels::plan_of;
use crate::session::tiled;
use crate::session::view_space::{ViewSpace, is_image};
use crate::spectrum::BandPlan;
use ndarray::{Array3, ArrayView3, CowArray, Ix3, s};
use std::sync::Arc;

/// How the latents of a run are looked at, as far as it can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Seeing {
    /// The wish.
    pub space: ViewSpace,
    /// The channel of latents that is shown; `None` is all of them.
    pub channel: Option<usize>,
    /// Their colours, if those are known.
    pub colours: Option<Arc<Colours>>,
    /// Pixels of the image per latent; 1 if that is not known.
    pub pixels: usize,
    /// Whether latents can be decoded.
    pub has_decoder: bool,
    /// Whether that is by a small network that stands in for the model's own decoder.
    pub is_tiny: bool,
    /// Whether missing images are being decoded.
    pub is_decoding: bool,
    /// Why images on screen could not be decoded.
    pub failure: Option<String>,
}

impl Default for Seeing {
    fn default() -> Self {
        Self {
            space: ViewSpace::default(),
            channel: None,
            colours: None,
            pixels: 1,
            has_decoder: false,
            is_tiny: false,
            is_decoding: false,
            failure: None,
        }
    }
}

/// What a picture shows; part of its key in caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Seen {
    /// The values themselves, as those of an image.
    #[default]
    Values,
    /// The channels of latents side by side, or one of them.
    Latents(Option<usize>),
    /// Their colours, by this map.
    Colour(u64),
    /// The decoded image.
    Decoded,
}

impl Seen {
    /// The choice that it is; `None` for a model of images.
    #[must_use]
    pub const fn space(self) -> Option<ViewSpace> {
        match self {
            Self::Values => None,
            Self::Latents(_) => Some(ViewSpace::Latents),
            Self::Colour(_) => Some(ViewSpace::Colour),
            Self::Decoded => Some(ViewSpace::Decoded),
        }
    }

    /// The channels that are shown side by side, of this many.
    #[must_use]
    pub const fn cells(self, channels: usize) -> usize {
        match self {
            Self::Latents(None) => channels,
            _ => 1,
        }
    }

    /// Values `[C, H, W]` as they are coloured: one channel, all of them side by side, or as they are.
    #[must_use]
    pub fn laid_out(self, values: ArrayView3<'_, f32>) -> CowArray<'_, f32, Ix3> {
        match self {
            Self::Latents(Some(channel)) if channel < values.dim().0 => {
                values.slice_move(s![channel..=channel, .., ..]).into()
            }
            Self::Latents(_) => tiled(values).into(),
            _ => values.into(),
        }
    }
}

impl RunView {
    /// Sets how latents are looked at. Call before each frame.
    pub fn see(&mut self, seeing: Seeing) {
        self.seeing = seeing;
    }

    /// How latents are looked at.
    #[must_use]
    pub const fn seeing(&self) -> &Seeing {
        &self.seeing
    }

    /// Whether its states are latents and not images.
    #[must_use]
    pub fn has_latents(&self) -> bool {
        let is_pipeline = self.info.as_ref().is_some_and(|info| info.pipeline.is_some());
        is_pipeline || !is_image(self.started.shape[1])
    }

    /// What the pictures show where all is known; `None` for a model of images.
    #[must_use]
    pub fn space(&self) -> Option<ViewSpace> {
        self.has_latents().then(|| match self.seeing.space {
            ViewSpace::Decoded if self.seeing.has_decoder => ViewSpace::Decoded,
            ViewSpace::Latents => ViewSpace::Latents,
            _ if self.seeing.colours.is_some() => ViewSpace::Colour,
            _ => ViewSpace::Latents,
        })
    }

    /// Whether missing images are being decoded.
    #[must_use]
    pub const fn is_decoding(&self) -> bool {
        self.seeing.is_decoding
    }

    /// Pixels of the image per pixel of the run's own values.
    #[must_use]
    pub fn pixels_per_latent(&self) -> usize {
        self.seeing.pixels
    }

    /// Width and height of the images, in pixels of the image whatever is shown.
    #[must_use]
    pub fn image_size(&self) -> (usize, usize) {
        let [_, _, height, width] = self.started.shape;
        (width * self.pixels_per_latent(), height * self.pixels_per_latent())
    }

    /// Channels, height and width of what the pictures show where all is known.
    #[must_use]
    pub fn seen_shape(&self) -> [usize; 3] {
        let [_, channels, height, width] = self.started.shape;
        match self.space() {
            Some(ViewSpace::Decoded) => [3, height * self.pixels_per_latent(), width * self.pixels_per_latent()],
            Some(ViewSpace::Colour) => [3, height, width],
            Some(ViewSpace::Latents) | None => [channels, height, width],
        }
    }

    /// The division of what the pictures show into levels; `None` if it is too small for one.
    #[must_use]
    pub fn seen_plan(&self, factor: usize, levels: Option<usize>) -> Option<BandPlan> {
        let [_, height, width] = self.seen_shape();
        plan_of(factor, levels, height, width)
    }

    /// What a picture shows now: the colour estimate in place of a decoded image that is missing, which is then
    /// wanted.
    #[must_use]
    pub fn seen(&self, at: Moment, picture: Picture, sample: usize) -> Seen {
        self.space().map_or(Seen::Values, |space| self.seen_in(space, (at, picture, sample)))
    }

    /// The same, as something else if it is to be `like` that.
    #[must_use]
    pub fn seen_like(&self, like: Option<ViewSpace>, of: (Moment, Picture, usize)) -> Seen {
        self.space().map_or(Seen::Values, |space| self.seen_in(like.unwrap_or(space), of))
    }

    /// The same for one of the ways to look at it.
    #[must_use]
    pub fn seen_in(&self, space: ViewSpace, of: (Moment, Picture, usize)) -> Seen {
        let colour = || self.seeing.colours.as_ref().map(|colours| Seen::Colour(colours.id()));
        let latents = Seen::Latents(self.seeing.channel.filter(|channel| *channel < self.started.shape[1]));
        match (self.space(), space) {
            (None, _) => Seen::Values,
            (_, ViewSpace::Latents) => latents,
            (Some(ViewSpace::Decoded), ViewSpace::Decoded) if self.is_decoded(of) => Seen::Decoded,
            (_, ViewSpace::Colour | ViewSpace::Decoded) => colour().unwrap_or(latents),
        }
    }

    /// Whether both images of a change, or the one of another picture, are decoded. Parts and previews never are.
    fn is_decoded(&self, (at, picture, sample): (Moment, Picture, usize)) -> bool {
        let (here, before) = self.decode_keys(at, picture, sample);
        // All of them are wanted.
        let before = before.is_none_or(|before| self.decoded.has(before));
        here.is_some_and(|here| self.decoded.has(here)) && before
    }

    /// What is decoded for a picture: its latents, and for a change those of the step before.
    pub(super) fn decode_keys(
        &self,
        at: Moment,
        picture: Picture,
        sample: usize,
    ) -> (Option<DecodeKey>, Option<DecodeKey>) {
        let estimate = |step| DecodeKey { made: self.step_key(step), is_state: false, sample };
        match picture {
            Picture::State if at.state <= self.done() => {
                (Some(DecodeKey { made: self.state_key(at.state), is_state: true, sample }), None)
            }
            Picture::Expectation if at.step < self.done() => (Some(estimate(at.step)), None),
            Picture::Change if at.step < self.done() => match at.step.checked_sub(1) {
                Some(before) => (Some(estimate(at.step)), Some(estimate(before))),
                None => (None, None),
            },
            _ => (None, None),
        }
    }

    /// The latents to decode, `[1, C, H, W]`; `None` if the step is not kept at full size.
    #[must_use]
    pub fn to_decode(&self, key: DecodeKey) -> Option<ShownValues<'_>> {
        let is_same = |made| if key.is_state { self.state_key(made) } else { self.step_key(made) } == key.made;
        let index = key.made.index;
        let found = is_same(index)
            .then(|| if key.is_state { self.kept.x_t(index, key.sample) } else { self.kept.x0(index, key.sample) });
        found.flatten().filter(|shown| shown.exact)
    }

    /// The key of an estimate to decode.
    #[must_use]
    pub fn estimate_to_decode(&self, step: usize, sample: usize) -> DecodeKey {
        DecodeKey { made: self.step_key(step), is_state: false, sample }
    }

    /// The decoded images.
    pub const fn decoded_mut(&mut self) -> &mut DecodedImages {
        &mut self.decoded
    }

    /// Whether a small decoded image of an estimate is known.
    #[must_use]
    pub fn has_small_decoded(&self, key: DecodeKey) -> bool {
        self.decoded.small(key).is_some()
    }

    /// The cache key of a picture as it is shown.
    #[must_use]
    pub fn seen_key(&self, seen: Seen, (at, picture, sample): (Moment, Picture, usize)) -> PictureKey {
        PictureKey { seen, ..self.key(at, picture, sample) }
    }

    /// The values of a picture as it is shown, at their own size: those of [`values`](Self::values), their colours, or the
    /// decoded image.
    #[must_use]
    pub fn seen_values(&self, seen: Seen, of: (Moment, Picture, usize)) -> Option<ShownValues<'_>> {
        let (at, picture, sample) = of;
        match seen {
            Seen::Values | Seen::Latents(_) => self.values(at, picture, sample),
            Seen::Colour(_) => {
                let colours = self.seeing.colours.as_ref()?;
                colours.of(&self.values(at, picture, sample)?, picture.is_difference())
            }
            Seen::Decoded => {
                let (here, before) = self.decode_keys(at, picture, sample);
                let here = self.decoded.get(here?)?;
                Some(match before {
                    Some(before) => here.less(&self.decoded.get(before)?),
                    None => here,
                })
            }
        }
    }

    /// The same at the size of [`seen_shape`](Self::seen_shape), each latent as a block of pixels.
    #[must_use]
    pub fn levelled_values(&self, seen: Seen, of: (Moment, Picture, usize)) -> Option<ShownValues<'_>> {
        let shown = self.seen_values(seen, of)?;
        let [_, height, width] = self.seen_shape();
        if shown.shape[1..] == [height, width] {
            return Some(shown);
        }
        let [channels, rows, columns] = shown.shape;
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        let whole = Array3::from_shape_fn((channels, height, width), |(c, y, x)| {
            values[[c, y * rows / height, x * columns / width]]
        });
        let values = whole.into_raw_vec_and_offset().0.into();
        Some(ShownValues { values, shape: [channels, height, width], exact: shown.exact })
    }

    /// The thumbnail of a picture as it is shown, with what it shows.
    #[must_use]
    pub fn small_seen(&self, at: Moment, picture: Picture, sample: usize) -> Seen {
        match self.space() {
            None => Seen::Values,
            Some(ViewSpace::Decoded) => {
                let (here, before) = self.decode_keys(at, picture, sample);
                let has = |key| self.decoded.small(key).is_some();
                if here.is_some_and(has) && before.is_none_or(has) {
                    Seen::Decoded
                } else {
                    self.seen_in(ViewSpace::Colour, (at, picture, sample))
                }
            }
            Some(space) => self.seen_in(space, (at, picture, sample)),
        }
    }
}
