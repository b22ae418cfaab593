//! Band energies of a run's steps, computed in the background. No GUI.

use crate::app::run_view::{EnergyKey, RunView};
use crate::runtime::{QuestionSlot, RunId, Wake};

/// Energies of an image, or `None` if it has no bands.
type KnownEnergies = Option<Vec<f64>>;

/// Computes the requested energies that are missing.
pub struct Energies {
    slot: QuestionSlot<(RunId, EnergyKey), KnownEnergies>,
}

impl Energies {
    /// `wake` is called when there are new results.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        // Without the thread, recovered shares come from theory. The run keeps the computed ones.
        Self { slot: QuestionSlot::start("chromascope-energies", 0, wake) }
    }

    /// Gives a run its new energies, and requests the next. Call once a frame.
    pub fn update(&mut self, run: &RunView) {
        if self.slot.take().is_some() {
            self.give(run);
        }
        if self.slot.is_waiting() {
            return;
        }
        let Some((key, image)) = run.wanted_energies() else { return };
        let plan = key.0;
        let is_known =
            self.slot.follow((run.id, key), || Some(Box::new(move || plan.mean_energies(image.view()).ok())));
        if is_known {
            self.give(run);
        }
    }

    /// Gives the answer to the run that asked.
    fn give(&self, run: &RunView) {
        if let Some(((id, key), found)) = self.slot.shown()
            && *id == run.id
        {
            run.take_energies(*key, found.as_ref().clone());
        }
    }
}
