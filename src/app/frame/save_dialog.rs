//! The dialog for the folder and name of a file.

use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::intent::Intent;
use crate::app::pane::panel::{problem, secondary};
use crate::app::saving::{SaveStage, Saving};
use crate::app::words;
use crate::words::sentence;
use egui::text::{CCursor, CCursorRange};
use egui::{Align, Button, Context, Id, Key, Label, Layout, Modal, RichText, Role, TextEdit, Ui, WidgetInfo, vec2};

/// Draws the dialog; requests are returned as intents.
pub fn save_dialog_ui(ctx: &Context, saving: &mut Saving, intents: &mut Vec<Intent>) {
    let modal = Modal::new(Id::unique("save")).show(ctx, |ui| {
        ui.set_width((ui.ctx().content_rect().width() - 80.0).clamp(240.0, 560.0));
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.label(RichText::new(words::frame::save_what(&saving.save.what)).font(theme::strong(BODY + 1.0)));
        let entered = path_ui(ui, saving);
        said_ui(ui, saving);
        let wanted = buttons_ui(ui, saving, intents);
        // Enter never replaces a file: that has a button of its own.
        let wanted = wanted.or(entered.then_some(false)).filter(|_| !matches!(saving.stage, SaveStage::Writing(_)));
        if let Some((replace, place)) = wanted.zip(saving.place()) {
            saving.stage = SaveStage::Writing(place.clone());
            intents.push(Intent::WriteSave { path: place, replace });
        }
    });
    if modal.should_close() {
        intents.push(Intent::CloseSave);
    }
}

/// The field for the path; returns whether it was left by Enter.
fn path_ui(ui: &mut Ui, saving: &mut Saving) -> bool {
    let before = saving.place();
    let mut output = TextEdit::singleline(&mut saving.path).desired_width(f32::INFINITY).show(ui);
    let response = &output.response;
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, words::frame::SAVE_PATH));
    if std::mem::take(&mut saving.fresh) {
        // The name without its extension is selected, so that typing replaces it.
        let end = saving.path.chars().count() - saving.save.ending.chars().count() - 1;
        let begin = end - saving.save.name.chars().count();
        let range = CCursorRange::two(CCursor::new(begin), CCursor::new(end));
        output.state.cursor.set_char_range(Some(range));
        output.state.store(ui.ctx(), response.id);
        response.request_focus();
    }
    if response.changed() && saving.place() != before && !matches!(saving.stage, SaveStage::Writing(_)) {
        saving.stage = SaveStage::Asking;
    }
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// The resulting path, or what is in the way.
fn said_ui(ui: &mut Ui, saving: &Saving) {
    let note = |ui: &mut Ui, text: &str| drop(ui.add(Label::new(secondary(ui, text)).wrap()));
    match (&saving.stage, saving.place()) {
        (_, None) => note(ui, "Type a file name."),
        (SaveStage::Writing(_), _) => note(ui, "Writing …"),
        (SaveStage::Taken(_, there), Some(place)) => {
            let name =
                place.file_name().map_or_else(|| place.display().to_string(), |name| name.to_string_lossy().into());
            let text = format!("{} ({there}). Type another name, or replace it.", words::frame::exists(&name));
            let color = Palette::of(ui).warning;
            ui.add(Label::new(RichText::new(text).color(color)).wrap());
        }
        (SaveStage::Failed(reason), _) => problem(ui, &sentence(reason)),
        (SaveStage::Asking, Some(place)) if place.display().to_string() != saving.path.trim() => {
            note(ui, &format!("Saves to {}", place.display()));
        }
        (SaveStage::Asking, _) => note(ui, "Existing files are kept unless you replace them."),
    }
}

/// The buttons. Returns whether to replace an existing file, if it is to be written.
fn buttons_ui(ui: &mut Ui, saving: &Saving, intents: &mut Vec<Intent>) -> Option<bool> {
    let palette = Palette::of(ui);
    let ready = saving.place().is_some() && !matches!(saving.stage, SaveStage::Writing(_));
    let mut wanted = None;
    ui.horizontal(|ui| {
        let tip = "Choose the folder in the system's file dialog";
        if ui.button("Browse…").on_hover_text(tip).clicked() {
            intents.push(Intent::BrowseSave);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let replace = saving.may_replace();
            let (text, color) =
                if replace { (words::frame::REPLACE, palette.warning) } else { (words::frame::SAVE, palette.accent) };
            let text = RichText::new(text).font(theme::strong(BODY)).color(palette.on_accent);
            let button = Button::new(text).fill(color).min_size(vec2(76.0, 28.0));
            if ui.add_enabled(ready, button).clicked() {
                wanted = Some(replace);
            }
            if ui.button(words::frame::CANCEL).clicked() {
                intents.push(Intent::CloseSave);
            }
        });
    });
    wanted
}
