//! The legend of a plot: each curve's line and name; a click on the name hides or shows it.

use crate::app::draw::colour::colour;
use crate::app::draw::level_button::dimmed;
use crate::app::draw::plot::draw_line;
use crate::app::draw::plot_pane::Hidden;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{TARGET, elided};
use crate::app::words;
use crate::figure::{Dash, Paint};
use egui::text::{LayoutJob, TextFormat};
use egui::{CursorIcon, Id, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Length of a swatch and the space to its name, points.
pub(in crate::app) const SWATCH: (f32, f32) = (24.0, 6.0);
/// Space between names, points.
const GAP: f32 = 14.0;

/// One name of a legend.
pub(in crate::app) struct PlotName<'a> {
    /// Its text.
    pub name: &'a str,
    /// The names of its lines.
    pub lines: &'a [&'a str],
    /// Colour.
    pub paint: Paint,
    /// Pattern.
    pub dash: Dash,
}

/// Names beside each other, in as many rows as needed.
pub(in crate::app) struct PlotLegend<'a> {
    plot: Id,
    names: Vec<(PlotName<'a>, Rect)>,
    rows: usize,
}

impl<'a> PlotLegend<'a> {
    /// The legend of the plot with this id, for this width in points.
    pub fn new(ui: &Ui, plot: Id, names: Vec<PlotName<'a>>, width: f32) -> Self {
        let (mut placed, mut left, mut row) = (Vec::new(), 0.0, 0_u16);
        for name in names {
            let room = width - SWATCH.0 - SWATCH.1;
            let text = elided(ui, name.name, theme::body(SMALL), Palette::of(ui).secondary, room);
            let taken = SWATCH.0 + SWATCH.1 + text.size().x;
            if left > 0.0 && left + taken > width {
                (left, row) = (0.0, row + 1);
            }
            placed.push((name, Rect::from_min_size(pos2(left, row.into()), vec2(taken, 1.0))));
            left += taken + GAP;
        }
        Self { plot, names: placed, rows: usize::from(row) + 1 }
    }

    /// How many rows there are.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Draws the rows with this height from this corner.
    pub fn show(&self, ui: &Ui, corner: Pos2, height: f32) {
        let mut pointed = None;
        for (name, place) in &self.names {
            let min = corner + vec2(place.left(), place.top() * height);
            let place = Rect::from_min_size(min, vec2(place.width(), height));
            if self.name_ui(ui, name, place) {
                pointed = Some(name);
            }
        }
        // A name for several lines emphasises none of them.
        let line = pointed.and_then(|name| <[&str; 1]>::try_from(name.lines).ok());
        Hidden::of(ui.ctx(), self.plot).point_out(ui.ctx(), line.map(|[line]| line));
    }

    /// The names in a column, for a menu.
    pub fn list_ui(&self, ui: &mut Ui) {
        let widest = self.names.iter().map(|(_, place)| place.width()).fold(0.0, f32::max);
        for (name, _) in &self.names {
            let (place, _) = ui.allocate_exact_size(vec2(widest, TARGET), Sense::hover());
            self.name_ui(ui, name, place);
        }
    }

    /// One name; returns whether the pointer is on it.
    fn name_ui(&self, ui: &Ui, name: &PlotName, place: Rect) -> bool {
        let palette = Palette::of(ui);
        let hidden = Hidden::of(ui.ctx(), self.plot);
        let is_hidden = name.lines.first().is_some_and(|line| hidden.has(line));
        let reach = place.expand2(vec2(4.0, 0.0));
        let response = ui.interact(reach, self.plot.with(("name", name.name)), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, !is_hidden, words::panes::curve(name.name)));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(reach, 4.0, ui.visuals().widgets.hovered.weak_bg_fill);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(reach, 4.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
        }
        let left = place.left_center();
        let color = colour(name.paint, &palette);
        let stroke = Stroke::new(2.0, if is_hidden { dimmed(color) } else { color });
        draw_line(ui.painter(), &[left, left + vec2(SWATCH.0, 0.0)], stroke, name.dash);
        let mut format = TextFormat::simple(theme::body(SMALL), palette.secondary);
        if is_hidden {
            format.strikethrough = Stroke::new(1.0, palette.secondary);
        }
        let mut job = LayoutJob::single_section(name.name.to_owned(), format);
        job.wrap = egui::text::TextWrapping::truncate_at_width(place.width() - SWATCH.0 - SWATCH.1 + 0.5);
        let galley = ui.painter().layout_job(job);
        let at = left + vec2(SWATCH.0 + SWATCH.1, -0.5 * galley.size().y);
        ui.painter().galley(at, galley, palette.secondary);
        if response.clicked() {
            hidden.toggle(ui.ctx(), name.lines);
        }
        let hovered = response.hovered();
        let tip = if is_hidden { "Click to show this curve again" } else { "Click to hide this curve" };
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(tip);
        hovered
    }
}
