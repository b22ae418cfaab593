//! The ensembles of the window: the current one, measured or opened, and the pinned one. No GUI.

use crate::app::intent::EnsembleUse;
use crate::app::pane_id::PaneId;
use crate::app::saving::Save;
use crate::ensemble::{self, Ensemble, Findings, Options, Origin, Space};
use crate::figure::text::verbatim;
use crate::runtime::{Busy, DataSource, Fault, FaultPlace, Measuring, MeasuringReport, Order, Wake};
use crate::session::RunSettings;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What measuring needs from the window.
pub struct Means {
    /// The ONNX Runtime library given on the command line.
    pub onnxruntime: Option<PathBuf>,
    /// Whether a run is in progress, during which measuring pauses.
    pub busy: Busy,
    /// Asks for a frame.
    pub wake: Wake,
}

/// Ensembles in the window.
#[derive(Default)]
pub struct MeasureDesk {
    measuring: Option<Measuring>,
    /// The last report.
    report: Option<MeasuringReport>,
    /// The findings before the newest measurement reported anything, or those that were opened.
    earlier: Option<Arc<Findings>>,
    compared: Option<Compared>,
    data: Option<PathBuf>,
    /// Which images are shown where both latents and decoded images were measured.
    space: Space,
    /// A counter of changes of the findings.
    version: u64,
    filed: Filed,
}

/// Which ensembles are in a file: the same number of samples of the same run means the same ensemble.
#[derive(Clone, Default)]
struct Filed(Arc<Mutex<Vec<(Origin, usize)>>>);

impl Filed {
    fn add(&self, ensemble: &Ensemble) {
        let mut filed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        filed.push((ensemble.origin().clone(), ensemble.samples()));
    }

    fn has(&self, ensemble: &Ensemble) -> bool {
        let filed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        filed.iter().any(|(origin, samples)| *samples == ensemble.samples() && origin == ensemble.origin())
    }
}

/// A pinned ensemble.
#[derive(Clone)]
pub struct Compared {
    /// Its file, or its title.
    pub name: String,
    /// Its findings, of decoded images if those are shown.
    pub findings: Arc<Findings>,
    whole: Arc<Findings>,
}

impl Compared {
    fn new(name: String, whole: Arc<Findings>, space: Space) -> Self {
        Self { name, findings: Arc::clone(in_space(&whole, space)), whole }
    }
}

/// The findings of the images that are shown.
fn in_space(whole: &Arc<Findings>, space: Space) -> &Arc<Findings> {
    whole.decoded().filter(|_| space == Space::Decoded).unwrap_or(whole)
}

impl MeasureDesk {
    /// Takes new results; call once a frame.
    pub fn update(&mut self) {
        let Some(measuring) = &self.measuring else { return };
        let report = measuring.report();
        let before = self.whole().map(Arc::as_ptr);
        if report.data_refused && !self.report.as_ref().is_some_and(|known| known.data_refused) {
            // Known numbers keep the calibration they were made with.
            self.data = self.whole().and_then(|findings| folder_of(findings));
        }
        self.report = Some(report);
        if self.whole().map(Arc::as_ptr) != before {
            self.version += 1;
        }
    }

    /// The progress of measuring.
    #[must_use]
    pub const fn report(&self) -> Option<&MeasuringReport> {
        self.report.as_ref()
    }

    /// Whether measuring is in progress or paused.
    #[must_use]
    pub fn is_going(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.ended.is_none())
    }

    /// The findings to show so far: of decoded images if those were measured and are chosen.
    #[must_use]
    pub fn findings(&self) -> Option<&Arc<Findings>> {
        self.whole().map(|whole| in_space(whole, self.space))
    }

    /// Which images are shown.
    #[must_use]
    pub const fn space(&self) -> Space {
        self.space
    }

    /// Shows latents, or decoded images where they were measured.
    pub fn show(&mut self, space: Space) {
        self.version += 1;
        self.space = space;
        if let Some(Compared { name, whole, .. }) = self.compared.take() {
            self.compared = Some(Compared::new(name, whole, space));
        }
    }

    /// The findings so far, with those of decoded images in them.
    #[must_use]
    pub fn whole(&self) -> Option<&Arc<Findings>> {
        self.report.as_ref().and_then(|report| report.findings.as_ref()).or(self.earlier.as_ref())
    }

    /// The heading of a saved figure of the measurements.
    #[must_use]
    pub fn heading(&self) -> String {
        self.findings().map_or_else(String::new, |findings| verbatim(&findings.heading()))
    }

    /// Changes with [`findings`](Self::findings) and [`compared`](Self::compared), so that outdated drawings can be
    /// detected.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The pinned ensemble.
    #[must_use]
    pub const fn compared(&self) -> Option<&Compared> {
        self.compared.as_ref()
    }

    /// The folder that theory is calibrated on from the next measurement on, in place of the final images. The findings have the
    /// calibration of the numbers on screen.
    #[must_use]
    pub const fn data(&self) -> Option<&PathBuf> {
        self.data.as_ref()
    }

    /// Whether it differs from the folder of the numbers on screen.
    #[must_use]
    pub fn data_comes_later(&self) -> bool {
        self.whole().is_some_and(|findings| folder_of(findings) != self.data)
    }

    /// Measures a new ensemble of these settings.
    pub fn begin(
        &mut self,
        settings: RunSettings,
        options: Options,
        samples: usize,
        means: Means,
    ) -> Result<(), Fault> {
        self.start(
            Order {
                settings,
                options,
                begun: None,
                target: samples,
                data: self.data.clone().map(DataSource::Folder),
                onnxruntime: means.onnxruntime.clone(),
            },
            means,
        )
    }

    /// Adds samples to the ensemble; with 0, its findings are only computed again.
    pub fn add(&mut self, samples: usize, means: Means) -> Result<(), Fault> {
        let Some(findings) = self.whole().cloned() else { return Ok(()) };
        let ensemble = Arc::clone(&findings.ensemble);
        let data = match (&self.data, findings.folder_data()) {
            (Some(folder), Some(read)) if samples > 0 && read.folder() == Some(folder) => {
                Some(DataSource::Read(Arc::clone(read)))
            }
            (Some(folder), _) => Some(DataSource::Folder(folder.clone())),
            (None, _) => None,
        };
        self.start(
            Order {
                settings: ensemble.origin().settings.clone(),
                options: ensemble.origin().options,
                target: ensemble.samples() + samples,
                begun: Some(ensemble),
                data,
                onnxruntime: means.onnxruntime.clone(),
            },
            means,
        )
    }

    fn start(&mut self, order: Order, means: Means) -> Result<(), Fault> {
        // The known findings stay on screen until there are new ones; the measurement in progress ends.
        self.earlier = self.whole().cloned();
        self.measuring = None;
        self.report = None;
        let measuring = Measuring::start(order, means.busy, means.wake).map_err(|error| {
            let sentence = format!(
                "cannot start measuring: the system refused a thread ({error}). Close other \
                                    programs and try again"
            );
            Fault::new(FaultPlace::Program, &sentence)
        })?;
        // An unreadable folder is reported by `update`.
        self.report = Some(MeasuringReport { data_refused: false, ..measuring.report() });
        self.measuring = Some(measuring);
        Ok(())
    }

    /// Pauses or resumes.
    pub fn set_paused(&self, paused: bool) {
        if let Some(measuring) = &self.measuring {
            measuring.set_paused(paused);
        }
    }

    /// Pauses measuring; returns whether it was in progress.
    #[must_use]
    pub fn pause(&self) -> bool {
        let goes = self.report.as_ref().is_some_and(|report| report.ended.is_none() && !report.paused);
        if goes {
            self.set_paused(true);
        }
        goes
    }

    /// Stops measuring and keeps the finished samples.
    pub fn cancel(&self) {
        if let Some(measuring) = &self.measuring {
            measuring.cancel();
        }
    }

    /// Calibrates theory on this folder from now on, or on the final images.
    pub fn set_data(&mut self, folder: Option<PathBuf>, means: Means) -> Result<(), Fault> {
        self.data = folder;
        if self.is_going() { Ok(()) } else { self.add(0, means) }
    }

    /// Opens an ensemble from a file.
    pub fn take(&mut self, name: String, findings: Arc<Findings>, purpose: EnsembleUse) {
        self.version += 1;
        self.filed.add(&findings.ensemble);
        match purpose {
            EnsembleUse::Show => {
                self.measuring = None;
                self.report = None;
                self.data = None;
                self.earlier = Some(findings);
            }
            EnsembleUse::Compare => self.compared = Some(Compared::new(name, findings, self.space)),
        }
    }

    /// The unsaved ensembles, each with its role.
    #[must_use]
    pub fn unsaved(&self) -> Vec<(&'static str, &Arc<Ensemble>)> {
        let measured = self.whole().map(|findings| ("measured", &findings.ensemble));
        let compared = self.compared().map(|compared| ("compared", &compared.whole.ensemble));
        // The pinned ensemble may be the current one.
        let same = |a: &Ensemble, b: &Ensemble| a.samples() == b.samples() && a.origin() == b.origin();
        let compared = compared.filter(|(_, of)| !measured.is_some_and(|(_, other)| same(of, other)));
        let known = measured.into_iter().chain(compared);
        known.filter(|(_, ensemble)| ensemble.samples() > 0 && !self.filed.has(ensemble)).collect()
    }

    /// Whether an ensemble is in a file.
    #[must_use]
    pub fn is_filed(&self, ensemble: &Ensemble) -> bool {
        self.filed.has(ensemble)
    }

    /// Saves an ensemble, with its message in a pane.
    #[must_use]
    pub fn save(&self, pane: PaneId, ensemble: &Arc<Ensemble>) -> Save {
        let (ensemble, filed) = (Arc::clone(ensemble), self.filed.clone());
        Save::with(pane, "measurements", ("ensemble", "npz"), move |path| {
            ensemble::write(path, &ensemble).map_err(|error| error.to_string())?;
            filed.add(&ensemble);
            Ok(())
        })
    }

    /// Unpins the ensemble.
    pub fn drop_compared(&mut self) {
        self.version += 1;
        self.compared = None;
    }

    /// Pins the current ensemble.
    pub fn keep_to_compare(&mut self) {
        if let Some(findings) = self.whole().cloned() {
            self.version += 1;
            let name = findings.ensemble.title();
            self.compared = Some(Compared::new(name, findings, self.space));
        }
    }
}

/// The folder that an ensemble's theory is calibrated on.
fn folder_of(findings: &Findings) -> Option<PathBuf> {
    findings.folder_data()?.folder().map(PathBuf::from)
}

#[cfg(test)]
impl MeasureDesk {
    /// Sets findings as if they had been measured.
    pub(crate) fn hold(&mut self, ensemble: Ensemble) {
        self.earlier = Some(Arc::new(Findings::of(ensemble.into(), None).unwrap()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::saving::SaveOutcome;
    use crate::session::prepare::Model;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::ops::ControlFlow;

    fn ensemble(samples: usize) -> Ensemble {
        let source = ModelSource::Model("gaussian-64".into());
        let settings = RunSettings { provider: ProviderChoice::Rust, steps: 2, ..RunSettings::new(source) };
        let model = Model::open(&settings, None, &|_, _| true).unwrap();
        let mut ensemble = Ensemble::begin(&model, &settings, Options::default()).unwrap();
        ensemble::gather(&mut ensemble, &model, samples, None, &mut |_| ControlFlow::Continue(())).unwrap();
        ensemble
    }

    #[test]
    fn what_is_in_a_file_is_known() {
        let mut desk = MeasureDesk::default();
        assert!(desk.unsaved().is_empty());
        desk.hold(ensemble(1));
        desk.keep_to_compare();
        let names = |desk: &MeasureDesk| desk.unsaved().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&desk), ["measured"], "one ensemble is lost once");
        desk.hold(ensemble(2));
        assert_eq!(names(&desk), ["measured", "compared"]);
        let folder = tempfile::tempdir().unwrap();
        let save = desk.save(PaneId::new("measure"), &Arc::clone(desk.unsaved()[0].1));
        let failed = save.write(&folder.path().join("no/folder.npz"), false);
        assert!(matches!(failed, SaveOutcome::Failed(_)) && names(&desk).len() == 2);
        assert!(matches!(save.write(&folder.path().join("two.npz"), false), SaveOutcome::Written(_)));
        assert_eq!(names(&desk), ["compared"]);
        // Only the ensemble from a file is in a file; with more samples it no longer is.
        let read = Findings::of(ensemble(1).into(), None).unwrap();
        desk.take("one.npz".into(), Arc::new(read), EnsembleUse::Compare);
        assert_eq!(names(&desk), [""; 0]);
        desk.hold(ensemble(3));
        assert_eq!(names(&desk), ["measured"]);
    }

    #[test]
    fn latents_and_decoded_images_are_shown_in_turn_and_kept_together() {
        let mut desk = MeasureDesk::default();
        desk.hold(crate::ensemble::decoded_tests::a_sample_of_both());
        desk.keep_to_compare();
        let spaces = |desk: &MeasureDesk| {
            let (shown, compared) = (desk.findings().unwrap(), desk.compared().unwrap());
            [shown, &compared.findings].map(|findings| findings.ensemble.form().space)
        };
        assert_eq!(spaces(&desk), [Space::Own, Space::Own]);
        assert!(desk.heading().contains("theory calibrated on"));
        let version = desk.version();
        desk.show(Space::Decoded);
        assert_eq!(spaces(&desk), [Space::Decoded, Space::Decoded]);
        assert!(desk.version() > version && desk.heading().ends_with("1 sample, decoded"), "{}", desk.heading());
        assert_eq!(desk.whole().unwrap().ensemble.form().space, Space::Own);
        assert_eq!(desk.unsaved().len(), 1, "both are one ensemble");
        // An ensemble without decoded images is shown as it is.
        desk.hold(ensemble(1));
        assert_eq!(desk.findings().unwrap().ensemble.form().space, Space::Own);
    }

    #[test]
    fn kept_ones_and_figures_are_named_in_full() {
        let ensemble = ensemble(1);
        let mut desk = MeasureDesk::default();
        assert_eq!(desk.heading(), "");
        desk.take("a.npz".into(), Arc::new(Findings::of(ensemble.into(), None).unwrap()), EnsembleUse::Show);
        desk.keep_to_compare();
        assert_eq!(desk.compared().unwrap().name, "gaussian-64 · ddim, trailing, 2 steps · 1 sample");
        let told = desk.heading();
        assert!(told.contains("trailing, 2 steps · 1 sample · theory calibrated on the final images"), "{told}");
    }
}
