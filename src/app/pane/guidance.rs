//! What steers a run: guidance, classes by resolution and time, sizes beyond the trained one, windows on images.

mod classes;
mod scale;
mod sizes;
mod window;

use crate::app::draw::forms::{FormState, null_class_ui};
use crate::app::draw::widgets::Head;
use crate::app::intent::Intent;
use crate::app::pane::panel::{heading, panel_ui, secondary, small_button, warning};
use crate::app::planned::Planned;
use crate::app::run_view::RunView;
use crate::session::document::Document;
use crate::session::prepare::{ModelInfo, NullSource};
use crate::session::settings::{ModelSource, RunSettings};
use egui::{Label, Ui};
use egui_tiles::UiResponse;

/// The panel's own state.
pub struct GuidancePanel {
    /// Of the interval that is offered: w, and where it begins and ends in run time.
    interval: [f64; 3],
    /// What is being said of the model.
    forms: FormState,
}

impl Default for GuidancePanel {
    fn default() -> Self {
        Self { interval: [4.0, 0.8, 0.2], forms: FormState::default() }
    }
}

/// What the panel needs to know.
pub struct Guidance<'a> {
    /// What the user decides.
    pub document: &'a Document,
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// The schedule of the next run.
    pub planned: Option<&'a Planned>,
    /// The run on screen.
    pub run: Option<&'a RunView>,
    /// Whether a run lies beside it.
    pub beside: bool,
    /// Position of the playhead, in steps.
    pub position: f64,
}

impl<'a> Guidance<'a> {
    fn settings(&self) -> &'a RunSettings {
        &self.document.run
    }

    /// The model, where it has classes.
    fn classes(&self) -> Option<&'a ModelInfo> {
        self.model.filter(|model| model.takes_labels)
    }

    /// Whether images are composed of a folder's, or could be.
    fn has_images(&self) -> bool {
        matches!(self.settings().source, ModelSource::Images(_))
            || self.model.is_some_and(|model| {
                let exact = model.card.as_ref().and_then(|card| card.exact.as_ref());
                matches!(exact, Some(crate::model::exact::ExactCard::Empirical { .. }))
            })
    }
}

/// Draws the panel in the space there is.
pub fn guidance_ui(
    ui: &mut Ui,
    guidance: &Guidance,
    panel: &mut GuidancePanel,
    intents: &mut Vec<Intent>,
) -> UiResponse {
    let head = Head {
        name: "Guidance",
        note: "",
        value: None,
        about: "What steers the run: how strongly it is led to its class, which class each resolution follows, and at which \
                size. The run is made again while you change it",
    };
    panel_ui(ui, &head, |ui| {
        if guidance.model.is_none() {
            ui.label(secondary(ui, "This appears as soon as the model is open."));
            return;
        }
        beside_ui(ui, guidance, intents);
        if guidance.classes().is_some() {
            scale::scale_ui(ui, guidance, panel, intents);
            ask_null_class_ui(ui, guidance, panel, intents);
            classes::classes_ui(ui, guidance, intents);
        } else {
            let text = "This model has no classes, so there is nothing to guide to.";
            ui.add(Label::new(secondary(ui, text)).wrap());
        }
        if guidance.has_images() {
            window::window_ui(ui, guidance, intents);
        } else {
            sizes::sizes_ui(ui, guidance, intents);
        }
    })
}

/// The same run without all this, beside it.
fn beside_ui(ui: &mut Ui, guidance: &Guidance, intents: &mut Vec<Intent>) {
    ui.horizontal_wrapped(|ui| {
        let tip = "Make the run without guidance, classes by resolution and upsample guidance, from the same noise, and \
                   show it beside";
        if guidance.model.is_some() && small_button(ui, "Plain run beside", tip) {
            intents.push(Intent::RunPlainBeside);
        }
        let tip = "Keep the run on screen beside those that come";
        if guidance.run.is_some() && small_button(ui, "Keep this beside", tip) {
            intents.push(Intent::KeepBeside);
        }
        if guidance.beside && small_button(ui, "Show one run", "Take away the run beside") {
            intents.push(Intent::DropBeside);
        }
    });
}

/// Guidance leads away from the class that means none; where nobody says which that is, it is asked.
fn ask_null_class_ui(ui: &mut Ui, guidance: &Guidance, panel: &mut GuidancePanel, intents: &mut Vec<Intent>) {
    let guides = guidance.settings().guidance.as_ref().is_some_and(|scale| scale.constant() != Some(1.0));
    let Some(model) = guidance.classes().filter(|_| guides) else { return };
    let text = match (model.null_said_by, model.null_label) {
        (Some(NullSource::User | NullSource::Card), _) => return,
        (Some(NullSource::Guess), Some(label)) => format!(
            "Guidance leads away from class {label}, the last one. That is a guess: neither the model's card nor you say \
             which class means none."
        ),
        (_, _) => "Guidance leads away from the class that means none, and nobody says which that is.".to_owned(),
    };
    warning(ui, &text);
    ui.horizontal_wrapped(|ui| null_class_ui(ui, guidance.settings(), Some(model), &mut panel.forms, intents));
}

/// A class by its name, or its number.
fn class_name(model: &ModelInfo, label: Option<i64>) -> String {
    let Some(label) = label.or(model.null_label) else { return "none".to_owned() };
    let name = usize::try_from(label).ok().and_then(|label| model.class_names().get(label).cloned());
    name.unwrap_or_else(|| label.to_string())
}
