//! Levels alone, images cut into levels, and images inspected, by the names their controls have.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;

/// What the stage says of what is alone on it.
fn alone(harness: &Harness<App>) -> Option<String> {
    let node = harness.query_all_by_label_contains("xₜ noisy state").next()?;
    let label = node.accesskit_node().label()?;
    label.split_once(", ").map(|(_, alone)| alone.to_owned())
}

fn undo(harness: &mut Harness<App>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    frames(harness, 3);
}

#[test]
fn a_level_is_isolated_from_the_legend_and_put_back() {
    let mut harness = opened("gaussian-64");
    assert_eq!(alone(&harness), None);
    click(&mut harness, "Isolate 4 px");
    assert_eq!(alone(&harness).unwrap(), "only 4 px");
    assert!(painted(&harness).iter().filter(|text| *text == "only 4 px").count() == 3, "a badge on each image");
    let on = |harness: &Harness<App>, name: &str| {
        harness.get_by_label(name).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(on(&harness, "Isolate 4 px") && on(&harness, "Isolate 4 px (Recovered)"));
    assert!(!on(&harness, "Isolate 8 px"));
    // Another takes its place, the same puts all back.
    click(&mut harness, "Isolate 16 px (Recovered)");
    assert_eq!(alone(&harness).unwrap(), "only 16 px");
    click(&mut harness, "Isolate 16 px");
    assert_eq!(alone(&harness), None);
    // So do Escape, the badge, and undo.
    click(&mut harness, "Isolate rest (Recovered)");
    assert_eq!(alone(&harness).unwrap(), "only rest");
    press(&mut harness, Key::Escape);
    assert_eq!(alone(&harness), None);
    undo(&mut harness);
    assert_eq!(alone(&harness).unwrap(), "only rest");
    click_like(&mut harness, "Show all levels of ΔE");
    assert_eq!(alone(&harness), None);
    undo(&mut harness);
    undo(&mut harness);
    undo(&mut harness);
    assert_eq!(alone(&harness).unwrap(), "only 16 px");
}

#[test]
fn levels_are_added_with_shift_and_by_the_keyboard() {
    let mut harness = opened("gaussian-64");
    click(&mut harness, "Isolate 1 px");
    harness.get_by_label("Isolate 8 px").click_modifiers(Modifiers::SHIFT);
    frames(&mut harness, 3);
    assert_eq!(alone(&harness).unwrap(), "only 1 + 8 px");
    harness.get_by_label("Isolate rest (Recovered)").click_modifiers(Modifiers::COMMAND);
    frames(&mut harness, 3);
    assert_eq!(alone(&harness).unwrap(), "only 1 + 8 px + rest");
    harness.get_by_label("Isolate 32 px").focus();
    harness.step();
    press(&mut harness, Key::Enter);
    assert_eq!(alone(&harness).unwrap(), "only 32 px");
}

#[test]
fn the_strip_isolates_and_is_dragged_like_the_rest_of_the_tracks() {
    let mut harness = opened("gaussian-64");
    let strip = |harness: &Harness<App>| harness.get_by_label_contains("Isolate 1 px (Chromatogram strip").rect();
    let at = strip(&harness).center();
    harness.get_by_label_contains("Isolate 1 px (Chromatogram strip").click();
    frames(&mut harness, 3);
    assert_eq!(alone(&harness).unwrap(), "only 1 px");
    assert!(says(&harness, "step 12/12"), "a click leaves the playhead");
    harness.drag_at(at);
    frames(&mut harness, 2);
    harness.hover_at(at - egui::vec2(40.0, 0.0));
    frames(&mut harness, 2);
    harness.drop_at(at - egui::vec2(40.0, 0.0));
    frames(&mut harness, 2);
    assert!(!says(&harness, "step 12/12"), "a drag takes it along");
    assert_eq!(alone(&harness).unwrap(), "only 1 px");
}

#[test]
fn levels_follow_the_factor() {
    let mut harness = opened("gaussian-64");
    click(&mut harness, "Isolate 2 px");
    click_like(&mut harness, "Resolution levels");
    harness.get_all_by_label("4").next().unwrap().click();
    frames(&mut harness, 3);
    press(&mut harness, Key::Escape);
    assert_eq!(alone(&harness), None, "no level stays alone that is another now");
    click(&mut harness, "Isolate 16 px");
    assert_eq!(alone(&harness).unwrap(), "only 16 px");
    assert!(says(&harness, "Recovered by resolution, measured: 1 px 1.00, 4 px 1.00, 16 px 1.00, rest 1.00"));
}
