//! The window's program behind a guard. A fault in a frame is reported in the window, which continues with all its data.
//! If one frame after the other fails, everything is saved and the window closes. A fault before the first frame is on
//! screen is passed to the caller, which may try the other renderer.

use crate::runtime::panic_text;
use egui::{Context, ViewportCommand};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Number of failed frames in a row after which the window closes.
const MOST_FAULTS: u32 = 6;

/// A program of the window that can recover from a fault of its own.
pub(super) trait Rescue: eframe::App {
    /// Recovers from a fault with this message, after this many failures directly before it.
    fn mend(&mut self, fault: &str, before: u32);

    /// Saves what would be lost; returns sentences on what was saved.
    fn save_everything(&mut self) -> String;
}

/// The state of the window, readable after it is gone.
#[derive(Default)]
pub(super) struct Fate {
    shown: AtomicBool,
    /// The fault that closed the window, and what was saved.
    broke: Mutex<Option<(Option<String>, String)>>,
}

impl Fate {
    /// Whether a frame was drawn.
    pub fn was_shown(&self) -> bool {
        self.shown.load(Ordering::Relaxed)
    }

    /// The fault that closed the window, if known, and what was saved.
    pub fn broke(&self) -> Option<(Option<String>, String)> {
        self.broke.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_broke(&self, fault: Option<String>, saved: String) {
        *self.broke.lock().unwrap_or_else(PoisonError::into_inner) = Some((fault, saved));
    }
}

/// A program behind its guard.
pub(super) struct Guarded<A: Rescue> {
    app: A,
    fate: Arc<Fate>,
    frames: u32,
    /// Faults since the last complete frame.
    faults: u32,
    /// Whether the first half of this frame failed, so that the second half does not count as a success.
    half: bool,
    over: bool,
}

impl<A: Rescue> Guarded<A> {
    pub fn new(app: A, fate: Arc<Fate>) -> Self {
        Self { app, fate, frames: 0, faults: 0, half: false, over: false }
    }

    /// Whether it succeeded.
    fn goes(&mut self, ctx: &Context, frame: impl FnOnce(&mut A)) -> bool {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| frame(&mut self.app))) else { return true };
        if !self.fate.was_shown() {
            self.over = true;
            resume_unwind(panic);
        }
        self.meet(ctx, &*panic);
        false
    }

    fn meet(&mut self, ctx: &Context, panic: &(dyn Any + Send)) {
        let before = self.faults;
        self.faults += 1;
        let words = panic_text(panic);
        // The recovery may meet the same fault.
        let _ = catch_unwind(AssertUnwindSafe(|| self.app.mend(words, before)));
        if self.faults >= MOST_FAULTS && !self.over {
            self.over = true;
            let saved = saved(&mut self.app);
            self.fate.set_broke(Some(words.to_owned()), saved);
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        ctx.request_repaint();
    }
}

fn saved(app: &mut impl Rescue) -> String {
    catch_unwind(AssertUnwindSafe(|| app.save_everything())).unwrap_or_else(|_| "nothing could be saved".to_owned())
}

impl<A: Rescue> eframe::App for Guarded<A> {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        // A frame is presented before the next begins.
        if self.frames > 0 {
            self.fate.shown.store(true, Ordering::Relaxed);
        }
        self.frames = self.frames.saturating_add(1);
        self.half = !self.goes(ctx, |app| app.logic(ctx, frame));
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if self.goes(&ctx, |app| app.ui(ui, frame)) && !self.half {
            self.faults = 0;
        }
    }

    fn on_exit(&mut self, gl: Option<&eframe::glow::Context>) {
        self.over = true;
        self.app.on_exit(gl);
    }
}

impl<A: Rescue> Drop for Guarded<A> {
    fn drop(&mut self) {
        // Closed neither by the user nor by a fault caught here: the renderer has failed.
        if !self.over && self.fate.was_shown() {
            let saved = saved(&mut self.app);
            self.fate.set_broke(None, saved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::App as _;

    /// Fails in chosen frames.
    struct Fails {
        frame: u32,
        from: u32,
        to: u32,
        told: Vec<(String, u32)>,
        saved: u32,
    }

    impl Fails {
        fn between(from: u32, to: u32) -> Self {
            Self { frame: 0, from, to, told: Vec::new(), saved: 0 }
        }
    }

    impl eframe::App for Fails {
        fn ui(&mut self, _: &mut egui::Ui, _: &mut eframe::Frame) {
            self.frame += 1;
            assert!(!(self.from..self.to).contains(&self.frame), "as frame {} is to", self.frame);
        }
    }

    impl Rescue for Fails {
        fn mend(&mut self, fault: &str, before: u32) {
            self.told.push((fault.to_owned(), before));
        }

        fn save_everything(&mut self) -> String {
            self.saved += 1;
            "all of it is saved".into()
        }
    }

    /// Draws this many frames; returns whether the window was to be closed.
    fn frames(guarded: &mut Guarded<Fails>, count: u32) -> bool {
        let ctx = Context::default();
        let mut closes = false;
        for _ in 0..count {
            let mut frame = eframe::Frame::_new_kittest();
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                guarded.logic(&ctx, &mut frame);
                guarded.ui(ui, &mut frame);
            });
            // Nothing is drawn.
            output.textures_delta.clear();
            let commands = output.viewport_output.values().flat_map(|output| &output.commands);
            closes |= commands.into_iter().any(|command| *command == ViewportCommand::Close);
        }
        closes
    }

    #[test]
    fn a_fault_in_a_frame_is_told_and_the_window_goes_on() {
        let fate = Arc::new(Fate::default());
        let mut guarded = Guarded::new(Fails::between(3, 5), Arc::clone(&fate));
        assert!(!frames(&mut guarded, 8));
        let told = [("as frame 3 is to".to_owned(), 0), ("as frame 4 is to".to_owned(), 1)];
        assert_eq!(guarded.app.told, told);
        assert_eq!((guarded.app.frame, guarded.app.saved, guarded.faults), (8, 0, 0));
        guarded.over = true;
        assert!(fate.broke().is_none());
    }

    #[test]
    fn faults_without_an_end_save_everything_once_and_close() {
        let fate = Arc::new(Fate::default());
        let mut guarded = Guarded::new(Fails::between(3, 100), Arc::clone(&fate));
        assert!(frames(&mut guarded, 12));
        assert_eq!(guarded.app.saved, 1);
        drop(guarded);
        assert_eq!(fate.broke(), Some((Some("as frame 8 is to".into()), "all of it is saved".into())));
    }

    #[test]
    fn a_window_that_is_dropped_without_being_closed_saves_everything() {
        let fate = Arc::new(Fate::default());
        let mut guarded = Guarded::new(Fails::between(100, 100), Arc::clone(&fate));
        frames(&mut guarded, 3);
        drop(guarded);
        assert_eq!(fate.broke(), Some((None, "all of it is saved".into())));
    }

    #[test]
    fn before_the_first_frame_the_other_renderer_may_try() {
        let fate = Arc::new(Fate::default());
        let mut guarded = Guarded::new(Fails::between(1, 100), Arc::clone(&fate));
        let outcome = catch_unwind(AssertUnwindSafe(|| frames(&mut guarded, 1)));
        assert_eq!(panic_text(&*outcome.unwrap_err()), "as frame 1 is to");
        drop(guarded);
        assert!(!fate.was_shown() && fate.broke().is_none());
    }
}
