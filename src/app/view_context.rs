//! What panes and tracks read in a frame, and what they may change of what is not their own. No view asks for more.

use crate::app::board::Board;
use crate::app::draw::level_button::Levels;
use crate::app::draw::textures::Textures;
use crate::app::intent::Intent;
use crate::app::measure_desk::MeasureDesk;
use crate::app::planned::{Planned, Planner};
use crate::app::run_view::{Moment, RunView};
use crate::app::schedule_hand::ScheduleHand;
use crate::ensemble::ComesTo;
use crate::runtime::Report;
use crate::session::RunSettings;
use crate::session::document::{Document, ViewChoices};
use crate::session::prepare::ModelInfo;

/// What every view may read in a frame.
#[derive(Clone, Copy)]
pub struct ViewContext<'a> {
    /// What the user decides: the settings of the next run, and how it is looked at.
    pub document: &'a Document,
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// The run on screen, once there is one.
    pub run: Option<&'a RunView>,
    /// A run kept beside it.
    pub beside: Option<&'a RunView>,
    /// The moment of the run that is shown; `None` before the first step.
    pub at: Option<Moment>,
    /// Position of the playhead, in steps of the run on screen.
    pub position: f64,
    /// Index of the sample of the batch that is shown.
    pub sample: usize,
    /// The resolution levels that are isolated, and those that can be.
    pub levels: Levels,
    /// The schedules of the run on screen and of the next.
    pub planner: &'a Planner,
    /// The ensembles that are known.
    pub desk: &'a MeasureDesk,
    /// How the fitting of a schedule goes, or went.
    pub optimisation: Option<&'a Report>,
    /// What was said to the user.
    pub board: &'a Board,
    /// What to say where there is nothing to show.
    pub empty: &'a str,
    /// Whether something new has been computed for a while, and this is the old.
    pub stale: bool,
}

impl<'a> ViewContext<'a> {
    /// How the run is looked at.
    #[must_use]
    pub const fn view(&self) -> &'a ViewChoices {
        &self.document.view
    }

    /// The settings of the next run.
    #[must_use]
    pub const fn settings(&self) -> &'a RunSettings {
        &self.document.run
    }

    /// The schedule of the run on screen; before there is one, that of the next.
    #[must_use]
    pub fn shown(&self) -> Option<&'a Planned> {
        self.planner.shown()
    }

    /// The schedule of the next run.
    #[must_use]
    pub fn next(&self) -> Option<&'a Planned> {
        self.planner.next()
    }

    /// The levels and the image size that the settings come to, where they can be run.
    #[must_use]
    pub fn comes_to(&self) -> Option<ComesTo<'a>> {
        let planned = self.next().filter(|_| self.planner.refused().is_none())?;
        let size = self.settings().image_size(self.model.and_then(|model| model.native_size))?;
        Some(ComesTo { levels: planned.plan.levels(), size })
    }

    /// The model's names of its classes.
    #[must_use]
    pub fn class_names(&self) -> &'a [String] {
        self.model.map_or(&[], |model| model.class_names())
    }
}

/// What every view may change.
pub struct ViewOutput<'a> {
    /// Textures, kept by what they show.
    pub textures: &'a mut Textures,
    /// What is held on the schedule, which the track and the lab's panel share.
    pub hand: &'a mut ScheduleHand,
    /// What is asked of the program.
    pub intents: &'a mut Vec<Intent>,
}
