//! A network at several times its trained size.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::named;
use crate::app::intent::Intent;
use crate::app::pane::guidance::{heading, secondary};
use crate::app::track::schedule::editor::alone;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::denoiser::Upsample;
use crate::session::action::Action;
use crate::theory::adjustment;
use egui::{Grid, Label, RichText, Slider, Ui};

pub(super) fn sizes_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    let Some(model) = context.model else { return };
    heading(ui, "Larger sizes");
    let current = context.settings().upsample;
    if !model.takes_sizes {
        let text = "This model accepts one size only.";
        ui.add(Label::new(secondary(ui, text)).wrap());
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let size = |factor: usize| {
            let native = model.native_size.map(|(height, width)| (height * factor, width * factor));
            native.map_or_else(
                || format!("×{factor}"),
                |(height, width)| if height == width { format!("{height} px") } else { format!("{height}×{width}") },
            )
        };
        let tip = "Trained size";
        if ui.selectable_label(current.is_none(), size(1)).on_hover_text(tip).clicked() && current.is_some() {
            intents.extend(alone(Intent::Change(Action::SetUpsample(None))));
        }
        for factor in Upsample::FACTORS {
            let chosen = current.is_some_and(|upsample| upsample.factor == factor);
            let tip = format!(
                "{factor} times the trained size, guided by the network's estimate for the pooled \
                               image"
            );
            if ui.selectable_label(chosen, size(factor)).on_hover_text(tip).clicked() && !chosen {
                let choice = current.map_or(Upsample::by(factor), |upsample| Upsample { factor, ..upsample });
                intents.extend(alone(Intent::Change(Action::SetUpsample(Some(choice)))));
            }
        }
    });
    let Some(upsample) = current else { return };
    let mut to = upsample;
    for (symbol, name, value, most, tip) in [
        (
            "θ",
            "Weight θ",
            &mut to.theta,
            2.0,
            "Weight of the pooled image's estimate in the coarse part. 0 switches it off",
        ),
        (
            "η",
            "Active part η",
            &mut to.eta,
            1.0,
            "Share of the model's time, from the noisy end, in which upsample guidance acts",
        ),
    ] {
        ui.horizontal(|ui| {
            ui.label(symbol);
            let slider = Slider::new(value, 0.0..=most).max_decimals(3);
            let response = number::slider(ui, slider, Limits::within(0.0, most));
            named(ui, &response, name);
            if response.drag_stopped() || response.lost_focus() {
                intents.push(Intent::EndGesture);
            }
            response.on_hover_text(tip);
        });
    }
    if to != upsample {
        intents.push(Intent::Change(Action::SetUpsample(Some(to))));
    }
    here_ui(ui, context, upsample);
}

/// The state at the playhead, and the cost of a step.
fn here_ui(ui: &mut Ui, context: &ViewContext, upsample: Upsample) {
    let Some(planned) = context.next() else { return };
    let steps = planned.axis.steps() as f64;
    let level = context.run.map_or(planned.axis.level_at(0.0), |run| run.axis.level_at(context.position));
    let n = upsample.factor;
    let adjusted = adjustment::adjusted_level(level, n, 1);
    let acting = upsample.weight_at(level, &planned.model) != 0.0;
    let palette = Palette::of(ui);
    let levels = planned.plan.levels();
    let acts = levels[..levels.len() - 1].iter().filter(|level| upsample.weight_at(**level, &planned.model) != 0.0);
    let share = acts.count() as f64 / steps;
    Grid::new("adjusted").num_columns(2).spacing([14.0, 2.0]).min_row_height(18.0).show(ui, |ui| {
        let mut row = |name: &str, value: String, tip: &str| {
            ui.label(secondary(ui, name)).on_hover_text(tip);
            ui.label(RichText::new(value).font(theme::mono(SMALL)).color(palette.text));
            ui.end_row();
        };
        let timestep = |level| format!("{:.0}", planned.model.timestep_of(level));
        row(words::panes::T_AT_PLAYHEAD, timestep(level), "Timestep at the playhead");
        row(words::panes::TAU_POOLED, timestep(adjusted), "Adjusted time of the pooled image: λ(τ) = λ(t) + 2·ln n");
        row(
            words::panes::ROOT_P,
            format!("{:.3}", adjustment::intensity(level, n)),
            "Intensity of the pooled image, by which it is divided",
        );
        row("active here", if acting { "yes" } else { "no" }.into(), "Active while t ≥ (1 − η)·T");
        let cost = 1.0 + share / (n * n) as f64;
        let tip = "Cost in network pixels relative to the plain run. Active steps also evaluate the pooled image";
        row(words::panes::COST, words::panes::times_plain(cost), tip);
        if let Some((with, without)) = context.run.and_then(|run| seconds(run, upsample)) {
            row(
                "measured",
                format!("{:.2} × plain", with / without),
                "Measured: an active step relative to one that is not",
            );
        }
    });
}

/// Median seconds of the steps in which it was active, and in which it was not.
fn seconds(run: &crate::app::run_view::RunView, upsample: Upsample) -> Option<(f64, f64)> {
    if run.started.settings.upsample != Some(upsample) {
        return None;
    }
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for step in 0..run.done() {
        let Some(seconds) = run.whole_step(step).map(|step| step.seconds) else { continue };
        let acts = upsample.weight_at(run.level(step), &run.model) != 0.0;
        if acts { with.push(seconds) } else { without.push(seconds) }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    };
    Some((median(&mut with)?, median(&mut without)?))
}
