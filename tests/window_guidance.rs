//! The Guidance layout: the panel, the dragged curve, runs side by side.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::denoiser::guided::{ByLevel, GuidanceScale, LevelMode, ScaleCurve};
use chromascope::denoiser::{Upsample, WindowSize};
use chromascope::session::RunSettings;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::settings::ModelSource;
use chromascope::words::short;
use egui::{Key, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;
use std::time::{Duration, Instant};

fn guided(change: impl FnOnce(&mut RunSettings)) -> Harness<'static, App> {
    let mut settings = settings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/class-labels"));
    settings.label = Some(1);
    settings.null_label = Some(0);
    change(&mut settings);
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    harness
}

fn place(harness: &Harness<App>, part: &str) -> Pos2 {
    harness.get_by_label_contains(part).rect().center()
}

fn drag(harness: &mut Harness<App>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    frames(harness, 2);
    harness.drag_at(from);
    frames(harness, 2);
    for part in 1_u8..=4 {
        harness.hover_at(from + (to - from) * f32::from(part) / 4.0);
        frames(harness, 2);
    }
    harness.drop_at(to);
    frames(harness, 3);
}

#[test]
fn a_point_of_the_scale_is_dragged_and_the_run_follows() {
    let mut harness = guided(|settings| {
        let curve = ScaleCurve::new(vec![[0.0, 1.0], [0.5, 2.0], [1.0, 1.0]]).unwrap();
        settings.guidance = Some(GuidanceScale::Curve(curve));
    });
    assert!(says(&harness, &format!("{} s 0.500, w 2.00", words::tracks::point(2))));
    let from = place(&harness, &words::tracks::point(2));
    drag(&mut harness, from, from + vec2(0.0, -12.0));
    until(&mut harness, "the point above where it was", |harness| {
        !says(harness, &format!("{} s 0.500, w 2.00", words::tracks::point(2)))
    });
    until_done(&mut harness);
    assert!(says(&harness, &format!("{} s 0.5", words::tracks::point(2))));
    // Restored by undo, and removed by Delete.
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    until(&mut harness, "the point where it was", |harness| {
        says(harness, &format!("{} s 0.500, w 2.00", words::tracks::point(2)))
    });
    harness.get_by_label_contains(&words::tracks::point(2)).focus();
    frames(&mut harness, 2);
    press(&mut harness, Key::Delete);
    until(&mut harness, "two points", |harness| !says(harness, &words::tracks::point(3)));
}

#[test]
fn presets_make_curves_and_numbers_again() {
    let mut harness = guided(|settings| settings.guidance = Some(GuidanceScale::Constant(3.0)));
    click(&mut harness, words::panes::INTERVAL);
    until(&mut harness, "the interval's points", |harness| {
        says(harness, &words::tracks::point(5)) || says(harness, &words::tracks::point(4))
    });
    click(&mut harness, words::panes::CONSTANT);
    until(&mut harness, "no point", |harness| !says(harness, &words::tracks::point(1)));
    click(&mut harness, words::panes::AS_CURVE);
    until(&mut harness, "three points", |harness| says(harness, &words::tracks::point(3)));
    until_done(&mut harness);
}

#[test]
fn classes_by_resolution_have_their_strip_and_follow_the_schedule() {
    let mut harness = guided(|settings| {
        settings.label = None;
        let levels = ByLevel { labels: vec![1, 2, 3], mode: LevelMode::Blend, factor: 2 };
        settings.by_level = Some(levels);
    });
    assert!(says(&harness, &words::chip(words::frame::CLASS, words::frame::BY_LEVEL)), "the top bar says so");
    for label in ["class 1", "class 2", "class 3"] {
        assert!(painted(&harness).iter().any(|text| text == label), "{label}: {:?}", painted(&harness));
    }
    click(&mut harness, "switch");
    until_done(&mut harness);
    click(&mut harness, words::panes::REMOVE_LEVEL);
    until(&mut harness, "two classes", |harness| !painted(harness).iter().any(|text| text == "class 3"));
    click(&mut harness, words::panes::ONE_CLASS);
    until(&mut harness, "one class", |harness| {
        !says(harness, &words::chip(words::frame::CLASS, words::frame::BY_LEVEL))
    });
}

#[test]
fn the_plain_run_comes_beside_and_goes() {
    let mut harness = guided(|settings| settings.guidance = Some(GuidanceScale::Constant(4.0)));
    assert!(!says(&harness, &words::panes::heading(words::panes::PINNED, "plain")));
    click(&mut harness, words::panes::COMPARE_WITH_PLAIN);
    until(&mut harness, "the run beside", |harness| {
        says(harness, &words::panes::heading(words::panes::PINNED, "plain"))
    });
    until_done(&mut harness);
    harness.query_all_by_label(words::panes::UNPIN_RUN).next().unwrap().click();
    frames(&mut harness, 3);
    until(&mut harness, "one run", |harness| !says(harness, &words::panes::heading(words::panes::PINNED, "plain")));
    click(&mut harness, words::panes::PIN_RUN);
    click(&mut harness, words::frame::RUN);
    until(&mut harness, "the run beside", |harness| {
        says(harness, &words::panes::heading(words::panes::PINNED, "w = 4"))
    });
}

#[test]
fn a_network_is_used_at_twice_its_size() {
    let mut harness = guided(|settings| settings.upsample = Some(Upsample::by(2)));
    for name in [words::panes::T_AT_PLAYHEAD, words::panes::TAU_POOLED, words::panes::ROOT_P, words::panes::COST] {
        assert!(says(&harness, name), "{name}");
    }
    assert!(painted(&harness).iter().any(|text| text.ends_with(words::panes::TIMES_PLAIN)), "{:?}", painted(&harness));
    click(&mut harness, "48 px");
    until(&mut harness, "a run at 48 pixels", is_done);
    click(&mut harness, "16 px");
    until(&mut harness, "no upsample guidance", |harness| !says(harness, words::panes::TAU_POOLED));
}

#[test]
fn the_window_is_a_curve_that_is_dragged() {
    // Only six images, as each pixel of each step compares all of them.
    let folder = tempfile::tempdir().unwrap();
    for shade in 0_u8..6 {
        let image = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([40 * shade, x as u8 * 4, y as u8 * 4]));
        image.save(folder.path().join(format!("{shade}.png"))).unwrap();
    }
    let mut settings = settings("emoji-exact-64");
    settings.source = ModelSource::Images(folder.path().into());
    settings.steps = 3;
    settings.local = Some(WindowSize::Curve(vec![(0.5, 5.0), (2.0, 17.0), (8.0, 65.0)]));
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    assert!(says(&harness, &format!("{} σ 2.000, k 17.00", words::tracks::point(2))));
    harness.get_by_label_contains(&words::tracks::point(2)).focus();
    frames(&mut harness, 2);
    press(&mut harness, Key::ArrowUp);
    until(&mut harness, "a larger window", |harness| {
        says(harness, &format!("{} σ 2.000, k 18.00", words::tracks::point(2)))
    });
    click(&mut harness, words::panes::WHOLE_IMAGES);
    until(&mut harness, "no window", |harness| !says(harness, &words::tracks::point(2)));
}

#[test]
fn an_input_has_a_slider_and_the_run_follows() {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/inputs");
    let mut launch = launch(settings(model));
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    let name = words::panes::input_named("difficulty");
    let value = |harness: &Harness<App>| {
        let slider = harness.get_by_role_and_label(egui::accesskit::Role::Slider, &name);
        slider.accesskit_node().numeric_value().unwrap()
    };
    assert!((value(&harness) - 0.5).abs() < 1e-12, "the card's");
    harness.get_by_role_and_label(egui::accesskit::Role::Slider, &name).focus();
    frames(&mut harness, 2);
    for _ in 0..6 {
        press(&mut harness, Key::ArrowRight);
    }
    assert!(value(&harness) > 0.5);
    // Nothing waits to be run by hand, and the next run pins the one that had this value.
    until(&mut harness, "the live run", |harness| {
        is_done(harness) && !painted(harness).iter().any(|text| text.contains(words::frame::NOT_RUN_YET))
    });
    let steered = format!("difficulty = {}", short(value(&harness)));
    let pinned = words::panes::heading(words::panes::PINNED, &steered);
    let began = Instant::now();
    while !says(&harness, &pinned) {
        assert!(began.elapsed() < Duration::from_mins(1), "no run had the value: {:?}", harness.root());
        click(&mut harness, words::panes::PIN_RUN);
        click(&mut harness, words::frame::RUN);
        until_done(&mut harness);
    }
    // Its null value is what guidance leads away from, though the model has no classes.
    assert!(says(&harness, "Guidance scale w"));
    click(&mut harness, "Model default");
    assert!((value(&harness) - 0.5).abs() < 1e-12);
    until_done(&mut harness);
}
