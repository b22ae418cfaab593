//! Textures by their contents: uploaded when their key changes, dropped when unused for a while.

use crate::app::draw::heat_map::HeatMaps;
use crate::app::draw::painted::painted_alone;
use crate::app::run_view::{Moment, Picture, PictureKey, RunView, Seen};
use crate::figure::Ground;
use crate::runtime::{AnalysisPool, Wake, Weigh};
use crate::session::document::ValueRange;
use crate::session::levels::Isolation;
use crate::session::view_space::ViewSpace;
use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use image::RgbImage;
use ndarray::ArrayView3;
use std::collections::HashMap;
use std::sync::Arc;

/// Longest side of the film strip's pictures, pixels.
const SMALL: u32 = 128;
/// Number of frames after which an unused texture is dropped.
const KEEP: u64 = 240;
/// Most values whose levels are split within a frame; larger images are split in the background.
const AT_ONCE: usize = 3 * 128 * 128;

/// Which picture of a run to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureRequest {
    /// The moment of the run.
    pub at: Moment,
    /// The picture.
    pub picture: Picture,
    /// The sample of the batch.
    pub sample: usize,
    /// What it is shown as, if not as chosen.
    pub like: Option<ViewSpace>,
    /// The values shown as black and white.
    pub range: ValueRange,
    /// The isolated levels; `None` is the whole image.
    pub alone: Option<Isolation>,
    /// Whether a thumbnail is enough.
    pub small: bool,
}

/// The contents of a texture. The range is part of it: while a run is in progress, ranges grow and pictures are coloured again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TextureKey {
    picture: PictureKey,
    alone: Option<Isolation>,
    /// `None` is the picture's own range.
    range: Option<(u32, u32)>,
    small: bool,
    /// The background of differences.
    ground: Ground,
}

/// A picture on the graphics card.
#[derive(Clone)]
pub struct Ready {
    /// Its texture.
    pub texture: TextureHandle,
    /// The values shown as black and white.
    pub range: (f32, f32),
    /// The share of values outside; unknown for thumbnails and isolated levels.
    pub beyond: f32,
    /// What it shows.
    pub seen: Seen,
}

/// The result of the thread.
type Painted = (ColorImage, (f32, f32));

impl Weigh for Painted {
    fn bytes(&self) -> usize {
        self.0.pixels.len() * size_of::<egui::Color32>()
    }
}

/// Memory for pictures that the threads keep until they are uploaded, thumbnails and large ones each, bytes.
const BUDGET: usize = 32 << 20;

/// The textures in use.
#[derive(Default)]
pub struct Textures {
    kept: HashMap<TextureKey, (Ready, u64)>,
    frame: u64,
    /// Images split into levels in the background, thumbnails and large ones separately, so that neither waits for the other.
    pools: [Option<AnalysisPool<TextureKey, Painted>>; 2],
    /// The last request of each.
    asked: [Option<TextureKey>; 2],
    /// Why a picture of this frame could not be split into levels.
    failed: Option<String>,
    /// The last picture shown, until a newer one is ready.
    last: HashMap<Picture, Ready>,
    /// Heat maps.
    pub heat_maps: HeatMaps,
}

impl Textures {
    /// Call once a frame.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        self.failed = None;
        let frame = self.frame;
        self.kept.retain(|_, (_, used)| frame - *used < KEEP);
    }

    /// Why a picture of this frame could not be made.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// The texture of a picture; `None` if the run does not have it.
    pub fn get(&mut self, ctx: &Context, run: &RunView, wanted: PictureRequest) -> Option<Ready> {
        let PictureRequest { at, picture, sample, like, range, alone, small } = wanted;
        let of = (at, picture, sample);
        let seen = match &alone {
            None if small => run.small_seen(at, picture, sample),
            _ => run.seen_like(like, of),
        };
        let range = match &alone {
            Some(alone) => run.isolated_range(seen, of, range, alone),
            None => Some(run.range(seen, of, range)),
        };
        let bits = range.map(|(low, high)| (low.to_bits(), high.to_bits()));
        let ground = if picture.is_difference() { ground_of(ctx) } else { Ground::default() };
        let key = TextureKey { picture: run.seen_key(seen, of), alone, range: bits, small, ground };
        if let Some((ready, used)) = self.kept.get_mut(&key) {
            *used = self.frame;
            return Some(ready.clone());
        }
        let longest = small.then_some(SMALL);
        let (image, range) = match alone {
            // A thumbnail does not have the levels of the full step.
            Some(_) if small && run.values(at, picture, sample).is_none_or(|shown| !shown.exact) => return None,
            Some(alone) if run.seen_shape().iter().product::<usize>() > AT_ONCE => {
                match self.cut_beside(ctx, run, (wanted, seen), key, (alone, range, longest)) {
                    Cut::Made(made) => (*made).clone(),
                    Cut::Waiting => return self.last.get(&picture).filter(|_| !small).cloned(),
                    Cut::Nothing => return None,
                }
            }
            Some(alone) => {
                let shown = run.levelled_values(seen, of)?;
                let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
                let (image, range) = painted_alone((values, seen), picture, &alone, range, longest, ground);
                (coloured(&image), range)
            }
            None => {
                let range = range?;
                let image = match longest {
                    Some(longest) => run.paint_small(seen, of, range, longest, ground)?,
                    None => run.paint(seen, of, range, None, ground)?,
                };
                (coloured(&image), range)
            }
        };
        let texture = ctx.load_texture("picture", image, TextureOptions::NEAREST);
        let beyond = if small || alone.is_some() { 0.0 } else { run.beyond(seen, of, range) };
        let ready = Ready { texture, range, beyond, seen };
        if !small {
            self.last.insert(picture, ready.clone());
        }
        self.kept.insert(key, (ready.clone(), self.frame));
        Some(ready)
    }

    /// Levels of a large image, from the thread. There is one request at a time, because each copies the values.
    fn cut_beside(
        &mut self,
        ctx: &Context,
        run: &RunView,
        (PictureRequest { at, picture, sample, small, .. }, seen): (PictureRequest, Seen),
        key: TextureKey,
        (alone, range, longest): (Isolation, Option<(f32, f32)>, Option<u32>),
    ) -> Cut {
        let index = usize::from(small);
        if self.pools[index].is_none() {
            self.pools[index] = pool(ctx);
        }
        let Some(pool) = &self.pools[index] else { return Cut::Nothing };
        if let Some(asked) = self.asked[index].filter(|asked| *asked != key)
            && pool.answer(&asked).is_none()
        {
            return Cut::Waiting;
        }
        let mut asks = false;
        let made = pool.get(&key, || {
            let shown = run.levelled_values(seen, (at, picture, sample))?;
            asks = true;
            let (values, shape) = (shown.values.into_owned(), shown.shape);
            Some(Box::new(move || {
                let values = ArrayView3::from_shape(shape, &values);
                values.map_or((ColorImage::default(), (0.0, 1.0)), |values| {
                    let (image, range) = painted_alone((values, seen), picture, &alone, range, longest, key.ground);
                    (coloured(&image), range)
                })
            }))
        });
        if asks {
            self.asked[index] = Some(key);
        }
        if let Some(words) = pool.failure(&key) {
            self.failed = Some(words);
            return Cut::Nothing;
        }
        match made {
            Some(made) => Cut::Made(made),
            None if self.asked[index] == Some(key) => Cut::Waiting,
            None => Cut::Nothing,
        }
    }
}

/// The state of an image that the thread splits.
enum Cut {
    Made(Arc<Painted>),
    Waiting,
    Nothing,
}

/// The background for the window's colours.
#[must_use]
pub fn ground_of(ctx: &Context) -> Ground {
    match ctx.theme() {
        egui::Theme::Dark => Ground::Dark,
        egui::Theme::Light => Ground::Light,
    }
}

fn pool(ctx: &Context) -> Option<AnalysisPool<TextureKey, Painted>> {
    let ctx = ctx.clone();
    let wake: Wake = Arc::new(move || ctx.request_repaint());
    // Each is uploaded in the frame that it wakes.
    AnalysisPool::start("chromascope-levels", BUDGET, wake).ok()
}

/// Pixels in egui's format.
#[must_use]
pub fn coloured(image: &RgbImage) -> ColorImage {
    ColorImage::from_rgb([image.width() as usize, image.height() as usize], image.as_raw())
}
