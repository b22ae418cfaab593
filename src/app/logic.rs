//! Executes intents. Nothing here draws.

mod closing;
pub(super) mod keeper;
mod keys;
pub(super) mod live;
mod loading;
mod news;
pub(super) mod opener;
mod rescue;
mod typing;

use crate::app::fetching::Fetching;
use crate::app::intent::{Intent, MeasureWish};
use crate::app::measure_desk::Means;
use crate::app::pane::id_of;
use crate::app::pane::inspector::InspectorPane;
use crate::app::pane::lab::LabPane;
use crate::app::pane::measure::MeasurePane;
use crate::app::pane::pooling::PoolingPane;
use crate::app::pane::tracks::TracksPane;
use crate::app::run_view::RunView;
use crate::app::saving::{Save, SaveOutcome, Saving, first_folder};
use crate::app::state::Opening;
use crate::app::words;
use crate::app::{App, theme};
use crate::model::onnx_runtime::setup::LibraryKind;
use crate::optimise::Options;
use crate::runtime::{Activity, Fault, FaultPlace, Optimisation, Pace, RunEnd, RunId};
use crate::session::action::Action;
use crate::session::playback::PlayheadCommand;
use crate::session::{History, RunSettings};
use crate::words::sentence;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What can be dropped into an empty window.
const DROP: &str = words::messages::DROP;

/// How long new results may take before the old ones are dimmed.
const PATIENCE: Duration = Duration::from_millis(300);

impl App {
    /// Executes the intents of views and keys, in order.
    pub(super) fn perform(&mut self, ctx: &egui::Context, intents: Vec<Intent>) {
        for intent in intents {
            self.perform_one(ctx, intent);
        }
    }

    pub(super) fn perform_one(&mut self, ctx: &egui::Context, intent: Intent) {
        let state = &mut self.state;
        match intent {
            Intent::Change(action) => self.change(|document| {
                document.perform(action);
            }),
            Intent::ChangeAndRun(actions) => self.change_and_run(actions),
            Intent::ChangeAndRunLive(actions) => {
                for action in actions {
                    state.document.perform(action);
                }
                self.start_live();
            }
            Intent::Typed(action) => {
                state.document.perform(action);
                state.typed = Some(Instant::now());
            }
            Intent::RunTyped => self.run_what_is_entered(),
            Intent::EndGesture => state.document.end_gesture(),
            Intent::Playback(command) => self.move_playhead(command),
            Intent::Run => self.start(Pace::Going),
            Intent::RunPlainBeside => self.run_plain_beside(),
            Intent::KeepBeside => state.keep_beside = true,
            Intent::DropBeside => (self.beside, state.keep_beside) = (None, false),
            Intent::Step if self.runtime.activity() == Activity::Paused => self.runtime.step(),
            Intent::Step => self.start(Pace::Steps(1)),
            Intent::Pause => self.runtime.pause(),
            Intent::Resume => self.runtime.resume(),
            Intent::Stop => self.runtime.stop(),
            Intent::OpenPath(path) => state.opener.open(path.into()),
            Intent::Ask(ask) => state.opener.ask(ask),
            Intent::Undo => self.change(|document| {
                document.undo();
            }),
            Intent::Redo => self.change(|document| {
                document.redo();
            }),
            Intent::Optimise(options) => self.optimise(*options),
            Intent::CancelOptimise => {
                if let Some(optimisation) = &state.optimisation {
                    optimisation.cancel();
                }
            }
            Intent::ImportSchedule(path) => {
                state.board.clear(id_of::<LabPane>());
                state.opener.import_schedule(path);
            }
            Intent::Save(_) | Intent::WriteSave { .. } | Intent::BrowseSave | Intent::CloseSave => {
                self.perform_save(intent);
            }
            Intent::CloseWindow(choice) => self.close_as(ctx, choice),
            Intent::Say(message) => state.board.say(message),
            Intent::CopyFigure(figure) => {
                let pane = figure.pane;
                state.opener.copy_figure(pane, move || figure.sheet());
            }
            Intent::OpenImage(choice) => {
                if let Some(pooling) = state.panes.get_mut::<PoolingPane>() {
                    pooling.choose(choice.clone());
                }
                state.opener.open_image(choice);
            }
            Intent::OpenReference(path) => {
                if let Some(inspector) = state.panes.get_mut::<InspectorPane>() {
                    inspector.choose(path.clone());
                }
                state.opener.open_reference(path);
            }
            Intent::Measure(wish) => self.measure(wish),
            Intent::CheckModel => self.check_model(),
            Intent::SetTheme(theme) => {
                state.preferences.theme = theme;
                theme::apply(ctx, theme);
            }
            Intent::ResetTiles => state.panes.reset(state.document.document().view.layout),
            Intent::ToggleKeys => state.keys_shown = !state.keys_shown,
            // A run that began in between may have removed them.
            Intent::Dismiss(index) if index < state.faults.len() => {
                state.faults.remove(index);
            }
            Intent::Dismiss(_) => {}
            Intent::DismissMessage(id) => state.board.dismiss(id),
            Intent::Fetch => self.fetch(),
            Intent::CancelFetch => self.runtime.cancel_set_up(),
        }
    }

    /// Executes the intents of the save dialog.
    fn perform_save(&mut self, intent: Intent) {
        let state = &mut self.state;
        match intent {
            Intent::Save(save) => self.ask_where(*save),
            Intent::WriteSave { path, replace } => {
                if let Some(saving) = &state.saving {
                    state.opener.save(saving.save.clone(), path, replace);
                }
            }
            Intent::BrowseSave => {
                if let Some(saving) = &state.saving {
                    let folder = saving.place().and_then(|place| place.parent().map(PathBuf::from));
                    state.opener.browse(&saving.save, folder);
                }
            }
            Intent::CloseSave => state.saving = None,
            _ => {}
        }
    }

    /// Changes the document. If that changes a setting of the run, and live runs are on, makes the run again.
    fn change(&mut self, change: impl FnOnce(&mut History)) {
        let before = self.state.document.document().clone();
        change(&mut self.state.document);
        let live_now = self.state.document.document().view.live && !before.view.live;
        if live_now && !self.pending().is_empty() {
            self.start_live();
        } else {
            self.run_what_changed(&before.run);
        }
    }

    /// Asks where to save something.
    pub(super) fn ask_where(&mut self, save: Save) {
        self.state.board.clear(save.pane);
        let folder = self.state.save_folder.clone().unwrap_or_else(first_folder);
        self.state.saving = Some(Saving::new(save, folder));
    }

    /// Shows the result of saving in the pane that asked, or in the dialog if it is still open.
    pub(super) fn take_saved(&mut self, save: &Save, path: &Path, outcome: &SaveOutcome) {
        let state = &mut self.state;
        if matches!(outcome, SaveOutcome::Written(_)) {
            state.save_folder = path.parent().map(PathBuf::from);
        }
        if let Some(saving) = state.saving.as_mut().filter(|saving| saving.save == *save) {
            if !saving.take(path, outcome) {
                return;
            }
            state.saving = None;
        }
        state.board.say(save.told(path, outcome));
    }

    pub(super) fn change_and_run(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.state.document.perform(action);
        }
        self.start(Pace::Going);
    }

    pub(super) fn start(&mut self, pace: Pace) {
        self.state.document.end_gesture();
        let settings = self.ask_for();
        self.drop_outdated();
        self.state.opening = Some(Opening::of(&settings.source));
        (self.coming, self.state.plain_beside) = (None, None);
        self.state.live_due = false;
        self.state.asked = Some(self.runtime.run(settings, pace));
    }

    /// Replaces the run on screen, which stays pinned if that was requested.
    pub(super) fn put_on_screen(&mut self, run: RunView) {
        let before = self.run.replace(run);
        if std::mem::take(&mut self.state.keep_beside) {
            self.beside = before;
        }
    }

    /// Whether the run on screen is complete and has the current settings.
    fn is_as_set(&self) -> bool {
        let document = self.state.document.document();
        self.run.as_ref().is_some_and(|run| run.end == Some(RunEnd::Complete) && *run.started.settings == document.run)
    }

    /// Pins the plain run beside the one on screen, which stays as it is. Returns whether it did.
    pub(super) fn put_beside(&mut self, run: impl FnOnce() -> RunView, id: RunId) -> bool {
        let does = self.state.plain_beside == Some(id) && self.is_as_set();
        if does {
            self.beside = Some(run());
        }
        does
    }

    /// Makes the plain run beside the run on screen. If that is not complete or has other settings, it follows
    /// when the plain run is over.
    fn run_plain_beside(&mut self) {
        let native = self.state.model.as_ref().and_then(|model| model.native_size);
        let run = &self.state.document.document().run;
        let Some(size) = run.image_size(native) else { return };
        let plain = run.plain(size);
        self.state.document.end_gesture();
        self.ask_for();
        self.drop_outdated();
        self.state.opening = Some(Opening::of(&plain.source));
        (self.coming, self.beside, self.state.keep_beside) = (None, None, false);
        self.state.plain_beside = Some(self.runtime.run(plain, Pace::Going));
        self.state.asked = self.state.plain_beside;
    }

    /// If the plain run is complete, makes the run itself. If it was stopped or failed, its steps stay, with
    /// their messages.
    pub(super) fn run_beside_plain(&mut self, id: RunId, whole: bool) {
        if self.state.plain_beside.take_if(|plain| *plain == id).is_none() {
            return;
        }
        if self.beside.as_ref().is_some_and(|beside| beside.id == id) {
            // The run itself never left the screen.
            self.beside.take_if(|_| !whole);
            return;
        }
        if whole {
            self.state.keep_beside = true;
            self.start(Pace::Going);
        } else if let Some(run) = self.run.as_ref().filter(|run| run.id == id) {
            // The steering is missing from the run on screen.
            self.state.requested = Some((*run.started.settings).clone());
        }
    }

    /// The settings of a run about to be requested. Messages about earlier ones are outdated: see
    /// [`drop_outdated`](Self::drop_outdated).
    pub(super) fn ask_for(&mut self) -> RunSettings {
        let state = &mut self.state;
        state.typed = None;
        let waiting = state.standing_in_for().is_some();
        let stays = |fault: &&Fault| fault.place == FaultPlace::Library && waiting;
        state.outdated = state.faults.iter().filter(|fault| !stays(fault)).cloned().collect();
        let settings = state.document.document().run.clone();
        state.requested = Some(settings.clone());
        settings
    }

    /// Removes the messages about runs before the newest request.
    pub(super) fn drop_outdated(&mut self) {
        let state = &mut self.state;
        let outdated = std::mem::take(&mut state.outdated);
        state.faults.retain(|fault| !outdated.contains(fault));
    }

    fn optimise(&mut self, options: Options) {
        let state = &mut self.state;
        let Some(planned) = state.planner.next() else { return };
        let settings = state.document.document().run.clone();
        let settings = RunSettings { steps: planned.plan.steps(), ..settings };
        let (now, library) = (planned.source.clone(), state.onnxruntime.clone());
        // One in progress ends with this.
        state.optimisation = None;
        match Optimisation::start(settings, now, None, options, library, Arc::clone(&state.wake)) {
            Ok(optimisation) => state.optimisation = Some(optimisation),
            Err(error) => state.add_fault(Fault::new(
                FaultPlace::Program,
                &format!(
                    "cannot start optimising: the system refused a thread ({error}). Close other programs and \
                          try again"
                ),
            )),
        }
    }

    fn check_model(&mut self) {
        let state = &mut self.state;
        let settings = state.document.document().run.clone();
        let (onnxruntime, wake) = (state.onnxruntime.clone(), Arc::clone(&state.wake));
        if let Err(error) = state.check.start(&settings, onnxruntime, self.runtime.busy(), wake) {
            let sentence = format!(
                "cannot check the model: the system refused a thread ({error}). Close other programs and try again"
            );
            state.faults.push(Fault::new(FaultPlace::Program, &sentence));
        }
    }

    pub(super) fn measure(&mut self, wish: MeasureWish) {
        let state = &mut self.state;
        let busy = self.runtime.busy();
        let (onnxruntime, wake) = (state.onnxruntime.clone(), Arc::clone(&state.wake));
        let means = Means { onnxruntime, busy, wake };
        let desk = &mut state.measure;
        let done = match wish {
            MeasureWish::Show(space) => {
                desk.show(space);
                Ok(())
            }
            MeasureWish::Begin(samples, decoding) => {
                let document = state.document.document();
                let (factor, levels) = (document.view.factor, document.view.levels);
                let options = crate::ensemble::Options { factor, levels, decoding, ..Default::default() };
                desk.begin(document.run.clone(), options, samples, means)
            }
            MeasureWish::Add(samples) => desk.add(samples, means),
            MeasureWish::SetData(folder) => desk.set_data(folder, means),
            MeasureWish::Pause(paused) => {
                desk.set_paused(paused);
                Ok(())
            }
            MeasureWish::Cancel => {
                desk.cancel();
                Ok(())
            }
            MeasureWish::Save => {
                if let Some(findings) = desk.whole() {
                    let save = desk.save(id_of::<MeasurePane>(), &findings.ensemble);
                    self.ask_where(save);
                }
                return;
            }
            MeasureWish::Open(path, purpose) => {
                state.board.clear(id_of::<MeasurePane>());
                state.opener.open_ensemble(path, purpose);
                Ok(())
            }
            MeasureWish::Keep => {
                desk.keep_to_compare();
                Ok(())
            }
            MeasureWish::DropCompared => {
                desk.drop_compared();
                Ok(())
            }
        };
        done.err().into_iter().for_each(|fault| state.add_fault(fault));
    }

    /// Moves the playhead and keeps it in view.
    pub(super) fn move_playhead(&mut self, command: PlayheadCommand) {
        self.state.playback.command(command);
        if let (Some(run), false) = (&self.run, matches!(command, PlayheadCommand::Loop(_) | PlayheadCommand::Speed(_)))
        {
            let reading = self.state.document.document().view.axis.into();
            let x = run.axis.x_of_step(self.state.playback.position(), reading);
            if let Some(tracks) = self.state.panes.get_mut::<TracksPane>() {
                tracks.state.zoom = tracks.state.zoom.showing(x);
            }
        }
    }

    pub(super) fn fetch(&mut self) {
        match self.runtime.set_up(LibraryKind::Cpu) {
            Ok(_) => {
                self.state.fetching = Some(Fetching { text: "Downloading ONNX Runtime".into(), share: None });
            }
            Err(error) => self.state.add_fault(Fault::new(
                FaultPlace::Program,
                &format!(
                    "cannot start the download: the system refused a thread ({error}). Run `chromascope setup` \
                          instead"
                ),
            )),
        }
    }

    /// Whether steps are being made or about to be.
    pub(super) fn is_going(&self) -> bool {
        matches!(self.runtime.activity(), Activity::Running | Activity::Opening)
    }

    /// Whether a new result takes so long that the old one should be dimmed.
    pub(super) fn is_stale(&self, ctx: &egui::Context) -> bool {
        let Some(opening) = &self.state.opening else { return false };
        let waited = opening.since.elapsed();
        if let Some(left) = PATIENCE.checked_sub(waited) {
            ctx.request_repaint_after(left);
        }
        waited >= PATIENCE
    }

    /// The status at the right of the transport.
    pub(super) fn status(&self) -> String {
        let frame = format!("frame {:.1} ms", self.state.meter.own_ms());
        if let Some(opening) = &self.state.opening {
            return match (opening.reading, &opening.part) {
                (Some((done, total)), _) => format!("reading image {done} of {total} · {frame}"),
                (None, Some(part)) => format!("{} · {frame}", part.in_words()),
                (None, None) => format!("opening {} · {frame}", opening.what),
            };
        }
        let Some(run) = &self.run else { return frame };
        let step =
            self.state.times.typical().map_or_else(String::new, |seconds| format!(" · {:.1} ms/step", 1e3 * seconds));
        let progress = match (&run.end, self.runtime.activity()) {
            _ if self.coming.is_some() => self.coming_in_words(),
            (Some(_), _) if self.state.asked.is_some() => "live: preparing".to_owned(),
            (Some(RunEnd::Complete), _) => words::frame::DONE.to_owned(),
            (Some(RunEnd::Stopped), _) => words::frame::stopped_after(run.done()),
            (Some(RunEnd::Failed(_)), _) => words::frame::failed_after(run.done()),
            (None, Activity::Paused) => words::frame::paused_after(run.done()),
            (None, Activity::Idle) if self.state.asked.is_none() => words::frame::stopped_after(run.done()),
            (None, _) => {
                let left = self.state.times.remaining(run.steps() - run.done());
                left.map_or_else(
                    || "running".to_owned(),
                    |left| format!("{:.1} {}", left.as_secs_f64(), words::frame::LEFT),
                )
            }
        };
        let memory = run.bytes() as f64 / 1e6;
        format!("{progress}{step} · {memory:.0} MB · {frame}")
    }

    /// The text of the images pane if it has nothing to show.
    pub(super) fn empty_words(&self) -> String {
        match &self.state.opening {
            Some(opening) => match (opening.reading, &opening.part) {
                (Some((done, total)), _) => format!("Reading image {done} of {total}"),
                (None, Some(part)) => format!("{} …", sentence(&part.in_words())),
                (None, None) => format!("Opening {} …", opening.what),
            },
            None if self.state.faults.is_empty() => format!("Press R to start a run. {DROP}"),
            None => format!("Nothing to show yet. Read the message above, or choose another model. {DROP}"),
        }
    }
}
