//! The state kept between starts, in `window.json` of the [config folder](crate::model::folders::config_folder).

use super::archive::{WriteError, write_whole};
use super::document::Document;
use super::settings::ModelSource;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Most models that are remembered.
pub const RECENT: usize = 10;
const FILE: &str = "window.json";
/// Smallest and largest [`Preferences::scale`].
pub const SCALES: (f32, f32) = (0.5, 3.0);

/// The state kept between starts. Fields missing in the file have their defaults; unknown ones are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Models used, the latest first.
    pub recent: Vec<ModelSource>,
    /// The theme.
    pub theme: Theme,
    /// The renderer of the window.
    pub renderer: Renderer,
    /// Whether the first tour was shown.
    pub toured: bool,
    /// Inner size of the window, points.
    pub window: Option<(f32, f32)>,
    /// Scale of the whole window, relative to its layout's; `None` is 1. See [`Self::scale`].
    pub scale: Option<f32>,
    /// The arrangement of panes, in the window's own format; `None` is the default arrangement.
    pub tiles: Option<Value>,
    /// The latest document.
    pub document: Option<Document>,
}

/// The window's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Light on dark.
    #[default]
    Dark,
    /// Dark on light.
    Light,
    /// As the system is set.
    System,
}

/// What draws the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Renderer {
    /// wgpu if there is a graphics card, else glow.
    #[default]
    Auto,
    /// Vulkan, Metal or Direct3D.
    Wgpu,
    /// OpenGL; also the faster one without a graphics card.
    Glow,
}

/// Preferences as found on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The preferences, or defaults.
    pub preferences: Preferences,
    /// A sentence for the user if a file exists but cannot be used.
    pub message: Option<String>,
}

impl Preferences {
    /// Reads the preferences in `folder`. A file that cannot be used is renamed to `window.json.broken`, and the
    /// defaults are used.
    #[must_use]
    pub fn load(folder: &Path) -> Loaded {
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Loaded::default(),
            Err(error) => {
                let message = format!("the preferences in {} cannot be read ({error})", path.display());
                return set_aside(&path, &message);
            }
        };
        let understood = serde_json::from_slice(&text).and_then(|mut all: Map<String, Value>| {
            let document = all.remove("document").unwrap_or_default();
            Ok((serde_json::from_value::<Self>(all.into())?, document))
        });
        let (preferences, document) = match understood {
            Ok(understood) => understood,
            Err(error) => {
                return set_aside(&path, &format!("the preferences in {} are not valid ({error})", path.display()));
            }
        };
        if document.is_null() {
            return Loaded { preferences, message: None };
        }
        match Document::from_value(document) {
            Ok(document) => Loaded { preferences: Self { document: Some(document), ..preferences }, message: None },
            Err(error) => {
                let what = format!("the last document in {} cannot be used: {error}", path.display());
                Loaded { preferences, ..set_aside(&path, &what) }
            }
        }
    }

    /// Writes the preferences into `folder`, which is created if necessary: to a temporary file, then renamed.
    pub fn save(&self, folder: &Path) -> Result<(), WriteError> {
        std::fs::create_dir_all(folder).map_err(|error| WriteError::new(folder, &error))?;
        write_whole(&folder.join(FILE), |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })
    }

    /// The scale of the window, relative to its layout's.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale.filter(|scale| scale.is_finite()).unwrap_or(1.0).clamp(SCALES.0, SCALES.1)
    }

    /// Changes the scale, in steps of a tenth.
    pub fn set_scale(&mut self, scale: f32) {
        let scale = (10.0 * scale.clamp(SCALES.0, SCALES.1)).round() / 10.0;
        self.scale = Some(scale).filter(|scale| *scale != 1.0);
    }

    /// Moves a model to the head of those used.
    pub fn remember(&mut self, source: &ModelSource) {
        self.recent.retain(|known| known != source);
        self.recent.insert(0, source.clone());
        self.recent.truncate(RECENT);
    }
}

/// The path with `.broken` at its end.
fn broken(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".broken");
    name.into()
}

fn set_aside(path: &Path, what: &str) -> Loaded {
    let aside = broken(path);
    let message = match std::fs::rename(path, &aside) {
        Ok(()) => format!("{what}; the file was set aside as {}, and the defaults are used", aside.display()),
        Err(error) => format!("{what}; the defaults are used, and the file could not be set aside ({error})"),
    };
    Loaded { preferences: Preferences::default(), message: Some(message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::action::{Action, apply};
    use crate::session::setting::Setting;

    #[test]
    fn they_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        assert_eq!(Preferences::load(&inner), Loaded::default());
        let mut preferences = Preferences { theme: Theme::Light, window: Some((1280.0, 720.0)), ..Default::default() };
        for name in ["a", "b", "a"] {
            preferences.remember(&ModelSource::Model(name.into()));
        }
        let mut document = Document::default();
        apply(&mut document, Action::set(Setting::Seed, 7_u64));
        preferences.document = Some(document);
        preferences.save(&inner).unwrap();
        assert_eq!(Preferences::load(&inner), Loaded { preferences: preferences.clone(), message: None });
        let names: Vec<_> = preferences.recent.iter().map(|source| format!("{source:?}")).collect();
        assert_eq!(names, [r#"Model("a")"#, r#"Model("b")"#]);
    }

    #[test]
    fn the_scale_goes_in_tenths_and_stays_where_it_can_be_read() {
        let mut preferences = Preferences::default();
        assert_eq!(preferences.scale(), 1.0);
        for _ in 0..40 {
            preferences.set_scale(preferences.scale() + 0.1);
        }
        assert_eq!(preferences.scale(), SCALES.1);
        for _ in 0..40 {
            preferences.set_scale(preferences.scale() - 0.1);
        }
        assert_eq!(preferences.scale(), SCALES.0);
        for _ in 0..5 {
            preferences.set_scale(preferences.scale() + 0.1);
        }
        assert_eq!(preferences, Preferences::default(), "1 is as if nothing had been chosen");
        preferences.scale = Some(f32::NAN);
        assert_eq!(preferences.scale(), 1.0);
    }

    #[test]
    fn an_unreadable_file_is_set_aside_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for text in ["{", r#"{"theme": "mauve"}"#, "[]", "\u{1}"] {
            std::fs::write(&path, text).unwrap();
            let loaded = Preferences::load(folder.path());
            let message = loaded.message.unwrap();
            assert_eq!(loaded.preferences, Preferences::default());
            assert!(message.contains("window.json ") && message.contains("window.json.broken"));
            assert_eq!(std::fs::read_to_string(broken(&path)).unwrap(), text);
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_document_from_the_future_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"theme": "light", "later": 1, "document": {"version": 99}}"#;
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let loaded = Preferences::load(folder.path());
        assert_eq!((loaded.preferences.theme, loaded.preferences.document), (Theme::Light, None));
        assert!(loaded.message.unwrap().contains("version 99"));
    }
}
