//! The curves and their numbers: where signal equals noise, and the slope.

use crate::app::draw::plot::draw_line;
use crate::app::draw::plot_legend::{PlotLegend, PlotName, SWATCH};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{TARGET, elided};
use crate::app::pane::spectrum::{WIDE, is_decoded, plot_id};
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::figure::{Dash, Paint, Role, SpectrumPlot, significant};
use crate::runtime::RunEnd;
use crate::spectrum::Reach;
use crate::words::count;
use egui::{Align2, Color32, Popup, PopupCloseBehavior, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of a row, and of a row of names if there is space for larger targets, points.
const ROW: f32 = 16.0;
const HIGH: f32 = 22.0;
/// Width of the button for the rest, points.
const MORE: f32 = 20.0;
/// Space above the names, points.
const ABOVE: f32 = 4.0;
/// All possible curves, with their lines.
const X_T: &[&str] = &["xₜ"];
const EXPECTATION: &[&str] = &["E[x₀|xₜ]"];
const NOISE: &[&str] = &["noise 1 − ᾱ"];
const OTHERS: &[&str] = &["earlier steps", "later steps"];

/// A number read off the plot.
struct PlotReading {
    short: String,
    long: String,
    about: String,
    dash: Option<Dash>,
}

/// Everything below the plot. The rows do not depend on values, so nothing moves while these change.
pub(super) struct Readings<'a> {
    legend: PlotLegend<'a>,
    values: [PlotReading; 2],
    wide: bool,
}

impl<'a> Readings<'a> {
    /// `data` is the name of the data, which may be missing still.
    pub(super) fn new(ui: &Ui, plot: &SpectrumPlot, context: &ViewContext, data: &'a [&'a str; 1], width: f32) -> Self {
        let name =
            |lines: &'a [&'a str], role, dash| PlotName { name: lines[0], lines, paint: Paint::Role(role), dash };
        let mut names = vec![
            name(X_T, Role::Secondary, Dash::Solid),
            name(EXPECTATION, Role::Accent, Dash::Solid),
            name(NOISE, Role::Secondary, Dash::Dotted),
            name(data, Role::Warning, Dash::Dashed),
        ];
        let decoded = is_decoded(context);
        names.retain(|name| !(decoded && name.lines == NOISE));
        if context.view().spectrum.others && !decoded {
            names.push(PlotName { name: "other steps", ..name(OTHERS, Role::Faint, Dash::Solid) });
        }
        let legend = PlotLegend::new(ui, plot_id(), names, width);
        let ended = context.run.is_some_and(|run| run.end == Some(RunEnd::Complete));
        let values = [meeting(plot, data[0], (ended, decoded)), slope(plot, (ended, decoded))];
        Self { legend, values, wide: width >= WIDE }
    }

    /// Height of the rows of names with this much space; zero if there is too little.
    pub(super) fn name_row(&self, room: f32) -> Option<f32> {
        let fits = |height: &f32| self.names_height(*height) + self.values_height() <= room;
        // A large plot has priority over large names.
        Some(HIGH).filter(|high| fits(&(high + 24.0))).or(Some(ROW).filter(fits))
    }

    pub(super) fn names_height(&self, row: f32) -> f32 {
        self.legend.rows() as f32 * row + ABOVE
    }

    pub(super) fn values_height(&self) -> f32 {
        if self.wide { ROW } else { 2.0 * ROW }
    }

    /// Draws them from the top of `rect`, with rows of names of this height.
    pub(super) fn show(&self, ui: &Ui, rect: Rect, row: Option<f32>) {
        let palette = Palette::of(ui);
        let mut top = rect.top() + ABOVE;
        if let Some(row) = row {
            self.legend.show(ui, pos2(rect.left(), top), row);
            top += self.legend.rows() as f32 * row;
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
                let more = row.is_none() && (self.wide || index == 0);
                value.show(ui, place.with_max_x(place.right() - if more { MORE } else { 0.0 }), &palette);
            } else {
                left_out = Some(value);
            }
        }
        if row.is_none() || left_out.is_some() {
            let place = Rect::from_min_size(pos2(rect.right() - MORE, top), vec2(MORE, ROW));
            self.more_ui(ui, place, (row.is_some(), left_out), &palette);
        }
    }

    /// "…", which opens everything that does not fit.
    fn more_ui(&self, ui: &Ui, place: Rect, (named, value): (bool, Option<&PlotReading>), palette: &Palette) {
        let reach = Rect::from_center_size(place.center(), vec2(TARGET, TARGET));
        let response = ui.interact(reach, ui.scope_id().with("more of the spectrum"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, words::panes::MORE_CURVES));
        let color = if response.hovered() || response.has_focus() { palette.text } else { palette.secondary };
        ui.painter().text(place.center(), Align2::CENTER_CENTER, "…", theme::body(SMALL), color);
        let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        popup.show(|ui| {
            if !named {
                self.legend.list_ui(ui);
            }
            if let Some(value) = value {
                ui.label(&value.long);
            }
        });
        response.on_hover_text("The curves and values that did not fit");
    }
}

impl PlotReading {
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

fn meeting(plot: &SpectrumPlot, data: &str, (ended, decoded): (bool, bool)) -> PlotReading {
    if decoded {
        let text = words::panes::NO_WHITE_NOISE.to_owned();
        let about =
            "White noise in the latents is not white in the decoded image, so that no theory says where signal \
                     and noise are equal"
                .to_owned();
        return PlotReading { short: text.clone(), long: text, about, dash: None };
    }
    let (short, long) = match plot.signal {
        None if ended => ("fₘₐₓ unknown".to_owned(), "fₘₐₓ unknown: no data".to_owned()),
        None => ("fₘₐₓ: after the run".to_owned(), "fₘₐₓ: known when the run ends".to_owned()),
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
    PlotReading { short, long, about, dash: None }
}

fn slope(plot: &SpectrumPlot, (ended, decoded): (bool, bool)) -> PlotReading {
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
            (text, "slope: known when the run ends".to_owned(), "fₘₐₓ is needed".to_owned())
        }
    };
    let range = if decoded {
        "2 cycles/image to 0.5 cycles/px"
    } else {
        "2 cycles/image to fₘₐₓ; drag or type its ends to change it, double-click one to reset"
    };
    let about = format!(
        "Slope of E[x₀|xₜ]: least-squares line through log PSD over log frequency, all rings with equal weight \
         ({how}). ± is the standard error. Range: {range}. Photographs have about −2"
    );
    PlotReading { short, long, about, dash: Some(Dash::DashDotted) }
}
