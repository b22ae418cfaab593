//! The bars at the top and at the bottom, their menus and dialogs.

use crate::words::count;
use std::path::Path;

/// The button that runs changed settings, for a screen reader.
#[must_use]
pub fn run_with_new(changed: &str) -> String {
    format!("Run with new {changed}")
}

/// The same button at the bottom.
#[must_use]
pub fn not_run_yet(changed: &str) -> String {
    format!("{NOT_RUN_YET}. Changed: {changed}")
}

/// The status of a run.
#[must_use]
pub fn paused_after(steps: usize) -> String {
    format!("paused after {}", count(steps, "step"))
}

/// The status of a run.
#[must_use]
pub fn stopped_after(steps: usize) -> String {
    format!("stopped after {}", count(steps, "step"))
}

/// The status of a run.
#[must_use]
pub fn failed_after(steps: usize) -> String {
    format!("failed after {}", count(steps, "step"))
}

/// The step at the playhead, of all.
#[must_use]
pub fn step_of(step: usize, steps: usize) -> String {
    format!("{STEP_READING} {step}/{steps}")
}

/// The heading of the save dialog.
#[must_use]
pub fn save_what(what: &str) -> String {
    format!("Save {what}")
}

/// A file or folder that is in the way.
#[must_use]
pub fn exists(name: &str) -> String {
    format!("{name} exists")
}

/// The message after saving.
#[must_use]
pub fn saved_as(path: &Path) -> String {
    format!("{SAVED_AS} {}", path.display())
}

/// A folder of images as a model.
#[must_use]
pub fn images_from(folder: &str) -> String {
    format!("images from {folder}")
}
pub const RUN: &str = "Run";
pub const PAUSE: &str = "Pause";
pub const RESUME: &str = "Resume";
pub const STEP: &str = "Step";
pub const STOP: &str = "Stop";
pub const RESTART: &str = "Restart";
pub const MODEL: &str = "Model";
pub const SAMPLER: &str = "Sampler";
pub const SPACING: &str = "Spacing";
pub const STEPS: &str = "Steps";
pub const SEED: &str = "Seed";
pub const BATCH: &str = "Batch";
pub const CLASS: &str = "Class";
pub const NEW_SEED: &str = "New seed";
pub const NO_CLASS_SHOWN: &str = "no class";
pub const BY_LEVEL: &str = "by level";
pub const OVER_TIME: &str = "over time";
pub const CLASS_NUMBER: &str = "Class number";
pub const PROMPT: &str = "Prompt";
pub const PROMPT_HINT: &str = "What to draw. Enter runs, Shift Enter starts a line";
pub const NEGATIVE_HINT: &str = "no words: guidance leads away from the empty prompt";
pub const NO_NEGATIVE_HINT: &str = "no words: this model takes the guidance scale as a number";
pub const NO_WORDS: &str = "no words";
pub const ABOUT_BRACKETS: &str = "(word:1.2) weighs more, [word] less. [a:b:0.4] changes from a to b after 40 % of the steps, \
    [a|b] takes turns.";
pub const NO_CLASS: &str = "No class (null class)";
pub const RECENT: &str = "Recent";
pub const PATH_OF_MODEL: &str = "Path of a model";
pub const OPEN: &str = "Open";
pub const MENU: &str = "Menu";
pub const LAYOUT: &str = "Layout";
pub const RUN_ON_EVERY_CHANGE: &str = "Run on every change";
pub const RESET_LAYOUT: &str = "Reset layout";
pub const NOT_RUN_YET: &str = "Not run yet: Run";
pub const PLAYBACK_SPEED: &str = "Playback speed";
pub const STEP_READING: &str = "step";
pub const FIRST_STEP: &str = "First step";
pub const STEP_BACK: &str = "Previous step";
pub const STEP_ON: &str = "Next step";
pub const LAST_STEP: &str = "Last step";
pub const PLAY: &str = "Play";
pub const PAUSE_PLAYBACK: &str = "Pause playback";
pub const DONE: &str = "done";
pub const LEFT: &str = "s left";
pub const PLAY_BACKWARDS: &str = "play backwards";
pub const SAVE_PATH: &str = "Folder and name";
pub const SAVE: &str = "Save";
pub const REPLACE: &str = "Replace";
pub const CANCEL: &str = "Cancel";
pub const SAVE_BEFORE_CLOSING: &str = "Save the measurements before closing?";
pub const MEASURING_IS_PAUSED: &str = "Measuring is paused until you choose.";
pub const SAVE_AND_CLOSE: &str = "Save and close…";
pub const DISCARD_AND_CLOSE: &str = "Discard and close";
pub const SAVED_AS: &str = "Saved as";
