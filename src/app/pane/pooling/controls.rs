//! The controls on the left: time, factor and image.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{named, reading, small_menu, text_toggle};
use crate::app::intent::{Ask, ImageChoice, Intent};
use crate::app::pane::panel::{FileAsked, image_path_ui};
use crate::app::pane::pooling::short_name;
use crate::app::pane::pooling::state::{MIDDLE, PoolingPane};
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::figure::{Reading, ticks};
use crate::session::action::Action;
use crate::session::document::FACTORS;
use crate::session::pooling::BUNDLED;
use crate::theory::{NoiseLevel, adjustment};
use egui::{Label, RichText, Slider, Ui, vec2};

/// Width of the slider's number, points.
const NUMBER: f32 = 58.0;

pub(super) fn controls_ui(ui: &mut Ui, context: &ViewContext, state: &mut PoolingPane, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
    let name = |text: &str| RichText::new(text).font(theme::body(SMALL)).color(palette.secondary);
    time_ui(ui, state, name("t"));
    ui.horizontal(|ui| {
        ui.label(name("n")).on_hover_text("Block side in pixels. Also the factor of the tracks");
        for factor in FACTORS.0..=FACTORS.1 {
            let tip = format!("Pool blocks of {factor}×{factor} pixels");
            let on = context.view().factor == factor;
            if text_toggle(ui, &factor.to_string(), &words::panes::pool_by(factor), &tip, on).clicked() && !on {
                intents.push(Intent::Change(Action::SetFactor(factor)));
            }
        }
        let tip = "Take t from the playhead. Moving the slider switches this off";
        if text_toggle(ui, "follow playhead", words::panes::FOLLOW_PLAYHEAD, tip, state.follow).clicked() {
            state.follow = !state.follow;
            state.update_time(context);
        }
    });
    numbers_ui(ui, context, state);
    image_ui(ui, context, state, intents);
    if state.wanted == Some(ImageChoice::Run) {
        ui.add(Label::new(name("The final image is available when the run ends.")).wrap());
    }
}

fn time_ui(ui: &mut Ui, state: &mut PoolingPane, name: RichText) {
    ui.horizontal(|ui| {
        ui.label(name);
        ui.spacing_mut().slider_width = (ui.available_width() - NUMBER - 8.0).max(40.0);
        ui.spacing_mut().interact_size.x = NUMBER;
        // The slider rounds its value, which is not a move by the user.
        let shown = (1e3 * state.t).round() / 1e3;
        let mut t = shown;
        // Noise on the left, as on the tracks.
        let slider = Slider::new(&mut t, 1.0..=0.0).fixed_decimals(3).trailing_fill(true);
        let response = number::slider(ui, slider, Limits::within(0.0, 1.0));
        named(ui, &response, words::panes::TIME_T);
        let changed = (t - shown).abs() > 1e-9;
        if response.double_clicked() {
            t = MIDDLE;
        }
        if changed || response.double_clicked() {
            (state.t, state.follow) = (t, false);
        }
        response.on_hover_text(
            "Run time t of the noise, from 1 (noise) to 0 (image), on the run's schedule. Drag, use arrow keys or \
             type; double-click to centre",
        );
    });
}

/// τ(t), √P, and how n² comes about.
fn numbers_ui(ui: &mut Ui, context: &ViewContext, state: &PoolingPane) {
    let (mut tau, mut intensity) = ("…".to_owned(), "…".to_owned());
    if let Some((level, axis)) = state.level(context).zip(context.shown().map(|planned| &planned.axis)) {
        let adjusted = adjustment::adjusted_level(level, context.view().factor, 1);
        let step = axis.step_of_level(adjusted);
        let beyond = adjusted > axis.level_at(axis.steps() as f64);
        tau = if beyond { "< 0".into() } else { ticks::number(axis.value_at(step, Reading::RunTime), 3) };
        intensity = ticks::number(adjustment::intensity(level, context.view().factor), 3);
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        let tip = "The adjusted time τ(t), at which the run has n² times the signal-to-noise ratio: ᾱ(τ) = ᾱ/P. \"< \
                   0\": the run ends before it";
        reading(ui, "τ(t)", &tau, 78.0, tip);
        let tip = "√P = √(ᾱ + (1−ᾱ)/n²), the intensity of the pooled state. Divided by it, the pooled state is an \
                   ordinary state at τ";
        reading(ui, "√P", &intensity, 78.0, tip);
    });
}

fn image_ui(ui: &mut Ui, context: &ViewContext, state: &mut PoolingPane, intents: &mut Vec<Intent>) {
    let chosen = state.choice().map_or_else(String::new, short_name);
    let shown = format!("image: {chosen}");
    let tip = "The image to pool. Drop an image file onto the window to use your own";
    small_menu(ui, words::panes::IMAGE_TO_POOL, &shown, tip, |ui| {
        ui.set_min_width(300.0);
        let mut pick = |ui: &mut Ui, choice: ImageChoice, text: &str, tip: &str| {
            let response = ui.selectable_label(state.choice() == Some(&choice), text);
            if response.on_hover_text(tip).clicked() {
                intents.push(Intent::OpenImage(choice));
                ui.close();
            }
        };
        let tip = "The final image of the run on screen, and of each later run";
        pick(ui, ImageChoice::Run, words::panes::FINAL_IMAGE, tip);
        for (index, (name, _)) in BUNDLED.iter().enumerate() {
            pick(ui, ImageChoice::Bundled(index), name, "Noto Color Emoji, 64×64");
        }
        ui.add_space(6.0);
        path_ui(ui, state, intents);
    });
    if context.shown().is_none() && state.has_image() {
        ui.label(RichText::new(context.empty).font(theme::body(SMALL)).color(Palette::of(ui).secondary));
    }
}

/// The user's own file, by its path or by a dialog.
fn path_ui(ui: &mut Ui, state: &mut PoolingPane, intents: &mut Vec<Intent>) {
    let names = [words::panes::PATH_OF_IMAGE, words::panes::OPEN_IMAGE, "Browse for an image"];
    match image_path_ui(ui, &mut state.path, names) {
        Some(FileAsked::Path(path)) => intents.push(Intent::OpenImage(ImageChoice::File(path))),
        Some(FileAsked::Dialog) => intents.push(Intent::Ask(Ask::Image)),
        None => {}
    }
}

impl PoolingPane {
    /// The level at the current time, if the schedule is known.
    pub(super) fn level(&self, context: &ViewContext) -> Option<NoiseLevel> {
        let axis = &context.shown()?.axis;
        Some(axis.level_at_run_time(self.t))
    }
}
