//! What the estimate at the playhead is made of, side by side.

use super::stage::{GAP, HEAD, Lens, Stage, look_around, only_ui, picture_ui, range_in_words};
use super::widgets::Head;
use crate::app::intent::Intent;
use crate::app::run_view::Picture;
use crate::app::textures::Textures;
use crate::app::theme::{self, Palette, SMALL};
use crate::denoiser::PartName;
use crate::session::action::Action;
use crate::session::levels::LevelSet;
use crate::theory::adjustment;
use egui::{Rect, Role, Sense, Ui, Vec2, WidgetInfo, vec2};
use egui_tiles::UiResponse;

/// One of the images.
struct Shown {
    picture: Picture,
    name: String,
    note: String,
    about: &'static str,
}

/// Draws the pane in the space there is.
pub fn parts_ui(
    ui: &mut Ui,
    stage: &Stage,
    class_names: &[String],
    lens: &mut Lens,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) -> UiResponse {
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    let space = whole.shrink2(vec2(16.0, 10.0));
    let shown = match shown(stage, class_names) {
        Ok(shown) => shown,
        Err(words) => {
            let color = Palette::of(ui).secondary;
            let galley = ui.painter().layout(words.to_owned(), theme::body(SMALL), color, space.width().min(420.0));
            ui.painter().galley(space.center() - 0.5 * galley.size(), galley, color);
            return UiResponse::None;
        }
    };
    let pixels = stage.run.map_or((1, 1), |run| (run.started.shape[3], run.started.shape[2]));
    let (columns, rows) = arranged(space.size(), shown.len(), pixels.1 as f32 / pixels.0 as f32);
    let room = vec2(
        (space.width() - GAP * (columns - 1) as f32) / columns as f32,
        (space.height() - 8.0 * (rows - 1) as f32) / rows as f32 - HEAD,
    );
    let framing = lens.framing(room.max(Vec2::splat(16.0)), pixels, stage.true_pixels.then(|| ui.pixels_per_point()));
    let column = framing.size.x.max(150.0_f32.min(room.x));
    for (index, shown) in shown.iter().enumerate() {
        let (x, y) = ((index % columns) as f32, (index / columns) as f32);
        let corner = space.min + vec2(x * (column + GAP), y * (framing.size.y + HEAD + 8.0));
        let rect = Rect::from_min_size(corner + vec2(0.0, HEAD), framing.size);
        let response = ui.interact(rect, ui.scope_id().with(("part", index)), Sense::click_and_drag());
        look_around(ui, &response, rect, framing, lens);
        let range = picture_ui(ui, stage, shown.picture, rect, framing, None, textures);
        let head = Head { name: &shown.name, note: &shown.note, value: range.map(range_in_words), about: shown.about };
        let _ = head.show(ui, Rect::from_min_size(corner, vec2(column, HEAD)));
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Part {}, {}", shown.name, shown.note)));
        if let Some(alone) = stage.levels.alone()
            && only_ui(ui, rect, &alone, &shown.name)
        {
            intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
        }
    }
    UiResponse::None
}

/// Columns and rows that make the images largest.
fn arranged(space: Vec2, count: usize, aspect: f32) -> (usize, usize) {
    let side = |columns: usize| {
        let rows = count.div_ceil(columns);
        let width = (space.x - GAP * (columns - 1) as f32) / columns as f32;
        let height = (space.y - 8.0 * (rows - 1) as f32) / rows as f32 - HEAD;
        (width.min(height / aspect), rows)
    };
    let best = (1..=count.max(1)).max_by(|a, b| side(*a).0.total_cmp(&side(*b).0)).unwrap_or(1);
    (best, side(best).1)
}

/// What there is at the playhead, or words on why there is nothing.
fn shown<'a>(stage: &Stage<'a>, class_names: &[String]) -> Result<Vec<Shown>, &'a str> {
    let (Some(run), Some(at)) = (stage.run, stage.at) else { return Err(stage.empty) };
    let Some(step) = run.whole_step(at.step) else {
        return Err("Of this step only a thumbnail is kept, without its parts");
    };
    let class = |label: i64| {
        let name = usize::try_from(label).ok().and_then(|label| class_names.get(label).cloned());
        name.unwrap_or_else(|| format!("class {label}"))
    };
    let stages = step.parts.iter().filter(|part| matches!(part.name, PartName::Stage(_))).count();
    let has = |name: PartName| step.parts.iter().any(|part| part.name == name);
    let mut found: Vec<Shown> = Vec::new();
    for part in &step.parts {
        let (name, note, about) = match part.name {
            PartName::Unconditional => ("no class".to_owned(), "ε_∅".to_owned(), "E[x₀|xₜ] without a class"),
            PartName::Class(label) => (class(label), "ε_c".to_owned(), "E[x₀|xₜ] of this class, as it was learnt"),
            PartName::Stage(stage) => {
                let below = stages - 1 - stage;
                let level = adjustment::adjusted_level(step.level, 2, u32::try_from(below).unwrap_or(0));
                let t = run.model.timestep_of(level);
                let note = format!("σ {:.3}, t {t:.0}", level.sigma());
                let about = "What this stage contributes to E[x₀|xₜ], with the noise level and time that it works at; the \
                             contributions sum to the whole";
                (if stage == 0 { "coarsest stage".to_owned() } else { format!("stage {}", stage + 1) }, note, about)
            }
            PartName::AtFullSize => {
                ("full size".to_owned(), "ε_θ".to_owned(), "What the network says of the image as it is")
            }
            PartName::Pooled => (
                "pooled".to_owned(),
                "at τ".to_owned(),
                "What the network says of the pooled image at its adjusted time, enlarged again",
            ),
        };
        found.push(Shown { picture: Picture::Part(part.name), name, note, about });
    }
    if found.is_empty() {
        return Err(
            "This run's estimate is made in one piece. Set a guidance scale or classes by resolution in the panel, a \
                    size beyond the trained one, or open a cascade, to see what it is then made of",
        );
    }
    let whole = match &run.started.settings {
        settings if settings.upsample.is_some() => "upsampled",
        settings if settings.guidance.is_some() || settings.by_level.is_some() => "guided",
        _ if stages > 0 => "cascade",
        _ => "whole",
    };
    let about = "E[x₀|xₜ], what the run goes on with";
    found.push(Shown { picture: Picture::Expectation, name: whole.to_owned(), note: "E[x₀|xₜ]".to_owned(), about });
    let first_class = step.parts.iter().find_map(|part| match part.name {
        PartName::Class(label) => Some(label),
        _ => None,
    });
    if let Some(label) = first_class.filter(|_| has(PartName::Unconditional)) {
        let about =
            "The class's estimate less that without a class: blue below zero, orange above, dark where they agree";
        let name = "difference".to_owned();
        found.push(Shown { picture: Picture::ClassDifference(label), name, note: "class − none".to_owned(), about });
    }
    Ok(found)
}
