use super::FormatError;
use crate::reading::json;
use crate::schedule::{GivenValue, LevelList, ListKind, MAX_STEPS, ModelSchedule, Plan};
use crate::theory::NoiseLevel;
use std::fmt::Write as _;

/// The columns of a table, in order.
pub const COLUMNS: [&str; 6] = ["step", "t", "alpha_bar", "sigma", "log_snr", "timestep"];

/// One more column, of tables whose levels were given as flow time.
pub const FLOW_COLUMN: &str = "flow_time";

/// A schedule as a table, noisiest first: a row for each step, and one for the final state.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleTable {
    /// The rows; N steps make N + 1.
    pub rows: Vec<TableRow>,
}

/// One noise level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableRow {
    /// Time in the schedule's own terms: t in [0, 1] of a continuous family, the timestep of a training schedule, the run
    /// time s of a list or a drawn curve. NaN where the final state lies beyond that time.
    pub t: f64,
    /// The level.
    pub level: NoiseLevel,
    /// What the network is fed; NaN for the final state, and where no network is known.
    pub timestep: f64,
    /// What the level was given as.
    pub given: Option<GivenValue>,
}

impl TableRow {
    /// The row's values in the order of [`COLUMNS`]; that which the level was given as comes as it was.
    #[must_use]
    pub fn values(&self, step: usize) -> [f64; 6] {
        let Self { t, level, timestep, .. } = *self;
        let (alpha_bar, sigma) = (self.as_given(ListKind::AlphaBar), self.as_given(ListKind::Sigma));
        let (alpha_bar, sigma) = (alpha_bar.unwrap_or(level.alpha_bar()), sigma.unwrap_or(level.sigma()));
        // Nothing is −0.
        [step as f64, t, alpha_bar, sigma, level.log_snr(), timestep].map(|value| value + 0.0)
    }

    fn as_given(&self, kind: ListKind) -> Option<f64> {
        self.given.filter(|given| given.kind == kind).map(|given| given.value)
    }

    fn flow_time(&self) -> f64 {
        self.as_given(ListKind::FlowTime).unwrap_or(self.level.flow_time())
    }
}

impl ScheduleTable {
    /// A plan in its run time s, with the timesteps of the model that it was made for.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let steps = plan.steps();
        let row = |step: usize| TableRow {
            t: 1.0 - step as f64 / steps as f64,
            level: plan.levels()[step],
            timestep: plan.timesteps().get(step).copied().unwrap_or(f64::NAN),
            given: plan.given(step),
        };
        Self { rows: (0..=steps).map(row).collect() }
    }

    /// The same with t in the terms of a schedule: its timestep, or t in [0, 1]. The final state has a t only where the
    /// schedule has its level.
    #[must_use]
    pub fn in_time_of(mut self, schedule: &ModelSchedule) -> Self {
        let (low, high) = schedule.timestep_range();
        for row in &mut self.rows {
            row.t =
                if schedule.covers(row.level) { schedule.timestep_of(row.level).clamp(low, high) } else { f64::NAN };
        }
        self
    }

    /// The names of the columns: [`COLUMNS`], and [`FLOW_COLUMN`] where levels were given as flow time.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        let is_flow = self.rows.iter().any(|row| row.as_given(ListKind::FlowTime).is_some());
        COLUMNS.into_iter().chain(is_flow.then_some(FLOW_COLUMN)).collect()
    }

    /// The cells of a row, one for each of the [`columns`](Self::columns).
    #[must_use]
    pub fn cells(&self, step: usize) -> Vec<f64> {
        let Some(row) = self.rows.get(step) else { return Vec::new() };
        row.values(step).into_iter().chain([row.flow_time()]).take(self.columns().len()).collect()
    }

    /// The table as CSV with a heading; infinities are `inf`, what there is not is `nan`. Numbers come back as the bits
    /// they were.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = self.columns().join(",") + "\n";
        for step in 0..self.rows.len() {
            let cells: Vec<String> = self.cells(step).into_iter().map(number).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }

    /// The table as JSON, a list for each column; infinities are the text "inf", what there is not is "nan".
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let value = |value: f64| if value.is_finite() { value.into() } else { number(value).into() };
        let column = |at: usize| -> serde_json::Value {
            let cell =
                |step: usize| -> serde_json::Value { if at == 0 { step.into() } else { value(self.cells(step)[at]) } };
            (0..self.rows.len()).map(cell).collect()
        };
        let columns = self.columns().into_iter().enumerate().map(|(at, name)| (name.to_owned(), column(at)));
        serde_json::Value::Object(columns.collect())
    }

    /// Whether text begins with names of columns.
    #[must_use]
    pub fn has_heading(text: &str) -> bool {
        lines(text).next().is_some_and(is_heading)
    }

    /// The levels of a table or a list in CSV: the first there is of `log_snr` and the columns that [`LEVEL_COLUMNS`] names; without a heading every
    /// number is a σ.
    pub fn read_csv(text: &str) -> Result<LevelList, FormatError> {
        let heading = lines(text).next().ok_or(FormatError::Empty)?;
        if !is_heading(heading) {
            return super::read_list(text);
        }
        let separator = if heading.contains(';') {
            ';'
        } else if heading.contains('\t') {
            '\t'
        } else {
            ','
        };
        let names: Vec<String> =
            heading.split(separator).map(|name| name.trim().trim_matches('"').to_lowercase()).collect();
        let mut cells = Vec::new();
        for (row, line) in (1..).zip(lines(text).skip(1)) {
            if row > MAX_STEPS + 1 {
                return Err(FormatError::TooLong { limit: MAX_STEPS + 1 });
            }
            let values: Vec<&str> = line.split(separator).map(str::trim).collect();
            if values.len() != names.len() {
                return Err(FormatError::Ragged { row, found: values.len(), expected: names.len() });
            }
            cells.push(values);
        }
        let read = |at: usize| -> Result<Vec<f64>, FormatError> {
            let parse = |(row, values): (usize, &Vec<&str>)| {
                let text = values[at];
                text.parse().map_err(|_| FormatError::NotANumber { row: row + 1, text: text.to_owned() })
            };
            cells.iter().enumerate().map(parse).collect()
        };
        if cells.is_empty() {
            return Err(FormatError::Empty);
        }
        of_columns(|wanted| names.iter().position(|name| wanted.contains(&name.as_str())).map(read))
    }

    /// The levels of [`to_json`](Self::to_json), or of a list under one of the names of its columns, singular or plural.
    pub fn read_json(value: &serde_json::Value) -> Result<LevelList, FormatError> {
        let read = |cells: &Vec<serde_json::Value>| -> Result<Vec<f64>, FormatError> {
            let number = |(row, cell): (usize, &serde_json::Value)| {
                let text = || cell.as_str().and_then(|text| text.parse().ok());
                // A column of an array: [[14.6], [3.1], [0]].
                let alone = cell.as_array().filter(|inner| inner.len() == 1).map_or(cell, |inner| &inner[0]);
                json::number(alone)
                    .or_else(text)
                    .ok_or_else(|| FormatError::NotANumber { row: row + 1, text: json::as_written(cell) })
            };
            // A row of an array: [[14.6, 3.1, 0]].
            let cells = match &cells[..] {
                [serde_json::Value::Array(inner)] => inner,
                _ => cells,
            };
            if cells.len() > MAX_STEPS + 1 {
                return Err(FormatError::TooLong { limit: MAX_STEPS + 1 });
            }
            cells.iter().enumerate().map(number).collect()
        };
        match value.as_array() {
            Some(cells) if cells.is_empty() => Err(FormatError::Empty),
            Some(cells) => Ok(LevelList::of_model_sigmas(read(cells)?)),
            None => of_columns(|names| names.iter().find_map(|name| value.get(name)?.as_array()).map(read)),
        }
    }
}

/// The names of columns with noise levels, in the order in which they are looked for, beside `log_snr`.
const LEVEL_COLUMNS: [(&[&str], ListKind); 5] = [
    (&["sigma", "sigmas"], ListKind::ModelSigma),
    (&["ve_sigma", "ve_sigmas"], ListKind::Sigma),
    (&[FLOW_COLUMN, "flow_times"], ListKind::FlowTime),
    (&["alpha_bar", "alpha_bars", "alphas_cumprod"], ListKind::AlphaBar),
    (&["timestep", "timesteps"], ListKind::Timestep),
];

/// The levels of columns with names. Where λ stands beside them it decides; a flow time or σ that says the same is then taken
/// as it stands, with the digits that λ does not hold.
pub(super) fn of_columns(
    column: impl Fn(&[&str]) -> Option<Result<Vec<f64>, FormatError>>,
) -> Result<LevelList, FormatError> {
    let log_snr = column(&["log_snr", "log_snrs", "lambda"]).transpose()?;
    if let Some(log_snr) = log_snr {
        let beside = [(FLOW_COLUMN, ListKind::FlowTime), ("sigma", ListKind::Sigma)];
        for (name, kind) in beside {
            if let Some(Ok(values)) = column(&[name])
                && say_the_same(kind, &values, &log_snr)
            {
                return Ok(LevelList { kind, values });
            }
        }
        return Ok(list_of_log_snr(&log_snr));
    }
    for (names, kind) in LEVEL_COLUMNS {
        if let Some(values) = column(names) {
            let mut values = values?;
            if kind == ListKind::Timestep && values.last().is_some_and(|last| last.is_nan()) {
                values.pop();
            }
            if values.is_empty() {
                return Err(FormatError::Empty);
            }
            return Ok(LevelList { kind, values });
        }
    }
    Err(FormatError::NoColumn)
}

/// What an array of this name holds.
pub(super) fn kind_of_name(name: &str) -> ListKind {
    let known = LEVEL_COLUMNS.into_iter().find(|(names, _)| names.contains(&name));
    known.map_or(ListKind::ModelSigma, |(_, kind)| kind)
}

/// Whether values are the levels that λ says, to rounding.
fn say_the_same(kind: ListKind, values: &[f64], log_snr: &[f64]) -> bool {
    let level = |value: f64| match kind {
        ListKind::FlowTime => NoiseLevel::from_flow_time(value),
        _ => NoiseLevel::from_sigma(value),
    };
    let close = |(&value, &log_snr): (&f64, &f64)| {
        let found = level(value).log_snr();
        found == log_snr || (found - log_snr).abs() <= 1e-9 * log_snr.abs().max(1.0)
    };
    values.len() == log_snr.len() && values.iter().zip(log_snr).all(close)
}

/// The lines that say something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a line names columns.
fn is_heading(line: &str) -> bool {
    if line.contains(['[', '(', '=']) {
        // A list as Python shows it.
        return false;
    }
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let mut words = line.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    !words.any(is_number) && line.chars().any(char::is_alphabetic)
}

/// λ as a list of σ, the form that runs keep; NaN stays NaN, to be refused with its row.
pub(super) fn list_of_log_snr(values: &[f64]) -> LevelList {
    LevelList::of_sigmas(values.iter().map(|&log_snr| NoiseLevel::from_log_snr(log_snr).sigma()).collect())
}

/// A number that comes back as the bits it was, as Python writes it too.
#[must_use]
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    // Nothing is −0. The shortest digits that read back the same, with an exponent where they would be long.
    let value = value + 0.0;
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) { format!("{value:e}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, TrainingSchedule};

    fn model() -> ModelSchedule {
        ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap())
    }

    #[test]
    fn tables_come_back_as_the_levels_they_were() {
        let plan = Plan::from_sigmas(&model(), &[14.0, 3.3, 0.1, 0.0]).unwrap();
        let table = ScheduleTable::of_plan(&plan);
        let csv = table.to_csv();
        assert!(csv.starts_with("step,t,alpha_bar,sigma,log_snr,timestep\n0,1,"), "{csv}");
        assert!(csv.ends_with("3,0,1,0,inf,nan\n"), "{csv}");
        let same = |list: LevelList| {
            let again = list.plan(&model(), crate::schedule::FinalLevel::Clean).unwrap();
            for (ours, theirs) in again.levels().iter().zip(plan.levels()) {
                assert!(ours == theirs || (ours.log_snr() - theirs.log_snr()).abs() < 1e-14);
            }
            assert_eq!(again.steps(), 3);
        };
        same(ScheduleTable::read_csv(&csv).unwrap());
        same(ScheduleTable::read_json(&table.to_json()).unwrap());
        let text = serde_json::to_string(&table.to_json()).unwrap();
        same(ScheduleTable::read_json(&serde_json::from_str(&text).unwrap()).unwrap());
    }

    #[test]
    fn every_row_has_its_values_or_is_named() {
        let read = |text: &str| ScheduleTable::read_csv(text).map_err(|error| error.to_string());
        assert_eq!(read("Sigma\n3\n1\n0\n").unwrap(), LevelList::of_model_sigmas(vec![3.0, 1.0, 0.0]));
        let timesteps = read("timestep;x\n999;0\n500;0\nnan;0\n").unwrap();
        assert_eq!((timesteps.kind, timesteps.values), (ListKind::Timestep, vec![999.0, 500.0]));
        assert_eq!(read("# by hand\nalpha_bar\n0\n0.5\n1\n").unwrap().kind, ListKind::AlphaBar);
        let word = FormatError::NotANumber { row: 2, text: "x".into() }.to_string();
        assert_eq!(read("3 x 0\n").unwrap_err(), word);
        assert_eq!(read("sigma\n3\nx\n").unwrap_err(), word);
        let ragged = FormatError::Ragged { row: 2, found: 1, expected: 2 };
        assert_eq!(read("sigma,t\n3,1\n2\n").unwrap_err(), ragged.to_string());
        assert_eq!(read("a,b\n1,2\n").unwrap_err(), FormatError::NoColumn.to_string());
        assert_eq!(read("").unwrap_err(), FormatError::Empty.to_string());
        assert_eq!(read("sigma\n").unwrap_err(), FormatError::Empty.to_string());
        let long = "sigma\n".to_owned() + &"1\n".repeat(1_000_000);
        assert_eq!(read(&long).unwrap_err(), FormatError::TooLong { limit: 10_001 }.to_string());
    }

    #[test]
    fn numbers_keep_their_bits() {
        for value in [0.1, 1.0 / 3.0, 1e-300, 2.5e20, 0.0, 4_095.999_877_929_685_7, -18.7, 1e-5] {
            assert_eq!(number(value).parse::<f64>().unwrap(), value);
        }
        assert_eq!([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(number), ["inf", "-inf", "nan"]);
    }
}
