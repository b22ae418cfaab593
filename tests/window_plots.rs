//! Panes with plots: panned, zoomed, reset, and their curves hidden, driven by the names of their controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::draw::theme::Palette;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use egui::accesskit::{Role, Toggled};
use egui::{Color32, Event, Key, Modifiers, PointerButton, Pos2, Rect, Shape, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;

const PLOT: &str = words::panes::SPECTRUM_PLOT;

fn spectra() -> Harness<'static, App> {
    let mut launch = launch(settings("gaussian-64"));
    launch.first.push(Action::SetLayout(Layout::Spectra));
    // Events come a frame apart, and a double-click must come within 0.3 s.
    let harness = builder(vec2(1920.0, 1080.0)).with_step_dt(1.0 / 60.0);
    let mut harness = harness.build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap());
    until_done(&mut harness);
    until(&mut harness, "the spectra", |harness| says(harness, words::panes::UPPER_END));
    harness
}

/// The description of a plot: the ends of both axes.
fn shown(harness: &Harness<App>, plot: &str) -> [f64; 4] {
    let value = harness.get_by_label_contains(plot).accesskit_node().value().unwrap();
    let numbers = value.split([' ', ',']).filter_map(|word| word.replace('−', "-").parse().ok());
    numbers.collect::<Vec<f64>>().try_into().unwrap_or_else(|_| panic!("{value}"))
}

fn place(harness: &Harness<App>, plot: &str) -> Rect {
    harness.get_by_label_contains(plot).rect()
}

fn button(harness: &mut Harness<App>, pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) {
    harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    frames(harness, 2);
}

#[track_caller]
fn drag(harness: &mut Harness<App>, with: (PointerButton, Modifiers), from: Pos2, to: Pos2) {
    harness.event(Event::ModifiersChanged(with.1));
    harness.hover_at(from);
    frames(harness, 2);
    button(harness, from, with.0, true, with.1);
    for share in [0.3, 0.7, 1.0] {
        harness.hover_at(from + share * (to - from));
        frames(harness, 2);
    }
    button(harness, to, with.0, false, with.1);
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    frames(harness, 3);
}

fn double_click(harness: &mut Harness<App>, at: Pos2) {
    harness.hover_at(at);
    frames(harness, 1);
    for pressed in [true, false, true, false] {
        harness.event(Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        frames(harness, 1);
    }
    frames(harness, 2);
}

/// Number of strokes with a colour within a rectangle.
fn strokes(harness: &Harness<App>, within: Rect, color: Color32) -> usize {
    fn count(shape: &Shape, within: Rect, color: Color32) -> usize {
        match shape {
            Shape::LineSegment { points, stroke } => {
                usize::from(stroke.color == color && points.iter().all(|point| within.expand(2.0).contains(*point)))
            }
            Shape::Vec(shapes) => shapes.iter().map(|shape| count(shape, within, color)).sum(),
            _ => 0,
        }
    }
    harness.output().shapes.iter().map(|clipped| count(&clipped.shape, within, color)).sum()
}

#[test]
fn names_of_the_legend_hide_their_curves_and_show_them_again() {
    let mut harness = spectra();
    let data = Palette::DARK.warning;
    let is_on = |harness: &Harness<App>| {
        let name = words::panes::curve("final image");
        harness.get_by_role_and_label(Role::CheckBox, &name).accesskit_node().toggled() == Some(Toggled::True)
    };
    let drawn = |harness: &Harness<App>| strokes(harness, place(harness, PLOT), data);
    let before = drawn(&harness);
    assert!(is_on(&harness) && before > 10, "{before} dashes");
    click(&mut harness, &words::panes::curve("final image"));
    harness.remove_cursor();
    frames(&mut harness, 2);
    assert_eq!((is_on(&harness), drawn(&harness)), (false, 0));
    // Its value is not shown any more either, and the others stay.
    harness.hover_at(place(&harness, PLOT).center());
    settle(&mut harness);
    let read = |harness: &Harness<App>, name: &str| painted(harness).iter().filter(|text| *text == name).count();
    assert_eq!(
        (read(&harness, "final image"), read(&harness, "E[x₀|xₜ]")),
        (1, 3),
        "legend, head of the image, and value"
    );
    harness.get_by_label(&words::panes::curve("final image")).focus();
    frames(&mut harness, 2);
    press(&mut harness, Key::Space);
    harness.remove_cursor();
    frames(&mut harness, 2);
    assert_eq!((is_on(&harness), drawn(&harness)), (true, before));
}

#[test]
fn a_box_magnifies_the_spectrum_and_a_double_click_shows_it_whole() {
    let mut harness = spectra();
    let whole = shown(&harness, PLOT);
    assert_eq!(whole[1], 0.5);
    let plot = place(&harness, PLOT);
    let at = |x: f32, y: f32| plot.lerp_inside(vec2(x, y));
    let corners = (at(0.25, 0.2), at(0.75, 0.7));
    for with in [(PointerButton::Secondary, Modifiers::NONE), (PointerButton::Primary, Modifiers::SHIFT)] {
        drag(&mut harness, with, corners.0, corners.1);
        let boxed = shown(&harness, PLOT);
        // Half of the frequencies, in logarithms, and half of the decibels.
        let decades = |ends: &[f64; 4]| (ends[1] / ends[0]).log10();
        assert!((decades(&boxed) / decades(&whole) - 0.5).abs() < 0.03, "{whole:?} {boxed:?}");
        assert!(((boxed[3] - boxed[2]) / (whole[3] - whole[2]) - 0.5).abs() < 0.03, "{whole:?} {boxed:?}");
        assert!(!says(&harness, words::tracks::COPY_IMAGE), "a drag opens no menu");
        // A magnified plot keeps its view while the playhead moves, and asks for no frames.
        press(&mut harness, Key::Home);
        settle(&mut harness);
        assert_eq!(shown(&harness, PLOT), boxed);
        press(&mut harness, Key::End);
        settle(&mut harness);
        assert!(!harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay.is_zero());
        // A drag pans it.
        drag(&mut harness, (PointerButton::Primary, Modifiers::NONE), at(0.5, 0.5), at(0.6, 0.5));
        let moved = shown(&harness, PLOT);
        assert!(moved[0] < boxed[0] && moved[2..] == boxed[2..], "{boxed:?} {moved:?}");
        double_click(&mut harness, at(0.5, 0.8));
        assert_eq!(shown(&harness, PLOT), whole);
    }
    assert!(harness.query_by_label(words::panes::WHOLE_SPECTRUM).is_none(), "it is whole");
}

#[test]
fn keys_and_wheel_magnify_and_escape_shows_the_plot_whole() {
    let mut harness = spectra();
    let whole = shown(&harness, PLOT);
    click(&mut harness, words::frame::FIRST_STEP);
    settle(&mut harness);
    let first = shown(&harness, PLOT);
    harness.get_by_label(PLOT).focus();
    frames(&mut harness, 2);
    for _ in 0..3 {
        press(&mut harness, Key::Plus);
    }
    let near = shown(&harness, PLOT);
    assert!(near[0] > whole[0] && near[1] < whole[1], "{near:?}");
    press(&mut harness, Key::ArrowRight);
    let right = shown(&harness, PLOT);
    assert!(
        right[0] > near[0] && says(&harness, &words::frame::step_of(0, 12)),
        "the plot moves and the playhead does not"
    );
    press(&mut harness, Key::Escape);
    assert_eq!(shown(&harness, PLOT), first);
    assert!(harness.get_by_label(PLOT).accesskit_node().is_focused(), "the next Escape leaves the plot");
    press(&mut harness, Key::Escape);
    assert!(!harness.get_by_label(PLOT).accesskit_node().is_focused());

    let center = place(&harness, PLOT).center();
    harness.hover_at(center);
    frames(&mut harness, 2);
    let (unit, delta) = (egui::MouseWheelUnit::Point, vec2(0.0, 150.0));
    let (phase, modifiers, source) = (egui::TouchPhase::Move, Modifiers::NONE, egui::MouseWheelSource::Wheel);
    harness.event(Event::MouseWheel { unit, delta, phase, modifiers, source });
    settle(&mut harness);
    let near = shown(&harness, PLOT);
    assert!(near[0] > first[0] && near[1] < first[1], "{near:?}");
    click(&mut harness, words::panes::WHOLE_SPECTRUM);
    assert_eq!(shown(&harness, PLOT), first);
}

#[test]
fn the_histogram_is_magnified_and_shown_whole() {
    const HISTOGRAM: &str = words::panes::HISTOGRAM_FROM;
    let mut harness = spectra();
    click(&mut harness, pane("inspector"));
    until(&mut harness, "a histogram", |harness| says(harness, HISTOGRAM));
    let whole = shown(&harness, HISTOGRAM);
    let plot = place(&harness, HISTOGRAM);
    let middle = plot.center().y;
    // A box on one axis: the counts keep theirs.
    let ends = [0.25, 0.75].map(|x| Pos2::new(plot.left() + x * plot.width(), middle));
    drag(&mut harness, (PointerButton::Secondary, Modifiers::NONE), ends[0], ends[1]);
    let boxed = shown(&harness, HISTOGRAM);
    assert!(((boxed[1] - boxed[0]) / (whole[1] - whole[0]) - 0.5).abs() < 0.03, "{whole:?} {boxed:?}");
    assert_eq!(boxed[2..], whole[2..]);
    click(&mut harness, words::panes::WHOLE_HISTOGRAM);
    assert_eq!(shown(&harness, HISTOGRAM), whole);
}

#[test]
fn channels_of_the_histogram_are_hidden_by_their_names() {
    const HISTOGRAM: &str = words::panes::HISTOGRAM_FROM;
    let mut harness = spectra();
    click(&mut harness, pane("inspector"));
    until(&mut harness, "a histogram", |harness| says(harness, HISTOGRAM));
    let counts = |harness: &mut Harness<App>| {
        harness.hover_at(place(harness, HISTOGRAM).center());
        settle(harness);
        let texts = painted(harness);
        let value = texts.iter().rev().find_map(|text| text.split_once(" · ").filter(|(value, _)| value.contains('.')));
        let (_, counts) = value.expect("the value under the pointer");
        counts.split(' ').filter(|count| count.parse::<u32>().is_ok()).count()
    };
    assert_eq!(counts(&mut harness), 3);
    click(&mut harness, &words::panes::curve("G"));
    assert_eq!(counts(&mut harness), 2);
    click(&mut harness, &words::panes::curve("G"));
    assert_eq!(counts(&mut harness), 3);
}
