//! `chromascope info` of a text-to-image pipeline: its parts, its latents, its scheduler, its prompts.

use super::info::{own_sampler, with, word, words_of};
use crate::model::contract::{Element, Port};
use crate::model::graph_file::GraphOutline;
use crate::model::package::Card;
use crate::model::pipeline::LatentCode;
use crate::session::prepare::{ChosenSampler, ModelInfo, PartInfo, PipelineInfo};
use crate::words::{bytes_in_words, count, short};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A check that is not made.
#[derive(Debug, thiserror::Error)]
#[error(
    "info --check tests one network, and {name} is a pipeline; to test its {denoiser} alone, give {folder} in its place, with \
     --hidden-states FILE for the embeddings of a prompt"
)]
pub(super) struct NoCheck {
    pub(super) name: String,
    pub(super) denoiser: &'static str,
    pub(super) folder: String,
}

/// A part with what its graph says; `None` if the graph cannot be read any more.
type PartOutline<'a> = (&'a PartInfo, Option<GraphOutline>);

fn outlines(pipeline: &PipelineInfo) -> Vec<PartOutline<'_>> {
    pipeline.parts.iter().map(|part| (part, GraphOutline::read(&part.graph).ok())).collect()
}

/// The report as JSON.
pub(super) fn facts(info: &ModelInfo, pipeline: &PipelineInfo) -> Value {
    let parts: Vec<Value> = outlines(pipeline)
        .iter()
        .map(|(part, outline)| {
            json!({
                "name": part.name,
                "file": part.graph,
                "inputs": outline.as_ref().map(|outline| &outline.inputs),
                "outputs": outline.as_ref().map(|outline| &outline.outputs),
                "weights": outline.as_ref().map(|outline| &outline.weights),
                "bytes": part.bytes,
                "provider": part.provider,
            })
        })
        .collect();
    let package = &pipeline.package;
    let facts = json!({
        "name": info.name,
        "sha256": info.sha256,
        "folder": package.folder,
        "family": package.family,
        "family_name": package.family.name(),
        "parts": parts,
        "latents": package.latents,
        "decoder": pipeline.has_decoder(),
        "tiny_decoder": pipeline.has_tiny_decoder(),
        "token_limit": pipeline.token_limit(),
        "token_limits": pipeline.token_limits.iter().copied().collect::<BTreeMap<_, _>>(),
        "text_encoders": pipeline.encoders(),
        "takes_guidance_scale": pipeline.takes_scale,
        "native_size": info.native_size,
        "size_multiple": info.size_multiple,
        "scheduler_config": info.scheduler,
        "sampler": info.scheduler.as_ref().and_then(own_sampler).map(|own| own.solver),
        "provider": info.provider,
        "onnxruntime": info.onnxruntime,
        "card": info.card,
    });
    with(facts, &words_of(info))
}

/// The report in lines.
pub(super) fn in_lines(info: &ModelInfo, pipeline: &PipelineInfo) -> String {
    let package = &pipeline.package;
    let mut lines = vec![];
    let mut line = |name: &str, text: String| lines.push(format!("{name:13} {text}").trim_end().to_owned());
    line("Model", info.name.clone());
    if let Some(Card { title, summary, licence, .. }) = &info.card {
        for (name, text) in [("Title", title), ("", summary), ("Licence", licence)] {
            if !text.is_empty() {
                line(name, text.clone());
            }
        }
    }
    line("Pipeline", format!("{}, text to image", package.family.name()));
    line("Folder", package.folder.display().to_string());
    line("SHA-256", info.sha256.clone());
    for (index, (part, outline)) in outlines(pipeline).iter().enumerate() {
        line(if index == 0 { "Parts" } else { "" }, part_in_words(part, outline.as_ref()));
        if let Some(outline) = outline {
            line("", format!("  {} → {}", ports(&outline.inputs), ports(&outline.outputs)));
        }
    }
    line("Latents", latents_in_words(&package.latents));
    let decoded = match (pipeline.has_decoder(), pipeline.has_tiny_decoder()) {
        (true, true) => "by vae_decoder; the small decoder beside it is not needed",
        (true, false) => "by vae_decoder",
        (false, true) => "in the window only, by the small decoder; there is no vae_decoder",
        (false, false) => "not at all: the folder has no decoder, so only latents are shown",
    };
    line("Decoded", decoded.into());
    let size = info.native_size.map_or_else(|| "unknown; set --size HxW".into(), |(h, w)| format!("{h}x{w} px"));
    line("Size", format!("{size}, {}", info.sizes_in_words()));
    let limits: Vec<String> = pipeline.token_limits.iter().map(|(part, limit)| format!("{limit} by {part}")).collect();
    line("Prompts", format!("tokens that are read, with start and end: {}", limits.join(", ")));
    let guidance = if pipeline.takes_scale {
        "distilled: the scale is an input, and each step is one call"
    } else {
        "away from the negative prompt, or the empty one; each step calls the network with both"
    };
    line("Guidance", guidance.into());
    if let Some(convention) = &info.convention {
        line("State", word(convention.state.map(|word| (word.is.name(), word.is.formula(), word.source))));
        line("Time", word(convention.time.map(|word| (word.is.name(), word.is.formula(), word.source))));
        line("Predicts", word(convention.prediction.map(|word| (word.is.name(), word.is.formula(), word.source))));
    }
    if let Some(config) = &info.scheduler {
        line("Trained on", config.describe());
        if let Some(ChosenSampler { solver, .. }) = own_sampler(config) {
            line("Sampler", format!("{} ({solver})", solver.title()));
        }
        let options = config.options_in_words();
        if !options.is_empty() {
            line("Options", options);
        }
    }
    let version = info.onnxruntime.as_ref().map_or_else(String::new, |version| format!(" (ONNX Runtime {version})"));
    line("Runs on", format!("{}{version}", info.badge()));
    lines.join("\n")
}

/// "unet, f16, 1.7 GB, on CUDA: unet/model.onnx".
fn part_in_words(part: &PartInfo, outline: Option<&GraphOutline>) -> String {
    let elements = outline.map_or(&[][..], |outline| &outline.weights);
    let name = |element: &Element| format!("{element:?}").to_lowercase();
    let elements = elements.iter().map(name).collect::<Vec<_>>().join(" and ");
    let place = match part.provider {
        Some(provider) => format!("on {}", provider.to_uppercase()),
        None if part.name.ends_with("decoder") => "opened when an image is decoded".into(),
        None => "opened when a prompt is encoded".into(),
    };
    let words = [Some(part.name.clone()), Some(elements), Some(bytes_in_words(part.bytes)), Some(place)];
    let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    format!("{}: {}", words.join(", "), part.graph.display())
}

/// "4 channels, each value 8x8 px of the image, scaling factor 0.18215".
fn latents_in_words(latents: &LatentCode) -> String {
    let pixels = latents.pixels_per_latent;
    let channels = count(latents.channels, "channel");
    let scaling = latents.scaling_factor.map(|factor| format!(", scaling factor {}", short(factor)));
    let shift = (latents.shift_factor != 0.0).then(|| format!(", shift {}", short(latents.shift_factor)));
    let all = [scaling, shift].into_iter().flatten().collect::<String>();
    format!("{channels}, each value {pixels}x{pixels} px of the image{all}")
}

/// Ports with their types; numbered outputs as a range.
fn ports(ports: &[Port]) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut rest = ports;
    while let Some((first, others)) = rest.split_first() {
        let stem = |port: &Port| {
            let (stem, number) = port.name.rsplit_once('.')?;
            number.parse::<usize>().ok().map(|_| stem.to_owned())
        };
        let same = others.iter().take_while(|port| stem(port).is_some() && stem(port) == stem(first)).count();
        if same == 0 {
            told.push(format!("{} {}", first.name, first.type_and_shape()));
        } else {
            let last = others[same - 1].name.rsplit_once('.').map_or("", |(_, number)| number);
            told.push(format!("{} … {last} {}", first.name, first.type_and_shape()));
        }
        rest = &others[same..];
    }
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_outputs_are_told_as_a_range() {
        let port = |name: &str| Port { name: name.into(), element: Element::F32, shape: vec![None, Some(8)] };
        let all = ["last", "hidden_states.0", "hidden_states.1", "hidden_states.2", "other.0"].map(port);
        assert_eq!(ports(&all), "last f32 [any, 8], hidden_states.0 … 2 f32 [any, 8], other.0 f32 [any, 8]");
    }

    #[test]
    fn latents_are_told_with_what_their_files_say() {
        let of = |scaling_factor, shift_factor| {
            latents_in_words(&LatentCode { channels: 16, pixels_per_latent: 8, scaling_factor, shift_factor })
        };
        assert_eq!(
            of(Some(1.5305), 0.0609),
            "16 channels, each value 8x8 px of the image, scaling factor 1.5305, shift 0.0609"
        );
        assert_eq!(of(None, 0.0), "16 channels, each value 8x8 px of the image");
    }
}
