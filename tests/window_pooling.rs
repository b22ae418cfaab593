//! Pooling in the window: time, factor and image, driven by the names of the controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use egui::accesskit::Role;
use egui::{Key, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The Schedule lab after its run.
#[track_caller]
fn lab(size: Vec2) -> Harness<'static, App> {
    let mut launch = launch(settings("gaussian-64"));
    launch.first.push(Action::SetLayout(Layout::ScheduleLab));
    let mut harness = open_with(launch, size);
    until_done(&mut harness);
    harness
}

/// The same with the pane in front and its pictures shown.
#[track_caller]
fn pooling() -> Harness<'static, App> {
    let mut harness = lab(PROJECTOR);
    click(&mut harness, pane("pooling"));
    until(&mut harness, "the pictures", |harness| says(harness, &words::panes::snr_of(words::panes::POOLED)));
    harness
}

/// The ratios under the three pictures.
fn ratios(harness: &Harness<App>) -> [f64; 3] {
    [words::panes::NOISY_AT_T, words::panes::POOLED, words::panes::NOISY_AT_TAU].map(|picture| {
        let name = words::panes::snr_of(picture) + " ";
        let node = harness.get_by_label_contains(&name);
        let label = node.accesskit_node().label().unwrap();
        let number = label.strip_prefix(&name).unwrap().split(',').next().unwrap();
        number.replace('−', "-").parse().unwrap()
    })
}

/// Draws frames until the pictures have changed.
#[track_caller]
fn until_other(harness: &mut Harness<App>, before: [f64; 3]) -> [f64; 3] {
    until(harness, "other pictures", |harness| ratios(harness) != before);
    // After a drag or several keys the last result.
    settle(harness);
    ratios(harness)
}

#[track_caller]
fn type_time(harness: &mut Harness<App>, time: &str) {
    harness.get_by_role_and_label(Role::SpinButton, words::panes::TIME_T).click();
    frames(harness, 3);
    harness.event(egui::Event::Text(time.into()));
    frames(harness, 2);
    press(harness, Key::Enter);
}

#[test]
fn pooled_and_remade_have_the_same_ratio() {
    let mut harness = pooling();
    assert!(says(&harness, "τ(t) 0.294") && says(&harness, "√P 0.788"), "{:?}", harness.root());
    for (times, factor) in [(2, 2.0), (3, 3.0), (4, 4.0)] {
        let before = ratios(&harness);
        if times > 2 {
            click(&mut harness, &words::panes::pool_by(times));
            until_other(&mut harness, before);
        }
        let [state, pooled, remade] = ratios(&harness);
        assert!((pooled / remade - 1.0).abs() < 0.1, "{pooled} and {remade}");
        assert!((0.8..1.05).contains(&(pooled / state / (factor * factor))), "{pooled} against {state}");
    }
    // The factor is shared with the tracks, and is a change of the document.
    assert!(says(&harness, "τ(t) 0.152"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    frames(&mut harness, 3);
    assert!(!says(&harness, "τ(t) 0.152"));
}

#[test]
fn the_time_is_dragged_typed_and_moved_by_keys() {
    let mut harness = pooling();
    let first = ratios(&harness);
    type_time(&mut harness, "0.9");
    let noisy = until_other(&mut harness, first);
    assert!(noisy[0] < 0.2 * first[0], "{noisy:?} after {first:?}");
    assert!(!says(&harness, "τ(t) 0.294"));
    harness.get_by_role_and_label(Role::Slider, words::panes::TIME_T).focus();
    harness.step();
    for _ in 0..5 {
        press(&mut harness, Key::ArrowRight);
    }
    let cleaner = until_other(&mut harness, noisy);
    assert!(cleaner[0] > noisy[0], "to the right is the image");
    assert!(says(&harness, &words::frame::step_of(12, 12)), "keys move the slider, not the playhead");
    type_time(&mut harness, "0");
    frames(&mut harness, 3);
    until(&mut harness, "a clean image", |harness| {
        says(harness, &format!("{} ∞, ∞ dB", words::panes::snr_of(words::panes::NOISY_AT_T)))
    });
    assert!(says(&harness, "√P 1.000"));
}

#[test]
fn the_playhead_is_followed_until_the_slider_is_moved() {
    let mut harness = pooling();
    click(&mut harness, words::panes::FOLLOW_PLAYHEAD);
    until(&mut harness, "the end of the run", |harness| {
        says(harness, &format!("{} ∞", words::panes::snr_of(words::panes::NOISY_AT_T)))
    });
    click(&mut harness, words::frame::FIRST_STEP);
    for _ in 0..6 {
        click(&mut harness, words::frame::STEP_ON);
    }
    until(&mut harness, "the middle", |harness| says(harness, "τ(t) 0.294"));
    type_time(&mut harness, "0.25");
    click(&mut harness, words::frame::FIRST_STEP);
    assert!(!says(&harness, "√P 0.500"), "it lets go");
}

fn open_image(harness: &mut Harness<App>, path: &Path) {
    click_like(harness, words::panes::IMAGE_TO_POOL);
    let field = harness.get_by_label(words::panes::PATH_OF_IMAGE);
    field.focus();
    field.type_text(path.to_str().unwrap());
    frames(harness, 3);
    click(harness, words::panes::OPEN_IMAGE);
}

/// A file with waves of several lengths.
fn saved_image(folder: &Path) -> PathBuf {
    let path = folder.join("waves.png");
    let byte = |x: u32, y: u32| ((x * 5 + y * 3) % 256) as u8;
    image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([byte(x, y), byte(y, x), 128])).save(&path).unwrap();
    path
}

#[test]
fn images_are_opened_by_path_and_bad_ones_get_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved_image(folder.path());
    let mut harness = pooling();
    let first = ratios(&harness);
    open_image(&mut harness, &path);
    let opened = until_other(&mut harness, first);
    assert!(says(&harness, &words::chip(words::panes::IMAGE_TO_POOL, "waves.png")));
    open_image(&mut harness, &folder.path().join("nothing.png"));
    let said = |harness: &Harness<App>, words: &str| painted(harness).iter().any(|text| text.contains(words));
    until(&mut harness, "the sentence", |harness| said(harness, "nothing.png; give the path of an image file"));
    assert_eq!(ratios(&harness), opened, "the picture stays");
    click_like(&mut harness, words::panes::IMAGE_TO_POOL);
    click(&mut harness, "butterfly");
    until_other(&mut harness, opened);
    assert!(!said(&harness, "nothing.png"), "what was said is over");
}

#[test]
fn the_image_of_the_run_can_be_pooled() {
    let mut harness = pooling();
    let first = ratios(&harness);
    click_like(&mut harness, words::panes::IMAGE_TO_POOL);
    click(&mut harness, words::panes::FINAL_IMAGE);
    let of_run = until_other(&mut harness, first);
    // The next run has another final image.
    click(&mut harness, words::frame::NEW_SEED);
    until_other(&mut harness, of_run);
    until_done(&mut harness);
}

#[test]
fn a_dropped_image_is_pooled_and_a_dropped_folder_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved_image(folder.path());
    let mut harness = lab(PROJECTOR);
    harness.input_mut().dropped_files.push(Arc::new(Dropped(path)));
    harness.step();
    until(&mut harness, "the image in the pane", |harness| {
        says(harness, &words::panes::snr_of(words::panes::POOLED))
            && says(harness, &words::chip(words::panes::IMAGE_TO_POOL, "waves.png"))
    });
    assert!(says(&harness, &words::chip(words::frame::MODEL, "gaussian-64")), "no model was opened");
    harness.input_mut().dropped_files.push(Arc::new(Dropped(folder.path().into())));
    harness.step();
    until(&mut harness, "the folder as a model", |harness| {
        says(harness, &words::chip(words::frame::MODEL, &words::frame::images_from("")))
    });
}

#[test]
fn no_size_of_window_breaks_the_pane() {
    let mut harness = pooling();
    for (width, height) in [(480.0, 300.0), (960.0, 600.0), (600.0, 900.0), (5000.0, 200.0), (1280.0, 720.0)] {
        harness.set_size(vec2(width, height));
        frames(&mut harness, 3);
    }
    assert!(says(&harness, &words::panes::snr_of(words::panes::POOLED)));
}
