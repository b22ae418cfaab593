//! The shapes of points.

use super::scene::{Colour, Ink, Path};
use crate::figure::Marker;

/// A marker's path around a point, and its ink; all shapes look about equally large.
pub(super) fn marker(marker: Marker, [x, y]: [f64; 2], radius: f64, colour: Colour) -> (Path, Ink) {
    let polygon =
        |corners: &[[f64; 2]]| Path::polygon(corners.iter().map(|[dx, dy]| [x + radius * dx, y + radius * dy]));
    let strokes = |strokes: [[f64; 4]; 2]| {
        let ends = |[x1, y1, x2, y2]: [f64; 4]| {
            Path::polyline([[x + radius * x1, y + radius * y1], [x + radius * x2, y + radius * y2]])
        };
        Path(strokes.into_iter().flat_map(|stroke| ends(stroke).0).collect())
    };
    let path = match marker {
        Marker::Circle => Path::circle([x, y], radius),
        Marker::Square => polygon(&[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
        Marker::Diamond => polygon(&[[0.0, -1.25], [1.25, 0.0], [0.0, 1.25], [-1.25, 0.0]]),
        Marker::Up => polygon(&[[0.0, -1.15], [1.15, 0.9], [-1.15, 0.9]]),
        Marker::Down => polygon(&[[0.0, 1.15], [1.15, -0.9], [-1.15, -0.9]]),
        Marker::Left => polygon(&[[-1.15, 0.0], [0.9, -1.15], [0.9, 1.15]]),
        Marker::Cross => strokes([[-0.95, -0.95, 0.95, 0.95], [-0.95, 0.95, 0.95, -0.95]]),
        Marker::Plus => strokes([[-1.2, 0.0, 1.2, 0.0], [0.0, -1.2, 0.0, 1.2]]),
    };
    let ink = match marker {
        Marker::Cross | Marker::Plus => Ink::line(colour, 0.65 * radius),
        _ => Ink::Fill(colour),
    };
    (path, ink)
}
