//! The arrangement of the window: tiles that can be resized and dragged by their heads, so that more views can dock. They hold
//! panes without knowing any: the panes themselves declare their places.

use crate::app::board::{Message, MessageKind};
use crate::app::draw::said::{foot_top, foot_ui};
use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::pane::contract::{About, Dropped, Pane, PanePlace};
use crate::app::pane::panel::shorten;
use crate::app::pane::{ALL, abouts};
use crate::app::pane_id::PaneId;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::runtime::{Wake, given_up};
use crate::session::document::Layout;
use egui::{
    Color32, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Style, Ui, UiBuilder, Visuals, WidgetInfo,
    WidgetText, vec2,
};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, ResizeState, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles,
    Tree, UiResponse,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::any::Any;

/// A pane in its tile, saved by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leaf(PaneId);

impl Serialize for Leaf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Leaf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = abouts().find(|about| about.id.name() == name);
        known.map(|about| Self(about.id)).ok_or_else(|| D::Error::custom(format!("there is no pane {name}")))
    }
}

/// The part of the tiles that is kept between starts.
#[derive(Serialize, Deserialize)]
struct Kept {
    tree: Tree<Leaf>,
    layout: Layout,
}

impl Kept {
    /// The default tiles of a layout.
    fn at_first(layout: Layout) -> Self {
        Self { tree: tree_of(layout), layout }
    }

    /// Whether every pane of the layout has a tile.
    fn is_whole(&self) -> bool {
        let tiles = &self.tree.tiles;
        self.tree.root().is_some_and(|root| tiles.get(root).is_some())
            && abouts()
                .filter(|about| about.place_in(self.layout).is_some())
                .all(|about| tiles.find_pane(&Leaf(about.id)).is_some())
    }
}

/// A pane with its description.
struct DescribedPane {
    about: &'static About,
    pane: Box<dyn Pane>,
}

/// The panes of the window and their tiles.
pub struct Panes {
    kept: Kept,
    all: Vec<DescribedPane>,
}

impl Panes {
    /// The saved tiles, or the default ones. `wake` asks for a frame when a pane has something new.
    #[must_use]
    pub fn new(kept: Option<&serde_json::Value>, layout: Layout, wake: &Wake) -> Self {
        // A saved arrangement is used only if it belongs to this layout and has all its panes.
        let kept = kept.and_then(|kept| serde_json::from_value::<Kept>(kept.clone()).ok());
        let kept = kept.filter(|kept| kept.layout == layout && kept.is_whole());
        let all = ALL.iter().map(|entry| DescribedPane { about: (entry.about)(), pane: (entry.make)(wake) }).collect();
        Self { kept: kept.unwrap_or_else(|| Kept::at_first(layout)), all }
    }

    /// The arguments of [`Panes::new`].
    #[must_use]
    pub fn to_json(&self) -> Option<serde_json::Value> {
        let mut value = serde_json::to_value(&self.kept).ok()?;
        // The order of a set is random: equal tiles must have equal values.
        if let Some(invisible) = value.pointer_mut("/tree/tiles/invisible").and_then(|set| set.as_array_mut()) {
            invisible.sort_by_key(serde_json::Value::as_u64);
        }
        Some(value)
    }

    /// The default tiles of a layout.
    pub fn reset(&mut self, layout: Layout) {
        self.kept = Kept::at_first(layout);
    }

    /// Resets the tiles if one is missing: they are taken out while they are drawn, and a fault there
    /// loses them.
    pub fn mend(&mut self) {
        if !self.kept.is_whole() {
            self.reset(self.kept.layout);
        }
    }

    /// Brings a pane behind another to the front.
    pub fn show(&mut self, id: PaneId) {
        self.kept.tree.make_active(|_, tile| matches!(tile, Tile::Pane(leaf) if leaf.0 == id));
    }

    /// The pane of this type.
    #[must_use]
    pub fn get<P: Pane>(&self) -> Option<&P> {
        self.all.iter().find_map(|held| (&*held.pane as &dyn Any).downcast_ref())
    }

    /// The pane of this type, mutable.
    pub fn get_mut<P: Pane>(&mut self) -> Option<&mut P> {
        self.all.iter_mut().find_map(|held| (&mut *held.pane as &mut dyn Any).downcast_mut())
    }

    /// Draws the panes in the available space.
    pub fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: ViewOutput) {
        let layout = context.view().layout;
        if layout != self.kept.layout {
            self.reset(layout);
        }
        self.kept.tree.ui(&mut PanesDrawing { all: &mut self.all, context, out }, ui);
    }
}

/// The panes of a layout that accept an image file dropped onto the window.
#[must_use]
pub fn dropped_in(layout: Layout) -> Option<(PaneId, &'static Dropped)> {
    abouts().find_map(|about| {
        let dropped = about.dropped.as_ref().filter(|dropped| dropped.layout == layout)?;
        Some((about.id, dropped))
    })
}

/// The height share of the images pane in a layout, and whether tabs are behind the images alone or behind the whole upper row.
const fn division(layout: Layout) -> (f32, bool) {
    match layout {
        Layout::Explore => (0.41, true),
        Layout::Present => (0.56, true),
        Layout::ScheduleLab => (0.34, false),
        Layout::Spectra => (0.38, true),
        Layout::Guidance => (0.4, true),
    }
}

/// The tiles in the places that the panes declare.
fn tree_of(layout: Layout) -> Tree<Leaf> {
    let mut tiles = Tiles::default();
    let (mut columns, mut behind, mut below, mut panels) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for about in abouts() {
        let Some(place) = about.place_in(layout) else { continue };
        let tile = tiles.insert_pane(Leaf(about.id));
        match place {
            PanePlace::Column(share) => columns.push((tile, share)),
            PanePlace::Behind => behind.push(tile),
            PanePlace::Below => below.push(tile),
            PanePlace::Panel(share) => panels.push((tile, share)),
        }
    }
    let (stage_share, behind_images) = division(layout);
    if behind_images && let Some((images, _)) = columns.first_mut() {
        *images = tabs(&mut tiles, *images, std::mem::take(&mut behind));
    }
    let stage = row(&mut tiles, LinearDir::Horizontal, &columns);
    let stage = tabs(&mut tiles, stage, behind);
    let each = (1.0 - stage_share) / below.len().max(1) as f32;
    let rows: Vec<_> =
        std::iter::once((stage, stage_share)).chain(below.into_iter().map(|tile| (tile, each))).collect();
    let view = row(&mut tiles, LinearDir::Vertical, &rows);
    let share = panels.iter().map(|(_, share)| *share).fold(0.0, f32::max);
    let mut panels = panels.into_iter().map(|(tile, _)| tile);
    let root = match panels.next() {
        Some(first) => {
            let panel = tabs(&mut tiles, first, panels.collect());
            row(&mut tiles, LinearDir::Horizontal, &[(view, 1.0 - share), (panel, share)])
        }
        None => view,
    };
    Tree::new(egui::Id::unique("panes"), root, tiles)
}

/// A tile with others behind it, if any.
fn tabs(tiles: &mut Tiles<Leaf>, front: TileId, behind: Vec<TileId>) -> TileId {
    if behind.is_empty() {
        return front;
    }
    tiles.insert_tab_tile(std::iter::once(front).chain(behind).collect())
}

/// Tiles side by side or one above the other, with their shares.
fn row(tiles: &mut Tiles<Leaf>, dir: LinearDir, parts: &[(TileId, f32)]) -> TileId {
    if let [(only, _)] = parts {
        return *only;
    }
    let mut linear = Linear::new(dir, parts.iter().map(|(tile, _)| *tile).collect());
    for (tile, share) in parts {
        linear.shares.set_share(*tile, *share);
    }
    tiles.insert_container(Container::Linear(linear))
}

/// The first pane in a tile.
fn first_of(tiles: &Tiles<Leaf>, tile: TileId) -> Option<Leaf> {
    match tiles.get(tile)? {
        Tile::Pane(leaf) => Some(*leaf),
        Tile::Container(container) => container.children().find_map(|child| first_of(tiles, *child)),
    }
}

/// The panes while they are drawn.
struct PanesDrawing<'a, 'b> {
    all: &'a mut [DescribedPane],
    context: &'a ViewContext<'a>,
    out: ViewOutput<'b>,
}

impl PanesDrawing<'_, '_> {
    fn about(&self, leaf: Leaf) -> Option<&'static About> {
        self.all.iter().map(|held| held.about).find(|about| about.id == leaf.0)
    }
}

impl Behavior<Leaf> for PanesDrawing<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, leaf: &mut Leaf) -> UiResponse {
        let Self { all, context, out } = self;
        let Some(DescribedPane { about, pane }) = all.iter_mut().find(|held| held.about.id == leaf.0) else {
            return UiResponse::None;
        };
        let space = ui.available_rect_before_wrap();
        let said = context.board.of_pane(leaf.0).map(|said| (said.message.clone(), Some(said.id)));
        // Panels scroll, so that a message covers nothing in them; nothing else moves for a message.
        let room = match said.as_ref().filter(|_| about.scrolls) {
            Some((message, _)) => space.with_max_y(foot_top(ui, message, space)),
            None => space,
        };
        shorten(ui.ctx(), room != space);
        out.pane = leaf.0;
        let response = ui.scope_builder(UiBuilder::new().max_rect(room), |ui| pane.ui(ui, context, out)).inner;
        let failed = || {
            let words = given_up("this analysis", pane.failure(out.textures)?);
            Some((Message::of_pane(leaf.0, MessageKind::Failure, words), None))
        };
        if let Some((message, id)) = said.or_else(failed) {
            let foot = space.with_min_y(foot_top(ui, &message, space));
            foot_ui(ui, &message, id, foot, out.intents);
        }
        response
    }

    fn tab_title_for_pane(&mut self, leaf: &Leaf) -> WidgetText {
        self.about(*leaf).map_or("", |about| about.name).into()
    }

    fn tab_title_for_tile(&mut self, tiles: &Tiles<Leaf>, tile: TileId) -> WidgetText {
        // A group has the name of its first pane, the largest.
        first_of(tiles, tile).map_or_else(|| "".into(), |leaf| self.tab_title_for_pane(&leaf))
    }

    fn tab_ui(&mut self, tiles: &mut Tiles<Leaf>, ui: &mut Ui, id: Id, tile: TileId, state: &TabState) -> Response {
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
        if let Some(about) = first_of(tiles, tile).and_then(|leaf| self.about(leaf)) {
            response.clone().on_hover_text(about.about);
        }
        if !state.is_being_dragged {
            ui.painter().galley(rect.center() - 0.5 * galley.size(), galley, color);
        }
        response
    }

    fn tab_bar_left_ui(&mut self, _: &Tiles<Leaf>, ui: &mut Ui, _: TileId, _: &Tabs) {
        // Names begin where the panes' contents begin.
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

    fn is_tile_draggable(&self, _: &Tiles<Leaf>, _: TileId) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Tiles saved by earlier versions, in which every pane had one in every layout, most of them hidden.
    const EARLIER: &str = include_str!("../../../tests/kept/earlier-tiles.json");

    fn panes(kept: Option<&serde_json::Value>, layout: Layout) -> Panes {
        let wake: Wake = Arc::new(|| {});
        Panes::new(kept, layout, &wake)
    }

    /// The visible part of a tile: names, containers, and their shares in percent.
    fn seen(tiles: &Tiles<Leaf>, tile: TileId) -> Option<String> {
        if !tiles.is_visible(tile) {
            return None;
        }
        let container = match tiles.get(tile)? {
            Tile::Pane(leaf) => return Some(leaf.0.name().to_owned()),
            Tile::Container(container) => container,
        };
        let children: Vec<_> = container.children().filter_map(|child| Some((*child, seen(tiles, *child)?))).collect();
        if let [(_, only)] = &children[..] {
            return Some(only.clone());
        }
        let Container::Linear(linear) = container else {
            let names: Vec<_> = children.into_iter().map(|(_, name)| name).collect();
            return Some(format!("tabs({})", names.join(", ")));
        };
        let total: f32 = children.iter().map(|(child, _)| linear.shares[*child]).sum();
        let named = children.iter().map(|(child, name)| format!("{name} {:.1}", 100.0 * linear.shares[*child] / total));
        Some(format!("{:?}({})", linear.dir, named.collect::<Vec<_>>().join(", ")))
    }

    fn seen_of(panes: &Panes) -> String {
        seen(&panes.kept.tree.tiles, panes.kept.tree.root().unwrap()).unwrap()
    }

    #[test]
    fn tiles_come_back_and_half_a_tree_does_not() {
        let first = panes(None, Layout::Explore);
        let kept = first.to_json().unwrap();
        let again = panes(Some(&kept), Layout::Explore);
        assert_eq!(again.to_json().unwrap(), kept);
        let mut unknown = kept.clone();
        *unknown.pointer_mut("/tree/tiles/tiles/1/Pane").unwrap() = "unheard of".into();
        for broken in [serde_json::json!({}), serde_json::json!(3), serde_json::Value::Null, unknown] {
            assert_eq!(panes(Some(&broken), Layout::Explore).to_json().unwrap(), kept);
        }
        let mut lonely = Tiles::default();
        let root = lonely.insert_pane(Leaf(PaneId::new("images")));
        let mut half = panes(None, Layout::Explore);
        half.kept.tree = Tree::new(egui::Id::unique("panes"), root, lonely);
        let lonely = half.to_json().unwrap();
        assert_eq!(panes(Some(&lonely), Layout::Explore).to_json().unwrap(), kept);
        assert_ne!(panes(Some(&kept), Layout::Present).to_json().unwrap(), kept);
        let mut torn = panes(None, Layout::Explore);
        torn.mend();
        assert_eq!(torn.to_json().unwrap(), kept, "whole ones stay");
        let root = torn.kept.tree.root().unwrap();
        torn.kept.tree.tiles.remove(root);
        torn.mend();
        assert_eq!(torn.to_json().unwrap(), kept);
    }

    #[test]
    fn tiles_of_earlier_starts_come_back_and_those_at_first_look_like_them() {
        let earlier: Vec<serde_json::Value> = serde_json::from_str(EARLIER).unwrap();
        assert_eq!(earlier.len(), 5);
        for kept in earlier {
            let layout: Layout = serde_json::from_value(kept["layout"].clone()).unwrap();
            let again = panes(Some(&kept), layout);
            assert_eq!(again.to_json().unwrap(), kept, "{layout:?}");
            assert_eq!(seen_of(&panes(None, layout)), seen_of(&again), "{layout:?}");
        }
    }

    #[test]
    fn panes_are_found_by_their_types_and_what_is_dropped_by_the_layout() {
        use crate::app::pane::inspector::InspectorPane;
        use crate::app::pane::lab::LabPane;
        let mut panes = panes(None, Layout::Explore);
        assert!(panes.get::<LabPane>().is_some() && panes.get_mut::<InspectorPane>().is_some());
        let taker = |layout| dropped_in(layout).map(|(id, _)| id.name());
        assert_eq!([taker(Layout::ScheduleLab), taker(Layout::Spectra)], [Some("pooling"), Some("inspector")]);
        assert_eq!(taker(Layout::Guidance), None, "though an inspector stands there");
    }
}
