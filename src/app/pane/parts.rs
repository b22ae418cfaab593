//! The Parts pane: the parts of the estimate at the playhead, side by side.

use crate::app::draw::notes::words_ui;
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane::picture::{
    GAP, HEAD, look_ui, menu_ui, only_ui, picture_ui, pixels_of, range_in_words, seen_head_ui,
};
use crate::app::pane_id::PaneId;
use crate::app::run_view::Picture;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::denoiser::PartName;
use crate::figure::{Reading, ticks};
use crate::runtime::Wake;
use crate::session::ClassWords;
use crate::session::RunSettings;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::levels::LevelSet;
use crate::session::view_space::ViewSpace;
use crate::theory::adjustment;
use egui::{Align2, Color32, FontId, Rect, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, vec2};
use egui_tiles::UiResponse;

/// Follows the name of a class or prompt for its estimate minus that of the null one.
const LESS_NONE: &str = " − null";
/// Height of the part below an image, points.
const BELOW: f32 = 18.0;

/// One of the images.
struct PartPicture {
    picture: Picture,
    name: String,
    note: &'static str,
    about: &'static str,
    /// The line below the image.
    below: Option<String>,
}

const ABOUT: About = About {
    id: PaneId::new("parts"),
    name: "Parts",
    about: "The parts of the estimate at the playhead: one image per class, per stage of a cascade or per size",
    scrolls: false,
    places: &[(Layout::Guidance, PanePlace::Behind)],
    dropped: None,
};

/// The parts of an estimate.
pub struct PartsPane;

impl Pane for PartsPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(_: &Wake) -> Self {
        Self
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let space = pane_space(ui, 10.0);
        // Parts are not decoded, and pictures in one row are compared.
        let decoded = context.run.is_some_and(|run| run.space() == Some(ViewSpace::Decoded));
        let context = &ViewContext { like: decoded.then_some(ViewSpace::Colour), ..*context };
        let shown = match parts_of(context) {
            Ok(shown) => shown,
            Err(words) => {
                let wide = vec2(space.width().min(436.0), space.height());
                words_ui(ui, Rect::from_center_size(space.center(), wide), &words);
                return UiResponse::None;
            }
        };
        let pixels = pixels_of(context);
        let below = if shown.iter().any(|shown| shown.below.is_some()) { BELOW } else { 0.0 };
        let (columns, rows) = arranged(space.size(), shown.len(), pixels.1 as f32 / pixels.0 as f32, below);
        let room = vec2(
            (space.width() - GAP * (columns - 1) as f32) / columns as f32,
            (space.height() - 8.0 * (rows - 1) as f32) / rows as f32 - HEAD - below,
        );
        let framing = out.lens.framing(
            room.max(Vec2::splat(16.0)),
            pixels,
            context.view().true_pixels.then(|| ui.pixels_per_point()),
        );
        let column = framing.size.x.max(150.0_f32.min(room.x));
        for (index, shown) in shown.iter().enumerate() {
            let (x, y) = ((index % columns) as f32, (index / columns) as f32);
            let corner = space.min + vec2(x * (column + GAP), y * (framing.size.y + HEAD + below + 8.0));
            let rect = Rect::from_min_size(corner + vec2(0.0, HEAD), framing.size);
            let response = ui.interact(rect, ui.scope_id().with(("part", index)), Sense::click_and_drag());
            let pointed = look_ui(ui, context, shown.picture, &response, (rect, framing), out.lens);
            let range = picture_ui(ui, context, shown.picture, (rect, framing), (pointed, None), out.textures);
            menu_ui(context, &response, shown.picture, (rect, framing), out);
            let seen = context.seen(shown.picture);
            let word = seen.space().map_or(0.0, |space| width(ui, space.name(), theme::body(SMALL)) + 18.0);
            let name = elided(ui, &shown.name, column - word);
            let place = Rect::from_min_size(corner, vec2(column, HEAD));
            // Names may be alike once they are shortened.
            let head = ui.new_child(UiBuilder::new().id_salt(index).max_rect(place));
            let _ = seen_head_ui(&head, place, (&name, shown.note, seen), range.map(range_in_words), shown.about);
            if let Some(below) = &shown.below {
                let font = theme::mono(SMALL - 1.0);
                let color = Palette::of(ui).secondary;
                ui.painter().text(rect.left_bottom() + vec2(0.0, 4.0), Align2::LEFT_TOP, below, font, color);
            }
            response.widget_info(|| {
                let rest = shown.below.as_deref().unwrap_or(shown.note);
                WidgetInfo::labeled(Role::Image, true, format!("{}, {rest}", words::panes::part(&shown.name)))
            });
            if let Some(alone) = context.levels.alone()
                && only_ui(ui, rect, &alone, &shown.name)
            {
                out.intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
            }
        }
        UiResponse::None
    }

    fn failure<'a>(&'a self, textures: &'a Textures) -> Option<&'a str> {
        textures.failure()
    }
}

fn width(ui: &Ui, text: &str, font: FontId) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// A name cut to a width; the mark of a difference is kept.
fn elided(ui: &Ui, name: &str, width: f32) -> String {
    let fits = |text: &str| self::width(ui, text, theme::strong(BODY)) <= width;
    if fits(name) {
        return name.to_owned();
    }
    let (class, rest) = name.strip_suffix(LESS_NONE).map_or((name, ""), |class| (class, LESS_NONE));
    let ends = class.char_indices().map(|(end, _)| end).rev();
    ends.map(|end| format!("{}…{rest}", class[..end].trim_end())).find(|text| fits(text)).unwrap_or_default()
}

/// The columns and rows that make the images largest, with this much below each.
fn arranged(space: Vec2, count: usize, aspect: f32, below: f32) -> (usize, usize) {
    let side = |columns: usize| {
        let rows = count.div_ceil(columns);
        let width = (space.x - GAP * (columns - 1) as f32) / columns as f32;
        let height = (space.y - 8.0 * (rows - 1) as f32) / rows as f32 - HEAD - below;
        (width.min(height / aspect), rows)
    };
    // Among equal sizes the fewest columns, which makes the rows about equally long.
    let best = (1..=count.max(1)).rev().max_by(|a, b| side(*a).0.total_cmp(&side(*b).0)).unwrap_or(1);
    (best, side(best).1)
}

/// The parts at the playhead, or why there are none.
fn parts_of(context: &ViewContext) -> Result<Vec<PartPicture>, String> {
    let (Some(run), Some(at)) = (context.run, context.at) else { return Err(context.empty.to_owned()) };
    let Some(step) = run.whole_step(at.step) else {
        return Err("Only a thumbnail of this step is in memory, without its parts".to_owned());
    };
    let settings = &run.started.settings;
    let (class_words, factor) = (context.class_words(), context.stage_factor());
    let names = || step.parts.iter().map(|part| part.name);
    match names().collect::<Vec<_>>()[..] {
        [] => return Err(in_one_piece(settings).to_owned()),
        [PartName::Class(label)] => {
            return Err(words::panes::class_alone(&class_words.name(label)));
        }
        [PartName::Unconditional] => {
            let s = run.axis.value_at(at.step as f64, Reading::RunTime);
            return Err(asked_for_none(&class_words, settings.guidance.as_ref().map_or(1.0, |scale| scale.at(s))));
        }
        _ => {}
    }
    let stages = names().filter(|name| matches!(name, PartName::Stage(_))).count();
    let adjusted = |factor: usize, times: usize| {
        let level = adjustment::adjusted_level(step.level, factor, u32::try_from(times).unwrap_or(0));
        Some(format!("σ {:.3}, t {:.0}", level.sigma(), run.model.timestep_of(level)))
    };
    let mut found: Vec<PartPicture> = Vec::new();
    for name in names() {
        let (picture, below) = (Picture::Part(name), None);
        let (name, note, about, below) = match name {
            PartName::Unconditional => {
                let about = if class_words.are_prompts() {
                    "E[x₀|xₜ] for the null prompt"
                } else {
                    "E[x₀|xₜ] for the null class"
                };
                (class_words.null().to_owned(), "", about, below)
            }
            PartName::Class(label) => {
                let about = if class_words.are_prompts() {
                    "E[x₀|xₜ] for this prompt, without guidance"
                } else {
                    "E[x₀|xₜ] for this class, without guidance"
                };
                (class_words.name(label), "", about, below)
            }
            PartName::Stage(stage) => {
                let about = "This stage's contribution to E[x₀|xₜ]. Below: its noise level and time. The \
                             contributions sum to the estimate";
                let note = if stage == 0 { "coarsest" } else { "detail" };
                (format!("stage {}", stage + 1), note, about, adjusted(factor, stages - 1 - stage))
            }
            PartName::AtFullSize => {
                let about = "The network's estimate for the full-size image";
                ("full size".to_owned(), "", about, adjusted(1, 0))
            }
            PartName::Pooled => {
                let about = "The network's estimate for the pooled image at its adjusted time, enlarged";
                (
                    "pooled".to_owned(),
                    "at τ",
                    about,
                    adjusted(settings.upsample.map_or(1, |upsample| upsample.factor), 1),
                )
            }
        };
        found.push(PartPicture { picture, name, note, about, below });
    }
    found.push(combined(settings, stages > 0));
    let labels = names().filter_map(|name| match name {
        PartName::Class(label) => Some(label),
        _ => None,
    });
    if names().any(|name| name == PartName::Unconditional) {
        found.extend(differences(&labels.collect::<Vec<_>>(), &class_words));
    }
    Ok(found)
}

/// The whole estimate, shown beside its parts.
fn combined(settings: &RunSettings, has_stages: bool) -> PartPicture {
    let name = match settings {
        settings if settings.upsample.is_some() => "upsampled",
        settings if settings.guidance.is_some() || settings.by_level.is_some() => "guided",
        _ if has_stages => "cascade",
        _ => "whole",
    };
    PartPicture {
        picture: Picture::Expectation,
        name: name.to_owned(),
        note: "E[x₀|xₜ]",
        about: "The combined E[x₀|xₜ], which the run continues with",
        below: None,
    }
}

/// Each class's or prompt's estimate minus that of the null one.
fn differences<'a>(labels: &'a [i64], words: &'a ClassWords) -> impl Iterator<Item = PartPicture> + 'a {
    labels.iter().map(move |&label| PartPicture {
        picture: Picture::ClassDifference(label),
        name: match labels {
            [_] => "difference".to_owned(),
            _ => format!("{}{LESS_NONE}", words.name(label)),
        },
        note: if words.are_prompts() { "prompt − null" } else { "class − null" },
        about: if words.are_prompts() {
            "Estimate for the prompt minus that for the null prompt. Blue is below zero, orange above"
        } else {
            "Estimate for the class minus that for the null class. Blue is below zero, orange above"
        },
        below: None,
    })
}

/// Why a step with this guidance scale did not request the null class.
fn asked_for_none(words: &ClassWords, w: f64) -> String {
    let (what, null) = (words.what(), words.null_in_full());
    if w == 0.0 {
        return format!("This step used only {null}, because w = 0");
    }
    format!("This step used only {null}, because no {what} is chosen, so w = {} has no effect", ticks::number(w, 2))
}

/// Why a step has no parts.
const fn in_one_piece(settings: &RunSettings) -> &'static str {
    if settings.upsample.is_some() {
        return words::panes::NOT_POOLED_HERE;
    }
    words::panes::ONE_PART
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::settings::ModelSource;

    #[test]
    fn why_no_class_was_asked_for_goes_with_the_scale_that_is_shown() {
        let settings = RunSettings::new(ModelSource::Model("gaussian-64".into()));
        let words = ClassWords::of(&settings, Some(&[]));
        let asked_for_none = |w| asked_for_none(&words, w);
        assert!(asked_for_none(0.0).contains("only the null class, because w = 0"));
        for w in [1.0, 3.5] {
            let told = asked_for_none(w);
            assert!(told.contains(&format!("w = {w:.2}")) && !told.contains("w = 0"), "{told}");
        }
    }

    #[test]
    fn images_are_as_large_as_they_can_be() {
        let columns = |space, count| arranged(space, count, 1.0, 0.0).0;
        assert_eq!([columns(vec2(640.0, 190.0), 4), columns(vec2(640.0, 400.0), 4)], [4, 2]);
        assert_eq!(arranged(vec2(640.0, 400.0), 4, 1.0, 0.0).1, 2);
        let (columns, rows) = arranged(vec2(620.0, 220.0), 8, 1.0, 0.0);
        assert!(columns * rows >= 8 && (columns - 1) * rows < 8, "{columns} by {rows}");
    }
}
