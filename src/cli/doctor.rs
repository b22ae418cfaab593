//! `chromascope doctor`

use super::{Ended, Failure, GraphicsProbe, GraphicsReport, output};
use crate::model::diagnosis::{Diagnosis, RuntimeReport, Trial, diagnose};
use crate::model::onnx_runtime::child::{self, Unfinished};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Ask the graphics drivers alone, for the process that began this one
    #[arg(long, hide = true)]
    graphics_alone: bool,
}

/// Time limit for the graphics drivers, because some look for remote hardware.
const LONGEST: Duration = Duration::from_mins(1);

pub(super) fn run(
    arguments: &Arguments,
    explicit: Option<&Path>,
    graphics: Option<GraphicsProbe>,
) -> Result<Ended, Failure> {
    if arguments.graphics_alone {
        output::result(&serde_json::to_string(&graphics.map(|probe| probe()))?)?;
        return Ok(Ended::Well);
    }
    let diagnosis = diagnose(explicit);
    let graphics = graphics.map(ask_drivers);
    let text = if arguments.json {
        let mut json = serde_json::to_value(&diagnosis)?;
        json["graphics"] = graphics.map_or(serde_json::Value::Null, |graphics| {
            let mut json = graphics.json;
            json["drivers_say"] = graphics.said.into();
            json
        });
        serde_json::to_string_pretty(&json)?
    } else {
        in_words(&diagnosis, graphics.as_ref())
    };
    output::result(&text)?;
    Ok(if diagnosis.ok { Ended::Well } else { Ended::Badly })
}

/// Queries the graphics drivers in a separate process: their output becomes a line of the report, and a crash
/// affects nothing else.
fn ask_drivers(probe: GraphicsProbe) -> GraphicsReport {
    let Ok(program) = std::env::current_exe() else { return probe() };
    let mut command = Command::new(program);
    let failed =
        |why: String| GraphicsReport { renderer: "unknown".into(), said: vec![why], ..GraphicsReport::default() };
    match child::run(command.args(["doctor", "--graphics-alone"]), Some(LONGEST), &mut || true) {
        Err(Unfinished::NotStarted(_)) => probe(),
        Err(Unfinished::Stopped) => failed(format!("no answer within {} seconds", LONGEST.as_secs())),
        Ok(finished) => match serde_json::from_str(&finished.stdout) {
            Ok(found) => GraphicsReport { said: said(&finished.stderr), ..found },
            Err(_) => failed(format!("they crashed the process that queried them ({})", finished.status)),
        },
    }
}

/// The printed lines, each once, and in plain words if known.
fn said(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let plain = if line.contains("XDG_RUNTIME_DIR") {
            "no Wayland session: XDG_RUNTIME_DIR is not set to a folder"
        } else {
            line.trim_start_matches("error: ")
        };
        if !lines.iter().any(|before| before == plain) {
            lines.push(plain.to_owned());
        }
    }
    lines
}

fn in_words(diagnosis: &Diagnosis, graphics: Option<&GraphicsReport>) -> String {
    let mut lines = vec![format!("Chromascope    {}", diagnosis.chromascope)];
    match (&diagnosis.onnxruntime, &diagnosis.error) {
        (Some(runtime), _) => runtime_in_words(runtime, &mut lines),
        (None, Some(error)) => lines.push(format!("ONNX Runtime   none: {error}")),
        (None, None) => lines.push("ONNX Runtime   none".into()),
    }
    for (index, attempt) in diagnosis.attempts.iter().enumerate() {
        lines.push(format!("{}{attempt}", if index == 0 { "  looked at    " } else { "               " }));
    }
    lines.push(format!("GPU            {}", list(&diagnosis.gpus, "none found by nvidia-smi")));
    if let Some(graphics) = graphics {
        let adapters = if graphics.adapters.is_empty() { vec!["none".to_owned()] } else { graphics.adapters.clone() };
        for (index, adapter) in adapters.iter().enumerate() {
            lines.push(format!("{}{adapter}", if index == 0 { "Graphics       " } else { "               " }));
        }
        for (index, said) in graphics.said.iter().enumerate() {
            lines.push(format!("{}{said}", if index == 0 { "  drivers say  " } else { "               " }));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drivers_print_is_said_once_and_plainly() {
        let text = "error: XDG_RUNTIME_DIR is invalid or not set in the environment.\n\n\
                    error: XDG_RUNTIME_DIR is invalid or not set in the environment.\nMESA: warning: odd\n";
        assert_eq!(said(text), ["no Wayland session: XDG_RUNTIME_DIR is not set to a folder", "MESA: warning: odd"]);
        assert!(said(" \n").is_empty());
    }
}
