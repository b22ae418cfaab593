//! Numbers that are dragged and typed. What is typed and cannot be taken as it is, is said below the field.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::words::shortened;
use egui::{Area, DragValue, Frame, Id, Label, Order, Response, RichText, Slider, TextWrapMode, Ui, vec2};
use std::cell::Cell;

/// How long what was said stays, unless the field is taken hold of again, seconds.
const SHOWN: f64 = 6.0;

/// What a number may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    least: f64,
    most: f64,
    whole: bool,
}

impl Limits {
    /// Whole numbers from one to another, both included.
    #[must_use]
    pub const fn whole(least: usize, most: usize) -> Self {
        Self { least: least as f64, most: most as f64, whole: true }
    }

    /// Any number from one to another, both included.
    #[must_use]
    pub const fn within(least: f64, most: f64) -> Self {
        Self { least, most, whole: false }
    }

    /// Any number.
    #[must_use]
    pub const fn none() -> Self {
        Self::within(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The number that a text stands for, and what there is to say of it.
    fn read(self, text: &str) -> (Option<f64>, Option<String>) {
        let Some(typed) = number_in(text, self.whole) else {
            let text = shortened(text.trim(), 20);
            let words =
                if text.is_empty() { "No number was typed".into() } else { format!("\"{text}\" is not a number") };
            return (None, Some(words));
        };
        let rounded = if self.whole { typed.round() } else { typed };
        let taken = rounded.clamp(self.least, self.most);
        let words = if taken < rounded {
            Some(format!("At most {taken}: that was taken"))
        } else if taken > rounded {
            Some(format!("At least {taken}: that was taken"))
        } else {
            (rounded != typed).then(|| format!("A whole number: {taken} was taken"))
        };
        (Some(taken), words)
    }
}

/// A number as people type them: with a decimal comma, a minus of any kind, and the unit that stands behind it. In a whole
/// number a comma is between thousands.
fn number_in(text: &str, whole: bool) -> Option<f64> {
    let text = text.trim().replace(['−', '–'], "-").replace([' ', '\u{a0}', '_', '\''], "");
    let text = text.trim_end_matches(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ','));
    let thousands = text.contains('.') || (whole && text.split(',').skip(1).all(|group| group.len() == 3));
    let text = text.replace(',', if thousands { "" } else { "." });
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A field with a number in it.
pub fn number(ui: &mut Ui, field: DragValue, limits: Limits) -> Response {
    number_with(ui, field, limits, |ui, field| ui.add(field))
}

/// The same, added by `add`.
pub fn number_with(
    ui: &mut Ui,
    field: DragValue,
    limits: Limits,
    add: impl FnOnce(&mut Ui, DragValue) -> Response,
) -> Response {
    let (id, heard) = (ui.next_auto_id(), Cell::default());
    let response = {
        let field: DragValue<'_> = field.range(limits.least..=limits.most).update_while_editing(false);
        add(ui, field.custom_parser(|text| read(limits, text, &heard)))
    };
    say_ui(ui, id, &response, heard.take());
    response
}

/// A slider with its number.
pub fn slider(ui: &mut Ui, slider: Slider, limits: Limits) -> Response {
    let (id, heard) = (ui.next_auto_id(), Cell::default());
    let response = {
        let slider: Slider<'_> = slider.update_while_editing(false);
        ui.add(slider.custom_parser(|text| read(limits, text, &heard)))
    };
    say_ui(ui, id, &response, heard.take());
    response
}

/// What was typed just now.
#[derive(Default)]
enum Heard {
    /// Nothing.
    #[default]
    Nothing,
    /// A number that was taken as it is.
    Number,
    /// Something of which there is this to say.
    Other(String),
}

fn read(limits: Limits, text: &str, heard: &Cell<Heard>) -> Option<f64> {
    let (number, words) = limits.read(text);
    heard.set(words.map_or(Heard::Number, Heard::Other));
    number
}

/// What was said of a field, and until when it stands there.
#[derive(Clone)]
struct Said {
    words: String,
    until: f64,
}

/// Says below the field what there is to say of what was typed, until it is taken hold of again.
fn say_ui(ui: &Ui, id: Id, response: &Response, heard: Heard) {
    let id = id.with("said");
    let now = ui.input(|input| input.time);
    match heard {
        Heard::Other(words) => {
            ui.data_mut(|data| data.insert_temp(id, Said { words, until: now + SHOWN }));
        }
        Heard::Nothing if !(response.gained_focus() || response.dragged()) => {}
        Heard::Number | Heard::Nothing => {
            ui.data_mut(|data| data.remove::<Said>(id));
        }
    }
    let Some(Said { words, until }) = ui.data(|data| data.get_temp(id)) else { return };
    if now >= until {
        ui.data_mut(|data| data.remove::<Said>(id));
        return;
    }
    ui.ctx().request_repaint_after_secs((until - now) as f32);
    let at = response.rect.left_bottom() + vec2(0.0, 4.0);
    Area::new(id).order(Order::Foreground).interactable(false).fixed_pos(at).show(ui.ctx(), |ui| {
        Frame::popup(ui.style()).show(ui, |ui| {
            let text = RichText::new(words).font(theme::body(SMALL)).color(Palette::of(ui).warning);
            ui.add(Label::new(text).wrap_mode(TextWrapMode::Extend));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_taken_as_it_is_gets_a_sentence() {
        let steps = Limits::whole(1, 1000);
        let read = |text: &str| steps.read(text);
        let said = |words: &str| Some(words.to_owned());
        assert_eq!(read("50"), (Some(50.0), None));
        assert_eq!(read("abc"), (None, said("\"abc\" is not a number")));
        assert_eq!(read("  "), (None, said("No number was typed")));
        assert_eq!(read("1e9"), (Some(1000.0), said("At most 1000: that was taken")));
        assert_eq!(read("-3"), (Some(1.0), said("At least 1: that was taken")));
        assert_eq!(read("1,000"), (Some(1000.0), None));
        assert_eq!(read("3.7"), (Some(4.0), said("A whole number: 4 was taken")));
        for text in ["nan", "inf", "1e999", "--1", "1.2.3", "12 px 7"] {
            assert_eq!(read(text), (None, Some(format!("\"{text}\" is not a number"))), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_type_them() {
        let read = |text: &str| Limits::within(-100.0, 1e6).read(text);
        for (text, number) in [
            ("0,25", 0.25),
            ("−3.5", -3.5),
            ("1 000", 1000.0),
            ("1,000.5", 1000.5),
            ("12 dB", 12.0),
            ("8 σ", 8.0),
            ("7 steps/s", 7.0),
            (" 2e3 ", 2000.0),
            ("+4", 4.0),
        ] {
            assert_eq!(read(text), (Some(number), None), "{text}");
        }
    }
}
