//! Runs and model, at the top.

use crate::app::draw::icons::Icon;
use crate::app::draw::number::{self, Limits};
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::{Chip, icon_button, menu_chip, named, number_chip};
use crate::app::frame::forms::{FormState, class_number_ui, said_of_model_ui};
use crate::app::frame::messages::sentence;
use crate::app::intent::{Ask, Intent};
use crate::model::package::bundled;
use crate::runtime::Activity;
use crate::schedule::PlanSource;
use crate::session::SamplerKind;
use crate::session::action::{Action, takes_eta};
use crate::session::document::{Document, Layout};
use crate::session::history::History;
use crate::session::preferences::{Preferences, Theme};
use crate::session::prepare::{ModelInfo, default_spacing};
use crate::session::settings::{ModelSource, RunSettings};
use crate::theory::{Parameterization, Prediction};
use crate::words::count;
use egui::scroll_area::ScrollBarVisibility;
use egui::{
    Align, Button, DragValue, Popup, Rect, RichText, Role, ScrollArea, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

/// Largest seed that can be typed: that of the whole numbers which a field has exactly.
const MOST_SEED: usize = (1 << 53) - 1;
/// From this width on fields show their names, too, points.
const ROOMY: f32 = 1500.0;
/// From this width on all fields stand in one line.
const ONE_LINE: f32 = 1212.0;
/// Height of a line, and width of what stands at its right end: what the model runs on, and the menu.
const LINE: f32 = 28.0;
const RIGHT: f32 = BADGE + 6.0 + LINE;
const BADGE: f32 = 84.0;

/// The top bar's own state.
pub struct TopBarState {
    /// The bundled models.
    bundled: Vec<String>,
    /// A path that is being typed.
    path: String,
    /// What is being said of the model.
    said_of_model: FormState,
}

impl Default for TopBarState {
    fn default() -> Self {
        Self {
            bundled: bundled().into_iter().map(|(name, _)| name).collect(),
            path: String::new(),
            said_of_model: FormState::default(),
        }
    }
}

/// What the top bar needs to know.
pub struct TopBar<'a> {
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// Choices made and warnings.
    pub notes: &'a [String],
    /// What the user decides.
    pub document: &'a Document,
    /// Its past.
    pub history: &'a History,
    /// Recent models and colours.
    pub preferences: &'a Preferences,
    /// What is not as the run on screen has it, by name.
    pub pending: &'a [&'static str],
    /// What the inference thread does.
    pub activity: Activity,
}

/// Draws the top bar. Where everything stands depends on the window's width alone.
pub fn top_bar_ui(ui: &mut Ui, bar: &TopBar, state: &mut TopBarState, intents: &mut Vec<Intent>) {
    let width = ui.available_width();
    let few = bar.document.view.layout == Layout::Present;
    let roomy = width >= ROOMY;
    let look = Look { roomy, pending: bar.pending, widths: Widths::of(width) };
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
        noise_ui(ui, bar, &look, intents);
        if one_line && !few {
            batch_ui(ui, bar, &look, intents);
        }
        ui.add_space(6.0);
        run_ui(ui, bar, bar.pending, intents);
    });
    // In a window that is too narrow for the rest these are still there.
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

/// A line of fields; where there are more than it has room for it scrolls.
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

/// How wide each field is, points.
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
    /// Of a window so wide: in one line the fields take more of it as there is more.
    fn of(width: f32) -> Self {
        let names = if width >= ROOMY { 1.0 } else { 0.0 };
        let spare = if width >= ROOMY { width - ROOMY } else { width - ONE_LINE };
        let part = (spare / 170.0).clamp(0.0, 1.0);
        Self {
            model: 124.0 + 42.0 * names + 60.0 * part,
            sampler: 146.0 + 54.0 * names + 20.0 * part,
            spacing: 104.0 + 52.0 * names + 30.0 * part,
            steps: 98.0,
            seed: 94.0,
            class: 140.0 + 38.0 * names + 60.0 * part,
            batch: 76.0,
        }
    }
}

/// The program's mark: its levels, from coarse to fine.
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
struct Look<'a> {
    /// With their names.
    roomy: bool,
    /// Which are not those of the run on screen.
    pending: &'a [&'static str],
    widths: Widths,
}

impl Look<'_> {
    fn chip<'b>(&self, (name, width): (&'b str, f32), shown: &'b str, tip: &'b str, changed: bool) -> Chip<'b> {
        Chip { name, with_name: self.roomy, shown, tip, changed, width }
    }

    fn changed(&self, name: &str) -> bool {
        self.pending.contains(&name)
    }
}

/// Sampler, spacing and steps: which noise levels are visited, and how.
fn plan_ui(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    sampler_chip(ui, run, look, intents);
    spacing_chip(ui, bar, look, intents);
    let mut steps = run.steps;
    let drag = (DragValue::new(&mut steps).speed(0.2), Limits::whole(1, 1000));
    let tip = "Sampling steps; drag, or click and type";
    let chip = (("Steps", look.widths.steps), run.steps.to_string(), tip);
    field(&number_chip(ui, chip, look.changed("steps"), drag), intents);
    if steps != run.steps {
        intents.push(Intent::Change(Action::SetSteps(steps)));
    }
}

/// Seed and class: which image it becomes.
fn noise_ui(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let mut seed = run.seed;
    let tip = "Seed of all noise; drag, or click and type";
    let drag = (DragValue::new(&mut seed).speed(1.0), Limits::whole(0, MOST_SEED));
    let chip = (("Seed", look.widths.seed), run.seed.to_string(), tip);
    field(&number_chip(ui, chip, look.changed("seed"), drag), intents);
    if seed != run.seed {
        intents.push(Intent::Change(Action::SetSeed(seed)));
    }
    if icon_button(ui, Icon::Dice, "New seed", "Another seed, and a run with it", false).clicked() {
        // A step of a linear congruential generator: any number that looks unlike the last one.
        let next = run.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 44;
        intents.push(Intent::ChangeAndRun(vec![Action::SetSeed(next)]));
    }
    class_chip(ui, bar, look, intents);
}

fn batch_ui(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let mut batch = run.batch;
    let drag = (DragValue::new(&mut batch).speed(0.1), Limits::whole(1, 64));
    let tip = "Images made at once; each is the same as it would be alone";
    let chip = (("Batch", look.widths.batch), run.batch.to_string(), tip);
    field(&number_chip(ui, chip, look.changed("batch"), drag), intents);
    if batch != run.batch {
        intents.push(Intent::Change(Action::SetBatch(batch)));
    }
}

/// Ends the gesture when a drag of a number ends or it is left.
fn field(response: &egui::Response, intents: &mut Vec<Intent>) {
    if response.drag_stopped() || response.lost_focus() {
        intents.push(Intent::EndGesture);
    }
}

/// A source as people call it.
#[must_use]
pub fn source_name(source: &ModelSource) -> String {
    match source {
        ModelSource::Model(name) => {
            let path = std::path::Path::new(name);
            path.file_stem().map_or_else(|| name.clone(), |stem| stem.to_string_lossy().into())
        }
        ModelSource::Images(folder) => {
            let name = folder.file_name().map_or_else(|| "folder".into(), |name| name.to_string_lossy());
            format!("images in {name}")
        }
    }
}

fn model_chip(ui: &mut Ui, bar: &TopBar, state: &mut TopBarState, look: &Look, intents: &mut Vec<Intent>) {
    let current = &bar.document.run.source;
    let shown = source_name(current);
    let tip = "The model. Drop an .onnx file, a model's folder or a folder of images onto the window to open your own";
    menu_chip(ui, look.chip(("Model", look.widths.model), &shown, tip, look.changed("model")), |ui| {
        ui.set_min_width(320.0);
        let small = |text: &str| RichText::new(text).font(theme::body(SMALL)).color(Palette::of(ui).secondary);
        let titles = [small("Bundled"), small("Recent"), small("Your own")];
        let [bundled, recent, own] = titles;
        let pick = |ui: &mut Ui, source: ModelSource, tip: Option<String>, intents: &mut Vec<Intent>| {
            let mut response = ui.selectable_label(source == *current, source_name(&source));
            if let Some(tip) = tip {
                response = response.on_hover_text(tip);
            }
            if response.clicked() {
                intents.push(Intent::ChangeAndRun(vec![Action::SetModel(source)]));
                ui.close();
            }
        };
        ui.label(bundled);
        for name in &state.bundled {
            pick(ui, ModelSource::Model(name.clone()), None, intents);
        }
        let is_bundled =
            |source: &ModelSource| matches!(source, ModelSource::Model(name) if state.bundled.contains(name));
        let mut others = bar.preferences.recent.iter().filter(|source| !is_bundled(source)).take(6).peekable();
        if others.peek().is_some() {
            ui.add_space(6.0);
            ui.label(recent);
        }
        for source in others {
            let path = match source {
                ModelSource::Model(path) => path.clone(),
                ModelSource::Images(folder) => folder.display().to_string(),
            };
            pick(ui, source.clone(), Some(path), intents);
        }
        ui.add_space(6.0);
        ui.label(own);
        for (text, ask) in [
            ("Open an .onnx file…", Ask::File),
            ("Open a model's folder…", Ask::Folder),
            ("Open a folder of images…", Ask::Images),
        ] {
            if ui.selectable_label(false, text).clicked() {
                intents.push(Intent::Ask(ask));
                ui.close();
            }
        }
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let edit = TextEdit::singleline(&mut state.path).hint_text("or type a path").desired_width(240.0);
            let response = ui.add(edit);
            response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Path of a model"));
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if (ui.button("Open").clicked() || entered) && !state.path.trim().is_empty() {
                intents.push(Intent::OpenPath(state.path.trim().to_owned()));
                ui.close();
            }
        });
    });
}

fn sampler_chip(ui: &mut Ui, run: &RunSettings, look: &Look, intents: &mut Vec<Intent>) {
    let changed = ["sampler", "η", "churn"].iter().any(|name| look.changed(name));
    let eta = run.eta.map_or_else(String::new, |eta| format!(" η {eta}"));
    let shown = format!("{}{eta}", run.sampler.name());
    let tip = "How the state moves along the noise levels";
    menu_chip(ui, look.chip(("Sampler", look.widths.sampler), &shown, tip, changed), |ui| {
        ui.set_min_width(200.0);
        for (kind, name) in SamplerKind::ALL {
            if ui.selectable_label(run.sampler == kind, name).clicked() {
                intents.push(Intent::Change(Action::SetSampler(kind)));
            }
        }
        ui.add_space(4.0);
        if takes_eta(run.sampler) {
            let usual = if run.sampler == SamplerKind::Ddim { 0.0 } else { 1.0 };
            let mut eta = run.eta.unwrap_or(usual);
            ui.horizontal(|ui| {
                ui.label("η").on_hover_text("Share of the noise that is drawn anew in every step");
                let slider = egui::Slider::new(&mut eta, 0.0..=1.0).max_decimals(3);
                let response = number::slider(ui, slider, Limits::within(0.0, 1.0));
                response.widget_info(|| WidgetInfo::slider(true, eta, "η"));
                if response.changed() {
                    intents.push(Intent::Change(Action::SetEta(Some(eta))));
                }
                if response.double_clicked() {
                    intents.push(Intent::Change(Action::SetEta(None)));
                }
                field(&response, intents);
            });
        }
        if run.sampler == SamplerKind::Heun {
            let mut churn = run.churn;
            ui.horizontal(|ui| {
                ui.label("churn").on_hover_text("Noise added over the whole run, S_churn of EDM");
                let amount = DragValue::new(&mut churn.amount).speed(0.5);
                let response = number::number(ui, amount, Limits::within(0.0, 1000.0));
                named(ui, &response, "churn");
                field(&response, intents);
            });
            if churn != run.churn {
                intents.push(Intent::Change(Action::SetChurn(churn)));
            }
        }
    });
}

fn spacing_chip(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let run = &bar.document.run;
    let open = bar.model.and_then(|model| {
        let (config, schedule) = (model.scheduler.as_ref()?, model.schedule.as_ref()?);
        Some(default_spacing(run.sampler, run.effective_steps(), config, schedule))
    });
    let own = open.as_ref().map(|open| open.source.label());
    let own = own.as_deref().or_else(|| bar.model.and_then(|model| model.spacing.as_deref()));
    let because = open.as_ref().and_then(|open| open.because.as_deref());
    let drawn = run.schedule.as_ref().map(|schedule| schedule.label());
    let shown = drawn.as_deref().or(run.spacing.as_deref()).or(own).unwrap_or("own");
    let tip = "Which noise levels the run visits: a spacing of the model's timesteps, or a σ family";
    let changed = look.changed("spacing") || look.changed("schedule");
    menu_chip(ui, look.chip(("Spacing", look.widths.spacing), shown, tip, changed), |ui| {
        ui.set_min_width(200.0);
        let whose = if because.is_some() { format!("suits {}", run.sampler) } else { "the model's own".to_owned() };
        let text = own.map_or_else(|| whose.clone(), |own| format!("{whose} ({own})"));
        let here = run.spacing.as_deref().filter(|_| run.schedule.is_none());
        let mut pick = |ui: &mut Ui, name: Option<&str>, text: &str| {
            let mut entry = ui.selectable_label(run.schedule.is_none() && here == name, text);
            if let Some(because) = because.filter(|_| name.is_none()) {
                entry = entry.on_hover_text(sentence(because));
            }
            if entry.clicked() {
                intents.push(Intent::Change(Action::SetSpacing(name.map(str::to_owned))));
                ui.close();
            }
        };
        pick(ui, None, &text);
        for name in PlanSource::names() {
            pick(ui, Some(name), name);
        }
        if ui.button("Schedule lab…").on_hover_text("Draw the schedule, and see what it does").clicked() {
            intents.push(Intent::Change(Action::SetLayout(Layout::ScheduleLab)));
            ui.close();
        }
    });
}

fn class_chip(ui: &mut Ui, bar: &TopBar, look: &Look, intents: &mut Vec<Intent>) {
    let Some(model) = bar.model.filter(|model| model.takes_labels) else {
        // Its place is kept, so that nothing moves when another model is opened.
        ui.add_enabled_ui(false, |ui| {
            let shown = if bar.model.is_some() { "no classes" } else { "…" };
            let tip = "This model is not told what to generate";
            menu_chip(ui, look.chip(("Class", look.widths.class), shown, tip, false), |_| {});
        });
        return;
    };
    let name = |label: i64| {
        let name = usize::try_from(label).ok().and_then(|label| model.class_names().get(label).cloned());
        name.unwrap_or_else(|| label.to_string())
    };
    let current = bar.document.run.label;
    let shown = current.or(model.null_label).map_or_else(|| "none".to_owned(), name);
    let run = &bar.document.run;
    let shown = match (&run.by_level, run.label_switch) {
        (Some(_), _) => "by resolution".to_owned(),
        (None, Some(_)) => "by time".to_owned(),
        (None, None) => shown,
    };
    let one = run.by_level.is_none() && run.label_switch.is_none();
    let tip = "What is to be generated; the layout Guidance has classes by resolution and by time";
    let changed = look.changed("class") || look.changed("classes by resolution");
    menu_chip(ui, look.chip(("Class", look.widths.class), &shown, tip, changed), |ui| {
        ui.set_min_width(180.0);
        let classes = i64::try_from(model.classes.unwrap_or(0)).unwrap_or(0);
        egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for value in 0..classes {
                let wanted = Some(value).filter(|_| Some(value) != model.null_label);
                if ui.selectable_label(one && current == wanted, name(value)).clicked() {
                    intents.push(Intent::Change(Action::SetLabel(wanted)));
                    ui.close();
                }
            }
        });
        if classes == 0 {
            ui.horizontal(|ui| {
                ui.label("class");
                if let Some(label) = class_number_ui(ui, "Number of the class", current) {
                    intents.push(Intent::Change(Action::SetLabel(Some(label))));
                }
            });
            if one && current.is_some() && ui.button("No class").clicked() {
                intents.push(Intent::Change(Action::SetLabel(None)));
            }
        }
    });
}

/// At most so many characters.
pub(in crate::app) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(std::iter::once('…')).collect()
}

fn run_ui(ui: &mut Ui, bar: &TopBar, pending: &[&str], intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let (text, tip, intent) = match bar.activity {
        _ if !pending.is_empty() => {
            ("Run", format!("A run with what was changed: {} (R)", pending.join(", ")), Intent::Run)
        }
        Activity::Running | Activity::Opening => ("Pause", "Wait after this step (P)".to_owned(), Intent::Pause),
        Activity::Paused => ("Resume", "Go on to the end (P)".to_owned(), Intent::Resume),
        Activity::Idle => ("Run", "A new run (R)".to_owned(), Intent::Run),
    };
    let shown = RichText::new(text).font(theme::strong(BODY)).color(palette.on_accent);
    let primary = ui.add_sized(vec2(80.0, LINE), Button::new(shown).fill(palette.accent));
    let name = if pending.is_empty() { text.to_owned() } else { format!("Run with changed {}", pending.join(", ")) };
    primary.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if primary.on_hover_text(tip).clicked() {
        intents.push(intent);
    }
    if icon_button(ui, Icon::StepOn, "Step", "Make one step and wait (S)", false).clicked() {
        intents.push(Intent::Step);
    }
    ui.add_enabled_ui(bar.activity != Activity::Idle, |ui| {
        if icon_button(ui, Icon::Stop, "Stop", "End the run within its step; what is done stays", false).clicked() {
            intents.push(Intent::Stop);
        }
    });
    if icon_button(ui, Icon::Restart, "Restart", "The run again from its beginning (R)", false).clicked() {
        intents.push(Intent::Run);
    }
}

/// What the model runs on, and what was understood of it.
fn model_ui(ui: &mut Ui, bar: &TopBar, said: &mut FormState, intents: &mut Vec<Intent>) {
    let Some(model) = bar.model else { return };
    let palette = Palette::of(ui);
    let color = if model.provider_reason.is_some() { palette.warning } else { palette.good };
    let badge = RichText::new(format!("● {}", model.badge())).font(theme::strong(SMALL)).color(color);
    let badge = Button::new(badge).fill(egui::Color32::TRANSPARENT).truncate();
    let button = ui.add_sized(vec2(BADGE, LINE), badge);
    button
        .widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("About the model, runs on {}", model.badge())));
    let popup = Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        about_model_ui(ui, model, bar.notes);
        ui.add_space(6.0);
        said_of_model_ui(ui, &bar.document.run, model, said, intents);
    });
    button.on_hover_text("What the model runs on; click for what was understood of it");
}

fn about_model_ui(ui: &mut Ui, model: &ModelInfo, notes: &[String]) {
    ui.set_width(420.0);
    let palette = Palette::of(ui);
    let title = model.card.as_ref().map(|card| card.title.as_str()).filter(|title| !title.is_empty());
    ui.label(RichText::new(title.unwrap_or(&model.name)).font(theme::strong(BODY + 1.0)));
    if let Some(card) = &model.card {
        ui.label(RichText::new(&card.summary).color(palette.secondary));
    }
    ui.add_space(6.0);
    egui::Grid::new("about model").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut row = |name: &str, value: &str| {
            ui.label(RichText::new(name).font(theme::body(SMALL)).color(palette.secondary));
            ui.add(egui::Label::new(RichText::new(value).font(theme::body(SMALL))).wrap().selectable(true));
            ui.end_row();
        };
        let runs_on = match (&model.onnxruntime, model.provider) {
            (Some(version), provider) => {
                format!("{provider}, ONNX Runtime {version}, {}", count(model.threads, "thread"))
            }
            (None, _) => "the program's own code, exactly".to_owned(),
        };
        row("Runs on", &runs_on);
        let size =
            model.native_size.map_or_else(|| "not said".to_owned(), |(height, width)| format!("{width}×{height}"));
        row("Images", &format!("{size}, {}, {}", count(model.channels, "channel"), model.sizes_in_words()));
        if let Some(port) = model.contract.as_ref().map(|contract| &contract.timestep) {
            row("Timestep", &format!("\"{}\", {:?}", port.name, port.element).to_lowercase());
        }
        if let Some(parameterization) = model.parameterization {
            row("Predicts", predicted(parameterization));
        }
        if let Some(spacing) = &model.spacing {
            row("Own spacing", spacing);
        }
        if model.takes_labels {
            let count = model.classes.map_or_else(|| "not said how many".into(), |classes| classes.to_string());
            let none = model.null_label.map_or_else(String::new, |label| format!(", {label} means none"));
            row("Classes", &format!("{count}{none}"));
        }
        if let Some(card) = &model.card {
            row("Licence", &card.licence);
        }
        row("SHA-256", &model.sha256[..model.sha256.len().min(16)]);
    });
    for note in model.provider_reason.iter().chain(notes) {
        ui.add_space(4.0);
        ui.label(RichText::new(note).font(theme::body(SMALL)).color(palette.warning));
    }
}

/// What a network's output is.
const fn predicted(parameterization: Parameterization) -> &'static str {
    match parameterization {
        Parameterization::Vp(Prediction::Epsilon) => "ε, the noise",
        Parameterization::Vp(Prediction::Sample) => "x₀, the image",
        Parameterization::Vp(Prediction::VPrediction) => "v = √ᾱ·ε − √(1−ᾱ)·x₀",
        Parameterization::Flow => "u = ε − x₀, the velocity of a rectified flow",
        Parameterization::Edm { .. } => "F of EDM's preconditioning",
    }
}

fn main_menu_ui(ui: &mut Ui, bar: &TopBar, intents: &mut Vec<Intent>) {
    let button = icon_button(ui, Icon::Menu, "Menu", "Layout, colours, tracks, undo, keys", false);
    let view = &bar.document.view;
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(200.0);
        ui.menu_button("Layout", |ui| {
            for layout in Layout::ALL {
                if ui.selectable_label(view.layout == layout, layout.name()).clicked() {
                    intents.push(Intent::Change(Action::SetLayout(layout)));
                }
            }
            if ui.button("Tiles as at first").clicked() {
                intents.push(Intent::ResetTiles);
            }
        });
        ui.menu_button("Colours", |ui| {
            for (theme, name) in [(Theme::Dark, "Dark"), (Theme::Light, "Light"), (Theme::System, "As the system")] {
                if ui.selectable_label(bar.preferences.theme == theme, name).clicked() {
                    intents.push(Intent::SetTheme(theme));
                }
            }
        });
        ui.menu_button("Tracks", |ui| {
            for choice in view.tracks.iter().filter(|choice| choice.track.is_in(view.layout)) {
                let mut shown = choice.shown;
                if ui.checkbox(&mut shown, choice.track.name()).changed() {
                    intents.push(Intent::Change(Action::ShowTrack(choice.track, shown)));
                }
            }
        });
        for (name, what, intent) in
            [("Undo", bar.history.undo_name(), Intent::Undo), ("Redo", bar.history.redo_name(), Intent::Redo)]
        {
            let text = what.map_or_else(|| name.to_owned(), |what| format!("{name} {what}"));
            if ui.add_enabled(what.is_some(), Button::new(text)).clicked() {
                intents.push(intent);
            }
        }
        let mut live = view.live;
        let tip = "Make the run again whenever a setting changes, and while it is dragged";
        if ui.checkbox(&mut live, "Run changes at once").on_hover_text(tip).changed() {
            intents.push(Intent::Change(Action::SetLive(live)));
        }
        if ui.button("Keys (?)").clicked() {
            intents.push(Intent::ToggleKeys);
        }
        ui.label(
            RichText::new(concat!("Chromascope ", env!("CARGO_PKG_VERSION"))).small().color(Palette::of(ui).secondary),
        );
    });
}
