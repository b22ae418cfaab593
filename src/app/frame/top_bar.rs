//! The top bar: model, settings and run.

mod about;
mod menu;
mod model;
mod picture;
mod plan;

pub use model::source_name;

use crate::app::draw::forms::FormState;
use crate::app::draw::icons::Icon;
use crate::app::draw::prompt::PromptsState;
use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::draw::widgets::{Chip, icon_button};
use crate::app::intent::Intent;
use crate::app::words;
use crate::model::package::bundled;
use crate::runtime::{Activity, CheckingReport, Wake};
use crate::session::document::{Document, Layout};
use crate::session::history::History;
use crate::session::preferences::Preferences;
use crate::session::prepare::ModelInfo;
use crate::session::setting::Setting;
use about::model_ui;
use egui::scroll_area::ScrollBarVisibility;
use egui::{Align, Button, Rect, RichText, Role, ScrollArea, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use menu::main_menu_ui;
use model::model_chip;
use picture::{batch_ui, noise_ui};
use plan::plan_ui;

/// From this width on fields also show their names, points.
const ROOMY: f32 = 1500.0;
/// From this width on all fields are in one line.
const ONE_LINE: f32 = 1212.0;
/// Width of the first of two lines without its right end, points.
const FIRST_LINE: f32 = 644.0;
/// Height of a line, and width of its right end with the provider and the menu.
const LINE: f32 = 28.0;
const RIGHT: f32 = BADGE + 6.0 + LINE;
const BADGE: f32 = 84.0;

/// The top bar's own state.
pub struct TopBarState {
    /// The bundled models.
    bundled: Vec<String>,
    /// A path being typed.
    path: String,
    /// The form for the model's settings.
    said_of_model: FormState,
    /// The prompt's menu.
    prompts: PromptsState,
    /// Whether it was open in the last frame.
    prompts_open: bool,
}

impl TopBarState {
    /// `wake` is called when there is something new to draw.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self {
            bundled: bundled().into_iter().map(|(name, _)| name).collect(),
            path: String::new(),
            said_of_model: FormState::default(),
            prompts: PromptsState::new(wake),
            prompts_open: false,
        }
    }
}

/// What the top bar shows.
pub struct TopBar<'a> {
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// Notes and warnings.
    pub notes: &'a [String],
    /// The document.
    pub document: &'a Document,
    /// Its history.
    pub history: &'a History,
    /// Recent models and the theme.
    pub preferences: &'a Preferences,
    /// The names of settings that differ from the run on screen.
    pub pending: &'a [&'static str],
    /// The step at the playhead, of all.
    pub at: (usize, usize),
    /// The activity of the inference thread.
    pub activity: Activity,
    /// The check of the model's words.
    pub check: Option<CheckingReport>,
}

/// Draws the top bar. The positions of its parts depend only on the width of the window, and on whether the model takes
/// words, which have all the space that there is.
pub fn top_bar_ui(ui: &mut Ui, bar: &TopBar, state: &mut TopBarState, intents: &mut Vec<Intent>) {
    let width = ui.available_width();
    let few = bar.document.view.layout == Layout::Present;
    let roomy = width >= ROOMY;
    let look = FieldLook {
        roomy,
        pending: bar.pending,
        widths: Widths::of((width, few), bar.model.is_some_and(|model| model.pipeline.is_some())),
    };
    let one_line = few || width >= ONE_LINE;
    let height = if one_line { LINE } else { 2.0 * LINE + 6.0 };
    let whole = ui.allocate_exact_size(vec2(width, height), egui::Sense::hover()).0;
    let line = Rect::from_min_size(whole.min, vec2(width, LINE));
    let (left, right) = line.split_left_right_at_x((line.right() - RIGHT).max(line.left()));
    line_ui(ui, left, "first line", |ui| {
        mark_ui(ui);
        if roomy {
            ui.label(RichText::new("Chromascope").font(theme::strong(BODY + 1.0)));
        }
        ui.add_space(6.0);
        model_chip(ui, bar, state, &look, intents);
        if one_line && !few {
            plan_ui(ui, bar, &look, intents);
        }
        noise_ui(ui, bar, state, &look, intents);
        if one_line && !few {
            batch_ui(ui, bar, &look, intents);
        }
        ui.add_space(6.0);
        run_ui(ui, bar, bar.pending, intents);
    });
    // These stay visible in a window that is too narrow for the rest.
    ui.scope_builder(UiBuilder::new().max_rect(right).layout(egui::Layout::right_to_left(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        main_menu_ui(ui, bar, intents);
        model_ui(ui, bar, &mut state.said_of_model, intents);
    });
    if !one_line {
        let second = Rect::from_min_max(pos2(whole.left() + 26.0, line.bottom() + 6.0), whole.max);
        line_ui(ui, second, "second line", |ui| {
            plan_ui(ui, bar, &look, intents);
            batch_ui(ui, bar, &look, intents);
        });
    }
}

/// A line of fields; it scrolls if they do not fit.
fn line_ui(ui: &mut Ui, rect: Rect, name: &str, contents: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        let area = ScrollArea::horizontal().id_salt(name).scroll_bar_visibility(ScrollBarVisibility::AlwaysHidden);
        area.auto_shrink(false).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                contents(ui);
            });
        });
    });
}

/// The width of each field, points.
struct Widths {
    model: f32,
    sampler: f32,
    spacing: f32,
    steps: f32,
    seed: f32,
    class: f32,
    batch: f32,
}

impl Widths {
    /// For a window of this width, with few fields or all: in one line they share the surplus. `takes_words`: a prompt
    /// stands in the place of the class.
    fn of((width, few): (f32, bool), takes_words: bool) -> Self {
        let names = if width >= ROOMY { 1.0 } else { 0.0 };
        let spare = if width >= ROOMY { width - ROOMY } else { width - ONE_LINE };
        let part = (spare / 170.0).clamp(0.0, 1.0);
        let words = match () {
            () if !takes_words => 0.0,
            () if few || width < ONE_LINE => (width - RIGHT - FIRST_LINE).clamp(0.0, 420.0),
            () => (spare - 170.0).clamp(0.0, 360.0),
        };
        Self {
            model: 124.0 + 42.0 * names + 60.0 * part,
            sampler: 146.0 + 54.0 * names + 20.0 * part,
            spacing: 104.0 + 52.0 * names + 30.0 * part,
            steps: 98.0,
            seed: 94.0,
            class: 140.0 + 38.0 * names + 60.0 * part + words,
            batch: 76.0,
        }
    }
}

/// The program's logo: its levels, from coarse to fine.
fn mark_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), egui::Sense::hover());
    for (column, m) in [4_u8, 2, 1, 0].into_iter().enumerate() {
        let fill = theme::level_colour(usize::from(m), Palette::of(ui).ground());
        let left = rect.left() + 3.5 * column as f32;
        let bar = egui::Rect::from_min_max(
            egui::pos2(left, rect.top() + 2.0 * f32::from(m)),
            egui::pos2(left + 2.5, rect.bottom()),
        );
        ui.painter().rect_filled(bar, 1.0, fill);
    }
}

/// How the settings are shown.
struct FieldLook<'a> {
    /// Whether names are shown.
    roomy: bool,
    /// The names of settings that differ from the run on screen.
    pending: &'a [&'static str],
    widths: Widths,
}

impl FieldLook<'_> {
    fn chip<'b>(&self, (name, width): (&'b str, f32), shown: &'b str, tip: &'b str, changed: bool) -> Chip<'b> {
        Chip { name, with_name: self.roomy, shown, tip, changed, width }
    }

    fn changed(&self, setting: Setting) -> bool {
        self.pending.contains(&setting.change())
    }
}

fn run_ui(ui: &mut Ui, bar: &TopBar, pending: &[&str], intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let (text, tip, intent) = match bar.activity {
        _ if !pending.is_empty() => {
            (words::frame::RUN, format!("Run with the new settings: {} (R)", pending.join(", ")), Intent::Run)
        }
        Activity::Running | Activity::Opening => {
            (words::frame::PAUSE, "Pause after this step (P)".to_owned(), Intent::Pause)
        }
        Activity::Paused => (words::frame::RESUME, "Continue to the end (P)".to_owned(), Intent::Resume),
        Activity::Idle => (words::frame::RUN, "Start a run (R)".to_owned(), Intent::Run),
    };
    let shown = RichText::new(text).font(theme::strong(BODY)).color(palette.on_accent);
    let primary = ui.add_sized(vec2(80.0, LINE), Button::new(shown).fill(palette.accent));
    let name = if pending.is_empty() { text.to_owned() } else { words::frame::run_with_new(&pending.join(", ")) };
    primary.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if primary.on_hover_text(tip).clicked() {
        intents.push(intent);
    }
    if icon_button(ui, Icon::StepOn, words::frame::STEP, "Make one step, then pause (S)", false).clicked() {
        intents.push(Intent::Step);
    }
    ui.add_enabled_ui(bar.activity != Activity::Idle, |ui| {
        if icon_button(ui, Icon::Stop, words::frame::STOP, "Stop now. Finished steps stay", false).clicked() {
            intents.push(Intent::Stop);
        }
    });
    if icon_button(ui, Icon::Restart, words::frame::RESTART, "Start the same run again (R)", false).clicked() {
        intents.push(Intent::Run);
    }
}
