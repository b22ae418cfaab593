//! The state of the pane: the image, the time, and the last result.

use crate::app::intent::ImageChoice;
use crate::app::run_view::{Moment, Picture, PictureKey, RunView};
use crate::app::view_context::ViewContext;
use crate::figure::Reading;
use crate::runtime::{QuestionSlot, RunEnd, Wake, Weigh};
use crate::session::pooling::{CleanImage, Pooling};
use crate::session::tone;
use crate::theory::NoiseLevel;
use crate::words::sentence;
use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use ndarray::Array3;
use std::sync::Arc;

/// The initial time, and that after a double-click.
pub(super) const MIDDLE: f64 = 0.5;
/// Memory for pictures that the thread keeps, bytes.
const BUDGET: usize = 16 << 20;

/// The Pooling pane.
pub struct PoolingPane {
    slot: QuestionSlot<PooledKey, Pooled>,
    /// The image that is pooled.
    image: Option<Known>,
    /// A counter of images.
    images: u64,
    /// The image that is being read, or the final image of a run in progress.
    pub(super) wanted: Option<ImageChoice>,
    /// Run time, from 1 (noise) to 0 (image).
    pub(super) t: f64,
    /// Whether the time follows the playhead.
    pub(super) follow: bool,
    /// A path being typed.
    pub(super) path: String,
    /// Why the last image could not be used.
    pub(super) error: Option<String>,
    pub(super) shown: Option<PooledShown>,
}

/// An image and its source.
struct Known {
    choice: ImageChoice,
    version: u64,
    image: Arc<CleanImage>,
    /// The picture of the run, if that is its source.
    picture: Option<PictureKey>,
}

/// All inputs of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PooledKey {
    image: u64,
    /// λ, by its bits.
    log_snr: u64,
    factor: usize,
    seed: u64,
}

/// The result of the thread: three pictures and the numbers.
struct Pooled {
    parts: [(ColorImage, Ratio); 3],
    range: f32,
}

impl Weigh for Pooled {
    fn bytes(&self) -> usize {
        self.parts.iter().map(|(picture, _)| size_of_val(picture.pixels.as_slice())).sum()
    }
}

/// Measured and expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    pub measured: f64,
    pub expected: f64,
}

/// The result on screen.
pub(super) struct PooledShown {
    pub textures: [TextureHandle; 3],
    /// Its contents.
    pub images: [ColorImage; 3],
    pub ratios: [Ratio; 3],
    pub factor: usize,
    /// Rows and columns of `x_t`.
    pub size: (usize, usize),
    /// Black is minus this, white plus.
    pub range: f32,
}

impl PoolingPane {
    /// `wake` is called when a result is ready.
    pub(super) fn start(wake: Wake) -> Self {
        Self {
            slot: QuestionSlot::start("chromascope-pooling", BUDGET, wake),
            image: None,
            images: 0,
            wanted: None,
            t: MIDDLE,
            follow: false,
            path: String::new(),
            error: None,
            shown: None,
        }
    }

    /// Why the result could not be computed.
    pub(super) fn failure(&self) -> Option<&str> {
        self.slot.failure()
    }

    /// Another image is being read.
    pub fn choose(&mut self, choice: ImageChoice) {
        (self.wanted, self.error) = (Some(choice), None);
    }

    /// Uses the image of a choice, unless another was made since.
    pub fn take(&mut self, choice: ImageChoice, read: Result<Arc<CleanImage>, String>) {
        if self.wanted.as_ref() != Some(&choice) {
            return;
        }
        self.wanted = None;
        match read {
            Ok(image) => self.put(choice, image, None),
            Err(reason) => self.error = Some(sentence(&reason)),
        }
    }

    fn put(&mut self, choice: ImageChoice, image: Arc<CleanImage>, picture: Option<PictureKey>) {
        self.images += 1;
        self.image = Some(Known { choice, version: self.images, image, picture });
    }

    /// The latest chosen image, loaded or not.
    pub(super) fn choice(&self) -> Option<&ImageChoice> {
        self.wanted.as_ref().or(self.image.as_ref().map(|known| &known.choice))
    }

    /// Whether there is an image or one is being read.
    pub(super) fn has_image(&self) -> bool {
        self.image.is_some()
    }

    /// The current time: the playhead's if it is followed.
    pub(super) fn update_time(&mut self, context: &ViewContext) {
        if let (true, Some(run)) = (self.follow, context.run) {
            self.t = run.axis.value_at(context.position, Reading::RunTime);
        }
    }

    /// Uses the final image of the run on screen, if that is chosen and it has changed.
    pub(super) fn update_run_image(&mut self, run: Option<&RunView>, sample: usize) {
        let wanted = self.choice() == Some(&ImageChoice::Run);
        let Some(run) = run.filter(|run| wanted && run.end == Some(RunEnd::Complete)) else { return };
        let end = Moment { state: run.steps(), step: run.steps().saturating_sub(1) };
        let picture = run.key(end, Picture::State, sample);
        if self.wanted.is_none() && self.image.as_ref().is_some_and(|known| known.picture == Some(picture)) {
            return;
        }
        let Some(shown) = run.values(end, Picture::State, sample) else { return };
        let [channels, height, width] = shown.shape;
        let Ok(values) = Array3::from_shape_vec((channels, height, width), shown.values.into_owned()) else { return };
        self.wanted = None;
        match CleanImage::new(values) {
            Ok(image) => self.put(ImageChoice::Run, Arc::new(image), Some(picture)),
            Err(error) => self.error = Some(sentence(&error.to_string())),
        }
    }

    /// Requests this level, and shows the last result. There is one request at a time, so that during a drag pictures
    /// follow as fast as they are computed.
    pub(super) fn update_pictures(&mut self, ctx: &Context, level: NoiseLevel, factor: usize, seed: u64) {
        let Some(known) = &self.image else { return };
        let key = PooledKey { image: known.version, log_snr: level.log_snr().to_bits(), factor, seed };
        let image = Arc::clone(&known.image);
        if self.slot.follow(key, || Some(Box::new(move || made(&image, level, factor, seed)))) {
            match self.slot.shown() {
                Some((key, made)) => show(&mut self.shown, ctx, key.factor, made),
                None => self.shown = None,
            }
        }
    }
}

fn made(image: &CleanImage, level: NoiseLevel, factor: usize, seed: u64) -> Pooled {
    // The range that the images pane shows a noisy state in; one for all three, so that their intensities can be compared.
    let range = (level.sqrt_alpha_bar() + 2.2 * level.sqrt_one_minus_alpha_bar()) as f32;
    let Ok(pooling) = Pooling::new(image, level, factor, seed) else {
        // Images have at least 8 pixels per side, and factors are at most 4.
        let none = || (ColorImage::default(), Ratio { measured: f64::NAN, expected: f64::NAN });
        return Pooled { parts: [none(), none(), none()], range };
    };
    let parts = [&pooling.state, &pooling.pooled, &pooling.remade].map(|noised| {
        let picture = tone::image(noised.values.view(), range);
        let size = [picture.width() as usize, picture.height() as usize];
        (ColorImage::from_rgb(size, picture.as_raw()), Ratio { measured: noised.snr, expected: noised.expected_snr })
    });
    Pooled { parts, range }
}

fn show(shown: &mut Option<PooledShown>, ctx: &Context, factor: usize, made: &Pooled) {
    let pictures = made.parts.each_ref().map(|(picture, _)| picture.clone());
    let [width, height] = pictures[0].size;
    let textures = match shown.take() {
        Some(PooledShown { mut textures, .. }) => {
            for (texture, picture) in textures.iter_mut().zip(pictures) {
                texture.set(picture, TextureOptions::NEAREST);
            }
            textures
        }
        None => pictures.map(|picture| ctx.load_texture("pooling", picture, TextureOptions::NEAREST)),
    };
    *shown = Some(PooledShown {
        textures,
        images: made.parts.each_ref().map(|(picture, _)| picture.clone()),
        ratios: made.parts.each_ref().map(|(_, ratio)| *ratio),
        factor,
        size: (height, width),
        range: made.range,
    });
}
