//! `chromascope doctor`

use super::{Ended, Failure, Graphics, GraphicsProbe, output};
use crate::model::diagnosis::{Diagnosis, RuntimeReport, Trial, diagnose};
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    explicit: Option<&Path>,
    graphics: Option<GraphicsProbe>,
) -> Result<Ended, Failure> {
    let diagnosis = diagnose(explicit);
    let graphics = graphics.map(|probe| probe());
    let text = if arguments.json {
        let mut json = serde_json::to_value(&diagnosis)?;
        json["graphics"] = graphics.map_or(serde_json::Value::Null, |graphics| graphics.json);
        serde_json::to_string_pretty(&json)?
    } else {
        in_words(&diagnosis, graphics.as_ref())
    };
    output::result(&text)?;
    Ok(if diagnosis.ok { Ended::Well } else { Ended::Badly })
}

fn in_words(diagnosis: &Diagnosis, graphics: Option<&Graphics>) -> String {
    let mut lines = vec![format!("Chromascope    {}", diagnosis.chromascope)];
    match (&diagnosis.onnxruntime, &diagnosis.error) {
        (Some(runtime), _) => runtime_in_words(runtime, &mut lines),
        (None, Some(error)) => lines.push(format!("ONNX Runtime   none: {error}")),
        (None, None) => lines.push("ONNX Runtime   none".into()),
    }
    for (index, attempt) in diagnosis.attempts.iter().enumerate() {
        lines.push(format!("{}{attempt}", if index == 0 { "  looked at    " } else { "               " }));
    }
    lines.push(format!("GPU            {}", list(&diagnosis.gpus, "none that nvidia-smi names")));
    if let Some(graphics) = graphics {
        let adapters = if graphics.adapters.is_empty() { vec!["none".to_owned()] } else { graphics.adapters.clone() };
        for (index, adapter) in adapters.iter().enumerate() {
            lines.push(format!("{}{adapter}", if index == 0 { "Graphics       " } else { "               " }));
        }
        lines.push(format!("  window with  {}", graphics.renderer));
    }
    lines.push(format!("Python         {}", diagnosis.python.as_deref().unwrap_or("none")));
    lines.push(format!("pip            {}", diagnosis.pip.as_deref().unwrap_or("none")));
    lines.push(format!("Data folder    {}", folder(diagnosis.data_folder.as_deref())));
    lines.push(format!("Settings       {}", folder(diagnosis.config_folder.as_deref())));
    lines.push(format!("Models         {}", list(&diagnosis.models, "none")));
    lines.push(String::new());
    lines.push(if diagnosis.ok { "Sampling works." } else { "Sampling does not work yet." }.into());
    lines.extend(diagnosis.advice.iter().map(|advice| format!("- {advice}")));
    lines.join("\n")
}

fn runtime_in_words(runtime: &RuntimeReport, lines: &mut Vec<String>) {
    lines.push(format!("ONNX Runtime   {} in {}", runtime.version, runtime.path.display()));
    lines.push(format!("  compiled in  {}", list(&runtime.providers, "none")));
    lines.push(format!("  CPU          {}", trial(&runtime.cpu)));
    let cuda = runtime.cuda.as_ref().map_or_else(|| "not compiled into this library".into(), trial);
    lines.push(format!("  CUDA         {cuda}"));
}

fn trial(trial: &Trial) -> String {
    match trial {
        Trial::Works { run_ms } => format!("works (warm-up run: {run_ms:.2} ms)"),
        Trial::Fails { error } => format!("fails: {}", error.trim()),
    }
}

fn folder(path: Option<&Path>) -> String {
    path.map_or_else(|| "unknown".into(), |path| path.display().to_string())
}

fn list<S: AsRef<str>>(items: &[S], none: &str) -> String {
    if items.is_empty() { none.into() } else { items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ") }
}
