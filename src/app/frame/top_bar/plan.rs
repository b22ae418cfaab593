//! Sampler, spacing and steps.

use super::{FieldLook, TopBar};
use crate::app::draw::number::{self, Limits};
use crate::app::draw::setting::{field, setting_ui, whole_chip};
use crate::app::draw::widgets::menu_chip;
use crate::app::intent::Intent;
use crate::app::words;
use crate::sampler::registry::METHODS;
use crate::schedule::PlanSource;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::prepare::default_spacing;
use crate::session::setting::{Section, Setting};
use crate::session::settings::RunSettings;
use crate::words::sentence;
use crate::words::voice::Voice;
use egui::{Ui, WidgetInfo};

/// The settings of the plan with a control of their own in the bar; all others are in the sampler's menu.
const ELSEWHERE: [Setting; 4] = [Setting::Steps, Setting::Spacing, Setting::Schedule, Setting::Seed];

/// Sampler, spacing and steps.
pub(super) fn plan_ui(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    sampler_chip(ui, run, look, intents);
    spacing_chip(ui, bar, look, intents);
    let chip = (look.widths.steps, 0.2, look.changed(Setting::Steps));
    whole_chip(ui, Setting::Steps, run, chip, intents);
}

fn sampler_chip(ui: &mut Ui, run: &RunSettings, look: &FieldLook, intents: &mut Vec<Intent>) {
    let here = |setting: &&Setting| setting.declaration().section == Section::Plan && !ELSEWHERE.contains(setting);
    let changed = Setting::ALL.iter().filter(here).any(|setting| look.changed(*setting));
    let eta = run.eta.map_or_else(String::new, |eta| format!(" η {eta}"));
    let shown = format!("{}{eta}", run.sampler.name());
    let tip = Setting::Sampler.help(Voice::Window);
    menu_chip(ui, look.chip((words::frame::SAMPLER, look.widths.sampler), &shown, &tip, changed), |ui| {
        ui.set_min_width(200.0);
        // Half of the window: the rest scrolls, and the settings of the chosen one stay visible below.
        let height = 0.5 * ui.ctx().content_rect().height();
        egui::ScrollArea::vertical().max_height(height).show(ui, |ui| {
            ui.set_min_width(200.0);
            for method in METHODS {
                let entry = ui.selectable_label(run.sampler == method.kind, method.name);
                let tip = format!("{}: {}\n{}", method.title, method.summary, method.paper);
                if entry.on_hover_text(tip).clicked() {
                    intents.push(Intent::Change(Action::SetSampler(method.kind)));
                    ui.close();
                }
            }
        });
        ui.add_space(4.0);
        if let Some(usual) = run.sampler.usual_eta() {
            let mut eta = run.eta.unwrap_or(usual);
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
        if run.sampler.has_churn() {
            setting_ui(ui, Setting::SChurn, run, intents);
        }
    });
}

fn spacing_chip(ui: &mut Ui, bar: &TopBar, look: &FieldLook, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let open = bar.model.and_then(|model| {
        let (config, schedule) = (model.scheduler.as_ref()?, model.schedule.as_ref()?);
        Some(default_spacing(run.sampler, run.effective_steps(), config, schedule))
    });
    let own = open.as_ref().map(|open| open.source.label());
    let own = own.as_deref().or_else(|| bar.model.and_then(|model| model.spacing.as_deref()));
    let because = open.as_ref().and_then(|open| open.because.as_deref());
    let drawn = run.schedule.as_ref().map(|schedule| schedule.label());
    let shown = drawn.as_deref().or(run.spacing.as_deref()).or(own).unwrap_or("model default");
    let tip = "Which noise levels the run visits: a spacing of the model's timesteps, or a σ family";
    let changed = look.changed(Setting::Spacing) || look.changed(Setting::Schedule);
    menu_chip(ui, look.chip((words::frame::SPACING, look.widths.spacing), shown, tip, changed), |ui| {
        ui.set_min_width(200.0);
        let whose = if because.is_some() { format!("default for {}", run.sampler) } else { "model default".to_owned() };
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
