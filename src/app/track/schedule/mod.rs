//! The schedule track: the noise level over time, with points to drag.

pub mod editor;
pub mod list_steps;
mod warnings;

use crate::app::draw::transform::Transform;
use crate::app::track::TrackView;
use crate::app::track::figures::{FigureKey, KeptFigure, legend_of, names_ui, plot_ui};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::draw::Content;
use crate::figure::{
    Dash, Figure, Line, NEXT, Paint, Reading, Role, ScheduleFigure, TimeView, level_value, pooled_level, schedule,
    value_range,
};
use crate::schedule::explain::MadeOf;
use crate::session::action::Action;
use crate::session::document::{LevelReading, Track};
use crate::theory::{NoiseLevel, adjustment};
use editor::{ScheduleEditor, editor_ui};
use egui::Ui;
use warnings::{warnings_at, warnings_ui};

/// The track's own state.
#[derive(Default)]
pub(super) struct ScheduleTrack {
    figure: KeptFigure<LevelKey>,
}

/// The inputs of its figure besides the axis: the unit, and the vertical range while that is fixed.
type LevelKey = (LevelReading, Option<(f64, f64)>);

impl TrackView for ScheduleTrack {
    fn key(&self) -> Track {
        Track::Schedule
    }

    fn about(&self) -> &'static str {
        "λ = ln(ᾱ/(1−ᾱ)) over time for this run, and for the model's default timesteps (dashed)"
    }

    /// The unit and its name.
    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        let tip = "Unit of the schedule: λ = ln(ᾱ/(1−ᾱ)), ᾱ, σ = √((1−ᾱ)/ᾱ), or the signal-to-noise ratio";
        let choices = (context.view().level_reading, &LevelReading::ALL[..]);
        let of = |choice: LevelReading| (choice.name(), Action::SetLevelReading(choice));
        head.choice_ui(ui, 28.0, ("Schedule unit", tip), choices, of, out);
        let Some(planned) = context.shown() else { return };
        let next = context.ghost().map(|next| format!("{}: {}", words::tracks::NEXT, next.source.label()));
        let rounded = planned.rounded.then(|| "timesteps rounded".to_owned());
        let notes = [Some(planned.source.label()), next, rounded];
        for (line, text) in (0_u8..).zip(notes.iter().flatten()) {
            head.note(ui, 62.0 + 16.0 * f32::from(line), text);
        }
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(scale) = place.scale(context) else { return };
        let key = FigureKey::new(context, place, (context.view().level_reading, out.hand.range));
        let figure = self.figure.get(key, |key| drawn(key.axis.time(scale.axis()), context, key.own));
        let Some(figure) = figure else { return };
        let name = self.key().name();
        let plot = plot_ui(ui, &figure, place, name, context, out);
        let legend = legend_of(place);
        let Some(planned) = context.next() else {
            names_ui(ui, (legend, &figure), place, name, context, out);
            return;
        };
        let map = Transform::of(plot, &figure);
        let (view, made_of) = (context.view(), MadeOf::latents_if(context.next_latent_pixels().is_some()));
        let editor = ScheduleEditor { plot, figure: &figure, planned, scale, map, view, made_of };
        editor_ui(ui, &editor, out.hand, out.intents);
        // One row is reserved for the next run.
        let rows = figure.lines.len() + usize::from(figure.lines.iter().all(|line| line.name != NEXT));
        let (names, rest) = legend.split_top_bottom_at_y(warnings_at(legend, rows, planned.warnings.len()));
        names_ui(ui, (names, &figure), place, name, context, out);
        warnings_ui(ui, rest, context.ghost().or(context.shown()).unwrap_or(planned));
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.figure.values_at(point.x)
    }

    fn content(&self) -> Option<Content> {
        self.figure.content()
    }
}

/// The schedule of the run on screen, with the curve that it follows, the adjusted times of its states, and that of the next run.
fn drawn(time: TimeView, context: &ViewContext, (reading, held): LevelKey) -> Option<Figure> {
    let (planned, next) = (context.shown(), context.ghost());
    let model = planned.map(|planned| &planned.model).or_else(|| context.run.map(|run| &run.model))?;
    let range = held.or_else(|| {
        let (low, high) = value_range(reading, model, time.axis);
        let (next_low, next_high) = value_range(reading, model, &next?.axis);
        Some((low.min(next_low), high.max(next_high)))
    });
    let mut figure = schedule(ScheduleFigure {
        time,
        model,
        reading,
        range,
        overlays: planned.map_or(&[], |planned| &planned.overlays),
        warnings: planned.map_or(&[], |planned| &planned.warnings),
    });
    let (low, high) = figure.y_axis.range;
    let value = |level| level_value(reading, level).clamp(low, high);
    let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
    let over = |level_at: &dyn Fn(f64) -> NoiseLevel| -> Vec<[f64; 2]> {
        time.samples().into_iter().map(|x| [x, value(level_at(run_time(x)))]).collect()
    };
    if let Some(curve) = planned.and_then(|planned| planned.curve.as_ref()) {
        let points = over(&|s| curve.level_at(s));
        let paint = Paint::Role(Role::Secondary);
        figure.lines.push(Line { name: "curve".into(), points, paint, dash: Dash::Solid, weight: 0.5 });
    }
    if let Some(upsample) = context.shown_settings().upsample {
        let acting = |level: NoiseLevel| {
            let acts = upsample.weight_at(level, model) != 0.0;
            acts.then(|| adjustment::adjusted_level(level, upsample.factor, 1))
        };
        figure.lines.push(pooled_level(time, "τ, pooled", &acting, &value));
    }
    if let Some(next) = next {
        let points = over(&|s| next.level_at_run_time(s));
        let paint = Paint::Role(Role::Warning);
        figure.lines.push(Line { name: NEXT.into(), points, paint, dash: Dash::Dashed, weight: 0.75 });
    }
    Some(figure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::planned::Planner;
    use crate::schedule::PlanSource;
    use crate::session::RunSettings;
    use crate::session::document::{Document, SavedSchedule};
    use crate::session::prepare::Model;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::sync::Arc;

    /// Distinguished by colour and by dash: the run, the saved schedule, the best fit so far, the next
    /// run, and the model's own.
    #[test]
    fn schedules_of_one_figure_differ_in_colour_and_dash() {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { steps: 12, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let info = Arc::clone(Model::open(&run, None, &|_, _| true).unwrap().info());
        let kept: PlanSource = "karras".parse().unwrap();
        let (name, steps) = ("kept".to_owned(), 9);
        let document = Document {
            run: run.clone(),
            schedules: vec![SavedSchedule { name: name.clone(), source: kept, steps }],
            overlay: Some(name),
            ..Document::default()
        };
        let mut planner = Planner::default();
        let best = ("best so far".to_owned(), "exponential".parse().unwrap());
        planner.update(&document, Some(&info), Some((&run, Some(&info))), Some(best));
        let shown = planner.shown().unwrap();
        let figure = schedule(ScheduleFigure {
            time: TimeView::whole(&shown.axis, Reading::Step),
            model: &shown.model,
            reading: document.view.level_reading,
            range: None,
            overlays: &shown.overlays,
            warnings: &[],
        });
        let line =
            |name: &str| figure.lines.iter().find(|line| line.name == name).unwrap_or_else(|| panic!("no {name}"));
        let compared = ["run", "kept", "best so far"].map(line);
        for (index, one) in compared.iter().enumerate() {
            for other in &compared[index + 1..] {
                assert_ne!(one.paint, other.paint, "{} and {}", one.name, other.name);
                assert_ne!(one.dash, other.dash, "{} and {}", one.name, other.name);
            }
        }
        let model = line("model");
        assert!(compared.iter().all(|line| line.paint != model.paint && line.dash != model.dash));
    }
}
