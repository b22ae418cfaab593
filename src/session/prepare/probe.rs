//! A network under any words, for [`convention_check`](crate::session::convention_check).

use super::convention::check_time;
use super::model::network_as;
use super::{OpenDenoiser, OpenModel, PrepareError};
use crate::denoiser::{CancelFlag, DenoiseError, Denoised};
use crate::model::SchedulerConfig;
use crate::schedule::ModelSchedule;
use crate::session::convention_check::Network;
use crate::session::settings::RunSettings;
use crate::theory::{NetworkState, NetworkTime, NoiseLevel, Parameterization, Prediction};
use ndarray::Array4;
use std::collections::HashMap;

/// Values of a state up to which two are run at once.
const SMALL: usize = 3 * 32 * 32;
/// Side of images where the trained size is not known, pixels.
const SIDE: usize = 64;

/// An open network, whose output is read as it is.
pub struct Probe<'a> {
    model: &'a OpenModel,
    settings: &'a RunSettings,
    config: SchedulerConfig,
    schedule: ModelSchedule,
    size: (usize, usize),
    batch: usize,
    opened: HashMap<(NetworkState, NetworkTime), OpenDenoiser>,
    out: Denoised,
    cancel: CancelFlag,
}

impl<'a> Probe<'a> {
    /// Prepares a network to be checked. `cancel` stops the check between two calls.
    pub fn new(model: &'a OpenModel, settings: &'a RunSettings, cancel: CancelFlag) -> Result<Self, PrepareError> {
        // Without a configuration there is no index to check, and EDM's range of σ bounds the levels.
        let config = model.scheduler.clone().unwrap_or_else(|| SchedulerConfig::for_class("EDMEulerScheduler"));
        let schedule = config.model_schedule()?;
        let side = SIDE.next_multiple_of(model.size_multiple());
        let size = model.size(settings.size.or(model.native_size()).or(Some((side, side))), 1, 1)?;
        let values = model.contract.channels * size.0 * size.1;
        let batch = model.contract.fixed_batch().unwrap_or(if values > SMALL { 1 } else { 2 });
        let (opened, out) = (HashMap::new(), Denoised::zeros([0; 4]));
        let mut probe = Self { model, settings, config, schedule, size, batch, opened, out, cancel };
        // What every run needs, such as embeddings, is missed before the check begins.
        let time =
            NetworkTime::ALL.iter().copied().find(|time| probe.takes(*time)).unwrap_or(NetworkTime::FlowThousand);
        probe.open(NetworkState::Vp, time)?;
        Ok(probe)
    }

    fn open(&mut self, state: NetworkState, time: NetworkTime) -> Result<&mut OpenDenoiser, PrepareError> {
        let words = Parameterization {
            sigma_data: self.sigma_data(),
            ..Parameterization::new(state, time, Prediction::Sample)
        };
        let opened = match self.opened.remove(&(state, time)) {
            Some(opened) => opened,
            None => network_as(self.model, self.settings, (self.config.clone(), words), Some(self.size), 1)?,
        };
        Ok(self.opened.entry((state, time)).or_insert(opened))
    }
}

impl Network for Probe<'_> {
    fn shape(&self) -> [usize; 4] {
        [self.batch, self.model.contract.channels, self.size.0, self.size.1]
    }

    fn sigma_data(&self) -> f64 {
        self.model.convention.sigma_data
    }

    fn takes(&self, time: NetworkTime) -> bool {
        check_time(time, &self.schedule, self.model.contract.timestep.element).is_ok()
    }

    fn nearest(&self, level: NoiseLevel) -> NoiseLevel {
        self.schedule.clamp(level).0
    }

    fn output(
        &mut self,
        state: NetworkState,
        time: NetworkTime,
        x_t: &Array4<f64>,
        level: NoiseLevel,
    ) -> Result<Array4<f64>, DenoiseError> {
        self.cancel.check()?;
        let null = self.model.null_class(self.settings.null_label).map_or(0, |null| null.label);
        let mut out = std::mem::replace(&mut self.out, Denoised::zeros([0; 4]));
        out.resize(self.shape());
        let opened = self.open(state, time).map_err(|error| DenoiseError::Network(error.to_string()))?;
        // As a prediction of the image the output comes through as it is.
        opened.denoiser.denoise_classes(x_t.view(), level, &[null], &mut out)?;
        let output = out.x0.clone();
        self.out = out;
        Ok(output)
    }
}
