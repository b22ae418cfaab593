//! `chromascope schedule` and `chromascope chromatogram`: schedules as numbers, without a model.

use super::{Ended, Failure, output};
use crate::model::SchedulerConfig;
use crate::schedule::formats::{self, ScheduleTable, number};
use crate::schedule::{
    BetaSchedule, Curve, FinalLevel, LevelList, ModelSchedule, Plan, PlanRequest, PlanSource, ScheduleSpec,
    SigmaFamily, Spacing, SpacingConvention, TerminalSnr, TrainingSpec,
};
use crate::session::schedule_file;
use crate::session::schedule_table::TimedTable;
use crate::theory::{Chromatogram, Measure};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Where the schedule comes from; shared by both commands.
#[derive(Debug, clap::Args)]
#[group(id = "schedule source", required = true, multiple = true, args = ["config", "family", "sigmas"])]
pub(super) struct Source {
    /// A scheduler_config.json
    #[arg(long, value_name = "FILE", conflicts_with_all = ["family", "sigmas"])]
    config: Option<PathBuf>,
    /// A family by name: linear, scaled-linear, exp, laplace, cosine, sigmoid, vp-linear, log-snr-linear, flow, karras,
    /// exponential, polyexponential, vp, beta, lu, kl-optimal, ays-sd15, ays-sdxl, edm
    #[arg(long, value_name = "NAME", conflicts_with = "sigmas")]
    family: Option<String>,
    /// A parameter of the family, as in --param rho=5; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "family")]
    parameters: Vec<String>,
    /// A list of σ or another file with a schedule: text, CSV, NPY, or JSON as the window writes it
    #[arg(long, value_name = "FILE")]
    sigmas: Option<PathBuf>,
    /// Steps of a run [default: every timestep of a training schedule, 1000 times of a continuous one]
    #[arg(long, short = 'n', value_name = "N", value_parser = super::sample::count, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// Which levels such a run visits: a spacing (trailing, leading, linspace) or a σ family over the schedule's range
    /// [default: the configuration's, else trailing]
    #[arg(long, value_name = "NAME", requires = "steps")]
    spacing: Option<PlanSource>,
}

/// Write a schedule as a table: step, t, alpha_bar, sigma, log_snr, timestep, the noisiest first
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The file: .csv, .npy or .json; with --for also .txt and .py. Without it the table goes to stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write it for another program: diffusers (a scheduler_config.json), k-diffusion or comfyui (a list of σ), or python
    /// (a run by diffusers on the unchanged model of --config)
    #[arg(long = "for", value_name = "PROGRAM", value_enum)]
    program: Option<Program>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Program {
    Diffusers,
    #[value(name = "k-diffusion")]
    KDiffusion,
    Comfyui,
    Python,
}

/// Write the resolution chromatogram of a schedule: t, alpha_bar, log_snr, r_0 …, g_0 …, tau_1 …, level 0 the finest
#[derive(Debug, clap::Args)]
pub(super) struct ChromatogramArguments {
    #[command(flatten)]
    source: Source,
    /// Number of resolution levels
    #[arg(long, value_name = "M", default_value_t = 6)]
    levels: usize,
    /// Factor n between neighbouring levels
    #[arg(long, value_name = "N", default_value_t = 2)]
    factor: usize,
    /// What is counted: shares of the variance (power) or of its root (amplitude)
    #[arg(long, value_enum, default_value_t)]
    measure: MeasureFlag,
    /// The .csv file; without it the table goes to stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum MeasureFlag {
    #[default]
    Power,
    Amplitude,
}

/// Levels that a chromatogram may have.
const MOST_LEVELS: usize = 8;

/// Something about the options that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Wrong(String);

/// A schedule with what is to be asked of it.
struct Found {
    source: PlanSource,
    request: Option<PlanRequest>,
    /// The schedule that networks are fed by, where it is not the source's own.
    network: Option<ModelSchedule>,
    /// A family of σ, whose rows are in run time as those of lists are.
    in_run_time: bool,
    /// The configuration that was read.
    config: Option<(PathBuf, SchedulerConfig)>,
    notes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Failure> {
    let found = arguments.source.find()?;
    let timed = found.table()?;
    let Some(program) = arguments.program else {
        match &arguments.out {
            None => output::result(timed.table.to_csv().trim_end())?,
            Some(path) => write_table(path, &timed.table)?,
        }
        return Ok(Ended::Well);
    };
    let text = found.text_for(program, &timed)?;
    match &arguments.out {
        None => output::result(text.trim_end())?,
        Some(path) => schedule_file::write_bytes(path, text.as_bytes())?,
    }
    Ok(Ended::Well)
}

pub(super) fn run_chromatogram(arguments: &ChromatogramArguments) -> Result<Ended, Failure> {
    if !(1..=MOST_LEVELS).contains(&arguments.levels) {
        return Err(Wrong(format!("--levels {} is not possible; 1 to {MOST_LEVELS} are", arguments.levels)).into());
    }
    if !(2..=16).contains(&arguments.factor) {
        return Err(Wrong(format!("--factor {} is not possible; 2 to 16 are", arguments.factor)).into());
    }
    let timed = arguments.source.find()?.table()?;
    let theory = Chromatogram::scale_invariant(arguments.factor, arguments.levels)?;
    let measure = match arguments.measure {
        MeasureFlag::Power => Measure::Power,
        MeasureFlag::Amplitude => Measure::Amplitude,
    };
    let text = timed.chromatogram_csv(&theory, arguments.factor, measure);
    match &arguments.out {
        None => output::result(text.trim_end())?,
        Some(path) if has_ending(path, "csv") => schedule_file::write_bytes(path, text.as_bytes())?,
        Some(path) => return Err(Wrong(format!("--out {} should end in .csv", path.display())).into()),
    }
    Ok(Ended::Well)
}

fn write_table(path: &Path, table: &ScheduleTable) -> Result<(), Failure> {
    let bytes = if has_ending(path, "csv") {
        table.to_csv().into_bytes()
    } else if has_ending(path, "npy") {
        formats::write_npy(table)?
    } else if has_ending(path, "json") {
        (serde_json::to_string_pretty(&table.to_json())? + "\n").into_bytes()
    } else {
        return Err(Wrong(format!("--out {} should end in .csv, .npy or .json", path.display())).into());
    };
    Ok(schedule_file::write_bytes(path, &bytes)?)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

impl Source {
    fn find(&self) -> Result<Found, Failure> {
        let mut found = match (&self.config, &self.family, &self.sigmas) {
            (Some(path), ..) => self.of_config(path)?,
            (_, Some(family), _) => self.of_family(family)?,
            (_, _, Some(path)) => self.of_file(path)?,
            // The command line's own rules leave no such case.
            (None, None, None) => return Err(Wrong("say --config, --family or --sigmas".into()).into()),
        };
        if let (Some(spacing), PlanSource::Other(other)) = (&self.spacing, &mut found.source) {
            other.visits = Box::new(spacing.clone());
            if found.in_run_time {
                return Err(Wrong("a family of σ is visited as its formula says; leave --spacing out".into()).into());
            }
        }
        for note in &found.notes {
            output::message(note);
        }
        Ok(found)
    }

    fn request(
        &self,
        source: PlanSource,
        convention: SpacingConvention,
        final_level: FinalLevel,
    ) -> Option<PlanRequest> {
        let steps = self.steps?;
        Some(PlanRequest { source, steps, convention, steps_offset: 0, final_level })
    }

    fn of_config(&self, path: &Path) -> Result<Found, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Wrong(format!("cannot read {}: {error}; give a scheduler_config.json", path.display())))?;
        let (config, notes) = SchedulerConfig::parse(&text, path)?;
        let convention = config.class.convention();
        Ok(Found {
            source: config.as_source(),
            request: self.request(config.default_source(), convention, config.final_level(convention)),
            network: None,
            in_run_time: false,
            config: Some((path.to_path_buf(), config)),
            notes,
        })
    }

    fn of_family(&self, name: &str) -> Result<Found, Failure> {
        let parameters = self.parameters()?;
        let (schedule, visits, own) = family(name, &parameters)?;
        let source = PlanSource::of(schedule, visits.clone());
        let mut request = self.request(visits.clone(), SpacingConvention::Ddim, FinalLevel::Clean);
        if matches!(visits, PlanSource::Family(_)) && request.is_none() {
            // A family of σ has no levels but those that a run visits.
            let steps = crate::session::schedule_table::EVERY;
            let (convention, final_level) = (SpacingConvention::Ddim, FinalLevel::Clean);
            request = Some(PlanRequest { source: visits, steps, convention, steps_offset: 0, final_level });
        }
        let in_run_time = matches!(&source, PlanSource::Other(other) if matches!(*other.visits, PlanSource::Family(_)));
        Ok(Found { source, request, network: own, in_run_time, config: None, notes: Vec::new() })
    }

    fn of_file(&self, path: &Path) -> Result<Found, Failure> {
        let file = schedule_file::read(path)?;
        if let (PlanSource::List(list), Some(_)) = (&file.source, self.steps) {
            return Err(Wrong(format!(
                "{} lists the levels of {} steps one by one; leave --steps out",
                path.display(),
                list.steps()
            ))
            .into());
        }
        let request = self.request(PlanSource::Spacing(Spacing::Trailing), SpacingConvention::Ddim, FinalLevel::Clean);
        Ok(Found { source: file.source, request, network: None, in_run_time: false, config: None, notes: file.notes })
    }

    fn parameters(&self) -> Result<Vec<(String, f64)>, Failure> {
        let read = |text: &String| {
            let parts = text.split_once('=').and_then(|(name, value)| Some((name.trim(), value.trim().parse().ok()?)));
            parts.map(|(name, value): (&str, f64)| (name.replace('-', "_"), value)).ok_or_else(|| {
                Failure::from(Wrong(format!("--param {text} is not NAME=VALUE with a number, such as rho=7")))
            })
        };
        self.parameters.iter().map(read).collect()
    }
}

/// A family by name: the schedule, what a run visits of it, and the schedule of the networks that it belongs to.
fn family(
    name: &str,
    parameters: &[(String, f64)],
) -> Result<(ScheduleSpec, PlanSource, Option<ModelSchedule>), Failure> {
    let unknown = |parameter: &str, known: &[&str]| -> Failure {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Wrong(format!("the {name} family has no parameter {parameter}; it has {known}")).into()
    };
    let trailing = PlanSource::Spacing(Spacing::Trailing);
    let plain = name.replace('_', "-");
    let training = match plain.as_str() {
        "linear" => Some(BetaSchedule::Linear),
        "scaled-linear" => Some(BetaSchedule::ScaledLinear),
        "exp" => Some(BetaSchedule::Exp),
        "laplace" => Some(BetaSchedule::Laplace),
        "squaredcos-cap-v2" => Some(BetaSchedule::SquaredcosCapV2),
        _ => None,
    };
    if let Some(beta_schedule) = training {
        let mut spec = TrainingSpec::new(beta_schedule);
        for (parameter, value) in parameters {
            let ranged = beta_schedule.uses_range();
            match parameter.as_str() {
                "beta_start" if ranged => spec.beta_start = *value,
                "beta_end" if ranged => spec.beta_end = *value,
                "timesteps" | "num_train_timesteps" => spec.num_train_timesteps = whole(parameter, *value)?,
                "zero_snr" => spec.zero_terminal_snr = (*value != 0.0).then_some(TerminalSnr::Zero),
                _ if ranged => return Err(unknown(parameter, &["beta_start", "beta_end", "timesteps", "zero_snr"])),
                _ => return Err(unknown(parameter, &["timesteps", "zero_snr"])),
            }
        }
        return Ok((ScheduleSpec::Training(spec), trailing, None));
    }
    if let Ok(mut curve) = plain.parse::<Curve>() {
        for (parameter, value) in parameters {
            let names: Vec<&str> = curve.parameters().iter().map(|(name, _)| *name).collect();
            curve = curve.with_parameter(parameter, *value).ok_or_else(|| unknown(parameter, &names))?;
        }
        // What networks of rectified flow are fed.
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let own = matches!(curve, Curve::Flow { .. }).then_some(flow);
        return Ok((ScheduleSpec::Curve(curve.validated()?), trailing, own));
    }
    let known = SigmaFamily::ALL.into_iter().find(|family| family.name() == plain);
    let Some(mut sigma_family) = known else {
        let names = ["linear", "scaled-linear", "exp", "laplace"].into_iter().chain(Curve::NAMES);
        let sigma = SigmaFamily::ALL.map(SigmaFamily::name).into_iter().filter(|name| *name != "flow");
        let names: Vec<&str> = names.chain(sigma).collect();
        return Err(Wrong(format!("there is no family \"{name}\"; there are {}", names.join(", "))).into());
    };
    let (mut sigma_min, mut sigma_max) = match sigma_family {
        SigmaFamily::Edm => (0.002, 80.0),
        // Stable Diffusion's, which most lists of σ are made for.
        _ => {
            let sd = TrainingSpec::new(BetaSchedule::ScaledLinear).table()?;
            (sd.level(0).sigma(), sd.level(sd.last_timestep()).sigma())
        }
    };
    for (parameter, value) in parameters {
        match parameter.as_str() {
            "sigma_min" if !sigma_family.has_own_range() => sigma_min = *value,
            "sigma_max" if !sigma_family.has_own_range() => sigma_max = *value,
            _ => {
                let own = sigma_family.parameters();
                let mut names: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
                if !sigma_family.has_own_range() {
                    names.extend(["sigma_min", "sigma_max"]);
                }
                sigma_family =
                    sigma_family.with_parameter(parameter, *value).ok_or_else(|| unknown(parameter, &names))?;
            }
        }
    }
    let range = ScheduleSpec::Curve(Curve::LogSnrLinear {
        log_snr_max: -2.0 * sigma_min.ln(),
        log_snr_min: -2.0 * sigma_max.ln(),
    });
    let edm = ModelSchedule::Edm { sigma_min, sigma_max, sigma_data: 0.5 }.validated()?;
    let own = (sigma_family == SigmaFamily::Edm).then_some(edm);
    Ok((range, PlanSource::Family(sigma_family), own))
}

fn whole(name: &str, value: f64) -> Result<usize, Failure> {
    if value.fract() == 0.0 && (1.0..=1e9).contains(&value) {
        #[expect(clippy::cast_sign_loss, reason = "checked just before")]
        return Ok(value as usize);
    }
    Err(Wrong(format!("{name} = {} is not a whole number of at least 1", number(value))).into())
}

impl Found {
    fn table(&self) -> Result<TimedTable, Failure> {
        let mut timed = TimedTable::of_source(&self.source, self.request.clone(), self.network.as_ref())?;
        if self.in_run_time {
            let sigmas = timed.table.rows.iter().map(|row| row.level.sigma()).collect();
            timed =
                TimedTable::of_source(&PlanSource::List(LevelList::of_sigmas(sigmas)), None, self.network.as_ref())?;
        }
        Ok(timed)
    }

    fn text_for(&self, program: Program, timed: &TimedTable) -> Result<String, Failure> {
        let plan = || -> Result<Plan, Failure> {
            let sigmas: Vec<f64> = timed.table.rows.iter().map(|row| row.level.sigma()).collect();
            let model = self.network.clone().unwrap_or_else(|| timed.schedule.clone());
            Ok(Plan::from_sigmas(&model, &sigmas)?)
        };
        Ok(match program {
            Program::KDiffusion => formats::k_diffusion_sigmas(&plan()?),
            Program::Comfyui => formats::comfy_ui_sigmas(&plan()?),
            Program::Diffusers => {
                let (low, high) = timed.schedule.timestep_range();
                let (num_train, at): (usize, Box<dyn Fn(f64) -> f64>) = match &timed.schedule {
                    ModelSchedule::Discrete(table) => {
                        let timesteps = table.num_timesteps();
                        (timesteps, Box::new(move |s: f64| s * timesteps as f64 - 1.0))
                    }
                    _ => (1000, Box::new(move |s: f64| low + s * (high - low))),
                };
                let level = |s: f64| timed.schedule.level_at(at(s));
                let prediction = self.config.as_ref().map_or("epsilon", |(_, config)| config.prediction_type.name());
                let (config, note) = formats::diffusers_config(&level, num_train, prediction)?;
                output::message(&format!("{} (largest error of ᾱ {:.1e})", note.text, note.largest_error));
                serde_json::to_string_pretty(&config)? + "\n"
            }
            Program::Python => {
                let Some((path, _)) = &self.config else {
                    let text =
                        "--for python needs --config, the scheduler_config.json of the model that stays as it is";
                    return Err(Wrong(text.into()).into());
                };
                let config = serde_json::from_str(&std::fs::read_to_string(path)?)?;
                formats::python_snippet(&plan()?, &config)?
            }
        })
    }
}
