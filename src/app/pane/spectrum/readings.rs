//! What the curves are, and what they tell in numbers: where signal meets noise, and the slope.

use crate::app::draw::colour::colour;
use crate::app::draw::plot::draw_line;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::elided;
use crate::app::pane::spectrum::WIDE;
use crate::app::pane::spectrum::spectra::DataSource;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::figure::{Dash, Paint, Role, SpectrumPlot, significant};
use crate::runtime::RunEnd;
use crate::spectrum::Reach;
use crate::words::count;
use egui::{Align2, Color32, Galley, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// Height of a row, points.
const ROW: f32 = 16.0;
/// Length of a swatch and the space to its name, points.
const SWATCH: (f32, f32) = (24.0, 6.0);
/// Width of what stands for the rest, points.
const MORE: f32 = 20.0;
/// Space between names, points.
const GAP: f32 = 14.0;

/// How a curve is drawn, and its name.
struct Name {
    at: (f32, usize),
    paint: Paint,
    dash: Dash,
    galley: Arc<Galley>,
}

/// A number that is read off the plot.
struct Value {
    short: String,
    long: String,
    about: String,
    dash: Option<Dash>,
}

/// All that stands below the plot. Which rows there are does not depend on values, so nothing moves while they change.
pub(super) struct Readings {
    names: Vec<Name>,
    rows: usize,
    values: [Value; 2],
    wide: bool,
}

impl Readings {
    pub(super) fn new(ui: &Ui, plot: &SpectrumPlot, (context, data): (&ViewContext, DataSource), width: f32) -> Self {
        let color = Palette::of(ui).secondary;
        let data = match data {
            DataSource::FinalImage => "final image",
            DataSource::Known { data, .. } => data.name,
        };
        let mut listed = vec![
            ("xₜ", Role::Secondary, Dash::Solid),
            ("E[x₀|xₜ]", Role::Accent, Dash::Solid),
            ("noise 1 − ᾱ", Role::Secondary, Dash::Dotted),
            (data, Role::Warning, Dash::Dashed),
        ];
        if context.view().spectrum.others {
            listed.push(("other steps", Role::Faint, Dash::Solid));
        }
        let (mut names, mut left, mut row) = (Vec::new(), 0.0, 0);
        for (name, role, dash) in listed {
            let galley = elided(ui, name, theme::body(SMALL), color, width - SWATCH.0 - SWATCH.1);
            let taken = SWATCH.0 + SWATCH.1 + galley.size().x;
            if left > 0.0 && left + taken > width {
                (left, row) = (0.0, row + 1);
            }
            names.push(Name { at: (left, row), paint: Paint::Role(role), dash, galley });
            left += taken + GAP;
        }
        let ended = context.run.is_some_and(|run| run.end == Some(RunEnd::Complete));
        Self { names, rows: row + 1, values: [meeting(plot, data, ended), slope(plot, ended)], wide: width >= WIDE }
    }

    pub(super) fn names_height(&self) -> f32 {
        self.rows as f32 * ROW + 4.0
    }

    pub(super) fn values_height(&self) -> f32 {
        if self.wide { ROW } else { 2.0 * ROW }
    }

    /// Draws them from the top of `rect`.
    pub(super) fn show(&self, ui: &Ui, rect: Rect, names: bool) {
        let palette = Palette::of(ui);
        let mut top = rect.top() + 4.0;
        if names {
            for name in &self.names {
                let left = pos2(rect.left() + name.at.0, top + ROW * (name.at.1 as f32 + 0.5));
                let stroke = Stroke::new(2.0, colour(name.paint, &palette));
                draw_line(ui.painter(), &[left, left + vec2(SWATCH.0, 0.0)], stroke, name.dash);
                let at = left + vec2(SWATCH.0 + SWATCH.1, -0.5 * name.galley.size().y);
                ui.painter().galley(at, Arc::clone(&name.galley), palette.secondary);
            }
            top += self.rows as f32 * ROW;
        }
        let mut left_out = None;
        for (index, value) in self.values.iter().enumerate() {
            let place = if self.wide {
                let first = 0.4 * rect.width();
                let (left, width) = if index == 0 { (0.0, first) } else { (first, rect.width() - first) };
                Rect::from_min_size(pos2(rect.left() + left, top), vec2(width, ROW))
            } else {
                Rect::from_min_size(pos2(rect.left(), top + index as f32 * ROW), vec2(rect.width(), ROW))
            };
            if place.bottom() <= rect.bottom() + 2.0 {
                let more = !names && (self.wide || index == 0);
                value.show(ui, place.with_max_x(place.right() - if more { MORE } else { 0.0 }), &palette);
            } else {
                left_out = Some(value);
            }
        }
        if !names || left_out.is_some() {
            let place = Rect::from_min_size(pos2(rect.right() - MORE, top), vec2(MORE, ROW));
            self.more_ui(ui, place, (names, left_out), &palette);
        }
    }
}

impl Readings {
    /// "…", with what there was no room for under the pointer.
    fn more_ui(&self, ui: &Ui, place: Rect, (names, value): (bool, Option<&Value>), palette: &Palette) {
        let response = ui.interact(place, ui.scope_id().with("more of the spectrum"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, "More of the spectrum's curves"));
        ui.painter().text(place.center(), Align2::CENTER_CENTER, "…", theme::body(SMALL), palette.secondary);
        response.on_hover_ui(|ui| {
            for name in self.names.iter().filter(|_| !names) {
                ui.horizontal(|ui| {
                    let (swatch, _) = ui.allocate_exact_size(vec2(SWATCH.0, ROW), Sense::hover());
                    let ends = [swatch.left_center(), swatch.right_center()];
                    draw_line(ui.painter(), &ends, Stroke::new(2.0, colour(name.paint, palette)), name.dash);
                    ui.label(name.galley.text());
                });
            }
            if let Some(value) = value {
                ui.label(&value.long);
            }
        });
    }
}

impl Value {
    fn show(&self, ui: &Ui, rect: Rect, palette: &Palette) {
        let response = ui.interact(rect, ui.scope_id().with(("reading", self.dash.is_some())), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &self.long));
        let left = rect.left_center();
        if let Some(dash) = self.dash {
            let stroke = Stroke::new(1.4, palette.text);
            draw_line(ui.painter(), &[left, left + vec2(SWATCH.0, 0.0)], stroke, dash);
        } else {
            let x = left.x + 0.5 * SWATCH.0;
            ui.painter().vline(x, (rect.top() + 2.0)..=(rect.bottom() - 2.0), Stroke::new(1.0, palette.secondary));
        }
        let room = rect.width() - SWATCH.0 - SWATCH.1;
        let layout =
            |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::body(SMALL), Color32::PLACEHOLDER);
        let long = layout(&self.long);
        let galley = if long.size().x <= room {
            long
        } else {
            elided(ui, &self.short, theme::body(SMALL), Color32::PLACEHOLDER, room)
        };
        let is_cut = galley.elided;
        let at = left + vec2(SWATCH.0 + SWATCH.1, -0.5 * galley.size().y);
        ui.painter().with_clip_rect(rect).galley(at, galley, palette.text);
        response.on_hover_text(if is_cut { format!("{}\n\n{}", self.long, self.about) } else { self.about.clone() });
    }
}

fn meeting(plot: &SpectrumPlot, data: &str, ended: bool) -> Value {
    let (short, long) = match plot.signal {
        None if ended => ("fₘₐₓ unknown".to_owned(), "fₘₐₓ unknown: no data".to_owned()),
        None => ("fₘₐₓ: after the run".to_owned(), "fₘₐₓ: known once the run has ended".to_owned()),
        Some(Reach::Nowhere) => ("only noise".to_owned(), words::panes::NO_SIGNAL.to_owned()),
        Some(Reach::ToTheEnd) => ("only signal".to_owned(), words::panes::ALL_SIGNAL.to_owned()),
        Some(Reach::Until(frequency)) => {
            let (frequency, length) = (significant(frequency), significant(frequency.recip()));
            let short = format!("fₘₐₓ {frequency} c/px, {length} px");
            (short, format!("{} {frequency} c/px, {length} px", words::panes::EQUAL_AT))
        }
    };
    let about = format!(
        "fₘₐₓ is where signal and noise in xₜ are equal: the highest radial frequency with ᾱ·S(f) ≥ 1 − ᾱ. S is the \
         spectrum of {data}. Details finer than 1/fₘₐₓ are mostly noise. If the curves cross more than once, the \
         highest crossing counts"
    );
    Value { short, long, about, dash: None }
}

fn slope(plot: &SpectrumPlot, ended: bool) -> Value {
    let (short, long, how) = match (&plot.slope, plot.range) {
        (Some(slope), _) => (slope.short_label(), slope.label(), count(slope.law.rings, "ring")),
        (None, Some(_)) => {
            let text = "slope: too few rings".to_owned();
            (text.clone(), text, "at least 3 are needed".to_owned())
        }
        (None, None) if ended => {
            let text = words::panes::ONLY_NOISE.to_owned();
            (text.clone(), text, "no frequency is above the noise".to_owned())
        }
        (None, None) => {
            let text = "slope: after the run".to_owned();
            (text, "slope: known once the run has ended".to_owned(), "fₘₐₓ is needed".to_owned())
        }
    };
    let about = format!(
        "Slope of E[x₀|xₜ]: least-squares line through log PSD over log frequency, all rings with equal weight \
         ({how}). ± is the standard error. Range: 2 cycles/image to fₘₐₓ; drag or type its ends to change it, \
         double-click one to reset. Photographs have about −2"
    );
    Value { short, long, about, dash: Some(Dash::DashDotted) }
}
