//! Textures by what they show: uploaded when their key changes, dropped when nothing has asked for them for a while.

use super::run_view::{Picture, RunView};
use crate::runtime::RunId;
use egui::{ColorImage, TextureHandle, TextureOptions};
use std::collections::HashMap;

/// What a texture shows. The range is part of it: as a run goes on, ranges grow and pictures are coloured anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    run: RunId,
    step: usize,
    picture: Picture,
    sample: usize,
    range: u32,
}

/// The textures in use.
#[derive(Default)]
pub struct Textures {
    kept: HashMap<Key, (TextureHandle, u64)>,
    frame: u64,
}

/// Frames after which a texture that nothing asked for is dropped.
const KEEP: u64 = 240;

impl Textures {
    /// Call once a frame.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        let frame = self.frame;
        self.kept.retain(|_, (_, used)| frame - *used < KEEP);
    }

    /// The texture of a picture; `None` where the run has none.
    pub fn get(
        &mut self,
        ctx: &egui::Context,
        run: &RunView,
        step: usize,
        picture: Picture,
        sample: usize,
    ) -> Option<TextureHandle> {
        let key = Key { run: run.id, step, picture, sample, range: run.range(step, picture).to_bits() };
        if let Some((texture, used)) = self.kept.get_mut(&key) {
            *used = self.frame;
            return Some(texture.clone());
        }
        let image = run.paint(step, picture, sample)?;
        let size = [image.width() as usize, image.height() as usize];
        let image = ColorImage::from_rgb(size, image.as_raw());
        let texture = ctx.load_texture("picture", image, TextureOptions::NEAREST);
        self.kept.insert(key, (texture.clone(), self.frame));
        Some(texture)
    }
}
