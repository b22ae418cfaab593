//! Measuring many samples in the window, beside the run on screen.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::ensemble;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::settings::ProviderChoice;
use chromascope::session::{RunSettings, SamplerKind};
use egui::{ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use gui::*;
use std::path::Path;

/// The exact Gaussian model in the layout for spectra.
fn opened_at_spectra() -> Harness<'static, App> {
    opened_at_spectra_with(|_| ())
}

fn opened_at_spectra_with(change: impl FnOnce(&mut RunSettings)) -> Harness<'static, App> {
    let mut settings = settings("gaussian-64");
    settings.provider = ProviderChoice::Rust;
    settings.steps = 6;
    change(&mut settings);
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    let mut harness = open_with(launch, egui::vec2(1280.0, 900.0));
    until_done(&mut harness);
    harness
}

fn type_into(harness: &mut Harness<App>, field: &str, text: &str) {
    harness.get_by_label(field).scroll_to_me();
    frames(harness, 3);
    harness.get_by_label(field).focus();
    frames(harness, 2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    frames(harness, 1);
    harness.get_by_label(field).type_text(text);
    frames(harness, 2);
}

fn samples(harness: &mut Harness<App>, count: &str) {
    // A click turns the number into a field.
    click(harness, words::panes::SAMPLES);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.event(egui::Event::Text(count.into()));
    frames(harness, 1);
    press(harness, egui::Key::Enter);
}

fn steps(harness: &mut Harness<App>, count: &str) {
    click(harness, words::frame::STEPS);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.event(egui::Event::Text(count.into()));
    frames(harness, 1);
    press(harness, egui::Key::Enter);
}

#[track_caller]
fn measured(harness: &mut Harness<App>, count: &str) {
    until(harness, "whole samples", |harness| {
        let shown = painted(harness);
        shown.iter().any(|text| text == &format!("{count} samples"))
            && !shown.iter().any(|text| text.contains("Measuring,"))
    });
    frames(harness, 3);
}

fn is_painted(harness: &Harness<App>, part: &str) -> bool {
    painted(harness).iter().any(|text| text.contains(part))
}

#[test]
fn measuring_shows_dots_agreement_and_errors_and_more_can_be_added() {
    let mut harness = opened_at_spectra();
    assert!(is_painted(&harness, words::panes::WHY_MEASURE));
    assert!(is_painted(&harness, words::tracks::SHARES_THEORY));
    assert!(is_painted(&harness, "this sample"), "whose spectra they are");
    samples(&mut harness, "18");
    click(&mut harness, words::panes::MEASURE);
    measured(&mut harness, "18");
    assert!(is_painted(&harness, words::tracks::SHARES_MEASURED));
    assert!(is_painted(&harness, "RMS 0."));
    // A click on its row chooses a theory; that can be undone.
    click(&mut harness, "spectral");
    assert!(painted(&harness).iter().filter(|text| *text == "spectral").count() > 1, "it is at the track's head too");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    frames(&mut harness, 3);
    assert!(painted(&harness).iter().filter(|text| *text == "spectral").count() == 1);
    samples(&mut harness, "2");
    click(&mut harness, words::panes::ADD_SAMPLES);
    measured(&mut harness, "20");

    // Saved, opened again and compared with itself.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("twenty.npz");
    click(&mut harness, words::panes::SAVE_ENSEMBLE);
    save_as(&mut harness, &path);
    until(&mut harness, "the file", |harness| is_painted(harness, words::frame::SAVED_AS));
    let kept = ensemble::read(&path).unwrap();
    type_into(&mut harness, words::panes::PATH_OF_ENSEMBLE, path.to_str().unwrap());
    assert_eq!((kept.samples(), kept.steps()), (20, 6));
    scroll_and_click(&mut harness, words::panes::COMPARE_ENSEMBLE);
    until(&mut harness, "the comparison", |harness| is_painted(harness, "Opened twenty.npz: 20 samples"));
    frames(&mut harness, 3);
    assert!(is_painted(&harness, "0.000 dB"), "it differs from itself in nothing");
    click(&mut harness, words::panes::UNPIN_SAMPLES);
    assert!(!is_painted(&harness, "0.000 dB"));
}

#[test]
fn ending_half_way_keeps_a_valid_half() {
    let mut harness = opened_at_spectra();
    samples(&mut harness, "5000");
    click(&mut harness, words::panes::MEASURE);
    until(&mut harness, "a first batch", |harness| is_painted(harness, words::tracks::SHARES_MEASURED));
    click(&mut harness, words::panes::PAUSE_MEASURING);
    until(&mut harness, "the pause", |harness| is_painted(harness, words::panes::PAUSED));
    click(&mut harness, words::panes::RESUME_MEASURING);
    click(&mut harness, words::panes::STOP_MEASURING);
    until(&mut harness, "the end", |harness| is_painted(harness, words::panes::KEPT));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half");
    click(&mut harness, words::panes::SAVE_ENSEMBLE);
    save_as(&mut harness, &path);
    until(&mut harness, "the file", |harness| is_painted(harness, words::frame::SAVED_AS));
    let kept = ensemble::read(&path.with_extension("npz")).unwrap();
    assert!(kept.samples() > 0 && kept.samples() < 5000);
    assert!(
        [1, 3, 7, 15].contains(&kept.samples()) || kept.samples() % 16 == 15,
        "whole batches, which double at first"
    );
}

#[test]
fn a_run_that_is_set_differently_is_said_and_bad_files_are_sentences() {
    let mut harness = opened_at_spectra();
    samples(&mut harness, "2");
    click(&mut harness, words::panes::MEASURE);
    measured(&mut harness, "2");
    assert!(!is_painted(&harness, words::panes::SETTINGS_CHANGED));
    harness.get_by_label_contains(words::frame::NEW_SEED).click();
    until_done(&mut harness);
    assert!(!is_painted(&harness, words::panes::SETTINGS_CHANGED), "another seed makes samples of the same kind");
    steps(&mut harness, "7");
    assert!(is_painted(&harness, words::panes::SETTINGS_CHANGED));
    steps(&mut harness, "6");
    assert!(!is_painted(&harness, words::panes::SETTINGS_CHANGED));

    let of_others = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/spectra.npz");
    for (path, sentence) in [
        (Path::new("/no/such/file.npz"), "give the path of a .npz file"),
        (&of_others, "so it was not written by Chromascope"),
    ] {
        type_into(&mut harness, words::panes::PATH_OF_ENSEMBLE, path.to_str().unwrap());
        click(&mut harness, words::panes::OPEN_ENSEMBLE);
        until(&mut harness, sentence, |harness| is_painted(harness, sentence));
    }
    type_into(&mut harness, words::panes::PATH_OF_ENSEMBLE, "/no/such/folder");
    click(&mut harness, words::panes::CALIBRATE);
    let test = "window_measure::a_run_that_is_set_differently_is_said_and_bad_files_are_sentences";
    let words = [("FOLDER", "/no/such/folder".to_owned())];
    until(&mut harness, "the sentence", |harness| documented_is_shown(harness, test, &words));
    // The measurement is still there, with its own calibration.
    assert!(is_painted(&harness, "2 samples"));
    frames(&mut harness, 3);
    assert!(
        is_painted(&harness, &words::panes::calibrated_on("the final images"))
            && !is_painted(&harness, &words::panes::calibrated_on("folder"))
    );
    assert!(!is_painted(&harness, words::panes::NEXT_TIME_ON));
    let photos = tempfile::tempdir().unwrap();
    image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(3 * x) as u8, (2 * y) as u8, 9]))
        .save(photos.path().join("a.png"))
        .unwrap();
    type_into(&mut harness, words::panes::PATH_OF_ENSEMBLE, photos.path().to_str().unwrap());
    click(&mut harness, words::panes::CALIBRATE);
    until(&mut harness, "the images", |harness| is_painted(harness, &words::panes::calibrated_on("1 image of")));
    type_into(&mut harness, words::panes::PATH_OF_ENSEMBLE, "/no/such/folder");
    click(&mut harness, words::panes::CALIBRATE);
    until(&mut harness, "the sentence", |harness| is_painted(harness, "cannot read the image folder /no/such/folder"));
    frames(&mut harness, 3);
    assert!(
        is_painted(&harness, &words::panes::calibrated_on("1 image of")),
        "the numbers are of the folder that was read"
    );
}

#[test]
fn notes_and_full_names_are_shown() {
    let mut harness = opened_at_spectra_with(|settings| {
        settings.sampler = SamplerKind::Heun.into();
        settings.steps = 4;
    });
    let told = |harness: &Harness<App>| {
        painted(harness).iter().filter(|text| text.contains("steps are too long here")).count()
    };
    let before = told(&harness);
    samples(&mut harness, "1");
    click(&mut harness, words::panes::MEASURE);
    until(&mut harness, "a sample", |harness| painted(harness).iter().any(|text| text == "1 sample"));
    frames(&mut harness, 3);
    assert!(is_painted(&harness, "gaussian-64 · heun, "));
    assert!(is_painted(&harness, ", 4 steps"));
    click(&mut harness, words::panes::PIN_SAMPLES);
    assert!(
        painted(&harness).iter().any(|text| text.starts_with("gaussian-64 · heun, ") && text.ends_with(" · 1 sample"))
    );
    assert_eq!(told(&harness), before + 1, "{:?}", painted(&harness));
}

#[test]
fn what_stands_on_the_axis_says_whose_it_is_and_is_saved_with_it() {
    let title =
        |steps: usize, samples: usize| format!("gaussian-64 · ddim, trailing, {steps} steps · {samples} samples");
    let mut harness = opened_at_spectra();
    samples(&mut harness, "2");
    click(&mut harness, words::panes::MEASURE);
    measured(&mut harness, "2");
    assert!(
        !is_painted(&harness, &words::tracks::dots("")) && !is_painted(&harness, &words::tracks::dotted("")),
        "the run on screen is of them"
    );
    click(&mut harness, words::panes::PIN_SAMPLES);
    assert!(is_painted(&harness, &words::tracks::dotted(&title(6, 2))));

    // With another number of steps the first dotted lines stay, at their own noise levels.
    steps(&mut harness, "9");
    press(&mut harness, egui::Key::R);
    until_done(&mut harness);
    samples(&mut harness, "3");
    click(&mut harness, words::panes::MEASURE);
    measured(&mut harness, "3");
    assert!(is_painted(&harness, &words::tracks::dotted(&title(6, 2))));
    assert!(!is_painted(&harness, &words::tracks::dots("")));
    let compared = painted(&harness).into_iter().filter(|text| text.ends_with(" of 8 steps")).count();
    assert_eq!(compared, 2, "over how many steps the two are compared: {:?}", painted(&harness));
    let unreadable = unreadable(&harness, Cut::Allowed);
    assert!(unreadable.is_empty(), "{}", unreadable.join("\n"));

    // A run with other steps: the dots are labelled as the samples', and so are the heat map and saved figures.
    harness.get_by_label_contains(words::tracks::SPECTRA_FROM).click();
    frames(&mut harness, 3);
    harness.get_all_by_label("measured samples").last().unwrap().click();
    frames(&mut harness, 3);
    until(&mut harness, "the samples' spectra", |harness| says(harness, "3 samples over step and frequency"));
    assert!(!painted(&harness).contains(&title(9, 3)), "the run on screen is of them");
    steps(&mut harness, "4");
    press(&mut harness, egui::Key::R);
    until_done(&mut harness);
    assert!(is_painted(&harness, &words::tracks::dots(&title(9, 3))), "{:?}", painted(&harness));
    assert!(painted(&harness).contains(&title(9, 3)), "{:?}", painted(&harness));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    click(&mut harness, &words::menu_of(Track::SpectrumOfChange.name()));
    harness.get_by_label_contains(words::tracks::SAVE_WITH_FILM).click();
    frames(&mut harness, 3);
    harness.get_by_label(svg()).click();
    frames(&mut harness, 3);
    save_as(&mut harness, &path);
    until(&mut harness, "the file", |harness| is_painted(harness, words::frame::SAVED_AS));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("one sample of gaussian-64 · ddim, trailing, 4 steps"), "whose the pictures are");
    assert!(text.contains(&title(9, 3)), "whose the spectra are");
}

/// Asks to close the window, as the button of its frame does; returns whether it stays open.
fn stays_when_closed(harness: &mut Harness<App>) -> bool {
    let window = harness.input_mut().viewports.entry(ViewportId::ROOT).or_default();
    window.events.push(ViewportEvent::Close);
    harness.step();
    let stays = commands(harness).contains(&ViewportCommand::CancelClose);
    frames(harness, 2);
    stays
}

fn commands<'a>(harness: &'a Harness<App>) -> &'a [ViewportCommand] {
    &harness.output().viewport_output[&ViewportId::ROOT].commands
}

fn closes(harness: &Harness<App>) -> bool {
    commands(harness).contains(&ViewportCommand::Close)
}

const QUESTION: &str = words::frame::SAVE_BEFORE_CLOSING;

#[test]
fn closing_asks_about_what_is_in_no_file() {
    let mut harness = opened_at_spectra();
    assert!(!stays_when_closed(&mut harness), "nothing can be lost");
    samples(&mut harness, "2");
    click(&mut harness, words::panes::MEASURE);
    measured(&mut harness, "2");
    // After Cancel, Escape, and leaving the save dialog it stays open.
    for _ in 0..2 {
        assert!(stays_when_closed(&mut harness));
        assert!(
            is_painted(&harness, QUESTION) && is_painted(&harness, "6 steps · 2 samples"),
            "{:?}",
            painted(&harness)
        );
        click(&mut harness, words::frame::CANCEL);
        assert!(!is_painted(&harness, QUESTION));
        assert!(stays_when_closed(&mut harness));
        press(&mut harness, egui::Key::Escape);
        assert!(!is_painted(&harness, QUESTION));
    }
    assert!(stays_when_closed(&mut harness));
    click(&mut harness, words::frame::SAVE_AND_CLOSE);
    press(&mut harness, egui::Key::Escape);
    assert!(!is_painted(&harness, QUESTION) && !closes(&harness));
    // Once saved, it closes by itself.
    assert!(stays_when_closed(&mut harness));
    click(&mut harness, words::frame::SAVE_AND_CLOSE);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.npz");
    type_over(&mut harness, words::frame::SAVE_PATH, path.to_str().unwrap());
    harness.get_by_label(words::frame::SAVE).click();
    until(&mut harness, "the end", closes);
    assert_eq!(ensemble::read(&path).unwrap().samples(), 2);
    assert!(!stays_when_closed(&mut harness), "it closes");
}

#[test]
fn closing_pauses_measuring_and_what_is_discarded_is_not_asked_about_again() {
    let mut harness = opened_at_spectra();
    samples(&mut harness, "5000");
    click(&mut harness, words::panes::MEASURE);
    until(&mut harness, "a first batch", |harness| is_painted(harness, words::tracks::SHARES_MEASURED));
    assert!(stays_when_closed(&mut harness));
    assert!(is_painted(&harness, words::frame::MEASURING_IS_PAUSED));
    click(&mut harness, words::frame::CANCEL);
    until(&mut harness, "measuring to resume", |harness| is_painted(harness, "Measuring, "));
    assert!(stays_when_closed(&mut harness));
    harness.get_by_label(words::frame::DISCARD_AND_CLOSE).click();
    until(&mut harness, "the end", closes);
    assert!(!stays_when_closed(&mut harness), "it closes");
}

#[test]
fn decoded_images_of_a_pipeline_are_measured_and_shown_in_place_of_latents() {
    let pipeline = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipelines/sd15");
    let mut settings = settings(pipeline);
    (settings.steps, settings.prompt) = (4, Some("a red fox".to_owned()));
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    let mut harness = open_with(launch, egui::vec2(1280.0, 900.0));
    until_done(&mut harness);
    click(&mut harness, words::panes::DECODE_TOO);
    assert!(harness.query_by_label(words::panes::DECODE_EVERY).is_some());
    assert!(harness.query_by_label(words::panes::SHOW_MEASURED_DECODED).is_none(), "nothing is measured yet");
    samples(&mut harness, "2");
    click(&mut harness, words::panes::MEASURE);
    measured(&mut harness, "2");
    assert!(is_painted(&harness, words::tracks::LATENT_SHARES_MEASURED) && is_painted(&harness, "RMS"));
    click(&mut harness, words::panes::SHOW_MEASURED_DECODED);
    frames(&mut harness, 3);
    assert!(is_painted(&harness, words::tracks::SHARES_DECODED));
    assert!(is_painted(&harness, "There is no theory of decoded images"), "{:?}", painted(&harness));
    click(&mut harness, words::panes::SHOW_MEASURED_LATENTS);
    frames(&mut harness, 3);
    assert!(
        is_painted(&harness, words::tracks::LATENT_SHARES_MEASURED)
            && !is_painted(&harness, words::tracks::SHARES_DECODED)
    );
}
