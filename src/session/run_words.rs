//! The name of a run, shared by the window, figures and the command line.

use super::class_words::ClassWords;
use super::prepare::Resolved;
use super::settings::RunSettings;
use crate::words::{count, shortened};

/// Longest prompt in the name of a run, characters.
const PROMPT: usize = 40;

/// Model, sampler, spacing and steps, and what steers it: "emoji-unet · ddim, trailing, 50 steps, class 3".
#[must_use]
pub fn run_in_words(settings: &RunSettings, resolved: &Resolved, steps: usize) -> String {
    let eta = settings.eta.map_or_else(String::new, |eta| format!(" η {eta}"));
    let label = match &settings.prompt {
        Some(prompt) => format!(", {}", ClassWords::in_quotes(&shortened(prompt, PROMPT))),
        None => resolved.label.map_or_else(String::new, |label| format!(", class {label}")),
    };
    let steering = settings.steering().map_or_else(String::new, |words| format!(", {words}"));
    let steps = count(steps, "step");
    format!("{} · {}{eta}, {}, {steps}{label}{steering}", resolved.model, resolved.solver(settings), resolved.spacing)
}
