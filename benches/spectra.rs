//! The time of radially averaged power spectra: `cargo bench --bench spectra`
//!
//! `Rapsd::samples` of 500 images `[3, 64, 64]` in f32, on all cores, compared with the bare Fourier transforms by the same plans
//! on as many: those that it makes (two channels in one complex transform, the third alone), and one real transform per
//! channel. With `-- IMAGES.npy PASSES OUT.npy`, as `tools/bench_spectra.py` calls it, the time of this many passes over the
//! array, and the spectra.
#![allow(clippy::unwrap_used)]

use chromascope::spectrum::{Fft2, HalfSpectrum, Rapsd, Window};
use ndarray::{Array2, Array4, ArrayView4, Axis};
use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const IMAGES: usize = 500;
const SIDE: usize = 64;
const TURNS: usize = 60;
/// The target: a spectrum may take this many times as long as the bare transforms.
const AIM: f64 = 1.5;

fn seconds(call: impl FnOnce()) -> f64 {
    let began = Instant::now();
    call();
    began.elapsed().as_secs_f64()
}

/// The transforms alone, on cached memory of zeros.
#[derive(Clone)]
struct Bare {
    row: Arc<dyn RealToComplex<f64>>,
    line: Arc<dyn Fft<f64>>,
    pixels: Vec<f64>,
    half: Vec<Complex64>,
    plane: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Bare {
    fn new() -> Self {
        let (row, line) = (RealFftPlanner::new().plan_fft_forward(SIDE), FftPlanner::new().plan_fft_forward(SIDE));
        let scratch = row.get_scratch_len().max(line.get_inplace_scratch_len());
        let of = |length: usize| vec![Complex64::ZERO; length];
        let (half, plane) = (of(SIDE / 2 + 1), of(SIDE * SIDE));
        Self { row, line, pixels: vec![0.0; SIDE], half, plane, scratch: of(scratch) }
    }

    /// A channel by itself.
    fn real(&mut self) {
        for _ in 0..SIDE {
            self.row.process_with_scratch(&mut self.pixels, &mut self.half, &mut self.scratch).unwrap();
        }
        self.line.process_with_scratch(&mut self.plane[..SIDE * (SIDE / 2 + 1)], &mut self.scratch);
    }

    /// Two channels in one.
    fn pair(&mut self) {
        for _ in 0..2 {
            self.line.process_with_scratch(&mut self.plane, &mut self.scratch);
        }
    }
}

fn least_and_median(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[0], times[times.len() / 2])
}

/// In turns, so that a busy moment affects all.
fn compare(images: ArrayView4<f32>) {
    let each = 1e6 / images.len_of(Axis(0)) as f64;
    let plain = Rapsd::new(SIDE, SIDE).unwrap();
    let hann = Rapsd::windowed(SIDE, SIDE, Window::Hann).unwrap();
    let (fft, bare) = (Fft2::of_size(SIDE, SIDE).unwrap(), Bare::new());
    let bare_on_all = |call: fn(&mut Bare)| {
        (0..images.len_of(Axis(0))).into_par_iter().for_each_init(|| bare.clone(), |bare, _| call(bare));
    };
    let mut times = vec![Vec::new(); 5];
    for _ in 0..TURNS {
        let turn = [
            seconds(|| drop(black_box(plain.samples(images)))),
            seconds(|| drop(black_box(hann.samples(images)))),
            seconds(|| bare_on_all(|bare| (bare.pair(), bare.real()).1)),
            seconds(|| bare_on_all(|bare| (0..3).for_each(|_| bare.real()))),
            seconds(|| {
                let images = images.axis_iter(Axis(0)).collect::<Vec<_>>();
                images.par_iter().for_each_init(HalfSpectrum::new, |memory, image| {
                    image.outer_iter().for_each(|plane| fft.forward(plane, memory).unwrap());
                });
            }),
        ];
        times.iter_mut().zip(turn).for_each(|(times, time)| times.push(each * time));
    }
    let [plain, hann, own, real, forward] = times.try_into().map(|times: [_; 5]| times.map(least_and_median)).unwrap();
    println!("{IMAGES} images of 3x{SIDE}x{SIDE}, {} threads; µs an image, least (median) of {TURNS} by turns", {
        rayon::current_num_threads()
    });
    let told = |what: &str, (least, median): (f64, f64), of: &[(f64, &str)]| {
        let ratios: Vec<String> = of.iter().map(|(of, name)| format!("{:.2} times {name}", least / of)).collect();
        println!("{what:>22}: {least:6.2} ({median:6.2})  {}", ratios.join(", "));
    };
    told("bare, as they are made", own, &[]);
    told("bare, each channel", real, &[]);
    told("Fft2::forward", forward, &[]);
    let of = [(real.0, "the bare, each channel"), (own.0, "those made"), (forward.0, "Fft2::forward")];
    told("Rapsd::samples", plain, &of);
    told("the same, Hann", hann, &of);
    println!("the aim is {AIM}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [images, passes, out] = arguments.as_slice() {
        let images: Array4<f32> = ndarray_npy::read_npy(images).unwrap();
        let passes: usize = passes.parse().unwrap();
        let rapsd = Rapsd::new(images.len_of(Axis(2)), images.len_of(Axis(3))).unwrap();
        let spectra = rapsd.samples(images.view()).unwrap();
        println!("{}", seconds(|| (0..passes).for_each(|_| drop(black_box(rapsd.samples(images.view()))))));
        let shape = (spectra.len(), rapsd.rings().len());
        ndarray_npy::write_npy(out, &Array2::from_shape_vec(shape, spectra.concat()).unwrap()).unwrap();
        return;
    }
    let value = |(image, c, y, x): (usize, usize, usize, usize)| {
        // Any numbers: the time does not depend on them.
        ((image * 31 + c * 17 + y * y * 7 + x * x * 3) % 101) as f32 / 50.0 - 1.0
    };
    compare(Array4::from_shape_fn((IMAGES, 3, SIDE, SIDE), value).view());
}
