//! Runs and model, at the top.

use super::widgets::{Icon, icon_button};
use crate::app::theme::{self, BODY, Palette, SMALL};
use crate::model::package::bundled;
use crate::runtime::Activity;
use crate::schedule::PlanSource;
use crate::session::action::Action;
use crate::session::prepare::ModelInfo;
use crate::session::settings::ModelSource;
use crate::session::{RunSettings, SamplerKind};
use egui::{ComboBox, DragValue, RichText, Role, Ui, WidgetInfo};

/// What the top bar needs to know.
pub struct TopBar<'a> {
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// The settings of the next run.
    pub run: &'a RunSettings,
    /// What was changed since the newest run began.
    pub pending: &'a [&'static str],
    /// What the inference thread does.
    pub activity: Activity,
}

/// What was asked of the top bar.
#[derive(Clone, Debug, PartialEq)]
pub enum TopBarAction {
    /// A setting was changed.
    Change(Action),
    /// A new run.
    Run,
    /// One step.
    Step,
    /// Wait.
    Pause,
    /// Go on.
    Resume,
    /// End the run.
    Stop,
}

/// Draws the top bar.
pub fn top_bar_ui(ui: &mut Ui, bar: &TopBar) -> Vec<TopBarAction> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(RichText::new("Chromascope").font(theme::strong(BODY + 1.0)));
        ui.add_space(4.0);
        settings_ui(ui, bar, &mut actions);
        ui.add_space(4.0);
        run_ui(ui, bar, &mut actions);
    });
    actions
}

fn settings_ui(ui: &mut Ui, bar: &TopBar, actions: &mut Vec<TopBarAction>) {
    let run = bar.run;
    let mut change = |action| actions.push(TopBarAction::Change(action));
    let mut source = run.source.clone();
    let shown = match &source {
        ModelSource::Model(name) => {
            std::path::Path::new(name).file_stem().map_or(name.clone(), |s| s.to_string_lossy().into())
        }
        ModelSource::Images(folder) => {
            folder.file_name().map_or_else(|| "images".into(), |s| s.to_string_lossy().into())
        }
    };
    let tip = "The model. Drop an .onnx file, a model folder or a folder of images onto the window to open your own";
    choice(ui, "Model", &shown, tip, |ui| {
        for (name, _) in bundled() {
            ui.selectable_value(&mut source, ModelSource::Model(name.clone()), name);
        }
    });
    if source != run.source {
        change(Action::SetModel(source));
    }
    let mut sampler = run.sampler;
    choice(ui, "Sampler", sampler.name(), "How the state moves along the noise levels", |ui| {
        for (kind, name) in SamplerKind::ALL {
            ui.selectable_value(&mut sampler, kind, name);
        }
    });
    if sampler != run.sampler {
        change(Action::SetSampler(sampler));
    }
    let mut spacing = run.spacing.clone();
    let shown = run.spacing.as_deref().or(bar.model.and_then(|model| model.spacing.as_deref())).unwrap_or("own");
    choice(ui, "Spacing", shown, "Which noise levels the run visits: a timestep spacing or a σ family", |ui| {
        ui.selectable_value(&mut spacing, None, "the model's own");
        for name in PlanSource::names() {
            ui.selectable_value(&mut spacing, Some(name.to_owned()), name);
        }
    });
    if spacing != run.spacing {
        change(Action::SetSpacing(spacing));
    }
    let mut steps = run.steps;
    number(ui, "Steps", "Sampling steps", DragValue::new(&mut steps).range(1..=1000).speed(0.2));
    if steps != run.steps {
        change(Action::SetSteps(steps));
    }
    let mut seed = run.seed;
    number(ui, "Seed", "Seed of all noise", DragValue::new(&mut seed).speed(1.0));
    let dice = icon_button(ui, Icon::Dice, "New seed", "Another seed, and a run with it", false).clicked();
    if dice {
        // A step of a linear congruential generator: any number that looks unlike the last one.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 44;
    }
    if seed != run.seed {
        change(Action::SetSeed(seed));
    }
    if let Some(model) = bar.model.filter(|model| model.takes_labels) {
        let name = |label: i64| {
            let name = usize::try_from(label).ok().and_then(|label| model.class_names().get(label).cloned());
            name.unwrap_or_else(|| label.to_string())
        };
        let mut label = run.label;
        let shown = label.or(model.null_label).map_or_else(|| "none".to_owned(), name);
        choice(ui, "Class", &shown, "What is to be generated", |ui| {
            for value in 0..i64::try_from(model.classes.unwrap_or(0)).unwrap_or(0) {
                let value_is_null = Some(value) == model.null_label;
                let wanted = if value_is_null { None } else { Some(value) };
                ui.selectable_value(&mut label, wanted, name(value));
            }
        });
        if label != run.label {
            change(Action::SetLabel(label));
        }
    }
    let mut batch = run.batch;
    number(
        ui,
        "Batch",
        "Images made at once; each is the same as it would be alone",
        DragValue::new(&mut batch).range(1..=64).speed(0.1),
    );
    if batch != run.batch {
        change(Action::SetBatch(batch));
    }
    if dice {
        actions.push(TopBarAction::Run);
    }
}

fn run_ui(ui: &mut Ui, bar: &TopBar, actions: &mut Vec<TopBarAction>) {
    let palette = Palette::of(ui);
    let (text, tip, action) = match bar.activity {
        _ if !bar.pending.is_empty() => ("Run", "Make a run with the new settings (R)", TopBarAction::Run),
        Activity::Running | Activity::Opening => ("Pause", "Wait after this step", TopBarAction::Pause),
        Activity::Paused => ("Resume", "Go on to the end", TopBarAction::Resume),
        Activity::Idle => ("Run", "Make a new run (R)", TopBarAction::Run),
    };
    let text = RichText::new(text).font(theme::strong(BODY)).color(palette.on_accent);
    let primary = egui::Button::new(text).fill(palette.accent).min_size(egui::vec2(72.0, 28.0));
    if ui.add(primary).on_hover_text(tip).clicked() {
        actions.push(action);
    }
    if ui.button("Step").on_hover_text("Make one step and wait").clicked() {
        actions.push(TopBarAction::Step);
    }
    if ui.add_enabled(bar.activity != Activity::Idle, egui::Button::new("Stop")).on_hover_text("End the run").clicked()
    {
        actions.push(TopBarAction::Stop);
    }
    if !bar.pending.is_empty() {
        let text = format!("changed: {}", bar.pending.join(", "));
        ui.add(egui::Label::new(RichText::new(text).font(theme::body(SMALL)).color(palette.warning)).truncate())
            .on_hover_text("These settings are not those of the run on screen");
    }
}

fn choice(ui: &mut Ui, name: &str, shown: &str, tip: &str, contents: impl FnOnce(&mut Ui)) {
    let palette = Palette::of(ui);
    ui.label(RichText::new(name).font(theme::body(SMALL)).color(palette.secondary));
    let response = ComboBox::from_id_salt(name).selected_text(shown).width(40.0).show_ui(ui, contents).response;
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{name} {shown}")));
    response.on_hover_text(tip);
}

fn number(ui: &mut Ui, name: &str, tip: &str, value: DragValue) {
    let palette = Palette::of(ui);
    let label = ui.label(RichText::new(name).font(theme::body(SMALL)).color(palette.secondary));
    ui.add(value).labelled_by(label.id).on_hover_text(tip);
}
