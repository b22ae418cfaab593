//! A close look at one image: its channels, tones and values, and its difference from a reference.

mod compare;
mod histogram;
mod job;
mod picture;
mod state;
mod tones;

pub use state::InspectorPane;

use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{picture_choice_ui, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Dropped, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane::picture::pixels_of;
use crate::app::pane::space_switch::seen_in_words;
use crate::app::pane_id::PaneId;
use crate::app::run_view::Picture;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::runtime::Wake;
use crate::session::document::Layout;
use crate::session::inspect::Channel;
use compare::compare_ui;
use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use egui_tiles::UiResponse;
use picture::picture_ui;
use std::sync::Arc;
use tones::tones_ui;

/// Width of each column of controls, points.
const COLUMN: f32 = 236.0;
/// The least width that shows both together.
const LEAST_COLUMN: f32 = 206.0;
/// Height of the comparison, and least height in which it fits below the tones.
const COMPARE: f32 = 186.0;
const BOTH: f32 = 370.0;
/// Space between columns.
const GAP: f32 = 20.0;

const ABOUT: About = About {
    id: PaneId::new("inspector"),
    name: "Inspect",
    about: "A close look at one image: its channels, tones and values, and its difference from a reference",
    scrolls: false,
    places: &[
        (Layout::ScheduleLab, PanePlace::Behind),
        (Layout::Spectra, PanePlace::Behind),
        (Layout::Guidance, PanePlace::Behind),
    ],
    dropped: Some(Dropped { layout: Layout::Spectra, words: "a reference image", intent: Intent::OpenReference }),
};

impl Pane for InspectorPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(wake: &Wake) -> Self {
        Self::start(Arc::clone(wake))
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let mut space = pane_space(ui, 8.0);
        if space.width() < 96.0 || space.height() < 48.0 {
            return UiResponse::None;
        }
        self.update(ui.ctx(), context);
        self.error_ui(ui, &mut space);
        // The image has the height of the pane; the controls are beside it.
        let pixels = pixels_of(context);
        let pixels = (pixels.0 as f32, pixels.1 as f32);
        let narrow = space.width() < space.height() + 2.0 * (LEAST_COLUMN + GAP);
        let controls = if narrow { COLUMN } else { 2.0 * COLUMN + GAP };
        let room = vec2((space.width() - controls.min(0.72 * space.width()) - GAP).max(48.0), space.height());
        let wide = (room.y * pixels.0 / pixels.1).min(room.x);
        let image = Rect::from_min_size(space.min, vec2(wide, room.y));
        picture_ui(ui, image, context, self, out);
        let intents = &mut *out.intents;
        let left = image.right() + GAP;
        if narrow {
            let place = Rect::from_min_max(pos2(left, space.top()), space.max);
            column_ui(ui, place, "controls", |ui| {
                let both = space.height() >= BOTH;
                if !both {
                    switch_ui(ui, self);
                }
                if both || !self.compare_in_front {
                    choices_ui(ui, context, self);
                    tones_ui(ui, context, if both { COMPARE } else { 0.0 }, self, intents);
                }
                if both {
                    ui.add_space(10.0);
                }
                if both || self.compare_in_front {
                    compare_ui(ui, context, self, intents);
                }
            });
            return UiResponse::None;
        }
        let column = (0.5 * (space.right() - left - GAP)).clamp(40.0, 1.3 * COLUMN);
        let place = |index: f32| {
            let left = left + index * (column + GAP);
            Rect::from_min_max(pos2(left, space.top()), pos2(left + column, space.bottom()))
        };
        column_ui(ui, place(0.0), "tones", |ui| {
            choices_ui(ui, context, self);
            tones_ui(ui, context, 0.0, self, intents);
        });
        column_ui(ui, place(1.0), "compare", |ui| compare_ui(ui, context, self, intents));
        UiResponse::None
    }

    fn failure<'a>(&'a self, _: &'a Textures) -> Option<&'a str> {
        self.failure()
    }
}

/// Which controls are shown, if both columns do not fit.
fn switch_ui(ui: &mut Ui, state: &mut InspectorPane) {
    ui.horizontal(|ui| {
        let tip = "Channels, histogram and tones";
        if text_toggle(ui, "tones", "Tones", tip, !state.compare_in_front).clicked() {
            state.compare_in_front = false;
        }
        let tip = "A reference, differences and errors";
        if text_toggle(ui, "compare", words::panes::COMPARE_PART, tip, state.compare_in_front).clicked() {
            state.compare_in_front = true;
        }
    });
}

fn column_ui(ui: &mut Ui, place: Rect, name: &str, contents: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ScrollArea::vertical().id_salt(name).auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
            ui.set_max_width(place.width());
            contents(ui);
        });
    });
}

/// The image and its channels.
fn choices_ui(ui: &mut Ui, context: &ViewContext, state: &mut InspectorPane) {
    ui.horizontal(|ui| {
        picture_choice_ui(ui, ABOUT.name, &mut state.picture);
        let channels = context.run.map_or(3, |run| run.seen_shape()[0]);
        let shown = state.channel.within(channels).name(channels);
        let tip = "Channels in the image and histogram. Errors always use all channels";
        crate::app::draw::widgets::small_menu(ui, words::panes::CHANNEL, &shown, tip, |ui| {
            for choice in Channel::all(channels) {
                if ui.selectable_label(state.channel == choice, choice.name(channels)).clicked() {
                    state.channel = choice;
                    ui.close();
                }
            }
        });
    });
    let made = state.shown.as_ref().map(|shown| (shown.made.seen, shown.made.image.dim()));
    if let Some(run) = context.run.filter(|run| run.has_latents()) {
        // There is a line for it also while nothing is shown.
        let text = made
            .and_then(|(seen, (_, height, width))| Some(format!("{}, {width}×{height}", seen_in_words(run, seen)?)));
        let text = text.unwrap_or_default();
        let color = Palette::of(ui).secondary;
        ui.label(egui::RichText::new(text).font(theme::body(SMALL)).color(color));
    }
}

impl InspectorPane {
    /// The text without an image.
    fn empty_words(&self, context: &ViewContext) -> String {
        match (context.run.and(context.at), self.picture) {
            (None, _) => context.empty.to_owned(),
            (Some(at), Picture::Change) if at.step == 0 => words::panes::NO_CHANGE_YET.to_owned(),
            (Some(_), _) => String::new(),
        }
    }

    /// The sentence on a reference that could not be used, at the foot of the pane, which shrinks for it.
    fn error_ui(&mut self, ui: &mut Ui, space: &mut Rect) {
        crate::app::draw::widgets::dismissed_ui(ui, space, &mut self.error, "reference error");
        let Some(refused) = self.refused() else { return };
        let color = Palette::of(ui).warning;
        let galley = ui.painter().layout(refused.to_owned(), theme::body(SMALL), color, space.width());
        let top = space.bottom() - galley.size().y;
        ui.painter().galley(pos2(space.left(), top), galley, color);
        space.max.y = top - 4.0;
    }
}
