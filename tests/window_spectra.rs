//! The heat map of power spectra: by the shader and on the CPU, and driven by the names of its controls.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::words;
use chromascope::app::{App, Launch};
use chromascope::session::action::Action;
use chromascope::session::colour_map::ColourMap;
use chromascope::session::document::{AxisReading, Layout};
use chromascope::session::heat_map::{FrequencyScale, HeatMapChange, Normalisation, SpectrumQuantity, SpectrumSource};
use chromascope::session::preferences::Theme;
use chromascope::session::settings::ProviderChoice;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gui::*;

/// The heat map's description for screen readers.
const MAP: &str = " and frequency, ";

fn launched(model: &str, actions: Vec<Action>) -> Launch {
    let mut settings = settings(model);
    settings.provider = ProviderChoice::Rust;
    settings.steps = 7;
    let mut launch = launch(settings);
    launch.first.push(Action::SetLayout(Layout::Spectra));
    launch.first.extend(actions);
    launch
}

fn opened_at_spectra() -> Harness<'static, App> {
    let mut harness = open_with(launched("gaussian-64", Vec::new()), PROJECTOR);
    until_done(&mut harness);
    until(&mut harness, "the heat map", |harness| says(harness, MAP));
    harness
}

fn is_painted(harness: &Harness<App>, part: &str) -> bool {
    painted(harness).iter().any(|text| text.contains(part))
}

/// The plot's pixels, by the shader or on the CPU; in the light theme with a magnified time axis.
fn plot(model: &str, actions: Vec<Action>, theme: Theme, without_shader: bool) -> image::RgbaImage {
    let mut launch = launched(model, actions);
    launch.without_shader = without_shader;
    launch.loaded.preferences.theme = theme;
    let render_theme = if theme == Theme::Light { egui::Theme::Light } else { egui::Theme::Dark };
    let mut harness = builder(PROJECTOR)
        .wgpu()
        .with_theme(render_theme)
        .build_eframe(|context| App::new(&context.egui_ctx, launch, false).unwrap());
    until_done(&mut harness);
    until(&mut harness, "the heat map", |harness| says(harness, MAP));
    if theme == Theme::Light {
        harness.hover_at(harness.get_by_label_contains(MAP).rect().center());
        frames(&mut harness, 2);
        let (unit, delta) = (egui::MouseWheelUnit::Point, egui::vec2(0.0, 150.0));
        let (phase, modifiers, source) = (egui::TouchPhase::Move, egui::Modifiers::NONE, egui::MouseWheelSource::Wheel);
        harness.event(egui::Event::MouseWheel { unit, delta, phase, modifiers, source });
        frames(&mut harness, 40);
        assert!(is_painted(&harness, words::tracks::WHOLE_RUN), "the axis is magnified");
        harness.remove_cursor();
    }
    frames(&mut harness, 5);
    let place = harness.get_by_label_contains(MAP).rect().shrink(1.0);
    let picture = harness.render().unwrap();
    // The playhead and the pointer's lines are drawn over the map, at the same position in both.
    let [x, y, width, height] =
        [place.left(), place.top(), place.width(), place.height()].map(|side| side.round().max(0.0) as i32);
    let [x, y, width, height] = [x, y, width, height].map(|side| u32::try_from(side).unwrap());
    image::imageops::crop_imm(&picture, x, y, width, height).to_image()
}

#[test]
fn shader_and_processor_show_the_same_pixels() {
    let change = Action::SetHeatMap;
    let cases = [
        ("gaussian-64", Theme::Dark, vec![]),
        (
            "gaussian-64",
            Theme::Light,
            vec![
                Action::SetColourMap(ColourMap::Turbo),
                change(HeatMapChange::Scale(FrequencyScale::Linear)),
                Action::SetAxis(AxisReading::LogSnr),
            ],
        ),
        (
            "emoji-exact-64",
            Theme::Dark,
            vec![
                Action::SetColourMap(ColourMap::Difference),
                change(HeatMapChange::Quantity(SpectrumQuantity::State)),
                change(HeatMapChange::Normalisation(Normalisation::Step)),
                change(HeatMapChange::Range(Some((-31.5, -7.0)))),
                Action::SetAxis(AxisReading::Timestep),
            ],
        ),
    ];
    for (model, theme, actions) in cases {
        let [shader, processor] = [false, true].map(|without| plot(model, actions.clone(), theme, without));
        assert_eq!(shader.dimensions(), processor.dimensions());
        assert!(shader.width() > 400 && shader.height() > 60, "{:?}", shader.dimensions());
        let colours: std::collections::HashSet<_> = shader.pixels().map(|pixel| pixel.0).collect();
        assert!(colours.len() > 30, "{} colours make no heat map", colours.len());
        let apart = shader.as_raw().iter().zip(processor.as_raw()).map(|(a, b)| a.abs_diff(*b));
        let worst = apart.clone().max().unwrap();
        assert!(
            worst <= 1,
            "{model}, {actions:?}: {worst} levels apart at {} values",
            apart.filter(|d| *d > 1).count()
        );
    }
}

#[test]
fn quantity_colours_and_range_are_chosen_and_undone() {
    let mut harness = opened_at_spectra();
    harness.get_by_label_contains(words::tracks::SPECTRA_OF).click();
    frames(&mut harness, 3);
    harness.get_all_by_label("xₜ").last().unwrap().click();
    frames(&mut harness, 3);
    until(&mut harness, "the spectra of x_t", |harness| says(harness, "PSD of xₜ over step and frequency"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    frames(&mut harness, 3);
    until(&mut harness, "those of before", |harness| says(harness, "PSD of ΔE[x₀|xₜ] over step"));

    // An end of the colours moved by keys, typed, dragged, and fitted to the data again.
    assert!(is_painted(&harness, words::tracks::RANGE_AUTO));
    let handle = &format!("{} {}", words::tracks::HIGHEST, words::tracks::COLOUR_RANGE);
    harness.get_by_label(handle).focus();
    frames(&mut harness, 2);
    press(&mut harness, egui::Key::ArrowUp);
    assert!(is_painted(&harness, words::tracks::RANGE_CHOSEN));
    click(&mut harness, words::tracks::LOWEST);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.event(egui::Event::Text("-42".into()));
    frames(&mut harness, 1);
    press(&mut harness, egui::Key::Enter);
    assert!(says(&harness, "−42 to "), "{:?}", painted(&harness));
    let from = harness.get_by_label(handle).rect().center();
    harness.drag_at(from);
    frames(&mut harness, 1);
    for step in 1_u8..6 {
        harness.hover_at(from + egui::vec2(0.0, 4.0 * f32::from(step)));
        frames(&mut harness, 1);
    }
    harness.drop_at(from + egui::vec2(0.0, 20.0));
    frames(&mut harness, 3);
    let said: Vec<String> =
        harness.query_all_by_label_contains(MAP).filter_map(|node| node.accesskit_node().label()).collect();
    assert!(said.iter().any(|label| label.contains("−42 to ")), "{said:?}");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    frames(&mut harness, 3);
    let undone: Vec<String> =
        harness.query_all_by_label_contains(MAP).filter_map(|node| node.accesskit_node().label()).collect();
    assert_ne!(said, undone, "a drag is one change");
}

#[test]
fn the_value_under_the_pointer_is_read() {
    let mut harness = opened_at_spectra();
    let place = harness.get_by_label_contains(MAP).rect();
    harness.hover_at(place.center());
    frames(&mut harness, 3);
    assert!(
        painted(&harness).iter().any(|text| text.contains("step 3→4") && text.contains(" px") && text.ends_with(" dB"))
    );
    harness.hover_at(place.right_center() - egui::vec2(4.0, 0.0));
    frames(&mut harness, 3);
    assert!(is_painted(&harness, words::tracks::AFTER_THE_LAST), "the empty end is explained");
}

#[test]
fn measured_samples_theory_and_their_difference_are_sources() {
    let actions = vec![Action::SetHeatMap(HeatMapChange::Source(SpectrumSource::AgainstTheory))];
    let mut harness = open_with(launched("gaussian-64", actions), PROJECTOR);
    until_done(&mut harness);
    assert!(is_painted(&harness, words::tracks::NOTHING_MEASURED));
    click(&mut harness, words::panes::SAMPLES);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.event(egui::Event::Text("4".into()));
    frames(&mut harness, 1);
    press(&mut harness, egui::Key::Enter);
    click(&mut harness, words::panes::MEASURE);
    until(&mut harness, "all samples", |harness| painted(harness).iter().any(|text| text == "4 samples"));
    until(&mut harness, "the difference", |harness| {
        says(harness, &format!("{} over step and frequency, −", words::tracks::RELATIVE_TO_THEORY))
    });
    for (source, words) in [
        (SpectrumSource::Samples, "PSD of ΔE[x₀|xₜ], 4 samples over step"),
        (SpectrumSource::Theory, "PSD of ΔE[x₀|xₜ], theory over step"),
    ] {
        harness.get_by_label_contains(words::tracks::SPECTRA_FROM).click();
        frames(&mut harness, 3);
        harness.get_all_by_label(source.name()).last().unwrap().click();
        frames(&mut harness, 3);
        assert!(says(&harness, words), "{source:?}");
    }
    harness.get_by_label_contains(words::tracks::SPECTRA_FROM).click();
    frames(&mut harness, 3);
    harness.get_all_by_label(SpectrumSource::AgainstCompared.name()).last().unwrap().click();
    frames(&mut harness, 3);
    assert!(is_painted(&harness, words::tracks::NOTHING_COMPARED));
    click(&mut harness, words::panes::PIN_SAMPLES);
    assert!(says(&harness, &format!("{} over step and frequency", words::tracks::RELATIVE_TO_PINNED)));
}

#[test]
fn it_is_saved_below_the_film_strip() {
    let mut harness = opened_at_spectra();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    click(&mut harness, &words::menu_of(Track::SpectrumOfChange.name()));
    harness.get_by_label_contains(words::tracks::SAVE_WITH_FILM).click();
    frames(&mut harness, 3);
    harness.get_by_label(svg()).click();
    frames(&mut harness, 3);
    save_as(&mut harness, &path);
    until(&mut harness, "the file", |harness| is_painted(harness, words::frame::SAVED_AS));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.matches("<image").count() >= 5, "a film strip and a heat map");
    assert!(text.contains("dB"));
}
