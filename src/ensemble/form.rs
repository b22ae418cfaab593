use super::Quantity;
use std::ops::Range;

/// The images of a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// The model's own: pixels, or latents.
    #[default]
    Own,
    /// Images decoded from latents. Only estimates and the final images are decoded, no noise.
    Decoded,
}

/// The sizes of a sample's record, and the position of each part in it: the spectra of all quantities, then the bands
/// of `E[x_0|x_t]`, then those of its change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    /// S.
    pub steps: usize,
    /// C.
    pub channels: usize,
    /// F, rings of radial frequency.
    pub rings: usize,
    /// M + 1, the rest band last.
    pub bands: usize,
    /// Of which images.
    pub space: Space,
}

impl RecordLayout {
    /// Rows of a quantity. Of decoded images the state has only one, the final image, and there is no noise.
    #[must_use]
    pub const fn rows(&self, quantity: Quantity) -> usize {
        match (self.space, quantity) {
            (Space::Decoded, Quantity::State) => 1,
            (Space::Decoded, Quantity::Noise) => 0,
            _ => quantity.rows(self.steps),
        }
    }

    /// Whether a quantity has a row at every step.
    #[must_use]
    pub const fn follows_steps(&self, quantity: Quantity) -> bool {
        matches!((self.space, quantity), (Space::Own, _) | (_, Quantity::Expectation | Quantity::Change))
    }

    /// Changes between estimates.
    #[must_use]
    pub const fn changes(&self) -> usize {
        self.rows(Quantity::Change)
    }

    /// Spectra per row: the mean of the channels, and each channel if there are several.
    #[must_use]
    pub const fn series(&self) -> usize {
        if self.channels > 1 { 1 + self.channels } else { 1 }
    }

    /// The series of a channel; without a channel, or if it does not exist, that of the mean.
    #[must_use]
    pub fn series_of(&self, channel: Option<usize>) -> usize {
        channel.filter(|channel| self.series() > 1 && *channel < self.channels).map_or(0, |channel| 1 + channel)
    }

    /// The position of a quantity's spectrum, for the mean (`series` 0) or for channel `series − 1`: `[F]`.
    #[must_use]
    pub fn psd(&self, quantity: Quantity, row: usize, series: usize) -> Range<usize> {
        let before: usize =
            Quantity::ALL.iter().take_while(|&&other| other != quantity).map(|&other| self.rows(other)).sum();
        let start = ((before + row) * self.series() + series) * self.rings;
        start..start + self.rings
    }

    /// The position of the band energies of `E[x_0|x_t]` at a step: `[M + 1]`.
    #[must_use]
    pub fn bands_x0(&self, step: usize) -> Range<usize> {
        let start = self.spectra() + step * self.bands;
        start..start + self.bands
    }

    /// The position of the band energies of the change after a step: `[M + 1]`.
    #[must_use]
    pub fn bands_change(&self, step: usize) -> Range<usize> {
        let start = self.spectra() + (self.steps + step) * self.bands;
        start..start + self.bands
    }

    /// The position of all bands, those of `E[x_0|x_t]` and then those of its changes.
    #[must_use]
    pub fn all_bands(&self) -> Range<usize> {
        self.spectra()..self.record()
    }

    /// Number of values in all spectra.
    fn spectra(&self) -> usize {
        let rows: usize = Quantity::ALL.iter().map(|&quantity| self.rows(quantity)).sum();
        rows * self.series() * self.rings
    }

    /// Number of values per sample.
    #[must_use]
    pub fn record(&self) -> usize {
        self.spectra() + (self.steps + self.changes()) * self.bands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_place() {
        let cases = [(1, 1), (5, 3), (2, 4), (3, 16), (2, 32)].map(|case| (case, Space::Own));
        for ((steps, channels), space) in cases.into_iter().chain([((4, 3), Space::Decoded)]) {
            let form = RecordLayout { steps, channels, rings: 3, bands: 2, space };
            let mut places = Vec::new();
            for quantity in Quantity::ALL {
                for row in 0..form.rows(quantity) {
                    places.extend((0..form.series()).flat_map(|series| form.psd(quantity, row, series)));
                }
            }
            places.extend((0..steps).flat_map(|step| form.bands_x0(step)));
            places.extend((1..steps).flat_map(|step| form.bands_change(step - 1)));
            assert_eq!(places, (0..form.record()).collect::<Vec<_>>());
        }
    }
}
