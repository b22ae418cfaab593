//! The source of a command's schedule: a configuration, a family by name, or a file.

use super::ScheduleOptionError;
use super::family::{about, family, family_names};
use crate::cli::{Failure, output};
use crate::model::SchedulerConfig;
use crate::schedule::{
    FinalLevel, LevelList, ListKind, ModelSchedule, Plan, PlanRequest, PlanSource, PublishedList, ScheduleError,
    SigmaMeaning, Spacing, SpacingConvention,
};
use crate::session::schedule_file::{self, ScheduleFileError};
use crate::session::schedule_table::{TimedTable, listed_table};
use crate::theory::{NetworkTime, NoiseLevel};
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
        notes.push(asks_for(&config));
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

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The sampler and the options of a configuration, in a sentence.
fn asks_for(config: &SchedulerConfig) -> String {
    let (sampler, options) = (config.own_sampler().solver, config.options_in_words());
    let with = if options.is_empty() { String::new() } else { format!(", with {options}") };
    format!("{} asks for the sampler {sampler}{with}", config.class.name())
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
        let of_model = self.network.as_ref().map(SigmaMeaning::of);
        let (chosen, first) = (self.sigmas_are.is_some(), list.values.first());
        let note = match &self.network {
            Some(model) if !chosen => list.note_on(model).map(str::to_owned),
            None if !chosen && list.kind == ListKind::ModelSigma && first.is_some_and(|&sigma| sigma <= 1.0) => Some(
                "the list's σ are read as those of x_0 + σ·ε; if they are flow times, give --sigmas-are flow or the \
                 model's --config"
                    .to_owned(),
            ),
            None if !chosen => list.note_on_timesteps().map(str::to_owned),
            _ => None,
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

    /// The number that the model's network is fed, where it is another than the timestep of its schedule: ¼ ln σ.
    pub fn fed(&self, timed: &TimedTable, level: NoiseLevel) -> Option<f64> {
        let time = self.config.as_ref().map(|(_, config)| config.parameterization().time)?;
        let other = time == NetworkTime::CNoise && self.model(timed).own_time() != time;
        time.of(level).filter(|fed| other && fed.is_finite())
    }

    pub fn table(&self) -> Result<TimedTable, Failure> {
        let mut timed = self.table_of_timesteps()?;
        let fed: Vec<Option<f64>> = timed.table.rows.iter().map(|row| self.fed(&timed, row.level)).collect();
        for (row, fed) in timed.table.rows.iter_mut().zip(fed) {
            row.timestep = fed.filter(|_| !row.timestep.is_nan()).unwrap_or(row.timestep);
        }
        Ok(timed)
    }

    fn table_of_timesteps(&self) -> Result<TimedTable, Failure> {
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
