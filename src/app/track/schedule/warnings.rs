//! The warnings of a schedule, beside it.

use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::elided;
use crate::app::planned::Planned;
use crate::schedule::PlanWarning;
use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// Height of a warning's line, and least height of a curve's row in the legend, points.
const WARNING: f32 = 16.0;
const LEAST_ROW: f32 = 15.0;

/// The boundary between the legend and the warnings: each warning has a line if each curve has a row, too.
pub(super) fn warnings_at(legend: Rect, lines: usize, warnings: usize) -> f32 {
    let names = 18.0 * lines as f32;
    let wanted = if warnings > 0 { WARNING * warnings.min(2) as f32 + 4.0 } else { 0.0 };
    let least = (LEAST_ROW * lines as f32).min(legend.height() - WARNING - 4.0).max(WARNING);
    legend.top() + names.min((legend.height() - wanted).max(least)).min(legend.height())
}

/// The warnings in a few words each; the tooltip has the full text with what to do.
pub(super) fn warnings_ui(ui: &Ui, rect: Rect, planned: &Planned) {
    let palette = Palette::of(ui);
    let steps = planned.plan.steps();
    let mut top = rect.top() + 4.0;
    let sentence = |warning: &PlanWarning| format!("{warning}: {}", warning.advice());
    for (index, warning) in planned.warnings.iter().enumerate() {
        let line = Rect::from_x_y_ranges(rect.x_range(), top..=(top + WARNING));
        let left = planned.warnings.len() - index;
        if line.bottom() > rect.bottom() + 1.0 {
            break;
        }
        // The last line represents those that do not fit.
        let is_last = left > 1 && line.bottom() + WARNING > rect.bottom() + 1.0;
        let mark = Rect::from_center_size(line.left_center() + vec2(6.0, 0.0), vec2(11.0, 11.0));
        draw_icon(ui, mark, Icon::Warning, palette.warning);
        let of = warning.steps(steps);
        let which = match of.as_slice() {
            [only] => format!("{only}: "),
            [first, .., last] => format!("{first}–{last}: "),
            [] => String::new(),
        };
        let (text, sentence) = if is_last {
            let all: Vec<String> = planned.warnings[index..].iter().map(sentence).collect();
            (format!("… {left} warnings"), all.join("\n\n"))
        } else {
            (format!("{which}{}", warning.short()), sentence(warning))
        };
        let galley = elided(ui, &text, theme::body(SMALL - 1.0), palette.warning, line.width() - 16.0);
        let at = pos2(line.left() + 16.0, line.center().y - 0.5 * galley.size().y);
        ui.painter().galley(at, galley, palette.warning);
        let response = ui.interact(line, ui.scope_id().with(("warning", index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Warning: {sentence}")));
        response.on_hover_text(sentence);
        if is_last {
            break;
        }
        top += WARNING;
    }
}
