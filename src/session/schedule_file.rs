//! Schedules on disk: all formats of [`formats`](crate::schedule::formats), read and written as whole files.

use super::archive::{WriteError, write_whole};
use crate::model::SchedulerConfig;
use crate::reading::{json, why};
use crate::schedule::formats::{FormatError, ScheduleTable, is_own, read_list, read_npy, read_npz, read_own, to_json};
use crate::schedule::{LevelList, ListKind, PlanSource, PublishedList, ScheduleError};
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest file that is read as a schedule, bytes.
const MOST_BYTES: u64 = 64 << 20;

const NOT_A_FILE: &str = "it is not a file; give a scheduler_config.json, or CSV, NPY or a list of σ";

/// Why a schedule cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read a schedule from {}: {reason}", path.display())]
pub struct ScheduleFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub reason: String,
}

/// The contents of a file, with warnings.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleFile {
    /// The schedule.
    pub source: PlanSource,
    /// The number of steps it was made for, if the file has it and the source does not list its levels.
    pub steps: Option<usize>,
    /// Warnings, a sentence each.
    pub notes: Vec<String>,
}

/// A format of a schedule, recognised by the file's contents.
pub struct ImportFormat {
    /// What it is, in Markdown.
    pub name: &'static str,
    /// An example, in Markdown.
    pub example: &'static str,
    is_it: fn(&FileContent) -> bool,
    read: fn(&FileContent) -> Result<ScheduleFile, String>,
}

/// All formats, in the order in which they are tried; the last accepts anything. docs/schedules.md lists them.
pub const IMPORTS: &[ImportFormat] = &[
    ImportFormat {
        name: "NPY",
        example: "one dimension: σ; `[N + 1, 6]`: the table below",
        is_it: |file| file.bytes.starts_with(b"\x93NUMPY") || has_ending(file.path, "npy"),
        read: |file| listed(&read_npy(file.bytes)),
    },
    ImportFormat {
        name: "NPZ",
        example: "a single array: σ, or what its name says (`timesteps`, `alpha_bar`, `flow_time`)",
        is_it: |file| has_ending(file.path, "npz"),
        read: |file| listed(&read_npz(file.bytes)),
    },
    ImportFormat {
        name: "Chromascope",
        example: "JSON: a schedule saved by the window or `optimise`",
        is_it: |file| file.json.as_ref().is_some_and(is_own),
        read: |file| {
            let (source, steps) = read_own(file.json()?).map_err(|error| error.to_string())?;
            Ok(ScheduleFile { source, steps, notes: Vec::new() })
        },
    },
    ImportFormat {
        name: "`scheduler_config.json`",
        example: "from diffusers: its timesteps or σ family, with as many steps as the run",
        is_it: |file| {
            let is_config = ["_class_name", "beta_schedule", "trained_betas", "num_train_timesteps"];
            is_config.iter().any(|key| file.json.as_ref().is_some_and(|value| value.get(key).is_some()))
        },
        read: |file| {
            let (config, notes) = SchedulerConfig::parse(file.text()?, file.path).map_err(|error| error.to_string())?;
            config.schedule_spec().schedule().map_err(|error| error.to_string())?;
            Ok(ScheduleFile { source: config.as_source(), steps: None, notes })
        },
    },
    ImportFormat {
        name: "JSON",
        example: "`{\"sigmas\": [14.6, 2.9, 0]}`, `{\"timesteps\": [999, 749, 499, 249]}`, or the table below as lists",
        is_it: |file| file.json.is_some(),
        read: |file| listed(&ScheduleTable::read_json(file.json()?)),
    },
    ImportFormat {
        name: "CSV with a heading",
        example: "a column `log_snr`, `sigma`, `ve_sigma`, `flow_time`, `alpha_bar` or `timestep`; the first of these that \
                  exists",
        is_it: |file| file.text.is_some_and(ScheduleTable::has_heading),
        read: |file| listed(&ScheduleTable::read_csv(file.text()?)),
    },
    ImportFormat {
        name: "σ as pasted",
        example: "`14.6, 2.9, 0.4, 0` or `sigmas = torch.tensor([14.6, 2.9, 0.4, 0.0])`",
        is_it: |_| true,
        read: |file| listed(&read_list(file.text()?)),
    },
];

/// A file that has been read.
struct FileContent<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    text: Option<&'a str>,
    json: Option<Value>,
}

impl<'a> FileContent<'a> {
    fn new(path: &'a Path, bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).ok().map(json::without_mark);
        let of_json = |text: &&str| has_ending(path, "json") || text.trim_start().starts_with('{');
        let json = text.filter(of_json).map(json::parse).transpose();
        Ok(Self { path, bytes, text, json: json.map_err(|error| format!("it is not JSON ({error})"))? })
    }

    fn text(&self) -> Result<&'a str, String> {
        self.text.ok_or_else(|| "it is neither text nor a NumPy file; give CSV, JSON, NPY or a list of σ".into())
    }

    fn json(&self) -> Result<&Value, String> {
        self.json.as_ref().ok_or_else(|| "it is not JSON".into())
    }
}

/// A file that lists its levels.
fn listed(read: &Result<LevelList, FormatError>) -> Result<ScheduleFile, String> {
    let list = read.clone().map_err(|error| error.to_string())?;
    checked(&list).map_err(|error| error.to_string())?;
    Ok(ScheduleFile { source: PlanSource::List(list), steps: None, notes: Vec::new() })
}

/// Reads a schedule in any form of [`IMPORTS`], or one of [`PUBLISHED`](crate::schedule::PUBLISHED) by its name, where there
/// is no file of that name.
pub fn read(path: &Path) -> Result<ScheduleFile, ScheduleFileError> {
    let published = path.to_str().and_then(PublishedList::find).filter(|_| !path.exists());
    if let Some(published) = published {
        return Ok(ScheduleFile { source: PlanSource::List(published.list()), steps: None, notes: Vec::new() });
    }
    let read = || {
        let bytes = read_bytes(path)?;
        if bytes.is_empty() && ["npy", "npz", "json"].iter().any(|ending| has_ending(path, ending)) {
            return Err("it is empty; give a scheduler_config.json, or CSV, NPY or a list of σ".into());
        }
        let content = FileContent::new(path, &bytes)?;
        let format = IMPORTS.iter().find(|format| (format.is_it)(&content));
        format.map_or_else(|| Err("it contains no schedule".into()), |format| (format.read)(&content))
    };
    read().map_err(|reason| ScheduleFileError { path: path.into(), reason })
}

/// Refuses a list that is invalid for every model, with the row; timesteps are checked by their model.
fn checked(list: &LevelList) -> Result<(), ScheduleError> {
    match list.kind {
        ListKind::Timestep => Ok(()),
        ListKind::Sigma | ListKind::AlphaBar | ListKind::FlowTime | ListKind::ModelSigma => {
            list.plan_of_any().map(drop)
        }
    }
}

/// Reads a list of noise levels or a table that was pasted; whether it makes a run is not asked yet.
pub fn read_pasted(text: &str) -> Result<LevelList, String> {
    let text = json::without_mark(text).trim_start();
    let list = if text.starts_with('{') {
        let value = json::parse(text).map_err(|error| format!("it is not JSON ({error})"))?;
        ScheduleTable::read_json(&value)
    } else {
        ScheduleTable::read_csv(text)
    };
    list.map_err(|error: FormatError| error.to_string())
}

/// Writes a schedule in this program's own format, without loss: curve, parameters, control points, and the number
/// of steps that it was made for.
pub fn write_source(path: &Path, source: &PlanSource, steps: usize) -> Result<(), WriteError> {
    write_whole(path, |file| {
        serde_json::to_writer_pretty(&mut *file, &to_json(source, steps))?;
        file.write_all(b"\n")
    })
}

/// Writes text or bytes as a whole file.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_whole(path, |file| file.write_all(bytes))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| format!("{}; give the path of a file", why(&error));
    let data = std::fs::metadata(path).map_err(told)?;
    if !data.is_file() {
        return Err(NOT_A_FILE.into());
    }
    if data.len() > MOST_BYTES {
        return Err(format!("it has {} MB, too large for a schedule", data.len() >> 20));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes)).map_err(told)?;
    Ok(bytes)
}

/// Whether a file name has this ending, given without the dot, in any case.
#[must_use]
pub fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Curve, Drawn};

    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn every_kind_of_file_is_known_by_what_is_in_it() {
        let (folder, path) = written("a.txt", "14.6, 3, 0.2, 0\n");
        let list = |file: ScheduleFile| match file.source {
            PlanSource::List(list) => list.values,
            other => panic!("{other:?}"),
        };
        assert_eq!(list(read(&path).unwrap()), [14.6, 3.0, 0.2, 0.0]);
        std::fs::write(&path, r#"{"_class_name": "DDIMScheduler", "beta_schedule": "squaredcos_cap_v2"}"#).unwrap();
        let PlanSource::Other(other) = read(&path).unwrap().source else { panic!() };
        assert_eq!((other.schedule.name().as_str(), other.visits.label().as_str()), ("squaredcos-cap-v2", "leading"));
        std::fs::write(&path, r#"{"sigmas": [2, 1, 0]}"#).unwrap();
        assert_eq!(list(read(&path).unwrap()), [2.0, 1.0, 0.0]);
        let curve: Curve = "cosine".parse().unwrap();
        let drawn = PlanSource::curve(Curve::Drawn(Drawn::close_to(&|t| curve.level_at(t), 4e-3, 12).unwrap()));
        let own = folder.path().join("own.json");
        write_source(&own, &drawn, 4).unwrap();
        let again = read(&own).unwrap();
        assert_eq!((again.source, again.steps), (drawn, Some(4)));
        // As written by earlier versions.
        let mut value: Value = serde_json::from_slice(&std::fs::read(&own).unwrap()).unwrap();
        value.as_object_mut().unwrap().remove("steps");
        std::fs::write(&own, value.to_string()).unwrap();
        assert_eq!(read(&own).unwrap().steps, None);
        value["steps"] = 0.into();
        std::fs::write(&own, value.to_string()).unwrap();
        assert!(read(&own).unwrap_err().to_string().contains("1 to 10000"));
    }

    #[test]
    fn bad_files_are_refused_by_row() {
        let refused = |text: &str| {
            let (_folder, path) = written("bad.csv", text);
            read(&path).unwrap_err().to_string()
        };
        for (text, reason) in [
            ("sigma\n3\nnan\n0\n", "σ in row 2 is NaN"),
            ("3\n1\n2\n0\n", "σ rises from 1 to 2 in row 3"),
            ("3\n1\n1\n0\n", "σ in rows 2 and 3 are both 1"),
            ("", FormatError::Empty.to_string().as_str()),
            ("5", ScheduleError::TooFewSigmas(1).to_string().as_str()),
            ("alpha_bar\n0.1\n0.05\n", "ᾱ 0.05 in row 2"),
        ] {
            let told = refused(text);
            assert!(told.contains(reason), "{told}");
        }
        assert!(refused(&"1\n".repeat(1_000_000)).contains("more than 10001 rows"));
        assert!(read(Path::new("/nowhere/at.all")).unwrap_err().to_string().contains("/nowhere/at.all"));
        assert!(read(Path::new("/")).unwrap_err().to_string().contains(NOT_A_FILE));
    }
}
