//! What the program says of each kind of difference.

use crate::Difference::{self, Count, Levels, Rounding, Samples, Start, Timesteps};

const GRID: &[Difference] = &[Count, Levels, Timesteps, Rounding];
const ALL: &[Difference] = &[Count, Levels, Timesteps, Rounding, Samples, Start];

/// Words of a note, and the differences that it names.
pub const WORDS: &[(&[Difference], &str)] = &[
    // The file.
    (ALL, "goes from an image to noise"),
    (ALL, "RePaintScheduler fills in part of an image"),
    (ALL, "is unknown; "),
    (GRID, "\"invert_sigmas\" = true is not supported"),
    // The sampler.
    (&[Samples], "Chromascope has no "),
    (&[Samples], "\"disable_corrector\" of "),
    (&[Samples], "third-order steps with added noise are those of k-diffusion"),
    (&[Samples], "\"scale_factors\" = "),
    // Departures.
    (&[Samples], "although the next one is"),
    (&[Samples], "here the last step ends it"),
    (&[Samples], "here the image is left clean"),
    (&[Timesteps, Rounding, Samples], "in single precision and may feed"),
    (&[Timesteps, Samples], "has σ = 4096 at two timesteps"),
    (&[Levels, Timesteps, Start], "here noise falls from σ = "),
    (&[Levels, Timesteps, Start, Samples], "in diffusers starts a run of one step from sigma_min"),
    (&[Count], "diffusers makes one step more here"),
    (&[Start], "the run starts with noise of standard deviation 1"),
];

/// Kinds that are still silent: class, difference, and in how many cases. Each is to be mended or said; the list only shrinks.
pub const SILENT: &[(&str, Difference, usize)] = &[];
