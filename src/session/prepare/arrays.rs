use super::{PrepareError, SettingError};
use crate::model::contract::Contract;
use crate::model::hex;
use crate::reading::{self, npy};
use crate::session::setting::Setting;
use crate::session::settings::RunSettings;
use crate::words::count;
use ndarray::{Array, Array3, Array4, Dimension};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// SHA-256 of the files that a run uses besides its model, by the setting that names them.
pub(super) type Digests = BTreeMap<String, String>;

/// A file that a run uses: the setting that names it, and its purpose for people.
#[derive(Clone, Copy)]
pub(super) struct Input {
    setting: &'static str,
    what: &'static str,
    axes: &'static [&'static str],
}

const INIT_NOISE: Input =
    Input { setting: "init_noise", what: "initial noise", axes: &["batch", "channels", "height", "width"] };
pub(super) const STEP_NOISE: Input =
    Input { setting: "step_noise", what: "step noise", axes: &["steps", "batch", "channels", "height", "width"] };
const HIDDEN_STATES: Input = Input { setting: "hidden_states", what: EMBEDDINGS, axes: &["images", "tokens", "width"] };
/// The purpose of the embeddings file of a conditioned model.
pub(crate) const EMBEDDINGS: &str = "conditioning embeddings";

/// Initial noise with a standard deviation outside this is worth a word.
const USUAL_DEVIATION: std::ops::RangeInclusive<f64> = 0.5..=2.0;

pub(super) fn initial_noise(
    path: &Path,
    shape: [usize; 4],
    digests: &mut Digests,
    notes: &mut Vec<String>,
) -> Result<Array4<f64>, PrepareError> {
    let what = INIT_NOISE.what;
    let noise: Array4<f32> = read(path, INIT_NOISE, digests)?;
    if noise.shape() != shape {
        let reason =
            format!("its shape is {:?}, but this run needs {shape:?} (batch, channels, height, width)", noise.shape());
        return Err(PrepareError::Array { path: path.into(), what, reason });
    }
    if noise.iter().any(|value| !value.is_finite()) {
        return Err(PrepareError::Array { path: path.into(), what, reason: "it contains NaN or Inf".into() });
    }
    let noise = noise.mapv(f64::from);
    let deviation = noise.std(0.0);
    if !USUAL_DEVIATION.contains(&deviation) {
        notes.push(format!(
            "the initial noise {} has a standard deviation of {deviation:.3}, but a run expects 1; scale it if that is not meant",
            path.display()
        ));
    }
    Ok(noise)
}

pub(super) fn hidden_states(
    contract: &Contract,
    settings: &RunSettings,
    digests: &mut Digests,
) -> Result<Option<Array3<f32>>, PrepareError> {
    match (&contract.hidden_states, &settings.hidden_states) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            let (setting, because) = (Setting::HiddenStates, "this model takes none".into());
            Err(SettingError::Useless { setting, value: None, because }.into())
        }
        (Some(port), None) => Err(PrepareError::NoHiddenStates { input: port.name.clone() }),
        (Some(port), Some(path)) => {
            let what = HIDDEN_STATES.what;
            let states: Array3<f32> = read(path, HIDDEN_STATES, digests)?;
            let fits = port.shape[1..].iter().zip(&states.shape()[1..]).all(|(want, is)| want.is_none_or(|w| w == *is));
            let fault = |reason: String| Err(PrepareError::Array { path: path.clone(), what, reason });
            if !fits {
                let sides = |sides: &mut dyn Iterator<Item = String>| sides.collect::<Vec<_>>().join(" x ");
                let found = sides(&mut states.shape().iter().map(usize::to_string));
                let any = |side: &Option<usize>| side.map_or_else(|| "any".to_owned(), |side| side.to_string());
                let taken = sides(&mut port.shape.iter().map(any));
                return fault(format!("its shape is {found} (images, tokens, width), but the model takes {taken}"));
            }
            let (rows, batch) = (states.shape()[0], settings.batch);
            if rows == 0 {
                return fault("it contains no embeddings; give 1, or one per image".to_owned());
            }
            if rows != 1 && rows != batch {
                let give = if batch == 1 { "1".to_owned() } else { format!("1 or {batch}") };
                let holds = count(rows, "embedding");
                return fault(format!(
                    "it contains {holds} for a batch of {batch}; give {give}, or {} {rows}",
                    Setting::Batch
                ));
            }
            Ok(Some(states))
        }
    }
}

/// Reads an array of floating-point numbers, rounded to f32, and records the digest of the same bytes.
pub(super) fn read<D: Dimension>(
    path: &Path,
    Input { setting, what, axes }: Input,
    digests: &mut Digests,
) -> Result<Array<f32, D>, PrepareError> {
    let fault = |reason: String| PrepareError::Array { path: path.into(), what, reason };
    let needed = |why: String| fault(format!("{why}; it must be a .npy file of f16, f32 or f64"));
    let bytes = reading::bytes(path).map_err(needed)?;
    digests.insert(setting.to_owned(), hex(&Sha256::digest(&bytes)));
    npy::with_axes(npy::floats(&bytes).map_err(needed)?, axes).map_err(fault)
}
