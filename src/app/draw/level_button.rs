//! Buttons that isolate a resolution level, wherever a level has its colour.

use crate::app::draw::colour::colour;
use crate::app::draw::theme::Palette;
use crate::app::words;
use crate::figure::{Paint, Role};
use crate::session::levels::{Band, Isolation, LevelSet};
use crate::session::view_space::levels_moved;
use crate::spectrum::BandPlan;
use egui::{Color32, CursorIcon, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo};

/// The levels that can be isolated, and those that are isolated.
#[derive(Clone, Copy)]
pub struct Levels {
    /// How the images on screen are split into levels; `None` if there is nothing to isolate.
    pub plan: Option<BandPlan>,
    /// The isolated levels.
    pub isolated: LevelSet,
    /// What its pixels are, if the run's states are latents.
    pub latents: Option<LatentLevels>,
}

/// The levels of a run on latents.
#[derive(Clone, Copy)]
pub struct LatentLevels {
    /// The division of the latents.
    pub plan: Option<BandPlan>,
    /// Pixels of the image per latent; 1 if not known.
    pub pixels: usize,
    /// Whether the pictures are decoded, so that the levels above are those of the image.
    pub is_decoded: bool,
    /// Added to a level of the latents for that of the image; `None` if none is the same.
    pub finer: Option<isize>,
    /// The same for the levels of these buttons, if they are of latents and the pictures are not.
    pub moved: isize,
}

/// The paint of a band; the rest has no level's colour.
#[must_use]
pub const fn paint_of(band: Band) -> Paint {
    match band {
        Band::Level(m) => Paint::Level(m),
        Band::Rest => Paint::Role(Role::Secondary),
    }
}

/// The colour of bands that are not isolated.
#[must_use]
pub fn dimmed(color: Color32) -> Color32 {
    color.gamma_multiply(0.3)
}

impl Levels {
    /// None: nothing can be isolated.
    #[must_use]
    pub const fn whole() -> Self {
        Self { plan: None, isolated: LevelSet::WHOLE, latents: None }
    }

    /// Whether a band of the images can be isolated.
    #[must_use]
    pub fn can_isolate(&self, band: Band) -> bool {
        self.plan.is_some_and(|plan| band.index(&plan).is_some())
    }

    /// A button over `rect` for a band, named "Isolate 4 px" with `place` in brackets after it. Returns the new set of isolated
    /// levels after a click, and the response; `None` if the images have no such level.
    #[must_use]
    pub fn button(
        &self,
        ui: &Ui,
        rect: Rect,
        band: Band,
        (place, row): (&str, usize),
    ) -> Option<(Response, Option<LevelSet>)> {
        let plan = self.plan?;
        band.index(&plan)?;
        let response = ui.interact(rect, ui.scope_id().with(("isolate", place, row)), Sense::click());
        let label = band.label(plan.factor());
        let name =
            if place.is_empty() { words::panes::isolate(&label) } else { words::panes::isolate_in(&label, place) };
        let on = self.isolated.contains(band);
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, on, &name));
        let clicked = response.clicked().then(|| self.after(ui, band));
        let response = match self.in_both(band) {
            Some(both) => response.on_hover_text(both),
            None => response,
        };
        Some((response, clicked))
    }

    /// The isolated levels of the pictures after a click.
    fn after(&self, ui: &Ui, band: Band) -> LevelSet {
        levels_moved(self.isolated.clicked(band, more(ui)), self.latents.map_or(0, |latents| latents.moved))
    }

    /// A level of latents in pixels of both: "4 px of latents, 32 px of the image".
    #[must_use]
    pub fn in_both(&self, band: Band) -> Option<String> {
        let latents = self.latents.filter(|latents| latents.pixels > 1)?;
        let (Band::Level(m), Some(plan)) = (band, self.plan) else { return None };
        let side = plan.factor().checked_pow(u32::try_from(m).ok()?)?;
        let of_latents = !latents.is_decoded || latents.moved != 0;
        of_latents.then(|| words::panes::level_in_both(side, side * latents.pixels))
    }

    /// The levels of the run's own values, for what is measured on them. Where the pictures are decoded, a click isolates
    /// the same structure in them.
    #[must_use]
    pub fn of_run(&self) -> Self {
        let Some(latents) = self.latents.filter(|latents| latents.is_decoded) else { return *self };
        let Some(finer) = latents.finer else { return Self { plan: None, ..*self } };
        let isolated = levels_moved(self.isolated, -finer);
        Self { plan: latents.plan, isolated, latents: Some(LatentLevels { moved: finer, ..latents }) }
    }

    /// The same, which also senses drags and is skipped by Tab.
    #[must_use]
    pub fn strip_button(
        &self,
        ui: &Ui,
        rect: Rect,
        band: Band,
        (place, row): (&str, usize),
    ) -> Option<(Response, Option<LevelSet>)> {
        let label = band.label(self.plan.filter(|plan| band.index(plan).is_some())?.factor());
        let id = ui.scope_id().with(("isolate on the strip", place, row));
        let response = ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
        response.widget_info(|| {
            let name = words::panes::isolate_on_strip(&label, place, row + 1);
            WidgetInfo::selected(egui::Role::Button, true, self.isolated.contains(band), name)
        });
        let clicked = response.clicked().then(|| self.after(ui, band));
        Some((response, clicked))
    }

    /// Shows, behind its contents, that a row can be clicked.
    pub fn light(ui: &Ui, rect: Rect, response: &Response) {
        let palette = Palette::of(ui);
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, 4.0, ui.visuals().widgets.hovered.weak_bg_fill);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
        }
    }

    /// The colour of a band while the others are dimmed.
    #[must_use]
    pub fn colour(&self, band: Band, palette: &Palette) -> Color32 {
        let color = colour(paint_of(band), palette);
        if self.lit().shows(band) { color } else { dimmed(color) }
    }

    /// The isolated levels that the images have.
    #[must_use]
    pub fn lit(&self) -> LevelSet {
        if self.alone().is_some() { self.isolated } else { LevelSet::WHOLE }
    }

    /// The isolated part of the images; `None` is the whole.
    #[must_use]
    pub fn alone(&self) -> Option<Isolation> {
        Isolation::new(self.plan?, self.isolated)
    }
}

/// Whether a click adds to the isolated levels.
#[must_use]
pub fn more(ui: &Ui) -> bool {
    ui.input(|input| input.modifiers.shift || input.modifiers.command)
}

/// The tooltip of a level.
pub fn tip(response: Response) {
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(
        "Click to isolate this level; click again or press Esc to show all. Shift or Ctrl click adds or removes it",
    );
}
