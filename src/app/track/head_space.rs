//! The space below the name in a track's head: menus and notes, as many as fit.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{elided, small_menu};
use crate::app::intent::Intent;
use crate::app::track::place::{HEAD, NUMBERS};
use crate::app::view_context::ViewOutput;
use crate::session::action::Action;
use egui::{Rect, Sense, Ui, UiBuilder, pos2, vec2};

/// Width of a menu in a head: up to the numbers of the vertical axis, points.
const FIELD: f32 = HEAD - NUMBERS - 8.0;

/// The head of an unfolded track.
#[derive(Clone, Copy)]
pub(in crate::app) struct HeadSpace {
    /// The full area of the track.
    pub rect: Rect,
}

impl HeadSpace {
    /// The position of a menu at this distance below the track's top; `None` if it does not fit.
    pub fn field(&self, top: f32) -> Option<Rect> {
        let corner = pos2(self.rect.left() + 24.0, self.rect.top() + top);
        Some(Rect::from_min_size(corner, vec2(FIELD, 24.0))).filter(|place| place.bottom() < self.rect.bottom())
    }

    /// A line of secondary text with its middle at this distance below the track's top, if it fits.
    pub fn note(&self, ui: &Ui, middle: f32, text: &str) {
        let y = self.rect.top() + middle;
        if y >= self.rect.bottom() - 8.0 {
            return;
        }
        let color = Palette::of(ui).secondary;
        let left = self.rect.left() + 32.0;
        let galley = elided(ui, text, theme::body(SMALL), color, self.rect.left() + 16.0 + HEAD - NUMBERS - left);
        let place = Rect::from_min_size(pos2(left, y - 0.5 * galley.size().y), galley.size());
        let is_cut = galley.elided;
        ui.painter().galley(place.min, galley, color);
        if is_cut {
            ui.interact(place, ui.scope_id().with(("note", y.to_bits())), Sense::hover()).on_hover_text(text);
        }
    }

    /// A small menu that shows `shown`, at this distance below the track's top, if it fits.
    pub fn menu_ui(
        &self,
        ui: &mut Ui,
        top: f32,
        (name, shown, tip): (&str, &str, &str),
        contents: impl FnOnce(&mut Ui),
    ) {
        let Some(place) = self.field(top) else { return };
        ui.scope_builder(UiBuilder::new().max_rect(place), |ui| small_menu(ui, name, shown, tip, contents));
    }

    /// A small menu of one setting of the document.
    pub fn choice_ui<T: Copy + PartialEq>(
        &self,
        ui: &mut Ui,
        top: f32,
        (name, tip): (&str, &str),
        (current, all): (T, &[T]),
        of: impl Fn(T) -> (&'static str, Action),
        out: &mut ViewOutput,
    ) {
        self.menu_ui(ui, top, (name, of(current).0, tip), |ui| {
            ui.set_min_width(120.0);
            for &choice in all {
                let (name, action) = of(choice);
                if ui.selectable_label(choice == current, name).clicked() {
                    out.intents.push(Intent::Change(action));
                    ui.close();
                }
            }
        });
    }
}
