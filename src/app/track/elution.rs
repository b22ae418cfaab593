//! The elution track: how fast each level is generated.

use crate::app::planned::Planned;
use crate::app::track::TrackView;
use crate::app::track::figures::{FigureKey, KeptFigure, figure_ui};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::next_run::{lay_over, whole};
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::draw::Content;
use crate::figure::{ElutionFigure, Figure, Rate, TimeView, elution, generation};
use crate::session::document::{Measure, Stacking, Track};
use crate::theory::Chromatogram;
use egui::Ui;

/// How it is drawn.
type ElutionLooks = (Measure, Stacking);

/// The track's own state.
#[derive(Default)]
pub(super) struct ElutionTrack {
    figure: KeptFigure<ElutionLooks>,
}

impl TrackView for ElutionTrack {
    fn key(&self) -> Track {
        Track::Elution
    }

    fn about(&self) -> &'static str {
        "gₘ(t): how fast each level is generated. The line above is the sum; where it is low, steps add little"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, _: &mut ViewOutput) {
        head.note(ui, 36.0, "gₘ(t), per step");
        if context.latent_pixels().is_some() {
            head.note(ui, 52.0, words::tracks::OF_LATENTS);
        }
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(axis) = context.axis() else { return };
        let looks = (context.view().measure, context.view().stacking);
        let figure = self.figure.get(FigureKey::new(context, place, looks), |key| {
            let time = key.axis.time(axis);
            let mut figure = drawn(time, context.theory()?, looks);
            if let Some(next) = context.ghost() {
                lay_next_over(&mut figure, next, time, looks);
            }
            Some(figure)
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

/// The figure of levels with this factor.
pub(super) fn drawn(
    time: TimeView,
    (theory, factor): (&Chromatogram, usize),
    (measure, stacking): ElutionLooks,
) -> Figure {
    let from = ElutionFigure { time, theory, factor, measure: measure.into(), rate: Rate::PerStep };
    match stacking {
        Stacking::Lines => elution(from),
        Stacking::Areas => generation(from),
    }
}

/// Adds the curves of the next run.
pub(super) fn lay_next_over(figure: &mut Figure, next: &Planned, time: TimeView, looks: ElutionLooks) {
    let Some(theory) = next.theory.as_ref() else { return };
    lay_over(figure, &drawn(whole(next), (theory, next.factor), looks), next, time);
}
