//! What a network is told besides the noisy image.

use crate::denoiser::{DenoiseError, NULL_INPUTS};
use crate::model::contract::{Contract, Port};
use ndarray::{Array3, Array4, ArrayD};

/// What a network is told besides the noisy image.
#[derive(Clone, Debug, Default)]
pub struct Conditioning {
    /// Class of each sample of the batch (the last entry rules the samples beyond it).
    pub labels: Vec<i64>,
    /// Text or other embeddings.
    pub hidden_states: Option<HiddenStates>,
    /// The null class, for callers that ask for [`NULL_INPUTS`].
    pub null_class: Option<i64>,
    /// Values of the further inputs, in the contract's order.
    pub inputs: Vec<GivenInput>,
    /// Channels behind the image's, `[B or 1, C, H, W]`; a larger batch uses them in turn.
    pub concat: Option<Array4<f32>>,
}

/// What the rows of given values belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// The samples; a larger batch uses them in turn.
    #[default]
    BySample,
    /// The classes: row n is of class n. So the prompts of a run are classes, and a combination of denoisers asks for
    /// several of them in one call; row 0 is the null prompt.
    ByClass,
}

/// Text or other embeddings.
#[derive(Clone, Debug)]
pub struct HiddenStates {
    /// `[rows, tokens, width]`; texts of other lengths are padded to the same.
    pub values: Array3<f32>,
    /// What the rows belong to.
    pub rows: Rows,
}

impl HiddenStates {
    /// One row for all samples, or one per sample.
    #[must_use]
    pub const fn by_sample(values: Array3<f32>) -> Self {
        Self { values, rows: Rows::BySample }
    }

    /// One row per class.
    #[must_use]
    pub const fn by_class(values: Array3<f32>) -> Self {
        Self { values, rows: Rows::ByClass }
    }
}

/// Values of a further input, in the graph's order of axes. The first axis is that of the rows.
#[derive(Clone, Debug)]
pub struct GivenInput {
    /// The values.
    pub values: ArrayD<f64>,
    /// The values for the unconditional estimate, if it has its own: one entry. Rows by class have theirs among them.
    pub null: Option<ArrayD<f64>>,
    /// What the rows belong to.
    pub rows: Rows,
}

impl GivenInput {
    /// One row for all samples, or one per sample.
    #[must_use]
    pub const fn by_sample(values: ArrayD<f64>) -> Self {
        Self { values, null: None, rows: Rows::BySample }
    }

    /// One row per class.
    #[must_use]
    pub const fn by_class(values: ArrayD<f64>) -> Self {
        Self { values, null: None, rows: Rows::ByClass }
    }
}

/// Why given values do not fit the graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditioningError {
    /// Embeddings of another width.
    #[error(
        "the text embeddings are {given} wide, but the input {port} of the network takes {taken}; use the text encoders \
         that belong to this network"
    )]
    Width {
        /// Their width.
        given: usize,
        /// The network's.
        taken: usize,
        /// The input.
        port: String,
    },
    /// Embeddings of another number of tokens.
    #[error(
        "the text embeddings have {given} tokens, but the input {port} of the network was exported for {taken}; use the \
         text encoders that belong to this network, or export it with a free number of tokens"
    )]
    Tokens {
        /// Their tokens.
        given: usize,
        /// The network's.
        taken: usize,
        /// The input.
        port: String,
    },
    /// Values of another shape.
    #[error(
        "the values for the input {port} have the shape {given}, which does not fit; use the parts that belong to this network"
    )]
    Shape {
        /// The shape of a row.
        given: String,
        /// The input.
        port: String,
    },
}

impl Conditioning {
    /// Refuses values that do not fit what the graph has fixed.
    pub fn check(&self, contract: &Contract) -> Result<(), ConditioningError> {
        let fits = |taken: Option<usize>, given: usize| taken.is_none_or(|taken| taken == given);
        if let (Some(port), Some(states)) = (&contract.hidden_states, &self.hidden_states) {
            let (_, tokens, width) = states.values.dim();
            let describe = || port.describe();
            if let Some(taken) = port.shape[2].filter(|taken| *taken != width) {
                return Err(ConditioningError::Width { given: width, taken, port: describe() });
            }
            if let Some(taken) = port.shape[1].filter(|taken| *taken != tokens) {
                return Err(ConditioningError::Tokens { given: tokens, taken, port: describe() });
            }
        }
        for (port, given) in contract.inputs.iter().zip(&self.inputs) {
            let sides = &port.shape[usize::from(contract.is_per_sample(port))..];
            let row = &given.values.shape()[1..];
            if sides.len() != row.len() || !sides.iter().zip(row).all(|(taken, given)| fits(*taken, *given)) {
                let given: Vec<String> = row.iter().map(usize::to_string).collect();
                let given = if given.is_empty() { "of a number".to_owned() } else { given.join("x") };
                return Err(ConditioningError::Shape { given, port: port.describe() });
            }
        }
        Ok(())
    }

    /// The row of the hidden states for a sample.
    pub(super) fn row_of_states(
        &self,
        states: &HiddenStates,
        sample: usize,
        classes: &[i64],
    ) -> Result<usize, DenoiseError> {
        let rows = states.values.dim().0;
        match states.rows {
            Rows::BySample => Ok(sample % rows),
            Rows::ByClass => self.row_of_class(class_of(sample, classes), rows),
        }
    }

    /// The row of a further input for a sample, `None` for its null value.
    pub(super) fn row_of(
        &self,
        given: &GivenInput,
        sample: usize,
        classes: &[i64],
    ) -> Result<Option<usize>, DenoiseError> {
        let (rows, class) = (given.values.len_of(ndarray::Axis(0)), class_of(sample, classes));
        match given.rows {
            _ if given.null.is_some() && class == Some(NULL_INPUTS) => Ok(None),
            Rows::BySample => Ok(Some(sample % rows)),
            Rows::ByClass => self.row_of_class(class, rows).map(Some),
        }
    }

    /// The row of a class. Nothing asked for is the null prompt.
    fn row_of_class(&self, class: Option<i64>, rows: usize) -> Result<usize, DenoiseError> {
        let class = match class {
            Some(NULL_INPUTS) | None => self.null_class.unwrap_or(0),
            Some(class) => class,
        };
        let row = usize::try_from(class).ok().filter(|row| *row < rows);
        row.ok_or(DenoiseError::NoSuchPrompt { number: class, last: rows.saturating_sub(1) })
    }

    /// Whether one call can serve both samples, where an input takes one value for all.
    pub(super) fn go_together(
        &self,
        contract: &Contract,
        (a, b): (usize, usize),
        classes: &[i64],
    ) -> Result<bool, DenoiseError> {
        let shares = |port: &Port| port.is_shared() || !contract.is_per_sample(port);
        for (port, given) in contract.inputs.iter().zip(&self.inputs) {
            let of = |sample| self.row_of(given, sample, classes);
            let (a, b) = (of(a)?, of(b)?);
            // What is given by sample is one for all here; only the null value differs.
            let same = if given.rows == Rows::ByClass { a == b } else { a.is_none() == b.is_none() };
            if shares(port) && !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The class of a sample; the last entry rules the samples beyond it.
pub(super) fn class_of(sample: usize, classes: &[i64]) -> Option<i64> {
    classes.get(sample).or(classes.last()).copied()
}
