//! What the head of the track of spectra offers.

use crate::app::draw::heat_map::whole;
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::small_menu;
use crate::app::intent::Intent;
use crate::app::track::head::choice_ui;
use crate::app::track::stack::Tracks;
use crate::session::action::Action;
use crate::session::document::ColourMap;
use crate::session::heat_map::{FrequencyScale, HeatMapChange, Normalisation, SpectrumQuantity, SpectrumSource};
use egui::{Color32, Mesh, Rect, RichText, Sense, Shape, Ui, UiBuilder, pos2, vec2};

/// Draws the menus from the left top of where they stand, below the track's name.
pub(in crate::app) fn heat_head_ui(
    ui: &mut Ui,
    (place, rect): (Rect, Rect),
    tracks: &Tracks,
    textures: &mut Textures,
    intents: &mut Vec<Intent>,
) {
    let choices = tracks.view.heat_map;
    let tip = "What the power spectral density is of: the change of E[x₀|xₜ] from step to step, E[x₀|xₜ], the state xₜ, \
               or the predicted noise ε̂";
    let all = &SpectrumQuantity::ALL;
    let chosen = choice_ui(ui, (place, rect), ("Spectra of", tip), choices.quantity, all, |choice| {
        (choice.name(), Action::SetHeatMap(HeatMapChange::Quantity(choice)))
    });
    intents.extend(chosen.map(Intent::Change));
    let below = place.translate(vec2(0.0, 28.0));
    let tip = "Whose spectra: of the sample on the stage, means over those that were measured, what theory expects, or a \
               difference in dB";
    let all = &SpectrumSource::ALL;
    let chosen = choice_ui(ui, (below, rect), ("Whose spectra", tip), choices.source, all, |choice| {
        (choice.name(), Action::SetHeatMap(HeatMapChange::Source(choice)))
    });
    intents.extend(chosen.map(Intent::Change));
    let last = below.translate(vec2(0.0, 28.0));
    if last.bottom() >= rect.bottom() {
        return;
    }
    ui.scope_builder(UiBuilder::new().max_rect(last), |ui| {
        let tip = "Which channel, how frequencies are spaced, what 0 dB is, and the colours";
        let shown = format!("{} axis", choices.scale.name());
        small_menu(ui, "Heat map", &shown, tip, |ui| looks_menu(ui, tracks, textures, intents));
    });
}

/// The same in a track's own menu, as a low track has no room for all of its head.
pub(in crate::app) fn heat_menu(ui: &mut Ui, tracks: &Tracks, textures: &mut Textures, intents: &mut Vec<Intent>) {
    let choices = tracks.view.heat_map;
    ui.menu_button("Whose spectra", |ui| {
        for source in SpectrumSource::ALL {
            if ui.selectable_label(source == choices.source, source.name()).clicked() {
                intents.push(Intent::Change(Action::SetHeatMap(HeatMapChange::Source(source))));
                ui.close();
            }
        }
    });
    ui.menu_button("Axis and colours", |ui| looks_menu(ui, tracks, textures, intents));
}

fn heading(ui: &mut Ui, text: &str) {
    let colour = Palette::of(ui).secondary;
    ui.label(RichText::new(text).font(theme::body(SMALL)).color(colour));
}

/// A line of choices.
fn line<T: Copy + PartialEq>(
    ui: &mut Ui,
    current: T,
    all: impl IntoIterator<Item = (T, String)>,
    mut chosen: impl FnMut(T),
) {
    ui.horizontal_wrapped(|ui| {
        for (choice, name) in all {
            if ui.selectable_label(choice == current, name).clicked() {
                chosen(choice);
            }
        }
    });
}

fn looks_menu(ui: &mut Ui, tracks: &Tracks, textures: &mut Textures, intents: &mut Vec<Intent>) {
    let choices = tracks.view.heat_map;
    ui.set_width(248.0);
    let mut change = |change| intents.push(Intent::Change(Action::SetHeatMap(change)));
    let channels = tracks.run.map_or(1, |run| run.started.shape[1]);
    if channels > 1 {
        heading(ui, "Channel");
        let names = (0..channels).map(|channel| (Some(channel), (channel + 1).to_string()));
        let all = std::iter::once((None, "mean".to_owned())).chain(names);
        line(ui, choices.channel.filter(|channel| *channel < channels), all, |channel| {
            change(HeatMapChange::Channel(channel));
        });
    }
    heading(ui, "Frequency axis");
    line(ui, choices.scale, FrequencyScale::ALL.map(|scale| (scale, scale.name().to_owned())), |scale| {
        change(HeatMapChange::Scale(scale));
    });
    heading(ui, "0 dB is");
    for choice in Normalisation::ALL {
        if ui.selectable_label(choice == choices.normalisation, choice.name()).clicked() {
            change(HeatMapChange::Normalisation(choice));
        }
    }
    heading(ui, "Colours");
    for map in ColourMap::ALL {
        ui.horizontal(|ui| {
            let (swatch, _) = ui.allocate_exact_size(vec2(72.0, 12.0), Sense::hover());
            // The bar's colours lie from top to bottom, the greatest first.
            let mut mesh = Mesh::with_texture(textures.heat_maps.bar(ui, map));
            mesh.add_rect_with_uv(swatch, whole(), Color32::WHITE);
            for (vertex, v) in mesh.vertices.iter_mut().zip([1.0, 0.0, 1.0, 0.0]) {
                vertex.uv = pos2(0.5, v);
            }
            ui.painter().add(Shape::mesh(mesh));
            if ui.selectable_label(map == tracks.view.colour_map, map.name()).clicked() {
                intents.push(Intent::Change(Action::SetColourMap(map)));
            }
        });
    }
}
