//! A track's head: its name, which folds and moves it, what is plotted, and its menu.

use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::number::{Limits, number};
use crate::app::draw::picture_menu::save_figure_ui;
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::{TARGET, elided, icon_button_small, named, small_menu};
use crate::app::intent::Intent;
use crate::app::run_view::Picture;
use crate::app::track::guidance::guidance_head_ui;
use crate::app::track::parts::parts_head_ui;
use crate::app::track::spectrum::head::{heat_head_ui, heat_menu};
use crate::app::track::stack::{HEAD, LINE, NUMBERS, Tracks, plot_y};
use crate::session::action::Action;
use crate::session::document::{
    AdjustedView, FACTORS, LevelReading, MOST_LEVELS, Measure, Stacking, TheoremView, Track, TrackChoice,
};
use crate::session::heat_map::{HeatMapChange, SpectrumSource};
use crate::theory::Chromatogram;
use egui::{Align2, DragValue, Id, Popup, Rect, Response, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};

/// Width of a menu in a head: up to the numbers of the vertical axis, points.
const FIELD: f32 = HEAD - NUMBERS - 8.0;

/// Draws a head at the left of its track's `rect`, and says where its first line stands, which numbers keep off.
pub(in crate::app) fn head_ui(
    ui: &mut Ui,
    rect: Rect,
    choice: TrackChoice,
    tracks: &Tracks,
    largest_difference: Option<f64>,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) -> Rect {
    let palette = Palette::of(ui);
    let left = rect.left() + 16.0;
    let (track, name) = (choice.track, choice.track.name());
    let at = pos2(left + 16.0, rect.top() + 16.0);
    let most = rect.left() + HEAD + 6.0 - TARGET - 2.0;
    let galley = elided(ui, name, theme::strong(BODY), palette.text, most - at.x);
    let written = Rect::from_min_size(pos2(at.x, at.y - 0.5 * galley.size().y), galley.size());
    // The button of the menu stands beside it, not on it.
    let line = Rect::from_min_max(rect.min, pos2(written.right() + 1.0, rect.top() + LINE));
    let response = ui.interact(line, Id::unique(("fold", track)), Sense::click_and_drag());
    let verb = if choice.folded { "Unfold" } else { "Fold" };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{verb} {name}")));
    if response.clicked() {
        intents.push(Intent::Change(Action::FoldTrack(track, !choice.folded)));
    }
    reorder_ui(&response, rect, choice.track, tracks, intents);
    let icon = if choice.folded { Icon::Right } else { Icon::Down };
    let lit = response.hovered() || response.has_focus() || response.dragged();
    let color = if lit { palette.text } else { palette.secondary };
    draw_icon(ui, Rect::from_center_size(pos2(left + 4.0, rect.top() + 16.0), vec2(10.0, 10.0)), icon, color);
    ui.painter().galley(written.min, galley, palette.text);
    response
        .on_hover_text(about(track))
        .context_menu(|ui| menu_ui(ui, choice, tracks, (&mut *textures, &mut *intents)));
    let corner = Rect::from_min_size(pos2(written.right() + 2.0, rect.top() + 4.0), Vec2::splat(TARGET));
    ui.scope_builder(UiBuilder::new().max_rect(corner), |ui| {
        let button = icon_button_small(ui, Icon::More, &format!("{name} menu"), "Hide, move up or down");
        Popup::menu(&button).show(|ui| menu_ui(ui, choice, tracks, (&mut *textures, &mut *intents)));
    });
    let taken = Rect::from_min_max(rect.min, corner.max);
    if !choice.folded {
        contents_ui(ui, (rect, left), track, tracks, largest_difference, (textures, intents));
    }
    taken
}

/// What stands below a head's name.
fn contents_ui(
    ui: &mut Ui,
    (rect, left): (Rect, f32),
    track: Track,
    tracks: &Tracks,
    largest_difference: Option<f64>,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) {
    let palette = Palette::of(ui);
    match track {
        Track::FilmStrip => {
            let plot = Rect::from_x_y_ranges(rect.x_range(), plot_y(rect));
            let row = plot.height() / 3.0;
            for (index, picture) in Picture::ALL.into_iter().enumerate() {
                let middle = plot.top() + row * (index as f32 + 0.5);
                let at = pos2(rect.left() + 8.0 + HEAD, middle);
                // The name of the track stands where the first of a low strip would.
                if row >= 20.0 && (index > 0 || row >= 34.0) {
                    let symbol = picture.name().0;
                    ui.painter().text(at, Align2::RIGHT_CENTER, symbol, theme::body(SMALL), palette.secondary);
                }
            }
        }
        Track::Schedule => schedule_ui(ui, (left, rect), tracks, intents),
        Track::Chromatogram => {
            let comparison = tracks
                .findings()
                .filter(|_| tracks.view.stacking == Stacking::Lines)
                .and_then(|findings| findings.comparison(tracks.view.theory, tracks.view.measure.into()));
            let what = if comparison.is_some() { "rₘ(t), measured" } else { "rₘ(t), theory" };
            note(ui, rect, rect.top() + 36.0, what);
            if let Some(comparison) = comparison {
                note(ui, rect, rect.top() + 114.0, comparison.calibration.name());
                note(ui, rect, rect.top() + 130.0, &format!("RMS {}", comparison.agreement.rms_in_words(3)));
            }
            let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 48.0), vec2(FIELD, 24.0));
            if place.bottom() < rect.bottom() {
                measure_ui(ui, place, tracks.view.measure, intents);
            }
            let below = place.translate(vec2(0.0, 28.0));
            if below.bottom() < rect.bottom() {
                levels_ui(ui, below, tracks, intents);
            }
        }
        Track::SpectrumOfChange => {
            let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 28.0), vec2(FIELD, 24.0));
            heat_head_ui(ui, (place, rect), tracks, textures, intents);
        }
        Track::SpectrumBeside => {
            let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 28.0), vec2(FIELD, 24.0));
            beside_ui(ui, (place, rect), tracks, intents);
        }
        Track::Guidance => guidance_head_ui(ui, rect, tracks),
        Track::PartsByLevel => parts_head_ui(ui, rect, tracks, intents),
        Track::Elution => note(ui, rect, rect.top() + 36.0, "gₘ(t), per step"),
        Track::AdjustedTime => {
            note(ui, rect, rect.top() + 36.0, "pooled m times");
            let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 48.0), vec2(FIELD, 24.0));
            let (name, tip) = ("Adjusted time reading", "What is plotted of the adjusted times τₘ");
            let chosen =
                choice_ui(ui, (place, rect), (name, tip), tracks.view.adjusted, &AdjustedView::ALL, |choice| {
                    (choice.name(), Action::SetAdjusted(choice))
                });
            intents.extend(chosen.map(Intent::Change));
        }
        Track::Theorem => {
            theorem_ui(ui, (left, rect), tracks, largest_difference, intents);
        }
    }
}

/// What the schedule is plotted in, and what it is called.
fn schedule_ui(ui: &mut Ui, (left, rect): (f32, Rect), tracks: &Tracks, intents: &mut Vec<Intent>) {
    let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 28.0), vec2(FIELD, 24.0));
    if place.bottom() < rect.bottom() {
        level_reading_ui(ui, place, tracks.view.level_reading, intents);
    }
    let Some(planned) = tracks.planned else { return };
    let next = tracks.ghost().map(|next| format!("next: {}", next.source.label()));
    let rounded = planned.rounded.then(|| "timesteps rounded".to_owned());
    let notes = [Some(planned.source.label()), next, rounded];
    for (line, text) in (0_u8..).zip(notes.iter().flatten()) {
        note(ui, rect, rect.top() + 62.0 + 16.0 * f32::from(line), text);
    }
}

/// How two schedules are compared, and how far they differ.
fn theorem_ui(
    ui: &mut Ui,
    (left, rect): (f32, Rect),
    tracks: &Tracks,
    largest_difference: Option<f64>,
    intents: &mut Vec<Intent>,
) {
    let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 28.0), vec2(FIELD, 24.0));
    let (name, tip) = ("Comparison", "rₘ of the other schedule where both have the same level, or over its own time");
    let chosen = choice_ui(ui, (place, rect), (name, tip), tracks.view.theorem, &TheoremView::ALL, |choice| {
        (choice.name(), Action::SetTheorem(choice))
    });
    intents.extend(chosen.map(Intent::Change));
    let compared = tracks.planned.is_some_and(|planned| !planned.overlays.is_empty());
    if let Some(difference) = largest_difference.filter(|_| compared) {
        note(ui, rect, rect.top() + 64.0, "largest difference");
        note(ui, rect, rect.top() + 80.0, &format!("{difference:.1e}").replace('-', "−"));
    }
}

/// What stands beside the heat map.
fn beside_ui(ui: &mut Ui, (place, rect): (Rect, Rect), tracks: &Tracks, intents: &mut Vec<Intent>) {
    let choices = tracks.view.heat_map;
    let tip = "What stands beside the spectra above, of the same quantity and on the same axes";
    let chosen = choice_ui(ui, (place, rect), ("Beside", tip), choices.beside, &SpectrumSource::BESIDE, |choice| {
        (choice.name(), Action::SetHeatMap(HeatMapChange::Beside(choice)))
    });
    intents.extend(chosen.map(Intent::Change));
    note(ui, rect, rect.top() + 64.0, choices.quantity.name());
}

/// A line of secondary text in a head, where there is room for it.
pub(in crate::app) fn note(ui: &Ui, rect: Rect, y: f32, text: &str) {
    if y < rect.bottom() - 8.0 {
        let color = Palette::of(ui).secondary;
        let left = rect.left() + 32.0;
        let galley = elided(ui, text, theme::body(SMALL), color, rect.left() + 16.0 + HEAD - NUMBERS - left);
        let place = Rect::from_min_size(pos2(left, y - 0.5 * galley.size().y), galley.size());
        let is_cut = galley.elided;
        ui.painter().galley(place.min, galley, color);
        if is_cut {
            ui.interact(place, ui.scope_id().with(("note", y.to_bits())), Sense::hover()).on_hover_text(text);
        }
    }
}

fn measure_ui(ui: &mut Ui, place: Rect, measure: Measure, intents: &mut Vec<Intent>) {
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        let tip = "Power: shares of the variance generated, −Vₘ·daₘ/dt. Amplitude: of its root, −√Vₘ·d√aₘ/dt";
        small_menu(ui, "Chromatogram measure", measure.name(), tip, |ui| {
            ui.set_min_width(120.0);
            for choice in Measure::ALL {
                if ui.selectable_label(choice == measure, choice.name()).clicked() {
                    intents.push(Intent::Change(Action::SetMeasure(choice)));
                    ui.close();
                }
            }
        });
    });
}

fn level_reading_ui(ui: &mut Ui, place: Rect, reading: LevelReading, intents: &mut Vec<Intent>) {
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        let tip = "What the schedule is plotted in: λ = ln(ᾱ/(1−ᾱ)), ᾱ, σ = √((1−ᾱ)/ᾱ), or the signal-to-noise ratio";
        small_menu(ui, "Schedule reading", reading.name(), tip, |ui| {
            ui.set_min_width(120.0);
            for choice in LevelReading::ALL {
                if ui.selectable_label(choice == reading, choice.name()).clicked() {
                    intents.push(Intent::Change(Action::SetLevelReading(choice)));
                    ui.close();
                }
            }
        });
    });
}

/// A small menu of one choice, where there is room for it; answers with what was chosen.
pub(in crate::app) fn choice_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    (place, rect): (Rect, Rect),
    (name, tip): (&str, &str),
    current: T,
    all: &[T],
    of: impl Fn(T) -> (&'static str, Action),
) -> Option<Action> {
    if place.bottom() >= rect.bottom() {
        return None;
    }
    let mut chosen = None;
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        small_menu(ui, name, of(current).0, tip, |ui| {
            ui.set_min_width(120.0);
            for &choice in all {
                if ui.selectable_label(choice == current, of(choice).0).clicked() {
                    chosen = Some(of(choice).1);
                    ui.close();
                }
            }
        });
    });
    chosen
}

/// Factor, number, lines or areas.
fn levels_menu(ui: &mut Ui, tracks: &Tracks, intents: &mut Vec<Intent>) {
    let view = tracks.view;
    ui.set_min_width(200.0);
    ui.horizontal(|ui| {
        ui.label("factor n");
        for factor in FACTORS.0..=FACTORS.1 {
            if ui.selectable_label(view.factor == factor, factor.to_string()).clicked() {
                intents.push(Intent::Change(Action::SetFactor(factor)));
            }
        }
    });
    ui.horizontal(|ui| {
        ui.label("levels");
        let found = tracks.planned.and_then(|planned| planned.theory.as_ref()).map_or(6, Chromatogram::levels);
        let mut levels = view.levels.unwrap_or(found);
        let drag = DragValue::new(&mut levels).speed(0.1);
        let response = number(ui, drag, Limits::whole(1, MOST_LEVELS));
        named(ui, &response, "Number of levels");
        if response.changed() {
            intents.push(Intent::Change(Action::SetLevels(Some(levels))));
        }
        if ui.selectable_label(view.levels.is_none(), "as the image has").clicked() {
            intents.push(Intent::Change(Action::SetLevels(None)));
        }
    });
    for choice in Stacking::ALL {
        if ui.selectable_label(choice == view.stacking, choice.name()).clicked() {
            intents.push(Intent::Change(Action::SetStacking(choice)));
            ui.close();
        }
    }
}

/// Factor and number of the levels, and how they are drawn.
fn levels_ui(ui: &mut Ui, place: Rect, tracks: &Tracks, intents: &mut Vec<Intent>) {
    let view = tracks.view;
    let drawn = if view.stacking == Stacking::Lines { "lines" } else { "areas" };
    let shown = format!("n = {}, {drawn}", view.factor);
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        let tip = "Resolution levels: factor between neighbours, how many there are, lines or stacked areas";
        small_menu(ui, "Resolution levels", &shown, tip, |ui| {
            levels_menu(ui, tracks, intents);
        });
    });
}

const fn about(track: Track) -> &'static str {
    match track {
        Track::FilmStrip => "Small images of every step. Click to fold, drag to move the track",
        Track::SpectrumBeside => {
            "Beside the spectra above: what theory expects of the measured samples, how far they are from it or from the \
             ensemble that is compared, in dB. Click to fold, drag to move the track"
        }
        Track::SpectrumOfChange => {
            "Power spectral density by step and radial frequency: which details change when; coarse at the bottom. Click to \
             fold, drag to move the track"
        }
        Track::Guidance => {
            "w(s), how far the estimate is taken from no class to the class and beyond. Drag the points; double-click adds \
             one. Click to fold, drag to move the track"
        }
        Track::PartsByLevel => {
            "How large the noise predictions for the class and for none are in each resolution, and how far apart. Click to \
             fold, drag to move the track"
        }
        Track::Elution => {
            "gₘ(t), how fast each resolution gains: a peak each, with its own time; the line above them is their sum, so \
             that it shows where a step makes no signal. Click to fold, drag to move the track"
        }
        Track::AdjustedTime => {
            "τₘ(t): pooling a noisy image m times by n leaves a noisy image of an earlier time, λ(τₘ) = λ(t) + 2m·ln n, \
             scaled by √P. Click to fold, drag to move the track"
        }
        Track::Theorem => {
            "Two schedules have the same rₘ where they have the same ᾱ: the other schedule's rₘ on the mapped axis lies on \
             this one's. Lay a kept schedule over to compare. Click to fold, drag to move the track"
        }
        Track::Schedule => {
            "λ = ln(ᾱ/(1−ᾱ)) over time: the run's, and what the model's own timesteps would have visited. Click to fold, \
             drag to move the track"
        }
        Track::Chromatogram => {
            "rₘ(t), the share of what is generated at each time that belongs to each resolution, for a scale-invariant \
             prior; the strip below names the largest. Click to fold, drag to move the track"
        }
    }
}

/// A head that is dragged past the middle of a neighbour changes places with it.
fn reorder_ui(response: &Response, rect: Rect, track: Track, tracks: &Tracks, intents: &mut Vec<Intent>) {
    if response.drag_stopped() {
        intents.push(Intent::EndGesture);
    }
    let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) else { return };
    let order: Vec<Track> = tracks.shown().iter().map(|choice| choice.track).collect();
    let Some(place) = order.iter().position(|&other| other == track) else { return };
    let neighbour = if pointer.y < rect.top() - 16.0 {
        place.checked_sub(1).map(|above| order[above])
    } else if pointer.y > rect.bottom() + 16.0 {
        order.get(place + 1).copied()
    } else {
        None
    };
    if let Some(to) = neighbour.and_then(|other| tracks.view.tracks.iter().position(|choice| choice.track == other)) {
        intents.push(Intent::Change(Action::MoveTrack(track, to)));
    }
}

fn menu_ui(ui: &mut Ui, choice: TrackChoice, tracks: &Tracks, (textures, intents): (&mut Textures, &mut Vec<Intent>)) {
    let track = choice.track;
    ui.set_min_width(120.0);
    let place = tracks.view.tracks.iter().position(|choice| choice.track == track).unwrap_or(0);
    let last = tracks.view.tracks.len() - 1;
    if ui.button(if choice.folded { "Unfold" } else { "Fold" }).clicked() {
        intents.push(Intent::Change(Action::FoldTrack(track, !choice.folded)));
    }
    if ui.add_enabled(place > 0, egui::Button::new("Move up")).clicked() {
        intents.push(Intent::Change(Action::MoveTrack(track, place - 1)));
        intents.push(Intent::EndGesture);
    }
    if ui.add_enabled(place < last, egui::Button::new("Move down")).clicked() {
        intents.push(Intent::Change(Action::MoveTrack(track, place + 1)));
        intents.push(Intent::EndGesture);
    }
    if track == Track::Chromatogram {
        // A low track has no room for this at its head.
        ui.menu_button("Levels", |ui| levels_menu(ui, tracks, intents));
    }
    if track == Track::SpectrumOfChange {
        heat_menu(ui, tracks, textures, intents);
    }
    if !choice.folded {
        if ui.button("Copy figure").clicked() {
            intents.push(Intent::CopyFigure(track));
            ui.close();
        }
        save_figure_ui(ui, "Save figure", |format| intents.push(Intent::ExportFigure(track, format)));
    }
    if matches!(track, Track::SpectrumOfChange | Track::SpectrumBeside) && !choice.folded {
        save_figure_ui(ui, "Save with film strip", |format| intents.push(Intent::ExportWithFilm(track, format)));
    }
    if ui.button("Hide").clicked() {
        intents.push(Intent::Change(Action::ShowTrack(track, false)));
    }
}
