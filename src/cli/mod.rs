//! The command line. Results go to stdout, messages to stderr. Exit codes: 0 done, 1 failed, with one line that says
//! what to do, 2 wrong usage, 128 and the number of the signal after one: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.

mod alone;
mod check;
mod decoding;
mod doctor;
mod info;
mod interrupt;
mod optimise;
mod output;
mod pipeline_info;
mod progress;
mod psd;
mod run_options;
mod sample;
mod schedule;
mod setup;
mod spectrum;
mod steering;
#[cfg(feature = "gui")]
mod window;

pub use output::FAULT;

pub use interrupt::interrupted;

use crate::model::onnx_runtime::forbid_telemetry;
use crate::runtime::launch::{Closed, WindowLaunch};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Shows how a diffusion model generates: coarse first, fine last.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// ONNX Runtime library, or a folder that contains it, to use instead of searching
    #[arg(long, global = true, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
    #[cfg(feature = "gui")]
    #[command(flatten)]
    window: window::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the window (the default without a command)
    #[cfg(feature = "gui")]
    Window(window::Arguments),
    Sample(Box<sample::Arguments>),
    Optimise(Box<optimise::Arguments>),
    Spectrum(Box<spectrum::Arguments>),
    Psd(psd::Arguments),
    Info(info::Arguments),
    Schedule(schedule::Arguments),
    Chromatogram(schedule::ChromatogramArguments),
    /// Download ONNX Runtime, which runs the networks, into the data folder
    Setup(setup::Arguments),
    /// Report what this machine has, what works, and how to fix the rest
    Doctor(doctor::Arguments),
}

/// How a command failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Well,
    /// The command's answer is negative; it has been printed.
    Badly,
}

/// How a command failed.
#[derive(Debug)]
enum Failure {
    /// With an error message.
    Sentence(Box<dyn Error>),
    /// By a signal; all messages were printed.
    Interrupted,
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Sentence(Box::new(error))
    }
}

/// Reads the arguments, runs the command and returns the exit code. No panic reaches the user. `front` is the
/// window, if the program has one.
#[must_use]
pub fn main(front: Option<Front>) -> ExitCode {
    let began = Instant::now();
    // First, while there is only one thread.
    forbid_telemetry();
    output::catch_panics();
    std::panic::catch_unwind(|| run(front, began)).unwrap_or(ExitCode::FAILURE)
}

/// The window, as the command line knows it.
#[derive(Clone, Copy, Debug)]
pub struct Front {
    /// For `doctor`.
    pub graphics: GraphicsProbe,
    /// Opens the window and returns when it is closed.
    pub window: OpenWindow,
}

/// Opens a window; fails with the error message.
pub type OpenWindow = fn(WindowLaunch) -> Result<Closed, Box<dyn Error>>;

/// Lists the graphics adapters and the renderer of the window for `doctor`, as JSON and in words.
pub type GraphicsProbe = fn() -> GraphicsReport;

/// The findings of a [`GraphicsProbe`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GraphicsReport {
    /// As JSON.
    pub json: serde_json::Value,
    /// The adapters, one line each.
    pub adapters: Vec<String>,
    /// The renderer that would be chosen, and why.
    pub renderer: String,
    /// What the drivers printed, one line each.
    #[serde(default)]
    pub said: Vec<String>,
}

/// The commands of a program without a window.
fn help() -> ExitCode {
    // If stdout fails there is nowhere to report it.
    let _ = Arguments::command().print_help();
    ExitCode::from(2)
}

/// The command line.
fn read() -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    alone::check(&mut command, &matches)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

fn run(front: Option<Front>, #[cfg_attr(not(feature = "gui"), allow(unused))] began: Instant) -> ExitCode {
    let arguments = match read() {
        Ok(arguments) => arguments,
        Err(error) => {
            // If stdout and stderr fail there is nowhere to report it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if let Err(error) = interrupt::watch() {
        output::message(&format!("Ctrl-C will stop at once and keep nothing: {error}"));
    }
    let explicit = arguments.onnxruntime.as_deref();
    let ended = match arguments.command {
        #[cfg(feature = "gui")]
        None if let Some(front) = front => window::run(&arguments.window, explicit, began, front.window),
        #[cfg(feature = "gui")]
        Some(Command::Window(arguments)) if let Some(front) = front => {
            window::run(&arguments, explicit, began, front.window)
        }
        None => return help(),
        #[cfg(feature = "gui")]
        Some(Command::Window(_)) => return help(),
        Some(Command::Sample(arguments)) => sample::run(&arguments, explicit),
        Some(Command::Schedule(arguments)) => schedule::run(&arguments),
        Some(Command::Chromatogram(arguments)) => schedule::run_chromatogram(&arguments),
        Some(Command::Optimise(arguments)) => optimise::run(&arguments, explicit),
        Some(Command::Spectrum(arguments)) => spectrum::run(&arguments, explicit),
        Some(Command::Psd(arguments)) => psd::run(&arguments),
        Some(Command::Info(arguments)) => info::run(&arguments, explicit),
        Some(Command::Setup(arguments)) => setup::run(&arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments, explicit, front.map(|front| front.graphics)),
    };
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        Err(Failure::Interrupted) => ExitCode::from(interrupt::exit_code()),
        Err(Failure::Sentence(error)) => {
            output::message(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
