//! Settings for all runs, in `settings.json` of the [config folder](super::folders::config_folder).

use super::folders::{FolderError, config_folder};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The settings. What is not there has its default; what is not known is left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The ONNX Runtime library to use, or a folder that holds it; a relative path starts at the settings' folder.
    pub onnxruntime: Option<PathBuf>,
}

/// Settings that are there and cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Their folder is unknown.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file cannot be read.
    #[error("the settings in {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not JSON of the right shape.
    #[error("the settings in {} are not valid ({source}): correct the file or delete it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
}

impl Settings {
    /// The settings in `settings.json`, or the defaults if there is none.
    pub fn load() -> Result<Self, SettingsError> {
        Self::load_from(&config_folder()?.join("settings.json"))
    }

    /// The settings in the file `path`, or the defaults where it does not exist.
    pub fn load_from(path: &Path) -> Result<Self, SettingsError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(SettingsError::Unreadable { path: path.into(), source }),
        };
        let mut settings: Self =
            serde_json::from_slice(&text).map_err(|source| SettingsError::Malformed { path: path.into(), source })?;
        if let (Some(library), Some(folder)) = (&mut settings.onnxruntime, path.parent()) {
            *library = folder.join(&*library);
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_faults_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(Settings::load_from(&path).unwrap(), Settings::default());
        std::fs::write(&path, r#"{"onnxruntime": "lib/x.so", "later": 1}"#).unwrap();
        assert_eq!(Settings::load_from(&path).unwrap().onnxruntime, Some(folder.path().join("lib/x.so")));
        std::fs::write(&path, r#"{"onnxruntime": 3}"#).unwrap();
        let message = Settings::load_from(&path).unwrap_err().to_string();
        assert!(message.contains("settings.json"), "{message}");
    }
}
