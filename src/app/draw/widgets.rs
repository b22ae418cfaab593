//! Widgets that several views share.

use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::number::{Limits, number};
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::run_view::Picture;
use crate::app::words;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align, Align2, Atom, AtomExt as _, Button, Color32, DragValue, EventFilter, FontId, Galley, Key, Layout,
    PopupCloseBehavior, Rect, Response, RichText, Role, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// The smallest side of anything you can click, points.
pub const TARGET: f32 = 24.0;
/// Follows the text of anything that opens a menu.
const ARROW: &str = "▾";

/// A button with an icon; `name` is for screen readers, `tip` is the tooltip.
pub fn icon_button(ui: &mut Ui, icon: Icon, name: &str, tip: &str, on: bool) -> Response {
    icon_button_of(ui, icon, (name, tip), on, 28.0)
}

fn icon_button_of(ui: &mut Ui, icon: Icon, (name, tip): (&str, &str), on: bool, side: f32) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 6.0, ui.visuals().widgets.hovered.weak_bg_fill);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(1.0, palette.accent), egui::StrokeKind::Inside);
    }
    let color = if !ui.is_enabled() {
        palette.faint
    } else if on {
        palette.accent
    } else {
        palette.text
    };
    draw_icon(ui, Rect::from_center_size(rect.center(), Vec2::splat(0.5 * side)), icon, color);
    response.on_hover_text(tip)
}

/// An icon in a small square, [`TARGET`] points wide.
pub fn icon_button_small(ui: &mut Ui, icon: Icon, name: &str, tip: &str) -> Response {
    icon_button_of(ui, icon, (name, tip), false, TARGET)
}

/// A small button with a short text that is on or off.
pub fn text_toggle(ui: &mut Ui, text: &str, name: &str, tip: &str, on: bool) -> Response {
    let palette = Palette::of(ui);
    let color = if on { palette.accent } else { palette.secondary };
    let text = RichText::new(text).font(theme::body(SMALL)).color(color);
    let response = ui.add(Button::new(text).min_size(vec2(0.0, 24.0)));
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, name));
    response.on_hover_text(tip)
}

/// A name in secondary colour and its value in tabular figures, on one line; `width` keeps the position of what follows.
pub fn reading(ui: &mut Ui, name: &str, value: &str, width: f32, tip: &str) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {value}")));
    let painter = ui.painter();
    let after = painter.text(rect.left_center(), Align2::LEFT_CENTER, name, theme::body(SMALL), palette.secondary);
    painter.text(
        pos2(after.right() + 6.0, rect.center().y),
        Align2::LEFT_CENTER,
        value,
        theme::mono(SMALL),
        palette.text,
    );
    response.on_hover_text(tip);
}

/// A heading by which a tile can be moved: a name in semibold, a description in secondary colour, a value at the right.
/// Parts that do not fit are omitted, the description first.
pub struct Head<'a> {
    /// The name.
    pub name: &'a str,
    /// A short description.
    pub note: &'a str,
    /// At the right, in tabular figures.
    pub value: Option<String>,
    /// The tooltip.
    pub about: &'a str,
}

impl Head<'_> {
    /// Draws it; the response tells whether it is being dragged.
    #[must_use]
    pub fn show(&self, ui: &Ui, rect: Rect) -> Response {
        let palette = Palette::of(ui);
        let response = ui.interact(rect, ui.scope_id().with(("head", self.name)), Sense::drag());
        let (name, note) = (self.name, self.note);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}, {note}")));
        let painter = ui.painter();
        let y = rect.top() + 8.0;
        let place = |left: f32, galley: Arc<Galley>, color: Color32| {
            painter.galley(pos2(left, y - 0.5 * galley.size().y), galley, color);
        };
        let layout = |text: &str, font: FontId, color| painter.layout_no_wrap(text.to_owned(), font, color);
        let name = layout(name, theme::strong(BODY), palette.text);
        let mut left = rect.left();
        let mut right = rect.right();
        let after = left + name.size().x;
        place(left, name, palette.text);
        left = after + 8.0;
        if let Some(value) = &self.value {
            let value = layout(value, theme::mono(SMALL), palette.secondary);
            if right - value.size().x >= left {
                right -= value.size().x;
                place(right, value, palette.secondary);
            }
        }
        let note = layout(note, theme::body(SMALL), palette.secondary);
        if left + note.size().x + 8.0 <= right {
            place(left, note, palette.secondary);
        }
        response.on_hover_text(self.about)
    }
}

/// A field of the top bar that opens a menu.
#[derive(Clone, Copy)]
pub struct Chip<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether the name is shown before the value, in secondary colour.
    pub with_name: bool,
    /// Its value.
    pub shown: &'a str,
    /// The tooltip.
    pub tip: &'a str,
    /// Whether it differs from the run on screen.
    pub changed: bool,
    /// Width, points; longer text is cut, so that no value moves its neighbours.
    pub width: f32,
}

/// Draws the field, and its menu if it is open.
pub fn menu_chip<R>(
    ui: &mut Ui,
    Chip { name, with_name, shown, tip, changed, width }: Chip,
    contents: impl FnOnce(&mut Ui) -> R,
) -> Option<R> {
    let palette = Palette::of(ui);
    let label = RichText::new(name).font(theme::body(SMALL)).color(palette.secondary);
    let value = RichText::new(shown).font(theme::strong(BODY)).color(palette.text);
    let value = value.atom_shrink(true);
    let end = (Atom::grow(), ARROW);
    let button = if with_name { Button::new((label, value, end)) } else { Button::new((value, end)) };
    let button = button.truncate().min_size(vec2(width, 28.0));
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let place = ui.allocate_exact_size(vec2(width, 28.0), Sense::hover()).0;
    let ui = &mut ui.new_child(UiBuilder::new().id_salt(name).max_rect(place));
    let (response, inner) = MenuButton::from_button(button).config(config).ui(ui, contents);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, ui.is_enabled(), words::chip(name, shown)));
    mark_changed(ui, &response, changed);
    response.on_hover_text(format!("{name}: {shown}\n{tip}"));
    inner.map(|inner| inner.inner)
}

/// A small menu within a view.
pub fn small_menu<R>(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    tip: &str,
    contents: impl FnOnce(&mut Ui) -> R,
) -> Option<R> {
    let palette = Palette::of(ui);
    let text = RichText::new(shown).font(theme::body(SMALL)).color(palette.text);
    let arrow = RichText::new(ARROW).font(theme::body(SMALL)).color(palette.secondary);
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let mut button = Button::new((text, arrow)).min_size(vec2(0.0, TARGET));
    if !ui.layout().main_wrap() {
        button = button.truncate();
    }
    let spacing = ui.spacing().clone();
    ui.spacing_mut().interact_size.y = TARGET;
    ui.spacing_mut().button_padding.y = 4.0;
    let (response, inner) = MenuButton::from_button(button).config(config).ui(ui, contents);
    *ui.spacing_mut() = spacing;
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, ui.is_enabled(), words::chip(name, shown)));
    response.on_hover_text(tip);
    inner.map(|inner| inner.inner)
}

/// A field of the top bar with a number that can be dragged and typed, with a fixed width in points. `name`,
/// width, the number in words, and the tooltip.
pub fn number_chip(
    ui: &mut Ui,
    ((name, width), shown, tip): ((&str, f32), String, &str),
    changed: bool,
    (mut value, limits): (DragValue, Limits),
) -> Response {
    let palette = Palette::of(ui);
    let label = RichText::new(format!("{name} ")).font(theme::body(SMALL)).color(palette.secondary);
    let place = ui.allocate_exact_size(vec2(width, 28.0), Sense::hover()).0;
    let ui = &mut ui.new_child(UiBuilder::new().id_salt(name).max_rect(place));
    // While typing, all of it is visible and scrolls.
    let typed = ui.memory(|memory| memory.has_focus(ui.next_auto_id()));
    let name_width = ui.painter().layout_no_wrap(format!("{name} "), theme::body(SMALL), palette.secondary).size().x;
    let room = width - 2.0 * ui.spacing().button_padding.x - name_width;
    if !typed && let Some(cut) = cut_number(ui, &shown, room) {
        value = value.custom_formatter(move |_, _| cut.clone());
    }
    ui.shrink_clip_rect(place);
    let response = number(ui, value.prefix(label).min_size(vec2(width, 28.0)), limits);
    named(ui, &response, name);
    mark_changed(ui, &response, changed);
    response.on_hover_text(format!("{name}: {shown}\n{tip}"))
}

/// The first digits of a number that does not fit.
fn cut_number(ui: &Ui, number: &str, room: f32) -> Option<String> {
    let fits = |text: &str| {
        let font = egui::TextStyle::Button.resolve(ui.style());
        ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x <= room
    };
    if fits(number) {
        return None;
    }
    let cut = |digits: usize| number.chars().take(digits).chain(['…']).collect::<String>();
    (1..number.len()).rev().map(cut).find(|text| fits(text))
}

/// An error at the foot of `space`, which it makes smaller. It stays until you close it.
pub fn dismissed_ui(ui: &mut Ui, space: &mut Rect, error: &mut Option<String>, id: &str) {
    let Some(words) = error.as_ref() else { return };
    let color = Palette::of(ui).error;
    let galley = ui.painter().layout(words.clone(), theme::body(SMALL), color, (space.width() - 32.0).max(1.0));
    let height = galley.size().y.max(TARGET);
    let place = Rect::from_min_max(pos2(space.left(), space.bottom() - height), space.max);
    let label = ui.interact(place, ui.scope_id().with(id), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    ui.painter().galley(pos2(place.left(), place.center().y - 0.5 * galley.size().y), galley, color);
    let close = Rect::from_min_size(pos2(place.right() - TARGET, place.top()), Vec2::splat(TARGET));
    let closed = ui.scope_builder(UiBuilder::new().max_rect(close), |ui| {
        icon_button_small(ui, Icon::Close, words::messages::DISMISS_IN_PANE, "Close this message").clicked()
    });
    if closed.inner {
        *error = None;
    }
    space.max.y = place.top() - 4.0;
}

/// Prose in a menu. Widgets fill a menu's width, and for a text of several lines that would spread its letters.
pub fn prose_ui<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::top_down(Align::Min), contents).inner
}

/// Chooses one of a step's three images; `what` begins the names of the buttons.
pub fn picture_choice_ui(ui: &mut Ui, what: &str, picture: &mut Picture) {
    for choice in Picture::ALL {
        let (symbol, note) = choice.name();
        if text_toggle(ui, symbol, &format!("{what} {symbol}"), note, *picture == choice).clicked() {
            *picture = choice;
        }
    }
}

/// Gives keyboard focus to something movable when it is clicked or dragged.
pub fn take_keyboard(response: &Response) {
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
}

/// Presses of the arrow keys, to the right and up, ten times as much with Shift, while this has the focus. They do not
/// move the focus.
#[must_use]
pub fn arrows(ui: &Ui, response: &Response) -> Vec2 {
    if !response.has_focus() {
        return Vec2::ZERO;
    }
    keep_arrows(ui, response);
    ui.input(|input| {
        let pressed = |key| input.num_presses(key) as f32;
        let by =
            vec2(pressed(Key::ArrowRight) - pressed(Key::ArrowLeft), pressed(Key::ArrowUp) - pressed(Key::ArrowDown));
        if input.modifiers.shift { 10.0 * by } else { by }
    })
}

/// A line of text that ends in "…" if it does not fit; [`Galley::elided`] tells.
#[must_use]
pub fn elided(ui: &Ui, text: &str, font: FontId, color: Color32, room: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(room.max(0.0));
    ui.painter().layout_job(job)
}

/// Keeps the arrow keys for the focused widget, in place of moving the focus.
pub fn keep_arrows(ui: &Ui, response: &Response) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
}

/// Gives a widget its accessible name.
pub fn named(ui: &Ui, response: &Response, name: &str) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}

fn mark_changed(ui: &Ui, response: &Response, changed: bool) {
    if changed {
        let at = response.rect.right_top() + vec2(-5.0, 5.0);
        ui.painter().circle_filled(at, 3.0, Palette::of(ui).warning);
    }
}
