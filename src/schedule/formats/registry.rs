//! The one table of forms in which a schedule leaves. `schedule --for`, the endings of its `--out`, the window's list and
//! docs/schedules.md are made from it.

use super::{
    DiffusersNote, FormatError, ScheduleTable, SigmaProgram, comfy_ui_sigmas, diffusers_config, k_diffusion_sigmas,
    own, python_snippet, write_npy,
};
use crate::schedule::explain::Runner;
use crate::schedule::{Plan, PlanSource, STAND_IN_SIGMA_MAX, SigmaMeaning};
use crate::theory::NoiseLevel;
use crate::words;
use serde_json::Value;
use std::fmt;

/// The σ of `ᾱ = 4.8973451890853435·10⁻⁸`, which ComfyUI puts at the end of a schedule with zero terminal SNR.
pub const COMFY_UI_SIGMA_MAX: f64 = 4_518.763_698_655_855_5;

/// All forms, in the order of menus.
pub const EXPORTS: &[ExportFormat] = &[
    ExportFormat {
        name: "chromascope",
        title: "Chromascope",
        ending: "json",
        summary: "The complete schedule with curve and control points, to open again here or on the command line",
        purpose: "Chromascope; keeps curve, parameters, control points and the number of steps",
        place: Place::Menu,
        writer: Writer::Source(own::to_text),
    },
    ExportFormat {
        name: "csv",
        title: "CSV table",
        ending: "csv",
        summary: "Step, t, ᾱ, σ, λ and timestep of every step",
        purpose: "spreadsheets: the table with the columns below",
        place: Place::MenuAndEnding,
        writer: Writer::Table(|table| Ok(table.to_csv().into_bytes())),
    },
    ExportFormat {
        name: "npy",
        title: "NumPy table",
        ending: "npy",
        summary: "The same table, float64 [N + 1, 6]",
        purpose: "NumPy: the same table, float64 `[N + 1, 6]`",
        place: Place::MenuAndEnding,
        writer: Writer::Table(write_npy),
    },
    ExportFormat {
        name: "json",
        title: "JSON table",
        ending: "json",
        summary: "The same table, one list per column",
        purpose: "other programs: the same table, one list per column",
        place: Place::Ending,
        writer: Writer::Table(|table| Ok(pretty(&table.to_json())?.into_bytes())),
    },
    ExportFormat {
        name: "k-diffusion",
        title: "k-diffusion sigmas",
        ending: "txt",
        summary: "sigmas = torch.tensor([…])",
        purpose: "an **unchanged** model: `sigmas = torch.tensor([…])` for its samplers",
        place: Place::MenuAndProgram,
        writer: Writer::Sigmas(SigmaProgram {
            runner: Runner::K_DIFFUSION,
            pure_noise: STAND_IN_SIGMA_MAX,
            list: k_diffusion_sigmas,
        }),
    },
    ExportFormat {
        name: "comfyui",
        title: "ComfyUI sigmas",
        ending: "txt",
        summary: "Comma-separated numbers for nodes with custom sigmas",
        purpose: "an **unchanged** model: comma-separated numbers, for nodes with custom sigmas",
        place: Place::MenuAndProgram,
        writer: Writer::Sigmas(SigmaProgram {
            runner: Runner::COMFY_UI,
            pure_noise: COMFY_UI_SIGMA_MAX,
            list: comfy_ui_sigmas,
        }),
    },
    ExportFormat {
        name: "python",
        title: "Python snippet",
        ending: "py",
        summary: "A diffusers run of the unchanged model with sigmas=",
        purpose: "an **unchanged** model: a diffusers run with the model's own configuration and `set_timesteps(sigmas=…)`",
        place: Place::MenuAndProgram,
        writer: Writer::OnModel(python_snippet),
    },
    ExportFormat {
        name: "diffusers",
        title: "diffusers config",
        ending: "json",
        summary: "trained_betas, for models trained on this curve",
        purpose: "a model **trained on the curve**: a `scheduler_config.json` with `trained_betas`; its ᾱ matches the \
                  curve to 1e-6",
        place: Place::MenuAndProgram,
        writer: Writer::Curve(diffusers_config),
    },
];

/// A form in which a schedule leaves.
pub struct ExportFormat {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The ending of its files.
    pub ending: &'static str,
    /// What is in it, in a few words.
    pub summary: &'static str,
    /// For whom it is, in Markdown.
    pub purpose: &'static str,
    /// Where it is chosen.
    pub place: Place,
    /// How it is made, and of what.
    pub writer: Writer,
}

/// Where a form is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the window.
    Menu,
    /// By the ending of a table's file.
    Ending,
    /// In the window, and by the ending of a table's file.
    MenuAndEnding,
    /// In the window, and as the program it is for.
    MenuAndProgram,
}

/// The level at each run time.
type LevelAt<'a> = &'a dyn Fn(f64) -> NoiseLevel;

/// Makes a configuration for diffusers of a curve's levels, for so many timesteps and this type of prediction.
type WriteCurve = fn(LevelAt, usize, &str) -> Result<(Value, DiffusersNote), FormatError>;

/// Makes Python of a run's levels, with the configuration of its model and what diffusers means by σ for that; and what is to
/// be said of it.
type WriteOnModel = fn(&Plan, &Value, SigmaMeaning) -> Result<(String, Option<String>), FormatError>;

/// How a form is made, and of what.
pub enum Writer {
    /// Of the schedule, and the number of steps it was made for.
    Source(fn(&PlanSource, usize) -> Result<String, FormatError>),
    /// Of the table of its steps.
    Table(fn(&ScheduleTable) -> Result<Vec<u8>, FormatError>),
    /// Of the levels of a run, for a program that takes a list of σ.
    Sigmas(SigmaProgram),
    /// Of the levels of a run, and the configuration of the model it is on.
    OnModel(WriteOnModel),
    /// Of the level at each run time, for so many timesteps and this type of prediction.
    Curve(WriteCurve),
}

impl ExportFormat {
    /// Those that the window offers.
    pub fn in_menu() -> impl Iterator<Item = &'static Self> {
        EXPORTS.iter().filter(|format| format.place != Place::Ending)
    }

    /// Those that are for another program.
    pub fn for_programs() -> impl Iterator<Item = &'static Self> {
        EXPORTS.iter().filter(|format| format.place == Place::MenuAndProgram)
    }

    /// Those that a table's file is written in, by its ending.
    pub fn tables() -> impl Iterator<Item = &'static Self> {
        EXPORTS.iter().filter(|format| matches!(format.place, Place::Ending | Place::MenuAndEnding))
    }

    /// The endings of tables in a sentence: ".csv, .npy or .json".
    #[must_use]
    pub fn table_endings() -> String {
        let endings: Vec<String> = Self::tables().map(|format| format!(".{}", format.ending)).collect();
        words::joined(&endings.iter().map(String::as_str).collect::<Vec<_>>(), "or")
    }

    /// Whether it is given the levels of a run, and not a schedule as such.
    #[must_use]
    pub const fn is_of_a_run(&self) -> bool {
        matches!(self.writer, Writer::Sigmas(_) | Writer::OnModel(_))
    }

    /// The program that runs it, where it is for one that runs models.
    #[must_use]
    pub const fn runner(&self) -> Option<Runner> {
        match self.writer {
            Writer::Sigmas(ref program) => Some(program.runner),
            Writer::OnModel(_) => Some(Runner::DIFFUSERS),
            _ => None,
        }
    }

    /// Whether it is text, which can be copied.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.ending != "npy"
    }
}

impl fmt::Debug for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// JSON for people, with a line's end.
pub fn pretty(value: &Value) -> Result<String, FormatError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| FormatError::Json(error.to_string()))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_a_name_of_its_own() {
        for format in EXPORTS {
            let same = |other: &&ExportFormat| other.name == format.name || other.title == format.title;
            assert_eq!(EXPORTS.iter().filter(same).count(), 1, "{format:?}");
            assert!(!format.summary.is_empty() && !format.purpose.is_empty(), "{format:?}");
        }
        assert_eq!(ExportFormat::table_endings(), ".csv, .npy or .json");
        let programs: Vec<&str> = ExportFormat::for_programs().map(|format| format.name).collect();
        assert_eq!(programs, ["k-diffusion", "comfyui", "python", "diffusers"]);
        assert!(ExportFormat::in_menu().count() + 1 == EXPORTS.len());
    }
}
