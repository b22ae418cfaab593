//! The Schedule lab in the window, driven by the names of its controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::schedule::PlanWarning;
use chromascope::session::action::Action;
use chromascope::session::document::{Layout, Track};
use chromascope::session::schedule_file;
use egui::{Key, Modifiers, OutputCommand, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;

/// The lab with all of its panel in view.
fn lab() -> Harness<'static, App> {
    lab_of("gaussian-64")
}

fn lab_of(model: &str) -> Harness<'static, App> {
    let mut launch = launch(settings(model));
    launch.first.push(Action::SetLayout(Layout::ScheduleLab));
    launch.first.push(Action::ShowTrack(Track::Theorem, true));
    launch.first.push(Action::ShowTrack(Track::AdjustedTime, true));
    // Events come a frame apart, and a double-click must come within 0.3 s.
    let harness = builder(egui::vec2(1600.0, 1300.0)).with_step_dt(1.0 / 60.0);
    let mut harness = harness.build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap());
    until_done(&mut harness);
    harness
}

/// The names of all control points, for screen readers.
fn points(harness: &Harness<App>) -> Vec<String> {
    let named = harness.query_all_by_label_contains(words::tracks::CONTROL_POINT);
    let name = |label: String| Some(label).filter(|label| label.contains(", λ "));
    named.filter_map(|node| name(node.accesskit_node().label()?)).collect()
}

fn place_of(harness: &Harness<App>, name: &str) -> Pos2 {
    harness.get_by_label(name).rect().center()
}

fn drag(harness: &mut Harness<App>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    frames(harness, 2);
    harness.drag_at(from);
    frames(harness, 2);
    for share in [0.3, 0.6, 1.0] {
        harness.hover_at(from + share * (to - from));
        frames(harness, 2);
    }
    harness.drop_at(to);
    frames(harness, 3);
}

fn slider<'a>(harness: &'a Harness<App>, name: &'a str) -> egui_kittest::Node<'a> {
    harness.get_by_role_and_label(egui::accesskit::Role::Slider, name)
}

fn undo(harness: &mut Harness<App>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    frames(harness, 3);
}

#[test]
fn a_dragged_point_changes_the_curve_at_once_and_the_run_soon() {
    let mut harness = lab();
    click(&mut harness, words::panes::EDIT_AS_CURVE);
    let before = points(&harness);
    assert!(before.len() >= 4, "{before:?}");
    let taken = &before[before.len() / 2];
    let from = place_of(&harness, taken);
    drag(&mut harness, from, from + egui::vec2(0.0, -14.0));
    let after = points(&harness);
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    let value = |name: &str| name.rsplit(' ').next().unwrap().replace('−', "-").parse::<f64>().unwrap();
    assert!(value(changed[0].1) > value(changed[0].0) + 0.5, "{changed:?}");
    until_done(&mut harness);
    assert!(says(&harness, &words::chip(words::frame::SPACING, "drawn")));
    // The drag is one change.
    undo(&mut harness);
    assert_eq!(points(&harness), before);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    frames(&mut harness, 3);
    assert_eq!(points(&harness), after);
    click(&mut harness, words::panes::MODEL_DEFAULT);
    assert!(points(&harness).is_empty() && says(&harness, &words::chip(words::frame::SPACING, "trailing")));
    until_done(&mut harness);
}

#[test]
fn points_move_by_keys_are_added_by_a_double_click_and_deleted() {
    let mut harness = lab();
    click(&mut harness, words::panes::EDIT_AS_CURVE);
    let before = points(&harness);
    harness.get_by_label(&before[2]).focus();
    frames(&mut harness, 2);
    press(&mut harness, Key::ArrowUp);
    press(&mut harness, Key::ArrowUp);
    let moved = points(&harness);
    assert_ne!(moved[2], before[2]);
    assert_eq!((&moved[1], &moved[3]), (&before[1], &before[3]));
    press(&mut harness, Key::Delete);
    assert_eq!(points(&harness).len(), before.len() - 1);
    undo(&mut harness);
    undo(&mut harness);
    assert_eq!(points(&harness), before);
    // Half-way between two points, on the curve.
    let (left, right) = (place_of(&harness, &before[6]), place_of(&harness, &before[5]));
    let middle = left + 0.5 * (right - left);
    for _ in 0..2 {
        harness.hover_at(middle);
        harness.event(egui::Event::PointerButton {
            pos: middle,
            button: egui::PointerButton::Primary,
            pressed: true,
            modifiers: Modifiers::NONE,
        });
        harness.event(egui::Event::PointerButton {
            pos: middle,
            button: egui::PointerButton::Primary,
            pressed: false,
            modifiers: Modifiers::NONE,
        });
        frames(&mut harness, 1);
    }
    frames(&mut harness, 2);
    assert_eq!(points(&harness).len(), before.len() + 1, "{:?}", points(&harness));
}

#[test]
fn steps_slide_and_lists_are_kept_as_typed() {
    let mut harness = lab();
    click(&mut harness, words::panes::EDIT_STEPS);
    assert!(says(&harness, &words::panes::current("list of σ, 12 steps")));
    let step = |harness: &Harness<App>, of: &str| {
        harness.query_all_by_label_contains(of).next().and_then(|node| node.accesskit_node().label()).unwrap()
    };
    let before = step(&harness, &words::tracks::step_handle(5));
    let from = place_of(&harness, &before);
    drag(&mut harness, from, from + egui::vec2(0.0, -12.0));
    assert_ne!(step(&harness, &words::tracks::step_handle(5)), before);
    undo(&mut harness);
    assert_eq!(step(&harness, &words::tracks::step_handle(5)), before);
    assert!(painted(&harness).iter().any(|text| text == words::panes::NO_PRESET), "{:?}", painted(&harness));

    let list = "20, 3.25, 1, 0.125, 0";
    harness.get_by_label(words::panes::LIST_OF_LEVELS).click();
    frames(&mut harness, 2);
    harness.get_by_label(words::panes::LIST_OF_LEVELS).type_text(list);
    frames(&mut harness, 2);
    click(&mut harness, words::panes::RUN_WITH_LIST);
    assert!(says(&harness, &words::panes::current("list of σ, 4 steps")));
    until(&mut harness, "a run of four steps", |harness| {
        says(harness, &words::frame::step_of(4, 4)) && is_done(harness)
    });
    // It leaves as it was typed, also after one step was moved.
    assert_eq!(copied(&mut harness, form("comfyui")), "20, 3.25, 1, 0.125, 0\n");
    assert!(says(&harness, words::panes::NO_STEP));
    let second = step(&harness, &words::tracks::step_handle(1));
    harness.get_by_label(&second).focus();
    frames(&mut harness, 2);
    assert!(says(&harness, "Step 1, σ 3.25 to 1: "), "{:?}", painted(&harness));
    assert!(says(&harness, "ComfyUI feeds timestep "), "{:?}", painted(&harness));
    press(&mut harness, Key::ArrowUp);
    let moved = copied(&mut harness, form("comfyui"));
    assert!(moved.starts_with("20, 3.1") && moved.ends_with(", 1, 0.125, 0\n"), "{moved}");
    undo(&mut harness);
    assert_eq!(copied(&mut harness, form("comfyui")), "20, 3.25, 1, 0.125, 0\n");
    // A list of four steps has long ones; the warnings are beside it.
    harness.get_by_label(words::panes::LIST_OF_LEVELS).click();
    frames(&mut harness, 2);
    harness.get_by_label(words::panes::LIST_OF_LEVELS).type_text(", 0");
    frames(&mut harness, 2);
    click(&mut harness, words::panes::RUN_WITH_LIST);
    assert!(painted(&harness).iter().any(|text| text.contains("σ in row 5 is 0")), "{:?}", painted(&harness));
    assert!(says(&harness, &words::panes::current("list of σ, 4 steps")), "what cannot be run changes nothing");
}

/// What an export puts on the clipboard.
fn copied(harness: &mut Harness<App>, name: &str) -> String {
    let button = words::panes::copy(name);
    harness.get_by_label(&button).scroll_to_me();
    frames(harness, 3);
    harness.get_by_label(&button).click();
    harness.step();
    let mut copied = None;
    for _ in 0..3 {
        let commands = &harness.output().platform_output.commands;
        let text = commands.iter().find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        copied = copied.or(text);
        harness.step();
    }
    copied.unwrap_or_default()
}

/// σ of a flow model is flow time, typed and copied alike; the other meaning is a choice.
#[test]
fn a_flow_models_list_is_one_of_flow_times() {
    let model = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models/tiny-flow");
    let mut harness = lab_of(model.to_str().unwrap());
    let list = |harness: &mut Harness<App>, text: &str| {
        harness.get_by_label(words::panes::LIST_OF_LEVELS).click();
        frames(harness, 2);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.get_by_label(words::panes::LIST_OF_LEVELS).type_text(text);
        frames(harness, 2);
        click(harness, words::panes::RUN_WITH_LIST);
    };
    list(&mut harness, "1, 0.6509, 0.0495, 0");
    assert!(says(&harness, &words::panes::current("list of flow times, 3 steps")), "{:?}", painted(&harness));
    assert_eq!(copied(&mut harness, form("comfyui")), "1, 0.6509, 0.0495, 0\n");
    assert!(copied(&mut harness, form("python")).contains("1.0, 0.6509, 0.0495,\n"));
    list(&mut harness, "14.615, 1, 0");
    assert!(painted(&harness).iter().any(|text| text.contains("σ in row 1 is 14.615")), "{:?}", painted(&harness));
    click(&mut harness, "VE σ");
    click(&mut harness, words::panes::RUN_WITH_LIST);
    assert!(says(&harness, &words::panes::current("list of σ, 2 steps")), "{:?}", painted(&harness));
    // λ of σ = 1 is that of flow time 0.5.
    assert!(copied(&mut harness, form("comfyui")).ends_with(", 0.5, 0\n"));
    click(&mut harness, words::panes::PRESET);
    harness.get_by_label("FLUX.2 Turbo").click_accesskit();
    frames(&mut harness, 3);
    press(&mut harness, Key::Escape);
    click(&mut harness, words::panes::APPLY);
    assert!(says(&harness, &words::panes::current("flux2-turbo, 8 steps")), "{:?}", painted(&harness));
}

#[test]
fn warnings_stand_beside_the_steps_with_what_to_do() {
    let mut harness = lab();
    harness.get_by_label(words::panes::LIST_OF_LEVELS).click();
    frames(&mut harness, 2);
    harness.get_by_label(words::panes::LIST_OF_LEVELS).type_text("900, 800, 700, 600, 500, 0.5");
    frames(&mut harness, 2);
    click(&mut harness, words::panes::RUN_WITH_LIST);
    until_done(&mut harness);
    let noisy = PlanWarning::EndsNoisy { sigma: 1.0 };
    let jumps = PlanWarning::LastStepJumps { step: 4, share: 0.5 };
    let idle = PlanWarning::Idle { steps: vec![0], share: 0.0 };
    for part in [jumps.short(), idle.short(), noisy.short()] {
        assert!(painted(&harness).iter().any(|text| text.contains(part)), "{part}: {:?}", painted(&harness));
    }
    for part in ["the last step, 4, ", noisy.advice()] {
        assert!(says(&harness, part), "{part}");
    }
}

#[test]
fn presets_show_their_curve_before_they_are_taken() {
    let mut harness = lab();
    click(&mut harness, words::panes::PRESET);
    click(&mut harness, "karras");
    assert!(says(&harness, &words::chip(words::frame::SPACING, "trailing")), "not taken yet");
    assert!(painted(&harness).iter().any(|text| text == "karras"), "its curve has a name in the legend");
    let rho = slider(&harness, "ρ");
    assert_eq!(rho.accesskit_node().numeric_value(), Some(7.0));
    rho.focus();
    frames(&mut harness, 2);
    press(&mut harness, Key::ArrowRight);
    let changed = slider(&harness, "ρ").accesskit_node().numeric_value().unwrap();
    assert!(changed > 7.0, "{changed}");
    click(&mut harness, words::panes::DISCARD);
    assert!(says(&harness, &words::chip(words::frame::SPACING, "trailing")));
    click(&mut harness, words::panes::PRESET);
    // Further down in the list than the popup is high.
    harness.get_by_label("cosine").click_accesskit();
    frames(&mut harness, 3);
    press(&mut harness, Key::Escape);
    click(&mut harness, words::panes::APPLY);
    assert!(
        says(&harness, &words::chip(words::frame::SPACING, "cosine"))
            && says(&harness, &words::panes::current("cosine, 12 steps"))
    );
    until_done(&mut harness);
    // Its parameters stay visible.
    assert_eq!(slider(&harness, "power").accesskit_node().numeric_value(), Some(2.0));
    undo(&mut harness);
    assert!(says(&harness, &words::chip(words::frame::SPACING, "trailing")));
}

#[test]
fn wishes_become_schedules() {
    let mut harness = lab();
    click(&mut harness, words::panes::EQUAL_SIGNAL);
    assert!(says(&harness, &words::panes::current("equal-signal, 12 steps")));
    click(&mut harness, words::panes::EQUAL_TIME);
    assert!(says(&harness, &words::panes::current("drawn, 7 control points")));
    let boundary = &words::panes::boundary_of("4 px", "2 px");
    let share = |harness: &Harness<App>| harness.get_by_label(boundary).accesskit_node().numeric_value().unwrap();
    assert!((share(&harness) - 1.0 / 6.0).abs() < 2e-3, "{}", share(&harness));
    let at = place_of(&harness, boundary);
    drag(&mut harness, at, at + egui::vec2(20.0, 0.0));
    assert!(share(&harness) > 0.18, "{}", share(&harness));
    until_done(&mut harness);
    undo(&mut harness);
    assert!((share(&harness) - 1.0 / 6.0).abs() < 2e-3, "{}", share(&harness));
}

#[test]
fn kept_schedules_are_laid_over_and_theorem_1_compares_them() {
    let mut harness = lab();
    assert!(painted(&harness).iter().any(|text| text.starts_with(words::tracks::CHOOSE_SAVED)));
    harness.get_by_label(words::panes::SCHEDULE_NAME).click();
    frames(&mut harness, 2);
    harness.get_by_label(words::panes::SCHEDULE_NAME).type_text("mine");
    frames(&mut harness, 2);
    click(&mut harness, words::panes::SAVE_SCHEDULE);
    click(&mut harness, words::panes::EQUAL_SIGNAL);
    click(&mut harness, &words::panes::compare_with("mine"));
    until_done(&mut harness);
    let texts = painted(&harness);
    let after =
        texts.iter().position(|text| text == words::tracks::LARGEST_DIFFERENCE).expect("Theorem 1 is told by a number");
    let difference: f64 = texts[after + 1].replace('−', "-").parse().unwrap();
    assert!(difference < 1e-9, "{difference}");
    click(&mut harness, &words::panes::delete("mine"));
    assert!(harness.query_by_label(&words::panes::compare_with("mine")).is_none());
    undo(&mut harness);
    click(&mut harness, "mine");
    assert!(says(&harness, &words::panes::current("trailing, 12 steps")));
}

#[test]
fn schedules_go_out_and_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drawn.json");
    let mut harness = lab();
    click(&mut harness, words::panes::EDIT_AS_CURVE);
    let before = points(&harness);
    let field = words::panes::PATH_OF_SCHEDULE;
    harness.get_by_label(field).click();
    frames(&mut harness, 2);
    harness.get_by_label(field).type_text(path.to_str().unwrap());
    frames(&mut harness, 2);
    click(&mut harness, &words::panes::save(form("chromascope")));
    save_as(&mut harness, &path);
    until(&mut harness, "the file", |harness| {
        painted(harness).iter().any(|text| text.starts_with(words::frame::SAVED_AS))
    });
    assert!(schedule_file::read(&path).unwrap().source.drawn().is_some());
    click(&mut harness, words::panes::MODEL_DEFAULT);
    assert!(points(&harness).is_empty());
    click(&mut harness, words::panes::IMPORT);
    until(&mut harness, "the curve", |harness| !points(harness).is_empty());
    assert_eq!(points(&harness), before);

    for (name, words) in [(form("k-diffusion"), "torch.tensor(["), (form("python"), "set_timesteps(sigmas=SIGMAS)")] {
        let copied = copied(&mut harness, name);
        assert!(copied.contains(words), "{name}: {copied}");
    }

    // A track's figure, in the requested format; the path of the import is not used.
    click(&mut harness, &words::menu_of(Track::Chromatogram.name()));
    click(&mut harness, words::tracks::SAVE_FIGURE);
    click(&mut harness, svg());
    let figure = folder.path().join("run-w1.5");
    save_as(&mut harness, &figure);
    let figure = folder.path().join("run-w1.5.svg");
    until(&mut harness, "the figure", |_| std::fs::read_to_string(&figure).is_ok_and(|text| text.contains("</svg>")));
    press(&mut harness, Key::Escape);

    std::fs::write(&path, "[3, 4, 0]").unwrap();
    click(&mut harness, words::panes::IMPORT);
    until(&mut harness, "the sentence", |harness| {
        painted(harness).iter().any(|text| text.contains("σ rises from 3 to 4 in row 2"))
    });
    assert_eq!(points(&harness), before);
}

#[test]
fn an_optimisation_goes_on_beside_and_leaves_its_best() {
    let mut harness = lab();
    click(&mut harness, words::panes::FIT);
    until(&mut harness, "the fit", |harness| {
        painted(harness).iter().any(|text| text.starts_with(words::panes::FIT_ERROR))
    });
    assert!(
        painted(&harness).iter().any(|text| text == words::tracks::BEST_SO_FAR),
        "the best is drawn beside the run's"
    );
    click(&mut harness, words::panes::STOP_FIT);
    until(&mut harness, "the end", |harness| says(harness, words::panes::FIT_STOPPED));
    assert!(says(&harness, "Fitted on 4 seeds"));
    click(&mut harness, words::panes::APPLY_BEST);
    assert!(says(&harness, &words::panes::current("drawn")));
    undo(&mut harness);
    assert!(says(&harness, &words::panes::current("trailing")));
}

fn click_at(harness: &mut Harness<App>, at: Pos2) {
    harness.hover_at(at);
    frames(harness, 2);
    harness.drag_at(at);
    frames(harness, 1);
    harness.drop_at(at);
    frames(harness, 3);
}

#[test]
fn a_clicked_point_takes_the_keyboard_and_the_other_keys_go_on_working() {
    let mut harness = lab();
    click(&mut harness, words::panes::EDIT_AS_CURVE);
    until_done(&mut harness);
    let before = points(&harness);
    let at = place_of(&harness, &before[2]);
    click_at(&mut harness, at);
    assert_eq!(points(&harness), before, "a click moves nothing");
    press(&mut harness, Key::ArrowUp);
    let moved = points(&harness);
    assert_ne!(moved[2], before[2], "arrows move the point that was clicked");
    assert!(says(&harness, &words::frame::step_of(12, 12)), "and not the playhead");
    press(&mut harness, Key::Home);
    assert!(says(&harness, &words::frame::step_of(0, 12)), "{:?}", harness.root());
    press(&mut harness, Key::PageDown);
    assert!(says(&harness, &words::frame::step_of(1, 12)));
    press(&mut harness, Key::A);
    assert!(says(&harness, &words::chip(words::tracks::TIME_AXIS, "s")));
    press(&mut harness, Key::Questionmark);
    assert!(says(&harness, words::frame::PLAY_BACKWARDS));
    press(&mut harness, Key::Questionmark);
    assert!(!says(&harness, words::frame::PLAY_BACKWARDS));
    // The list of keys took the keyboard focus.
    let at = place_of(&harness, &points(&harness)[2]);
    click_at(&mut harness, at);
    press(&mut harness, Key::Delete);
    assert_eq!(points(&harness).len(), before.len() - 1, "Del takes the point away");
    // In a field they are letters.
    harness.get_by_label(words::panes::SCHEDULE_NAME).click();
    frames(&mut harness, 2);
    press(&mut harness, Key::A);
    assert!(says(&harness, &words::chip(words::tracks::TIME_AXIS, "s")), "what is typed means nothing else");
}

#[test]
fn points_are_moved_on_every_axis() {
    let mut harness = lab();
    click(&mut harness, words::panes::EDIT_AS_CURVE);
    until_done(&mut harness);
    for (axis, by) in [("s", -20.0), ("timestep", 20.0), ("λ", -20.0), ("σ", 20.0), ("evaluations", -20.0)] {
        press(&mut harness, Key::A);
        assert!(says(&harness, &words::chip(words::tracks::TIME_AXIS, axis)), "{:?}", harness.root());
        let before = points(&harness);
        let places: Vec<Pos2> = before.iter().map(|name| place_of(&harness, name)).collect();
        // The inner point that is furthest from the others.
        let alone = |&point: &usize| {
            let others = places.iter().enumerate().filter(|(other, _)| *other != point);
            others.map(|(_, at)| at.distance(places[point])).fold(f32::INFINITY, f32::min)
        };
        let point = (1..before.len() - 1).max_by(|a, b| alone(a).total_cmp(&alone(b))).unwrap();
        drag(&mut harness, places[point], places[point] + egui::vec2(0.0, by));
        if points(&harness) == before {
            // The limit of its neighbour is reached.
            drag(&mut harness, places[point], places[point] - egui::vec2(0.0, by));
        }
        let after = points(&harness);
        assert_ne!(after[point], before[point], "on the axis of {axis}");
        assert_eq!(after.len(), before.len());
        until_done(&mut harness);
        assert!(!says(&harness, words::frame::NOT_RUN_YET), "the run follows, on the axis of {axis}");
    }
}
