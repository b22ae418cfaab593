//! Numbers to drag and type. Invalid input changes nothing, and the reason is shown beside the field.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::session::setting::{Setting, ValueKind};
use crate::words::shortened;
use egui::{
    Area, Color32, DragValue, Frame, Id, Key, Label, Order, Pos2, Rect, Response, RichText, Slider, TextWrapMode, Ui,
    Vec2, pos2,
};
use std::cell::Cell;

/// How long a remark stays unless the field is used again, seconds.
const SHOWN: f64 = 6.0;
/// Distance between a field and its remark, points.
const GAP: f32 = 4.0;
/// Anything clickable up to this height is a control and not a pane, points.
const HIGHEST: f32 = 48.0;

/// The limits of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    least: f64,
    most: f64,
    whole: bool,
}

impl Limits {
    /// Whole numbers in a range, both ends included.
    #[must_use]
    pub const fn whole(least: usize, most: usize) -> Self {
        Self { least: least as f64, most: most as f64, whole: true }
    }

    /// Numbers in a range, both ends included.
    #[must_use]
    pub const fn within(least: f64, most: f64) -> Self {
        Self { least, most, whole: false }
    }

    /// The limits of a setting in the window.
    #[must_use]
    pub fn of(setting: Setting) -> Self {
        let (least, most) = setting.offered();
        Self { least, most, whole: matches!(setting.declaration().kind, ValueKind::Whole { .. }) }
    }

    /// Any number.
    #[must_use]
    pub const fn none() -> Self {
        Self::within(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The number in a text, or why it is not valid.
    fn read(self, text: &str) -> Result<f64, String> {
        let typed = shortened(text.trim(), 20);
        if typed.is_empty() {
            return Err("Type a number".into());
        }
        let Some(number) = number_in(text, self.whole) else {
            return Err(format!("\"{typed}\" is not a number"));
        };
        let Self { least, most, whole } = self;
        if number > most {
            Err(format!("\"{typed}\" is too large: at most {most}"))
        } else if number < least {
            Err(format!("\"{typed}\" is too small: at least {least}"))
        } else if whole && number.fract() != 0.0 {
            Err(format!("\"{typed}\" is not a whole number"))
        } else {
            Ok(number)
        }
    }
}

/// The units that may stand after a number.
const UNITS: [&str; 14] =
    ["", "dB", "db", "σ", "%", "px", "nat", "nats", "s", "ms", "step", "steps", "step/s", "steps/s"];

/// A number as people type it: with a decimal comma, any kind of minus, and a unit after it. In a whole
/// number a comma separates thousands.
fn number_in(text: &str, whole: bool) -> Option<f64> {
    let text = text.trim().replace(['−', '–'], "-").replace([' ', '\u{a0}', '_', '\''], "");
    let number = text.trim_end_matches(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ','));
    let text = UNITS.contains(&&text[number.len()..]).then_some(number)?;
    let thousands = text.contains('.') || (whole && text.split(',').skip(1).all(|group| group.len() == 3));
    let text = text.replace(',', if thousands { "" } else { "." });
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A field with a number. Invalid input changes nothing and is explained.
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
    heard(ui, limits, |ui, parser| add(ui, in_range(field, limits).custom_parser(parser))).0
}

/// The same; also whether a valid number was just entered with Enter, even if it is the previous one.
pub fn number_entered(ui: &mut Ui, field: DragValue, limits: Limits) -> (Response, bool) {
    let (response, is_number) = heard(ui, limits, |ui, parser| ui.add(in_range(field, limits).custom_parser(parser)));
    let entered = is_number && response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    (response, entered)
}

/// A slider with its number.
pub fn slider(ui: &mut Ui, slider: Slider, limits: Limits) -> Response {
    heard(ui, limits, |ui, parser| ui.add(slider.update_while_editing(false).custom_parser(parser))).0
}

/// A field that takes its value when it loses focus, and cannot be dragged beyond its limits.
fn in_range(field: DragValue, limits: Limits) -> DragValue {
    field.range(limits.least..=limits.most).update_while_editing(false)
}

/// Adds a field with a remark on invalid input. Returns whether a valid number was entered.
fn heard(
    ui: &mut Ui,
    limits: Limits,
    add: impl FnOnce(&mut Ui, &dyn Fn(&str) -> Option<f64>) -> Response,
) -> (Response, bool) {
    let (id, heard) = (ui.next_auto_id(), Cell::new(None));
    let response = add(ui, &|text| {
        let read = limits.read(text);
        heard.set(Some(read.clone()));
        read.ok()
    });
    let heard = heard.take();
    let is_number = matches!(heard, Some(Ok(_)));
    say_ui(ui, id, &response, heard);
    (response, is_number)
}

/// The remark on a field, and when it disappears. There is one at a time, the newest.
#[derive(Clone)]
struct Remark {
    field: Id,
    words: String,
    until: f64,
}

/// Shows the remark beside the field until the field is used again.
fn say_ui(ui: &Ui, field: Id, response: &Response, heard: Option<Result<f64, String>>) {
    let slot = Id::unique("said of a number");
    let now = ui.input(|input| input.time);
    let said: Option<Remark> = ui.data(|data| data.get_temp(slot));
    let of_this = said.filter(|said| said.field == field);
    let said = match heard {
        Some(Err(words)) => Some(Remark { field, words, until: now + SHOWN }),
        None if !(response.gained_focus() || response.dragged()) => of_this.clone().filter(|said| now < said.until),
        Some(Ok(_)) | None => None,
    };
    let Some(said) = said else {
        if of_this.is_some() {
            ui.data_mut(|data| data.remove::<Remark>(slot));
        }
        return;
    };
    ui.ctx().request_repaint_after_secs((said.until - now) as f32);
    let text = RichText::new(&said.words).font(theme::body(SMALL)).color(Palette::of(ui).warning);
    ui.data_mut(|data| data.insert_temp(slot, said.clone()));
    let frame = Frame::popup(ui.style());
    let words = ui.painter().layout_no_wrap(said.words, theme::body(SMALL), Color32::PLACEHOLDER);
    let at = place(ui, response, words.size() + frame.total_margin().sum());
    Area::new(field.with("said")).order(Order::Tooltip).interactable(false).fixed_pos(at).show(ui.ctx(), |ui| {
        frame.show(ui, |ui| ui.add(Label::new(text).wrap_mode(TextWrapMode::Extend)));
    });
}

/// The position for a remark of this size near a field, where it covers the fewest controls.
fn place(ui: &Ui, field: &Response, size: Vec2) -> Pos2 {
    let is_small = |rect: Rect| rect.height() <= HIGHEST && !rect.contains_rect(field.rect);
    let taken: Vec<Rect> = ui.ctx().viewport(|viewport| {
        let widgets = viewport.prev_pass.widgets.layers().flat_map(|(_, widgets)| widgets);
        let others = widgets.filter(|widget| widget.sense.interactive() && widget.id != field.id);
        others.map(|widget| widget.interact_rect).filter(|rect| is_small(*rect)).collect()
    });
    free_place(field.rect, size, ui.ctx().content_rect(), &taken)
}

/// A position near a field, within the screen, that covers the least of the occupied areas; below and near is preferred.
fn free_place(field: Rect, size: Vec2, screen: Rect, taken: &[Rect]) -> Pos2 {
    let left = field.left().min(screen.right() - size.x).max(screen.left());
    let middle = field.center().y - 0.5 * size.y;
    let below = |lines: f32| pos2(left, field.bottom() + GAP + lines * (field.height() + GAP));
    let places = [
        below(0.0),
        pos2(left, field.top() - GAP - size.y),
        below(1.0),
        below(2.0),
        pos2(field.right() + GAP, middle),
        pos2(field.left() - GAP - size.x, middle),
    ];
    let rect = |at: Pos2| Rect::from_min_size(at, size);
    let covered = |at: Pos2| {
        let overlaps = taken.iter().map(|other| rect(at).intersect(*other)).filter(egui::Rect::is_positive);
        overlaps.map(|overlap| overlap.area()).sum::<f32>()
    };
    let inside = places.into_iter().filter(|at| screen.contains_rect(rect(*at)));
    let least = inside.map(|at| (at, covered(at))).reduce(|best, next| if next.1 < best.1 { next } else { best });
    least.map_or(places[0], |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn what_cannot_be_taken_gets_a_sentence() {
        let steps = Limits::whole(1, 1000);
        let read = |text: &str| steps.read(text);
        let said = |words: &str| Err(words.to_owned());
        assert_eq!(read("50"), Ok(50.0));
        assert_eq!(read("50.0"), Ok(50.0));
        assert_eq!(read("1,000"), Ok(1000.0));
        assert_eq!(read("  "), said("Type a number"));
        assert_eq!(read("1e9"), said("\"1e9\" is too large: at most 1000"));
        assert_eq!(read("-3"), said("\"-3\" is too small: at least 1"));
        assert_eq!(read("3.7"), said("\"3.7\" is not a whole number"));
        for text in ["abc", "nan", "inf", "1e999", "--1", "1.2.3", "12 px 7", "3x", "3 x", "4abc", "1e", "5-"] {
            assert_eq!(read(text), Err(format!("\"{text}\" is not a number")), "{text}");
        }
    }

    #[test]
    fn a_sentence_covers_no_other_field() {
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(1000.0, 600.0));
        let size = vec2(200.0, 30.0);
        let field = |x: f32, y: f32| Rect::from_min_size(pos2(x, y), vec2(100.0, 28.0));
        let place = |of: Rect, taken: &[Rect]| Rect::from_min_size(free_place(of, size, screen, taken), size);
        let middle = field(400.0, 300.0);
        assert_eq!(place(middle, &[]).min, pos2(400.0, 332.0), "below it");
        // Two lines of fields at the top, like the narrow top bar.
        let line = |y: f32| (0..9).map(move |x| field(106.0 * x as f32, y));
        let taken: Vec<Rect> = line(8.0).chain(line(42.0)).collect();
        for of in [taken[3], taken[8], taken[13]] {
            let place = place(of, &taken);
            assert!(
                screen.contains_rect(place) && !taken.iter().any(|other| other.intersects(place)),
                "{of:?} {place:?}"
            );
        }
        // A column of fields without a gap, with space at one side.
        let column: Vec<Rect> = (0..20).map(|y| field(890.0, 30.0 * y as f32)).collect();
        let place = place(column[10], &column);
        assert!(screen.contains_rect(place) && !column.iter().any(|other| other.intersects(place)), "{place:?}");
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
            assert_eq!(read(text), Ok(number), "{text}");
        }
    }
}
