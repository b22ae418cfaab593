//! The program's own folders. Each can be moved with an environment variable, and is created when something is first
//! written to it.

use std::path::PathBuf;

/// Moves the data folder.
pub const DATA_VARIABLE: &str = "CHROMASCOPE_DATA";
/// Moves the folder of the settings.
pub const CONFIG_VARIABLE: &str = "CHROMASCOPE_CONFIG";

/// Moves the folder of what can be made again.
pub const CACHE_VARIABLE: &str = "CHROMASCOPE_CACHE";

/// A folder whose place cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No home folder, and no variable that says where to go instead.
    #[error("the home folder is unknown, so there is no folder for the {what}: set {variable}")]
    NoHome {
        /// What was to be kept there.
        what: &'static str,
        /// The variable that settles it.
        variable: &'static str,
    },
    /// A relative path where the current folder is gone.
    #[error("{variable} is a relative path and the current folder cannot be read ({source}): set it to a full path")]
    Relative {
        /// The variable in question.
        variable: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The data folder: `CHROMASCOPE_DATA`, else the platform's place for a program's data (on Linux
/// `~/.local/share/chromascope`). A full path; it need not exist.
pub fn data_folder() -> Result<PathBuf, FolderError> {
    if let Some(folder) = from_variable(DATA_VARIABLE)? {
        return Ok(folder);
    }
    let missing = FolderError::NoHome { what: "data", variable: DATA_VARIABLE };
    project_folders().map(|folders| folders.data_local_dir().to_path_buf()).ok_or(missing)
}

/// The folder of `settings.json`: `CHROMASCOPE_CONFIG`, else the platform's place for settings (on Linux
/// `~/.config/chromascope`). A full path; it need not exist.
pub fn config_folder() -> Result<PathBuf, FolderError> {
    if let Some(folder) = from_variable(CONFIG_VARIABLE)? {
        return Ok(folder);
    }
    let missing = FolderError::NoHome { what: "settings", variable: CONFIG_VARIABLE };
    project_folders().map(|folders| folders.config_dir().to_path_buf()).ok_or(missing)
}

/// The folder of what can be made again, and may be deleted at any time: `CHROMASCOPE_CACHE`, else the platform's place for
/// such (on Linux `~/.cache/chromascope`). A full path; it need not exist.
pub fn cache_folder() -> Result<PathBuf, FolderError> {
    if let Some(folder) = from_variable(CACHE_VARIABLE)? {
        return Ok(folder);
    }
    let missing = FolderError::NoHome { what: "cache", variable: CACHE_VARIABLE };
    project_folders().map(|folders| folders.cache_dir().to_path_buf()).ok_or(missing)
}

fn project_folders() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "Chromascope")
}

fn from_variable(variable: &'static str) -> Result<Option<PathBuf>, FolderError> {
    match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => {
            std::path::absolute(value).map(Some).map_err(|source| FolderError::Relative { variable, source })
        }
    }
}
