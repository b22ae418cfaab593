//! Which latents are decoded for the window, and what is known of their colours. No GUI.

use crate::app::run_view::{Colours, DecodeKey, Moment, RunView, Seeing};
use crate::model::decoder::{DecoderFile, DecoderKind, LinearColours};
use crate::model::onnx::SessionOptions;
use crate::model::onnx_runtime::Provider;
use crate::runtime::{Busy, DecodeQuestion, Decoders, Decoding, DecodingState, Latents, Urgency, Wake};
use crate::session::document::{ViewChoices, ViewSpace};
use crate::words::sentence;
use ndarray::Array3;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Memory for decoded images, bytes.
const BUDGET: usize = 512 << 20;
/// How long the playhead rests on a step before that is decoded: a drag decodes nothing on its way.
const REST: Duration = Duration::from_millis(150);
/// A fit to this many times as many steps replaces an earlier one, so that colours do not change with every step.
const MORE_STEPS: f64 = 1.5;

/// Decoded images and colours for the runs on screen.
pub struct DecodeDesk {
    thread: Thread,
    busy: Busy,
    wake: Wake,
    decoders: Option<Decoders>,
    colours: Option<Arc<Colours>>,
    /// Number of maps to colours so far.
    maps: u64,
    /// What the playhead rests on, and since when.
    rests: Option<(At, Instant)>,
    /// Whether something on screen is being decoded.
    is_decoding: bool,
    /// Why something on screen could not be decoded.
    failure: Option<String>,
}

/// The thread, started when it is needed.
enum Thread {
    Not,
    Started(Box<Decoding<DecodeKey>>),
    Refused(String),
}

/// What is on screen in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// The moment.
    pub moment: Option<Moment>,
    /// The sample.
    pub sample: usize,
    /// How latents are looked at.
    pub space: ViewSpace,
    /// Whether steps are being made.
    pub is_going: bool,
}

impl DecodeDesk {
    /// `busy` returns whether steps are being made; `wake` is called when an image is ready.
    #[must_use]
    pub fn new(busy: Busy, wake: Wake) -> Self {
        Self {
            thread: Thread::Not,
            busy,
            wake,
            decoders: None,
            colours: None,
            maps: 0,
            rests: None,
            is_decoding: false,
            failure: None,
        }
    }

    /// The decoders of the run on screen. Images of others are dropped.
    pub fn of_run(&mut self, run: Option<&RunView>, onnxruntime: Option<&PathBuf>) {
        let Some(run) = run else { return };
        let decoders = decoders_of(run, onnxruntime);
        if decoders == self.decoders {
            return;
        }
        self.failure = None;
        if decoders.is_some() && matches!(self.thread, Thread::Not) {
            self.thread = match Decoding::start(BUDGET, Arc::clone(&self.busy), Arc::clone(&self.wake)) {
                Ok(thread) => Thread::Started(Box::new(thread)),
                Err(error) => Thread::Refused(format!(
                    "Nothing is decoded: the system refused a thread ({error}). Close other programs and start again"
                )),
            };
        }
        if let Thread::Started(thread) = &self.thread {
            thread.set_decoders(decoders.clone());
        }
        (self.decoders, self.colours) = (decoders, None);
    }

    /// Tells a run how its latents are looked at. Call before each frame.
    pub fn see(&mut self, run: &mut RunView, view: &ViewChoices, onnxruntime: Option<&PathBuf>) {
        let mut seeing = Seeing { space: view.space, channel: view.latent_channel, ..Seeing::default() };
        if let Some(pipeline) = run.info.as_ref().and_then(|info| info.pipeline.as_ref()) {
            seeing.pixels = pipeline.latents().pixels_per_latent;
        }
        if self.decoders.is_some() && decoders_of(run, onnxruntime) == self.decoders {
            self.update_colours();
            seeing.colours.clone_from(&self.colours);
            seeing.has_decoder = true;
            seeing.is_tiny = self.kind() == Some(DecoderKind::Tiny);
            seeing.is_decoding = self.is_decoding;
            seeing.failure.clone_from(&self.failure);
        }
        run.see(seeing);
    }

    /// The decoder to use: the model's own, or the small one if that cannot be used.
    fn kind(&self) -> Option<DecoderKind> {
        let (files, Thread::Started(thread)) = (&self.decoders.as_ref()?.files, &self.thread) else { return None };
        let sound = files.iter().find(|file| thread.failure_of(file.kind).is_none());
        sound.or(files.first()).map(|file| file.kind)
    }

    fn update_colours(&mut self) {
        let Thread::Started(thread) = &self.thread else { return };
        let Some(map) = thread.colours() else { return };
        if self.colours.as_ref().is_none_or(|known| is_better(known, &map)) {
            self.maps += 1;
            self.colours = Some(Arc::new(Colours::of_map(self.maps, &map)));
        }
    }

    /// Asks for what the frame showed and is missing, and gives the runs what has come. Call after each frame. Returns when
    /// to look again.
    pub fn update<'a>(&mut self, runs: impl IntoIterator<Item = &'a mut RunView>, at: At) -> Option<Duration> {
        let now = Instant::now();
        let since = match self.rests {
            Some((same, since)) if same == at => since,
            _ => now,
        };
        self.rests = Some((at, since));
        let left = REST.checked_sub(now.duration_since(since)).filter(|left| !left.is_zero());
        (self.is_decoding, self.failure) = (false, None);
        let thread = match &self.thread {
            Thread::Started(thread) => thread,
            Thread::Refused(words) => {
                self.failure = Some(words.clone());
                return None;
            }
            Thread::Not => return None,
        };
        let kind = self.kind()?;
        let mut is_missing = false;
        for run in runs.into_iter().filter(|run| run.seeing().has_decoder) {
            let mut wanted = run.decoded_mut().end_frame();
            // The last question is answered first.
            if let Some(moment) = at.moment {
                let first = run.estimate_to_decode(moment.step, at.sample);
                wanted.sort_by_key(|key| (*key == first, !key.is_state));
            }
            let may_ask = left.is_none() && !(at.is_going && run.end.is_none());
            for key in by_setting(run, at.sample) {
                let urgency = if run.end.is_some() { Urgency::WhenIdle } else { Urgency::Asked };
                answer(thread, run, (key, kind), Some(urgency));
            }
            for key in wanted {
                let urgency = may_ask.then_some(Urgency::WhenIdle);
                if !answer(thread, run, (key, kind), urgency) {
                    is_missing = true;
                    match thread.state(&DecodeQuestion { key, with: kind }) {
                        DecodingState::Failed(words) => self.failure = Some(sentence(&words)),
                        DecodingState::Waiting | DecodingState::Decoding => self.is_decoding = true,
                        DecodingState::Unasked | DecodingState::WaitsForRun | DecodingState::Done => {}
                    }
                }
            }
        }
        let mut files = self.decoders.iter().flat_map(|decoders| &decoders.files);
        let broken = files.find_map(|file| thread.failure_of(file.kind));
        self.failure = self.failure.take().or_else(|| broken.as_deref().map(sentence));
        left.filter(|_| is_missing)
    }
}

/// Gives the run an image, if it is known; else it is asked. Returns whether it was known.
fn answer(
    thread: &Decoding<DecodeKey>,
    run: &mut RunView,
    (key, with): (DecodeKey, DecoderKind),
    urgency: Option<Urgency>,
) -> bool {
    let question = DecodeQuestion { key, with };
    let found = match urgency {
        Some(urgency) => thread.request(question, urgency, || latents_of(run, key)),
        None => thread.get(&question),
    };
    let is_known = found.is_some();
    if let Some(image) = found {
        run.decoded_mut().take(key, image);
    }
    is_known
}

fn latents_of(run: &RunView, key: DecodeKey) -> Option<Latents> {
    let shown = run.to_decode(key)?;
    let [channels, height, width] = shown.shape;
    let values = Array3::from_shape_vec((channels, height, width), shown.values.into_owned()).ok()?;
    Some(Latents { values, is_clean: !key.is_state })
}

/// The estimates that the run's settings have decoded, as far as they are made and missing.
fn by_setting(run: &RunView, sample: usize) -> Vec<DecodeKey> {
    let decode = run.started.settings.decode;
    // The last step is not yet known while a run goes on.
    let steps = (0..run.done()).filter(|step| decode.has(*step, run.steps()));
    let keys = steps.map(|step| run.estimate_to_decode(step, sample));
    keys.filter(|key| !run.has_small_decoded(*key)).collect()
}

/// Whether a map is worth new colours on screen.
fn is_better(known: &Colours, map: &LinearColours) -> bool {
    let now = Colours::of_map(0, map);
    match (known.fitted_on(), now.fitted_on()) {
        (Some(before), Some(now)) => now as f64 >= MORE_STEPS * before as f64,
        _ => false,
    }
}

/// The decoders of a run's model: that of its autoencoder, or else the small one.
fn decoders_of(run: &RunView, onnxruntime: Option<&PathBuf>) -> Option<Decoders> {
    let info = run.info.as_ref()?;
    let package = &info.pipeline.as_ref()?.package;
    let files = DecoderFile::all_of(package);
    let provider = if info.provider == "cuda" { Provider::Cuda { tf32: false } } else { Provider::Cpu };
    let options = SessionOptions { provider, intra_threads: run.started.settings.threads };
    (!files.is_empty()).then(|| Decoders { files, options, onnxruntime: onnxruntime.cloned() })
}
