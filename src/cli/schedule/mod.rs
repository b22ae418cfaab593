//! `chromascope schedule` and `chromascope chromatogram`: schedules as numbers and as figures, without a model.

mod family;
mod plot;
mod source;

use super::{Ended, Failure, output};
use crate::figure::draw::Format;
use crate::schedule::explain::{self, MadeOf, Runner};
use crate::schedule::formats::ScheduleTable;
use crate::schedule::formats::registry::{ExportFormat, Writer, pretty};
use crate::schedule::{ModelSchedule, SigmaMeaning};
use crate::session::archive::Destinations;
use crate::session::model_keys::kept_keys;
use crate::session::schedule_file::has_ending;
use crate::session::schedule_table::TimedTable;
use crate::theory::{Chromatogram, Measure};
use crate::words::sentence;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use plot::{Curves, FigureKind, OwnTime};
use source::{Source, SourceSchedule};
use std::path::{Path, PathBuf};

/// Write a schedule as a table (step, t, alpha_bar, sigma, log_snr, timestep), noisiest first
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Output file: .csv, .npy or .json; with --for also .txt and .py [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Export for another program: diffusers (a scheduler_config.json), k-diffusion or comfyui (a list of σ), or python
    /// (a diffusers run with this schedule on the unchanged model of --config)
    #[arg(long = "for", value_name = "PROGRAM", value_parser = program())]
    program: Option<&'static ExportFormat>,
    /// Say for each step, instead of writing the schedule to stdout, which resolution it makes and what the program of --for
    /// really feeds to the network of --config; level 0 is the finest
    #[arg(long)]
    explain: bool,
    /// Draw λ and ᾱ over the schedule's own time
    #[arg(long, value_name = "FILE", help = format!("Draw λ and ᾱ over the schedule's own time into this {}", Format::endings()))]
    plot: Option<PathBuf>,
}

/// The formats for other programs, by name.
fn program() -> impl TypedValueParser<Value = &'static ExportFormat> {
    let names = ExportFormat::for_programs().map(|format| PossibleValue::new(format.name).help(format.summary));
    PossibleValuesParser::new(names).try_map(|name| {
        ExportFormat::for_programs().find(|format| format.name == name).ok_or("there is no format of that name")
    })
}

/// Write the resolution chromatogram of a schedule: t, alpha_bar, log_snr, r_0 …, g_0 …, tau_1 …; level 0 is the finest
#[derive(Debug, clap::Args)]
pub(super) struct ChromatogramArguments {
    #[command(flatten)]
    source: Source,
    /// Number of resolution levels
    #[arg(long, value_name = "M", default_value_t = LEVELS)]
    levels: usize,
    /// Factor n between neighbouring levels
    #[arg(long, value_name = "N", default_value_t = 2)]
    factor: usize,
    /// Measure: shares of the variance (power) or of its square root (amplitude)
    #[arg(long, value_enum, default_value_t = Measure::Power)]
    measure: Measure,
    /// Output .csv file [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw the curves over the schedule's own time
    #[arg(long, value_name = "FILE", help = format!("Draw the curves over the schedule's own time into this {}", Format::endings()))]
    plot: Option<PathBuf>,
    /// What to draw: r (shares), g (elution curves), tau (adjusted times)
    #[arg(long, value_enum, value_delimiter = ',', requires = "plot", default_value = "r,g,tau")]
    panels: Vec<FigureKind>,
    /// Draw the shares r_m as stacked areas
    #[arg(long, requires = "plot")]
    stacked: bool,
    /// Also draw theorem 1: r_m of this family or file, over its own time and at equal ᾱ
    #[arg(long, value_name = "NAME|FILE", requires = "plot")]
    against: Option<String>,
}

/// Most levels of a chromatogram.
const MOST_LEVELS: usize = 8;
/// Levels of a chromatogram, unless another number is given.
const LEVELS: usize = 6;

/// A contradiction between options.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ScheduleOptionError(String);

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Failure> {
    let _places = places(arguments.out.as_deref(), arguments.plot.as_deref())?;
    let mut found = arguments.source.find()?;
    if arguments.program.is_some_and(ExportFormat::is_of_a_run) {
        found = found.with_steps_of_its_file();
    }
    let timed = found.table()?;
    if let Some(note) = timed.table.rows.first().and_then(|row| found.source.start_note(found.model(&timed), row.level))
    {
        output::message(&note);
    }
    let only_drawn = arguments.plot.is_some() || arguments.explain;
    match (arguments.program, &arguments.out) {
        (None, Some(path)) => write_table(path, &timed.table)?,
        (None, None) if only_drawn => {}
        (None, None) => output::result(timed.table.to_csv().trim_end())?,
        (Some(program), Some(path)) => {
            output::file(path, found.text_for(program, &timed)?.as_bytes(), "the schedule is")?;
        }
        (Some(_), None) if arguments.explain => {}
        (Some(program), None) => output::result(found.text_for(program, &timed)?.trim_end())?,
    }
    if arguments.explain {
        output::result(&found.explanation(&timed, arguments.program)?)?;
    }
    if let Some(path) = &arguments.plot {
        plot::write(path, plot::schedule_sheet(&OwnTime::new(&timed)?, &found))?;
    }
    Ok(Ended::Well)
}

/// Refuses a wrong file extension, and paths that cannot be written, before anything is made.
fn places(out: Option<&Path>, plot: Option<&Path>) -> Result<Destinations, Failure> {
    plot.map(Format::from_path).transpose()?;
    let mut places = Destinations::default();
    out.into_iter().chain(plot).try_for_each(|path| places.take(path))?;
    Ok(places)
}

pub(super) fn run_chromatogram(arguments: &ChromatogramArguments) -> Result<Ended, Failure> {
    let _places = places(arguments.out.as_deref(), arguments.plot.as_deref())?;
    if !(1..=MOST_LEVELS).contains(&arguments.levels) {
        return Err(ScheduleOptionError(format!(
            "--levels {} is out of range; it must be 1 to {MOST_LEVELS}",
            arguments.levels
        ))
        .into());
    }
    if !(2..=16).contains(&arguments.factor) {
        return Err(
            ScheduleOptionError(format!("--factor {} is out of range; it must be 2 to 16", arguments.factor)).into()
        );
    }
    let found = arguments.source.find()?;
    let timed = found.table()?;
    let theory = Chromatogram::scale_invariant(arguments.factor, arguments.levels)?;
    let measure = arguments.measure;
    let text = || timed.chromatogram_csv(&theory, arguments.factor, measure);
    match &arguments.out {
        None if arguments.plot.is_some() => {}
        None => output::result(text().trim_end())?,
        Some(path) if has_ending(path, "csv") => output::file(path, text().as_bytes(), "the table is")?,
        Some(path) => return Err(ScheduleOptionError(format!("--out {} should end in .csv", path.display())).into()),
    }
    if let Some(path) = &arguments.plot {
        let against = arguments.against.as_deref().map(Source::compared).transpose()?;
        let against = against.map(|found| Ok::<_, Failure>((found.table()?.schedule, found))).transpose()?;
        let curves = Curves {
            theory: &theory,
            factor: arguments.factor,
            measure,
            panels: &arguments.panels,
            stacked: arguments.stacked,
            against: against.as_ref().map(|(schedule, found)| (found.name.as_str(), schedule)),
        };
        plot::write(path, plot::chromatogram_sheet(&OwnTime::new(&timed)?, &found, &curves))?;
    }
    Ok(Ended::Well)
}

fn write_table(path: &Path, table: &ScheduleTable) -> Result<(), Failure> {
    let format = ExportFormat::tables().find(|format| has_ending(path, format.ending));
    let Some(ExportFormat { writer: Writer::Table(write), .. }) = format else {
        let endings = ExportFormat::table_endings();
        return Err(ScheduleOptionError(format!("--out {} should end in {endings}", path.display())).into());
    };
    let bytes = write(table)?;
    output::file(path, &bytes, "the table is")
}

impl SourceSchedule {
    /// A sentence for each step.
    fn explanation(&self, timed: &TimedTable, program: Option<&ExportFormat>) -> Result<String, Failure> {
        let runner = program.and_then(ExportFormat::runner).unwrap_or(Runner::here(false));
        let (plan, theory) = (self.plan(timed)?, Chromatogram::scale_invariant(2, LEVELS)?);
        let step = |step: usize| {
            let made = sentence(&explain::makes((&plan, step), &theory, self.meaning(timed), MadeOf::Image));
            let c_noise = self.fed(timed, plan.levels()[step]).map(|fed| explain::feeds_c_noise(runner, fed));
            match c_noise.or_else(|| explain::runs(&plan, step, self.model(timed), runner)) {
                Some(runs) => format!("{made}. {runs}."),
                None => format!("{made}."),
            }
        };
        Ok((0..plan.steps()).map(step).collect::<Vec<_>>().join("\n"))
    }

    fn text_for(&self, format: &ExportFormat, timed: &TimedTable) -> Result<String, Failure> {
        Ok(match format.writer {
            Writer::Source(write) => write(&self.source, timed.table.rows.len().saturating_sub(1))?,
            Writer::Table(write) => String::from_utf8_lossy(&write(&timed.table)?).into_owned(),
            Writer::Sigmas(program) => {
                let (text, notes) = program.write(&self.plan(timed)?, self.meaning(timed));
                for note in &notes {
                    output::message(note);
                }
                text
            }
            Writer::Curve(write) => {
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
                let (config, note) = write(&level, num_train, prediction)?;
                output::message(&format!("{} (largest error of ᾱ {:.1e})", note.text, note.largest_error));
                pretty(&config)?
            }
            Writer::OnModel(write) => {
                let Some((_, config)) = &self.config else {
                    let text = format!(
                        "--for {} needs --config, the scheduler_config.json of the unchanged model, also with --family \
                         or --sigmas",
                        format.name
                    );
                    return Err(ScheduleOptionError(text).into());
                };
                let plan = if self.beside { self.plan_on(config)? } else { self.plan(timed)? };
                let meaning = SigmaMeaning::of(&config.model_schedule()?);
                let (text, note) = write(&plan, &kept_keys(config, &plan), meaning)?;
                if let Some(note) = note {
                    output::message(&note);
                }
                text
            }
        })
    }
}
