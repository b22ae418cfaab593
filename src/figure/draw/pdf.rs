//! A scene as PDF: one page of paths and pictures, no dates, so the same scene gives the same bytes.

use super::scene::{Colour, Ink, Item, Path, PathSegment, Scene};
use image::RgbImage;
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::LineJoinStyle;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};
use std::sync::Arc;

/// The number of the first picture; the objects before it are in every file.
const FIRST_PICTURE: i32 = 6;

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
    let mut pictures = Vec::new();
    let content = content(scene, &mut pictures);
    let mut resources = leaf.resources();
    if !pictures.is_empty() {
        let mut named = resources.x_objects();
        for (index, _) in (0..).zip(&pictures) {
            named.pair(Name(&name_of(index)), Ref::new(FIRST_PICTURE + index));
        }
        named.finish();
    }
    resources.finish();
    leaf.finish();
    let data = compress_to_vec_zlib(content.as_bytes(), 6);
    pdf.stream(contents, &data).filter(Filter::FlateDecode);
    let mut about = pdf.document_info(info);
    about.title(TextStr(&scene.title)).subject(TextStr(&scene.description)).creator(TextStr("Chromascope"));
    about.finish();
    for (index, picture) in (0..).zip(&pictures) {
        let data = compress_to_vec_zlib(picture.as_raw(), 6);
        let mut object = pdf.image_xobject(Ref::new(FIRST_PICTURE + index), &data);
        let [width, height] = [picture.width(), picture.height()].map(|side| i32::try_from(side).unwrap_or(i32::MAX));
        object.filter(Filter::FlateDecode);
        object.width(width).height(height).bits_per_component(8).interpolate(false);
        object.color_space().device_rgb();
        object.finish();
    }
    pdf.finish()
}

/// The name of a picture on the page.
fn name_of(index: i32) -> Vec<u8> {
    format!("Im{index}").into_bytes()
}

/// The page; its pictures are added to `pictures`.
fn content(scene: &Scene, pictures: &mut Vec<Arc<RgbImage>>) -> Content {
    let mut content = Content::new();
    let (width, height) = (scene.size.0 as f32, scene.size.1 as f32);
    // The scene's y runs downwards.
    content.transform([1.0, 0.0, 0.0, -1.0, 0.0, height]);
    content.set_line_join(LineJoinStyle::RoundJoin);
    let [r, g, b] = unit(scene.background);
    content.set_fill_rgb(r, g, b).rect(0.0, 0.0, width, height).fill_nonzero();
    for item in scene.groups.iter().flat_map(|group| &group.items) {
        draw(item, &mut content, pictures);
    }
    content
}

fn draw(item: &Item, content: &mut Content, pictures: &mut Vec<Arc<RgbImage>>) {
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
        Ink::Picture(rect, picture) => {
            let index = i32::try_from(pictures.len()).unwrap_or(i32::MAX);
            pictures.push(picture.embedded(*rect));
            content.save_state();
            // A picture is the unit square, its first row at the top of a page with y upwards.
            let (width, height) = (short(rect.width()), short(rect.height()));
            content.transform([width, 0.0, 0.0, -height, short(rect.left), short(rect.bottom)]);
            content.x_object(Name(&name_of(index)));
            content.restore_state();
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
            PathSegment::Move(end) => content.move_to(short(end[0]), short(end[1])),
            PathSegment::Line(end) => content.line_to(short(end[0]), short(end[1])),
            PathSegment::Quad(control, end) => {
                let towards = |from: [f64; 2]| [0, 1].map(|i| from[i] + 2.0 / 3.0 * (control[i] - from[i]));
                cubic(content, towards(here), towards(end), end)
            }
            PathSegment::Cubic(first, second, end) => cubic(content, first, second, end),
            PathSegment::Close => content.close_path(),
        };
        if let PathSegment::Move(end)
        | PathSegment::Line(end)
        | PathSegment::Quad(_, end)
        | PathSegment::Cubic(_, _, end) = *segment
        {
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
