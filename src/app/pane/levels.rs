//! One image of the step split into its levels, side by side with their energies, and its 2D spectrum.

mod plane;
mod state;

pub use state::LevelsPane;

use crate::app::draw::colour::colour;
use crate::app::draw::level_button::{paint_of, tip};
use crate::app::draw::notes::words_ui;
use crate::app::draw::picture_menu::{Offered, picture_menu_ui};
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{picture_choice_ui, small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane::space_switch::seen_in_words;
use crate::app::pane_id::PaneId;
use crate::app::run_view::{Picture, RunView};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::ticks;
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::levels::Band;
use egui::{Align2, Color32, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;
use plane::plane_ui;
use state::{Bars, Contrast, LevelsShown};
use std::sync::Arc;

/// Height of the line of controls, points.
const CHOICES: f32 = 30.0;
/// Space between images.
const GAP: f32 = 12.0;
/// Height of a level's name above its image.
const NAME: f32 = 20.0;
/// Height of its energy below: a bar and one line, or two lines if two numbers do not fit side by side.
const ENERGY: f32 = 26.0;
const SECOND_LINE: f32 = 15.0;
/// Least width of a cell in which two numbers fit side by side.
const SIDE_BY_SIDE: f32 = 98.0;

const ABOUT: About = About {
    id: PaneId::new("levels"),
    name: "Levels",
    about: "One image of the step split into its resolution levels, with the energy of each, and its 2D spectrum",
    scrolls: false,
    places: &[
        (Layout::ScheduleLab, PanePlace::Behind),
        (Layout::Spectra, PanePlace::Behind),
        (Layout::Guidance, PanePlace::Behind),
    ],
    dropped: None,
};

impl Pane for LevelsPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(wake: &Wake) -> Self {
        Self::start(Arc::clone(wake))
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let space = pane_space(ui, 8.0);
        if space.width() < 96.0 || space.height() < 72.0 {
            return UiResponse::None;
        }
        self.update(ui.ctx(), context);
        let choices = Rect::from_min_size(space.min, vec2(space.width(), CHOICES));
        ui.scope_builder(UiBuilder::new().max_rect(choices), |ui| choices_ui(ui, context, self));
        let mut below = Rect::from_min_max(pos2(space.left(), space.top() + CHOICES), space.max);
        if is_narrow(below.width()) && context.run.is_some_and(RunView::has_latents) {
            // In a wide pane this is beside the choices.
            let line = Rect::from_min_max(pos2(below.left(), below.bottom() - SECOND_LINE), below.max);
            below.max.y = line.top();
            ui.scope_builder(UiBuilder::new().max_rect(line), |ui| seen_ui(ui, context, self));
        }
        let Some(shown) = &self.shown else {
            words_ui(ui, below, &self.empty_words(context));
            return UiResponse::None;
        };
        let side = below.height().min(0.27 * below.width()).max(48.0);
        if is_narrow(below.width()) {
            if self.plane_in_front {
                plane_ui(ui, below, shown, &context.levels, out);
            } else {
                cells_ui(ui, below, context, (self, shown), out);
            }
            return UiResponse::None;
        }
        let (levels, plane) = below.split_left_right_at_x((below.right() - side - 20.0).max(below.left()));
        cells_ui(ui, levels, context, (self, shown), out);
        let plane = Rect::from_min_max(pos2(below.right() - side, plane.top()), plane.max);
        plane_ui(ui, plane, shown, &context.levels, out);
        UiResponse::None
    }

    fn failure<'a>(&'a self, _: &'a Textures) -> Option<&'a str> {
        self.failure()
    }
}

/// Whether levels and spectrum do not fit side by side.
fn is_narrow(width: f32) -> bool {
    width < 640.0
}

fn choices_ui(ui: &mut Ui, context: &ViewContext, state: &mut LevelsPane) {
    let narrow = is_narrow(ui.available_width());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = if narrow { 4.0 } else { 6.0 };
        if narrow {
            ui.spacing_mut().button_padding.x = 6.0;
        }
        picture_choice_ui(ui, words::panes::LEVELS_OF, &mut state.picture);
        ui.add_space(if narrow { 0.0 } else { 8.0 });
        if narrow {
            let tip = "Show the 2D spectrum instead of the levels. A wider pane shows both";
            if text_toggle(ui, "2-D", words::panes::SPECTRUM_FOR_LEVELS, tip, state.plane_in_front).clicked() {
                state.plane_in_front = !state.plane_in_front;
            }
        }
        if narrow && state.plane_in_front {
            channel_ui(ui, context, state);
            return;
        }
        let tip = "One scale: grey is zero and one contrast serves all levels and steps, so you can compare them. \
                   Scale per level: each level has the contrast that fits its largest value in this run";
        small_menu(ui, words::panes::CONTRAST, state.contrast.name(), tip, |ui| {
            for choice in [Contrast::Common, Contrast::Own] {
                if ui.selectable_label(state.contrast == choice, choice.name()).clicked() {
                    state.contrast = choice;
                    ui.close();
                }
            }
        });
        let tip = "What the energy bars are relative to. Energy is the mean square of a level's values";
        small_menu(ui, words::panes::ENERGY_BARS, state.bars().name(), tip, |ui| {
            for choice in [Bars::OfEnd, Bars::OfLargest] {
                let possible = choice == Bars::OfLargest || state.picture != Picture::Change;
                let label = egui::Button::selectable(state.bars() == choice, choice.name());
                if ui.add_enabled(possible, label).clicked() {
                    state.wanted_bars = choice;
                    ui.close();
                }
            }
        });
        if !narrow {
            channel_ui(ui, context, state);
            seen_ui(ui, context, state);
        }
    });
}

/// What of latents is split into levels, and what a pixel of theirs is in the image.
fn seen_ui(ui: &mut Ui, context: &ViewContext, state: &LevelsPane) {
    let Some((run, shown)) = context.run.zip(state.shown.as_ref()) else { return };
    let Some(words) = seen_in_words(run, shown.seen) else { return };
    let (height, width) = shown.size;
    let per = context.levels.latents.filter(|latents| latents.pixels > 1 && !latents.is_decoded);
    let per = per.map_or_else(String::new, |latents| format!(", 1 px is {} px of the image", latents.pixels));
    let color = Palette::of(ui).secondary;
    let text = egui::RichText::new(format!("{words}, {width}×{height}{per}")).font(theme::body(SMALL)).color(color);
    ui.add(egui::Label::new(text).truncate());
}

/// The channel of the spectrum.
fn channel_ui(ui: &mut Ui, context: &ViewContext, state: &mut LevelsPane) {
    let channels = context.run.map_or(3, |run| run.seen_shape()[0]);
    if channels > 1 {
        let tip = "Channel of the spectrum. \"mean\" is the mean of the channels' densities";
        let shown = format!("spectrum: {}", state.plane_name(channels));
        small_menu(ui, words::panes::LEVELS_CHANNEL, &shown, tip, |ui| {
            for choice in std::iter::once(None).chain((0..channels).map(Some)) {
                let name = state::plane_name(choice, channels);
                if ui.selectable_label(state.channel == choice, name).clicked() {
                    state.channel = choice;
                    ui.close();
                }
            }
        });
    }
}

/// The number of columns that makes the images largest, and their size.
fn arranged(room: Vec2, count: usize, pixels: (f32, f32)) -> (usize, Vec2) {
    let fitting = |columns: usize| {
        let rows = count.div_ceil(columns);
        let energy = energy_height(room.x, columns);
        let cell = vec2(
            (room.x - GAP * (columns - 1) as f32) / columns as f32,
            (room.y - GAP * (rows - 1) as f32) / rows as f32 - NAME - energy,
        );
        let scale = (cell.x / pixels.0).min(cell.y / pixels.1).max(0.0);
        (columns, vec2(pixels.0, pixels.1) * scale)
    };
    (1..=count.max(1)).map(fitting).fold((1, Vec2::ZERO), |best, next| if next.1.x > best.1.x { next } else { best })
}

/// Height of a level's energy with this many columns.
fn energy_height(width: f32, columns: usize) -> f32 {
    let cell = (width + GAP) / columns as f32 - GAP;
    if cell < SIDE_BY_SIDE { ENERGY + SECOND_LINE } else { ENERGY }
}

fn cells_ui(
    ui: &Ui,
    rect: Rect,
    context: &ViewContext,
    (state, shown): (&LevelsPane, &LevelsShown),
    out: &mut ViewOutput,
) {
    let (height, width) = shown.size;
    let (columns, size) = arranged(rect.size(), shown.bands.len(), (width as f32, height as f32));
    if size.x < 8.0 {
        return;
    }
    // Names and numbers need more width than small images.
    let pitch = (rect.width() + GAP) / columns as f32;
    let energy_room = energy_height(rect.width(), columns);
    for m in 0..shown.bands.len() {
        let (row, column) = (m / columns, m % columns);
        let corner = rect.min + vec2(pitch * column as f32, row as f32 * (size.y + NAME + energy_room + GAP));
        let picture = Rect::from_min_size(corner + vec2(0.0, NAME), size);
        band_ui(ui, (picture, pitch), context, (state, shown, m), out);
        let room = size.x.max(pitch - GAP).min(120.0);
        let below = Rect::from_min_size(picture.left_bottom() + vec2(0.0, 5.0), vec2(room, energy_room));
        energy_ui(ui, below, (state, shown, m), energy_room > ENERGY);
    }
}

/// A level's image with its name above it.
fn band_ui(
    ui: &Ui,
    (picture, pitch): (Rect, f32),
    context: &ViewContext,
    (state, shown, m): (&LevelsPane, &LevelsShown, usize),
    out: &mut ViewOutput,
) {
    let (palette, painter) = (Palette::of(ui), ui.painter());
    let band = Band::of_index(&shown.plan, m);
    let color = colour(paint_of(band), &palette);
    let corner = picture.min - vec2(0.0, NAME);
    let swatch = Rect::from_min_size(corner + vec2(0.0, 4.0), vec2(10.0, 10.0));
    painter.rect_filled(swatch, 2.0, color);
    let label = band.label(shown.plan.factor());
    let room = pitch - 20.0;
    let galley = |text: &str| painter.layout_no_wrap(text.to_owned(), theme::strong(SMALL), palette.text);
    let mut name = galley(&label);
    if name.size().x > room {
        // Its number alone, if the unit does not fit.
        name = galley(label.split(' ').next().unwrap_or_default());
    }
    painter.galley(corner + vec2(16.0, 9.0 - 0.5 * name.size().y), name, palette.text);

    let tint = if state.is_late() { Color32::from_white_alpha(110) } else { Color32::WHITE };
    let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.add(egui::epaint::RectShape::filled(picture, 4.0, tint).with_texture(shown.bands[m].id(), all));
    painter.rect_stroke(picture, 4.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);
    let Some((response, clicked)) = context.levels.button(ui, picture, band, ("Levels", m)) else { return };
    out.intents.extend(clicked.map(|levels| Intent::Change(Action::Isolate(levels))));
    if context.levels.lit().contains(band) {
        painter.rect_stroke(picture, 4.0, Stroke::new(2.0, color), StrokeKind::Outside);
    }
    if response.hovered() || response.has_focus() {
        painter.rect_stroke(picture, 4.0, Stroke::new(1.5, palette.accent), StrokeKind::Outside);
    }
    let image = || shown.images.get(m).cloned();
    let energy = shown.energy(m);
    let value = |_| energy.map(|energy| format!("{label}, energy: {energy}"));
    let name = format!("level-{}", label.replace(' ', "-"));
    let offered = Offered { pane: out.pane, name: &name, image: &image, value: &value };
    picture_menu_ui(&response, &offered, out.intents, |_, _| {});
    tip(response);
}

/// A level's energy as a bar, a number and a share, in one line or in two.
fn energy_ui(ui: &Ui, room: Rect, (state, shown, m): (&LevelsPane, &LevelsShown, usize), two_lines: bool) {
    let (palette, painter) = (Palette::of(ui), ui.painter());
    if m >= shown.energies.len() {
        return;
    }
    let band = Band::of_index(&shown.plan, m);
    let share = shown.share(state.bars(), m);
    let track = Rect::from_min_size(room.min, vec2(room.width(), 4.0));
    painter.rect_filled(track, 2.0, palette.hairline);
    if let Some(share) = share {
        let part = share.clamp(0.0, 1.0) as f32;
        let filled = track.with_max_x(track.left() + part * track.width());
        painter.rect_filled(filled, 2.0, colour(paint_of(band), &palette));
    }
    let about = if shown.exact { "" } else { "~" };
    let energy = shown.energy(m);
    let number = energy.map_or_else(|| UNKNOWN.to_owned(), |energy| format!("{about}{}", ticks::three_digits(energy)));
    let y = track.bottom() + 9.0;
    let font = theme::mono(SMALL - 1.0);
    painter.text(pos2(track.left(), y), Align2::LEFT_CENTER, &number, font.clone(), palette.text);
    let percent = share.map_or_else(|| UNKNOWN.to_owned(), percent);
    let percent = energy.map(|_| percent);
    let (at, align) = if two_lines {
        (pos2(track.left(), y + SECOND_LINE), Align2::LEFT_CENTER)
    } else {
        (pos2(track.right(), y), Align2::RIGHT_CENTER)
    };
    if let Some(percent) = &percent {
        painter.text(at, align, percent, font, palette.secondary);
    }
    let below = Rect::from_min_max(track.min, pos2(track.right(), at.y + 8.0));
    let response = ui.interact(below, ui.scope_id().with(("energy", m)), Sense::hover());
    let label = band.label(shown.plan.factor());
    let of = state.bars().name();
    let spoken = percent.map_or_else(String::new, |percent| format!(", {percent} {of}"));
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("{} {number}{spoken}", words::panes::energy_of(&label)))
    });
    response.on_hover_text(
        "Energy: the mean square of this level's values over pixels and channels. The energies of all levels sum to \
         that of the image",
    );
}

/// Stands for an energy or a share that is not known.
const UNKNOWN: &str = "–";

/// "98 %", or as a multiple if it is large.
fn percent(share: f64) -> String {
    if share < 9.995 { format!("{:.0} %", 100.0 * share) } else { format!("×{share:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_as_large_as_they_can_be() {
        let (columns, size) = arranged(vec2(800.0, 100.0), 7, (64.0, 64.0));
        assert_eq!((columns, size.y), (7, 100.0 - NAME - ENERGY));
        let (columns, size) = arranged(vec2(500.0, 300.0), 7, (64.0, 64.0));
        assert_eq!(columns, 4);
        assert!(4.0 * size.x + 3.0 * GAP <= 500.0 && 2.0 * (size.y + NAME + ENERGY) + GAP <= 300.5, "{size:?}");
        let narrow = arranged(vec2(560.0, 185.0), 7, (64.0, 64.0));
        assert!(narrow.0 == 7 && narrow.1.y + NAME + ENERGY + SECOND_LINE <= 185.5, "{narrow:?}");
        assert_eq!(arranged(vec2(20.0, 20.0), 7, (64.0, 64.0)).1, Vec2::ZERO);
        assert_eq!([percent(0.984), percent(3.0), percent(123.4)], ["98 %", "300 %", "×123"]);
    }
}
