//! The cost of the window, without drawing: `cargo bench --bench window`
//!
//! 1. The CPU part of a frame (news, logic, views, tessellation) at 1280x800 with all views live.
//! 2. A run of `emoji-unet` with the window beside it, at 60 frames a second when there is news, compared with the same run
//!    without a window, in turns.
#![allow(clippy::unwrap_used)]

use chromascope::app::{App, Launch};
use chromascope::model::onnx_runtime::forbid_telemetry;
use chromascope::runtime::{Activity, Event, Options, Pace, RunNews, Runtime};
use chromascope::session::RunSettings;
use chromascope::session::action::Action;
use chromascope::session::settings::ModelSource;
use eframe::App as _;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const STEPS: usize = 200;
const FRAME: Duration = Duration::from_micros(16_667);

fn settings() -> RunSettings {
    let mut settings = RunSettings::new(ModelSource::Model("emoji-unet".into()));
    settings.steps = STEPS;
    settings
}

/// CPU time of this thread, if the system has it, else wall time: with two cores and a running model, a
/// thread often waits.
fn processor_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// The window without a display.
struct Headless {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    /// When frames are requested.
    asked: Receiver<Duration>,
    started: Instant,
    events: Vec<egui::Event>,
}

impl Headless {
    fn new() -> Self {
        let ctx = egui::Context::default();
        let (ask, asked) = channel();
        let ask = Mutex::new(ask);
        ctx.set_request_repaint_callback(move |info| {
            let _ = ask.lock().unwrap().send(info.delay);
        });
        let launch = Launch { first: vec![Action::SetRun(Box::new(settings()))], ..Launch::default() };
        let app = App::new(&ctx, launch, false).unwrap();
        let frame = eframe::Frame::_new_kittest();
        Self { ctx, app, frame, asked, started: Instant::now(), events: Vec::new() }
    }

    /// Draws a frame without pixels; returns the CPU time of logic and views, and of tessellation.
    fn draw(&mut self) -> [Duration; 2] {
        let size = egui::vec2(1280.0, 800.0);
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
            time: Some(self.started.elapsed().as_secs_f64()),
            events: std::mem::take(&mut self.events),
            ..egui::RawInput::default()
        };
        let Self { ctx, app, frame, .. } = self;
        let since = self.started;
        let began = processor_time(since);
        let mut output = ctx.run_ui(input, |ui| {
            app.logic(ui.ctx(), frame);
            app.ui(ui, frame);
        });
        let drawn = processor_time(since);
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = ctx.tessellate(shapes, output.pixels_per_point);
        std::hint::black_box(meshes);
        output.textures_delta.clear();
        [drawn.saturating_sub(began), processor_time(since).saturating_sub(drawn)]
    }

    /// Draws frames when requested, at most 60 a second, until the run is over; returns its time and that of each
    /// frame.
    fn run(&mut self) -> (Duration, Vec<[Duration; 2]>) {
        let began = Instant::now();
        let mut frames = Vec::new();
        while self.app.activity() != Activity::Idle {
            let began = Instant::now();
            // Like a window: at the earliest request, and never faster than the screen.
            let mut due = began + Duration::from_millis(50);
            while let Ok(delay) = self.asked.recv_timeout(due.saturating_duration_since(Instant::now())) {
                due = due.min(Instant::now() + delay).max(began + FRAME);
            }
            frames.push(self.draw());
        }
        (began.elapsed(), frames)
    }
}

fn alone(runtime: &Runtime) -> Duration {
    let began = Instant::now();
    runtime.run(settings(), Pace::Going);
    loop {
        match runtime.next_event() {
            Some(Event::Run { news: RunNews::Ended { .. }, .. }) => return began.elapsed(),
            Some(Event::Run { news: RunNews::Failed(fault), .. }) => panic!("{}", fault.sentence),
            Some(_) => {}
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    forbid_telemetry();
    let mut window = Headless::new();
    let runtime = Runtime::start(Options::default(), Arc::new(|| {})).unwrap();
    window.run();
    alone(&runtime);

    let (mut with, mut without, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        without.push(alone(&runtime).as_secs_f64());
        window.events.push(egui::Event::Key {
            key: egui::Key::R,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        });
        window.draw();
        let (took, drawn) = window.run();
        with.push(took.as_secs_f64());
        frames.extend(drawn);
    }
    // The system counts a thread's time in ticks, so only the mean of many frames is meaningful.
    let mean =
        |part: usize| frames.iter().map(|frame| 1e3 * frame[part].as_secs_f64()).sum::<f64>() / frames.len() as f64;
    println!("{STEPS} steps of emoji-unet, medians of 7 runs by turns, frames of 1280x800");
    println!(
        "frame: {:.2} ms of processor time (logic, views, tessellation), mean of {}",
        mean(0) + mean(1),
        frames.len()
    );
    let (with, without) = (median(with), median(without));
    println!("run: {:.0} ms with the window, {:.0} ms without: ratio {:.3}", 1e3 * with, 1e3 * without, with / without);
}
