//! The Spectrum pane, driven by the names of its controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;

/// The Gaussian model's run in a layout, at its end.
fn spectra(layout: Layout) -> Harness<'static, App> {
    let mut launch = launch(settings("gaussian-64"));
    launch.first.push(Action::SetLayout(layout));
    // Wide enough for the controls to have a line of their own.
    let harness = builder(egui::vec2(1920.0, 1080.0));
    let mut harness = harness.build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap());
    until_done(&mut harness);
    until(&mut harness, "the slope", |harness| slope(harness).is_some());
    harness
}

/// "slope −2.03 ± 0.05 over 0.031–0.50 c/px", for a screen reader.
fn slope_label(harness: &Harness<App>) -> Option<String> {
    let label = harness.query_all_by_label_contains("slope −").next()?;
    label.accesskit_node().value()
}

/// Slope, lower and upper end.
fn slope(harness: &Harness<App>) -> Option<[f64; 3]> {
    let label = slope_label(harness)?.replace('−', "-");
    let (slope, rest) = label.strip_prefix("slope ")?.split_once(" ± ")?;
    let (low, high) = rest.split_once(" over ")?.1.strip_suffix(" c/px")?.split_once('–')?;
    Some([slope, low, high].map(|number| number.parse().unwrap()))
}

fn undo(harness: &mut Harness<App>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(harness);
}

fn end(harness: &Harness<App>, name: &str) -> (Pos2, f64) {
    let node = harness.get_by_role_and_label(Role::Slider, name);
    (node.rect().center(), node.accesskit_node().numeric_value().unwrap())
}

fn is_on(harness: &Harness<App>, name: &str) -> bool {
    harness.get_by_role_and_label(Role::CheckBox, name).accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn a_gaussian_run_ends_with_the_slope_of_its_prior() {
    let mut harness = spectra(Layout::Spectra);
    let [slope_at_end, low, high] = slope(&harness).unwrap();
    // S = c/f², sampled once.
    assert!((slope_at_end + 2.0).abs() < 0.2, "{slope_at_end}");
    assert_eq!((low, high), (0.031, 0.5));
    assert!(says(&harness, words::panes::ALL_SIGNAL));
    press(&mut harness, Key::Home);
    until(&mut harness, "the noise", |harness| says(harness, words::panes::NO_SIGNAL));
    assert!(says(&harness, words::panes::ONLY_NOISE));
    for _ in 0..7 {
        press(&mut harness, Key::ArrowRight);
    }
    until(&mut harness, "the crossing", |harness| says(harness, &format!("{} 0.", words::panes::EQUAL_AT)));
    let [_, low, high] = slope(&harness).unwrap();
    assert!(low == 0.031 && high < 0.5, "the fit ends where the noise begins: {high}");
}

#[test]
fn the_ends_of_the_slope_are_dragged_typed_and_let_go() {
    let mut harness = spectra(Layout::Spectra);
    let before = slope(&harness).unwrap();
    let (at, value) = end(&harness, words::panes::UPPER_END);
    let to = at - egui::vec2(120.0, 0.0);
    harness.hover_at(at);
    frames(&mut harness, 2);
    harness.drag_at(at);
    frames(&mut harness, 2);
    for share in [0.3, 0.6, 1.0] {
        harness.hover_at(at + share * (to - at));
        frames(&mut harness, 2);
    }
    harness.drop_at(to);
    frames(&mut harness, 3);
    let (_, dragged) = end(&harness, words::panes::UPPER_END);
    assert!(dragged < 0.6 * value && !is_on(&harness, words::panes::RANGE_FOLLOWS), "{value} {dragged}");
    assert_ne!(slope(&harness).unwrap(), before);
    // Other steps keep the chosen range, and the drag is one change. The handle uses the arrow keys.
    press(&mut harness, Key::PageUp);
    settle(&mut harness);
    assert_eq!(end(&harness, words::panes::UPPER_END).1, dragged);
    press(&mut harness, Key::End);
    undo(&mut harness);
    assert_eq!(slope(&harness).unwrap(), before);

    harness.get_by_role_and_label(Role::SpinButton, words::panes::SLOPE_FROM).click();
    frames(&mut harness, 3);
    harness.event(egui::Event::Text("0.1".into()));
    frames(&mut harness, 2);
    press(&mut harness, Key::Enter);
    assert_eq!(slope(&harness).unwrap()[1..], [0.1, 0.5]);
    let lower = harness.get_by_role_and_label(Role::Slider, words::panes::LOWER_END);
    lower.focus();
    frames(&mut harness, 2);
    press(&mut harness, Key::ArrowRight);
    assert!((end(&harness, words::panes::LOWER_END).1 - 0.105).abs() < 1e-9);
    click(&mut harness, words::panes::RANGE_FOLLOWS);
    assert_eq!(slope(&harness).unwrap(), before);
    undo(&mut harness);
    assert!((end(&harness, words::panes::LOWER_END).1 - 0.105).abs() < 1e-9);
}

#[test]
fn channel_window_and_other_steps_are_choices_that_can_be_undone() {
    let mut harness = spectra(Layout::Spectra);
    let before = slope_label(&harness).unwrap();
    click(&mut harness, words::panes::HANN);
    settle(&mut harness);
    assert!(is_on(&harness, words::panes::HANN));
    let hann = slope_label(&harness).unwrap();
    assert_ne!(hann, before, "a window changes the spectrum");
    click_like(&mut harness, words::panes::SPECTRA_CHANNEL);
    click(&mut harness, "green");
    settle(&mut harness);
    assert!(says(&harness, &words::chip(words::panes::SPECTRA_CHANNEL, "green")));
    assert_ne!(slope_label(&harness).unwrap(), hann);
    undo(&mut harness);
    assert!(says(&harness, &words::chip(words::panes::SPECTRA_CHANNEL, "mean")));
    assert_eq!(slope_label(&harness).unwrap(), hann);
    undo(&mut harness);
    assert!(!is_on(&harness, words::panes::HANN));
    assert_eq!(slope_label(&harness).unwrap(), before);

    let named = |harness: &Harness<App>| painted(harness).iter().filter(|text| *text == "other steps").count();
    assert_eq!((is_on(&harness, words::panes::OTHER_STEPS), named(&harness)), (true, 2));
    click(&mut harness, words::panes::OTHER_STEPS);
    settle(&mut harness);
    assert_eq!((is_on(&harness, words::panes::OTHER_STEPS), named(&harness)), (false, 1));
}

#[test]
fn a_narrow_pane_keeps_its_choices_in_a_menu_and_its_figure_goes_into_a_file() {
    let mut launch = launch(settings("gaussian-64"));
    launch.first.push(Action::SetLayout(Layout::Explore));
    let mut harness = open_with(launch, egui::vec2(1600.0, 1300.0));
    until_done(&mut harness);
    until(&mut harness, "the slope", |harness| slope(harness).is_some());
    assert!(harness.query_by_label(words::panes::HANN).is_none(), "there is no room for it");
    click(&mut harness, &words::menu_of(pane("spectrum")));
    click(&mut harness, words::panes::HANN);
    assert!(harness.query_by_label(words::panes::SLOPE_FROM).is_some(), "the menu stays open");
    click(&mut harness, "blue");
    settle(&mut harness);
    click(&mut harness, words::tracks::SAVE_FIGURE);
    click(&mut harness, svg());
    let folder = tempfile::tempdir().unwrap();
    let figure = folder.path().join("spectrum.svg");
    save_as(&mut harness, &figure);
    until(&mut harness, "the figure", |_| std::fs::read_to_string(&figure).is_ok_and(|text| text.contains("</svg>")));
    let drawn = std::fs::read_to_string(&figure).unwrap();
    assert!(drawn.contains("final image") && drawn.contains("slope −"));
}
