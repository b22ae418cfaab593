//! Four small pictures of the window, drawn by wgpu on any adapter.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::preferences::Theme;
use chromascope::session::settings::ProviderChoice;
use chromascope::words::sentence;
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable;
use gui::*;

/// The exact emoji model in the program's own code, with the same numbers on all machines apart from rounding.
fn picture(name: &str, theme: Theme, layout: Layout, go: impl FnOnce(&mut egui_kittest::Harness<'static, App>)) {
    let mut settings = settings("emoji-exact-64");
    settings.provider = ProviderChoice::Rust;
    let mut launch = launch(settings);
    launch.loaded.preferences.theme = theme;
    launch.first.push(Action::SetLayout(layout));
    let harness_theme = if theme == Theme::Light { egui::Theme::Light } else { egui::Theme::Dark };
    let mut harness = builder(PROJECTOR)
        .wgpu()
        .with_theme(harness_theme)
        .build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap());
    until_done(&mut harness);
    go(&mut harness);
    harness.remove_cursor();
    frames(&mut harness, 3);
    // Times and memory depend on the machine.
    harness.mask(egui::Rect::from_min_max(egui::pos2(850.0, 682.0), PROJECTOR.to_pos2()));
    // A rounding error may move a few noisy pixels to the next grey level.
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(2.0).max_failed_pixels(40));
}

#[test]
fn a_run_in_the_dark() {
    picture("explore-dark", Theme::Dark, Layout::Explore, |harness| {
        for _ in 0..7 {
            press(harness, egui::Key::ArrowLeft);
        }
    });
}

#[test]
fn a_run_in_the_light() {
    picture("explore-light", Theme::Light, Layout::Explore, |harness| press(harness, egui::Key::Home));
}

#[test]
fn a_presentation() {
    picture("present-dark", Theme::Dark, Layout::Present, |_| {});
}

#[test]
fn a_failure_that_is_explained() {
    picture("failure-light", Theme::Light, Layout::Explore, |harness| {
        click_like(harness, &words::chip(words::frame::MODEL, ""));
        let field = harness.get_by_label(words::frame::PATH_OF_MODEL);
        field.focus();
        field.type_text("/no/such/place");
        frames(harness, 3);
        click(harness, words::frame::OPEN);
        until(harness, "the sentence", |harness| says(harness, &sentence(words::messages::NOTHING_AT)));
        press(harness, egui::Key::Escape);
    });
}
