//! From prompts to what a network is told, by the family of the pipeline.

mod compose;

use self::compose::{Plan, compose, plans};
use super::encoder::Encoded;
use super::{EncoderConfig, MOST_SHOWN, TextEncoder, TextError, Tokenizer, Tokens};
use crate::denoiser::CancelFlag;
use crate::model::onnx::{Canceller, SessionOptions};
use crate::model::onnx_runtime::LoadedRuntime;
use crate::model::package::json;
use crate::model::pipeline::{EncoderPart, Family, PipelinePackage};
use crate::words::joined;
use ndarray::{Array1, Array2};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A text as a network takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptEmbedding {
    /// `[tokens, width]`.
    pub hidden_states: Array2<f32>,
    /// One vector for the whole text, for families that have one.
    pub pooled: Option<Array1<f32>>,
}

impl PromptEmbedding {
    fn bytes(&self) -> usize {
        4 * (self.hidden_states.len() + self.pooled.as_ref().map_or(0, Array1::len))
    }
}

/// A text to encode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PromptText {
    /// The text, without editing.
    pub text: String,
    /// What it is.
    pub role: TextRole,
}

/// What a text is to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextRole {
    /// A prompt.
    Prompt,
    /// The negative prompt, which is encoded without CLIP skip, and also where it is empty.
    Negative,
    /// The empty text in place of a negative prompt that is not given. A pipeline may want zeros for it.
    NoNegative,
}

/// What an encoder is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// A part is opened.
    Open {
        /// Name of its folder.
        part: &'a str,
    },
    /// Texts are encoded with it.
    Encode {
        /// Name of its folder.
        part: &'a str,
        /// Texts done.
        done: usize,
        /// Texts in all.
        of: usize,
    },
}

/// Stops an encoder from another thread, within a call.
#[derive(Clone, Default)]
pub struct EncodeCanceller {
    cancelled: CancelFlag,
    open: Arc<Mutex<Option<Canceller>>>,
}

impl EncodeCanceller {
    /// Ends the work under way with [`TextError::Cancelled`], as soon as an encoder that is being opened is open.
    pub fn cancel(&self) {
        self.cancelled.cancel();
        if let Some(open) = self.open().as_ref() {
            open.cancel();
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Option<Canceller>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), TextError> {
        if self.cancelled.is_cancelled() { Err(TextError::Cancelled) } else { Ok(()) }
    }

    /// From now on an encoder is stopped, too.
    fn watch(&self, encoder: &TextEncoder) -> Result<(), TextError> {
        *self.open() = Some(encoder.canceller());
        // It may have been cancelled meanwhile.
        self.check()
    }
}

impl Tokenizer {
    /// Reads the tokenizer of a pipeline's encoder, checks that it is of it, and cuts texts as that encoder is given them.
    pub fn of_encoder(family: Family, part: &EncoderPart) -> Result<Self, TextError> {
        let tokenizer = Self::open(&part.tokenizer)?;
        let config = EncoderConfig::read(part.config.as_deref())?;
        config.check(&tokenizer, part.config.as_deref().unwrap_or(&part.graph))?;
        let plan = plans(family).into_iter().find(|plan| plan.number == part.number);
        let limit = plan.and_then(|plan| plan.tokens).unwrap_or(tokenizer.limit());
        Ok(tokenizer.with_limit(limit.min(config.max_position_embeddings.unwrap_or(limit))))
    }
}

/// The text encoders of a pipeline. One after the other is opened, encodes, and is freed again.
pub struct PromptEncoder {
    family: Family,
    parts: Vec<PartEncoder>,
    /// Width of the embeddings that the denoiser takes, where its configuration says it.
    width: Option<usize>,
    zeros_for_empty: bool,
    keeps_open: bool,
    known: Known,
}

/// An encoder of the pipeline.
struct PartEncoder {
    part: EncoderPart,
    tokenizer: Tokenizer,
    open: Option<TextEncoder>,
    /// That of its file when it was open last.
    hash: Option<String>,
}

type Key = (PromptText, Option<usize>);

/// Embeddings that were made, the newest last.
#[derive(Default)]
struct Known {
    found: HashMap<Key, Arc<PromptEmbedding>>,
    order: Vec<Key>,
    bytes: usize,
}

/// Most bytes of embeddings that are kept.
const MOST_BYTES: usize = 256 << 20;

impl Known {
    fn keep(&mut self, key: Key, embedding: &Arc<PromptEmbedding>) {
        self.bytes += embedding.bytes();
        if self.found.insert(key.clone(), Arc::clone(embedding)).is_none() {
            self.order.push(key);
        }
        while self.bytes > MOST_BYTES && self.order.len() > 1 {
            let oldest = self.order.remove(0);
            self.bytes -= self.found.remove(&oldest).map_or(0, |gone| gone.bytes());
        }
    }
}

/// The key of a transformer's configuration that matters here.
#[derive(Deserialize)]
struct DenoiserWidth {
    joint_attention_dim: Option<usize>,
}

impl PromptEncoder {
    /// Reads the tokenizers of a pipeline, and checks that they are of its encoders. No encoder is opened yet.
    pub fn open(pipeline: &PipelinePackage) -> Result<Self, TextError> {
        let parts = pipeline.encoders.iter().map(|part| {
            let tokenizer = Tokenizer::of_encoder(pipeline.family, part)?;
            Ok(PartEncoder { part: part.clone(), tokenizer, open: None, hash: None })
        });
        let parts = parts.collect::<Result<_, TextError>>()?;
        let config = pipeline.denoiser.folder.join("config.json");
        let width = config.exists().then(|| json::<DenoiserWidth>(&config).ok()?.joint_attention_dim).flatten();
        Ok(Self {
            family: pipeline.family,
            parts,
            width,
            zeros_for_empty: pipeline.zeros_for_empty_prompt,
            keeps_open: false,
            known: Known::default(),
        })
    }

    /// The same encoders, which stay open between calls if `keeps_open`.
    #[must_use]
    pub fn keeping_open(self, keeps_open: bool) -> Self {
        Self { keeps_open, ..self }
    }

    /// The tokens of a text for each encoder, with the name of its folder.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<(&'static str, Tokens)> {
        self.parts.iter().map(|part| (part.part.name(), part.tokenizer.encode(text))).collect()
    }

    /// What whoever wrote these texts must know of them, a sentence each.
    #[must_use]
    pub fn notes(&self, texts: &[PromptText], clip_skip: Option<usize>) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        if self.family == Family::Flux && clip_skip.is_some_and(|skipped| skipped > 0) {
            notes.push("CLIP skip changes nothing: FLUX uses no states of CLIP's layers".into());
        }
        for text in texts {
            let all = self.tokens(&text.text);
            let whole: Vec<&str> =
                all.iter().filter(|(_, tokens)| tokens.fell_off.is_none()).map(|(part, _)| *part).collect();
            let verb = if whole.len() == 1 { "reads" } else { "read" };
            for (place, (_, tokens)) in all.iter().enumerate() {
                let alike = |(_, other): &&(&str, Tokens)| other.has_same_end(tokens);
                // It is told with the first that reads as much.
                if all[..place].iter().any(|other| alike(&other)) {
                    continue;
                }
                let readers: Vec<&str> = all.iter().filter(alike).map(|(part, _)| *part).collect();
                let readers = if all.len() == 1 { &[][..] } else { &readers };
                // What one encoder cannot read may still count by another.
                let further = Some(&whole).filter(|whole| tokens.fell_off.is_some() && !whole.is_empty());
                let further = further.map(|whole| format!("; {} {verb} all of it", joined(whole, "and")));
                for (at, note) in tokens.notes(readers, MOST_SHOWN).into_iter().enumerate() {
                    let note = note + further.as_deref().filter(|_| at == 0).unwrap_or_default();
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
            }
        }
        notes
    }

    /// Whether all of these texts were encoded before, so that no encoder is needed.
    #[must_use]
    pub fn knows(&self, texts: &[PromptText], clip_skip: Option<usize>) -> bool {
        texts.iter().all(|text| self.known.found.contains_key(&self.key(text, clip_skip)))
    }

    /// The embeddings of texts, in their order. `clip_skip` is how many of CLIP's last layers are left out, beyond those that
    /// the family leaves out. Texts that were encoded before are not encoded again.
    pub fn encode(
        &mut self,
        texts: &[PromptText],
        clip_skip: Option<usize>,
        (runtime, options): (&LoadedRuntime, SessionOptions),
        (canceller, progress): (&EncodeCanceller, &mut dyn FnMut(Stage)),
    ) -> Result<Vec<Arc<PromptEmbedding>>, TextError> {
        let mut new: Vec<&PromptText> = Vec::new();
        for text in texts {
            if !self.known.found.contains_key(&self.key(text, clip_skip)) && !new.contains(&text) {
                new.push(text);
            }
        }
        let mut made = HashMap::new();
        if !new.is_empty() {
            let mut encoded: Vec<Vec<(usize, Encoded)>> = new.iter().map(|_| Vec::new()).collect();
            for plan in plans(self.family) {
                let Some(at) = self.parts.iter().position(|part| part.part.number == plan.number) else { continue };
                let changed = self.parts[at].encode(
                    &new,
                    (&plan, clip_skip),
                    (runtime, options),
                    (canceller, progress),
                    &mut encoded,
                );
                *canceller.open() = None;
                // An encoder that was stopped is stopped for good.
                if changed.is_err() || !self.keeps_open {
                    self.parts[at].open = None;
                }
                if changed? {
                    self.known = Known::default();
                }
            }
            for (text, parts) in new.into_iter().zip(encoded) {
                let mut embedding = compose(self.family, parts, self.width);
                if self.is_zeros(text) {
                    embedding.hidden_states.fill(0.0);
                    embedding.pooled.iter_mut().for_each(|pooled| pooled.fill(0.0));
                }
                made.insert(text, Arc::new(embedding));
            }
        }
        let found = texts.iter().map(|text| {
            let key = self.key(text, clip_skip);
            let known = self.known.found.get(&key).or_else(|| made.get(text));
            known.map(Arc::clone).ok_or(TextError::Cancelled)
        });
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        for (text, embedding) in made {
            self.known.keep(self.key(text, clip_skip), &embedding);
        }
        Ok(found)
    }

    /// SHA-256 of each encoder that was opened, in their order.
    #[must_use]
    pub fn hashes(&self) -> Vec<(&'static str, &str)> {
        self.parts.iter().filter_map(|part| Some((part.part.name(), part.hash.as_deref()?))).collect()
    }

    /// A negative prompt has no CLIP skip, and where the family knows none it makes no difference.
    fn key(&self, text: &PromptText, clip_skip: Option<usize>) -> Key {
        let skips = text.role == TextRole::Prompt && self.family != Family::Flux;
        (text.clone(), clip_skip.filter(|&skipped| skips && skipped > 0))
    }

    fn is_zeros(&self, text: &PromptText) -> bool {
        self.zeros_for_empty && text.role == TextRole::NoNegative && self.family == Family::StableDiffusionXl
    }
}

impl PartEncoder {
    /// Encodes texts, each behind what other encoders made of it. Returns whether its file is another than it was.
    fn encode(
        &mut self,
        texts: &[&PromptText],
        (plan, clip_skip): (&Plan, Option<usize>),
        (runtime, options): (&LoadedRuntime, SessionOptions),
        (canceller, progress): (&EncodeCanceller, &mut dyn FnMut(Stage)),
        encoded: &mut [Vec<(usize, Encoded)>],
    ) -> Result<bool, TextError> {
        canceller.check()?;
        let part = self.part.name();
        let encoder = match &mut self.open {
            Some(open) => open,
            none => {
                progress(Stage::Open { part });
                let config = self.part.config.as_deref();
                none.insert(TextEncoder::open(&self.part.graph, config, &self.tokenizer, (runtime, options))?)
            }
        };
        canceller.watch(encoder)?;
        let changed = self.hash.as_deref().is_some_and(|hash| hash != encoder.hash());
        self.hash = Some(encoder.hash().into());
        let limit = encoder.fixed_tokens().unwrap_or(self.tokenizer.limit());
        for (done, (text, encoded)) in texts.iter().zip(encoded).enumerate() {
            progress(Stage::Encode { part, done, of: texts.len() });
            let tokens = self.tokenizer.encode_within(&text.text, limit);
            let skipped = clip_skip.filter(|_| text.role == TextRole::Prompt).unwrap_or(0);
            encoded.push((plan.number, encoder.encode(&tokens, (plan.states(skipped), plan.pools))?));
        }
        progress(Stage::Encode { part, done: texts.len(), of: texts.len() });
        Ok(changed)
    }
}
