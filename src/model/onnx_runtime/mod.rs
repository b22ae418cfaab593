//! ONNX Runtime: finding the library, loading it once, and choosing what computes.
//!
//! The library is not part of the program. [`find_and_load`] searches for it in a fixed order and records every place;
//! [`setup`] downloads it. Do not use anything of `ort` before [`find_and_load`] has succeeded: even its error type
//! calls the library.
//!
//! Microsoft's builds since 1.29 send telemetry by default and keep a device number in the user's cache folder.
//! [`forbid_telemetry`], part of [`find_and_load`], switches both off.
//!
//! # Search order
//! 1. `--onnxruntime PATH`, else the setting `onnxruntime`: a library, or a folder that contains one. If this fails the
//!    search ends there.
//! 2. The variable `ORT_DYLIB_PATH`.
//! 3. The folder of the program.
//! 4. The data folder, where `chromascope setup` puts it.
//! 5. The site-packages of `$VIRTUAL_ENV`, then of the Python on PATH.
//! 6. The system's loader, by name.

pub(crate) mod child;
mod library_file;
mod providers;
pub(crate) mod python;
mod search;
pub mod setup;
mod telemetry;

pub use providers::{Provider, compiled_in, warm_up};
pub use python::{Pip, find_pip};
pub use search::{Attempt, Outcome, Place};
pub use telemetry::forbid_telemetry;

use super::settings::{Settings, SettingsError};
use crate::words::voice::Name;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The oldest library that can be used is `1.` followed by this.
pub const OLDEST_MINOR: u32 = ort::MINOR_VERSION;

/// Where the user names a library.
pub const LIBRARY: Name = Name::new("the setting `onnxruntime`", Some("onnxruntime PATH"));
/// What set-up is told to fetch the library with CUDA.
pub const CUDA: Name = Name::new("with CUDA", Some("cuda"));

static LOADED: OnceLock<LoadedRuntime> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// The library of this process. Once loaded it stays, and a later search answers with it.
#[derive(Debug)]
pub struct LoadedRuntime {
    /// What sessions are built on.
    pub environment: ort::environment::Environment,
    /// The file that was loaded; a bare name where the system's loader found it and does not say where.
    pub path: PathBuf,
    /// The library's version, such as `1.31.1` (`1.31` where the library does not tell the rest).
    pub version: String,
    /// Every place looked at, the successful one last.
    pub attempts: Vec<Attempt>,
}

/// Why there is no ONNX Runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The settings, which may name the library, cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The library that the user named cannot be used.
    #[error(
        "the ONNX Runtime library given by {place} cannot be used: {}: {reason}; give the path of an ONNX Runtime \
         library, 1.{OLDEST_MINOR} or newer, or leave it out",
        path.display()
    )]
    Chosen {
        /// Where it was named.
        place: Place,
        /// What was named.
        path: PathBuf,
        /// Why it fails.
        reason: String,
        /// The record of the search.
        attempts: Vec<Attempt>,
    },
    /// No place held a library that loads.
    #[error(
        "ONNX Runtime was not found: run `chromascope setup` to download it, or `chromascope doctor` to see the {} \
         places that were searched",
        attempts.len()
    )]
    NotFound {
        /// The record of the search.
        attempts: Vec<Attempt>,
    },
    /// The library loads and then does not start.
    #[error("ONNX Runtime in {} does not start: {reason}; run `chromascope setup` to download another", path.display())]
    NotStarting {
        /// The library.
        path: PathBuf,
        /// What it said.
        reason: String,
        /// The record of the search.
        attempts: Vec<Attempt>,
    },
}

impl RuntimeError {
    /// The places looked at before the search ended.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::Settings(_) => &[],
            Self::Chosen { attempts, .. } | Self::NotFound { attempts } | Self::NotStarting { attempts, .. } => {
                attempts
            }
        }
    }
}

/// Looks for ONNX Runtime in the order of the [module's documentation](self) and loads the first library that works.
/// `explicit` is the command line's `--onnxruntime`. The library is process-wide: whatever was loaded first is the
/// answer to every later call.
pub fn find_and_load(explicit: Option<&Path>) -> Result<&'static LoadedRuntime, RuntimeError> {
    // The lock guards no data, so a panic while it was held has spoilt nothing.
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = LOADED.get() {
        return Ok(loaded);
    }
    forbid_telemetry();
    let found = search::search(explicit, &Settings::load()?)?;
    Ok(LOADED.get_or_init(|| found))
}

/// The library that [`find_and_load`] has loaded, if it has.
pub fn loaded() -> Option<&'static LoadedRuntime> {
    LOADED.get()
}
