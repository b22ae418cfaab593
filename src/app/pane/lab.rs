//! The Schedule lab pane: control points, presets, goals, saved schedules and files.

mod files;
mod goals;
mod optimise;
mod presets;

use crate::app::draw::icons::Icon;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{Head, icon_button_small, named};
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::{LINE, heading, lines_ui, panel_ui, problem, secondary, small_button, small_button_if};
use crate::app::pane_id::PaneId;
use crate::app::planned::Planned;
use crate::app::track::schedule::editor::{alone, as_drawn, point_values_ui, to_curve, to_list};
use crate::app::track::schedule::list_steps::{as_list, step_words};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::runtime::Wake;
use crate::schedule::explain::MadeOf;
use crate::schedule::formats::number;
use crate::schedule::{ListKind, PlanSource};
use crate::session::action::Action;
use crate::session::document::{Layout, SavedSchedule};
use crate::session::schedule_file;
use crate::words::{count, sentence};
use egui::{Checkbox, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2};
use egui_tiles::UiResponse;

/// The Schedule lab pane.
#[derive(Clone, Debug, Default)]
pub struct LabPane {
    /// The previewed preset.
    pub preview: Option<PlanSource>,
    /// The name to save the schedule under.
    name: String,
    /// A list being typed.
    list: String,
    list_kind: ListKind,
    list_error: Option<String>,
    wanted: optimise::FitRequest,
    /// Shares of the levels while their bar is dragged.
    shares: Option<Vec<f64>>,
    /// Why a goal failed, with the version of the schedule; the message ends with the next version.
    wish_error: Option<(u64, String)>,
    /// A path being typed.
    path: String,
}

const ABOUT: About = About {
    id: PaneId::new("lab"),
    name: "Schedule lab",
    about: "Draw the run's noise schedule. Double-click the curve in the Schedule track to add a control point; drag \
            it or use the arrow keys",
    scrolls: true,
    places: &[(Layout::ScheduleLab, PanePlace::Panel(0.27))],
    dropped: None,
};

impl Pane for LabPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(_: &Wake) -> Self {
        Self::default()
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let head = Head { name: ABOUT.name, note: "", value: None, about: ABOUT.about };
        panel_ui(ui, &head, |ui| {
            let Some(planned) = context.next() else {
                ui.label(secondary(ui, "Available when the model is open."));
                return;
            };
            current_ui(ui, context, planned, out);
            presets::presets_ui(ui, planned, self, out.intents);
            goals::wishes_ui(ui, context, planned, self, out.intents);
            optimise::optimise_ui(ui, context, planned, self, out.intents);
            kept_ui(ui, context, planned, self, out);
            list_ui(ui, planned, self, out.intents);
            files::files_ui(ui, context, planned, self, out);
        })
    }
}

/// What the run follows now, and how to edit it.
fn current_ui(ui: &mut Ui, context: &ViewContext, planned: &Planned, out: &mut ViewOutput) {
    let steps = planned.plan.steps();
    let drawn = planned.source.drawn();
    let points = drawn.map_or_else(String::new, |drawn| format!(", {}", count(drawn.points().len(), "control point")));
    let palette = Palette::of(ui);
    let (now, color) = match context.planner.refused() {
        Some(refused) => (format!("These settings cannot be run: {refused}"), palette.error),
        None => (
            words::panes::current(&format!("{}{points}, {}", planned.source.label(), count(steps, "step"))),
            palette.secondary,
        ),
    };
    lines_ui(ui, &now, 2, color);
    ui.horizontal_wrapped(|ui| {
        let tip = "Turn this schedule into a curve with control points to drag in the Schedule track";
        if small_button_if(ui, drawn.is_none(), words::panes::EDIT_AS_CURVE, tip)
            && let Some(drawn) = as_drawn(planned)
        {
            out.intents.extend(alone(to_curve(drawn)));
        }
        let tip = "Move each step's noise level along the schedule";
        if small_button_if(ui, !matches!(planned.source, PlanSource::List(_)), words::panes::EDIT_STEPS, tip) {
            out.intents.extend(alone(to_list(as_list(planned))));
        }
        let own = context.document.run.schedule.is_none() && context.document.run.spacing.is_none();
        if small_button_if(ui, !own, words::panes::MODEL_DEFAULT, "Use the noise levels of the model's own scheduler") {
            out.intents.push(Intent::Change(Action::SetSpacing(None)));
        }
    });
    ui.horizontal_wrapped(|ui| {
        let mut live = context.document.view.live;
        if ui.checkbox(&mut live, "live").on_hover_text("Run again whenever a setting changes").changed() {
            out.intents.push(Intent::Change(Action::SetLive(live)));
        }
        let mut snap = context.document.view.snap;
        let tip = "Snap control points to steps and round values";
        if ui.checkbox(&mut snap, "snap").on_hover_text(tip).changed() {
            out.intents.push(Intent::Change(Action::SetSnap(snap)));
        }
        let ends = drawn.map(|drawn| (drawn.start_released(), drawn.end_released()));
        let (mut start, mut end) = ends.unwrap_or_default();
        let tip = "Let the noisy end leave the model's range";
        ui.add_enabled(drawn.is_some(), Checkbox::new(&mut start, "free start")).on_hover_text(tip);
        let tip = "Let the run end where the curve ends instead of at the clean image";
        ui.add_enabled(drawn.is_some(), Checkbox::new(&mut end, "free end")).on_hover_text(tip);
        if let Some(drawn) = drawn.filter(|_| ends != Some((start, end))) {
            out.intents.extend(alone(to_curve(drawn.clone().with_released(start, end))));
        }
    });
    let made_of = MadeOf::latents_if(context.next_latent_pixels().is_some());
    selected_ui(ui, planned, made_of, out);
}

/// Height of the numbers of a control point, points.
const NUMBERS: f32 = 28.0;

/// The control point or step that is selected. What stands below keeps its place.
fn selected_ui(ui: &mut Ui, planned: &Planned, made_of: MadeOf, out: &mut ViewOutput) {
    let secondary = Palette::of(ui).secondary;
    if let PlanSource::List(list) = &planned.source {
        let of_step = || out.hand.selected.and_then(|step| step_words(planned, step, made_of));
        let words = of_step().unwrap_or_else(|| {
            let note = list.note_on(&planned.model).map_or_else(String::new, |note| sentence(note) + ". ");
            note + words::panes::NO_STEP
        });
        lines_ui(ui, &words, 3, secondary);
        ui.add_space(NUMBERS + ui.spacing().item_spacing.y - 2.0 * LINE);
        return;
    }
    // Another schedule would need a fit in every frame.
    let drawn = planned.source.drawn();
    let point = drawn.and_then(|_| as_drawn(planned)).zip(out.hand.selected);
    let words = match (&point, drawn) {
        (Some((_, index)), _) => words::tracks::control_point(index + 1),
        (None, Some(_)) => "No control point selected".to_owned(),
        (None, None) => "This schedule has no control points".to_owned(),
    };
    lines_ui(ui, &words, 1, secondary);
    // The space of its numbers is reserved.
    let (place, _) = ui.allocate_exact_size(vec2(ui.available_width(), NUMBERS), Sense::hover());
    if let Some((drawn, index)) = point {
        ui.scope_builder(UiBuilder::new().max_rect(place), |ui| point_values_ui(ui, &drawn, index, out.intents));
    }
}

/// Saved schedules.
fn kept_ui(ui: &mut Ui, context: &ViewContext, planned: &Planned, state: &mut LabPane, out: &mut ViewOutput) {
    heading(ui, "Saved schedules");
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(&mut state.name).hint_text("name").desired_width(150.0);
        let response = ui.add(edit);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, words::panes::SCHEDULE_NAME));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let name = state.name.trim().to_owned();
        if (small_button(ui, words::panes::SAVE_SCHEDULE, "Save this schedule under this name") || entered)
            && !name.is_empty()
        {
            let (source, steps) = (planned.source.clone(), planned.plan.steps());
            out.intents.push(Intent::Change(Action::KeepSchedule(SavedSchedule { name, source, steps })));
            state.name.clear();
        }
    });
    if context.document.schedules.is_empty() {
        ui.label(secondary(ui, "None yet. Save a schedule to compare it with others."));
    }
    for kept in &context.document.schedules {
        ui.horizontal(|ui| {
            let over = context.document.overlay.as_deref() == Some(kept.name.as_str());
            let mut shown = over;
            let response = ui.checkbox(&mut shown, "");
            response.widget_info(|| {
                WidgetInfo::selected(Role::CheckBox, true, over, words::panes::compare_with(&kept.name))
            });
            if response
                .on_hover_text("Draw it over the run's schedule and compare them in the Theorem 1 track")
                .changed()
            {
                out.intents.push(Intent::Change(Action::SetOverlay(shown.then(|| kept.name.clone()))));
            }
            let about = format!("{}, {}: run with this schedule", kept.source.label(), count(kept.steps, "step"));
            if small_button(ui, &kept.name, &about) {
                let source = Some(Box::new(kept.source.clone()));
                out.intents.extend(alone(Intent::Change(Action::SetSchedule(source))));
            }
            let name = words::panes::delete(&kept.name);
            let tip = "Delete it from the list. You can undo this";
            if icon_button_small(ui, Icon::Close, &name, tip).clicked() {
                out.intents.push(Intent::Change(Action::DropSchedule(kept.name.clone())));
            }
        });
    }
}

/// A typed list of levels.
fn list_ui(ui: &mut Ui, planned: &Planned, state: &mut LabPane, intents: &mut Vec<Intent>) {
    heading(ui, "Your own list");
    let model = &planned.model;
    let kinds = ListKind::in_menu(model);
    // Of another kind of model the first means something else.
    if !kinds.contains(&state.list_kind) {
        state.list_kind = kinds[0];
    }
    ui.horizontal_wrapped(|ui| {
        for kind in kinds {
            ui.selectable_value(&mut state.list_kind, kind, kind.label_on(model)).on_hover_text(kind.about());
        }
        if small_button(ui, words::panes::COPY_FROM_RUN, "Fill in the noise levels of the current run") {
            let values = planned.plan.in_unit(state.list_kind, model);
            state.list = values.into_iter().map(number).collect::<Vec<_>>().join(", ");
        }
    });
    let edit = TextEdit::multiline(&mut state.list).desired_rows(2).desired_width(f32::INFINITY);
    let response = ui.add(edit.hint_text("14.6, 2.9, 0.4, 0").font(theme::mono(SMALL)));
    named(ui, &response, words::panes::LIST_OF_LEVELS);
    if response.changed() {
        state.list_error = None;
    }
    if small_button(
        ui,
        words::panes::RUN_WITH_LIST,
        "N + 1 values of σ or ᾱ, or N timesteps, make N steps. Values are used exactly as typed",
    ) {
        let list = schedule_file::read_pasted(&state.list).map(|mut list| {
            list.kind = if list.kind == ListKind::ModelSigma { state.list_kind } else { list.kind };
            list
        });
        let checked = list.and_then(|list| {
            let end = crate::schedule::FinalLevel::Clean;
            list.plan(model, end).map(|_| list).map_err(|error| error.to_string())
        });
        state.list_error = match checked {
            Ok(list) => {
                intents.extend(alone(to_list(list)));
                None
            }
            Err(error) => Some(error),
        };
    }
    if let Some(error) = &state.list_error {
        problem(ui, error);
    }
}
