//! The reference, how the comparison is shown, and the errors.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{small_menu, text_toggle};
use crate::app::intent::{Ask, Intent};
use crate::app::pane::inspector::job::Inspected;
use crate::app::pane::inspector::state::{Choice, InspectorPane, Mode};
use crate::app::pane::panel::{FileAsked, image_path_ui};
use crate::app::run_view::{RunView, Seen};
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::figure::ticks;
use crate::session::inspect::{Difference, Errors, channel_name};
use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

/// Height of a line of the table, points.
const ROW: f32 = 17.0;
/// Most characters of a file's name.
const LETTERS: usize = 16;

pub(super) fn compare_ui(ui: &mut Ui, context: &ViewContext, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    let shown = format!("reference: {}", state.reference_name());
    let tip = "The image to compare with";
    small_menu(ui, words::panes::REFERENCE, &shown, tip, |ui| menu_ui(ui, context, state, intents));
    modes_ui(ui, state);
    let made = state.shown.as_ref().map(|shown| std::sync::Arc::clone(&shown.made));
    if let Some((made, errors)) = made.as_ref().and_then(|made| Some((made, made.errors.as_ref()?))) {
        table_ui(ui, made, errors);
        return;
    }
    let words = match state.choice {
        Choice::None => "Choose a reference for a wipe, differences and errors.",
        Choice::Final => "The final image is available when the run ends.",
        Choice::Marked(_) => "This run has not reached the pinned step.",
        Choice::Sample(_) => "This run does not have that image.",
        Choice::File => "",
    };
    let text = egui::RichText::new(words).font(theme::body(SMALL)).color(Palette::of(ui).secondary);
    ui.add(egui::Label::new(text).wrap());
}

fn menu_ui(ui: &mut Ui, context: &ViewContext, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    ui.set_min_width(300.0);
    let mut choices = vec![
        (Choice::None, words::panes::NO_REFERENCE.to_owned(), "None"),
        (Choice::Final, words::panes::FINAL_IMAGE.to_owned(), "The final image x₀ of the run on screen"),
    ];
    if let Choice::Marked(at) = state.choice {
        choices.push((state.choice, format!("E[x₀|xₜ] at step {}", at.state), "The pinned step"));
    }
    if let Some(at) = context.at.filter(|at| state.choice != Choice::Marked(*at)) {
        let tip = "Pin this step and compare other steps with it";
        choices.push((Choice::Marked(at), words::panes::estimate_at_this_step(at.state), tip));
    }
    let samples = context.run.map_or(1, RunView::samples);
    for other in (0..samples).filter(|other| *other != context.sample) {
        choices.push((Choice::Sample(other), words::panes::other_image(other + 1), "The other image at the same step"));
    }
    if let Some(name) = state.file_name() {
        choices.push((Choice::File, name, "The last file you opened"));
    }
    ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
        for (choice, text, tip) in choices {
            if ui.selectable_label(state.choice == choice, text).on_hover_text(tip).clicked() {
                state.compare_with(choice);
                ui.close();
            }
        }
    });
    ui.add_space(6.0);
    path_ui(ui, state, intents);
}

/// The user's own file, by its path or by a dialog.
fn path_ui(ui: &mut Ui, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    let names = [words::panes::PATH_OF_REFERENCE, words::panes::OPEN_REFERENCE, "Browse for a reference"];
    match image_path_ui(ui, &mut state.path, names) {
        Some(FileAsked::Path(path)) => intents.push(Intent::OpenReference(path)),
        Some(FileAsked::Dialog) => intents.push(Intent::Ask(Ask::Reference)),
        None => {}
    }
}

fn modes_ui(ui: &mut Ui, state: &mut InspectorPane) {
    let possible = state.choice != Choice::None;
    ui.add_enabled_ui(possible, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.spacing_mut().button_padding.x = 7.0;
            for mode in Mode::ALL {
                let name = match mode {
                    Mode::Image => "Show the image".to_owned(),
                    Mode::Wipe => "Show a wipe".to_owned(),
                    Mode::Difference(kind) => words::panes::show_difference(kind.name()),
                };
                let (text, tip) = match mode {
                    Mode::Image => ("a", "The image (a)"),
                    Mode::Wipe => ("a|b", "Image (a) left of the line, reference (b) right of it"),
                    Mode::Difference(Difference::Signed) => ("a−b", "a − b: blue is below zero, orange above"),
                    Mode::Difference(Difference::Absolute) => ("|a−b|", "The magnitude of the difference"),
                    Mode::Difference(Difference::Relative) => ("rel.", "|a − b|/(|b| + 0.01)"),
                };
                if text_toggle(ui, text, &name, tip, state.mode == mode && possible).clicked() {
                    state.mode = mode;
                }
            }
        });
    });
}

/// Mean squared error and PSNR, per channel and for all.
fn table_ui(ui: &mut Ui, made: &Inspected, errors: &Errors) {
    // Latents have no range, so that there is no peak.
    let has_peak = !matches!(made.seen, Seen::Latents(_));
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let row = |ui: &mut Ui, cells: [&str; 3], spoken: &str, heading: bool| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        if !spoken.is_empty() {
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken));
        }
        let color = if heading { palette.secondary } else { palette.text };
        let wide = rect.width().min(230.0);
        let font = if heading { theme::body(SMALL) } else { theme::mono(SMALL) };
        let at = |part: f32| pos2(rect.left() + part * wide, rect.center().y);
        let painter = ui.painter();
        painter.text(at(0.0), Align2::LEFT_CENTER, cells[0], theme::body(SMALL), palette.secondary);
        painter.text(at(0.62), Align2::RIGHT_CENTER, cells[1], font.clone(), color);
        painter.text(at(1.0), Align2::RIGHT_CENTER, cells[2], font, color);
    };
    row(ui, ["", "MSE", "PSNR dB"], "", true);
    let line = |ui: &mut Ui, name: &str, mse: f64| {
        let psnr = if has_peak { psnr_in_words(mse) } else { "–".to_owned() };
        let mse_words = ticks::three_digits(mse);
        row(
            ui,
            [name, &mse_words, &psnr],
            &format!("{} {mse_words}, PSNR {psnr} dB", words::panes::mse_of(name)),
            false,
        );
    };
    if made.channels > 1 {
        for (channel, &mse) in errors.mse.iter().enumerate() {
            line(ui, &channel_name(channel, made.channels), mse);
        }
    }
    line(ui, "all", errors.mean_mse);
    let peak = if has_peak { "peak 2 (−1 … 1), " } else { "" };
    let words = format!("{peak}largest |a − b| {}", ticks::three_digits(errors.largest));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    let place = Rect::from_min_max(rect.min, rect.max);
    ui.painter().text(place.left_center(), Align2::LEFT_CENTER, &words, theme::body(SMALL), palette.secondary);
    response.on_hover_text(
        "MSE: mean of (a − b)² over the pixels, in data units squared. PSNR: 10·log10(4/MSE), for images from −1 to \
         1; latents have none. All channels count, and only the isolated levels if any are isolated",
    );
}

fn psnr_in_words(mse: f64) -> String {
    let psnr = Errors::psnr(mse);
    if psnr.is_infinite() { "∞".to_owned() } else { ticks::number(psnr, 2) }
}

impl InspectorPane {
    /// The reference in a few characters.
    pub(super) fn reference_name(&self) -> String {
        match self.choice {
            Choice::None => words::panes::NO_REFERENCE.to_owned(),
            Choice::Final => words::panes::FINAL_IMAGE.to_owned(),
            Choice::Marked(at) => format!("step {}", at.state),
            Choice::Sample(other) => format!("image {}", other + 1),
            Choice::File => self.file_name().unwrap_or_default(),
        }
    }

    fn file_name(&self) -> Option<String> {
        let path = self.file()?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let mut letters = name.chars();
        let start: String = letters.by_ref().take(LETTERS).collect();
        Some(if letters.next().is_some() { format!("{start}…") } else { start })
    }
}
