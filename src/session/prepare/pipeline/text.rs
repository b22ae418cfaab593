//! The text encoders of an open pipeline.

use super::super::loading::{LoadingPart, PartTask, unless_stopped};
use super::super::open::{choose_provider, default_threads};
use super::super::{Loading, PrepareError};
use super::Loader;
use super::memory::{check_room, is_small, weight};
use crate::model::LoadStop;
use crate::model::graph_file::GraphWeight;
use crate::model::onnx::SessionOptions;
use crate::model::onnx_runtime::{Provider, find_and_load};
use crate::model::pipeline::PipelinePackage;
use crate::model::text::{EncodeCanceller, PromptEmbedding, PromptEncoder, PromptText, Stage, TextError};
use crate::reading::memory as system_memory;
use crate::session::settings::{ProviderChoice, RunSettings};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The text encoders of an open pipeline. They are opened when a prompt is new, one after the other.
pub(super) struct Encoders {
    state: Mutex<State>,
    /// Name and weight of each.
    parts: Vec<(&'static str, GraphWeight)>,
    /// Which provider and how many threads the user wants.
    wanted: RunSettings,
    onnxruntime: Option<PathBuf>,
    token_limits: Vec<(&'static str, usize)>,
}

struct State {
    encoder: PromptEncoder,
    /// Where they ran last.
    provider: Option<Provider>,
    /// Why they do not run on CUDA, if that was tried.
    no_cuda: Option<String>,
}

/// What became of the texts of a run.
pub(super) struct EncodedTexts {
    /// In their order.
    pub(super) embeddings: Vec<Arc<PromptEmbedding>>,
    /// Tokens that each has, for each encoder.
    pub(super) tokens: Vec<Vec<usize>>,
    /// Warnings, such as words that fell off.
    pub(super) notes: Vec<String>,
}

impl Encoders {
    /// Those of a pipeline, of which none is opened yet.
    pub(super) fn new(
        package: &PipelinePackage,
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
    ) -> Result<Self, PrepareError> {
        let parts = package.encoders.iter().map(|part| Ok((part.name(), weight(&part.graph)?)));
        let parts = parts.collect::<Result<Vec<_>, PrepareError>>()?;
        let keeps_open = is_small(parts.iter().map(|(_, weight)| *weight));
        let encoder = PromptEncoder::open(package)?.keeping_open(keeps_open);
        let token_limits = encoder.tokens("").into_iter().map(|(part, tokens)| (part, tokens.ids.len())).collect();
        let state = Mutex::new(State { encoder, provider: None, no_cuda: None });
        let onnxruntime = onnxruntime.map(Path::to_path_buf);
        Ok(Self { state, parts, wanted: settings.clone(), onnxruntime, token_limits })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in the middle of a call leaves nothing that the next would see.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tokens of a prompt that each reads, with those that begin and end it.
    pub(super) fn token_limits(&self) -> &[(&'static str, usize)] {
        &self.token_limits
    }

    /// Name and SHA-256 of each that has been opened.
    pub(super) fn hashes(&self) -> Vec<(String, String)> {
        self.state().encoder.hashes().into_iter().map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect()
    }

    /// Where an encoder ran last.
    pub(super) fn provider_of(&self, part: &str) -> Option<Provider> {
        self.state().provider.filter(|_| self.parts.iter().any(|(name, _)| *name == part))
    }

    /// Why they do not run on CUDA, if that was tried.
    pub(super) fn notes(&self) -> Vec<String> {
        self.state().no_cuda.iter().cloned().collect()
    }

    /// The embeddings of texts. Those that were encoded before are not encoded again.
    pub(super) fn encode(
        &self,
        texts: &[PromptText],
        clip_skip: Option<usize>,
        loader: &Loader,
    ) -> Result<EncodedTexts, PrepareError> {
        let mut state = self.state();
        let state = &mut *state;
        let tokens = texts.iter().map(|text| {
            state.encoder.tokens(&text.text).into_iter().map(|(_, tokens)| tokens.used).collect::<Vec<_>>()
        });
        let (tokens, notes) = (tokens.collect(), state.encoder.notes(texts, clip_skip));
        let runtime = find_and_load(self.onnxruntime.as_deref())?;
        if state.encoder.knows(texts, clip_skip) {
            let options = SessionOptions { provider: Provider::Cpu, intra_threads: None };
            let mut silent = |_: Stage| {};
            let nothing: (&EncodeCanceller, &mut dyn FnMut(Stage)) = (&EncodeCanceller::default(), &mut silent);
            let embeddings = state.encoder.encode(texts, clip_skip, (runtime, options), nothing)?;
            return Ok(EncodedTexts { embeddings, tokens, notes });
        }
        let (provider, no_cuda) = choose_provider(&self.wanted, runtime)?;
        state.no_cuda = no_cuda;
        let threads = Some(self.wanted.threads.unwrap_or_else(default_threads));
        let mut on = |provider| {
            self.parts.iter().try_for_each(|(name, weight)| check_room(name, *weight, provider))?;
            state.provider = Some(provider);
            let options = SessionOptions { provider, intra_threads: threads };
            self.told(loader, |canceller, progress| {
                state.encoder.encode(texts, clip_skip, (runtime, options), (canceller, progress))
            })
        };
        let embeddings = match on(provider) {
            Err(PrepareError::Text(TextError::Open(error)))
                if provider != Provider::Cpu && self.wanted.provider == ProviderChoice::Auto =>
            {
                let embeddings = on(Provider::Cpu)?;
                state.no_cuda = Some(format!("CUDA cannot run the text encoders, so the CPU does: {error}"));
                embeddings
            }
            encoded => encoded?,
        };
        Ok(EncodedTexts { embeddings, tokens, notes })
    }

    /// Tells what the encoders do, and stops them when they are no longer wanted.
    fn told<T>(
        &self,
        loader: &Loader,
        call: impl FnOnce(&EncodeCanceller, &mut dyn FnMut(Stage)) -> Result<T, TextError>,
    ) -> Result<T, PrepareError> {
        let part = |name: &str, task| {
            let number = self.parts.iter().position(|(part, _)| *part == name).unwrap_or(0);
            let bytes = self.parts[number].1.bytes;
            LoadingPart { task, name: name.to_owned(), number: number + 1, of: loader.of, bytes, in_use: None }
        };
        let now = Mutex::new(part(self.parts[0].0, PartTask::Open));
        let tell = || {
            let now = now.lock().unwrap_or_else(PoisonError::into_inner).clone();
            (loader.progress)(Loading::Part(LoadingPart { in_use: system_memory::in_use(), ..now }))
        };
        if !tell() {
            return Err(PrepareError::Stopped);
        }
        let (canceller, stop) = (EncodeCanceller::default(), LoadStop::default());
        let all_stop = || {
            stop.stop();
            canceller.cancel();
        };
        let mut progress = |stage: Stage| {
            let part = match stage {
                Stage::Open { part: name } => part(name, PartTask::Open),
                Stage::Encode { part: name, .. } => part(name, PartTask::Encode),
            };
            *now.lock().unwrap_or_else(PoisonError::into_inner) = part;
            if !tell() {
                all_stop();
            }
        };
        let result = unless_stopped(&tell, &all_stop, || stop.rule(|| call(&canceller, &mut progress)));
        if stop.is_stopped() { Err(PrepareError::Stopped) } else { Ok(result?) }
    }
}
