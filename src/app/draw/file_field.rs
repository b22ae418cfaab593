//! A field for the path of a file.

use crate::app::intent::{Ask, Intent};
use crate::session::action::Action;
use egui::{Key, Role, TextEdit, Ui, WidgetInfo};
use std::path::PathBuf;

/// A file whose path is typed, or chosen in the system's dialog if there is one.
pub(super) fn file_ui(
    ui: &mut Ui,
    (button, name, hint): (&str, &str, &str),
    typed: &mut String,
    (ask, to): (Ask, &dyn Fn(PathBuf) -> Action),
    intents: &mut Vec<Intent>,
) {
    let response = ui.add(TextEdit::singleline(typed).hint_text(hint).desired_width(200.0));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let path = typed.trim();
    if ui.button(button).clicked() || (entered && !path.is_empty()) {
        intents.push(if path.is_empty() {
            Intent::Ask(ask)
        } else {
            Intent::ChangeAndRun(vec![to(std::path::absolute(path).unwrap_or_else(|_| path.into()))])
        });
    }
}
