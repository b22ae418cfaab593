//! The Measure pane: many samples, their agreement with theory, comparison, and files of ensembles.

mod decoding;

use self::decoding::{decoding_ui, space_ui};
use crate::app::draw::icons::Icon;
use crate::app::draw::number::{Limits, number_with};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{Head, TARGET, icon_button_small, named};
use crate::app::intent::{Ask, EnsembleUse, Intent, MeasureWish};
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::{heading, panel_ui, problem, secondary, small_button, small_button_named};
use crate::app::pane_id::PaneId;
use crate::app::track::chromatogram::disagreement_in_words;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::ensemble::{
    Agreement, Apart, DEFAULT_SAMPLES, DecodingShare, Findings, LEAST_ERRORS, MARGIN, samples_in_words,
};
use crate::runtime::{MeasuringReport, Wake};
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::prepare::PipelineInfo;
use crate::session::settings::DEFAULT_STEPS;
use crate::theory::Calibration;
use crate::words::count;
use egui::{Button, DragValue, Grid, Label, ProgressBar, RichText, Role, TextEdit, Ui, WidgetInfo, vec2};
use egui_tiles::UiResponse;
use std::path::PathBuf;

/// Most samples per request.
const MOST_SAMPLES: usize = 100_000;
/// Most disagreements in the list.
const MOST_LISTED: usize = 4;

/// The Measure pane.
pub struct MeasurePane {
    /// The number of samples.
    samples: usize,
    /// Whether decoded images of a model of latents are measured too, and what part of them.
    decodes: bool,
    share: DecodingShare,
    /// A path being typed.
    path: String,
}

const ABOUT: About = About {
    id: PaneId::new("measure"),
    name: "Measure",
    about: "Measure many samples of this run in the background: mean spectra, and how much each level gains in each \
            step, with standard errors",
    scrolls: true,
    places: &[(Layout::Spectra, PanePlace::Panel(0.25))],
    dropped: None,
};

impl Pane for MeasurePane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(_: &Wake) -> Self {
        Self {
            samples: DEFAULT_SAMPLES,
            decodes: false,
            share: DecodingShare::suiting(DEFAULT_STEPS),
            path: String::new(),
        }
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let head = Head { name: ABOUT.name, note: "many samples", value: None, about: ABOUT.about };
        let intents = &mut *out.intents;
        panel_ui(ui, &head, |ui| {
            order_ui(ui, context, self, intents);
            if context.model.and_then(|model| model.pipeline.as_ref()).is_some_and(PipelineInfo::has_decoder) {
                decoding_ui(ui, context, self);
            }
            space_ui(ui, context, intents);
            match context.desk.findings() {
                Some(findings) => {
                    of_ui(ui, findings, context);
                    theory_ui(ui, findings, context, intents);
                    compare_ui(ui, findings, context, intents);
                }
                None if context.desk.report().is_none() => {
                    let text = words::panes::WHY_MEASURE;
                    ui.add(Label::new(secondary(ui, text)).wrap());
                }
                None => {}
            }
            files_ui(ui, context, self, intents);
        })
    }
}

/// Number of samples, start, pause, cancel, and progress.
fn order_ui(ui: &mut Ui, context: &ViewContext, panel: &mut MeasurePane, intents: &mut Vec<Intent>) {
    let going = context.desk.is_going();
    let mut ask = |wish| intents.push(Intent::Measure(wish));
    let decoder = context.model.and_then(|model| model.pipeline.as_ref()).is_some_and(PipelineInfo::has_decoder);
    let share = Some(panel.share).filter(|_| panel.decodes && decoder);
    ui.horizontal(|ui| {
        let value = DragValue::new(&mut panel.samples).speed(1.0).min_size(vec2(56.0, 26.0));
        let limits = Limits::whole(1, MOST_SAMPLES);
        let response = number_with(ui, value, limits, |ui, value| ui.add_enabled(!going, value));
        named(ui, &response, words::panes::SAMPLES);
        response.on_hover_text("Number of samples. You can add more later");
        let samples = panel.samples;
        if going {
            let paused = context.desk.report().is_some_and(|report| report.paused);
            let (text, tip) =
                if paused { ("Resume", "Continue measuring") } else { ("Pause", "Pause after the current step") };
            let name = if paused { words::panes::RESUME_MEASURING } else { words::panes::PAUSE_MEASURING };
            if small_button_named(ui, (text, name), tip) {
                ask(MeasureWish::Pause(!paused));
            }
            if small_button_named(ui, ("Stop", words::panes::STOP_MEASURING), "Stop now and keep the finished samples")
            {
                ask(MeasureWish::Cancel);
            }
            return;
        }
        let palette = Palette::of(ui);
        let text = RichText::new(words::panes::MEASURE).font(theme::strong(SMALL)).color(palette.on_accent);
        let tip = "Measure this many samples with the current settings. Pauses while a run is in progress";
        if ui.add(Button::new(text).fill(palette.accent).min_size(vec2(72.0, 26.0))).on_hover_text(tip).clicked() {
            ask(MeasureWish::Begin(samples, share));
        }
        let tip = "Add this many samples of the same run";
        if context.desk.findings().is_some() && small_button(ui, words::panes::ADD_SAMPLES, tip) {
            ask(MeasureWish::Add(samples));
        }
    });
    if let Some(report) = context.desk.report() {
        progress_ui(ui, report);
        for note in &report.notes {
            ui.add(Label::new(secondary(ui, note)).wrap());
        }
    }
}

fn progress_ui(ui: &mut Ui, report: &MeasuringReport) {
    match &report.ended {
        None => {
            ui.add(ProgressBar::new(report.share).desired_height(6.0));
            let left = report.remaining.map_or_else(String::new, |seconds| format!(", {} left", in_words(seconds)));
            let doing = match report {
                MeasuringReport { paused: true, .. } => words::panes::PAUSED.to_owned(),
                MeasuringReport { waits: true, .. } => "Waiting for the run to finish".to_owned(),
                MeasuringReport { doing, .. } => format!("{doing}{left}"),
            };
            let text = format!("{} of {}. {doing}", report.samples, report.target);
            ui.add(Label::new(secondary(ui, &text)).wrap());
        }
        Some(Err(fault)) => problem(ui, &fault.sentence),
        Some(Ok(false)) => {
            let text = match report.samples {
                0 => "Stopped before the first sample was finished.".to_owned(),
                samples => words::panes::kept(&samples_in_words(samples)),
            };
            ui.label(secondary(ui, &text));
        }
        Some(Ok(true)) => {}
    }
}

/// "12 s", "3 min 20 s", "1 h 5 min".
fn in_words(seconds: f64) -> String {
    #[allow(clippy::cast_sign_loss)] // clamped
    let seconds = seconds.clamp(0.0, 1e9).round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// The measurement, and whether the settings are still the same.
fn of_ui(ui: &mut Ui, findings: &Findings, context: &ViewContext) {
    let ensemble = &findings.ensemble;
    let palette = Palette::of(ui);
    let text = RichText::new(samples_in_words(ensemble.samples())).font(theme::strong(SMALL)).color(palette.text);
    ui.horizontal_wrapped(|ui| {
        ui.label(text);
        ui.label(secondary(ui, &ensemble.run_in_words()));
    });
    if !ensemble.is_of(context.settings(), context.comes_to()) {
        let text = words::panes::SETTINGS_CHANGED;
        let color = palette.warning;
        ui.add(Label::new(RichText::new(text).font(theme::body(SMALL)).color(color)).wrap());
    }
}

/// Least width of the panel's contents for three columns, points.
const GRID: f32 = 260.0;
const MEASURE: &str = "Choose power or amplitude at the head of the chromatogram";
const RMS: &str = "Root mean square of measured minus expected rₘ, over all levels and all steps that are not \
                   excluded";

/// How well each theory agrees; a click chooses the one to draw.
fn theory_ui(ui: &mut Ui, findings: &Findings, context: &ViewContext, intents: &mut Vec<Intent>) {
    heading(ui, "Theory");
    if let Some(why) = findings.ensemble.no_change().or_else(|| findings.no_theory()) {
        ui.add(Label::new(secondary(ui, &sentence(why))).wrap());
        return;
    }
    let view = context.view();
    let measured = view.measure.into();
    let palette = Palette::of(ui);
    let agreements = Calibration::ALL
        .into_iter()
        .filter_map(|calibration| Some((calibration, &findings.comparison(calibration, measured)?.agreement)));
    let mut choose = |ui: &mut Ui, calibration: Calibration| {
        let text = RichText::new(calibration.name()).font(theme::body(SMALL));
        let response = ui.selectable_label(view.theory == calibration, text).on_hover_text(about(calibration));
        if response.clicked() {
            intents.push(Intent::Change(Action::SetTheory(calibration)));
        }
    };
    let of = format!("rₘ, {}", view.measure.name());
    let same_level = format!(
        "Steps with the same dominant level as theory, out of those where theory's two largest rₘ differ by more \
         than {MARGIN}"
    );
    if ui.available_width() < GRID {
        ui.label(secondary(ui, &of)).on_hover_text(MEASURE);
        for (calibration, agreement) in agreements {
            choose(ui, calibration);
            row_ui(ui, "RMS", &agreement.rms_in_words(3), RMS);
            row_ui(ui, "dominant level", &format!("{}/{}", agreement.agreeing, agreement.compared), &same_level);
        }
    } else {
        Grid::new("agreement").num_columns(3).spacing([14.0, 4.0]).show(ui, |ui| {
            for (text, tip) in [(&*of, MEASURE), ("RMS", RMS), ("dominant level", &same_level)] {
                ui.label(secondary(ui, text)).on_hover_text(tip);
            }
            ui.end_row();
            for (calibration, agreement) in agreements {
                choose(ui, calibration);
                for text in [agreement.rms_in_words(3), format!("{}/{}", agreement.agreeing, agreement.compared)] {
                    ui.label(RichText::new(text).font(theme::mono(SMALL)).color(palette.text));
                }
                ui.end_row();
            }
        });
    }
    let Some(comparison) = findings.comparison(view.theory, measured) else { return };
    let factor = findings.ensemble.bands().factor();
    let disagreements = &comparison.agreement.disagreements;
    for at in disagreements.iter().take(MOST_LISTED) {
        ui.add(Label::new(secondary(ui, &disagreement_in_words(at, factor))).wrap());
    }
    match disagreements.len().saturating_sub(MOST_LISTED) {
        0 => {}
        more => drop(ui.label(secondary(ui, &format!("and {}", count(more, "more step"))))),
    }
    if comparison.agreement.left_out > 0 {
        let Agreement { left_out, steps, .. } = &comparison.agreement;
        let text = format!("{left_out} of {} excluded: their gain is lost in noise", count(*steps, "step"));
        ui.add(Label::new(secondary(ui, &text)).wrap()).on_hover_text(format!(
            "Excluded: steps in which the total gain is below {LEAST_ERRORS} standard errors, so shares would be \
             ratios of noise. With more samples, fewer steps are excluded"
        ));
    }
    if let Some(rest) = findings.measured.rest(measured).first().filter(|rest| rest.is_finite()) {
        let text = format!("Coarser than all levels: {:.0} % of the first step's gain", 100.0 * rest);
        ui.add(Label::new(secondary(ui, &text)).wrap())
            .on_hover_text("The rest band, which rₘ does not include. With all levels it is the image mean");
    }
    data_ui(ui, findings, context, intents);
}

const fn about(calibration: Calibration) -> &'static str {
    match calibration {
        Calibration::ScaleInvariant => "Assumes nothing about the data: Vₘ = 1, Gₘ = n²ᵐ",
        Calibration::Calibrated => "Uses the data's variance Vₘ of every level, and Gₘ = Vₘ/Nₘ",
        Calibration::Spectral => {
            "Uses the data's power at every frequency. Exact for stationary Gaussian data on the probability-flow \
             ODE"
        }
    }
}

/// The calibration of the numbers, and that of the next measurement.
fn data_ui(ui: &mut Ui, findings: &Findings, context: &ViewContext, intents: &mut Vec<Intent>) {
    ui.horizontal_wrapped(|ui| {
        let text = words::panes::calibrated_on(&findings.calibrated_on(false));
        ui.label(secondary(ui, &text)).on_hover_text(findings.calibrated_on(true));
        if context.desk.data_comes_later() {
            let next = context.desk.data().map_or_else(|| "the final images".to_owned(), |folder| short(folder));
            ui.label(secondary(ui, &format!("({} {next})", words::panes::NEXT_TIME_ON)));
        }
        if context.desk.data().is_some() && small_button(ui, "Final images", "Calibrate theory on the final images") {
            intents.push(Intent::Measure(MeasureWish::SetData(None)));
        }
    });
}

fn short(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The pinned ensemble, and its difference from this one.
fn compare_ui(ui: &mut Ui, findings: &Findings, context: &ViewContext, intents: &mut Vec<Intent>) {
    heading(ui, "Compare");
    let Some(compared) = context.desk.compared() else {
        ui.horizontal_wrapped(|ui| {
            let tip = "Pin these samples, then change the schedule, sampler or model and measure again";
            if small_button(ui, words::panes::PIN_SAMPLES, tip) {
                intents.push(Intent::Measure(MeasureWish::Keep));
            }
        });
        return;
    };
    ui.horizontal(|ui| {
        let name = RichText::new(&compared.name).font(theme::body(SMALL));
        let room = ui.available_width() - TARGET - ui.spacing().item_spacing.x;
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(Label::new(name).truncate()).on_hover_text(compared.findings.ensemble.title());
        });
        if icon_button_small(ui, Icon::Close, words::panes::UNPIN_SAMPLES, "Remove the pinned ensemble").clicked() {
            intents.push(Intent::Measure(MeasureWish::DropCompared));
        }
    });
    if let Some(note) = findings.other_than(&compared.findings) {
        ui.add(Label::new(RichText::new(note).font(theme::body(SMALL)).color(Palette::of(ui).warning)).wrap());
    }
    let Some(difference) = findings.against(&compared.findings) else {
        ui.add(Label::new(secondary(ui, "Its images have another size, so it cannot be compared.")).wrap());
        return;
    };
    if let Some(why) = findings.other_levels(&compared.findings) {
        ui.add(Label::new(secondary(ui, &format!("{why}."))).wrap());
    }
    let about = "Root mean square difference over all rings, of the spectra of the final images in dB";
    let rows = [
        ("rₘ power, RMS difference", APART, difference.power.map(apart_in_words)),
        ("rₘ amplitude, RMS difference", APART, difference.amplitude.map(apart_in_words)),
        ("final spectrum, RMS difference", about, difference.final_db.map(|value| format!("{value:.3} dB"))),
    ];
    for (name, about, value) in rows {
        row_ui(ui, name, &value.unwrap_or_else(|| "–".to_owned()), about);
    }
}

/// A name and its number on one line, or the number below if the panel is too narrow.
fn row_ui(ui: &mut Ui, name: &str, number: &str, about: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(14.0, 2.0);
        ui.label(secondary(ui, name)).on_hover_text(about);
        let color = Palette::of(ui).text;
        let width = ui.painter().layout_no_wrap(number.to_owned(), theme::mono(SMALL), color).size().x;
        if ui.available_size_before_wrap().x < width {
            ui.end_row();
        }
        ui.label(RichText::new(number).font(theme::mono(SMALL)).color(color)).on_hover_text(about);
    });
}

/// The steps that a difference between two chromatograms covers.
const APART: &str = "Root mean square over all levels and comparable steps: the other run reaches their noise level, \
                     and both gain more than noise. The other run is interpolated linearly between its steps";

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// "0.032, 5 of 15 steps".
fn apart_in_words(Apart { rms, steps, of }: Apart) -> String {
    format!("{rms:.3}, {steps} of {}", count(of, "step"))
}

fn files_ui(ui: &mut Ui, context: &ViewContext, panel: &mut MeasurePane, intents: &mut Vec<Intent>) {
    heading(ui, words::panes::FILES);
    let edit = TextEdit::singleline(&mut panel.path).hint_text("path of a .npz file or a folder of images");
    let response = ui.add(edit.desired_width(f32::INFINITY));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, words::panes::PATH_OF_ENSEMBLE));
    let typed = Some(panel.path.trim()).filter(|path| !path.is_empty()).map(PathBuf::from);
    ui.horizontal_wrapped(|ui| {
        let mut choose =
            |ui: &mut Ui, text: (&str, &str), tip: &str, with: &dyn Fn(PathBuf) -> MeasureWish, ask: Ask| {
                if small_button_named(ui, text, tip) {
                    intents.push(match &typed {
                        Some(path) => Intent::Measure(with(path.clone())),
                        None => Intent::Ask(ask),
                    });
                }
            };
        let open = |purpose| move |path| MeasureWish::Open(path, purpose);
        let (show, beside) = (EnsembleUse::Show, EnsembleUse::Compare);
        choose(
            ui,
            ("Open", words::panes::OPEN_ENSEMBLE),
            "Open a saved ensemble, to view it or add samples",
            &open(show),
            Ask::Ensemble(show),
        );
        choose(
            ui,
            ("Compare", words::panes::COMPARE_ENSEMBLE),
            "Compare with a saved ensemble",
            &open(beside),
            Ask::Ensemble(beside),
        );
        let data = |path| MeasureWish::SetData(Some(path));
        choose(
            ui,
            ("Calibrate", words::panes::CALIBRATE),
            "Calibrate theory on the images of a folder",
            &data,
            Ask::Data,
        );
        let tip = "Save the measurements as .npz, for NumPy or to open again";
        if context.desk.findings().is_some() && small_button(ui, words::panes::SAVE_ENSEMBLE, tip) {
            intents.push(Intent::Measure(MeasureWish::Save));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_two_units() {
        let told = [0.4, 59.0, 200.0, 3900.0].map(in_words);
        assert_eq!(told, ["0 s", "59 s", "3 min 20 s", "1 h 5 min"]);
    }
}
