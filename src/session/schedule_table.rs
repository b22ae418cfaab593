//! A schedule as rows of numbers, with or without a run's number of steps.

use crate::schedule::formats::{ScheduleTable, TableRow};
use crate::schedule::{
    Curve, FinalLevel, LevelList, ListKind, Listed, ModelSchedule, Plan, PlanRequest, PlanSource, ScheduleError,
    ScheduleSpec, SigmaMeaning, Spacing, computed,
};
use crate::theory::{Chromatogram, Measure, NoiseLevel, adjustment};
use std::fmt::Write as _;

/// Rows of a continuous schedule if no number of steps is given.
pub const EVERY: usize = 1000;

/// A schedule in its own time, with the requested rows.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedTable {
    /// The schedule whose time the rows are in.
    pub schedule: ModelSchedule,
    /// The rows, noisiest first, the last the final state.
    pub table: ScheduleTable,
}

/// The table of a schedule: the levels that `request` visits, or every timestep (for a continuous one, 1000 times).
/// `network` gives the number that a network is fed at a level, if known.
pub fn timed_table(
    schedule: ModelSchedule,
    request: Option<&PlanRequest>,
    network: Option<&ModelSchedule>,
) -> Result<TimedTable, ScheduleError> {
    let fed = |level: NoiseLevel| network.map_or(f64::NAN, |network| network.timestep_of(level));
    let row = |t: f64, level: NoiseLevel| TableRow { t, level, timestep: fed(level), given: None };
    let mut rows: Vec<TableRow> = match (request, &schedule) {
        (Some(request), _) => {
            let plan = request.plan(&schedule)?;
            let own_timesteps = network == Some(&schedule);
            // A scheduler's class may feed another number than the level's own time.
            let own_time = |level: NoiseLevel, fed: f64| match request.source {
                PlanSource::Scheduler(_) => schedule.timestep_of(level),
                _ => fed,
            };
            let rows = plan.levels().iter().zip(plan.timesteps()).enumerate();
            let mut rows: Vec<TableRow> = rows
                .map(|(step, (&level, &t))| {
                    let timestep = if own_timesteps { t } else { fed(level) };
                    TableRow { t: own_time(level, t), level, timestep, given: plan.given(step) }
                })
                .collect();
            if let (ModelSchedule::Continuous(_), PlanSource::Spacing(Spacing::Trailing)) = (&schedule, &request.source)
            {
                let steps = rows.len();
                // The inverse of the curve, apart from rounding.
                rows.iter_mut().enumerate().for_each(|(i, row)| row.t = (steps - i) as f64 / steps as f64);
            }
            rows.push(final_row(&schedule, plan.levels()[plan.steps()]));
            rows
        }
        (None, ModelSchedule::Discrete(table)) => {
            let mut rows: Vec<TableRow> = (0..table.num_timesteps())
                .rev()
                .map(|timestep| row(timestep as f64, table.level(timestep)))
                .filter(|row| row.level != NoiseLevel::CLEAN)
                .collect();
            rows.push(final_row(&schedule, NoiseLevel::CLEAN));
            rows
        }
        (None, _) => {
            let (low, high) = schedule.timestep_range();
            let time = |i: usize| low + (high - low) * ((EVERY - i) as f64 / EVERY as f64);
            let mut rows: Vec<TableRow> = (0..=EVERY).map(|i| row(time(i), schedule.level_at(time(i)))).collect();
            if let Some(last) = rows.last_mut() {
                last.timestep = f64::NAN;
            }
            rows
        }
    };
    if let Some(last) = rows.last_mut() {
        last.timestep = f64::NAN;
    }
    Ok(TimedTable { schedule, table: ScheduleTable { rows } })
}

/// The final state: it has a time only if the schedule has its level.
fn final_row(schedule: &ModelSchedule, level: NoiseLevel) -> TableRow {
    let clean_within = match schedule {
        ModelSchedule::Continuous(_) => true,
        other => other.covers(level) && level != NoiseLevel::CLEAN,
    };
    let t = if clean_within { schedule.timestep_of(level) } else { f64::NAN };
    TableRow { t, level, timestep: f64::NAN, given: None }
}

/// The table of typed levels, in run time s: exactly the values, one row each. `final_level` ends a list of timesteps.
pub fn listed_table(
    source: &LevelList,
    network: Option<&ModelSchedule>,
    final_level: FinalLevel,
) -> Result<TimedTable, ScheduleError> {
    let plan = match network {
        Some(network) => source.plan(network, final_level)?,
        None => source.plan_of_any()?,
    };
    let mut table = ScheduleTable::of_plan(&plan);
    if network.is_none() {
        for row in &mut table.rows {
            row.timestep = f64::NAN;
        }
    }
    let sigmas = plan.levels().iter().map(|level| level.sigma()).collect();
    let listed = Listed::try_from(LevelList::of_sigmas(sigmas))?;
    Ok(TimedTable { schedule: ModelSchedule::Continuous(Curve::Listed(listed)), table })
}

impl TimedTable {
    /// The table of a run's source: another schedule or a list. A spacing alone has no levels of its own.
    pub fn of_source(
        source: &PlanSource,
        request: Option<PlanRequest>,
        network: Option<&ModelSchedule>,
    ) -> Result<Self, ScheduleError> {
        match source {
            PlanSource::List(list) => listed_table(list, network, FinalLevel::Clean),
            PlanSource::Other(other) => {
                let schedule = other.schedule.schedule()?;
                let own = matches!(
                    other.schedule,
                    ScheduleSpec::Training(_) | ScheduleSpec::Flow { .. } | ScheduleSpec::Edm { .. }
                );
                let network = network.or(own.then_some(&schedule));
                let request = request.map(|request| PlanRequest {
                    source: (*other.visits).clone(),
                    steps_offset: other.steps_offset,
                    ..request
                });
                timed_table(schedule.clone(), request.as_ref(), network)
            }
            PlanSource::Spacing(_) | PlanSource::Family(_) | PlanSource::Scheduler(_) => {
                Err(ScheduleError::NoSchedule(source.label()))
            }
        }
    }

    /// A run on a model that visits the rows.
    pub fn plan(&self, model: &ModelSchedule) -> Result<Plan, ScheduleError> {
        let rows = || self.table.rows.iter();
        let as_given = |row: &TableRow, kind: ListKind| row.given.filter(|given| given.kind == kind).map(|g| g.value);
        let kind = SigmaMeaning::of(model).kind();
        let values = rows().map(|row| as_given(row, kind).unwrap_or_else(|| computed(kind.value_of(row.level, model))));
        LevelList { kind, values: values.collect() }.plan(model, FinalLevel::Clean)
    }

    /// The chromatogram of the rows that have a time, as CSV: `t, alpha_bar, log_snr, r_0 …, g_0 …, tau_1 …
    /// tau_{levels−1}`, level 0 the finest, g per unit of t, τ in the same t.
    #[must_use]
    pub fn chromatogram_csv(&self, theory: &Chromatogram, factor: usize, measure: Measure) -> String {
        let levels = theory.levels();
        let mut text = String::from("t,alpha_bar,log_snr");
        for (letter, first) in [("r", 0), ("g", 0), ("tau", 1)] {
            for m in first..levels {
                // Writing to a string cannot fail.
                let _ = write!(text, ",{letter}_{m}");
            }
        }
        text.push('\n');
        let mut row = vec![0.0; levels];
        let number = crate::schedule::formats::number;
        for TableRow { t, level, .. } in self.table.rows.iter().filter(|row| !row.t.is_nan()) {
            let _ = write!(text, "{},{},{}", number(*t), number(level.alpha_bar()), number(level.log_snr()));
            theory.shares(*level, measure, &mut row);
            let cells = |row: &[f64], text: &mut String| {
                for value in row {
                    text.push(',');
                    text.push_str(&number(*value));
                }
            };
            cells(&row, &mut text);
            let (beside, slope) = self.schedule.level_and_slope_at(*t);
            theory.elution_per_nat(beside, measure, &mut row);
            for rate in &mut row {
                *rate *= -slope;
            }
            cells(&row, &mut text);
            for m in 1..levels {
                let times = u32::try_from(m).unwrap_or(u32::MAX);
                let adjusted = adjustment::adjusted_level(*level, factor, times);
                text += &(",".to_owned() + &number(self.schedule.timestep_of(adjusted)));
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, SpacingConvention, TrainingSpec};

    fn request(source: PlanSource, steps: usize) -> PlanRequest {
        let convention = SpacingConvention::Ddim;
        PlanRequest { source, steps, convention, steps_offset: 0, final_level: FinalLevel::Clean }
    }

    #[test]
    fn tables_have_a_row_a_step_and_one_for_the_end() {
        let spec = ScheduleSpec::Training(TrainingSpec::new(BetaSchedule::Linear));
        let source = PlanSource::of(spec, PlanSource::Spacing(Spacing::Trailing));
        let every = TimedTable::of_source(&source, None, None).unwrap().table;
        assert_eq!(every.rows.len(), 1001);
        assert_eq!((every.rows[0].t, every.rows[0].timestep, every.rows[999].t), (999.0, 999.0, 0.0));
        assert!(every.rows[1000].t.is_nan() && every.rows[1000].level == NoiseLevel::CLEAN);
        let ten = request(PlanSource::Spacing(Spacing::Trailing), 10);
        let ten = TimedTable::of_source(&source, Some(ten), None).unwrap().table;
        assert_eq!((ten.rows.len(), ten.rows[9].t, ten.rows[9].timestep), (11, 99.0, 99.0));

        let cosine = PlanSource::curve("cosine".parse().unwrap());
        let every = TimedTable::of_source(&cosine, None, None).unwrap().table;
        assert_eq!((every.rows.len(), every.rows[0].t, every.rows[500].t, every.rows[1000].t), (1001, 1.0, 0.5, 0.0));
        assert!(every.rows[500].timestep.is_nan());

        let list = PlanSource::List(LevelList::of_sigmas(vec![4.0, 1.0, 0.25]));
        let table = TimedTable::of_source(&list, None, None).unwrap().table;
        assert_eq!(table.rows.iter().map(|row| row.t).collect::<Vec<_>>(), [1.0, 0.5, 0.0]);
        assert!(TimedTable::of_source(&PlanSource::Spacing(Spacing::Leading), None, None).is_err());
    }

    #[test]
    fn adjusted_times_and_shares_are_the_golden_ones() {
        let theory = Chromatogram::scale_invariant(2, 6).unwrap();
        let cosine = PlanSource::curve("cosine".parse().unwrap());
        let csv = TimedTable::of_source(&cosine, None, None).unwrap().chromatogram_csv(&theory, 2, Measure::Power);
        let mut lines = csv.lines();
        assert!(lines.next().unwrap().ends_with("g_5,tau_1,tau_2,tau_3,tau_4,tau_5"));
        let half: Vec<f64> = lines.nth(500).unwrap().split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(half[0], 0.5);
        assert!((half[1] - 0.493_844).abs() < 1e-6);
        for (found, golden) in half[15..19].iter().zip([0.292_799, 0.151_272, 0.073_172, 0.033_330]) {
            assert!((found - golden).abs() < 1e-6, "{found} {golden}");
        }
        // dλ/dt of this schedule cancels.
        let sum: f64 = half[9..15].iter().sum();
        for m in 0..6 {
            assert!((half[9 + m] / sum - half[3 + m]).abs() < 1e-9);
        }
    }
}
