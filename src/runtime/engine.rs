//! The worker's engine: the open model, and runs made from it.

use super::fault::Fault;
use crate::session::prepare::{Keeping, LoadProgress, Model, ModelInfo, Prepared};
use crate::session::settings::RunSettings;
use std::path::PathBuf;
use std::sync::Arc;

/// Opens models and prepares runs. A trait, so that the worker can be tested with runs that block, fail and panic.
pub(super) trait Engine: Send {
    /// Whether the open model is the one that these settings need.
    fn serves(&self, settings: &RunSettings) -> bool;

    /// Opens the settings' model in place of the open one. `progress` may stop it by `false`.
    fn open(&mut self, settings: &RunSettings, progress: &LoadProgress) -> Result<(), Fault>;

    /// Details of the open model, with the notes of its opening.
    fn opened(&self) -> Option<(Arc<ModelInfo>, Vec<String>)>;

    /// Prepares a run of the open model. `progress` may stop it by `false`.
    fn prepare(&mut self, settings: &RunSettings, progress: &LoadProgress) -> Result<Prepared, Fault>;

    /// Drops the open model.
    fn forget(&mut self);
}

/// The program's engine.
pub(super) struct ModelEngine {
    onnxruntime: Option<PathBuf>,
    model: Option<Model>,
}

impl ModelEngine {
    pub(super) fn new(onnxruntime: Option<PathBuf>) -> Self {
        Self { onnxruntime, model: None }
    }
}

impl Engine for ModelEngine {
    fn serves(&self, settings: &RunSettings) -> bool {
        self.model.as_ref().is_some_and(|model| model.serves(settings))
    }

    fn open(&mut self, settings: &RunSettings, progress: &LoadProgress) -> Result<(), Fault> {
        // Two large models need not be in memory at once.
        self.model = None;
        let opened = Model::open_with_progress(settings, self.onnxruntime.as_deref(), progress);
        self.model = Some(opened.map_err(|error| Fault::from(&error))?);
        Ok(())
    }

    fn opened(&self) -> Option<(Arc<ModelInfo>, Vec<String>)> {
        self.model.as_ref().map(|model| (Arc::clone(model.info()), model.notes().to_vec()))
    }

    fn prepare(&mut self, settings: &RunSettings, progress: &LoadProgress) -> Result<Prepared, Fault> {
        let model = self.model.as_ref().ok_or_else(|| Fault::new(super::FaultPlace::Program, "no model is open"))?;
        model.prepare_with_progress(settings, Keeping::LatestStep, progress).map_err(|error| Fault::from(&error))
    }

    fn forget(&mut self) {
        self.model = None;
    }
}
