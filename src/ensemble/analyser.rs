use super::Quantity;
use super::form::RecordLayout;
use crate::spectrum::{BandPlan, Rapsd, SpectrumError};
use ndarray::{ArrayView3, Axis};

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
