use super::analyser::{Analyser, EstimateAt};
use super::decoding::{BatchError, DecodedBatch, DecodingFailed, ImageDecoder};
use super::{Ensemble, EnsembleError, Quantity};
use crate::model::onnx::Canceller;
use crate::session::RunSettings;
use crate::session::Snapshot;
use crate::session::prepare::{Keeping, Model, Prepared, Resolved};
use crate::spectrum::SpectrumError;
use ndarray::{Array4, Axis};
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// Samples per batch at most on the CPU, so that results come often; larger batches are no faster there.
const MOST_ON_CPU: usize = 16;
/// The same on a graphics card, which needs larger batches to be busy.
const MOST_ON_GPU: usize = 64;
/// Values of state per batch, which bounds its memory: 16 images of 256×256×3.
const VALUES_A_BATCH: usize = 16 * 256 * 256 * 3;
/// Most bytes of records that a batch holds until it is complete.
const MOST_BYTES: usize = 1 << 30;

/// Time spent, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// In the sampler's steps, most of it in the model.
    pub model: f64,
    /// In spectra and bands.
    pub analysis: f64,
    /// In decoding latents, and in spectra and bands of the images.
    pub decoding: f64,
}

impl Timing {
    /// All of it.
    #[must_use]
    pub fn total(self) -> f64 {
        self.model + self.analysis + self.decoding
    }
}

/// Progress of a growing ensemble. The listener's answer continues, or stops within the step.
pub enum GatherProgress<'a> {
    /// A batch begins. Its calls can be cancelled from another thread.
    Batch {
        /// Samples in the batch.
        size: usize,
        /// Cancels its calls.
        canceller: &'a Canceller,
        /// Defaults resolved and warnings, a sentence each; with the first batch only.
        notes: &'a [String],
    },
    /// A step of the batch was made.
    Step {
        /// Complete samples before this batch.
        samples: usize,
        /// Samples of this batch.
        batch: usize,
        /// Steps made.
        step: usize,
        /// Steps in all.
        steps: usize,
        /// Time spent so far.
        timing: Timing,
    },
    /// Some latents of a step were decoded; more may follow. The listener may stop here too.
    Decoded,
    /// The batch is complete and counted.
    Grown(&'a Ensemble),
}

/// How gathering ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GatherEnd {
    /// All samples are done.
    Complete(Timing),
    /// The listener stopped it; earlier batches are kept.
    Stopped(Timing),
}

impl GatherEnd {
    /// Time spent.
    #[must_use]
    pub const fn timing(self) -> Timing {
        match self {
            Self::Complete(timing) | Self::Stopped(timing) => timing,
        }
    }
}

/// Adds samples until there are `target`, in batches of at most `batch`. `None` begins with one sample
/// and grows to a size that suits image and provider. A batch that fails or is stopped
/// leaves the earlier ones unchanged. If the ensemble also measures decoded images, the model's decoder is opened for them.
pub fn gather(
    ensemble: &mut Ensemble,
    model: &Model,
    target: usize,
    batch: Option<usize>,
    told: &mut dyn FnMut(GatherProgress) -> ControlFlow<()>,
) -> Result<GatherEnd, EnsembleError> {
    let (mut decoder, mut notes) = (None, Vec::new());
    if let Some((opened, note)) = ensemble.decoder_up_to(target)? {
        (decoder, notes) = (Some(opened), note.into_iter().collect());
    }
    let decoder = decoder.as_mut().map(|decoder| decoder as &mut dyn ImageDecoder);
    gather_noting(ensemble, model, (decoder, notes), (target, batch), told)
}

/// The same with a decoder of your own.
pub fn gather_with(
    ensemble: &mut Ensemble,
    model: &Model,
    decoder: Option<&mut dyn ImageDecoder>,
    (target, batch): (usize, Option<usize>),
    told: &mut dyn FnMut(GatherProgress) -> ControlFlow<()>,
) -> Result<GatherEnd, EnsembleError> {
    gather_noting(ensemble, model, (decoder, Vec::new()), (target, batch), told)
}

fn gather_noting(
    ensemble: &mut Ensemble,
    model: &Model,
    (mut decoder, of_decoder): (Option<&mut dyn ImageDecoder>, Vec<String>),
    (target, batch): (usize, Option<usize>),
    told: &mut dyn FnMut(GatherProgress) -> ControlFlow<()>,
) -> Result<GatherEnd, EnsembleError> {
    let mut timing = Timing::default();
    let most = batch.unwrap_or_else(|| suiting(ensemble)).max(1);
    let grows = batch.is_none();
    let decoded = ensemble.decoded.as_ref().map_or(0, |decoded| decoded.form.record());
    let bytes = (ensemble.form.record() + decoded) * size_of::<f64>();
    if bytes > MOST_BYTES {
        return Err(EnsembleError::Memory { steps: ensemble.steps(), gigabytes: bytes as f64 / 1e9 });
    }
    let most = most.min(MOST_BYTES / bytes.max(1)).max(1);
    let mut first = true;
    while ensemble.samples() < target {
        // The first result comes after one sample; then batches double.
        let most = if grows { most.min(ensemble.samples() + 1) } else { most };
        let size = most.min(target - ensemble.samples());
        let origin = &ensemble.origin;
        // Keep the spacing of the first samples, even if this version of the program has another default.
        let settings = RunSettings {
            batch: size,
            first_sample: ensemble.samples() as u64,
            ..origin.resolved.with_its_plan(origin.settings.clone())
        };
        let mut prepared = model.prepare(&settings, Keeping::LatestStep)?;
        ensemble.check(&prepared)?;
        let mut notes = Vec::new();
        if std::mem::take(&mut first) {
            notes.extend(origin.resolved.spacing_because.clone());
            notes.append(&mut prepared.notes);
            notes.extend(of_decoder.iter().cloned());
        }
        let stopped = Ok(GatherEnd::Stopped(timing));
        if told(GatherProgress::Batch { size, canceller: &prepared.canceller, notes: &notes }).is_break() {
            return stopped;
        }
        let of_batch = decoder.as_mut().map(|decoder| &mut **decoder as &mut dyn ImageDecoder);
        let decoding = ensemble.decoding(of_batch, size)?;
        let Some(made) = sample(ensemble, &mut prepared, (size, decoding), &mut timing, told)? else {
            return Ok(GatherEnd::Stopped(timing));
        };
        let began = Instant::now();
        ensemble.take(&made)?;
        timing.analysis += began.elapsed().as_secs_f64();
        if told(GatherProgress::Grown(ensemble)).is_break() {
            return Ok(if ensemble.samples() < target {
                GatherEnd::Stopped(timing)
            } else {
                GatherEnd::Complete(timing)
            });
        }
    }
    Ok(GatherEnd::Complete(timing))
}

/// The batch size that suits an image and a provider.
fn suiting(ensemble: &Ensemble) -> usize {
    let resolved = &ensemble.origin.resolved;
    let most = if resolved.provider == "cuda" { MOST_ON_GPU } else { MOST_ON_CPU };
    (VALUES_A_BATCH / resolved.image.len().max(1)).clamp(1, most)
}

/// A complete batch.
struct MadeBatch {
    own: MadeImages,
    decoded: Option<MadeImages>,
}

/// What was measured of a batch.
struct MadeImages {
    /// One record per sample, `[B][record]`.
    records: Vec<f64>,
    /// The final images, `[B, C, H, W]`.
    images: Arc<Array4<f32>>,
}

/// Makes a batch; `None` if it was stopped.
fn sample(
    ensemble: &Ensemble,
    prepared: &mut Prepared,
    (size, mut decoding): (usize, Option<DecodedBatch>),
    timing: &mut Timing,
    told: &mut dyn FnMut(GatherProgress) -> ControlFlow<()>,
) -> Result<Option<MadeBatch>, EnsembleError> {
    let (form, samples) = (ensemble.form, ensemble.samples());
    let analyser = Analyser::new(form, ensemble.bands, ensemble.rapsd()?);
    let mut records = vec![0.0; size * form.record()];
    let mut trajectory = prepared.run.trajectory();
    let mut before: Option<Arc<Snapshot>> = None;
    let steps = form.steps;
    let (first, last) = (samples + 1, samples + size);
    let fault = |error: BatchError| match error {
        BatchError::Decoding(source) => EnsembleError::Decode { first, last, source },
        BatchError::Spectrum(error) => error.into(),
    };
    for step in 1..=steps {
        let began = Instant::now();
        let snapshot = match prepared.run.step(&mut trajectory) {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => break,
            Err(error) if error.is_cancelled() => return Ok(None),
            Err(source) => return Err(EnsembleError::Run { first, last, source }),
        };
        trajectory.snapshots.clear();
        let made = Instant::now();
        timing.model += (made - began).as_secs_f64();
        let last = (step == steps).then(|| &*trajectory.state);
        analyse(&analyser, &snapshot, before.as_deref(), last, &mut records)?;
        let analysed = Instant::now();
        timing.analysis += (analysed - made).as_secs_f64();
        if let Some(batch) = &mut decoding {
            if !batch.step(step - 1, &snapshot.x0, &mut || told(GatherProgress::Decoded)).map_err(fault)? {
                return Ok(None);
            }
            timing.decoding += analysed.elapsed().as_secs_f64();
        }
        before = Some(snapshot);
        if told(GatherProgress::Step { samples, batch: size, step, steps, timing: *timing }).is_break() {
            return Ok(None);
        }
    }
    let mut decoded = None;
    if let Some(batch) = decoding {
        let began = Instant::now();
        let last = before.as_ref().map(|snapshot| &snapshot.x0);
        let made = batch.end(&trajectory.state, last, &mut || told(GatherProgress::Decoded)).map_err(fault)?;
        let Some((records, images)) = made else { return Ok(None) };
        timing.decoding += began.elapsed().as_secs_f64();
        decoded = Some(MadeImages { records, images: Arc::new(images) });
    }
    Ok(Some(MadeBatch { own: MadeImages { records, images: trajectory.state }, decoded }))
}

/// Writes a step's images into their samples' records, on all cores. `last` is the state after the last step.
fn analyse(
    analyser: &Analyser,
    snapshot: &Snapshot,
    before: Option<&Snapshot>,
    last: Option<&Array4<f32>>,
    records: &mut [f64],
) -> Result<(), SpectrumError> {
    let form = analyser.form();
    let step = snapshot.step;
    records.par_chunks_exact_mut(form.record()).enumerate().try_for_each_init(
        || (analyser.clone(), Vec::new()),
        |(analyser, change): &mut (Analyser, Vec<f64>), (sample, record)| {
            let now = snapshot.x0.index_axis(Axis(0), sample);
            let before = before.map(|before| before.x0.index_axis(Axis(0), sample));
            analyser.spectra(snapshot.x_t.index_axis(Axis(0), sample), (Quantity::State, step), record)?;
            analyser.spectra(snapshot.eps.index_axis(Axis(0), sample), (Quantity::Noise, step), record)?;
            analyser.estimate(EstimateAt { row: step, now, before }, change, record)?;
            if let Some(last) = last {
                analyser.spectra(last.index_axis(Axis(0), sample), (Quantity::State, step + 1), record)?;
            }
            Ok(())
        },
    )
}

impl Ensemble {
    /// Checks that a run about to begin belongs to this ensemble.
    fn check(&self, prepared: &Prepared) -> Result<(), EnsembleError> {
        let (here, there) = (&self.origin.resolved, &prepared.resolved);
        let prompts = |of: &Resolved| of.pipeline.as_ref().map(|pipeline| pipeline.embeddings_sha256.clone());
        let different = [
            (here.model_sha256 != there.model_sha256, "model"),
            (here.image != there.image, "size"),
            (here.label != there.label, "class"),
            (prompts(here) != prompts(there), "embedding of its prompts"),
            (here.clipping != there.clipping || here.parameterization != there.parameterization, "configuration"),
            (self.levels != prepared.run.levels(), "schedule"),
        ];
        different.into_iter().find(|(differs, _)| *differs).map_or(Ok(()), |(_, what)| Err(EnsembleError::Other(what)))
    }

    /// What decodes the samples of the next batch, if any of them are to be decoded.
    fn decoding<'a>(
        &self,
        decoder: Option<&'a mut (dyn ImageDecoder + 'a)>,
        size: usize,
    ) -> Result<Option<DecodedBatch<'a>>, EnsembleError> {
        let Some((decoded, count)) = self.decoded.as_deref().zip(self.decoded_of(size)) else { return Ok(None) };
        let Some(decoder) = decoder else {
            let source =
                DecodingFailed("this model has no decoder; add samples with the model they were made with".into());
            return Err(EnsembleError::Decode { first: self.samples() + 1, last: self.samples() + size, source });
        };
        DecodedBatch::new(decoded, decoder, count).map(Some)
    }

    /// Counts a batch, that of the decoded images too.
    fn take(&mut self, made: &MadeBatch) -> Result<(), EnsembleError> {
        // First, because it can fail.
        self.images.push(made.own.images.axis_iter(Axis(0)))?;
        self.count(&made.own.records);
        if let Some((decoded, made)) = self.decoded.as_mut().zip(made.decoded.as_ref()) {
            let decoded = Arc::make_mut(decoded);
            decoded.images.push(made.images.axis_iter(Axis(0)))?;
            decoded.count(&made.records);
        }
        Ok(())
    }

    /// Counts records sample by sample, so that the batch size does not affect the result.
    fn count(&mut self, records: &[f64]) {
        for record in records.chunks_exact(self.form.record()) {
            self.replicas.push(self.running.count(), &record[self.form.all_bands()]);
            self.running.push(record);
        }
    }
}
