use crate::schedule::ScheduleError;
use std::path::PathBuf;

/// Why a `scheduler_config.json` could not be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SchedulerConfigError {
    /// The file could not be read.
    #[error("cannot read {}: {why}; give a scheduler_config.json", file.display())]
    Unread {
        /// The file.
        file: PathBuf,
        /// Why not.
        why: String,
    },
    /// Not JSON.
    #[error("{} is not JSON: {reason} at line {line}, column {column}; export or copy it again", file.display())]
    NotJson {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The parser's message.
        reason: String,
    },
    /// JSON, but no object.
    #[error("{} is not a JSON object; a diffusers scheduler configuration is one, in braces", file.display())]
    NotAnObject {
        /// The file.
        file: PathBuf,
    },
    /// A key's value has the wrong type or is impossible.
    #[error("{}: \"{key}\" is {found}, but must be {expected}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// Its value.
        found: String,
        /// What would do.
        expected: String,
    },
    /// Keys that exclude each other.
    #[error("{}: {first} and {second} are both true; only one can shape the noise levels, so set the others to false", file.display())]
    Conflict {
        /// The file.
        file: PathBuf,
        /// One key.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// JSON that describes no scheduler.
    #[error("{} is not a scheduler configuration: {found}, and it has no β; give the model's scheduler_config.json", file.display())]
    NoScheduler {
        /// The file.
        file: PathBuf,
        /// What it says of its class.
        found: String,
    },
    /// A class whose models cannot be spoken to.
    #[error(
        "{}: the scheduler class {class} is not supported; use a model with a β schedule, EDM or rectified flow",
        file.display()
    )]
    UnsupportedClass {
        /// The file.
        file: PathBuf,
        /// `_class_name`.
        class: String,
    },
    /// The keys describe no valid schedule.
    #[error("{}: its β keys do not make a valid schedule: {source}", file.display())]
    Schedule {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: ScheduleError,
    },
}
