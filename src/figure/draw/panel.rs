//! One panel at its position.

use super::layout::{PanelPlace, TITLE};
use super::legend;
use super::lettering::{Face, Lettering, Typeset};
use super::marker::marker;
use super::scene::{Colour, Group, Ink, Item, Path, Rect};
use super::theme::{ON_LEVEL, PageTheme};
use super::{Content, heat};
use crate::figure::{Area, Axis, Figure, Line, Mark, MarkKind, Paint, Role, Strip, Tick, text};
use crate::words::shortened;

/// Sizes of axis labels and of their numbers.
pub(super) const LABEL: f64 = 9.0;
pub(super) const TICK: f64 = 7.5;
/// Space for a strip below a plot, and the strip's own height.
pub(super) const STRIP: (f64, f64) = (17.0, 12.0);
/// Size of names inside a plot and its strips.
const SMALL: f64 = 7.5;
/// The least of a strip's words that stand in it, characters.
const WORDS: usize = 12;
/// Width of an ordinary line.
const WIDTH: f64 = 1.5;

impl Group {
    /// Draws text from the left end of its baseline.
    pub fn label(&mut self, setting: Typeset, (x, y): (f64, f64), colour: Colour) {
        let label = setting.text.clone();
        self.add(Item { id: None, label, clip: None, path: setting.at(x, y), ink: Ink::Fill(colour) });
    }

    /// Draws text read from below, from the left end of its baseline.
    pub fn upward_label(&mut self, setting: Typeset, (x, y): (f64, f64), colour: Colour) {
        let label = setting.text.clone();
        self.add(Item { id: None, label, clip: None, path: setting.upwards_at(x, y), ink: Ink::Fill(colour) });
    }
}

/// The ink of a curve.
pub(super) fn line_ink(line: &Line, theme: PageTheme) -> Ink {
    let width = WIDTH * line.weight;
    let dash = line.dash.pattern().iter().map(|length| length * width).collect();
    Ink::Stroke { colour: theme.colour(line.paint), width, dash }
}

/// The ink of a rule over the height of the plot.
pub(super) fn rule_ink(paint: Paint, theme: PageTheme) -> Ink {
    Ink::Stroke { colour: theme.colour(paint), width: 0.8, dash: vec![2.4, 1.6] }
}

/// An axis's label and its unit, in one line.
fn axis_line(axis: &Axis) -> String {
    if axis.unit.is_empty() { axis.label.clone() } else { format!("{} ({})", axis.label, axis.unit) }
}

/// An axis's label in as many lines as it needs to fit the axis.
pub(super) fn axis_lines(axis: &Axis, length: f64, lettering: &Lettering) -> Vec<String> {
    let line = axis_line(axis);
    if lettering.width(&line, Face::Body, LABEL) <= length {
        vec![line]
    } else {
        lettering.wrapped(&line, Face::Body, LABEL, length)
    }
}

/// The map from the units of a plot's axes to the page.
pub(super) struct PlotFrame {
    pub plot: Rect,
    x: (f64, f64),
    y: (f64, f64),
}

impl PlotFrame {
    pub fn of_axes(plot: Rect, x: (f64, f64), y: (f64, f64)) -> Self {
        let wide = |(low, high): (f64, f64)| if high > low { (low, high) } else { (low, low + 1.0) };
        Self { plot, x: wide(x), y: wide(y) }
    }

    pub fn x(&self, value: f64) -> f64 {
        self.plot.left + (value - self.x.0) / (self.x.1 - self.x.0) * self.plot.width()
    }

    /// Clamped far outside the page, where every file format still works.
    pub fn y(&self, value: f64) -> f64 {
        let place = self.plot.bottom - (value - self.y.0) / (self.y.1 - self.y.0) * self.plot.height();
        place.clamp(self.plot.top - 1e4, self.plot.bottom + 1e4)
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x(x), self.y(y)]
    }
}

/// The top of the highest free vertical stretch of this length between two x; `None` if there is none.
fn gap(figure: &Figure, frame: &PlotFrame, (left, right): (f64, f64), length: f64) -> Option<f64> {
    let covered = figure.areas.iter().any(|area| {
        let ends = area.points.first().zip(area.points.last());
        ends.is_some_and(|(first, last)| frame.x(first[0]) < right && frame.x(last[0]) > left)
    });
    if covered {
        return None;
    }
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for line in &figure.lines {
        let near = |&&[[x1, _], [x2, _]]: &&[[f64; 2]; 2]| frame.x(x2) >= left && frame.x(x1) <= right;
        let pairs: Vec<[[f64; 2]; 2]> = line.points.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        let heights = pairs.iter().filter(near).flatten().map(|point| frame.y(point[1]));
        let (top, bottom) = heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(t, b), y| (t.min(y), b.max(y)));
        taken.push((top - WIDTH, bottom + WIDTH));
    }
    for [x, y] in figure.points.iter().flat_map(|set| &set.points) {
        if (left - 3.0..right + 3.0).contains(&frame.x(*x)) {
            taken.push((frame.y(*y) - 3.0, frame.y(*y) + 3.0));
        }
    }
    taken.push((frame.plot.bottom, f64::INFINITY));
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = frame.plot.top;
    for (top, bottom) in taken {
        if top - free >= length {
            return Some(free);
        }
        free = free.max(bottom);
    }
    None
}

/// Draws panels into groups of a scene.
pub(super) struct Painter<'a> {
    pub theme: PageTheme,
    pub lettering: &'a Lettering,
}

impl Painter<'_> {
    fn role(&self, role: Role) -> Colour {
        self.theme.role(role)
    }

    /// Draws a panel; `group` names it.
    pub fn panel(&self, content: &Content, place: &PanelPlace, group: &mut Group) {
        let (x_axis, y_axis) = (content.x_axis(), content.y_axis());
        let frame = PlotFrame::of_axes(place.plot, x_axis.range, y_axis.range);
        for line in &place.title {
            group.label(self.lettering.set(&line.text, Face::Strong, TITLE), line.at, self.role(Role::Text));
        }
        match content {
            Content::Figure(figure) => self.figure(figure, place, &frame, group),
            Content::HeatMap(map) => self.heat_map(map, place, &frame, group),
            Content::Film(film) => heat::film(film, &frame, group),
        }
        self.vertical_axis(&y_axis, place, &frame, group);
        if place.axis {
            let top = frame.plot.bottom + STRIP.0 * content.strips().len() as f64;
            self.horizontal_axis(x_axis, top, &frame, group);
        }
        if let Content::Figure(figure) = content {
            legend::draw(figure, (place.legend, place.plot.top), self.theme, self.lettering, group);
        }
    }

    fn figure(&self, figure: &Figure, place: &PanelPlace, frame: &PlotFrame, group: &mut Group) {
        self.grid(figure, frame, group);
        self.contents(figure, frame, group);
        let foot = Path::horizontal(frame.plot.left..=frame.plot.right, frame.plot.bottom);
        group.draw(foot, Ink::line(self.role(Role::Faint), 0.8));
        self.rule_labels(figure, frame, group);
        for (row, strip) in figure.strips.iter().enumerate() {
            let top = frame.plot.bottom + STRIP.0 * row as f64 + (STRIP.0 - STRIP.1);
            self.strip(strip, row, top, frame, group);
            let y = top + 0.5 * STRIP.1;
            legend::draw_strip_name(&strip.name, (place.legend, y), self.theme, self.lettering, group);
        }
    }

    fn grid(&self, figure: &Figure, frame: &PlotFrame, group: &mut Group) {
        let ink = Ink::line(self.role(Role::Hairline), 0.6);
        for tick in &figure.y_axis.ticks {
            group.draw(Path::horizontal(frame.plot.left..=frame.plot.right, frame.y(tick.at)), ink.clone());
        }
        for tick in &figure.x_axis.ticks {
            group.draw(Path::vertical(frame.x(tick.at), frame.plot.top..=frame.plot.bottom), ink.clone());
        }
    }

    /// Areas, marks, lines and points, each with an id of its own.
    fn contents(&self, figure: &Figure, frame: &PlotFrame, group: &mut Group) {
        let id = |kind: &str, index: usize| Some(format!("{}-{kind}-{}", group.id, index + 1));
        let mut items = Vec::new();
        // Lines at the edge of the plot keep their width.
        let clip = Some(frame.plot.grown(WIDTH));
        for (index, area) in figure.areas.iter().enumerate() {
            let low = area.points.iter().map(|&[x, low, _]| frame.at([x, low]));
            let high = area.points.iter().rev().map(|&[x, _, high]| frame.at([x, high]));
            let path = Path::polygon(low.chain(high));
            let ink = Ink::Fill(self.theme.colour(area.paint));
            items.push(Item { id: id("area", index), label: area.name.clone(), clip: Some(frame.plot), path, ink });
            let edge = Path::polyline(area.points.iter().map(|&[x, _, high]| frame.at([x, high])));
            let ink = Ink::line(self.theme.background(), 0.6);
            items.push(Item { id: None, label: String::new(), clip: Some(frame.plot), path: edge, ink });
        }
        for (index, mark) in figure.marks.iter().enumerate() {
            let (x, plot) = (frame.x(mark.x), frame.plot);
            let (top, ink) = match mark.kind {
                MarkKind::Tick => (plot.bottom - 4.0, Ink::line(self.theme.colour(mark.paint), 0.7)),
                MarkKind::Rule => (plot.top, rule_ink(mark.paint, self.theme)),
            };
            let path = Path::vertical(x, top..=plot.bottom);
            items.push(Item { id: id("mark", index), label: text::plain(&mark.label), clip, path, ink });
        }
        for (index, line) in figure.lines.iter().enumerate() {
            let path = Path::polyline(line.points.iter().map(|&point| frame.at(point)));
            let ink = line_ink(line, self.theme);
            items.push(Item { id: id("line", index), label: text::plain(&line.name), clip, path, ink });
        }
        for (index, set) in figure.points.iter().enumerate() {
            let mut path = Path::default();
            let mut drawn = Ink::Fill(self.theme.colour(set.paint));
            for point in set.points.iter().filter(|point| point.iter().all(|value| value.is_finite())) {
                let (shape, ink) = marker(set.marker, frame.at(*point), 2.2, self.theme.colour(set.paint));
                path.0.extend(shape.0);
                drawn = ink;
            }
            let clip = Some(frame.plot.grown(3.0));
            let mut bars = Path::default();
            for (&[x, y], error) in set.points.iter().zip(&set.errors).filter(|(_, error)| error.is_finite()) {
                bars.0.extend(Path::vertical(frame.x(x), frame.y(y + error)..=frame.y(y - error)).0);
            }
            let ink = Ink::line(self.theme.colour(set.paint), 0.6);
            items.push(Item { id: None, label: String::new(), clip, path: bars, ink });
            items.push(Item { id: id("points", index), label: text::plain(&set.name), clip, path, ink: drawn });
        }
        for item in items {
            group.add(item);
        }
        for area in &figure.areas {
            self.area_name(area, frame, group);
        }
    }

    /// Writes an area's name at its thickest point, if it fits.
    fn area_name(&self, area: &Area, frame: &PlotFrame, group: &mut Group) {
        let name = self.lettering.set(&area.name, Face::Strong, SMALL);
        let (half, least) = (0.5 * name.width + 4.0, 1.5 * SMALL);
        let places: Vec<[f64; 3]> =
            area.points.iter().map(|&[x, low, high]| [frame.x(x), frame.y(high), frame.y(low)]).collect();
        let fits = |&[x, top, bottom]: &[f64; 3]| {
            let near = || places.iter().filter(|place| (place[0] - x).abs() <= half);
            let highest = near().map(|place| place[1]).fold(top, f64::max);
            let lowest = near().map(|place| place[2]).fold(bottom, f64::min);
            let inside = x - half >= frame.plot.left && x + half <= frame.plot.right;
            (inside && lowest - highest >= least).then_some([x, 0.5 * (highest + lowest), lowest - highest])
        };
        let best = places.iter().filter_map(fits).reduce(|best, next| if next[2] > best[2] { next } else { best });
        if let Some([x, y, _]) = best {
            let at = (x - 0.5 * name.width, y + 0.36 * SMALL);
            group.label(name, at, ON_LEVEL);
        }
    }

    /// Writes the names of rules beside them, if the legend does not have them and all fit: up to the next rule and
    /// between the curves.
    fn rule_labels(&self, figure: &Figure, frame: &PlotFrame, group: &mut Group) {
        if legend::rules_are_listed(figure) {
            return;
        }
        let mut rules: Vec<_> = figure.marks.iter().filter(|mark| mark.kind == MarkKind::Rule).collect();
        rules.sort_by(|a, b| a.x.total_cmp(&b.x));
        let place = |(index, rule): (usize, &&Mark)| {
            let (x, next) = (frame.x(rule.x), rules.get(index + 1).map_or(frame.plot.right, |next| frame.x(next.x)));
            let name = self.lettering.set(&rule.label, Face::Body, SMALL);
            let top =
                (next - x >= 1.4 * SMALL).then(|| gap(figure, frame, (x, x + 1.4 * SMALL), name.width + 6.0))??;
            Some(((x + 1.02 * SMALL, top + 3.0 + name.width), name))
        };
        let places: Option<Vec<_>> = rules.iter().enumerate().map(place).collect();
        for (at, name) in places.unwrap_or_default() {
            group.upward_label(name, at, self.role(Role::Secondary));
        }
    }

    fn strip(&self, strip: &Strip, row: usize, top: f64, frame: &PlotFrame, group: &mut Group) {
        for (index, segment) in strip.segments.iter().enumerate() {
            let left = frame.x(segment.range.0).max(frame.plot.left) + 0.5;
            let right = frame.x(segment.range.1).min(frame.plot.right) - 0.5;
            if left >= right {
                continue;
            }
            let cell = Rect { left, top, right, bottom: top + STRIP.1 };
            let (path, ink) = (Path::rounded(cell, 2.5), Ink::Fill(self.theme.colour(segment.paint)));
            let id = Some(format!("{}-strip-{}-{}", group.id, row + 1, index + 1));
            group.add(Item { id, label: segment.label.clone(), clip: None, path, ink });
            let fits = |name: &str| {
                let name = self.lettering.set(name, Face::Strong, SMALL);
                (name.width + 5.0 <= cell.width()).then_some(name)
            };
            let words = segment.label.chars().count();
            // Words are cut where some of them fit; a number takes their place in a narrow cell.
            let cut = || (WORDS..words).rev().find_map(|most| fits(&shortened(&segment.label, most)));
            if let Some(name) = fits(&segment.label).or_else(cut).or_else(|| fits(&segment.short_label)) {
                let (x, y) = cell.centre();
                let at = (x - 0.5 * name.width, y + 0.36 * SMALL);
                let is_level = matches!(segment.paint, Paint::Level(_));
                group.label(name, at, if is_level { ON_LEVEL } else { self.role(Role::Text) });
            }
        }
    }

    fn vertical_axis(&self, axis: &Axis, place: &PanelPlace, frame: &PlotFrame, group: &mut Group) {
        let mut free = f64::INFINITY;
        let mut ticks: Vec<&Tick> = axis.ticks.iter().collect();
        ticks.sort_by(|a, b| a.at.total_cmp(&b.at));
        for tick in ticks {
            let y = frame.y(tick.at);
            if y > free {
                continue;
            }
            free = y - 1.3 * TICK;
            let number = self.lettering.set(&tick.label, Face::Mono, TICK);
            let at = (frame.plot.left - 6.0 - number.width, y + 0.36 * TICK);
            group.label(number, at, self.role(Role::Secondary));
        }
        let (_, middle) = frame.plot.centre();
        for (line, label) in place.label.iter().enumerate() {
            let setting = self.lettering.set(label, Face::Body, LABEL);
            let x = place.label_left + LABEL * (0.86 + 1.3 * line as f64);
            let y = middle + 0.5 * setting.width;
            group.upward_label(setting, (x, y), self.role(Role::Text));
        }
    }

    fn horizontal_axis(&self, axis: &Axis, top: f64, frame: &PlotFrame, group: &mut Group) {
        let mut free = f64::NEG_INFINITY;
        for tick in &axis.ticks {
            let x = frame.x(tick.at);
            group.draw(Path::vertical(x, top..=(top + 3.0)), Ink::line(self.role(Role::Faint), 0.8));
            let number = self.lettering.set(&tick.label, Face::Mono, TICK);
            let left = x - 0.5 * number.width;
            if left < free {
                continue;
            }
            free = left + number.width + 5.0;
            group.label(number, (left, top + 6.0 + 0.73 * TICK), self.role(Role::Secondary));
        }
        let label = self.lettering.set(&axis_line(axis), Face::Body, LABEL);
        let (middle, _) = frame.plot.centre();
        let at = (middle - 0.5 * label.width, top + 17.0 + 0.73 * LABEL);
        group.label(label, at, self.role(Role::Text));
    }
}
