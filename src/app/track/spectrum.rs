//! The tracks of spectra by step: which frequency changes when, and what is compared with that beside it.

mod looks;

use crate::app::intent::Intent;
use crate::app::track::head_space::HeadSpace;
use crate::app::track::heat::{HeatUse, HeatView, heat_ui};
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::track::{TrackView, Whose};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::figure::draw::Content;
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::document::Track;
use crate::session::heat_map::{HeatMapChange, SpectrumQuantity, SpectrumSource};
use egui::Ui;
use looks::looks_menu;

/// The spectra's own state.
pub(super) struct SpectrumTrack {
    heat: HeatView,
}

impl SpectrumTrack {
    pub fn new(wake: Wake) -> Self {
        Self { heat: HeatView::new(wake) }
    }
}

impl TrackView for SpectrumTrack {
    fn key(&self) -> Track {
        Track::SpectrumOfChange
    }

    fn about(&self) -> &'static str {
        "Power spectral density by step and radial frequency: which details change when; coarse at the bottom"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        let choices = context.view().heat_map;
        let tip = "What the power spectral density is of: the change of E[x₀|xₜ] from step to step, E[x₀|xₜ], the state xₜ, \
                   or the predicted noise ε̂";
        let all = (choices.quantity, &SpectrumQuantity::ALL[..]);
        let of = |choice: SpectrumQuantity| (choice.name(), Action::SetHeatMap(HeatMapChange::Quantity(choice)));
        head.choice_ui(ui, 28.0, ("Spectra of", tip), all, of, out);
        let tip = "Whose spectra: of the sample on the stage, means over those that were measured, what theory expects, or a \
                   difference in dB";
        let all = (choices.source, &SpectrumSource::ALL[..]);
        let of = |choice: SpectrumSource| (choice.name(), Action::SetHeatMap(HeatMapChange::Source(choice)));
        head.choice_ui(ui, 56.0, ("Whose spectra", tip), all, of, out);
        let tip = "Which channel, how frequencies are spaced, what 0 dB is, and the colours";
        let shown = format!("{} axis", choices.scale.name());
        head.menu_ui(ui, 84.0, ("Heat map", &shown, tip), |ui| looks_menu(ui, context, out));
    }

    fn menu_ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) {
        let choices = context.view().heat_map;
        ui.menu_button("Whose spectra", |ui| {
            for source in SpectrumSource::ALL {
                if ui.selectable_label(source == choices.source, source.name()).clicked() {
                    out.intents.push(Intent::Change(Action::SetHeatMap(HeatMapChange::Source(source))));
                    ui.close();
                }
            }
        });
        ui.menu_button("Axis and colours", |ui| looks_menu(ui, context, out));
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let of = HeatUse::main(context.view().heat_map);
        heat_ui(ui, (place, of), context, &mut self.heat, out);
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.heat.values_at(point.at)
    }

    fn content(&self) -> Option<Content> {
        self.heat.map().map(Content::from)
    }

    fn whose(&self, context: &ViewContext) -> Whose {
        whose(context.view().heat_map.source)
    }

    fn failure(&self) -> Option<&str> {
        self.heat.failure()
    }
}

/// The state of what stands beside them.
pub(super) struct BesideTrack {
    heat: HeatView,
}

impl BesideTrack {
    pub fn new(wake: Wake) -> Self {
        Self { heat: HeatView::new(wake) }
    }
}

impl TrackView for BesideTrack {
    fn key(&self) -> Track {
        Track::SpectrumBeside
    }

    fn about(&self) -> &'static str {
        "Beside the spectra above: what theory expects of the measured samples, how far they are from it or from the \
         ensemble that is compared, in dB"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        let choices = context.view().heat_map;
        let tip = "What stands beside the spectra above, of the same quantity and on the same axes";
        let all = (choices.beside, &SpectrumSource::BESIDE[..]);
        let of = |choice: SpectrumSource| (choice.name(), Action::SetHeatMap(HeatMapChange::Beside(choice)));
        head.choice_ui(ui, 28.0, ("Beside", tip), all, of, out);
        head.note(ui, 64.0, choices.quantity.name());
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let of = HeatUse::beside(context.view().heat_map);
        heat_ui(ui, (place, of), context, &mut self.heat, out);
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.heat.values_at(point.at)
    }

    fn content(&self) -> Option<Content> {
        self.heat.map().map(Content::from)
    }

    fn whose(&self, context: &ViewContext) -> Whose {
        whose(context.view().heat_map.beside)
    }

    fn failure(&self) -> Option<&str> {
        self.heat.failure()
    }
}

fn whose(source: SpectrumSource) -> Whose {
    if source == SpectrumSource::Sample { Whose::Run } else { Whose::Samples }
}
