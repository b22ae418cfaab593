//! The state of closing the window. No GUI.

use crate::ensemble::Ensemble;
use std::sync::Arc;

/// The state of closing. The user is asked first about measurements that are in no file.
#[derive(Clone, Debug, Default)]
pub enum Closing {
    /// Not closing.
    #[default]
    Not,
    /// The question is on screen.
    Asking(CloseQuestion),
    /// This ensemble is being saved, in its own dialog.
    Saving(Arc<Ensemble>, CloseQuestion),
    /// Everything is saved or discarded.
    Leaving,
}

/// The state of the question.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloseQuestion {
    /// Whether measuring was paused for it, and resumes if the window stays.
    pub paused: bool,
    /// Whether the question was drawn.
    pub drawn: bool,
}
