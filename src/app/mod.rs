//! The window. Views borrow the state and give back what was asked of them; nothing here calls a model, reads a file or
//! transforms many images.

pub mod run_view;
pub mod textures;
pub mod theme;
pub mod views;

use crate::model::onnx_runtime::setup::Kind;
use crate::runtime::{Activity, Event, Fault, LibraryNews, Options, Pace, Place, RunEnd, RunNews, Runtime};
use crate::session::action::Action;
use crate::session::document::{Document, pending_changes};
use crate::session::playback::{Command, Playback};
use crate::session::prepare::ModelInfo;
use crate::session::settings::ModelSource;
use crate::session::{History, RunSettings, StepTimes};
use egui::{Key, KeyboardShortcut, Modifiers, Panel, Ui};
use run_view::RunView;
use std::sync::Arc;
use std::time::{Duration, Instant};
use textures::Textures;
use theme::Palette;
use views::messages::{MessageAction, Messages, messages_ui};
use views::shortcuts::shortcuts_ui;
use views::stage::{Lens, Stage, stage_ui};
use views::top_bar::{TopBar, TopBarAction, top_bar_ui};
use views::tracks::{TrackAction, Tracks, tracks_ui};
use views::transport::{Transport, transport_ui};

/// Most of a frame that is spent on taking news.
const NEWS_BUDGET: Duration = Duration::from_millis(5);
/// Steps of the first run.
const FIRST_STEPS: usize = 32;
/// Class and seed of the first run: a face with a cap.
const FIRST_LABEL: i64 = 1;
const FIRST_SEED: u64 = 6;

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);

/// The window's program.
pub struct App {
    state: State,
    run: Option<RunView>,
    runtime: Runtime,
    textures: Textures,
}

/// Everything that is neither run nor texture.
struct State {
    /// What the user decides.
    document: History,
    /// The settings of the newest request.
    requested: Option<RunSettings>,
    model: Option<Arc<ModelInfo>>,
    notes: Vec<String>,
    faults: Vec<Fault>,
    /// How fetching ONNX Runtime goes, while it does.
    fetching: Option<String>,
    playback: Playback,
    times: StepTimes,
    lens: Lens,
    shortcuts: bool,
    last_frame: Instant,
}

impl App {
    /// Starts the inference thread and, at once, a run of the bundled network.
    pub fn new(ctx: &egui::Context, options: Options) -> std::io::Result<Self> {
        theme::install(ctx);
        let waking = ctx.clone();
        let runtime = Runtime::start(options, Arc::new(move || waking.request_repaint()))?;
        let mut document = Document::default();
        document.run.steps = FIRST_STEPS;
        document.run.label = Some(FIRST_LABEL);
        document.run.seed = FIRST_SEED;
        let mut app = Self {
            state: State {
                document: History::new(document),
                requested: None,
                model: None,
                notes: Vec::new(),
                faults: Vec::new(),
                fetching: None,
                playback: Playback::default(),
                times: StepTimes::default(),
                lens: Lens::default(),
                shortcuts: false,
                last_frame: Instant::now(),
            },
            run: None,
            runtime,
            textures: Textures::default(),
        };
        app.start(Pace::Going);
        Ok(app)
    }

    fn start(&mut self, pace: Pace) {
        self.state.faults.clear();
        self.state.document.end_gesture();
        let settings = self.state.document.document().run.clone();
        self.state.requested = Some(settings.clone());
        self.runtime.run(settings, pace);
    }

    fn take_news(&mut self) {
        let began = Instant::now();
        while began.elapsed() < NEWS_BUDGET {
            match self.runtime.next_event() {
                Some(Event::Run { id, news }) => self.take_run_news(id, news),
                Some(Event::Library(news)) => self.take_library_news(news),
                None => break,
            }
        }
    }

    fn take_run_news(&mut self, id: crate::runtime::RunId, news: RunNews) {
        let state = &mut self.state;
        match news {
            RunNews::ModelOpening { .. } | RunNews::Reading { .. } => {}
            RunNews::ModelOpened { info, notes } => {
                state.model = Some(info);
                state.notes = notes;
            }
            RunNews::Started(started) => {
                let Some(model) = state.model.as_ref().and_then(|model| model.schedule.clone()) else { return };
                state.notes.extend(started.notes.iter().cloned());
                state.playback.begin(started.levels.len() - 1);
                state.times.clear();
                self.run = Some(RunView::new(id, started, model));
            }
            RunNews::Step { snapshot, state: reached } => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    state.times.push(snapshot.seconds);
                    run.push(snapshot, reached);
                    state.playback.finish_steps(run.done());
                }
            }
            RunNews::Ended { end, .. } => {
                if let RunEnd::Failed(fault) = &end {
                    state.faults.push(fault.clone());
                }
                state.playback.end();
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    run.end = Some(end);
                }
            }
            RunNews::Failed(fault) => state.faults.push(fault),
        }
    }

    fn take_library_news(&mut self, news: LibraryNews) {
        let state = &mut self.state;
        match news {
            LibraryNews::Note(text) => state.fetching = Some(text),
            LibraryNews::Downloading { package, done, total } => {
                let megabytes = |bytes: u64| bytes as f64 / 1e6;
                state.fetching =
                    Some(format!("Fetching {package}: {:.0} of {:.0} MB", megabytes(done), megabytes(total)));
            }
            LibraryNews::Unpacking { package } => state.fetching = Some(format!("Unpacking {package}")),
            LibraryNews::Done(_) => {
                state.fetching = None;
                self.start(Pace::Going);
            }
            LibraryNews::Cancelled => state.fetching = None,
            LibraryNews::Failed(fault) => {
                state.fetching = None;
                state.faults.push(fault);
            }
        }
    }

    /// Moves the playhead while playing, and asks for a frame when it is next to change.
    fn play(&mut self, ctx: &egui::Context) {
        let elapsed = self.state.last_frame.elapsed();
        self.state.last_frame = Instant::now();
        self.state.playback.advance(elapsed);
        if let Some(next) = self.state.playback.next_change() {
            ctx.request_repaint_after(next);
        }
    }

    fn keys(&mut self, ctx: &egui::Context) {
        // Undo first takes REDO's keys, which contain its own.
        let (redo, undo) = ctx.input_mut(|input| (input.consume_shortcut(&REDO), input.consume_shortcut(&UNDO)));
        if redo {
            self.state.document.redo();
        } else if undo {
            self.state.document.undo();
        }
        if ctx.egui_wants_keyboard_input() || ctx.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let looping = self.state.playback.looping();
        for (key, command) in [
            (Key::Space, Command::Toggle),
            (Key::ArrowLeft, Command::StepBy(-1)),
            (Key::ArrowRight, Command::StepBy(1)),
            (Key::Home, Command::Home),
            (Key::End, Command::End),
            (Key::B, Command::PlayBackward),
            (Key::L, Command::Loop(!looping)),
        ] {
            if ctx.input(|input| input.key_pressed(key)) {
                self.state.playback.command(command);
            }
        }
        if ctx.input(|input| input.key_pressed(Key::R)) {
            self.start(Pace::Going);
        }
        if ctx.input(|input| input.key_pressed(Key::Questionmark)) {
            self.state.shortcuts = !self.state.shortcuts;
        }
        if ctx.input(|input| input.key_pressed(Key::Escape)) {
            self.state.shortcuts = false;
        }
    }

    /// A folder or model dropped onto the window is opened and run.
    fn drops(&mut self, ctx: &egui::Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
        let Some(path) = dropped else { return };
        let is_model = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
            || ["model.onnx", "unet/model.onnx"].iter().any(|file| path.join(file).exists());
        let source = match path.to_str() {
            Some(text) if is_model => ModelSource::Model(text.to_owned()),
            _ => ModelSource::Images(path),
        };
        self.state.document.perform(Action::SetModel(source));
        self.start(Pace::Going);
    }

    /// What stands at the right of the transport.
    fn status(&self) -> String {
        let Some(run) = &self.run else { return "opening the model".into() };
        let step =
            self.state.times.typical().map_or_else(String::new, |seconds| format!(" · {:.1} ms/step", 1e3 * seconds));
        let progress = match (&run.end, self.runtime.activity()) {
            (Some(RunEnd::Complete), _) => "done".to_owned(),
            (Some(RunEnd::Stopped), _) => format!("stopped after {} steps", run.done()),
            (Some(RunEnd::Failed(_)), _) => format!("failed after {} steps", run.done()),
            (None, Activity::Paused) => format!("paused after {} steps", run.done()),
            (None, _) => {
                let left = self.state.times.remaining(run.steps() - run.done());
                left.map_or_else(String::new, |left| format!("{:.1} s left", left.as_secs_f64()))
            }
        };
        let memory = run.bytes() as f64 / 1e6;
        format!("{progress}{step} · {memory:.0} MB")
    }

    fn top_bar(&mut self, ui: &mut Ui) {
        let activity = self.runtime.activity();
        let document = self.state.document.document();
        let pending = self.state.requested.as_ref().map(|run| pending_changes(document, run)).unwrap_or_default();
        let bar = TopBar { model: self.state.model.as_deref(), run: &document.run, pending: &pending, activity };
        for action in top_bar_ui(ui, &bar) {
            match action {
                TopBarAction::Change(action) => {
                    self.state.document.perform(action);
                }
                TopBarAction::Run => self.start(Pace::Going),
                TopBarAction::Step if activity == Activity::Paused => self.runtime.step(),
                TopBarAction::Step => self.start(Pace::Steps(1)),
                TopBarAction::Pause => self.runtime.pause(),
                TopBarAction::Resume => self.runtime.resume(),
                TopBarAction::Stop => self.runtime.stop(),
            }
        }
    }

    fn messages(&mut self, ui: &mut Ui) {
        let messages = Messages { faults: &self.state.faults, fetching: self.state.fetching.as_deref() };
        match messages_ui(ui, &messages) {
            Some(MessageAction::Dismiss(index)) => {
                self.state.faults.remove(index);
            }
            Some(MessageAction::Fetch) => match self.runtime.set_up(Kind::Cpu) {
                Ok(_) => {
                    self.state.faults.retain(|fault| fault.place != Place::Library);
                    self.state.fetching = Some("Fetching ONNX Runtime".into());
                }
                Err(error) => self.state.faults.push(Fault::new(
                    Place::Program,
                    &format!("no thread could be started to fetch ONNX Runtime ({error}); run `chromascope setup`"),
                )),
            },
            Some(MessageAction::CancelFetch) => self.runtime.cancel_set_up(),
            None => {}
        }
    }

    fn stage(&mut self, ui: &mut Ui) {
        let samples = self.run.as_ref().map_or(1, RunView::samples);
        let stage = Stage {
            run: self.run.as_ref(),
            step: self.state.playback.step(),
            sample: self.state.document.document().view.sample.min(samples - 1),
            empty: if self.state.faults.is_empty() { "The model is being opened" } else { "Nothing to show yet" },
        };
        let mut sample = stage.sample;
        stage_ui(ui, &stage, &mut sample, &mut self.state.lens, &mut self.textures);
        if sample != stage.sample {
            self.state.document.perform(Action::SetSample(sample));
        }
    }

    fn tracks(&mut self, ui: &mut Ui) {
        let view = &self.state.document.document().view;
        let samples = self.run.as_ref().map_or(1, RunView::samples);
        let mut view = view.clone();
        view.sample = view.sample.min(samples - 1);
        let tracks = Tracks { run: self.run.as_ref(), position: self.state.playback.position(), view: &view };
        for action in tracks_ui(ui, &tracks, &mut self.textures) {
            match action {
                TrackAction::Seek(position) => self.state.playback.command(Command::Seek(position)),
                TrackAction::Change(action) => {
                    self.state.document.perform(action);
                }
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        self.take_news();
        self.drops(ctx);
        self.keys(ctx);
        self.play(ctx);
        self.textures.begin_frame();
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        let palette = Palette::of(ui);
        let bar = egui::Frame::new().fill(palette.bar).inner_margin(egui::Margin::symmetric(16, 8));
        Panel::top("top bar").frame(bar).resizable(false).show(ui, |ui| self.top_bar(ui));
        Panel::bottom("transport").frame(bar).exact_size(44.0).resizable(false).show(ui, |ui| {
            let transport = Transport {
                run: self.run.as_ref(),
                playback: &self.state.playback,
                status: &self.status(),
                badge: self.state.model.as_deref(),
            };
            for command in transport_ui(ui, &transport) {
                self.state.playback.command(command);
            }
        });
        if !self.state.faults.is_empty() || self.state.fetching.is_some() {
            Panel::top("messages").frame(bar).resizable(false).show(ui, |ui| self.messages(ui));
        }
        let window = egui::Frame::new().fill(palette.window);
        let height = ui.available_height();
        Panel::top("stage")
            .frame(window)
            .resizable(true)
            .default_size((0.4 * height).clamp(180.0, 560.0))
            .size_range(140.0..=(height - 200.0).max(141.0))
            .show(ui, |ui| self.stage(ui));
        egui::CentralPanel::default().frame(window).show(ui, |ui| self.tracks(ui));
        if self.state.shortcuts {
            self.state.shortcuts = shortcuts_ui(ui.ctx());
        }
    }
}

/// Opens the window and stays in it until it is closed.
pub fn run(options: Options, renderer: eframe::Renderer) -> Result<(), eframe::Error> {
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Chromascope")
            .with_app_id("chromascope")
            .with_inner_size([1600.0, 1000.0])
            .with_min_inner_size([960.0, 600.0]),
        renderer,
        system_font_fallback: false,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native("Chromascope", native, Box::new(|context| Ok(Box::new(App::new(&context.egui_ctx, options)?))))
}
