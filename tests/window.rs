//! The window, driven by the names its controls have, without a display.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::Launch;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::{AxisReading, Layout};
use chromascope::session::preferences::Preferences;
use chromascope::theory::{NetworkState, NetworkTime, Prediction};
use chromascope::words::sentence;
use egui::accesskit::Toggled;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn test_model(name: &str) -> String {
    format!("{}/tests/golden/models/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_bundled_network_runs_when_the_window_opens() {
    let mut harness = open_with(Launch::default(), PROJECTOR);
    until_done(&mut harness);
    assert!(says(&harness, &words::frame::step_of(32, 32)), "the playhead follows the run to its end");
    assert!(
        says(&harness, &words::panes::heading(pane("recovered"), words::panes::MEASURED)),
        "what was recovered is measured once the run is over"
    );
    assert!(
        says(&harness, &words::chip(words::frame::CLASS, "People & Body"))
            && says(&harness, &words::chip(words::frame::MODEL, "emoji-unet"))
    );
}

#[test]
fn every_bundled_model_can_be_chosen() {
    let mut harness = opened("gaussian-64");
    for model in ["emoji-exact-64", "emoji-unet", "gaussian-64"] {
        click_like(&mut harness, &words::chip(words::frame::MODEL, ""));
        click(&mut harness, model);
        until(&mut harness, model, |harness| {
            says(harness, &words::chip(words::frame::MODEL, model)) && is_done(harness)
        });
        press(&mut harness, Key::Escape);
    }
}

#[test]
fn the_playhead_goes_where_it_is_sent() {
    let mut harness = opened("gaussian-64");
    click(&mut harness, words::frame::FIRST_STEP);
    assert!(
        says(&harness, &words::frame::step_of(0, 12))
            && says(&harness, &words::panes::heading(pane("recovered"), words::panes::MEASURED))
    );
    click(&mut harness, words::frame::STEP_ON);
    assert!(says(&harness, &words::frame::step_of(1, 12)));
    press(&mut harness, Key::ArrowRight);
    assert!(says(&harness, &words::frame::step_of(2, 12)));
    press(&mut harness, Key::End);
    assert!(says(&harness, &words::frame::step_of(12, 12)));
    // Several keys in one slow frame, in their order.
    for key in [Key::Home, Key::ArrowRight, Key::ArrowRight, Key::ArrowRight] {
        harness.key_press(key);
    }
    frames(&mut harness, 3);
    assert!(says(&harness, &words::frame::step_of(3, 12)));
    click(&mut harness, words::frame::FIRST_STEP);
    click(&mut harness, words::frame::PLAY);
    until(&mut harness, "playback to get somewhere", |harness| says(harness, &words::frame::step_of(4, 12)));
    click(&mut harness, words::frame::PAUSE_PLAYBACK);
    press(&mut harness, Key::B);
    until(&mut harness, "playback back to the noise", |harness| says(harness, &words::frame::step_of(0, 12)));
}

#[test]
fn a_drag_on_the_tracks_scrubs_and_runs_nothing() {
    let mut harness = opened("gaussian-64");
    let track = harness.get_by_label(words::tracks::PLAYHEAD).rect();
    let at = |share: f32| egui::pos2(track.left() + share * track.width(), track.bottom() - 60.0);
    harness.drag_at(at(0.26));
    frames(&mut harness, 2);
    assert!(says(&harness, &words::frame::step_of(3, 12)), "{:?}", harness.root());
    harness.hover_at(at(0.51));
    frames(&mut harness, 2);
    assert!(says(&harness, &words::frame::step_of(6, 12)));
    harness.drop_at(at(0.76));
    frames(&mut harness, 2);
    assert!(says(&harness, &words::frame::step_of(9, 12)) && is_done(&harness));
}

#[test]
fn folding_axis_and_heights_are_undone() {
    let mut harness = opened("gaussian-64");
    click(&mut harness, &words::tracks::fold(Track::FilmStrip.name()));
    assert!(says(&harness, &words::tracks::unfold(Track::FilmStrip.name())));
    press(&mut harness, Key::A);
    assert!(says(&harness, &words::chip(words::tracks::TIME_AXIS, "s")));
    let undo = |harness: &mut egui_kittest::Harness<_>| {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        frames(harness, 3);
    };
    undo(&mut harness);
    assert!(says(&harness, &words::chip(words::tracks::TIME_AXIS, "step")));
    undo(&mut harness);
    assert!(!says(&harness, &words::tracks::unfold(Track::FilmStrip.name())));
    harness.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    frames(&mut harness, 3);
    assert!(says(&harness, &words::tracks::unfold(Track::FilmStrip.name())));
    undo(&mut harness);

    let boundary =
        harness.get_by_label(&words::tracks::height_of(Track::FilmStrip.name(), Track::Schedule.name())).rect();
    let before =
        harness.get_by_label(&words::tracks::height_of(Track::Schedule.name(), Track::Chromatogram.name())).rect();
    harness.drag_at(boundary.center());
    frames(&mut harness, 2);
    for step in 1..=3_u8 {
        harness.hover_at(boundary.center() + egui::vec2(0.0, 10.0 * f32::from(step)));
        frames(&mut harness, 2);
    }
    harness.drop_at(boundary.center() + egui::vec2(0.0, 30.0));
    frames(&mut harness, 2);
    let moved = harness.get_by_label(&words::tracks::height_of(Track::FilmStrip.name(), Track::Schedule.name())).rect();
    assert!((moved.center().y - boundary.center().y - 30.0).abs() < 2.0, "{boundary:?} {moved:?}");
    let other =
        harness.get_by_label(&words::tracks::height_of(Track::Schedule.name(), Track::Chromatogram.name())).rect();
    assert!((other.center().y - before.center().y).abs() < 1.0, "the next boundary stays");
    undo(&mut harness);
    let back = harness.get_by_label(&words::tracks::height_of(Track::FilmStrip.name(), Track::Schedule.name())).rect();
    assert!((back.center().y - boundary.center().y).abs() < 1.0, "a drag is one change");
}

#[test]
fn tracks_change_places_and_hide() {
    let mut harness = opened("gaussian-64");
    let top = |harness: &egui_kittest::Harness<_>, name: &str| harness.get_by_label(name).rect().top();
    assert!(
        top(&harness, &words::tracks::fold(Track::Schedule.name()))
            < top(&harness, &words::tracks::fold(Track::Chromatogram.name()))
    );
    click(&mut harness, &words::menu_of(Track::Schedule.name()));
    click(&mut harness, words::tracks::MOVE_DOWN);
    press(&mut harness, Key::Escape);
    assert!(
        top(&harness, &words::tracks::fold(Track::Schedule.name()))
            > top(&harness, &words::tracks::fold(Track::Chromatogram.name()))
    );
    click(&mut harness, &words::menu_of(Track::Schedule.name()));
    click(&mut harness, words::tracks::HIDE);
    assert!(!says(&harness, &words::tracks::fold(Track::Schedule.name())));
}

#[test]
fn the_wheel_zooms_the_axis_and_zero_shows_all_of_it() {
    let mut harness = opened("gaussian-64");
    let track = harness.get_by_label(words::tracks::PLAYHEAD).rect();
    assert!(!says(&harness, words::tracks::WHOLE_RUN));
    harness.hover_at(track.center());
    harness.step();
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, 200.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    frames(&mut harness, 10);
    assert!(says(&harness, words::tracks::WHOLE_RUN));
    press(&mut harness, Key::Num0);
    assert!(!says(&harness, words::tracks::WHOLE_RUN));
}

#[test]
fn a_run_can_be_paused_stepped_resumed_and_stopped() {
    let mut harness = opened("emoji-unet");
    click(&mut harness, words::frame::STEP);
    until(&mut harness, "a run that waits after one step", |harness| says(harness, &words::frame::paused_after(1)));
    press(&mut harness, Key::S);
    until(&mut harness, "another step", |harness| says(harness, &words::frame::paused_after(2)));
    click(&mut harness, words::frame::STOP);
    until(&mut harness, "the run to be stopped", |harness| says(harness, &words::frame::stopped_after(2)));
    assert!(harness.get_by_label(words::frame::STOP).accesskit_node().is_disabled());
    click(&mut harness, words::frame::STEP);
    until(&mut harness, "a run that waits", |harness| says(harness, &words::frame::paused_after(1)));
    click(&mut harness, words::frame::RESUME);
    until_done(&mut harness);
    click(&mut harness, words::frame::RESTART);
    until(&mut harness, "the same run again", is_done);
}

#[test]
fn what_was_changed_is_shown_until_it_is_run() {
    let mut harness = opened("gaussian-64");
    click_like(&mut harness, words::frame::MENU);
    click(&mut harness, words::frame::RUN_ON_EVERY_CHANGE);
    press(&mut harness, Key::Escape);
    let ticks = |harness: &egui_kittest::Harness<_>| {
        let whole = |text: &String| text.parse::<u32>().is_ok();
        // The first is the field of steps.
        painted(harness).into_iter().filter(whole).skip(1).collect::<Vec<_>>()
    };
    let numbers = ticks(&harness);
    type_number(&mut harness, words::frame::STEPS, "40");
    click_like(&mut harness, &words::chip(words::frame::SPACING, ""));
    click(&mut harness, "karras");
    press(&mut harness, Key::Escape);
    // Everything still shows the run; the next run's curves are drawn over it.
    assert!(says(&harness, &words::frame::run_with_new("steps, spacing")) && says(&harness, words::frame::NOT_RUN_YET));
    assert!(
        says(&harness, &words::frame::step_of(12, 12))
            && painted(&harness).iter().any(|text| text.starts_with(words::tracks::NEXT))
    );
    assert_eq!(ticks(&harness), numbers, "the axis is the run's");
    click_like(&mut harness, words::frame::NOT_RUN_YET);
    until(&mut harness, "the run", |harness| says(harness, &words::frame::step_of(40, 40)) && is_done(harness));
    assert!(!says(&harness, &words::frame::run_with_new("")) && !says(&harness, words::frame::NOT_RUN_YET));
    assert!(painted(&harness).iter().all(|text| text != "next run"));
    assert_ne!(ticks(&harness), numbers);
    click(&mut harness, words::frame::NEW_SEED);
    until(&mut harness, "a run with the new seed", is_done);
    assert!(!says(&harness, &words::frame::run_with_new("")));
}

#[test]
fn a_model_changed_in_the_middle_of_a_run_takes_its_place() {
    let mut slow = settings("emoji-unet");
    slow.steps = 1000;
    let mut harness = open_with(launch(slow), PROJECTOR);
    until(&mut harness, "the run to go", |harness| says(harness, words::frame::LEFT));
    click_like(&mut harness, &words::chip(words::frame::MODEL, ""));
    click(&mut harness, "gaussian-64");
    until(&mut harness, "the other model", |harness| {
        says(harness, &words::chip(words::frame::MODEL, "gaussian-64")) && says(harness, words::frame::LEFT)
    });
    press(&mut harness, Key::Escape);
    click(&mut harness, words::frame::STOP);
    until(&mut harness, "the run to be stopped", |harness| says(harness, &words::frame::stopped_after(0)[..13]));
    // Closing in the middle of a run must not hang.
    press(&mut harness, Key::R);
    until(&mut harness, "the next run", |harness| says(harness, words::frame::LEFT));
    let began = Instant::now();
    drop(harness);
    assert!(began.elapsed() < Duration::from_secs(10), "closing took {:?}", began.elapsed());
}

fn open_path(harness: &mut egui_kittest::Harness<chromascope::app::App>, path: &str) {
    click_like(harness, &words::chip(words::frame::MODEL, ""));
    let field = harness.get_by_label(words::frame::PATH_OF_MODEL);
    field.focus();
    field.type_text(path);
    frames(harness, 3);
    click(harness, words::frame::OPEN);
}

#[test]
fn a_bad_path_gets_a_sentence_that_stays_until_it_is_read() {
    let mut harness = opened("gaussian-64");
    open_path(&mut harness, "/no/such/place");
    let words = [("PATH", "/no/such/place".to_owned())];
    until(&mut harness, "the sentence", |harness| {
        documented_is_shown(harness, "window::a_bad_path_gets_a_sentence_that_stays_until_it_is_read", &words)
    });
    assert!(says(&harness, &words::frame::step_of(12, 12)), "the run on screen stays");
    click(&mut harness, words::messages::DISMISS);
    assert!(!says(&harness, &sentence(words::messages::NOTHING_AT)));
}

#[test]
fn a_folder_dropped_on_the_window_is_opened() {
    let mut harness = opened("gaussian-64");
    harness.input_mut().dropped_files.push(Arc::new(Dropped(test_model("tiny-v").into())));
    harness.step();
    until(&mut harness, "the dropped model", |harness| {
        says(harness, &words::chip(words::frame::MODEL, "tiny-v")) && is_done(harness)
    });
    // It is remembered among the recent ones.
    click_like(&mut harness, &words::chip(words::frame::MODEL, ""));
    assert!(says(&harness, words::frame::RECENT));
}

#[test]
fn a_model_without_a_schedule_is_asked_for_one() {
    let mut harness = opened("gaussian-64");
    open_path(&mut harness, &test_model("single.onnx"));
    until(&mut harness, "the sentence", |harness| {
        documented_is_shown(harness, "window::a_model_without_a_schedule_is_asked_for_one", &[])
    });
    assert!(says(&harness, words::messages::OPEN_CONFIG) && says(&harness, words::messages::MISSING_CONFIG));
    // What it predicts alone is not enough, and the form says so.
    let still = words::messages::STILL_MISSING;
    assert!(says(&harness, words::messages::CONFIG_IS_NEEDED) && !says(&harness, still));
    let choose = |harness: &mut egui_kittest::Harness<chromascope::app::App>, name: &str, formula: &str| {
        harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, name).click();
        frames(harness, 3);
        click(harness, formula);
    };
    choose(&mut harness, words::messages::PREDICTION, Prediction::VPrediction.formula());
    until(&mut harness, "what is still missing", |harness| says(harness, still));
    choose(&mut harness, words::messages::STATE, NetworkState::Vp.formula());
    choose(&mut harness, words::messages::TIME, NetworkTime::Index.formula());
    until(&mut harness, "why the index is not enough", |harness| says(harness, words::messages::INDEX_NEEDS_CONFIG));
    // With all three it opens, and the size is the next to be asked for.
    choose(&mut harness, words::messages::TIME, NetworkTime::LogSnr.formula());
    until(&mut harness, "the size", |harness| says(harness, words::messages::USE_SIZE));
    assert!(!says(&harness, words::messages::MISSING_CONFIG));
}

#[test]
fn a_model_that_gives_no_numbers_fails_at_its_step_and_keeps_the_others() {
    let mut settings = settings(&test_model("bad/nan-below-500"));
    settings.steps = 10;
    let mut harness = open_with(launch(settings), PROJECTOR);
    until(&mut harness, "the failure", |harness| says(harness, &words::frame::failed_after(5)));
    let test = "window::a_model_that_gives_no_numbers_fails_at_its_step_and_keeps_the_others";
    assert!(documented_is_shown(&harness, test, &[]), "{:?}", painted(&harness));
    click(&mut harness, words::frame::FIRST_STEP);
    assert!(says(&harness, &words::frame::step_of(0, 10)));
}

#[test]
fn the_keys_are_listed_on_a_question_mark() {
    let mut harness = opened("gaussian-64");
    press(&mut harness, Key::Questionmark);
    assert!(says(&harness, words::frame::PLAY_BACKWARDS));
    press(&mut harness, Key::Escape);
    assert!(!says(&harness, words::frame::PLAY_BACKWARDS));
}

#[test]
fn the_images_of_a_batch_are_looked_at_one_by_one() {
    let mut settings = settings("emoji-exact-64");
    settings.batch = 3;
    let mut harness = open_with(launch(settings), PROJECTOR);
    until_done(&mut harness);
    click(&mut harness, words::panes::IMAGE_OF_BATCH);
    harness.event(egui::Event::Text("2".into()));
    frames(&mut harness, 2);
    press(&mut harness, Key::Enter);
    let texts = painted(&harness);
    let number = texts.iter().position(|text| text == "/3").map(|at| texts[at - 1].as_str());
    assert_eq!(number, Some("2"), "{texts:?}");
}

#[test]
fn images_are_read_pixel_by_pixel_and_zoom_together() {
    let mut harness = opened("gaussian-64");
    let image = harness.get_by_label(&words::panes::image("E[x₀|xₜ]", words::panes::ESTIMATE_NOTE)).rect();
    harness.hover_at(image.center());
    frames(&mut harness, 3);
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, 300.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    frames(&mut harness, 12);
    let texts = painted(&harness);
    // x and y, then one value per channel, in each of the three images.
    let readouts = texts.iter().filter(|text| text.lines().count() == 2 && text.contains(',')).count();
    assert_eq!(readouts, 3, "{texts:?}");
    let true_pixels = |harness: &egui_kittest::Harness<_>| {
        harness.get_by_label(words::panes::PIXEL_PERFECT).accesskit_node().toggled()
    };
    assert_eq!(true_pixels(&harness), Some(Toggled::False));
    press(&mut harness, Key::Num1);
    assert_eq!(true_pixels(&harness), Some(Toggled::True));
}

#[test]
fn no_size_of_window_breaks_anything() {
    let mut harness = opened("gaussian-64");
    for (width, height) in
        [(200.0, 120.0), (960.0, 300.0), (330.0, 900.0), (60.0, 40.0), (5000.0, 200.0), (1280.0, 720.0)]
    {
        harness.set_size(egui::vec2(width, height));
        frames(&mut harness, 3);
        press(&mut harness, Key::Num1);
    }
    assert!(says(&harness, &words::frame::step_of(12, 12)));
}

#[test]
fn unreadable_preferences_are_set_aside_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("window.json");
    std::fs::write(&file, "{\"theme\": \"mauve\"}").unwrap();
    let mut launch = launch(settings("gaussian-64"));
    launch.loaded = Preferences::load(folder.path());
    launch.folder = Some(folder.path().to_path_buf());
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    let words = [("FILE", file.display().to_string())];
    let test = "window::unreadable_preferences_are_set_aside_and_named";
    assert!(documented_is_shown(&harness, test, &words), "{:?}", painted(&harness));
    assert!(folder.path().join("window.json.broken").exists());
    // The current choice is saved for the next start.
    press(&mut harness, Key::A);
    drop(harness);
    let kept = Preferences::load(folder.path()).preferences.document.unwrap();
    assert_eq!(kept.view.axis, AxisReading::RunTime);
}

#[test]
fn everything_is_as_large_as_the_user_wants_it_in_every_layout_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut launch = launch(settings("gaussian-64"));
    launch.folder = Some(folder.path().to_path_buf());
    launch.first.push(Action::SetLayout(Layout::Present));
    let mut harness = open_with(launch.clone(), egui::vec2(1920.0, 1080.0));
    until_done(&mut harness);
    let grown = harness.ctx.zoom_factor();
    assert!((grown - 1.2).abs() < 0.01, "the layout for presenting grows with the window: {grown}");
    let with_ctrl = |harness: &mut egui_kittest::Harness<_>, key: Key| {
        harness.key_press_modifiers(Modifiers::COMMAND, key);
        frames(harness, 4);
        harness.ctx.zoom_factor()
    };
    let larger = with_ctrl(&mut harness, Key::Plus);
    assert!((larger - 1.1 * grown).abs() < 0.02, "{larger}");
    assert!((with_ctrl(&mut harness, Key::Minus) - grown).abs() < 0.01);
    with_ctrl(&mut harness, Key::Equals);
    with_ctrl(&mut harness, Key::Equals);
    let twice = harness.ctx.zoom_factor();
    frames(&mut harness, 20);
    assert_eq!(harness.ctx.zoom_factor(), twice, "it stays");
    drop(harness);
    launch.loaded = Preferences::load(folder.path());
    launch.first = vec![Action::SetLayout(Layout::Explore)];
    let mut harness = open_with(launch, egui::vec2(1920.0, 1080.0));
    until_done(&mut harness);
    assert!((harness.ctx.zoom_factor() - 1.2).abs() < 0.01, "it is kept, times what the layout has");
    assert_eq!(with_ctrl(&mut harness, Key::Num0), 1.0);
    let (key, modifiers) = (Key::F11, Modifiers::NONE);
    harness.event(egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers });
    harness.step();
    let commands = harness.output().viewport_output.values().flat_map(|viewport| viewport.commands.clone());
    let commands: Vec<_> = commands.collect();
    assert!(commands.contains(&egui::ViewportCommand::Fullscreen(true)), "{commands:?}");
}

/// The message beside the field of steps after invalid input: no run uses it, even with live runs on.
/// though changes run at once.
#[track_caller]
fn typed_into_steps(text: &str, test: &str) {
    let mut harness = opened("gaussian-64");
    let test = format!("window::{test}");
    assert!(!documented_is_shown(&harness, &test, &[]));
    type_number(&mut harness, words::frame::STEPS, text);
    assert!(documented_is_shown(&harness, &test, &[]), "{:?}", painted(&harness));
    let steps = harness.get_by_label(words::frame::STEPS).accesskit_node().numeric_value();
    assert_eq!(steps, Some(12.0), "it is as it was");
    assert!(is_done(&harness) && says(&harness, "/12"), "no run was begun: {:?}", harness.root());
    // It disappears when the field is used again.
    click(&mut harness, words::frame::STEPS);
    assert!(!documented_is_shown(&harness, &test, &[]));
}

#[test]
fn nonsense_in_a_number_field_is_said() {
    typed_into_steps("abc", "nonsense_in_a_number_field_is_said");
}

#[test]
fn a_number_out_of_range_is_said() {
    typed_into_steps("1e9", "a_number_out_of_range_is_said");
}

#[test]
fn a_number_below_the_range_is_said() {
    typed_into_steps("-7", "a_number_below_the_range_is_said");
}

#[test]
fn a_fraction_of_a_step_is_said() {
    typed_into_steps("3.7", "a_fraction_of_a_step_is_said");
}

#[test]
fn an_emptied_number_field_is_said() {
    typed_into_steps(" ", "an_emptied_number_field_is_said");
}

#[test]
fn one_field_at_a_time_says_something() {
    let mut harness = opened("gaussian-64");
    type_number(&mut harness, words::frame::STEPS, "abc");
    type_number(&mut harness, words::frame::SEED, "x3");
    let words: Vec<String> = painted(&harness).into_iter().filter(|text| text.ends_with(" is not a number")).collect();
    assert_eq!(words, ["\"x3\" is not a number"]);
}

#[test]
fn a_choice_closes_its_menu() {
    let mut harness = opened("gaussian-64");
    for (menu, choice) in [("Sampler ddim", "heun"), (words::frame::SPACING, "karras")] {
        click_like(&mut harness, menu);
        click(&mut harness, choice);
        assert!(!egui::Popup::is_any_open(&harness.ctx), "{menu}");
        assert!(says(&harness, choice));
    }
    // The first entry is the sampler of the model's configuration, by its name.
    click_like(&mut harness, "Sampler heun");
    click(&mut harness, "Model default (DDIM)");
    assert!(says(&harness, "ddim") && !egui::Popup::is_any_open(&harness.ctx));
}

#[test]
fn the_pointer_and_the_bar_agree_on_the_step() {
    let mut harness = opened("gaussian-64");
    let track = harness.get_by_label(words::tracks::PLAYHEAD).rect();
    for share in [0.02, 0.26, 0.46, 0.55, 0.83, 0.999] {
        let at = egui::pos2(track.left() + share * track.width(), track.bottom() - 60.0);
        harness.hover_at(at);
        frames(&mut harness, 2);
        let texts = painted(&harness);
        let said = texts.iter().find_map(|text| text.strip_prefix("step ")?.split_once("   s "));
        let (step, rest) = said.unwrap_or_else(|| panic!("{texts:?}"));
        harness.drag_at(at);
        frames(&mut harness, 1);
        harness.drop_at(at);
        frames(&mut harness, 2);
        assert!(says(&harness, &format!("step {step}")), "{step} at {share}: {:?}", harness.root());
        let s = rest.split_whitespace().next().unwrap();
        assert!(says(&harness, &format!("s {s}")), "{rest}");
    }
}

#[test]
fn no_tooltip_covers_the_list_of_keys() {
    let mut harness = builder(PROJECTOR).with_step_dt(0.2);
    let mut harness = {
        let launch = launch(settings("gaussian-64"));
        harness = harness.with_max_steps(8);
        harness.build_eframe(|context| chromascope::app::App::new(&context.egui_ctx, launch, false).unwrap())
    };
    until_done(&mut harness);
    let head = harness.get_by_label(&words::panes::heading("ΔE[x₀|xₜ]", words::panes::CHANGE_NOTE)).rect();
    let tip = |harness: &egui_kittest::Harness<_>| {
        painted(harness).iter().any(|text| text.starts_with(words::panes::ABOUT_CHANGE))
    };
    harness.hover_at(head.left_center() + egui::vec2(10.0, 0.0));
    until(&mut harness, "the tooltip", tip);
    press(&mut harness, Key::Questionmark);
    harness.hover_at(head.left_center() + egui::vec2(14.0, 0.0));
    frames(&mut harness, 12);
    assert!(says(&harness, words::frame::PLAY_BACKWARDS) && !tip(&harness));
    press(&mut harness, Key::Escape);
    harness.hover_at(head.left_center() + egui::vec2(10.0, 0.0));
    until(&mut harness, "the tooltip again", tip);
}

#[test]
fn a_model_chosen_again_has_its_class_again() {
    let mut first = settings("emoji-exact-64");
    first.label = Some(2);
    let mut harness = open_with(launch(first), PROJECTOR);
    until_done(&mut harness);
    let class = |harness: &egui_kittest::Harness<_>| {
        harness
            .query_all_by_label_contains(&words::chip(words::frame::CLASS, ""))
            .next()
            .and_then(|node| node.accesskit_node().label())
            .unwrap()
    };
    let before = class(&harness);
    for model in ["gaussian-64", "emoji-exact-64"] {
        click_like(&mut harness, &words::chip(words::frame::MODEL, ""));
        click(&mut harness, model);
        until(&mut harness, model, |harness| {
            says(harness, &words::chip(words::frame::MODEL, model)) && is_done(harness)
        });
        press(&mut harness, Key::Escape);
    }
    until_done(&mut harness);
    assert_eq!(class(&harness), before);
}
