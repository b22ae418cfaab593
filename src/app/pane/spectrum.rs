//! The spectra at the step under the playhead.

mod controls;
mod readings;
mod spectra;

pub use spectra::{DataSource, Spectra};

use crate::app::draw::icons::Icon;
use crate::app::draw::picture_menu::{asked_at, copy_ui, save_figure_ui};
use crate::app::draw::plot::figure_ui;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{Head, TARGET, arrows, icon_button_small, take_keyboard};
use crate::app::intent::Intent;
use crate::app::run_view::Picture;
use crate::app::view_context::ViewContext;
use crate::figure::{Figure, SpectrumPlot, significant, ticks};
use crate::session::SpectrumChoices;
use crate::session::action::Action;
use egui::{
    Align2, CursorIcon, Grid, Popup, PopupCloseBehavior, Rect, Response, RichText, Sense, Stroke, Ui, UiBuilder, Vec2,
    WidgetInfo, pos2, vec2,
};
use egui_tiles::UiResponse;
use readings::Readings;
use spectra::Question;

/// Height of the heading, points.
const HEAD: f32 = 24.0;
/// From this width on the choices have a line of their own, points.
const WIDE: f32 = 460.0;
/// Height of that line, points.
const BAR: f32 = 30.0;
/// What the numbers of each axis take, points.
const NUMBERS: f32 = 16.0;
/// What the numbers at the left take, points.
const MARGIN: f32 = 34.0;
/// Least height of a plot, points.
const LEAST: f32 = 56.0;

/// What the pane needs to know.
#[derive(Clone, Copy)]
pub struct SpectrumPane<'a> {
    /// Of which moment.
    pub context: &'a ViewContext<'a>,
    /// How the spectra are looked at.
    pub choices: SpectrumChoices,
    /// What they are compared with.
    pub data: DataSource<'a>,
}

/// Draws the spectra in the space there is.
pub fn spectrum_ui(ui: &mut Ui, pane: &SpectrumPane, spectra: &mut Spectra, intents: &mut Vec<Intent>) -> UiResponse {
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    let space = whole.shrink2(vec2(16.0, 10.0));
    let wide = space.width() >= WIDE;
    let head = Head {
        name: "Spectrum",
        note: "at this step",
        value: Some("dB".into()),
        about: "Power spectral density over radial frequency, both logarithmic; unit white noise reads 0 dB, so the noise \
                in xₜ reads 1 − ᾱ",
    };
    let place = Rect::from_min_size(space.min, vec2(space.width() - 30.0, HEAD));
    let moved = head.show(ui, place).drag_started();
    let question = pane.context.run.zip(pane.context.at).map(|(run, at)| Question {
        run,
        at,
        sample: pane.context.sample,
        choices: pane.choices,
        data: pane.data,
    });
    // Only a thumbnail is left of some steps of a long run; it has another spectrum.
    let whole_step = question.is_none_or(|Question { run, at, sample, .. }| {
        [Picture::State, Picture::Expectation]
            .iter()
            .all(|&picture| run.values(at, picture, sample).is_none_or(|shown| shown.exact))
    });
    let plot = question.filter(|_| whole_step).and_then(|question| spectra.plot(&question));
    let range = plot.and_then(|plot| plot.range);

    let corner = Rect::from_min_size(pos2(space.right() - TARGET, space.top() - 4.0), Vec2::splat(TARGET));
    ui.scope_builder(UiBuilder::new().max_rect(corner), |ui| {
        let tip = if wide { "Save the figure" } else { "Channel, window, other steps, slope; save the figure" };
        let button = icon_button_small(ui, Icon::More, "Spectrum menu", tip);
        let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        popup.show(|ui| pane.menu_ui(ui, !wide, range, intents));
    });
    let mut left = Rect::from_min_max(pos2(space.left(), space.top() + HEAD), space.max);
    if wide && pane.context.run.is_some() {
        let bar = Rect::from_min_size(left.min, vec2(left.width(), BAR));
        ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| pane.bar_ui(ui, range, intents));
        left.min.y += BAR;
    }
    let fits = left.width() >= MARGIN + LEAST && left.height() >= LEAST + 2.0 * NUMBERS;
    if let Some(plot) = plot.filter(|_| fits) {
        plot_ui(ui, left, plot, pane, intents);
    } else if !whole_step && fits {
        let palette = Palette::of(ui);
        let text = "Only a thumbnail of this step was kept, and a thumbnail has another spectrum".to_owned();
        let galley = ui.painter().layout(text, theme::body(SMALL), palette.secondary, left.width());
        ui.painter().galley(left.min + vec2(0.0, 8.0), galley, palette.secondary);
    }
    if moved { UiResponse::DragStarted } else { UiResponse::None }
}

/// The plot with its axes, and below it what its curves are and what they tell.
fn plot_ui(ui: &mut Ui, space: Rect, shown: &SpectrumPlot, pane: &SpectrumPane, intents: &mut Vec<Intent>) {
    let figure = &shown.figure;
    let readings = Readings::new(ui, shown, pane, space.width());
    // In a low pane the plot keeps its height, and the names of curves go first.
    let room = space.height() - LEAST - NUMBERS;
    let names = readings.names_height() + readings.values_height() <= room;
    let below = readings.values_height() + if names { readings.names_height() } else { 0.0 };
    let above = if room - below >= NUMBERS { NUMBERS } else { 4.0 };
    let plot = Rect::from_min_max(
        pos2(space.left() + MARGIN, space.top() + above),
        pos2(space.right(), (space.bottom() - below - NUMBERS).max(space.top() + above + LEAST)),
    );
    figure_ui(ui, plot, figure);
    axis_ui(ui, plot, figure, above >= NUMBERS);
    let response = ui.interact(plot, ui.scope_id().with("spectrum plot"), Sense::click());
    if response.hovered() {
        pointer_ui(ui, plot, figure, &response);
    }
    plot_menu_ui(plot, figure, &response, intents);
    if let Some(range) = shown.range.filter(|(low, high)| low < high) {
        ends_ui(ui, plot, shown, range, pane.choices, intents);
    }
    let below = Rect::from_min_max(pos2(space.left(), plot.bottom() + NUMBERS), space.max);
    readings.show(ui, below, names);
}

/// x of a frequency, cycles/pixel.
fn x_of(plot: Rect, figure: &Figure, frequency: f64) -> f32 {
    let (left, right) = figure.x_axis.range;
    plot.left() + plot.width() * ((frequency.log10() - left) / (right - left)) as f32
}

/// Frequency below the plot and wavelength above it.
fn axis_ui(ui: &Ui, plot: Rect, figure: &Figure, wavelengths: bool) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let row = |y: f32, unit: &str, numbers: &mut dyn Iterator<Item = (f32, String)>| {
        let font = theme::mono(SMALL - 1.0);
        let at = pos2(plot.left() - 8.0, y);
        painter.text(at, Align2::RIGHT_CENTER, unit, theme::body(SMALL - 1.0), palette.secondary);
        let mut free = plot.left() - 4.0;
        for (x, label) in numbers {
            let galley = painter.layout_no_wrap(label, font.clone(), palette.secondary);
            let left = (x - 0.5 * galley.size().x).min(plot.right() + 8.0 - galley.size().x).max(plot.left() - 3.0);
            if left < free {
                continue;
            }
            free = left + galley.size().x + 6.0;
            painter.galley(pos2(left, y - 0.5 * galley.size().y), galley, palette.secondary);
        }
    };
    let x = |at: f64| x_of(plot, figure, 10.0_f64.powf(at));
    let mut frequencies = figure.x_axis.ticks.iter().map(|tick| (x(tick.at), tick.label.clone()));
    row(plot.bottom() + 9.0, "c/px", &mut frequencies);
    if !wavelengths {
        return;
    }
    let (low, high) = figure.x_axis.range;
    let doublings = (1..32).map(|power| 2.0_f64.powi(power)).filter(|length| {
        let at = -length.log10();
        (low - 1e-9..=high + 1e-9).contains(&at)
    });
    let mut lengths: Vec<f64> = doublings.collect();
    lengths.reverse();
    let mut lengths = lengths.into_iter().map(|length| (x(-length.log10()), ticks::number(length, 0)));
    row(plot.top() - 8.0, "px", &mut lengths);
}

/// What every curve is at the pointer.
fn pointer_ui(ui: &Ui, plot: Rect, figure: &Figure, response: &Response) {
    let Some(pointer) = response.hover_pos() else { return };
    ui.painter().vline(pointer.x, plot.y_range(), Stroke::new(1.0, Palette::of(ui).secondary));
    let at = log_frequency_at(plot, figure, pointer.x);
    let frequency = 10.0_f64.powf(at);
    response.clone().on_hover_ui_at_pointer(|ui| {
        ui.spacing_mut().interact_size.y = 14.0;
        let place = format!("{} c/px · {} px", significant(frequency), significant(frequency.recip()));
        ui.label(RichText::new(place).font(theme::mono(SMALL)));
        Grid::new("spectra at the pointer").num_columns(2).show(ui, |ui| {
            for line in &figure.lines {
                let is_other = line.name.ends_with("steps") || line.name.starts_with("slope");
                if let Some(value) = line.at(at).filter(|_| !is_other) {
                    ui.label(RichText::new(&line.name).font(theme::body(SMALL)));
                    ui.label(RichText::new(format!("{} dB", ticks::number(value, 1))).font(theme::mono(SMALL)));
                    ui.end_row();
                }
            }
        });
    });
}

/// The frequency at a place of the plot, as its logarithm.
fn log_frequency_at(plot: Rect, figure: &Figure, x: f32) -> f64 {
    let (left, right) = figure.x_axis.range;
    left + (right - left) * f64::from(((x - plot.left()) / plot.width()).clamp(0.0, 1.0))
}

/// What a right click on the plot offers.
fn plot_menu_ui(plot: Rect, figure: &Figure, response: &Response, intents: &mut Vec<Intent>) {
    let at = asked_at(response);
    response.context_menu(|ui| {
        if ui.button("Copy image").clicked() {
            intents.push(Intent::CopySpectrum);
            ui.close();
        }
        save_figure_ui(ui, "Save figure", |format| intents.push(Intent::ExportSpectrum(format)));
        if let Some(at) = at {
            let at = log_frequency_at(plot, figure, at.x);
            let values =
                figure.lines.iter().filter_map(|line| Some(format!("{} (dB)\t{:.3}", line.name, line.at(at)?)));
            let place = format!("frequency (cycles/px)\t{:.5}", 10.0_f64.powf(at));
            let text: Vec<String> = std::iter::once(place).chain(values).collect();
            copy_ui(ui, "Copy values", &text.join("\n"));
        }
    });
}

/// The ends of the fitted range, to be dragged or moved by arrow keys; a double-click lets them follow the step.
fn ends_ui(
    ui: &Ui,
    plot: Rect,
    shown: &SpectrumPlot,
    (low, high): (f64, f64),
    choices: SpectrumChoices,
    intents: &mut Vec<Intent>,
) {
    let palette = Palette::of(ui);
    let figure = &shown.figure;
    let (least, most) = (10.0_f64.powf(figure.x_axis.range.0), 10.0_f64.powf(figure.x_axis.range.1));
    let (y_low, y_high) = figure.y_axis.range;
    for (name, end, other) in [("Lower end of the slope", low, high), ("Upper end of the slope", high, low)] {
        let x = x_of(plot, figure, end.clamp(least, most));
        // Each reaches further outwards, so that both can be taken where they are close.
        let outwards = if end < other { (20.0, 4.0) } else { (4.0, 20.0) };
        let rect = Rect::from_x_y_ranges((x - outwards.0)..=(x + outwards.1), plot.y_range());
        let response = ui.interact(rect, ui.scope_id().with(name), Sense::click_and_drag());
        let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
        response.widget_info(|| WidgetInfo::slider(true, end, name));
        let lit = response.hovered() || response.dragged() || response.has_focus();
        let color = if lit { palette.accent } else { palette.text };
        ui.painter().vline(x, (plot.bottom() - 7.0)..=plot.bottom(), Stroke::new(2.0, color));
        if let Some(slope) = &shown.slope {
            let density = 10.0 * slope.law.at(end.clamp(least, most)).log10();
            let part = (density.clamp(y_low, y_high) - y_low) / (y_high - y_low);
            let at = pos2(x, plot.bottom() - plot.height() * part as f32);
            ui.painter().circle(at, if lit { 4.5 } else { 3.5 }, palette.window, Stroke::new(1.5, color));
        }
        if lit {
            ui.painter().vline(x, plot.y_range(), Stroke::new(1.0, palette.accent));
        }
        let mut to = None;
        if response.double_clicked() {
            intents.push(Intent::Change(Action::SetSpectrum(SpectrumChoices { fit: None, ..choices })));
            intents.push(Intent::EndGesture);
        } else if response.dragged()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            let part = f64::from(((pointer.x - plot.left()) / plot.width()).clamp(0.0, 1.0));
            to = Some(least * (most / least).powf(part));
        } else {
            let by = arrows(ui, &response).x;
            to = (by != 0.0).then(|| end * 1.05_f64.powf(by.into()));
        }
        take_keyboard(&response);
        if let Some(to) = to {
            let fit =
                if end < other { (to.max(least).min(0.9 * high), high) } else { (low, to.min(most).max(1.1 * low)) };
            intents.push(Intent::Change(Action::SetSpectrum(SpectrumChoices { fit: Some(fit), ..choices })));
        }
        if response.drag_stopped() || response.lost_focus() {
            intents.push(Intent::EndGesture);
        }
    }
}
