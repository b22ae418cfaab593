//! Seed, class and batch.

use super::{FieldLook, TopBar};
use crate::app::draw::forms::class_number_ui;
use crate::app::draw::icons::Icon;
use crate::app::draw::setting::whole_chip;
use crate::app::draw::widgets::{icon_button, menu_chip};
use crate::app::intent::Intent;
use crate::app::words;
use crate::session::action::Action;
use crate::session::setting::Setting;
use egui::Ui;

/// Seed and class, which decide the image.
pub(super) fn noise_ui(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let chip = (look.widths.seed, 1.0, look.changed(Setting::Seed));
    whole_chip(ui, Setting::Seed, run, chip, intents);
    if icon_button(ui, Icon::Dice, words::frame::NEW_SEED, "Choose a random seed and run", false).clicked() {
        // A step of a linear congruential generator: any number that looks unlike the last one.
        let next = run.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 44;
        intents.push(Intent::ChangeAndRun(vec![Action::set(Setting::Seed, next)]));
    }
    class_chip(ui, bar, look, intents);
}

fn class_chip(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let Some(model) = bar.model.filter(|model| model.takes_labels) else {
        // Its space is reserved, so that nothing moves when another model is opened.
        ui.add_enabled_ui(false, |ui| {
            let shown = if bar.model.is_some() { "no classes" } else { "…" };
            let tip = "This model has no classes";
            menu_chip(ui, look.chip((words::frame::CLASS, look.widths.class), shown, tip, false), |_| {});
        });
        return;
    };
    let name = |label: i64| {
        let name = usize::try_from(label).ok().and_then(|label| model.class_names().get(label).cloned());
        name.unwrap_or_else(|| label.to_string())
    };
    let current = bar.document.run.label;
    let shown = current.or(model.null_label).map_or_else(|| words::frame::NO_CLASS_SHOWN.to_owned(), name);
    let run = &bar.document.run;
    let shown = match (&run.by_level, run.label_switch) {
        (Some(_), _) => words::frame::BY_LEVEL.to_owned(),
        (None, Some(_)) => words::frame::OVER_TIME.to_owned(),
        (None, None) => shown,
    };
    let one = run.by_level.is_none() && run.label_switch.is_none();
    let tip = "What to generate. The Guidance layout has classes by level and classes over time";
    let changed = look.changed(Setting::Label) || look.changed(Setting::LabelsByLevel);
    menu_chip(ui, look.chip((words::frame::CLASS, look.widths.class), &shown, tip, changed), |ui| {
        ui.set_min_width(180.0);
        let classes = i64::try_from(model.classes.unwrap_or(0)).unwrap_or(0);
        egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for value in 0..classes {
                let wanted = Some(value).filter(|_| Some(value) != model.null_label);
                if ui.selectable_label(one && current == wanted, name(value)).clicked() {
                    intents.push(Intent::Change(Action::SetLabel(wanted)));
                    ui.close();
                }
            }
        });
        if classes == 0 {
            ui.horizontal(|ui| {
                ui.label("class");
                if let Some(label) = class_number_ui(ui, words::frame::CLASS_NUMBER, current) {
                    intents.push(Intent::Change(Action::SetLabel(Some(label))));
                }
            });
            if one && current.is_some() && ui.button(words::frame::NO_CLASS).clicked() {
                intents.push(Intent::Change(Action::SetLabel(None)));
                ui.close();
            }
        }
    });
}

pub(super) fn batch_ui(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let chip = (look.widths.batch, 0.1, look.changed(Setting::Batch));
    whole_chip(ui, Setting::Batch, &bar.document.run, chip, intents);
}
