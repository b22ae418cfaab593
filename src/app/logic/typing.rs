//! Runs of what is typed: not at every letter.

use crate::app::App;
use crate::runtime::Pace;
use std::time::Duration;

/// A run that takes no longer follows typing, after a pause of this length.
const MOMENT: Duration = Duration::from_millis(1500);
const PAUSE_OF_TYPING: Duration = Duration::from_millis(250);

impl App {
    /// Makes a live run of a typed text: in a pause of typing if all its steps take a moment, else when the field is left.
    pub(in crate::app) fn run_what_was_typed(&mut self, ctx: &egui::Context) {
        let Some(since) = self.state.typed else { return };
        if !self.state.document.document().view.live || self.pending().is_empty() {
            self.state.typed = None;
        } else if !ctx.text_edit_focused() {
            self.start_live();
        } else if self.takes_a_moment() {
            match PAUSE_OF_TYPING.checked_sub(since.elapsed()) {
                Some(left) => ctx.request_repaint_after(left),
                None => self.start_live(),
            }
        }
    }

    /// Whether a run like the one on screen is so fast that it may follow what is typed.
    fn takes_a_moment(&self) -> bool {
        let Some(run) = &self.run else { return false };
        self.state.times.remaining(run.steps()).is_some_and(|whole| whole <= MOMENT)
    }

    /// Runs what was typed, unless that is on its way.
    pub(in crate::app) fn run_what_is_entered(&mut self) {
        self.state.document.end_gesture();
        if !(self.is_going() && self.pending().is_empty()) {
            self.start(Pace::Going);
        }
    }
}
