//! Heat maps with their colour bar, and films.

use super::layout::PanelPlace;
use super::lettering::Face;
use super::panel::{LABEL, Painter, PlotFrame, TICK, axis_lines};
use super::scene::{Group, Ink, PagePicture, Path, Rect};
use crate::figure::{Axis, Film, HeatMap, Role, Tick};
use crate::session::colour_map::colour_table;
use image::imageops::crop_imm;
use image::{Rgb, RgbImage};
use std::sync::Arc;

/// Width of the colour bar, and space around its numbers.
const BAR: f64 = 9.0;
const GAP: f64 = 5.0;
/// Least height of a heat map.
pub(super) const LEAST: f64 = 40.0;

/// The meaning of the colours, as an axis.
fn bar_axis(map: &HeatMap) -> Axis {
    let (low, high) = map.range;
    let range = (f64::from(low), f64::from(high));
    Axis { label: map.label.clone(), unit: map.unit, range, ticks: map.bar_ticks(5) }
}

/// Labels of the wavelengths, the last with its unit.
fn wavelengths(map: &HeatMap) -> Vec<Tick> {
    let mut ticks = map.wavelengths.clone();
    if let Some(last) = ticks.last_mut() {
        last.label.push_str(" px");
    }
    ticks
}

/// Positions of the colour bar's parts, from the left of the legend.
struct BarColumns {
    bar: f64,
    numbers: f64,
    label: f64,
    width: f64,
}

impl Painter<'_> {
    fn widest(&self, ticks: &[Tick]) -> f64 {
        ticks.iter().map(|tick| self.lettering.width(&tick.label, Face::Mono, TICK)).fold(0.0, f64::max)
    }

    fn bar_columns(&self, map: &HeatMap, height: f64) -> BarColumns {
        let axis = bar_axis(map);
        let bar = self.widest(&wavelengths(map)) + GAP;
        let numbers = bar + BAR + GAP;
        let label = numbers + self.widest(&axis.ticks) + GAP;
        let lines = axis_lines(&axis, height, self.lettering).len();
        BarColumns { bar, numbers, label, width: label + 1.3 * LABEL * lines as f64 }
    }

    /// The size of the legend of a heat map with this height.
    pub fn bar_size(&self, map: &HeatMap, height: f64) -> (f64, f64) {
        (self.bar_columns(map, height).width, LEAST)
    }

    pub fn heat_map(&self, map: &Arc<HeatMap>, place: &PanelPlace, frame: &PlotFrame, group: &mut Group) {
        let id = Some(format!("{}-map", group.id));
        let picture = PagePicture::HeatMap(Arc::clone(map), self.theme.role(Role::Hairline));
        group.picture(id, map.label.clone(), frame.plot, picture, Some(frame.plot));
        let numbers = wavelengths(map);
        self.numbers(&numbers, frame, place.legend - 9.0, group);

        let plot = frame.plot;
        let columns = self.bar_columns(map, plot.height());
        let left = place.legend + columns.bar;
        let bar = Rect { left, top: plot.top, right: left + BAR, bottom: plot.bottom };
        let table = colour_table(map.colour_map);
        let colours = RgbImage::from_fn(1, 256, |_, y| Rgb(table[255 - y as usize]));
        let id = Some(format!("{}-bar", group.id));
        group.picture(id, "colours".to_owned(), bar, PagePicture::Image(Arc::new(colours)), None);
        let axis = bar_axis(map);
        let along = PlotFrame::of_axes(Rect { left, ..plot }, (0.0, 1.0), axis.range);
        for tick in &axis.ticks {
            let ink = Ink::line(self.theme.role(Role::Secondary), 0.8);
            group.draw(Path::horizontal(bar.right..=(bar.right + 2.5), along.y(tick.at)), ink);
        }
        self.numbers(&axis.ticks, &along, place.legend + columns.numbers, group);
        for (line, label) in axis_lines(&axis, plot.height(), self.lettering).iter().enumerate() {
            let setting = self.lettering.set(label, Face::Body, LABEL);
            let x = place.legend + columns.label + LABEL * (0.86 + 1.3 * line as f64);
            let y = plot.centre().1 + 0.5 * setting.width;
            group.upward_label(setting, (x, y), self.theme.role(Role::Text));
        }
    }

    /// Labels beside a plot, from their left, without those that would touch the one below.
    fn numbers(&self, ticks: &[Tick], frame: &PlotFrame, left: f64, group: &mut Group) {
        let mut free = f64::INFINITY;
        for tick in ticks {
            let y = frame.y(tick.at);
            if y > free {
                continue;
            }
            free = y - 1.3 * TICK;
            let number = self.lettering.set(&tick.label, Face::Mono, TICK);
            group.label(number, (left, y + 0.36 * TICK), self.theme.role(Role::Secondary));
        }
    }
}

/// Draws a film.
pub(super) fn film(film: &Film, frame: &PlotFrame, group: &mut Group) {
    for (index, picture) in film.frames.iter().enumerate() {
        let (left, right) = (frame.x(picture.range.0), frame.x(picture.range.1));
        let cell = Rect { left: left + 0.3, right: right - 0.3, ..frame.plot };
        let (width, height) = picture.image.dimensions();
        if cell.width() <= 0.0 || width == 0 || height == 0 {
            continue;
        }
        let image = middle(&picture.image, cell.width() / cell.height());
        let id = Some(format!("{}-image-{}", group.id, index + 1));
        group.picture(id, picture.label.clone(), cell, PagePicture::Image(image), None);
    }
}

/// The centre part of an image with this ratio of width to height, in whole pixels: not every reader of SVG crops images.
fn middle(image: &Arc<RgbImage>, aspect: f64) -> Arc<RgbImage> {
    let (width, height) = image.dimensions();
    #[expect(clippy::cast_sign_loss, reason = "at least 1")]
    let part = |side: u32, wanted: f64| (wanted.round().max(1.0) as u32).min(side);
    let size = (part(width, f64::from(height) * aspect), part(height, f64::from(width) / aspect));
    if size == (width, height) {
        return Arc::clone(image);
    }
    let place = ((width - size.0) / 2, (height - size.1) / 2);
    Arc::new(crop_imm(&**image, place.0, place.1, size.0, size.1).to_image())
}
