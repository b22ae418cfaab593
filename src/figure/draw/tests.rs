use super::scene::{Ink, Item, PathSegment};
use super::*;
use crate::figure::{
    Area, Axis, ChromatogramFigure, Dash, ElutionFigure, Figure, Line, Mark, MarkKind, Marker, Paint, Points, Rate,
    Reading, Role, Strip, TimeAxis, TimeView, chromatogram, elution, stacked_chromatogram, ticks,
};
use crate::theory::{Chromatogram, Measure, NoiseLevel};
use image::GenericImageView;
use quick_xml::events::Event;
use std::collections::BTreeSet;
use std::path::Path;

fn axis(label: &str, range: (f64, f64)) -> Axis {
    Axis { label: label.to_owned(), unit: "", range, ticks: ticks::linear(range.0, range.1, 5, false) }
}

fn line(name: &str, points: Vec<[f64; 2]>, level: usize) -> Line {
    Line { name: name.to_owned(), points, paint: Paint::Level(level), dash: Dash::Solid, weight: 2.0 }
}

fn figure(lines: Vec<Line>) -> Figure {
    Figure {
        x_axis: axis("x_t", (0.0, 1.0)),
        y_axis: axis("ᾱ", (0.0, 1.0)),
        areas: Vec::new(),
        lines,
        points: Vec::new(),
        strips: Vec::new(),
        notes: Vec::new(),
        marks: Vec::new(),
    }
}

/// A figure with every kind of element.
fn full() -> Figure {
    let area = Area { name: "share".into(), points: vec![[0.0, 0.0, 0.4], [1.0, 0.1, 0.5]], paint: Paint::Level(4) };
    let dashes = [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::DashDotted];
    let lines =
        (0..4).map(|m| Line { dash: dashes[m], ..line(&format!("τ_{m} <&>"), vec![[0.0, 0.2], [1.0, 0.8]], m) });
    let markers = [
        Marker::Circle,
        Marker::Square,
        Marker::Diamond,
        Marker::Up,
        Marker::Down,
        Marker::Cross,
        Marker::Plus,
        Marker::Left,
    ];
    let points = markers.iter().enumerate().map(|(m, &marker)| Points {
        name: format!("{marker:?}"),
        points: (0..8).map(|i| [f64::from(i) / 8.0, 0.1 + 0.1 * m as f64]).collect(),
        errors: vec![0.05; 3],
        paint: Paint::Level(m),
        marker,
    });
    let mark = |x, kind| Mark {
        x,
        kind,
        label: "a mark \"here\"".into(),
        short_label: String::new(),
        paint: Paint::Role(Role::Faint),
    };
    let segment = |from: f64, to: f64, m: usize| crate::figure::Segment {
        range: (from, to),
        label: format!("{m} px"),
        short_label: m.to_string(),
        paint: Paint::Level(m),
    };
    Figure {
        areas: vec![area],
        points: points.collect(),
        marks: vec![mark(0.3, MarkKind::Rule), mark(0.35, MarkKind::Rule), mark(0.7, MarkKind::Tick)],
        strips: vec![Strip { name: "which".into(), segments: vec![segment(0.0, 0.02, 0), segment(0.02, 1.0, 1)] }],
        notes: Vec::new(),
        ..figure(lines.collect())
    }
}

fn sheet() -> Sheet {
    let heading = "One <heading> & more".to_owned();
    let caption = "A caption of many words, ".repeat(12);
    let panels = vec![Panel::new("First", full()), Panel::new("", figure(vec![line("alone", vec![[0.0, 0.5]; 2], 2)]))];
    Sheet { heading, caption, ..Sheet::new(panels) }
}

fn items(scene: &Scene) -> impl Iterator<Item = &Item> {
    scene.groups.iter().flat_map(|group| &group.items)
}

fn ends(item: &Item) -> Vec<[f64; 2]> {
    let end = |segment: &PathSegment| match *segment {
        PathSegment::Move(end) | PathSegment::Line(end) | PathSegment::Quad(_, end) | PathSegment::Cubic(_, _, end) => {
            Some(end)
        }
        PathSegment::Close => None,
    };
    item.path.0.iter().filter_map(end).collect()
}

/// Left, top, right and bottom.
fn bounds(item: &Item) -> [f64; 4] {
    ends(item).into_iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, [x, y]| {
        [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)]
    })
}

fn texts(scene: &Scene) -> Vec<&Item> {
    items(scene).filter(|i| i.id.is_none() && !i.label.is_empty() && matches!(i.ink, Ink::Fill(_))).collect()
}

#[test]
fn svg_is_well_formed_and_names_every_line() {
    let svg = sheet().to_svg();
    let mut reader = quick_xml::Reader::from_str(&svg);
    reader.config_mut().check_end_names = true;
    let mut ids = BTreeSet::new();
    let mut depth = 0;
    loop {
        let element = match reader.read_event().unwrap() {
            Event::Start(element) => {
                depth += 1;
                element
            }
            Event::Empty(element) => element,
            Event::End(_) => {
                depth -= 1;
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        for attribute in element.attributes() {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
            match attribute.key.as_ref() {
                b"id" => assert!(ids.insert(value.to_string()), "{value} twice"),
                b"d" => {
                    let numbers = value.split(|c: char| c.is_ascii_alphabetic() || c == ' ').filter(|n| !n.is_empty());
                    assert!(numbers.clone().count() > 1);
                    assert!(numbers.map(|number| number.parse::<f64>().unwrap()).all(f64::is_finite));
                }
                _ => {}
            }
        }
    }
    assert_eq!(depth, 0);
    let expected = ["line-1", "line-4", "area-1", "points-8", "mark-3", "strip-1-2"].map(|id| format!("panel-1-{id}"));
    assert!(expected.iter().all(|id| ids.contains(id)), "{ids:?}");
    assert!(ids.contains("panel-2-line-1") && !ids.contains("panel-2-line-2"));
    assert!(svg.contains("<title id=\"title\">One &lt;heading&gt; &amp; more</title>"));
    assert!(svg.contains("aria-label=\"τ0 &lt;&amp;&gt;\""));
}

/// A line has the same position in the scene and in every format.
#[test]
fn all_formats_draw_the_same_scene() {
    let sheet = Sheet::new(vec![Panel::new("", figure(vec![line("4 px", vec![[0.0, 0.25], [1.0, 0.75]], 2)]))]);
    let scene = sheet.scene();
    let line = items(&scene).find(|item| item.id.as_deref() == Some("panel-1-line-1")).unwrap();
    let [from, to] = ends(line)[..] else { panic!("two points") };
    assert!((line.clip.unwrap().height() - 143.0).abs() < 1e-9);
    assert!((from[1] - to[1] - 70.0).abs() < 1e-9);

    let text = |value: f64| format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned();
    let [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]].map(text);
    assert!(sheet.to_svg().contains(&format!("d=\"M{x1} {y1}L{x2} {y2}\"")));

    let content = pdf_content(&sheet.to_pdf());
    assert!(content.contains(&format!("{x1} {y1} m\n{x2} {y2} l")), "{content}");

    let picture = image::load_from_memory(&sheet.to_png(2.0).unwrap()).unwrap();
    assert_eq!(picture.width(), 1080);
    assert_eq!(f64::from(picture.height()), (2.0 * scene.size.1).ceil());
    #[expect(clippy::cast_sign_loss, reason = "inside the page")]
    let pixel = |share: f64, down: f64| {
        let place = [0, 1].map(|i| from[i] + share * (to[i] - from[i]));
        picture.get_pixel((2.0 * place[0]) as u32, (2.0 * (place[1] + down)) as u32).0
    };
    let [r, g, b] = crate::figure::palette::level_colour(2, crate::figure::Ground::Light);
    assert_eq!(pixel(0.33, 0.0), [r, g, b, 255]);
    assert_eq!(pixel(0.33, 9.0), [255, 255, 255, 255]);
}

fn pdf_content(pdf: &[u8]) -> String {
    let find = |pattern: &[u8]| pdf.windows(pattern.len()).position(|window| window == pattern).unwrap();
    let stream = &pdf[find(b"stream\n") + 7..find(b"\nendstream")];
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec_zlib(stream).unwrap()).unwrap()
}

#[test]
fn pdf_has_its_objects_where_it_says() {
    let pdf = sheet().to_pdf();
    assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
    let text = String::from_utf8_lossy(&pdf);
    // Counted in bytes, not in characters.
    let start = pdf.windows(9).rposition(|window| window == b"startxref").unwrap();
    let table: usize = String::from_utf8_lossy(&pdf[start..]).lines().nth(1).unwrap().parse().unwrap();
    let table = String::from_utf8_lossy(&pdf[table..]).into_owned();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("xref"));
    let count: usize = lines.next().unwrap().trim_start_matches("0 ").parse().unwrap();
    for id in 1..count {
        let offset: usize = lines.nth(usize::from(id == 1)).unwrap()[..10].parse().unwrap();
        assert!(pdf[offset..].starts_with(format!("{id} 0 obj").as_bytes()), "object {id}");
    }
    assert!(text.contains("/MediaBox [0 0 540 ") && !text.contains("Date"));
    let content = pdf_content(&pdf);
    assert_eq!(content.matches("\nq\n").count(), content.matches("\nQ\n").count());
    assert!(!content.contains("NaN") && !content.contains("inf"));
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    for format in [Format::Svg, Format::Pdf, Format::Png] {
        assert!(sheet().to_bytes(format, 1.0).unwrap() == sheet().to_bytes(format, 1.0).unwrap());
    }
}

#[test]
fn text_stays_on_the_page_and_apart() {
    let levels = (0..=32).map(|i| NoiseLevel::from_log_snr(-12.0 + 0.75 * f64::from(i))).collect();
    let model = crate::schedule::ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let run = TimeAxis::of_levels(levels, vec![0.0; 32], &model);
    let theory = Chromatogram::scale_invariant(2, 8).unwrap();
    let mut panels = vec![Panel::new("A", full()), Panel::new("B", full()).with_height(20.0)];
    for reading in [Reading::Step, Reading::Sigma] {
        let time = TimeView::whole(&run, reading);
        let (measure, crossings) = (Measure::Power, true);
        let from = ChromatogramFigure { time, theory: &theory, factor: 2, measure, crossings };
        panels.push(Panel::new(format!("{reading:?}"), chromatogram(from)).with_height(70.0));
        panels.push(Panel::new("Stacked", stacked_chromatogram(from)).with_height(70.0));
        let from = ElutionFigure { time, theory: &theory, factor: 2, measure, rate: Rate::PerNat };
        panels.push(Panel::new("", elution(from)).with_height(170.0));
    }
    for (width, height) in [(300.0, None), (540.0, Some(2500.0)), (900.0, Some(10.0))] {
        let sheet = Sheet { width, height, heading: "Heading ".repeat(20), ..Sheet::new(panels.clone()) };
        let scene = sheet.scene();
        if let Some(height) = height.filter(|&height| height > 1000.0) {
            assert!((scene.size.1 - height).abs() < 1e-6, "{:?}", scene.size);
        }
        for item in items(&scene).filter(|item| item.clip.is_none()) {
            let [left, top, right, bottom] = bounds(item);
            let inside = left >= 4.0 && top >= 4.0 && right <= scene.size.0 - 4.0 && bottom <= scene.size.1 - 4.0;
            assert!(inside, "{:?} of {:?} at {:?}", item.label, scene.size, bounds(item));
        }
        let texts = texts(&scene);
        assert!(texts.len() > 100);
        for (index, item) in texts.iter().enumerate() {
            let a = bounds(item);
            for other in &texts[..index] {
                let b = bounds(other);
                let apart = a[0] >= b[2] || b[0] >= a[2] || a[1] >= b[3] || b[1] >= a[3];
                assert!(apart, "{:?} over {:?} at width {width}", item.label, other.label);
            }
        }
    }
}

#[test]
fn the_axis_is_drawn_once_for_all_who_share_it() {
    let other = Figure { x_axis: axis("other", (0.0, 2.0)), ..figure(Vec::new()) };
    let panels = [figure(Vec::new()), figure(Vec::new()), other].map(|figure| Panel::new("", figure));
    let scene = Sheet::new(panels.to_vec()).scene();
    let count = |label: &str| items(&scene).filter(|item| item.label == label).count();
    assert_eq!([count("xt"), count("other"), count("ᾱ")], [1, 1, 3]);
}

#[test]
fn odd_figures_do_no_harm() {
    let wild = vec![[0.0, f64::NAN], [0.2, 1e300], [0.4, -1e300], [f64::INFINITY, 0.5], [1.0, 0.5]];
    let mut odd = figure(vec![line("", wild.clone(), 99), line("empty", Vec::new(), 0)]);
    odd.points = vec![Points {
        name: String::new(),
        points: wild,
        errors: Vec::new(),
        paint: Paint::Level(0),
        marker: Marker::Plus,
    }];
    odd.y_axis.range = (0.5, 0.5);
    for sheet in [Sheet::new(Vec::new()), Sheet::new(vec![Panel::new("\u{0}\u{7}", odd)])] {
        let svg = sheet.to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains('\u{7}'));
        assert!(sheet.to_pdf().starts_with(b"%PDF"));
        assert!(sheet.to_png(0.5).is_ok());
        for scale in [0.0, -1.0, f64::NAN, 1e6, f64::INFINITY] {
            assert!(matches!(sheet.to_png(scale), Err(DrawError::Size { .. })));
        }
    }
}

#[test]
fn formats_go_by_the_file_name() {
    let format = |name: &str| Format::from_path(Path::new(name)).ok();
    assert_eq!(["a.svg", "b/c.PDF", "d.x.png"].map(format), [Some(Format::Svg), Some(Format::Pdf), Some(Format::Png)]);
    assert_eq!(["svg", "a.jpg", ""].map(format), [None; 3]);
}

#[test]
fn every_sign_of_the_field_has_a_glyph() {
    let lettering = Lettering::new();
    let signs = "ᾱλστεερηγβθμΔΣ∂√∞−×·½≤≥≈→‖′₀₁₂₃₄₅₆₇₈₉ₜₘₙᵢᵐ²³⁻…–“”\u{304}\u{302}\u{303}";
    for face in [Face::Body, Face::Strong, Face::Mono] {
        assert!(lettering.covers(signs, face));
        let set = |text: &str| lettering.set(text, face, 10.0);
        // A letter with its own bar, and one with a combining bar: the same width, and more to draw than the letter alone.
        for barred in ["ᾱ", "α\u{304}"] {
            assert!((set(barred).width - set("α").width).abs() < 0.2, "{face:?} {barred}");
            assert!(set(barred).path.0.len() > set("α").path.0.len());
        }
        assert!(set("x\u{302}").width < 1.1 * set("x").width);
        let (plain, lower) = (set("xt"), set("x_t"));
        assert!(lower.width < plain.width && lower.text == "xt");
        // Twice the size is twice as wide.
        assert!((lettering.width("λ = −∞", face, 20.0) - 2.0 * set("λ = −∞").width).abs() < 1e-9);
    }
}

#[test]
fn the_letters_that_are_written_are_drawn() {
    let lettering = Lettering::new();
    for face in [Face::Body, Face::Strong, Face::Mono] {
        let shapes = |text: &str| lettering.set(text, face, 10.0).path.0.len();
        // Neither × for an x between digits nor an arrow for two signs.
        for text in ["3x", "64x64", "->", "--", "!=", "<=", "0xFF", "(A)"] {
            let apart: usize = text.chars().map(|letter| shapes(&letter.to_string())).sum();
            assert_eq!(shapes(text), apart, "{face:?} {text}");
        }
    }
}
