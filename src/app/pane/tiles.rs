//! How the window is divided: tiles that can be resized and dragged by their heads, so that further views dock in.

use crate::app::board::{Kind, Message};
use crate::app::draw::said::{foot_top, foot_ui};
use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::pane::guidance::{Guidance, GuidancePanel, guidance_ui};
use crate::app::pane::images::images_ui;
use crate::app::pane::inspector::{InspectorState, inspector_ui};
use crate::app::pane::lab::{Lab, LabState, lab_ui};
use crate::app::pane::levels::{LevelsState, levels_ui};
use crate::app::pane::measure::{Measure, MeasurePanel, measure_ui};
use crate::app::pane::panel::shorten;
use crate::app::pane::parts::parts_ui;
use crate::app::pane::pooling::{PoolingState, PoolingView, pooling_ui};
use crate::app::pane::recovered::recovered_ui;
use crate::app::pane::spectrum::{DataSource, Spectra, SpectrumPane, spectrum_ui};
use crate::app::pane_id::PaneId;
use crate::app::track::stack::{TracksState, tracks_ui};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::denoiser::ImageShape;
use crate::figure::DataSpectrum;
use crate::runtime::given_up;
use crate::session::SpectrumChoices;
use crate::session::document::Layout;
use egui::{
    Color32, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Style, Ui, UiBuilder, Visuals, WidgetInfo,
    WidgetText, vec2,
};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, ResizeState, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles,
    Tree, UiResponse,
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
    /// An image under noise, pooled.
    Pooling,
    /// An image cut into its levels.
    Levels,
    /// An image looked at closely.
    Inspector,
    /// Many samples.
    Measure,
    /// What an estimate is made of.
    Parts,
    /// What steers a run.
    Guidance,
}

impl Pane {
    const ALL: [Self; 11] = [
        Self::Images,
        Self::Recovered,
        Self::Spectrum,
        Self::Tracks,
        Self::Lab,
        Self::Pooling,
        Self::Levels,
        Self::Inspector,
        Self::Measure,
        Self::Parts,
        Self::Guidance,
    ];

    /// Whether what it holds scrolls.
    const fn scrolls(self) -> bool {
        matches!(self, Self::Lab | Self::Measure | Self::Guidance)
    }

    /// Names it in what is said of it.
    pub const fn id(self) -> PaneId {
        PaneId::new(match self {
            Self::Images => "images",
            Self::Recovered => "recovered",
            Self::Spectrum => "spectrum",
            Self::Tracks => "tracks",
            Self::Lab => "lab",
            Self::Pooling => "pooling",
            Self::Levels => "levels",
            Self::Inspector => "inspector",
            Self::Measure => "measure",
            Self::Parts => "parts",
            Self::Guidance => "guidance",
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Images => "Images",
            Self::Recovered => "Recovered",
            Self::Spectrum => "Spectrum",
            Self::Tracks => "Tracks",
            Self::Lab => "Schedule lab",
            Self::Pooling => "Pooling",
            Self::Levels => "Levels",
            Self::Inspector => "Inspect",
            Self::Measure => "Measure",
            Self::Parts => "Parts",
            Self::Guidance => "Guidance",
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
        let mut value = serde_json::to_value(self).ok()?;
        // A set, whose order is chance: the same tiles are to be the same value.
        if let Some(invisible) = value.pointer_mut("/tree/tiles/invisible").and_then(|set| set.as_array_mut()) {
            invisible.sort_by_key(serde_json::Value::as_u64);
        }
        Some(value)
    }

    /// The tiles as a layout has them at first.
    pub fn reset(&mut self, layout: Layout) {
        *self = Self { tree: tree_of(layout), layout };
    }

    /// Puts the tiles as at first where one is missing: they are taken out while they are drawn, and where that fails they
    /// do not come back.
    pub fn mend(&mut self) {
        let is_whole = |tree: &Tree<Pane>| {
            tree.root().is_some_and(|root| tree.tiles.get(root).is_some())
                && Pane::ALL.iter().all(|pane| tree.tiles.find_pane(pane).is_some())
        };
        if !is_whole(&self.tree) {
            self.reset(self.layout);
        }
    }

    /// Brings a pane that lies behind another to the front.
    pub fn show(&mut self, pane: Pane) {
        self.tree.make_active(|_, tile| matches!(tile, Tile::Pane(here) if *here == pane));
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
    let (stage_share, widths, panel) = match layout {
        Layout::Explore => (0.41, [0.6, 0.2, 0.2], 0.0),
        Layout::Present => (0.56, [0.7, 0.3, 0.0], 0.0),
        Layout::ScheduleLab => (0.34, [0.7, 0.3, 0.0], 0.27),
        Layout::Spectra => (0.38, [0.6, 0.0, 0.4], 0.25),
        Layout::Guidance => (0.4, [0.7, 0.3, 0.0], 0.27),
    };
    let mut tiles = Tiles::default();
    let [images, recovered, spectrum, tracks, lab, pooling, levels, inspector, measure, parts, guidance] =
        Pane::ALL.map(|pane| tiles.insert_pane(pane));
    let (in_lab, in_spectra) = (layout == Layout::ScheduleLab, layout == Layout::Spectra);
    let in_guidance = layout == Layout::Guidance;
    for tile in [levels, inspector] {
        tiles.set_visible(tile, in_lab || in_spectra || in_guidance);
    }
    tiles.set_visible(parts, in_guidance);
    tiles.set_visible(pooling, in_lab);
    // Where spectra are looked at, other looks at the images lie behind them.
    let first = if in_spectra {
        tiles.insert_tab_tile(vec![images, levels, inspector])
    } else if in_guidance {
        tiles.insert_tab_tile(vec![images, parts, levels, inspector])
    } else {
        images
    };
    let mut stage = Linear::new(LinearDir::Horizontal, vec![first, recovered, spectrum]);
    for (tile, share) in [first, recovered, spectrum].into_iter().zip(widths) {
        stage.shares.set_share(tile, share);
    }
    tiles.set_visible(spectrum, matches!(layout, Layout::Explore | Layout::Spectra));
    tiles.set_visible(recovered, !in_spectra);
    let stage = if in_lab {
        let stage = tiles.insert_container(Container::Linear(stage));
        tiles.insert_tab_tile(vec![stage, levels, inspector, pooling, parts])
    } else {
        stage.children.extend(match layout {
            Layout::Spectra => vec![pooling, parts],
            Layout::Guidance => vec![pooling],
            _ => vec![levels, inspector, pooling, parts],
        });
        tiles.insert_container(Container::Linear(stage))
    };
    let view = Linear::new_binary(LinearDir::Vertical, [stage, tracks], stage_share);
    let view = tiles.insert_container(Container::Linear(view));
    tiles.set_visible(lab, in_lab);
    tiles.set_visible(measure, layout == Layout::Spectra);
    tiles.set_visible(guidance, in_guidance);
    let mut root = Linear::new(LinearDir::Horizontal, vec![view, lab, measure, guidance]);
    let panel = if panel > 0.0 { panel } else { 0.25 };
    for (tile, share) in [(view, 1.0 - panel), (lab, panel), (measure, panel), (guidance, panel)] {
        root.shares.set_share(tile, share);
    }
    let root = tiles.insert_container(Container::Linear(root));
    Tree::new(egui::Id::unique("panes"), root, tiles)
}

/// What the panes are drawn from.
pub struct Contents<'a> {
    /// What views read.
    pub context: ViewContext<'a>,
    /// What they change.
    pub out: ViewOutput<'a>,
    /// The tracks' own state.
    pub tracks_state: &'a mut TracksState,
    /// Of the schedule lab.
    pub lab: Lab<'a>,
    /// Its own state.
    pub lab_state: &'a mut LabState,
    /// Of ensembles.
    pub measure: Measure<'a>,
    /// The panel's own state.
    pub measure_panel: &'a mut MeasurePanel,
    /// Of pooling.
    pub pooling: PoolingView<'a>,
    /// Its own state.
    pub pooling_state: &'a mut PoolingState,
    /// Of the levels' pane.
    pub levels_state: &'a mut LevelsState,
    /// Of the inspector.
    pub inspector: &'a mut InspectorState,
    /// Spectra.
    pub spectra: &'a mut Spectra,
    /// What steers the run.
    pub guidance: Guidance<'a>,
    /// The panel's own state.
    pub guidance_panel: &'a mut GuidancePanel,
}

impl<'a> Contents<'a> {
    /// What the run's spectra are compared with: images of the same model and size, where any were measured.
    fn data(&self, choices: SpectrumChoices) -> DataSource<'a> {
        let desk = self.measure.desk;
        let known = || {
            let (findings, run) = (desk.findings()?, self.context.run?);
            let origin = findings.ensemble.origin();
            let [_, channels, height, width] = run.started.shape;
            let alike = origin.resolved.image == ImageShape { channels, height, width }
                && origin.resolved.model_sha256 == run.started.resolved.model_sha256;
            let density = findings.data_psd_of(choices.channel).filter(|_| alike && !choices.hann)?;
            let name = if findings.data.is_some() { "folder's images" } else { "mean of samples" };
            Some(DataSource::Known { version: desk.version(), data: DataSpectrum { name, density } })
        };
        known().unwrap_or_default()
    }
}

impl Contents<'_> {
    /// What a pane shows could not be computed; it ends with the next question.
    fn failure(&self, pane: Pane) -> Option<Message> {
        let words = match pane {
            Pane::Images | Pane::Parts => self.out.textures.failure(),
            Pane::Spectrum => self.spectra.failure(),
            Pane::Tracks => self.tracks_state.failure(),
            Pane::Pooling => self.pooling_state.failure(),
            Pane::Levels => self.levels_state.failure(),
            Pane::Inspector => self.inspector.failure(),
            Pane::Recovered | Pane::Lab | Pane::Measure | Pane::Guidance => None,
        };
        words.map(|words| Message::of_pane(pane.id(), Kind::Failure, given_up("this analysis", words)))
    }

    fn contents_ui(&mut self, ui: &mut Ui, pane: Pane) -> UiResponse {
        self.out.pane = pane.id();
        let context = &self.context;
        match pane {
            Pane::Images => images_ui(ui, context, &mut self.out),
            Pane::Recovered => recovered_ui(ui, context, &mut self.out),
            Pane::Spectrum => {
                let choices = context.view().spectrum;
                let pane = SpectrumPane { context, choices, data: self.data(choices) };
                spectrum_ui(ui, &pane, self.spectra, self.out.intents)
            }
            Pane::Tracks => {
                tracks_ui(ui, context, self.tracks_state, &mut self.out);
                UiResponse::None
            }
            Pane::Pooling => pooling_ui(ui, &self.pooling, self.pooling_state, &mut self.out),
            Pane::Levels => levels_ui(ui, context, self.levels_state, &mut self.out),
            Pane::Inspector => inspector_ui(ui, context, self.inspector, &mut self.out),
            Pane::Measure => measure_ui(ui, &self.measure, self.measure_panel, self.out.intents),
            Pane::Parts => parts_ui(ui, context, &mut self.out),
            Pane::Guidance => guidance_ui(ui, &self.guidance, self.guidance_panel, self.out.intents),
            Pane::Lab => lab_ui(ui, &self.lab, self.lab_state, self.out.hand, self.out.intents),
        }
    }
}

impl Behavior<Pane> for Contents<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        let space = ui.available_rect_before_wrap();
        let said = self.context.board.of_pane(pane.id()).map(|said| (said.message.clone(), Some(said.id)));
        // Panels scroll, so that nothing of them needs to be covered; nothing else moves for a message.
        let room = match said.as_ref().filter(|_| pane.scrolls()) {
            Some((message, _)) => space.with_max_y(foot_top(ui, message, space)),
            None => space,
        };
        shorten(ui.ctx(), room != space);
        let response = ui.scope_builder(UiBuilder::new().max_rect(room), |ui| self.contents_ui(ui, *pane)).inner;
        if let Some((message, id)) = said.or_else(|| Some((self.failure(*pane)?, None))) {
            let foot = space.with_min_y(foot_top(ui, &message, space));
            foot_ui(ui, &message, id, foot, self.out.intents);
        }
        response
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.name().into()
    }

    fn tab_title_for_tile(&mut self, tiles: &Tiles<Pane>, tile: TileId) -> WidgetText {
        match tiles.get(tile) {
            Some(Tile::Pane(pane)) => self.tab_title_for_pane(pane),
            // The stage, whose first and largest part gives it its name.
            _ => Pane::Images.name().into(),
        }
    }

    fn tab_ui(&mut self, tiles: &mut Tiles<Pane>, ui: &mut Ui, id: Id, tile: TileId, state: &TabState) -> Response {
        let palette = Palette::of(ui);
        let text = self.tab_title_for_tile(tiles, tile).text().to_owned();
        let galley = ui.painter().layout_no_wrap(text, theme::strong(BODY), Color32::PLACEHOLDER);
        let (_, rect) = ui.allocate_space(vec2(galley.size().x + 16.0, ui.available_height()));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, state.active, galley.text()));
        let color = if state.active || response.hovered() { palette.text } else { palette.secondary };
        if state.active {
            let under = Rect::from_min_max(rect.left_bottom() + vec2(8.0, -2.0), rect.right_bottom() - vec2(8.0, 0.0));
            ui.painter().rect_filled(under, 1.0, palette.accent);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(rect.shrink(1.0), 6.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
        }
        if !state.is_being_dragged {
            ui.painter().galley(rect.center() - 0.5 * galley.size(), galley, color);
        }
        response
    }

    fn tab_bar_left_ui(&mut self, _: &Tiles<Pane>, ui: &mut Ui, _: TileId, _: &Tabs) {
        // Names begin where the panes' contents do.
        ui.add_space(8.0);
    }

    fn tab_bar_height(&self, _: &Style) -> f32 {
        28.0
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
        let mut torn = Panes::new(None, Layout::Explore);
        torn.mend();
        assert_eq!(torn.to_json().unwrap(), kept, "whole ones stay");
        let root = torn.tree.root().unwrap();
        torn.tree.tiles.remove(root);
        torn.mend();
        assert_eq!(torn.to_json().unwrap(), kept);
        let pane_tiles = again.tree.tiles.tiles().filter(|tile| matches!(tile, Tile::Pane(_))).count();
        assert_eq!(pane_tiles, Pane::ALL.len());
    }
}
