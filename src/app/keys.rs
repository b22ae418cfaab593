//! Keys, and files that are dropped, as intents.

use super::App;
use super::intent::{ImageChoice, Intent};
use super::panes::Pane;
use crate::figure::TimeZoom;
use crate::session::action::Action;
use crate::session::document::{AxisReading, Layout};
use crate::session::levels::LevelSet;
use crate::session::playback::Command;
use egui::{Event, Key, KeyboardShortcut, Modifiers};
use std::time::Instant;

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);

impl App {
    /// Moves the playhead while playing, and asks for a frame when it is next to change.
    pub(super) fn play(&mut self, ctx: &egui::Context) {
        let elapsed = self.state.last_frame.elapsed();
        self.state.last_frame = Instant::now();
        self.state.playback.advance(elapsed);
        if let Some(next) = self.state.playback.next_change() {
            ctx.request_repaint_after(next);
        }
    }

    pub(super) fn keys(&mut self, ctx: &egui::Context) {
        // Undo first takes REDO's keys, which contain its own.
        let (redo, undo) = ctx.input_mut(|input| (input.consume_shortcut(&REDO), input.consume_shortcut(&UNDO)));
        let mut intents = Vec::new();
        if redo {
            intents.push(Intent::Redo);
        } else if undo {
            intents.push(Intent::Undo);
        }
        let typing = ctx.egui_wants_keyboard_input() || ctx.memory(|memory| memory.focused().is_some());
        if !typing {
            // In the order in which they were pressed: a slow frame may hold several.
            let pressed: Vec<Key> = ctx.input(|input| {
                let keys = input.events.iter().filter_map(|event| match event {
                    Event::Key { key, pressed: true, modifiers, .. } if !modifiers.command => Some(*key),
                    _ => None,
                });
                keys.collect()
            });
            for key in pressed {
                if key == Key::Num0 {
                    self.state.tracks.zoom = TimeZoom::default();
                }
                intents.extend(self.intent_of(key));
            }
        }
        if ctx.input(|input| input.key_pressed(Key::Escape)) {
            let isolated = self.state.document.document().view.isolated;
            // The topmost first: a menu closes itself, then the list of keys, then levels are put together again.
            if !self.state.keys_shown && !isolated.is_whole() && !egui::Popup::is_any_open(ctx) {
                intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
            }
            self.state.keys_shown = false;
        }
        self.perform(ctx, intents);
    }

    pub(super) fn intent_of(&self, key: Key) -> Option<Intent> {
        let view = &self.state.document.document().view;
        Some(match key {
            Key::Space => Intent::Playback(Command::Toggle),
            Key::ArrowLeft => Intent::Playback(Command::StepBy(-1)),
            Key::ArrowRight => Intent::Playback(Command::StepBy(1)),
            Key::Home => Intent::Playback(Command::Home),
            Key::End => Intent::Playback(Command::End),
            Key::B => Intent::Playback(Command::PlayBackward),
            Key::L => Intent::Playback(Command::Loop(!self.state.playback.looping())),
            Key::R => Intent::Run,
            Key::S => Intent::Step,
            Key::P if self.is_going() => Intent::Pause,
            Key::P => Intent::Resume,
            Key::A => {
                let here = AxisReading::ALL.iter().position(|axis| *axis == view.axis).unwrap_or(0);
                Intent::Change(Action::SetAxis(AxisReading::ALL[(here + 1) % AxisReading::ALL.len()]))
            }
            Key::Num1 => Intent::Change(Action::SetTruePixels(!view.true_pixels)),
            Key::Questionmark => Intent::ToggleKeys,
            _ => return None,
        })
    }

    /// A file or folder dropped onto the window is opened and run; in the schedule lab an image's file is pooled, and
    /// where spectra are looked at it is compared with.
    pub(super) fn drops(&mut self, ctx: &egui::Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
        let Some(path) = dropped else { return };
        let is_image = image::ImageFormat::from_path(&path).is_ok();
        match self.state.document.document().view.layout {
            Layout::ScheduleLab if is_image => {
                self.state.tiles.show(Pane::Pooling);
                self.perform_one(ctx, Intent::OpenImage(ImageChoice::File(path)));
            }
            Layout::Spectra if is_image => {
                self.state.tiles.show(Pane::Inspector);
                self.perform_one(ctx, Intent::OpenReference(path));
            }
            _ => self.state.opener.open(path),
        }
    }
}
