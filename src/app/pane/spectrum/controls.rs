//! Channel, window, other steps, the range of the slope, and the figure as a file.

use crate::app::draw::number::{Limits, number};
use crate::app::draw::picture_menu::save_figure_ui;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{named, small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::spectrum::SpectrumPane;
use crate::session::SpectrumChoices;
use crate::session::action::Action;
use egui::{DragValue, RichText, Ui};

const HANN: &str = "Hann window: pixels are weighted towards the middle, sin²(πy/H)·sin²(πx/W), so that the jump from one \
                    edge of the image to the opposite one does not count as detail. Noise still reads 1 − ᾱ";
const OTHERS: &str = "E[x₀|xₜ] at a few other steps of the run, faint: dotted before this one, solid after it";
const CHANNEL: &str = "The mean of all channels, or one of them";
const RANGE: &str =
    "From where to where the slope of E[x₀|xₜ] is fitted, cycles/px. The ends can be dragged in the plot, too";

/// The channel by name: colours where there are three.
fn channel_name(channel: Option<usize>, channels: usize) -> String {
    match (channel, channels) {
        (Some(channel), 3) => ["red", "green", "blue"].get(channel).map_or("mean", |name| name).to_owned(),
        (Some(channel), _) if channel < channels => format!("{}", channel + 1),
        _ => "mean".to_owned(),
    }
}

impl SpectrumPane<'_> {
    fn channels(&self) -> usize {
        self.context.run.map_or(1, |run| run.started.shape[1])
    }

    /// Asks for other choices, as a change of its own.
    fn choose(&self, intents: &mut Vec<Intent>, change: impl FnOnce(&mut SpectrumChoices)) {
        let mut choices = self.choices;
        change(&mut choices);
        intents.push(Intent::Change(Action::SetSpectrum(choices)));
        intents.push(Intent::EndGesture);
    }

    fn channel_choices_ui(&self, ui: &mut Ui, intents: &mut Vec<Intent>) {
        let channels = self.channels();
        for channel in std::iter::once(None).chain((0..channels).map(Some)) {
            if ui.selectable_label(channel == self.choices.channel, channel_name(channel, channels)).clicked() {
                self.choose(intents, |choices| choices.channel = channel);
            }
        }
    }

    fn range_ui(&self, ui: &mut Ui, range: Option<(f64, f64)>, intents: &mut Vec<Intent>) {
        let Some((low, high)) = range.filter(|(low, high)| low < high) else {
            ui.label(RichText::new("slope: no range yet").color(Palette::of(ui).secondary)).on_hover_text(RANGE);
            return;
        };
        ui.label(RichText::new("slope").font(theme::body(SMALL)).color(Palette::of(ui).secondary));
        let (mut from, mut to) = (low, high);
        let field = |ui: &mut Ui, value, least, most| {
            let field = DragValue::new(value).clamp_existing_to_range(false).speed(0.001);
            number(ui, field.max_decimals(4).min_decimals(3), Limits::within(least, most)).on_hover_text(RANGE)
        };
        let first = field(ui, &mut from, 1e-4, high);
        named(ui, &first, "Slope from");
        ui.label(RichText::new("to").font(theme::body(SMALL)).color(Palette::of(ui).secondary));
        let second = field(ui, &mut to, low, 0.5);
        named(ui, &second, "Slope to");
        if (first.changed() || second.changed()) && from < to {
            intents
                .push(Intent::Change(Action::SetSpectrum(SpectrumChoices { fit: Some((from, to)), ..self.choices })));
        }
        if [&first, &second].iter().any(|field| field.drag_stopped() || field.lost_focus()) {
            intents.push(Intent::EndGesture);
        }
        let tip = "From 2 cycles/image to fₘₐₓ, at every step anew";
        let follows = self.choices.fit.is_none();
        let button = text_toggle(ui, "auto", "Slope range follows the step", tip, follows);
        if button.clicked() && !follows {
            self.choose(intents, |choices| choices.fit = None);
        }
    }

    /// All of it in one line, where that is wide.
    pub(super) fn bar_ui(&self, ui: &mut Ui, range: Option<(f64, f64)>, intents: &mut Vec<Intent>) {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let shown = channel_name(self.choices.channel, self.channels());
            small_menu(ui, "Channel of the spectra", &shown, CHANNEL, |ui| {
                ui.set_min_width(96.0);
                self.channel_choices_ui(ui, intents);
            });
            if text_toggle(ui, "Hann", "Hann window", HANN, self.choices.hann).clicked() {
                self.choose(intents, |choices| choices.hann = !choices.hann);
            }
            if text_toggle(ui, "other steps", "Other steps", OTHERS, self.choices.others).clicked() {
                self.choose(intents, |choices| choices.others = !choices.others);
            }
            ui.add_space(6.0);
            self.range_ui(ui, range, intents);
        });
    }

    /// The pane's menu: all of it where the pane has no line for it, and the figure as a file.
    pub(super) fn menu_ui(&self, ui: &mut Ui, all: bool, range: Option<(f64, f64)>, intents: &mut Vec<Intent>) {
        ui.set_min_width(200.0);
        if all {
            ui.horizontal(|ui| {
                ui.label("channel").on_hover_text(CHANNEL);
                self.channel_choices_ui(ui, intents);
            });
            let (mut hann, mut others) = (self.choices.hann, self.choices.others);
            if ui.checkbox(&mut hann, "Hann window").on_hover_text(HANN).changed() {
                self.choose(intents, |choices| choices.hann = hann);
            }
            if ui.checkbox(&mut others, "Other steps").on_hover_text(OTHERS).changed() {
                self.choose(intents, |choices| choices.others = others);
            }
            ui.horizontal(|ui| self.range_ui(ui, range, intents));
        }
        if ui.button("Copy figure").clicked() {
            intents.push(Intent::CopySpectrum);
            ui.close();
        }
        save_figure_ui(ui, "Save figure", |format| intents.push(Intent::ExportSpectrum(format)));
    }
}
