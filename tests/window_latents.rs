//! Latents, their colours and decoded images, driven by the names of the controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::words;
use chromascope::session::action::Action;
use chromascope::session::document::{Layout, Track, ViewSpace};
use chromascope::session::settings::ProviderChoice;
use chromascope::session::{RunSettings, grid_side};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;
use std::path::Path;

/// The exact Gaussian model with other channels, in a folder.
fn gaussian(folder: &Path, channels: usize) -> RunSettings {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/models/gaussian-64");
    for file in ["card.json", "config.json", "scheduler_config.json", "model.onnx"] {
        std::fs::copy(from.join(file), folder.join(file)).unwrap();
    }
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    std::fs::write(folder.join("config.json"), config.replace("_channels\": 3", &format!("_channels\": {channels}")))
        .unwrap();
    let mut settings = settings(folder.to_str().unwrap());
    settings.provider = ProviderChoice::Rust;
    settings
}

/// The label of the image of a state.
fn state_label(harness: &Harness<App>) -> String {
    let name = words::panes::image("xₜ", words::panes::STATE_NOTE);
    harness.get_by_label_contains(&name).accesskit_node().label().unwrap()
}

#[test]
fn channels_of_latents_are_side_by_side_or_alone() {
    for channels in [4, 16] {
        let folder = tempfile::tempdir().unwrap();
        let mut harness = open_with(launch(gaussian(folder.path(), channels)), PROJECTOR);
        until_done(&mut harness);
        assert!(state_label(&harness).ends_with(ViewSpace::Latents.name()), "{}", state_label(&harness));
        // Each channel has its number in each image.
        let texts = painted(&harness);
        for channel in 0..channels {
            let count = texts.iter().filter(|text| **text == channel.to_string()).count();
            assert!(count >= 3, "channel {channel}: {count} in a grid of {}", grid_side(channels));
        }
        let before = harness.get_by_label_contains(&words::panes::image("xₜ", words::panes::STATE_NOTE)).rect();
        click_like(&mut harness, words::panes::LATENT_CHANNEL);
        harness.get_all_by_label(&words::panes::channel(3)).next().unwrap().click();
        frames(&mut harness, 3);
        settle(&mut harness);
        assert!(state_label(&harness).ends_with(&words::panes::channel(3)));
        let after = harness.get_by_label_contains(&words::panes::image("xₜ", words::panes::STATE_NOTE)).rect();
        assert_eq!(before, after, "nothing moves");
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
        frames(&mut harness, 3);
        assert!(state_label(&harness).ends_with(ViewSpace::Latents.name()), "undone");
    }
}

#[test]
fn what_cannot_be_seen_of_latents_is_not_offered_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open_with(launch(gaussian(folder.path(), 4)), PROJECTOR);
    until_done(&mut harness);
    for space in [ViewSpace::Colour, ViewSpace::Decoded] {
        let name = words::panes::show_space(space.name());
        let button = harness.get_by_label(&name);
        assert!(button.accesskit_node().is_disabled(), "{space:?}");
    }
    let button = harness.get_by_label(&words::panes::show_space(ViewSpace::Colour.name())).rect();
    harness.hover_at(button.center());
    until(&mut harness, "the reason", |harness| painted(harness).iter().any(|text| text == words::panes::NO_COLOURS));
    // A model of images has no such choice.
    let harness = opened("gaussian-64");
    assert!(harness.query_by_label(&words::panes::show_space(ViewSpace::Latents.name())).is_none());
}

#[test]
fn the_inspector_reads_all_channels_and_has_no_peak_of_latents() {
    let folder = tempfile::tempdir().unwrap();
    let mut launch = launch(gaussian(folder.path(), 4));
    launch.first.push(Action::SetLayout(Layout::Spectra));
    let mut harness = open_with(launch, egui::vec2(2200.0, 1300.0));
    until_done(&mut harness);
    click(&mut harness, pane("inspector"));
    settle(&mut harness);
    let image = harness
        .get_all_by_role(Role::Image)
        .find(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("Inspected")))
        .unwrap()
        .rect();
    harness.hover_at(image.center() + egui::vec2(10.0, 10.0));
    let reads = |harness: &Harness<App>| {
        painted(harness).iter().any(|text| {
            let Some((_, values)) = text.split_once('\n') else { return false };
            values.split_whitespace().count() == 4
        })
    };
    until(&mut harness, "four values", reads);
    // The final image as a reference.
    click_like(&mut harness, words::panes::REFERENCE);
    harness.get_all_by_label(words::panes::FINAL_IMAGE).next().unwrap().click();
    frames(&mut harness, 3);
    settle(&mut harness);
    until(&mut harness, "errors", |harness| says(harness, &words::panes::mse_of("all")));
    let name = words::panes::mse_of("all");
    let all = harness.get_by_label_contains(&name);
    assert!(all.accesskit_node().value().unwrap_or_default().contains("PSNR – dB"), "{all:?}");
}

/// A first run of a tiny pipeline.
fn pipeline(folder: &Path) -> RunSettings {
    let mut settings = settings(folder.to_str().unwrap());
    settings.prompt = Some("a red cube".into());
    settings.steps = 4;
    settings
}

fn tiny(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name)
}

/// What the heading of the estimate says.
fn estimate_label(harness: &Harness<App>) -> String {
    let name = words::panes::image("E[x₀|xₜ]", words::panes::ESTIMATE_NOTE);
    harness.get_by_label_contains(&name).accesskit_node().label().unwrap()
}

fn estimate_rect(harness: &Harness<App>) -> egui::Rect {
    harness.get_by_label_contains(&words::panes::image("E[x₀|xₜ]", words::panes::ESTIMATE_NOTE)).rect()
}

#[test]
fn the_step_at_rest_is_decoded_and_one_switch_changes_all_views() {
    let mut harness = open_with(launch(pipeline(&tiny("sd15"))), PROJECTOR);
    until_done(&mut harness);
    let ends_with = |space: ViewSpace| move |harness: &Harness<App>| estimate_label(harness).ends_with(space.name());
    until(&mut harness, "the decoded image", ends_with(ViewSpace::Decoded));
    let place = estimate_rect(&harness);
    assert!(painted(&harness).iter().any(|text| text == words::tracks::FILM_DECODED), "the film strip says so");
    // A step that was not decoded is its colours first, and nothing moves when the image comes.
    press(&mut harness, egui::Key::Home);
    assert!(estimate_label(&harness).ends_with(ViewSpace::Colour.name()), "{}", estimate_label(&harness));
    until(&mut harness, "the decoded image", ends_with(ViewSpace::Decoded));
    assert_eq!(estimate_rect(&harness), place);
    // The key goes round.
    for space in [ViewSpace::Latents, ViewSpace::Colour, ViewSpace::Decoded] {
        press(&mut harness, egui::Key::V);
        until(&mut harness, space.name(), ends_with(space));
        assert_eq!(estimate_rect(&harness), place, "{space:?}");
    }
    click(&mut harness, &words::panes::show_space(ViewSpace::Colour.name()));
    assert!(ending(&harness, ViewSpace::Colour) >= 5, "switch, three headings and film strip: {:?}", painted(&harness));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    frames(&mut harness, 3);
    until(&mut harness, "undo", ends_with(ViewSpace::Decoded));
}

#[test]
fn an_isolated_level_stays_the_same_structure_in_the_image() {
    let mut run = pipeline(&tiny("sd15"));
    run.steps = 2;
    let mut harness = open_with(launch(run), PROJECTOR);
    until_done(&mut harness);
    until(&mut harness, "the decoded image", |harness| estimate_label(harness).ends_with(ViewSpace::Decoded.name()));
    click(&mut harness, &words::panes::isolate_in("16 px", pane("recovered")));
    let only = |level: &str| format!(", {}", words::panes::only(level));
    assert!(estimate_label(&harness).ends_with(&only("16 px")), "{}", estimate_label(&harness));
    click(&mut harness, &words::panes::show_space(ViewSpace::Latents.name()));
    settle(&mut harness);
    assert!(estimate_label(&harness).ends_with(&only("2 px")), "{}", estimate_label(&harness));
    // A level of the chromatogram is one of the latents.
    click(&mut harness, &words::panes::show_space(ViewSpace::Decoded.name()));
    settle(&mut harness);
    click(&mut harness, &words::panes::isolate("1 px"));
    assert!(estimate_label(&harness).ends_with(&only("8 px")), "{}", estimate_label(&harness));
}

#[test]
fn a_decoder_that_fails_leaves_the_colours_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    copy(&tiny("sd15"), folder.path());
    // That of another autoencoder, for 16 channels.
    std::fs::copy(tiny("sd3").join("vae_decoder/model.onnx"), folder.path().join("vae_decoder/model.onnx")).unwrap();
    let mut harness = open_with(launch(pipeline(folder.path())), PROJECTOR);
    until_done(&mut harness);
    let failure = |harness: &Harness<App>| {
        harness
            .query_all_by_label_contains("16")
            .any(|node| node.accesskit_node().value().is_some_and(|value| value.contains("vae_decoder")))
    };
    until(&mut harness, "the sentence", failure);
    assert!(estimate_label(&harness).ends_with(ViewSpace::Colour.name()), "{}", estimate_label(&harness));
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.as_ref().unwrap().file_name()));
        if from.is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn colours_that_nobody_published_are_fitted_on_decoded_steps() {
    let folder = tempfile::tempdir().unwrap();
    copy(&tiny("sd15"), folder.path());
    let config = folder.path().join("vae_decoder/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("0.18215", "0.25")).unwrap();
    let mut harness = open_with(launch(pipeline(folder.path())), PROJECTOR);
    until_done(&mut harness);
    until(&mut harness, "the decoded image", |harness| estimate_label(harness).ends_with(ViewSpace::Decoded.name()));
    click(&mut harness, &words::panes::show_space(ViewSpace::Colour.name()));
    assert!(estimate_label(&harness).ends_with(ViewSpace::Colour.name()), "{}", estimate_label(&harness));
    let fitted = |text: &String| (1..10).any(|steps| *text == words::panes::fitted_on(steps));
    assert!(painted(&harness).iter().any(fitted), "{:?}", painted(&harness));
}

#[test]
fn levels_of_latents_are_not_taken_for_those_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chromatogram.svg");
    let mut run = pipeline(&tiny("sd15"));
    run.steps = 2;
    let mut harness = open_with(launch(run), egui::vec2(960.0, 600.0));
    until_done(&mut harness);
    // The head says it in full in the smallest window, whatever the pictures show.
    let note = words::tracks::LATENT_SHARES_THEORY;
    for space in [ViewSpace::Decoded, ViewSpace::Latents] {
        click(&mut harness, &words::panes::show_space(space.name()));
        assert!(painted(&harness).iter().any(|text| text == note), "{space:?}: {:?}", painted(&harness));
    }
    let both = words::panes::level_in_both(1, 8);
    let level = harness.get_by_label(&words::panes::isolate("1 px")).rect();
    harness.hover_at(level.center());
    until(&mut harness, "both sizes", |harness| painted(harness).contains(&both));
    let on_strip = words::panes::isolate_on_strip("1 px", Track::Chromatogram.name(), 1);
    let (start, _) = on_strip.rsplit_once(' ').unwrap();
    let strip = harness.query_all_by_label_contains(start).next().unwrap().rect();
    harness.hover_at(strip.center());
    until(&mut harness, "both sizes on the strip", |harness| {
        painted(harness).iter().any(|text| text.ends_with(&format!(": {both}")))
    });
    click(&mut harness, &words::menu_of(Track::Chromatogram.name()));
    click(&mut harness, words::tracks::SAVE_FIGURE);
    click(&mut harness, svg());
    save_as(&mut harness, &path);
    until(&mut harness, "the figure", |_| std::fs::read_to_string(&path).is_ok_and(|text| text.contains("</svg>")));
    assert!(std::fs::read_to_string(&path).unwrap().contains(&words::tracks::pixels_of_latents(8)));
    // Images have pixels of their own.
    let harness = opened("gaussian-64");
    assert!(painted(&harness).iter().any(|text| text == words::tracks::SHARES_THEORY));
    assert!(!painted(&harness).iter().any(|text| text.contains("latents")), "{:?}", painted(&harness));
}

/// The spectra follow the switch: those of a decoded image have no noise, and their pixels are the image's.
#[test]
fn the_spectra_are_of_what_the_switch_shows() {
    let mut run = pipeline(&tiny("sd15"));
    run.steps = 2;
    let mut launch = launch(run);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    let mut harness = open_with(launch, egui::vec2(2200.0, 1300.0));
    until_done(&mut harness);
    let shows = |harness: &Harness<App>, text: &str| painted(harness).iter().any(|shown| shown == text);
    // 2 cycles over the image's 64 pixels, to its finest wave.
    let range = "over 0.031–0.50 c/px";
    until(&mut harness, "spectra of the decoded image", |harness| {
        shows(harness, words::panes::DECODED_AT_STEP)
            && says(harness, words::panes::NO_WHITE_NOISE)
            && says(harness, range)
    });
    assert!(!shows(&harness, "noise 1 − ᾱ") && !shows(&harness, words::panes::LATENTS_AT_STEP));
    // A step that is not decoded yet says so, until it is.
    press(&mut harness, egui::Key::Home);
    assert!(says(&harness, words::panes::DECODING) && !says(&harness, words::panes::NO_WHITE_NOISE));
    until(&mut harness, "the spectra", |harness| says(harness, words::panes::NO_WHITE_NOISE));
    for space in [ViewSpace::Latents, ViewSpace::Colour] {
        click(&mut harness, &words::panes::show_space(space.name()));
        until(&mut harness, "the noise", |harness| shows(harness, "noise 1 − ᾱ"));
        assert!(shows(&harness, words::panes::LATENTS_AT_STEP), "{space:?}");
        assert!(!says(&harness, words::panes::NO_WHITE_NOISE), "{space:?}");
    }
}

/// How many texts on the screen end with this way to look at latents.
fn ending(harness: &Harness<App>, space: ViewSpace) -> usize {
    painted(harness).iter().filter(|text| text.ends_with(space.name())).count()
}

#[test]
fn a_small_window_says_what_is_shown_and_no_badge_covers_another() {
    let mut launch = launch(pipeline(&tiny("sd15")));
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, egui::vec2(960.0, 600.0));
    until_done(&mut harness);
    for space in [ViewSpace::Decoded, ViewSpace::Latents, ViewSpace::Colour] {
        until(&mut harness, space.name(), |harness| estimate_label(harness).ends_with(space.name()));
        until(&mut harness, "the switch and three headings", |harness| ending(harness, space) >= 4);
        let image = estimate_rect(&harness);
        let badges: Vec<_> =
            written(&harness).into_iter().filter(|text| image.contains(text.rect.left_center())).collect();
        for (index, badge) in badges.iter().enumerate() {
            assert!(image.contains_rect(badge.rect), "{}", badge.text);
            let apart = |other: &Written| !other.rect.intersects(badge.rect);
            assert!(badges[..index].iter().all(apart), "{} covers another", badge.text);
        }
        let own = painted(&harness).iter().any(|text| text == "own" || text == "range: latents");
        assert_eq!(own, space == ViewSpace::Latents, "the range is named as what it is");
        press(&mut harness, egui::Key::V);
    }
}

#[test]
fn parts_in_a_row_are_shown_alike() {
    let mut run = pipeline(&tiny("sd15"));
    run.guidance = Some(chromascope::denoiser::guided::GuidanceScale::Constant(7.5));
    let mut launch = launch(run);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    until(&mut harness, "the decoded image", |harness| estimate_label(harness).ends_with(ViewSpace::Decoded.name()));
    click(&mut harness, pane("parts"));
    settle(&mut harness);
    // The null prompt, the prompt, the guided estimate, and the difference.
    let colours = |harness: &Harness<App>| ending(harness, ViewSpace::Colour) >= 4;
    until(&mut harness, "four headings", colours);
    let whole = format!("E[x₀|xₜ] · {}", ViewSpace::Decoded.name());
    assert!(!painted(&harness).contains(&whole), "the whole is no other picture than its parts");
}

#[test]
fn no_text_of_a_menu_is_spread() {
    fn spread(shape: &egui::Shape, found: &mut Vec<String>) {
        match shape {
            egui::Shape::Text(text) if text.galley.job.justify && text.galley.rows.len() > 1 => {
                found.push(text.galley.text().to_owned());
            }
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| spread(shape, found)),
            _ => {}
        }
    }
    let mut run = pipeline(&tiny("sd15"));
    run.prompt = Some("bird ".repeat(90).trim_end().to_owned());
    let prompt = run.prompt.clone().unwrap();
    let mut harness = open_with(launch(run), egui::vec2(960.0, 600.0));
    until_done(&mut harness);
    let menus = ["Details of the model".to_owned(), words::chip(words::frame::PROMPT, &prompt[..20])];
    for menu in menus {
        let before = painted(&harness).len();
        click_like(&mut harness, &menu);
        settle(&mut harness);
        assert!(painted(&harness).len() > before + 5, "{menu} is open");
        let mut found = Vec::new();
        harness.output().shapes.iter().for_each(|clipped| spread(&clipped.shape, &mut found));
        assert!(found.is_empty(), "{menu}: {found:?}");
        press(&mut harness, egui::Key::Escape);
    }
}
