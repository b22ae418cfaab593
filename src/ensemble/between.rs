use super::{Ensemble, Quantity};

impl Ensemble {
    /// The position of a quantity's row in flow time, which falls along a run and is finite at both ends. A change is at the middle
    /// of its step.
    #[must_use]
    pub fn flow_time(&self, quantity: Quantity, row: usize) -> f64 {
        let time = |state: usize| self.levels[state].flow_time();
        if quantity == Quantity::Change { 0.5 * (time(row) + time(row + 1)) } else { time(row) }
    }

    /// The rows of a quantity around a flow time, and the fraction between them; `None` outside the range.
    #[must_use]
    pub fn rows_around(&self, quantity: Quantity, time: f64) -> Option<(usize, usize, f64)> {
        let after = (0..quantity.rows(self.steps())).find(|&row| self.flow_time(quantity, row) <= time)?;
        let here = self.flow_time(quantity, after);
        if here == time {
            return Some((after, after, 0.0));
        }
        let before = after.checked_sub(1)?;
        let from = self.flow_time(quantity, before);
        Some((before, after, (from - time) / (from - here)))
    }
}
