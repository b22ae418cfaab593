//! Thousands of random scheduler configurations: each runs as in diffusers, or is refused, or the difference is said.
#![allow(clippy::unwrap_used)]

mod analytic;
mod cases;
mod k_diffusion;
mod known;
#[path = "../support/mod.rs"]
mod support;

use analytic::{Keyed, Network};
use cases::{Case, Theirs};
use chromascope::denoiser::Clipped;
use chromascope::model::{SchedulerConfig, VarianceType};
use chromascope::sampler::{Making, Solver, Variance};
use chromascope::schedule::{ModelSchedule, Plan};
use chromascope::session::Run;
use chromascope::session::prepare::{plan_of, sampler_of, spacing_of};
use chromascope::session::settings::{ModelSource, RunSettings};
use chromascope::theory::NoiseLevel;
use std::collections::BTreeMap;
use std::path::Path;

/// What came of a case.
enum Outcome {
    /// diffusers refuses it or ends at NaN.
    NotInDiffusers,
    Refused(String),
    /// What differs; and all that the program says.
    Ran(Vec<Difference>, Vec<String>),
}

/// What can differ between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// How many steps.
    Count,
    /// Other levels are visited.
    Levels,
    /// The network is told other timesteps.
    Timesteps,
    /// The network is told fractions where diffusers rounds them, or the other way round.
    Rounding,
    /// The same levels and timesteps lead to another sample.
    Samples,
    /// `x_T` has another variance.
    Start,
}

/// What f32 keeps of a number.
const RELATIVE: f64 = 1e-6;
const OF_THE_RANGE: f64 = 1e-4;

fn level_differs(level: NoiseLevel, theirs: f64, is_flow: bool) -> bool {
    if is_flow {
        return (level.flow_time() - theirs).abs() > RELATIVE;
    }
    let sigma = level.sigma();
    sigma != theirs && (sigma - theirs).abs() > RELATIVE * theirs
}

/// What of the plan differs.
fn compare_plan(plan: &Plan, told: &[f64], theirs: &Theirs) -> Vec<Difference> {
    if plan.steps() != theirs.timesteps.len() {
        return vec![Difference::Count];
    }
    let mut found = Vec::new();
    if plan.levels().iter().zip(&theirs.levels).any(|(level, at)| level_differs(*level, *at, theirs.is_flow)) {
        found.push(Difference::Levels);
    }
    let off = told.iter().zip(&theirs.timesteps).map(|(ours, theirs)| (ours - theirs).abs());
    let off = off.fold(0.0, f64::max);
    // Single precision carries 7 digits of a fraction.
    if off > 1.0 + 1e-4 {
        found.push(Difference::Timesteps);
    } else if off > 1e-4 && !theirs.rounding {
        found.push(Difference::Rounding);
    }
    found
}

fn samples_differ(ours: &[f64], theirs: &[f64]) -> bool {
    let range = theirs.iter().fold(0.0_f64, |range, value| range.max(value.abs()));
    // NaN must not get lost.
    !ours.iter().zip(theirs).all(|(ours, theirs)| (ours - theirs).abs() <= OF_THE_RANGE * range)
}

/// The program's run of a case, up to its network.
struct Prepared {
    config: SchedulerConfig,
    schedule: ModelSchedule,
    solver: Solver,
    plan: Plan,
    notes: Vec<String>,
}

fn prepare(case: &Case) -> Result<Prepared, String> {
    let read = SchedulerConfig::parse(&case.text, Path::new("scheduler_config.json"));
    let (mut config, mut notes) = read.map_err(|error| error.to_string())?;
    config.image_seq_len = Some(case.seq);
    let schedule = config.model_schedule().map_err(|error| error.to_string())?;
    let settings = RunSettings { steps: case.steps, ..RunSettings::new(ModelSource::Model("differential".into())) };
    let sampler = sampler_of(&settings, &config, &schedule);
    let plan = plan_of(&settings, &config, &schedule).map_err(|error| error.to_string())?;
    let spacing = spacing_of(&settings, &config, &schedule).map_err(|error| error.to_string())?;
    if !config.parameterization().x0_from(plan.levels()[0]).state.is_finite() {
        return Err("there is no signal where the run starts".to_owned());
    }
    notes.extend(sampler.notes);
    notes.extend(spacing.because);
    notes.extend(config.departures(&plan));
    Ok(Prepared { config, schedule, solver: sampler.solver, plan, notes })
}

fn variance(config: &SchedulerConfig) -> Variance {
    match config.variance_type {
        VarianceType::FixedLarge | VarianceType::FixedLargeLog => Variance::FixedLarge,
        _ => Variance::FixedSmall,
    }
}

fn compare(case: &Case) -> Outcome {
    let prepared = prepare(case);
    let Some(theirs) = &case.theirs else { return Outcome::NotInDiffusers };
    let Prepared { config, schedule, solver, plan, notes } = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return Outcome::Refused(why),
    };
    let time = config.parameterization().time;
    let told: Vec<f64> = if time == schedule.own_time() {
        plan.timesteps().to_vec()
    } else {
        plan.levels()[..plan.steps()].iter().map(|level| schedule.told(time, *level)).collect()
    };
    let mut found = compare_plan(&plan, &told, theirs);
    if (theirs.scale - 1.0).abs() > OF_THE_RANGE {
        found.push(Difference::Start);
    }
    let Some(sample) = &theirs.sample else { return Outcome::Ran(found, notes) };
    if sample.iter().any(|value| !value.is_finite()) {
        return Outcome::NotInDiffusers;
    }
    // The sampler is compared on what diffusers visits, so that one difference does not hide another.
    let on_theirs = found.iter().any(|difference| matches!(difference, Difference::Levels | Difference::Count));
    let levels = if on_theirs { theirs.noise_levels() } else { plan.levels().to_vec() };
    let noise = Keyed(case.number as u64);
    let told = levels.iter().copied().zip(theirs.timesteps.iter().copied()).collect();
    let network = Network::new(&config, &schedule, told);
    let clipped = support::boxed(Clipped::new(network, config.clipping));
    let making = Making { variance: variance(&config), schedule: Some(&schedule), ..Making::default() };
    let mut run = Run::new(clipped, solver.build(&making), Box::new(noise), levels, noise.initial());
    let mut trajectory = run.trajectory();
    loop {
        match run.step(&mut trajectory) {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => panic!("case {}: {error}", case.number),
        }
    }
    let ours: Vec<f64> = trajectory.state.iter().copied().map(f64::from).collect();
    if samples_differ(&ours, sample) {
        found.push(Difference::Samples);
    }
    Outcome::Ran(found, notes)
}

/// Whether a note says this difference.
fn names(note: &str, difference: Difference) -> bool {
    known::WORDS.iter().any(|(kinds, words)| kinds.contains(&difference) && note.contains(words))
}

#[test]
fn every_configuration_is_run_as_diffusers_does_or_refused_or_the_difference_is_said() {
    let cases = cases::read();
    let mut tally: BTreeMap<String, (usize, usize, String)> = BTreeMap::new();
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    let mut silent: BTreeMap<(String, Difference), Vec<usize>> = BTreeMap::new();
    let mut count = |what: String, case: &Case| {
        tally.entry(what).or_insert((0, case.number, case.text.clone())).0 += 1;
    };
    for case in &cases {
        let total = match compare(case) {
            Outcome::NotInDiffusers => "refused by diffusers",
            Outcome::Refused(why) => {
                count(format!("refused: {}: {why}", case.class), case);
                "refused"
            }
            Outcome::Ran(found, notes) => {
                let mut all_named = true;
                for &difference in &found {
                    let named: Vec<&str> =
                        notes.iter().map(String::as_str).filter(|note| names(note, difference)).collect();
                    if named.is_empty() {
                        all_named = false;
                        silent.entry((case.class.clone(), difference)).or_default().push(case.number);
                        count(format!("SILENT: {}: {difference:?}: {notes:?}", case.class), case);
                    } else {
                        count(format!("named: {}: {difference:?}: {named:?}", case.class), case);
                    }
                }
                match (found.is_empty(), all_named) {
                    (true, _) => "equal",
                    (false, true) => "named",
                    (false, false) => "silent",
                }
            }
        };
        *totals.entry(total).or_default() += 1;
    }
    println!("{totals:?} of {}", cases.len());
    assert!(cases.len() >= 3000 && totals["equal"] > 2000, "{totals:?}");
    if std::env::var_os("CHROMASCOPE_REPORT").is_some() {
        for (what, (count, number, text)) in &tally {
            println!("{count:5} {what}\n        case {number}: {text}");
        }
    }
    for ((class, what), numbers) in &silent {
        println!("still silent: {class}: {what:?}: {} {:?}", numbers.len(), &numbers[..numbers.len().min(12)]);
    }
    for ((class, what), numbers) in &silent {
        let known = known::SILENT.iter().find(|(of, kind, _)| of == class && kind == what).map_or(0, |known| known.2);
        assert!(numbers.len() <= known, "{class}: {what:?} differs in silence in cases {numbers:?}");
    }
}
