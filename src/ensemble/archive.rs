//! An ensemble in one `.npz`: the arrays that [the command line](crate::cli) documents for NumPy, and everything needed
//! to add samples later.
//!
//! f64 unless noted, index 0 the noisiest, `S` steps, `F` rings, `M` detail bands (finest first, the rest band last):
//!
//! | name | shape | |
//! |---|---|---|
//! | `f`, `count` | `[F]` | mean \|f\| of a ring's bins in cycles/pixel; the bins in it |
//! | `alpha_bar`, `log_snr` | `[S+1]` | `ᾱ` and λ of every state |
//! | `psd_xt` | `[S+1, F]` | mean spectrum of `x_t`; likewise `psd_x0`, `psd_eps` `[S, F]` and `psd_diff` `[S−1, F]` |
//! | `psd_…_channels` | `[…, C, F]` | the same per channel, if there are several |
//! | `bands_x0`, `bands_diff` | `[S, M+1]`, `[S−1, M+1]` | mean band energies |
//! | `…_var` | as the array | unbiased variance over the samples |
//! | `r_power`, `r_amplitude` | `[S−1, M]` | measured shares; `…_se` their standard errors |
//! | `n` | `[]` i64 | samples |
//! | `psd_data`, `bands_data` | `[F]`, `[M+1]` | spectrum and band energies of the final images |
//! | `origin` | `[…]` u8 | JSON: settings, model, resolved defaults |
//! | `state_…` | | running sums that the other arrays do not contain |
//!
//! If decoded images are measured too, the same arrays of them begin with `decoded_`: `decoded_f`, `decoded_psd_x0`, … Their
//! rows are the decoded steps, whose numbers are in `decoded_step` (i64), and `decoded_alpha_bar` has those of these steps and
//! of the end. `decoded_psd_final` `[1, F]` takes the place of `psd_xt`; there is no noise.
//!
//! Row i of a difference is `x̂_{i+1} − x̂_i`.

use super::bootstrap::Replicas;
use super::{DataStatistics, Ensemble, EnsembleError, Origin, Quantity, RecordLayout, Space};
use crate::denoiser::ImageShape;
use crate::reading;
use crate::session::archive::{WriteError, WriteSeek, write_whole};
use crate::spectrum::Running;
use crate::theory::{Measure, NoiseLevel};
use ndarray::{Array, ArrayD, IxDyn};
use ndarray_npy::{NpzReader, NpzWriter, ReadableElement, WritableElement};
use std::fs::File;
use std::io::{BufReader, Error};
use std::path::Path;
use std::sync::Arc;

/// What the names of the arrays of decoded images begin with.
const DECODED: &str = "decoded_";

/// The name of a quantity's array.
const fn array_of(quantity: Quantity, space: Space) -> &'static str {
    match quantity {
        Quantity::State => match space {
            Space::Own => "psd_xt",
            Space::Decoded => "psd_final",
        },
        Quantity::Expectation => "psd_x0",
        Quantity::Change => "psd_diff",
        Quantity::Noise => "psd_eps",
    }
}

/// Writes an ensemble; the module describes the arrays.
pub fn write(path: &Path, ensemble: &Ensemble) -> Result<(), WriteError> {
    write_whole(path, |file| whole_file(NpzWriter::new_compressed(file), ensemble).map_err(Error::other))
}

type Refused = Box<dyn std::error::Error + Send + Sync>;

fn whole_file(npz: NpzWriter<&mut dyn WriteSeek>, ensemble: &Ensemble) -> Result<(), Refused> {
    let mut arrays = Arrays { npz, prefix: "" };
    arrays.of(ensemble)?;
    let origin = serde_json::to_vec(&ensemble.origin)?;
    arrays.put("origin", &[origin.len()], origin)?;
    if let Some(decoded) = ensemble.decoded() {
        arrays.prefix = DECODED;
        arrays.of(decoded)?;
        let steps = decoded.steps_of_run();
        arrays.put("step", &[steps.len()], steps.into_iter().map(whole).collect())?;
    }
    arrays.npz.finish()?;
    Ok(())
}

/// A file being written, and what names begin with.
struct Arrays<'a> {
    npz: NpzWriter<&'a mut dyn WriteSeek>,
    prefix: &'static str,
}

impl Arrays<'_> {
    fn of(&mut self, ensemble: &Ensemble) -> Result<(), Refused> {
        let Ensemble { levels, form, running, replicas, images, .. } = ensemble;
        let rings = ensemble.rings()?;
        self.put("f", &[form.rings], rings.frequency().to_vec())?;
        self.put("count", &[form.rings], rings.count().iter().map(|&count| whole(count)).collect())?;
        self.put("alpha_bar", &[levels.len()], levels.iter().map(|level| level.alpha_bar()).collect())?;
        self.put("log_snr", &[levels.len()], levels.iter().map(|level| level.log_snr()).collect())?;
        self.put("n", &[], vec![whole(running.count())])?;
        self.spectra(*form, running)?;
        let measured = ensemble.measured();
        for (name, measure) in [("r_power", Measure::Power), ("r_amplitude", Measure::Amplitude)] {
            let shape = [form.changes(), form.bands - 1];
            self.put(name, &shape, measured.values(measure).to_vec())?;
            self.put(&format!("{name}_se"), &shape, measured.errors(measure).to_vec())?;
        }
        // Of no samples there is no mean.
        let psd_data = if images.count() > 0 { images.rapsd()? } else { vec![0.0; form.rings] };
        self.put("psd_data", &[form.rings], psd_data)?;
        self.put("bands_data", &[form.bands], images.bands.mean().to_vec())?;
        self.put("state_replica_weights", &[replicas.weights.len()], replicas.weights.clone())?;
        let length = form.all_bands().len();
        self.put("state_replica_sums", &[replicas.weights.len(), length], replicas.sums.clone())?;
        for (name, running) in [("bands", &images.bands), ("power", &images.power), ("image", &images.image)] {
            let length = running.mean().len();
            self.put(&format!("state_data_{name}"), &[length], running.mean().to_vec())?;
            self.put(&format!("state_data_{name}_var"), &[length], running.variance())?;
        }
        Ok(())
    }

    /// Means and variances of all spectra and bands.
    fn spectra(&mut self, form: RecordLayout, running: &Running) -> Result<(), Refused> {
        let (mean, variance) = (running.mean(), running.variance());
        for quantity in Quantity::ALL {
            let (name, rows) = (array_of(quantity, form.space), form.rows(quantity));
            if rows == 0 && form.space == Space::Decoded {
                continue;
            }
            for (suffix, of) in [("", mean), ("_var", &variance)] {
                let gather = |series: std::ops::Range<usize>| -> Vec<f64> {
                    let places =
                        (0..rows).flat_map(|row| series.clone().map(move |series| form.psd(quantity, row, series)));
                    places.flat_map(|place| of[place].iter().copied()).collect()
                };
                self.put(&format!("{name}{suffix}"), &[rows, form.rings], gather(0..1))?;
                if form.series() > 1 {
                    let shape = [rows, form.channels, form.rings];
                    self.put(&format!("{name}_channels{suffix}"), &shape, gather(1..form.series()))?;
                }
            }
        }
        for (suffix, of) in [("", mean), ("_var", &variance)] {
            let (x0, change) = of[form.all_bands()].split_at(form.steps * form.bands);
            self.put(&format!("bands_x0{suffix}"), &[form.steps, form.bands], x0.to_vec())?;
            self.put(&format!("bands_diff{suffix}"), &[form.changes(), form.bands], change.to_vec())?;
        }
        Ok(())
    }

    fn put<T: WritableElement>(&mut self, name: &str, shape: &[usize], values: Vec<T>) -> Result<(), Refused> {
        let name = format!("{}{name}", self.prefix);
        self.npz.add_array(name, &Array::from_shape_vec(IxDyn(shape), values)?)?;
        Ok(())
    }
}

/// A count as an integer of NumPy.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether this is the file name of an ensemble.
#[must_use]
pub fn is_ensemble(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
}

/// Reads a file of [`write`]; more samples can be added.
pub fn read(path: &Path) -> Result<Ensemble, EnsembleError> {
    let fault = |reason: String| EnsembleError::Read { path: path.into(), reason };
    let file = reading::file(path).map_err(|why| fault(format!("{why}; give the path of a .npz file")))?;
    let npz = NpzReader::new(BufReader::new(file)).map_err(|_| fault(NOT_AN_ARCHIVE.into()))?;
    let mut npz = Npz { file: npz, prefix: "" };
    let origin: Vec<u8> = values(&mut npz, "origin", None).map_err(|_| fault(NOT_AN_ENSEMBLE.into()))?;
    let origin: Origin = serde_json::from_slice(&origin)
        .map_err(|error| fault(format!("its \"origin\" was changed or is from another version ({error})")))?;
    restore(&mut npz, origin).map_err(fault)
}

/// A file being read, and what names begin with.
struct Npz {
    file: NpzReader<BufReader<File>>,
    prefix: &'static str,
}

/// Most samples that a file may declare; at a microsecond each they would take a quarter of an hour.
const MOST_SAMPLES: i64 = 1_000_000_000;
/// Longest side and most channels of its images.
const MOST_PIXELS_A_SIDE: usize = 16_384;
const MOST_CHANNELS: usize = 1024;
pub(super) const NOT_AN_ARCHIVE: &str =
    "it has another format or is truncated; give the path of a .npz file written by Chromascope";
const NOT_AN_ENSEMBLE: &str =
    "it has no array \"origin\", so it was not written by Chromascope; give the path of an ensemble";
const DAMAGED: &str = "so the file is damaged; copy it again or measure again";

fn restore(npz: &mut Npz, origin: Origin) -> Result<Ensemble, String> {
    let levels = read_levels(npz, origin.timesteps.len())?;
    check_image(origin.resolved.image)?;
    // Checked before allocating: this array has one value per pixel of a side.
    let _: Vec<f64> = values(npz, "state_data_image", Some(&[origin.resolved.image.len()]))?;
    let of_decoded = origin.decoded.filter(|_| origin.options.decoding.is_some());
    if let Some(image) = of_decoded {
        check_image(image)?;
        npz.prefix = DECODED;
        let _: Vec<f64> = values(npz, "state_data_image", Some(&[image.len()]))?;
        npz.prefix = "";
    }
    let most = origin.options.decoding.map_or(0, |share| share.samples);
    let mut ensemble = Ensemble::of(origin, levels).map_err(|error| error.to_string())?;
    let count = read_count(npz, 1)?;
    read_sums(npz, &mut ensemble, count)?;
    if let Some(decoded) = &mut ensemble.decoded {
        npz.prefix = DECODED;
        let of_decoded = read_count(npz, 0)?;
        if of_decoded != count.min(most) {
            return Err(format!(
                "it has {} of decoded images instead of {}, {DAMAGED}",
                crate::words::count(of_decoded, "sample"),
                count.min(most)
            ));
        }
        if of_decoded > 0 {
            read_sums(npz, Arc::make_mut(decoded), of_decoded)?;
        }
    }
    Ok(ensemble)
}

fn read_count(npz: &mut Npz, least: i64) -> Result<usize, String> {
    let count: Vec<i64> = values(npz, "n", Some(&[]))?;
    usize::try_from(count[0])
        .ok()
        .filter(|_| (least..=MOST_SAMPLES).contains(&count[0]))
        .ok_or_else(|| format!("its sample count {} is impossible, {DAMAGED}", count[0]))
}

/// The running sums of an ensemble that is still empty.
fn read_sums(npz: &mut Npz, ensemble: &mut Ensemble, count: usize) -> Result<(), String> {
    ensemble.running = read_running(npz, ensemble, count)?;
    let replicas = ensemble.replicas.weights.len();
    let length = ensemble.form.all_bands().len();
    ensemble.replicas = Replicas {
        weights: moments(npz, "state_replica_weights", ValueBounds::Power, &[replicas], count)?,
        sums: moments(npz, "state_replica_sums", ValueBounds::Power, &[replicas, length], count)?,
    };
    if !ensemble.replicas.could_be_of(count) {
        return Err(format!("its bootstrap does not have {}, {DAMAGED}", crate::words::count(count, "sample")));
    }
    let DataStatistics { bands, power, image, .. } = &mut ensemble.images;
    for (name, kind, running) in
        [("bands", ValueBounds::Power, bands), ("power", ValueBounds::Power, power), ("image", ValueBounds::Any, image)]
    {
        let (name, length) = (format!("state_data_{name}"), running.mean().len());
        let mean = moments(npz, &name, kind, &[length], count)?;
        let variance = moments(npz, &name, ValueBounds::Variance, &[length], count)?;
        *running = Running::from_moments(count, &mean, &variance);
    }
    Ok(())
}

/// The noise levels of a run with this many steps.
fn read_levels(npz: &mut Npz, steps: usize) -> Result<Vec<NoiseLevel>, String> {
    let log_snr: Vec<f64> = values(npz, "log_snr", None)?;
    // As in a plan: noise falls strictly, except that the final level may equal the last step's.
    let falls = |pair: &[f64]| pair[0] < pair[1];
    let is_schedule = match &log_snr[..] {
        [steps @ .., final_level] => {
            steps.windows(2).all(falls) && steps.last().is_some_and(|last_step| last_step <= final_level)
        }
        [] => false,
    };
    if !is_schedule {
        return Err(format!("its \"log_snr\" is not a schedule, {DAMAGED}"));
    }
    if steps + 1 != log_snr.len() {
        return Err(format!(
            "its \"log_snr\" does not have the {} of its origin, {DAMAGED}",
            crate::words::count(steps, "step")
        ));
    }
    Ok(log_snr.into_iter().map(NoiseLevel::from_log_snr).collect())
}

/// Checks that images can have the size that a file declares.
fn check_image(image: ImageShape) -> Result<(), String> {
    let sides = [image.height, image.width].iter().all(|side| (1..=MOST_PIXELS_A_SIDE).contains(side));
    if sides && (1..=MOST_CHANNELS).contains(&image.channels) {
        return Ok(());
    }
    let [channels, height, width] = [image.channels, image.height, image.width];
    Err(format!(
        "its image size {height}x{width} with {} is impossible, {DAMAGED}",
        crate::words::count(channels, "channel")
    ))
}

/// Mean and variance of all values recorded per sample.
fn read_running(npz: &mut Npz, ensemble: &Ensemble, count: usize) -> Result<Running, String> {
    let form = ensemble.form;
    let (mut mean, mut variance) = (vec![0.0; form.record()], vec![0.0; form.record()]);
    for quantity in Quantity::ALL {
        let (name, rows) = (array_of(quantity, form.space), form.rows(quantity));
        if rows == 0 && form.space == Space::Decoded {
            continue;
        }
        for (kind, into) in [(ValueBounds::Power, &mut mean), (ValueBounds::Variance, &mut variance)] {
            let mut set = |array: &str, series: std::ops::Range<usize>| -> Result<(), String> {
                let whole = [rows, form.channels, form.rings];
                let mean = [rows, form.rings];
                let shape = if array.is_empty() { &mean[..] } else { &whole[..] };
                let found = moments(npz, &format!("{name}{array}"), kind, shape, count)?;
                let places =
                    (0..rows).flat_map(|row| series.clone().map(move |series| form.psd(quantity, row, series)));
                for (place, values) in places.zip(found.chunks_exact(form.rings)) {
                    into[place].copy_from_slice(values);
                }
                Ok(())
            };
            set("", 0..1)?;
            if form.series() > 1 {
                set("_channels", 1..form.series())?;
            }
        }
    }
    let x0 = form.steps * form.bands;
    let changes = form.changes();
    for (kind, into) in [(ValueBounds::Power, &mut mean), (ValueBounds::Variance, &mut variance)] {
        let into = &mut into[form.all_bands()];
        into[..x0].copy_from_slice(&moments(npz, "bands_x0", kind, &[form.steps, form.bands], count)?);
        into[x0..].copy_from_slice(&moments(npz, "bands_diff", kind, &[changes, form.bands], count)?);
    }
    Ok(Running::from_moments(count, &mean, &variance))
}

/// The range of an array's values.
#[derive(Clone, Copy, PartialEq)]
enum ValueBounds {
    /// Any finite number.
    Any,
    /// No negative number.
    Power,
    /// No negative number, in the array with `_var` at the end of its name. There is none for one sample.
    Variance,
}

/// An array of finite numbers.
fn moments(npz: &mut Npz, name: &str, kind: ValueBounds, shape: &[usize], count: usize) -> Result<Vec<f64>, String> {
    let name = if kind == ValueBounds::Variance { format!("{name}_var") } else { name.to_owned() };
    let found: Vec<f64> = values(npz, &name, Some(shape))?;
    let may_be = |value: &f64| {
        let unknown = kind == ValueBounds::Variance && count == 1 && value.is_nan();
        unknown || value.is_finite() && (kind == ValueBounds::Any || *value >= 0.0)
    };
    match found.iter().find(|value| !may_be(value)) {
        Some(value) => Err(format!("its array \"{name}\" contains {value}, {DAMAGED}")),
        None => Ok(found),
    }
}

/// All values of an array, in order. If a shape is given the array must have it.
fn values<T: ReadableElement + Clone>(npz: &mut Npz, name: &str, shape: Option<&[usize]>) -> Result<Vec<T>, String> {
    let name = &*format!("{}{name}", npz.prefix);
    let array: ArrayD<T> =
        npz.file.by_name(name).map_err(|error| format!("its array \"{name}\" cannot be read ({error})"))?;
    match shape {
        Some(shape) if array.shape() != shape => {
            Err(format!("its array \"{name}\" has shape {:?} instead of {shape:?}, {DAMAGED}", array.shape()))
        }
        _ => Ok(array.iter().cloned().collect()),
    }
}
