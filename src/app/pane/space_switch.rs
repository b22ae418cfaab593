//! The switch between latents, their colours and decoded images, below the images.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{TARGET, elided, small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::run_view::{RunView, Seen};
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::session::action::Action;
use crate::session::document::ViewChoices;
use crate::session::levels::LevelSet;
use crate::session::view_space::{ViewSpace, levels_between, levels_moved};
use egui::{Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Height of the switch with the space above it, points.
const HEIGHT: f32 = TARGET + 8.0;
/// Below this width the switch has less space, points.
const NARROW: f32 = 420.0;

/// Draws the switch at the foot of `space`, which shrinks for it, if the run's states are latents.
pub(super) fn switch_ui(ui: &mut Ui, space: &mut Rect, context: &ViewContext, intents: &mut Vec<Intent>) {
    let Some(run) = context.run.filter(|run| run.has_latents()) else { return };
    let place = Rect::from_min_max(pos2(space.left(), space.bottom() - TARGET), space.max);
    space.max.y = space.bottom() - HEIGHT;
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal_centered(|ui| {
            let narrow = place.width() < NARROW;
            ui.spacing_mut().item_spacing.x = 4.0;
            if narrow {
                ui.spacing_mut().button_padding.x = 6.0;
            }
            for space in ViewSpace::ALL {
                choice_ui(ui, context, run, space, intents);
            }
            if run.space() == Some(ViewSpace::Latents) {
                ui.add_space(if narrow { 0.0 } else { 8.0 });
                channel_ui(ui, context, run, intents);
            }
            let left = ui.cursor().left() + 8.0;
            note_ui(ui, place.with_min_x(left), run);
        });
    });
}

fn choice_ui(ui: &mut Ui, context: &ViewContext, run: &RunView, space: ViewSpace, intents: &mut Vec<Intent>) {
    let seeing = run.seeing();
    let (text, tip, possible) = match space {
        ViewSpace::Latents => {
            ("latents", "Show the latents: each channel as grey, black below zero and white above. Key: V", true)
        }
        ViewSpace::Colour => (
            "colour",
            match seeing.colours {
                Some(_) => "Show an estimate of the colours: a linear map of the latents' channels. Key: V",
                None => words::panes::NO_COLOURS,
            },
            seeing.colours.is_some(),
        ),
        ViewSpace::Decoded => (
            "decoded",
            if seeing.has_decoder {
                "Show decoded images. Until one is ready, an estimate of its colours is shown. Key: V"
            } else {
                words::panes::NO_DECODER
            },
            seeing.has_decoder,
        ),
    };
    let chosen = run.space() == Some(space);
    ui.add_enabled_ui(possible, |ui| {
        let response = text_toggle(ui, text, &words::panes::show_space(space.name()), tip, chosen);
        if response.clicked() && !chosen {
            intents.push(Intent::Change(change_to(context.view(), run, space)));
        }
        response.on_disabled_hover_text(tip);
    });
}

/// The change to another way to look at latents. Isolated levels stay the same structure: a level of latents is a
/// coarser one of the image.
pub(in crate::app) fn change_to(view: &ViewChoices, run: &RunView, space: ViewSpace) -> Action {
    let by = levels_between(view.factor, run.pixels_per_latent()).and_then(|by| isize::try_from(by).ok());
    let isolated = view.isolated;
    let (from, to) = (run.space() == Some(ViewSpace::Decoded), space == ViewSpace::Decoded);
    let isolated = match (from, to, by) {
        (true, true, _) | (false, false, _) => isolated,
        (false, true, Some(by)) => levels_moved(isolated, by),
        (true, false, Some(by)) => levels_moved(isolated, -by),
        _ => LevelSet::WHOLE,
    };
    Action::SetSpace(space, isolated)
}

/// The next of the possible ways.
pub(in crate::app) fn next_space(run: &RunView) -> Option<ViewSpace> {
    let seeing = run.seeing();
    let now = ViewSpace::ALL.iter().position(|space| Some(*space) == run.space())?;
    let possible = |space: &ViewSpace| match space {
        ViewSpace::Latents => true,
        ViewSpace::Colour => seeing.colours.is_some(),
        ViewSpace::Decoded => seeing.has_decoder,
    };
    let order = (1..=ViewSpace::ALL.len()).map(|by| ViewSpace::ALL[(now + by) % ViewSpace::ALL.len()]);
    order.filter(|space| Some(*space) != run.space()).find(possible)
}

/// The channel, or all of them.
fn channel_ui(ui: &mut Ui, context: &ViewContext, run: &RunView, intents: &mut Vec<Intent>) {
    let channels = run.started.shape[1];
    let name = |channel: Option<usize>| channel.map_or_else(|| "all channels".to_owned(), words::panes::channel);
    let chosen = context.view().latent_channel.filter(|channel| *channel < channels);
    small_menu(ui, words::panes::LATENT_CHANNEL, &name(chosen), "The channels of the latents to show", |ui| {
        egui::ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
            for choice in std::iter::once(None).chain((0..channels).map(Some)) {
                if ui.selectable_label(chosen == choice, name(choice)).clicked() {
                    intents.push(Intent::Change(Action::SetLatentChannel(choice)));
                    ui.close();
                }
            }
        });
    });
}

/// What the switch's choice is made of, at the right.
fn note_ui(ui: &Ui, room: Rect, run: &RunView) {
    let [_, channels, height, width] = run.started.shape;
    let failure = run.seeing().failure.clone();
    let is_failure = failure.is_some();
    let text = failure.unwrap_or_else(|| match run.space() {
        Some(ViewSpace::Latents) => format!("{channels} × {height} × {width}"),
        Some(ViewSpace::Colour) => run.seeing().colours.as_ref().map_or_else(String::new, |colours| {
            colours.fitted_on().map_or_else(|| colours.about().to_owned(), words::panes::fitted_on)
        }),
        _ => {
            let (width, height) = run.image_size();
            let by = if run.seeing().is_tiny { words::panes::BY_TAESD } else { "" };
            format!("{by}{width}×{height} px")
        }
    });
    let palette = Palette::of(ui);
    let color = if is_failure { palette.error } else { palette.secondary };
    let galley = elided(ui, &text, theme::body(SMALL), color, room.width());
    if room.width() < 40.0 {
        return;
    }
    let size = galley.size();
    let place = Rect::from_min_size(pos2(room.right() - size.x, room.center().y - 0.5 * size.y), size);
    ui.painter().galley(place.min, galley, color);
    let response = ui.interact(place.expand2(vec2(0.0, 4.0)), ui.scope_id().with("space note"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    response.on_hover_text(text.clone());
}

/// What a picture shows, for its heading: "colour". `None` for a model of images.
pub(in crate::app) fn seen_in_words(run: &RunView, seen: Seen) -> Option<String> {
    let space = seen.space()?;
    Some(match seen {
        Seen::Latents(Some(channel)) if channel < run.started.shape[1] => {
            format!("{}, {}", space.name(), words::panes::channel(channel))
        }
        _ => space.name().to_owned(),
    })
}
