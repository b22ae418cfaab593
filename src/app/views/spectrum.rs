//! The spectra at the step under the playhead.

use super::plot::{figure_ui, line_names_ui};
use super::stage::Stage;
use super::widgets::Head;
use crate::app::run_view::{Moment, Picture, PictureKey, RunView};
use crate::app::theme::{self, Palette, SMALL};
use crate::figure::{Figure, SpectrumFigure, spectrum};
use crate::runtime::{AnalysisPool, RunEnd, RunId, Wake};
use crate::spectrum::Rapsd;
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use egui_tiles::UiResponse;
use ndarray::ArrayView3;
use std::sync::Arc;

/// Radially averaged power spectra by what they are of, and the figure on screen.
pub struct Spectra {
    pool: Option<AnalysisPool<PictureKey, Rings>>,
    /// The last figure that was whole, and what it shows; it stays until the next one is.
    shown: Option<(Shown, Figure)>,
}

type Shown = (RunId, Moment, usize, bool);

/// Frequency and density of each ring.
struct Rings {
    frequency: Vec<f64>,
    density: Vec<f64>,
}

impl Spectra {
    /// `wake` is called when a spectrum is there.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        // Without the thread the panel stays empty; nothing else needs it.
        Self { pool: AnalysisPool::start("chromascope-analysis", wake).ok(), shown: None }
    }

    fn of(&self, run: &RunView, at: Moment, picture: Picture, sample: usize) -> Option<Arc<Rings>> {
        let key = run.key(at, picture, sample);
        self.pool.as_ref()?.get(&key, || {
            let shown = run.values(at, picture, sample).filter(|shown| shown.exact)?;
            let (values, shape) = (shown.values.into_owned(), shown.shape);
            Some(Box::new(move || {
                let rapsd = Rapsd::new(shape[1], shape[2]).and_then(|mut rapsd| {
                    let image = ArrayView3::from_shape(shape, &values).ok();
                    let density = image.map_or(Ok(Vec::new()), |image| rapsd.sample(image))?;
                    Ok(Rings { frequency: rapsd.rings().frequency().to_vec(), density })
                });
                // An image that has no spectrum has no rings.
                rapsd.unwrap_or(Rings { frequency: Vec::new(), density: Vec::new() })
            }))
        })
    }

    /// The figure of a moment once all of it is there, until then the one before.
    fn figure(&mut self, run: &RunView, at: Moment, sample: usize) -> Option<&Figure> {
        let complete = run.end == Some(RunEnd::Complete);
        let wanted = (run.id, at, sample, complete);
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != wanted) {
            let end = Moment { state: run.steps(), step: run.steps().saturating_sub(1) };
            let image = if complete { self.of(run, end, Picture::State, sample) } else { None };
            let x_t = self.of(run, at, Picture::State, sample);
            let expectation = self.of(run, at, Picture::Expectation, sample);
            if let (Some(x_t), Some(expectation), true) = (x_t, expectation, image.is_some() || !complete) {
                let figure = spectrum(SpectrumFigure {
                    frequency: &x_t.frequency,
                    x_t: Some(&x_t.density),
                    expectation: Some(&expectation.density),
                    image: image.as_ref().map(|image| image.density.as_slice()),
                    noise: run.level(at.state).one_minus_alpha_bar(),
                });
                self.shown = Some((wanted, figure));
            }
        }
        self.shown.as_ref().map(|(_, figure)| figure)
    }
}

/// Draws the spectra in the space there is.
pub fn spectrum_ui(ui: &mut Ui, stage: &Stage, spectra: &mut Spectra) -> UiResponse {
    let palette = Palette::of(ui);
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    let space = whole.shrink2(vec2(16.0, 10.0));
    let head = Head {
        name: "Spectrum",
        note: "at this step",
        value: Some("dB".into()),
        about: "Power spectral density of the image over radial frequency, mean of the channels; unit white noise reads \
                0 dB, so the noise in xₜ reads 1 − ᾱ",
    };
    let moved = head.show(ui, Rect::from_min_size(space.min, vec2(space.width(), 24.0))).drag_started();
    if let Some((run, at)) = stage.run.zip(stage.at)
        && let Some(figure) = spectra.figure(run, at, stage.sample)
    {
        let names = 2.0 * 16.0 + 4.0;
        let plot = Rect::from_min_max(
            pos2(space.left() + 34.0, space.top() + 28.0),
            pos2(space.right(), (space.bottom() - names - 22.0).max(space.top() + 60.0)),
        );
        figure_ui(ui, plot, figure);
        let (left, right) = figure.x_axis.range;
        for tick in &figure.x_axis.ticks {
            let part = ((tick.at - left) / (right - left)) as f32;
            let at = pos2(plot.left() + part * plot.width(), plot.bottom() + 10.0);
            // Those at the very edge would stand beside the plot.
            if (0.02..0.98).contains(&part) {
                let font = theme::mono(SMALL - 1.0);
                ui.painter().text(at, Align2::CENTER_CENTER, &tick.label, font, palette.secondary);
            }
        }
        let place = Rect::from_min_max(pos2(space.left(), plot.bottom() + 22.0), space.max);
        line_names_ui(ui, place, figure, 2);
    }
    if moved { UiResponse::DragStarted } else { UiResponse::None }
}
