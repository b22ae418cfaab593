//! What went wrong, what is being fetched and what the program has to say; they stay until they are read.

use super::icons::{Icon, draw_icon};
use super::widgets::icon_button_small;
use crate::app::intent::{Ask, Intent};
use crate::app::state::Fetching;
use crate::app::theme::{self, BODY, Palette, SMALL};
use crate::model::PredictionType;
use crate::model::contract::PortNames;
use crate::runtime::{Fault, Need, Place, PortRole};
use crate::session::action::Action;
use crate::session::settings::RunSettings;
use egui::{Align, Button, ComboBox, Layout, ProgressBar, RichText, Sense, Ui, vec2};

/// What there is to say.
pub struct Messages<'a> {
    /// Failures, oldest first.
    pub faults: &'a [Fault],
    /// Words of the program.
    pub notices: &'a [String],
    /// How fetching ONNX Runtime goes, while it does.
    pub fetching: Option<&'a Fetching>,
    /// What the user decided so far, for the forms.
    pub run: &'a RunSettings,
    /// Which model stands in for one that needs ONNX Runtime.
    pub stand_in: Option<&'a str>,
}

impl Messages<'_> {
    /// Whether there is anything to say.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.faults.is_empty() && self.notices.is_empty() && self.fetching.is_none()
    }
}

/// Draws the messages, a line each.
pub fn messages_ui(ui: &mut Ui, messages: &Messages, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
    if let Some(fetching) = messages.fetching {
        ui.horizontal(|ui| {
            ui.label(&fetching.text);
            if let Some(share) = fetching.share {
                ui.add(ProgressBar::new(share).desired_width(200.0).desired_height(6.0));
            } else {
                ui.spinner();
            }
            if ui.button("Cancel").clicked() {
                intents.push(Intent::CancelFetch);
            }
        });
    }
    for (index, fault) in messages.faults.iter().enumerate() {
        let missing = fault.place == Place::Library;
        line_ui(
            ui,
            &fault.sentence,
            if missing { palette.warning } else { palette.error },
            Intent::Dismiss(index),
            intents,
        );
        if missing {
            if let Some(model) = messages.stand_in {
                let text = format!("Until then {model} runs, which the program computes exactly by itself.");
                ui.label(RichText::new(text).font(theme::body(SMALL)).color(palette.secondary));
            }
            if messages.fetching.is_none() {
                let text = RichText::new("Fetch ONNX Runtime").font(theme::strong(BODY)).color(palette.on_accent);
                let button = ui.add(Button::new(text).fill(palette.accent));
                if button.on_hover_text("24 MB, through pip, into this program's own data folder").clicked() {
                    intents.push(Intent::Fetch);
                }
            }
        }
        if !fault.needs.is_empty() {
            form_ui(ui, fault, messages.run, intents);
        }
    }
    for (index, notice) in messages.notices.iter().enumerate() {
        line_ui(ui, notice, palette.warning, Intent::DismissNotice(index), intents);
    }
}

/// A sentence with a mark before it and a button that says it was read after it.
fn line_ui(ui: &mut Ui, text: &str, color: egui::Color32, dismiss: Intent, intents: &mut Vec<Intent>) {
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 22.0), Sense::hover());
        draw_icon(ui, egui::Rect::from_center_size(rect.center(), vec2(14.0, 14.0)), Icon::Warning, color);
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            if icon_button_small(ui, Icon::Close, "Dismiss", "I have read this").clicked() {
                intents.push(dismiss);
            }
            ui.with_layout(Layout::left_to_right(Align::TOP).with_main_wrap(true), |ui| {
                ui.add(
                    egui::Label::new(RichText::new(sentence(text)).color(Palette::of(ui).text)).wrap().selectable(true),
                );
            });
        });
    });
}

/// With a capital letter: on the command line the same words follow the program's name.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// What the program could not decide, asked.
fn form_ui(ui: &mut Ui, fault: &Fault, run: &RunSettings, intents: &mut Vec<Intent>) {
    ui.horizontal_wrapped(|ui| {
        for need in &fault.needs {
            match need {
                Need::Port { role, names } => port_ui(ui, *role, names, &run.ports, intents),
                Need::SchedulerConfig => {
                    if ui.button("Open scheduler_config.json…").clicked() {
                        intents.push(Intent::Ask(Ask::SchedulerConfig));
                    }
                    prediction_ui(ui, run.prediction, intents);
                }
            }
        }
    });
}

fn port_ui(ui: &mut Ui, role: PortRole, names: &[String], ports: &PortNames, intents: &mut Vec<Intent>) {
    let (what, chosen) = match role {
        PortRole::Sample => ("The noisy image is", &ports.sample),
        PortRole::Timestep => ("The timestep is", &ports.timestep),
        PortRole::ClassLabels => ("The class is", &ports.class_labels),
        PortRole::Output => ("The prediction is", &ports.output),
    };
    ui.label(what);
    let shown = chosen.clone().unwrap_or_else(|| "choose".into());
    ComboBox::from_id_salt(("port", what)).selected_text(shown).show_ui(ui, |ui| {
        for name in names {
            if ui.selectable_label(chosen.as_ref() == Some(name), name).clicked() {
                let mut ports = ports.clone();
                *match role {
                    PortRole::Sample => &mut ports.sample,
                    PortRole::Timestep => &mut ports.timestep,
                    PortRole::ClassLabels => &mut ports.class_labels,
                    PortRole::Output => &mut ports.output,
                } = Some(name.clone());
                intents.push(Intent::ChangeAndRun(vec![Action::SetPorts(ports)]));
            }
        }
    });
}

fn prediction_ui(ui: &mut Ui, chosen: Option<PredictionType>, intents: &mut Vec<Intent>) {
    ui.label("It predicts");
    let kinds = [
        (None, "what its configuration says"),
        (Some(PredictionType::Epsilon), "ε, the noise"),
        (Some(PredictionType::VPrediction), "v"),
        (Some(PredictionType::Sample), "x₀, the image"),
        (Some(PredictionType::FlowPrediction), "the velocity of a flow"),
    ];
    let shown = kinds.iter().find(|(kind, _)| *kind == chosen).map_or("", |(_, name)| name);
    ComboBox::from_id_salt("prediction").selected_text(shown).width(190.0).show_ui(ui, |ui| {
        for (kind, name) in kinds {
            if ui.selectable_label(chosen == kind, name).clicked() {
                intents.push(Intent::Change(Action::SetPrediction(kind)));
            }
        }
    });
}
