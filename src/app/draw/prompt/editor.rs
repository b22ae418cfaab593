//! Prompt and negative prompt, or a prompt per level, with their tokens.

use super::chips::{Chips, tokens_ui};
use super::field::PromptField;
use super::tokens::TokenDesk;
use crate::app::draw::number::{Limits, number};
use crate::app::draw::setting::field;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::{named, text_toggle};
use crate::app::intent::Intent;
use crate::app::words;
use crate::denoiser::guided::LevelMode;
use crate::figure::palette::level_label;
use crate::model::pipeline::EncoderPart;
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::prepare::PipelineInfo;
use crate::session::setting::{PromptsByLevel, Setting};
use crate::session::settings::RunSettings;
use crate::theory::default_levels;
use crate::words::voice::Voice;
use egui::{Button, DragValue, Label, RichText, Sense, Ui, vec2};

/// Most levels that can have a prompt of their own here.
const MOST: usize = 8;

/// The editor's own state.
pub struct PromptsState {
    desk: TokenDesk,
    /// The number of the encoder whose tokens are shown, from 0.
    encoder: usize,
    /// The level whose tokens are shown: the one that was typed last.
    level: usize,
    /// Whether the first field takes the keyboard in the next frame.
    pub takes_keyboard: bool,
}

impl PromptsState {
    /// `wake` is called when tokens are found.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self { desk: TokenDesk::new(wake), encoder: 0, level: 0, takes_keyboard: false }
    }
}

/// What the editor reads.
#[derive(Clone, Copy)]
pub struct PromptsView<'a> {
    /// The settings of the next run.
    pub run: &'a RunSettings,
    /// The open pipeline.
    pub pipeline: &'a PipelineInfo,
    /// Height and width of its images, pixels.
    pub size: Option<(usize, usize)>,
    /// The step at the playhead, of all; a prompt that changes over the run is shown as it is there.
    pub at: (usize, usize),
    /// Distinguishes the names of this editor from those of another, "top bar"; the main one has none.
    pub place: &'a str,
}

impl PromptsView<'_> {
    fn encoder(&self, state: &PromptsState) -> Option<&EncoderPart> {
        let encoders = &self.pipeline.package.encoders;
        encoders.get(state.encoder).or(encoders.first())
    }

    /// How many levels the latents have.
    fn levels(&self, factor: usize) -> usize {
        let pixels = self.pipeline.latents().pixels_per_latent.max(1);
        let (height, width) = self.size.unwrap_or((512, 512));
        default_levels(factor, height / pixels, width / pixels).clamp(1, MOST)
    }
}

/// Draws the editor.
pub fn prompts_ui(ui: &mut Ui, view: PromptsView, state: &mut PromptsState, intents: &mut Vec<Intent>) {
    kind_ui(ui, view, intents);
    if let Some(levels) = &view.run.prompts_by_level {
        by_level_ui(ui, view, levels, state, intents);
    } else {
        let text = view.run.prompt.as_deref().unwrap_or_default();
        let name = words::panes::PROMPT_FIELD;
        let field = PromptField { name, place: view.place, hint: words::frame::PROMPT_HINT, text, rows: (2, 6) };
        let response = field.show(ui, |text| Action::SetPrompt(Some(text)), intents);
        if std::mem::take(&mut state.takes_keyboard) {
            response.request_focus();
        }
        shown_ui(ui, view, (name, text), state, Chips::Shown);
    }
    ui.add_space(4.0);
    ui.label(small(ui, words::panes::NEGATIVE_PROMPT)).on_hover_text(Setting::Negative.help(Voice::Window));
    let text = view.run.negative.as_deref().unwrap_or_default();
    let name = words::panes::NEGATIVE_FIELD;
    let hint = if view.pipeline.takes_scale { words::frame::NO_NEGATIVE_HINT } else { words::frame::NEGATIVE_HINT };
    let field = PromptField { name, place: view.place, hint, text, rows: (1, 4) };
    field.show(ui, |text| Action::SetNegative(Some(text)), intents);
    if !text.is_empty() {
        shown_ui(ui, view, (name, text), state, Chips::Shown);
    }
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        clip_skip_ui(ui, view.run, intents);
        encoder_ui(ui, view, state);
    });
    ui.add(Label::new(small(ui, words::frame::ABOUT_BRACKETS)).wrap());
}

fn small(ui: &Ui, text: &str) -> RichText {
    RichText::new(text).font(theme::body(SMALL)).color(Palette::of(ui).secondary)
}

/// One prompt, or a prompt per level.
fn kind_ui(ui: &mut Ui, view: PromptsView, intents: &mut Vec<Intent>) {
    let by_level = view.run.prompts_by_level.as_ref();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(words::frame::PROMPT).font(theme::strong(BODY)));
        let tip = "One prompt for the whole run";
        if ui.selectable_label(by_level.is_none(), words::panes::ONE_PROMPT).on_hover_text(tip).clicked()
            && let Some(levels) = by_level
        {
            intents.extend(alone(Action::SetPrompt(levels.prompts.last().cloned())));
        }
        let tip = "A prompt per resolution level. Coarse levels are decided early, fine ones late";
        if ui.selectable_label(by_level.is_some(), words::frame::BY_LEVEL).on_hover_text(tip).clicked()
            && by_level.is_none()
        {
            let prompt = view.run.prompt.clone().unwrap_or_default();
            intents.extend(alone(Action::SetPromptsByLevel(Some(PromptsByLevel::new(vec![prompt; 2])))));
        }
    });
}

/// A change that is undone by itself.
fn alone(action: Action) -> [Intent; 3] {
    [Intent::EndGesture, Intent::Change(action), Intent::EndGesture]
}

fn by_level_ui(
    ui: &mut Ui,
    view: PromptsView,
    levels: &PromptsByLevel,
    state: &mut PromptsState,
    intents: &mut Vec<Intent>,
) {
    let mut to = levels.clone();
    ui.horizontal_wrapped(|ui| {
        for mode in LevelMode::ALL {
            if ui.selectable_label(levels.mode == mode, mode.name()).on_hover_text(about(mode)).clicked() {
                to.mode = mode;
            }
        }
    });
    let last = levels.prompts.len() - 1;
    state.level = state.level.min(last);
    for (m, text) in levels.prompts.iter().enumerate() {
        level_ui(ui, view, (levels, m, text), state, intents);
    }
    ui.horizontal_wrapped(|ui| {
        let tip = "Give the next coarser level its own prompt";
        if levels.prompts.len() < view.levels(levels.factor) && small_button(ui, words::panes::ADD_LEVEL, tip) {
            to.prompts.push(levels.prompts[last].clone());
        }
        let tip = "Use the prompt of the finer level for this one too";
        if last > 0 && small_button(ui, words::panes::REMOVE_LEVEL, tip) {
            to.prompts.pop();
        }
    });
    if to != *levels {
        intents.extend(alone(Action::SetPromptsByLevel(Some(to))));
    }
    let pixels = view.pipeline.latents().pixels_per_latent;
    ui.add(Label::new(small(ui, &words::panes::levels_of_latents(pixels))).wrap());
}

/// The prompt of one level, beside its colour.
fn level_ui(
    ui: &mut Ui,
    view: PromptsView,
    (levels, m, text): (&PromptsByLevel, usize, &str),
    state: &mut PromptsState,
    intents: &mut Vec<Intent>,
) {
    let palette = Palette::of(ui);
    let level = level_label(levels.factor, m);
    let is_last = m + 1 == levels.prompts.len();
    let shown = if is_last { format!("{level} and coarser") } else { level.clone() };
    ui.add_space(2.0);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 16.0;
        ui.horizontal(|ui| {
            let (swatch, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            ui.painter().rect_filled(swatch, 2.0, theme::level_colour(m, palette.ground()));
            ui.label(RichText::new(shown).font(theme::body(SMALL)).color(palette.text));
        });
    });
    let name = words::panes::prompt_of(&level);
    let field = PromptField { name: &name, place: view.place, hint: words::frame::PROMPT_HINT, text, rows: (1, 4) };
    let change = |text: String| {
        let mut to = levels.clone();
        to.prompts[m] = text;
        Action::SetPromptsByLevel(Some(to))
    };
    if field.show(ui, change, intents).has_focus() {
        state.level = m;
    }
    let chips = if state.level == m { Chips::Shown } else { Chips::Counted };
    shown_ui(ui, view, (&name, text), state, chips);
}

/// The tokens of a text.
fn shown_ui(ui: &mut Ui, view: PromptsView, (name, text): (&str, &str), state: &mut PromptsState, chips: Chips) {
    let Some(encoder) = view.encoder(state) else { return };
    let made = state.desk.tokens(name, (view.pipeline.package.family, encoder), text, view.at);
    tokens_ui(ui, made, (name, chips));
}

const fn about(mode: LevelMode) -> &'static str {
    match mode {
        LevelMode::Blend => "Weight each prompt by the share rₘ of its levels: ε_∅ + w·Σ rₘ(ε_cₘ − ε_∅)",
        LevelMode::Switch => "Use the prompt of the dominant level only",
        LevelMode::Band => "Use each prompt in its own levels throughout the run: ε_∅ + w·Σ Bₘ(ε_cₘ − ε_∅)",
    }
}

fn small_button(ui: &mut Ui, text: &str, tip: &str) -> bool {
    let button = Button::new(RichText::new(text).font(theme::body(SMALL))).min_size(vec2(0.0, 24.0));
    ui.add(button).on_hover_text(tip).clicked()
}

/// The layers of CLIP that are left out.
fn clip_skip_ui(ui: &mut Ui, run: &RunSettings, intents: &mut Vec<Intent>) {
    let tip = Setting::ClipSkip.help(Voice::Window);
    let before = run.clip_skip.unwrap_or(0);
    let mut value = before;
    ui.label(small(ui, words::panes::CLIP_SKIP)).on_hover_text(&tip);
    let response = number(ui, DragValue::new(&mut value).speed(0.05), Limits::of(Setting::ClipSkip));
    named(ui, &response, words::panes::CLIP_SKIP);
    field(&response, intents);
    response.on_hover_text(tip);
    if value != before {
        intents.push(Intent::Change(Action::set(Setting::ClipSkip, Some(value))));
    }
    let reset = ui.add_enabled(run.clip_skip.is_some(), Button::new(RichText::new("reset").font(theme::body(SMALL))));
    if reset.on_hover_text("Encode as the model was trained").clicked() {
        intents.push(Intent::Change(Action::set(Setting::ClipSkip, None::<usize>)));
    }
}

/// Which of several encoders' tokens are shown.
fn encoder_ui(ui: &mut Ui, view: PromptsView, state: &mut PromptsState) {
    let encoders = &view.pipeline.package.encoders;
    if encoders.len() < 2 {
        return;
    }
    ui.label(small(ui, "tokens of encoder"));
    for (index, encoder) in encoders.iter().enumerate() {
        let number = encoder.number.to_string();
        let tip = format!("Show how text encoder {number} reads the prompt");
        let on = state.encoder == index;
        if text_toggle(ui, &number, &words::panes::tokens_of_encoder(encoder.number), &tip, on).clicked() {
            state.encoder = index;
        }
    }
}
