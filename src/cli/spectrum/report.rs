//! What `chromascope spectrum` prints and draws.

use super::super::Failure;
use super::SpaceChoice;
use crate::ensemble::{Calibration, Findings, MARGIN, Quantity, TheoryComparison, Timing, samples_in_words};
use crate::figure::draw::{Panel, Sheet};
use crate::figure::heat_map::Decibels;
use crate::figure::{
    HeatMapFigure, MeasuredFigure, OnAxis, Reading, TimeView, heat_map, measured_chromatogram, palette,
};
use crate::session::colour_map::ColourMap;
use crate::session::heat_map::{FrequencyScale, Normalisation};
use crate::theory::{Measure, dominant_level};
use crate::words;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// The findings to report, those of the model's own images first.
pub(super) fn reported(findings: &Findings, space: Option<SpaceChoice>) -> Vec<&Findings> {
    let decoded = findings.decoded().map(|decoded| &**decoded);
    let own = (space != Some(SpaceChoice::Decoded) || decoded.is_none()).then_some(findings);
    own.into_iter().chain(decoded.filter(|_| space != Some(SpaceChoice::Latents))).collect()
}

pub(super) fn table(findings: &Findings) -> String {
    let ensemble = &findings.ensemble;
    let mut text = format!(
        "{} of {}, {}\n",
        samples_in_words(ensemble.samples()),
        ensemble.run_in_words(),
        ensemble.levels_in_words()
    );
    // Writing to a string cannot fail.
    if let Some(space) = ensemble.space_in_words() {
        let _ = writeln!(text, "{space}");
    }
    if findings.no_theory().is_none() {
        let _ = writeln!(text, "theory calibrated on {}", findings.calibrated_on(true));
    }
    if let Some(why) = ensemble.no_change() {
        return text + why;
    }
    if let Some(why) = findings.no_theory() {
        let _ = write!(text, "{why}");
        for measure in [Measure::Power, Measure::Amplitude] {
            let levels: Vec<String> =
                dominant_levels(findings, measure).into_iter().map(|level| level.unwrap_or("–".into())).collect();
            let _ = write!(text, "\ndominant level in {}, by step: {}", measure.name(), levels.join(", "));
        }
        return text;
    }
    let _ = write!(text, "{:<18}{:<12}{:>8}   dominant level agrees", "theory", "r_m of", "RMS");
    for TheoryComparison { calibration, measure, agreement, .. } in findings.comparisons() {
        let _ = write!(
            text,
            "\n{:<18}{:<12}{:>8}   {} of {}",
            calibration.name(),
            measure.name(),
            agreement.rms_in_words(4),
            agreement.agreeing,
            words::count(agreement.compared, "step"),
        );
    }
    if let Some(left_out) = findings.left_out_in_words() {
        let _ = write!(text, "\n{left_out}");
    }
    text
}

/// The measured dominant level of each change; `None` where shares are unknown.
fn dominant_levels(findings: &Findings, measure: Measure) -> Vec<Option<String>> {
    let factor = findings.ensemble.bands().factor();
    let values = findings.measured.telling_values(measure);
    let rows = values.chunks_exact(findings.measured.levels().max(1));
    rows.map(|row| Some(palette::level_label(factor, dominant_level(row)?))).collect()
}

/// What is reported of decoded images.
fn json_of_decoded(findings: &Findings) -> serde_json::Value {
    let ensemble = &findings.ensemble;
    let image = ensemble.origin().resolved.image;
    serde_json::json!({
        "samples": ensemble.samples(), "steps": ensemble.steps_of_run(), "levels": ensemble.bands().levels(),
        "size": [image.height, image.width], "no_theory": findings.no_theory(),
        "dominant_level": {
            "power": dominant_levels(findings, Measure::Power),
            "amplitude": dominant_levels(findings, Measure::Amplitude),
        },
    })
}

pub(super) fn json(findings: &Findings, (out, plot): (&Path, Option<&Path>), timing: Timing) -> serde_json::Value {
    let ensemble = &findings.ensemble;
    let factor = ensemble.bands().factor();
    let comparisons: Vec<_> = findings
        .comparisons()
        .iter()
        .map(|TheoryComparison { calibration, measure, agreement, .. }| {
            let disagreements: Vec<_> = agreement
                .disagreements
                .iter()
                .map(|at| {
                    serde_json::json!({
                        "step": at.step,
                        "measured": palette::level_label(factor, at.measured),
                        "theory": palette::level_label(factor, at.predicted),
                        "by": at.by,
                    })
                })
                .collect();
            serde_json::json!({
                "theory": calibration.name(), "measure": measure.name(), "rms": agreement.rms,
                "agreeing": agreement.agreeing, "compared": agreement.compared, "steps_left_out": agreement.left_out,
                "disagreements": disagreements,
            })
        })
        .collect();
    let calibrated_on = match &findings.data {
        Some(data) => serde_json::json!({ "folder": data.folder(), "images": data.count() }),
        None => serde_json::json!({ "folder": null, "images": ensemble.samples() }),
    };
    serde_json::json!({
        "model": ensemble.origin().resolved.model, "sampler": ensemble.origin().resolved.solver(&ensemble.origin().settings),
        "spacing": ensemble.origin().resolved.spacing, "calibrated_on": calibrated_on, "samples": ensemble.samples(), "steps": ensemble.steps(),
        "levels": ensemble.bands().levels(), "factor": factor, "margin": MARGIN, "out": out, "plot": plot,
        "seconds": { "sampling": timing.model, "analysis": timing.analysis, "decoding": timing.decoding }, "comparisons": comparisons,
        "decoded": findings.decoded().map(|decoded| json_of_decoded(decoded)),
    })
}

/// The spectra of change, and the measured chromatogram over theory, amplitude and power: of latents, then of decoded images.
pub(super) fn sheet(
    findings: &Findings,
    calibration: Calibration,
    space: Option<SpaceChoice>,
) -> Result<Sheet, Failure> {
    let axis = findings.ensemble.axis();
    let time = TimeView::whole(&axis, Reading::Step);
    let mut panels = Vec::new();
    for findings in reported(findings, space) {
        panels_of(findings, calibration, time, &mut panels)?;
    }
    let first = reported(findings, space).first().map_or_else(String::new, |first| first.heading());
    Ok(Sheet { heading: crate::figure::text::verbatim(&first), ..Sheet::new(panels) })
}

/// The panels of one kind of images, at their own noise levels on the axis of the run.
fn panels_of(
    findings: &Findings,
    calibration: Calibration,
    time: TimeView,
    panels: &mut Vec<Panel>,
) -> Result<(), Failure> {
    let Findings { ensemble, measured, .. } = findings;
    let own = ensemble.axis();
    let on = OnAxis::new(time, &own);
    let space = ensemble.space_in_words().map_or_else(String::new, |space| format!(" ({space})"));
    let grid = ensemble.grid("PSD of ΔE[x_0|x_t]".into(), Quantity::Change, ensemble.columns(Quantity::Change, 0))?;
    let map = heat_map(HeatMapFigure {
        on,
        cells: &Arc::new(Decibels::new(&grid, Normalisation::default())),
        scale: FrequencyScale::default(),
        range: None,
        colour_map: ColourMap::default(),
    });
    let change = if findings.no_theory().is_some() { "the change between decoded steps" } else { "each step's change" };
    panels.push(Panel::new(format!("Mean power spectrum of {change}{space}"), map));
    for measure in [Measure::Amplitude, Measure::Power] {
        let comparison = findings.comparison(calibration, measure);
        let figure = measured_chromatogram(MeasuredFigure {
            on,
            levels: measured.levels(),
            factor: ensemble.bands().factor(),
            measure,
            measured: &measured.telling_values(measure),
            errors: measured.errors(measure),
            expected: comparison.map_or(&[][..], |comparison| comparison.prediction.rows()),
            compared: None,
            disagreements: &[],
        });
        let title = comparison.map_or_else(
            || "Measured (dots), without theory".to_owned(),
            |TheoryComparison { agreement, .. }| {
                let rms = agreement.rms_in_words(3);
                format!("Measured (dots) and {} theory (lines), RMS {rms}", calibration.name())
            },
        );
        panels.push(Panel::new(format!("{title}{space}"), figure));
    }
    Ok(())
}
