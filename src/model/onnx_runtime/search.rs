//! The search for the library and its record.

use super::library_file::{check, libraries_in, numbers, plain_name};
use super::{LoadedRuntime, OLDEST_MINOR, RuntimeError, python, setup};
use crate::model::folders::data_folder;
use crate::model::settings::Settings;
use crate::words::voice::Name;
use ort::LoadDynamicError;
use serde::Serialize;
use std::cmp::Reverse;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the library is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// `--onnxruntime` on the command line.
    Option,
    /// `onnxruntime` in `settings.json`.
    Setting,
    /// The variable `ORT_DYLIB_PATH`.
    Variable,
    /// The folder of the program.
    BesideProgram,
    /// The data folder.
    DataFolder,
    /// The package folder of `$VIRTUAL_ENV`.
    VirtualEnvironment,
    /// The package folders of the python on PATH.
    Python,
    /// The system's loader, by name.
    Loader,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Option => return Name::new("the command line", Some("onnxruntime")).fmt(f),
            Self::Setting => "the setting `onnxruntime`",
            Self::Variable => "ORT_DYLIB_PATH",
            Self::BesideProgram => "the program's folder",
            Self::DataFolder => "the data folder",
            Self::VirtualEnvironment => "VIRTUAL_ENV",
            Self::Python => "Python on PATH",
            Self::Loader => "the system's loader",
        })
    }
}

/// How one place answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "reason")]
pub enum Outcome {
    /// The library was loaded from here.
    Loaded,
    /// There was nothing to try; the text says why.
    Nothing(String),
    /// A library was tried and failed; the text says why.
    Failed(String),
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Where.
    pub place: Place,
    /// The library tried, or the folder that held none; `None` where the place itself is missing.
    pub path: Option<PathBuf>,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        match &self.outcome {
            Outcome::Loaded => f.write_str("loaded"),
            Outcome::Nothing(reason) | Outcome::Failed(reason) => f.write_str(reason),
        }
    }
}

pub(super) fn search(explicit: Option<&Path>, settings: &Settings) -> Result<LoadedRuntime, RuntimeError> {
    let mut record = Record(Vec::new());
    let chosen = match (explicit, &settings.onnxruntime) {
        (Some(path), _) => Some((Place::Option, path)),
        (None, Some(path)) => Some((Place::Setting, path.as_path())),
        (None, None) => None,
    };
    if let Some((place, path)) = chosen {
        if let Some(builder) = record.try_path(place, path) {
            return record.start(builder);
        }
        let reason = match record.0.last().map(|attempt| &attempt.outcome) {
            Some(Outcome::Nothing(reason) | Outcome::Failed(reason)) => reason.clone(),
            _ => "it does not load".into(),
        };
        return Err(RuntimeError::Chosen { place, path: path.into(), reason, attempts: record.0 });
    }
    match record.try_usual_places() {
        Some(builder) => record.start(builder),
        None => Err(RuntimeError::NotFound { attempts: record.0 }),
    }
}

struct Record(Vec<Attempt>);

/// Proof that a library is loaded: `ort` may be used from here on.
type Builder = ort::environment::EnvironmentBuilder;

impl Record {
    fn note(&mut self, place: Place, path: Option<PathBuf>, outcome: Outcome) {
        self.0.push(Attempt { place, path, outcome });
    }

    fn try_usual_places(&mut self) -> Option<Builder> {
        self.try_variable()
            .or_else(|| self.try_program_folder())
            .or_else(|| self.try_data_folder())
            .or_else(|| self.try_virtual_environment())
            .or_else(|| self.try_python())
            .or_else(|| self.try_loader())
    }

    fn try_variable(&mut self) -> Option<Builder> {
        let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
            self.note(Place::Variable, None, Outcome::Nothing("not set".into()));
            return None;
        };
        self.try_path(Place::Variable, Path::new(&path))
    }

    fn try_program_folder(&mut self) -> Option<Builder> {
        let program = std::env::current_exe().ok();
        let Some(folder) = program.as_deref().and_then(Path::parent) else {
            self.note(Place::BesideProgram, None, Outcome::Nothing("the program's own path is unknown".into()));
            return None;
        };
        self.try_folders(Place::BesideProgram, &[folder.into()])
    }

    fn try_data_folder(&mut self) -> Option<Builder> {
        match data_folder() {
            Ok(data) => self.try_folders(Place::DataFolder, &installed_in(&data)),
            Err(error) => {
                self.note(Place::DataFolder, None, Outcome::Nothing(error.to_string()));
                None
            }
        }
    }

    fn try_virtual_environment(&mut self) -> Option<Builder> {
        let Some(root) = std::env::var_os("VIRTUAL_ENV").filter(|root| !root.is_empty()) else {
            self.note(Place::VirtualEnvironment, None, Outcome::Nothing("not set".into()));
            return None;
        };
        let folders = python::site_packages_of_environment(Path::new(&root));
        if folders.is_empty() {
            let reason = Outcome::Nothing("it has no site-packages".into());
            self.note(Place::VirtualEnvironment, Some(root.into()), reason);
        }
        self.try_folders(Place::VirtualEnvironment, &in_site_packages(&folders))
    }

    fn try_python(&mut self) -> Option<Builder> {
        let folders = python::site_packages_of_path();
        if folders.is_empty() {
            self.note(Place::Python, None, Outcome::Nothing("no Python responds".into()));
        }
        self.try_folders(Place::Python, &in_site_packages(&folders))
    }

    fn try_loader(&mut self) -> Option<Builder> {
        self.load(Place::Loader, plain_name().into())
    }

    /// A library, or a folder that holds one.
    fn try_path(&mut self, place: Place, path: &Path) -> Option<Builder> {
        // A full path, so that nobody reads a relative one as starting somewhere else.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        if path.is_dir() { self.try_folders(place, &[path]) } else { self.try_file(place, path) }
    }

    fn try_folders(&mut self, place: Place, folders: &[PathBuf]) -> Option<Builder> {
        for folder in folders {
            let libraries = libraries_in(folder);
            if libraries.is_empty() {
                let reason = if folder.is_dir() {
                    format!("it contains no {}", plain_name())
                } else {
                    "there is no such folder".into()
                };
                self.note(place, Some(folder.clone()), Outcome::Nothing(reason));
            }
            for library in libraries {
                if let Some(builder) = self.try_file(place, library) {
                    return Some(builder);
                }
            }
        }
        None
    }

    fn try_file(&mut self, place: Place, path: PathBuf) -> Option<Builder> {
        match check(&path) {
            Ok(()) => self.load(place, path),
            Err(reason) => {
                self.note(place, Some(path), Outcome::Failed(reason));
                None
            }
        }
    }

    fn load(&mut self, place: Place, path: PathBuf) -> Option<Builder> {
        match ort::init_from(&path) {
            Ok(builder) => {
                let path = if place == Place::Loader { mapped_path().unwrap_or(path) } else { path };
                self.note(place, Some(path), Outcome::Loaded);
                Some(builder)
            }
            Err(error) => {
                let reason = in_words(&error);
                // The system's loader repeats the name and says in its own words that it knows none.
                let unknown = place == Place::Loader && is_unknown(&reason, &path);
                let outcome = if unknown { Outcome::Nothing("it knows none".into()) } else { Outcome::Failed(reason) };
                self.note(place, Some(path), outcome);
                None
            }
        }
    }

    fn start(self, builder: Builder) -> Result<LoadedRuntime, RuntimeError> {
        let attempts = self.0;
        let path = attempts.last().and_then(|attempt| attempt.path.clone()).unwrap_or_default();
        match builder.with_name("chromascope").with_telemetry(false).build() {
            Ok(environment) => {
                let version = version(&path);
                Ok(LoadedRuntime { environment, path, version, attempts })
            }
            Err(error) => Err(RuntimeError::NotStarting { path, reason: error.to_string(), attempts }),
        }
    }
}

/// The folders of the data folder that hold a library: the pinned version with CUDA, without, then any other version,
/// the newest first.
fn installed_in(data: &Path) -> Vec<PathBuf> {
    let kinds = [setup::LibraryKind::Cuda, setup::LibraryKind::Cpu];
    let mut folders: Vec<_> = kinds.iter().map(|kind| kind.folder(data)).filter(|folder| folder.is_dir()).collect();
    let mut others: Vec<PathBuf> = kinds
        .iter()
        .filter_map(|kind| std::fs::read_dir(kind.folder(data).parent()?).ok())
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir() && !folders.contains(path))
        .collect();
    others.sort_by_key(|path| Reverse(path.file_name().map(|name| numbers(&name.to_string_lossy()))));
    folders.append(&mut others);
    if folders.is_empty() {
        folders.push(setup::LibraryKind::Cpu.folder(data));
    }
    folders
}

fn in_site_packages(folders: &[PathBuf]) -> Vec<PathBuf> {
    folders.iter().map(|folder| folder.join("onnxruntime").join("capi")).collect()
}

/// Whether the loader says that there is no library of this name, and not one that the library needs.
fn is_unknown(reason: &str, name: &Path) -> bool {
    reason.strip_prefix(&*name.to_string_lossy()).is_some_and(|rest| rest.contains("No such file"))
}

fn in_words(error: &LoadDynamicError) -> String {
    match error {
        LoadDynamicError::Dlopen { error, .. } => {
            // libloading's own sentence is general; the system's is its source.
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
        }
        LoadDynamicError::MissingApi { .. } => "it is a library, but not ONNX Runtime".into(),
        LoadDynamicError::InvalidVersionString => "its version is unknown".into(),
        LoadDynamicError::BadVersion { version_str, .. } => {
            format!("it is ONNX Runtime {version_str}, and 1.{OLDEST_MINOR} or newer is needed")
        }
    }
}

/// The version of the loaded library. `ort` tells the minor version; the patch comes from the file's name or from the
/// library's build information, where either agrees with it.
fn version(path: &Path) -> String {
    let Some(minor) = ort::util::probe(path) else { return "unknown".into() };
    let minor = format!("1.{minor}");
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    [name.as_str(), ort::info()].into_iter().find_map(|text| patched(text, &minor)).unwrap_or(minor)
}

/// `minor` with the patch number that follows it in `text`.
fn patched(text: &str, minor: &str) -> Option<String> {
    text.match_indices(minor).find_map(|(at, _)| {
        let starts_a_number = !text[..at].ends_with(|c: char| c.is_ascii_digit() || c == '.')
            || text[..at].ends_with("so.")
            || text[..at].ends_with("onnxruntime.");
        let rest = text[at + minor.len()..].strip_prefix('.')?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (starts_a_number && !digits.is_empty()).then(|| format!("{minor}.{digits}"))
    })
}

/// The file behind the library that the system's loader chose.
#[cfg(target_os = "linux")]
fn mapped_path() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = |line: &str| line.find('/').map(|at| PathBuf::from(&line[at..]));
    maps.lines()
        .filter_map(path)
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&plain_name())))
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
fn mapped_path() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_the_loader_does_not_know_is_told_from_one_that_it_cannot_load() {
        let name = Path::new("libonnxruntime.so");
        let missing = "cannot open shared object file: No such file or directory";
        assert!(is_unknown(&format!("libonnxruntime.so: {missing}"), name));
        assert!(!is_unknown(&format!("libgomp.so.1: {missing}"), name));
        assert!(!is_unknown("libonnxruntime.so: invalid ELF header", name));
    }

    #[test]
    fn patch_numbers_come_from_names_and_build_information() {
        assert_eq!(patched("libonnxruntime.so.1.31.1", "1.31").as_deref(), Some("1.31.1"));
        assert_eq!(patched("libonnxruntime.1.31.1.dylib", "1.31").as_deref(), Some("1.31.1"));
        assert_eq!(patched("git-branch=rel-1.31.0, git-commit-id=1", "1.31").as_deref(), Some("1.31.0"));
        assert_eq!(patched("libonnxruntime.so", "1.31"), None);
        assert_eq!(patched("libonnxruntime.so.1.31", "1.31"), None);
        assert_eq!(patched("libonnxruntime.so.11.31.2", "1.31"), None);
    }
}
