//! Levels alone, images cut into levels, and images inspected, by the names their controls have.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::prepare::prepare;
use chromascope::session::{RunSettings, Trajectory};
use chromascope::spectrum::{BandPlan, Fit};
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

/// The layout for spectra once its run is over.
#[track_caller]
fn spectra(settings: RunSettings) -> Harness<'static, App> {
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    harness
}

/// The run that the window shows, made again.
fn run_of(settings: &RunSettings) -> Trajectory {
    let mut prepared = prepare(settings, None, &|_, _| true).unwrap();
    let mut trajectory = prepared.run.trajectory();
    while prepared.run.step(&mut trajectory).unwrap().is_some() {}
    trajectory
}

/// The energies that stand under the levels, finest first, and their shares.
fn energies(harness: &Harness<App>) -> Vec<(f64, String)> {
    let labels = ["1 px", "2 px", "4 px", "8 px", "16 px", "32 px", "rest"];
    let said: Vec<String> =
        harness.query_all_by_label_contains(": energy ").filter_map(|node| node.accesskit_node().value()).collect();
    let read = |label: &str| {
        let name = format!("{label}: energy ");
        let (energy, share) = said.iter().find_map(|said| said.strip_prefix(&name))?.split_once(", ")?;
        Some((energy.replace('−', "-").parse().ok()?, share.to_owned()))
    };
    labels.iter().filter_map(|label| read(label)).collect()
}

#[test]
fn the_levels_of_an_image_have_the_energies_of_its_bands() {
    let settings = settings("gaussian-64");
    let mut harness = spectra(settings.clone());
    let run = run_of(&settings);
    let plan = BandPlan::new(64, 64, 2, 6, Fit::Pad).unwrap();
    click(&mut harness, "Levels");
    for _ in 0..5 {
        press(&mut harness, Key::ArrowLeft);
    }
    assert!(says(&harness, "step 7/12"));
    for (picture, image) in [("E[x₀|xₜ]", &run.snapshots[7].x0), ("xₜ", &run.snapshots[7].x_t)] {
        click(&mut harness, &format!("Levels of {picture}"));
        let expected = plan.mean_energies(image.view()).unwrap();
        let agree = |harness: &Harness<App>| {
            let found = energies(harness);
            found.len() == 7
                && found.iter().zip(&expected).all(|((found, _), expected)| (found / expected - 1.0).abs() < 0.006)
        };
        until(&mut harness, picture, agree);
    }
    // Coarse levels are there before fine ones.
    click(&mut harness, "Levels of E[x₀|xₜ]");
    let share = |harness: &Harness<App>, m: usize| -> Option<f64> {
        energies(harness).get(m)?.1.strip_suffix(" % of its end")?.parse().ok()
    };
    let early = |harness: &Harness<App>| {
        let shares = share(harness, 0).zip(share(harness, 4));
        shares.is_some_and(|(fine, coarse)| fine < 60.0 && coarse > 80.0)
    };
    until(&mut harness, "coarse before fine", early);
    press(&mut harness, Key::End);
    until(&mut harness, "the end", |harness| share(harness, 0) == Some(100.0) && share(harness, 5) == Some(100.0));
}

#[test]
fn levels_of_a_change_and_their_choices() {
    let mut harness = spectra(settings("gaussian-64"));
    click(&mut harness, "Levels");
    click(&mut harness, "Levels of ΔE[x₀|xₜ]");
    until(&mut harness, "levels of a change", |harness| says(harness, "% of the largest"));
    press(&mut harness, Key::Home);
    assert!(painted(&harness).iter().any(|text| text == "The first step has no change yet"));
    click(&mut harness, "Levels of xₜ");
    click_like(&mut harness, "Contrast of levels");
    click(&mut harness, "each its own scale");
    click_like(&mut harness, "Energy bars");
    click(&mut harness, "of the largest");
    click_like(&mut harness, "Channel of the spectrum");
    click(&mut harness, "G");
    until(&mut harness, "levels of noise", |harness| says(harness, "1 px: energy 0.7"));
    assert!(says(&harness, "Channel of the spectrum spectrum: G"));
    assert!(says(&harness, "Spectrum in two dimensions, −40 to 40 dB"));
    click(&mut harness, "Isolate 8 px (Levels)");
    click(&mut harness, "Images");
    assert_eq!(alone(&harness).unwrap(), "only 8 px");
}

#[test]
fn no_size_of_window_breaks_the_levels() {
    let mut harness = spectra(settings("gaussian-64"));
    click(&mut harness, "Levels");
    until(&mut harness, "levels", |harness| says(harness, "1 px: energy"));
    for (width, height) in [(480.0, 300.0), (960.0, 600.0), (600.0, 900.0), (5000.0, 200.0), (1280.0, 720.0)] {
        harness.set_size(egui::vec2(width, height));
        frames(&mut harness, 3);
    }
    assert!(says(&harness, "1 px: energy"));
}
