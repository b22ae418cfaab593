//! What panes and tracks may read in a frame, and what they may change besides their own state.

use crate::app::board::Board;
use crate::app::draw::lens::{Framing, Lens};
use crate::app::draw::level_button::Levels;
use crate::app::draw::mosaic::{Mosaic, pixel_of};
use crate::app::draw::painted::painted_alone;
use crate::app::draw::picture_menu::in_plain;
use crate::app::draw::textures::{Textures, coloured, ground_of};
use crate::app::intent::Intent;
use crate::app::measure_desk::MeasureDesk;
use crate::app::pane_id::PaneId;
use crate::app::planned::{Planned, Planner};
use crate::app::run_view::{Moment, Picture, RunView, Seen};
use crate::app::schedule_hand::ScheduleHand;
use crate::ensemble::ComesTo;
use crate::runtime::Report;
use crate::session::ClassWords;
use crate::session::RunSettings;
use crate::session::document::{Document, ViewChoices};
use crate::session::prepare::ModelInfo;
use crate::session::view_space::ViewSpace;
use egui::{ColorImage, Pos2, Rect};
use ndarray::ArrayView3;

/// What every view may read in a frame.
#[derive(Clone, Copy)]
pub struct ViewContext<'a> {
    /// The document: the settings of the next run, and the choices of view.
    pub document: &'a Document,
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// The run on screen, once there is one.
    pub run: Option<&'a RunView>,
    /// The pinned run.
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
    /// The ensembles.
    pub desk: &'a MeasureDesk,
    /// The progress of the last fit.
    pub optimisation: Option<&'a Report>,
    /// The messages.
    pub board: &'a Board,
    /// What pictures of latents are shown as, if not as chosen: those side by side are alike.
    pub like: Option<ViewSpace>,
    /// The text if there is nothing to show.
    pub empty: &'a str,
    /// Whether something new is taking a while, and this is the old.
    pub stale: bool,
}

impl<'a> ViewContext<'a> {
    /// The choices of view.
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

    /// The noise levels and image size of the settings, if they can be run.
    #[must_use]
    pub fn comes_to(&self) -> Option<ComesTo<'a>> {
        let planned = self.next().filter(|_| self.planner.refused().is_none())?;
        let size = self.settings().image_size(self.model.and_then(|model| model.native_size))?;
        Some(ComesTo { levels: planned.plan.levels(), size, solver: Some(planned.solver) })
    }

    /// What the classes or prompts of the run on screen are called.
    #[must_use]
    pub fn class_words(&self) -> ClassWords<'a> {
        let info = self.run.and_then(|run| run.info.as_deref()).or(self.model);
        let settings = self.run.map_or(self.settings(), |run| &run.started.settings);
        let takes_words = info.is_some_and(|info| info.pipeline.is_some());
        let names = info.map_or(&[][..], ModelInfo::class_names);
        ClassWords::of(settings, Some(names).filter(|_| !takes_words))
    }

    /// Pixels of the image per latent if the run on screen, or before there is one the next, is on latents; 1 if that is
    /// not known.
    #[must_use]
    pub fn latent_pixels(&self) -> Option<usize> {
        match self.run {
            Some(run) => run.has_latents().then(|| run.pixels_per_latent()),
            None => self.next_latent_pixels(),
        }
    }

    /// The same of the open model.
    #[must_use]
    pub fn next_latent_pixels(&self) -> Option<usize> {
        self.model?.pipeline.as_ref().map(|pipeline| pipeline.latents().pixels_per_latent)
    }

    /// What a picture at the playhead shows.
    #[must_use]
    pub fn seen(&self, picture: Picture) -> Seen {
        self.run.zip(self.at).map_or(Seen::Values, |(run, at)| run.seen_like(self.like, (at, picture, self.sample)))
    }

    /// The factor between the sizes of a cascade's stages.
    #[must_use]
    pub fn stage_factor(&self) -> usize {
        self.model.and_then(|model| model.stage_factor).unwrap_or(2)
    }

    /// A picture at the playhead as shown, at its own size.
    #[must_use]
    pub fn image(&self, ctx: &egui::Context, picture: Picture) -> Option<ColorImage> {
        let (run, at) = self.run.zip(self.at)?;
        let (ground, wanted) = (ground_of(ctx), self.view().range);
        let (seen, of) = (self.seen(picture), (at, picture, self.sample));
        let image = if let Some(alone) = self.levels.alone() {
            let shown = run.levelled_values(seen, of)?;
            let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
            let range = run.isolated_range(seen, of, wanted, &alone);
            painted_alone((values, seen), picture, &alone, range, None, ground).0
        } else {
            run.paint(seen, of, run.range(seen, of, wanted), None, ground)?
        };
        Some(coloured(&image))
    }

    /// The places of a picture's channels in `rect`.
    #[must_use]
    pub fn mosaic(&self, seen: Seen, rect: Rect, framing: Framing) -> Mosaic {
        Mosaic::new(rect, framing, seen.cells(self.run.map_or(1, |run| run.started.shape[1])))
    }

    /// The pixel of a picture in `rect` at a screen position, and its values.
    #[must_use]
    pub fn value_at(&self, picture: Picture, (rect, framing): (Rect, Framing), at: Pos2) -> Option<String> {
        let (run, moment) = self.run.zip(self.at)?;
        let seen = self.seen(picture);
        let part = self.mosaic(seen, rect, framing).part_at(at);
        let (alone, of) = (self.levels.alone(), (moment, picture, self.sample));
        let shown = if alone.is_some() { run.levelled_values(seen, of)? } else { run.seen_values(seen, of)? };
        let all = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        let (x, y) = pixel_of(part, (shown.shape[2], shown.shape[1]));
        let values = all.outer_iter().map(|channel| {
            alone.map_or_else(|| channel.get((y, x)).copied().unwrap_or_default(), |alone| alone.at(channel, y, x))
        });
        Some(format!("{x}, {y}: {}", in_plain(values)))
    }
}

/// What every view may change.
pub struct ViewOutput<'a> {
    /// The pane that is drawn.
    pub pane: PaneId,
    /// The view of the images.
    pub lens: &'a mut Lens,
    /// Textures, kept by what they show.
    pub textures: &'a mut Textures,
    /// The selection on the schedule, shared by the track and the Schedule lab pane.
    pub hand: &'a mut ScheduleHand,
    /// Requests to the program.
    pub intents: &'a mut Vec<Intent>,
}
