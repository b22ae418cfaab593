//! What is written in the window can be read: nothing clipped, nothing over something else, no glyph missing.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::{App, theme};
use chromascope::session::action::Action;
use chromascope::session::document::{AxisReading, Layout};
use egui::{Rect, Shape, Vec2, vec2};
use egui_kittest::Harness;
use gui::*;

/// A text on the screen, where it stands and where it is cut off.
struct Written {
    text: String,
    rect: Rect,
    clip: Rect,
    elided: bool,
}

fn written(harness: &Harness<App>) -> Vec<Written> {
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

/// What is wrong with the texts, a line each.
fn faults(harness: &Harness<App>) -> Vec<String> {
    let texts = written(harness);
    assert!(texts.len() > 30, "the window is full of words");
    let screen = harness.ctx.content_rect();
    let mut faults = Vec::new();
    for (index, here) in texts.iter().enumerate() {
        let room = here.clip.intersect(screen).expand(1.0);
        if here.elided || !room.contains_rect(here.rect) {
            faults.push(format!("\"{}\" at {:?} is clipped by {room:?}", here.text, here.rect));
        }
        for there in &texts[index + 1..] {
            let common = here.rect.intersect(there.rect);
            if common.width() > 1.0 && common.height() > 1.0 {
                faults.push(format!("\"{}\" and \"{}\" overlap at {common:?}", here.text, there.text));
            }
        }
    }
    faults
}

#[track_caller]
fn readable(size: Vec2, layout: Layout, axis: AxisReading) {
    let mut launch = launch(settings("emoji-exact-64"));
    launch.first.extend([
        Action::SetLayout(layout),
        Action::SetAxis(axis),
        Action::SetBatch(2),
        Action::SetLabel(Some(0)),
    ]);
    let mut harness = open_with(launch, size);
    until_done(&mut harness);
    let faults = faults(&harness);
    assert!(faults.is_empty(), "{size:?} {layout:?}:\n{}", faults.join("\n"));
    click(&mut harness, "First step");
    let faults = self::faults(&harness);
    assert!(faults.is_empty(), "at the first step, {size:?} {layout:?}:\n{}", faults.join("\n"));
}

#[test]
fn nothing_is_clipped_on_a_small_projector() {
    readable(PROJECTOR, Layout::Explore, AxisReading::Step);
    readable(PROJECTOR, Layout::Explore, AxisReading::Sigma);
    readable(PROJECTOR, Layout::Present, AxisReading::Timestep);
}

#[test]
fn nothing_is_clipped_on_a_large_screen() {
    readable(vec2(2560.0, 1440.0), Layout::Explore, AxisReading::LogSnr);
    readable(vec2(2560.0, 1440.0), Layout::Present, AxisReading::RunTime);
}

#[test]
fn the_smallest_window_still_shows_every_control() {
    let mut harness = open_with(launch(settings("gaussian-64")), vec2(960.0, 600.0));
    until_done(&mut harness);
    let outside: Vec<String> = written(&harness)
        .into_iter()
        .filter(|text| !harness.ctx.content_rect().expand(1.0).contains_rect(text.rect))
        .map(|text| text.text)
        .collect();
    assert!(outside.is_empty(), "{outside:?}");
}

/// Symbols of the field, in every weight and face that the window writes with.
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
