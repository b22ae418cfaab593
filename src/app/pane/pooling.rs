//! The Pooling pane (docs/theory.md, section 6): an image with noise, the same pooled, and the pooled image with noise
//! of the adjusted time. The last two have the same signal-to-noise ratio.

mod controls;
mod state;

pub use state::PoolingPane;

use crate::app::draw::notes::words_ui;
use crate::app::draw::picture_menu::{Offered, picture_menu_ui};
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::dismissed_ui;
use crate::app::intent::{ImageChoice, Intent};
use crate::app::pane::contract::{About, Dropped, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane_id::PaneId;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::ticks;
use crate::runtime::Wake;
use crate::session::document::Layout;
use crate::session::pooling::BUNDLED;
use controls::controls_ui;
use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Align2, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;
use state::PooledShown;
use std::sync::Arc;

/// Width of the controls, points.
const CONTROLS: f32 = 226.0;
/// Height of a name above and of numbers below a picture.
const HEAD: f32 = 24.0;
const FOOT: f32 = 24.0;
/// Least space between pictures, for the step from one to the other.
const GAP: f32 = 92.0;
/// Width of the numbers below a picture.
const NUMBERS: f32 = 148.0;

const ABOUT: About = About {
    id: PaneId::new("pooling"),
    name: "Pooling",
    about: "An image with noise, the same pooled, and the pooled image with noise of the adjusted time. The last two have the \
            same signal-to-noise ratio",
    scrolls: false,
    places: &[(Layout::ScheduleLab, PanePlace::Behind)],
    dropped: Some(Dropped {
        layout: Layout::ScheduleLab,
        words: "an image to pool",
        intent: |path| Intent::OpenImage(ImageChoice::File(path)),
    }),
};

impl Pane for PoolingPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(wake: &Wake) -> Self {
        Self::start(Arc::clone(wake))
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let space = pane_space(ui, 10.0);
        if self.choice().is_none() && self.error.is_none() {
            let first = ImageChoice::Bundled(0);
            self.choose(first.clone());
            out.intents.push(Intent::OpenImage(first));
        }
        self.update_time(context);
        self.update_run_image(context.run, context.sample);
        if let Some(level) = self.level(context) {
            self.update_pictures(ui.ctx(), level, context.view().factor, context.settings().seed);
        }

        if space.width() < 48.0 || space.height() < 48.0 {
            return UiResponse::None;
        }
        let column = CONTROLS.min(0.6 * space.width());
        let controls = Rect::from_min_size(space.min, vec2(column, space.height()));
        ui.scope_builder(UiBuilder::new().max_rect(controls), |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| controls_ui(ui, context, self, out.intents));
        });
        let mut pictures = Rect::from_min_max(pos2(controls.right() + 24.0, space.top()), space.max);
        if pictures.width() < 48.0 {
            return UiResponse::None;
        }
        dismissed_ui(ui, &mut pictures, &mut self.error, "pooling error");
        if let Some(shown) = &self.shown {
            return pictures_ui(ui, pictures, shown, out);
        }
        let text = if self.error.is_some() { "" } else { context.empty };
        words_ui(ui, pictures, text);
        UiResponse::None
    }

    fn failure<'a>(&'a self, _: &'a Textures) -> Option<&'a str> {
        self.failure()
    }
}

/// A choice in a few characters.
fn short_name(choice: &ImageChoice) -> String {
    let name = match choice {
        ImageChoice::Bundled(index) => BUNDLED.get(*index).map_or("", |(name, _)| *name).to_owned(),
        ImageChoice::Run => "final image".to_owned(),
        ImageChoice::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
    };
    let mut letters = name.chars();
    let start: String = letters.by_ref().take(19).collect();
    if letters.next().is_some() { format!("{start}…") } else { start }
}

/// A picture's symbol, its name for a screen reader, and a description.
struct PooledPicture {
    symbol: [&'static str; 2],
    note: &'static str,
    spoken: String,
    about: String,
}

fn parts(factor: usize) -> [PooledPicture; 3] {
    let pooled = match factor {
        2 => "D₂xₜ",
        3 => "D₃xₜ",
        _ => "D₄xₜ",
    };
    [
        PooledPicture {
            symbol: ["xₜ", ""],
            note: "noisy at t",
            spoken: words::panes::NOISY_AT_T.into(),
            about: "The image with noise, xₜ = √ᾱ·x₀ + √(1−ᾱ)·ε".into(),
        },
        PooledPicture {
            symbol: [pooled, ""],
            note: "pooled",
            spoken: words::panes::POOLED.into(),
            about: format!(
                "The mean of every {factor}×{factor} pixels of xₜ. The noise variance falls by n² = {}; the coarse \
                 part of the image stays",
                factor * factor
            ),
        },
        PooledPicture {
            symbol: ["√P·x", "τ"],
            note: "noisy at τ",
            spoken: words::panes::NOISY_AT_TAU.into(),
            about: "The pooled image with fresh noise at the adjusted time, √P·(√ᾱ(τ)·Dx₀ + √(1−ᾱ(τ))·ε′). It has the \
                 same image, noise level and intensity as the pooled xₜ"
                .into(),
        },
    ]
}

fn pictures_ui(ui: &Ui, rect: Rect, shown: &PooledShown, out: &mut ViewOutput) -> UiResponse {
    let (height, width) = (shown.size.0.max(1) as f32, shown.size.1.max(1) as f32);
    let gap = if rect.width() > 3.0 * 60.0 + 2.0 * GAP { GAP } else { 12.0 };
    let room = vec2((rect.width() - 2.0 * gap) / 3.0, rect.height() - HEAD - FOOT).max(vec2(8.0, 8.0));
    let size = vec2(width, height) * (room.x / width).min(room.y / height);
    let fits = 0.5 * (rect.width() - size.x.max(NUMBERS));
    let pitch = (size.x.max(NUMBERS - 24.0) + GAP).min(fits).max(size.x + 12.0);
    let mut moved = false;
    let parts = parts(shown.factor);
    for (index, part) in parts.iter().enumerate() {
        let left = rect.left() + index as f32 * pitch;
        let picture = Rect::from_min_size(pos2(left, rect.top() + HEAD), size);
        moved |= part_ui(ui, (picture, pitch - 8.0), part, (shown, index), out);
        if index > 0 {
            let before = left - pitch + size.x;
            step_ui(ui, Rect::from_x_y_ranges(before..=left, picture.y_range()), shown, index);
        }
    }
    if moved { UiResponse::DragStarted } else { UiResponse::None }
}

/// A picture with its name and its numbers, as far as they fit into `room`; returns whether it is dragged by its name.
fn part_ui(
    ui: &Ui,
    (picture, room): (Rect, f32),
    part: &PooledPicture,
    (shown, index): (&PooledShown, usize),
    out: &mut ViewOutput,
) -> bool {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let (texture, ratio) = (&shown.textures[index], shown.ratios[index]);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.add(egui::epaint::RectShape::filled(picture, 6.0, egui::Color32::WHITE).with_texture(texture.id(), whole));
    painter.rect_stroke(picture, 6.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);

    let mut job = LayoutJob::default();
    let format =
        |size: f32| TextFormat { valign: Align::BOTTOM, ..TextFormat::simple(theme::strong(size), palette.text) };
    job.append(part.symbol[0], 0.0, format(BODY));
    job.append(part.symbol[1], 0.0, format(BODY - 4.0));
    if room >= 130.0 {
        job.append(part.note, 8.0, TextFormat::simple(theme::body(SMALL), palette.secondary));
    }
    let galley = painter.layout_job(job);
    painter.galley(pos2(picture.left(), picture.top() - HEAD), galley, palette.text);

    let (number, decibel) = (ticks::three_digits(ratio.measured), in_decibel(ratio.measured));
    let y = picture.bottom() + 0.5 * FOOT + 3.0;
    let mut left = picture.left();
    if room >= NUMBERS {
        let name = painter.text(pos2(left, y), Align2::LEFT_CENTER, "SNR", theme::body(SMALL), palette.secondary);
        left = name.right() + 8.0;
    }
    let numbers = if room >= 0.7 * NUMBERS { format!("{number:<7} {decibel}") } else { number.clone() };
    painter.text(pos2(left, y), Align2::LEFT_CENTER, numbers, theme::mono(SMALL), palette.text);

    let head = Rect::from_min_max(pos2(picture.left(), picture.top() - HEAD), picture.right_top());
    let drag = ui.interact(head, ui.scope_id().with(("pooling head", index)), Sense::drag());
    let response = ui.interact(picture, ui.scope_id().with(("pooling", index)), Sense::click());
    let spoken = format!("{} {number}, {decibel}", words::panes::snr_of(&part.spoken));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));
    let image = || Some(shown.images[index].clone());
    let value = |_| Some(format!("SNR: {}", ratio.measured));
    let name = ["noisy", "pooled", "noisy-at-tau"][index];
    picture_menu_ui(&response, &Offered { pane: out.pane, name, image: &image, value: &value }, out.intents, |_, _| {});
    response.on_hover_text(format!(
        "{}.\n\nSNR: mean square of the signal over that of the noise, per pixel, measured here. Expected: {}. Black \
         is −{range:.2} and white {range:.2} in all three.",
        part.about,
        ticks::three_digits(ratio.expected),
        range = shown.range,
    ));
    drag.drag_started()
}

/// The step between two pictures: how one becomes the other, and the ratio of their SNRs.
fn step_ui(ui: &Ui, between: Rect, shown: &PooledShown, index: usize) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let squared = shown.factor * shown.factor;
    let times = shown.ratios[index].measured / shown.ratios[index - 1].measured;
    let times = if times.is_finite() { format!("×{times:.2}") } else { "–".to_owned() };
    let (sign, against, about) = if index == 1 {
        let about = format!("Pooling multiplies the SNR by n² = {squared}, minus the detail it removes, up to chance");
        ("→", format!("SNR, n² = {squared}"), about)
    } else {
        ("≈", "SNR".to_owned(), "The same SNR up to chance: pooling moves the state from time t to τ".to_owned())
    };
    let middle = between.center();
    // Lines that do not fit are omitted.
    if between.width() >= 48.0 {
        painter.text(middle - vec2(0.0, 9.0), Align2::CENTER_CENTER, sign, theme::body(18.0), palette.secondary);
        painter.text(middle + vec2(0.0, 11.0), Align2::CENTER_CENTER, &times, theme::mono(SMALL), palette.text);
    }
    if between.width() >= 76.0 {
        painter.text(middle + vec2(0.0, 27.0), Align2::CENTER_CENTER, &against, theme::body(SMALL), palette.secondary);
    }
    let response = ui.interact(between, ui.scope_id().with(("pooling step", index)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{times} {against}")));
    response.on_hover_text(about);
}

fn in_decibel(ratio: f64) -> String {
    match 10.0 * ratio.log10() {
        decibel if decibel.is_nan() => String::new(),
        decibel if decibel.is_infinite() => if decibel > 0.0 { "∞ dB" } else { "−∞ dB" }.into(),
        decibel => format!("{} dB", ticks::number(decibel, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_three_figures() {
        for (ratio, words, decibel) in [
            (0.494, "0.494", "−3.1 dB"),
            (0.0123, "0.0123", "−19.1 dB"),
            (1.976, "1.98", "3.0 dB"),
            (123.4, "123", "20.9 dB"),
            (98_765.4, "98765", "49.9 dB"),
            (1.26e-4, "1.3e−4", "−39.0 dB"),
            (0.0, "0", "−∞ dB"),
            (f64::INFINITY, "∞", "∞ dB"),
            (f64::NAN, "–", ""),
        ] {
            assert_eq!((ticks::three_digits(ratio).as_str(), in_decibel(ratio).as_str()), (words, decibel));
        }
    }

    #[test]
    fn long_names_are_cut() {
        let choice = ImageChoice::File("/a/a-very-long-name-of-an-image.png".into());
        assert_eq!(short_name(&choice), "a-very-long-name-of…");
        assert_eq!(short_name(&ImageChoice::Bundled(0)), "national park");
    }
}
