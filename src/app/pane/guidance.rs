//! The Guidance pane: guidance scale, classes by level and over time, larger sizes, and local windows.

mod classes;
mod scale;
mod sizes;
mod window;

use crate::app::draw::forms::{FormState, null_class_ui};
use crate::app::draw::inputs::{InputsState, inputs_ui};
use crate::app::draw::prompt::{PromptsState, PromptsView, prompts_ui};
use crate::app::draw::setting::setting_ui;
use crate::app::draw::widgets::Head;
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::{heading, panel_ui, secondary, small_button, warning};
use crate::app::pane_id::PaneId;
use crate::app::run_view::RunView;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::model::exact::ExactCard;
use crate::runtime::Wake;
use crate::session::document::Layout;
use crate::session::prepare::{ModelInfo, NullSource};
use crate::session::setting::Setting;
use crate::session::settings::ModelSource;
use egui::{Label, Ui};
use egui_tiles::UiResponse;
use std::sync::Arc;

/// The Guidance pane.
pub struct GuidancePane {
    /// The interval: w, and its start and end in run time.
    interval: [f64; 3],
    /// The form for the null class.
    forms: FormState,
    /// What is typed for further inputs.
    inputs: InputsState,
    prompts: PromptsState,
}

const ABOUT: About = About {
    id: PaneId::new("guidance"),
    name: "Guidance",
    about: "Guidance scale, classes by level, and image size. The run is updated while you change them",
    scrolls: true,
    places: &[(Layout::Guidance, PanePlace::Panel(0.27))],
    dropped: None,
};

impl Pane for GuidancePane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(wake: &Wake) -> Self {
        let prompts = PromptsState::new(Arc::clone(wake));
        Self { interval: [4.0, 0.8, 0.2], forms: FormState::default(), inputs: InputsState::default(), prompts }
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let head = Head { name: ABOUT.name, note: "", value: None, about: ABOUT.about };
        let intents = &mut *out.intents;
        panel_ui(ui, &head, |ui| {
            if context.model.is_none() {
                ui.label(secondary(ui, "Available when the model is open."));
                return;
            }
            beside_ui(ui, context, intents);
            let has_classes = classes_of(context).is_some();
            let takes_words = context.model.is_some_and(|model| model.pipeline.is_some());
            if has_classes || takes_words || context.model.is_some_and(ModelInfo::takes_guidance) {
                scale::scale_ui(ui, context, self, intents);
            }
            if has_classes {
                ask_null_class_ui(ui, context, self, intents);
                classes::classes_ui(ui, context, intents);
            } else if takes_words {
                self.prompts_ui(ui, context, intents);
            } else if !context.model.is_some_and(ModelInfo::takes_guidance) {
                let text = "This model has no classes, so guidance has no effect.";
                ui.add(Label::new(secondary(ui, text)).wrap());
            }
            self.inputs_ui(ui, context, intents);
            if has_images(context) {
                window::window_ui(ui, context, intents);
            } else {
                sizes::sizes_ui(ui, context, intents);
            }
            wraps_ui(ui, context, intents);
        })
    }
}

impl GuidancePane {
    /// Prompt and negative prompt, or a prompt per level.
    fn prompts_ui(&mut self, ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
        let Some((model, pipeline)) = context.model.and_then(|model| Some((model, model.pipeline.as_ref()?))) else {
            return;
        };
        ui.add_space(10.0);
        let size = context.settings().image_size(model.native_size);
        let at = (context.at.map_or(0, |at| at.step), context.run.map_or(1, RunView::steps));
        let view = PromptsView { run: context.settings(), pipeline, size, at, place: "" };
        prompts_ui(ui, view, &mut self.prompts, intents);
    }

    /// Values of the network's further inputs.
    fn inputs_ui(&mut self, ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
        let given = |model: &&ModelInfo| !model.inputs.is_empty() || model.concat_channels > 0;
        if let Some(model) = context.model.filter(given) {
            heading(ui, "Inputs");
            inputs_ui(ui, context.settings(), model, &mut self.inputs, intents);
        }
    }
}

/// Settings that wrap the model's denoiser and have controls of their own.
const ELSEWHERE: [Setting; 1] = [Setting::UpsampleGuidance];

/// The others: a number or a switch each.
fn wraps_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    let wraps = Setting::ALL.iter().filter(|setting| setting.declaration().wrap.is_some());
    for setting in wraps.filter(|setting| !ELSEWHERE.contains(setting)) {
        setting_ui(ui, *setting, context.settings(), intents);
    }
}

/// The model, if it has classes.
fn classes_of<'a>(context: &ViewContext<'a>) -> Option<&'a ModelInfo> {
    context.model.filter(|model| model.takes_labels)
}

/// Whether the run uses the local exact denoiser, or could.
fn has_images(context: &ViewContext) -> bool {
    matches!(context.settings().source, ModelSource::Images(_))
        || context.model.is_some_and(|model| {
            let exact = model.card.as_ref().and_then(|card| card.exact.as_ref());
            matches!(exact, Some(ExactCard::Empirical { .. }))
        })
}

/// The plain run, beside it.
fn beside_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    ui.horizontal_wrapped(|ui| {
        let tip = "Run without guidance, classes by level and upsample guidance, from the same noise, and pin the \
                   result beside this run";
        if context.model.is_some() && small_button(ui, words::panes::COMPARE_WITH_PLAIN, tip) {
            intents.push(Intent::RunPlainBeside);
        }
        let tip = "Pin the run on screen beside later runs";
        if context.run.is_some() && small_button(ui, words::panes::PIN_RUN, tip) {
            intents.push(Intent::KeepBeside);
        }
        if context.beside.is_some()
            && small_button(ui, words::panes::UNPIN_RUN, "Remove the pinned run from the screen")
        {
            intents.push(Intent::DropBeside);
        }
    });
}

/// Guidance leads away from the null class; if that is unknown, the user is asked.
fn ask_null_class_ui(ui: &mut Ui, context: &ViewContext, panel: &mut GuidancePane, intents: &mut Vec<Intent>) {
    let guides = context.settings().guidance.as_ref().is_some_and(|scale| scale.constant() != Some(1.0));
    let Some(model) = classes_of(context).filter(|_| guides) else { return };
    let text = match (model.null_said_by, model.null_label) {
        (Some(NullSource::User | NullSource::Card), _) => return,
        (Some(NullSource::Guess), Some(label)) => words::panes::guessed_null_class(label),
        (_, _) => "Guidance needs the null class, and it is not known for this model. Set it here.".to_owned(),
    };
    warning(ui, &text);
    ui.horizontal_wrapped(|ui| null_class_ui(ui, context.settings(), Some(model), &mut panel.forms, intents));
}

/// A class by its name, or its number.
fn class_name(model: &ModelInfo, label: Option<i64>) -> String {
    let Some(label) = label.or(model.null_label) else { return "none".to_owned() };
    let name = usize::try_from(label).ok().and_then(|label| model.class_names().get(label).cloned());
    name.unwrap_or_else(|| label.to_string())
}
