//! A field for a prompt, which grows with its text up to a few lines. The document holds the text.

use super::long::FieldMemory;
use super::units::unit_of;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::intent::Intent;
use crate::app::words;
use crate::session::action::Action;
use egui::{
    Event, Id, Key, KeyboardShortcut, Label, Modifiers, Response, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo,
};

/// The line height of the text, points.
const ROW: f32 = 18.0;

/// A field for a prompt.
pub struct PromptField<'a> {
    /// Its name for a screen reader, unique in the window.
    pub name: &'a str,
    /// Distinguishes it from a field of this name in another place.
    pub place: &'a str,
    /// What it says while it is empty.
    pub hint: &'a str,
    /// Its text in the document.
    pub text: &'a str,
    /// Lines without text, and at most; more of them scroll.
    pub rows: (usize, usize),
}

impl PromptField<'_> {
    /// Draws it. `change` makes the change of the document from the new text.
    pub fn show(&self, ui: &mut Ui, change: impl FnOnce(String) -> Action, intents: &mut Vec<Intent>) -> Response {
        let (least, most) = self.rows;
        let kept = ui.make_persistent_id((self.place, self.name, "kept"));
        let mut memory: FieldMemory = ui.data(|data| data.get_temp(kept)).unwrap_or_default();
        let (shown, rest) = memory.cut(self.text);
        let mut text = shown.to_owned();
        let output = ScrollArea::vertical()
            .id_salt((self.place, self.name))
            .auto_shrink([false, true])
            .max_height(ROW * most as f32 + 8.0)
            .show(ui, |ui| {
                TextEdit::multiline(&mut text)
                    .id_salt((self.place, self.name, "text"))
                    .hint_text(self.hint)
                    .font(theme::body(BODY))
                    .desired_rows(least)
                    .desired_width(f32::INFINITY)
                    .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
                    .show(ui)
            })
            .inner;
        let response = output.response.response;
        // Without the text itself, which a screen reader gets from the field.
        let name = words::panes::field_in(self.name, self.place);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, ui.is_enabled(), &name));
        if !rest.is_empty() {
            let note = RichText::new(words::panes::not_shown(shown.chars().count(), rest.chars().count()));
            ui.add(Label::new(note.font(theme::body(SMALL)).color(Palette::of(ui).secondary)).wrap());
            let copies = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy | Event::Cut)));
            if copies && memory.selects_all && response.has_focus() {
                ui.copy_text(self.text.to_owned());
            }
        }
        if response.changed() && text != shown {
            let unit = unit_of(shown, &text, memory.removed);
            memory.removed = unit.removes;
            let whole = memory.joined(text, rest, !unit.ends);
            intents.extend(unit.begins.then_some(Intent::EndGesture));
            intents.push(Intent::Typed(change(whole)));
            intents.extend(unit.ends.then_some(Intent::EndGesture));
        }
        let range = output.cursor_range.map(|range| range.as_sorted_char_range());
        let end = output.galley.end().index;
        memory.selects_all = range.is_some_and(|range| range.start.0 == 0 && range.end.0 > 0 && range.end == end);
        ui.data_mut(|data| data.insert_temp(kept, memory));
        if response.lost_focus() {
            intents.push(Intent::EndGesture);
        }
        if response.has_focus() && is_entered(ui, response.id) {
            intents.push(Intent::RunTyped);
        }
        response
    }
}

/// Whether Enter was pressed without Shift, and not to choose what an input method offers.
fn is_entered(ui: &Ui, field: Id) -> bool {
    ui.memory(|memory| memory.has_focus(field))
        && ui.input(|input| {
            let composes = input.events.iter().any(|event| matches!(event, Event::Ime(_)));
            let enter = |event: &Event| {
                matches!(event, Event::Key { key: Key::Enter, pressed: true, modifiers, .. } if !modifiers.shift)
            };
            !composes && input.events.iter().any(enter)
        })
}
