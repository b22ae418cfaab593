//! Saving: what is to be written, where it is to go, and what lies there already. Whatever is saved in the window takes
//! this way, so that no file is ever taken over without a clear yes. No GUI.

use crate::app::board::{Kind, Message};
use crate::app::pane_id::PaneId;
use crate::app::words;
use crate::session::schedule_file;
use std::fmt;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

type Write = Arc<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

/// Something that is to be saved; ask for it by [`Intent::Save`](crate::app::intent::Intent::Save).
#[derive(Clone)]
pub struct Save {
    /// What it is, after "Save": "the schedule as CSV table".
    pub what: String,
    /// The name that is offered, without its ending.
    pub name: String,
    /// The ending of the name: "csv".
    pub ending: &'static str,
    /// Where it is asked for and told of.
    pub pane: PaneId,
    /// A sentence to be told once it is saved.
    pub note: Option<String>,
    write: Write,
}

impl Save {
    /// What comes as bytes, which are made beside the window.
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

    /// What writes itself, beside the window.
    pub fn with(
        pane: PaneId,
        what: impl Into<String>,
        (name, ending): (&str, &'static str),
        write: impl Fn(&Path) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let name = name.to_lowercase().replace([' ', MAIN_SEPARATOR], "-");
        Self { what: what.into(), name, ending, pane, note: None, write: Arc::new(write) }
    }

    /// Name and ending that are offered.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.ending)
    }

    /// Writes it, unless something lies there and is not to be replaced. Not for the window's thread.
    #[must_use]
    pub fn write(&self, path: &Path, replace: bool) -> Outcome {
        if !replace && let Ok(there) = std::fs::symlink_metadata(path) {
            return Outcome::Taken(there_in_words(&there));
        }
        match (self.write)(path) {
            Ok(()) => {
                let size = std::fs::metadata(path).map_or_else(|_| String::new(), |data| in_words(data.len()));
                Outcome::Written(size)
            }
            Err(sentence) => Outcome::Failed(sentence),
        }
    }

    /// What there is to say once it is written.
    #[must_use]
    pub fn told(&self, path: &Path, outcome: &Outcome) -> Message {
        let (kind, text) = match outcome {
            Outcome::Written(size) => {
                let note = self.note.as_ref().map_or_else(String::new, |note| format!(". {note}"));
                (Kind::Success, format!("{} ({size}){note}", words::frame::saved_as(path)))
            }
            Outcome::Taken(_) => {
                (Kind::Warning, format!("{} already exists and was not changed; nothing was saved", path.display()))
            }
            Outcome::Failed(sentence) => (Kind::Failure, sentence.clone()),
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

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there, of this size.
    Written(String),
    /// Something else is there, of this size and age, and stays.
    Taken(String),
    /// A sentence on why not.
    Failed(String),
}

/// How far saving has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The place is asked for.
    Asking,
    /// It is being written to this place.
    Writing(PathBuf),
    /// At this place lies something, of this size and age.
    Taken(PathBuf, String),
    /// It could not be written.
    Failed(String),
}

/// A dialog that asks where to save something.
#[derive(Clone, Debug)]
pub struct Saving {
    /// What is saved.
    pub save: Save,
    /// The place as it is typed.
    pub path: String,
    /// How far it has come.
    pub stage: Stage,
    /// Whether it has not been drawn yet.
    pub fresh: bool,
    /// Where a name without a folder goes.
    folder: PathBuf,
}

impl Saving {
    /// Asks where to save this, and offers its name in a folder.
    #[must_use]
    pub fn new(save: Save, folder: PathBuf) -> Self {
        let path = folder.join(save.file_name()).display().to_string();
        Self { save, path, stage: Stage::Asking, fresh: true, folder }
    }

    /// Where it would go: what was typed, with the ending where that is not there yet. `None` without a name.
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

    /// Whether what lies at the place may be replaced, as that was asked.
    #[must_use]
    pub fn may_replace(&self) -> bool {
        matches!(&self.stage, Stage::Taken(path, _) if Some(path) == self.place().as_ref())
    }

    /// Takes what came of writing to a place; answers whether the dialog is over.
    pub fn take(&mut self, path: &Path, outcome: &Outcome) -> bool {
        if self.stage != Stage::Writing(path.into()) {
            return false;
        }
        self.stage = match outcome {
            Outcome::Written(_) => return true,
            Outcome::Taken(words) => Stage::Taken(path.into(), words.clone()),
            Outcome::Failed(sentence) => Stage::Failed(sentence.clone()),
        };
        false
    }
}

/// A path that ends as it should. What stands after another dot is part of the name.
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

/// Where files go at first: the folder that the program was started in, or the user's own where that is none for files.
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
        saving.stage = Stage::Writing(path.clone());
        let outcome = save.write(&path, false);
        assert_eq!(outcome, Outcome::Taken("3 bytes, written just now".into()));
        assert!(!saving.take(&path, &outcome) && saving.may_replace());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        // A yes is to one place.
        saving.path = "other".into();
        assert!(!saving.may_replace());
        saving.path = "run-w1.5".into();
        saving.stage = Stage::Writing(path.clone());
        let outcome = save.write(&path, true);
        assert!(saving.take(&path, &outcome));
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let told = save.told(&path, &outcome);
        assert_eq!((told.kind, told.text), (Kind::Success, format!("{} (3 bytes)", words::frame::saved_as(&path))));
        let Outcome::Failed(sentence) = save.write(&folder.path().join("no/folder.txt"), false) else {
            panic!("saved into no folder")
        };
        assert!(sentence.contains("folder"), "{sentence}");
    }
}
