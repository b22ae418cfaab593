//! The Spectrum pane: the spectra of the step at the playhead.

mod controls;
mod readings;
mod spectra;

use crate::app::draw::colour::colour;
use crate::app::draw::icons::Icon;
use crate::app::draw::picture_menu::{asked_at, copy_ui, save_figure_ui};
use crate::app::draw::plot_pane::{Hidden, PlotPane, ShownPlot};
use crate::app::draw::plot_view::Numbers;
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{Head, TARGET, arrows, icon_button_small, take_keyboard};
use crate::app::figure_sheet::FigureSheet;
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane_id::PaneId;
use crate::app::run_view::Picture;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::denoiser::ImageShape;
use crate::figure::draw::{Panel, Sheet};
use crate::figure::{DataSpectrum, Figure, SpectrumPlot, Tick, significant, ticks};
use crate::runtime::Wake;
use crate::session::SpectrumChoices;
use crate::session::action::Action;
use crate::session::document::{Layout, ViewSpace};
use controls::{bar_ui, menu_ui};
use egui::{
    Align2, CursorIcon, Grid, Id, Popup, PopupCloseBehavior, Rect, RichText, Sense, Stroke, Ui, UiBuilder, Vec2,
    WidgetInfo, pos2, vec2,
};
use egui_tiles::UiResponse;
use readings::Readings;
use spectra::{Spectra, SpectraRequest, SpectrumOfData};
use std::sync::Arc;

/// Height of the heading, points.
const HEAD: f32 = 24.0;
/// From this width on the controls have a line of their own, points.
const WIDE: f32 = 460.0;
/// Height of that line, points.
const BAR: f32 = 30.0;
/// Height of the numbers of each horizontal axis, points.
const NUMBERS: f32 = 16.0;
/// Width of the numbers at the left, points.
const MARGIN: f32 = 34.0;
/// Least height of a plot, points.
const LEAST: f32 = 56.0;

const ABOUT: About = About {
    id: PaneId::new("spectrum"),
    name: "Spectrum",
    about: "Power spectral density over radial frequency, both logarithmic. Unit white noise is 0 dB, so the noise \
            in xₜ is at 1 − ᾱ",
    scrolls: false,
    places: &[(Layout::Explore, PanePlace::Column(0.2)), (Layout::Spectra, PanePlace::Column(0.4))],
    dropped: None,
};

/// The Spectrum pane.
pub struct SpectrumPane {
    spectra: Spectra,
}

impl Pane for SpectrumPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(wake: &Wake) -> Self {
        Self { spectra: Spectra::new(Arc::clone(wake)) }
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let space = pane_space(ui, 10.0);
        let wide = space.width() >= WIDE;
        let decoded = is_decoded(context);
        let note = match context.run {
            Some(_) if decoded => words::panes::DECODED_AT_STEP,
            Some(run) if run.has_latents() => words::panes::LATENTS_AT_STEP,
            _ => "at this step",
        };
        let head = Head { name: ABOUT.name, note, value: Some("dB".into()), about: ABOUT.about };
        let place = Rect::from_min_size(space.min, vec2(space.width() - 30.0, HEAD));
        let moved = head.show(ui, place).drag_started();
        let data = data_of(context);
        let question = context.run.zip(context.at).map(|(run, at)| SpectraRequest {
            run,
            at,
            sample: context.sample,
            choices: choices_of(context),
            data,
            decoded,
        });
        // Some steps of a long run are kept only as thumbnails, which have another spectrum.
        let whole_step = question.is_none_or(|SpectraRequest { run, at, sample, .. }| {
            [Picture::State, Picture::Expectation]
                .iter()
                .all(|&picture| run.values(at, picture, sample).is_none_or(|shown| shown.exact))
        });
        let is_ready = question.is_none_or(|question| question.is_ready());
        let plot = question.filter(|_| whole_step && is_ready).and_then(|question| self.spectra.plot(&question));
        let range = plot.and_then(|plot| plot.range);

        let corner = Rect::from_min_size(pos2(space.right() - TARGET, space.top() - 4.0), Vec2::splat(TARGET));
        ui.scope_builder(UiBuilder::new().max_rect(corner), |ui| {
            let tip = if wide { "Save the figure" } else { "Channel, window, other steps, slope; save the figure" };
            let button = icon_button_small(ui, Icon::More, &words::menu_of(ABOUT.name), tip);
            let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            popup.show(|ui| menu_ui(ui, context, (!wide, range), plot.map(|plot| &plot.figure), out));
        });
        let mut left = Rect::from_min_max(pos2(space.left(), space.top() + HEAD), space.max);
        if wide && context.run.is_some() {
            let bar = Rect::from_min_size(left.min, vec2(left.width(), BAR));
            ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| bar_ui(ui, context, range, out.intents));
            left.min.y += BAR;
        }
        let fits = left.width() >= MARGIN + LEAST && left.height() >= LEAST + 2.0 * NUMBERS;
        if let Some(plot) = plot.filter(|_| fits) {
            plot_ui(ui, left, plot, (context, data), out);
        } else if let Some(why) = why_no_plot(context, whole_step, is_ready).filter(|_| fits) {
            let palette = Palette::of(ui);
            let galley = ui.painter().layout(why, theme::body(SMALL), palette.secondary, left.width());
            let place = Rect::from_min_size(left.min + vec2(0.0, 8.0), galley.size());
            let response = ui.interact(place, ui.scope_id().with("why no spectrum"), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, galley.text()));
            ui.painter().galley(place.min, galley, palette.secondary);
        }
        if moved { UiResponse::DragStarted } else { UiResponse::None }
    }

    fn failure<'a>(&'a self, _: &'a Textures) -> Option<&'a str> {
        self.spectra.failure()
    }
}

/// Whether the spectra are of decoded images: those that the pictures show.
fn is_decoded(context: &ViewContext) -> bool {
    context.run.is_some_and(|run| run.space() == Some(ViewSpace::Decoded))
}

/// The choices as far as they apply: decoded images have only this step, because each takes time, and their own range.
fn choices_of(context: &ViewContext) -> SpectrumChoices {
    let choices = context.view().spectrum;
    if is_decoded(context) { SpectrumChoices { others: false, fit: None, ..choices } } else { choices }
}

/// Why there is no plot, if that is known.
fn why_no_plot(context: &ViewContext, whole_step: bool, is_ready: bool) -> Option<String> {
    if !whole_step {
        let text = "Only a thumbnail of this step is in memory, and its spectrum would be wrong. Use fewer steps or a \
                    smaller batch";
        return Some(text.to_owned());
    }
    let run = context.run.filter(|_| !is_ready)?;
    let text = if run.end.is_none() { words::panes::DECODED_AFTER } else { words::panes::DECODING };
    Some(run.seeing().failure.clone().unwrap_or_else(|| text.to_owned()))
}

/// What the pixels of the figure are, if not those of a model of images.
fn pixels_in_words(context: &ViewContext) -> Option<String> {
    if is_decoded(context) {
        return Some("Decoded image.".to_owned());
    }
    context.latent_pixels().map(|pixels| words::tracks::pixels_of_latents(pixels) + ".")
}

/// The spectrum of the data: measured images of the same model and size, if there are any.
fn data_of<'a>(context: &ViewContext<'a>) -> SpectrumOfData<'a> {
    let (desk, choices) = (context.desk, context.view().spectrum);
    let known = || {
        let (findings, run) = (desk.findings()?, context.run.filter(|_| !is_decoded(context))?);
        let origin = findings.ensemble.origin();
        let [_, channels, height, width] = run.started.shape;
        let alike = origin.resolved.image == ImageShape { channels, height, width }
            && origin.resolved.model_sha256 == run.started.resolved.model_sha256;
        let density = findings.data_psd_of(choices.channel).filter(|_| alike && !choices.hann)?;
        let name = if findings.data.is_some() { "images of the folder" } else { "mean of the samples" };
        Some(SpectrumOfData::Known { version: desk.version(), data: DataSpectrum { name, density } })
    };
    known().unwrap_or_default()
}

/// The figure on screen, for a file or the clipboard.
fn sheet_of(figure: &Figure, pane: PaneId, context: &ViewContext) -> FigureSheet {
    let (figure, caption) = (figure.clone(), pixels_in_words(context).unwrap_or_default());
    FigureSheet::new(pane, ABOUT.name, move || Sheet {
        caption: caption.clone(),
        ..Sheet::new(vec![Panel::new(ABOUT.name, figure.clone())])
    })
}

/// Copy and save, in a menu.
fn figure_menu_ui(ui: &mut Ui, figure: &Figure, copy: &str, context: &ViewContext, out: &mut ViewOutput) {
    if ui.button(copy).clicked() {
        out.intents.push(Intent::CopyFigure(sheet_of(figure, out.pane, context)));
        ui.close();
    }
    save_figure_ui(ui, words::tracks::SAVE_FIGURE, |format| {
        let save = sheet_of(figure, out.pane, context).save(format);
        out.intents.push(Intent::Save(Box::new(save)));
    });
}

/// Identifies the view and the hidden curves of this pane's plot.
fn plot_id() -> Id {
    Id::unique("plot of the spectrum")
}

/// The plot with its axes, and below it the names of its curves and their numbers.
fn plot_ui(
    ui: &mut Ui,
    space: Rect,
    shown: &SpectrumPlot,
    (context, data): (&ViewContext, SpectrumOfData),
    out: &mut ViewOutput,
) {
    let figure = &shown.figure;
    let name = [match data {
        SpectrumOfData::FinalImage => "final image",
        SpectrumOfData::Known { data, .. } => data.name,
    }];
    let readings = Readings::new(ui, shown, context, &name, space.width());
    // In a low pane the plot keeps its height, and the names of curves are dropped first.
    let room = space.height() - LEAST - NUMBERS;
    let row = readings.name_row(room);
    let below = readings.values_height() + row.map_or(0.0, |row| readings.names_height(row));
    let above = if room - below >= NUMBERS { NUMBERS } else { 4.0 };
    let place = Rect::from_min_max(
        pos2(space.left() + MARGIN, space.top() + above),
        pos2(space.right(), (space.bottom() - below - NUMBERS).max(space.top() + above + LEAST)),
    );
    let numbers = [Numbers::Logarithmic, Numbers::Linear];
    let (name, whole) = (words::panes::SPECTRUM_PLOT, words::panes::WHOLE_SPECTRUM);
    let plot = PlotPane { id: plot_id(), name, whole, figure, numbers, wheel: true };
    let Some(drawn) = plot.show(ui, place) else { return };
    drawn.y_numbers(ui);
    axis_ui(ui, place, &drawn, above >= NUMBERS);
    if drawn.response.hovered() && !drawn.response.dragged() {
        pointer_ui(ui, place, figure, &drawn);
    }
    plot_menu_ui(figure, &drawn, context, out);
    if let Some(range) = shown.range.filter(|(low, high)| low < high && !is_decoded(context)) {
        ends_ui(ui, &drawn, shown, range, context.view().spectrum, out.intents);
    }
    let below = Rect::from_min_max(pos2(space.left(), place.bottom() + NUMBERS), space.max);
    readings.show(ui, below, row);
}

/// Frequency below the plot and wavelength above it.
fn axis_ui(ui: &Ui, plot: Rect, drawn: &ShownPlot, wavelengths: bool) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let row = |y: f32, unit: &str, numbers: &[Tick]| {
        let font = theme::mono(SMALL - 1.0);
        let at = pos2(plot.left() - 8.0, y);
        painter.text(at, Align2::RIGHT_CENTER, unit, theme::body(SMALL - 1.0), palette.secondary);
        let mut free = plot.left() - 4.0;
        for tick in numbers {
            let galley = painter.layout_no_wrap(tick.label.clone(), font.clone(), palette.secondary);
            let left = drawn.map.x(tick.at) - 0.5 * galley.size().x;
            let left = left.min(plot.right() + 8.0 - galley.size().x).max(plot.left() - 3.0);
            if left < free {
                continue;
            }
            free = left + galley.size().x + 6.0;
            painter.galley(pos2(left, y - 0.5 * galley.size().y), galley, palette.secondary);
        }
    };
    row(plot.bottom() + 9.0, "c/px", &drawn.ticks[0]);
    if wavelengths {
        let range = (drawn.x_at(plot.left()), drawn.x_at(plot.right()));
        row(plot.top() - 8.0, "px", &wavelengths_in(range));
    }
}

/// Wavelengths in a range of frequencies, both as logarithms: powers of two, or round numbers if there are too few of
/// those.
fn wavelengths_in((low, high): (f64, f64)) -> Vec<Tick> {
    let at = |length: f64| -length.log10();
    let doublings = (1..32).rev().map(|power| 2.0_f64.powi(power));
    let within = doublings.filter(|length| (low - 1e-9..=high + 1e-9).contains(&at(*length)));
    let found: Vec<Tick> = within.map(|length| Tick { at: at(length), label: ticks::number(length, 0) }).collect();
    if found.len() > 1 {
        return found;
    }
    let round = ticks::linear(10.0_f64.powf(-high), 10.0_f64.powf(-low), 4, false);
    round.into_iter().rev().map(|tick| Tick { at: at(tick.at), ..tick }).collect()
}

/// The values of all curves at the point nearest to the pointer, which is marked.
fn pointer_ui(ui: &Ui, plot: Rect, figure: &Figure, drawn: &ShownPlot) {
    let Some(pointer) = drawn.response.hover_pos() else { return };
    let palette = Palette::of(ui);
    let hidden = Hidden::of(ui.ctx(), plot_id());
    let nearest = drawn.nearest(figure, &hidden, pointer, |line| line.points.len() > 2);
    let at = nearest.map_or_else(|| drawn.x_at(pointer.x), |(_, point)| point[0]);
    let x = drawn.map.x(at);
    ui.painter().vline(x, plot.y_range(), Stroke::new(1.0, palette.secondary));
    if let Some((line, point)) = nearest {
        let place = drawn.map.place(point);
        ui.painter().circle(place, 4.0, colour(line.paint, &palette), Stroke::new(1.5, palette.window));
    }
    let frequency = 10.0_f64.powf(at);
    drawn.response.clone().on_hover_ui_at_pointer(|ui| {
        ui.spacing_mut().interact_size.y = 14.0;
        let place = format!("{} c/px · {} px", significant(frequency), significant(frequency.recip()));
        ui.label(RichText::new(place).font(theme::mono(SMALL)));
        Grid::new("spectra at the pointer").num_columns(2).show(ui, |ui| {
            for line in figure.lines.iter().filter(|line| !hidden.has(&line.name)) {
                let is_other = line.name.ends_with("steps") || line.name.starts_with("slope");
                if let Some(value) = line.at(at).filter(|_| !is_other) {
                    let is_nearest = nearest.is_some_and(|(nearest, _)| nearest.name == line.name);
                    let font = if is_nearest { theme::strong(SMALL) } else { theme::body(SMALL) };
                    ui.label(RichText::new(&line.name).font(font));
                    ui.label(RichText::new(format!("{} dB", ticks::number(value, 1))).font(theme::mono(SMALL)));
                    ui.end_row();
                }
            }
        });
    });
}

/// The context menu of the plot.
fn plot_menu_ui(figure: &Figure, drawn: &ShownPlot, context: &ViewContext, out: &mut ViewOutput) {
    let at = asked_at(&drawn.response);
    drawn.response.context_menu(|ui| {
        figure_menu_ui(ui, figure, words::tracks::COPY_IMAGE, context, out);
        if let Some(at) = at {
            let at = drawn.x_at(at.x);
            let values =
                figure.lines.iter().filter_map(|line| Some(format!("{} (dB)\t{:.3}", line.name, line.at(at)?)));
            let place = format!("frequency (cycles/px)\t{:.5}", 10.0_f64.powf(at));
            let text: Vec<String> = std::iter::once(place).chain(values).collect();
            copy_ui(ui, words::tracks::COPY_VALUES, &text.join("\n"));
        }
    });
}

/// The ends of the fitted range, to drag or move by arrow keys; a double-click makes them follow the step.
fn ends_ui(
    ui: &Ui,
    drawn: &ShownPlot,
    shown: &SpectrumPlot,
    (low, high): (f64, f64),
    choices: SpectrumChoices,
    intents: &mut Vec<Intent>,
) {
    let palette = Palette::of(ui);
    let (figure, plot) = (&shown.figure, drawn.frame);
    let (least, most) = (10.0_f64.powf(figure.x_axis.range.0), 10.0_f64.powf(figure.x_axis.range.1));
    for (name, end, other) in [(words::panes::LOWER_END, low, high), (words::panes::UPPER_END, high, low)] {
        let x = drawn.map.x(end.clamp(least, most).log10());
        if !plot.x_range().expand(1.0).contains(x) {
            continue;
        }
        // Each extends outwards, so that both can be dragged where they are close.
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
            let at = pos2(x, drawn.map.y(density).clamp(plot.top(), plot.bottom()));
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
            to = Some(10.0_f64.powf(drawn.x_at(pointer.x)).clamp(least, most));
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
