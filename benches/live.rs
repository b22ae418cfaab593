//! The speed of live runs: `cargo bench --bench live`
//!
//! 1. Complete 20-step runs per second through the runtime, of the exact models in the program's own code, where every step is
//!    new; and the same without changes, so that every step is reused.
//! 2. The first picture of a 50-step run of `emoji-unet`, compared with the whole run.
#![allow(clippy::unwrap_used)]

use chromascope::model::onnx_runtime::forbid_telemetry;
use chromascope::runtime::{Event, Options, RunEnd, RunNews, Runtime};
use chromascope::session::RunSettings;
use chromascope::session::settings::{ModelSource, ProviderChoice};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long runs are counted.
const COUNTED: Duration = Duration::from_secs(3);
const TURNS: usize = 3;

struct Bench {
    runtime: Runtime,
    woken: Receiver<()>,
}

/// When the events of a live run arrived.
#[derive(Default)]
struct Times {
    taken_over: usize,
    coarse: Option<(usize, Duration)>,
    complete: Duration,
}

impl Bench {
    fn new() -> Self {
        let (wake, woken) = channel();
        let wake = move || {
            let _ = wake.send(());
        };
        Self { runtime: Runtime::start(Options::default(), Arc::new(wake)).unwrap(), woken }
    }

    /// A live run to its end; the message if it fails.
    fn live(&self, settings: &RunSettings) -> Result<Times, String> {
        let began = Instant::now();
        let id = self.runtime.run_live(settings.clone());
        let mut times = Times::default();
        loop {
            self.woken.recv().unwrap();
            while let Some(event) = self.runtime.next_event() {
                let Event::Run { id: of, news } = event else { continue };
                match news {
                    RunNews::Started(started) => times.taken_over = started.taken_over,
                    RunNews::Coarse(pass) => times.coarse = Some((pass.snapshots.len(), began.elapsed())),
                    RunNews::Ended { end: RunEnd::Failed(fault), .. } | RunNews::Failed(fault) => {
                        return Err(fault.sentence);
                    }
                    RunNews::Ended { .. } if of == id => {
                        times.complete = began.elapsed();
                        return Ok(times);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn exact(model: &str) -> RunSettings {
    RunSettings { steps: 20, provider: ProviderChoice::Rust, ..RunSettings::new(ModelSource::Model(model.into())) }
}

/// Complete runs per second, and reused steps of each; every run with its number.
fn a_second(bench: &Bench, settings: impl Fn(u64) -> RunSettings) -> (f64, usize) {
    let (began, mut runs, mut taken_over) = (Instant::now(), 0, 0);
    while began.elapsed() < COUNTED {
        taken_over = bench.live(&settings(runs)).unwrap().taken_over;
        runs += 1;
    }
    (runs as f64 / began.elapsed().as_secs_f64(), taken_over)
}

fn best(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn runs_a_second(bench: &Bench, model: &str, wanted: f64) {
    let settings = exact(model);
    bench.live(&settings).unwrap();
    let (mut anew, mut again) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let (rate, taken_over) = a_second(bench, |run| RunSettings { seed: run % 2, ..settings.clone() });
        assert_eq!(taken_over, 0);
        anew.push(rate);
        let (rate, taken_over) = a_second(bench, |_| settings.clone());
        assert_eq!(taken_over, 20);
        again.push(rate);
    }
    let (best, anew, again) = (best(&anew), median(anew), median(again));
    println!(
        "{model:>15}: {anew:>6.1} runs/s made anew (best {best:.1}), {:.1} times the {wanted:.0} wanted; {again:.0} runs/s \
         taken over",
        anew / wanted
    );
}

fn first_picture(bench: &Bench) {
    let settings = RunSettings { steps: 50, ..RunSettings::new(ModelSource::Model("emoji-unet".into())) };
    let (mut coarse, mut complete, mut steps) = (Vec::new(), Vec::new(), 0);
    // The first run times the model.
    for seed in 0..6 {
        match bench.live(&RunSettings { seed, ..settings.clone() }) {
            Err(sentence) => return println!("     emoji-unet: not measured: {sentence}"),
            Ok(_) if seed == 0 => {}
            Ok(times) => {
                complete.push(1e3 * times.complete.as_secs_f64());
                if let Some((count, when)) = times.coarse {
                    coarse.push(1e3 * when.as_secs_f64());
                    steps = count;
                }
            }
        }
    }
    let complete = median(complete);
    if coarse.is_empty() {
        return println!("     emoji-unet: fast enough without a coarse pass: {complete:.0} ms for 50 steps");
    }
    let coarse = median(coarse);
    println!(
        "     emoji-unet: first picture after {coarse:.0} ms ({steps} steps), all 50 steps after {complete:.0} ms: ratio {:.2}",
        coarse / complete
    );
}

fn main() {
    forbid_telemetry();
    let bench = Bench::new();
    runs_a_second(&bench, "gaussian-64", 10.0);
    runs_a_second(&bench, "emoji-exact-64", 3.0);
    first_picture(&bench);
}
