#![allow(clippy::unwrap_used)]
use super::*;
use crate::denoiser::CancelFlag;
use crate::model::pipeline::LatentCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the test tells a decoder to do with one call.
enum Step {
    Answer,
    Fail,
    Panic,
}

/// A decoder whose calls wait for the test: it returns the first latent as all of its image.
struct Fake {
    begun: Sender<f32>,
    steps: Arc<Mutex<Receiver<Step>>>,
}

impl Decodes for Fake {
    fn decode(&mut self, latents: ArrayView3<f32>, begun: &dyn Fn(Canceller)) -> Result<Array3<f32>, DecodeError> {
        let cancelled = CancelFlag::default();
        begun(cancelled.clone().into());
        let value = latents[[0, 0, 0]];
        self.begun.send(value).unwrap();
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if cancelled.is_cancelled() {
                return Err(DecodeError::Cancelled);
            }
            match steps.recv_timeout(Duration::from_millis(1)) {
                Ok(Step::Answer) => {
                    return Ok(Array3::from_shape_fn((3, 8, 8), |(c, y, x)| {
                        latents[[0, y / 2, x / 2]] * 0.5 + latents[[1, y / 2, x / 2]] * c as f32
                    }));
                }
                Ok(Step::Fail) => return Err(DecodeError::Latents { what: "NaN" }),
                Ok(Step::Panic) => panic!("as the test wants"),
                Err(_) => {}
            }
        }
    }
}

struct Fakes {
    begun: Sender<f32>,
    steps: Arc<Mutex<Receiver<Step>>>,
    opened: Arc<AtomicUsize>,
}

impl OpensDecoders for Fakes {
    fn open(&self, kind: DecoderKind) -> Result<Box<dyn Decodes>, String> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        match kind {
            DecoderKind::Vae => Ok(Box::new(Fake { begun: self.begun.clone(), steps: Arc::clone(&self.steps) })),
            DecoderKind::Tiny => Err("there is none".into()),
        }
    }

    fn published(&self) -> Option<LinearColours> {
        let code = LatentCode { channels: 2, pixels_per_latent: 2, scaling_factor: Some(1.0), shift_factor: 0.0 };
        LinearColours::published(&code)
    }

    fn is(&self, _: &Decoders) -> bool {
        false
    }
}

struct Bench {
    decoding: Decoding<usize>,
    /// Values of the calls that began.
    begun: Receiver<f32>,
    steps: Sender<Step>,
    busy: Arc<AtomicBool>,
    wakes: Receiver<()>,
    opened: Arc<AtomicUsize>,
}

impl Bench {
    fn new() -> Self {
        let (begun_sender, begun) = channel();
        let (steps, their_steps) = channel();
        let (woken, wakes) = channel();
        let busy = Arc::new(AtomicBool::new(false));
        let is_busy = Arc::clone(&busy);
        let decoding = Decoding::start(
            3 * 64 * 4 * 10,
            Arc::new(move || is_busy.load(Ordering::SeqCst)),
            Arc::new(move || woken.send(()).unwrap_or_default()), // the test may have ended
        )
        .unwrap();
        let opened = Arc::new(AtomicUsize::new(0));
        let opener =
            Fakes { begun: begun_sender, steps: Arc::new(Mutex::new(their_steps)), opened: Arc::clone(&opened) };
        decoding.shared.lock().set_opener(Some(Arc::new(opener)));
        Self { decoding, begun, steps, busy, wakes, opened }
    }

    fn ask(&self, key: usize, urgency: Urgency) -> Option<Arc<Array3<f32>>> {
        self.decoding.request(vae(key), urgency, || {
            let values = Array3::from_shape_fn((2, 4, 4), |(c, y, x)| {
                if c == 0 { key as f32 } else { ((key * 7 + y * 5 + x * 3) % 11) as f32 / 11.0 }
            });
            Some(Latents { values, is_clean: true })
        })
    }

    /// The call that begins next.
    fn next(&self) -> f32 {
        self.begun.recv_timeout(PATIENCE).unwrap()
    }

    fn state(&self, key: usize) -> DecodingState {
        self.decoding.state(&vae(key))
    }

    /// Waits for a state.
    fn wait_for(&self, key: usize, wanted: &DecodingState) {
        while self.state(key) != *wanted {
            self.wakes.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{:?}", self.state(key)));
        }
    }
}

fn vae(key: usize) -> DecodeQuestion<usize> {
    DecodeQuestion { key, with: DecoderKind::Vae }
}

#[test]
fn the_newest_question_is_answered_first_and_answers_are_kept() {
    let bench = Bench::new();
    assert_eq!(bench.state(1), DecodingState::Unasked);
    assert!(bench.ask(1, Urgency::WhenIdle).is_none());
    assert_eq!(bench.next(), 1.0);
    assert_eq!(bench.state(1), DecodingState::Decoding);
    for key in [2, 3, 4] {
        bench.ask(key, Urgency::WhenIdle);
    }
    bench.ask(2, Urgency::WhenIdle);
    assert_eq!(bench.state(2), DecodingState::Waiting);
    for (expected, _) in [2.0, 4.0, 3.0].into_iter().zip(1..) {
        bench.steps.send(Step::Answer).unwrap();
        assert_eq!(bench.next(), expected);
    }
    bench.steps.send(Step::Answer).unwrap();
    bench.wait_for(3, &DecodingState::Done);
    let image = bench.decoding.get(&vae(4)).unwrap();
    assert_eq!((image.dim(), image[[0, 0, 0]]), ((3, 8, 8), 2.0));
    assert!(bench.ask(1, Urgency::WhenIdle).is_some_and(|image| image[[0, 0, 0]] == 0.5), "it is known at once");
    assert_eq!((bench.opened.load(Ordering::SeqCst), bench.decoding.bytes()), (1, 4 * 3 * 64 * 4));
}

#[test]
fn a_run_is_not_slowed_unless_the_user_asks() {
    let bench = Bench::new();
    bench.busy.store(true, Ordering::SeqCst);
    bench.ask(1, Urgency::WhenIdle);
    assert_eq!(bench.state(1), DecodingState::WaitsForRun);
    // The user presses a step: it is decoded although steps are being made, and the first still waits.
    bench.ask(2, Urgency::Asked);
    assert_eq!(bench.next(), 2.0);
    bench.steps.send(Step::Answer).unwrap();
    bench.wait_for(2, &DecodingState::Done);
    assert_eq!(bench.state(1), DecodingState::WaitsForRun);
    bench.busy.store(false, Ordering::SeqCst);
    assert_eq!(bench.next(), 1.0, "the run is over");
    // A run begins in the middle of the call, which is ended and made again after the run.
    bench.busy.store(true, Ordering::SeqCst);
    bench.wait_for(1, &DecodingState::WaitsForRun);
    bench.busy.store(false, Ordering::SeqCst);
    assert_eq!(bench.next(), 1.0);
    // Whoever asks for it now has it go on through the next run.
    bench.ask(1, Urgency::Asked);
    bench.busy.store(true, Ordering::SeqCst);
    bench.steps.send(Step::Answer).unwrap();
    bench.wait_for(1, &DecodingState::Done);
}

#[test]
fn what_the_user_asks_for_goes_before_what_nobody_waits_for() {
    let bench = Bench::new();
    bench.ask(1, Urgency::WhenIdle);
    assert_eq!(bench.next(), 1.0);
    bench.ask(2, Urgency::Asked);
    assert_eq!(bench.next(), 2.0, "the first was ended for it");
    assert_eq!(bench.state(1), DecodingState::Waiting);
    bench.steps.send(Step::Answer).unwrap();
    assert_eq!(bench.next(), 1.0, "and is made again");
}

#[test]
fn a_failure_and_a_panic_are_sentences_and_everything_else_continues() {
    let bench = Bench::new();
    for (key, step, begins) in [
        (1, Step::Fail, "the latents to decode contain NaN; "),
        (2, Step::Panic, "decoding failed because of a fault in Chromascope (as the test wants); "),
    ] {
        bench.ask(key, Urgency::Asked);
        bench.next();
        bench.steps.send(step).unwrap();
        while !matches!(bench.state(key), DecodingState::Failed(_)) {
            bench.wakes.recv_timeout(PATIENCE).unwrap();
        }
        let DecodingState::Failed(sentence) = bench.state(key) else { panic!("it changed") };
        assert!(sentence.starts_with(begins), "{sentence}");
        bench.ask(key, Urgency::Asked);
        assert!(matches!(bench.state(key), DecodingState::Failed(_)), "it is not asked in every frame");
    }
    let tiny = DecodeQuestion { key: 3, with: DecoderKind::Tiny };
    let latents = || Some(Latents { values: Array3::zeros((2, 4, 4)), is_clean: true });
    bench.decoding.request(tiny, Urgency::Asked, latents);
    while bench.decoding.failure_of(DecoderKind::Tiny).is_none() {
        bench.wakes.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!(bench.decoding.state(&tiny), DecodingState::Failed("there is none".into()));
    bench.ask(4, Urgency::Asked);
    bench.steps.send(Step::Answer).unwrap();
    bench.wait_for(4, &DecodingState::Done);
    assert_eq!(bench.opened.load(Ordering::SeqCst), 3, "the decoder that panicked was opened again");
    bench.decoding.forget_failures();
    assert_eq!(bench.state(1), DecodingState::Unasked);
}

#[test]
fn cancelling_ends_the_call_and_another_model_drops_what_is_known() {
    let bench = Bench::new();
    bench.ask(1, Urgency::Asked);
    assert_eq!(bench.next(), 1.0);
    bench.ask(2, Urgency::Asked);
    bench.decoding.cancel();
    bench.wait_for(1, &DecodingState::Unasked);
    assert_eq!(bench.state(2), DecodingState::Unasked);
    bench.ask(3, Urgency::Asked);
    assert_eq!(bench.next(), 3.0, "the second was never begun");
    bench.steps.send(Step::Answer).unwrap();
    bench.wait_for(3, &DecodingState::Done);
    bench.decoding.set_decoders(None);
    assert_eq!((bench.state(3), bench.decoding.bytes()), (DecodingState::Unasked, 0));
    assert!(bench.ask(3, Urgency::Asked).is_none());
    assert_eq!(bench.state(3), DecodingState::Unasked, "there is nothing to decode with");
}

#[test]
fn colours_are_fitted_as_images_arrive() {
    let bench = Bench::new();
    assert!(bench.decoding.colours().is_none());
    for key in [1, 2] {
        bench.ask(key, Urgency::Asked);
        bench.steps.send(Step::Answer).unwrap();
        bench.wait_for(key, &DecodingState::Done);
    }
    let colours = bench.decoding.colours().unwrap();
    assert_eq!(colours.in_words(), "colours fitted on 2 decoded images (32 latent pixels)");
    let latents = ndarray::Array4::from_shape_fn((1, 2, 1, 1), |(_, channel, ..)| 0.2 + channel as f32);
    let shown = colours.apply(latents.view());
    for colour in 0..3 {
        let expected = 0.2 * 0.5 + 1.2 * colour as f32;
        assert!((shown[[0, colour, 0, 0]] - expected).abs() < 1e-4, "{} and {expected}", shown[[0, colour, 0, 0]]);
    }
}

#[test]
fn dropping_ends_the_call() {
    let bench = Bench::new();
    bench.ask(1, Urgency::Asked);
    bench.next();
    let Bench { decoding, wakes, .. } = bench;
    drop(decoding);
    // The thread lets go of its side.
    while wakes.recv_timeout(PATIENCE).is_ok() {}
    assert_eq!(wakes.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
}
