//! The local exact denoiser against numpy's patch-wise posterior mean (`tools/golden/local.py`).

#![allow(clippy::unwrap_used)]

use chromascope::denoiser::empirical::ImageSet;
use chromascope::denoiser::{Denoised, Denoiser, ImageShape, LocalDenoiser, WindowSize};
use chromascope::schedule::ModelSchedule;
use chromascope::theory::NoiseLevel;
use ndarray::{Array1, Array4, Array5, ArrayD, Axis, Ix4};
use ndarray_npy::NpzReader;
use std::fs::File;

#[test]
fn means_are_those_of_numpy() {
    let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/local.npz")).unwrap();
    let mut golden = NpzReader::new(file).unwrap();
    let pixels: Array4<u8> = golden.by_name("images").unwrap();
    let labels: Array1<i64> = golden.by_name("labels").unwrap();
    let x_t: Array5<f64> = golden.by_name("x_t").unwrap();
    let sigmas: Array1<f64> = golden.by_name("sigma").unwrap();
    let sides: Array1<i64> = golden.by_name("side").unwrap();
    let classes: Array1<i64> = golden.by_name("classes").unwrap();
    let x0: ArrayD<f32> = golden.by_name("x0").unwrap();

    let (_, channels, height, width) = pixels.dim();
    let shape = ImageShape { channels, height, width };
    let images = ImageSet { shape, pixels: pixels.into_iter().collect(), labels: labels.to_vec() };
    let schedule = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let model = LocalDenoiser::new(images, schedule, WindowSize::default(), Vec::new());
    let mut worst = 0.0_f64;
    for (i, (&sigma, state)) in sigmas.iter().zip(x_t.outer_iter()).enumerate() {
        for (j, &side) in sides.iter().enumerate() {
            for (k, &class) in classes.iter().enumerate() {
                let expected = x0.index_axis(Axis(0), i).index_axis_move(Axis(0), j).index_axis_move(Axis(0), k);
                let expected = expected.into_dimensionality::<Ix4>().unwrap();
                let mut out = Denoised::zeros(shape.batch(state.len_of(Axis(0))));
                model
                    .clone()
                    .with_window(WindowSize::Curve(vec![(1.0, side as f64)]))
                    .with_classes(vec![(class >= 0).then_some(class)])
                    .denoise(state, NoiseLevel::from_sigma(sigma), &mut out)
                    .unwrap();
                for (ours, &theirs) in out.x0.iter().zip(&expected) {
                    let difference = (ours - f64::from(theirs)).abs();
                    assert!(difference < 1e-5, "σ {sigma}, k {side}, class {class}: {ours} {theirs}");
                    worst = worst.max(difference);
                }
            }
        }
    }
    println!("largest difference: {worst:.1e}");
}
