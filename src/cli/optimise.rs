//! `chromascope optimise`: a schedule fitted to a model.

use super::progress::{Bar, bar, cancel_on_interrupt};
use super::run_options::{OfFit, RunOptions, count, read_schedule, seed};
use super::{Ended, Failure, interrupt, interrupted, output};
use crate::optimise::{self, EndErrors, FitProgress, Options, Outcome, Problem, Reference, rows, start_from};
use crate::sampler::{Churn, SamplerChoice, Solver};
use crate::schedule::{Curve, PlanSource};
use crate::session::archive::claim;
use crate::session::prepare::{Bare, Model, default_spacing, sampler_of};
use crate::session::{RunSettings, SamplerKind, elsewhere, schedule_file};
use crate::words::count as count_of;
use serde_json::Value;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Fit a schedule to a model, so that few steps end as close as possible to a fine run from the same noise
///
/// Starts from the model's schedule or another, moves the control points of a curve, writes the best schedule, and
/// reports its error on seeds that were not used for the fit. Ctrl-C keeps the best so far.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Number of steps to fit the schedule for
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = count, allow_negative_numbers = true)]
    steps: usize,
    /// Number of control points, both ends included [default: one more than steps, at most 13]
    #[arg(long, value_name = "P", value_parser = count, allow_negative_numbers = true)]
    points: Option<usize>,
    /// Also move the points in run time, not only in λ
    #[arg(long)]
    move_times: bool,
    /// Number of images for the fit, one seed each
    #[arg(long, value_name = "K", default_value_t = 4, value_parser = count, allow_negative_numbers = true)]
    seeds: usize,
    /// Number of other images for the test before and after; 0 skips the test
    #[arg(long, value_name = "K", default_value_t = 8)]
    measure_seeds: usize,
    /// First seed; the fit uses the seeds from here on, then the test
    #[arg(long, short, value_name = "S", default_value_t = 0, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,
    /// Sampler without added noise
    #[arg(long, value_name = "NAME", help = format!("Sampler without added noise: {} [default: the model's own, or ddim if that adds noise]", SamplerKind::names("or", |method| !method.is_stochastic())))]
    sampler: Option<SamplerKind>,
    /// Maximum number of runs for the fit; each run covers all images
    #[arg(long, value_name = "E", default_value_t = 200, value_parser = count, allow_negative_numbers = true)]
    evaluations: usize,
    /// Maximum time for the fit in seconds, without the reference run and the test
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    seconds: Option<u64>,
    /// Fine run to compare with: ddim-1000 or heun-200 [default: heun-200, or ddim-1000 if the model clips]
    #[arg(long, value_name = "NAME")]
    reference: Option<Reference>,
    /// Starting point: a spacing, a σ family or a curve (cosine, sigmoid, …) [default: the model's spacing]
    #[arg(long, value_name = "NAME", value_parser = source)]
    from: Option<PlanSource>,
    /// Starting point: a schedule file. A drawn curve keeps its points unless --points is given
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    schedule: Option<PathBuf>,
    /// File for the best schedule, with its number of steps; read by `sample --schedule` and the window
    #[arg(long, short, value_name = "FILE.json")]
    out: PathBuf,
    /// Print the outcome as JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    run: RunOptions<OfFit>,
}

const ON_LATENTS: &str = "the schedule is fitted on latents: reference, errors and spectra are those of latents, and nothing is \
                          decoded";

const BEFORE: &str = "\"before\" is two runs: on the fit seeds along the curve at its start, which begins at the model's noisiest \
                      level, and on the test seeds along the schedule itself";

/// A spacing, a family of σ or a continuous curve by name.
fn source(name: &str) -> Result<PlanSource, String> {
    let curve = || name.parse().map(PlanSource::curve);
    name.parse::<PlanSource>()
        .or_else(|error| curve().map_err(|_| format!("{error}; or {}", Curve::names().join(", "))))
}

/// A number of steps is given for a schedule that has its own.
#[derive(Debug, thiserror::Error)]
#[error("--schedule lists the noise levels of {}; set --steps {listed}, or start from another schedule", count_of(*.listed, "step"))]
struct FitStepsAreListed {
    listed: usize,
}

fn seconds(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&seconds| seconds > 0).ok_or_else(|| "use whole seconds, at least 1".into())
}

pub(super) fn run(arguments: &Arguments, onnxruntime: Option<&Path>) -> Result<Ended, Failure> {
    let _claim = claim(&arguments.out)?;
    let sampler = arguments.sampler.map_or(SamplerChoice::Own, SamplerChoice::from);
    let mut settings = RunSettings { steps: arguments.steps, sampler, ..arguments.run.settings()? };
    let reading = bar(0, "reading images");
    let model = Model::open_with_progress(&settings, onnxruntime, &|loading| reading.loading(&loading));
    reading.finish_and_clear();
    let model = model?;
    let mut bare = model.bare(&settings)?;
    for note in model.notes().iter().chain(&bare.notes) {
        output::message(note);
    }
    if model.info().pipeline.is_some() {
        output::message(ON_LATENTS);
    }
    settings.sampler = fitting(&settings, &bare);
    let problem = Problem::of(&bare, &settings)?;
    let now = arguments.now(&bare, settings.sampler)?;
    let start = match (now.drawn(), arguments.points) {
        (Some(drawn), None) => drawn.clone(),
        (_, points) => {
            let points = points.unwrap_or_else(|| problem.default_points());
            start_from(&problem.plan(&now)?, &problem.model, points)?
        }
    };
    let options = Options {
        reference: arguments.reference.unwrap_or_else(|| Reference::suiting(problem.sampler, bare.config.clipping)),
        seed: arguments.seed,
        fit_seeds: arguments.seeds,
        measure_seeds: arguments.measure_seeds,
        move_times: arguments.move_times,
        evaluations: arguments.evaluations,
        wall: arguments.seconds.map(Duration::from_secs),
        ..Options::default()
    };
    let bar = bar(0, "");
    let finished = AtomicBool::new(false);
    let canceller = bare.canceller.clone();
    interrupt::ask_first();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| cancel_on_interrupt(|| Some(canceller.clone()), &finished));
        let mut told = |progress: FitProgress| {
            show(&bar, progress);
            if interrupted().load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = optimise::optimise(&problem, &mut *bare.denoiser, &now, &start, &options, &mut told);
        finished.store(true, Ordering::Relaxed);
        outcome
    });
    bar.finish_and_clear();
    let told = Told {
        model: &bare.name,
        on_latents: model.info().pipeline.is_some(),
        sampler: problem.sampler,
        reference: options.reference,
        other_start: now.drawn() != Some(&start),
    };
    arguments.tell(&outcome?, &told)
}

/// The sampler to fit for: the chosen one, or the model's own unless that adds noise. Says which, if nobody chose it.
fn fitting(settings: &RunSettings, bare: &Bare) -> SamplerChoice {
    if settings.sampler != SamplerChoice::Own {
        return settings.sampler;
    }
    let own = sampler_of(settings, &bare.config, &bare.schedule);
    if own.solver.method().is_stochastic() || settings.injects_noise(own.solver) {
        output::message(&format!(
            "sampler: ddim, because {}, the model's own, adds noise, and no schedule can be fitted for it",
            own.solver
        ));
        return SamplerKind::Ddim.into();
    }
    own.notes.iter().for_each(|note| output::message(note));
    SamplerChoice::Own
}

/// What the outcome is of.
struct Told<'a> {
    model: &'a str,
    on_latents: bool,
    sampler: Solver,
    reference: Reference,
    /// Whether the fit started from a curve through the present schedule, not from the schedule itself.
    other_start: bool,
}

fn show(bar: &Bar, progress: FitProgress) {
    let (done, of, what) = match progress {
        FitProgress::Reference { done, of } => (done, of, "reference run".to_owned()),
        FitProgress::Fitting { evaluations, of, rmse, start, .. } if rmse.is_finite() => {
            (evaluations, of, format!("fitting, RMSE {start:.4} to {rmse:.4}"))
        }
        FitProgress::Fitting { evaluations, of, .. } => (evaluations, of, "fitting".to_owned()),
        FitProgress::Measuring { .. } => (0, 0, "measuring".to_owned()),
    };
    bar.set_length(of);
    bar.set_message(what);
    bar.set_position(done);
}

impl Arguments {
    /// The present schedule.
    fn now(&self, bare: &Bare, sampler: SamplerChoice) -> Result<PlanSource, Failure> {
        let source = match (&self.from, &self.schedule) {
            (Some(source), _) => source.clone(),
            (None, Some(path)) => read_schedule(path)?.source,
            (None, None) => {
                let solver = sampler.named().map(|solver| solver.on(&bare.schedule, Churn::default()));
                let spacing = default_spacing(solver, self.steps, &bare.config, &bare.schedule);
                spacing.because.iter().for_each(|because| output::message(because));
                spacing.source
            }
        };
        match source.steps() {
            Some(listed) if listed != self.steps => Err(FitStepsAreListed { listed }.into()),
            _ => Ok(source),
        }
    }

    fn tell(&self, outcome: &Outcome, told: &Told) -> Result<Ended, Failure> {
        let &Told { model, on_latents, sampler, reference, other_start } = told;
        let cancelled = outcome.ended == optimise::FitEnd::Cancelled;
        if outcome.fitted.is_none() {
            output::message("stopped before the first run of the fit, so nothing was written");
            return Err(Failure::Interrupted);
        }
        let best = PlanSource::curve(Curve::Drawn(outcome.best.clone()));
        let what = "the best schedule is";
        let write = |path: &Path| schedule_file::write_source(path, &best, self.steps);
        let kept = elsewhere::write(&self.out, &std::env::temp_dir(), what, write)?;
        let sentence = outcome.sentence();
        if self.json {
            let fitted_on = if on_latents { "latents" } else { "images" };
            let mut value = serde_json::json!({
                "model": model, "fitted_on": fitted_on, "sampler": sampler.to_string(), "steps": self.steps, "reference": reference,
                "schedule": kept.at, "sentence": sentence, "outcome": outcome,
            });
            if on_latents {
                for of in ["before", "after"] {
                    let errors = value["outcome"]["comparison"].get_mut(of).and_then(Value::as_object_mut);
                    errors.map(|errors| errors.remove("rmse_8bit"));
                }
            }
            output::result(&serde_json::to_string_pretty(&value)?)?;
        } else {
            output::result(&table(outcome, on_latents))?;
            if other_start && outcome.comparison.is_some() {
                output::result(BEFORE)?;
            }
            output::result(&format!("{sentence}\n{}", kept.at.display()))?;
        }
        if let Some(told) = kept.told(what, "") {
            return Err(told.into());
        }
        if cancelled {
            output::message(&format!("stopped; the best schedule so far is in {}", self.out.display()));
            return Err(Failure::Interrupted);
        }
        Ok(Ended::Well)
    }
}

/// Before and after, one line per quantity.
fn table(outcome: &Outcome, on_latents: bool) -> String {
    let mut text = format!("{:<28}{:>10}{:>10}{:>8}", "", "before", "after", "ratio");
    let mut line = |name: &str, before: f64, after: f64, digits: usize| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{name:<28}{before:>10.digits$}{after:>10.digits$}{:>8.3}", after / before);
    };
    if let Some(fitted) = &outcome.fitted {
        line(rows::FIT, fitted.start, fitted.best, 5);
    }
    if let Some(measured) = &outcome.comparison {
        let mut both = |name: &str, of: &dyn Fn(&EndErrors) -> f64, digits| {
            line(name, of(&measured.before), of(&measured.after), digits);
        };
        both(rows::TEST, &|measured| measured.rmse, 5);
        if !on_latents {
            both(rows::EIGHT_BIT, &|measured| measured.rmse_8bit, 2);
        }
        let levels = measured.before.by_level.len() - 1;
        for level in 0..levels {
            both(&rows::level(level), &|measured| measured.by_level[level], 5);
        }
        both(rows::REST, &|measured| measured.by_level[levels], 5);
        both(rows::SPECTRUM, &|measured| measured.spectrum_db(), 3);
    }
    text
}
