//! The look of heat maps of spectra: channel, axis, 0 dB reference and colours.

use crate::app::draw::heat_map::whole;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::intent::Intent;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::session::action::Action;
use crate::session::document::ColourMap;
use crate::session::heat_map::{FrequencyScale, HeatMapChange, Normalisation};
use crate::session::inspect::channel_name;
use egui::{Color32, Mesh, RichText, Sense, Shape, Ui, pos2, vec2};

fn heading(ui: &mut Ui, text: &str) {
    let colour = Palette::of(ui).secondary;
    ui.label(RichText::new(text).font(theme::body(SMALL)).color(colour));
}

/// A line of controls.
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

/// The controls, in the head's menu and in the menu of the track.
pub(super) fn looks_menu(ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) {
    let choices = context.view().heat_map;
    ui.set_width(248.0);
    let mut change = |change| out.intents.push(Intent::Change(Action::SetHeatMap(change)));
    let channels = context.run.map_or(1, |run| run.started.shape[1]);
    if channels > 1 {
        heading(ui, "Channel");
        let names = (0..channels).map(|channel| (Some(channel), channel_name(channel, channels)));
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
            // The bar shows colours from top to bottom, the largest first.
            let mut mesh = Mesh::with_texture(out.textures.heat_maps.bar(ui, map));
            mesh.add_rect_with_uv(swatch, whole(), Color32::WHITE);
            for (vertex, v) in mesh.vertices.iter_mut().zip([1.0, 0.0, 1.0, 0.0]) {
                vertex.uv = pos2(0.5, v);
            }
            ui.painter().add(Shape::mesh(mesh));
            let entry = ui.selectable_label(map == context.view().colour_map, map.name());
            if entry.on_hover_text(map.info().summary).clicked() {
                out.intents.push(Intent::Change(Action::SetColourMap(map)));
            }
        });
    }
}
