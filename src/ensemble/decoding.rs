use super::analyser::{Analyser, EstimateAt};
use super::{DecodingShare, Ensemble, EnsembleError, Quantity};
use crate::denoiser::ImageShape;
use crate::model::decoder::Decoder;
use crate::spectrum::SpectrumError;
use ndarray::{Array4, ArrayView4, Axis, concatenate};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};

/// Values of images that are decoded at once: an image of 512×512×3. A decoder needs many times their memory.
const VALUES_AT_ONCE: usize = 3 * 512 * 512;

/// What turns latents into images.
pub trait ImageDecoder {
    /// The images `[B, 3, H, W]` in [−1, 1] of latents `[B, C, h, w]` as the model makes them.
    fn decode(&mut self, latents: ArrayView4<f32>) -> Result<Array4<f32>, DecodingFailed>;
}

/// Why latents could not be decoded, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodingFailed(pub String);

impl ImageDecoder for Decoder {
    fn decode(&mut self, latents: ArrayView4<f32>) -> Result<Array4<f32>, DecodingFailed> {
        Decoder::decode(self, latents).map_err(|error| DecodingFailed(error.to_string()))
    }
}

impl DecodingShare {
    /// The steps whose estimates are decoded: every N-th from the first, and the last.
    #[must_use]
    pub fn steps(self, steps: usize) -> Vec<usize> {
        (0..steps).filter(|step| step % self.every.max(1) == 0 || step + 1 == steps).collect()
    }
}

/// The records of decoded samples, and their final images.
pub(super) type DecodedSamples = (Vec<f64>, Array4<f32>);

/// The decoded samples of a batch while it is made.
pub(super) struct DecodedBatch<'a> {
    decoder: &'a mut dyn ImageDecoder,
    analyser: Analyser,
    steps: Vec<usize>,
    shape: ImageShape,
    /// The first samples of the batch are decoded.
    count: usize,
    records: Vec<f64>,
    before: Option<Array4<f32>>,
}

impl<'a> DecodedBatch<'a> {
    /// For the first `count` samples of a batch.
    pub fn new(ensemble: &Ensemble, decoder: &'a mut dyn ImageDecoder, count: usize) -> Result<Self, EnsembleError> {
        let analyser = Analyser::new(ensemble.form, ensemble.bands, ensemble.rapsd()?);
        Ok(Self {
            records: vec![0.0; count * ensemble.form.record()],
            steps: ensemble.steps_of_run(),
            shape: ensemble.origin.resolved.image,
            analyser,
            decoder,
            count,
            before: None,
        })
    }

    /// The images of latents. `told` is asked after each few whether to go on; `None` if not.
    fn images(
        &mut self,
        latents: &Array4<f32>,
        told: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Array4<f32>>, DecodingFailed> {
        let at_once = (VALUES_AT_ONCE / self.shape.len().max(1)).clamp(1, self.count.max(1));
        let mut images = Vec::new();
        for first in (0..self.count).step_by(at_once) {
            let these: Range<usize> = first..(first + at_once).min(self.count);
            let decoded = self.decoder.decode(latents.slice_axis(Axis(0), these.clone().into()))?;
            if decoded.shape() != self.shape.batch(these.len()) {
                let ImageShape { channels, height, width } = self.shape;
                let wanted = format!("{} × {channels} × {height} × {width}", these.len());
                return Err(DecodingFailed(format!(
                    "the decoder made images of shape {:?} instead of {wanted}; use the decoder of this model",
                    decoded.shape()
                )));
            }
            images.push(decoded);
            if told().is_break() {
                return Ok(None);
            }
        }
        let views: Vec<_> = images.iter().map(|images| images.view()).collect();
        concatenate(Axis(0), &views).map(Some).map_err(|error| DecodingFailed(error.to_string()))
    }

    /// Decodes and measures a step's estimates, if this step is decoded. Returns false if it was stopped.
    pub fn step(
        &mut self,
        step: usize,
        x0: &Array4<f32>,
        told: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<bool, BatchError> {
        let Ok(row) = self.steps.binary_search(&step) else { return Ok(true) };
        let Some(images) = self.images(x0, told)? else { return Ok(false) };
        let before = self.before.as_ref();
        let record = self.analyser.form().record();
        self.records.par_chunks_exact_mut(record).enumerate().try_for_each_init(
            || (self.analyser.clone(), Vec::new()),
            |(analyser, change), (sample, record)| {
                let now = images.index_axis(Axis(0), sample);
                let before = before.map(|before| before.index_axis(Axis(0), sample));
                analyser.estimate(EstimateAt { row, now, before }, change, record)
            },
        )?;
        self.before = Some(images);
        Ok(true)
    }

    /// Decodes and measures the final latents, which are often the last estimate. `None` if it was stopped.
    pub fn end(
        mut self,
        state: &Array4<f32>,
        last: Option<&Array4<f32>>,
        told: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<DecodedSamples>, BatchError> {
        let known = self.before.take().filter(|_| last == Some(state));
        let images = match known {
            Some(images) => Some(images),
            None => self.images(state, told)?,
        };
        let Some(images) = images else { return Ok(None) };
        let record = self.analyser.form().record();
        for (record, image) in self.records.chunks_exact_mut(record).zip(images.axis_iter(Axis(0))) {
            self.analyser.spectra(image, (Quantity::State, 0), record)?;
        }
        Ok(Some((self.records, images)))
    }
}

/// Why a batch cannot be decoded or measured.
pub(super) enum BatchError {
    Decoding(DecodingFailed),
    Spectrum(SpectrumError),
}

impl From<DecodingFailed> for BatchError {
    fn from(error: DecodingFailed) -> Self {
        Self::Decoding(error)
    }
}

impl From<SpectrumError> for BatchError {
    fn from(error: SpectrumError) -> Self {
        Self::Spectrum(error)
    }
}
