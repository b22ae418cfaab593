//! The source of a command's schedule: a configuration, a family by name, or a file.

use super::ScheduleOptionError;
use crate::cli::{Failure, output};
use crate::model::SchedulerConfig;
use crate::schedule::formats::number;
use crate::schedule::{
    BETA_FAMILIES, BetaFamily, BetaSchedule, Curve, FinalLevel, LevelList, ListKind, ModelSchedule, PUBLISHED, Plan,
    PlanRequest, PlanSource, PublishedList, ScheduleError, ScheduleSpec, SigmaFamily, SigmaMeaning, Spacing,
    SpacingConvention, TerminalSnr, TrainingSpec,
};
use crate::session::schedule_file::{self, ScheduleFileError};
use crate::session::schedule_table::{TimedTable, listed_table};
use crate::words::count;
use std::path::{Path, PathBuf};

/// The options for the source of a schedule, shared by both commands.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("schedule source").required(true).multiple(true).args(["config", "family", "sigmas"])))]
pub(super) struct Source {
    /// A scheduler_config.json. With --family or --sigmas: the configuration of the model that runs along that schedule
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A family by name
    #[arg(long, value_name = "NAME", help = format!("A family by name: {}", family_names()), conflicts_with = "sigmas")]
    family: Option<String>,
    /// A parameter of the family, as in --param rho=5; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "family")]
    parameters: Vec<String>,
    /// A list of σ or another schedule file: text, CSV, NPY, JSON from the window or `optimise`, or a published list by name
    #[arg(long, value_name = "FILE")]
    sigmas: Option<PathBuf>,
    /// What σ means in a list and in exports of σ: that of x_0 + σ·ε (ve), or flow time from 1 to 0 (flow) [default: flow
    /// for a flow model, else ve]
    #[arg(long, value_name = "MEANING", value_enum)]
    sigmas_are: Option<SigmaMeaning>,
    /// Steps of a run [default: every timestep of a training schedule, 1000 times of a continuous one]
    #[arg(long, short = 'n', value_name = "N", value_parser = crate::cli::run_options::count, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// Which noise levels the run visits: a spacing (trailing, leading, linspace) or a σ family over the schedule's
    /// range [default: as in the configuration, else trailing]
    #[arg(long, value_name = "NAME", requires = "steps")]
    spacing: Option<PlanSource>,
}

/// A schedule with the requested levels.
pub(super) struct SourceSchedule {
    /// Its name.
    pub name: String,
    /// The name with the parameters, or with the contents of the file.
    pub about: String,
    pub source: PlanSource,
    request: Option<PlanRequest>,
    /// The number of steps that its file was made for.
    made_for: Option<usize>,
    /// The schedule that gives networks their timesteps, if it is not the source's own.
    network: Option<ModelSchedule>,
    /// What σ means, where that was said.
    sigmas_are: Option<SigmaMeaning>,
    /// A σ family. Its rows are in run time, like those of lists.
    in_run_time: bool,
    /// The configuration that was read.
    pub config: Option<(PathBuf, SchedulerConfig)>,
    /// Whether that is the configuration of a model that runs along another schedule.
    pub beside: bool,
    notes: Vec<String>,
}

impl Source {
    /// The schedule to compare with: a file, or a family with its default parameters.
    pub fn compared(name_or_file: &str) -> Result<SourceSchedule, Failure> {
        let is_file = Path::new(name_or_file).exists() || name_or_file.contains(['.', '/', std::path::MAIN_SEPARATOR]);
        let (sigmas, family) = (is_file.then(|| name_or_file.into()), (!is_file).then(|| name_or_file.into()));
        let (parameters, sigmas_are) = (Vec::new(), None);
        Self { config: None, family, parameters, sigmas, sigmas_are, steps: None, spacing: None }.find()
    }

    pub fn find(&self) -> Result<SourceSchedule, Failure> {
        let mut found = match (&self.family, &self.sigmas, &self.config) {
            (Some(family), ..) => self.of_family(family)?,
            (_, Some(path), _) => self.of_file(path)?,
            (_, _, Some(path)) => self.of_config(path)?,
            // The rules of the command line exclude this case.
            (None, None, None) => return Err(ScheduleOptionError("give --config, --family or --sigmas".into()).into()),
        };
        if let (Some(spacing), PlanSource::Other(other)) = (&self.spacing, &mut found.source) {
            *other.visits = spacing.clone();
            if found.in_run_time {
                return Err(ScheduleOptionError("a σ family has no spacing; leave --spacing out".into()).into());
            }
        }
        found.sigmas_are = self.sigmas_are;
        if let Some(path) = self.config_beside() {
            let (config, notes) = read_config(path)?;
            found.network = Some(config.model_schedule()?);
            found.config = Some((path.to_path_buf(), config));
            found.beside = true;
            found.notes.extend(notes);
        }
        if let PlanSource::List(list) = &found.source {
            let path = self.sigmas.clone().unwrap_or_default();
            let (list, note) = found.understood(list, &path)?;
            found.source = PlanSource::List(list);
            found.notes.extend(note);
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

    /// The configuration given beside another source: that of the unchanged model.
    fn config_beside(&self) -> Option<&Path> {
        self.config.as_deref().filter(|_| self.family.is_some() || self.sigmas.is_some())
    }

    fn of_config(&self, path: &Path) -> Result<SourceSchedule, Failure> {
        let (config, mut notes) = read_config(path)?;
        notes.extend(config.dynamic_shift_note());
        let convention = config.class.convention();
        let source = config.as_source();
        Ok(SourceSchedule {
            name: source.label(),
            about: format!("{} of {}", source.label(), file_name(path)),
            source,
            request: self.request(config.default_source(), convention, config.final_level(convention)),
            network: None,
            made_for: None,
            in_run_time: false,
            sigmas_are: None,
            beside: false,
            config: Some((path.to_path_buf(), config)),
            notes,
        })
    }

    fn of_family(&self, name: &str) -> Result<SourceSchedule, Failure> {
        let parameters = self.parameters()?;
        if let Some(published) = PublishedList::find(name) {
            if let Some((parameter, _)) = parameters.first() {
                return Err(ScheduleOptionError(format!("{name} is a list, which has no parameter {parameter}")).into());
            }
            return self.of_file(Path::new(published.name));
        }
        let (schedule, visits, own) = family(name, &parameters)?;
        let source = PlanSource::of(schedule, visits.clone());
        let mut request = self.request(visits.clone(), SpacingConvention::Ddim, FinalLevel::Clean);
        if matches!(visits, PlanSource::Family(_)) && request.is_none() {
            // A σ family has only the levels that a run visits.
            let steps = crate::session::schedule_table::EVERY;
            let (convention, final_level) = (SpacingConvention::Ddim, FinalLevel::Clean);
            request = Some(PlanRequest { source: visits, steps, convention, steps_offset: 0, final_level });
        }
        let in_run_time = matches!(&source, PlanSource::Other(other) if matches!(*other.visits, PlanSource::Family(_)));
        let about = about(name, &source);
        Ok(SourceSchedule {
            name: name.to_owned(),
            about,
            source,
            request,
            made_for: None,
            network: own,
            in_run_time,
            sigmas_are: None,
            beside: false,
            config: None,
            notes: Vec::new(),
        })
    }

    fn of_file(&self, path: &Path) -> Result<SourceSchedule, Failure> {
        let file = schedule_file::read(path)?;
        if let (PlanSource::List(list), Some(_)) = (&file.source, self.steps) {
            return Err(ScheduleOptionError(format!(
                "{} lists the noise levels of {}; leave --steps out",
                path.display(),
                count(list.steps(), "step")
            ))
            .into());
        }
        let request = self.request(PlanSource::Spacing(Spacing::Trailing), SpacingConvention::Ddim, FinalLevel::Clean);
        let (source, notes, name, made_for) = (file.source, file.notes, file_name(path), file.steps);
        let about = format!("{} of {name}", source.label());
        Ok(SourceSchedule {
            name,
            about,
            source,
            request,
            made_for,
            network: None,
            in_run_time: false,
            sigmas_are: None,
            beside: false,
            config: None,
            notes,
        })
    }

    fn parameters(&self) -> Result<Vec<(String, f64)>, Failure> {
        let read = |text: &String| {
            let parts = text.split_once('=').and_then(|(name, value)| Some((name.trim(), value.trim().parse().ok()?)));
            parts.map(|(name, value): (&str, f64)| (name.replace('-', "_"), value)).ok_or_else(|| {
                Failure::from(ScheduleOptionError(format!(
                    "--param {text} is not NAME=VALUE with a number, such as rho=7"
                )))
            })
        };
        self.parameters.iter().map(read).collect()
    }
}

/// The named formulas for β; if a continuous schedule has the same name, that one is meant.
fn training_families() -> impl Iterator<Item = (String, BetaSchedule)> {
    let curves = Curve::names();
    let named = |family: &BetaFamily| (family.name.replace('_', "-"), family.kind);
    BETA_FAMILIES.iter().map(named).filter(move |(name, _)| !curves.contains(&name.as_str()))
}

/// All families of a command.
fn family_names() -> String {
    let curves = Curve::names();
    let sigma = SigmaFamily::ALL.map(SigmaFamily::name).into_iter().filter(|name| !curves.contains(name));
    let published = PUBLISHED.iter().map(|list| list.name);
    let plain = curves.iter().copied().chain(sigma).chain(published).map(str::to_owned);
    training_families().map(|(name, _)| name).chain(plain).collect::<Vec<_>>().join(", ")
}

/// A family by name: the schedule, the levels that a run visits, and the schedule of its networks.
fn family(
    name: &str,
    parameters: &[(String, f64)],
) -> Result<(ScheduleSpec, PlanSource, Option<ModelSchedule>), Failure> {
    let unknown = |parameter: &str, known: &[&str]| -> Failure {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ScheduleOptionError(format!("the {name} family has no parameter {parameter}; it has {known}")).into()
    };
    let trailing = PlanSource::Spacing(Spacing::Trailing);
    let plain = name.replace('_', "-");
    if let Some((_, beta_schedule)) = training_families().find(|(name, _)| *name == plain) {
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
        let own = match &curve {
            Curve::Formula(formula) => formula.family().networks.map(|schedule| schedule()),
            _ => None,
        };
        return Ok((ScheduleSpec::Curve(curve.validated()?), trailing, own));
    }
    let known = SigmaFamily::ALL.into_iter().find(|family| family.name() == plain);
    let Some(mut sigma_family) = known else {
        return Err(ScheduleOptionError(format!("there is no family \"{name}\"; use one of {}", family_names())).into());
    };
    let (mut sigma_min, mut sigma_max) = if sigma_family == SigmaFamily::Edm {
        (0.002, 80.0)
    } else {
        // Stable Diffusion's, which most lists of σ are made for.
        let sd = TrainingSpec::new(BetaSchedule::ScaledLinear).table()?;
        (sd.level(0).sigma(), sd.level(sd.last_timestep()).sigma())
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
    let range = ScheduleSpec::Curve(Curve::log_snr_linear(-2.0 * sigma_min.ln(), -2.0 * sigma_max.ln()));
    let edm = ModelSchedule::Edm { sigma_min, sigma_max, sigma_data: 0.5 }.validated()?;
    let own = (sigma_family == SigmaFamily::Edm).then_some(edm);
    Ok((range, PlanSource::Family(sigma_family), own))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A family with all its parameters: "cosine, s = 0.008, power = 2".
fn about(name: &str, source: &PlanSource) -> String {
    let PlanSource::Other(other) = source else { return name.to_owned() };
    let parameters = match (&*other.visits, &other.schedule) {
        (PlanSource::Family(family), ScheduleSpec::Curve(curve)) => {
            let range = [("sigma_min", curve.level_at(0.0).sigma()), ("sigma_max", curve.level_at(1.0).sigma())];
            let range = if family.has_own_range() { &[][..] } else { &range[..] };
            family.parameters().into_iter().chain(range.iter().copied()).collect()
        }
        (_, ScheduleSpec::Curve(curve)) => curve.parameters(),
        (_, ScheduleSpec::Training(spec)) => {
            let range = [("beta_start", spec.beta_start), ("beta_end", spec.beta_end)];
            let range = if spec.beta_schedule.uses_range() { &range[..] } else { &[] };
            let zero = spec.zero_terminal_snr.map(|_| ("zero_snr", 1.0));
            let timesteps = ("timesteps", spec.num_train_timesteps as f64);
            range.iter().copied().chain([timesteps]).chain(zero).collect()
        }
        _ => Vec::new(),
    };
    let rounded = |value: f64| format!("{value:.4e}").parse().unwrap_or(value);
    let told = parameters.into_iter().map(|(name, value)| format!(", {name} = {}", number(rounded(value))));
    name.to_owned() + &told.collect::<String>()
}

fn whole(name: &str, value: f64) -> Result<usize, Failure> {
    if value.fract() == 0.0 && (1.0..=1e9).contains(&value) {
        #[expect(clippy::cast_sign_loss, reason = "checked just before")]
        return Ok(value as usize);
    }
    Err(ScheduleOptionError(format!("{name} = {} is not a whole number of at least 1", number(value))).into())
}

/// Reads a model's configuration.
fn read_config(path: &Path) -> Result<(SchedulerConfig, Vec<String>), Failure> {
    Ok(SchedulerConfig::read(path)?)
}

impl SourceSchedule {
    /// The same for a list of a run's levels, which by default has as many steps as its file was made for.
    pub fn with_steps_of_its_file(mut self) -> Self {
        if let (None, Some(steps)) = (&self.request, self.made_for) {
            let (convention, final_level) = (SpacingConvention::Ddim, FinalLevel::Clean);
            let source = PlanSource::Spacing(Spacing::Trailing);
            self.request = Some(PlanRequest { source, steps, convention, steps_offset: 0, final_level });
        }
        self
    }

    /// What σ means: as was said, else as for the model that is fed, else as in the list.
    pub fn meaning(&self, timed: &TimedTable) -> SigmaMeaning {
        let of_list = || matches!(&self.source, PlanSource::List(list) if list.kind == ListKind::FlowTime);
        let of_model = || match &self.network {
            None if of_list() => SigmaMeaning::Flow,
            _ => SigmaMeaning::of(self.model(timed)),
        };
        self.sigmas_are.unwrap_or_else(of_model)
    }

    /// The schedule that gives timesteps.
    pub fn model<'a>(&'a self, timed: &'a TimedTable) -> &'a ModelSchedule {
        self.network.as_ref().unwrap_or(&timed.schedule)
    }

    /// A list with what its σ mean, and what is to be said of it.
    fn understood(&self, list: &LevelList, path: &Path) -> Result<(LevelList, Option<String>), Failure> {
        const LEAST: f64 = 1.0;
        let of_model = self.network.as_ref().map(SigmaMeaning::of);
        let note = match (self.sigmas_are, &self.network) {
            (Some(_), _) => None,
            (None, Some(model)) => list.note_on(model).map(str::to_owned),
            (None, None) if list.kind == ListKind::ModelSigma && list.values.first().is_some_and(|&s| s <= LEAST) => {
                Some(
                    "the list's σ are read as those of x_0 + σ·ε; if they are flow times, give --sigmas-are flow or the \
                     model's --config"
                        .to_owned(),
                )
            }
            (None, None) => None,
        };
        let understood = list.clone().meaning(self.sigmas_are.or(of_model).unwrap_or(SigmaMeaning::Ve));
        if understood.kind != ListKind::Timestep {
            let refused = |error: ScheduleError| ScheduleFileError { path: path.into(), reason: error.to_string() };
            understood.plan_of_any().map_err(refused)?;
        }
        Ok((understood, note))
    }

    /// A run along the rows of a table, on the model that is fed.
    pub fn plan(&self, timed: &TimedTable) -> Result<Plan, Failure> {
        let model = self.model(timed);
        Ok(match &self.source {
            PlanSource::List(list) => list.plan(model, self.final_level())?,
            _ => timed.plan(model)?,
        })
    }

    /// Where the model's own scheduler ends a run.
    fn final_level(&self) -> FinalLevel {
        let own = self.config.as_ref().map(|(_, config)| config.final_level(config.class.convention()));
        own.unwrap_or_default()
    }

    /// A run along this schedule on the model of a configuration, like that of `sample --schedule`.
    pub fn plan_on(&self, config: &SchedulerConfig) -> Result<Plan, Failure> {
        let steps = self
            .request
            .as_ref()
            .map(|request| request.steps)
            .or(self.source.steps())
            .ok_or_else(|| ScheduleOptionError("the number of steps is missing; give --steps N".to_owned()))?;
        let convention = SpacingConvention::Euler;
        let final_level = config.final_level(convention);
        let request = PlanRequest { source: self.source.clone(), steps, convention, steps_offset: 0, final_level };
        Ok(request.plan(&config.model_schedule()?)?)
    }

    pub fn table(&self) -> Result<TimedTable, Failure> {
        let network = self.network.as_ref();
        if let PlanSource::List(list) = &self.source {
            return Ok(listed_table(list, network, self.final_level())?);
        }
        let timed = TimedTable::of_source(&self.source, self.request.clone(), network)?;
        if !self.in_run_time {
            return Ok(timed);
        }
        let list = LevelList::of_sigmas(timed.table.rows.iter().map(|row| row.values(0)[3]).collect());
        Ok(listed_table(&list, network, self.final_level())?)
    }
}
