//! The images pane: the step at the playhead in three linked images.

use crate::app::draw::badges::{BadgeLook, badge_ui};
use crate::app::draw::icons::Icon;
use crate::app::draw::lens::Framing;
use crate::app::draw::notes::words_ui;
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::Palette;
use crate::app::draw::widgets::{TARGET, icon_button_small};
use crate::app::intent::Intent;
use crate::app::pane::batch_grid::grid_ui;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane::picture::{
    GAP, HEAD, Pointed, look_ui, menu_ui, only_place, only_ui, picture_ui, pixels_of, range_in_words, seen_head_ui,
    seen_of,
};
use crate::app::pane::space_switch::{seen_in_words, switch_ui};
use crate::app::pane_id::PaneId;
use crate::app::run_view::{Moment, Picture, Seen};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::levels::LevelSet;
use crate::session::view_space::ViewSpace;
use crate::words::voice::Voice;
use crate::words::{count, sentence};
use egui::{Align2, Color32, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;

/// The pinned run, at the step with the noise level nearest to this one's.
fn of_beside<'a>(context: &ViewContext<'a>) -> Option<ViewContext<'a>> {
    let (run, beside) = (context.run?, context.beside?);
    let at = context.at.map(|at| Moment::of_step(beside.step_like(run, at.step)));
    let sample = context.sample.min(beside.samples() - 1);
    Some(ViewContext { run: Some(beside), at, sample, stale: false, beside: None, empty: "", ..*context })
}

const ABOUT: About = About {
    id: PaneId::new("images"),
    name: "Images",
    about: "The step at the playhead in three linked images: the noisy state, the estimate, and what this step changed",
    scrolls: false,
    places: &[
        (Layout::Explore, PanePlace::Column(0.6)),
        (Layout::Present, PanePlace::Column(0.7)),
        (Layout::ScheduleLab, PanePlace::Column(0.7)),
        (Layout::Spectra, PanePlace::Column(0.6)),
        (Layout::Guidance, PanePlace::Column(0.7)),
    ],
    dropped: None,
};

/// The three images of a step, or all of a batch.
pub struct ImagesPane;

impl Pane for ImagesPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(_: &Wake) -> Self {
        Self
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let mut space = pane_space(ui, 10.0);
        switch_ui(ui, &mut space, context, out.intents);
        if context.view().batch_grid && context.run.is_some_and(|run| run.samples() > 1) {
            return grid_ui(ui, space, context, out);
        }
        let pixels = pixels_of(context);
        let beside = of_beside(context);
        let columns = if beside.is_some() { 4.0 } else { 3.0 };
        let room = vec2((space.width() - (columns - 1.0) * GAP) / columns, space.height() - HEAD);
        let room = room.max(Vec2::splat(16.0));
        let true_pixels = context.view().true_pixels.then(|| ui.pixels_per_point());
        let framing = out.lens.framing(room, pixels, true_pixels);
        // Tall images leave space for their headings.
        let column = framing.size.x.max(168.0_f32.min(room.x));
        let place = |index: u8| {
            let left = space.left() + f32::from(index) * (column + GAP);
            Rect::from_min_size(pos2(left, space.top() + HEAD), framing.size)
        };
        let places = [0, 1, 2].map(place);
        let responses = places.map(|rect| {
            ui.interact(rect, ui.scope_id().with(("picture", rect.left().to_bits())), Sense::click_and_drag())
        });
        let looked = responses
            .iter()
            .zip(places)
            .zip(Picture::ALL)
            .map(|((response, rect), picture)| look_ui(ui, context, picture, response, (rect, framing), out.lens));
        let hovered = looked.fold(None, Option::or);
        let mut moved = false;
        for ((picture, rect), response) in Picture::ALL.into_iter().zip(places).zip(&responses) {
            moved |= cell_ui(ui, context, picture, (rect, column), response, (framing, hovered), out);
        }
        if context.run.is_none() || context.at.is_none() {
            // Text in place of images has the space of all three.
            let all = places[0].union(places[2]);
            ui.painter().rect_filled(all, 6.0, Palette::of(ui).field);
            words_ui(ui, all, context.empty);
        }
        if let Some(beside) = beside {
            let rect = place(3);
            beside_ui(ui, &beside, (rect, column), framing, out);
            let apart =
                context.run.zip(beside.run).is_some_and(|(run, beside)| run.started.levels != beside.started.levels);
            if let Some((run, at)) = beside.run.zip(beside.at).filter(|_| apart) {
                let step = format!("its step {}", at.step);
                let words = format!("{step}, σ {:.3}", run.level(at.step).sigma());
                let _ = lower_ui(ui, context, rect, &[&words, &step], Palette::of(ui).accent);
            }
        }
        if moved { UiResponse::DragStarted } else { UiResponse::None }
    }

    fn failure<'a>(&'a self, textures: &'a Textures) -> Option<&'a str> {
        textures.failure()
    }
}

/// One of the three images with its heading; returns whether it is dragged by the heading.
fn cell_ui(
    ui: &Ui,
    context: &ViewContext,
    picture: Picture,
    (rect, column): (Rect, f32),
    response: &Response,
    (framing, hovered): (Framing, Option<Pointed>),
    out: &mut ViewOutput,
) -> bool {
    let palette = Palette::of(ui);
    let alone = context.levels.alone();
    let coarse = context.run.zip(context.at).and_then(|(run, at)| run.coarse_steps(at));
    let coarse = coarse.filter(|_| picture == Picture::Expectation).map(|steps| count(steps, "step"));
    let picture = if coarse.is_some() { Picture::Coarse } else { picture };
    let (name, note) = picture.name();
    let note = &coarse.as_ref().map_or_else(|| note.to_owned(), |steps| format!("{note}, {steps}"));
    let seen = seen_of(context, picture);
    let badge = stand_in_words(context, picture);
    let range = picture_ui(ui, context, picture, (rect, framing), (hovered, badge), out.textures);
    let place = Rect::from_min_size(rect.min - vec2(0.0, HEAD), vec2(column, HEAD));
    let moved = seen_head_ui(ui, place, (name, note, seen), range.map(range_in_words), picture.about()).drag_started();
    if let Some(steps) = &coarse {
        let _ = lower_ui(ui, context, rect, &[note, steps], palette.accent);
    } else if picture == Picture::Expectation {
        far_out_ui(ui, context, rect);
    }
    response.widget_info(|| {
        let alone = alone.map_or_else(String::new, |alone| format!(", {}", words::panes::only(&alone.name())));
        let seen = context.run.and_then(|run| seen_in_words(run, seen));
        let seen = seen.map_or_else(String::new, |seen| format!(", {seen}"));
        WidgetInfo::labeled(Role::Image, true, format!("{}{seen}{alone}", words::panes::image(name, note)))
    });
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
    }
    menu_ui(context, response, picture, (rect, framing), out);
    if let Some(alone) = alone.filter(|_| context.at.is_some())
        && only_ui(ui, rect, &alone, name)
    {
        out.intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
    }
    moved
}

/// What stands in for a decoded image: its colours, or its latents until those are known.
fn stand_in_words(context: &ViewContext, picture: Picture) -> Option<&'static str> {
    let run = context.run.filter(|run| run.space() == Some(ViewSpace::Decoded))?;
    let seen = seen_of(context, picture);
    if context.at.is_none() || seen == Seen::Decoded || matches!(picture, Picture::Coarse) {
        return None;
    }
    if run.is_decoding() { Some(words::panes::DECODING) } else { seen.space().map(ViewSpace::name) }
}

/// E[x_0|x_t] of the pinned run.
fn beside_ui(ui: &mut Ui, context: &ViewContext, (rect, column): (Rect, f32), framing: Framing, out: &mut ViewOutput) {
    let response = ui.interact(rect, ui.scope_id().with("beside"), Sense::click_and_drag());
    let pointed = look_ui(ui, context, Picture::Expectation, &response, (rect, framing), out.lens);
    let badge = stand_in_words(context, Picture::Expectation);
    let range = picture_ui(ui, context, Picture::Expectation, (rect, framing), (pointed, badge), out.textures);
    let note =
        context.run.map_or_else(String::new, |run| run.started.settings.steering().unwrap_or_else(|| "plain".into()));
    let whose = context.run.zip(context.at).map_or_else(String::new, |(run, at)| {
        format!("{}, at its step {}, σ {:.3}", run.in_words(), at.step, run.level(at.step).sigma())
    });
    let about = &format!(
        "E[x₀|xₜ] of the pinned run, at its step with the nearest noise level. With the same seed it starts from the \
         same noise. It is {whose}"
    );
    let place = Rect::from_min_size(pos2(rect.left(), rect.top() - HEAD), vec2(column - TARGET - 4.0, HEAD));
    let head = (words::panes::PINNED, note.as_str(), seen_of(context, Picture::Expectation));
    let _ = seen_head_ui(ui, place, head, range.map(range_in_words), about);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words::panes::heading(words::panes::PINNED, &note)));
    menu_ui(context, &response, Picture::Expectation, (rect, framing), out);
    let close = Rect::from_min_size(pos2(rect.left() + column - TARGET, rect.top() - HEAD - 4.0), Vec2::splat(TARGET));
    let closed = ui.scope_builder(egui::UiBuilder::new().max_rect(close), |ui| {
        icon_button_small(ui, Icon::Close, words::panes::UNPIN_RUN, "Remove the pinned run from the screen").clicked()
    });
    if closed.inner {
        out.intents.push(Intent::DropBeside);
    }
}

/// Marks the final estimate if it is far outside the range of the model's images; the tooltip says what to do.
fn far_out_ui(ui: &Ui, context: &ViewContext, picture: Rect) {
    let Some((run, at)) = context.run.zip(context.at) else { return };
    let Some(far_out) = run.far_out().filter(|far_out| far_out.samples.contains(&context.sample)) else { return };
    if at.step + 1 < run.steps() {
        return;
    }
    let words = far_out.short();
    let texts = [words.as_str(), "far outside", "!"];
    let Some(place) = lower_ui(ui, context, picture, &texts, Palette::of(ui).warning) else { return };
    let response = ui.interact(place, ui.scope_id().with("far out"), Sense::hover());
    let what = Voice::Window.say(&far_out.sentence(&run.started.settings, &run.started.resolved));
    let what = sentence(&what);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{words}: {what}")));
    response.on_hover_text(what);
}

/// A short text on a picture, at its lower left, because the heading may have no space for it: the first of some that has
/// room beside the isolated levels.
fn lower_ui(ui: &Ui, context: &ViewContext, picture: Rect, texts: &[&str], ground: Color32) -> Option<Rect> {
    let alone = context.levels.alone().filter(|_| context.at.is_some());
    let taken = alone.map(|alone| only_place(ui, picture, &alone).1);
    badge_ui(ui, picture, Align2::LEFT_BOTTOM, texts, &BadgeLook::strong(ui, ground), taken.as_slice())
}
