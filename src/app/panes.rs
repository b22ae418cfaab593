//! How the window is divided: tiles that can be resized and dragged by their heads, so that further views dock in.

use super::intent::Intent;
use super::textures::Textures;
use super::theme::Palette;
use super::views::lab::{Lab, LabState, lab_ui};
use super::views::spectrum::{Spectra, spectrum_ui};
use super::views::stage::{Lens, Stage, images_ui, recovered_ui};
use super::views::tracks::{Tracks, TracksState, tracks_ui};
use crate::session::document::Layout;
use egui::{Color32, Stroke, Style, Ui, Visuals, WidgetText};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, ResizeState, SimplificationOptions, TileId, Tiles, Tree, UiResponse,
};
use serde::{Deserialize, Serialize};

/// A view that has a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    /// The three linked images.
    Images,
    /// What is recovered of each resolution.
    Recovered,
    /// Power spectra.
    Spectrum,
    /// The tracks.
    Tracks,
    /// The schedule lab's panel.
    Lab,
}

impl Pane {
    const ALL: [Self; 5] = [Self::Images, Self::Recovered, Self::Spectrum, Self::Tracks, Self::Lab];

    const fn name(self) -> &'static str {
        match self {
            Self::Images => "Images",
            Self::Recovered => "Recovered",
            Self::Spectrum => "Spectrum",
            Self::Tracks => "Tracks",
            Self::Lab => "Schedule lab",
        }
    }
}

/// The tiles of the window.
#[derive(Serialize, Deserialize)]
pub struct Panes {
    tree: Tree<Pane>,
    layout: Layout,
}

impl Panes {
    /// The tiles as they were kept, or as they are at first.
    #[must_use]
    pub fn new(kept: Option<&serde_json::Value>, layout: Layout) -> Self {
        // Whatever was kept is used only if it is of this layout and every pane has its place in it.
        let kept = kept.and_then(|kept| serde_json::from_value::<Self>(kept.clone()).ok()).filter(|kept| {
            let tree = &kept.tree;
            kept.layout == layout
                && tree.root().is_some()
                && Pane::ALL.iter().all(|pane| tree.tiles.find_pane(pane).is_some())
        });
        kept.unwrap_or_else(|| Self { tree: tree_of(layout), layout })
    }

    /// What [`Panes::new`] takes.
    #[must_use]
    pub fn to_json(&self) -> Option<serde_json::Value> {
        serde_json::to_value(self).ok()
    }

    /// The tiles as a layout has them at first.
    pub fn reset(&mut self, layout: Layout) {
        *self = Self { tree: tree_of(layout), layout };
    }

    /// Draws the panes in the space there is.
    pub fn ui(&mut self, ui: &mut Ui, layout: Layout, contents: &mut Contents) {
        if layout != self.layout {
            self.reset(layout);
        }
        self.tree.ui(contents, ui);
    }
}

fn tree_of(layout: Layout) -> Tree<Pane> {
    // Of the height for the stage; of its width for images, what is recovered, spectra; of the width for the lab.
    let (stage_share, widths, lab_share) = match layout {
        Layout::Explore => (0.41, [0.6, 0.2, 0.2], 0.0),
        Layout::Present => (0.56, [0.7, 0.3, 0.0], 0.0),
        Layout::ScheduleLab => (0.3, [0.7, 0.3, 0.0], 0.27),
    };
    let mut tiles = Tiles::default();
    let [images, recovered, spectrum, tracks, lab] = Pane::ALL.map(|pane| tiles.insert_pane(pane));
    let mut stage = Linear::new(LinearDir::Horizontal, vec![images, recovered, spectrum]);
    for (tile, share) in [images, recovered, spectrum].into_iter().zip(widths) {
        stage.shares.set_share(tile, share);
    }
    tiles.set_visible(spectrum, layout == Layout::Explore);
    let stage = tiles.insert_container(Container::Linear(stage));
    let view = Linear::new_binary(LinearDir::Vertical, [stage, tracks], stage_share);
    let view = tiles.insert_container(Container::Linear(view));
    let in_lab = layout == Layout::ScheduleLab;
    tiles.set_visible(lab, in_lab);
    let root = Linear::new_binary(LinearDir::Horizontal, [view, lab], if in_lab { 1.0 - lab_share } else { 0.75 });
    let root = tiles.insert_container(Container::Linear(root));
    Tree::new(egui::Id::unique("panes"), root, tiles)
}

/// What the panes are drawn from.
pub struct Contents<'a> {
    /// Of the stage.
    pub stage: Stage<'a>,
    /// Of the tracks.
    pub tracks: Tracks<'a>,
    /// How the images are looked at.
    pub lens: &'a mut Lens,
    /// The tracks' own state.
    pub tracks_state: &'a mut TracksState,
    /// Of the schedule lab.
    pub lab: Lab<'a>,
    /// Its own state.
    pub lab_state: &'a mut LabState,
    /// Spectra.
    pub spectra: &'a mut Spectra,
    /// Textures.
    pub textures: &'a mut Textures,
    /// What is asked for.
    pub intents: &'a mut Vec<Intent>,
}

impl Behavior<Pane> for Contents<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        match pane {
            Pane::Images => images_ui(ui, &self.stage, self.lens, self.textures),
            Pane::Recovered => recovered_ui(ui, &self.stage, self.intents),
            Pane::Spectrum => spectrum_ui(ui, &self.stage, self.spectra),
            Pane::Tracks => {
                tracks_ui(ui, &self.tracks, self.tracks_state, self.textures, self.intents);
                UiResponse::None
            }
            Pane::Lab => lab_ui(ui, &self.lab, self.lab_state, &mut self.tracks_state.editor, self.intents),
        }
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.name().into()
    }

    fn gap_width(&self, _: &Style) -> f32 {
        1.0
    }

    fn min_size(&self) -> f32 {
        120.0
    }

    fn resize_stroke(&self, style: &Style, state: ResizeState) -> Stroke {
        let palette = Palette::of_visuals(&style.visuals);
        match state {
            ResizeState::Idle => Stroke::NONE,
            ResizeState::Hovering => Stroke::new(2.0, palette.faint),
            ResizeState::Dragging => Stroke::new(2.0, palette.accent),
        }
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        visuals.panel_fill
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: false, ..SimplificationOptions::default() }
    }

    fn is_tile_draggable(&self, _: &Tiles<Pane>, _: TileId) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui_tiles::Tile;

    #[test]
    fn tiles_come_back_and_half_a_tree_does_not() {
        let panes = Panes::new(None, Layout::Explore);
        let kept = panes.to_json().unwrap();
        let again = Panes::new(Some(&kept), Layout::Explore);
        assert_eq!(again.to_json().unwrap(), kept);
        for broken in [serde_json::json!({}), serde_json::json!(3), serde_json::Value::Null] {
            assert_eq!(Panes::new(Some(&broken), Layout::Explore).to_json().unwrap(), kept);
        }
        let mut lonely = Tiles::default();
        let root = lonely.insert_pane(Pane::Images);
        let lonely = Panes { tree: Tree::new(egui::Id::unique("panes"), root, lonely), layout: Layout::Explore };
        let lonely = lonely.to_json().unwrap();
        assert_eq!(Panes::new(Some(&lonely), Layout::Explore).to_json().unwrap(), kept);
        assert_ne!(Panes::new(Some(&kept), Layout::Present).to_json().unwrap(), kept);
        let pane_tiles = again.tree.tiles.tiles().filter(|tile| matches!(tile, Tile::Pane(_))).count();
        assert_eq!(pane_tiles, Pane::ALL.len());
    }
}
