//! The engine's overhead where a network is told its prompt by number: a guided DDIM step of a run at 512x512 (latents of
//! 64x64) compared with a bare `Session::run` of the same session on inputs of the same shapes, in turns, in one process.
//! `cargo bench --bench guided_step -- UNET_FOLDER [TURNS]`; the folder holds model.onnx, as optimum exports a UNet.
//!
//! On a machine with other work the processor's time says more than the clock's.
#![allow(clippy::unwrap_used)]

use chromascope::denoiser::guided::{GuidanceScale, Guided, Prompt, RunTime};
use chromascope::denoiser::{Clipped, Clipping};
use chromascope::model::SchedulerConfig;
use chromascope::model::contract::{Contract, Declared, Element, PortNames};
use chromascope::model::onnx::{Conditioning, HiddenStates, OnnxDenoiser, OnnxSession, SessionOptions};
use chromascope::model::onnx_runtime::{Provider, find_and_load, forbid_telemetry};
use chromascope::model::package::Package;
use chromascope::sampler::{Ddim, SeededNoise};
use chromascope::schedule::SpacingConvention;
use chromascope::session::Run;
use ndarray::{Array3, Array4, Axis, concatenate};
use ort::value::{DynValue, Tensor};
use std::path::Path;
use std::time::Instant;

const SIDE: usize = 64;
const TOKENS: usize = 77;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Time of the processor that this process has used, seconds; `None` where the system does not say.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // Ticks of 10 ms, user and system.
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

/// Wall and processor time of something, seconds.
fn timed(what: impl FnOnce()) -> [f64; 2] {
    let (began, used) = (Instant::now(), processor_seconds());
    what();
    let used = processor_seconds().zip(used).map_or(f64::NAN, |(after, before)| after - before);
    [began.elapsed().as_secs_f64(), used]
}

/// What a bare session is fed: both prompts in one call.
fn fed(contract: &Contract, x_t: &Array4<f64>, states: &Array3<f32>) -> Vec<(String, DynValue)> {
    let both = concatenate(Axis(0), &[x_t.view(), x_t.view()]).unwrap();
    let sample: Vec<f32> = both.iter().map(|&value| value as f32).collect();
    let sample = Tensor::from_array((both.dim().into_shape(), sample)).unwrap().into_dyn();
    let shape = if contract.timestep.shape.is_empty() { vec![] } else { vec![2] };
    let count = shape.iter().product();
    let timestep = match contract.timestep.element {
        Element::I64 => Tensor::from_array((shape, vec![500_i64; count])).unwrap().into_dyn(),
        _ => Tensor::from_array((shape, vec![500.0_f32; count])).unwrap().into_dyn(),
    };
    let states = Tensor::from_array((states.shape().to_vec(), states.iter().copied().collect::<Vec<f32>>())).unwrap();
    vec![
        (contract.sample.name.clone(), sample),
        (contract.timestep.name.clone(), timestep),
        (contract.hidden_states.as_ref().unwrap().name.clone(), states.into_dyn()),
    ]
}

trait IntoShape {
    fn into_shape(self) -> Vec<usize>;
}

impl IntoShape for (usize, usize, usize, usize) {
    fn into_shape(self) -> Vec<usize> {
        vec![self.0, self.1, self.2, self.3]
    }
}

fn main() {
    forbid_telemetry();
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let Some(folder) = arguments.next() else {
        println!("name the folder of a UNet that takes text embeddings: cargo bench --bench guided_step -- FOLDER");
        return;
    };
    let turns: usize = arguments.next().map_or(3, |turns| turns.parse().unwrap());
    let package = Package::read(Path::new(&folder)).unwrap();
    let runtime = find_and_load(None).unwrap_or_else(|error| panic!("{error}"));
    let options = SessionOptions { provider: Provider::Cpu, intra_threads: None };
    // One session, as two would need the memory twice.
    let mut bare = OnnxSession::open(&package.onnx, runtime, options).unwrap();
    let declared = Declared { in_channels: package.config.in_channels, ..Declared::default() };
    let contract = Contract::decide(&bare.inputs(), &bare.outputs(), &PortNames::default(), &declared).unwrap();
    assert!(contract.inputs.is_empty(), "this bench feeds no further inputs");

    let config = SchedulerConfig::for_class("DDIMScheduler");
    let schedule = config.model_schedule().unwrap();
    let plan = config.plan_request(turns + 1, SpacingConvention::Ddim).plan(&schedule).unwrap();
    let width = contract.hidden_states.as_ref().unwrap().shape[2].unwrap();
    let states = Array3::from_shape_fn([2, TOKENS, width], |(row, token, place)| {
        ((row * 7919 + token * 131 + place) as f32 * 0.618).sin()
    });
    let noise = SeededNoise { seed: 0, first_sample: 0 };
    let x_t = noise.initial([1, contract.channels, SIDE, SIDE]);
    // The engine asks for the prompt first and the null prompt behind it.
    let inputs = fed(&contract, &x_t, &states.select(Axis(0), &[1, 0]));
    let conditioning = Conditioning { hidden_states: Some(HiddenStates::by_class(states)), ..Conditioning::default() };
    let session = bare.another().unwrap();
    let network = OnnxDenoiser::new(session, contract.clone(), schedule, config.parameterization(), conditioning, 2);
    let time = RunTime::of(plan.levels());
    let guided = Guided::new(network, Prompt::Class(1), GuidanceScale::Constant(7.5), 0, time);
    let denoiser = Box::new(Clipped::new(guided, Clipping::None));
    let mut run = Run::new(denoiser, Box::new(Ddim::new(0.0)), Box::new(noise), plan.levels().to_vec(), x_t);
    let mut trajectory = run.trajectory();

    let mut bare_call = || {
        let views: Vec<_> = inputs.iter().map(|(name, value)| (name.as_str(), value.view())).collect();
        drop(bare.raw().run(views).unwrap());
    };
    println!("{folder}, 512x512 with guidance, CPU, {} threads", std::thread::available_parallelism().unwrap());
    let mut times: [Vec<[f64; 2]>; 2] = Default::default();
    for turn in 0..=turns {
        // The first one changes from turn to turn, and the first turn warms up.
        for place in 0..2 {
            let who = (turn + place) % 2;
            let time = if who == 0 {
                timed(&mut bare_call)
            } else {
                timed(|| drop(run.step(&mut trajectory).unwrap().unwrap()))
            };
            if turn > 0 {
                times[who].push(time);
            }
        }
    }
    for (index, clock) in ["wall", "processor"].into_iter().enumerate() {
        let [bare, engine] = [0, 1].map(|who: usize| median(times[who].iter().map(|time| time[index]).collect()));
        let [fastest, engines] =
            [0, 1].map(|who: usize| times[who].iter().map(|time| time[index]).fold(f64::INFINITY, f64::min));
        println!(
            "{clock:>9}: bare {bare:.3} s, engine {engine:.3} s, ratio {:.4}; fastest {fastest:.3} and {engines:.3}, {:.4}",
            engine / bare,
            engines / fastest
        );
    }
}
