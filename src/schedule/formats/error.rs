/// Why a file of noise levels cannot be read or written. Rows are counted from 1, the heading not counted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FormatError {
    /// Nothing in it.
    #[error("it contains no numbers; give at least two values of σ, noisiest first")]
    Empty,
    /// Something that is not a number.
    #[error("\"{text}\" in row {row} is not a number")]
    NotANumber {
        /// The row.
        row: usize,
        /// What stands there.
        text: String,
    },
    /// More than one list in brackets.
    #[error("it contains several lists; keep only the list of σ")]
    SeveralLists,
    /// A row with too few or too many values.
    #[error("row {row} has {}, but the heading has {expected}", crate::words::count(*.found, "value"))]
    Ragged {
        /// The row.
        row: usize,
        /// Values in the row.
        found: usize,
        /// Values in the heading.
        expected: usize,
    },
    /// A heading without a column of noise levels.
    #[error("it has no column of noise levels; name one log_snr, sigma, flow_time, alpha_bar or timestep")]
    NoColumn,
    /// More rows than a run may have steps.
    #[error("it has more than {limit} rows, the most that a run can use")]
    TooLong {
        /// Most rows.
        limit: usize,
    },
    /// A NumPy file of another form.
    #[error("{0}")]
    Npy(String),
    /// JSON of another form.
    #[error("it is not a schedule in JSON ({0})")]
    Json(String),
    /// This program's own form, of another version or with something else in it.
    #[error("{0}")]
    Own(String),
    /// A schedule that has no form of this kind.
    #[error("{0}")]
    Impossible(String),
}
