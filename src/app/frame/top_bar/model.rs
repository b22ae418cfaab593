//! The menu of models.

use super::{FieldLook, TopBar, TopBarState};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::menu_chip;
use crate::app::intent::{Ask, Intent};
use crate::app::words;
use crate::session::action::Action;
use crate::session::setting::Setting;
use crate::session::settings::ModelSource;
use egui::{RichText, Role, TextEdit, Ui, WidgetInfo};

/// The display name of a model.
#[must_use]
pub fn source_name(source: &ModelSource) -> String {
    match source {
        ModelSource::Model(name) => {
            let path = std::path::Path::new(name);
            path.file_stem().map_or_else(|| name.clone(), |stem| stem.to_string_lossy().into())
        }
        ModelSource::Images(folder) => {
            let name = folder.file_name().map_or_else(|| "folder".into(), |name| name.to_string_lossy());
            words::frame::images_from(&name)
        }
    }
}

pub(super) fn model_chip(
    ui: &mut Ui,
    bar: &TopBar,
    state: &mut TopBarState,
    look: &FieldLook,
    intents: &mut Vec<Intent>,
) {
    let current = &bar.document.run.source;
    let shown = source_name(current);
    let tip = "The model to run. To open your own, drop an .onnx file, a model folder or a folder of images onto the \
               window";
    menu_chip(
        ui,
        look.chip((words::frame::MODEL, look.widths.model), &shown, tip, look.changed(Setting::Model)),
        |ui| {
            ui.set_min_width(320.0);
            let small = |text: &str| RichText::new(text).font(theme::body(SMALL)).color(Palette::of(ui).secondary);
            let titles = [small("Bundled"), small(words::frame::RECENT), small("Open your own")];
            let [bundled, recent, own] = titles;
            let pick = |ui: &mut Ui, source: ModelSource, tip: Option<String>, intents: &mut Vec<Intent>| {
                let mut response = ui.selectable_label(source == *current, source_name(&source));
                if let Some(tip) = tip {
                    response = response.on_hover_text(tip);
                }
                if response.clicked() {
                    intents.push(Intent::ChangeAndRun(vec![Action::SetModel(source)]));
                    ui.close();
                }
            };
            ui.label(bundled);
            for name in &state.bundled {
                pick(ui, ModelSource::Model(name.clone()), None, intents);
            }
            let is_bundled =
                |source: &ModelSource| matches!(source, ModelSource::Model(name) if state.bundled.contains(name));
            let mut others = bar.preferences.recent.iter().filter(|source| !is_bundled(source)).take(6).peekable();
            if others.peek().is_some() {
                ui.add_space(6.0);
                ui.label(recent);
            }
            for source in others {
                let path = match source {
                    ModelSource::Model(path) => path.clone(),
                    ModelSource::Images(folder) => folder.display().to_string(),
                };
                pick(ui, source.clone(), Some(path), intents);
            }
            ui.add_space(6.0);
            ui.label(own);
            for (text, ask) in [
                ("Open an .onnx file…", Ask::File),
                ("Open a model folder…", Ask::Folder),
                ("Open a folder of images…", Ask::Images),
            ] {
                if ui.selectable_label(false, text).clicked() {
                    intents.push(Intent::Ask(ask));
                    ui.close();
                }
            }
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                let edit = TextEdit::singleline(&mut state.path).hint_text("or type its path").desired_width(240.0);
                let response = ui.add(edit);
                response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, words::frame::PATH_OF_MODEL));
                let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if (ui.button(words::frame::OPEN).clicked() || entered) && !state.path.trim().is_empty() {
                    intents.push(Intent::OpenPath(state.path.trim().to_owned()));
                    ui.close();
                }
            });
        },
    );
}
