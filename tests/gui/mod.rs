//! The window in a harness, without a display, driven by the names of its controls.
#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used)]

use chromascope::app::pane::name_of;
use chromascope::app::pane_id::PaneId;
use chromascope::app::words;
use chromascope::app::{App, Launch};
use chromascope::figure::draw::Format;
use chromascope::schedule::formats::registry::EXPORTS;
use chromascope::session::RunSettings;
use chromascope::session::action::Action;
#[allow(unused_imports, reason = "each test file uses its own part of this")]
pub use chromascope::session::document::Track;
use chromascope::session::settings::ModelSource;
use egui::{Rect, Shape, Vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, HarnessBuilder};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(90);

/// A small projector.
pub const PROJECTOR: Vec2 = Vec2::new(1280.0, 720.0);

/// Settings of a first run on one thread, so that parallel tests stay quick.
pub fn settings(model: &str) -> RunSettings {
    let mut settings = RunSettings::new(ModelSource::Model(model.into()));
    settings.threads = Some(1);
    settings.steps = 12;
    settings.seed = 6;
    settings
}

/// The window with a first run of these settings. It saves no preferences.
pub fn launch(settings: RunSettings) -> Launch {
    Launch { first: vec![Action::SetRun(Box::new(settings))], ..Launch::default() }
}

pub fn builder(size: Vec2) -> HarnessBuilder<App> {
    Harness::builder().with_size(size)
}

pub fn open_with(launch: Launch, size: Vec2) -> Harness<'static, App> {
    builder(size).build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap())
}

/// The window with a run in progress.
pub fn open(model: &str) -> Harness<'static, App> {
    open_with(launch(settings(model)), PROJECTOR)
}

/// The same after the first run.
#[track_caller]
pub fn opened(model: &str) -> Harness<'static, App> {
    let mut harness = open(model);
    until_done(&mut harness);
    harness
}

#[track_caller]
pub fn until_done(harness: &mut Harness<App>) {
    until(harness, "the end of the run", is_done);
    settle(harness);
}

/// Draws frames until all background results are shown, and nothing moves any more.
#[track_caller]
pub fn settle(harness: &mut Harness<App>) {
    let began = Instant::now();
    // An answer may cause a request in the next frame or the one after.
    let mut quiet = 0;
    // Endless movement, such as a run in progress, is not awaited.
    for _ in 0..60 {
        while chromascope::runtime::unanswered() > 0 {
            quiet = 0;
            assert!(began.elapsed() < LIMIT, "analyses go on and on\n{:?}", harness.root());
            std::thread::sleep(Duration::from_millis(1));
        }
        if quiet == 3 {
            break;
        }
        harness.step();
        let moves = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay.is_zero();
        quiet = if moves { 0 } else { quiet + 1 };
    }
}

/// Draws frames until the condition holds.
#[track_caller]
pub fn until(harness: &mut Harness<App>, what: &str, condition: impl Fn(&Harness<App>) -> bool) {
    let began = Instant::now();
    while !condition(harness) {
        assert!(began.elapsed() < LIMIT, "waited in vain for: {what}\n{:?}", harness.root());
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
}

/// All text on the screen.
pub fn painted(harness: &Harness<App>) -> Vec<String> {
    fn texts(shape: &egui::Shape, found: &mut Vec<String>) {
        match shape {
            egui::Shape::Text(text) => found.push(text.galley.text().to_owned()),
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    harness.output().shapes.iter().for_each(|clipped| texts(&clipped.shape, &mut found));
    found
}

/// Whether the screen shows the message of this test in docs/faults.md.
pub fn documented_is_shown(harness: &Harness<App>, test: &str, words: &[(&str, String)]) -> bool {
    let sentence = super::common::faults::documented(test, words);
    painted(harness).iter().any(|text| super::common::faults::matches(text, &sentence))
}

/// A text on the screen, its position and where it is clipped.
pub struct Written {
    pub text: String,
    pub rect: Rect,
    pub clip: Rect,
    pub elided: bool,
}

pub fn written(harness: &Harness<App>) -> Vec<Written> {
    fn collect(shape: &Shape, clip: Rect, found: &mut Vec<Written>) {
        match shape {
            Shape::Text(text) if !text.galley.text().trim().is_empty() => found.push(Written {
                text: text.galley.text().to_owned(),
                rect: text.galley.mesh_bounds.translate(text.pos.to_vec2()),
                clip,
                elided: text.galley.elided,
            }),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for clipped in &harness.output().shapes {
        collect(&clipped.shape, clipped.clip_rect, &mut found);
    }
    found
}

/// Whether a text may end in "…", with a tooltip for all of it.
#[derive(Clone, Copy, PartialEq)]
pub enum Cut {
    Never,
    Allowed,
}

/// Problems of the texts, one line each. A panel at the right scrolls, so text cut by its lower edge is not one.
pub fn unreadable(harness: &Harness<App>, cut: Cut) -> Vec<String> {
    let texts = written(harness);
    assert!(texts.len() > 30, "the window is full of words");
    let screen = harness.ctx.content_rect();
    let mut faults = Vec::new();
    for (index, here) in texts.iter().enumerate() {
        let mut room = here.clip.intersect(screen).expand(1.0);
        let scrolls = here.clip.left() > 0.6 * screen.width() && here.clip.height() > 0.6 * screen.height();
        if scrolls {
            room = Rect::from_x_y_ranges(room.x_range(), f32::NEG_INFINITY..=f32::INFINITY);
        }
        if (here.elided && cut == Cut::Never) || !room.contains_rect(here.rect) {
            faults.push(format!("\"{}\" at {:?} is clipped by {room:?}", here.text, here.rect));
        }
        for there in &texts[index + 1..] {
            let common = here.rect.intersect(here.clip).intersect(there.rect.intersect(there.clip));
            if common.width() > 1.0 && common.height() > 1.0 {
                faults.push(format!("\"{}\" and \"{}\" overlap at {common:?}", here.text, there.text));
            }
        }
    }
    faults
}

/// Whether the run on screen is complete.
pub fn is_done(harness: &Harness<App>) -> bool {
    says(harness, &format!("{} ·", words::frame::DONE))
}

/// The window's name of a pane.
pub fn pane(id: &'static str) -> &'static str {
    name_of(PaneId::new(id)).unwrap()
}

/// The window's name of an export format.
pub fn form(name: &str) -> &'static str {
    EXPORTS.iter().find(|format| format.name == name).unwrap().title
}

/// The window's name of a figure format.
pub fn svg() -> &'static str {
    Format::Svg.info().name
}

pub fn says(harness: &Harness<App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[track_caller]
pub fn click(harness: &mut Harness<App>, name: &str) {
    harness.get_by_label(name).click();
    frames(harness, 3);
}

/// Clicks a control, scrolling it into view if necessary.
#[track_caller]
pub fn scroll_and_click(harness: &mut Harness<App>, name: &str) {
    harness.get_by_label(name).scroll_to_me();
    frames(harness, 3);
    click(harness, name);
}

#[track_caller]
pub fn click_like(harness: &mut Harness<App>, part: &str) {
    harness.get_by_label_contains(part).click();
    frames(harness, 3);
}

/// Clicks into a field, types a number and presses Enter.
#[track_caller]
pub fn type_number(harness: &mut Harness<App>, field: &str, text: &str) {
    click(harness, field);
    harness.event(egui::Event::Text(text.into()));
    frames(harness, 2);
    press(harness, egui::Key::Enter);
}

pub fn press(harness: &mut Harness<App>, key: egui::Key) {
    harness.key_press(key);
    frames(harness, 3);
}

pub fn frames(harness: &mut Harness<App>, count: usize) {
    for _ in 0..count {
        harness.step();
    }
}

/// Enters this path in the save dialog, and saves.
#[track_caller]
pub fn save_as(harness: &mut Harness<App>, path: &Path) {
    type_over(harness, words::frame::SAVE_PATH, path.to_str().unwrap());
    click(harness, words::frame::SAVE);
}

/// Replaces a field's text.
#[track_caller]
pub fn type_over(harness: &mut Harness<App>, field: &str, text: &str) {
    harness.get_by_label(field).focus();
    frames(harness, 2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    frames(harness, 2);
    harness.get_by_label(field).type_text(text);
    frames(harness, 2);
}

/// A file that is dropped onto the window.
#[derive(Debug)]
pub struct Dropped(pub PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("what is dropped is read beside the window".into())
    }
}
