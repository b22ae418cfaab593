//! `chromascope spectrum`: measures many samples of a model, step by step.

mod report;

use self::report::{json, reported, sheet, table};
use super::progress::{Bar, bar, cancel_on_interrupt};
use super::run_options::{OfSamples, RunOptions, count};
use super::{Ended, Failure, interrupt, interrupted, output};
use crate::ensemble::{
    self, Calibration, DEFAULT_SAMPLES, DataStatistics, DecodingShare, Ensemble, EnsembleError, Findings,
    GatherProgress, Options, Timing, samples_in_words,
};
use crate::figure::draw::{DEFAULT_SCALE, Format};
use crate::model::onnx::Canceller;
use crate::session::archive::Destinations;
use crate::session::elsewhere::{self, Elsewhere, Lost};
use crate::session::prepare::{LoadProgress, Loading, Model};
use crate::session::schedule_file::has_ending;
use crate::session::settings::Decode;
use crate::words;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Measure many samples: power spectra per step, band energies, and the chromatogram compared with theory
///
/// Writes a .npz; index 0 is the noisiest. Arrays: f, count [F]; alpha_bar [S+1]; psd_xt [S+1, F], psd_x0, psd_eps [S,
/// F], psd_diff [S−1, F], bands_x0 [S, M+1], bands_diff [S−1, M+1] (finest first, the rest band last), each with _var,
/// the unbiased variance over samples; r_power, r_amplitude [S−1, M] with _se; n. Row i of a difference is from step i
/// to the next. The names of arrays of decoded images begin with decoded_. Ctrl-C keeps the finished samples.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunOptions<OfSamples>,
    #[command(flatten)]
    form: MeasureOptions,
    /// Number of samples, with the noise of samples 0, 1, 2, … of the seed. With --add, 0 reports and draws the samples
    /// in the file
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SAMPLES, value_parser = whole, allow_negative_numbers = true)]
    samples: usize,
    /// Samples per batch; it changes the results only by rounding [default: by image size and provider]
    #[arg(long, short, value_name = "B", value_parser = count, allow_negative_numbers = true)]
    batch: Option<usize>,
    /// Calibrate theory on the images in this folder, cropped and resized to the sample size, instead of on the final
    /// images. The choice is printed, and not stored in the .npz
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Add --samples samples to this .npz, with its model and settings, and rewrite it unless --out is given
    #[arg(long, value_name = "FILE.npz")]
    add: Option<PathBuf>,
    /// Output .npz file
    #[arg(long, short, value_name = "FILE.npz", required_unless_present = "add")]
    out: Option<PathBuf>,
    /// Draw the spectra of change and the measured chromatogram over theory
    #[arg(long, value_name = "FILE", help = format!("Draw the spectra of change and the measured chromatogram over theory as {}", Format::endings()))]
    plot: Option<PathBuf>,
    /// Theory to draw: without data, from the variance of every band, or from the power of every frequency
    #[arg(long, value_enum, default_value_t = Calibration::Calibrated)]
    theory: Calibration,
    /// What to report and draw of a model of latents: latents, decoded images, or both. Decoded images are measured only if
    /// they are asked for here, as decoding takes time [default: what --decode-steps, --decode-samples or the file of --add say,
    /// else latents]
    #[arg(long, value_enum)]
    space: Option<SpaceChoice>,
    /// Print the comparison with theory as JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What to measure of each sample: the same for all samples of a file.
#[derive(Debug, clap::Args)]
pub(super) struct MeasureOptions {
    /// Number M of resolution levels [default: all levels of the image]
    #[arg(long, value_name = "M", value_parser = count, allow_negative_numbers = true)]
    levels: Option<usize>,
    /// Factor n between resolution levels
    #[arg(long, value_name = "n", default_value_t = 2)]
    factor: usize,
    /// Use a Hann window, because images are not periodic
    #[arg(long)]
    hann: bool,
    /// Decode the estimates of every N-th step, and of the last, and measure these images too [default: about ten steps]
    #[arg(long, value_name = "every:N", value_parser = every)]
    decode_steps: Option<usize>,
    /// Decode the first K samples, and measure these images too
    #[arg(long, value_name = "K", value_parser = count, allow_negative_numbers = true, help = format!("Decode the first K samples, and measure these images too [default: {}]", DecodingShare::suiting(1).samples))]
    decode_samples: Option<usize>,
}

impl MeasureOptions {
    fn asks_to_decode(&self) -> bool {
        self.decode_steps.is_some() || self.decode_samples.is_some()
    }

    fn options(&self, space: Option<SpaceChoice>, steps: usize) -> Result<Options, OnlyLatents> {
        let decodes = match space {
            Some(SpaceChoice::Latents) if self.asks_to_decode() => return Err(OnlyLatents),
            None => self.asks_to_decode(),
            Some(space) => space != SpaceChoice::Latents,
        };
        let usual = DecodingShare::suiting(steps);
        let share = DecodingShare {
            every: self.decode_steps.unwrap_or(usual.every),
            samples: self.decode_samples.unwrap_or(usual.samples),
        };
        Ok(Options { factor: self.factor, levels: self.levels, hann: self.hann, decoding: decodes.then_some(share) })
    }
}

/// What is reported and drawn of a model of latents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SpaceChoice {
    Latents,
    Decoded,
    Both,
}

/// Parses "every:5".
fn every(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(Decode::Every(every)) => Ok(every),
        _ => Err("use every:N, such as every:5".into()),
    }
}

/// A share to decode, of samples that are not decoded.
#[derive(Debug, thiserror::Error)]
#[error("--space latents decodes nothing; leave out --decode-steps and --decode-samples, or set --space both")]
struct OnlyLatents;

/// Decoded images of a file that has none.
#[derive(Debug, thiserror::Error)]
#[error("{} has no decoded images; measure again with --space both, or set --space latents", .0.display())]
struct NoneDecoded(PathBuf);

fn whole(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "use a whole number".into())
}

/// Samples are stored only as .npz.
#[derive(Debug, thiserror::Error)]
#[error("--out {} should end in .npz", .0.display())]
struct NoNpz(PathBuf);

/// Zero samples without a file of samples.
#[derive(Debug, thiserror::Error)]
#[error("--samples 0 measures nothing; give at least 1, or a file with --add")]
struct NoSamples;

pub(super) fn run(arguments: &Arguments, onnxruntime: Option<&Path>) -> Result<Ended, Failure> {
    // Reported before hundreds of samples are made.
    let format = arguments.plot.as_deref().map(Format::from_path).transpose()?;
    let mut places = Destinations::default();
    for path in [&arguments.out, &arguments.plot].into_iter().flatten() {
        places.take(path)?;
    }
    if let Some(out) = arguments.out.as_ref().filter(|out| out.extension().is_some() && !has_ending(out, "npz")) {
        return Err(NoNpz(out.clone()).into());
    }
    // Claimed before it is read, so that no other process adds to it in between.
    let written_again = arguments.add.as_deref().filter(|_| arguments.out.is_none() && arguments.samples > 0);
    if let Some(no_file) = written_again.filter(|path| !path.is_file()) {
        // Reported as a file that cannot be read, not as one that cannot be written.
        ensemble::read(no_file)?;
    }
    written_again.map_or(Ok(()), |path| places.take(path))?;
    let begun = arguments.add.as_deref().map(ensemble::read).transpose()?;
    if let (Some(file), Some(begun), Some(SpaceChoice::Decoded | SpaceChoice::Both)) =
        (&arguments.add, &begun, arguments.space)
        && begun.decoded().is_none()
    {
        return Err(NoneDecoded(file.clone()).into());
    }
    let reading = bar(0, "reading images");
    let progress = |loading| reading.loading(&loading);
    let (ensemble, data, outcome) = match begun {
        Some(ensemble) if arguments.samples == 0 => {
            let data = arguments.data(&ensemble, &progress)?;
            (ensemble, data, Ok(ensemble::GatherEnd::Complete(Timing::default())))
        }
        None if arguments.samples == 0 => return Err(NoSamples.into()),
        begun => measured(arguments, begun, onnxruntime, &progress)?,
    };
    reading.finish_and_clear();
    let samples = ensemble.samples();
    if samples == 0 {
        outcome?;
        output::message("stopped before the first sample was finished, so nothing was written");
        return Err(Failure::Interrupted);
    }
    let mut out = arguments.out.as_ref().or(arguments.add.as_ref()).cloned().unwrap_or_default();
    let mut elsewhere = None;
    if arguments.samples > 0 || arguments.out.is_some() {
        (out, elsewhere) = keep(&ensemble, &out, &std::env::temp_dir())?;
    }
    let findings = Findings::of(Arc::new(ensemble), data.map(Arc::new))?;
    let mut drawn = Ok(());
    if let Some((path, format)) = arguments.plot.as_deref().zip(format) {
        let sheet = sheet(&findings, arguments.theory, arguments.space)?;
        drawn = output::file(path, &sheet.to_bytes(format, DEFAULT_SCALE)?, "the figure is");
    }
    let timing = outcome.as_ref().map_or_else(|_| Timing::default(), |ended| ended.timing());
    let plot = arguments.plot.as_deref();
    if arguments.json {
        output::result(&serde_json::to_string_pretty(&json(&findings, (&out, plot), timing))?)?;
    } else {
        let Timing { model, analysis, decoding } = timing;
        let of_decoding = if decoding > 0.0 { format!(", decoding {decoding:.1} s") } else { String::new() };
        let spent = format!("sampling {model:.1} s, spectra and bands {analysis:.1} s{of_decoding}");
        let drawn = plot.map_or_else(String::new, |plot| format!("\n{}", plot.display()));
        let tables: Vec<String> = reported(&findings, arguments.space).into_iter().map(table).collect();
        output::result(&format!("{}\n{spent}{drawn}\n{}", tables.join("\n\n"), out.display()))?;
    }
    if let Some(elsewhere) = elsewhere {
        outcome?;
        return Err(elsewhere.into());
    }
    drawn?;
    match outcome? {
        ensemble::GatherEnd::Complete(_) => Ok(Ended::Well),
        ensemble::GatherEnd::Stopped(_) => {
            output::message(&format!("stopped; {} kept in {}", are(samples), out.display()));
            Err(Failure::Interrupted)
        }
    }
}

/// "the 24 samples are".
fn are(samples: usize) -> String {
    format!("the {} {}", samples_in_words(samples), words::is_or_are(samples))
}

/// Writes an ensemble to its path, or on failure into a new folder in `shelter`. Returns where it is, and a sentence
/// if that is not its path.
fn keep(ensemble: &Ensemble, out: &Path, shelter: &Path) -> Result<(PathBuf, Option<Elsewhere>), Lost> {
    let samples = are(ensemble.samples());
    let kept = elsewhere::write(out, shelter, &samples, |path| ensemble::write(path, ensemble))?;
    let told = kept.told(&samples, "; continue with `chromascope spectrum --add`");
    Ok((kept.at, told))
}

impl Arguments {
    /// The images that calibrate the theory, if a folder is given.
    fn data(&self, ensemble: &Ensemble, progress: &LoadProgress) -> Result<Option<DataStatistics>, EnsembleError> {
        // Images of a folder are no latents.
        let alike = ensemble.decoded().map_or(ensemble, |decoded| decoded);
        let images = |done, total| progress(Loading::Images { done, total });
        self.data.as_deref().map(|folder| DataStatistics::of_folder(folder, alike, &images)).transpose()
    }
}

/// The ensemble, and how its measurement ended.
type Gathered = (Ensemble, Option<DataStatistics>, Result<ensemble::GatherEnd, EnsembleError>);

/// Measures the requested samples. Returns the ensemble and how its measurement ended.
fn measured(
    arguments: &Arguments,
    begun: Option<Ensemble>,
    onnxruntime: Option<&Path>,
    progress: &LoadProgress,
) -> Result<Gathered, Failure> {
    let settings = match &begun {
        Some(ensemble) => ensemble.origin().settings.clone(),
        None => arguments.run.settings()?,
    }
    .with_absolute_paths();
    let model = Model::open_with_progress(&settings, onnxruntime, progress)?;
    for note in model.notes() {
        output::message(note);
    }
    let options = arguments.form.options(arguments.space, settings.effective_steps())?;
    let mut ensemble = match begun {
        Some(ensemble) => ensemble,
        None => Ensemble::begin(&model, &settings, options)?,
    };
    // Read first: hundreds of samples should not be made for a folder that cannot be read.
    let data = arguments.data(&ensemble, progress)?;
    interrupt::ask_first();
    let outcome = gather(&mut ensemble, &model, arguments);
    Ok((ensemble, data, outcome))
}

fn gather(ensemble: &mut Ensemble, model: &Model, arguments: &Arguments) -> Result<ensemble::GatherEnd, EnsembleError> {
    let target = ensemble.samples().saturating_add(arguments.samples);
    let bar = bar(arguments.samples.saturating_mul(ensemble.steps()), "measuring");
    let before = ensemble.samples();
    let (finished, canceller) = (AtomicBool::new(false), Mutex::new(None));
    let current = || canceller.lock().unwrap_or_else(PoisonError::into_inner).clone();
    std::thread::scope(|scope| {
        scope.spawn(|| cancel_on_interrupt(current, &finished));
        let mut told = |progress: GatherProgress| {
            tell(&bar, &canceller, before, progress);
            if interrupted().load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = ensemble::gather(ensemble, model, target, arguments.batch, &mut told);
        finished.store(true, Ordering::Relaxed);
        bar.finish_and_clear();
        outcome
    })
}

fn tell(bar: &Bar, current: &Mutex<Option<Canceller>>, before: usize, progress: GatherProgress) {
    match progress {
        GatherProgress::Batch { canceller, notes, .. } => {
            *current.lock().unwrap_or_else(PoisonError::into_inner) = Some(canceller.clone());
            for note in notes {
                output::message(note);
            }
        }
        GatherProgress::Step { samples, batch, step, steps, .. } => {
            bar.set_position((samples - before) * steps + batch * step);
        }
        GatherProgress::Grown(_) | GatherProgress::Decoded => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::RunSettings;
    use crate::session::settings::{ModelSource, ProviderChoice};

    #[test]
    fn what_cannot_be_written_is_kept_elsewhere_or_said_to_be_lost() {
        let source = ModelSource::Model("gaussian-64".into());
        let settings = RunSettings { provider: ProviderChoice::Rust, steps: 2, ..RunSettings::new(source) };
        let model = Model::open(&settings, None, &|_, _| true).unwrap();
        let mut ensemble = Ensemble::begin(&model, &settings, Options::default()).unwrap();
        ensemble::gather(&mut ensemble, &model, 1, None, &mut |_| ControlFlow::Continue(())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (out, shelter) = (folder.path().join("none/out.npz"), folder.path().join("shelter"));
        let told = keep(&ensemble, &out, &shelter).err().unwrap().to_string();
        assert!(told.starts_with(&format!("cannot write {}: ", out.display())), "{told}");
        assert!(told.contains("; the 1 sample is lost, "), "{told}");
        std::fs::create_dir(&shelter).unwrap();
        let (kept, told) = keep(&ensemble, &out, &shelter).unwrap();
        assert!(kept.starts_with(&shelter));
        assert_eq!(ensemble::read(&kept).unwrap().samples(), 1);
        let told = told.unwrap().to_string();
        assert!(told.contains(&format!("the 1 sample is kept in {} instead", kept.display())), "{told}");
        let there = folder.path().join("out.npz");
        assert!(matches!(keep(&ensemble, &there, &shelter), Ok((at, None)) if at == there));
    }
}
