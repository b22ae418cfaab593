//! Heat maps and films in files.

use super::scene::{Group, Ink};
use super::*;
use crate::figure::heat_map::{Decibels, Placement, PowerGrid, Rows};
use crate::figure::{Film, HeatMap, HeatMapFigure, OnAxis, Reading, TimeAxis, TimeView, heat_map};
use crate::schedule::ModelSchedule;
use crate::session::colour_map::ColourMap;
use crate::session::colour_map::colour_table;
use crate::session::heat_map::{FrequencyScale, Normalisation};
use crate::theory::NoiseLevel;
use image::{Rgb, RgbImage};
use std::sync::Arc;

fn axis() -> TimeAxis {
    let levels = [1.0, 0.7, 0.5, 0.2, 0.0].map(NoiseLevel::from_flow_time).to_vec();
    let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    TimeAxis::of_levels(levels, vec![1000.0, 700.0, 500.0, 200.0], &model)
}

/// From one colour of the map to the other along both axes, the second column unknown.
fn map(time: TimeView<'_>) -> HeatMap {
    let column = |step: i32| Some((0..5).map(|ring| 10.0_f64.powi(step - ring)).collect::<Arc<[f64]>>());
    let grid = PowerGrid {
        name: "PSD of ΔE[x_0|x_t]".into(),
        rows: Rows::Frequencies,
        frequency: vec![0.0, 0.125, 0.25, 0.375, 0.5],
        columns: vec![column(0), None, column(2)],
        placement: Placement::Between,
    };
    let cells = Arc::new(Decibels::new(&grid, Normalisation::None));
    let (scale, range) = (FrequencyScale::Linear, Some((-40.0, 20.0)));
    heat_map(HeatMapFigure { on: OnAxis::own(time), cells: &cells, scale, range, colour_map: ColourMap::Viridis })
}

/// Images of one colour each, by step.
fn film(time: TimeView<'_>) -> Film {
    Film::new("E[x_0|x_t]", OnAxis::own(time), 4, |step| {
        Some(Arc::new(RgbImage::from_pixel(8, 8, Rgb([50 * step as u8, 9, 200]))))
    })
}

fn sheet() -> Sheet {
    let axis = axis();
    let time = TimeView::whole(&axis, Reading::Step);
    Sheet::new(vec![Panel::new("", film(time)), Panel::new("Spectrum of change", map(time))])
}

fn rect_of(groups: &[Group], id: &str) -> scene::Rect {
    let item = groups.iter().flat_map(|group| &group.items).find(|item| item.id.as_deref() == Some(id)).unwrap();
    let Ink::Picture(rect, _) = &item.ink else { panic!("{id} is no picture") };
    *rect
}

/// RFC 4648.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.trim_end_matches('=').bytes().map(|byte| u32::from(digit(byte))).collect();
    digits
        .chunks(4)
        .flat_map(|chunk| {
            let word = chunk.iter().enumerate().fold(0, |word, (at, digit)| word | digit << (18 - 6 * at));
            word.to_be_bytes()[1..chunk.len()].to_vec()
        })
        .collect()
}

/// The colours in the lowest row of the map, and of unknown values.
fn expected() -> ([u8; 3], [u8; 3], [u8; 3]) {
    let table = colour_table(ColourMap::Viridis);
    (table[40 * 256 / 60], table[255], PageTheme::Light.role(crate::figure::Role::Hairline))
}

#[test]
fn png_has_the_colours_of_the_map_and_of_the_images() {
    let sheet = sheet();
    let scene = sheet.scene();
    let picture = image::load_from_memory(&sheet.to_png(2.0).unwrap()).unwrap().to_rgb8();
    #[expect(clippy::cast_sign_loss, reason = "inside the page")]
    let pixel = |rect: scene::Rect, x: f64, y: f64| {
        let place = (rect.left + x * rect.width(), rect.bottom - y * rect.height());
        picture.get_pixel((2.0 * place.0) as u32, (2.0 * place.1) as u32).0
    };
    let plot = rect_of(&scene.groups, "panel-2-map");
    let (first, last, gap) = expected();
    // Frequency 0 is the lowest row, half as high as the others.
    assert_eq!([0.1, 0.4, 0.7, 0.9].map(|x| pixel(plot, x, 0.05)), [first, gap, last, gap]);
    assert_eq!(pixel(plot, 0.1, 0.99), colour_table(ColourMap::Viridis)[0]);
    for step in 0..4_u8 {
        let image = rect_of(&scene.groups, &format!("panel-1-image-{}", step + 1));
        assert_eq!(pixel(image, 0.5, 0.5), [50 * step, 9, 200]);
    }
    let bar = rect_of(&scene.groups, "panel-2-bar");
    let table = colour_table(ColourMap::Viridis);
    let index = |y: f64| table.iter().position(|colour| *colour == pixel(bar, 0.5, y)).unwrap();
    assert!(index(0.01) < 4 && index(0.5).abs_diff(128) < 3 && index(0.99) > 251);
}

#[test]
fn svg_embeds_what_it_shows() {
    let svg = sheet().to_svg();
    let mut reader = quick_xml::Reader::from_str(&svg);
    reader.config_mut().check_end_names = true;
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    let images: Vec<RgbImage> = svg
        .split("data:image/png;base64,")
        .skip(1)
        .map(|rest| image::load_from_memory(&decoded(rest.split('"').next().unwrap())).unwrap().to_rgb8())
        .collect();
    assert_eq!(images.len(), 4 + 2, "four images, the map and its bar");
    // A cell is wider than high, and so shows the image's whole width.
    let (width, height) = images[1].dimensions();
    assert!(width == 8 && height < 8 && images[1].get_pixel(0, 0).0 == [50, 9, 200], "{width} × {height}");
    let (first, last, gap) = expected();
    let map = &images[4];
    #[expect(clippy::cast_sign_loss, reason = "a share of a width")]
    let at = |share: f64| map.get_pixel((share * f64::from(map.width())) as u32, map.height() - 1).0;
    assert_eq!([0.1, 0.4, 0.7, 0.9].map(at), [first, gap, last, gap]);
    for text in ["xmlns:xlink", "id=\"panel-2-map\"", "image-rendering:pixelated", "aria-label=\"step 3\""] {
        assert!(svg.contains(text), "{text}");
    }
    let words = "E[x0|xt] over step, as 4 images. Spectrum of change: PSD of ΔE[x0|xt] over step and frequency, as colours \
                 from -40 to 20 dB.";
    assert!(svg.contains(words), "{}", svg.split("<desc").nth(1).unwrap().split("</desc>").next().unwrap());
    let mono = Sheet::new(Vec::new()).to_svg();
    assert!(!mono.contains("xlink"));
}

#[test]
fn pdf_embeds_what_it_shows() {
    let pdf = sheet().to_pdf();
    let text = String::from_utf8_lossy(&pdf);
    assert_eq!(text.matches("/Subtype /Image").count(), 6);
    assert!(text.contains("/Im0 6 0 R") && text.contains("/Im5 11 0 R") && !text.contains("/Interpolate true"));
    let streams: Vec<Vec<u8>> = pdf
        .windows(7)
        .enumerate()
        .filter(|(_, window)| *window == b"stream\n")
        .filter(|(at, _)| !pdf[..*at].ends_with(b"end"))
        .map(|(at, _)| miniz_oxide::inflate::decompress_to_vec_zlib(&pdf[at + 7..]).unwrap_or_default())
        .collect();
    assert!(
        streams.iter().any(|stream| stream.len() < 3 * 64 && stream.starts_with(&[100, 9, 200])),
        "the third image"
    );
    let page = String::from_utf8_lossy(&streams[0]).into_owned();
    let count = |line: &str| page.lines().filter(|other| *other == line).count();
    assert_eq!((page.matches(" Do").count(), count("q")), (6, count("Q")));
}

#[test]
fn a_film_shares_the_axis_of_the_map_below_it() {
    let scene = sheet().scene();
    let items = || scene.groups.iter().flat_map(|group| &group.items);
    assert_eq!(items().filter(|item| item.label == "step").count(), 1);
    let (film, plot) = (rect_of(&scene.groups, "panel-1-image-1"), rect_of(&scene.groups, "panel-2-map"));
    assert!(film.bottom < plot.top && (film.centre().0 - plot.left - 0.125 * plot.width()).abs() < 1e-9);
    for item in items().filter(|item| item.clip.is_none() && matches!(item.ink, Ink::Fill(_))) {
        let inside = |x: f64| (4.0..=scene.size.0 - 4.0).contains(&x);
        let ends = item.path.0.iter().filter_map(|segment| match segment {
            scene::PathSegment::Line(end) | scene::PathSegment::Move(end) => Some(end[0]),
            _ => None,
        });
        assert!(ends.clone().all(inside), "{:?} of {:?}", item.label, scene.size);
    }
    for sheet in [Sheet { width: 200.0, ..sheet() }, Sheet { height: Some(90.0), theme: PageTheme::Dark, ..sheet() }] {
        assert!(sheet.to_png(1.0).is_ok() && sheet.to_svg().contains("<image"));
    }
}
