//! Transport and readouts, at the bottom.

use super::widgets::{Icon, icon_button, reading};
use crate::app::run_view::RunView;
use crate::app::theme::{self, Palette, SMALL};
use crate::figure::Reading;
use crate::session::playback::{Command, Motion, Playback};
use crate::session::prepare::ModelInfo;
use egui::{Align, Layout, RichText, Ui};

/// What the transport needs to know.
pub struct Transport<'a> {
    /// The run on screen.
    pub run: Option<&'a RunView>,
    /// The playhead.
    pub playback: &'a Playback,
    /// What stands at the right.
    pub status: &'a str,
    /// What the model runs on.
    pub badge: Option<&'a ModelInfo>,
}

/// Draws the transport.
pub fn transport_ui(ui: &mut Ui, transport: &Transport) -> Vec<Command> {
    let mut commands = Vec::new();
    let playback = transport.playback;
    ui.horizontal_centered(|ui| {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if transport.run.is_none() {
                ui.disable();
            }
            let (toggle, name) =
                if playback.motion() == Motion::Still { (Icon::Play, "Play") } else { (Icon::Pause, "Pause") };
            for (icon, name, tip, command, on) in [
                (Icon::First, "First step", "To the first step (Home)", Command::Home, false),
                (Icon::StepBack, "Step back", "One step back (←)", Command::StepBy(-1), false),
                (Icon::PlayBack, "Play backwards", "Play from image to noise (B)", Command::PlayBackward, false),
                (toggle, name, "Play or pause (space)", Command::Toggle, false),
                (Icon::StepOn, "Step on", "One step on (→)", Command::StepBy(1), false),
                (Icon::Last, "Last step", "To the last step, and follow the run (End)", Command::End, false),
                (
                    Icon::Loop,
                    "Loop",
                    "Play again and again (L)",
                    Command::Loop(!playback.looping()),
                    playback.looping(),
                ),
            ] {
                if icon_button(ui, icon, name, tip, on).clicked() {
                    commands.push(command);
                }
            }
        });
        ui.add_space(12.0);
        if let Some(run) = transport.run {
            let position = playback.position();
            let level = run.axis.level_at(position);
            let number = |value: f64| if value.is_finite() { format!("{value:.3}") } else { "∞".to_owned() };
            let signed = |value: f64| if value.is_finite() { format!("{value:+.2}") } else { "+∞".to_owned() };
            reading(ui, "step", &format!("{}/{}", playback.state(), run.steps()), 104.0);
            reading(ui, "s", &format!("{:.3}", run.axis.value_at(position, Reading::RunTime)), 64.0);
            reading(ui, "t", &format!("{:.1}", run.axis.value_at(position, Reading::Timestep)), 72.0);
            reading(ui, "ᾱ", &format!("{:.4}", level.alpha_bar()), 84.0);
            reading(ui, "σ", &number(level.sigma()), 108.0);
            reading(ui, "λ", &signed(level.log_snr()), 80.0);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let palette = Palette::of(ui);
            if let Some(model) = transport.badge {
                let good = if model.provider_reason.is_some() { palette.warning } else { palette.good };
                let tip = model.provider_reason.clone().unwrap_or_else(|| "What the model runs on".to_owned());
                ui.label(RichText::new(model.badge()).font(theme::strong(SMALL)).color(good)).on_hover_text(tip);
            }
            ui.label(RichText::new(transport.status).font(theme::mono(SMALL)).color(palette.secondary));
        });
    });
    commands
}
