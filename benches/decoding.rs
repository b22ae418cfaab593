//! What decoding beside a run costs the run: `cargo bench --bench decoding [-- VAE_DECODER_FOLDER]`
//!
//! Runs of `emoji-unet` through the runtime, alternately alone, with 64 images waiting to be decoded and one under way when the
//! run begins (as the window asks), and with one image after the other asked for at once (as when the user presses steps). The
//! decoder is that of tests/pipelines/sd15 unless another is named. Aim: at most 5 % for what waits.
#![allow(clippy::unwrap_used)]

use chromascope::model::decoder::{DecoderFile, DecoderKind};
use chromascope::model::onnx::SessionOptions;
use chromascope::model::onnx_runtime::{Provider, forbid_telemetry};
use chromascope::model::pipeline::LatentCode;
use chromascope::runtime::{
    DecodeQuestion, Decoders, Decoding, DecodingState, Event, Latents, Options, Pace, RunNews, Runtime, Urgency,
};
use chromascope::session::RunSettings;
use chromascope::session::settings::ModelSource;
use ndarray::Array3;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const TURNS: usize = 7;
const STEPS: usize = 50;
/// Side of the latents: images of 512×512 with an autoencoder of scale 8.
const SIDE: usize = 64;
const WAITING: usize = 64;

/// Seconds of a whole run.
fn run(runtime: &Runtime, woken: &Receiver<()>, mut each: impl FnMut()) -> f64 {
    let mut settings = RunSettings::new(ModelSource::Model("emoji-unet".into()));
    settings.steps = STEPS;
    let began = Instant::now();
    runtime.run(settings, Pace::Going);
    loop {
        woken.recv().unwrap();
        each();
        while let Some(event) = runtime.next_event() {
            match event {
                Event::Run { news: RunNews::Ended { .. }, .. } => return began.elapsed().as_secs_f64(),
                Event::Run { news: RunNews::Failed(fault), .. } => panic!("{}", fault.sentence),
                _ => {}
            }
        }
    }
}

fn main() {
    forbid_telemetry();
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder =
        named.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipelines/sd15/vae_decoder").into());
    let code = LatentCode { channels: 4, pixels_per_latent: 8, scaling_factor: Some(0.18215), shift_factor: 0.0 };
    let file = DecoderFile { graph: PathBuf::from(folder).join("model.onnx"), kind: DecoderKind::Vae, code };
    let (wake, woken) = channel();
    let decoded = wake.clone();
    let runtime = Runtime::start(Options::default(), Arc::new(move || wake.send(()).unwrap_or_default())).unwrap();
    let wake = Arc::new(move || decoded.send(()).unwrap_or_default());
    let decoding: Decoding<usize> = Decoding::start(256 << 20, runtime.busy(), wake).unwrap();
    let options = SessionOptions { provider: Provider::Cpu, intra_threads: None };
    decoding.set_decoders(Some(Decoders { files: vec![file], options, onnxruntime: None }));
    let question = |key| DecodeQuestion { key, with: DecoderKind::Vae };
    let ask = |key: usize, urgency| {
        let values =
            Array3::from_shape_fn((4, SIDE, SIDE), |(c, y, x)| ((key + 3 * c + 5 * y + 7 * x) % 13) as f32 / 13.0);
        decoding.request(question(key), urgency, || Some(Latents { values, is_clean: true }));
    };

    ask(0, Urgency::Asked);
    while decoding.state(&question(0)) != DecodingState::Done {
        woken.recv_timeout(Duration::from_mins(2)).unwrap();
    }
    let began = Instant::now();
    ask(1, Urgency::Asked);
    while decoding.state(&question(1)) != DecodingState::Done {
        woken.recv_timeout(Duration::from_mins(2)).unwrap();
    }
    println!("one image alone: {:.3} s", began.elapsed().as_secs_f64());
    run(&runtime, &woken, || {});

    let (mut alone, mut waiting, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    let mut next = 2;
    for _ in 0..TURNS {
        alone.push(run(&runtime, &woken, || {}));
        for key in next..next + WAITING {
            ask(key, Urgency::WhenIdle);
        }
        next += WAITING;
        while !(0..next).any(|key| decoding.state(&question(key)) == DecodingState::Decoding) {
            woken.recv_timeout(Duration::from_mins(2)).unwrap();
        }
        waiting.push(run(&runtime, &woken, || {}));
        decoding.cancel();
        asked.push(run(&runtime, &woken, || {
            if decoding.state(&question(next)) == DecodingState::Done {
                next += 1;
            }
            ask(next, Urgency::Asked);
        }));
        decoding.cancel();
        next += 1;
    }
    let best = |times: &[f64]| times.iter().copied().fold(f64::MAX, f64::min);
    let median = |times: &[f64]| {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    for (what, times) in [("alone", &alone), ("with images that wait", &waiting), ("with images asked for", &asked)] {
        println!(
            "{what}: {:.3} s at best, {:.3} s in the median; {:.3} and {:.3} times a run alone",
            best(times),
            median(times),
            best(times) / best(&alone),
            median(times) / median(&alone)
        );
    }
}
