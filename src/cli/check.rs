//! `chromascope info --check`.

use super::{Failure, output};
use crate::denoiser::CancelFlag;
use crate::session::RunSettings;
use crate::session::convention_check::{Figures, LOG_SNRS, Means, Network, Report, Verdict, check};
use crate::session::inspect::ReferenceImage;
use crate::session::prepare::{OpenModel, Probe};
use crate::words::voice::Voice;
use ndarray::Array4;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Time after which no further convention is tried.
const LIMIT: Duration = Duration::from_mins(5);
/// Conventions that are listed in words.
const LISTED: usize = 6;

/// Checks the words of an open network; a misfit is also a message.
pub(super) fn of_network(model: &OpenModel, settings: &RunSettings, image: Option<&Path>) -> Result<Report, Failure> {
    let mut probe = Probe::new(model, settings, CancelFlag::default())?;
    let images = image.map(|path| images(path, probe.shape())).transpose()?;
    let means = Means { images, limit: Some(LIMIT) };
    let report = check(&mut probe, model.convention.parameterization(), &means, &mut |_, _| true)?;
    if report.is_warning() {
        output::message(&report.in_words());
    }
    Ok(report)
}

/// The image of a file for each sample of a batch.
fn images(path: &Path, [batch, channels, height, width]: [usize; 4]) -> Result<Array4<f64>, Failure> {
    let image = ReferenceImage::read(path)?.values([channels, height, width])?;
    let at = |(_, channel, y, x): (usize, usize, usize, usize)| f64::from(image[[channel, y, x]]);
    Ok(Array4::from_shape_fn((batch, channels, height, width), at))
}

/// The report as JSON.
pub(super) fn facts(report: &Report) -> Value {
    let (verdict, fits) = match &report.verdict {
        Verdict::Fits(fits) => ("fits", fits),
        Verdict::DoesNotFit(fits) => ("does_not_fit", fits),
        Verdict::Suggests(fits) => ("suggests", fits),
        Verdict::CannotTell(fits) => ("cannot_tell", fits),
    };
    // JSON has no infinity.
    let finite = |off: &f64| Some(*off).filter(|off| off.is_finite());
    let figures = report.figures.iter().map(|of| {
        json!({
            "state": of.words.state,
            "time": of.words.time,
            "prediction": of.words.prediction,
            "fields": of.fields.iter().map(finite).collect::<Vec<_>>(),
            "images": of.images.map(|images| images.iter().map(finite).collect::<Vec<_>>()),
        })
    });
    json!({
        "verdict": verdict,
        "fits": fits,
        "log_snr": LOG_SNRS,
        "images_from": if report.from_file { "file" } else { "network" },
        "figures": figures.collect::<Vec<_>>(),
        "left_out": report.left_out,
    })
}

/// The report in lines.
pub(super) fn in_lines(report: &Report) -> String {
    let sentence = Voice::CommandLine.say(&report.in_words());
    let from = if report.from_file { "on the image" } else { "on its own images" };
    let row = |of: &Figures| {
        let words = format!("{}, {}, {}", of.words.state, of.words.time, of.words.prediction);
        let number = |off: f64| if off < 100.0 { format!("{off:6.2}") } else { "     –".to_owned() };
        let fields: String = of.fields.iter().map(|off| number(*off)).collect();
        let images: String = of.images.iter().flatten().map(|off| number(*off)).collect();
        format!("              {words:32}{fields}  {images}")
    };
    let log_snrs = |several: &[f64]| several.iter().map(|log_snr| format!("{log_snr:6}")).collect::<Vec<_>>().concat();
    let head = format!("              {:32}{}  {}", "λ", log_snrs(&LOG_SNRS), log_snrs(&LOG_SNRS[..4]));
    let mut lines = vec![
        format!("Check         {sentence}"),
        "              error of E[x_0|x_t] relative to the pixelwise Wiener estimate,".to_owned(),
        format!("              on smooth random fields, then {from}:"),
        head,
    ];
    lines.extend(report.figures.iter().take(LISTED).map(row));
    lines.join("\n")
}
