//! The window. Views borrow the state and return intents; nothing here calls a model, reads a file or transforms
//! many images.

pub mod board;
pub mod check_desk;
pub mod closing;
mod decode_desk;
pub mod draw;
mod energies;
pub mod fetching;
pub mod figure_sheet;
pub mod frame;
pub mod graphics;
mod guarded;
pub mod intent;
pub mod launch;
mod logic;
pub mod measure_desk;
pub mod meter;
pub mod pane;
pub mod pane_id;
pub mod planned;
pub mod run_view;
pub mod saving;
pub mod schedule_hand;
mod state;
pub mod track;
pub mod view_context;
pub mod words;

pub use crate::runtime::launch::Launch;

use crate::runtime::{Activity, Optimisation, Options, Pace, Runtime, Wake};
use crate::session::document::{Layout, ViewChoices, ViewSpace};
use crate::session::view_space::levels_between;
use closing::Closing;
use decode_desk::At;
use draw::level_button::{LatentLevels, Levels};
use draw::textures::Textures;
use draw::theme::{self, Palette};
use egui::{Panel, Ui};
use frame::close_dialog::close_dialog_ui;
use frame::messages::{Messages, messages_ui};
use frame::save_dialog::save_dialog_ui;
use frame::shortcuts::shortcuts_ui;
use frame::top_bar::{TopBar, top_bar_ui};
use frame::transport::{Transport, transport_ui};
use meter::Meter;
use pane::id_of;
use pane::lab::LabPane;
use pane::tiles::dropped_in;
use pane::tracks::TracksPane;
use run_view::{Moment, RunView};
use state::{Intents, State};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use view_context::{ViewContext, ViewOutput};

/// The program of the window.
pub struct App {
    state: State,
    run: Option<RunView>,
    /// The pinned run.
    beside: Option<RunView>,
    /// A live run that has not reached the playhead.
    coming: Option<RunView>,
    runtime: Runtime,
    textures: Textures,
}

impl App {
    /// Starts the inference thread and, at once, a run. `software`: whether frames are drawn on the CPU.
    pub fn new(ctx: &egui::Context, launch: Launch, software: bool) -> std::io::Result<Self> {
        theme::install(ctx);
        // The presentation layout has a scale of its own, which the user's multiplies.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        theme::apply(ctx, launch.loaded.preferences.theme);
        let meter = Meter::new(software);
        let wake = waker(ctx, meter.rest());
        let options = Options { onnxruntime: launch.options.onnxruntime.clone() };
        let runtime = Runtime::start(options, Arc::clone(&wake))?;
        let mut textures = Textures::default();
        textures.heat_maps.without_shader = launch.without_shader;
        let state = State::new(launch, wake, runtime.busy(), meter);
        let mut app = Self { state, run: None, beside: None, coming: None, runtime, textures };
        app.start(Pace::Going);
        Ok(app)
    }

    /// The current activity of the inference thread.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.runtime.activity()
    }

    /// The moment of the run that is shown; `None` before the first step.
    fn moment(&self) -> Option<Moment> {
        let playback = &self.state.playback;
        self.run.as_ref()?;
        playback.step().map(|step| Moment { state: playback.state(), step })
    }

    /// Applies the user's scale; in the presentation layout it also grows with the window, so that the
    /// last row of an audience can read it.
    fn scale(&self, ctx: &egui::Context) {
        let size = ctx.content_rect().size() * ctx.zoom_factor();
        let of_layout = match self.state.document.document().view.layout {
            Layout::Present => (0.8 * (size.x / 1280.0).min(size.y / 720.0)).clamp(1.0, 2.5),
            _ => 1.0,
        };
        let wanted = of_layout * self.state.preferences.scale();
        // Sizes are rounded to pixels.
        if (ctx.zoom_factor() / wanted - 1.0).abs() > 2e-3 {
            ctx.set_zoom_factor(wanted);
        }
    }

    fn panels(&mut self, ui: &mut Ui, intents: &mut Intents) {
        let palette = Palette::of(ui);
        let bar = egui::Frame::new().fill(palette.bar).inner_margin(egui::Margin::symmetric(16, 8));
        Panel::top("top bar").frame(bar).resizable(false).show(ui, |ui| {
            let pending = self.pending();
            let at = (self.moment().map_or(0, |at| at.step), self.run.as_ref().map_or(1, RunView::steps));
            let state = &mut self.state;
            let top_bar = TopBar {
                model: state.model.as_deref(),
                notes: &state.notes,
                document: state.document.document(),
                history: &state.document,
                preferences: &state.preferences,
                pending: &pending,
                at,
                activity: self.runtime.activity(),
                check: state.check.report(&state.document.document().run),
            };
            top_bar_ui(ui, &top_bar, &mut state.top_bar, intents);
        });
        Panel::bottom("transport").frame(bar).exact_size(44.0).resizable(false).show(ui, |ui| {
            let (status, pending) = (self.status(), self.pending());
            let (run, playback) = (self.run.as_ref(), &self.state.playback);
            let transport = Transport { run, playback, status: &status, pending: &pending };
            transport_ui(ui, &transport, intents);
        });
        let window = egui::Frame::new().fill(palette.window);
        let space = ui.available_rect_before_wrap();
        egui::CentralPanel::default().frame(window).show(ui, |ui| self.tiles(ui, intents));
        self.messages(ui, space, intents);
    }

    /// The messages, over the top of the tiles, so that those do not move.
    fn messages(&mut self, ui: &Ui, space: egui::Rect, intents: &mut Intents) {
        let palette = Palette::of(ui);
        let loading = self.loading(ui.ctx());
        let mut forms = std::mem::take(&mut self.state.forms);
        let messages = Messages {
            faults: &self.state.faults,
            board: &self.state.board,
            fetching: self.state.fetching.as_ref(),
            loading: loading.as_ref(),
            run: &self.state.document.document().run,
            model: self.state.model.as_deref(),
            stand_in: self.stand_in_name(),
        };
        if !messages.is_empty() {
            let edge = egui::Stroke::new(1.0, palette.faint);
            let frame = egui::Frame::new().fill(palette.bar).stroke(edge).inner_margin(egui::Margin::symmetric(16, 8));
            let area = egui::Area::new(egui::Id::unique("messages")).order(egui::Order::Middle);
            area.fixed_pos(space.min).constrain(false).show(ui.ctx(), |ui| {
                frame.show(ui, |ui| {
                    ui.set_width(space.width() - 34.0);
                    messages_ui(ui, &messages, &mut forms, intents);
                });
            });
        }
        self.state.forms = forms;
    }

    /// Updates the schedules shown by tracks and panes.
    fn plan(&mut self) {
        let Self { state, run, .. } = self;
        let optimisation = state.optimisation.as_ref().map(Optimisation::report);
        let preview =
            state.panes.get::<LabPane>().and_then(|lab| lab.preview.clone()).map(|preview| (preview.label(), preview));
        let preview =
            preview.or_else(|| Some((words::tracks::BEST_SO_FAR.to_owned(), optimisation.as_ref()?.best_source()?)));
        let on_screen = run.as_ref().map(|run| (&*run.started.settings, run.info.as_ref()));
        state.planner.update(state.document.document(), state.model.as_ref(), on_screen, preview);
    }

    /// Asks for decoded images that the frame lacked.
    fn decode(&mut self, ctx: &egui::Context) {
        let view = &self.state.document.document().view;
        let sample = view.sample.min(self.run.as_ref().map_or(1, RunView::samples) - 1);
        let at = At { moment: self.moment(), sample, space: view.space, is_going: self.is_going() };
        let runs = [&mut self.run, &mut self.beside].into_iter().flatten();
        if let Some(left) = self.state.decode.update(runs, at) {
            ctx.request_repaint_after(left);
        }
    }

    fn tiles(&mut self, ui: &mut Ui, intents: &mut Intents) {
        self.plan();
        let at = self.moment();
        let empty = self.empty_words();
        let stale = self.is_stale(ui.ctx());
        let onnxruntime = self.state.onnxruntime.clone();
        let state = &mut self.state;
        state.decode.of_run(self.run.as_ref(), onnxruntime.as_ref());
        for run in [&mut self.run, &mut self.beside].into_iter().flatten() {
            state.decode.see(run, &state.document.document().view, onnxruntime.as_ref());
        }
        let Self { state, run, textures, .. } = self;
        let document = state.document.document();
        let optimisation = state.optimisation.as_ref().map(Optimisation::report);
        let view = &document.view;
        let sample = view.sample.min(run.as_ref().map_or(1, RunView::samples) - 1);
        let levels = run.as_ref().map_or(Levels::whole(), |run| levels_of(run, view));
        let context = ViewContext {
            document,
            model: state.model.as_deref(),
            run: run.as_ref(),
            beside: self.beside.as_ref(),
            at,
            position: state.playback.position(),
            sample,
            levels,
            planner: &state.planner,
            desk: &state.measure,
            optimisation: optimisation.as_ref(),
            board: &state.board,
            like: None,
            empty: &empty,
            stale,
        };
        let pane = id_of::<TracksPane>();
        let out = ViewOutput { pane, lens: &mut state.lens, hand: &mut state.hand, textures, intents };
        state.panes.ui(ui, &context, out);
    }
}

/// The levels of a run's pictures, and those that are isolated.
fn levels_of(run: &RunView, view: &ViewChoices) -> Levels {
    let pixels = run.pixels_per_latent();
    let latents = run.has_latents().then(|| LatentLevels {
        plan: run.plan(view.factor, view.levels),
        pixels,
        is_decoded: run.space() == Some(ViewSpace::Decoded),
        finer: levels_between(view.factor, pixels).and_then(|finer| isize::try_from(finer).ok()),
        moved: 0,
    });
    Levels { plan: run.seen_plan(view.factor, view.levels), isolated: view.isolated, latents }
}

/// Asks for a frame when there is news: at once, or while a run is in progress after a rest in which the model can work.
fn waker(ctx: &egui::Context, rest: Arc<AtomicU64>) -> Wake {
    let ctx = ctx.clone();
    Arc::new(move || match rest.load(Ordering::Relaxed) {
        0 => ctx.request_repaint(),
        rest => ctx.request_repaint_after(Duration::from_micros(rest)),
    })
}

/// Handles a file that is held over the window.
fn drop_words_ui(ctx: &egui::Context, layout: Layout) {
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
    let painter = ctx.layer_painter(layer);
    let screen = ctx.content_rect();
    painter.rect_filled(screen, 0.0, egui::Color32::from_black_alpha(190));
    let image = dropped_in(layout).map_or_else(String::new, |(_, dropped)| format!("{}, ", dropped.words));
    let text = format!("Drop here: {image}an .onnx file, a model folder, or a folder of images");
    painter.text(screen.center(), egui::Align2::CENTER_CENTER, text, theme::strong(16.0), egui::Color32::WHITE);
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        let going = self.is_going();
        if self.state.meter.begin(going) {
            ctx.request_repaint();
        }
        self.take_news(ctx);
        self.state.measure.update();
        self.close(ctx);
        if let Some(left) = self.state.board.end(Instant::now()) {
            ctx.request_repaint_after(left);
        }
        if ctx.input(|input| input.pointer.any_pressed()) {
            // The next change is undone separately, even if a control keeps the keyboard focus.
            self.state.document.end_gesture();
        }
        self.drops(ctx);
        self.keys(ctx);
        self.play(ctx);
        self.run_what_waited();
        self.run_what_was_typed(ctx);
        self.textures.begin_frame();
        self.scale(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let mut intents = Intents::new();
        self.textures.heat_maps.begin_frame(frame.wgpu_render_state());
        ui.scope(|ui| {
            if self.state.keys_shown {
                // An open tooltip would stay, above the list.
                ui.visuals_mut().disabled_alpha = 1.0;
                ui.disable();
            }
            self.panels(ui, &mut intents);
        });
        if let Some(run) = &self.run {
            self.state.energies.update(run);
        }
        self.decode(ui.ctx());
        if ui.input(|input| !input.raw.hovered_files.is_empty()) {
            drop_words_ui(ui.ctx(), self.state.document.document().view.layout);
        }
        if self.state.keys_shown {
            self.state.keys_shown = shortcuts_ui(ui.ctx());
        }
        if let Some(saving) = &mut self.state.saving {
            save_dialog_ui(ui.ctx(), saving, &mut intents);
        }
        if let Closing::Asking(held) = &mut self.state.closing {
            let unsaved = self.state.measure.unsaved();
            let unsaved: Vec<String> = unsaved.iter().map(|(_, ensemble)| ensemble.title()).collect();
            close_dialog_ui(ui.ctx(), &unsaved, held, &mut intents);
        }
        let ctx = ui.ctx().clone();
        if !intents.is_empty() {
            // Their changes are shown in the next frame.
            ctx.request_repaint();
        }
        self.perform(&ctx, intents);
        let moved_only =
            |event: &egui::Event| matches!(event, egui::Event::PointerMoved(_) | egui::Event::MouseMoved(_));
        if ctx.input(|input| !input.raw.events.iter().all(moved_only)) {
            // The scale is not part of the window's size, and a full screen is not saved.
            let size = ctx.content_rect().size() * ctx.zoom_factor();
            if !ctx.input(|input| input.viewport().fullscreen.unwrap_or_default()) {
                self.state.preferences.window = Some((size.x, size.y));
            }
            self.state.keep();
        }
        self.state.meter.end();
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.state.keep_at_the_end();
        // Neither saved nor discarded by the user: the system ends the window, or did not let it stay.
        if !matches!(self.state.closing, Closing::Leaving) {
            for told in self.rescue_ensembles() {
                eprintln!("chromascope: {told}");
            }
        }
    }
}
