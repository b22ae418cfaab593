//! The parts of an estimate: the Parts pane, and the track of parts by level.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::denoiser::Upsample;
use chromascope::denoiser::guided::{ByLevel, GuidanceScale, LevelMode, ScaleCurve};
use chromascope::session::RunSettings;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::parts::PartsQuantity;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use gui::*;

fn run_of(change: impl FnOnce(&mut RunSettings)) -> Harness<'static, App> {
    let mut settings = settings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/class-labels"));
    settings.label = Some(1);
    settings.null_label = Some(0);
    change(&mut settings);
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    click(&mut harness, pane("parts"));
    harness
}

#[test]
fn guidance_is_taken_apart() {
    let mut harness = run_of(|settings| settings.guidance = Some(GuidanceScale::Constant(3.0)));
    for part in [
        &words::panes::part("class 1"),
        &words::panes::part(words::panes::NULL_CLASS),
        &words::panes::part("guided"),
        &words::panes::part("difference"),
    ] {
        assert!(says(&harness, part), "{part}");
    }
    // The map of levels, in three quantities, absolute and relative.
    assert!(says(&harness, "‖B_m(ε_c − ε_∅)‖, relative over"));
    click(&mut harness, words::tracks::RELATIVE);
    until(&mut harness, "absolute", |harness| says(harness, "‖B_m(ε_c − ε_∅)‖ over"));
    for (choice, symbol) in
        [(PartsQuantity::Conditional, "‖B_m ε_c‖ over"), (PartsQuantity::Unconditional, "‖B_m ε_∅‖ over")]
    {
        click_like(&mut harness, words::tracks::PARTS_OF);
        harness.query_all_by_label(choice.name()).last().unwrap().click();
        frames(&mut harness, 3);
        until(&mut harness, symbol, |harness| says(harness, symbol));
    }
    click_like(&mut harness, words::tracks::PARTS_OF);
    click(&mut harness, PartsQuantity::Shares.name());
    until(&mut harness, "the chromatogram", |harness| {
        painted(harness).iter().any(|text| text == &words::tracks::dashed(words::panes::NULL_CLASS))
    });
}

#[test]
fn each_class_by_resolution_is_a_part() {
    let harness = run_of(|settings| {
        settings.label = None;
        settings.guidance = Some(GuidanceScale::Constant(2.0));
        settings.by_level = Some(ByLevel { labels: vec![1, 3, 2], mode: LevelMode::Band, factor: 2 });
    });
    for part in [
        &words::panes::part("class 1"),
        &words::panes::part("class 2"),
        &words::panes::part("class 3"),
        &words::panes::part(words::panes::NULL_CLASS),
        &words::panes::part("guided"),
    ] {
        assert!(says(&harness, part), "{part}");
    }
}

#[test]
fn upsample_guidance_shows_both_sizes() {
    let mut harness = run_of(|settings| settings.upsample = Some(Upsample::by(2)));
    press(&mut harness, egui::Key::Home);
    for part in ["Part full size, σ ", "Part pooled, σ ", &words::panes::part("upsampled")] {
        assert!(says(&harness, part), "{part}");
    }
    assert!(painted(&harness).iter().any(|text| text.starts_with(words::tracks::TWO_SIZES)));
    press(&mut harness, egui::Key::End);
    assert!(painted(&harness).iter().any(|text| text.starts_with(words::panes::NOT_POOLED_HERE)));
}

#[test]
fn a_plain_run_says_that_it_has_none() {
    let harness = run_of(|_| {});
    let said = painted(&harness).join("\n");
    assert!(said.contains(words::panes::ONE_PART), "{said}");
    assert!(said.contains(words::tracks::ONE_PART), "{said}");
}

/// Chooses the contents of the track.
fn show(harness: &mut Harness<App>, what: &str) {
    click_like(harness, words::tracks::PARTS_OF);
    harness.query_all_by_label(what).last().unwrap().click();
    frames(harness, 3);
}

/// The figure that the track's menu saves.
fn saved(harness: &mut Harness<App>, path: &std::path::Path) -> String {
    click(harness, &words::menu_of(Track::PartsByLevel.name()));
    click(harness, words::tracks::SAVE_FIGURE);
    click(harness, svg());
    save_as(harness, path);
    until(harness, "the figure", |_| std::fs::read_to_string(path).is_ok_and(|text| text.contains("</svg>")));
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::remove_file(path).unwrap();
    text
}

#[test]
fn levels_are_named_and_figures_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parts.svg");
    let mut settings = settings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/class-labels"));
    (settings.label, settings.null_label) = (Some(1), Some(0));
    settings.guidance = Some(GuidanceScale::Constant(3.0));
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, egui::vec2(1600.0, 1300.0));
    until_done(&mut harness);
    until(&mut harness, "the map", |harness| says(harness, "‖B_m(ε_c − ε_∅)‖, relative over step and resolution"));
    let place = harness.get_by_label_contains("over step and resolution").rect();
    harness.hover_at(place.center_top() + egui::vec2(0.0, 2.0));
    frames(&mut harness, 2);
    let read = painted(&harness);
    assert!(read.iter().any(|text| text.starts_with("step ") && text.contains("   1 px   ")), "{read:?}");
    let map = saved(&mut harness, &path);
    assert!(map.contains("over step and resolution") && map.contains("Parts by level"), "{}", &map[..600]);
    show(&mut harness, PartsQuantity::Shares.name());
    let lines = saved(&mut harness, &path);
    assert!(lines.contains("rm over step, of 1 px, 2 px"), "{}", &lines[..600]);
}

#[test]
fn each_class_has_its_levels() {
    let mut harness = run_of(|settings| {
        settings.label = None;
        settings.guidance = Some(GuidanceScale::Constant(2.0));
        settings.by_level = Some(ByLevel { labels: vec![1, 3, 2], mode: LevelMode::Band, factor: 2 });
    });
    show(&mut harness, "class 3");
    until(&mut harness, "its map", |harness| says(harness, "‖B_m(ε_c − ε_∅)‖, class 3, relative over"));
    assert!(says(&harness, &words::panes::part("class 3 − null")));
}

#[test]
fn a_step_at_w_1_says_that_it_asked_for_the_class_alone() {
    let curve = ScaleCurve::new(vec![[0.0, 1.0], [0.5, 1.0], [0.5, 3.0], [1.0, 3.0]]).unwrap();
    let mut harness = run_of(|settings| settings.guidance = Some(GuidanceScale::Curve(curve)));
    press(&mut harness, egui::Key::Home);
    let start = painted(&harness).join("\n");
    press(&mut harness, egui::Key::End);
    let end = painted(&harness).join("\n");
    let words = &words::panes::class_alone("class 1");
    assert_eq!([start.contains(words), end.contains(words)], [false, true], "{start}\n\n{end}");
    // Steps without the null class have no difference, the others have.
    assert!(says(&harness, "‖B_m(ε_c − ε_∅)‖, relative over"));
}

#[test]
fn a_cascade_shows_what_each_stage_contributes() {
    let mut launch = launch(settings("emoji-cascade"));
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    click(&mut harness, pane("parts"));
    press(&mut harness, egui::Key::Home);
    for part in ["Part stage 1, σ ", "Part stage 2, σ ", "Part cascade, "] {
        assert!(says(&harness, part), "{part}");
    }
    until(&mut harness, "the map", |harness| says(harness, "‖B_m x_0‖ of stage 1, relative over"));
    show(&mut harness, "stage 2");
    until(&mut harness, "its map", |harness| says(harness, "‖B_m x_0‖ of stage 2, relative over"));
    let place = harness.get_by_label_contains("over step and resolution").rect();
    for (at, words) in [(place.center_top() + egui::vec2(0.0, 2.0), "1 px   0.0 dB"), (place.center(), "nothing")] {
        harness.hover_at(at);
        frames(&mut harness, 2);
        let read = painted(&harness);
        assert!(read.iter().any(|text| text.starts_with("step ") && text.ends_with(words)), "{words}: {read:?}");
    }
}
