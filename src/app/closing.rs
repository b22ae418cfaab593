//! How far closing the window has come. No GUI.

use crate::ensemble::Ensemble;
use std::sync::Arc;

/// How far closing has come: what was measured and is in no file is asked about first.
#[derive(Clone, Debug, Default)]
pub enum Closing {
    /// Nobody asked for it.
    #[default]
    Not,
    /// The question is on the screen.
    Asking(Held),
    /// This ensemble is being saved, which has a dialog of its own.
    Saving(Arc<Ensemble>, Held),
    /// Nothing is left that could be lost, or it was given up.
    Leaving,
}

/// What is held up by the question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Whether measuring was paused for it, and resumes if the window stays.
    pub paused: bool,
    /// Whether the question was drawn.
    pub drawn: bool,
}
