//! The decoded images of a run's steps that are on screen. No GUI.

use crate::app::run_view::MadeKey;
use crate::session::ShownValues;
use ndarray::{Array3, s};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Longest side of a small image, pixels.
const SMALL: usize = 128;
/// Most small images that are kept, bytes.
const BUDGET: usize = 64 << 20;

/// What is decoded: the latents of a state or of an estimate, and the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeKey {
    /// The state, or the step.
    pub made: MadeKey,
    /// Whether it is a state and not an estimate.
    pub is_state: bool,
    /// The sample of the batch.
    pub sample: usize,
}

/// A decoded image, `[3, H, W]`.
pub type Image = Array3<f32>;

fn shown(image: &Image, exact: bool) -> Option<ShownValues<'_>> {
    let (channels, height, width) = image.dim();
    Some(ShownValues { values: image.as_slice()?.into(), shape: [channels, height, width], exact })
}

/// An image as means of blocks, with no side longer than [`SMALL`].
fn small(image: &Image) -> Image {
    let (channels, height, width) = image.dim();
    let factor = height.max(width).div_ceil(SMALL).max(1);
    let size = (channels, height.div_ceil(factor), width.div_ceil(factor));
    Array3::from_shape_fn(size, |(channel, y, x)| {
        let (y, x) = (y * factor, x * factor);
        let block = image.slice(s![channel, y..(y + factor).min(height), x..(x + factor).min(width)]);
        block.mean().unwrap_or_default()
    })
}

/// The decoded images of a run. Whole ones are here while they are on screen, because the decoding thread keeps them
/// within a budget; small ones stay.
#[derive(Default)]
pub struct DecodedImages {
    whole: HashMap<DecodeKey, Arc<Image>>,
    small: HashMap<DecodeKey, Arc<Image>>,
    /// Those that this frame shows.
    used: RefCell<HashSet<DecodeKey>>,
    /// Those that this frame shows and that are missing, the most important last.
    wanted: RefCell<Vec<DecodeKey>>,
}

impl DecodedImages {
    /// An image at full size.
    pub(super) fn get(&self, key: DecodeKey) -> Option<ShownValues<'_>> {
        self.whole.get(&key).and_then(|image| shown(image, true))
    }

    /// Whether an image is there at full size; if not, it is wanted. It stays as long as every frame asks.
    pub(super) fn has(&self, key: DecodeKey) -> bool {
        let found = self.whole.contains_key(&key);
        if found {
            self.used.borrow_mut().insert(key);
        } else {
            self.wanted.borrow_mut().push(key);
        }
        found
    }

    /// A small image, if the image was ever here.
    pub(super) fn small(&self, key: DecodeKey) -> Option<ShownValues<'_>> {
        self.small.get(&key).and_then(|image| shown(image, false))
    }

    /// All small images, for another thread.
    pub(super) fn all_small(&self) -> HashMap<DecodeKey, Arc<Image>> {
        self.small.clone()
    }

    /// The wanted images of the frame that ended, the most important last, and forgets those that it did not show.
    pub fn end_frame(&mut self) -> Vec<DecodeKey> {
        let used = self.used.take();
        self.whole.retain(|key, _| used.contains(key));
        let mut wanted = self.wanted.take();
        let mut seen = HashSet::new();
        wanted.reverse();
        wanted.retain(|key| seen.insert(*key) && !self.whole.contains_key(key));
        wanted.reverse();
        wanted
    }

    /// Takes a decoded image.
    pub fn take(&mut self, key: DecodeKey, image: Arc<Image>) {
        self.small.entry(key).or_insert_with(|| Arc::new(small(&image)));
        let one = size_of::<f32>() * self.small.values().next().map_or(1, |image| image.len().max(1));
        while self.small.len() * one > BUDGET {
            let Some(other) = self.small.keys().find(|other| **other != key).copied() else { break };
            self.small.remove(&other);
        }
        self.whole.insert(key, image);
        self.used.borrow_mut().insert(key);
    }
}

/// A small image of a step, from [`DecodedImages::all_small`].
pub(super) fn small_in(all: &HashMap<DecodeKey, Arc<Image>>, key: DecodeKey) -> Option<ShownValues<'_>> {
    all.get(&key).and_then(|image| shown(image, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::RunId;

    fn key(index: usize) -> DecodeKey {
        DecodeKey { made: MadeKey { run: RunId::default(), index }, is_state: false, sample: 0 }
    }

    #[test]
    fn what_is_missing_is_wanted_and_what_is_not_shown_is_left() {
        let mut images = DecodedImages::default();
        assert!([key(1), key(2), key(1)].iter().all(|key| !images.has(*key)));
        assert_eq!(images.end_frame(), [key(2), key(1)], "each once, the last wish last");
        let image = Array3::from_shape_fn((3, 256, 130), |(_, _, x)| x as f32);
        images.take(key(1), Arc::new(image));
        assert!(images.has(key(1)) && images.end_frame().is_empty());
        assert_eq!(images.get(key(1)).unwrap().shape, [3, 256, 130]);
        assert!(images.end_frame().is_empty() && images.get(key(1)).is_none(), "a frame did not show it");
        let small = images.small(key(1)).unwrap();
        assert_eq!((small.shape, small.values[0], small.values[64]), ([3, 128, 65], 0.5, 128.5));
    }
}
