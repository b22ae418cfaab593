//! The controls in the head of the track of parts.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::text_toggle;
use crate::app::intent::Intent;
use crate::app::run_view::RunView;
use crate::app::track::head_space::HeadSpace;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::session::ClassWords;
use crate::session::action::Action;
use crate::session::parts::{PartsChoices, PartsQuantity};
use crate::words::shortened;
use egui::{Align2, Ui, UiBuilder, vec2};

/// The chosen quantity, if the run has it.
pub(super) fn shown(context: &ViewContext) -> Option<PartsChoices> {
    context.run?.parts().shown(context.view().parts)
}

/// The name of a quantity of this run: with prompts it is of those.
fn quantity_name(choices: PartsChoices, words: &ClassWords) -> String {
    match choices.quantity {
        PartsQuantity::Difference if words.are_prompts() => "prompt − null".to_owned(),
        PartsQuantity::Conditional if words.are_prompts() => "prompt".to_owned(),
        PartsQuantity::Unconditional => words.null().to_owned(),
        _ => choices.name(),
    }
}

/// The controls below the track's name.
pub(super) fn head_ui(ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
    let choices = context.view().parts;
    let Some((run, shown)) = context.run.zip(shown(context)) else { return };
    let mut to = choices;
    let tip = "Noise predictions for the class or prompt and the null one, their difference, what each cascade stage \
               adds, or rₘ with and without guidance";
    let class_words = context.class_words();
    head.menu_ui(ui, 28.0, (words::tracks::PARTS_OF, &quantity_name(shown, &class_words), tip), |ui| {
        if let Some(chosen) = choices_ui(ui, run, shown, &class_words) {
            to = PartsChoices { range: None, ..chosen };
            ui.close();
        }
    });
    if let Some(below) = head.field(56.0) {
        if shown.quantity == PartsQuantity::Shares {
            let (at, color) = (below.left_center() + vec2(8.0, 0.0), Palette::of(ui).secondary);
            let dashed = words::tracks::dashed(class_words.null());
            ui.painter().text(at, Align2::LEFT_CENTER, dashed, theme::body(SMALL), color);
        } else {
            ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
                ui.horizontal(|ui| {
                    let tip = "Show each level relative to the sum of its step";
                    if text_toggle(ui, "relative", words::tracks::RELATIVE, tip, choices.relative).clicked() {
                        // Another quantity has its own range.
                        to = PartsChoices { relative: !choices.relative, range: None, ..shown };
                    }
                });
            });
        }
    }
    if to != choices {
        out.intents.push(Intent::Change(Action::SetParts(to)));
    }
}

/// All quantities, classes and stages of the run; returns the clicked one.
fn choices_ui(ui: &mut Ui, run: &RunView, shown: PartsChoices, words: &ClassWords) -> Option<PartsChoices> {
    let found = run.parts();
    let mut chosen = None;
    for quantity in PartsQuantity::ALL.into_iter().filter(|quantity| found.has(*quantity)) {
        let stages = if quantity == PartsQuantity::Stage { found.stages } else { 1 };
        for stage in 0..stages {
            let stage = if quantity == PartsQuantity::Stage { stage } else { shown.stage };
            let choice = PartsChoices { quantity, stage, ..shown };
            if ui.selectable_label(choice == shown, quantity_name(choice, words)).clicked() {
                chosen = Some(choice);
            }
        }
    }
    let of_class = matches!(shown.quantity, PartsQuantity::Conditional | PartsQuantity::Difference);
    if of_class && found.classes.len() > 1 {
        ui.add_space(6.0);
        ui.label(format!("of {}", words.what()));
        // With classes by level and over time each step may request other classes.
        if ui.selectable_label(shown.class.is_none(), "first of each step").clicked() {
            chosen = Some(PartsChoices { class: None, ..shown });
        }
        for class in &found.classes {
            let is_it = shown.class == Some(*class);
            if ui.selectable_label(is_it, shortened(&words.name(*class), 60)).clicked() {
                chosen = Some(PartsChoices { class: Some(*class), ..shown });
            }
        }
    }
    chosen
}
