//! Channel, window, other steps, the range of the slope, and the figure as a file.

use crate::app::draw::number::{Limits, number};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{named, small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::spectrum::{figure_menu_ui, is_decoded};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::Figure;
use crate::session::SpectrumChoices;
use crate::session::action::Action;
use egui::{DragValue, RichText, ScrollArea, Ui};

const HANN: &str = "Hann window: weights pixels towards the middle, sin²(πy/H)·sin²(πx/W), so that the jump between \
                    opposite edges does not count as detail. Noise still reads 1 − ᾱ";
const OTHERS: &str = "E[x₀|xₜ] at a few other steps of the run, faint: dotted before this one, solid after it";
const CHANNEL: &str = "The mean of all channels, or one of them";
const RANGE: &str =
    "Range in which the slope of E[x₀|xₜ] is fitted, in cycles/px. You can also drag its ends in the plot";

/// The channel by name: a colour if there are three.
fn channel_name(channel: Option<usize>, channels: usize) -> String {
    match (channel, channels) {
        (Some(channel), 3) => ["red", "green", "blue"].get(channel).map_or("mean", |name| name).to_owned(),
        (Some(channel), _) if channel < channels => channel.to_string(),
        _ => "mean".to_owned(),
    }
}

fn channels_of(context: &ViewContext) -> usize {
    let own = context.run.map_or(1, |run| run.started.shape[1]);
    if is_decoded(context) { 3 } else { own }
}

/// Requests other settings, undone separately.
fn choose(context: &ViewContext, intents: &mut Vec<Intent>, change: impl FnOnce(&mut SpectrumChoices)) {
    let mut choices = context.view().spectrum;
    change(&mut choices);
    intents.push(Intent::Change(Action::SetSpectrum(choices)));
    intents.push(Intent::EndGesture);
}

fn channel_choices_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    let channels = channels_of(context);
    for channel in std::iter::once(None).chain((0..channels).map(Some)) {
        if ui.selectable_label(channel == context.view().spectrum.channel, channel_name(channel, channels)).clicked() {
            choose(context, intents, |choices| choices.channel = channel);
        }
    }
}

fn range_ui(ui: &mut Ui, context: &ViewContext, range: Option<(f64, f64)>, intents: &mut Vec<Intent>) {
    if is_decoded(context) {
        return;
    }
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
    named(ui, &first, words::panes::SLOPE_FROM);
    ui.label(RichText::new("to").font(theme::body(SMALL)).color(Palette::of(ui).secondary));
    let second = field(ui, &mut to, low, 0.5);
    named(ui, &second, "Slope to");
    if (first.changed() || second.changed()) && from < to {
        intents.push(Intent::Change(Action::SetSpectrum(SpectrumChoices {
            fit: Some((from, to)),
            ..context.view().spectrum
        })));
    }
    if [&first, &second].iter().any(|field| field.drag_stopped() || field.lost_focus()) {
        intents.push(Intent::EndGesture);
    }
    let tip = "From 2 cycles/image to fₘₐₓ of each step";
    let follows = context.view().spectrum.fit.is_none();
    let button = text_toggle(ui, "auto", words::panes::RANGE_FOLLOWS, tip, follows);
    if button.clicked() && !follows {
        choose(context, intents, |choices| choices.fit = None);
    }
}

/// All controls in one line, in a wide pane.
pub(super) fn bar_ui(ui: &mut Ui, context: &ViewContext, range: Option<(f64, f64)>, intents: &mut Vec<Intent>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let shown = channel_name(context.view().spectrum.channel, channels_of(context));
        small_menu(ui, words::panes::SPECTRA_CHANNEL, &shown, CHANNEL, |ui| {
            ui.set_min_width(96.0);
            ScrollArea::vertical().max_height(260.0).show(ui, |ui| channel_choices_ui(ui, context, intents));
        });
        if text_toggle(ui, "Hann", words::panes::HANN, HANN, context.view().spectrum.hann).clicked() {
            choose(context, intents, |choices| choices.hann = !choices.hann);
        }
        let others = context.view().spectrum.others;
        if !is_decoded(context) && text_toggle(ui, "other steps", words::panes::OTHER_STEPS, OTHERS, others).clicked() {
            choose(context, intents, |choices| choices.others = !choices.others);
        }
        ui.add_space(6.0);
        range_ui(ui, context, range, intents);
    });
}

/// The pane's menu: all controls if the pane has no line for them, and the figure as a file.
pub(super) fn menu_ui(
    ui: &mut Ui,
    context: &ViewContext,
    (all, range): (bool, Option<(f64, f64)>),
    figure: Option<&Figure>,
    out: &mut ViewOutput,
) {
    ui.set_min_width(200.0);
    let intents = &mut *out.intents;
    if all {
        ui.horizontal_wrapped(|ui| {
            ui.label("channel").on_hover_text(CHANNEL);
            channel_choices_ui(ui, context, intents);
        });
        let (mut hann, mut others) = (context.view().spectrum.hann, context.view().spectrum.others);
        if ui.checkbox(&mut hann, words::panes::HANN).on_hover_text(HANN).changed() {
            choose(context, intents, |choices| choices.hann = hann);
        }
        if !is_decoded(context) && ui.checkbox(&mut others, words::panes::OTHER_STEPS).on_hover_text(OTHERS).changed() {
            choose(context, intents, |choices| choices.others = others);
        }
        ui.horizontal(|ui| range_ui(ui, context, range, intents));
    }
    if let Some(figure) = figure {
        figure_menu_ui(ui, figure, "Copy figure", context, out);
    }
}
