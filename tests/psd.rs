//! `chromascope psd`, from outside, against numpy.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use ndarray::{Array1, Array3, Array4, Axis, stack};
use std::path::Path;

fn columns(csv: &str) -> Vec<Vec<f64>> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("ring,f,count,psd,psd_var"));
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    (0..5).map(|column| rows.iter().map(|row| row[column]).collect()).collect()
}

#[track_caller]
fn told(arguments: &[&Path]) -> String {
    let output = common::program().arg("psd").args(arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[track_caller]
fn refused(arguments: &[&Path]) -> String {
    let output = common::program().arg("psd").args(arguments).assert().code(1).get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

fn worst(ours: &[f64], theirs: &Array1<f64>) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let apart = ours.iter().zip(theirs).map(|(ours, theirs)| (ours / theirs - 1.0).abs());
    apart.fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}

#[test]
fn arrays_have_the_spectra_that_numpy_gives() {
    let folder = tempfile::tempdir().unwrap();
    let mut golden = support::npz("spectra.npz");
    for name in ["square", "odd", "wide", "tall", "mixed"] {
        let image: Array3<f32> = golden.by_name(&format!("{name}_image")).unwrap();
        let path = folder.path().join("image.npy");
        ndarray_npy::write_npy(&path, &image).unwrap();
        let table = columns(&told(&[&path]));
        let of = |what: &str, golden: &mut ndarray_npy::NpzReader<std::fs::File>| -> Array1<f64> {
            golden.by_name(&format!("{name}_{what}")).unwrap()
        };
        assert!(worst(&table[1][1..], &of("f", &mut golden).slice_move(ndarray::s![1..])) < 1e-12, "{name}");
        assert!(worst(&table[3], &of("rapsd", &mut golden)) < 1e-6, "{name}");
        assert!(table[4].iter().all(|variance| variance.is_nan()), "one image has no variance");
        // Two images, the second twice as strong: mean 2.5 and unbiased variance 4.5 times the square of the first's.
        let twice = image.mapv(|value| 2.0 * value);
        let both: Array4<f32> = stack(Axis(0), &[image.view(), twice.view()]).unwrap();
        ndarray_npy::write_npy(&path, &both).unwrap();
        let both = columns(&told(&[&path]));
        for (ring, first) in table[3].iter().enumerate() {
            assert!((both[3][ring] / (2.5 * first) - 1.0).abs() < 1e-9, "{name} {ring}");
            assert!((both[4][ring] / (4.5 * first * first) - 1.0).abs() < 1e-9, "{name} {ring}");
        }
    }
}

#[test]
fn a_window_leaves_white_noise_at_its_variance() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise.npy");
    let mut state = 7_u64;
    // The sum of twelve uniform numbers minus six is nearly normal, with variance 1.
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1_u32 << 24)
    };
    let noise = Array4::from_shape_simple_fn((24, 1, 64, 64), || (0..12).map(|_| uniform()).sum::<f64>() - 6.0);
    ndarray_npy::write_npy(&path, &noise).unwrap();
    for arguments in [vec![path.as_path()], vec![path.as_path(), Path::new("--hann")]] {
        let table = columns(&told(&arguments));
        let rings = table[3].iter().zip(&table[2]).skip(1);
        let (sum, bins) = rings.fold((0.0, 0.0), |(sum, bins), (density, count)| (sum + density * count, bins + count));
        assert!((sum / bins - 1.0).abs() < 0.03, "{arguments:?}: {}", sum / bins);
    }
}

#[test]
fn folders_and_files_are_read_or_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, side: u32| {
        let image =
            image::RgbImage::from_fn(side, side, |x, y| image::Rgb([(x * 7 + y * 13) as u8, 90, (x * y) as u8]));
        image.save(folder.path().join(name)).unwrap();
    };
    save("a.png", 16);
    save("b.png", 16);
    let one = columns(&told(&[&folder.path().join("a.png")]));
    let both = columns(&told(&[folder.path()]));
    assert_eq!((one[3].len(), &one[3]), (9, &both[3]));
    assert!(both[4].iter().all(|variance| variance.abs() < 1e-9));
    std::fs::write(folder.path().join("c.txt"), "no image").unwrap();
    save("d.png", 20);
    assert!(refused(&[folder.path()]).contains("d.png: "));
    let out = folder.path().join("out.csv");
    told(&[folder.path(), Path::new("--size"), Path::new("8x8"), Path::new("--out"), &out]);
    assert_eq!(columns(&std::fs::read_to_string(&out).unwrap())[0].len(), 5);
    let bad = folder.path().join("bad.npy");
    ndarray_npy::write_npy(&bad, &Array1::<f64>::zeros(4)).unwrap();
    assert!(refused(&[&bad]).contains("[4]"));
    ndarray_npy::write_npy(&bad, &ndarray::array![[1.0, f64::NAN]]).unwrap();
    assert!(refused(&[&bad]).contains(" 1 "));
    for (name, content) in [
        ("words.txt", "no image"),
        ("words.png", "no image"),
        ("words.npy", "no array"),
        ("empty.png", ""),
        ("empty.npy", ""),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert!(refused(&[&path]).contains(&format!("{name}: ")));
    }
    for path in ["/nowhere/at.all", "/nowhere/at.npy"] {
        let told = refused(&[Path::new(path)]);
        assert!(told.contains(&format!(" {path}: ")), "{told}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(refused(&[empty.path()]).contains("PNG"));
}
