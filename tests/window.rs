//! The window, driven by the names its controls have, without a display.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

use chromascope::app::App;
use chromascope::runtime::Options;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::time::{Duration, Instant};

/// The window at the size of a small projector, in which the bundled network is being run.
fn open() -> Harness<'static, App> {
    Harness::builder()
        .with_size([1280.0, 720.0])
        .build_eframe(|context| App::new(&context.egui_ctx, Options::default()).unwrap())
}

/// Frames until the condition holds.
#[track_caller]
fn until(harness: &mut Harness<App>, what: &str, condition: impl Fn(&Harness<App>) -> bool) {
    let began = Instant::now();
    while !condition(harness) {
        assert!(began.elapsed() < Duration::from_secs(90), "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
        harness.step();
    }
}

fn says(harness: &Harness<App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[track_caller]
fn click(harness: &mut Harness<App>, name: &str) {
    harness.get_by_label(name).click();
    harness.step();
    harness.step();
}

#[test]
fn the_bundled_network_runs_when_the_window_opens() {
    let mut harness = open();
    until(&mut harness, "the end of the first run", |harness| says(harness, "done ·"));
    assert!(says(&harness, "step 32/32"), "the playhead follows the run to its end");
    assert!(says(&harness, "measured"), "what was recovered is measured once the run is over");
}

#[test]
fn the_playhead_goes_where_it_is_sent() {
    let mut harness = open();
    until(&mut harness, "the end of the first run", |harness| says(harness, "done ·"));
    click(&mut harness, "First step");
    assert!(says(&harness, "step 0/32"));
    click(&mut harness, "Step on");
    assert!(says(&harness, "step 1/32"));
    harness.key_press(egui::Key::End);
    harness.step();
    harness.step();
    assert!(says(&harness, "step 32/32"));
    click(&mut harness, "First step");
    click(&mut harness, "Play");
    until(&mut harness, "playback to get somewhere", |harness| says(harness, "step 5/32"));
    click(&mut harness, "Pause");
}

#[test]
fn tracks_fold_and_choices_are_undone() {
    let mut harness = open();
    until(&mut harness, "the end of the first run", |harness| says(harness, "done ·"));
    click(&mut harness, "Fold Film strip");
    assert!(says(&harness, "Unfold Film strip"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.step();
    harness.step();
    assert!(says(&harness, "Fold Film strip") && !says(&harness, "Unfold Film strip"));
    click(&mut harness, "New seed");
    until(&mut harness, "a run with the new seed", |harness| says(harness, "done ·"));
}

#[test]
fn a_run_can_be_paused_stepped_and_stopped() {
    let mut harness = open();
    until(&mut harness, "the end of the first run", |harness| says(harness, "done ·"));
    click(&mut harness, "Step");
    until(&mut harness, "a run that waits after one step", |harness| says(harness, "paused after 1 steps"));
    click(&mut harness, "Step");
    until(&mut harness, "another step", |harness| says(harness, "paused after 2 steps"));
    click(&mut harness, "Stop");
    until(&mut harness, "the run to be stopped", |harness| says(harness, "stopped after 2 steps"));
    assert!(harness.get_by_label("Stop").accesskit_node().is_disabled());
}
