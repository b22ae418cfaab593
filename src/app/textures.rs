//! Textures by what they show: uploaded when their key changes, dropped when nothing has asked for them for a while.

use super::heat_map::HeatMaps;
use super::run_view::{Moment, Picture, PictureKey, RunView};
use crate::session::document::ValueRange;
use egui::{ColorImage, TextureHandle, TextureOptions};
use std::collections::HashMap;

/// Longest side of the film strip's pictures, pixels.
const SMALL: u32 = 128;
/// Frames after which a texture that nothing asked for is dropped.
const KEEP: u64 = 240;

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// The place in the run.
    pub at: Moment,
    /// Which picture.
    pub picture: Picture,
    /// Which sample of the batch.
    pub sample: usize,
    /// Which values are black and white.
    pub range: ValueRange,
    /// Whether a small one will do.
    pub small: bool,
}

/// What a texture shows. The range is part of it: as a run goes on, ranges grow and pictures are coloured anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    picture: PictureKey,
    range: (u32, u32),
    small: bool,
}

/// The textures in use.
#[derive(Default)]
pub struct Textures {
    kept: HashMap<Key, (TextureHandle, u64)>,
    frame: u64,
    /// Heat maps.
    pub heat_maps: HeatMaps,
}

impl Textures {
    /// Call once a frame.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        let frame = self.frame;
        self.kept.retain(|_, (_, used)| frame - *used < KEEP);
    }

    /// The texture of a picture; `None` where the run has none.
    pub fn get(&mut self, ctx: &egui::Context, run: &RunView, wanted: Wanted) -> Option<TextureHandle> {
        let Wanted { at, picture, sample, range, small } = wanted;
        let range = run.range(at, picture, sample, range);
        let key = Key { picture: run.key(at, picture, sample), range: (range.0.to_bits(), range.1.to_bits()), small };
        if let Some((texture, used)) = self.kept.get_mut(&key) {
            *used = self.frame;
            return Some(texture.clone());
        }
        let image = run.paint(at, picture, sample, range, small.then_some(SMALL))?;
        let size = [image.width() as usize, image.height() as usize];
        let image = ColorImage::from_rgb(size, image.as_raw());
        let texture = ctx.load_texture("picture", image, TextureOptions::NEAREST);
        self.kept.insert(key, (texture.clone(), self.frame));
        Some(texture)
    }
}
