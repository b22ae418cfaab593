//! The track of adjusted times: the time after pooling, for each time.

use crate::app::track::TrackView;
use crate::app::track::figures::{FigureKey, KeptFigure, figure_ui};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::figure::draw::Content;
use crate::figure::{AdjustedReading, AdjustedTimeFigure, Figure, Reading, TimeView, adjusted_time, intensity};
use crate::session::action::Action;
use crate::session::document::{AdjustedView, Track};
use crate::theory::{Chromatogram, NoiseLevel};
use egui::Ui;

/// The track's own state.
#[derive(Default)]
pub(super) struct AdjustedTrack {
    figure: KeptFigure<AdjustedView>,
}

impl TrackView for AdjustedTrack {
    fn key(&self) -> Track {
        Track::AdjustedTime
    }

    fn about(&self) -> &'static str {
        "τₘ(t): a noisy image pooled m times by n is a noisy image at a less noisy time, λ(τₘ) = λ(t) + 2m·ln n, \
         scaled by √P"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        head.note(
            ui,
            36.0,
            if context.latent_pixels().is_some() { "latents pooled m times" } else { "pooled m times" },
        );
        let (name, tip) = ("Adjusted time unit", "Unit of the adjusted times τₘ");
        let choices = (context.view().adjusted, &AdjustedView::ALL[..]);
        head.choice_ui(ui, 48.0, (name, tip), choices, |choice| (choice.name(), Action::SetAdjusted(choice)), out);
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(axis) = context.axis() else { return };
        let figure = self.figure.get(FigureKey::new(context, place, context.view().adjusted), |key| {
            Some(drawn(key.axis.time(axis), context.theory()?, key.own))
        });
        if let Some(figure) = figure {
            figure_ui(ui, &figure, place, self.key().name(), context, out);
        }
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.figure.values_at(point.x)
    }

    fn has_own_pixels(&self, _: &ViewContext) -> bool {
        true
    }

    fn content(&self) -> Option<Content> {
        self.figure.content()
    }
}

fn drawn(time: TimeView, (theory, factor): (&Chromatogram, usize), view: AdjustedView) -> Figure {
    let level_at = |x: f64| time.level_at(x);
    let time_of = |level: NoiseLevel| time.axis.value_at(time.axis.step_of_level(level), Reading::RunTime);
    let reading = match view {
        AdjustedView::Time | AdjustedView::Intensity => AdjustedReading::Time,
        AdjustedView::LogSnr => AdjustedReading::LogSnr,
        AdjustedView::AlphaBar => AdjustedReading::AlphaBar,
        AdjustedView::Sigma => AdjustedReading::Sigma,
        AdjustedView::Decibel => AdjustedReading::Snr,
    };
    let times = theory.levels().saturating_sub(1).max(1);
    let x_axis = time.x_axis();
    let from = AdjustedTimeFigure { x_axis, level_at: &level_at, time_of: &time_of, factor, times, reading };
    if view == AdjustedView::Intensity { intensity(&from) } else { adjusted_time(&from) }
}
