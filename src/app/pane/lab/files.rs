//! Import and export of schedules.

use crate::app::board::{Message, MessageKind};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::intent::{Ask, Intent};
use crate::app::pane::lab::{LabPane, heading, small_button};
use crate::app::planned::Planned;
use crate::app::saving::Save;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::schedule::SigmaMeaning;
use crate::schedule::formats::ScheduleTable;
use crate::schedule::formats::registry::{ExportFormat, Writer, pretty};
use crate::session::model_keys::kept_keys;
use crate::words::sentence;
use egui::{Align2, Button, RichText, Role, Sense, TextEdit, Ui, WidgetInfo, vec2};

pub(super) fn files_ui(
    ui: &mut Ui,
    context: &ViewContext,
    planned: &Planned,
    state: &mut LabPane,
    out: &mut ViewOutput,
) {
    heading(ui, "Import and export");
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 100.0).max(80.0);
        let edit = TextEdit::singleline(&mut state.path).hint_text("path of a file").desired_width(width);
        let response = ui.add(edit);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, words::panes::PATH_OF_SCHEDULE));
        let tip = "scheduler_config.json, CSV, NPY, a list of σ, or a schedule saved by Chromascope";
        if small_button(ui, words::panes::IMPORT, tip) {
            let path = state.path.trim();
            out.intents.push(if path.is_empty() {
                Intent::Ask(Ask::Schedule)
            } else {
                Intent::ImportSchedule(path.into())
            });
        }
    });
    for format in ExportFormat::in_menu() {
        let (name, ending) = (format.title, format.ending);
        ui.horizontal(|ui| {
            let (place, response) = ui.allocate_exact_size(vec2(118.0, 24.0), Sense::hover());
            let color = Palette::of(ui).text;
            ui.painter().text(place.left_center(), Align2::LEFT_CENTER, name, theme::body(SMALL), color);
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
            response.on_hover_text(format.summary);
            let button = |text| Button::new(RichText::new(text).font(theme::body(SMALL))).min_size(vec2(0.0, 24.0));
            let copy = ui.add(button("Copy"));
            copy.widget_info(|| WidgetInfo::labeled(Role::Button, true, words::panes::copy(name)));
            let save = ui.add(button("Save…"));
            save.widget_info(|| WidgetInfo::labeled(Role::Button, true, words::panes::save(name)));
            let (copies, saves) = (format.is_text() && copy.clicked(), save.clicked());
            if !copies && !saves {
                return;
            }
            match made(format, context, planned) {
                Err(error) => {
                    let text = format!("{name}: {error}");
                    out.intents.push(Intent::Say(Message::of_pane(out.pane, MessageKind::Failure, text)));
                }
                Ok((bytes, note)) if copies => {
                    ui.ctx().copy_text(String::from_utf8_lossy(&bytes).into_owned());
                    let note = note.map_or_else(String::new, |note| format!(" {note}"));
                    let text = format!("Copied {name}.{note}");
                    out.intents.push(Intent::Say(Message::of_pane(out.pane, MessageKind::Success, text)));
                }
                Ok((bytes, note)) => {
                    let what = format!("schedule as {name}");
                    let mut save = Save::bytes(out.pane, what, ("schedule", ending), move || Ok(bytes.clone()));
                    save.note = note;
                    out.intents.push(Intent::Save(Box::new(save)));
                }
            }
        });
    }
}

/// The schedule in a format, with its use.
fn made(format: &ExportFormat, context: &ViewContext, planned: &Planned) -> Result<(Vec<u8>, Option<String>), String> {
    let plan = &planned.plan;
    let config = || {
        context
            .model
            .and_then(|model| model.scheduler.as_ref())
            .ok_or("the model's scheduler configuration is not known")
    };
    let text = match format.writer {
        Writer::Source(write) => write(&planned.source, plan.steps()),
        Writer::Table(write) => {
            let bytes = write(&ScheduleTable::of_plan(plan)).map_err(|error| error.to_string())?;
            return Ok((bytes, None));
        }
        Writer::Sigmas(program) => {
            let (text, notes) = program.write(plan, SigmaMeaning::of(&planned.model));
            let notes = notes.iter().map(|note| sentence(note) + ".").collect::<Vec<_>>().join(" ");
            return Ok((text.into_bytes(), Some(notes).filter(|notes| !notes.is_empty())));
        }
        Writer::OnModel(write) => {
            let made = write(plan, &kept_keys(config()?, plan), SigmaMeaning::of(&planned.model));
            let (text, note) = made.map_err(|error| error.to_string())?;
            return Ok((text.into_bytes(), note.map(|note| sentence(&note) + ".")));
        }
        Writer::Curve(write) => {
            let axis = &planned.axis;
            let level = |s: f64| axis.level_at_run_time(s);
            let prediction = config()?.prediction_type.name();
            let (value, note) = write(&level, 1000, prediction).map_err(|error| error.to_string())?;
            let text = pretty(&value).map_err(|error| error.to_string())?;
            return Ok((text.into_bytes(), Some(format!("This configuration is {}.", note.text))));
        }
    };
    Ok((text.map_err(|error| error.to_string())?.into_bytes(), None))
}
