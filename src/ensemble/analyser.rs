use super::Quantity;
use super::form::RecordLayout;
use crate::spectrum::{BandPlan, Rapsd, SpectrumError};
use ndarray::{ArrayView3, Axis};

/// An estimate at a row `[C, H, W]`, and that of the row before.
pub(super) struct EstimateAt<'a> {
    pub row: usize,
    pub now: ArrayView3<'a, f32>,
    pub before: Option<ArrayView3<'a, f32>>,
}

/// Computes spectra and band energies of one sample's images. It owns its working memory: use one per thread.
#[derive(Clone)]
pub(super) struct Analyser {
    form: RecordLayout,
    bands: BandPlan,
    rapsd: Rapsd,
    values: Vec<f64>,
}

impl Analyser {
    pub fn new(form: RecordLayout, bands: BandPlan, rapsd: Rapsd) -> Self {
        Self { form, bands, rapsd, values: Vec::new() }
    }

    pub const fn form(&self) -> RecordLayout {
        self.form
    }

    /// Writes the spectra of an image `[C, H, W]` to their position in `record`.
    pub fn spectra<T: Copy + Into<f64>>(
        &mut self,
        image: ArrayView3<T>,
        (quantity, row): (Quantity, usize),
        record: &mut [f64],
    ) -> Result<(), SpectrumError> {
        let series = self.form.series();
        for (channel, plane) in image.outer_iter().enumerate() {
            let place = self.form.psd(quantity, row, if series > 1 { 1 + channel } else { 0 });
            record[place.clone()].fill(0.0);
            self.rapsd.add_plane(plane, 1.0, &mut record[place])?;
        }
        if series > 1 {
            let mean = self.form.psd(quantity, row, 0);
            let (mean, channels) =
                record[mean.start..mean.start + series * self.form.rings].split_at_mut(self.form.rings);
            mean.fill(0.0);
            for channel in channels.chunks_exact(self.form.rings) {
                mean.iter_mut().zip(channel).for_each(|(mean, value)| *mean += value);
            }
            for mean in mean {
                *mean /= (series - 1) as f64;
            }
        }
        Ok(())
    }

    /// Writes spectra and bands of an estimate, and of its change from the one before.
    pub fn estimate(
        &mut self,
        EstimateAt { row, now, before }: EstimateAt,
        change: &mut Vec<f64>,
        record: &mut [f64],
    ) -> Result<(), SpectrumError> {
        let form = self.form;
        self.spectra(now, (Quantity::Expectation, row), record)?;
        self.energies(now, &mut record[form.bands_x0(row)])?;
        let Some((before, row_before)) = before.zip(row.checked_sub(1)) else { return Ok(()) };
        change.clear();
        change.extend(now.iter().zip(before).map(|(now, before)| f64::from(*now) - f64::from(*before)));
        let change = ArrayView3::from_shape(now.dim(), change)
            .map_err(|error| SpectrumError::Shape { expected: "a change".into(), found: error.to_string() })?;
        self.spectra(change, (Quantity::Change, row_before), record)?;
        self.energies(change, &mut record[form.bands_change(row_before)])
    }

    /// The band energies of an image `[C, H, W]`, mean over the channels, into `out` `[M + 1]`.
    pub fn energies<T: Copy + Into<f64>>(
        &mut self,
        image: ArrayView3<T>,
        out: &mut [f64],
    ) -> Result<(), SpectrumError> {
        out.fill(0.0);
        for plane in image.outer_iter() {
            self.bands.add_energies(plane, &mut self.values, out)?;
        }
        let channels = image.len_of(Axis(0)).max(1) as f64;
        for energy in out {
            *energy /= channels;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::Space;
    use crate::spectrum::{Fit, Window};
    use ndarray::Array3;

    /// Latents have 4, 16 or 32 channels.
    #[test]
    fn any_number_of_channels_is_measured_alone_and_in_the_mean() {
        let bands = BandPlan::new(8, 8, 2, 3, Fit::Pad).unwrap();
        let rapsd = || Rapsd::windowed(8, 8, Window::hann_if(false)).unwrap();
        let form = |channels| RecordLayout { steps: 1, channels, rings: 5, bands: 4, space: Space::Own };
        for channels in [1, 3, 4, 16, 32] {
            let image =
                Array3::from_shape_fn((channels, 8, 8), |(c, y, x)| ((c + 1) * (3 * y + 5 * x + x * y)) as f32 % 7.0);
            let measure = |image: ArrayView3<f32>, form: RecordLayout| {
                let mut record = vec![0.0; form.record()];
                let mut analyser = Analyser::new(form, bands, rapsd());
                let at = EstimateAt { row: 0, now: image, before: None };
                analyser.estimate(at, &mut Vec::new(), &mut record).unwrap();
                record
            };
            let (all, one) = (form(channels), form(1));
            let together = measure(image.view(), all);
            let mut mean = [0.0; 5];
            let mut energies = [0.0; 4];
            for channel in 0..channels {
                let alone = measure(image.slice(ndarray::s![channel..=channel, .., ..]), one);
                let of_one = &alone[one.psd(Quantity::Expectation, 0, 0)];
                let here = &together[all.psd(Quantity::Expectation, 0, all.series_of(Some(channel)))];
                assert!(here.iter().zip(of_one).all(|(a, b)| (a - b).abs() < 1e-9), "channel {channel} of {channels}");
                mean.iter_mut().zip(of_one).for_each(|(sum, value)| *sum += value / channels as f64);
                let of_bands = &alone[one.bands_x0(0)];
                energies.iter_mut().zip(of_bands).for_each(|(sum, value)| *sum += value / channels as f64);
            }
            let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(near(&together[all.psd(Quantity::Expectation, 0, 0)], &mean), "{channels}");
            assert!(near(&together[all.bands_x0(0)], &energies), "{channels}");
        }
    }
}
