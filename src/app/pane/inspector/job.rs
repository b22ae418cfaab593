//! The job of the thread: an image, compared with its reference.

use crate::app::draw::painted::own_range;
use crate::app::draw::textures::coloured;
use crate::app::pane::inspector::state::Mode;
use crate::app::run_view::Seen;
use crate::runtime::Weigh;
use crate::session::inspect::{
    Channel, Difference, Errors, Histogram, ReferenceImage, ToneCurve, difference, errors, magnitude_image,
    signed_image,
};
use crate::session::levels::Isolation;
use crate::session::tiled;
use crate::session::tone::{Ground, robust_maximum};
use crate::session::view_space::is_image;
use crate::words::sentence;
use egui::ColorImage;
use image::RgbImage;
use ndarray::{Array3, ArrayView3};
use std::sync::Arc;

/// Bins of the histogram.
const BINS: usize = 96;

/// What an image is compared with.
pub(super) enum Other {
    None,
    /// Values of the run, `[1, C, H, W]`.
    Values(Vec<f32>),
    File(Arc<ReferenceImage>),
}

/// All inputs.
pub(super) struct InspectorJob {
    /// `[1, C, H, W]`.
    pub image: Vec<f32>,
    pub shape: [usize; 3],
    pub exact: bool,
    pub seen: Seen,
    pub other: Other,
    pub is_change: bool,
    pub alone: Option<Isolation>,
    pub channel: Channel,
    pub mode: Mode,
    /// Black and white of images; `None` fits the image.
    pub range: Option<(f32, f32)>,
    /// Full colour of changes and differences; `None` fits the data.
    pub most: Option<f32>,
    pub gamma: f32,
    pub offset: f32,
    /// The histogram's range; `None` fits the data.
    pub span: Option<(f32, f32)>,
    /// The background of differences.
    pub ground: Ground,
}

/// The map from values to tones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ToneScale {
    /// From black to white.
    Image(f32, f32),
    /// Blue, the background at zero, orange; full colour at this value.
    Signed(f32),
    /// From black at zero to white at this value.
    Magnitude(f32),
}

impl ToneScale {
    /// The values at both ends of the tones.
    pub const fn ends(self) -> (f32, f32) {
        match self {
            Self::Image(low, high) => (low, high),
            Self::Signed(most) => (-most, most),
            Self::Magnitude(most) => (0.0, most),
        }
    }
}

/// The result.
pub(super) struct Inspected {
    pub picture: ColorImage,
    pub other_picture: Option<ColorImage>,
    /// The values shown in `picture`, `[C, H, W]`: side by side unless they are one or three.
    pub subject: Array3<f32>,
    /// The inspected channels of the image, and those of the reference.
    pub image: Array3<f32>,
    pub other: Option<Array3<f32>>,
    pub exact: bool,
    /// Channels of the whole image.
    pub channels: usize,
    /// What it shows.
    pub seen: Seen,
    pub scale: ToneScale,
    pub histogram: Histogram,
    pub errors: Option<Errors>,
    /// Why the chosen reference cannot be used.
    pub refused: Option<String>,
}

impl Weigh for Inspected {
    fn bytes(&self) -> usize {
        let pixels: usize = [Some(&self.picture), self.other_picture.as_ref()]
            .into_iter()
            .flatten()
            .map(|image| image.pixels.len())
            .sum();
        let values = self.subject.len() + self.image.len() + self.other.as_ref().map_or(0, Array3::len);
        size_of::<f32>() * (pixels + values)
    }
}

pub(super) fn made(job: &InspectorJob) -> Inspected {
    let isolated = |values: ArrayView3<f32>| job.alone.map_or_else(|| values.to_owned(), |alone| alone.of(values));
    let all = ArrayView3::from_shape(job.shape, &job.image).map_or_else(|_| Array3::zeros((1, 1, 1)), isolated);
    let (other, refused) = match &job.other {
        Other::None => (None, None),
        Other::Values(values) => (ArrayView3::from_shape(job.shape, values).ok().map(isolated), None),
        Other::File(file) => match file.values(job.shape) {
            Ok(values) => (Some(isolated(values.view())), None),
            Err(error) => (None, Some(sentence(&error.to_string()))),
        },
    };
    let errors = other.as_ref().map(|other| errors(all.view(), other.view()));
    let image = job.channel.of(all.view());
    let other = other.map(|other| job.channel.of(other.view()));
    let apart = match (job.mode, &other) {
        (Mode::Difference(kind), Some(other)) => Some((kind, difference(image.view(), other.view(), kind))),
        _ => None,
    };
    let own_most = |values: &Array3<f32>| job.most.unwrap_or_else(|| robust_maximum(values.iter().copied()));
    let scale = match &apart {
        Some((Difference::Signed, values)) => ToneScale::Signed(own_most(values)),
        Some((_, values)) => ToneScale::Magnitude(own_most(values)),
        None if job.is_change => ToneScale::Signed(own_most(&image)),
        None => {
            let has_mean = job.alone.is_none_or(|alone| alone.has_rest());
            let (low, high) = job.range.unwrap_or_else(|| own_range(image.view(), has_mean));
            ToneScale::Image(low, high)
        }
    };
    let painted = |values: &Array3<f32>| coloured(&painted(values.view(), scale, job));
    let subject = apart.map_or_else(|| image.clone(), |(_, values)| values);
    let span = job.span.unwrap_or_else(|| span(&subject, scale));
    Inspected {
        picture: painted(&subject),
        other_picture: other.as_ref().filter(|_| job.mode == Mode::Wipe).map(painted),
        histogram: Histogram::new(subject.view(), span, BINS),
        subject,
        image,
        other,
        exact: job.exact,
        channels: job.shape[0],
        seen: job.seen,
        scale,
        errors,
        refused,
    }
}

fn painted(values: ArrayView3<f32>, scale: ToneScale, job: &InspectorJob) -> RgbImage {
    let all = (!is_image(values.dim().0)).then(|| tiled(values));
    let values = all.as_ref().map_or(values, |all| all.view());
    match scale {
        ToneScale::Image(low, high) => {
            ToneCurve { range: (low, high), gamma: job.gamma, offset: job.offset }.image(values)
        }
        ToneScale::Signed(most) => signed_image(values, most, job.gamma, job.ground),
        ToneScale::Magnitude(most) => magnitude_image(values, most, job.gamma),
    }
}

/// A little more than the values and the ends of the tones. For images it is at least their usual range, so that it changes little
/// from step to step.
fn span(values: &Array3<f32>, scale: ToneScale) -> (f32, f32) {
    let (low, high) = scale.ends();
    let (low, high) = values
        .iter()
        .filter(|value| value.is_finite())
        .fold((low, high), |(low, high), &value| (low.min(value), high.max(value)));
    let (low, high) = match scale {
        ToneScale::Image(..) => (low.min(-1.0), high.max(1.0)),
        ToneScale::Signed(_) => (low.min(-high), high.max(-low)),
        ToneScale::Magnitude(_) => (0.0, high),
    };
    let margin = 0.04 * (high - low).max(1e-6);
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(mode: Mode) -> InspectorJob {
        InspectorJob {
            image: vec![0.5, -0.5, 0.25, 1.5],
            shape: [1, 2, 2],
            exact: true,
            seen: Seen::Values,
            other: Other::Values(vec![0.5, 0.0, 0.25, 0.5]),
            is_change: false,
            alone: None,
            channel: Channel::All,
            mode,
            range: Some((-1.0, 1.0)),
            most: None,
            gamma: 1.0,
            offset: 0.0,
            span: None,
            ground: Ground::Dark,
        }
    }

    #[test]
    fn each_way_of_looking_has_its_scale() {
        let image = made(&job(Mode::Wipe));
        assert_eq!(image.scale, ToneScale::Image(-1.0, 1.0));
        assert!(image.other_picture.is_some() && image.histogram.range.1 > 1.5);
        assert_eq!(image.errors.unwrap().mean_mse, 0.3125);
        let signed = made(&job(Mode::Difference(Difference::Signed)));
        assert_eq!((signed.scale, signed.subject[[0, 0, 1]]), (ToneScale::Signed(1.0), -0.5));
        assert_eq!(made(&job(Mode::Difference(Difference::Absolute))).scale, ToneScale::Magnitude(1.0));
        let change = made(&InspectorJob { is_change: true, most: Some(0.5), other: Other::None, ..job(Mode::Image) });
        assert_eq!((change.scale, change.errors), (ToneScale::Signed(0.5), None));
    }

    #[test]
    fn a_file_that_cannot_be_compared_is_refused_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.png");
        RgbImage::new(8, 8).save(&path).unwrap();
        let other = Other::File(Arc::new(ReferenceImage::read(&path).unwrap()));
        let latents = made(&InspectorJob { image: vec![0.0; 16], shape: [4, 2, 2], other, ..job(Mode::Wipe) });
        assert!(latents.refused.unwrap().contains(" 4;"));
        assert!(latents.other.is_none() && latents.errors.is_none());
    }
}
