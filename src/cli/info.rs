//! `chromascope info`: the details of a model.

use super::pipeline_info::{self, NoCheck};
use super::run_options::{OfNetwork, RunOptions};
use super::{Ended, Failure, check, output};
use crate::model::SchedulerConfig;
use crate::model::cascade_folder::CascadePackage;
use crate::model::contract::{Layout, Port};
use crate::model::convention::{Convention, WordSource};
use crate::model::inputs::InputCard;
use crate::model::package::{Package, bundled};
use crate::model::pipeline::PipelinePackage;
use crate::sampler::{Churn, SamplerChoice};
use crate::session::RunSettings;
use crate::session::convention_check::Report;
use crate::session::prepare::{ChosenSampler, Model, ModelInfo, OpenModel, PrepareError, sampler_for, sizes_in_words};
use crate::session::settings::{ModelSource, ProviderChoice};
use crate::words::count;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Report what is known about a model: inputs, outputs, sizes, classes, schedule
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Model: a bundled name, an .onnx file, or a folder with model.onnx. Without it, the bundled models are listed
    model: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Run the network on noised images to see whether it fits its state, time and prediction
    #[arg(long)]
    check: bool,
    /// Image to check with: a picture like those the network was trained on
    #[arg(long, value_name = "FILE", requires = "check")]
    image: Option<PathBuf>,
    #[command(flatten)]
    options: RunOptions<OfNetwork>,
}

pub(super) fn run(arguments: &Arguments, onnxruntime: Option<&Path>) -> Result<Ended, Failure> {
    let Some(name) = &arguments.model else {
        let models = bundled();
        if models.is_empty() {
            output::message("no bundled model was found; set CHROMASCOPE_ASSETS to the folder \"assets\"");
            return Ok(Ended::Badly);
        }
        let text = if arguments.json {
            json!(models.iter().map(|(name, folder)| json!({"name": name, "folder": folder})).collect::<Vec<_>>())
                .to_string()
        } else {
            models.iter().map(|(name, folder)| format!("{name:16} {}", folder.display())).collect::<Vec<_>>().join("\n")
        };
        output::result(&text)?;
        return Ok(Ended::Well);
    };
    let settings = arguments.options.on(RunSettings::new(ModelSource::Model(name.clone())))?;
    if let Some(package) = CascadePackage::find(name)? {
        return cascade(arguments, package, &settings, onnxruntime);
    }
    if let Some(package) = PipelinePackage::find(name)? {
        return pipeline(arguments, &package, &settings, onnxruntime);
    }
    let package = Package::find(name)?;
    let exact = package.card.as_ref().is_some_and(|card| card.exact.is_some());
    let model = match OpenModel::open(package, &settings, onnxruntime) {
        Ok(model) => model,
        // Reports what needs no library without one.
        Err(PrepareError::Runtime(_)) if exact && onnxruntime.is_none() && !arguments.check => {
            return exact_model(settings, arguments.json);
        }
        Err(error) => return Err(error.into()),
    };
    for note in &model.notes {
        output::message(note);
    }
    let report = checked(arguments, &model, &settings)?;
    let facts = facts(&model);
    let text = match &report {
        Some(report) if arguments.json => {
            serde_json::to_string_pretty(&with(facts, &json!({ "check": check::facts(report) })))?
        }
        None if arguments.json => serde_json::to_string_pretty(&facts)?,
        Some(report) => format!("{}\n{}", in_words(&model, &facts), check::in_lines(report)),
        None => in_words(&model, &facts),
    };
    output::result(&text)?;
    Ok(Ended::Well)
}

/// The check of a network, if it is asked for.
fn checked(arguments: &Arguments, model: &OpenModel, settings: &RunSettings) -> Result<Option<Report>, Failure> {
    arguments.check.then(|| check::of_network(model, settings, arguments.image.as_deref())).transpose()
}

/// A text-to-image pipeline: its parts, and how they work together.
fn pipeline(
    arguments: &Arguments,
    package: &PipelinePackage,
    settings: &RunSettings,
    onnxruntime: Option<&Path>,
) -> Result<Ended, Failure> {
    if arguments.check {
        let denoiser = package.denoiser_name();
        let folder = package.denoiser.folder.display().to_string();
        return Err(NoCheck { name: package.name.clone(), denoiser, folder }.into());
    }
    let model = Model::open(settings, onnxruntime, &|_, _| true)?;
    for note in model.notes() {
        output::message(note);
    }
    let info = model.info();
    let Some(of) = &info.pipeline else { return Ok(Ended::Badly) };
    let text = if arguments.json {
        serde_json::to_string_pretty(&pipeline_info::facts(info, of))?
    } else {
        pipeline_info::in_lines(info, of)
    };
    output::result(&text)?;
    Ok(Ended::Well)
}

/// A cascade: its details, and each stage's size.
fn cascade(
    arguments: &Arguments,
    package: CascadePackage,
    settings: &RunSettings,
    onnxruntime: Option<&Path>,
) -> Result<Ended, Failure> {
    let mut reports = Vec::new();
    for stage in if arguments.check { package.stages } else { Vec::new() } {
        let name = stage.name.clone();
        let model = OpenModel::open(stage, settings, onnxruntime)?;
        reports.extend(checked(arguments, &model, settings)?.map(|report| (name, report)));
    }
    let model = Model::open(settings, onnxruntime, &|_, _| true)?;
    let info = model.info();
    let size = |size: Option<(usize, usize)>| size.map_or_else(|| "?".into(), |(h, w)| format!("{h}x{w}"));
    let text = if arguments.json {
        let checks: Vec<Value> = reports.iter().map(|(_, report)| check::facts(report)).collect();
        serde_json::to_string_pretty(&with(
            json!({
                "name": info.name,
                "check": arguments.check.then_some(checks),
                "sha256": info.sha256,
                "provider": info.provider,
                "onnxruntime": info.onnxruntime,
                "stages": info.stages,
                "native_size": info.native_size,
                "size_multiple": info.size_multiple,
                "num_class_embeds": info.classes,
                "null_label": info.null_label,
                "null_label_said_by": info.null_said_by,
                "parameterization": info.parameterization,
                "card": info.card,
            }),
            &words_of(info),
        ))?
    } else {
        let summary = info.card.as_ref().map(|card| card.summary.as_str()).unwrap_or_default();
        let stages: Vec<String> = info.stages.iter().map(|stage| size(*stage)).collect();
        let null = info.null_label.zip(info.null_said_by);
        let null = null.map(|(label, said_by)| format!("; null class {label} ({})", said_by.in_words()));
        let names = info.class_names().join(", ");
        let classes = if info.takes_labels { names + &null.unwrap_or_default() } else { "none".into() };
        format!(
            "Model         {}\n              {summary}\nSHA-256       {}\nStages        {}\nSize          {}, {}\nClasses       {classes}\nRuns on       {}",
            info.name,
            info.sha256,
            stages.join(", then "),
            size(info.native_size),
            info.sizes_in_words(),
            info.badge()
        )
    };
    let mut text = text;
    if !arguments.json {
        for (name, report) in &reports {
            text = format!("{text}\nStage         {name}\n{}", check::in_lines(report));
        }
    }
    output::result(&text)?;
    Ok(Ended::Well)
}

/// A model in the program's own code, if there is no ONNX Runtime to inspect its graph with.
fn exact_model(settings: RunSettings, json: bool) -> Result<Ended, Failure> {
    let settings = RunSettings { provider: ProviderChoice::Rust, ..settings };
    let model = Model::open(&settings, None, &|_, _| true)?;
    let info = model.info();
    let (height, width) = info.native_size.unwrap_or_default();
    let text = if json {
        let facts = json!({
            "name": info.name,
            "sha256": info.sha256,
            "provider": info.provider,
            "native_size": [height, width],
            "num_class_embeds": info.classes,
            "null_label": info.null_label,
            "null_label_said_by": info.null_said_by,
            "parameterization": info.parameterization,
            "card": info.card,
        });
        serde_json::to_string_pretty(&with(facts, &words_of(info)))?
    } else {
        let summary = info.card.as_ref().map(|card| card.summary.as_str()).unwrap_or_default();
        format!(
            "Model         {}\n              {summary}\nSHA-256       {}\nSize          {height}x{width}, {}\nRuns on       Chromascope's own code, because \
             there is no ONNX Runtime",
            info.name,
            info.sha256,
            count(info.channels, "channel")
        )
    };
    output::result(&text)?;
    Ok(Ended::Well)
}

fn facts(model: &OpenModel) -> Value {
    let none = model.null_class(None);
    let facts = json!({
        "name": model.package.name,
        "file": model.package.onnx,
        "sha256": model.graph.sha256,
        "opset": model.graph.opset,
        "external_data": model.graph.external_data.iter().map(|data| &data.file).collect::<Vec<_>>(),
        "provider": model.provider,
        "onnxruntime": model.runtime.version,
        "contract": model.contract,
        "native_size": model.native_size(),
        "size_multiple": model.size_multiple(),
        "num_class_embeds": model.package.config.num_class_embeds,
        "null_label": none.map(|none| none.label),
        "null_label_said_by": none.map(|none| none.said_by),
        "parameterization": model.convention.parameterization(),
        "scheduler_config": model.scheduler,
        "scheduler_config_file": model.scheduler_file,
        "schedule_assumed": model.schedule_assumed,
        "sampler": model.scheduler.as_ref().and_then(own_sampler).map(|own| own.solver),
        "card": model.package.card,
    });
    with(facts, &words(&model.convention))
}

/// State, time and prediction, each with its source.
fn words(convention: &Convention) -> Value {
    let Convention { state, time, prediction, .. } = convention;
    json!({
        "state": state.map(|word| word.is),
        "state_said_by": state.map(|word| word.source),
        "time": time.map(|word| word.is),
        "time_said_by": time.map(|word| word.source),
        "prediction": prediction.map(|word| word.is),
        "prediction_said_by": prediction.map(|word| word.source),
    })
}

/// The same of a model that may be exact: its words then follow from its formula.
pub(super) fn words_of(info: &ModelInfo) -> Value {
    let exact = info.parameterization;
    info.convention.as_ref().map_or_else(
        || {
            json!({
                "state": exact.map(|words| words.state),
                "time": exact.map(|words| words.time),
                "prediction": exact.map(|words| words.prediction),
            })
        },
        words,
    )
}

/// One object of both.
pub(super) fn with(mut facts: Value, more: &Value) -> Value {
    if let (Some(facts), Some(more)) = (facts.as_object_mut(), more.as_object()) {
        facts.extend(more.clone());
    }
    facts
}

/// The model's own sampler.
pub(super) fn own_sampler(config: &SchedulerConfig) -> Option<ChosenSampler> {
    let schedule = config.model_schedule().ok()?;
    Some(sampler_for(SamplerChoice::Own, Churn::default(), config, &schedule))
}

fn in_words(model: &OpenModel, facts: &Value) -> String {
    let package = &model.package;
    let contract = &model.contract;
    let mut lines = vec![];
    let mut line = |name: &str, text: String| lines.push(format!("{name:13} {text}"));
    line("Model", package.name.clone());
    if let Some(card) = &package.card {
        for (name, text) in [("Title", &card.title), ("", &card.summary), ("Licence", &card.licence)] {
            if !text.is_empty() {
                line(name, text.clone());
            }
        }
    }
    line("File", format!("{} (operator set {})", package.onnx.display(), model.graph.opset));
    line("SHA-256", model.graph.sha256.clone());
    if let Some(file) = &model.scheduler_file {
        line("Scheduler", file.display().to_string());
    }
    let order = match contract.layout {
        Layout::Nchw => "",
        Layout::Nhwc => ", channels last",
        Layout::Packed => ", a token per 2x2 pixels",
    };
    line("Image", format!("{}{order}", describe(&contract.sample)));
    let size = model.native_size().map_or_else(|| "unknown; set --size HxW".into(), |(h, w)| format!("{h}x{w}"));
    if contract.channels > 3 {
        line("", format!("the first 3 of {} channels are drawn as red, green and blue", contract.channels));
    }
    line("Size", format!("{size}, {}", sizes_in_words(model.takes_sizes(), model.size_multiple())));
    line("Timestep", describe(&contract.timestep));
    if let Some(port) = &contract.class_labels {
        line("Classes", format!("{}{}", describe(port), classes(model)));
    }
    if let Some(port) = &contract.hidden_states {
        line("Conditioning", describe(port));
    }
    if contract.concat_channels > 0 {
        let further = count(contract.concat_channels, "channel");
        line("Concatenated", format!("{further} behind those of the image, from --concat FILE"));
    }
    for port in &contract.inputs {
        let card = package.card.as_ref().and_then(|card| card.inputs.get(&port.name)).cloned().unwrap_or_default();
        line("Input", format!("{}{}", describe(port), declared(&port.name, &card)));
    }
    line("Output", describe(&contract.output));
    let Convention { state, time, prediction, .. } = &model.convention;
    line("State", word(state.map(|word| (word.is.name(), word.is.formula(), word.source))));
    line("Time", word(time.map(|word| (word.is.name(), word.is.formula(), word.source))));
    line("Predicts", word(prediction.map(|word| (word.is.name(), word.is.formula(), word.source))));
    match &model.scheduler {
        Some(config) => {
            let assumed = if model.schedule_assumed.is_some() { " (assumed)" } else { "" };
            line("Trained on", format!("{}{assumed}", config.describe()));
            if let Some(ChosenSampler { solver, .. }) = own_sampler(config) {
                line("Sampler", format!("{} ({solver})", solver.title()));
            }
            let options = config.options_in_words();
            if !options.is_empty() {
                line("Options", options);
            }
        }
        None => line("Schedule", "unknown; set --scheduler-config FILE, or --state, --time and --prediction".into()),
    }
    line(
        "Runs on",
        format!("{} (ONNX Runtime {})", facts["provider"].as_str().unwrap_or("cuda"), model.runtime.version),
    );
    lines.join("\n")
}

/// A word with its meaning and source.
pub(super) fn word(word: Option<(&str, &str, WordSource)>) -> String {
    word.map_or_else(
        || "unknown".into(),
        |(name, formula, source)| format!("{name}: {formula} ({})", source.in_words()),
    )
}

fn classes(model: &OpenModel) -> String {
    let count = match model.package.config.num_class_embeds {
        None => String::new(),
        Some(1) => ", only 0".to_owned(),
        Some(count) => format!(", 0 to {}", count.saturating_sub(1)),
    };
    let none = model.null_class(None).map_or_else(
        || "; the null class is unknown".into(),
        |none| format!("; null class {} ({})", none.label, none.said_by.in_words()),
    );
    let names = model.package.card.as_ref().map(|card| card.class_names.join(", ")).unwrap_or_default();
    if names.is_empty() { format!("{count}{none}") } else { format!("{count}{none}: {names}") }
}

/// Range, default and null value of a further input.
fn declared(name: &str, card: &InputCard) -> String {
    let range = (card.min.is_some() || card.max.is_some()).then(|| card.range_in_words());
    let default = match &card.default {
        Some(default) => format!("default {default}"),
        None => format!("needs --input {name}=VALUE"),
    };
    let null = card.null.as_ref().map(|null| format!("null {null}"));
    range.into_iter().chain([default]).chain(null).fold(String::new(), |all, part| format!("{all}, {part}"))
}

fn describe(port: &Port) -> String {
    format!("\"{}\", {}", port.name, port.type_and_shape())
}
