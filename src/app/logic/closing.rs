//! Closing the window.

use crate::app::App;
use crate::app::closing::{CloseQuestion, Closing};
use crate::app::intent::CloseChoice;
use crate::app::launch::ended_by_signal;
use crate::app::pane::id_of;
use crate::app::pane::measure::MeasurePane;
use egui::{Context, ViewportCommand};
use std::sync::Arc;

impl App {
    /// Delays the closing of the window while something is unsaved, and continues once that is saved. If the system
    /// ends the program the user is not asked.
    pub(in crate::app) fn close(&mut self, ctx: &Context) {
        self.after_saving(ctx);
        let state = &mut self.state;
        let asked_for = ctx.input(|input| input.viewport().close_requested()) && !ended_by_signal();
        let over = matches!(state.closing, Closing::Leaving);
        if !asked_for || over || state.measure.unsaved().is_empty() {
            return;
        }
        // The dialog could not be answered if it is not visible.
        for command in [ViewportCommand::CancelClose, ViewportCommand::Minimized(false), ViewportCommand::Focus] {
            ctx.send_viewport_cmd(command);
        }
        if matches!(state.closing, Closing::Not) {
            state.closing = Closing::Asking(CloseQuestion { paused: state.measure.pause(), drawn: false });
        }
        ctx.request_repaint();
    }

    /// Handles the answer to the question.
    pub(in crate::app) fn close_as(&mut self, ctx: &Context, choice: CloseChoice) {
        let Closing::Asking(held) = self.state.closing else { return };
        let unsaved = self.state.measure.unsaved().first().map(|(_, ensemble)| Arc::clone(ensemble));
        match (choice, unsaved) {
            (CloseChoice::Stay, _) => self.stay(),
            (CloseChoice::Save, Some(ensemble)) => {
                self.ask_where(self.state.measure.save(id_of::<MeasurePane>(), &ensemble));
                self.state.closing = Closing::Saving(ensemble, held);
            }
            (CloseChoice::Discard, _) | (CloseChoice::Save, None) => self.leave(ctx),
        }
    }

    /// Asks about the next ensemble, closes after the last, and stays if saving was cancelled.
    fn after_saving(&mut self, ctx: &Context) {
        let Closing::Saving(ensemble, held) = &self.state.closing else { return };
        let held = CloseQuestion { drawn: false, ..*held };
        if self.state.measure.is_filed(ensemble) {
            self.state.saving = None;
            if self.state.measure.unsaved().is_empty() {
                self.leave(ctx);
            } else {
                self.state.closing = Closing::Asking(held);
            }
        } else if self.state.saving.is_none() {
            self.stay();
        }
    }

    fn stay(&mut self) {
        if let Closing::Asking(held) | Closing::Saving(_, held) = std::mem::take(&mut self.state.closing)
            && held.paused
        {
            self.state.measure.set_paused(false);
        }
    }

    fn leave(&mut self, ctx: &Context) {
        self.state.closing = Closing::Leaving;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }
}
