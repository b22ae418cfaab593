//! A trajectory on disk: `trajectory.npz` and `trajectory.json`.
//!
//! Arrays, f32 unless noted, index 0 the noisiest, `S` the finished steps:
//!
//! | name | shape | |
//! |---|---|---|
//! | `x_t` | `[S+1, B, C, H, W]` | VP state; the first is the initial noise, the last the result |
//! | `x0` | `[S, B, C, H, W]` | `E[x_0\|x_t]` of the step's first evaluation, after clipping |
//! | `eps` | `[S, B, C, H, W]` | `ε̂` of the same evaluation, unclipped |
//! | `x0_class_3`, `x0_unconditional`, `x0_stage_0`, … | as `x0` | the parts of a combined estimate, before clipping; NaN at steps that did not request them |
//! | `timestep` | `[S]` f64 | the number fed to the network |
//! | `alpha_bar` | `[S+1]` f64 | `ᾱ` of every state |
//! | `prompt_embeds` | `[P, T, D]` | of a text-to-image model: the embeddings of its texts, the null prompt first |
//! | `pooled_prompt_embeds` | `[P, D]` | the pooled embeddings, where the model has them |
//! | `decoded` | `[K, B, 3, H, W]` | of a run in latents: images of K of its steps |
//! | `decoded_step` | `[K]` i64 | which: `x0` of this step, or the result where it is the number of steps of the run |

pub use super::claim::{Claim, claim, claim_folder};
pub use super::unfinished::remove_unfinished;
pub use super::whole_file::{
    Destinations, WriteError, WriteSeek, create_folder, create_new_folder, finish_writing, write_whole,
};

use super::decoded::{self, DecodedSteps};
use super::prepare::{Resolved, RunEmbeddings};
use super::settings::ProviderChoice;
use super::whole_file::{Staged, sha256};
use super::{RunSettings, Snapshot, Trajectory, strip};
use crate::denoiser::PartName;
use crate::model::decoder::LinearColours;
use crate::reading;
use ndarray::{Array1, Array4, Array5, Axis};
use ndarray_npy::NpzWriter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Version of the two files' format.
pub const FORMAT_VERSION: u32 = 1;
const ARRAYS: &str = "trajectory.npz";
const RECORD: &str = "trajectory.json";

/// `trajectory.json`: enough to make the same run again, bit for bit, on the same machine and library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Version of this program.
    pub chromascope: String,
    /// The user's settings.
    pub settings: RunSettings,
    /// The resolved defaults.
    pub resolved: Resolved,
    /// Finished steps.
    pub steps_done: usize,
    /// Whether the run is complete.
    pub complete: bool,
    /// Why it is not, in words.
    pub stopped_because: Option<String>,
    /// `ᾱ` of every state of the whole run, noisiest first.
    pub alpha_bar: Vec<f64>,
    /// `λ` of the same states, nats; an infinite one is `null`.
    pub log_snr: Vec<Option<f64>>,
    /// The numbers fed to the network.
    pub timestep: Vec<f64>,
    /// Wall time of each finished step, seconds. Differs from run to run.
    pub step_seconds: Vec<f64>,
    /// SHA-256 of the `trajectory.npz` written with it; absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npz_sha256: Option<String>,
}

impl Record {
    /// The record of a trajectory so far.
    #[must_use]
    pub fn new(
        settings: RunSettings,
        resolved: Resolved,
        trajectory: &Trajectory,
        stopped_because: Option<String>,
    ) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            chromascope: env!("CARGO_PKG_VERSION").into(),
            settings,
            resolved,
            steps_done: trajectory.snapshots.len(),
            complete: trajectory.is_complete(),
            stopped_because,
            alpha_bar: trajectory.levels.iter().map(|level| level.alpha_bar()).collect(),
            log_snr: trajectory
                .levels
                .iter()
                .map(|level| Some(level.log_snr()).filter(|log_snr| log_snr.is_finite()))
                .collect(),
            timestep: trajectory.snapshots.iter().map(|snapshot| snapshot.timestep).collect(),
            step_seconds: trajectory.snapshots.iter().map(|snapshot| snapshot.seconds).collect(),
            npz_sha256: None,
        }
    }
}

impl Record {
    /// The settings that replay this run: every default is set to the value it resolved to.
    #[must_use]
    pub fn to_repeat(&self) -> RunSettings {
        let resolved = &self.resolved;
        RunSettings {
            label: resolved.label,
            null_label: resolved.null_class.map(|null| null.label).or(self.settings.null_label),
            size: Some(resolved.size()),
            provider: match resolved.provider.as_str() {
                "cuda" => ProviderChoice::Cuda,
                "rust" => ProviderChoice::Rust,
                _ => ProviderChoice::Cpu,
            },
            threads: Some(resolved.threads),
            partition: resolved.partition.or(resolved.batch_partition.first().copied()),
            ..resolved.with_its_plan(self.settings.clone())
        }
    }

    /// Checks that a run about to begin is the recorded one, bit for bit: the same model, files, schedule and
    /// settings. Returns the differences that cannot be avoided: another ONNX Runtime or version of the program.
    pub fn check_same(&self, resolved: &Resolved, trajectory: &Trajectory) -> Result<Vec<String>, ReadError> {
        let fault = |path: &str, reason: String| Err(ReadError { path: path.into(), reason });
        let (then, now) = (&self.resolved, resolved);
        if then.model_sha256 != now.model_sha256 {
            let reason = format!(
                "its SHA-256 is {}, but the record was made with {}, so the run would not be the same; restore that \
                 model, or set the settings yourself",
                now.model_sha256, then.model_sha256
            );
            return fault(&now.model, reason);
        }
        if let Some(name) = now.inputs_sha256.iter().find(|(name, hash)| then.inputs_sha256.get(*name) != Some(hash)) {
            let name = name.0;
            return fault(&now.model, format!("the {name} file is not the one the record was made with; restore it"));
        }
        if let Some(reason) = other_prompts(then, now) {
            return fault(&now.model, reason);
        }
        let alpha_bar: Vec<f64> = trajectory.levels.iter().map(|level| level.alpha_bar()).collect();
        let choices =
            |of: &Resolved| (of.spacing.clone(), of.clipping, of.variance, of.parameterization, of.image, of.label);
        let same_choices = choices(then) == choices(now);
        if !same_choices || alpha_bar != self.alpha_bar || then.batch_partition != now.batch_partition {
            let reason = "its scheduler configuration is not the one the record was made with, so the run would have \
                          other noise levels or another prediction; restore it";
            return fault(&now.model, reason.into());
        }
        let mut notes = Vec::new();
        if then.onnxruntime != now.onnxruntime {
            let name = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".into());
            let (then, now) = (name(&then.onnxruntime), name(&now.onnxruntime));
            notes.push(format!(
                "the record was made with ONNX Runtime {then} and this is {now}: the last digits may differ"
            ));
        }
        if self.chromascope != env!("CARGO_PKG_VERSION") {
            notes.push(format!("the record was made by Chromascope {}: the last digits may differ", self.chromascope));
        }
        Ok(notes)
    }
}

/// Why prompts are not what they were for the network, if so.
fn other_prompts(then: &Resolved, now: &Resolved) -> Option<String> {
    let (then, now) = (then.pipeline.as_ref()?, now.pipeline.as_ref()?);
    // The decoder looks at a run and is no part of it.
    let parts = now.parts.iter().filter(|part| !part.name.contains("decoder"));
    let changed = parts.filter(|part| then.parts.iter().any(|old| old.name == part.name && old.sha256 != part.sha256));
    let changed: Vec<&str> = changed.map(|part| part.name.as_str()).collect();
    if !changed.is_empty() {
        let parts = changed.join(" and ");
        return Some(format!(
            "its {parts} changed since the record was made, so the run would not be the same; restore it"
        ));
    }
    (then.embeddings_sha256 != now.embeddings_sha256).then(|| {
        "its tokenizer now gives the prompts other tokens than when the record was made, so the run would not be the same; \
         restore it"
            .into()
    })
}

/// Why a record cannot be read or replayed.
#[derive(Debug, thiserror::Error)]
#[error("cannot replay the run with {}: {reason}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
}

/// Reads a `trajectory.json`. It is refused if the arrays next to it belong to another run.
pub fn read_record(path: &Path) -> Result<Record, ReadError> {
    let fault = |reason: String| ReadError { path: path.into(), reason };
    let text = reading::bytes(path).map_err(|why| fault(format!("{why}; give the path of a trajectory.json")))?;
    let mut record: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|error| fault(format!("it is not JSON ({error}); give a trajectory.json")))?;
    let version = record.get("format_version").and_then(serde_json::Value::as_u64);
    match version {
        Some(version) if version == u64::from(FORMAT_VERSION) => {}
        Some(version) => {
            return Err(fault(format!(
                "its format_version is {version}, but this Chromascope reads {FORMAT_VERSION}; \
                                      use a newer Chromascope"
            )));
        }
        None => return Err(fault("it has no format_version, so it is not a trajectory.json".into())),
    }
    forget_unused_prediction(&mut record);
    let record: Record =
        serde_json::from_value(record).map_err(|error| fault(format!("it was changed or is incomplete ({error})")))?;
    let arrays = path.with_file_name(ARRAYS);
    // Without arrays next to it there is nothing to compare; older records have no digest.
    if let (Some(then), Ok(mut file)) = (&record.npz_sha256, File::open(&arrays)) {
        let now = sha256(&mut file).map_err(|error| fault(format!("{} cannot be read ({error})", arrays.display())))?;
        if now != *then {
            return Err(fault(format!(
                "the {ARRAYS} in the same folder belongs to another run; put the two files of one run together, or \
                 move {RECORD} to another folder"
            )));
        }
    }
    Ok(record)
}

/// Removes a prediction that had no effect when the record was made: until 0.1 EDM's networks and flow classes ignored the
/// setting.
fn forget_unused_prediction(record: &mut serde_json::Value) {
    let then = &record["resolved"]["parameterization"];
    let unused = then.get("Edm").is_some() || (then == "Flow" && record["settings"]["prediction"] != "flow_prediction");
    if let (true, Some(settings)) = (unused, record.get_mut("settings").and_then(serde_json::Value::as_object_mut)) {
        settings.remove("prediction");
    }
}

/// The result of [`write`].
#[derive(Clone, Debug)]
pub struct WrittenRun {
    /// The record.
    pub record: Record,
    /// The files.
    pub files: Vec<PathBuf>,
}

/// What a run leaves besides its trajectory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Further<'a> {
    /// Decoded images of a run in latents.
    pub decoded: Option<&'a DecodedSteps>,
    /// The embeddings of its prompts.
    pub embeddings: Option<&'a RunEmbeddings>,
    /// Colours of its latents, for the film strip.
    pub colours: Option<&'a LinearColours>,
}

/// Writes `trajectory.npz`, `trajectory.json` and `strip.png` into `folder`, and `image.png` if images were decoded. All are
/// complete before any is renamed.
///
/// The old record is removed first and the new one comes last. So a record always matches the files next to it, even if the
/// program is killed in between.
pub fn write(
    folder: &Path,
    trajectory: &Trajectory,
    record: &Record,
    further: Further<'_>,
) -> Result<WrittenRun, WriteError> {
    let mut arrays = Staged::write(&folder.join(ARRAYS), |file| {
        write_npz(file, trajectory, further).map_err(std::io::Error::other)
    })?;
    let record = Record { npz_sha256: Some(arrays.sha256()?), ..record.clone() };
    let json = Staged::write(&folder.join(RECORD), |file| {
        serde_json::to_writer_pretty(&mut *file, &record)?;
        file.write_all(b"\n")
    })?;
    let strip = strip::stage(folder, trajectory, further)?;
    let image = further.decoded.map_or(Ok(None), |decoded| decoded::stage(folder, decoded))?;
    json.remove_old()?;
    strip.as_ref().map_or_else(|| strip::remove_old(folder), |(_, strip)| strip.remove_old())?;
    image.as_ref().map_or_else(|| decoded::remove_old(folder), |(_, image)| image.remove_old())?;
    arrays.publish()?;
    let mut files = vec![folder.join(ARRAYS), folder.join(RECORD)];
    for (path, picture) in strip.into_iter().chain(image) {
        picture.publish()?;
        files.push(path);
    }
    json.publish()?;
    Ok(WrittenRun { record, files })
}

fn write_npz(
    file: &mut dyn WriteSeek,
    trajectory: &Trajectory,
    further: Further<'_>,
) -> Result<(), ndarray_npy::WriteNpzError> {
    let mut npz = NpzWriter::new(file);
    let steps = trajectory.snapshots.len();
    let alpha_bar: Array1<f64> = trajectory.levels[..=steps].iter().map(|level| level.alpha_bar()).collect();
    let timestep: Array1<f64> = trajectory.snapshots.iter().map(|snapshot| snapshot.timestep).collect();
    npz.add_array("alpha_bar", &alpha_bar)?;
    npz.add_array("timestep", &timestep)?;
    npz.add_array("x_t", &stack(trajectory.states(), steps + 1, trajectory.shape))?;
    npz.add_array("x0", &stack(trajectory.snapshots.iter().map(|s| &s.x0), steps, trajectory.shape))?;
    npz.add_array("eps", &stack(trajectory.snapshots.iter().map(|s| &s.eps), steps, trajectory.shape))?;
    let names: BTreeSet<PartName> = trajectory.snapshots.iter().flat_map(|s| &s.parts).map(|part| part.name).collect();
    for name in names {
        let missing = Array4::from_elem(trajectory.shape, f32::NAN);
        let of_step = |snapshot: &Arc<Snapshot>| snapshot.parts.iter().position(|part| part.name == name);
        let parts = trajectory.snapshots.iter().map(|s| of_step(s).map_or(&missing, |index| &s.parts[index].x0));
        npz.add_array(format!("x0_{}", name.key()), &stack(parts, steps, trajectory.shape))?;
    }
    if let Some(RunEmbeddings { hidden_states, pooled, .. }) = further.embeddings {
        npz.add_array("prompt_embeds", hidden_states)?;
        if let Some(pooled) = pooled {
            npz.add_array("pooled_prompt_embeds", pooled)?;
        }
    }
    if let Some((decoded, images)) = further.decoded.and_then(|decoded| decoded.stacked().map(|all| (decoded, all))) {
        let steps: Array1<i64> = decoded.steps.iter().map(|&step| i64::try_from(step).unwrap_or(i64::MAX)).collect();
        npz.add_array("decoded", &images)?;
        npz.add_array("decoded_step", &steps)?;
    }
    npz.finish()?;
    Ok(())
}

fn stack<'a>(arrays: impl Iterator<Item = &'a Array4<f32>>, count: usize, shape: [usize; 4]) -> Array5<f32> {
    let [b, c, h, w] = shape;
    let mut all = Array5::zeros([count, b, c, h, w]);
    for (mut slot, array) in all.axis_iter_mut(Axis(0)).zip(arrays) {
        slot.assign(array);
    }
    all
}
