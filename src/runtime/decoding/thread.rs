//! The thread that decodes.

use super::{Current, DecodeQuestion, Decodes, End, OpensDecoders, Shared, Urgency, Waiting};
use crate::model::decoder::{ColourFit, DecodeError, DecoderKind};
use crate::runtime::fault::{given_up, panic_text};
use crate::words::voice::Voice;
use ndarray::Array3;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The interval at which it checks whether steps are being made.
const NAP: Duration = Duration::from_millis(20);
/// Most failures that are remembered.
const MOST_FAILED: usize = 64;

/// The open decoders of one opener.
#[derive(Default)]
struct OpenDecoders {
    of: u64,
    decoders: HashMap<DecoderKind, Box<dyn Decodes>>,
}

/// Why there is no image.
enum Failure {
    /// The decoder could not be opened: a sentence.
    Broken(String),
    Decode(DecodeError),
}

pub(super) fn work<K: Eq + Hash + Clone + Send + Sync>(shared: &Shared<K>) {
    let mut open = OpenDecoders::default();
    while let Some((waiting, opener)) = next_question(shared, &mut open) {
        let answer = catch_unwind(AssertUnwindSafe(|| decode(shared, &mut open, &*opener, &waiting)));
        if answer.is_err() {
            open.decoders.remove(&waiting.question.with);
        }
        let answer = answer.map_err(|panic| given_up("decoding", panic_text(&*panic)));
        let fit = match &answer {
            Ok(Ok(image)) => fitted(shared, &*opener, &waiting, image),
            _ => None,
        };
        conclude(shared, waiting, answer, fit);
        (shared.wake)();
    }
}

/// Waits for a question that may be answered; `None` when the thread is to end.
fn next_question<K: Eq + Hash + Clone>(
    shared: &Shared<K>,
    open: &mut OpenDecoders,
) -> Option<(Waiting<K>, Arc<dyn OpensDecoders>)> {
    loop {
        let is_busy = (shared.busy)();
        let mut state = shared.lock();
        if state.closing {
            return None;
        }
        if state.openers != open.of {
            *open = OpenDecoders { of: state.openers, decoders: HashMap::new() };
        }
        if let Some(opener) = state.opener.clone()
            && let Some(waiting) = state.next(is_busy)
        {
            let (question, urgency) = (waiting.question.clone(), waiting.urgency);
            state.current = Some(Current { question, urgency, canceller: None, ended: None });
            drop(state);
            (shared.wake)();
            return Some((waiting, opener));
        }
        if state.waiting.is_empty() {
            drop(shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner));
        } else {
            drop(shared.changed.wait_timeout(state, NAP).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

fn decode<K: Eq + Hash + Clone + Send + Sync>(
    shared: &Shared<K>,
    open: &mut OpenDecoders,
    opener: &dyn OpensDecoders,
    waiting: &Waiting<K>,
) -> Result<Array3<f32>, Failure> {
    let decoder = match open.decoders.entry(waiting.question.with) {
        Entry::Occupied(decoder) => decoder.into_mut(),
        Entry::Vacant(place) => place.insert(opener.open(waiting.question.with).map_err(Failure::Broken)?),
    };
    let call = Call::default();
    std::thread::scope(|scope| {
        let ending = call.ending();
        // Without a second thread the call is not ended for a run, which is slower until it is done.
        let _ = std::thread::Builder::new()
            .name("chromascope-decoding-watch".into())
            .spawn_scoped(scope, || watch(shared, &call));
        let image = decoder.decode(waiting.latents.values.view(), &|canceller| {
            let mut state = shared.lock();
            if let Some(current) = &mut state.current {
                if current.ended.is_some() {
                    canceller.cancel();
                }
                current.canceller = Some(canceller);
            }
        });
        drop(ending);
        image.map_err(Failure::Decode)
    })
}

/// Whether a call is over.
#[derive(Default)]
struct Call {
    is_over: Mutex<bool>,
    over: Condvar,
}

/// Ends the call when it is dropped, also by a panic.
struct Ending<'a>(&'a Call);

impl Call {
    const fn ending(&self) -> Ending<'_> {
        Ending(self)
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        *self.0.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.over.notify_all();
    }
}

/// Ends the call when steps begin to be made, unless the user asked for it.
fn watch<K>(shared: &Shared<K>, call: &Call) {
    let mut is_over = call.is_over.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_over {
        is_over = call.over.wait_timeout(is_over, NAP).unwrap_or_else(PoisonError::into_inner).0;
        if !*is_over && (shared.busy)() {
            let mut state = shared.lock();
            if let Some(current) = state.current.as_mut().filter(|current| current.urgency == Urgency::WhenIdle) {
                current.end(End::Postponed);
            }
        }
    }
}

/// The fit of colours with this image, if colours are fitted.
fn fitted<K>(
    shared: &Shared<K>,
    opener: &dyn OpensDecoders,
    waiting: &Waiting<K>,
    image: &Array3<f32>,
) -> Option<ColourFit> {
    let Waiting { question: DecodeQuestion { with, .. }, latents, .. } = waiting;
    if *with != DecoderKind::Vae || !latents.is_clean || opener.published().is_some() {
        return None;
    }
    let before = shared.lock().fit.clone();
    let mut fit = before.unwrap_or_else(|| ColourFit::new(latents.values.dim().0));
    fit.add(latents.values.view(), image.view());
    Some(fit)
}

/// Keeps an answer, or asks again what was ended for something more urgent.
fn conclude<K: Eq + Hash + Clone>(
    shared: &Shared<K>,
    waiting: Waiting<K>,
    answer: Result<Result<Array3<f32>, Failure>, String>,
    fit: Option<ColourFit>,
) {
    let colours = fit.as_ref().and_then(ColourFit::colours).map(Arc::new);
    let mut state = shared.lock();
    let Some(current) = state.current.take() else { return };
    if current.ended == Some(End::Dropped) {
        return;
    }
    let question = waiting.question.clone();
    let sentence = match answer {
        Ok(Ok(image)) => {
            let bytes = image.len() * size_of::<f32>();
            state.done.keep(question, image, bytes);
            if fit.is_some() {
                state.fit = fit;
                state.colours = colours.or_else(|| state.colours.take());
            }
            return;
        }
        Ok(Err(Failure::Decode(DecodeError::Cancelled))) => {
            if current.ended == Some(End::Postponed) {
                state.waiting.push(Waiting { urgency: current.urgency, ..waiting });
            }
            return;
        }
        Ok(Err(Failure::Broken(sentence))) => {
            state.broken.insert(question.with, sentence);
            return;
        }
        Ok(Err(Failure::Decode(error))) => Voice::Window.say(&error.to_string()),
        Err(sentence) => sentence,
    };
    if state.failed.len() >= MOST_FAILED {
        state.failed.clear();
    }
    state.failed.insert(question, sentence);
}
