//! Isolated levels, images split into levels, and inspected images, driven by the names of the controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::inspect::ReferenceImage;
use chromascope::session::prepare::prepare;
use chromascope::session::settings::ModelSource;
use chromascope::session::{RunSettings, Trajectory};
use chromascope::spectrum::{BandPlan, Fit};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;

/// A screen on which every pane shows all of its parts side by side.
const LARGE: egui::Vec2 = egui::vec2(2200.0, 1300.0);

/// The badge of the images pane for isolated levels.
fn alone(harness: &Harness<App>) -> Option<String> {
    let name = words::panes::image("xₜ", words::panes::STATE_NOTE);
    let node = harness.query_all_by_label_contains(&name).next()?;
    let label = node.accesskit_node().label()?;
    label.split_once(", ").map(|(_, alone)| alone.to_owned())
}

fn undo(harness: &mut Harness<App>) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    frames(harness, 3);
}

#[test]
fn a_level_is_isolated_from_the_legend_and_put_back() {
    let mut harness = opened("gaussian-64");
    assert_eq!(alone(&harness), None);
    click(&mut harness, &words::panes::isolate("4 px"));
    assert_eq!(alone(&harness).unwrap(), words::panes::only("4 px"));
    assert!(
        painted(&harness).iter().filter(|text| **text == words::panes::only("4 px")).count() == 3,
        "a badge on each image"
    );
    let on = |harness: &Harness<App>, name: &str| {
        harness.get_by_label(name).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(
        on(&harness, &words::panes::isolate("4 px"))
            && on(&harness, &words::panes::isolate_in("4 px", pane("recovered")))
    );
    assert!(!on(&harness, &words::panes::isolate("8 px")));
    // Another level takes its place; the same one shows everything again.
    click(&mut harness, &words::panes::isolate_in("16 px", pane("recovered")));
    assert_eq!(alone(&harness).unwrap(), words::panes::only("16 px"));
    click(&mut harness, &words::panes::isolate("16 px"));
    assert_eq!(alone(&harness), None);
    // So do Escape, the badge, and undo.
    click(&mut harness, &words::panes::isolate_in("rest", pane("recovered")));
    assert_eq!(alone(&harness).unwrap(), words::panes::only("rest"));
    press(&mut harness, Key::Escape);
    assert_eq!(alone(&harness), None);
    undo(&mut harness);
    assert_eq!(alone(&harness).unwrap(), words::panes::only("rest"));
    click_like(&mut harness, "ΔE[x₀|xₜ], only");
    assert_eq!(alone(&harness), None);
    undo(&mut harness);
    undo(&mut harness);
    undo(&mut harness);
    assert_eq!(alone(&harness).unwrap(), words::panes::only("16 px"));
}

#[test]
fn levels_are_added_with_shift_and_by_the_keyboard() {
    let mut harness = opened("gaussian-64");
    click(&mut harness, &words::panes::isolate("1 px"));
    harness.get_by_label(&words::panes::isolate("8 px")).click_modifiers(Modifiers::SHIFT);
    frames(&mut harness, 3);
    assert_eq!(alone(&harness).unwrap(), words::panes::only("1 + 8 px"));
    harness.get_by_label(&words::panes::isolate_in("rest", pane("recovered"))).click_modifiers(Modifiers::COMMAND);
    frames(&mut harness, 3);
    assert_eq!(alone(&harness).unwrap(), words::panes::only("1 + 8 px + rest"));
    harness.get_by_label(&words::panes::isolate("32 px")).focus();
    harness.step();
    press(&mut harness, Key::Enter);
    assert_eq!(alone(&harness).unwrap(), words::panes::only("32 px"));
}

#[test]
fn the_strip_isolates_and_is_dragged_like_the_rest_of_the_tracks() {
    let mut harness = opened("gaussian-64");
    let strip = |harness: &Harness<App>| {
        harness
            .get_by_label_contains(
                words::panes::isolate_on_strip("1 px", "Chromatogram", 0).strip_suffix("0)").unwrap(),
            )
            .rect()
    };
    let at = strip(&harness).center();
    harness
        .get_by_label_contains(words::panes::isolate_on_strip("1 px", "Chromatogram", 0).strip_suffix("0)").unwrap())
        .click();
    frames(&mut harness, 3);
    assert_eq!(alone(&harness).unwrap(), words::panes::only("1 px"));
    assert!(says(&harness, &words::frame::step_of(12, 12)), "a click leaves the playhead");
    harness.drag_at(at);
    frames(&mut harness, 2);
    harness.hover_at(at - egui::vec2(40.0, 0.0));
    frames(&mut harness, 2);
    harness.drop_at(at - egui::vec2(40.0, 0.0));
    frames(&mut harness, 2);
    assert!(!says(&harness, &words::frame::step_of(12, 12)), "a drag takes it along");
    assert_eq!(alone(&harness).unwrap(), words::panes::only("1 px"));
}

#[test]
fn levels_follow_the_factor() {
    let mut harness = opened("gaussian-64");
    click(&mut harness, &words::panes::isolate("2 px"));
    click(&mut harness, &words::menu_of(Track::Chromatogram.name()));
    click_like(&mut harness, words::tracks::LEVELS);
    harness.get_all_by_label("4").next().unwrap().click();
    frames(&mut harness, 3);
    press(&mut harness, Key::Escape);
    assert_eq!(alone(&harness), None, "no level stays alone that is another now");
    click(&mut harness, &words::panes::isolate("16 px"));
    assert_eq!(alone(&harness).unwrap(), words::panes::only("16 px"));
    assert!(says(
        &harness,
        &words::panes::recovered_by_level(words::panes::MEASURED, "1 px 1.00, 4 px 1.00, 16 px 1.00, rest 1.00")
    ));
}

/// The Spectra layout after its run.
#[track_caller]
fn spectra(settings: RunSettings) -> Harness<'static, App> {
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    let mut harness = open_with(launch, LARGE);
    until_done(&mut harness);
    harness
}

/// The run that the window shows, made again.
fn run_of(settings: &RunSettings) -> Trajectory {
    let mut prepared = prepare(settings, None, &|_, _| true).unwrap();
    let mut trajectory = prepared.run.trajectory();
    while prepared.run.step(&mut trajectory).unwrap().is_some() {}
    trajectory
}

/// The energies below the levels, finest first, and their shares.
fn energies(harness: &Harness<App>) -> Vec<(f64, String)> {
    let labels = ["1 px", "2 px", "4 px", "8 px", "16 px", "32 px", "rest"];
    let said: Vec<String> = harness
        .query_all_by_label_contains(&words::panes::energy_of(""))
        .filter_map(|node| node.accesskit_node().value())
        .collect();
    let read = |label: &str| {
        let name = words::panes::energy_of(label) + " ";
        let (energy, share) = said.iter().find_map(|said| said.strip_prefix(&name))?.split_once(", ")?;
        Some((energy.replace('−', "-").parse().ok()?, share.to_owned()))
    };
    labels.iter().filter_map(|label| read(label)).collect()
}

#[test]
fn the_levels_of_an_image_have_the_energies_of_its_bands() {
    let settings = settings("gaussian-64");
    let mut harness = spectra(settings.clone());
    let run = run_of(&settings);
    let plan = BandPlan::new(64, 64, 2, 6, Fit::Pad).unwrap();
    click(&mut harness, pane("levels"));
    for _ in 0..5 {
        press(&mut harness, Key::ArrowLeft);
    }
    assert!(says(&harness, &words::frame::step_of(7, 12)));
    for (picture, image) in [("E[x₀|xₜ]", &run.snapshots[7].x0), ("xₜ", &run.snapshots[7].x_t)] {
        click(&mut harness, &format!("{} {picture}", words::panes::LEVELS_OF));
        let expected = plan.mean_energies(image.view()).unwrap();
        let agree = |harness: &Harness<App>| {
            let found = energies(harness);
            found.len() == 7
                && found.iter().zip(&expected).all(|((found, _), expected)| (found / expected - 1.0).abs() < 0.006)
        };
        until(&mut harness, picture, agree);
    }
    // Coarse levels are recovered before fine ones.
    click(&mut harness, &format!("{} E[x₀|xₜ]", words::panes::LEVELS_OF));
    let share = |harness: &Harness<App>, m: usize| -> Option<f64> {
        energies(harness).get(m)?.1.strip_suffix(&format!(" % {}", words::panes::OF_FINAL))?.parse().ok()
    };
    let early = |harness: &Harness<App>| {
        let shares = share(harness, 0).zip(share(harness, 4));
        shares.is_some_and(|(fine, coarse)| fine < 60.0 && coarse > 80.0)
    };
    until(&mut harness, "coarse before fine", early);
    press(&mut harness, Key::End);
    until(&mut harness, "the end", |harness| share(harness, 0) == Some(100.0) && share(harness, 5) == Some(100.0));
}

#[test]
fn levels_of_a_change_and_their_choices() {
    let mut harness = spectra(settings("gaussian-64"));
    click(&mut harness, pane("levels"));
    click(&mut harness, &format!("{} ΔE[x₀|xₜ]", words::panes::LEVELS_OF));
    until(&mut harness, "levels of a change", |harness| says(harness, &format!("% {}", words::panes::OF_LARGEST)));
    press(&mut harness, Key::Home);
    until(&mut harness, "the first step", |harness| {
        painted(harness).iter().any(|text| text == words::panes::NO_CHANGE_YET)
    });
    click(&mut harness, &format!("{} xₜ", words::panes::LEVELS_OF));
    click_like(&mut harness, words::panes::CONTRAST);
    click(&mut harness, words::panes::SCALE_PER_LEVEL);
    click_like(&mut harness, words::panes::ENERGY_BARS);
    click(&mut harness, words::panes::OF_LARGEST);
    click_like(&mut harness, words::panes::LEVELS_CHANNEL);
    click(&mut harness, "G");
    until(&mut harness, "levels of noise", |harness| {
        says(harness, &format!("{} 0.7", words::panes::energy_of("1 px")))
    });
    assert!(says(&harness, &words::chip(words::panes::LEVELS_CHANNEL, "G")));
    assert!(says(&harness, &format!("{}, −40 to 40 dB", words::panes::PLANE)));
    click(&mut harness, &words::panes::isolate_in("8 px", pane("levels")));
    click(&mut harness, pane("images"));
    assert_eq!(alone(&harness).unwrap(), words::panes::only("8 px"));
}

#[test]
fn no_size_of_window_breaks_the_levels() {
    let mut harness = spectra(settings("gaussian-64"));
    click(&mut harness, pane("levels"));
    until(&mut harness, "levels", |harness| says(harness, &words::panes::energy_of("1 px")));
    for (width, height) in [(480.0, 300.0), (960.0, 600.0), (600.0, 900.0), (5000.0, 200.0), (1280.0, 720.0)] {
        harness.set_size(egui::vec2(width, height));
        frames(&mut harness, 3);
    }
    assert!(says(&harness, &words::panes::energy_of("1 px")));
    // On a small projector levels and spectrum alternate.
    assert!(!says(&harness, words::panes::PLANE));
    click(&mut harness, words::panes::SPECTRUM_FOR_LEVELS);
    assert!(says(&harness, words::panes::PLANE) && !says(&harness, &words::panes::energy_of("1 px")));
}

/// The inspector once it shows an image.
#[track_caller]
fn inspector(settings: RunSettings) -> Harness<'static, App> {
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    // Events come a frame apart, and a double-click must come within 0.3 s.
    let harness = builder(LARGE).with_step_dt(1.0 / 60.0);
    let mut harness = harness.build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap());
    until_done(&mut harness);
    click(&mut harness, pane("inspector"));
    until(&mut harness, "a histogram", |harness| says(harness, words::panes::HISTOGRAM_FROM));
    harness
}

fn number(harness: &Harness<App>, role: Role, name: &str) -> f64 {
    harness.get_by_role_and_label(role, name).accesskit_node().numeric_value().unwrap()
}

fn focus(harness: &mut Harness<App>, role: Role, name: &str) {
    harness.get_by_role_and_label(role, name).focus();
    // A focused control keeps the arrow keys from its second frame on.
    frames(harness, 2);
}

#[track_caller]
fn choose_reference(harness: &mut Harness<App>, name: &str) {
    click_like(harness, &words::chip(words::panes::REFERENCE, ""));
    click(harness, name);
}

#[test]
fn handles_of_the_histogram_set_the_range_of_the_stage() {
    let mut harness = inspector(settings("gaussian-64"));
    let white = |harness: &Harness<App>| number(harness, Role::Slider, &words::panes::handle(words::panes::WHITE));
    // This model's images go beyond ±1.
    let usual = white(&harness);
    assert!(usual > 1.0);
    let from = harness.get_by_role_and_label(Role::Slider, &words::panes::handle(words::panes::WHITE)).rect().center();
    harness.drag_at(from);
    frames(&mut harness, 2);
    for by in [10.0, 25.0, 40.0] {
        harness.hover_at(from - egui::vec2(by, 0.0));
        frames(&mut harness, 2);
    }
    harness.drop_at(from - egui::vec2(40.0, 0.0));
    frames(&mut harness, 3);
    until(&mut harness, "the new white", |harness| white(harness) < 0.95 * usual);
    let dragged = white(&harness);
    assert_eq!(number(&harness, Role::SpinButton, words::panes::WHITE_VALUE), dragged);
    // A drag is one change, and keys move the handle too.
    undo(&mut harness);
    until(&mut harness, "white as it was", |harness| white(harness) == usual);
    focus(&mut harness, Role::Slider, &words::panes::handle(words::panes::BLACK));
    press(&mut harness, Key::ArrowRight);
    let black = |harness: &Harness<App>| number(harness, Role::Slider, &words::panes::handle(words::panes::BLACK));
    until(&mut harness, "black moved by a key", |harness| black(harness) > -usual);
    click(&mut harness, words::panes::RESET_RANGE);
    until(&mut harness, "the usual black", |harness| black(harness) == -usual);
    // A number is typed.
    harness.get_by_role_and_label(Role::SpinButton, words::panes::BLACK_VALUE).click();
    frames(&mut harness, 3);
    harness.event(egui::Event::Text("-0.5".into()));
    frames(&mut harness, 2);
    press(&mut harness, Key::Enter);
    until(&mut harness, "black as typed", |harness| black(harness) == -0.5);
    click(&mut harness, pane("images"));
    assert!(painted(&harness).iter().any(|text| text.starts_with("−0.50 … 2.")), "the stage follows");
}

#[test]
fn the_wipe_is_moved_by_keys_and_differences_have_errors() {
    let settings = settings("gaussian-64");
    let mut harness = inspector(settings.clone());
    for _ in 0..6 {
        press(&mut harness, Key::ArrowLeft);
    }
    choose_reference(&mut harness, words::panes::FINAL_IMAGE);
    until(&mut harness, "errors", |harness| says(harness, &words::panes::mse_of("all")));
    let run = run_of(&settings);
    let (image, reference) = (&run.snapshots[6].x0, &run.state);
    let mse =
        image.iter().zip(reference.iter()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / image.len() as f64;
    let psnr = 10.0 * (4.0 / mse).log10();
    until(&mut harness, "the error of this step", |harness| says(harness, &format!("PSNR {psnr:.2} dB")));
    let wipe = |harness: &Harness<App>| number(harness, Role::Slider, words::panes::WIPE);
    assert_eq!(wipe(&harness), 0.5);
    focus(&mut harness, Role::Slider, words::panes::WIPE);
    for _ in 0..3 {
        press(&mut harness, Key::ArrowRight);
    }
    assert!((wipe(&harness) - 0.53).abs() < 1e-6, "{}", wipe(&harness));
    assert!(says(&harness, &words::frame::step_of(6, 12)), "the playhead stays");
    let place = harness.get_by_role_and_label(Role::Slider, words::panes::WIPE).rect().center();
    harness.drag_at(place);
    frames(&mut harness, 2);
    harness.hover_at(place - egui::vec2(60.0, 0.0));
    frames(&mut harness, 2);
    harness.drop_at(place - egui::vec2(60.0, 0.0));
    frames(&mut harness, 2);
    assert!(wipe(&harness) < 0.45, "{}", wipe(&harness));
    for (mode, name) in [("signed", "signed"), ("absolute", "absolute"), ("relative", "relative")] {
        click(&mut harness, &words::panes::show_difference(mode));
        until(&mut harness, mode, |harness| {
            says(harness, &words::panes::difference_of(name, "E[x₀|xₜ]", words::panes::FINAL_IMAGE))
        });
    }
    // Compared with itself, the image has no difference.
    choose_reference(&mut harness, &words::panes::estimate_at_this_step(6));
    until(&mut harness, "no error", |harness| says(harness, &format!("{} 0, PSNR ∞ dB", words::panes::mse_of("all"))));
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::ArrowRight);
    until(&mut harness, "an error of the next step", |harness| !says(harness, "PSNR ∞ dB"));
    choose_reference(&mut harness, words::panes::NO_REFERENCE);
    until(&mut harness, "no table", |harness| !says(harness, &words::panes::mse_of("all")));
}

#[test]
fn samples_channels_and_curves_of_an_image() {
    let mut settings = settings("gaussian-64");
    settings.batch = 2;
    let mut harness = inspector(settings);
    choose_reference(&mut harness, &words::panes::other_image(2));
    until(&mut harness, "errors", |harness| says(harness, &words::panes::mse_of("G")));
    click_like(&mut harness, &words::chip(words::panes::CHANNEL, "RGB"));
    click(&mut harness, "luminance");
    click(&mut harness, words::panes::LOGARITHMIC);
    for (name, role) in [(words::panes::GAMMA, Role::Slider), (words::panes::OFFSET, Role::Slider)] {
        let before = number(&harness, role, name);
        focus(&mut harness, role, name);
        press(&mut harness, Key::ArrowRight);
        assert!(number(&harness, role, name) > before, "{name}");
    }
    click(&mut harness, &format!("{} ΔE[x₀|xₜ]", pane("inspector")));
    until(&mut harness, "a change", |harness| says(harness, words::panes::FULL_COLOUR_AT));
    assert!(says(&harness, &words::panes::inspected_with("ΔE[x₀|xₜ]", "image 2")));
    press(&mut harness, Key::Home);
    assert!(says(&harness, &words::chip(words::panes::CHANNEL, "luminance")));
}

#[test]
fn a_reference_that_is_no_image_gets_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = inspector(settings("gaussian-64"));
    let open = |harness: &mut Harness<App>, path: &std::path::Path| {
        click_like(harness, &words::chip(words::panes::REFERENCE, ""));
        let field = harness.get_by_label(words::panes::PATH_OF_REFERENCE);
        field.focus();
        harness.step();
        // The previously typed text is replaced.
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.step();
        harness.get_by_label(words::panes::PATH_OF_REFERENCE).type_text(path.to_str().unwrap());
        frames(harness, 3);
        click(harness, words::panes::OPEN_REFERENCE);
    };
    let missing = folder.path().join("nothing.png");
    open(&mut harness, &missing);
    let test = "window_levels::a_reference_that_is_no_image_gets_a_sentence";
    let words = [("PATH", missing.to_str().unwrap().to_owned())];
    until(&mut harness, "the sentence", |harness| documented_is_shown(harness, test, &words));
    click(&mut harness, words::messages::DISMISS_IN_PANE);
    assert!(!documented_is_shown(&harness, test, &words));
    let path = folder.path().join("grey.png");
    image::RgbImage::from_pixel(90, 70, image::Rgb([128; 3])).save(&path).unwrap();
    open(&mut harness, &path);
    until(&mut harness, "errors", |harness| says(harness, &words::panes::mse_of("all")));
    assert!(says(&harness, &words::chip(words::panes::REFERENCE, "grey.png")));
    // So does a dropped file, and isolated levels are compared with isolated levels.
    let dropped = folder.path().join("white.png");
    image::RgbImage::from_pixel(64, 64, image::Rgb([255; 3])).save(&dropped).unwrap();
    harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(dropped)));
    harness.step();
    until(&mut harness, "the dropped image", |harness| {
        says(harness, &words::chip(words::panes::REFERENCE, "white.png"))
    });
    click(&mut harness, &words::panes::isolate("1 px"));
    until(&mut harness, "one level", |harness| {
        says(harness, &words::panes::show_all_levels_of(words::panes::INSPECTED_IMAGE, &words::panes::only("1 px")))
    });
}

#[test]
fn a_file_beside_latents_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.png");
    image::RgbImage::new(16, 16).save(&path).unwrap();
    let refused = ReferenceImage::read(&path).unwrap().values([4, 8, 8]).unwrap_err().to_string();
    let test = "window_levels::a_file_beside_latents_is_refused_in_a_sentence";
    common::faults::assert_documented(&refused, test, &[]);
}

#[test]
fn no_size_of_window_breaks_the_inspector() {
    let mut harness = inspector(settings("gaussian-64"));
    choose_reference(&mut harness, words::panes::FINAL_IMAGE);
    for (width, height) in [(480.0, 300.0), (960.0, 600.0), (600.0, 900.0), (5000.0, 200.0), (1280.0, 720.0)] {
        harness.set_size(egui::vec2(width, height));
        frames(&mut harness, 3);
    }
    // On a small projector tones and errors alternate, too.
    assert!(says(&harness, words::panes::HISTOGRAM_FROM) && !says(&harness, &words::panes::mse_of("all")));
    click(&mut harness, words::panes::COMPARE_PART);
    assert!(says(&harness, &words::panes::mse_of("all")));
}

#[test]
fn large_images_are_cut_beside_the_window() {
    let folder = tempfile::tempdir().unwrap();
    for (index, red) in [40_u8, 220].into_iter().enumerate() {
        let pixel = |x: u32, y: u32| image::Rgb([red, (x % 256) as u8, (x * y % 251) as u8]);
        image::RgbImage::from_fn(256, 256, pixel).save(folder.path().join(format!("{index}.png"))).unwrap();
    }
    let settings = RunSettings {
        steps: 4,
        size: Some((256, 256)),
        threads: Some(1),
        ..RunSettings::new(ModelSource::Images(folder.path().into()))
    };
    let mut harness = spectra(settings);
    click(&mut harness, &words::panes::isolate("64 px"));
    // Old pictures stay until the level has been split; then their scale is that of the level.
    let scale =
        |harness: &Harness<App>| painted(harness).iter().filter(|text| text.starts_with('±')).cloned().collect();
    let before: Vec<String> = scale(&harness);
    press(&mut harness, Key::Home);
    until(&mut harness, "the level of another step", |harness| {
        let now: Vec<String> = scale(harness);
        now.len() >= 2 && now != before
    });
    assert_eq!(alone(&harness).unwrap(), words::panes::only("64 px"));
    click(&mut harness, pane("levels"));
    until(&mut harness, "levels", |harness| says(harness, &words::panes::energy_of("128 px")));
    click(&mut harness, pane("inspector"));
    until(&mut harness, "a histogram", |harness| says(harness, words::panes::HISTOGRAM_FROM));
}
