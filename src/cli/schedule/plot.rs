//! Schedules and chromatograms over a schedule's own time, drawn to files.

use super::{ScheduleOptionError, SourceSchedule};
use crate::cli::{Failure, output};
use crate::figure::draw::{self, DEFAULT_SCALE, Format, Sheet};
use crate::figure::text::verbatim;
use crate::figure::{
    AdjustedReading, AdjustedTimeFigure, Axis, ChromatogramFigure, ElutionFigure, Figure, Mark, MarkKind, Marker,
    Paint, Points, Rate, Reading, Role, ScheduleFigure, TheoremFigure, TheoremSchedule, TimeAxis, TimeView,
    adjusted_time, chromatogram, elution_at_pace, schedule, stacked_chromatogram, theorem, ticks,
};
use crate::schedule::{Curve, ModelSchedule};
use crate::session::document::LevelReading;
use crate::session::schedule_table::TimedTable;
use crate::theory::{Chromatogram, Measure, NoiseLevel};
use crate::words::count;
use clap::ValueEnum;
use std::path::Path;

/// Number of samples of the time, unless a table has fewer timesteps.
const PIECES: usize = 1000;
/// Up to this many rows are drawn as points too.
const MOST_POINTS: usize = 201;
/// Tolerance of curves in files, relative to the height of their plot.
const TOLERANCE: f64 = 2e-4;

/// A figure of `chromatogram`, named like the columns with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FigureKind {
    R,
    G,
    Tau,
}

/// The contents of a drawn chromatogram.
pub(super) struct Curves<'a> {
    pub theory: &'a Chromatogram,
    pub factor: usize,
    pub measure: Measure,
    pub panels: &'a [FigureKind],
    pub stacked: bool,
    /// The schedule of Theorem 1, with its name.
    pub against: Option<(&'a str, &'a ModelSchedule)>,
}

/// A schedule's own time as a horizontal axis, its noisiest time on the left.
pub(super) struct OwnTime<'a> {
    timed: &'a TimedTable,
    axis: TimeAxis,
    low: f64,
    high: f64,
}

impl<'a> OwnTime<'a> {
    pub fn new(timed: &'a TimedTable) -> Result<Self, Failure> {
        let (low, high) = timed.schedule.timestep_range();
        if low >= high {
            return Err(ScheduleOptionError(
                "a schedule with one timestep has no curve to draw; leave --plot out".into(),
            )
            .into());
        }
        let pieces = match &timed.schedule {
            ModelSchedule::Discrete(table) => table.last_timestep().min(PIECES),
            _ => PIECES,
        };
        let time = |i: usize| low + (high - low) * (pieces - i) as f64 / pieces as f64;
        let levels = (0..=pieces).map(|i| timed.schedule.level_at(time(i))).collect();
        let axis = TimeAxis::of_levels(levels, (0..pieces).map(time).collect(), &timed.schedule);
        Ok(Self { timed, axis, low, high })
    }

    const fn schedule(&self) -> &ModelSchedule {
        &self.timed.schedule
    }

    /// The symbol of the time, its name, and the unit of a rate.
    const fn names(&self) -> (&'static str, &'static str, &'static str) {
        match self.schedule() {
            ModelSchedule::Continuous(Curve::Drawn(_) | Curve::Listed(_) | Curve::EqualSignal(_)) => {
                ("s", "run time s", "per unit of s")
            }
            ModelSchedule::Continuous(_) => ("t", "time t", "per unit of t"),
            ModelSchedule::Edm { .. } => ("t", "timestep t = ¼ ln σ", "per unit of t"),
            ModelSchedule::Discrete(_) | ModelSchedule::Flow { .. } => ("t", "timestep t", "per timestep"),
        }
    }

    const fn view(&self) -> TimeView<'_> {
        let reading =
            if matches!(self.schedule(), ModelSchedule::Continuous(_)) { Reading::RunTime } else { Reading::Timestep };
        TimeView::whole(&self.axis, reading)
    }

    fn x_axis(&self) -> Axis {
        Axis { label: self.names().1.to_owned(), ..self.view().x_axis() }
    }

    fn x_of(&self, time: f64) -> f64 {
        (self.high - time) / (self.high - self.low)
    }

    fn time_at(&self, x: f64) -> f64 {
        self.high - x * (self.high - self.low)
    }

    /// The level at a time counted from 0 (cleanest) to 1.
    fn level_at(schedule: &ModelSchedule, share: f64) -> NoiseLevel {
        let (low, high) = schedule.timestep_range();
        schedule.level_at(low + share * (high - low))
    }

    /// The rows, if few enough to be distinguished.
    fn steps(&self) -> Vec<(f64, NoiseLevel)> {
        let rows = &self.timed.table.rows;
        let shown = rows.iter().filter(|row| !row.t.is_nan() && rows.len() <= MOST_POINTS);
        shown.map(|row| (self.x_of(row.t), row.level)).collect()
    }

    /// The figure along this axis: rules give the time instead of the step, and ticks are at a run's steps.
    fn along(&self, mut figure: Figure) -> Figure {
        let decimals = if self.high - self.low > 10.0 { 1 } else { 4 };
        figure.marks.retain(|mark| mark.kind == MarkKind::Rule);
        for mark in &mut figure.marks {
            if let Some((what, _)) = mark.label.split_once(" at step ") {
                let time = ticks::number(self.time_at(mark.x), decimals);
                mark.label = format!("{what} at {} = {time}", self.names().0);
                mark.short_label = time;
            }
        }
        let step = |(index, (x, _)): (usize, (f64, NoiseLevel))| Mark {
            x,
            kind: MarkKind::Tick,
            label: format!("step {index}"),
            short_label: String::new(),
            paint: Paint::Role(Role::Faint),
        };
        figure.marks.extend(self.steps().into_iter().enumerate().map(step));
        figure.y_axis.label = figure.y_axis.label.replace("(t)", &format!("({})", self.names().0));
        Figure { x_axis: self.x_axis(), ..figure }
    }

    fn level_panel(&self, reading: LevelReading) -> Figure {
        let (time, model) = (self.view(), self.schedule());
        let from = ScheduleFigure { time, model, reading, range: None, overlays: &[], warnings: &[] };
        let mut figure = schedule(from);
        // The schedule is its own model.
        figure.lines.retain(|line| line.name == "run");
        for line in &mut figure.lines {
            line.name = "schedule".into();
        }
        let (low, high) = figure.y_axis.range;
        let value = |level| crate::figure::level_value(reading, level).clamp(low, high);
        let points: Vec<[f64; 2]> = self.steps().into_iter().map(|(x, level)| [x, value(level)]).collect();
        figure.points.clear();
        if !points.is_empty() {
            let (name, paint, marker) = ("steps".to_owned(), Paint::Role(Role::Text), Marker::Circle);
            figure.points.push(Points { name, points, errors: Vec::new(), paint, marker });
        }
        self.along(figure)
    }

    fn shares(&self, curves: &Curves) -> Figure {
        let &Curves { theory, factor, measure, .. } = curves;
        let from = ChromatogramFigure { time: self.view(), theory, factor, measure, crossings: true };
        self.along(if curves.stacked { stacked_chromatogram(from) } else { chromatogram(from) })
    }

    fn elution(&self, curves: &Curves) -> Figure {
        let &Curves { theory, factor, measure, .. } = curves;
        let from = ElutionFigure { time: self.view(), theory, factor, measure, rate: Rate::PerRunTime };
        let pace = |x: f64| {
            let (level, slope) = self.schedule().level_and_slope_at(self.time_at(x));
            (level, -slope)
        };
        let mut figure = elution_at_pace(from, &pace);
        figure.y_axis.unit = self.names().2;
        self.along(figure)
    }

    fn adjusted(&self, curves: &Curves) -> Figure {
        let (low, high, schedule) = (self.low, self.high, self.schedule());
        let figure = adjusted_time(&AdjustedTimeFigure {
            x_axis: self.x_axis(),
            level_at: &|x| schedule.level_at(self.time_at(x)),
            time_of: &|level| (schedule.timestep_of(level) - low) / (high - low),
            factor: curves.factor,
            times: curves.theory.levels() - 1,
            reading: AdjustedReading::Time,
        });
        let mut figure = stretched(figure, low, high - low, 6);
        figure.lines[0].name = self.names().0.into();
        self.along(figure)
    }

    /// `r_m` of two schedules, each over its own time and then at equal levels, and the largest difference there.
    fn theorem(&self, name: &str, curves: &Curves, (other, theirs): (&str, &ModelSchedule)) -> ([Figure; 2], f64) {
        let own = |share: f64| Self::level_at(self.schedule(), share);
        let their = |share: f64| Self::level_at(theirs, share);
        let &Curves { theory, factor, measure, .. } = curves;
        let first = TheoremSchedule { name: &verbatim(name), level_at: &own };
        let second = TheoremSchedule { name: &verbatim(other), level_at: &their };
        let made = theorem(TheoremFigure { theory, factor, measure, first, second });
        ([made.apart, made.mapped].map(|figure| self.along(figure)), made.largest_difference)
    }
}

/// The figure with its vertical values mapped to `from + by·y`.
fn stretched(mut figure: Figure, from: f64, by: f64, numbers: usize) -> Figure {
    if (from, by) != (0.0, 1.0) {
        figure.lines.iter_mut().flat_map(|line| &mut line.points).for_each(|point| point[1] = from + by * point[1]);
        let (low, high) = figure.y_axis.range;
        figure.y_axis.range = (from + by * low, from + by * high);
        figure.y_axis.ticks = ticks::linear(figure.y_axis.range.0, figure.y_axis.range.1, numbers, false);
    }
    figure
}

/// λ and ᾱ of a schedule.
pub(super) fn schedule_sheet(own: &OwnTime, found: &SourceSchedule) -> Sheet {
    let panels = [LevelReading::LogSnr, LevelReading::AlphaBar];
    let steps = match own.steps().len() {
        0 => String::new(),
        _ => format!(" {}.", count(own.timed.table.rows.len().saturating_sub(1), "step")),
    };
    sheet(
        panels.map(|reading| (String::new(), own.level_panel(reading))).to_vec(),
        format!("Noise schedule: {}", verbatim(&found.name)),
        format!(
            "Schedule: {}.{steps} Noise is on the left, the image on the right; σ = exp(−λ/2).",
            verbatim(&found.about)
        ),
    )
}

/// What a schedule generates at which level, and when.
pub(super) fn chromatogram_sheet(own: &OwnTime, found: &SourceSchedule, curves: &Curves) -> Sheet {
    let letter = own.names().0;
    let mut panels: Vec<(String, Figure)> = Vec::new();
    for panel in
        [FigureKind::R, FigureKind::G, FigureKind::Tau].into_iter().filter(|panel| curves.panels.contains(panel))
    {
        panels.push(match panel {
            FigureKind::R => (format!("Resolution chromatogram r_m({letter})"), own.shares(curves)),
            FigureKind::G => (format!("Elution curves g_m({letter})"), own.elution(curves)),
            FigureKind::Tau => (format!("Adjusted times τ_m({letter})"), own.adjusted(curves)),
        });
    }
    let mut compared = String::new();
    if let Some(other) = curves.against {
        let ([apart, mapped], difference) = own.theorem(&found.name, curves, other);
        compared = if difference.is_nan() {
            format!(" {} and {} have no noise level in common.", found.name, other.0)
        } else {
            format!(
                " Theorem 1: {} and {} at equal ᾱ differ by at most {difference:.0e}; each over its own time from the \
                 noisiest to the cleanest.",
                found.name, other.0
            )
        };
        output::message(compared.trim_start());
        panels.push(("Two schedules, each over its own time".to_owned(), apart));
        panels.push(("Theorem 1: at equal ᾱ".to_owned(), mapped));
    }
    let measure = curves.measure.name();
    let caption = format!(
        "Schedule: {}. Scale-invariant theory, {}, factor n = {}, {measure}. Noise is on the left, the image on the \
         right.{compared}",
        found.about,
        count(curves.theory.levels(), "level"),
        curves.factor
    );
    let heading = format!("When the {} schedule generates each level", found.name);
    sheet(panels, verbatim(&heading), verbatim(&caption))
}

fn sheet(panels: Vec<(String, Figure)>, heading: String, caption: String) -> Sheet {
    let height = if panels.len() == 1 { 220.0 } else { 150.0 };
    let panel =
        |(title, figure): (String, Figure)| draw::Panel::new(title, figure.thinned(TOLERANCE)).with_height(height);
    Sheet { heading, caption, ..Sheet::new(panels.into_iter().map(panel).collect()) }
}

/// Draws a sheet to a file and prints its path.
pub(super) fn write(path: &Path, sheet: Sheet) -> Result<(), Failure> {
    let bytes = sheet.to_bytes(Format::from_path(path)?, DEFAULT_SCALE)?;
    output::file(path, &bytes, "the figure is")?;
    output::result(&path.display().to_string())
}
