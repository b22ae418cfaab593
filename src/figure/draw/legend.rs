//! The legend at the right of a panel: each name once, with its line, marker or colour.

use super::lettering::{Face, Lettering};
use super::marker::marker;
use super::panel::{line_ink, rule_ink};
use super::scene::{Group, Ink, Path, Rect};
use super::theme::PageTheme;
use crate::figure::{Figure, Line, MarkKind, Marker, Paint, Role};

const SIZE: f64 = 8.5;
/// Distance between rows.
const PITCH: f64 = 12.0;
/// Length of a swatch, and space after it.
const SWATCH: f64 = 20.0;
const GAP: f64 = 6.0;

/// A name and its swatches, possibly several: a line and the points on it.
struct LegendRow<'a> {
    name: &'a str,
    swatches: Vec<Swatch<'a>>,
}

#[derive(PartialEq)]
enum Swatch<'a> {
    Area(Paint),
    Line(&'a Line),
    Rule(Paint),
    Point(Paint, Marker),
}

/// The entries of a figure's legend. Rules are included if each has a colour of its own.
fn entries(figure: &Figure) -> Vec<LegendRow<'_>> {
    let mut entries: Vec<LegendRow<'_>> = Vec::new();
    let mut add = |name, swatch| match entries.iter_mut().find(|entry| entry.name == name) {
        Some(entry) => {
            if !entry.swatches.iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(&swatch)) {
                entry.swatches.push(swatch);
            }
        }
        None => entries.push(LegendRow { name, swatches: vec![swatch] }),
    };
    for area in &figure.areas {
        add(area.name.as_str(), Swatch::Area(area.paint));
    }
    for line in &figure.lines {
        add(line.name.as_str(), Swatch::Line(line));
    }
    for points in &figure.points {
        add(points.name.as_str(), Swatch::Point(points.paint, points.marker));
    }
    if rules_are_listed(figure) {
        for mark in figure.marks.iter().filter(|mark| mark.kind == MarkKind::Rule) {
            add(mark.label.as_str(), Swatch::Rule(mark.paint));
        }
    }
    entries.retain(|entry| !entry.name.is_empty());
    entries
}

/// Whether the rules of a figure have different colours.
pub(super) fn rules_are_listed(figure: &Figure) -> bool {
    let rules: Vec<Paint> =
        figure.marks.iter().filter(|mark| mark.kind == MarkKind::Rule).map(|mark| mark.paint).collect();
    rules.iter().enumerate().all(|(index, paint)| !rules[..index].contains(paint))
}

/// The width and height of a legend; zero if it would only name a single unnamed element.
pub(super) fn size(figure: &Figure, lettering: &Lettering) -> (f64, f64) {
    let entries = entries(figure);
    let strips = figure.strips.iter().map(|strip| lettering.width(&strip.name, Face::Body, SIZE));
    let names = entries.iter().map(|entry| SWATCH + GAP + lettering.width(entry.name, Face::Body, SIZE));
    (strips.chain(names).fold(0.0, f64::max), PITCH * entries.len() as f64)
}

/// Draws a legend from its top left.
pub(super) fn draw(
    figure: &Figure,
    (left, top): (f64, f64),
    theme: PageTheme,
    lettering: &Lettering,
    group: &mut Group,
) {
    for (row, entry) in entries(figure).iter().enumerate() {
        let y = top + PITCH * (row as f64 + 0.5);
        for swatch in &entry.swatches {
            draw_swatch(swatch, (left, y), theme, group);
        }
        let name = lettering.set(entry.name, Face::Body, SIZE);
        group.label(name, (left + SWATCH + GAP, y + 0.36 * SIZE), theme.role(Role::Secondary));
    }
}

/// Draws the name of a strip beside it.
pub(super) fn draw_strip_name(
    name: &str,
    (left, y): (f64, f64),
    theme: PageTheme,
    lettering: &Lettering,
    group: &mut Group,
) {
    group.label(lettering.set(name, Face::Body, SIZE), (left, y + 0.36 * SIZE), theme.role(Role::Secondary));
}

fn draw_swatch(swatch: &Swatch<'_>, (left, y): (f64, f64), theme: PageTheme, group: &mut Group) {
    let along = left..=(left + SWATCH);
    match *swatch {
        Swatch::Area(paint) => {
            let rect = Rect { left, top: y - 4.0, right: left + SWATCH, bottom: y + 4.0 };
            group.draw(Path::rounded(rect, 1.5), Ink::Fill(theme.colour(paint)));
        }
        Swatch::Line(line) => {
            let path = Path::horizontal(along, y);
            group.draw(path, line_ink(line, theme));
        }
        Swatch::Rule(paint) => {
            group.draw(Path::vertical(left + 0.5 * SWATCH, (y - 4.5)..=(y + 4.5)), rule_ink(paint, theme));
        }
        Swatch::Point(paint, shape) => {
            let (path, ink) = marker(shape, [left + 0.5 * SWATCH, y], 2.4, theme.colour(paint));
            group.draw(path, ink);
        }
    }
}
