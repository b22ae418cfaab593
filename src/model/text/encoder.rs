//! One text encoder: from token ids to states.

use super::files::parse;
use super::{TextError, Tokenizer, TokenizerKind, Tokens};
use crate::denoiser::not_finite;
use crate::model::contract::Port;
use crate::model::graph_file::{GraphFile, OutputNorm, output_norm};
use crate::model::onnx::{CallError, Canceller, OnnxSession, SessionOptions};
use crate::model::onnx_runtime::LoadedRuntime;
use ndarray::{Array1, Array2, Axis};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The keys of a text encoder's `config.json` that matter here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EncoderConfig {
    /// `clip_text_model`, `t5`.
    pub model_type: Option<String>,
    /// Tokens that it has embeddings for.
    pub vocab_size: Option<usize>,
    /// Most tokens of a text.
    pub max_position_embeddings: Option<usize>,
    /// Layers.
    pub num_hidden_layers: Option<usize>,
    /// Id of the token that ends a text.
    pub eos_token_id: Option<i64>,
    /// Added to the variance by the normalisations.
    pub layer_norm_eps: Option<f64>,
    /// Whether padding is masked.
    pub use_attention_mask: Option<bool>,
}

impl EncoderConfig {
    /// Reads a `config.json`, where there is one.
    pub fn read(path: Option<&Path>) -> Result<Self, TextError> {
        path.map_or_else(|| Ok(Self::default()), parse)
    }

    /// Refuses a tokenizer of another model.
    pub(super) fn check(&self, tokenizer: &Tokenizer, path: &Path) -> Result<(), TextError> {
        let folder = || tokenizer.folder().to_path_buf();
        let tokens = tokenizer.largest_id() as usize + 1;
        if let Some(known) = self.vocab_size.filter(|&known| tokens > known) {
            return Err(TextError::Vocabulary { folder: folder(), tokens, path: path.into(), known });
        }
        let other = |reason: String| Err(TextError::OtherModel { folder: folder(), reason });
        let encoder = self.model_type.as_deref().unwrap_or_default();
        match (encoder.starts_with("clip"), encoder.contains("t5"), tokenizer.kind()) {
            (true, _, TokenizerKind::Unigram) => return other("it is T5's, and the encoder is CLIP's".into()),
            (_, true, TokenizerKind::Clip) => return other("it is CLIP's, and the encoder is T5's".into()),
            _ => {}
        }
        // Older configurations of CLIP say 2 whatever it is.
        let ends = tokenizer.end_id().map(i64::from).zip(self.eos_token_id.filter(|&id| id != 2));
        match ends.filter(|(given, known)| given != known) {
            Some((given, known)) => {
                other(format!("it ends a text with token {given}, and the encoder expects {known}"))
            }
            None => Ok(()),
        }
    }
}

/// Which states of an encoder are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum States {
    /// None, only the pooled one.
    None,
    /// Those that it returns.
    Last,
    /// Those of the layer that is this many before the last, normalised as the last are.
    Normed(usize),
    /// Those of the layer that is this many before the last, as they are.
    Layer(usize),
}

/// What an encoder returns for one text.
pub(super) struct Encoded {
    /// `[tokens, width]`.
    pub(super) states: Option<Array2<f32>>,
    /// One vector for the whole text: projected where the encoder projects.
    pub(super) pooled: Option<Array1<f32>>,
}

/// An open text encoder.
pub struct TextEncoder {
    session: OnnxSession,
    path: PathBuf,
    config: EncoderConfig,
    hash: String,
    inputs: Vec<Port>,
    last: Port,
    /// One vector for the whole text.
    pooled: Option<Port>,
    /// States of each layer, with its number.
    layers: Vec<(usize, Port)>,
    /// The last normalisation, once it was asked for.
    norm: Option<OutputNorm>,
}

const NEEDED: &str = "\"last_hidden_state\"";

impl TextEncoder {
    /// Checks and opens an encoder, whose tokenizer must be of the same model.
    pub fn open(
        path: &Path,
        config: Option<&Path>,
        tokenizer: &Tokenizer,
        (runtime, options): (&LoadedRuntime, SessionOptions),
    ) -> Result<Self, TextError> {
        let config = EncoderConfig::read(config)?;
        config.check(tokenizer, path)?;
        let graph = GraphFile::read(path)?;
        let tokens = tokenizer.largest_id() as usize + 1;
        if let Some(known) = graph.looked_up_rows.filter(|&known| tokens > known) {
            return Err(TextError::Vocabulary { folder: tokenizer.folder().into(), tokens, path: path.into(), known });
        }
        let session = OnnxSession::open_again(path, &graph, runtime, options)?;
        let (inputs, outputs) = (session.inputs(), session.outputs());
        let named =
            |name: &str, axes| outputs.iter().find(|port| port.name == name && port.shape.len() == axes).cloned();
        let known = |port: &Port| ["input_ids", "attention_mask", "position_ids"].contains(&port.name.as_str());
        let takes_ids = inputs.iter().any(|port| port.name == "input_ids");
        let last = named("last_hidden_state", 3).filter(|_| takes_ids && inputs.iter().all(known));
        let Some(last) = last else {
            return Err(TextError::Ports { path: path.into(), ports: in_words(&inputs, &outputs), needed: NEEDED });
        };
        let layer = |port: &Port| Some((port.name.strip_prefix("hidden_states.")?.parse().ok()?, port.clone()));
        let mut layers: Vec<(usize, Port)> = outputs.iter().filter_map(layer).collect();
        layers.sort_by_key(|(number, _)| *number);
        let pooled = named("text_embeds", 2).or_else(|| named("pooler_output", 2));
        Ok(Self { session, path: path.into(), config, hash: graph.sha256, inputs, last, pooled, layers, norm: None })
    }

    /// SHA-256 of its graph and weights, hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// A handle that stops its call from another thread, and every later one.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.session.canceller()
    }

    /// How many tokens its graph was exported for, if that is fixed.
    pub(super) fn fixed_tokens(&self) -> Option<usize> {
        self.inputs.iter().find(|port| port.name == "input_ids")?.shape.get(1).copied().flatten()
    }

    /// Layers: as its configuration says, else as many as it returns the states of.
    fn layers(&self) -> usize {
        self.config.num_hidden_layers.or(self.layers.last().map(|(number, _)| *number)).unwrap_or(0)
    }

    /// The states of a text, to which the weights of its tokens are applied, and its pooled vector.
    pub(super) fn encode(&mut self, tokens: &Tokens, (wanted, pools): (States, bool)) -> Result<Encoded, TextError> {
        let port = match wanted {
            States::None => None,
            States::Last => Some(self.last.clone()),
            States::Normed(skipped) | States::Layer(skipped) => Some(self.layer(skipped, wanted)?),
        };
        let pooled = self.pooled.as_ref().filter(|_| pools);
        if pools && pooled.is_none() {
            return Err(self.ports("\"text_embeds\" or \"pooler_output\""));
        }
        let wanted_ports: Vec<&Port> = port.iter().chain(pooled).collect();
        let called = self.session.call_with(self.fed(tokens), &wanted_ports).map_err(|error| self.failed(error))?;
        let mut found = called.into_iter();
        let states = port.is_some().then(|| self.states(found.next(), tokens)).transpose()?;
        let pooled = pools.then(|| self.pooled(found.next())).transpose()?;
        let states = match states {
            Some(mut states) => {
                if matches!(wanted, States::Normed(_)) {
                    self.norm(&mut states)?;
                }
                super::emphasis::apply(&mut states, &tokens.weights);
                Some(states)
            }
            None => None,
        };
        Ok(Encoded { states, pooled })
    }

    /// The output with the states of a layer before the last.
    fn layer(&self, skipped: usize, wanted: States) -> Result<Port, TextError> {
        let (layers, path) = (self.layers(), self.path.clone());
        let needed = match wanted {
            States::Normed(_) => format!("a CLIP skip of {skipped} needs"),
            _ => "this kind of pipeline needs".into(),
        };
        let Some(layer) = layers.checked_sub(skipped) else {
            // What the family itself leaves out is not the user's.
            let own = usize::from(!matches!(wanted, States::Normed(_)));
            let (skipped, most) = (skipped - own, layers.saturating_sub(own));
            return Err(TextError::ClipSkip { path, layers, skipped, most });
        };
        let port = self.layers.iter().find(|(number, _)| *number == layer).map(|(_, port)| port.clone());
        port.ok_or(TextError::NoLayer { path, layer, needed })
    }

    /// What the graph is fed: ids, and where it takes them a mask and places. A graph for a fixed batch takes the text that
    /// many times.
    fn fed(&self, tokens: &Tokens) -> Vec<(&Port, Vec<usize>, std::vec::IntoIter<f64>)> {
        let masks = self.config.use_attention_mask == Some(true);
        let fed = |port: &Port| -> Vec<f64> {
            let places = 0..tokens.ids.len();
            match port.name.as_str() {
                "attention_mask" => places.map(|place| f64::from(u8::from(!masks || place < tokens.used))).collect(),
                "position_ids" => places.map(|place| place as f64).collect(),
                _ => tokens.ids.iter().map(|&id| id as f64).collect(),
            }
        };
        let shape = |port: &Port| vec![port.shape.first().copied().flatten().unwrap_or(1), tokens.ids.len()];
        let repeated = |port: &Port| fed(port).repeat(shape(port)[0]).into_iter();
        self.inputs.iter().map(|port| (port, shape(port), repeated(port))).collect()
    }

    fn states(&self, found: Option<(Vec<usize>, Vec<f32>)>, tokens: &Tokens) -> Result<Array2<f32>, TextError> {
        let (shape, mut values) = found.unwrap_or_default();
        let [_, count, width] = shape[..] else { return Err(self.shape(&shape)) };
        values.truncate(count * width);
        if let Some(what) = not_finite(&values) {
            return Err(TextError::NotFinite { path: self.path.clone(), what });
        }
        if count != tokens.ids.len() {
            return Err(self.shape(&shape));
        }
        Array2::from_shape_vec((count, width), values).map_err(|_| self.shape(&shape))
    }

    fn pooled(&self, found: Option<(Vec<usize>, Vec<f32>)>) -> Result<Array1<f32>, TextError> {
        let (shape, mut values) = found.unwrap_or_default();
        let [_, width] = shape[..] else { return Err(self.shape(&shape)) };
        values.truncate(width);
        match not_finite(&values) {
            Some(what) => Err(TextError::NotFinite { path: self.path.clone(), what }),
            None => Ok(Array1::from_vec(values)),
        }
    }

    /// Normalises states as the encoder does its last: over the width of each token.
    fn norm(&mut self, states: &mut Array2<f32>) -> Result<(), TextError> {
        let path = || self.path.clone();
        if self.norm.is_none() {
            self.norm = output_norm(&self.path, &self.last.name)?;
        }
        let norm = self.norm.as_ref().filter(|norm| norm.scale.len() == states.ncols());
        let norm = norm.ok_or_else(|| TextError::NoNorm { path: path() })?;
        let epsilon = norm.epsilon.map(f64::from).or(self.config.layer_norm_eps).unwrap_or(1e-5);
        let width = states.ncols() as f64;
        for mut state in states.axis_iter_mut(Axis(0)) {
            let mean = state.iter().map(|&value| f64::from(value)).sum::<f64>() / width;
            let variance = state.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / width;
            let scale = (variance + epsilon).sqrt().recip();
            for ((value, &by), &bias) in state.iter_mut().zip(&norm.scale).zip(&norm.bias) {
                *value = ((f64::from(*value) - mean) * scale * f64::from(by) + f64::from(bias)) as f32;
            }
        }
        Ok(())
    }

    fn ports(&self, needed: &'static str) -> TextError {
        let ports = in_words(&self.inputs, &self.session.outputs());
        TextError::Ports { path: self.path.clone(), ports, needed }
    }

    fn shape(&self, shape: &[usize]) -> TextError {
        TextError::Failed { path: self.path.clone(), reason: format!("it returned an array of shape {shape:?}") }
    }

    fn failed(&self, error: CallError) -> TextError {
        let path = self.path.clone();
        match error {
            CallError::Cancelled => TextError::Cancelled,
            CallError::Memory => TextError::Memory { path },
            CallError::Failed(reason) => TextError::Failed { path, reason },
        }
    }
}

fn in_words(inputs: &[Port], outputs: &[Port]) -> String {
    let list = |ports: &[Port]| ports.iter().map(Port::describe).collect::<Vec<_>>().join(", ");
    format!("it takes {} and returns {}", list(inputs), list(outputs))
}
