//! The track of the guidance scale over the run, or of the local window, with points to drag.

mod curve;
mod points;

use crate::app::draw::legend::legend_ui;
use crate::app::draw::plot::lit_figure_ui;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::transform::Transform;
use crate::app::track::TrackView;
use crate::app::track::figures::{FigureKey, KeptFigure};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::denoiser::WindowSize;
use crate::denoiser::guided::GuidanceScale;
use crate::figure::draw::Content;
use crate::figure::{Dash, Figure, Line, NEXT, Paint, Role, TimeView};
use crate::session::document::Track;
use crate::session::levels::LevelSet;
use curve::HandCurve;
use egui::{Align2, Ui};
use points::{HeldRange, PointEditor};

/// The track's own state.
#[derive(Default)]
pub(super) struct GuidanceTrack {
    range: HeldRange,
    /// Made with this vertical range.
    figure: KeptFigure<(f64, f64)>,
}

impl TrackView for GuidanceTrack {
    fn key(&self) -> Track {
        Track::Guidance
    }

    fn about(&self) -> &'static str {
        "The guidance scale w over the run. Drag points; double-click to add one"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, _: &mut ViewOutput) {
        let text = match HandCurve::of(context.shown_settings()) {
            HandCurve::Scale(GuidanceScale::Constant(w)) => format!("w = {w:.2}"),
            HandCurve::Scale(GuidanceScale::Curve(_)) => "w(s), drawn".to_owned(),
            HandCurve::Window(WindowSize::PerSigma(per_sigma)) => format!("window k = {per_sigma:.1} σ"),
            HandCurve::Window(WindowSize::Curve(_)) => "window k(σ), drawn".to_owned(),
        };
        head.note(ui, 36.0, &text);
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(scale) = place.scale(context).filter(|_| context.shown().is_some()) else { return };
        // The points are those of the next run, drawn over the run on screen.
        let (shown, curve) = (HandCurve::of(context.shown_settings()), HandCurve::of(context.settings()));
        let (low, high) = shown.range();
        let (next_low, next_high) = curve.range();
        let range = self.range.unwrap_or_else(|| (low.min(next_low), high.max(next_high)));
        let figure = self.figure.get(FigureKey::new(context, place, range), |key| {
            let time = key.axis.time(scale.axis());
            Some(drawn(time, &shown, (&curve, key.next.is_some()), range))
        });
        let Some(figure) = figure else { return };
        lit_figure_ui(ui, (place.plot, place.head), &figure, LevelSet::WHOLE);
        let axis = scale.axis();
        let at = place.hovered.unwrap_or_else(|| axis.x_of_step(context.playhead(), context.reading()));
        match &shown {
            HandCurve::Scale(_) => {
                let _ = legend_ui(ui, place.legend, &figure, at, (&context.levels.of_run(), self.key().name()));
            }
            // The axis is logarithmic, and so are its numbers.
            HandCurve::Window(window) => {
                let level = axis.level_at(axis.step_of_x(at, context.reading()));
                let text = format!("k = {} px", window.side_at(level));
                let color = Palette::of(ui).text;
                ui.painter().text(place.legend.left_top(), Align2::LEFT_TOP, text, theme::body(SMALL), color);
            }
        }
        let (plot, range, map) = (place.plot, figure.y_axis.range, Transform::of(place.plot, &figure));
        PointEditor { plot, scale, range, map, curve: &curve }.ui(ui, &mut self.range, out.intents);
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.figure.values_at(point.x)
    }

    fn content(&self) -> Option<Content> {
        self.figure.content()
    }
}

/// The curve of the run on screen, and over it that of the next run if it differs.
fn drawn(time: TimeView, shown: &HandCurve, (next, differs): (&HandCurve, bool), range: (f64, f64)) -> Figure {
    let alike = std::mem::discriminant(shown) == std::mem::discriminant(next);
    let mut figure = if alike { shown } else { next }.figure(time, range);
    if differs && let Some(line) = next.figure(time, range).lines.pop() {
        figure.lines.retain(|_| alike);
        let (name, paint) = (NEXT.into(), Paint::Role(Role::Warning));
        figure.lines.push(Line { name, paint, dash: Dash::Dashed, weight: 0.75, ..line });
    }
    figure
}
