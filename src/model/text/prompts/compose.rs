//! What each family takes of its encoders, and how it puts that together.

use super::PromptEmbedding;
use crate::model::pipeline::Family;
use crate::model::text::encoder::{Encoded, States};
use ndarray::{Array1, Array2, Axis, concatenate, s};

/// What is taken of one encoder.
pub(super) struct Plan {
    /// Its number.
    pub(super) number: usize,
    /// How many tokens it is given, where that is not its tokenizer's to say.
    pub(super) tokens: Option<usize>,
    taken: Taken,
    /// Whether its pooled vector is taken.
    pub(super) pools: bool,
}

enum Taken {
    /// Only the pooled vector.
    Nothing,
    /// The states it returns, or with CLIP skip those of a layer before, normalised.
    Last,
    /// The states of the last layer but one, as they are.
    LastButOne,
    /// The states it returns, which no CLIP skip changes.
    Whole,
}

impl Plan {
    const fn of(number: usize, taken: Taken, pools: bool) -> Self {
        Self { number, tokens: None, taken, pools }
    }

    /// A T5 that is given this many tokens.
    const fn t5(number: usize, tokens: usize) -> Self {
        Self { number, tokens: Some(tokens), taken: Taken::Whole, pools: false }
    }

    pub(super) const fn states(&self, skipped: usize) -> States {
        match (&self.taken, skipped) {
            (Taken::Nothing, _) => States::None,
            (Taken::Whole, _) | (Taken::Last, 0) => States::Last,
            (Taken::Last, skipped) => States::Normed(skipped),
            (Taken::LastButOne, skipped) => States::Layer(skipped + 1),
        }
    }
}

/// Tokens of T5 in Stable Diffusion 3 and in FLUX.
const SD3_TOKENS: usize = 256;
const FLUX_TOKENS: usize = 512;
/// Width of T5's states, where Stable Diffusion 3 has no T5 and does not say it.
const T5_WIDTH: usize = 4096;

/// What is taken of the encoders of a family, in their order.
pub(super) fn plans(family: Family) -> Vec<Plan> {
    match family {
        Family::StableDiffusion => vec![Plan::of(1, Taken::Last, false)],
        Family::StableDiffusionXl => {
            vec![Plan::of(1, Taken::LastButOne, false), Plan::of(2, Taken::LastButOne, true)]
        }
        Family::StableDiffusion3 => {
            vec![Plan::of(1, Taken::LastButOne, true), Plan::of(2, Taken::LastButOne, true), Plan::t5(3, SD3_TOKENS)]
        }
        Family::Flux => vec![Plan::of(1, Taken::Nothing, true), Plan::t5(2, FLUX_TOKENS)],
    }
}

/// Puts together what the encoders made of a text, each with its number. `width` is that of the embeddings that the denoiser
/// takes.
pub(super) fn compose(family: Family, parts: Vec<(usize, Encoded)>, width: Option<usize>) -> PromptEmbedding {
    let mut states = Vec::new();
    let mut pooled = Vec::new();
    let mut t5 = None;
    for (number, encoded) in parts {
        match encoded.states {
            Some(found) if family == Family::StableDiffusion3 && number == 3 => t5 = Some(found),
            found => states.extend(found),
        }
        pooled.extend(encoded.pooled);
    }
    let mut hidden_states = beside(&states);
    if family == Family::StableDiffusion3 {
        let t5 = t5.unwrap_or_else(|| Array2::zeros((SD3_TOKENS, width.unwrap_or(T5_WIDTH))));
        hidden_states = stacked(&hidden_states, &t5);
    }
    let pooled: Vec<f32> = pooled.iter().flatten().copied().collect();
    PromptEmbedding { hidden_states, pooled: (!pooled.is_empty()).then(|| Array1::from_vec(pooled)) }
}

/// States of several encoders for the same tokens, side by side. Those with fewer tokens are padded with zeros.
fn beside(states: &[Array2<f32>]) -> Array2<f32> {
    let tokens = states.iter().map(Array2::nrows).max().unwrap_or(0);
    let mut whole = Array2::zeros((tokens, states.iter().map(Array2::ncols).sum()));
    let mut first = 0;
    for state in states {
        whole.slice_mut(s![..state.nrows(), first..first + state.ncols()]).assign(state);
        first += state.ncols();
    }
    whole
}

/// States of two encoders one after the other, the narrower ones padded with zeros.
fn stacked(first: &Array2<f32>, second: &Array2<f32>) -> Array2<f32> {
    let width = first.ncols().max(second.ncols());
    let padded = |states: &Array2<f32>| {
        let mut padded = Array2::zeros((states.nrows(), width));
        padded.slice_mut(s![.., ..states.ncols()]).assign(states);
        padded
    };
    let (first, second) = (padded(first), padded(second));
    concatenate(Axis(0), &[first.view(), second.view()]).unwrap_or(first)
}
