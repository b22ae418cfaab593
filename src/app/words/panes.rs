//! Panes.

/// The control of a further input.
#[must_use]
pub fn input_named(name: &str) -> String {
    format!("Input {name}")
}

/// The heading of a picture or pane, for a screen reader.
#[must_use]
pub fn heading(name: &str, note: &str) -> String {
    format!("{name}, {note}")
}

/// One of the three images.
#[must_use]
pub fn image(name: &str, note: &str) -> String {
    format!("{name} {note}")
}

/// A channel of latents.
#[must_use]
pub fn channel(number: usize) -> String {
    format!("channel {number}")
}

/// A choice of how latents are looked at.
#[must_use]
pub fn show_space(space: &str) -> String {
    format!("Show {space}")
}

/// Colours that are not known for a family.
#[must_use]
pub fn fitted_on(steps: usize) -> String {
    format!("fitted on {}", crate::words::count(steps, "decoded step"))
}

/// Why there is no colour estimate.
pub const NO_COLOURS: &str = "The colours of these latents are not known: no decoder has shown any yet";
/// Why nothing can be decoded.
pub const NO_DECODER: &str = "This model has no decoder. Export its autoencoder with it to see decoded images";
/// The menu of channels below the images.
pub const LATENT_CHANNEL: &str = "Channels of the latents";
/// Before the size of an image that a small network decoded.
pub const BY_TAESD: &str = "by TAESD, ";
/// The badge of an image that is being decoded.
pub const DECODING: &str = "decoding…";

/// A level of latents, with what it is in the image.
#[must_use]
pub fn level_in_both(latents: usize, image: usize) -> String {
    format!("{latents} px of the latents = {image} px of the image")
}

/// The badge of isolated levels.
#[must_use]
pub fn only(levels: &str) -> String {
    format!("only {levels}")
}

/// The tooltip of the badge.
#[must_use]
pub fn show_all_levels_of(image: &str, only: &str) -> String {
    format!("Show all levels of {image}, {only}")
}

/// One image of a batch.
#[must_use]
pub fn image_of_batch(number: usize) -> String {
    format!("Image {number} of the batch")
}

/// Another image of the batch, as a reference.
#[must_use]
pub fn other_image(number: usize) -> String {
    format!("image {number} of the batch")
}

/// How much of each level is recovered.
#[must_use]
pub fn recovered_by_level(note: &str, shares: &str) -> String {
    format!("Recovered by level, {note}: {shares}")
}

/// Isolates a level.
#[must_use]
pub fn isolate(level: &str) -> String {
    format!("Isolate {level}")
}

/// The same in a pane.
#[must_use]
pub fn isolate_in(level: &str, place: &str) -> String {
    format!("Isolate {level} ({place})")
}

/// The same on a strip below a plot.
#[must_use]
pub fn isolate_on_strip(level: &str, place: &str, segment: usize) -> String {
    format!("Isolate {level} ({place} strip, {segment})")
}

/// The energy of a level.
#[must_use]
pub fn energy_of(level: &str) -> String {
    format!("{level}: energy")
}

/// The reference at a step, which is pinned by it.
#[must_use]
pub fn estimate_at_this_step(step: usize) -> String {
    format!("E[x₀|xₜ] at this step, {step}")
}

/// The button of a kind of difference.
#[must_use]
pub fn show_difference(kind: &str) -> String {
    format!("Show the {kind} difference")
}

/// An image and its reference, divided by a line.
#[must_use]
pub fn inspected_with(image: &str, reference: &str) -> String {
    format!("Inspected {image} with {reference}")
}

/// An image minus its reference.
#[must_use]
pub fn difference_of(kind: &str, image: &str, reference: &str) -> String {
    format!("{kind} difference of {image} and {reference}")
}

/// A handle of the histogram.
#[must_use]
pub fn handle(name: &str) -> String {
    format!("{name} handle")
}

/// The ratio under a picture.
#[must_use]
pub fn snr_of(picture: &str) -> String {
    format!("{picture}: SNR")
}

/// Pools by a factor.
#[must_use]
pub fn pool_by(factor: usize) -> String {
    format!("Pool by {factor}")
}

/// A curve in a legend; a click hides or shows it.
#[must_use]
pub fn curve(name: &str) -> String {
    format!("Curve {name}")
}

/// The error of a channel.
#[must_use]
pub fn mse_of(channel: &str) -> String {
    format!("{channel}: MSE")
}

/// A part of an estimate.
#[must_use]
pub fn part(name: &str) -> String {
    format!("Part {name}")
}

/// Why a step has only one part.
#[must_use]
pub fn class_alone(class: &str) -> String {
    format!("This step used {class} only, because w = 1")
}

/// A null class that neither the model nor the user gives.
#[must_use]
pub fn guessed_null_class(label: i64) -> String {
    format!("Null class {label} is a guess: the last class. Neither the model's card nor your settings name one.")
}

/// The number of tokens of a prompt.
#[must_use]
pub fn tokens(count: usize, limit: usize) -> String {
    format!("{count} of {limit} tokens")
}

/// Under a field with a text that is too long for it.
#[must_use]
pub fn not_shown(shown: usize, rest: usize) -> String {
    let all = shown + rest;
    format!(
        "{shown} of {all} characters are shown. The rest is kept; no text encoder reads that far. Select all to replace the \
         rest too"
    )
}

/// A token under the pointer.
#[must_use]
pub fn about_token(text: &str, id: i64, weight: f64) -> String {
    format!("\"{text}\", token {id}, weight {}", self::weight(weight))
}

/// The text of a prompt that changes, at the playhead.
#[must_use]
pub fn now(text: &str) -> String {
    format!("At this step: {text}")
}

/// What the levels of a pipeline's latents are.
#[must_use]
pub fn levels_of_latents(pixels: usize) -> String {
    format!(
        "Levels are of the latents: 1 px of them is {pixels} px of the image. The strip below the chromatogram shows which \
         prompt rules when."
    )
}

/// Shows the tokens of one of several encoders.
#[must_use]
pub fn tokens_of_encoder(number: usize) -> String {
    format!("Tokens of text encoder {number}")
}

/// The chips of a prompt, for a screen reader.
#[must_use]
pub fn tokens_of(prompt: &str, tokens: &str) -> String {
    format!("Tokens of {prompt}: {tokens}")
}

/// The emphasis of a token.
#[must_use]
pub fn weight(weight: f64) -> String {
    crate::words::short((100.0 * weight).round() / 100.0)
}

/// A field of one of several editors.
#[must_use]
pub fn field_in(name: &str, place: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{name} ({place})") }
}

/// The field of a level's prompt.
#[must_use]
pub fn prompt_of(level: &str) -> String {
    format!("Prompt of {level}")
}

/// The field for the number of a class.
#[must_use]
pub fn its_number(class: &str) -> String {
    format!("{class}, its number")
}

/// The cost of a run with upsample guidance.
#[must_use]
pub fn times_plain(cost: f64) -> String {
    format!("{cost:.2} {TIMES_PLAIN}")
}

/// The schedule of the next run.
#[must_use]
pub fn current(schedule: &str) -> String {
    format!("Current: {schedule}")
}

/// Where the selected step of a list is explained.
pub const NO_STEP: &str = "Select a step in the Schedule track to see what it makes.";

/// Fills in the levels of the run.
pub const COPY_FROM_RUN: &str = "Copy from run";

/// Where a preset's parameters would be, of one that has none.
pub const PRESET_ALONE: &str = "This preset has no parameters.";
/// The same before a preset was chosen.
pub const NO_PRESET: &str = "No preset is chosen.";

/// Compares with a saved schedule.
#[must_use]
pub fn compare_with(name: &str) -> String {
    format!("Compare with {name}")
}

/// Deletes a saved schedule.
#[must_use]
pub fn delete(name: &str) -> String {
    format!("Delete {name}")
}

/// Copies the schedule in a format.
#[must_use]
pub fn copy(form: &str) -> String {
    format!("Copy {form}")
}

/// Saves the schedule in a format.
#[must_use]
pub fn save(form: &str) -> String {
    format!("Save {form}")
}

/// The boundary between two levels' shares.
#[must_use]
pub fn boundary_of(coarse: &str, fine: &str) -> String {
    format!("Boundary of {coarse} and {fine}")
}

/// The result of a stopped measurement.
#[must_use]
pub fn kept(samples: &str) -> String {
    format!("{KEPT}: {samples} kept.")
}

/// The calibration of the theory.
#[must_use]
pub fn calibrated_on(images: &str) -> String {
    format!("calibrated on {images}")
}

pub const PAUSE_MEASURING: &str = "Pause measuring";
pub const RESUME_MEASURING: &str = "Resume measuring";
pub const STOP_MEASURING: &str = "Stop measuring";
pub const MEASURE: &str = "Measure";
pub const KEPT: &str = "Stopped";
pub const NEXT_TIME_ON: &str = "next time on";
pub const OPEN_ENSEMBLE: &str = "Open a saved ensemble";
pub const COMPARE_ENSEMBLE: &str = "Compare with a saved ensemble";
pub const CALIBRATE: &str = "Calibrate on a folder of images";
pub const FILES: &str = "Files";
pub const SAVE_SCHEDULE: &str = "Save schedule";
pub const FIT_ERROR: &str = "Error on the fit seeds";
pub const TIMES_PLAIN: &str = "× plain";
pub const PLANE: &str = "2D spectrum";
pub const HISTOGRAM_FROM: &str = "Histogram from";
pub const WHOLE_HISTOGRAM: &str = "Whole histogram";
pub const SPECTRUM_PLOT: &str = "Spectrum plot";
pub const WHOLE_SPECTRUM: &str = "Whole spectrum plot";
pub const MORE_CURVES: &str = "More of the spectrum's curves";
pub const EQUAL_AT: &str = "signal equals noise at fₘₐₓ";
pub const COMPARE_WITH_PLAIN: &str = "Compare with plain run";
pub const PIN_RUN: &str = "Pin this run";
pub const UNPIN_RUN: &str = "Unpin the run";
pub const ONE_CLASS: &str = "one";
pub const FIRST_CLASS: &str = "First class";
pub const REMOVE_LEVEL: &str = "Remove level";
pub const AS_CURVE: &str = "As a curve";
pub const CONSTANT: &str = "Constant";
pub const INTERVAL: &str = "Interval";
pub const T_AT_PLAYHEAD: &str = "t at playhead";
pub const TAU_POOLED: &str = "τ, pooled";
pub const ROOT_P: &str = "√P";
pub const COST: &str = "cost";
pub const WHOLE_IMAGES: &str = "whole images";
pub const EDIT_AS_CURVE: &str = "Edit as curve";
pub const EDIT_STEPS: &str = "Edit steps";
pub const MODEL_DEFAULT: &str = "Model default";
pub const SCHEDULE_NAME: &str = "Name of the schedule";
pub const LIST_OF_LEVELS: &str = "List of noise levels or timesteps";
pub const RUN_WITH_LIST: &str = "Run with this list";
pub const PATH_OF_SCHEDULE: &str = "Path of a schedule";
pub const IMPORT: &str = "Import";
pub const FIT: &str = "Fit";
pub const STOP_FIT: &str = "Stop fitting";
pub const APPLY_BEST: &str = "Apply best";
pub const FIT_STOPPED: &str = "Stopped, so the schedule was not tested on other seeds.";
pub const PRESET: &str = "Preset";
pub const APPLY: &str = "Apply";
pub const DISCARD: &str = "Discard";
pub const EQUAL_SIGNAL: &str = "Equal signal per step";
pub const EQUAL_TIME: &str = "Equal time per level";
pub const WHY_MEASURE: &str = "One run shows one case. Measure many samples to see what the model does on average: \
    the chromatogram gets dots with error bars, and the spectra become means.";
pub const SAMPLES: &str = "Number of samples";
pub const LATENTS_AT_STEP: &str = "latents at this step, px of latents";
/// The spectra of decoded images.
pub const DECODED_AT_STEP: &str = "decoded, at this step";
/// In place of spectra of a step that is not decoded while steps are being made.
pub const DECODED_AFTER: &str = "This step is decoded when the run has ended";
/// Why spectra of decoded images have no noise.
pub const NO_WHITE_NOISE: &str = "fₘₐₓ: not for decoded images";
pub const DECODE_TOO: &str = "Decoded images too";
pub const DECODE_EVERY: &str = "Decode every so many steps";
pub const DECODED_SAMPLES: &str = "Samples to decode";
pub const SHOW_MEASURED_LATENTS: &str = "Show measured latents";
pub const SHOW_MEASURED_DECODED: &str = "Show measured decoded images";
pub const ADD_SAMPLES: &str = "Add samples";
pub const PAUSED: &str = "Paused";
pub const SETTINGS_CHANGED: &str = "The settings have changed since this was measured. Measure again to compare.";
pub const PIN_SAMPLES: &str = "Pin for comparison";
pub const UNPIN_SAMPLES: &str = "Unpin the samples";
pub const PATH_OF_ENSEMBLE: &str = "Path of an ensemble or a folder of images";
pub const SAVE_ENSEMBLE: &str = "Save…";
pub const STATE_NOTE: &str = "noisy state";
pub const ESTIMATE_NOTE: &str = "estimate";
pub const PREVIEW_NOTE: &str = "preview";
pub const CHANGE_NOTE: &str = "change";
pub const ABOUT_CHANGE: &str = "What this step changed: E[x₀|xₜ] minus that of the step before, mean of the channels. \
    Blue is below zero, orange above. The square root of the magnitude is shown so that small changes are \
    visible";
pub const PINNED: &str = "Pinned";
pub const INSPECTED_IMAGE: &str = "the inspected image";
pub const NO_CHANGE_YET: &str = "The first step has no change: there is no step before it";
pub const MEASURED: &str = "measured";
/// The source of shares that are only known when the run has ended.
pub const NOT_MEASURED_YET: &str = "measured later";
pub const PIXEL_PERFECT: &str = "Pixel-perfect";
pub const IMAGE_OF_BATCH: &str = "Image of the batch";
pub const ALL_OF_BATCH: &str = "All images of the batch";
pub const SPECTRUM_FOR_LEVELS: &str = "Spectrum instead of levels";
pub const SCALE_PER_LEVEL: &str = "scale per level";
pub const OF_FINAL: &str = "of its final energy";
pub const OF_LARGEST: &str = "of the largest level";
pub const CONTRAST: &str = "Contrast of levels";
pub const ENERGY_BARS: &str = "Energy bars";
pub const LEVELS_CHANNEL: &str = "Channel of the spectrum";
pub const LEVELS_OF: &str = "Levels of";
pub const CHANNEL: &str = "Channel";
pub const REFERENCE: &str = "Reference";
pub const FINAL_IMAGE: &str = "final image";
pub const NO_REFERENCE: &str = "none";
pub const PATH_OF_REFERENCE: &str = "Path of a reference";
pub const OPEN_REFERENCE: &str = "Open reference";
pub const WIPE: &str = "Wipe";
pub const WHITE: &str = "White";
pub const BLACK: &str = "Black";
pub const GAMMA: &str = "Gamma";
pub const OFFSET: &str = "Offset";
pub const BLACK_VALUE: &str = "Black value";
pub const WHITE_VALUE: &str = "White value";
pub const FULL_COLOUR_AT: &str = "Full colour at";
pub const RESET_RANGE: &str = "reset";
pub const LOGARITHMIC: &str = "Logarithmic counts";
pub const COMPARE_PART: &str = "Compare";
pub const NOISY_AT_T: &str = "Noisy at t";
pub const POOLED: &str = "Pooled";
pub const NOISY_AT_TAU: &str = "Noisy at tau";
pub const FOLLOW_PLAYHEAD: &str = "Follow the playhead";
pub const TIME_T: &str = "Time t";
pub const IMAGE_TO_POOL: &str = "Image to pool";
pub const PATH_OF_IMAGE: &str = "Path of an image";
pub const OPEN_IMAGE: &str = "Open image";
pub const NO_SIGNAL: &str = "noise above signal everywhere";
pub const ALL_SIGNAL: &str = "signal above noise everywhere";
pub const ONLY_NOISE: &str = "slope: only noise so far";
pub const LOWER_END: &str = "Lower end of the slope";
pub const UPPER_END: &str = "Upper end of the slope";
pub const SLOPE_FROM: &str = "Slope from";
pub const RANGE_FOLLOWS: &str = "Slope range follows the step";
pub const HANN: &str = "Hann window";
pub const OTHER_STEPS: &str = "Other steps";
pub const SPECTRA_CHANNEL: &str = "Channel of the spectra";
pub const NULL_CLASS: &str = "null class";
pub const ABOUT_TOKENS: &str = "The text encoder reads tokens: words and parts of words, with a mark at the start and at the end. Under each \
     token is its weight, from (word:1.2) and [word]";
pub const ONE_PROMPT: &str = "one";
pub const NEGATIVE_PROMPT: &str = "Negative prompt";
pub const PROMPT_FIELD: &str = "Text of the prompt";
pub const NEGATIVE_FIELD: &str = "Text of the negative prompt";
pub const ADD_LEVEL: &str = "Add level";
pub const CLIP_SKIP: &str = "CLIP skip";
pub const NOT_POOLED_HERE: &str =
    "Upsample guidance no longer acts at this step. η in the Guidance pane sets how long it acts";
pub const ONE_PART: &str = "This run's estimate has one part. To see more, set a guidance scale, classes by level or \
    a larger size in the Guidance pane, or open a cascade";
