//! Power spectra against numpy's (`tools/golden/spectra.py`).

#![allow(clippy::unwrap_used)]

use chromascope::spectrum::{Rapsd, psd};
use ndarray::{Array1, Array3};
use ndarray_npy::NpzReader;
use std::fs::File;

fn relative(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours / theirs - 1.0).abs() }
}

#[test]
fn spectra_are_those_of_numpy() {
    let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/spectra.npz")).unwrap();
    let mut golden = NpzReader::new(file).unwrap();
    let mut worst = 0.0_f64;
    for name in ["square", "odd", "wide", "tall", "mixed"] {
        let image: Array3<f32> = golden.by_name(&format!("{name}_image")).unwrap();
        let density: Array3<f64> = golden.by_name(&format!("{name}_psd")).unwrap();
        let averaged: Array1<f64> = golden.by_name(&format!("{name}_rapsd")).unwrap();
        let frequency: Array1<f64> = golden.by_name(&format!("{name}_f")).unwrap();
        let count: Array1<i64> = golden.by_name(&format!("{name}_count")).unwrap();
        let (_, height, width) = image.dim();

        for (plane, expected) in image.outer_iter().zip(density.outer_iter()) {
            let largest = expected.fold(0.0_f64, |a, &b| a.max(b));
            for (ours, theirs) in psd(plane).unwrap().iter().zip(&expected) {
                // A bin may be 0 apart from rounding.
                assert!((ours - theirs).abs() <= 1e-9 * theirs + 1e-13 * largest, "{name}: {ours} {theirs}");
            }
        }
        let mut rapsd = Rapsd::new(height, width).unwrap();
        let ours = rapsd.sample(image.view()).unwrap();
        assert_eq!(ours.len(), averaged.len());
        for ring in 0..ours.len() {
            assert_eq!(i64::try_from(rapsd.rings().count()[ring]).unwrap(), count[ring], "{name} ring {ring}");
            assert!(relative(rapsd.rings().frequency()[ring], frequency[ring]) < 1e-12, "{name} ring {ring}");
            worst = worst.max(relative(ours[ring], averaged[ring]));
        }
    }
    println!("largest relative difference of a ring: {worst:.1e}");
    assert!(worst < 1e-6, "{worst:e}");
}
