//! What an estimate is made of: the pane of parts, and the track of parts by level.
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::denoiser::Upsample;
use chromascope::denoiser::guided::{ByLevel, GuidanceScale, LevelMode};
use chromascope::session::RunSettings;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
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
    click(&mut harness, "Parts");
    harness
}

#[test]
fn guidance_is_taken_apart() {
    let mut harness = run_of(|settings| settings.guidance = Some(GuidanceScale::Constant(3.0)));
    for part in ["Part class 1", "Part no class", "Part guided", "Part difference"] {
        assert!(says(&harness, part), "{part}");
    }
    // The map of levels, in three quantities, absolute and relative.
    assert!(says(&harness, "‖B_m(ε_c − ε_∅)‖, relative over"));
    click(&mut harness, "Relative to each step's sum");
    until(&mut harness, "absolute", |harness| says(harness, "‖B_m(ε_c − ε_∅)‖ over"));
    for (choice, symbol) in [("class", "‖B_m ε_c‖ over"), ("no class", "‖B_m ε_∅‖ over")] {
        click_like(&mut harness, "Parts by level of");
        harness.query_all_by_label(choice).last().unwrap().click();
        frames(&mut harness, 3);
        until(&mut harness, symbol, |harness| says(harness, symbol));
    }
    click_like(&mut harness, "Parts by level of");
    click(&mut harness, "rₘ, guided and not");
    until(&mut harness, "the chromatogram", |harness| painted(harness).iter().any(|text| text == "dashed: no class"));
}

#[test]
fn each_class_by_resolution_is_a_part() {
    let harness = run_of(|settings| {
        settings.label = None;
        settings.guidance = Some(GuidanceScale::Constant(2.0));
        settings.by_level = Some(ByLevel { labels: vec![1, 3, 2], mode: LevelMode::Band, factor: 2 });
    });
    for part in ["Part class 1", "Part class 2", "Part class 3", "Part no class", "Part guided"] {
        assert!(says(&harness, part), "{part}");
    }
}

#[test]
fn upsample_guidance_shows_both_sizes() {
    let mut harness = run_of(|settings| settings.upsample = Some(Upsample::by(2)));
    press(&mut harness, egui::Key::Home);
    for part in ["Part full size", "Part pooled", "Part upsampled"] {
        assert!(says(&harness, part), "{part}");
    }
}

#[test]
fn a_plain_run_says_that_it_has_none() {
    let harness = run_of(|_| {});
    let said = painted(&harness).join("\n");
    assert!(said.contains("This run's estimate is made in one piece"), "{said}");
    assert!(said.contains("This run asked one question a step"), "{said}");
}
