//! The tracks of spectra by step: which frequency changes when, and the comparison below it.

mod looks;

use crate::app::intent::Intent;
use crate::app::track::head_space::HeadSpace;
use crate::app::track::heat::{HeatUse, HeatView, heat_ui};
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::track::{TrackView, Whose};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::draw::Content;
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::document::Track;
use crate::session::heat_map::{HeatMapChange, SpectrumQuantity, SpectrumSource};
use egui::Ui;
use looks::looks_menu;

/// One of the two tracks of spectra.
pub(super) struct SpectrumTrack {
    /// Whether it is the comparison.
    beside: bool,
    heat: HeatView,
}

impl SpectrumTrack {
    /// The spectra.
    pub fn main(wake: Wake) -> Self {
        Self { beside: false, heat: HeatView::new(wake) }
    }

    /// The comparison below them.
    pub fn beside(wake: Wake) -> Self {
        Self { beside: true, heat: HeatView::new(wake) }
    }
}

impl TrackView for SpectrumTrack {
    fn key(&self) -> Track {
        if self.beside { Track::SpectrumBeside } else { Track::SpectrumOfChange }
    }

    fn about(&self) -> &'static str {
        if self.beside {
            "Theory for the measured samples, or their difference from theory or from the pinned ensemble, in dB"
        } else {
            "Power by step and radial frequency: which details change when. Coarse is at the bottom"
        }
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        if self.beside {
            beside_head_ui(ui, head, context, out);
        } else {
            main_head_ui(ui, head, context, out);
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) {
        if self.beside {
            return;
        }
        let choices = context.view().heat_map;
        ui.menu_button("Source", |ui| {
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
        let of = if self.beside { HeatUse::beside } else { HeatUse::main };
        heat_ui(ui, (place, of(context.view().heat_map)), context, &mut self.heat, out);
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.heat.values_at(point.at)
    }

    fn has_own_pixels(&self, context: &ViewContext) -> bool {
        let choices = &context.view().heat_map;
        is_of_own(context, if self.beside { choices.beside } else { choices.source })
    }

    fn content(&self) -> Option<Content> {
        self.heat.map().map(Content::from)
    }

    fn whose(&self, context: &ViewContext) -> Whose {
        let choices = &context.view().heat_map;
        whose(if self.beside { choices.beside } else { choices.source })
    }

    fn failure(&self) -> Option<&str> {
        self.heat.failure()
    }
}

fn main_head_ui(ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
    let choices = context.view().heat_map;
    let tip = "Quantity of the power spectral density: the change of E[x₀|xₜ] from step to step, E[x₀|xₜ], the \
               state xₜ, or the predicted noise ε̂";
    let all = (choices.quantity, &SpectrumQuantity::ALL[..]);
    let of = |choice: SpectrumQuantity| (choice.name(), Action::SetHeatMap(HeatMapChange::Quantity(choice)));
    head.choice_ui(ui, 28.0, (words::tracks::SPECTRA_OF, tip), all, of, out);
    let tip = "Source: the sample on screen, the mean of the measured samples, theory, or a difference in dB";
    let all = (choices.source, &SpectrumSource::ALL[..]);
    let of = |choice: SpectrumSource| (choice.name(), Action::SetHeatMap(HeatMapChange::Source(choice)));
    head.choice_ui(ui, 56.0, (words::tracks::SPECTRA_FROM, tip), all, of, out);
    let tip = "Channel, frequency axis, 0 dB reference and colours";
    let shown = format!("{} axis", choices.scale.name());
    head.menu_ui(ui, 84.0, ("Heat map", &shown, tip), |ui| looks_menu(ui, context, out));
    pixels_note(ui, (head, 122.0), context, choices.source);
}

fn beside_head_ui(ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
    let choices = context.view().heat_map;
    let tip = "What is drawn below the spectra, for the same quantity and on the same axes";
    let all = (choices.beside, &SpectrumSource::BESIDE[..]);
    let of = |choice: SpectrumSource| (choice.name(), Action::SetHeatMap(HeatMapChange::Beside(choice)));
    head.choice_ui(ui, 28.0, ("Compare with", tip), all, of, out);
    head.note(ui, 64.0, choices.quantity.name());
    pixels_note(ui, (head, 80.0), context, choices.beside);
}

/// That the pixels are those of latents, at this distance below the track's top.
fn pixels_note(ui: &Ui, (head, middle): (&HeadSpace, f32), context: &ViewContext, source: SpectrumSource) {
    if context.latent_pixels().is_some() && is_of_own(context, source) {
        head.note(ui, middle, words::tracks::PX_OF_LATENTS);
    }
}

/// Whether a source is of the run's own values, and not of decoded images.
fn is_of_own(context: &ViewContext, source: SpectrumSource) -> bool {
    let is_decoded = || context.findings().is_some_and(|findings| findings.no_theory().is_some());
    whose(source) == Whose::Run || !is_decoded()
}

fn whose(source: SpectrumSource) -> Whose {
    if source == SpectrumSource::Sample { Whose::Run } else { Whose::Samples }
}
