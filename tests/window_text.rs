//! Prompts in the window: fields, tokens, prompts by level, the words that rule, and the parts that are loaded.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::App;
use chromascope::app::board::Board;
use chromascope::app::draw::forms::FormState;
use chromascope::app::draw::theme;
use chromascope::app::fetching::Fetching;
use chromascope::app::frame::messages::{Messages, messages_ui};
use chromascope::app::intent::Intent;
use chromascope::app::words;
use chromascope::denoiser::guided::{GuidanceScale, LevelMode};
use chromascope::session::RunSettings;
use chromascope::session::action::Action;
use chromascope::session::document::Layout;
use chromascope::session::setting::PromptsByLevel;
use egui::{Key, Modifiers, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;
use std::time::{Duration, Instant};

/// A tiny pipeline with guidance, in the Guidance layout.
fn guided_at(size: Vec2, change: impl FnOnce(&mut RunSettings)) -> Harness<'static, App> {
    let mut settings = settings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipelines/sd15"));
    settings.steps = 10;
    settings.guidance = Some(GuidanceScale::Constant(7.5));
    change(&mut settings);
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Guidance));
    let mut harness = open_with(launch, size);
    until_done(&mut harness);
    harness
}

fn guided(change: impl FnOnce(&mut RunSettings)) -> Harness<'static, App> {
    guided_at(PROJECTOR, change)
}

fn text_of(harness: &Harness<App>, field: &str) -> String {
    harness.get_by_label(field).accesskit_node().value().unwrap_or_default()
}

/// Types letter by letter, as a keyboard does.
fn type_letters(harness: &mut Harness<App>, text: &str) {
    for letter in text.chars() {
        harness.event(egui::Event::Text(letter.to_string()));
        harness.step();
    }
}

fn has_painted(harness: &Harness<App>, words: &str) -> bool {
    painted(harness).iter().any(|text| text == words)
}

#[test]
fn a_prompt_is_typed_run_and_undone_by_words() {
    let mut harness = guided(|_| {});
    let field = words::panes::PROMPT_FIELD;
    click(&mut harness, field);
    // Most of these letters are shortcuts elsewhere.
    type_letters(&mut harness, "a bird sap?0 1");
    assert_eq!(text_of(&harness, field), "a bird sap?0 1");
    assert!(!says(&harness, "Tab moves to the next control"), "? opened no list of keys");
    for left in ["a bird sap?0 ", "a bird ", "a "] {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        frames(&mut harness, 2);
        assert_eq!(text_of(&harness, field), left);
    }
    type_letters(&mut harness, "cat");
    // These steps take a moment, so a pause of typing is enough.
    until(&mut harness, "a run of what was typed", |harness| {
        !says(harness, words::frame::NOT_RUN_YET) && is_done(harness)
    });
    type_letters(&mut harness, " and");
    press(&mut harness, Key::Enter);
    until_done(&mut harness);
    assert_eq!(text_of(&harness, field), "a cat and", "Enter starts no line");
    assert!(!says(&harness, words::frame::NOT_RUN_YET));
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    frames(&mut harness, 2);
    assert_eq!(text_of(&harness, field), "a cat and\n", "Shift Enter does");
}

#[test]
fn without_live_runs_a_typed_prompt_waits() {
    let mut launch =
        launch(RunSettings { steps: 4, ..settings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipelines/sd15")) });
    launch.first.extend([Action::SetLayout(Layout::Guidance), Action::SetLive(false)]);
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    click(&mut harness, words::panes::PROMPT_FIELD);
    type_letters(&mut harness, "a cat");
    settle(&mut harness);
    assert!(says(&harness, &words::frame::not_run_yet("prompt")));
    press(&mut harness, Key::Enter);
    until_done(&mut harness);
    assert!(!says(&harness, words::frame::NOT_RUN_YET));
}

#[test]
fn tokens_are_chips_and_what_fell_off_is_said() {
    let mut harness = guided(|settings| settings.prompt = Some("a (cat:1.5) and the last words".into()));
    settle(&mut harness);
    assert!(says(&harness, "of 77 tokens") && has_painted(&harness, "1.5"), "{:?}", painted(&harness));
    let field = words::panes::PROMPT_FIELD;
    assert!(says(&harness, &words::panes::tokens_of(field, "a ")));
    click(&mut harness, field);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Home);
    harness.event(egui::Event::Paste("bird ".repeat(90)));
    frames(&mut harness, 2);
    settle(&mut harness);
    until(&mut harness, "the words that fell off", |harness| {
        painted(harness).iter().any(|text| text.contains("left out") && text.contains("the last words"))
    });
}

#[test]
fn ten_thousand_words_leave_the_window_quick() {
    let mut harness = guided(|settings| settings.prompt = Some("bird ".repeat(10_000)));
    settle(&mut harness);
    let frame = (0..5).map(|_| {
        let began = Instant::now();
        harness.step();
        began.elapsed()
    });
    let quickest = frame.min().unwrap();
    // Without optimization, and beside other tests: laying out all words again would take seconds.
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
    assert!(says(&harness, words::panes::PROMPT_FIELD));
}

/// The quickest of some letters that are typed into the prompt, each with the frame after it.
fn time_of_a_letter(prompt: &str) -> Duration {
    let mut harness = guided(|settings| settings.prompt = Some(prompt.into()));
    settle(&mut harness);
    // Its middle may be scrolled out of sight, so it is not clicked.
    harness.get_by_label(words::panes::PROMPT_FIELD).focus();
    frames(&mut harness, 2);
    let letters = "letters".chars().map(|letter| {
        harness.event(egui::Event::Text(letter.to_string()));
        let began = Instant::now();
        harness.step();
        harness.step();
        began.elapsed()
    });
    let quickest = letters.min().unwrap();
    assert!(text_of(&harness, words::panes::PROMPT_FIELD).contains("letters"));
    quickest
}

#[test]
fn a_letter_in_ten_thousand_words_is_as_quick_as_in_a_text_that_is_all_shown() {
    let long = time_of_a_letter(&"bird ".repeat(10_000));
    let shown = time_of_a_letter(&"bird ".repeat(790));
    let ratio = long.as_secs_f64() / shown.as_secs_f64();
    assert!(ratio < 3.0, "{long:?} of {shown:?}: {ratio:.1}");
}

#[test]
fn what_is_not_shown_of_a_long_prompt_is_kept_and_goes_with_all_that_is_selected() {
    let long = "bird ".repeat(2_000);
    let mut harness = guided(|settings| settings.prompt = Some(long.clone()));
    settle(&mut harness);
    let field = words::panes::PROMPT_FIELD;
    assert!(has_painted(&harness, &words::panes::not_shown(4_000, 6_000)), "{:?}", painted(&harness));
    harness.get_by_label(field).focus();
    frames(&mut harness, 2);
    type_letters(&mut harness, "xy");
    frames(&mut harness, 2);
    assert_eq!(text_of(&harness, field), format!("{}xy", &long[..4_000]));
    assert!(has_painted(&harness, &words::panes::not_shown(4_002, 6_000)), "{:?}", painted(&harness));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.step();
    harness.step();
    type_letters(&mut harness, "cat");
    frames(&mut harness, 2);
    assert_eq!(text_of(&harness, field), "cat", "with the rest, as all was selected");
}

#[test]
fn each_level_has_a_prompt_and_the_strip_says_which_rules() {
    let mut harness = guided(|settings| settings.prompt = Some("a red bird".into()));
    click(&mut harness, words::frame::BY_LEVEL);
    assert!(says(&harness, &words::chip(words::frame::PROMPT, words::frame::BY_LEVEL)), "the top bar says so");
    click(&mut harness, &words::panes::prompt_of("2 px"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    type_letters(&mut harness, "hill");
    press(&mut harness, Key::Enter);
    until_done(&mut harness);
    for rules in ["\"a red bird\"", "\"hill\""] {
        until(&mut harness, rules, |harness| has_painted(harness, rules));
    }
    click(&mut harness, LevelMode::Band.name());
    until_done(&mut harness);
    until(&mut harness, "a strip for each band", |harness| has_painted(harness, "\"hill\": 2 px and coarser"));
    click(&mut harness, words::panes::ONE_PROMPT);
    until(&mut harness, "one prompt", |harness| !has_painted(harness, "\"hill\": 2 px and coarser"));
    assert_eq!(text_of(&harness, words::panes::PROMPT_FIELD), "hill", "the coarsest, which most is of");
}

#[test]
fn a_prompt_that_changes_has_a_strip_of_its_texts() {
    let harness = guided(|settings| settings.prompt = Some("a [cat:dog:0.4]".into()));
    for text in ["\"a cat\"", "\"a dog\""] {
        assert!(has_painted(&harness, text), "{text}: {:?}", painted(&harness));
    }
}

#[test]
fn guidance_is_taken_apart_by_words() {
    let mut harness = guided(|settings| settings.prompt = Some("a cat".into()));
    click(&mut harness, pane("parts"));
    for part in ["\"a cat\"", "no words", "difference"] {
        until(&mut harness, part, |harness| says(harness, &words::panes::part(part)));
    }
    click(&mut harness, words::panes::NEGATIVE_FIELD);
    type_letters(&mut harness, "dog");
    press(&mut harness, Key::Enter);
    until(&mut harness, "the negative prompt", |harness| says(harness, &words::panes::part("negative prompt")));
}

#[test]
fn prompts_by_level_are_kept_apart_by_their_words() {
    let prompts = ["soft fur", "a cat"].map(str::to_owned).to_vec();
    let mut harness = guided(|settings| settings.prompts_by_level = Some(PromptsByLevel::new(prompts)));
    click(&mut harness, pane("parts"));
    for part in ["\"soft fur\"", "\"a cat\"", "\"a cat\" − null"] {
        until(&mut harness, part, |harness| says(harness, &words::panes::part(part)));
    }
}

#[test]
fn a_prompt_is_written_in_a_small_window() {
    let mut harness = guided_at(vec2(960.0, 600.0), |settings| settings.prompt = Some("a red bird on a branch".into()));
    click(&mut harness, &words::chip(words::frame::PROMPT, "a red bird on a branch"));
    settle(&mut harness);
    let field = words::panes::field_in(words::panes::PROMPT_FIELD, "top bar");
    assert_eq!(text_of(&harness, &field), "a red bird on a branch");
    type_letters(&mut harness, "y");
    settle(&mut harness);
    assert_eq!(text_of(&harness, &field), "a red bird on a branchy", "it has the keyboard at once, at the end");
    let screen = harness.ctx.content_rect();
    for name in [field.clone(), words::panes::field_in(words::panes::NEGATIVE_FIELD, "top bar")] {
        assert!(screen.contains_rect(harness.get_by_label(&name).rect()), "{name}");
    }
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    assert!(harness.query_by_label(&field).is_none(), "it is closed");
    until(&mut harness, "the words in the bar", |harness| {
        says(harness, &words::chip(words::frame::PROMPT, "a red bird on a branchy"))
    });
}

#[test]
fn loading_has_progress_and_ends_when_that_is_wanted() {
    let run = settings("any");
    let loading = Fetching { text: "Opening unet, part 3 of 4".into(), share: Some(0.6) };
    let mut harness = Harness::builder().with_size(vec2(900.0, 200.0)).build_ui_state(
        |ui, pushed: &mut (bool, Vec<Intent>)| {
            if !std::mem::replace(&mut pushed.0, true) {
                theme::install(ui.ctx());
                return;
            }
            let board = Board::default();
            let messages = Messages {
                faults: &[],
                board: &board,
                fetching: None,
                loading: Some(&loading),
                run: &run,
                model: None,
                stand_in: None,
            };
            assert!(!messages.is_empty());
            messages_ui(ui, &messages, &mut FormState::default(), &mut pushed.1);
        },
        (false, Vec::new()),
    );
    harness.run();
    assert!(harness.query_by_label("Opening unet, part 3 of 4").is_some());
    harness.get_by_label(words::frame::CANCEL).click();
    harness.run();
    assert_eq!(harness.state().1, [Intent::Stop]);
}
