//! Context menus of images, tracks and plots; the images of a batch; and an empty window.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::setting::Setting;
use chromascope::session::settings::ModelSource;
use egui::{OutputCommand, PointerButton, Pos2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use gui::*;
use std::time::{Duration, Instant};

/// Clicks an entry of the open menu, and waits for its text on the clipboard.
#[track_caller]
fn copied(harness: &mut Harness<App>, entry: &str) -> OutputCommand {
    harness.get_by_label_contains(entry).click();
    let began = Instant::now();
    loop {
        harness.step();
        let commands = &harness.output().platform_output.commands;
        let found = commands.iter().find(|command| !matches!(command, OutputCommand::OpenUrl(_)));
        if let Some(found) = found {
            return found.clone();
        }
        assert!(began.elapsed() < Duration::from_mins(1), "nothing was copied by {entry}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn text_of(command: OutputCommand) -> String {
    let OutputCommand::CopyText(text) = command else { panic!("{command:?} is no text") };
    text
}

fn right_click(harness: &mut Harness<App>, at: Pos2) {
    harness.hover_at(at);
    frames(harness, 1);
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton {
            pos: at,
            button: PointerButton::Secondary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
        frames(harness, 1);
    }
    frames(harness, 2);
}

#[test]
fn an_image_is_copied_and_saved_and_its_pixel_read() {
    let mut harness = opened("emoji-exact-64");
    let before = painted(&harness).into_iter().find(|text| text.contains("/12")).unwrap();
    let place = harness.get_by_label(&words::panes::image("E[x₀|xₜ]", words::panes::ESTIMATE_NOTE)).rect();
    right_click(&mut harness, place.center());
    let OutputCommand::CopyImage(image) = copied(&mut harness, words::tracks::COPY_IMAGE) else { panic!("no image") };
    assert_eq!(image.size, [64, 64], "pixels of the image, not of the screen");
    right_click(&mut harness, place.center() + egui::vec2(1.0, 1.0));
    let value = text_of(copied(&mut harness, &format!("{} 32, 32: ", words::tracks::COPY_VALUE)));
    let (pixel, values) = value.split_once(": ").unwrap();
    assert_eq!(pixel, "32, 32");
    let values: Vec<f32> = values.split(", ").map(|value| value.parse().unwrap()).collect();
    assert!(values.len() == 3 && values.iter().all(|value| value.abs() < 3.0), "{values:?}");
    right_click(&mut harness, place.center());
    click(&mut harness, words::tracks::SAVE_IMAGE);
    frames(&mut harness, 3);
    let asks = |harness: &Harness<App>| painted(harness).iter().any(|text| text.ends_with("estimate-step-12.png"));
    assert!(asks(&harness), "the place is asked for: {:?}", painted(&harness));
    assert!(painted(&harness).contains(&before), "the playhead stayed");
}

#[test]
fn a_track_is_copied_and_its_values_read() {
    let mut harness = opened("emoji-exact-64");
    let whole = harness.get_by_label(words::tracks::PLAYHEAD).rect();
    let row = |harness: &Harness<App>, track: &str| {
        let head = harness.get_by_label(&words::tracks::fold(track)).rect();
        pos2(whole.center().x, head.top() + 24.0)
    };
    let chromatogram = row(&harness, "Chromatogram");
    right_click(&mut harness, chromatogram);
    assert!(says(&harness, words::tracks::SAVE_FIGURE));
    let values = text_of(copied(&mut harness, words::tracks::COPY_VALUES));
    let names: Vec<&str> = values.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    for name in ["step", "sigma", "1 px", "32 px"] {
        assert!(names.contains(&name), "{values}");
    }
    right_click(&mut harness, chromatogram);
    let OutputCommand::CopyImage(figure) = copied(&mut harness, words::tracks::COPY_IMAGE) else { panic!("no image") };
    assert!(figure.size[0] > 1000, "{:?}", figure.size);
    let film = row(&harness, "Film strip");
    right_click(&mut harness, film);
    assert!(painted(&harness).iter().any(|text| text.ends_with("at step 6")), "which image it is");
    let OutputCommand::CopyImage(strip) = copied(&mut harness, words::tracks::COPY_FILM) else { panic!("no image") };
    assert!(strip.size[0] > 1000, "{:?}", strip.size);
    right_click(&mut harness, film);
    click(&mut harness, words::tracks::SAVE_FIGURE);
    click(&mut harness, svg());
    frames(&mut harness, 3);
    assert!(painted(&harness).iter().any(|text| text.ends_with("film-strip.svg")), "{:?}", painted(&harness));
}

#[test]
fn all_images_of_a_batch_are_shown_at_once() {
    let mut launch = launch(settings("emoji-exact-64"));
    launch.first.push(Action::set(Setting::Batch, 4_usize));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    click(&mut harness, words::panes::ALL_OF_BATCH);
    let rects: Vec<egui::Rect> =
        (1..=4).map(|image| harness.get_by_label(&words::panes::image_of_batch(image)).rect()).collect();
    assert!(rects.iter().all(|rect| rect.width() > 40.0), "{rects:?}");
    assert!(!rects[0].intersects(rects[1]) && !rects[0].intersects(rects[2]), "{rects:?}");
    click(&mut harness, &words::panes::image_of_batch(3));
    assert!(painted(&harness).concat().contains("3/4"), "it is that of the other panes, too");
    click(&mut harness, words::panes::ALL_OF_BATCH);
    assert!(!says(&harness, &words::panes::image_of_batch(3)));
}

#[test]
fn an_empty_window_says_what_can_be_dropped() {
    let mut first = settings("emoji-exact-64");
    first.source = ModelSource::Model("/no/such/model.onnx".into());
    let mut harness = open_with(launch(first), PROJECTOR);
    until(&mut harness, "the words", |harness| {
        painted(harness).iter().any(|text| text.contains(words::messages::DROP))
    });
}
