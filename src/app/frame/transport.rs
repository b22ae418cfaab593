//! The bar at the bottom: playback, readings and status.

use crate::app::draw::icons::Icon;
use crate::app::draw::number::{Limits, number};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{icon_button, named, reading};
use crate::app::intent::Intent;
use crate::app::run_view::RunView;
use crate::app::words;
use crate::figure::{Reading, ticks};
use crate::session::playback::{Motion, Playback, PlayheadCommand, SPEEDS};
use egui::{Align, Button, DragValue, Label, Layout, RichText, Role, Ui, WidgetInfo};

/// What the transport shows.
pub struct Transport<'a> {
    /// The run on screen.
    pub run: Option<&'a RunView>,
    /// The playhead.
    pub playback: &'a Playback,
    /// The status at the right.
    pub status: &'a str,
    /// The names of settings that differ from the run on screen.
    pub pending: &'a [&'static str],
}

/// Draws the transport.
pub fn transport_ui(ui: &mut Ui, transport: &Transport, intents: &mut Vec<Intent>) {
    let playback = transport.playback;
    ui.horizontal_centered(|ui| {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if transport.run.is_none() {
                ui.disable();
            }
            buttons_ui(ui, playback, intents);
        });
        ui.add_space(4.0);
        let mut speed = playback.speed();
        let drag = DragValue::new(&mut speed).speed(0.1).max_decimals(1).suffix(" steps/s");
        let response = number(ui, drag.min_size(egui::vec2(86.0, 26.0)), Limits::within(SPEEDS.0, SPEEDS.1));
        named(ui, &response, words::frame::PLAYBACK_SPEED);
        if response.double_clicked() {
            speed = Playback::default().speed();
        }
        if speed != playback.speed() {
            intents.push(Intent::Playback(PlayheadCommand::Speed(speed)));
        }
        response.on_hover_text("Playback speed in steps per second. Drag, or click and type");
        ui.add_space(8.0);
        if let Some(run) = transport.run {
            readings_ui(ui, run, playback);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            pending_ui(ui, transport.pending, intents);
            let text = RichText::new(transport.status).font(theme::mono(SMALL)).color(Palette::of(ui).secondary);
            ui.add(Label::new(text).truncate()).on_hover_text(format!(
                "{}\n\nProgress of the run, time per step, memory used by its steps, and time per frame",
                transport.status
            ));
        });
    });
}

/// Says that the run on screen has other settings, and offers to run the current ones.
fn pending_ui(ui: &mut Ui, pending: &[&str], intents: &mut Vec<Intent>) {
    if pending.is_empty() {
        return;
    }
    let text = RichText::new(words::frame::NOT_RUN_YET).font(theme::strong(SMALL)).color(Palette::of(ui).warning);
    let response = ui.add(Button::new(text).min_size(egui::vec2(0.0, 26.0)));
    let changed = pending.join(", ");
    let name = words::frame::not_run_yet(&changed);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let tip = format!(
        "Everything on screen is from the previous run; the next run is dashed. Changed: {changed}. Click or press R \
         to run"
    );
    if response.on_hover_text(tip).clicked() {
        intents.push(Intent::Run);
    }
}

fn buttons_ui(ui: &mut Ui, playback: &Playback, intents: &mut Vec<Intent>) {
    let (toggle, name) = if playback.motion() == Motion::Still {
        (Icon::Play, words::frame::PLAY)
    } else {
        (Icon::Pause, words::frame::PAUSE_PLAYBACK)
    };
    for (icon, name, tip, command, on) in [
        (Icon::First, words::frame::FIRST_STEP, "Go to the first step (Home)", PlayheadCommand::Home, false),
        (Icon::StepBack, words::frame::STEP_BACK, "Go to the previous step (←)", PlayheadCommand::StepBy(-1), false),
        (
            Icon::PlayBack,
            "Play backwards",
            "Play backwards, from image to noise (B)",
            PlayheadCommand::PlayBackward,
            false,
        ),
        (toggle, name, "Play or pause (space)", PlayheadCommand::Toggle, false),
        (Icon::StepOn, words::frame::STEP_ON, "Go to the next step (→)", PlayheadCommand::StepBy(1), false),
        (
            Icon::Last,
            words::frame::LAST_STEP,
            "Go to the last step and follow the run (End)",
            PlayheadCommand::End,
            false,
        ),
        (Icon::Loop, "Loop", "Repeat playback (L)", PlayheadCommand::Loop(!playback.looping()), playback.looping()),
    ] {
        if icon_button(ui, icon, name, tip, on).clicked() {
            intents.push(Intent::Playback(command));
        }
    }
}

fn readings_ui(ui: &mut Ui, run: &RunView, playback: &Playback) {
    let position = playback.position();
    let level = run.axis.level_at(position);
    let number = |value: f64| match value {
        value if !value.is_finite() => "∞".to_owned(),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.3}"),
    };
    ui.spacing_mut().item_spacing.x = 6.0;
    let shown = fitting(ui.available_width() - STATUS);
    let step = format!("{}/{}", playback.state(), run.steps());
    let s = format!("{:.3}", run.axis.value_at(position, Reading::RunTime));
    let t = format!("{:.1}", run.axis.value_at(position, Reading::Timestep));
    let alpha_bar = format!("{:.4}", level.alpha_bar());
    let (sigma, lambda) = (number(level.sigma()), ticks::signed(level.log_snr()));
    let values = [
        (words::frame::STEP_READING, step, "Finished steps at the playhead, of all steps"),
        ("s", s, "Run time, from 1 (noise) to 0 (image)"),
        ("t", t, "Timestep: what the network is fed"),
        ("ᾱ", alpha_bar, "ᾱ: share of the image in the variance of xₜ"),
        ("σ", sigma, "σ = √((1−ᾱ)/ᾱ): noise over image"),
        ("λ", lambda, "λ = ln(ᾱ/(1−ᾱ)): log signal-to-noise ratio, nats"),
    ];
    for (((name, value, tip), width), shown) in values.into_iter().zip(WIDTHS).zip(shown) {
        if shown {
            reading(ui, name, &value, width, tip);
        }
    }
}

/// The widths of step, s, t, ᾱ, σ and λ, points, and their priority if not all fit.
const WIDTHS: [f32; 6] = [104.0, 56.0, 66.0, 70.0, 70.0, 66.0];
const FIRST: [usize; 6] = [0, 4, 2, 5, 3, 1];
/// The space reserved for the status of the run, points.
const STATUS: f32 = 310.0;

/// The readings that fit: it depends on the window alone, so that none appears or disappears.
fn fitting(room: f32) -> [bool; 6] {
    let mut shown = [false; 6];
    let mut left = room;
    for index in FIRST {
        left -= WIDTHS[index] + 6.0;
        if left < 0.0 {
            break;
        }
        shown[index] = true;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_comes_first_and_all_are_shown_where_there_is_room() {
        assert_eq!(fitting(0.0), [false; 6]);
        assert_eq!(fitting(120.0), [true, false, false, false, false, false]);
        assert_eq!(fitting(260.0), [true, false, true, false, true, false]);
        assert_eq!(fitting(480.0), [true; 6]);
    }
}
