//! All presets, with a preview before you apply one.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::plot::draw_line;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::named;
use crate::app::intent::Intent;
use crate::app::pane::lab::{LabPane, alone, heading, secondary, small_button_if};
use crate::app::planned::Planned;
use crate::app::words;
use crate::figure::{Dash, TimeAxis, value_range};
use crate::schedule::PlanSource;
use crate::schedule::presets::{groups, parameters, with_parameter};
use crate::session::action::Action;
use crate::session::document::LevelReading;
use crate::theory::NoiseLevel;
use egui::{Align2, ComboBox, Rect, RichText, Role, Sense, Slider, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Rows for parameters: enough for every preset.
const ROWS: usize = 4;

pub(super) fn presets_ui(ui: &mut Ui, planned: &Planned, state: &mut LabPane, intents: &mut Vec<Intent>) {
    heading(ui, "Presets");
    let chosen = state.preview.as_ref().map_or_else(|| "choose one to preview".to_owned(), PlanSource::label);
    let most = (ui.ctx().content_rect().height() - 120.0).clamp(160.0, 720.0);
    let combo = ComboBox::from_id_salt("preset").width(ui.available_width() - 8.0).height(most);
    let response = combo.selected_text(chosen).show_ui(ui, |ui| {
        for group in groups() {
            ui.label(secondary(ui, group.name));
            for (name, source) in group.presets {
                if ui.selectable_label(false, name).clicked() {
                    state.preview = Some(source);
                }
            }
        }
    });
    named(ui, &response.response, words::panes::PRESET);
    // Of the previewed preset, else of the run's schedule.
    let (subject, looked_at) = match &state.preview {
        Some(preview) => (preview.clone(), true),
        None => (planned.source.clone(), false),
    };
    let mut changed = subject.clone();
    let mut ended = false;
    let all = parameters(&subject);
    let free = ROWS.saturating_sub(all.len());
    for parameter in all {
        let mut value = parameter.value;
        let (low, high) = parameter.range;
        ui.horizontal(|ui| {
            let response = if parameter.name == "zero_snr" {
                let mut on = value != 0.0;
                let response = ui.checkbox(&mut on, parameter.label);
                value = f64::from(u8::from(on));
                response
            } else {
                let slider = Slider::new(&mut value, low..=high)
                    .logarithmic(parameter.logarithmic)
                    .clamping(egui::SliderClamping::Never)
                    .max_decimals(6);
                ui.spacing_mut().slider_width = 110.0;
                let response = number::slider(ui, slider, Limits::none());
                ui.label(RichText::new(parameter.label).font(theme::body(SMALL)));
                response
            };
            named(ui, &response, parameter.label);
            if response.double_clicked() {
                value = usual_value(&subject, parameter.name).unwrap_or(value);
            }
            ended |= response.drag_stopped() || response.lost_focus();
        });
        if value != parameter.value {
            changed = with_parameter(&changed, parameter.name, value);
        }
    }
    // The contents below do not move when another is chosen.
    if free > 0 {
        rest_ui(ui, free, planned, looked_at);
    }
    if changed != subject {
        if looked_at {
            state.preview = Some(changed);
        } else {
            intents.push(Intent::Change(Action::SetSchedule(Some(Box::new(changed)))));
        }
    }
    if ended {
        intents.push(Intent::EndGesture);
    }
    ui.horizontal(|ui| {
        let preview = state.preview.clone();
        if small_button_if(ui, looked_at, words::panes::APPLY, "Run with this schedule") {
            intents.extend(preview.as_ref().map(take).into_iter().flat_map(alone));
            state.preview = None;
        }
        if small_button_if(ui, looked_at, words::panes::DISCARD, "Discard the preview and keep the current schedule") {
            state.preview = None;
        }
    });
}

/// Fills the rows without parameters.
fn rest_ui(ui: &mut Ui, free: usize, planned: &Planned, looked_at: bool) {
    let (height, gap) = (ui.spacing().interact_size.y, ui.spacing().item_spacing.y);
    let size = vec2(ui.available_width(), free as f32 * (height + gap) - gap);
    let (mut place, _) = ui.allocate_exact_size(size, Sense::hover());
    if free == ROWS {
        let words = if looked_at { words::panes::PRESET_ALONE } else { words::panes::NO_PRESET };
        let at = place.left_top() + vec2(0.0, 0.5 * height);
        ui.painter().text(at, Align2::LEFT_CENTER, words, theme::body(SMALL), Palette::of(ui).secondary);
        place.min.y += height;
    }
    curves_ui(ui, place, planned, looked_at);
}

/// λ over the run: of the present schedule, and dotted of the previewed preset.
fn curves_ui(ui: &Ui, place: Rect, planned: &Planned, looked_at: bool) {
    const POINTS: u32 = 96;
    let tried = planned.overlays.iter().find(|overlay| overlay.tried).filter(|_| looked_at);
    let ends = |axis: &TimeAxis| value_range(LevelReading::LogSnr, &planned.model, axis);
    let (low, high) = tried.map_or_else(
        || ends(&planned.axis),
        |tried| {
            let (one, other) = (ends(&planned.axis), ends(&tried.axis));
            (one.0.min(other.0), one.1.max(other.1))
        },
    );
    let palette = Palette::of(ui);
    let plot = place.shrink2(vec2(0.0, 3.0));
    let draw = |level: &dyn Fn(f64) -> NoiseLevel, stroke: Stroke, dash: Dash| {
        let points = (0..=POINTS).map(|index| f64::from(index) / f64::from(POINTS)).map(|along| {
            let up = (level(1.0 - along).log_snr().clamp(low, high) - low) / (high - low);
            pos2(plot.left() + plot.width() * along as f32, plot.bottom() - plot.height() * up as f32)
        });
        draw_line(ui.painter(), &points.collect::<Vec<_>>(), stroke, dash);
    };
    ui.painter().hline(plot.x_range(), place.bottom(), Stroke::new(1.0, palette.hairline));
    let own = if looked_at { palette.secondary } else { palette.text };
    draw(&|s| planned.level_at_run_time(s), Stroke::new(1.5, own), Dash::Solid);
    if let Some(tried) = tried {
        draw(&|s| tried.axis.level_at_run_time(s), Stroke::new(2.0, palette.good), Dash::Dotted);
    }
    let response = ui.interact(place, ui.scope_id().with("preset curve"), Sense::hover());
    let words = if tried.is_some() {
        "λ over the run, noise on the left: the current schedule, and this preset dotted"
    } else {
        "λ over the run, noise on the left, of the current schedule"
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    response.on_hover_text(words);
}

/// A family without parameters is set as a spacing; anything else is a schedule.
fn take(source: &PlanSource) -> Intent {
    let name = source.label();
    Intent::Change(if name.parse().as_ref() == Ok(source) {
        Action::SetSpacing(Some(name))
    } else {
        Action::SetSchedule(Some(Box::new(source.clone())))
    })
}

/// The initial value of a preset with this name.
fn usual_value(source: &PlanSource, name: &str) -> Option<f64> {
    let label = source.label();
    let presets = groups().into_iter().flat_map(|group| group.presets);
    let same = presets.map(|(_, preset)| preset).find(|preset| preset.label() == label)?;
    parameters(&same).into_iter().find(|parameter| parameter.name == name).map(|parameter| parameter.value)
}
