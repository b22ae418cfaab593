use super::FormatError;
use crate::schedule::{LevelList, ListKind, MAX_STEPS, ModelSchedule, Plan};
use crate::theory::NoiseLevel;
use std::fmt::Write as _;

/// The columns of a table, in order.
pub const COLUMNS: [&str; 6] = ["step", "t", "alpha_bar", "sigma", "log_snr", "timestep"];

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
}

impl TableRow {
    /// The row's values in the order of [`COLUMNS`].
    #[must_use]
    pub fn values(&self, step: usize) -> [f64; 6] {
        let Self { t, level, timestep } = *self;
        [step as f64, t, level.alpha_bar(), level.sigma(), level.log_snr(), timestep]
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

    /// The table as CSV with a heading; infinities are `inf`, what there is not is `nan`. Numbers come back as the bits
    /// they were.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = COLUMNS.join(",") + "\n";
        for (step, row) in self.rows.iter().enumerate() {
            let [_, t, alpha_bar, sigma, log_snr, timestep] = row.values(step).map(number);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{step},{t},{alpha_bar},{sigma},{log_snr},{timestep}");
        }
        text
    }

    /// The table as JSON, a list for each column; infinities are the text "inf", what there is not is "nan".
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let value = |value: f64| if value.is_finite() { value.into() } else { number(value).into() };
        let column = |at: usize| -> serde_json::Value {
            let cell = |(step, row): (usize, &TableRow)| -> serde_json::Value {
                if at == 0 { step.into() } else { value(row.values(step)[at]) }
            };
            self.rows.iter().enumerate().map(cell).collect()
        };
        let columns = COLUMNS.iter().enumerate().map(|(at, &name)| (name.to_owned(), column(at)));
        serde_json::Value::Object(columns.collect())
    }

    /// Whether text begins with names of columns.
    #[must_use]
    pub fn has_heading(text: &str) -> bool {
        lines(text).next().is_some_and(is_heading)
    }

    /// The levels of a table or a list in CSV: the first there is of the columns `log_snr`, `sigma`, `alpha_bar` and
    /// `timestep`; without a heading every number is a σ.
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
        let column = |wanted: &str| names.iter().position(|name| name == wanted);
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
        if let Some(at) = column("log_snr").or_else(|| column("lambda")) {
            return Ok(list_of_log_snr(&read(at)?));
        }
        let list = [("sigma", ListKind::Sigma), ("alpha_bar", ListKind::AlphaBar), ("timestep", ListKind::Timestep)];
        for (name, kind) in list {
            if let Some(at) = column(name) {
                let mut values = read(at)?;
                if kind == ListKind::Timestep && values.last().is_some_and(|last| last.is_nan()) {
                    values.pop();
                }
                return Ok(LevelList { kind, values });
            }
        }
        Err(FormatError::NoColumn)
    }

    /// The levels of [`to_json`](Self::to_json).
    pub fn read_json(value: &serde_json::Value) -> Result<LevelList, FormatError> {
        let column = |name: &str| value.get(name).and_then(serde_json::Value::as_array);
        let read = |cells: &Vec<serde_json::Value>| -> Result<Vec<f64>, FormatError> {
            let number = |(row, cell): (usize, &serde_json::Value)| {
                let text = || cell.as_str().and_then(|text| text.parse().ok());
                cell.as_f64()
                    .or_else(text)
                    .ok_or_else(|| FormatError::NotANumber { row: row + 1, text: cell.to_string() })
            };
            cells.iter().enumerate().map(number).collect()
        };
        if let Some(cells) = column("log_snr") {
            return Ok(list_of_log_snr(&read(cells)?));
        }
        let named = [("sigma", ListKind::Sigma), ("sigmas", ListKind::Sigma), ("alpha_bar", ListKind::AlphaBar)];
        for (name, kind) in named {
            if let Some(cells) = column(name) {
                return Ok(LevelList { kind, values: read(cells)? });
            }
        }
        match value.as_array() {
            Some(cells) => Ok(LevelList::of_sigmas(read(cells)?)),
            None => Err(FormatError::NoColumn),
        }
    }
}

/// The lines that say something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a line names columns.
fn is_heading(line: &str) -> bool {
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
    // The shortest digits that read back the same, with an exponent where they would be long.
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
        assert_eq!(read("Sigma\n3\n1\n0\n").unwrap(), LevelList::of_sigmas(vec![3.0, 1.0, 0.0]));
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
