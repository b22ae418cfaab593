//! The tracks: everything that has time, stacked, on one horizontal axis with one playhead through all.

use super::plot::{figure_ui, legend_ui};
use super::widgets::{Icon, draw_icon};
use crate::app::run_view::{Picture, RunView};
use crate::app::textures::Textures;
use crate::app::theme::{self, BODY, Palette, SMALL};
use crate::figure::{ChromatogramFigure, Reading, ScheduleFigure, TimeView, chromatogram, schedule};
use crate::session::action::Action;
use crate::session::document::{AxisReading, Measure, Track, TrackChoice, ViewChoices};
use crate::theory::{Chromatogram, default_levels};
use egui::{Align2, Color32, ComboBox, Key, Rect, Role, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Width of a track's head, points.
const HEAD: f32 = 160.0;
/// Width of a track's legend, points.
const LEGEND: f32 = 132.0;
/// Height of a folded track and of the axis, points.
const LINE: f32 = 28.0;

/// What the tracks need to know.
pub struct Tracks<'a> {
    /// The run on screen.
    pub run: Option<&'a RunView>,
    /// Position of the playhead, in steps.
    pub position: f64,
    /// What the user chose to see.
    pub view: &'a ViewChoices,
}

/// What was done to the tracks.
#[derive(Clone, Debug, PartialEq)]
pub enum TrackAction {
    /// The playhead was moved to this position, in steps.
    Seek(f64),
    /// A choice was changed.
    Change(Action),
}

/// Draws the tracks in the space there is.
pub fn tracks_ui(ui: &mut Ui, tracks: &Tracks, textures: &mut Textures) -> Vec<TrackAction> {
    let palette = Palette::of(ui);
    let space = ui.available_rect_before_wrap();
    ui.allocate_rect(space, Sense::hover());
    let mut actions = Vec::new();
    let plot_x = (space.left() + 16.0 + HEAD)..=(space.right() - 32.0 - LEGEND);
    let axis_line = Rect::from_min_max(space.min, pos2(space.right(), space.top() + LINE));
    axis_ui(ui, axis_line, &plot_x, tracks, &mut actions);

    let shown: Vec<TrackChoice> = tracks.view.tracks.iter().copied().filter(|track| track.shown).collect();
    let room = space.height() - LINE - LINE * shown.iter().filter(|track| track.folded).count() as f32;
    let wanted: f32 = shown.iter().filter(|track| !track.folded).map(|track| track.height).sum();
    let mut top = axis_line.bottom();
    for choice in shown {
        let height = if choice.folded { LINE } else { (choice.height * room / wanted.max(1.0)).max(LINE) };
        let rect = Rect::from_min_max(pos2(space.left(), top), pos2(space.right(), top + height));
        top += height;
        ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.hairline));
        head_ui(ui, rect, choice, tracks.view.measure, &mut actions);
        let plot = Rect::from_x_y_ranges(plot_x.clone(), (rect.top() + 8.0)..=(rect.bottom() - 8.0));
        if choice.folded || plot.height() < 12.0 {
            continue;
        }
        let legend =
            Rect::from_min_max(pos2(plot.right() + 16.0, plot.top()), pos2(space.right() - 16.0, plot.bottom()));
        if let Some(run) = tracks.run {
            track_ui(ui, plot, legend, choice.track, run, tracks.view, textures);
        }
    }
    let whole = Rect::from_x_y_ranges(plot_x, axis_line.bottom()..=space.bottom());
    if let Some(run) = tracks.run {
        playhead_ui(ui, whole, run, tracks, &mut actions);
    }
    actions
}

fn playhead_ui(ui: &Ui, whole: Rect, run: &RunView, tracks: &Tracks, actions: &mut Vec<TrackAction>) {
    let palette = Palette::of(ui);
    let reading = Reading::from(tracks.view.axis);
    let response = ui.interact(whole, ui.scope_id().with("playhead"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, tracks.position, "Playhead"));
    if (response.dragged() || response.clicked())
        && let Some(at) = response.interact_pointer_pos()
    {
        let x = f64::from((at.x - whole.left()) / whole.width());
        actions.push(TrackAction::Seek(run.axis.step_of_x(x, reading)));
    }
    if response.has_focus() {
        let by = ui.input(|input| {
            f64::from(input.num_presses(Key::ArrowRight) as u32) - f64::from(input.num_presses(Key::ArrowLeft) as u32)
        });
        if by != 0.0 {
            actions.push(TrackAction::Seek(tracks.position + by));
        }
    }
    if let Some(at) = response.hover_pos() {
        ui.painter().vline(at.x, whole.y_range(), Stroke::new(1.0, palette.faint));
    }
    let x = whole.left() + whole.width() * run.axis.x_of_step(tracks.position, reading) as f32;
    ui.painter().vline(x, whole.y_range(), Stroke::new(1.5, palette.accent));
    let tip = vec![pos2(x - 5.0, whole.top()), pos2(x + 5.0, whole.top()), pos2(x, whole.top() + 6.0)];
    ui.painter().add(Shape::convex_polygon(tip, palette.accent, Stroke::NONE));
}

/// The shared axis: which reading, and its numbers.
fn axis_ui(
    ui: &mut Ui,
    rect: Rect,
    plot_x: &std::ops::RangeInclusive<f32>,
    tracks: &Tracks,
    actions: &mut Vec<TrackAction>,
) {
    let palette = Palette::of(ui);
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.hairline));
    let place = Rect::from_min_size(pos2(rect.left() + 12.0, rect.top() + 2.0), vec2(HEAD - 40.0, LINE - 4.0));
    let mut reading = tracks.view.axis;
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.spacing_mut().interact_size.y = LINE - 4.0;
        ui.spacing_mut().button_padding = vec2(8.0, 2.0);
        let response = ComboBox::from_id_salt("axis")
            .selected_text(format!("axis: {}", reading.name()))
            .width(HEAD - 40.0)
            .show_ui(ui, |ui| {
                for choice in AxisReading::ALL {
                    ui.selectable_value(&mut reading, choice, choice.name());
                }
            })
            .response;
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("Time axis {}", reading.name())));
        response.on_hover_text("What the axis of all tracks reads");
    });
    if reading != tracks.view.axis {
        actions.push(TrackAction::Change(Action::SetAxis(reading)));
    }
    let Some(run) = tracks.run else { return };
    let (left, right) = (*plot_x.start(), *plot_x.end());
    let ticks = run.axis.ticks(Reading::from(tracks.view.axis), (0.0, 1.0), 10);
    let mut free = f32::NEG_INFINITY;
    for tick in ticks {
        let x = left + (right - left) * tick.at as f32;
        let galley = ui.painter().layout_no_wrap(tick.label, theme::mono(SMALL - 1.0), palette.secondary);
        let from = (x - 0.5 * galley.size().x).clamp(left, right - galley.size().x);
        if from < free {
            continue;
        }
        free = from + galley.size().x + 8.0;
        ui.painter().vline(x, (rect.bottom() - 4.0)..=rect.bottom(), Stroke::new(1.0, palette.faint));
        ui.painter().galley(pos2(from, rect.center().y - 0.5 * galley.size().y), galley, palette.secondary);
    }
    ui.painter().text(
        pos2(right + 16.0, rect.center().y),
        Align2::LEFT_CENTER,
        "noise → image",
        theme::body(SMALL),
        palette.secondary,
    );
}

fn track_ui(
    ui: &Ui,
    plot: Rect,
    legend: Rect,
    track: Track,
    run: &RunView,
    view: &ViewChoices,
    textures: &mut Textures,
) {
    let time = TimeView::whole(&run.axis, Reading::from(view.axis));
    match track {
        Track::FilmStrip => film_ui(ui, plot, run, Reading::from(view.axis), view.sample, textures),
        Track::Schedule => {
            let figure = schedule(ScheduleFigure { time, model: &run.model });
            figure_ui(ui, plot, &figure);
            legend_ui(ui, legend, &figure);
        }
        Track::Chromatogram => {
            let [_, _, height, width] = run.started.shape;
            let Ok(theory) = Chromatogram::scale_invariant(2, default_levels(2, height, width)) else { return };
            let measure = match view.measure {
                Measure::Power => crate::theory::Measure::Power,
                Measure::Amplitude => crate::theory::Measure::Amplitude,
            };
            let figure =
                chromatogram(ChromatogramFigure { time, theory: &theory, factor: 2, measure, crossings: false });
            figure_ui(ui, plot, &figure);
            legend_ui(ui, legend, &figure);
        }
    }
}

fn head_ui(ui: &mut Ui, rect: Rect, choice: TrackChoice, measure: Measure, actions: &mut Vec<TrackAction>) {
    let palette = Palette::of(ui);
    let left = rect.left() + 16.0;
    let line = Rect::from_min_size(rect.min, vec2(HEAD - 24.0, LINE));
    let (track, name) = (choice.track, choice.track.name());
    let response = ui.interact(line, ui.scope_id().with(("fold", track)), Sense::click());
    let verb = if choice.folded { "Unfold" } else { "Fold" };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{verb} {name}")));
    if response.clicked() {
        actions.push(TrackAction::Change(Action::FoldTrack(track, !choice.folded)));
    }
    let painter = ui.painter();
    let icon = if choice.folded { Icon::Right } else { Icon::Down };
    let color = if response.hovered() || response.has_focus() { palette.text } else { palette.secondary };
    draw_icon(ui, Rect::from_center_size(pos2(left + 4.0, rect.top() + 18.0), vec2(9.0, 9.0)), icon, color);
    let at = pos2(left + 16.0, rect.top() + 18.0);
    painter.text(at, Align2::LEFT_CENTER, name, theme::strong(BODY), palette.text);
    if choice.folded {
        return;
    }
    let note = |y: f32, text: &str| {
        if y < rect.bottom() - 6.0 {
            painter.text(pos2(left + 16.0, y), Align2::LEFT_CENTER, text, theme::body(SMALL), palette.secondary);
        }
    };
    match track {
        Track::FilmStrip => {
            let row = (rect.height() - 16.0) / 3.0;
            for (index, picture) in Picture::ALL.into_iter().enumerate() {
                let middle = rect.top() + 8.0 + row * (index as f32 + 0.5);
                let at = pos2(rect.left() + 8.0 + HEAD, middle);
                let symbol = picture.name().0;
                painter.text(at, Align2::RIGHT_CENTER, symbol, theme::body(SMALL), palette.secondary);
            }
        }
        Track::Schedule => note(rect.top() + 38.0, "log-SNR λ, nats"),
        Track::Chromatogram => {
            note(rect.top() + 38.0, "rₘ(t), theory");
            let place = Rect::from_min_size(pos2(left + 10.0, rect.top() + 50.0), vec2(108.0, 24.0));
            if place.bottom() < rect.bottom() {
                let mut chosen = measure;
                ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
                    ui.spacing_mut().interact_size.y = 22.0;
                    ui.spacing_mut().button_padding = vec2(6.0, 2.0);
                    let shown = egui::RichText::new(chosen.name()).font(theme::body(SMALL));
                    let response = ComboBox::from_id_salt("measure")
                        .selected_text(shown)
                        .width(96.0)
                        .show_ui(ui, |ui| {
                            for choice in Measure::ALL {
                                ui.selectable_value(&mut chosen, choice, choice.name());
                            }
                        })
                        .response;
                    response.widget_info(|| {
                        WidgetInfo::labeled(Role::ComboBox, true, format!("Chromatogram measure {}", measure.name()))
                    });
                });
                if chosen != measure {
                    actions.push(TrackAction::Change(Action::SetMeasure(chosen)));
                }
            }
        }
    }
}

/// As many whole pictures as fit, each of the step under its middle.
fn film_ui(ui: &Ui, plot: Rect, run: &RunView, reading: Reading, sample: usize, textures: &mut Textures) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(plot);
    let row = plot.height() / 3.0;
    #[allow(clippy::cast_sign_loss)] // sizes are positive
    let count = ((plot.width() / row).round() as u32).max(1);
    let width = plot.width() / count as f32;
    for column in 0..count {
        let left = plot.left() + column as f32 * width;
        let middle = (f64::from(column) + 0.5) / f64::from(count);
        #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
        let step = (run.axis.step_of_x(middle, reading) as usize).min(run.steps() - 1);
        for (index, picture) in Picture::ALL.into_iter().enumerate() {
            let cell = Rect::from_min_size(pos2(left, plot.top() + index as f32 * row), vec2(width, row)).shrink(0.5);
            if let Some(texture) = textures.get(ui.ctx(), run, step, picture, sample) {
                // The middle of the picture where the cell is not as wide as high.
                let part = vec2((width / row).min(1.0), (row / width).min(1.0));
                let uv = Rect::from_center_size(pos2(0.5, 0.5), part);
                painter.image(texture.id(), cell, uv, Color32::WHITE);
            } else {
                painter.rect_filled(cell, 0.0, palette.bar);
            }
        }
    }
}
