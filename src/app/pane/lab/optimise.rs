//! The schedule fitted to a fine reference, in the background.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::named;
use crate::app::intent::Intent;
use crate::app::pane::lab::{LabPane, alone, heading, lines_ui, problem, secondary, small_button};
use crate::app::planned::Planned;
use crate::app::track::schedule::editor::to_curve;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::figure::palette::level_label;
use crate::model::exact::ExactCard;
use crate::optimise::{FitEnd, Options, Outcome, Reference};
use crate::runtime::Report;
use crate::sampler::SamplerKind;
use crate::sampler::registry::ClosedForm;
use crate::words::count;
use egui::{DragValue, Grid, Label, ProgressBar, RichText, Ui};

/// The options of an optimisation.
#[derive(Clone, Debug, Default)]
pub(super) struct FitRequest {
    options: Options,
}

pub(super) fn optimise_ui(
    ui: &mut Ui,
    context: &ViewContext,
    planned: &Planned,
    state: &mut LabPane,
    intents: &mut Vec<Intent>,
) {
    heading(ui, "Optimise");
    let going = context.optimisation.is_some_and(|report| report.ended.is_none());
    let options = &mut state.wanted.options;
    ui.add_enabled_ui(!going, |ui| {
        ui.horizontal_wrapped(|ui| {
            let number = |ui: &mut Ui, name: &str, tip: &str, value: &mut usize, range: (usize, usize)| {
                ui.label(RichText::new(name).font(theme::body(SMALL)));
                let limits = Limits::whole(range.0, range.1);
                let response = number::number(ui, DragValue::new(value).speed(0.2), limits);
                named(ui, &response, name);
                response.on_hover_text(tip);
            };
            number(ui, "seeds to fit on", "Seeds for the fit", &mut options.fit_seeds, (1, 64));
            number(
                ui,
                "seeds to test on",
                "Held-out seeds on which the schedule is tested before and after",
                &mut options.measure_seeds,
                (1, 64),
            );
            number(ui, "runs", "Maximum number of runs for the fit", &mut options.evaluations, (1, 5000));
        });
        ui.horizontal_wrapped(|ui| {
            for (reference, name) in Reference::ALL {
                let tip = "The fine run from the same noise that the schedule is compared with";
                ui.selectable_value(&mut options.reference, reference, name).on_hover_text(tip);
            }
            ui.checkbox(&mut options.move_times, "move in time too")
                .on_hover_text("Let control points also move in run time");
        });
    });
    ui.horizontal(|ui| {
        let tip = "Move the control points so that this many steps end as close as possible to a fine run from the \
                   same noise";
        if !going && small_button(ui, words::panes::FIT, tip) {
            let seed = context.document.run.seed;
            intents.push(Intent::Optimise(Box::new(Options { seed, ..options.clone() })));
        }
        if going && small_button(ui, words::panes::STOP_FIT, "Stop the fit and keep the best curve so far") {
            intents.push(Intent::CancelOptimise);
        }
    });
    // The line depends on the sampler, which must not move the contents below.
    let is_gaussian = context
        .model
        .and_then(|model| model.card.as_ref())
        .is_some_and(|card| matches!(card.exact, Some(ExactCard::Gaussian)));
    if planned.closed_form.is_none() && is_gaussian {
        let names = SamplerKind::names("or", |method| method.exact == ClosedForm::Ddim);
        let text = format!("Known in closed form for this prior with {names} and η = 0.");
        lines_ui(ui, &text, 3, Palette::of(ui).secondary);
    }
    if let Some(known) = planned.closed_form {
        let text = format!(
            "Known in closed form for this prior: error {:.4} (RMSE) from the exact flow, spectrum {:.2} dB from \
             S(k)",
            known.rmse, known.spectrum_db
        );
        let tip = "N deterministic DDIM steps multiply each frequency of the noise by a known factor, so the result is \
             exact";
        lines_ui(ui, &text, 3, Palette::of(ui).secondary).on_hover_text(tip);
    }
    let Some(report) = context.optimisation else {
        let steps = planned.plan.steps();
        ui.label(secondary(ui, &format!("Fits the curve for {}. You can keep working.", count(steps, "step"))));
        return;
    };
    let on_latents = context.model.is_some_and(|model| model.pipeline.is_some());
    report_ui(ui, report, (planned.factor, on_latents), intents);
}

fn report_ui(ui: &mut Ui, report: &Report, of: (usize, bool), intents: &mut Vec<Intent>) {
    if report.ended.is_none() {
        ui.add(ProgressBar::new(report.share).desired_height(6.0));
        ui.add(Label::new(secondary(ui, &report.doing)).wrap());
    }
    if let Some((start, best)) = report.errors {
        let text = format!("{}: {start:.4} at the start, {best:.4} now", words::panes::FIT_ERROR);
        ui.label(secondary(ui, &text));
    }
    let best = match &report.ended {
        Some(Err(fault)) => {
            problem(ui, &fault.sentence);
            return;
        }
        Some(Ok(outcome)) => {
            outcome_ui(ui, outcome, of);
            Some(&outcome.best)
        }
        None => report.best.as_ref(),
    };
    if let Some(best) = best
        && small_button(ui, words::panes::APPLY_BEST, "Run with the best curve so far. You can undo this")
    {
        intents.extend(alone(to_curve(best.clone())));
    }
}

/// Before and after, on seeds that the fit did not use.
fn outcome_ui(ui: &mut Ui, outcome: &Outcome, (factor, on_latents): (usize, bool)) {
    let palette = Palette::of(ui);
    let text = RichText::new(outcome.sentence()).font(theme::body(SMALL)).color(palette.text);
    ui.add(Label::new(text).wrap());
    if outcome.ended == FitEnd::Cancelled {
        ui.label(secondary(ui, words::panes::FIT_STOPPED));
    }
    let Some(comparison) = &outcome.comparison else { return };
    let (before, after) = (&comparison.before, &comparison.after);
    Grid::new("before and after").num_columns(3).spacing([18.0, 3.0]).show(ui, |ui| {
        let mut row = |name: &str, before: String, after: String| {
            ui.label(RichText::new(name).font(theme::body(SMALL)).color(palette.secondary));
            ui.label(RichText::new(before).font(theme::mono(SMALL)));
            ui.label(RichText::new(after).font(theme::mono(SMALL)));
            ui.end_row();
        };
        row("RMSE", "before".into(), "after".into());
        let of = |value: f64| format!("{value:.4}");
        row("data units", of(before.rmse), of(after.rmse));
        if !on_latents {
            row("8-bit levels", format!("{:.2}", before.rmse_8bit), format!("{:.2}", after.rmse_8bit));
        }
        let levels = before.by_level.len().min(after.by_level.len());
        for m in 0..levels {
            let name = if m + 1 == levels { "rest".to_owned() } else { level_label(factor, m) };
            row(&name, of(before.by_level[m]), of(after.by_level[m]));
        }
        let spectrum = |db: f64| format!("{db:.2} dB");
        row("spectrum error", spectrum(before.spectrum_db()), spectrum(after.spectrum_db()));
    });
}
