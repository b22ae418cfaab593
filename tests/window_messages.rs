//! Messages and questions of the window: each in its place, forms that can be reached, and files that are not replaced.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::denoiser::guided::GuidanceScale;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::settings::ModelSource;
use chromascope::session::{RunSettings, SamplerKind};
use chromascope::words::sentence;
use egui::Vec2;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use gui::*;
use std::path::{Path, PathBuf};

/// The smallest window.
const SMALLEST: Vec2 = Vec2::new(960.0, 600.0);

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(name)
}

/// A model's folder with only these of its files.
fn part_of(name: &str, files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        std::fs::copy(golden(name).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

/// A model with an unknown number of classes.
fn without_number_of_classes() -> tempfile::TempDir {
    let folder = part_of("class-labels", &["model.onnx", "scheduler_config.json"]);
    std::fs::write(folder.path().join("config.json"), r#"{"sample_size": 16, "in_channels": 3}"#).unwrap();
    folder
}

fn window_of(model: &Path, size: Vec2) -> Harness<'static, App> {
    open_with(launch(settings(model.to_str().unwrap())), size)
}

fn is_painted(harness: &Harness<App>, part: &str) -> bool {
    painted(harness).iter().any(|text| text.contains(part))
}

#[test]
fn messages_keep_their_height_and_their_forms_are_in_reach() {
    let mut harness = window_of(&golden("single.onnx"), SMALLEST);
    // Two messages, of which the first has a form.
    let button = words::messages::OPEN_CONFIG;
    until(&mut harness, "the form", |harness| says(harness, button));
    frames(&mut harness, 5);
    let place = |harness: &Harness<App>| harness.get_by_label(&words::tracks::fold(Track::FilmStrip.name())).rect();
    let before = place(&harness);
    frames(&mut harness, 60);
    assert_eq!(place(&harness), before, "nothing grows");
    let form = harness.get_by_label(button).rect();
    assert!(form.bottom() < 0.45 * SMALLEST.y, "{form:?}");
    // Without a file dialog a path can be typed.
    assert!(says(&harness, words::messages::PATH_OF_CONFIG));
    click_like(&mut harness, &words::chip(words::frame::MODEL, ""));
    type_over(&mut harness, words::frame::PATH_OF_MODEL, "/no/such/place");
    click(&mut harness, words::frame::OPEN);
    until(&mut harness, "a second message", |harness| says(harness, &sentence(words::messages::NOTHING_AT)));
    frames(&mut harness, 5);
    let before = harness.get_by_label(words::frame::MENU).rect();
    let below = harness.get_by_label_contains(&sentence(words::messages::NOTHING_AT)).rect();
    frames(&mut harness, 60);
    assert_eq!(harness.get_by_label_contains(&sentence(words::messages::NOTHING_AT)).rect(), below);
    assert_eq!(harness.get_by_label(words::frame::MENU).rect(), before);
    assert!(below.bottom() < 0.5 * SMALLEST.y, "{below:?}");
}

#[test]
fn a_size_that_is_not_said_is_asked_for() {
    let folder = part_of("tiny-eps", &["model.onnx", "scheduler_config.json"]);
    let mut harness = window_of(folder.path(), PROJECTOR);
    let test = "window_messages::a_size_that_is_not_said_is_asked_for";
    until(&mut harness, "the sentence", |harness| documented_is_shown(harness, test, &[]));
    for (side, pixels) in [(words::messages::HEIGHT, "16"), (words::messages::WIDTH, "24")] {
        harness.get_by_label(side).click();
        frames(&mut harness, 2);
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        frames(&mut harness, 1);
        harness.get_by_label(side).type_text(pixels);
        press(&mut harness, egui::Key::Enter);
    }
    click(&mut harness, words::messages::USE_SIZE);
    until_done(&mut harness);
    assert!(!is_painted(&harness, "trained size; choose one"), "what was asked is answered");
}

#[test]
fn embeddings_are_asked_for() {
    let mut harness = window_of(&golden("hidden-states"), PROJECTOR);
    let test = "window_messages::embeddings_are_asked_for";
    until(&mut harness, "the sentence", |harness| documented_is_shown(harness, test, &[]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.npy");
    // The form stays until a file is valid.
    for (width, fits) in [(24, false), (8, true)] {
        ndarray_npy::write_npy(&path, &ndarray::Array3::<f32>::zeros((1, 7, width))).unwrap();
        type_over(&mut harness, words::messages::PATH_OF_EMBEDDINGS, path.to_str().unwrap());
        press(&mut harness, egui::Key::Enter);
        if fits {
            until_done(&mut harness);
        } else {
            until(&mut harness, "the sentence", |harness| is_painted(harness, "its shape is 1 x 7 x 24"));
        }
    }
}

#[test]
fn values_of_further_inputs_are_asked_for() {
    let mut harness = window_of(&golden("inputs-arrays"), PROJECTOR);
    let test = "window_messages::values_of_further_inputs_are_asked_for";
    until(&mut harness, "the sentence", |harness| documented_is_shown(harness, test, &[]));
    type_over(&mut harness, &words::panes::input_named("offsets"), "0,0.5,0");
    press(&mut harness, egui::Key::Enter);
    until(&mut harness, "the next", |harness| is_painted(harness, "its input \"mask\""));
    type_over(&mut harness, &words::panes::input_named("mask"), "0.25");
    press(&mut harness, egui::Key::Enter);
    until_done(&mut harness);
    assert!(!is_painted(&harness, "its input \"mask\""), "what was asked is answered");
}

#[test]
fn the_class_that_means_none_is_asked_for_and_class_0_can_be_chosen() {
    let folder = without_number_of_classes();
    let mut harness = window_of(folder.path(), PROJECTOR);
    let test = "window_messages::the_class_that_means_none_is_asked_for_and_class_0_can_be_chosen";
    let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
    until(&mut harness, "the sentence", |harness| documented_is_shown(harness, test, &[("TINY", name.clone())]));
    assert!(says(&harness, words::messages::NULL_CLASS));
    click(&mut harness, &words::chip(words::frame::CLASS, words::frame::NO_CLASS_SHOWN));
    harness.get_by_label(words::frame::CLASS_NUMBER).click();
    frames(&mut harness, 2);
    press(&mut harness, egui::Key::Enter);
    assert!(says(&harness, &words::chip(words::frame::CLASS, "0")), "{:?}", harness.root());
    assert!(!egui::Popup::is_any_open(&harness.ctx), "a choice closes its menu");
    press(&mut harness, egui::Key::R);
    until_done(&mut harness);
    // The requested setting can also be made elsewhere.
    click(&mut harness, &words::chip(words::frame::CLASS, "0"));
    click(&mut harness, words::frame::NO_CLASS);
    until(&mut harness, "the sentence again", |harness| says(harness, words::messages::USE_NULL_CLASS));
    click(&mut harness, words::messages::USE_NULL_CLASS);
    until(&mut harness, "a run of no class", |harness| {
        is_done(harness) && !says(harness, words::messages::USE_NULL_CLASS)
    });
}

#[test]
fn nonsense_typed_as_a_class_is_said() {
    let test = "window_messages::nonsense_typed_as_a_class_is_said";
    let folder = without_number_of_classes();
    let mut settings = settings(folder.path().to_str().unwrap());
    settings.label = Some(1);
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    click(&mut harness, &words::chip(words::frame::CLASS, "1"));
    type_number(&mut harness, words::frame::CLASS_NUMBER, "abc");
    assert!(documented_is_shown(&harness, test, &[]), "{:?}", painted(&harness));
    assert!(says(&harness, &words::chip(words::frame::CLASS, "1")), "it is as it was");
    press(&mut harness, egui::Key::Escape);
    click(&mut harness, words::frame::OVER_TIME);
    click_like(&mut harness, words::panes::FIRST_CLASS);
    type_number(&mut harness, &words::panes::its_number(words::panes::FIRST_CLASS), "abc");
    assert!(documented_is_shown(&harness, test, &[]), "{:?}", painted(&harness));
    type_number(&mut harness, &words::panes::its_number(words::panes::FIRST_CLASS), "2");
    assert!(!documented_is_shown(&harness, test, &[]) && !egui::Popup::is_any_open(&harness.ctx));
    assert!(says(&harness, &words::chip(words::panes::FIRST_CLASS, "2")), "{:?}", harness.root());
}

#[test]
fn a_guessed_class_for_none_is_asked_for_where_it_is_guided_away_from() {
    let mut settings = settings(golden("class-labels").to_str().unwrap());
    settings.label = Some(1);
    settings.guidance = Some(GuidanceScale::Constant(3.0));
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    assert!(is_painted(&harness, &words::panes::guessed_null_class(3)));
    click(&mut harness, words::messages::USE_NULL_CLASS);
    until(&mut harness, "a run with what was said", |harness| {
        is_done(harness) && !is_painted(harness, &words::panes::guessed_null_class(3))
    });
}

/// Heun from the noisiest timesteps gives a result far outside the range of the model's images.
#[test]
fn a_result_far_out_is_named_beside_the_picture() {
    for (spacing, far) in [(Some("trailing".to_owned()), true), (None, false)] {
        let mut run = settings("gaussian-64");
        (run.sampler, run.spacing, run.steps) = (SamplerKind::Heun.into(), spacing, 20);
        let mut harness = open_with(launch(run), PROJECTOR);
        until_done(&mut harness);
        let badge = |harness: &Harness<App>| painted(harness).iter().any(|text| text == "far outside ±4");
        assert_eq!(badge(&harness), far, "{:?}", painted(&harness));
        if far {
            assert!(says(&harness, "far outside ±4: The result reaches ±"), "{:?}", harness.root());
            assert!(says(&harness, "use the default spacing"), "what to do: {:?}", harness.root());
            press(&mut harness, egui::Key::Home);
            assert!(!badge(&harness), "it is of the last estimate alone");
            press(&mut harness, egui::Key::End);
            assert!(badge(&harness));
        }
    }
}

#[test]
fn a_file_that_is_there_stays_until_its_replacement_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-w1.5.csv");
    std::fs::write(&path, "mine").unwrap();
    let mut launch = launch(settings("gaussian-64"));
    launch.first.push(Action::SetLayout(Layout::ScheduleLab));
    let mut harness = open_with(launch, egui::vec2(1600.0, 1300.0));
    until_done(&mut harness);
    // The path typed for an import is not used for saving.
    type_over(&mut harness, words::panes::PATH_OF_SCHEDULE, path.to_str().unwrap());
    click(&mut harness, &words::panes::save(form("csv")));
    assert!(is_painted(&harness, &words::frame::save_what("schedule as CSV table")));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    save_as(&mut harness, &folder.path().join("run-w1.5"));
    until(&mut harness, "the question", |harness| is_painted(harness, &words::frame::exists("run-w1.5.csv")));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    // Enter does not confirm replacing.
    harness.get_by_label(words::frame::SAVE_PATH).focus();
    press(&mut harness, egui::Key::Enter);
    until(&mut harness, "the question again", |harness| is_painted(harness, &words::frame::exists("run-w1.5.csv")));
    click(&mut harness, words::frame::REPLACE);
    let told = words::frame::saved_as(&path);
    until(&mut harness, "the word on it", |harness| is_painted(harness, &told));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("step,"));
    // It is shown where it was requested, and is visible at any scroll position.
    let place = harness.get_by_label_contains(&told).rect();
    let panel = harness.get_by_label_contains(&format!("{},", pane("lab"))).rect();
    assert!(place.left() >= panel.left() - 1.0 && place.bottom() <= 1300.0, "{place:?} {panel:?}");
    click(&mut harness, words::messages::DISMISS);
    assert!(!is_painted(&harness, &told));
    // Without saving there is no message.
    click(&mut harness, &words::panes::save(form("csv")));
    press(&mut harness, egui::Key::Escape);
    assert!(!says(&harness, words::frame::SAVE_PATH));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_message_of_one_panel_is_not_seen_in_another() {
    let mut launch = launch(RunSettings { ..settings("gaussian-64") });
    launch.first.push(Action::SetModel(ModelSource::Model("gaussian-64".into())));
    launch.first.push(Action::SetLayout(Layout::ScheduleLab));
    let mut harness = open_with(launch, egui::vec2(1600.0, 1300.0));
    until_done(&mut harness);
    type_over(&mut harness, words::panes::PATH_OF_SCHEDULE, "/no/such/schedule.csv");
    click(&mut harness, words::panes::IMPORT);
    until(&mut harness, "the sentence", |harness| {
        is_painted(harness, "/no/such/schedule.csv:") || says(harness, words::messages::DISMISS)
    });
    for name in [words::frame::MENU, words::frame::LAYOUT, Layout::Spectra.name()] {
        click(&mut harness, name);
    }
    press(&mut harness, egui::Key::Escape);
    assert!(is_painted(&harness, words::panes::FILES), "the panel Measure is there");
    assert!(!is_painted(&harness, "/no/such/schedule.csv"));
}
