//! Decoding latents to images beside a run: one thread with its own decoders, newest question first.
//!
//! What is asked [when idle](Urgency::WhenIdle) waits while steps are being made, and a call in progress is ended when
//! they begin, so a run is not slowed. What the user [asks for](Urgency::Asked) is decoded at once.

mod open;
#[cfg(test)]
mod tests;
mod thread;

pub use open::Decoders;

use super::analysis_pool::Ticket;
use super::kept_results::KeptResults;
use super::{Busy, Wake};
use crate::model::decoder::{ColourFit, DecodeError, DecoderKind, LinearColours};
use crate::model::onnx::Canceller;
use ndarray::{Array3, ArrayView3};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Most questions that wait; older ones are dropped, and asked again if they are still shown.
const MOST_WAITING: usize = 256;

/// How soon something is to be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// As soon as no steps are being made.
    WhenIdle,
    /// At once, because the user asked for it.
    Asked,
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodingState {
    /// It was not asked, or was dropped.
    Unasked,
    /// It waits for another.
    Waiting,
    /// It waits until no steps are being made.
    WaitsForRun,
    /// It is being answered.
    Decoding,
    /// The image is there.
    Done,
    /// It failed: a sentence.
    Failed(String),
}

/// A question: the latents that `key` names, through one of the decoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeQuestion<K> {
    /// Run, step, quantity and sample.
    pub key: K,
    /// Which decoder.
    pub with: DecoderKind,
}

/// The latents of a question.
#[derive(Clone, Debug)]
pub struct Latents {
    /// `[C, h, w]`.
    pub values: Array3<f32>,
    /// Whether they are of a clean image, such as E\[x_0|x_t\]. Colours are fitted on these.
    pub is_clean: bool,
}

/// An open decoder, for the thread.
trait Decodes {
    /// The image of latents `[C, h, w]`. `begun` receives what ends this call alone.
    fn decode(&mut self, latents: ArrayView3<f32>, begun: &dyn Fn(Canceller)) -> Result<Array3<f32>, DecodeError>;
}

/// Opens the decoders that there are, in the thread.
trait OpensDecoders: Send + Sync {
    /// The decoder of a kind, or a sentence.
    fn open(&self, kind: DecoderKind) -> Result<Box<dyn Decodes>, String>;
    /// The colours that are published for the latents, if any.
    fn published(&self) -> Option<LinearColours>;
    /// Whether it opens these.
    fn is(&self, decoders: &Decoders) -> bool;
}

/// A question that waits.
struct Waiting<K> {
    question: DecodeQuestion<K>,
    urgency: Urgency,
    latents: Latents,
    _ticket: Ticket,
}

/// The question that is being answered.
struct Current<K> {
    question: DecodeQuestion<K>,
    urgency: Urgency,
    canceller: Option<Canceller>,
    /// Whether it was ended: for something more urgent, and asked again, or for good.
    ended: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Postponed,
    Dropped,
}

struct State<K> {
    opener: Option<Arc<dyn OpensDecoders>>,
    /// Counts the openers, so that the thread drops the decoders of an earlier one.
    openers: u64,
    done: KeptResults<DecodeQuestion<K>, Array3<f32>>,
    failed: HashMap<DecodeQuestion<K>, String>,
    /// Decoders that could not be opened.
    broken: HashMap<DecoderKind, String>,
    /// The newest last.
    waiting: Vec<Waiting<K>>,
    current: Option<Current<K>>,
    fit: Option<ColourFit>,
    colours: Option<Arc<LinearColours>>,
    closing: bool,
}

struct Shared<K> {
    state: Mutex<State<K>>,
    changed: Condvar,
    busy: Busy,
    wake: Wake,
}

/// The window's handle to the thread. None of its functions blocks.
pub struct Decoding<K> {
    shared: Arc<Shared<K>>,
    thread: Option<JoinHandle<()>>,
}

impl<K: Eq + Hash + Clone + Send + Sync + 'static> Decoding<K> {
    /// Starts the thread. Images are kept within `budget` bytes. `busy` returns whether steps are being made; `wake` is
    /// called when there is news.
    pub fn start(budget: usize, busy: Busy, wake: Wake) -> std::io::Result<Self> {
        let state = State {
            opener: None,
            openers: 0,
            done: KeptResults::within(budget),
            failed: HashMap::new(),
            broken: HashMap::new(),
            waiting: Vec::new(),
            current: None,
            fit: None,
            colours: None,
            closing: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), busy, wake });
        let theirs = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("chromascope-decoding".into()).spawn(move || thread::work(&theirs))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Sets the decoders of the open model, or none. Unless they are the same as before, all that is known is dropped.
    pub fn set_decoders(&self, decoders: Option<Decoders>) {
        let mut state = self.shared.lock();
        let same = match (&state.opener, &decoders) {
            (Some(before), Some(now)) => before.is(now),
            (None, None) => true,
            _ => false,
        };
        if !same {
            state.set_opener(decoders.map(|decoders| Arc::new(decoders) as Arc<dyn OpensDecoders>));
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// The image `[3, H, W]` of a question, if it is known. If not, it is asked: `latents` provides its latents, if they
    /// are there. A question that waits becomes the newest.
    pub fn request(
        &self,
        question: DecodeQuestion<K>,
        urgency: Urgency,
        latents: impl FnOnce() -> Option<Latents>,
    ) -> Option<Arc<Array3<f32>>> {
        let mut state = self.shared.lock();
        if let Some(image) = state.done.look(&question) {
            return Some(image);
        }
        if state.opener.is_none() || state.failure(&question).is_some() {
            return None;
        }
        let is_it = |current: &&mut Current<K>| current.question == question && current.ended != Some(End::Dropped);
        if let Some(current) = state.current.as_mut().filter(is_it) {
            // It is not ended for a run any more.
            current.urgency = current.urgency.max(urgency);
            return None;
        }
        if let Some(place) = state.waiting.iter().position(|waiting| waiting.question == question) {
            let mut waiting = state.waiting.remove(place);
            waiting.urgency = waiting.urgency.max(urgency);
            state.waiting.push(waiting);
        } else {
            let latents = latents()?;
            state.waiting.push(Waiting { question, urgency, latents, _ticket: Ticket::take() });
            if state.waiting.len() > MOST_WAITING {
                state.waiting.remove(0);
            }
        }
        if urgency == Urgency::Asked {
            state.postpone_for_more_urgent();
        }
        drop(state);
        self.shared.changed.notify_all();
        None
    }

    /// The image of a question, if it is known.
    #[must_use]
    pub fn get(&self, question: &DecodeQuestion<K>) -> Option<Arc<Array3<f32>>> {
        self.shared.lock().done.look(question)
    }

    /// What becomes of a question.
    #[must_use]
    pub fn state(&self, question: &DecodeQuestion<K>) -> DecodingState {
        let is_busy = (self.shared.busy)();
        let state = self.shared.lock();
        if state.done.has(question) {
            return DecodingState::Done;
        }
        if let Some(sentence) = state.failure(question) {
            return DecodingState::Failed(sentence.clone());
        }
        if state.current.as_ref().is_some_and(|current| current.question == *question && current.ended.is_none()) {
            return DecodingState::Decoding;
        }
        match state.waiting.iter().find(|waiting| waiting.question == *question) {
            Some(waiting) if waiting.urgency == Urgency::WhenIdle && is_busy => DecodingState::WaitsForRun,
            Some(_) => DecodingState::Waiting,
            None => DecodingState::Unasked,
        }
    }

    /// Why the decoder of a kind cannot be used, as far as is known: a sentence.
    #[must_use]
    pub fn failure_of(&self, kind: DecoderKind) -> Option<String> {
        self.shared.lock().broken.get(&kind).cloned()
    }

    /// Colours of the latents: published ones, else those fitted on what was decoded so far, if it suffices.
    #[must_use]
    pub fn colours(&self) -> Option<Arc<LinearColours>> {
        self.shared.lock().colours.clone()
    }

    /// Drops the questions that wait and ends the one in progress. What is decoded stays.
    pub fn cancel(&self) {
        self.shared.lock().drop_questions();
        self.shared.changed.notify_all();
    }

    /// Allows what failed to be asked again, with the files read anew.
    pub fn forget_failures(&self) {
        let mut state = self.shared.lock();
        state.failed.clear();
        state.broken.clear();
    }

    /// Size of the kept images, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.lock().done.bytes()
    }
}

impl<K> Drop for Decoding<K> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        state.waiting.clear();
        if let Some(current) = &mut state.current {
            current.end(End::Dropped);
        }
        drop(state);
        self.shared.changed.notify_all();
        // The opening of a large file is left to end with the process.
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            // Panics were reported as failures.
            let _ = thread.join();
        }
    }
}

impl<K> Current<K> {
    fn end(&mut self, end: End) {
        if self.ended != Some(End::Dropped) {
            self.ended = Some(end);
        }
        if let Some(canceller) = &self.canceller {
            canceller.cancel();
        }
    }
}

impl<K: Eq + Hash + Clone> State<K> {
    fn set_opener(&mut self, opener: Option<Arc<dyn OpensDecoders>>) {
        self.drop_questions();
        self.colours = opener.as_ref().and_then(|opener| opener.published()).map(Arc::new);
        self.opener = opener;
        self.openers += 1;
        self.done.clear();
        self.failed.clear();
        self.broken.clear();
        self.fit = None;
    }

    fn failure(&self, question: &DecodeQuestion<K>) -> Option<&String> {
        self.broken.get(&question.with).or_else(|| self.failed.get(question))
    }

    fn drop_questions(&mut self) {
        self.waiting.clear();
        if let Some(current) = &mut self.current {
            current.end(End::Dropped);
        }
    }

    /// Ends a call that nobody is waiting for when something was asked for.
    fn postpone_for_more_urgent(&mut self) {
        if let Some(current) = self.current.as_mut().filter(|current| current.urgency == Urgency::WhenIdle) {
            current.end(End::Postponed);
        }
    }

    /// The next question: the newest that was asked for, else the newest that may be answered now.
    fn next(&mut self, is_busy: bool) -> Option<Waiting<K>> {
        let least = if is_busy { Urgency::Asked } else { Urgency::WhenIdle };
        let may = |waiting: &&Waiting<K>| waiting.urgency >= least;
        let most = self.waiting.iter().filter(may).map(|waiting| waiting.urgency).max()?;
        let place = self.waiting.iter().rposition(|waiting| waiting.urgency == most)?;
        Some(self.waiting.remove(place))
    }
}

impl<K> Shared<K> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // Nothing that can panic runs while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
