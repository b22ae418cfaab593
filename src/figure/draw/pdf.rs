//! A scene as PDF: one page of paths, no dates, so the same scene gives the same bytes.

use super::scene::{Colour, Ink, Item, Path, Scene, Segment};
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::LineJoinStyle;
use pdf_writer::{Content, Filter, Finish, Pdf, Rect, Ref, TextStr};

/// Writes the scene.
pub(super) fn write(scene: &Scene) -> Vec<u8> {
    let [catalog, pages, page, contents, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let (width, height) = (scene.size.0 as f32, scene.size.1 as f32);
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(pages).lang(TextStr("en"));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    pdf.pages(pages).kids([page]).count(1);
    let mut leaf = pdf.page(page);
    leaf.parent(pages).media_box(Rect::new(0.0, 0.0, width, height)).contents(contents);
    leaf.resources();
    leaf.finish();
    let data = compress_to_vec_zlib(content(scene).as_bytes(), 6);
    pdf.stream(contents, &data).filter(Filter::FlateDecode);
    let mut about = pdf.document_info(info);
    about.title(TextStr(&scene.title)).subject(TextStr(&scene.description)).creator(TextStr("Chromascope"));
    about.finish();
    pdf.finish()
}

fn content(scene: &Scene) -> Content {
    let mut content = Content::new();
    let (width, height) = (scene.size.0 as f32, scene.size.1 as f32);
    // The scene's y runs downwards.
    content.transform([1.0, 0.0, 0.0, -1.0, 0.0, height]);
    content.set_line_join(LineJoinStyle::RoundJoin);
    let [r, g, b] = unit(scene.background);
    content.set_fill_rgb(r, g, b).rect(0.0, 0.0, width, height).fill_nonzero();
    for item in scene.groups.iter().flat_map(|group| &group.items) {
        draw(item, &mut content);
    }
    content
}

fn draw(item: &Item, content: &mut Content) {
    if let Some(clip) = item.clip {
        content.save_state();
        content.rect(clip.left as f32, clip.top as f32, clip.width() as f32, clip.height() as f32);
        content.clip_nonzero().end_path();
    }
    match &item.ink {
        Ink::Fill(colour) => {
            let [r, g, b] = unit(*colour);
            content.set_fill_rgb(r, g, b);
            trace(&item.path, content);
            content.fill_nonzero();
        }
        Ink::Stroke { colour, width, dash } => {
            let [r, g, b] = unit(*colour);
            content.set_stroke_rgb(r, g, b).set_line_width(*width as f32);
            content.set_dash_pattern(dash.iter().map(|&length| short(length)), 0.0);
            trace(&item.path, content);
            content.stroke();
        }
    }
    if item.clip.is_some() {
        content.restore_state();
    }
}

fn trace(path: &Path, content: &mut Content) {
    let mut here = [0.0; 2];
    for segment in &path.0 {
        match *segment {
            Segment::Move(end) => content.move_to(short(end[0]), short(end[1])),
            Segment::Line(end) => content.line_to(short(end[0]), short(end[1])),
            Segment::Quad(control, end) => {
                let towards = |from: [f64; 2]| [0, 1].map(|i| from[i] + 2.0 / 3.0 * (control[i] - from[i]));
                cubic(content, towards(here), towards(end), end)
            }
            Segment::Cubic(first, second, end) => cubic(content, first, second, end),
            Segment::Close => content.close_path(),
        };
        if let Segment::Move(end) | Segment::Line(end) | Segment::Quad(_, end) | Segment::Cubic(_, _, end) = *segment {
            here = end;
        }
    }
}

fn cubic(content: &mut Content, first: [f64; 2], second: [f64; 2], end: [f64; 2]) -> &mut Content {
    let [x1, y1, x2, y2, x3, y3] = [first[0], first[1], second[0], second[1], end[0], end[1]].map(short);
    content.cubic_to(x1, y1, x2, y2, x3, y3)
}

/// Thousandths of a point.
fn short(value: f64) -> f32 {
    ((value * 1000.0).round() / 1000.0) as f32
}

fn unit(colour: Colour) -> [f32; 3] {
    colour.map(|part| f32::from(part) / 255.0)
}
