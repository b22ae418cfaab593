//! Tracks.

/// Folds a track.
#[must_use]
pub fn fold(track: &str) -> String {
    format!("Fold {track}")
}

/// Unfolds it.
#[must_use]
pub fn unfold(track: &str) -> String {
    format!("Unfold {track}")
}

/// The boundary between two tracks.
#[must_use]
pub fn height_of(above: &str, below: &str) -> String {
    format!("{HEIGHT_OF}{above} and {below}")
}

/// A point of a drawn curve.
#[must_use]
pub fn point(number: usize) -> String {
    format!("Point {number}:")
}

/// A control point of a schedule.
#[must_use]
pub fn control_point(number: usize) -> String {
    format!("{CONTROL_POINT}{number}")
}

/// A number of a control point.
#[must_use]
pub fn of_control_point(value: &str, number: usize) -> String {
    format!("{value} of control point {number}")
}

/// A step's dot on the schedule.
#[must_use]
pub fn step_handle(step: usize) -> String {
    format!("Step {step}")
}

/// The source of the dots.
#[must_use]
pub fn dots(ensemble: &str) -> String {
    format!("dots: {ensemble}")
}

/// What the film strip shows of latents that can be decoded.
pub const FILM_DECODED: &str = "decoded, else\ncolour";

/// What a pixel is in a figure of latents; 1 per latent if that is not known.
#[must_use]
pub fn pixels_of_latents(pixels: usize) -> String {
    if pixels > 1 {
        format!("Pixels are those of the latents: {}", super::panes::level_in_both(1, pixels))
    } else {
        "Pixels are those of the latents".to_owned()
    }
}

/// What the dashed lines are of.
#[must_use]
pub fn dashed(null: &str) -> String {
    format!("dashed: {null}")
}

/// The source of the dotted lines.
#[must_use]
pub fn dotted(ensemble: &str) -> String {
    format!("dotted: {ensemble}")
}

pub const HEIGHT_OF: &str = "Height of ";
pub const CONTROL_POINT: &str = "Control point ";
pub const SPECTRA_FROM: &str = "Spectra from";
pub const NEXT: &str = "next";
pub const PLAYHEAD: &str = "Playhead";
pub const WHOLE_RUN: &str = "whole run";
pub const MOVE_DOWN: &str = "Move down";
pub const HIDE: &str = "Hide";
pub const SAVE_FIGURE: &str = "Save figure";
pub const SAVE_WITH_FILM: &str = "Save with film strip";
pub const COPY_IMAGE: &str = "Copy image";
pub const COPY_VALUES: &str = "Copy values";
pub const COPY_FILM: &str = "Copy film strip";
pub const SAVE_IMAGE: &str = "Save image…";
pub const COPY_VALUE: &str = "Copy value";
pub const LARGEST_DIFFERENCE: &str = "largest difference";
pub const CHOOSE_SAVED: &str = "Choose a saved schedule to compare with the run's";
pub const SHARES_MEASURED: &str = "rₘ(t), measured";
pub const SHARES_DECODED: &str = "rₘ(t), measured on decoded images";
pub const NO_DECODED_THEORY: &str =
    "Decoded images have no theory. Show the measured latents in the Measure pane, or choose another source";
pub const NOT_DECODED: &str =
    "Only estimates and their changes are decoded. Choose E[x₀|xₜ] or its change, or show the measured latents";
pub const SHARES_THEORY: &str = "rₘ(t), theory";
pub const LATENT_SHARES_THEORY: &str = "rₘ, theory · latents";
pub const LATENT_SHARES_MEASURED: &str = "latents, measured";
pub const OF_LATENTS: &str = "latents";
pub const PX_OF_LATENTS: &str = "px of latents";
pub const LEVELS: &str = "Levels";
pub const SPECTRA_OF: &str = "Spectra of";
pub const NOTHING_COMPARED: &str =
    "Nothing to compare with yet. Pin these samples, or compare with a saved ensemble, in the Measure pane";
pub const NOTHING_MEASURED: &str = "Nothing measured yet. Press Measure in the Measure pane";
pub const AFTER_THE_LAST: &str = "A change is between two steps; the last step has none after it";
pub const LOWEST: &str = "Lowest density";
pub const HIGHEST: &str = "Highest density";
pub const RANGE_AUTO: &str = "auto";
pub const RANGE_CHOSEN: &str = "chosen";
pub const PARTS_OF: &str = "Parts by level of";
pub const RELATIVE: &str = "Relative to each step's sum";
pub const TWO_SIZES: &str =
    "Upsample guidance works at two sizes; see the Parts pane. This track shows classes and cascade stages";
pub const ONE_PART: &str = "This run has one part per step. Set a guidance scale other than 1, or open a cascade";
pub const BEST_SO_FAR: &str = "best so far";
pub const TIME_AXIS: &str = "Time axis";
pub const RELATIVE_TO_THEORY: &str = "samples relative to theory";
pub const RELATIVE_TO_PINNED: &str = "relative to the pinned ensemble";
pub const COLOUR_RANGE: &str = "of the colour range";
