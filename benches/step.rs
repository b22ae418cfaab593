//! The engine's overhead: a DDIM step of a run compared with a bare `Session::run` of the same model on inputs of
//! the same shape, in turns, in one process. `cargo bench --bench step [-- MODEL]`
#![allow(clippy::unwrap_used)]

use chromascope::denoiser::Clipped;
use chromascope::model::SchedulerConfig;
use chromascope::model::contract::{Contract, Declared, PortNames};
use chromascope::model::onnx::{Conditioning, OnnxDenoiser, OnnxSession, SessionOptions};
use chromascope::model::onnx_runtime::{Provider, find_and_load, forbid_telemetry};
use chromascope::model::package::Package;
use chromascope::sampler::{Ddim, SeededNoise};
use chromascope::schedule::SpacingConvention;
use chromascope::session::Run;
use ort::value::Tensor;
use std::time::Instant;

/// Steps in a row; the first of each are excluded, since another session's weights were in the caches.
const BLOCK: usize = 8;
const WARM_UP: usize = 3;
const BLOCKS: usize = 12;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    forbid_telemetry();
    let name = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or("emoji-unet".into());
    let package = Package::find(&name).unwrap();
    let file = package.scheduler_config.clone().unwrap();
    let (config, _) = SchedulerConfig::parse(&std::fs::read_to_string(&file).unwrap(), &file).unwrap();
    let runtime = find_and_load(None).unwrap_or_else(|error| panic!("{error}"));
    let options = SessionOptions { provider: Provider::Cpu, intra_threads: None };
    let open = || OnnxSession::open(&package.onnx, runtime, options).unwrap();
    let (height, width) = package.config.sample_size.unwrap().height_width();
    let null = package.card.as_ref().and_then(|card| card.null_label).unwrap_or(0);

    println!("{name}, {height}x{width}, CPU, {} threads", std::thread::available_parallelism().unwrap());
    println!("`again` is a second bare session: the ratio it has to the first is the noise of this measurement.");
    println!(
        "{:>5} {:>10} {:>10} {:>10} {:>10} {:>8} {:>8}",
        "batch", "bare ms", "again ms", "engine ms", "added ms", "ratio", "noise"
    );
    for batch in [1, 4, 16] {
        let (session, mut bare, mut control) = (open(), open(), open());
        let contract =
            Contract::decide(&session.inputs(), &session.outputs(), &PortNames::default(), &Declared::default())
                .unwrap();
        let shape = [batch, contract.channels, height, width];
        let noise = SeededNoise { seed: 0, first_sample: 0 };
        let x_t = noise.initial(shape);
        let sample: Vec<f32> = x_t.iter().map(|&value| value as f32).collect();
        let mut inputs = vec![
            (contract.sample.name.clone(), Tensor::from_array((shape, sample)).unwrap().into_dyn()),
            (contract.timestep.name.clone(), Tensor::from_array(([batch], vec![500.0_f32; batch])).unwrap().into_dyn()),
        ];
        if let Some(port) = &contract.class_labels {
            inputs.push((port.name.clone(), Tensor::from_array(([batch], vec![null; batch])).unwrap().into_dyn()));
        }
        let plan = config
            .plan_request(BLOCKS * BLOCK, SpacingConvention::Ddim)
            .plan(&config.model_schedule().unwrap())
            .unwrap();
        let conditioning = Conditioning { labels: vec![null], ..Conditioning::default() };
        let schedule = config.model_schedule().unwrap();
        let network = OnnxDenoiser::new(session, contract, schedule, config.parameterization(), conditioning, batch);
        let denoiser = Box::new(Clipped::new(network, config.clipping));
        let mut run = Run::new(denoiser, Box::new(Ddim::new(0.0)), Box::new(noise), plan.levels().to_vec(), x_t);
        let mut trajectory = run.trajectory();

        let bare_step = |session: &mut OnnxSession| {
            let views: Vec<_> = inputs.iter().map(|(name, value)| (name.as_str(), value.view())).collect();
            let mut session = session.raw();
            let began = Instant::now();
            let outputs = session.run(views).unwrap();
            let elapsed = began.elapsed();
            drop(outputs);
            1e3 * elapsed.as_secs_f64()
        };
        let mut times: [Vec<f64>; 3] = Default::default();
        for block in 0..BLOCKS {
            // The first one changes from block to block.
            for turn in 0..3 {
                let who = (block + turn) % 3;
                for step in 0..BLOCK {
                    let ms = match who {
                        0 => bare_step(&mut bare),
                        1 => bare_step(&mut control),
                        _ => {
                            let began = Instant::now();
                            run.step(&mut trajectory).unwrap().unwrap();
                            1e3 * began.elapsed().as_secs_f64()
                        }
                    };
                    if step >= WARM_UP {
                        times[who].push(ms);
                    }
                }
            }
        }
        let [bare, control, engine] = times.map(median);
        let (ratio, noise) = (engine / bare, control / bare);
        println!(
            "{batch:>5} {bare:>10.3} {control:>10.3} {engine:>10.3} {:>10.3} {ratio:>8.4} {noise:>8.4}",
            engine - bare
        );
    }
}
