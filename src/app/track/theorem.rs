//! The Theorem 1 track: a saved schedule on the axis of the run's.

use crate::app::draw::notes::words_ui;
use crate::app::track::TrackView;
use crate::app::track::figures::{FigureKey, KeptFigure, figure_ui};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::draw::Content;
use crate::figure::{Overlay, TheoremFigure, TheoremSchedule, theorem};
use crate::session::action::Action;
use crate::session::document::{Measure, TheoremView, Track};
use egui::Ui;

/// The track's own state.
#[derive(Default)]
pub(super) struct TheoremTrack {
    figure: KeptFigure<(Measure, TheoremView)>,
    /// The largest difference between the two schedules in the figure.
    largest_difference: Option<f64>,
}

impl TrackView for TheoremTrack {
    fn key(&self) -> Track {
        Track::Theorem
    }

    fn about(&self) -> &'static str {
        "Theorem 1: two schedules have the same rₘ at the same ᾱ. On the mapped axis both curves coincide. Choose a \
         saved schedule to compare"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        let tip = "The other schedule's rₘ at equal noise levels, or over its own time";
        let choices = (context.view().theorem, &TheoremView::ALL[..]);
        let of = |choice: TheoremView| (choice.name(), Action::SetTheorem(choice));
        head.choice_ui(ui, 28.0, ("Comparison", tip), choices, of, out);
        let compared = context.shown().is_some_and(|planned| !planned.overlays.is_empty());
        if let Some(difference) = self.largest_difference.filter(|_| compared) {
            head.note(ui, 64.0, words::tracks::LARGEST_DIFFERENCE);
            head.note(ui, 80.0, &format!("{difference:.1e}").replace('-', "−"));
        }
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(axis) = context.axis() else { return };
        let (measure, view) = (context.view().measure, context.view().theorem);
        let largest = &mut self.largest_difference;
        let figure = self.figure.get(FigureKey::new(context, place, (measure, view)), |_| {
            let (theory, factor) = context.theory()?;
            let Overlay { name, axis: other, .. } = context.shown()?.overlays.first()?;
            let (first, second) = (|t: f64| axis.level_at_run_time(t), |t: f64| other.level_at_run_time(t));
            let made = theorem(TheoremFigure {
                theory,
                factor,
                measure: measure.into(),
                first: TheoremSchedule { name: "run", level_at: &first },
                second: TheoremSchedule { name, level_at: &second },
            });
            *largest = Some(made.largest_difference);
            Some(match view {
                TheoremView::Mapped => made.mapped,
                TheoremView::Apart => made.apart,
            })
        });
        match figure {
            Some(figure) => figure_ui(ui, &figure, place, self.key().name(), context, out),
            None => words_ui(ui, place.plot, words::tracks::CHOOSE_SAVED),
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
