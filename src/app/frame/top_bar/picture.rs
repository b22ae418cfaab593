//! Seed, class or prompt, and batch.

use super::{FieldLook, TopBar, TopBarState};
use crate::app::draw::forms::class_number_ui;
use crate::app::draw::icons::Icon;
use crate::app::draw::prompt::{PromptsView, prompts_ui};
use crate::app::draw::setting::whole_chip;
use crate::app::draw::widgets::{icon_button, menu_chip, prose_ui};
use crate::app::intent::Intent;
use crate::app::words;
use crate::session::action::Action;
use crate::session::prepare::{ModelInfo, PipelineInfo};
use crate::session::setting::Setting;
use crate::words::shortened;
use egui::Ui;

/// Seed, and class or prompt, which decide the image.
pub(super) fn noise_ui(
    ui: &mut Ui,
    bar: &TopBar,
    state: &mut TopBarState,
    look: &FieldLook,
    intents: &mut Vec<Intent>,
) {
    let run = &bar.document.run;
    let chip = (look.widths.seed, 1.0, look.changed(Setting::Seed));
    whole_chip(ui, Setting::Seed, run, chip, intents);
    if icon_button(ui, Icon::Dice, words::frame::NEW_SEED, "Choose a random seed and run", false).clicked() {
        // A step of a linear congruential generator: any number that looks unlike the last one.
        let next = run.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 44;
        intents.push(Intent::ChangeAndRun(vec![Action::set(Setting::Seed, next)]));
    }
    match bar.model.and_then(|model| Some((model, model.pipeline.as_ref()?))) {
        Some(open) => prompt_chip(ui, (bar, look), open, state, intents),
        None => class_chip(ui, bar, look, intents),
    }
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

/// Width of the prompt's menu, points; less in a narrow window.
const MENU: f32 = 440.0;
/// The most of a prompt that a field may show, characters.
const SHOWN: usize = 120;

/// The prompt, and in its menu all that goes with it.
fn prompt_chip(
    ui: &mut Ui,
    (bar, look): (&TopBar, &FieldLook),
    (model, pipeline): (&ModelInfo, &PipelineInfo),
    state: &mut TopBarState,
    intents: &mut Vec<Intent>,
) {
    let run = &bar.document.run;
    let words = run.prompt.as_deref().unwrap_or_default();
    // One line of it: it is cut in any case.
    let line = shortened(words, 4 * SHOWN).split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = match &run.prompts_by_level {
        Some(_) => words::frame::BY_LEVEL.to_owned(),
        None if line.is_empty() => words::frame::NO_WORDS.to_owned(),
        None => shortened(&line, SHOWN),
    };
    let changed = [Setting::Prompt, Setting::Negative, Setting::PromptsByLevel, Setting::ClipSkip];
    let changed = changed.into_iter().any(|setting| look.changed(setting));
    let tip = "What to draw, and what not. Click to write it";
    let chip = look.chip((words::frame::PROMPT, look.widths.class), &shown, tip, changed);
    let was_open = std::mem::take(&mut state.prompts_open);
    menu_chip(ui, chip, |ui| {
        state.prompts_open = true;
        state.prompts.takes_keyboard |= !was_open;
        // That of a menu has no space around text.
        ui.reset_style();
        let window = ui.ctx().content_rect().size();
        ui.set_width(MENU.min(window.x - 48.0));
        let size = run.image_size(model.native_size);
        let view = PromptsView { run, pipeline, size, at: bar.at, place: "top bar" };
        let most = 0.76 * window.y;
        // It has the height of its contents in the last frame, which must be able to grow.
        let scroll = egui::ScrollArea::vertical().max_height(most).min_scrolled_height(most);
        scroll.show(ui, |ui| {
            prose_ui(ui, |ui| prompts_ui(ui, view, &mut state.prompts, intents));
        });
    });
}

pub(super) fn batch_ui(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let chip = (look.widths.batch, 0.1, look.changed(Setting::Batch));
    whole_chip(ui, Setting::Batch, &bar.document.run, chip, intents);
}
