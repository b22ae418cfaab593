//! The provider, and the details of the model.

use super::{BADGE, LINE, TopBar};
use crate::app::draw::forms::{FormState, said_of_model_ui};
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::prose_ui;
use crate::app::intent::Intent;
use crate::app::words;
use crate::model::convention::WordSource;
use crate::runtime::CheckingReport;
use crate::session::prepare::{ModelInfo, PartInfo, PipelineInfo, bytes_in_words};
use crate::words::{count, sentence};
use egui::{Button, Popup, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

/// The provider, and the details of the model.
pub(super) fn model_ui(ui: &mut Ui, bar: &TopBar, said: &mut FormState, intents: &mut Vec<Intent>) {
    let Some(model) = bar.model else { return };
    let palette = Palette::of(ui);
    let color = if model.provider_reason.is_some() { palette.warning } else { palette.good };
    let devices = devices(model);
    let badge = RichText::new(format!("● {devices}")).font(theme::strong(SMALL)).color(color);
    let badge = Button::new(badge).fill(egui::Color32::TRANSPARENT).truncate();
    let button = ui.add_sized(vec2(BADGE, LINE), badge);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Details of the model, runs on {devices}")));
    let popup = Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        let most = 0.86 * ui.ctx().content_rect().height();
        ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| {
            prose_ui(ui, |ui| {
                about_model_ui(ui, model, bar.notes);
                // Of a pipeline the network alone can be checked.
                if model.convention.is_some() && model.pipeline.is_none() {
                    ui.add_space(4.0);
                    check_ui(ui, bar.check.as_ref(), intents);
                }
                ui.add_space(6.0);
                said_of_model_ui(ui, &bar.document.run, model, said, intents);
            });
        });
    });
    button.on_hover_text(match &model.pipeline {
        Some(pipeline) => {
            let parts = pipeline.parts.iter().map(|part| format!("{}: {}\n", part_name(&part.name), device(part)));
            format!("{}Click for details of the model", parts.collect::<String>())
        }
        None => "Where the model runs. Click for details of the model".to_owned(),
    });
}

/// Where it runs; a pipeline's open parts may be in two places.
fn devices(model: &ModelInfo) -> String {
    let open =
        |provider| model.pipeline.iter().flat_map(|pipeline| &pipeline.parts).any(|part| part.provider == provider);
    if open(Some("cuda")) && open(Some("cpu")) { "CUDA, CPU".to_owned() } else { model.badge().to_owned() }
}

/// Where a part runs.
fn device(part: &PartInfo) -> &'static str {
    match part.provider {
        Some("cuda") => "CUDA",
        Some(_) => "CPU",
        None => "not open now",
    }
}

/// Whether the network fits its words: a button, then the progress, then the conclusion.
fn check_ui(ui: &mut Ui, check: Option<&CheckingReport>, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let line = |ui: &mut Ui, text: &str, color| {
        ui.label(RichText::new(text).font(theme::body(SMALL)).color(color));
    };
    match check.map(|check| &check.ended) {
        Some(None) => {
            let (done, total) = check.map_or((0, 0), |check| (check.done, check.total));
            line(ui, &words::messages::checking(done, total), palette.secondary);
        }
        Some(Some(Err(fault))) => line(ui, &sentence(&fault.sentence), palette.warning),
        Some(Some(Ok(conclusions))) => {
            for conclusion in conclusions {
                let color = if conclusion.is_warning { palette.warning } else { palette.good };
                line(ui, &sentence(&conclusion.sentence), color);
            }
        }
        None => {
            let tip = "Run the network on noised images to see whether state, time and prediction fit it";
            if ui.button(words::messages::CHECK_MODEL).on_hover_text(tip).clicked() {
                intents.push(Intent::CheckModel);
            }
        }
    }
}

/// The parts of a pipeline, a row each.
fn parts_ui(row: &mut impl FnMut(&str, &str), pipeline: &PipelineInfo) {
    row("Family", pipeline.family().name());
    for part in &pipeline.parts {
        row(&part_name(&part.name), &part_in_words(part));
    }
    let latents = pipeline.latents();
    let channels = count(latents.channels, "channel");
    row("Latents", &format!("{channels}, 1 px is {} px of the image", latents.pixels_per_latent));
    if pipeline.has_tiny_decoder() {
        row("Small decoder", "TAESD, for previews");
    }
    row("Tokens", &format!("{} of a prompt, with start and end", pipeline.token_limit()));
}

/// A part by what it is: "Text encoder 2".
fn part_name(folder: &str) -> String {
    let (what, number) = match folder.rsplit_once('_') {
        Some((what, number)) if number.chars().all(|letter| letter.is_ascii_digit()) => (what, format!(" {number}")),
        _ => (folder, String::new()),
    };
    let name = match what {
        "text_encoder" => "Text encoder",
        "unet" => "U-Net",
        "transformer" => "Transformer",
        "vae_decoder" => "Decoder",
        what => what,
    };
    format!("{name}{number}")
}

/// File, size, numbers and device: "unet/model.onnx, 3.4 GB, f16, CUDA".
fn part_in_words(part: &PartInfo) -> String {
    let file = part.graph.file_name().map_or_else(String::new, |file| file.to_string_lossy().into_owned());
    let element = part.element.map(|element| format!("{element:?}").to_lowercase());
    let size = bytes_in_words(part.bytes);
    let rest =
        [Some(size), element, Some(device(part).to_owned())].into_iter().flatten().collect::<Vec<_>>().join(", ");
    format!("{}/{file}, {rest}", part.name)
}

fn about_model_ui(ui: &mut Ui, model: &ModelInfo, notes: &[String]) {
    ui.set_width(420.0);
    let palette = Palette::of(ui);
    let title = model.card.as_ref().map(|card| card.title.as_str()).filter(|title| !title.is_empty());
    ui.label(RichText::new(title.unwrap_or(&model.name)).font(theme::strong(BODY + 1.0)));
    if let Some(card) = &model.card {
        ui.label(RichText::new(&card.summary).color(palette.secondary));
    }
    ui.add_space(6.0);
    egui::Grid::new("about model").num_columns(2).min_row_height(18.0).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut row = |name: &str, value: &str| {
            ui.label(RichText::new(name).font(theme::body(SMALL)).color(palette.secondary));
            ui.add(egui::Label::new(RichText::new(value).font(theme::body(SMALL))).wrap().selectable(true));
            ui.end_row();
        };
        let runs_on = match (&model.onnxruntime, model.provider) {
            (Some(version), provider) => {
                format!("{provider}, ONNX Runtime {version}, {}", count(model.threads, "thread"))
            }
            (None, _) => "Chromascope's own code (exact)".to_owned(),
        };
        row("Runs on", &runs_on);
        if let Some(pipeline) = &model.pipeline {
            parts_ui(&mut row, pipeline);
        }
        let size =
            model.native_size.map_or_else(|| "unknown".to_owned(), |(height, width)| format!("{width}×{height}"));
        // The channels of a pipeline are those of its latents, above.
        let channels = if model.pipeline.is_some() { None } else { Some(count(model.channels, "channel")) };
        let images = [Some(size), channels, Some(model.sizes_in_words())];
        row("Images", &images.into_iter().flatten().collect::<Vec<_>>().join(", "));
        if let Some(port) = model.contract.as_ref().map(|contract| &contract.timestep) {
            row("Timestep", &format!("\"{}\", {:?}", port.name, port.element).to_lowercase());
        }
        if let Some(parameterization) = model.parameterization {
            let from =
                |source: Option<WordSource>| source.map_or_else(String::new, |from| format!(" ({})", from.in_words()));
            let said = model.convention.as_ref();
            let state = said.and_then(|said| said.state).map(|word| word.source);
            let time = said.and_then(|said| said.time).map(|word| word.source);
            let prediction = said.and_then(|said| said.prediction).map(|word| word.source);
            row("State", &format!("{}{}", parameterization.state.formula(), from(state)));
            row("Time", &format!("{}{}", parameterization.time.formula(), from(time)));
            row("Predicts", &format!("{}{}", parameterization.prediction.formula(), from(prediction)));
        }
        if let Some(spacing) = &model.spacing {
            row("Default spacing", spacing);
        }
        if model.takes_labels {
            let count = model.classes.map_or_else(|| "number unknown".into(), |classes| classes.to_string());
            let none = model.null_label.map_or_else(String::new, |label| format!(", null class {label}"));
            row("Classes", &format!("{count}{none}"));
        }
        if let Some(card) = &model.card {
            row("Licence", &card.licence);
        }
        row("SHA-256", &model.sha256[..model.sha256.len().min(16)]);
    });
    for note in model.provider_reason.iter().chain(notes) {
        ui.add_space(4.0);
        ui.label(RichText::new(sentence(note)).font(theme::body(SMALL)).color(palette.warning));
    }
}
