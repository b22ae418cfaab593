//! All text in the window is readable: nothing clipped, no overlaps, no missing glyph.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::Launch;
use chromascope::app::draw::theme;
use chromascope::app::words;
use chromascope::schedule::{LevelList, PlanSource};
use chromascope::session::SamplerKind;
use chromascope::session::action::Action;
use chromascope::session::document::{AxisReading, Layout, SavedSchedule};
use chromascope::session::setting::Setting;
use chromascope::session::settings::ModelSource;
use egui::{Vec2, vec2};
use egui_kittest::kittest::Queryable;
use gui::*;

/// The smallest possible window.
const SMALLEST: Vec2 = Vec2::new(960.0, 600.0);

#[track_caller]
fn assert_readable(launch: Launch, size: Vec2, cut: Cut) {
    let mut harness = open_with(launch, size);
    until_done(&mut harness);
    let faults = unreadable(&harness, cut);
    assert!(faults.is_empty(), "{size:?}:\n{}", faults.join("\n"));
    click(&mut harness, words::frame::FIRST_STEP);
    let faults = unreadable(&harness, cut);
    assert!(faults.is_empty(), "at the first step, {size:?}:\n{}", faults.join("\n"));
}

fn launched(layout: Layout, axis: AxisReading, batch: usize) -> Launch {
    let mut launch = launch(settings("emoji-exact-64"));
    launch.first.extend([
        Action::SetLayout(layout),
        Action::SetAxis(axis),
        Action::set(Setting::Batch, batch),
        Action::SetLabel(Some(0)),
    ]);
    launch
}

#[test]
fn nothing_is_clipped_on_a_small_projector() {
    for (layout, axis) in [
        (Layout::Explore, AxisReading::Step),
        (Layout::Explore, AxisReading::Sigma),
        (Layout::Present, AxisReading::Timestep),
        (Layout::ScheduleLab, AxisReading::Step),
        (Layout::Spectra, AxisReading::LogSnr),
        (Layout::Guidance, AxisReading::Step),
    ] {
        assert_readable(launched(layout, axis, 2), PROJECTOR, Cut::Never);
    }
}

#[test]
fn nothing_is_clipped_on_a_large_screen() {
    let large = vec2(2560.0, 1440.0);
    assert_readable(launched(Layout::Explore, AxisReading::LogSnr, 2), large, Cut::Never);
    assert_readable(launched(Layout::Present, AxisReading::RunTime, 2), large, Cut::Never);
}

#[test]
fn nothing_is_clipped_in_the_smallest_window() {
    for layout in Layout::ALL {
        assert_readable(launched(layout, AxisReading::Step, 2), SMALLEST, Cut::Allowed);
    }
}

/// As scaled by Ctrl + on a small projector.
#[test]
fn nothing_is_clipped_on_a_small_projector_at_1_6_times_the_size() {
    for layout in Layout::ALL {
        assert_readable(launched(layout, AxisReading::Step, 2), PROJECTOR / 1.6, Cut::Allowed);
    }
}

/// The longest possible names of folder, sampler, schedule and saved schedule, long numbers, and σ from 10⁻⁹ on.
#[test]
fn the_longest_names_keep_to_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("portraits of everyone who ever came to the long corridor of the institute");
    std::fs::create_dir(&images).unwrap();
    for index in 0..4_u8 {
        image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, 60 * index]))
            .save(images.join(format!("{index}.png")))
            .unwrap();
    }
    let tiny = PlanSource::List(LevelList::of_sigmas(vec![4e-9, 3e-9, 2e-9, 1e-9]));
    let kept = "the schedule that we agreed on in the meeting of last Thursday afternoon".to_owned();
    for (size, layout) in [
        (PROJECTOR, Layout::Explore),
        (PROJECTOR, Layout::ScheduleLab),
        (SMALLEST, Layout::ScheduleLab),
        (SMALLEST, Layout::Spectra),
        (SMALLEST, Layout::Explore),
    ] {
        let mut run = settings("gaussian-64");
        run.source = ModelSource::Images(images.clone());
        run.sampler = SamplerKind::EulerAncestral.into();
        (run.eta, run.seed) = (Some(0.123), 18_446_744_073_709_551_615);
        run.schedule = Some(Box::new(tiny.clone()));
        let mut launch = launch(run);
        launch.first.extend([
            Action::SetLayout(layout),
            Action::KeepSchedule(SavedSchedule { name: kept.clone(), source: tiny.clone(), steps: 3 }),
            Action::SetOverlay(Some(kept.clone())),
        ]);
        assert_readable(launch, size, Cut::Allowed);
    }
}

#[test]
fn the_smallest_window_still_shows_every_control() {
    let mut harness = open_with(launch(settings("gaussian-64")), SMALLEST);
    until_done(&mut harness);
    let screen = harness.ctx.content_rect().expand(1.0);
    let outside: Vec<String> =
        written(&harness).into_iter().filter(|text| !screen.contains_rect(text.rect)).map(|text| text.text).collect();
    assert!(outside.is_empty(), "{outside:?}");
    for name in [
        words::frame::MENU,
        words::frame::STOP,
        words::frame::RESTART,
        words::frame::LAST_STEP,
        &words::chip(words::tracks::TIME_AXIS, "step"),
    ] {
        let rect = harness.get_by_label(name).rect();
        assert!(screen.contains_rect(rect), "{name} at {rect:?}");
    }
    click(&mut harness, words::frame::MENU);
    assert!(says(&harness, words::frame::LAYOUT), "the menu opens");
}

/// Symbols of the field, in every weight and typeface of the window.
#[test]
fn every_glyph_is_in_the_fonts() {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    ctx.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
    let symbols = "ᾱε̂∅σλτηρ₀ₜₘΔΣ√∞±−×·…→←²ᵐ‖●▾≤≥′";
    for font in [theme::body(13.0), theme::strong(13.0), theme::mono(12.0)] {
        let missing: String =
            symbols.chars().filter(|&symbol| !ctx.fonts_mut(|fonts| fonts.has_glyph(&font, symbol))).collect();
        assert!(missing.is_empty(), "{missing:?} are not in {font:?}");
    }
}
