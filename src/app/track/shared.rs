//! The state that tracks share: the axis of the run on screen, the position of the playhead on it, and what may be drawn
//! over it.

use crate::app::planned::Planned;
use crate::app::run_view::FACTOR;
use crate::app::view_context::ViewContext;
use crate::ensemble::{ComesTo, Findings};
use crate::figure::{Reading, TimeAxis};
use crate::runtime::RunId;
use crate::session::RunSettings;
use crate::session::document::TrackChoice;
use crate::theory::Chromatogram;
use std::sync::Arc;

/// The schedule shown, or without one the run.
pub(in crate::app) type AxisOf = Result<u64, Option<RunId>>;

impl<'a> ViewContext<'a> {
    /// The unit of the shared axis.
    pub(in crate::app) fn reading(&self) -> Reading {
        Reading::from(self.view().axis)
    }

    /// The tracks of this layout, top to bottom.
    pub(in crate::app) fn tracks(&self) -> Vec<TrackChoice> {
        let view = self.view();
        view.tracks.iter().copied().filter(|choice| choice.shown && choice.track.is_in(view.layout)).collect()
    }

    /// The schedule of the next run, if it differs from the one shown.
    pub(in crate::app) fn ghost(&self) -> Option<&'a Planned> {
        let (next, shown) = (self.next()?, self.shown()?);
        (next.version != shown.version && !next.looks_like(shown)).then_some(next)
    }

    /// The settings of the run on screen; before there is one, those of the next.
    pub(in crate::app) fn shown_settings(&self) -> &'a RunSettings {
        let of_run = self.run.map(|run| &*run.started.settings);
        self.shown().map(|planned| &planned.settings).or(of_run).unwrap_or(self.settings())
    }

    /// The axis shared by all tracks, that of the run on screen.
    pub(in crate::app) fn axis(&self) -> Option<&'a TimeAxis> {
        self.shown().map(|planned| &planned.axis).or_else(|| self.run.map(|run| &run.axis))
    }

    /// Identifies this axis.
    pub(in crate::app) fn axis_of(&self) -> AxisOf {
        self.shown().map(|planned| planned.version).ok_or(self.run.map(|run| run.id))
    }

    /// The theory for the levels shown, and their factor.
    pub(in crate::app) fn theory(&self) -> Option<(&'a Chromatogram, usize)> {
        match self.shown() {
            Some(planned) => Some((planned.theory.as_ref()?, planned.factor)),
            None => Some((self.run?.theory.as_ref()?, FACTOR)),
        }
    }

    /// The measurement, if it can be drawn over the levels of these images.
    pub(in crate::app) fn findings(&self) -> Option<&'a Arc<Findings>> {
        self.desk.findings().filter(|_| self.other_images().is_none())
    }

    /// Why the measurement cannot be drawn over these levels; `None` if it can, or if there is none.
    pub(in crate::app) fn other_images(&self) -> Option<String> {
        let (findings, run) = (self.desk.whole()?, self.run?);
        let image = findings.ensemble.origin().resolved.image;
        let [_, _, height, width] = run.started.shape;
        ((image.height, image.width) != (height, width)).then(|| {
            let (title, w, h) = (findings.ensemble.title(), image.width, image.height);
            format!("{title} is not drawn: its images are {w}×{h} px, these {width}×{height} px")
        })
    }

    /// Whether the run on screen is of the measured kind.
    pub(in crate::app) fn is_of_run(&self, findings: &Findings) -> bool {
        self.run.is_some_and(|run| {
            let [_, _, height, width] = run.started.shape;
            let solver = Some(run.started.resolved.solver(&run.started.settings));
            let comes_to = ComesTo { levels: &run.started.levels, size: (height, width), solver };
            findings.ensemble.is_of(&run.started.settings, Some(comes_to))
        })
    }

    /// The position of the playhead on the shared axis, in its own steps.
    pub(in crate::app) fn playhead(&self) -> f64 {
        match (self.axis(), self.run) {
            (Some(axis), Some(run)) if run.steps() != axis.steps() => {
                self.position * axis.steps() as f64 / run.steps() as f64
            }
            _ => self.position,
        }
    }

    /// The run's step at a position on the shared axis.
    pub(in crate::app) fn step_of(&self, place: f64) -> f64 {
        match (self.axis(), self.run) {
            (Some(axis), Some(run)) if run.steps() != axis.steps() => place * run.steps() as f64 / axis.steps() as f64,
            _ => place,
        }
    }
}
