//! Band energies of a run's steps, computed beside the window. No GUI.

use crate::app::run_view::{EnergyKey, RunView};
use crate::runtime::{AnalysisPool, RunId, Wake};
use ndarray::Axis;

/// Energies of an image, or that there are none.
type Found = Option<Vec<f64>>;

/// Computes what a run is asked for and does not have.
pub struct Energies {
    pool: Option<AnalysisPool<(RunId, EnergyKey), Found>>,
    asked: Option<(RunId, EnergyKey)>,
}

impl Energies {
    /// `wake` is called when there is more.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        // Without the thread what is recovered is told by theory; nothing else needs it.
        Self { pool: AnalysisPool::start_keeping(1, "chromascope-energies", wake).ok(), asked: None }
    }

    /// Gives a run what has been computed for it, and asks for what it wants next. Call once a frame.
    pub fn update(&mut self, run: &RunView) {
        let Some(pool) = &self.pool else { return };
        if let Some((id, key)) = self.asked.filter(|(id, _)| *id == run.id) {
            let Some(found) = pool.get(&(id, key), || None) else { return };
            run.take_energies(key, found.as_ref().clone());
        }
        self.asked = run.wanted_energies().map(|(key, snapshot)| {
            let (plan, _, sample) = key;
            pool.get(&(run.id, key), || {
                Some(Box::new(move || {
                    let all = &snapshot.x0;
                    let image =
                        (sample < all.len_of(Axis(0))).then(|| all.slice_axis(Axis(0), (sample..=sample).into()))?;
                    plan.mean_energies(image).ok()
                }))
            });
            (run.id, key)
        });
    }
}
