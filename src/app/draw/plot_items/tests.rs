use super::*;
use crate::app::draw::theme;
use crate::figure::{Axis, Paint, Role};
use egui::Context;

fn axis(range: (f64, f64)) -> Axis {
    Axis { label: "x".into(), unit: "", range, ticks: Vec::new() }
}

fn line(name: &str, dash: Dash) -> Line {
    let points = vec![[0.0, 0.0], [1.0, 1.0]];
    Line { name: name.into(), points, paint: Paint::Level(3), dash, weight: 0.5 }
}

fn empty() -> Figure {
    Figure {
        x_axis: axis((0.0, 1.0)),
        y_axis: axis((0.0, 1.0)),
        areas: Vec::new(),
        lines: Vec::new(),
        points: Vec::new(),
        strips: Vec::new(),
        marks: Vec::new(),
        notes: Vec::new(),
    }
}

/// The shapes of one item of a plot of 100 × 100 points, from 0 to 1.
fn shapes_of(item: &dyn PlotItem) -> Vec<Shape> {
    let bounds = PlotBounds::from_min_max([0.0, 0.0], [1.0, 1.0]);
    let transform = PlotTransform::new(Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 100.0)), bounds, false);
    let mut shapes = Vec::new();
    let ctx = Context::default();
    theme::install(&ctx);
    let mut draw = |ui: &mut Ui| {
        shapes.clear();
        item.shapes(ui, &transform, &mut shapes);
    };
    ctx.run_ui(egui::RawInput::default(), |ui| draw(ui)).textures_delta.clear();
    shapes
}

fn strokes(shapes: &[Shape]) -> Vec<(Pos2, Pos2, Stroke)> {
    let segment = |shape: &Shape| match shape {
        Shape::LineSegment { points, stroke } => Some((points[0], points[1], *stroke)),
        _ => None,
    };
    shapes.iter().filter_map(segment).collect()
}

#[test]
fn everything_of_a_figure_arrives_in_its_order() {
    let area = Area { name: "band".into(), points: vec![[0.0, 0.1, 0.4], [1.0, 0.2, 0.5]], paint: Paint::Level(1) };
    let points = Points {
        name: "measured".into(),
        points: vec![[0.25, 0.5], [0.5, 0.25]],
        errors: vec![0.125, 0.125],
        paint: Paint::Level(2),
        marker: Marker::Diamond,
    };
    let mark = |kind, label: &str| Mark {
        x: 0.75,
        kind,
        label: label.into(),
        short_label: String::new(),
        paint: Paint::Role(Role::Secondary),
    };
    let figure = Figure {
        areas: vec![area],
        lines: vec![line("theory", Dash::Dashed), line("run", Dash::Solid)],
        points: vec![points],
        marks: vec![mark(MarkKind::Rule, "rule"), mark(MarkKind::Tick, "tick")],
        ..empty()
    };
    for palette in [Palette::DARK, Palette::LIGHT] {
        let items = plot_items(&figure, &palette);
        let names: Vec<&str> = items.iter().map(|item| item.name()).collect();
        let expected = ["band", "band", "theory", "run", "measured", "measured", "measured", "rule", "tick"];
        assert_eq!(names, expected);
        let color = |paint| colour(paint, &palette);
        let (band, level) = (color(Paint::Level(1)), color(Paint::Level(3)));
        assert_eq!([items[0].color(), items[2].color(), items[4].color()], [band, level, color(Paint::Level(2))]);
        // The band has its values, and its upper edge is drawn in the background colour.
        assert_eq!((items[0].bounds().min(), items[0].bounds().max()), ([0.0, 0.1], [1.0, 0.5]));
        assert_eq!((items[1].color(), items[1].bounds().min()), (palette.window, [0.0, 0.4]));
        // Error bars have their exact length.
        assert_eq!((items[5].bounds().min()[1], items[5].bounds().max()[1]), (0.125, 0.375));
        let PlotGeometry::Points(places) = items[6].geometry() else { panic!("points are points") };
        assert_eq!(places, [PlotPoint::new(0.25, 0.5), PlotPoint::new(0.5, 0.25)]);
        let stroke = Stroke::new(1.0, palette.secondary);
        let rule = Shape::line(vec![pos2(75.0, 100.0), pos2(75.0, 0.0)], stroke);
        let tick = Shape::line_segment([pos2(75.0, 95.0), pos2(75.0, 100.0)], stroke);
        assert_eq!([shapes_of(&*items[7]), shapes_of(&*items[8])], [[rule], [tick]]);
    }
}

#[test]
fn lines_keep_their_width_and_dashes() {
    let drawn = |dash| shapes_of(&curve(&line("a", dash), &Palette::DARK));
    let color = colour(Paint::Level(3), &Palette::DARK);
    let solid = Shape::line(vec![pos2(0.0, 100.0), pos2(100.0, 0.0)], Stroke::new(1.0, color));
    assert_eq!(drawn(Dash::Solid), [solid]);
    let lengths = |dash| {
        let long = |(from, to, _): (Pos2, Pos2, Stroke)| (from.distance(to) * 10.0).round() / 10.0;
        strokes(&drawn(dash)).into_iter().map(long).collect::<Vec<_>>()
    };
    assert!(lengths(Dash::Dashed)[..10].iter().all(|long| *long == 6.0));
    assert!(lengths(Dash::DashDotted)[..10].chunks(2).all(|pair| pair == [6.0, 1.0]));
    let dots = drawn(Dash::Dotted);
    assert!(dots.len() > 40 && dots.iter().all(|shape| matches!(shape, Shape::Circle(_))));
}

#[test]
fn every_marker_has_its_shape() {
    let all = [
        (Marker::Circle, MarkerShape::Circle),
        (Marker::Square, MarkerShape::Square),
        (Marker::Diamond, MarkerShape::Diamond),
        (Marker::Up, MarkerShape::Up),
        (Marker::Down, MarkerShape::Down),
        (Marker::Cross, MarkerShape::Cross),
        (Marker::Plus, MarkerShape::Plus),
        (Marker::Left, MarkerShape::Left),
    ];
    let drawn = all.map(|(ours, theirs)| {
        let set = Points {
            name: "a".into(),
            points: vec![[0.5, 0.5]],
            errors: Vec::new(),
            paint: Paint::Role(Role::Accent),
            marker: ours,
        };
        let items = point_items(&set, &Palette::LIGHT);
        let expected =
            egui_plot::Points::new("a", vec![[0.5, 0.5]]).shape(theirs).radius(RADIUS).color(Palette::LIGHT.accent);
        assert_eq!(shapes_of(&*items[0]), shapes_of(&expected), "{ours:?}");
        shapes_of(&*items[0])
    });
    assert!((0..8).all(|index| drawn[..index].iter().all(|other| *other != drawn[index])), "no two look alike");
}

#[test]
fn a_band_that_a_line_edges_lets_others_through() {
    let points = vec![[0.0, 0.0, 0.4], [1.0, 0.0, 0.5]];
    let area = Area { name: "red".into(), points, paint: Paint::Level(0) };
    let alone = plot_items(&Figure { areas: vec![area.clone()], ..empty() }, &Palette::DARK);
    let edged = Figure { areas: vec![area], lines: vec![line("red", Dash::Solid)], ..empty() };
    let edged = plot_items(&edged, &Palette::DARK);
    assert_eq!((alone[0].color().a(), alone.len()), (255, 2));
    assert!(edged[0].color().a() < 128 && edged.len() == 2);
}

#[test]
fn only_what_is_within_the_plot_is_drawn() {
    let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(10.0, 10.0));
    let across = [pos2(-1e6, 5.0), pos2(1e6, 5.0)];
    assert_eq!(runs_within(&across, rect), [[pos2(0.0, 5.0), pos2(10.0, 5.0)]]);
    // In, out over the top, and in again: two runs with unchanged inner points.
    let twice = [pos2(2.0, 8.0), pos2(4.0, 2.0), pos2(4.0, -20.0), pos2(6.0, -20.0), pos2(6.0, 2.0), pos2(8.0, 2.0)];
    let expected =
        [vec![pos2(2.0, 8.0), pos2(4.0, 2.0), pos2(4.0, 0.0)], vec![pos2(6.0, 0.0), pos2(6.0, 2.0), pos2(8.0, 2.0)]];
    assert_eq!(runs_within(&twice, rect), expected);
    let far = [pos2(-5.0, -1.0), pos2(20.0, -1.0), pos2(20.0, 20.0)];
    assert!(runs_within(&far, rect).is_empty() && runs_within(&far[..1], rect).is_empty());
}
