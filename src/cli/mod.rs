//! The command line. Results go to stdout, messages to stderr. Exit codes: 0 done, 1 failed, with one line that says
//! what to do, 2 wrong usage, 130 after Ctrl-C.

mod doctor;
mod info;
mod interrupt;
mod output;
mod sample;
mod setup;
#[cfg(feature = "gui")]
mod window;

pub use interrupt::interrupted;

use crate::model::onnx_runtime::forbid_telemetry;
use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows how a diffusion model generates: coarse first, fine last.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    /// The ONNX Runtime library to use, or a folder that holds it, instead of searching for one
    #[arg(long, global = true, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the window
    #[cfg(feature = "gui")]
    Window(window::Arguments),
    Sample(Box<sample::Arguments>),
    Info(info::Arguments),
    /// Fetch ONNX Runtime, which runs the networks, into the data folder
    Setup(setup::Arguments),
    /// Say what this machine has, what works, and what to do about the rest
    Doctor(doctor::Arguments),
}

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Well,
    /// The command's answer is no; it has said so itself.
    Badly,
}

/// How a command failed.
#[derive(Debug)]
enum Failure {
    /// With a sentence.
    Sentence(Box<dyn Error>),
    /// By Ctrl-C; whatever there is to say about it was said.
    Interrupted,
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Sentence(Box::new(error))
    }
}

/// Reads the arguments, runs the command and answers with the exit code. No panic reaches the user.
#[must_use]
pub fn main() -> ExitCode {
    // First of all, while there is one thread.
    forbid_telemetry();
    output::catch_panics();
    std::panic::catch_unwind(run).unwrap_or(ExitCode::FAILURE)
}

fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be said where neither stdout nor stderr takes it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if let Err(error) = interrupt::watch() {
        output::message(&format!("Ctrl-C will end the program at once, without tidying up: {error}"));
    }
    let explicit = arguments.onnxruntime.as_deref();
    let ended = match arguments.command {
        #[cfg(feature = "gui")]
        Command::Window(arguments) => window::run(&arguments, explicit),
        Command::Sample(arguments) => sample::run(&arguments, explicit),
        Command::Info(arguments) => info::run(&arguments, explicit),
        Command::Setup(arguments) => setup::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments, explicit),
    };
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        Err(Failure::Interrupted) => ExitCode::from(130),
        Err(Failure::Sentence(error)) => {
            output::message(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
