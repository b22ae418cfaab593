//! An interactive plot: pan, zoom, reset, lines hidden by their names, values under the pointer.

use crate::app::draw::mark_names::mark_labels;
use crate::app::draw::plot_items::plot_items;
use crate::app::draw::plot_view::{Numbers, PlotRoom, PlotView};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::transform::Transform;
use crate::app::draw::widgets::TARGET;
use crate::figure::{Axis, Figure, Line, Tick, ticks};
use egui::{
    Align2, Button, Context, CursorIcon, EventFilter, Id, Key, PointerButton, Pos2, Rect, Response, RichText, Role,
    Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use egui_plot::{GridMark, ItemId, Plot, PlotMemory};

/// The fraction of the view that an arrow key moves, and the magnification by plus and minus.
const KEY_MOVE: f64 = 0.1;
const KEY_ZOOM: f64 = 1.25;
/// Points of the wheel for a magnification by e.
const WHEEL: f32 = 200.0;
/// A box thinner than this, points, zooms only the other axis.
const THIN: f32 = 8.0;
/// Approximate distance between the numbers of a magnified axis, points.
const APART: Vec2 = vec2(56.0, 28.0);

/// A figure with axes of its own.
pub(in crate::app) struct PlotPane<'a> {
    /// Identifies its view and hidden lines: one for each pane and quantity.
    pub id: Id,
    /// Its name for screen readers.
    pub name: &'a str,
    /// The name of its reset button for screen readers.
    pub whole: &'a str,
    /// The figure.
    pub figure: &'a Figure,
    /// The kind of numbers on each axis.
    pub numbers: [Numbers; 2],
    /// Whether the wheel alone zooms; inside a scrolling area, only with Ctrl.
    pub wheel: bool,
}

/// A plot that was drawn.
pub(in crate::app) struct ShownPlot {
    /// Its response.
    pub response: Response,
    /// Its position.
    pub frame: Rect,
    /// The map between the units of the axes and the screen.
    pub map: Transform,
    /// The numbers of each axis.
    pub ticks: [Vec<Tick>; 2],
}

/// The kind of a drag.
#[derive(Clone, Copy, PartialEq)]
enum Drag {
    Pan,
    /// A box from here.
    Box(Pos2),
}

impl PlotPane<'_> {
    /// Draws the figure's plot into `rect`, without the numbers on its axes, and handles input; `None` if an
    /// axis of the figure has no extent.
    pub fn show(&self, ui: &mut Ui, rect: Rect) -> Option<ShownPlot> {
        let palette = Palette::of(ui);
        let room = PlotRoom::of(self.figure)?;
        let response = ui.interact(rect, self.id.with("hand"), Sense::click_and_drag());
        let memory = PlotMemory::load(ui.ctx(), self.id);
        let before = memory.filter(|memory| !memory.auto_bounds.any());
        let before = before.map_or(room.home, |memory| room.view_of(memory.bounds()));
        let (view, drawn_box) = self.look_around(ui, &response, &room, before);
        let ticks = self.ticks(rect, &room, view);
        let frame = self.plot(ui, rect, (&room, view), &ticks[1]);
        let map = Transform::new(frame, view.0[0], view.0[1]);
        self.mark_names(ui, frame, &map);
        if let Some(drawn) = drawn_box {
            ui.painter().rect_filled(drawn, 0.0, palette.accent.gamma_multiply(0.2));
            ui.painter().rect_stroke(drawn, 0.0, Stroke::new(1.5, palette.accent), StrokeKind::Inside);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(rect, 2.0, Stroke::new(1.5, palette.accent), StrokeKind::Outside);
        }
        self.tell(ui, &response, view);
        if view != room.home && drawn_box.is_none() {
            self.whole_button(ui, rect);
        }
        Some(ShownPlot { response, frame, map, ticks })
    }

    /// Moves the view by the input; returns the box being drawn.
    fn look_around(&self, ui: &Ui, response: &Response, room: &PlotRoom, view: PlotView) -> (PlotView, Option<Rect>) {
        let rect = response.rect;
        let map = Transform::new(rect, view.0[0], view.0[1]);
        let is_whole = view == room.home;
        if response.double_clicked() {
            return (room.home, None);
        }
        let keyed = keyed(ui, response, room, view);
        if keyed != view {
            return (keyed, None);
        }
        let drag = self.drag(ui, response);
        let grips = if response.dragged() { CursorIcon::Grabbing } else { CursorIcon::Grab };
        let boxes = matches!(drag, Some(Drag::Box(_))) || ui.input(|input| input.modifiers.shift);
        if boxes {
            response.clone().on_hover_cursor(CursorIcon::Crosshair);
        } else if !is_whole {
            response.clone().on_hover_cursor(grips);
        }
        match drag {
            Some(Drag::Pan) => {
                let by = response.drag_delta() / rect.size();
                return (room.moved(view, [f64::from(-by.x), f64::from(by.y)]), None);
            }
            Some(Drag::Box(from)) => {
                let Some(to) = ui.input(|input| input.pointer.latest_pos()) else { return (view, None) };
                let drawn = Rect::from_two_pos(from, rect.clamp(to));
                // A thin box is a range on one axis.
                let (wide, high) = (drawn.width() >= THIN, drawn.height() >= THIN);
                let drawn = if wide && !high { Rect::from_x_y_ranges(drawn.x_range(), rect.y_range()) } else { drawn };
                let drawn = if high && !wide { Rect::from_x_y_ranges(rect.x_range(), drawn.y_range()) } else { drawn };
                if !response.drag_stopped() {
                    return (view, Some(drawn));
                }
                let (a, b) = (map.values(drawn.min), map.values(drawn.max));
                // Escape ends the drag without a box.
                if ui.input(|input| input.key_pressed(Key::Escape)) || !(wide || high) {
                    return (view, None);
                }
                return (room.boxed(view, [wide.then_some((a[0], b[0])), high.then_some((a[1], b[1]))]), None);
            }
            None => {}
        }
        let at = response.contains_pointer().then(|| ui.input(|input| input.pointer.hover_pos())).flatten();
        let Some(at) = at else { return (view, None) };
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta()));
        let scroll = if self.wheel { scroll } else { Vec2::ZERO };
        let by = f64::from(scroll.y / WHEEL + pinch.ln()).exp();
        let about = map.values(at);
        let view = if by == 1.0 { view } else { room.magnified(view, [by, by], about) };
        let along = f64::from(-scroll.x / (2.0 * WHEEL));
        (if along == 0.0 { view } else { room.moved(view, [along, 0.0]) }, None)
    }

    /// The kind of the drag in progress, or just ended; it does not change during the drag.
    fn drag(&self, ui: &Ui, response: &Response) -> Option<Drag> {
        let id = self.id.with("drag");
        if response.drag_started() {
            let boxes = response.drag_started_by(PointerButton::Secondary) || ui.input(|input| input.modifiers.shift);
            let from = ui.input(|input| input.pointer.press_origin());
            let drag = from.filter(|_| boxes).map_or(Drag::Pan, Drag::Box);
            ui.data_mut(|data| data.insert_temp(id, drag));
        }
        (response.dragged() || response.drag_stopped()).then(|| ui.data(|data| data.get_temp(id))).flatten()
    }

    /// The numbers of the figure, or of its visible part.
    fn ticks(&self, rect: Rect, room: &PlotRoom, view: PlotView) -> [Vec<Tick>; 2] {
        let axis = |index: usize, axis: &Axis| {
            if view.0[index] == room.home.0[index] {
                return axis.ticks.clone();
            }
            #[expect(clippy::cast_sign_loss, reason = "not negative")]
            let count = (rect.size()[index] / APART[index]).clamp(2.0, 12.0) as usize;
            self.numbers[index].ticks(view.0[index], count)
        };
        [axis(0, &self.figure.x_axis), axis(1, &self.figure.y_axis)]
    }

    /// The plot itself, with a grid at the numbers of the vertical axis.
    fn plot(&self, ui: &mut Ui, rect: Rect, (room, view): (&PlotRoom, PlotView), rows: &[Tick]) -> Rect {
        let palette = Palette::of(ui);
        let [x, y] = room.home.0;
        // All with the same strength: as far apart as possible.
        let step_size = 1e9 * (y.1 - y.0);
        let marks: Vec<GridMark> = rows.iter().map(|tick| GridMark { value: tick.at, step_size }).collect();
        let items = plot_items(self.figure, &palette);
        let bounds = view.bounds();
        let is_whole = view == room.home;
        let builder = UiBuilder::new().scope_id(self.id.with("plot")).max_rect(rect);
        // Later layers do not move it.
        let ui = &mut ui.new_child(builder);
        let plot = Plot::new(self.id)
            .id(self.id)
            .width(rect.width())
            .height(rect.height())
            .default_x_bounds(x.0, x.1)
            .default_y_bounds(y.0, y.1)
            .sense(Sense::hover())
            // Input is handled above, within its limits, and the box has the theme's colours.
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_axis_zoom_drag(false)
            .allow_double_click_reset(false)
            // Numbers are drawn separately beside the plot and never move it.
            .show_axes(false)
            .show_background(false)
            .show_x(false)
            .show_y(false)
            .show_grid([false, true])
            .y_grid_spacer(move |_| marks.clone())
            .grid_color(palette.hairline)
            .grid_fade(0.0);
        let shown = plot.show(ui, move |plot| {
            if is_whole {
                // Follows the axes of the figure, should they change.
                plot.set_auto_bounds(true);
            } else {
                plot.set_plot_bounds(bounds);
            }
            for item in items {
                plot.add_item(item);
            }
        });
        *shown.transform.frame()
    }

    /// The names of marks, clear of the curves.
    fn mark_names(&self, ui: &Ui, frame: Rect, map: &Transform) {
        let hidden = Hidden::of(ui.ctx(), self.id);
        let lines = self.figure.lines.iter().filter(|line| !hidden.has(&line.name));
        let curve = |line: &Line| line.points.iter().map(|&point| map.place(point)).collect();
        let curves: Vec<Vec<Pos2>> = lines.map(curve).collect();
        let painter = ui.painter().with_clip_rect(frame);
        mark_labels(&painter, frame, &self.figure.marks, (&curves, &|x| map.x(x)), &Palette::of(ui));
    }

    /// Its name and its contents.
    fn tell(&self, ui: &Ui, response: &Response, view: PlotView) {
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, self.name));
        let words = |index: usize, axis: &Axis| {
            let (low, high) = view.0[index];
            let number = |value: f64| match self.numbers[index] {
                Numbers::Linear => ticks::number(value, if high - low < 10.0 { 2 } else { 0 }),
                Numbers::Logarithmic => ticks::number(10.0_f64.powf(value), 4),
            };
            format!("{} {} to {} {}", axis.label, number(low), number(high), axis.unit).trim().to_owned()
        };
        let value = format!("{}, {}", words(0, &self.figure.x_axis), words(1, &self.figure.y_axis));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(value));
    }

    /// The reset button, if only a part is shown.
    fn whole_button(&self, ui: &mut Ui, rect: Rect) {
        let text = RichText::new("whole").font(theme::body(SMALL - 1.0));
        let size = vec2(44.0, TARGET);
        let place = Rect::from_min_size(pos2(rect.right() - size.x - 3.0, rect.top() + 3.0), size);
        let builder = UiBuilder::new().scope_id(self.id.with("whole")).max_rect(place);
        let ui = &mut ui.new_child(builder);
        ui.spacing_mut().button_padding = vec2(4.0, 2.0);
        let response = ui.add(Button::new(text).min_size(size));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, self.whole));
        if response.on_hover_text("Show the whole plot (double-click it, or press Esc)").clicked() {
            if let Some(mut memory) = PlotMemory::load(ui.ctx(), self.id) {
                memory.auto_bounds = true.into();
                memory.store(ui.ctx(), self.id);
            }
            ui.ctx().request_repaint();
        }
    }
}

/// Arrow keys pan, plus and minus zoom, Escape resets.
fn keyed(ui: &Ui, response: &Response, room: &PlotRoom, view: PlotView) -> PlotView {
    let is_whole = view == room.home;
    let takes_escape = response.has_focus() && !is_whole;
    ui.data_mut(|data| {
        if takes_escape {
            data.insert_temp(escape_id(), response.id);
        } else if data.get_temp(escape_id()) == Some(response.id) {
            data.remove::<Id>(escape_id());
        }
    });
    if !response.has_focus() {
        return view;
    }
    let filter = EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: !is_whole };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let (by, zoom, escape) = ui.input(|input| {
        if input.modifiers.command {
            return ([0.0; 2], 0.0, false);
        }
        let pressed = |key| input.num_presses(key) as f64;
        let by = [pressed(Key::ArrowRight) - pressed(Key::ArrowLeft), pressed(Key::ArrowUp) - pressed(Key::ArrowDown)];
        (by, pressed(Key::Plus) + pressed(Key::Equals) - pressed(Key::Minus), input.key_pressed(Key::Escape))
    });
    if escape {
        return room.home;
    }
    let moved = if by == [0.0; 2] { view } else { room.moved(view, by.map(|by| KEY_MOVE * by)) };
    let [x, y] = moved.0.map(|(low, high)| 0.5 * (low + high));
    let by = KEY_ZOOM.powf(zoom);
    if zoom == 0.0 { moved } else { room.magnified(moved, [by, by], [x, y]) }
}

impl ShownPlot {
    /// The value of the horizontal axis at a screen x, if it is visible.
    pub fn x_at(&self, x: f32) -> f64 {
        self.map.value_x(x.clamp(self.frame.left(), self.frame.right()))
    }

    /// Among the visible and requested lines, the one with the point nearest to a position, and that point.
    pub fn nearest<'a>(
        &self,
        figure: &'a Figure,
        hidden: &Hidden,
        at: Pos2,
        wanted: impl Fn(&Line) -> bool,
    ) -> Option<(&'a Line, [f64; 2])> {
        let frame = self.frame.expand(1.0);
        let lines = figure.lines.iter().filter(|line| wanted(line) && !hidden.has(&line.name));
        let points = lines.flat_map(|line| line.points.iter().map(move |point| (line, *point)));
        let placed = points.map(|(line, point)| (line, point, self.map.place(point)));
        let seen = placed.filter(|(_, _, place)| frame.contains(*place));
        let nearest = seen.min_by(|a, b| a.2.distance_sq(at).total_cmp(&b.2.distance_sq(at)));
        nearest.map(|(line, point, _)| (line, point))
    }

    /// The numbers at the left of the plot.
    pub fn y_numbers(&self, ui: &Ui) {
        let palette = Palette::of(ui);
        let frame = self.frame;
        let mut free = f32::INFINITY;
        for tick in &self.ticks[1] {
            let at = self.map.y(tick.at).clamp(frame.top() + 6.0, frame.bottom() - 6.0);
            // Ticks rise; in a low plot those too close to the one below are omitted.
            if at > free - 13.0 {
                continue;
            }
            free = at;
            let place = pos2(frame.left() - 8.0, at);
            ui.painter().text(place, Align2::RIGHT_CENTER, &tick.label, theme::mono(SMALL - 1.0), palette.secondary);
        }
    }
}

/// The hidden lines of a plot, by name.
pub(in crate::app) struct Hidden(Option<PlotMemory>, Id);

impl Hidden {
    /// Those of the plot with this id.
    pub fn of(ctx: &Context, plot: Id) -> Self {
        Self(PlotMemory::load(ctx, plot), plot)
    }

    /// Whether lines with this name are hidden.
    pub fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|memory| memory.hidden_items.contains(&ItemId::new(name)))
    }

    /// Hides lines with one of these names, or shows them again.
    pub fn toggle(self, ctx: &Context, names: &[&str]) {
        let hide = names.first().is_some_and(|name| !self.has(name));
        let Self(Some(mut memory), id) = self else { return };
        for name in names {
            let item = ItemId::new(name);
            if hide {
                memory.hidden_items.insert(item);
            } else {
                memory.hidden_items.remove(&item);
            }
        }
        memory.store(ctx, id);
        ctx.request_repaint();
    }

    /// Emphasises a line from the next frame on, or none.
    pub fn point_out(self, ctx: &Context, name: Option<&str>) {
        let item = name.map(ItemId::new);
        let Self(Some(mut memory), id) = self else { return };
        if memory.hovered_legend_item != item {
            memory.hovered_legend_item = item;
            memory.store(ctx, id);
            ctx.request_repaint();
        }
    }
}

fn escape_id() -> Id {
    Id::unique("plot that Escape belongs to")
}

/// Whether Escape resets a magnified plot.
pub(in crate::app) fn has_escape(ctx: &Context) -> bool {
    let plot: Option<Id> = ctx.data(|data| data.get_temp(escape_id()));
    plot.is_some() && ctx.memory(egui::Memory::focused) == plot
}
