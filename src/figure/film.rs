use super::{Axis, OnAxis};
use image::RgbImage;
use std::sync::Arc;

/// Images in a row along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// Its content, with subscripts as [`super::text::spans`] reads them.
    pub label: String,
    /// Time.
    pub x_axis: Axis,
    /// From left to right.
    pub frames: Vec<FilmFrame>,
}

/// An image at its position.
#[derive(Clone, Debug, PartialEq)]
pub struct FilmFrame {
    /// Its left and right edge on the axis. An image of another shape is cropped to its centre.
    pub range: (f64, f64),
    /// A description for screen readers.
    pub label: String,
    /// The image.
    pub image: Arc<RgbImage>,
}

impl Film {
    /// This many images side by side over the whole axis, each of the step with the noise level at its centre. A position
    /// without a step, or for which `image` returns none, is empty.
    #[must_use]
    pub fn new(
        label: impl Into<String>,
        on: OnAxis<'_>,
        count: usize,
        mut image: impl FnMut(usize) -> Option<Arc<RgbImage>>,
    ) -> Self {
        let (left, right) = on.time.range;
        let place = |index: f64| left + index / count.max(1) as f64 * (right - left);
        let frames = (0..count).filter_map(|index| {
            let index = index as f64;
            let step = on.step_at(place(index + 0.5))?;
            #[expect(clippy::cast_sign_loss, reason = "steps on the axis are not negative")]
            let step = (step as usize).min(on.own_axis().steps() - 1);
            let range = (place(index), place(index + 1.0));
            Some(FilmFrame { range, label: format!("step {step}"), image: image(step)? })
        });
        Self { label: label.into(), x_axis: on.time.x_axis(), frames: frames.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Reading, TimeAxis, TimeView};
    use crate::schedule::ModelSchedule;
    use crate::theory::NoiseLevel;

    #[test]
    fn images_stand_over_their_steps() {
        let levels = (0..=10).map(|step| NoiseLevel::from_flow_time(1.0 - f64::from(step) / 10.0)).collect();
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let axis = TimeAxis::of_levels(levels, vec![0.0; 10], &model);
        let time = TimeView { range: (0.5, 1.0), ..TimeView::whole(&axis, Reading::Step) };
        let film = Film::new("x_t", OnAxis::own(time), 5, |step| (step != 7).then(|| Arc::new(RgbImage::new(2, 2))));
        let labels: Vec<&str> = film.frames.iter().map(|frame| frame.label.as_str()).collect();
        assert_eq!(labels, ["step 5", "step 6", "step 8", "step 9"]);
        assert!((film.frames[2].range.0 - 0.8).abs() < 1e-12 && film.frames[3].range.1 == 1.0);
    }

    #[test]
    fn images_of_another_run_stand_at_their_noise_levels() {
        let axis_of = |log_snr: &[f64]| {
            let levels = log_snr.iter().map(|&at| NoiseLevel::from_log_snr(at)).collect::<Vec<_>>();
            TimeAxis::of_steps(levels, vec![0.0; log_snr.len() - 1])
        };
        let (shared, own) = (axis_of(&[-8.0, -4.0, 0.0, 4.0, 8.0]), axis_of(&[-5.0, -1.0, 3.0]));
        let on = OnAxis::new(TimeView::whole(&shared, Reading::LogSnr), &own);
        let film = Film::new("x_t", on, 8, |_| Some(Arc::new(RgbImage::new(2, 2))));
        let found: Vec<(f64, &str)> =
            film.frames.iter().map(|frame| (16.0 * frame.range.0 - 8.0, frame.label.as_str())).collect();
        // λ −5 to −1 is its first step, −1 to 3 its second; centres at −7, 5 or 7 are outside its steps.
        assert_eq!(found, [(-6.0, "step 0"), (-4.0, "step 0"), (-2.0, "step 1"), (0.0, "step 1"), (2.0, "step 1")]);
    }
}
