use super::{Ensemble, EnsembleError, Quantity};
use crate::figure::TimeAxis;
use crate::figure::heat_map::{Placement, PowerGrid, Rows};
use std::sync::Arc;

impl Ensemble {
    /// The time axis of this ensemble's run.
    #[must_use]
    pub fn axis(&self) -> TimeAxis {
        TimeAxis::of_steps(self.levels.clone(), self.origin.timesteps.clone())
    }

    /// Spectra by step as a grid on the axis of this ensemble's run, `[rows][F]`. `name` names the quantity, with subscripts as
    /// [`crate::figure::text::spans`] reads them.
    pub fn grid(
        &self,
        name: String,
        quantity: Quantity,
        columns: Vec<Option<Arc<[f64]>>>,
    ) -> Result<PowerGrid, EnsembleError> {
        let frequency = self.rings()?.frequency().to_vec();
        Ok(PowerGrid { name, frequency, rows: Rows::Frequencies, columns, placement: Placement::of(quantity) })
    }

    /// The mean spectra of the samples as columns of a grid, one for each row, for the channels' mean (`series` 0) or for channel `series − 1`.
    #[must_use]
    pub fn columns(&self, quantity: Quantity, series: usize) -> Vec<Option<Arc<[f64]>>> {
        (0..self.form.rows(quantity)).map(|row| Some(self.psd(quantity, row, series).into())).collect()
    }
}
