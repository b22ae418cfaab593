//! The check of the open model's words. No GUI.

use crate::runtime::{Busy, Checking, CheckingReport, Wake};
use crate::session::RunSettings;
use crate::session::setting::Setting;
use std::path::PathBuf;

/// What a check depends on.
const CHECKED: [Setting; 5] =
    [Setting::State, Setting::Time, Setting::Prediction, Setting::SchedulerConfig, Setting::HiddenStates];

/// The last check.
#[derive(Default)]
pub struct CheckDesk {
    last: Option<(RunSettings, Checking)>,
}

impl CheckDesk {
    /// Begins a check of the model with these settings; a check in progress is cancelled.
    pub fn start(
        &mut self,
        settings: &RunSettings,
        onnxruntime: Option<PathBuf>,
        busy: Busy,
        wake: Wake,
    ) -> std::io::Result<()> {
        self.last = None;
        let checking = Checking::start(settings.clone(), onnxruntime, busy, wake)?;
        self.last = Some((settings.clone(), checking));
        Ok(())
    }

    /// The progress or result of the check, if it was of the model with these settings.
    #[must_use]
    pub fn report(&self, settings: &RunSettings) -> Option<CheckingReport> {
        let (of, checking) = self.last.as_ref()?;
        let same = of.source == settings.source && of.ports == settings.ports;
        let same = same && CHECKED.iter().all(|setting| !setting.differs(of, settings));
        same.then(|| checking.report())
    }
}
