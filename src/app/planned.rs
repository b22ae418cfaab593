//! The schedule of the next run, updated in the frame of every change, and that of the run on screen. No GUI, no model
//! call.

use crate::denoiser::gaussian::power_law_spectrum;
use crate::figure::{Overlay, TimeAxis};
use crate::model::exact::ExactCard;
use crate::sampler::{Solver, registry};
use crate::schedule::design::shares_of;
use crate::schedule::{Drawn, ModelSchedule, Plan, PlanSource, PlanWarning, lint};
use crate::session::document::{Document, MOST_LEVELS, Measure, SavedSchedule};
use crate::session::prepare::{ModelInfo, PrepareError, plan_of, sampler_of, spacing_of};
use crate::session::settings::RunSettings;
use crate::theory::gaussian::ddim_spectrum;
use crate::theory::{Chromatogram, NoiseLevel, default_levels};
use crate::words::voice::Voice;
use std::sync::Arc;

/// A schedule on its model, ready to be drawn.
pub struct Planned {
    /// A counter of changes, so that outdated drawings can be detected.
    pub version: u64,
    /// Its inputs.
    pub settings: RunSettings,
    /// The sampler with its parameters.
    pub solver: Solver,
    /// The noise levels of the run.
    pub source: PlanSource,
    /// The drawn curve that the run follows evenly, with its tied ends at the model's range.
    pub curve: Option<Drawn>,
    /// The levels.
    pub plan: Plan,
    /// Their axis.
    pub axis: TimeAxis,
    /// The model's own schedule.
    pub model: ModelSchedule,
    /// Its warnings.
    pub warnings: Vec<PlanWarning>,
    /// Whether the network takes integers only and some timesteps are rounded.
    pub rounded: bool,
    /// Scale-invariant theory with the chosen factor and levels.
    pub theory: Option<Chromatogram>,
    /// The share of the run in which each of its levels is dominant, finest first.
    pub shares: Vec<f64>,
    /// n.
    pub factor: usize,
    /// For a Gaussian model, the RMSE of these steps in closed form, data units: from the probability-flow ODE, and of the
    /// produced spectrum from the prior's, dB.
    pub closed_form: Option<GaussianError>,
    /// Schedules drawn over it: the one to compare with, and the previewed one.
    pub overlays: Vec<Overlay>,
}

impl Planned {
    /// The level at a run time: on the curve that the run follows, or else interpolated between its steps.
    #[must_use]
    pub fn level_at_run_time(&self, s: f64) -> NoiseLevel {
        self.curve.as_ref().map_or_else(|| self.axis.level_at_run_time(s), |curve| curve.level_at(s))
    }

    /// Whether tracks show the same for both: noise levels, and what steers the run.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let steering = |planned: &Self| {
            let RunSettings { guidance, by_level, prompts_by_level, upsample, local, .. } = &planned.settings;
            (guidance.clone(), by_level.clone(), prompts_by_level.clone(), *upsample, local.clone())
        };
        self.plan.levels() == other.plan.levels()
            && self.axis == other.axis
            && self.theory == other.theory
            && steering(self) == steering(other)
    }
}

/// The exact result of deterministic DDIM on a Gaussian prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianError {
    /// RMSE from the end of the exact probability-flow ODE, data units.
    pub rmse: f64,
    /// Root mean square over all frequencies of the produced spectrum over the prior's, dB.
    pub spectrum_db: f64,
}

/// For these levels, if the model is a Gaussian prior and the sampler steps like deterministic DDIM.
fn closed_form(plan: &Plan, model: &ModelInfo, settings: &RunSettings, solver: Solver) -> Option<GaussianError> {
    let is_gaussian = matches!(model.card.as_ref()?.exact, Some(ExactCard::Gaussian));
    let is_ddim = solver.exact() == registry::ClosedForm::Ddim && !settings.injects_noise(solver);
    let (size, _) = model.native_size.filter(|_| is_gaussian && is_ddim)?;
    let spectrum = power_law_spectrum(size);
    let made = ddim_spectrum(plan.levels(), spectrum.as_slice()?);
    let decibels = made.produced.iter().zip(&spectrum).map(|(made, wanted)| 10.0 * (made / wanted).log10());
    let (sum, count) = decibels.fold((0.0, 0.0), |(sum, count), db| (sum + db * db, count + 1.0));
    Some(GaussianError { rmse: made.error_to_flow, spectrum_db: f64::sqrt(sum / count) })
}

/// All inputs.
#[derive(Clone, PartialEq)]
struct PlanKey {
    settings: RunSettings,
    /// Identifies the model by its address.
    model: usize,
    levels: (usize, Option<usize>),
    measure: Measure,
    overlay: Option<SavedSchedule>,
    preview: Option<(String, PlanSource)>,
}

/// Keeps the schedules of the settings and of the run on screen up to date.
#[derive(Default)]
pub struct Planner {
    next: PlannedSlot,
    shown: PlannedSlot,
    made: u64,
}

/// A schedule, and its inputs.
#[derive(Clone, Default)]
struct PlannedSlot {
    key: Option<PlanKey>,
    model: Option<Arc<ModelInfo>>,
    planned: Option<Arc<Planned>>,
    refused: Option<String>,
}

impl Planner {
    /// Updates the schedules if something changed. If the settings cannot be run, the last valid schedule stays.
    pub fn update(
        &mut self,
        document: &Document,
        model: Option<&Arc<ModelInfo>>,
        on_screen: Option<(&RunSettings, Option<&Arc<ModelInfo>>)>,
        preview: Option<(String, PlanSource)>,
    ) {
        let key_of = |settings: &RunSettings, model: &Arc<ModelInfo>| PlanKey {
            settings: settings.clone(),
            model: Arc::as_ptr(model).addr(),
            levels: (document.view.factor, document.view.levels),
            measure: document.view.measure,
            overlay: document.overlaid().cloned(),
            preview: preview.clone(),
        };
        if let Some(model) = model.filter(|model| model.source == document.run.source) {
            self.next.update(key_of(&document.run, model), model, &mut self.made);
        }
        let Some((settings, Some(model))) = on_screen else {
            self.shown = PlannedSlot::default();
            return;
        };
        let key = key_of(settings, model);
        if self.next.key.as_ref() == Some(&key) {
            self.shown = PlannedSlot { refused: None, ..self.next.clone() };
        } else {
            self.shown.update(key, model, &mut self.made);
        }
    }

    /// The schedule of the settings, once the model is known.
    #[must_use]
    pub fn next(&self) -> Option<&Planned> {
        self.next.planned.as_deref()
    }

    /// The schedule of the run on screen; without a run, that of the settings.
    #[must_use]
    pub fn shown(&self) -> Option<&Planned> {
        if self.shown.key.is_some() { self.shown.planned.as_deref() } else { self.next() }
    }

    /// Why the settings cannot be run.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        self.next.refused.as_deref()
    }
}

impl PlannedSlot {
    fn update(&mut self, key: PlanKey, model: &Arc<ModelInfo>, made: &mut u64) {
        if self.key.as_ref() == Some(&key) {
            return;
        }
        self.model = Some(Arc::clone(model));
        match planned(&key, model, *made + 1) {
            Some(Ok(planned)) => {
                *made += 1;
                (self.planned, self.refused) = (Some(Arc::new(planned)), None);
            }
            Some(Err(error)) => self.refused = Some(Voice::Window.say(&error.to_string())),
            None => (self.planned, self.refused) = (None, None),
        }
        self.key = Some(key);
    }
}

fn planned(key: &PlanKey, model: &ModelInfo, version: u64) -> Option<Result<Planned, PrepareError>> {
    let (config, schedule) = (model.scheduler.as_ref()?, model.schedule.as_ref()?);
    // With dynamic shifting the schedule follows from the size.
    let sized = key.settings.image_size(model.native_size).filter(|_| config.use_dynamic_shifting);
    let sized = sized.map(|size| config.clone().for_image(size));
    let sized = sized.and_then(|config| config.model_schedule().ok().map(|schedule| (config, schedule)));
    let (config, schedule) = sized.as_ref().map_or((config, schedule), |(config, schedule)| (config, schedule));
    let solver = sampler_of(&key.settings, config, schedule).solver;
    let plan_with = |source: Option<&PlanSource>, steps: usize| {
        let mut settings = key.settings.clone();
        if let Some(source) = source {
            settings.schedule = Some(Box::new(source.clone()));
            settings.steps = steps;
        }
        plan_of(&settings, config, schedule)
    };
    let plan = match plan_with(None, 0) {
        Ok(plan) => plan,
        Err(error) => return Some(Err(error)),
    };
    let source = match spacing_of(&key.settings, config, schedule) {
        Ok(spacing) => spacing.source,
        Err(error) => return Some(Err(error)),
    };
    let (factor, levels) = key.levels;
    let (height, width) = key.settings.image_size(model.native_size).unwrap_or((64, 64));
    let levels = levels.unwrap_or_else(|| default_levels(factor, height, width)).clamp(1, MOST_LEVELS);
    let theory = Chromatogram::scale_invariant(factor, levels).ok();
    let integer = model.contract.as_ref().is_some_and(|contract| contract.timestep.element.is_integer());
    let warnings = theory.as_ref().map(|theory| lint(&plan, integer, theory)).unwrap_or_default();
    let steps = plan.steps();
    let kept = key.overlay.as_ref().map(|kept| (&kept.name, &kept.source, kept.steps, false));
    let preview = key.preview.as_ref().map(|(name, source)| (name, source, steps, true));
    let overlays = kept
        .into_iter()
        .chain(preview)
        .filter_map(|(name, source, steps, tried)| {
            let axis = TimeAxis::new(&plan_with(Some(source), steps).ok()?, schedule);
            Some(Overlay { name: name.clone(), axis, tried })
        })
        .collect();
    let axis = TimeAxis::new(&plan, schedule).with_evaluations(&solver.evaluations(plan.levels()));
    let curve = source.drawn_evenly().map(|drawn| drawn.tied(schedule.cleanest(), schedule.noisiest()));
    // With few steps the curve is more accurate than interpolation.
    let level = |s: f64| curve.as_ref().map_or_else(|| axis.level_at_run_time(s), |curve| curve.level_at(s));
    let shares = theory.as_ref().map(|theory| shares_of(theory, key.measure.into(), &level)).unwrap_or_default();
    Some(Ok(Planned {
        version,
        settings: key.settings.clone(),
        solver,
        curve,
        source,
        axis,
        shares,
        rounded: integer && plan.timesteps().iter().any(|timestep| timestep.fract() != 0.0),
        closed_form: closed_form(&plan, model, &key.settings, solver),
        plan,
        model: schedule.clone(),
        warnings,
        theory,
        factor,
        overlays,
    }))
}
