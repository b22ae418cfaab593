//! A scene as PNG, drawn by tiny-skia.

use super::DrawError;
use super::scene::{Colour, Ink, PagePicture, Path, PathSegment, Rect, Scene};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use tiny_skia::{FillRule, LineJoin, Mask, Paint, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};

/// Most pixels per side, so that a wrong scale does not use up all memory.
const MOST: f64 = 20_000.0;

/// Draws the scene with this many pixels per point.
pub(super) fn write(scene: &Scene, scale: f64) -> Result<Vec<u8>, DrawError> {
    let pixmap = draw(scene, scale)?;
    let rgb: Vec<u8> = pixmap.data().chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(&rgb, pixmap.width(), pixmap.height(), ExtendedColorType::Rgb8)?;
    Ok(out)
}

fn draw(scene: &Scene, scale: f64) -> Result<Pixmap, DrawError> {
    let (width, height) = ((scene.size.0 * scale).ceil(), (scene.size.1 * scale).ceil());
    if !((1.0..=MOST).contains(&width) && (1.0..=MOST).contains(&height)) {
        return Err(DrawError::Size { width, height });
    }
    #[expect(clippy::cast_sign_loss, reason = "between 1 and MOST")]
    let pixmap = Pixmap::new(width as u32, height as u32);
    let mut pixmap = pixmap.ok_or(DrawError::Size { width, height })?;
    let [r, g, b] = scene.background;
    pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
    let transform = Transform::from_scale(scale as f32, scale as f32);
    let mut clip: Option<(Rect, Mask)> = None;
    for item in scene.groups.iter().flat_map(|group| &group.items) {
        if let Ink::Picture(rect, picture) = &item.ink {
            blit(&mut pixmap, picture, *rect, item.clip, scale);
            continue;
        }
        if let Some(rect) = item.clip
            && clip.as_ref().is_none_or(|(kept, _)| *kept != rect)
        {
            clip = mask(rect, &pixmap, transform).map(|mask| (rect, mask));
        }
        let mask = item.clip.and(clip.as_ref()).map(|(_, mask)| mask);
        let Some(path) = path(&item.path) else { continue };
        match &item.ink {
            Ink::Fill(colour) => pixmap.fill_path(&path, &paint(*colour), FillRule::Winding, transform, mask),
            Ink::Stroke { colour, width, dash } => {
                let stroke = Stroke {
                    width: *width as f32,
                    line_join: LineJoin::Round,
                    dash: StrokeDash::new(dash.iter().map(|&length| length as f32).collect(), 0.0),
                    ..Stroke::default()
                };
                pixmap.stroke_path(&path, &paint(*colour), &stroke, transform, mask);
            }
            // Drawn above.
            Ink::Picture(..) => {}
        }
    }
    Ok(pixmap)
}

/// Draws a picture over whole pixels: those whose centres are in the rectangle and in the clip.
fn blit(pixmap: &mut Pixmap, picture: &PagePicture, rect: Rect, clip: Option<Rect>, scale: f64) {
    let whole = |edge: f64| (scale * edge).round() as i64;
    let (left, top, right, bottom) = (whole(rect.left), whole(rect.top), whole(rect.right), whole(rect.bottom));
    let clip = clip.unwrap_or(rect);
    let page = (i64::from(pixmap.width()), i64::from(pixmap.height()));
    let columns = whole(clip.left).max(left).max(0)..whole(clip.right).min(right).min(page.0);
    let rows = whole(clip.top).max(top).max(0)..whole(clip.bottom).min(bottom).min(page.1);
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    let side = |length: i64| u32::try_from(length).unwrap_or(0);
    let pixels = picture.pixels(side(right - left), side(bottom - top));
    for y in rows {
        for x in columns.clone() {
            let [r, g, b] = pixels.get_pixel(side(x - left), side(y - top)).0;
            let at = usize::try_from(4 * (y * page.0 + x)).unwrap_or(0);
            pixmap.data_mut()[at..at + 4].copy_from_slice(&[r, g, b, 255]);
        }
    }
}

fn mask(rect: Rect, pixmap: &Pixmap, transform: Transform) -> Option<Mask> {
    let mut mask = Mask::new(pixmap.width(), pixmap.height())?;
    let rect = tiny_skia::Rect::from_ltrb(rect.left as f32, rect.top as f32, rect.right as f32, rect.bottom as f32)?;
    mask.fill_path(&PathBuilder::from_rect(rect), FillRule::Winding, true, transform);
    Some(mask)
}

fn paint([r, g, b]: Colour) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, 255);
    paint
}

fn path(path: &Path) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    let single = |[x, y]: [f64; 2]| (x as f32, y as f32);
    for segment in &path.0 {
        match *segment {
            PathSegment::Move(end) => {
                let (x, y) = single(end);
                builder.move_to(x, y);
            }
            PathSegment::Line(end) => {
                let (x, y) = single(end);
                builder.line_to(x, y);
            }
            PathSegment::Quad(control, end) => {
                let ((x1, y1), (x, y)) = (single(control), single(end));
                builder.quad_to(x1, y1, x, y);
            }
            PathSegment::Cubic(first, second, end) => {
                let ((x1, y1), (x2, y2), (x, y)) = (single(first), single(second), single(end));
                builder.cubic_to(x1, y1, x2, y2, x, y);
            }
            PathSegment::Close => builder.close(),
        }
    }
    builder.finish()
}
