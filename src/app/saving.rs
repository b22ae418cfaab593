//! Saving: what to write, where, and what exists there already. Everything the window saves goes through here, so that
//! no file is replaced without your consent. No GUI.

use crate::app::board::{Message, MessageKind};
use crate::app::pane_id::PaneId;
use crate::app::words;
use crate::session::schedule_file;
use std::fmt;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

type Write = Arc<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

/// Something to save; ask for it with [`Intent::Save`](crate::app::intent::Intent::Save).
#[derive(Clone)]
pub struct Save {
    /// What it is, after "Save": "schedule as CSV table".
    pub what: String,
    /// The suggested name, without its extension.
    pub name: String,
    /// The file extension: "csv".
    pub ending: &'static str,
    /// The pane it is saved from, which shows the message.
    pub pane: PaneId,
    /// A note to show once it is saved.
    pub note: Option<String>,
    write: Write,
}

impl Save {
    /// Bytes made in the background.
    pub fn bytes(
        pane: PaneId,
        what: impl Into<String>,
        (name, ending): (&str, &'static str),
        make: impl Fn() -> Result<Vec<u8>, String> + Send + Sync + 'static,
    ) -> Self {
        Self::with(pane, what, (name, ending), move |path| {
            make().and_then(|bytes| schedule_file::write_bytes(path, &bytes).map_err(|error| error.to_string()))
        })
    }

    /// A writer that runs in the background.
    pub fn with(
        pane: PaneId,
        what: impl Into<String>,
        (name, ending): (&str, &'static str),
        write: impl Fn(&Path) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let name = name.to_lowercase().replace([' ', MAIN_SEPARATOR], "-");
        Self { what: what.into(), name, ending, pane, note: None, write: Arc::new(write) }
    }

    /// The suggested name with its extension.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.ending)
    }

    /// Writes it, unless a file exists and must not be replaced. Not for the window's thread.
    #[must_use]
    pub fn write(&self, path: &Path, replace: bool) -> SaveOutcome {
        if !replace && let Ok(there) = std::fs::symlink_metadata(path) {
            return SaveOutcome::Taken(there_in_words(&there));
        }
        match (self.write)(path) {
            Ok(()) => {
                let size = std::fs::metadata(path).map_or_else(|_| String::new(), |data| in_words(data.len()));
                SaveOutcome::Written(size)
            }
            Err(sentence) => SaveOutcome::Failed(sentence),
        }
    }

    /// The message after writing.
    #[must_use]
    pub fn told(&self, path: &Path, outcome: &SaveOutcome) -> Message {
        let (kind, text) = match outcome {
            SaveOutcome::Written(size) => {
                let note = self.note.as_ref().map_or_else(String::new, |note| format!(". {note}"));
                (MessageKind::Success, format!("{} ({size}){note}", words::frame::saved_as(path)))
            }
            SaveOutcome::Taken(_) => (
                MessageKind::Warning,
                format!("{} already exists and was not changed; nothing was saved", path.display()),
            ),
            SaveOutcome::Failed(sentence) => (MessageKind::Failure, sentence.clone()),
        };
        Message::of_pane(self.pane, kind, text)
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Save {} as {}", self.what, self.file_name())
    }
}

impl PartialEq for Save {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.write, &other.write)
    }
}

/// The result of writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveOutcome {
    /// Written, with this size.
    Written(String),
    /// A file with this size and age exists and was kept.
    Taken(String),
    /// Why it failed.
    Failed(String),
}

/// The stage of the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveStage {
    /// It asks for the file.
    Asking,
    /// This file is being written.
    Writing(PathBuf),
    /// This file exists, with this size and age.
    Taken(PathBuf, String),
    /// Writing failed.
    Failed(String),
}

/// The dialog for the folder and name of a file.
#[derive(Clone, Debug)]
pub struct Saving {
    /// What to save.
    pub save: Save,
    /// The typed path.
    pub path: String,
    /// Its stage.
    pub stage: SaveStage,
    /// Whether it was not drawn yet.
    pub fresh: bool,
    /// The folder for a name without one.
    folder: PathBuf,
}

impl Saving {
    /// Asks where to save this, and suggests its name in a folder.
    #[must_use]
    pub fn new(save: Save, folder: PathBuf) -> Self {
        let path = folder.join(save.file_name()).display().to_string();
        Self { save, path, stage: SaveStage::Asking, fresh: true, folder }
    }

    /// The file: the typed path, with the extension added if it is missing. `None` without a name.
    #[must_use]
    pub fn place(&self) -> Option<PathBuf> {
        let typed = self.path.trim();
        if typed.is_empty() || typed.ends_with(MAIN_SEPARATOR) {
            return None;
        }
        let typed = match typed.strip_prefix('~').filter(|rest| rest.starts_with(MAIN_SEPARATOR)).zip(home()) {
            Some((rest, home)) => home.join(rest.trim_start_matches(MAIN_SEPARATOR)),
            None => self.folder.join(typed),
        };
        Some(with_ending(typed, self.save.ending))
    }

    /// Whether the file exists and may be replaced now.
    #[must_use]
    pub fn may_replace(&self) -> bool {
        matches!(&self.stage, SaveStage::Taken(path, _) if Some(path) == self.place().as_ref())
    }

    /// Takes the result of writing; returns whether the dialog is done.
    pub fn take(&mut self, path: &Path, outcome: &SaveOutcome) -> bool {
        if self.stage != SaveStage::Writing(path.into()) {
            return false;
        }
        self.stage = match outcome {
            SaveOutcome::Written(_) => return true,
            SaveOutcome::Taken(words) => SaveStage::Taken(path.into(), words.clone()),
            SaveOutcome::Failed(sentence) => SaveStage::Failed(sentence.clone()),
        };
        false
    }
}

/// A path with the right extension. Text after another dot is part of the name.
fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    if path.extension().is_some_and(|there| there.eq_ignore_ascii_case(ending)) {
        return path;
    }
    let mut text = path.into_os_string();
    text.push(".");
    text.push(ending);
    text.into()
}

fn home() -> Option<PathBuf> {
    directories::UserDirs::new().map(|folders| folders.home_dir().to_path_buf())
}

/// The first folder to save in: the current folder, or the home folder if the current one is not meant for files.
#[must_use]
pub fn first_folder() -> PathBuf {
    let here = std::env::current_dir().ok().filter(|here| here.parent().is_some());
    here.or_else(home).unwrap_or_default()
}

/// "812 bytes", "12 kB".
fn in_words(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1000 => format!("{bytes} bytes"),
        1000..999_500 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn there_in_words(there: &std::fs::Metadata) -> String {
    if there.is_dir() {
        return "a folder".into();
    }
    let age = there.modified().ok().and_then(|when| SystemTime::now().duration_since(when).ok());
    let age = age.map_or_else(String::new, |age| {
        let one = |count: u64, unit: &str| format!(", written {count} {unit}{} ago", if count == 1 { "" } else { "s" });
        match age.as_secs() {
            0..60 => ", written just now".to_owned(),
            seconds @ 60..3600 => one(seconds / 60, "minute"),
            seconds @ 3600..86_400 => one(seconds / 3600, "hour"),
            seconds => one(seconds / 86_400, "day"),
        }
    });
    format!("{}{age}", in_words(there.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(ending: &'static str) -> Save {
        Save::bytes(PaneId::new("lab"), "the test", ("Heat map", ending), || Ok(b"new".to_vec()))
    }

    #[test]
    fn names_keep_their_dots_and_get_their_ending() {
        let mut saving = Saving::new(save("svg"), "/some/folder".into());
        assert_eq!(saving.place(), Some("/some/folder/heat-map.svg".into()));
        for (typed, place) in [
            ("run-w1.5", Some("/some/folder/run-w1.5.svg")),
            ("/else/run-w1.5.svg", Some("/else/run-w1.5.svg")),
            ("below/A.SVG ", Some("/some/folder/below/A.SVG")),
            ("two.dots.csv", Some("/some/folder/two.dots.csv.svg")),
            ("/else/", None),
            ("  ", None),
        ] {
            typed.clone_into(&mut saving.path);
            assert_eq!(saving.place(), place.map(PathBuf::from), "{typed}");
        }
    }

    #[test]
    fn what_lies_there_stays_until_its_replacement_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run-w1.5.txt");
        std::fs::write(&path, "old").unwrap();
        let save = save("txt");
        let mut saving = Saving::new(save.clone(), folder.path().into());
        saving.path = "run-w1.5".into();
        assert_eq!(saving.place().as_ref(), Some(&path));
        saving.stage = SaveStage::Writing(path.clone());
        let outcome = save.write(&path, false);
        assert_eq!(outcome, SaveOutcome::Taken("3 bytes, written just now".into()));
        assert!(!saving.take(&path, &outcome) && saving.may_replace());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        // Permission to replace applies to one path.
        saving.path = "other".into();
        assert!(!saving.may_replace());
        saving.path = "run-w1.5".into();
        saving.stage = SaveStage::Writing(path.clone());
        let outcome = save.write(&path, true);
        assert!(saving.take(&path, &outcome));
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let told = save.told(&path, &outcome);
        assert_eq!(
            (told.kind, told.text),
            (MessageKind::Success, format!("{} (3 bytes)", words::frame::saved_as(&path)))
        );
        let SaveOutcome::Failed(sentence) = save.write(&folder.path().join("no/folder.txt"), false) else {
            panic!("saved into no folder")
        };
        assert!(sentence.contains("folder"), "{sentence}");
    }
}
