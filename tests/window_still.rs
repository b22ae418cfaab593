//! Controls keep their place while values, names, selections and messages change, and are large enough.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::SamplerKind;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::setting::Setting;
use chromascope::words::sentence;
use egui::Rect;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;
use std::collections::BTreeMap;

/// Everything that can be clicked, dragged or typed into: its role, its name and its position.
fn controls(harness: &Harness<App>) -> Vec<(Role, String, Rect)> {
    let is_control = |role: Role| {
        matches!(
            role,
            Role::Button
                | Role::CheckBox
                | Role::ComboBox
                | Role::Slider
                | Role::SpinButton
                | Role::Tab
                | Role::TextInput
                | Role::MultilineTextInput
        )
    };
    // The positions of these are their values.
    let is_mark = |name: &str| {
        name.ends_with(words::tracks::COLOUR_RANGE) || name.starts_with("Boundary of ") || name.contains(" strip, ")
    };
    let nodes = harness.root().children_recursive().filter(|node| is_control(node.accesskit_node().role()));
    nodes
        .filter_map(|node| {
            let accessible = node.accesskit_node();
            accessible.bounding_box()?;
            let name = accessible.label().unwrap_or_default();
            (!is_mark(&name)).then(|| (accessible.role(), name, node.rect()))
        })
        .collect()
}

/// The position of each. If a name contains a value, its first word is used.
fn places(harness: &Harness<App>) -> BTreeMap<String, Rect> {
    let name = |role: Role, label: String| {
        let named_after_value = role == Role::ComboBox || label.starts_with(&words::frame::run_with_new(""));
        if named_after_value { label.split(' ').next().unwrap_or_default().to_owned() } else { label }
    };
    controls(harness).into_iter().map(|(role, label, rect)| (format!("{role:?} {}", name(role, label)), rect)).collect()
}

/// What moved between the two, one line each.
#[track_caller]
fn assert_still(before: &BTreeMap<String, Rect>, harness: &Harness<App>, what: &str) {
    let after = places(harness);
    assert!(before.len() > 25, "{before:?}");
    let moved: Vec<String> = before
        .iter()
        .filter_map(|(name, from)| {
            let to = after.get(name)?;
            let still = (from.min - to.min).length() < 0.6 && (from.max - to.max).length() < 0.6;
            (!still).then(|| format!("{name}: {from:?} to {to:?}"))
        })
        .collect();
    assert!(moved.is_empty(), "{what}:\n{}", moved.join("\n"));
    let gone: Vec<&String> = before.keys().filter(|name| !after.contains_key(*name)).collect();
    assert!(3 * gone.len() < before.len(), "{what}: {gone:?} are gone");
}

#[test]
fn nothing_moves_when_settings_change() {
    let mut harness = opened("emoji-exact-64");
    let before = places(&harness);
    for kind in ["euler-ancestral", "heun", "ddpm"] {
        click_like(&mut harness, &words::chip(words::frame::SAMPLER, ""));
        click(&mut harness, kind);
        press(&mut harness, egui::Key::Escape);
        assert!(says(&harness, &words::chip(words::frame::SAMPLER, kind)));
        assert_still(&before, &harness, kind);
    }
    for (field, value) in [(words::frame::STEPS, "1000"), (words::frame::SEED, "1234567"), (words::frame::BATCH, "16")]
    {
        click(&mut harness, field);
        for letter in value.chars() {
            harness.event(egui::Event::Text(letter.to_string()));
        }
        frames(&mut harness, 2);
        assert_still(&before, &harness, &format!("while {value} is typed into {field}"));
        press(&mut harness, egui::Key::Enter);
        assert_still(&before, &harness, &format!("{field} {value}"));
    }
    click_like(&mut harness, &words::chip(words::frame::SPACING, ""));
    click(&mut harness, "exponential");
    press(&mut harness, egui::Key::Escape);
    assert_still(&before, &harness, "spacing");
}

#[test]
fn nothing_moves_when_the_playhead_or_a_level_is_chosen() {
    let mut harness = opened("emoji-exact-64");
    let before = places(&harness);
    click(&mut harness, words::frame::FIRST_STEP);
    assert_still(&before, &harness, "at the first step");
    click(&mut harness, &words::panes::isolate("4 px"));
    assert_still(&before, &harness, "a level alone");
    click(&mut harness, words::frame::PLAY);
    assert_still(&before, &harness, "while it plays");
}

/// The same window with other models, classes and numbers.
#[test]
fn every_model_has_its_controls_in_the_same_places() {
    let of = |model: &str, actions: Vec<Action>| {
        let mut launch = launch(settings(model));
        launch.first.extend(actions);
        let mut harness = open_with(launch, PROJECTOR);
        until_done(&mut harness);
        harness
    };
    let before = places(&of("emoji-exact-64", vec![Action::SetLabel(Some(1))]));
    let others = [
        ("emoji-exact-64", vec![Action::SetLabel(Some(3)), Action::SetSampler(SamplerKind::EulerAncestral.into())]),
        ("gaussian-64", vec![Action::set(Setting::Eta, Some(0.25)), Action::set(Setting::Seed, 999_999_u64)]),
    ];
    for (model, actions) in others {
        let what = format!("{model} {actions:?}");
        assert_still(&before, &of(model, actions), &what);
    }
}

fn in_layout(model: &str, layout: Layout) -> Harness<'static, App> {
    let mut launch = launch(settings(model));
    launch.first.extend([Action::SetLayout(layout), Action::SetLabel(Some(1))]);
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    harness
}

#[test]
fn nothing_moves_in_the_schedule_lab() {
    let mut harness = in_layout("emoji-exact-64", Layout::ScheduleLab);
    let before = places(&harness);
    for button in [
        words::panes::EQUAL_SIGNAL,
        words::panes::EDIT_AS_CURVE,
        words::panes::EQUAL_TIME,
        words::panes::EDIT_STEPS,
        words::panes::MODEL_DEFAULT,
    ] {
        click(&mut harness, button);
        frames(&mut harness, 3);
        assert_still(&before, &harness, button);
    }
    until_done(&mut harness);
    click(&mut harness, words::panes::EDIT_AS_CURVE);
    let name = format!("{},", words::tracks::control_point(2));
    let point = harness.get_all_by_label_contains(&name).next().unwrap();
    point.focus();
    frames(&mut harness, 3);
    assert!(says(&harness, &words::tracks::of_control_point("s", 2)), "it is chosen");
    assert_still(&before, &harness, "a point is chosen");
    until_done(&mut harness);
    click(&mut harness, words::panes::PRESET);
    click(&mut harness, "karras");
    press(&mut harness, egui::Key::Escape);
    assert!(says(&harness, "ρ"), "its parameter is there");
    assert_still(&before, &harness, "a preset is looked at");
}

#[test]
fn nothing_moves_when_a_message_comes() {
    let mut harness = opened("emoji-exact-64");
    let before = places(&harness);
    click_like(&mut harness, &words::chip(words::frame::MODEL, ""));
    let field = harness.get_by_label(words::frame::PATH_OF_MODEL);
    field.focus();
    field.type_text("/no/such/place");
    frames(&mut harness, 3);
    click(&mut harness, words::frame::OPEN);
    until(&mut harness, "the sentence", |harness| says(harness, &sentence(words::messages::NOTHING_AT)));
    press(&mut harness, egui::Key::Escape);
    assert_still(&before, &harness, "a message");
}

/// At least 24 points each way. Rows of a legend, edges that can be dragged and points on curves are as large as what they
/// represent:
/// levels have a larger button in the Recovered pane, and edges and points can be moved by keys, too.
#[test]
fn targets_are_large_enough_for_a_hand() {
    const LEAST: f32 = 24.0;
    for layout in Layout::ALL {
        let harness = in_layout("emoji-exact-64", layout);
        let excepted = |role: Role, name: &str| {
            let edge = [words::tracks::HEIGHT_OF, words::tracks::PLAYHEAD];
            (role == Role::Slider && edge.iter().any(|edge| name.starts_with(edge)))
                || [words::panes::isolate(""), words::panes::curve("")].iter().any(|row| name.starts_with(row))
        };
        let small: Vec<String> = controls(&harness)
            .into_iter()
            .filter(|(role, name, rect)| {
                !excepted(*role, name) && (rect.width() < LEAST - 0.1 || rect.height() < LEAST - 0.1)
            })
            .map(|(role, name, rect)| format!("{role:?} {name}: {:?}", rect.size()))
            .collect();
        assert!(small.is_empty(), "{layout:?}:\n{}", small.join("\n"));
        if matches!(layout, Layout::Explore | Layout::Present | Layout::Guidance) {
            let recovered = controls(&harness)
                .into_iter()
                .filter(|(_, name, _)| name.ends_with(&format!("({})", pane("recovered"))));
            let heights: Vec<f32> = recovered.map(|(_, _, rect)| rect.height()).collect();
            assert!(heights.len() >= 6 && heights.iter().all(|height| *height >= 14.0), "{layout:?}: {heights:?}");
        }
    }
}
