//! The legend at the right of a track: each curve's line and name, and its value under the pointer.

use crate::app::draw::level_button::{Levels, tip};
use crate::app::draw::plot::{draw_line, is_lit, lit_colour};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{TARGET, elided};
use crate::figure::{Area, Figure, Line, NEXT, Paint, Role as PaintRole, ticks};
use crate::session::levels::{Band, LevelSet};
use egui::{Align2, Button, Popup, PopupCloseBehavior, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Least and greatest height of a row, points.
const ROW: (f32, f32) = (15.0, 24.0);
/// Length of a swatch, two dashes of every pattern, and the space before the name, points.
const SWATCH: f32 = 28.0;
const GAP: f32 = 8.0;

/// An entry of a legend.
enum LegendEntry<'a> {
    Area(&'a Area),
    /// All lines with one name.
    Lines(Vec<&'a Line>),
}

/// The figure's areas and lines by name, from the top down, each with its value at `x`; for an area, its thickness. Levels
/// can be clicked; the new set of isolated levels is returned. `place` distinguishes their names from those of other tracks.
/// Entries that do not fit open from a row of their own.
#[must_use]
pub fn legend_ui(ui: &Ui, rect: Rect, figure: &Figure, x: f64, (levels, place): (&Levels, &str)) -> Option<LevelSet> {
    let entries = entries(figure);
    // One row is reserved for the next run, so that nothing moves when its settings change.
    let kept = usize::from(entries.iter().all(|entry| entry.name() != NEXT));
    let (height, shown) = rows(rect.height(), entries.len(), kept);
    let numbers = LegendNumbers::of(figure, x);
    let mut isolate = None;
    for (index, entry) in entries.iter().take(shown).enumerate() {
        let y = rect.top() + height * (index as f32 + 0.5);
        let line = Rect::from_x_y_ranges(rect.x_range(), (y - 0.5 * height)..=(y + 0.5 * height));
        let reach = line.expand2(vec2(6.0, 0.0));
        if let Paint::Level(m) = entry.paint()
            && let Some((response, clicked)) = levels.button(ui, reach, Band::Level(m), (place, index))
        {
            Levels::light(ui, reach, &response);
            isolate = clicked.or(isolate);
            tip(response);
        }
        if entry.row_ui(ui, line, levels.lit(), &numbers) {
            let id = ui.scope_id().with(("legend", place, index));
            ui.interact(line, id, Sense::hover()).on_hover_text(entry.name());
        }
    }
    if shown < entries.len() {
        let y = rect.top() + height * (shown as f32 + 0.5);
        let line = Rect::from_x_y_ranges(rect.x_range(), (y - 0.5 * height)..=(y + 0.5 * height));
        let more = more_ui(ui, line, &entries, entries.len() - shown, &numbers, (levels, place));
        isolate = more.or(isolate);
    }
    isolate
}

/// The height of a row when this many more are reserved, and how many entries have a row: all, or
/// all but those represented by a last row.
#[allow(clippy::cast_sign_loss)] // heights are not negative
fn rows(height: f32, count: usize, kept: usize) -> (f32, usize) {
    let row = (height / (count + kept).max(1) as f32).clamp(ROW.0, ROW.1);
    let fit = ((height + 2.0) / row).max(0.0) as usize;
    (row, if fit >= count { count } else { fit.saturating_sub(1) })
}

/// "… 2 more", which opens all of them.
fn more_ui(
    ui: &Ui,
    line: Rect,
    entries: &[LegendEntry],
    hidden: usize,
    numbers: &LegendNumbers,
    (levels, place): (&Levels, &str),
) -> Option<LevelSet> {
    let palette = Palette::of(ui);
    // Below it there is space for the pointer.
    let high = (TARGET - line.height()).max(0.0);
    let reach = Rect::from_min_max(line.min - vec2(6.0, 0.0), line.max + vec2(6.0, high));
    let response = ui.interact(reach, ui.scope_id().with(("legend", place)), Sense::click());
    let name = format!("All {} curves of {}", entries.len(), if place.is_empty() { "Chromatogram" } else { place });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    Levels::light(ui, reach, &response);
    let at = pos2(line.left() + SWATCH + GAP, line.center().y);
    let words = format!("… {hidden} more");
    ui.painter().text(at, Align2::LEFT_CENTER, words, theme::body(SMALL), palette.secondary);
    let mut isolate = None;
    let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        ui.set_min_width(170.0);
        for entry in entries {
            let band = match entry.paint() {
                Paint::Level(m) => Some(Band::Level(m)).filter(|band| levels.can_isolate(*band)),
                Paint::Role(_) | Paint::Channel(_) => None,
            };
            let on = band.is_some_and(|band| levels.isolated.contains(band));
            let button = Button::selectable(on, "").min_size(vec2(ui.available_width(), ROW.1));
            let response = ui.add_enabled(band.is_some(), button);
            response.widget_info(|| WidgetInfo::selected(Role::Button, band.is_some(), on, entry.name()));
            let line = response.rect.shrink2(vec2(8.0, 0.0));
            entry.row_ui(ui, line, levels.lit(), numbers);
            if let Some(band) = band.filter(|_| response.clicked()) {
                isolate = Some(levels.isolated.clicked(band, crate::app::draw::level_button::more(ui)));
            }
        }
    });
    response.on_hover_text("All curves, with their values");
    isolate
}

/// The values at an x, with as many digits as the axis justifies.
struct LegendNumbers {
    x: f64,
    span: f64,
    /// The ends of the axis, if lines are clamped to them: values outside have no number.
    ends: Option<(f64, f64)>,
}

impl LegendNumbers {
    fn of(figure: &Figure, x: f64) -> Self {
        let (low, high) = figure.y_axis.range;
        let is_clamped = figure.points.iter().any(|points| points.name == "steps");
        Self { x, span: high - low, ends: is_clamped.then_some((low, high)) }
    }

    fn of_entry(&self, entry: &LegendEntry) -> Option<String> {
        let value = entry.at(self.x)?;
        let sign = match self.ends {
            Some((low, _)) if value <= low => "≤",
            Some((_, high)) if value >= high => "≥",
            _ => "",
        };
        let number =
            if self.span >= 0.05 && value.abs() < 1e5 { ticks::number(value, 2) } else { ticks::scientific(value, 1) };
        Some(format!("{sign}{number}"))
    }
}

fn entries(figure: &Figure) -> Vec<LegendEntry<'_>> {
    let mut entries: Vec<LegendEntry<'_>> = figure.areas.iter().map(LegendEntry::Area).collect();
    for line in &figure.lines {
        let same = entries.iter_mut().find_map(|entry| match entry {
            LegendEntry::Lines(lines) if lines[0].name == line.name => Some(lines),
            LegendEntry::Lines(_) | LegendEntry::Area(_) => None,
        });
        match same {
            Some(lines) => lines.push(line),
            None => entries.push(LegendEntry::Lines(vec![line])),
        }
    }
    entries
}

impl LegendEntry<'_> {
    fn at(&self, x: f64) -> Option<f64> {
        match self {
            Self::Area(area) => area.at(x),
            // Those of all levels share one row.
            Self::Lines(lines) if lines[0].name == NEXT && matches!(lines[0].paint, Paint::Level(_)) => None,
            Self::Lines(lines) => lines.iter().find_map(|line| line.at(x)),
        }
    }

    fn paint(&self) -> Paint {
        match self {
            Self::Area(area) => area.paint,
            Self::Lines(lines) if lines[0].name == NEXT => Paint::Role(PaintRole::Warning),
            Self::Lines(lines) => lines[0].paint,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Area(area) => &area.name,
            Self::Lines(lines) => &lines[0].name,
        }
    }

    /// Draws swatch, name and value; returns whether the name was cut.
    fn row_ui(&self, ui: &Ui, line: Rect, lit: LevelSet, numbers: &LegendNumbers) -> bool {
        let palette = Palette::of(ui);
        let left: Pos2 = line.left_center();
        let color = lit_colour(self.paint(), lit, &palette);
        match self {
            Self::Area(_) => {
                let swatch = Rect::from_min_max(left - vec2(0.0, 4.5), left + vec2(SWATCH, 4.5));
                ui.painter().rect_filled(swatch, 2.0, color);
            }
            Self::Lines(lines) => {
                let ends = [left, left + vec2(SWATCH, 0.0)];
                draw_line(ui.painter(), &ends, Stroke::new(2.0, color), lines[0].dash);
            }
        }
        let mut right = line.right();
        if let Some(number) = numbers.of_entry(self) {
            let at = line.right_center();
            let written = ui.painter().text(at, Align2::RIGHT_CENTER, number, theme::mono(SMALL), palette.text);
            right = written.left() - 6.0;
        }
        let alone = !lit.is_whole() && matches!(self.paint(), Paint::Level(_)) && is_lit(self.paint(), lit);
        let (font, color) =
            if alone { (theme::strong(SMALL), palette.text) } else { (theme::body(SMALL), palette.secondary) };
        let at = left.x + SWATCH + GAP;
        let galley = elided(ui, self.name(), font, color, right - at);
        let is_cut = galley.elided;
        ui.painter().galley(pos2(at, left.y - 0.5 * galley.size().y), galley, color);
        is_cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_left_out_unsaid() {
        assert_eq!(rows(200.0, 6, 0), (24.0, 6));
        assert_eq!(rows(108.0, 6, 0), (18.0, 6));
        assert_eq!(rows(90.0, 6, 0), (15.0, 6));
        // The height is the same with a reserved row and with a later entry in it.
        assert_eq!((rows(96.0, 6, 1), rows(96.0, 7, 0)), ((15.0, 6), (15.0, 5)));
        // The fifth represents three more.
        assert_eq!(rows(76.0, 7, 0), (15.0, 4));
        assert_eq!(rows(0.0, 3, 0).1, 0);
        for height in 0..=255_u8 {
            let (row, shown) = rows(height.into(), 7, 0);
            let lines = if shown < 7 { shown + 1 } else { 7 };
            assert!(lines == 1 || row * lines as f32 <= f32::from(height) + 2.0, "{height}");
        }
    }

    #[test]
    fn what_is_clamped_has_no_number_of_its_own() {
        let points = vec![[0.0, 1.0], [1.0, 5.0]];
        let paint = Paint::Role(PaintRole::Text);
        let line = Line { name: "run".into(), points, paint, dash: crate::figure::Dash::Solid, weight: 1.0 };
        let number = |x, ends| LegendNumbers { x, span: 5.0, ends }.of_entry(&LegendEntry::Lines(vec![&line])).unwrap();
        assert_eq!(number(0.0, Some((0.0, 5.0))), "1.00");
        assert_eq!(number(1.0, Some((0.0, 5.0))), "≥5.00");
        assert_eq!(number(1.0, None), "5.00");
    }
}
