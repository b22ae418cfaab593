//! Sampler, spacing and steps.

use super::{Look, TopBar, field};
use crate::app::draw::number::{self, Limits};
use crate::app::draw::widgets::{menu_chip, named, number_chip};
use crate::app::intent::Intent;
use crate::sampler::registry::METHODS;
use crate::schedule::PlanSource;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::prepare::default_spacing;
use crate::session::settings::RunSettings;
use crate::words::sentence;
use egui::{DragValue, Ui, WidgetInfo};

/// Sampler, spacing and steps: which noise levels are visited, and how.
pub(super) fn plan_ui(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    sampler_chip(ui, run, look, intents);
    spacing_chip(ui, bar, look, intents);
    let mut steps = run.steps;
    let drag = (DragValue::new(&mut steps).speed(0.2), Limits::whole(1, 1000));
    let tip = "Sampling steps; drag, or click and type";
    let chip = (("Steps", look.widths.steps), run.steps.to_string(), tip);
    field(&number_chip(ui, chip, look.changed("steps"), drag), intents);
    if steps != run.steps {
        intents.push(Intent::Change(Action::SetSteps(steps)));
    }
}

fn sampler_chip(ui: &mut Ui, run: &RunSettings, look: &Look, intents: &mut Vec<Intent>) {
    let changed = ["sampler", "η", "churn"].iter().any(|name| look.changed(name));
    let eta = run.eta.map_or_else(String::new, |eta| format!(" η {eta}"));
    let shown = format!("{}{eta}", run.sampler.name());
    let tip = "How the state moves along the noise levels";
    menu_chip(ui, look.chip(("Sampler", look.widths.sampler), &shown, tip, changed), |ui| {
        ui.set_min_width(200.0);
        for method in METHODS {
            let entry = ui.selectable_label(run.sampler == method.kind, method.name);
            let tip = format!("{}: {}\n{}", method.title, method.summary, method.paper);
            if entry.on_hover_text(tip).clicked() {
                intents.push(Intent::Change(Action::SetSampler(method.kind)));
                ui.close();
            }
        }
        ui.add_space(4.0);
        if let Some(usual) = run.sampler.usual_eta() {
            let mut eta = run.eta.unwrap_or(usual);
            ui.horizontal(|ui| {
                ui.label("η").on_hover_text("Share of the noise that is drawn anew in every step");
                let slider = egui::Slider::new(&mut eta, 0.0..=1.0).max_decimals(3);
                let response = number::slider(ui, slider, Limits::within(0.0, 1.0));
                response.widget_info(|| WidgetInfo::slider(true, eta, "η"));
                if response.changed() {
                    intents.push(Intent::Change(Action::SetEta(Some(eta))));
                }
                if response.double_clicked() {
                    intents.push(Intent::Change(Action::SetEta(None)));
                }
                field(&response, intents);
            });
        }
        if run.sampler.has_churn() {
            let mut churn = run.churn;
            ui.horizontal(|ui| {
                ui.label("churn").on_hover_text("Noise added over the whole run, S_churn of EDM");
                let amount = DragValue::new(&mut churn.amount).speed(0.5);
                let response = number::number(ui, amount, Limits::within(0.0, 1000.0));
                named(ui, &response, "churn");
                field(&response, intents);
            });
            if churn != run.churn {
                intents.push(Intent::Change(Action::SetChurn(churn)));
            }
        }
    });
}

fn spacing_chip(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let open = bar.model.and_then(|model| {
        let (config, schedule) = (model.scheduler.as_ref()?, model.schedule.as_ref()?);
        Some(default_spacing(run.sampler, run.effective_steps(), config, schedule))
    });
    let own = open.as_ref().map(|open| open.source.label());
    let own = own.as_deref().or_else(|| bar.model.and_then(|model| model.spacing.as_deref()));
    let because = open.as_ref().and_then(|open| open.because.as_deref());
    let drawn = run.schedule.as_ref().map(|schedule| schedule.label());
    let shown = drawn.as_deref().or(run.spacing.as_deref()).or(own).unwrap_or("own");
    let tip = "Which noise levels the run visits: a spacing of the model's timesteps, or a σ family";
    let changed = look.changed("spacing") || look.changed("schedule");
    menu_chip(ui, look.chip(("Spacing", look.widths.spacing), shown, tip, changed), |ui| {
        ui.set_min_width(200.0);
        let whose = if because.is_some() { format!("suits {}", run.sampler) } else { "the model's own".to_owned() };
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
        if ui.button("Schedule lab…").on_hover_text("Draw the schedule, and see what it does").clicked() {
            intents.push(Intent::Change(Action::SetLayout(Layout::ScheduleLab)));
            ui.close();
        }
    });
}
