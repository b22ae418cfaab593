//! Small pieces that several views share.

use crate::app::theme::{self, BODY, Palette, SMALL};
use egui::{Align2, Color32, Pos2, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};

/// Shapes of the buttons of the transport; drawn, so that no font is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Play.
    Play,
    /// Play backwards.
    PlayBack,
    /// Pause.
    Pause,
    /// One step on.
    StepOn,
    /// One step back.
    StepBack,
    /// To the beginning.
    First,
    /// To the end.
    Last,
    /// Stop.
    Stop,
    /// Again and again.
    Loop,
    /// Dice.
    Dice,
    /// Fold.
    Down,
    /// Unfold.
    Right,
}

/// Draws an icon in a square.
pub fn draw_icon(ui: &Ui, rect: Rect, icon: Icon, color: Color32) {
    let painter = ui.painter();
    let c = rect.center();
    let r = rect.height().min(rect.width()) * 0.5;
    let triangle = |from: f32, to: f32| {
        let points = vec![c + vec2(from * r, -0.75 * r), c + vec2(to * r, 0.0), c + vec2(from * r, 0.75 * r)];
        painter.add(egui::Shape::convex_polygon(points, color, Stroke::NONE));
    };
    let bar = |at: f32, half: f32| {
        let rect = Rect::from_center_size(c + vec2(at * r, 0.0), vec2(2.0 * half * r, 1.5 * r));
        painter.rect_filled(rect, 1.0, color);
    };
    match icon {
        Icon::Play => triangle(-0.5, 0.75),
        Icon::PlayBack => triangle(0.5, -0.75),
        Icon::Pause => {
            bar(-0.35, 0.18);
            bar(0.35, 0.18);
        }
        Icon::StepOn => {
            bar(-0.6, 0.12);
            triangle(-0.3, 0.75);
        }
        Icon::StepBack => {
            bar(0.6, 0.12);
            triangle(0.3, -0.75);
        }
        Icon::First => {
            bar(-0.8, 0.12);
            triangle(0.1, -0.7);
            triangle(0.9, 0.1);
        }
        Icon::Last => {
            bar(0.8, 0.12);
            triangle(-0.1, 0.7);
            triangle(-0.9, -0.1);
        }
        Icon::Stop => {
            painter.rect_filled(Rect::from_center_size(c, Vec2::splat(1.3 * r)), 2.0, color);
        }
        Icon::Loop => {
            let stroke = Stroke::new(1.5, color);
            let points: Vec<Pos2> = (3_u8..=30)
                .map(|i| {
                    let angle = f32::from(i) / 32.0 * std::f32::consts::TAU;
                    c + 0.7 * r * vec2(angle.cos(), angle.sin())
                })
                .collect();
            let tip = points[points.len() - 1];
            painter.line(points, stroke);
            let arrow =
                vec![tip + vec2(-0.35 * r, -0.1 * r), tip + vec2(0.3 * r, -0.25 * r), tip + vec2(0.1 * r, 0.4 * r)];
            painter.add(egui::Shape::convex_polygon(arrow, color, Stroke::NONE));
        }
        Icon::Dice => {
            painter.rect_stroke(
                Rect::from_center_size(c, Vec2::splat(1.5 * r)),
                3.0,
                Stroke::new(1.3, color),
                egui::StrokeKind::Middle,
            );
            for (x, y) in [(-0.35, -0.35), (0.35, 0.35), (0.0, 0.0), (-0.35, 0.35), (0.35, -0.35)] {
                painter.circle_filled(c + r * vec2(x, y), 0.12 * r, color);
            }
        }
        Icon::Down => {
            let points = vec![c + r * vec2(-0.5, -0.25), c + r * vec2(0.5, -0.25), c + r * vec2(0.0, 0.35)];
            painter.add(egui::Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Icon::Right => {
            let points = vec![c + r * vec2(-0.25, -0.5), c + r * vec2(0.35, 0.0), c + r * vec2(-0.25, 0.5)];
            painter.add(egui::Shape::convex_polygon(points, color, Stroke::NONE));
        }
    }
}

/// A button that shows an icon; `name` is what it is called by screen readers, `tip` its tooltip.
pub fn icon_button(ui: &mut Ui, icon: Icon, name: &str, tip: &str, on: bool) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(28.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 6.0, ui.visuals().widgets.hovered.weak_bg_fill);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(1.0, palette.accent), egui::StrokeKind::Inside);
    }
    let color = if !ui.is_enabled() {
        palette.faint
    } else if on {
        palette.accent
    } else {
        palette.text
    };
    draw_icon(ui, Rect::from_center_size(rect.center(), Vec2::splat(14.0)), icon, color);
    response.on_hover_text(tip)
}

/// A name in secondary colour and its value in tabular figures, on one line; `width` keeps what follows in its place.
pub fn reading(ui: &mut Ui, name: &str, value: &str, width: f32) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {value}")));
    let painter = ui.painter();
    let after = painter.text(rect.left_center(), Align2::LEFT_CENTER, name, theme::body(SMALL), palette.secondary);
    painter.text(
        pos2(after.right() + 6.0, rect.center().y),
        Align2::LEFT_CENTER,
        value,
        theme::mono(SMALL),
        palette.text,
    );
}

/// A heading: the name in semibold, then what it is in secondary colour.
pub fn heading(ui: &Ui, at: Pos2, name: &str, note: &str) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let left = painter.text(at, Align2::LEFT_CENTER, name, theme::strong(BODY), palette.text);
    painter.text(pos2(left.right() + 8.0, at.y), Align2::LEFT_CENTER, note, theme::body(SMALL), palette.secondary);
}
