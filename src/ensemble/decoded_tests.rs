//! Decoded images beside latents. The decoder of these tests doubles every pixel, so its images have exactly the bands of
//! the latents, one level coarser, and nothing at the finest level.

use super::*;
use crate::session::settings::{ModelSource, ProviderChoice};
use crate::theory::Measure;
use ndarray::{Array4, ArrayView4};
use std::ops::ControlFlow;

const SHARE: DecodingShare = DecodingShare { every: 2, samples: 3 };

struct Doubling {
    calls: usize,
    fails_at: Option<usize>,
}

impl Doubling {
    const fn new() -> Self {
        Self { calls: 0, fails_at: None }
    }
}

const fn doubled(of: ImageShape) -> ImageShape {
    ImageShape { channels: of.channels, height: 2 * of.height, width: 2 * of.width }
}

impl ImageDecoder for Doubling {
    fn decode(&mut self, latents: ArrayView4<f32>) -> Result<Array4<f32>, DecodingFailed> {
        self.calls += 1;
        if self.fails_at == Some(self.calls) {
            return Err(DecodingFailed("the decoder made NaN".into()));
        }
        let (b, c, h, w) = latents.dim();
        Ok(Array4::from_shape_fn((b, c, 2 * h, 2 * w), |(b, c, y, x)| latents[[b, c, y / 2, x / 2]]))
    }
}

fn settings() -> RunSettings {
    RunSettings {
        provider: ProviderChoice::Rust,
        steps: 6,
        ..RunSettings::new(ModelSource::Model("gaussian-64".into()))
    }
}

fn begun(model: &Model) -> Ensemble {
    let options = Options { decoding: Some(SHARE), ..Options::default() };
    Ensemble::begin_decoding(model, &settings(), options, |latents| Some(doubled(latents))).unwrap()
}

fn grow(ensemble: &mut Ensemble, model: &Model, target: usize, batch: usize) -> Doubling {
    let mut decoder = Doubling::new();
    let told = &mut |_: GatherProgress| ControlFlow::Continue(());
    gather_with(ensemble, model, Some(&mut decoder), (target, Some(batch)), told).unwrap();
    decoder
}

/// A sample with its decoded images.
pub fn a_sample_of_both() -> Ensemble {
    let model = open();
    let mut ensemble = begun(&model);
    grow(&mut ensemble, &model, 1, 1);
    ensemble
}

fn open() -> Model {
    Model::open(&settings(), None, &|_, _| true).unwrap()
}

#[test]
fn decoded_images_have_their_own_steps_samples_and_levels() {
    let model = open();
    let mut ensemble = begun(&model);
    let decoder = grow(&mut ensemble, &model, 3, 3);
    let decoded = ensemble.decoded().unwrap();
    assert_eq!((ensemble.samples(), decoded.samples()), (3, 3));
    assert_eq!(decoded.steps_of_run(), [0, 2, 4, 5], "every second step, and the last");
    assert_eq!((decoded.steps(), decoded.run_steps(), ensemble.run_steps()), (4, 6, 6));
    assert_eq!(decoded.bands().levels(), ensemble.bands().levels() + 1, "an image of twice the side has a finer level");
    assert_eq!(decoder.calls, 4, "the final image of DDIM is the last estimate, which is decoded already");
    for (row, step) in decoded.steps_of_run().into_iter().enumerate() {
        let (here, there) = (decoded.bands_x0(row), ensemble.bands_x0(step));
        assert!(here[0].abs() < 1e-12, "doubled pixels have nothing at the finest level");
        for (here, there) in here[1..].iter().zip(there) {
            assert!((here - there).abs() < 1e-9 * there.abs().max(1e-3), "{here} is not {there}");
        }
    }
    // A doubled white spectrum falls; at low frequencies four pixels of a latent add up to four times its density.
    let (here, there) = (decoded.final_psd(0), ensemble.final_psd(0));
    assert!((here[0] / there[0] - 4.0).abs() < 1e-9 && (here[1] / there[1] - 4.0).abs() < 0.1);
    let findings = Findings::of(ensemble.clone().into(), None).unwrap();
    let of_decoded = findings.decoded().unwrap();
    assert!(findings.no_theory().is_none() && !findings.comparisons().is_empty());
    assert!(of_decoded.no_theory().is_some() && of_decoded.comparisons().is_empty());
    assert!(of_decoded.expected_psd(Quantity::Change).is_empty(), "no wrong curve");
    assert!(of_decoded.measured.values(Measure::Power).iter().any(|share| share.is_finite()));
    assert_eq!(of_decoded.data_psd_of(Some(0)).unwrap().len(), decoded.form().rings);
    assert!(of_decoded.ensemble.title().ends_with("3 samples, decoded"), "{}", of_decoded.ensemble.title());
    assert_eq!(decoded.space_in_words().unwrap(), "decoded images, every 2 steps and the last");
    assert_eq!(ensemble.space_in_words().unwrap(), "latents, 1 px = 2 px of the image");
}

#[test]
fn only_the_first_samples_are_decoded_in_batches_of_any_size() {
    let model = open();
    let mut whole = begun(&model);
    grow(&mut whole, &model, 5, 5);
    assert_eq!((whole.samples(), whole.decoded().unwrap().samples()), (5, 3));
    for batch in [1, 2, 4] {
        let mut other = begun(&model);
        grow(&mut other, &model, 5, batch);
        assert_eq!(other, whole, "batches of {batch}");
    }
}

#[test]
fn a_file_keeps_both_and_goes_on_with_both() {
    let model = open();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.npz");
    let mut ensemble = begun(&model);
    grow(&mut ensemble, &model, 2, 2);
    write(&path, &ensemble).unwrap();
    let mut again = read(&path).unwrap();
    assert_eq!(again.decoded().unwrap().samples(), 2);
    assert_eq!(again.decoded().unwrap().steps_of_run(), [0, 2, 4, 5]);
    grow(&mut again, &model, 4, 2);
    let mut whole = begun(&model);
    grow(&mut whole, &model, 4, 4);
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1e-12));
    for (again, whole) in [(&again, &whole), (&**again.decoded().unwrap(), &**whole.decoded().unwrap())] {
        assert_eq!(again.samples(), whole.samples());
        for quantity in Quantity::ALL {
            for row in 0..whole.form().rows(quantity) {
                assert!(close(again.psd(quantity, row, 0), whole.psd(quantity, row, 0)), "{quantity:?} {row}");
            }
        }
        assert!(close(again.measured().errors(Measure::Power), whole.measured().errors(Measure::Power)));
    }
    let mut npz = ndarray_npy::NpzReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let step: ndarray::Array1<i64> = npz.by_name("decoded_step").unwrap();
    assert_eq!(step.to_vec(), [0, 2, 4, 5]);
    let rings = ensemble.decoded().unwrap().form().rings;
    let psd: ndarray::Array2<f64> = npz.by_name("decoded_psd_diff").unwrap();
    assert_eq!(psd.dim(), (3, rings));
    assert!(npz.names().unwrap().iter().all(|name| !name.starts_with("decoded_psd_eps")));
}

#[test]
fn what_cannot_be_decoded_is_a_sentence_and_keeps_what_there_is() {
    let model = open();
    let mut ensemble = begun(&model);
    grow(&mut ensemble, &model, 1, 1);
    let kept = ensemble.clone();
    let told = &mut |_: GatherProgress| ControlFlow::Continue(());
    let mut broken = Doubling { fails_at: Some(2), ..Doubling::new() };
    let fault = gather_with(&mut ensemble, &model, Some(&mut broken), (3, Some(2)), told).unwrap_err();
    assert_eq!(fault.to_string(), "samples 2 to 3: cannot decode: the decoder made NaN");
    assert_eq!(ensemble, kept);
    let fault = gather_with(&mut ensemble, &model, None, (3, Some(2)), told).unwrap_err();
    assert!(fault.to_string().contains("no decoder"), "{fault}");
    let options = Options { decoding: Some(SHARE), ..Options::default() };
    let fault = Ensemble::begin(&model, &settings(), options).unwrap_err();
    assert!(fault.to_string().starts_with("this model has no decoder"), "{fault}");
}

#[test]
fn it_can_be_stopped_between_two_images() {
    let model = open();
    let mut ensemble = begun(&model);
    let mut decoded = 0;
    let told = &mut |progress: GatherProgress| {
        decoded += usize::from(matches!(progress, GatherProgress::Decoded));
        if decoded == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut decoder = Doubling::new();
    let ended = gather_with(&mut ensemble, &model, Some(&mut decoder), (3, Some(3)), told).unwrap();
    assert!(matches!(ended, GatherEnd::Stopped(_)));
    assert_eq!((ensemble.samples(), decoder.calls), (0, 2));
}

#[test]
fn levels_of_images_are_as_many_finer_as_they_are_larger() {
    assert_eq!(finer_levels(2, 64, 512), Some(3));
    assert_eq!(finer_levels(2, 16, 16), Some(0));
    assert_eq!(finer_levels(3, 64, 512), None);
}
