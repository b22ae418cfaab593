//! News taken, keys read, intents carried out. Nothing here draws.

use super::intent::{ImageChoice, Intent, MeasureWish};
use super::measure_desk::Means;
use super::opener::Opened;
use super::panes::Pane;
use super::run_view::{Moment, Picture, RunView};
use super::state::{Fetching, Opening, STAND_IN};
use super::{App, theme};
use crate::figure::draw::{Format, Panel};
use crate::figure::{Axis, Film, TimeView, TimeZoom};
use crate::model::onnx_runtime::setup::Kind;
use crate::optimise::Options;
use crate::runtime::{Activity, Event as News, Fault, LibraryNews, Optimisation, Pace, Place, RunEnd, RunId, RunNews};
use crate::session::action::Action;
use crate::session::document::{AxisReading, Layout, Track};
use crate::session::levels::LevelSet;
use crate::session::playback::Command;
use crate::session::settings::{ModelSource, ProviderChoice};
use crate::session::{History, RunSettings};
use egui::{Event, Key, KeyboardShortcut, Modifiers};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most of a frame that is spent on taking news.
const NEWS_BUDGET: Duration = Duration::from_millis(5);
/// Images of a saved film strip, and the longest side of each, pixels.
const FILM: (usize, u32) = (9, 128);
const NEEDS_LIBRARY: &str = "emoji-unet";
/// How long something new may take before the old is dimmed.
const PATIENCE: Duration = Duration::from_millis(300);

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);

impl App {
    /// Carries out what views and keys asked for, in order.
    pub(super) fn perform(&mut self, ctx: &egui::Context, intents: Vec<Intent>) {
        for intent in intents {
            self.perform_one(ctx, intent);
        }
    }

    fn perform_one(&mut self, ctx: &egui::Context, intent: Intent) {
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
            Intent::ImportSchedule(path) => state.opener.import_schedule(path),
            Intent::ExportSchedule(export) => state.opener.export(export),
            Intent::ExportFigure(track, format) => {
                if let Some(content) = state.tracks.content(track) {
                    self.export(track, vec![Panel::new(track.name(), content)], format);
                }
            }
            Intent::ExportWithFilm(track, format) => {
                if let Some(content) = state.tracks.content(track) {
                    let panels = self.film(content.x_axis()).into_iter().chain([Panel::new(track.name(), content)]);
                    let panels = panels.collect();
                    self.export(track, panels, format);
                }
            }
            Intent::ExportSpectrum(format) => {
                if let Some(figure) = state.spectra.figure() {
                    let panels = vec![Panel::new("Spectrum", figure)];
                    self.state.opener.export_figure("Spectrum", (String::new(), panels), format, self.typed_path());
                }
            }
            Intent::OpenImage(choice) => {
                state.pooling.choose(choice.clone());
                state.opener.open_image(choice);
            }
            Intent::OpenReference(path) => {
                state.inspector.choose(path.clone());
                state.opener.open_reference(path);
            }
            Intent::Measure(wish) => self.measure(wish),
            Intent::SetTheme(theme) => {
                state.preferences.theme = theme;
                theme::apply(ctx, theme);
            }
            Intent::ResetTiles => state.tiles.reset(state.document.document().view.layout),
            Intent::ToggleKeys => state.keys_shown = !state.keys_shown,
            // A run that began in between may have taken them away.
            Intent::Dismiss(index) if index < state.faults.len() => {
                state.faults.remove(index);
            }
            Intent::DismissNotice(index) if index < state.notices.len() => {
                state.notices.remove(index);
            }
            Intent::Dismiss(_) | Intent::DismissNotice(_) => {}
            Intent::Fetch => self.fetch(),
            Intent::CancelFetch => self.runtime.cancel_set_up(),
        }
    }

    /// Changes the document, and where that changes the schedule or what steers the run, and live runs are wanted, makes the
    /// run again.
    fn change(&mut self, change: impl FnOnce(&mut History)) {
        let before = self.state.document.document().run.clone();
        change(&mut self.state.document);
        let document = self.state.document.document();
        if is_shown_live(&before, &document.run) && document.view.live {
            self.start_live();
        }
    }

    /// Draws panels into a file.
    fn export(&self, track: Track, panels: Vec<Panel>, format: Format) {
        let heading = self.state.measure.heading(track, &self.state.document.document().view);
        self.state.opener.export_figure(track.name(), (heading, panels), format, self.typed_path());
    }

    /// The path in the field for files of the panel that is shown.
    fn typed_path(&self) -> Option<PathBuf> {
        let state = &self.state;
        let path = match state.document.document().view.layout {
            Layout::Spectra => state.measure_panel.typed_path(),
            Layout::Explore | Layout::Present | Layout::ScheduleLab => state.lab.typed_path(),
            Layout::Guidance => state.guidance.typed_path(),
        };
        Some(path).filter(|path| !path.as_os_str().is_empty())
    }

    /// Images of E[x₀|xₜ] over what is shown of the time axis.
    fn film(&self, axis: &Axis) -> Option<Panel> {
        let (run, view) = (self.run.as_ref()?, &self.state.document.document().view);
        let range = self.state.tracks.zoom.range();
        let time = TimeView { range, ..TimeView::whole(&run.axis, view.axis.into()) };
        let sample = view.sample.min(run.samples() - 1);
        let film = Film::new("E[x_0|x_t]", time, FILM.0, |step| {
            let (at, picture) = (Moment::of_step(step), Picture::Expectation);
            let range = run.range(at, picture, sample, view.range);
            run.paint(at, picture, sample, range, Some(FILM.1)).map(Arc::new)
        });
        // On one axis with what it stands above.
        Some(Panel::new("", Film { x_axis: axis.clone(), ..film }))
    }

    fn change_and_run(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.state.document.perform(action);
        }
        self.start(Pace::Going);
    }

    pub(super) fn start(&mut self, pace: Pace) {
        self.state.document.end_gesture();
        let settings = self.ask_for();
        self.state.opening = Some(Opening::of(&settings.source));
        self.coming = None;
        self.runtime.run(settings, pace);
    }

    /// A run takes the place of the one on screen, which stays beside it where that was asked for.
    pub(super) fn put_on_screen(&mut self, run: RunView) {
        let before = self.run.replace(run);
        if std::mem::take(&mut self.state.keep_beside) {
            self.beside = before;
        }
    }

    /// Makes the run without what steers it; the run itself follows when that is over.
    fn run_plain_beside(&mut self) {
        let native = self.state.model.as_ref().and_then(|model| model.native_size);
        let run = &self.state.document.document().run;
        let Some(size) = run.image_size(native) else { return };
        let plain = run.plain(size);
        self.state.document.end_gesture();
        self.ask_for();
        self.state.opening = Some(Opening::of(&plain.source));
        (self.coming, self.beside, self.state.keep_beside) = (None, None, false);
        self.state.plain_beside = Some(self.runtime.run(plain, Pace::Going));
    }

    /// Where the run without is over, the run itself.
    fn run_beside_plain(&mut self, id: RunId) {
        if self.state.plain_beside == Some(id) {
            self.state.plain_beside = None;
            self.state.keep_beside = true;
            self.start(Pace::Going);
        }
    }

    /// The settings of a run that is about to be asked for. What was said of earlier ones is over.
    pub(super) fn ask_for(&mut self) -> RunSettings {
        let state = &mut self.state;
        let waiting = state.standing_in_for().is_some();
        state.faults.retain(|fault| fault.place == Place::Library && waiting);
        let settings = state.document.document().run.clone();
        state.requested = Some(settings.clone());
        settings
    }

    fn optimise(&mut self, options: Options) {
        let state = &mut self.state;
        let Some(planned) = state.planner.planned() else { return };
        let settings = state.document.document().run.clone();
        let settings = RunSettings { steps: planned.plan.steps(), ..settings };
        let (now, library) = (planned.source.clone(), state.onnxruntime.clone());
        // One that is under way ends with this.
        state.optimisation = None;
        match Optimisation::start(settings, now, None, options, library, Arc::clone(&state.wake)) {
            Ok(optimisation) => state.optimisation = Some(optimisation),
            Err(error) => state.faults.push(Fault::new(
                Place::Program,
                &format!("no thread could be started to optimise the schedule ({error}); close other programs"),
            )),
        }
    }

    fn measure(&mut self, wish: MeasureWish) {
        let state = &mut self.state;
        let busy = self.runtime.busy();
        let (onnxruntime, wake) = (state.onnxruntime.clone(), Arc::clone(&state.wake));
        let means = Means { onnxruntime, busy, wake };
        let desk = &mut state.measure;
        let done = match wish {
            MeasureWish::Begin(samples) => {
                let document = state.document.document();
                let (factor, levels) = (document.view.factor, document.view.levels);
                let options = crate::ensemble::Options { factor, levels, ..Default::default() };
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
            MeasureWish::Save(path) => {
                if let Some(findings) = desk.findings() {
                    state.opener.save_ensemble(Arc::clone(&findings.ensemble), path);
                }
                Ok(())
            }
            MeasureWish::Open(path, purpose) => {
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
        state.faults.extend(done.err());
    }

    /// Moves the playhead and keeps it in view.
    fn move_playhead(&mut self, command: Command) {
        self.state.playback.command(command);
        if let (Some(run), false) = (&self.run, matches!(command, Command::Loop(_) | Command::Speed(_))) {
            let reading = self.state.document.document().view.axis.into();
            let x = run.axis.x_of_step(self.state.playback.position(), reading);
            self.state.tracks.zoom = self.state.tracks.zoom.showing(x);
        }
    }

    fn fetch(&mut self) {
        match self.runtime.set_up(Kind::Cpu) {
            Ok(_) => {
                self.state.fetching = Some(Fetching { text: "Fetching ONNX Runtime".into(), share: None });
            }
            Err(error) => self.state.faults.push(Fault::new(
                Place::Program,
                &format!("no thread could be started to fetch ONNX Runtime ({error}); run `chromascope setup`"),
            )),
        }
    }

    /// Takes what there is within a budget; what is left asks for another frame.
    pub(super) fn take_news(&mut self, ctx: &egui::Context) {
        let began = Instant::now();
        loop {
            if began.elapsed() >= NEWS_BUDGET {
                ctx.request_repaint();
                break;
            }
            match self.runtime.next_event() {
                Some(News::Run { id, news }) => self.take_run_news(id, news),
                Some(News::Library(news)) => self.take_library_news(news),
                None => break,
            }
        }
        while let Some(opened) = self.state.opener.next() {
            match opened {
                Opened::Run(actions) => self.change_and_run(actions),
                Opened::Refused(sentence) => self.state.faults.push(Fault::new(Place::Model, &sentence)),
                Opened::Said(sentence) => {
                    let failed = !sentence.starts_with("Saved");
                    self.state.measure.say(sentence.clone(), failed);
                    self.state.lab.said = Some(sentence);
                }
                Opened::Ensemble(purpose, name, Ok(findings)) => self.state.measure.take(name, findings, purpose),
                Opened::Ensemble(_, _, Err(sentence)) => self.state.measure.say(sentence, true),
                Opened::EnsembleSaved(sentence, failed) => self.state.measure.say(sentence, failed),
                Opened::DataChosen(path) => self.measure(MeasureWish::SetData(Some(path))),
                Opened::ImageChosen(path) => self.perform_one(ctx, Intent::OpenImage(ImageChoice::File(path))),
                Opened::Image(choice, read) => self.state.pooling.take(choice, read),
                Opened::ReferenceChosen(path) => self.perform_one(ctx, Intent::OpenReference(path)),
                Opened::Reference(path, read) => self.state.inspector.take(path, read),
            }
        }
    }

    pub(super) fn take_run_news(&mut self, id: RunId, news: RunNews) {
        let state = &mut self.state;
        match news {
            RunNews::ModelOpening { source } => {
                state.opening.get_or_insert_with(|| Opening::of(&source));
            }
            RunNews::Reading { done, total } => {
                if let Some(opening) = &mut state.opening {
                    opening.reading = Some((done, total));
                }
            }
            RunNews::ModelOpened { info, notes } => {
                if state.standing_in_for().is_none() {
                    state.preferences.remember(&info.source);
                }
                state.model = Some(info);
                state.notes = notes;
            }
            RunNews::Started(started) => {
                state.opening = None;
                let Some(model) = state.model.as_ref().and_then(|model| model.schedule.clone()) else { return };
                state.notes.extend(started.notes.iter().cloned());
                let shown = self.run.as_ref().filter(|run| started.live && run.done() > 0);
                if let Some(last) = self.coming.as_ref().or(shown).filter(|_| started.live) {
                    self.coming = Some(RunView::new(id, started, model).after(last));
                } else {
                    state.playback.begin(started.levels.len() - 1);
                    state.times.clear();
                    self.coming = None;
                    self.put_on_screen(RunView::new(id, started, model));
                }
            }
            RunNews::Step { snapshot, state: reached } => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    state.times.push(snapshot.seconds);
                    run.push(snapshot, reached);
                    state.playback.finish_steps(run.done());
                } else if let Some(coming) = self.coming.as_mut().filter(|coming| coming.id == id) {
                    state.times.push(snapshot.seconds);
                    coming.push(snapshot, reached);
                    self.show_what_came();
                }
            }
            RunNews::Coarse(pass) => self.take_coarse(id, pass),
            RunNews::Ended { end, .. } => {
                state.opening = None;
                if let RunEnd::Failed(fault) = &end {
                    state.faults.push(fault.clone());
                }
                self.end_what_came(id);
                self.state.playback.end();
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    run.end = Some(end);
                }
                self.run_beside_plain(id);
            }
            RunNews::Failed(fault) => {
                self.give_up_what_came();
                let state = &mut self.state;
                state.opening = None;
                let nothing_yet = self.run.is_none() && fault.place == Place::Library;
                state.faults.push(fault);
                if nothing_yet {
                    self.stand_in();
                }
            }
        }
    }

    /// Shows a model that needs no ONNX Runtime in place of the bundled network, until there is one.
    fn stand_in(&mut self) {
        let state = &mut self.state;
        let wanted = state.document.document().run.source.clone();
        let exact = ModelSource::Model(STAND_IN.into());
        if wanted != ModelSource::Model(NEEDS_LIBRARY.into()) || state.stood_in_for.is_some() {
            return;
        }
        state.stood_in_for = Some(wanted);
        let label = state.document.document().run.label;
        let own_code = Action::SetProvider(ProviderChoice::Rust);
        self.change_and_run(vec![Action::SetModel(exact), Action::SetLabel(label), own_code]);
    }

    /// The model that stands in for another, by name.
    pub(super) fn stand_in_name(&self) -> Option<&'static str> {
        self.state.standing_in_for().map(|_| STAND_IN)
    }

    fn take_library_news(&mut self, news: LibraryNews) {
        let state = &mut self.state;
        match news {
            LibraryNews::Note(text) => state.fetching = Some(Fetching { text, share: None }),
            LibraryNews::Downloading { package, done, total } => {
                let megabytes = |bytes: u64| bytes as f64 / 1e6;
                let text = format!("Fetching {package}: {:.0} of {:.0} MB", megabytes(done), megabytes(total));
                state.fetching = Some(Fetching { text, share: Some((done as f64 / total.max(1) as f64) as f32) });
            }
            LibraryNews::Unpacking { package } => {
                state.fetching = Some(Fetching { text: format!("Unpacking {package}"), share: None });
            }
            LibraryNews::Done(_) => {
                state.fetching = None;
                state.faults.retain(|fault| fault.place != Place::Library);
                let wanted = state.standing_in_for().cloned();
                state.stood_in_for = None;
                if let Some(wanted) = wanted {
                    let label = state.document.document().run.label;
                    self.change_and_run(vec![Action::SetModel(wanted), Action::SetLabel(label)]);
                } else {
                    self.start(Pace::Going);
                }
            }
            LibraryNews::Cancelled => state.fetching = None,
            LibraryNews::Failed(fault) => {
                state.fetching = None;
                state.faults.push(fault);
            }
        }
    }

    /// Moves the playhead while playing, and asks for a frame when it is next to change.
    pub(super) fn play(&mut self, ctx: &egui::Context) {
        let elapsed = self.state.last_frame.elapsed();
        self.state.last_frame = Instant::now();
        self.state.playback.advance(elapsed);
        if let Some(next) = self.state.playback.next_change() {
            ctx.request_repaint_after(next);
        }
    }

    pub(super) fn keys(&mut self, ctx: &egui::Context) {
        // Undo first takes REDO's keys, which contain its own.
        let (redo, undo) = ctx.input_mut(|input| (input.consume_shortcut(&REDO), input.consume_shortcut(&UNDO)));
        let mut intents = Vec::new();
        if redo {
            intents.push(Intent::Redo);
        } else if undo {
            intents.push(Intent::Undo);
        }
        let typing = ctx.egui_wants_keyboard_input() || ctx.memory(|memory| memory.focused().is_some());
        if !typing {
            // In the order in which they were pressed: a slow frame may hold several.
            let pressed: Vec<Key> = ctx.input(|input| {
                let keys = input.events.iter().filter_map(|event| match event {
                    Event::Key { key, pressed: true, modifiers, .. } if !modifiers.command => Some(*key),
                    _ => None,
                });
                keys.collect()
            });
            for key in pressed {
                if key == Key::Num0 {
                    self.state.tracks.zoom = TimeZoom::default();
                }
                intents.extend(self.intent_of(key));
            }
        }
        if ctx.input(|input| input.key_pressed(Key::Escape)) {
            let isolated = self.state.document.document().view.isolated;
            // The topmost first: a menu closes itself, then the list of keys, then levels are put together again.
            if !self.state.keys_shown && !isolated.is_whole() && !egui::Popup::is_any_open(ctx) {
                intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
            }
            self.state.keys_shown = false;
        }
        self.perform(ctx, intents);
    }

    fn intent_of(&self, key: Key) -> Option<Intent> {
        let view = &self.state.document.document().view;
        Some(match key {
            Key::Space => Intent::Playback(Command::Toggle),
            Key::ArrowLeft => Intent::Playback(Command::StepBy(-1)),
            Key::ArrowRight => Intent::Playback(Command::StepBy(1)),
            Key::Home => Intent::Playback(Command::Home),
            Key::End => Intent::Playback(Command::End),
            Key::B => Intent::Playback(Command::PlayBackward),
            Key::L => Intent::Playback(Command::Loop(!self.state.playback.looping())),
            Key::R => Intent::Run,
            Key::S => Intent::Step,
            Key::P if self.is_going() => Intent::Pause,
            Key::P => Intent::Resume,
            Key::A => {
                let here = AxisReading::ALL.iter().position(|axis| *axis == view.axis).unwrap_or(0);
                Intent::Change(Action::SetAxis(AxisReading::ALL[(here + 1) % AxisReading::ALL.len()]))
            }
            Key::Num1 => Intent::Change(Action::SetTruePixels(!view.true_pixels)),
            Key::Questionmark => Intent::ToggleKeys,
            _ => return None,
        })
    }

    /// Whether steps are being made or about to be.
    pub(super) fn is_going(&self) -> bool {
        matches!(self.runtime.activity(), Activity::Running | Activity::Opening)
    }

    /// A file or folder dropped onto the window is opened and run; in the schedule lab an image's file is pooled, and
    /// where spectra are looked at it is compared with.
    pub(super) fn drops(&mut self, ctx: &egui::Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
        let Some(path) = dropped else { return };
        let is_image = image::ImageFormat::from_path(&path).is_ok();
        match self.state.document.document().view.layout {
            Layout::ScheduleLab if is_image => {
                self.state.tiles.show(Pane::Pooling);
                self.perform_one(ctx, Intent::OpenImage(ImageChoice::File(path)));
            }
            Layout::Spectra if is_image => {
                self.state.tiles.show(Pane::Inspector);
                self.perform_one(ctx, Intent::OpenReference(path));
            }
            _ => self.state.opener.open(path),
        }
    }

    /// Whether something new has been computed for so long that the old should look old.
    pub(super) fn is_stale(&self, ctx: &egui::Context) -> bool {
        let Some(opening) = &self.state.opening else { return false };
        let waited = opening.since.elapsed();
        if let Some(left) = PATIENCE.checked_sub(waited) {
            ctx.request_repaint_after(left);
        }
        waited >= PATIENCE
    }

    /// What stands at the right of the transport.
    pub(super) fn status(&self) -> String {
        let frame = format!("frame {:.1} ms", self.state.meter.own_ms());
        if let Some(opening) = &self.state.opening {
            return match opening.reading {
                Some((done, total)) => format!("reading image {done} of {total} · {frame}"),
                None => format!("opening {} · {frame}", opening.what),
            };
        }
        let Some(run) = &self.run else { return frame };
        let step =
            self.state.times.typical().map_or_else(String::new, |seconds| format!(" · {:.1} ms/step", 1e3 * seconds));
        let progress = match (&run.end, self.runtime.activity()) {
            _ if self.coming.is_some() => self.coming_in_words(),
            (Some(RunEnd::Complete), _) => "done".to_owned(),
            (Some(RunEnd::Stopped), _) => format!("stopped after {} steps", run.done()),
            (Some(RunEnd::Failed(_)), _) => format!("failed after {} steps", run.done()),
            (None, Activity::Paused) => format!("paused after {} steps", run.done()),
            (None, _) => {
                let left = self.state.times.remaining(run.steps() - run.done());
                left.map_or_else(|| "running".to_owned(), |left| format!("{:.1} s left", left.as_secs_f64()))
            }
        };
        let memory = run.bytes() as f64 / 1e6;
        format!("{progress}{step} · {memory:.0} MB · {frame}")
    }

    /// What the stage says where it has nothing to show.
    pub(super) fn empty_words(&self) -> String {
        match &self.state.opening {
            Some(opening) => match opening.reading {
                Some((done, total)) => format!("Reading image {done} of {total}"),
                None => format!("Opening {} …", opening.what),
            },
            None if self.state.faults.is_empty() => "Press R for a run".into(),
            None => "Nothing to show yet: see the message above, or choose another model".into(),
        }
    }
}

/// Whether a change is shown by a run at once, while the user goes on changing: that of the schedule and of what steers a
/// run, as long as its images stay of one size.
fn is_shown_live(before: &RunSettings, after: &RunSettings) -> bool {
    let size = |run: &RunSettings| (run.size, run.upsample.map(|upsample| upsample.factor));
    let steered = |run: &RunSettings| {
        (run.guidance.clone(), run.by_level.clone(), run.label_switch, run.upsample, run.local.clone())
    };
    before.source == after.source
        && size(before) == size(after)
        && (before.schedule != after.schedule || steered(before) != steered(after))
}
