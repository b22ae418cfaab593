//! Sampler, spacing and steps.

use super::{FieldLook, TopBar};
use crate::app::draw::number::{self, Limits};
use crate::app::draw::setting::{field, setting_ui, whole_chip};
use crate::app::draw::widgets::menu_chip;
use crate::app::intent::Intent;
use crate::app::words;
use crate::sampler::registry::{METHODS, ParameterSpec, Values};
use crate::sampler::{SamplerChoice, Solver};
use crate::schedule::PlanSource;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::prepare::{default_spacing, sampler_for};
use crate::session::setting::{Section, Setting};
use crate::words::sentence;
use crate::words::voice::Voice;
use egui::{Ui, WidgetInfo};

/// What the model decides if nobody does.
const MODEL_DEFAULT: &str = "model default";

/// The settings of the plan with a control of their own in the bar; all others are in the sampler's menu.
const ELSEWHERE: [Setting; 4] = [Setting::Steps, Setting::Spacing, Setting::Schedule, Setting::Seed];

/// Sampler, spacing and steps.
pub(super) fn plan_ui(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    sampler_chip(ui, bar, look, intents);
    spacing_chip(ui, bar, look, intents);
    let chip = (look.widths.steps, 0.2, look.changed(Setting::Steps));
    whole_chip(ui, Setting::Steps, run, chip, intents);
}

/// What a choice of sampler comes to on the open model, if there is one.
fn solver_of(bar: &TopBar, choice: SamplerChoice) -> Option<Solver> {
    let known = bar.model.and_then(|model| model.scheduler.as_ref().zip(model.schedule.as_ref()));
    match (known, choice) {
        (Some((config, schedule)), _) => Some(sampler_for(choice, bar.document.run.churn, config, schedule).solver),
        (None, choice) => choice.named(),
    }
}

fn sampler_chip(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let here = |setting: &&Setting| setting.declaration().section == Section::Plan && !ELSEWHERE.contains(setting);
    let changed = Setting::ALL.iter().filter(here).any(|setting| look.changed(*setting));
    let eta = run.eta.map_or_else(String::new, |eta| format!(" η {eta}"));
    let solver = solver_of(bar, run.sampler);
    let shown = format!("{}{eta}", solver.map_or(MODEL_DEFAULT, |solver| solver.name()));
    let mut tip = Setting::Sampler.help(Voice::Window);
    if let Some(solver) = solver {
        tip = format!("{}\n{tip}", solver.title());
    }
    menu_chip(ui, look.chip((words::frame::SAMPLER, look.widths.sampler), &shown, &tip, changed), |ui| {
        ui.set_min_width(200.0);
        // Half of the window: the others are scrolled to, and what belongs to the chosen one stays in sight below.
        let height = 0.5 * ui.ctx().content_rect().height();
        egui::ScrollArea::vertical().max_height(height).show(ui, |ui| {
            ui.set_min_width(200.0);
            sampler_entries(ui, bar, intents);
        });
        ui.add_space(4.0);
        if let Some(usual) = solver.and_then(|solver| solver.usual_eta()) {
            eta_ui(ui, run.eta.unwrap_or(usual), intents);
        }
        if solver.is_some_and(|solver| solver.has_churn()) {
            setting_ui(ui, Setting::SChurn, run, intents);
        }
        if let Some(named) = run.sampler.named() {
            parameters_ui(ui, named, intents);
        }
    });
}

/// The samplers to choose from, the model's own first.
fn sampler_entries(ui: &mut Ui, bar: &TopBar, intents: &mut Vec<Intent>) {
    let chosen = bar.document.run.sampler;
    let mut pick = |ui: &mut Ui, is_chosen: bool, choice: SamplerChoice, text: &str, tip: String| {
        if ui.selectable_label(is_chosen, text).on_hover_text(tip).clicked() {
            intents.push(Intent::Change(Action::SetSampler(choice)));
            ui.close();
        }
    };
    let own = solver_of(bar, SamplerChoice::Own);
    let text = own.map_or_else(|| "Model default".to_owned(), |own| format!("Model default ({})", own.title()));
    let tip = "The sampler of the model's scheduler configuration, with its options".to_owned();
    pick(ui, chosen == SamplerChoice::Own, SamplerChoice::Own, &text, tip);
    for method in METHODS {
        let is_chosen = chosen.named().is_some_and(|named| named.kind == method.kind);
        let tip = format!("{}: {}\n{}", method.title, method.summary, method.paper);
        pick(ui, is_chosen, method.kind.into(), method.name, tip);
    }
}

fn eta_ui(ui: &mut Ui, mut eta: f64, intents: &mut Vec<Intent>) {
    ui.horizontal(|ui| {
        ui.label("η").on_hover_text(
            "η: the share of the noise that is replaced by fresh noise in every step. 0 is deterministic",
        );
        let slider = egui::Slider::new(&mut eta, 0.0..=1.0).max_decimals(3);
        let response = number::slider(ui, slider, Limits::of(Setting::Eta));
        response.widget_info(|| WidgetInfo::slider(true, eta, "η"));
        if response.changed() {
            intents.push(Intent::Change(Action::set(Setting::Eta, Some(eta))));
        }
        if response.double_clicked() {
            intents.push(Intent::Change(Action::set(Setting::Eta, None::<f64>)));
        }
        field(&response, intents);
    });
}

/// The parameters of a sampler.
fn parameters_ui(ui: &mut Ui, solver: Solver, intents: &mut Vec<Intent>) {
    for spec in solver.method().parameters {
        let before = solver.value(spec.parameter);
        let mut value = before;
        let name = spec.parameter.name().replace('_', " ");
        ui.horizontal(|ui| match spec.values {
            Values::Switch => {
                let mut on = value != 0.0;
                ui.checkbox(&mut on, &name).on_hover_text(spec.parameter.says());
                value = f64::from(u8::from(on));
            }
            Values::OneOf(choices) => {
                ui.label(&name).on_hover_text(spec.parameter.says());
                for (place, word) in choices.iter().enumerate() {
                    ui.selectable_value(&mut value, place as f64, *word);
                }
            }
            Values::Whole(least, most) => {
                number_ui(ui, &mut value, (f64::from(least), f64::from(most)), 0, (&name, spec));
            }
            Values::Number(least, most) => number_ui(ui, &mut value, (least, most), 3, (&name, spec)),
        });
        if value != before {
            intents.push(Intent::Change(Action::SetSampler(solver.with(spec.parameter, value).into())));
        }
    }
}

fn number_ui(
    ui: &mut Ui,
    value: &mut f64,
    (least, most): (f64, f64),
    decimals: usize,
    (name, spec): (&str, &ParameterSpec),
) {
    ui.label(name).on_hover_text(spec.parameter.says());
    let drag = egui::DragValue::new(value).range(least..=most).max_decimals(decimals).speed(if decimals == 0 {
        0.05
    } else {
        0.01
    });
    let response = ui.add(drag);
    let shown = *value;
    response.widget_info(|| WidgetInfo::drag_value(true, shown));
}

fn spacing_chip(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let open = bar.model.and_then(|model| {
        let (config, schedule) = (model.scheduler.as_ref()?, model.schedule.as_ref()?);
        let named = run.sampler.named().map(|named| named.on(schedule, run.churn));
        Some(default_spacing(named, run.effective_steps(), config, schedule))
    });
    let own = open.as_ref().map(|open| open.source.label());
    let own = own.as_deref().or_else(|| bar.model.and_then(|model| model.spacing.as_deref()));
    let because = open.as_ref().and_then(|open| open.because.as_deref());
    let drawn = run.schedule.as_ref().map(|schedule| schedule.label());
    let shown = drawn.as_deref().or(run.spacing.as_deref()).or(own).unwrap_or(MODEL_DEFAULT);
    let tip = "Which noise levels the run visits: a spacing of the model's timesteps, or a σ family";
    let changed = look.changed(Setting::Spacing) || look.changed(Setting::Schedule);
    menu_chip(ui, look.chip((words::frame::SPACING, look.widths.spacing), shown, tip, changed), |ui| {
        ui.set_min_width(200.0);
        let whose = if because.is_some() {
            format!("default for {}", run.sampler.or_ddim().name())
        } else {
            MODEL_DEFAULT.to_owned()
        };
        let text = own.map_or_else(|| whose.clone(), |own| format!("{whose} ({own})"));
        let here = run.spacing.as_deref().filter(|_| run.schedule.is_none());
        let mut pick = |ui: &mut Ui, name: Option<&str>, text: &str| {
            let mut entry = ui.selectable_label(run.schedule.is_none() && here == name, text);
            if let Some(because) = because.filter(|_| name.is_none()) {
                entry = entry.on_hover_text(sentence(because));
            }
            if entry.clicked() {
                intents.push(Intent::Change(Action::SetSpacing(name.map(str::to_owned))));
                ui.close();
            }
        };
        pick(ui, None, &text);
        for name in PlanSource::names() {
            pick(ui, Some(name), name);
        }
        if ui
            .button("Schedule lab…")
            .on_hover_text("Open the layout in which you draw the schedule and see its effect")
            .clicked()
        {
            intents.push(Intent::Change(Action::SetLayout(Layout::ScheduleLab)));
            ui.close();
        }
    });
}
