//! Turns keys and dropped files into intents.

use crate::app::App;
use crate::app::closing::Closing;
use crate::app::draw::plot_pane;
use crate::app::intent::Intent;
use crate::app::pane::space_switch::{change_to, next_space};
use crate::app::pane::tiles::dropped_in;
use crate::app::pane::tracks::TracksPane;
use crate::figure::TimeZoom;
use crate::session::action::Action;
use crate::session::document::AxisReading;
use crate::session::levels::LevelSet;
use crate::session::playback::PlayheadCommand;
use egui::{Event, Key, KeyboardShortcut, Modifiers, ViewportCommand};
use std::time::Instant;

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
/// The change of scale by Ctrl with plus or minus.
const SCALE_STEP: f32 = 0.1;

impl App {
    /// Moves the playhead while playing, and asks for a frame when it is next to change.
    pub(in crate::app) fn play(&mut self, ctx: &egui::Context) {
        let elapsed = self.state.last_frame.elapsed();
        self.state.last_frame = Instant::now();
        self.state.playback.advance(elapsed);
        if let Some(next) = self.state.playback.next_change() {
            ctx.request_repaint_after(next);
        }
    }

    pub(in crate::app) fn keys(&mut self, ctx: &egui::Context) {
        if self.state.saving.is_some() || matches!(self.state.closing, Closing::Asking(_)) {
            // The dialog handles them.
            return;
        }
        // Redo first, because its keys contain those of undo.
        let (redo, undo) = ctx.input_mut(|input| (input.consume_shortcut(&REDO), input.consume_shortcut(&UNDO)));
        let mut intents = Vec::new();
        if redo {
            intents.push(Intent::Redo);
        } else if undo {
            intents.push(Intent::Undo);
        }
        self.scale_keys(ctx);
        if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F11)) {
            let full = ctx.input(|input| input.viewport().fullscreen.unwrap_or_default());
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
        }
        let focused = ctx.memory(|memory| memory.focused().is_some());
        if !ctx.text_edit_focused() {
            // In the order in which they were pressed: a slow frame may hold several.
            let pressed: Vec<Key> = ctx.input(|input| {
                let keys = input.events.iter().filter_map(|event| match event {
                    Event::Key { key, pressed: true, modifiers, .. } if !modifiers.command => Some(*key),
                    _ => None,
                });
                keys.collect()
            });
            for key in pressed.into_iter().filter(|key| !(focused && is_for_what_has_the_focus(*key))) {
                if key == Key::Num0
                    && let Some(tracks) = self.state.panes.get_mut::<TracksPane>()
                {
                    tracks.state.zoom = TimeZoom::default();
                }
                intents.extend(self.intent_of(key));
            }
        }
        // A focused, magnified plot handles this key to reset its view.
        if ctx.input(|input| input.key_pressed(Key::Escape)) && !plot_pane::has_escape(ctx) {
            let isolated = self.state.document.document().view.isolated;
            // The topmost first: a menu closes itself, then the list of keys, then isolated levels are reset.
            if !self.state.keys_shown && !isolated.is_whole() && !egui::Popup::is_any_open(ctx) {
                intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
            }
            self.state.keys_shown = false;
        }
        self.perform(ctx, intents);
    }

    /// Ctrl with plus, minus and 0: the scale, kept between starts.
    fn scale_keys(&mut self, ctx: &egui::Context) {
        use egui::gui_zoom::kb_shortcuts::{ZOOM_IN, ZOOM_IN_SECONDARY, ZOOM_OUT, ZOOM_RESET};
        let pressed = |shortcut| ctx.input_mut(|input| input.consume_shortcut(shortcut));
        let (larger, smaller) = (pressed(&ZOOM_IN) || pressed(&ZOOM_IN_SECONDARY), pressed(&ZOOM_OUT));
        let preferences = &mut self.state.preferences;
        if pressed(&ZOOM_RESET) {
            preferences.set_scale(1.0);
        } else if larger != smaller {
            preferences.set_scale(preferences.scale() + if larger { SCALE_STEP } else { -SCALE_STEP });
        }
    }

    pub(in crate::app) fn intent_of(&self, key: Key) -> Option<Intent> {
        let view = &self.state.document.document().view;
        Some(match key {
            Key::Space => Intent::Playback(PlayheadCommand::Toggle),
            // The second of each is sent by a presenter's remote control.
            Key::ArrowLeft | Key::PageUp => Intent::Playback(PlayheadCommand::StepBy(-1)),
            Key::ArrowRight | Key::PageDown => Intent::Playback(PlayheadCommand::StepBy(1)),
            Key::Home => Intent::Playback(PlayheadCommand::Home),
            Key::End => Intent::Playback(PlayheadCommand::End),
            Key::B => Intent::Playback(PlayheadCommand::PlayBackward),
            Key::L => Intent::Playback(PlayheadCommand::Loop(!self.state.playback.looping())),
            Key::R => Intent::Run,
            Key::S => Intent::Step,
            Key::P if self.is_going() => Intent::Pause,
            Key::P => Intent::Resume,
            Key::A => {
                let here = AxisReading::ALL.iter().position(|axis| *axis == view.axis).unwrap_or(0);
                Intent::Change(Action::SetAxis(AxisReading::ALL[(here + 1) % AxisReading::ALL.len()]))
            }
            Key::Num1 => Intent::Change(Action::SetTruePixels(!view.true_pixels)),
            Key::V => {
                let run = self.run.as_ref()?;
                Intent::Change(change_to(view, run, next_space(run)?))
            }
            Key::Questionmark => Intent::ToggleKeys,
            _ => return None,
        })
    }

    /// A file or folder dropped onto the window is opened and run; an image file goes to the pane that accepts one in this
    /// layout.
    pub(in crate::app) fn drops(&mut self, ctx: &egui::Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
        let Some(path) = dropped else { return };
        let is_image = image::ImageFormat::from_path(&path).is_ok();
        match dropped_in(self.state.document.document().view.layout).filter(|_| is_image) {
            Some((pane, dropped)) => {
                self.state.panes.show(pane);
                self.perform_one(ctx, (dropped.intent)(path));
            }
            None => self.state.opener.open(path),
        }
    }
}

/// Whether the focused control uses a key, so that it has no other effect.
const fn is_for_what_has_the_focus(key: Key) -> bool {
    matches!(key, Key::Space | Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown)
}
