//! One class, classes by level, or classes over time.

use crate::app::draw::forms::class_number_ui;
use crate::app::draw::number::{Limits, number};
use crate::app::draw::theme::{self, SMALL};
use crate::app::draw::widgets::{named, small_menu};
use crate::app::intent::Intent;
use crate::app::pane::guidance::{class_name, classes_of, heading, secondary, small_button};
use crate::app::track::schedule::editor::alone;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::denoiser::guided::{ByLevel, ClassSwitch, LevelMode};
use crate::figure::palette::level_label;
use crate::session::action::Action;
use crate::session::prepare::ModelInfo;
use crate::words::shortened;
use egui::{DragValue, Grid, Label, RichText, Sense, Ui, vec2};

/// Most levels that can have a class of their own here.
const MOST: usize = 8;

pub(super) fn classes_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    let Some(model) = classes_of(context) else { return };
    let settings = context.settings();
    heading(ui, "Class");
    let (by_level, switch) = (settings.by_level.is_some(), settings.label_switch.is_some());
    let first = settings.label.or_else(|| settings.by_level.as_ref()?.labels.first().copied());
    let first = first.or_else(|| settings.label_switch?.from);
    ui.horizontal_wrapped(|ui| {
        let tip = "The class chosen at the top, for the whole run";
        if ui.selectable_label(!by_level && !switch, words::panes::ONE_CLASS).on_hover_text(tip).clicked() {
            intents.extend(alone(Intent::Change(Action::SetLabel(first))));
        }
        let tip = "A class per resolution level. Coarse levels are decided early, fine ones late";
        if ui.selectable_label(by_level, words::frame::BY_LEVEL).on_hover_text(tip).clicked() && !by_level {
            let label = first.or(model.null_label).unwrap_or(0);
            let levels = ByLevel { labels: vec![label; 2], mode: LevelMode::default(), factor: 2 };
            intents.extend(alone(Intent::Change(Action::SetByLevel(Some(levels)))));
        }
        let tip = "One class first, another after part of the run: [a:b:0.4]";
        if ui.selectable_label(switch, words::frame::OVER_TIME).on_hover_text(tip).clicked() && !switch {
            let switch = ClassSwitch { from: first, to: first, at: 0.4 };
            intents.extend(alone(Intent::Change(Action::SetLabelSwitch(Some(switch)))));
        }
    });
    if let Some(levels) = &settings.by_level {
        by_level_ui(ui, context, model, levels, intents);
    }
    if let Some(switch) = settings.label_switch {
        switch_ui(ui, model, switch, intents);
    }
}

fn by_level_ui(ui: &mut Ui, context: &ViewContext, model: &ModelInfo, levels: &ByLevel, intents: &mut Vec<Intent>) {
    let mut to = levels.clone();
    ui.horizontal_wrapped(|ui| {
        for mode in LevelMode::ALL {
            if ui.selectable_label(levels.mode == mode, mode.name()).on_hover_text(about(mode)).clicked() {
                to.mode = mode;
            }
        }
    });
    let size = context.settings().image_size(model.native_size).unwrap_or((64, 64));
    let most = levels.levels_of(size).min(MOST);
    let last = levels.labels.len() - 1;
    let palette = theme::Palette::of(ui);
    Grid::new("classes by level").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        for (m, label) in to.labels.iter_mut().enumerate() {
            let name = level_label(levels.factor, m);
            let shown = if m == last { format!("{name} and coarser") } else { name.clone() };
            ui.horizontal(|ui| {
                let (swatch, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                ui.painter().rect_filled(swatch, 2.0, theme::level_colour(m, palette.ground()));
                ui.label(RichText::new(shown).font(theme::body(SMALL)).color(palette.text));
            });
            if let Some(chosen) = class_menu_ui(ui, &format!("Class of {name}"), model, Some(*label)) {
                *label = chosen;
            }
            ui.end_row();
        }
    });
    ui.horizontal_wrapped(|ui| {
        let tip = "Give the next coarser level its own class";
        if levels.labels.len() < most && small_button(ui, "Add level", tip) {
            to.labels.push(levels.labels[last]);
        }
        if last > 0 && small_button(ui, words::panes::REMOVE_LEVEL, "Use the class of the finer level for this one too")
        {
            to.labels.pop();
        }
    });
    if to != *levels {
        intents.extend(alone(Intent::Change(Action::SetByLevel(Some(to)))));
    }
    let text = "The strip below the chromatogram shows which class is active when. Change the schedule to move it.";
    ui.add(Label::new(secondary(ui, text)).wrap());
}

const fn about(mode: LevelMode) -> &'static str {
    match mode {
        LevelMode::Blend => "Weight each class by the share rₘ of its levels: ε_∅ + w·Σ rₘ(ε_cₘ − ε_∅)",
        LevelMode::Switch => "Use the class of the dominant level only",
        LevelMode::Band => "Use each class in its own levels throughout the run: ε_∅ + w·Σ Bₘ(ε_cₘ − ε_∅)",
    }
}

fn switch_ui(ui: &mut Ui, model: &ModelInfo, switch: ClassSwitch<Option<i64>>, intents: &mut Vec<Intent>) {
    let mut to = switch;
    ui.horizontal_wrapped(|ui| {
        if let Some(from) = class_menu_ui(ui, words::panes::FIRST_CLASS, model, switch.from) {
            to.from = Some(from).filter(|label| Some(*label) != model.null_label);
        }
        ui.label(secondary(ui, "switch after"));
        let field = DragValue::new(&mut to.at).speed(0.005).max_decimals(3);
        let response = number(ui, field, Limits::within(0.0, 1.0));
        named(ui, &response, "Switch after this share of the steps");
        if response.drag_stopped() || response.lost_focus() {
            intents.push(Intent::EndGesture);
        }
        response.on_hover_text("Share of the steps after which the second class is used");
        ui.label(secondary(ui, "then"));
        if let Some(second) = class_menu_ui(ui, "Second class", model, switch.to) {
            to.to = Some(second).filter(|label| Some(*label) != model.null_label);
        }
    });
    if to != switch {
        intents.push(Intent::Change(Action::SetLabelSwitch(Some(to))));
    }
}

/// The class chosen from the menu.
fn class_menu_ui(ui: &mut Ui, name: &str, model: &ModelInfo, current: Option<i64>) -> Option<i64> {
    let mut chosen = None;
    let shown = shortened(&class_name(model, current), 20);
    small_menu(ui, name, &shown, "Choose a class", |ui| {
        let classes = i64::try_from(model.classes.unwrap_or(0)).unwrap_or(0);
        egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for label in 0..classes {
                let is_current = current.or(model.null_label) == Some(label);
                if ui.selectable_label(is_current, class_name(model, Some(label))).clicked() {
                    chosen = Some(label);
                    ui.close();
                }
            }
        });
        if classes == 0 {
            chosen = class_number_ui(ui, &words::panes::its_number(name), current);
        }
    });
    chosen
}
