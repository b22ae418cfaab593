//! The time of a step of the local exact denoiser beside the plain one: `cargo bench --bench local`
//!
//! One state of 3×64×64 over 1,900 emoji on all cores (`RAYON_NUM_THREADS` limits them), in turns: at the σ that each window
//! has by the default rule, and at a high one, where no image is far enough to be skipped.
#![allow(clippy::unwrap_used)]

use chromascope::denoiser::empirical::ImageSet;
use chromascope::denoiser::{Denoised, Denoiser, EmpiricalDenoiser, ImageShape, LocalDenoiser, WindowSize};
use chromascope::schedule::ModelSchedule;
use chromascope::theory::NoiseLevel;
use ndarray::Array4;
use std::f64::consts::TAU;
use std::time::Instant;

const IMAGES: usize = 1900;
const SHAPE: ImageShape = ImageShape { channels: 3, height: 64, width: 64 };
const SIDES: [usize; 5] = [3, 9, 33, 65, 127];
const HIGH_SIGMA: f64 = 40.0;
const TURNS: usize = 15;
/// The target, milliseconds.
const AIM: f64 = 150.0;

struct Case {
    name: String,
    sigma: f64,
    model: Box<dyn Denoiser>,
    /// Milliseconds of every turn.
    times: Vec<f64>,
}

/// One of the images with noise of the level.
fn state(images: &ImageSet, level: NoiseLevel) -> Array4<f64> {
    let mut bits = 1_u64;
    let mut uniform = move || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((bits >> 40) as f64 + 0.5) / f64::from(1 << 24)
    };
    let values = images.pixels[700 * SHAPE.len()..][..SHAPE.len()].iter().map(|&byte| {
        let normal = (-2.0 * uniform().ln()).sqrt() * (TAU * uniform()).cos();
        level.sqrt_alpha_bar() * (f64::from(byte) / 127.5 - 1.0) + level.sqrt_one_minus_alpha_bar() * normal
    });
    Array4::from_shape_vec(SHAPE.batch(1), values.collect()).unwrap()
}

fn main() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/models/emoji-exact-64/images.u8");
    let mut pixels = std::fs::read(file).unwrap();
    pixels.truncate(IMAGES * SHAPE.len());
    let images = ImageSet { shape: SHAPE, pixels: pixels.into(), labels: Vec::new() };
    let schedule = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let plain = EmpiricalDenoiser::new(images.clone(), schedule.clone(), Vec::new());
    let local = LocalDenoiser::new(images.clone(), schedule, WindowSize::default(), Vec::new());

    let case = |name, sigma, model| Case { name, sigma, model, times: Vec::new() };
    let mut cases = Vec::new();
    for (name, sigma_of) in [("its own σ", None), ("high σ", Some(HIGH_SIGMA))] {
        for side in SIDES {
            let sigma = sigma_of.unwrap_or(side as f64 / 8.0);
            let window = WindowSize::Curve(vec![(1.0, side as f64)]);
            let model: Box<dyn Denoiser> = Box::new(local.clone().with_window(window));
            cases.push(case(format!("local, k = {side}, {name}"), sigma, model));
        }
        cases.push(case(format!("plain, {name}"), sigma_of.unwrap_or(1.0), Box::new(plain.clone())));
    }
    let mut out = Denoised::zeros(SHAPE.batch(1));
    for _ in 0..TURNS {
        for Case { sigma, model, times, .. } in &mut cases {
            let level = NoiseLevel::from_sigma(*sigma);
            let x_t = state(&images, level);
            let began = Instant::now();
            model.denoise(x_t.view(), level, &mut out).unwrap();
            times.push(1e3 * began.elapsed().as_secs_f64());
        }
    }
    let threads = rayon::current_num_threads();
    println!("a step over {IMAGES} images of 3x64x64, {threads} threads; ms, least (median) of {TURNS} by turns");
    for Case { name, sigma, mut times, .. } in cases {
        times.sort_by(f64::total_cmp);
        let verdict = if times[0] <= AIM { "met" } else { "missed" };
        println!("{name:>26}, σ = {sigma:<6} {:>7.1} ({:>6.1}), {verdict}", times[0], times[TURNS / 2]);
    }
    println!("{AIM} ms are wanted");
}
