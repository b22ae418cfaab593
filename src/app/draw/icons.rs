//! Icons, drawn, so that no font is needed.

use egui::{Color32, Painter, Pos2, Rect, Stroke, Ui, Vec2, vec2};

/// The icons of buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Play.
    Play,
    /// Play backwards.
    PlayBack,
    /// Pause.
    Pause,
    /// Next step.
    StepOn,
    /// Previous step.
    StepBack,
    /// Go to the start.
    First,
    /// Go to the end.
    Last,
    /// Stop.
    Stop,
    /// Repeat.
    Loop,
    /// Restart.
    Restart,
    /// Dice.
    Dice,
    /// Fold.
    Down,
    /// Unfold.
    Right,
    /// Menu.
    Menu,
    /// Close.
    Close,
    /// Information.
    Info,
    /// Warning.
    Warning,
    /// Done.
    Check,
    /// More actions.
    More,
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
        Icon::Loop | Icon::Restart => draw_round(painter, (c, r), icon, color),
        _ => draw_sign(painter, (c, r), icon, color),
    }
}

/// Circular arrows: two thirds of a circle for Restart, a rounded box for Repeat.
/// again and again.
fn draw_round(painter: &Painter, (c, r): (Pos2, f32), icon: Icon, color: Color32) {
    // Two thirds of a circle, or a rounded box for Repeat, with an arrow at the end.
    let stroke = Stroke::new(1.5, color);
    let tip = if icon == Icon::Loop {
        let corners = [(0.75, -0.1), (0.75, 0.55), (-0.75, 0.55), (-0.75, -0.5), (0.3, -0.5)];
        let points: Vec<Pos2> = corners.into_iter().map(|(x, y)| c + r * vec2(x, y)).collect();
        let tip = points[points.len() - 1];
        painter.line(points, stroke);
        tip
    } else {
        let points: Vec<Pos2> = (0_u8..=24)
            .map(|i| {
                let angle = f32::from(i) / 24.0 * 5.0 - 0.9;
                c + 0.75 * r * vec2(angle.cos(), angle.sin())
            })
            .rev()
            .collect();
        let tip = points[points.len() - 1];
        painter.line(points, stroke);
        tip
    };
    let arrow = if icon == Icon::Loop {
        [vec2(0.0, -0.4), vec2(0.5, 0.0), vec2(0.0, 0.4)]
    } else {
        [vec2(-0.45, -0.1), vec2(0.35, -0.45), vec2(0.3, 0.4)]
    };
    let arrow = arrow.into_iter().map(|corner| tip + r * corner).collect();
    painter.add(egui::Shape::convex_polygon(arrow, color, Stroke::NONE));
}

/// Icons that are not of the transport.
fn draw_sign(painter: &Painter, (c, r): (Pos2, f32), icon: Icon, color: Color32) {
    match icon {
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
        Icon::Menu => {
            for y in [-0.55, 0.0, 0.55] {
                let line = [c + r * vec2(-0.75, y), c + r * vec2(0.75, y)];
                painter.line_segment(line, Stroke::new(1.5, color));
            }
        }
        Icon::More => {
            for x in [-0.6, 0.0, 0.6] {
                painter.circle_filled(c + r * vec2(x, 0.0), 0.16 * r, color);
            }
        }
        Icon::Close => {
            for (x, y) in [(0.6, 0.6), (0.6, -0.6)] {
                painter.line_segment([c - r * vec2(x, y), c + r * vec2(x, y)], Stroke::new(1.5, color));
            }
        }
        Icon::Info => {
            painter.circle_stroke(c, 0.85 * r, Stroke::new(1.3, color));
            painter.circle_filled(c + r * vec2(0.0, -0.4), 0.12 * r, color);
            painter.line_segment([c + r * vec2(0.0, -0.05), c + r * vec2(0.0, 0.45)], Stroke::new(1.5, color));
        }
        Icon::Check => {
            let points = vec![c + r * vec2(-0.7, 0.05), c + r * vec2(-0.2, 0.55), c + r * vec2(0.75, -0.55)];
            painter.add(egui::Shape::line(points, Stroke::new(1.8, color)));
        }
        Icon::Warning => {
            let points = vec![c + r * vec2(0.0, -0.8), c + r * vec2(0.9, 0.75), c + r * vec2(-0.9, 0.75)];
            painter.add(egui::Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Icon::Right => {
            let points = vec![c + r * vec2(-0.25, -0.5), c + r * vec2(0.35, 0.0), c + r * vec2(-0.25, 0.5)];
            painter.add(egui::Shape::convex_polygon(points, color, Stroke::NONE));
        }
        // The others are drawn above.
        _ => {}
    }
}
