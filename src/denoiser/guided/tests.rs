use super::*;
use crate::denoiser::PartName;
use crate::spectrum::{BandPlan, Fit};
use std::sync::{Arc, Mutex};

const NULL: i64 = 9;

/// Answers every class otherwise, sample by sample, and keeps what it was asked.
#[derive(Clone, Default)]
struct Classes(Arc<Mutex<Vec<Vec<i64>>>>);

fn answer(x: f64, class: i64, place: usize) -> f64 {
    (x * (1.0 + class as f64 * 0.37) + place as f64 * 0.01 * class as f64).sin()
}

impl ClassDenoiser for Classes {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        _: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let of_sample: Vec<i64> = (0..x_t.dim().0).map(|b| *classes.get(b).or(classes.last()).unwrap()).collect();
        for (b, &class) in of_sample.iter().enumerate() {
            for ((place, &x), (x0, eps)) in
                x_t.index_axis(Axis(0), b).iter().enumerate().zip(
                    out.x0.index_axis_mut(Axis(0), b).iter_mut().zip(out.eps.index_axis_mut(Axis(0), b).iter_mut()),
                )
            {
                *x0 = answer(x, class, place);
                *eps = -0.5 * *x0 + x;
            }
        }
        out.timestep = 7.0;
        self.0.lock().unwrap().push(of_sample);
        Ok(())
    }
}

fn state() -> Array4<f64> {
    Array4::from_shape_fn([2, 3, 8, 16], |(b, c, y, x)| ((b * 13 + c * 5 + y * 3 + x) as f64).cos())
}

fn levels() -> Vec<NoiseLevel> {
    (0..=8).map(|step| NoiseLevel::from_log_snr(f64::from(step) - 5.0)).collect()
}

/// The estimate at step `step` of eight, with what was asked of the model.
fn guided(prompt: Prompt, scale: GuidanceScale, step: usize) -> (Denoised, Vec<Vec<i64>>) {
    let inner = Classes::default();
    let mut out = Denoised::zeros(state().dim().into());
    let mut denoiser = Guided::new(inner.clone(), prompt, scale, NULL, RunTime::of(&levels()));
    denoiser.denoise(state().view(), levels()[step], &mut out).unwrap();
    let asked = inner.0.lock().unwrap().clone();
    (out, asked)
}

fn plain(class: i64) -> Denoised {
    let mut out = Denoised::zeros(state().dim().into());
    Classes::default().denoise_classes(state().view(), levels()[0], &[class], &mut out).unwrap();
    out
}

fn by_level(labels: &[i64], mode: LevelMode) -> Prompt {
    let choice = ByLevel { labels: labels.to_vec(), mode, factor: 2 };
    Prompt::ByLevel(LevelPrompt::new(choice, (8, 16)).unwrap())
}

#[track_caller]
fn close(a: &Array4<f64>, b: &Array4<f64>, tolerance: f64) {
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance));
}

#[test]
fn one_and_zero_are_the_plain_estimates_and_ask_for_nothing_else() {
    for (w, class) in [(1.0, 4), (0.0, NULL)] {
        let (out, asked) = guided(Prompt::Class(4), GuidanceScale::Constant(w), 3);
        assert_eq!(asked, [[class, class]]);
        assert_eq!((out.x0, out.eps), (plain(class).x0, plain(class).eps));
    }
    // Without a class there is nothing to guide to.
    let (out, asked) = guided(Prompt::Class(NULL), GuidanceScale::Constant(7.5), 3);
    assert_eq!((asked, out.x0), (vec![vec![NULL; 2]], plain(NULL).x0));
}

#[test]
fn guidance_is_its_formula_in_one_call() {
    let (out, asked) = guided(Prompt::Class(4), GuidanceScale::Constant(3.0), 3);
    assert_eq!(asked, [[4, 4, NULL, NULL]]);
    let (none, of_class) = (plain(NULL), plain(4));
    close(&out.x0, &(&none.x0 + &(3.0 * (&of_class.x0 - &none.x0))), 1e-14);
    close(&out.eps, &(&none.eps + &(3.0 * (&of_class.eps - &none.eps))), 1e-14);
    let parts: Vec<_> = out.parts.iter().map(|part| (part.name, &part.x0)).collect();
    assert_eq!(parts, [(PartName::Class(4), &of_class.x0), (PartName::Unconditional, &none.x0)]);
    assert_eq!(out.timestep, 7.0);
}

#[test]
fn a_curve_and_a_switch_follow_the_run() {
    let curve = GuidanceScale::Curve(ScaleCurve::new(vec![[0.0, 0.0], [1.0, 4.0]]).unwrap());
    // Step 2 of 8 is at s = 0.75.
    let (out, _) = guided(Prompt::Class(4), curve, 2);
    close(&out.x0, &(&plain(NULL).x0 + &(3.0 * (&plain(4).x0 - &plain(NULL).x0))), 1e-14);
    let switch = Prompt::Switch(ClassSwitch { from: 3, to: 5, at: 0.5 });
    let asked = |step| guided(switch.clone(), GuidanceScale::default(), step).1;
    assert_eq!((asked(3), asked(4)), (vec![vec![3; 2]], vec![vec![5; 2]]));
}

/// 1 − 0.9 is a little less than 0.1 to a computer.
#[test]
fn a_switch_counts_whole_steps_whatever_their_number() {
    for steps in [3_usize, 7, 10, 20, 49, 100] {
        let levels: Vec<_> = (0..=steps).map(|step| NoiseLevel::from_log_snr(step as f64)).collect();
        let time = RunTime::of(&levels);
        for first in 0..=steps {
            let switch = ClassSwitch { from: true, to: false, at: first as f64 / steps as f64 };
            let found = levels[..steps].iter().filter(|level| switch.class_at(time.at(**level))).count();
            assert_eq!(found, first, "of {steps}");
        }
    }
}

#[test]
fn equal_classes_on_all_levels_are_plain_guidance() {
    for w in [1.0, 2.5] {
        let (expected, _) = guided(Prompt::Class(6), GuidanceScale::Constant(w), 4);
        for mode in LevelMode::ALL {
            let (out, _) = guided(by_level(&[6, 6, 6], mode), GuidanceScale::Constant(w), 4);
            assert_eq!((&out.x0, &out.eps), (&expected.x0, &expected.eps), "{mode:?}");
            assert_eq!(out.parts, expected.parts, "{mode:?}");
        }
    }
}

#[test]
fn blend_weighs_by_the_chromatogram() {
    let prompt = LevelPrompt::new(ByLevel { labels: vec![1, 2], mode: LevelMode::Blend, factor: 2 }, (8, 16)).unwrap();
    let shares = prompt.shares(levels()[4]);
    let (out, asked) = guided(Prompt::ByLevel(prompt), GuidanceScale::Constant(2.0), 4);
    assert_eq!(asked, [[1, 1, 2, 2, NULL, NULL]]);
    let none = plain(NULL).x0;
    let expected =
        shares.iter().fold(none.clone(), |sum, (class, share)| sum + &(2.0 * *share * (&plain(*class).x0 - &none)));
    close(&out.x0, &expected, 1e-13);
    // At w = 1 the unconditional estimate has no part.
    let (_, asked) = guided(by_level(&[1, 2], LevelMode::Blend), GuidanceScale::Constant(1.0), 4);
    assert_eq!(asked, [[1, 1, 2, 2]]);
}

#[test]
fn band_takes_each_class_in_its_levels() {
    let plan = BandPlan::new(8, 16, 2, 3, Fit::Pad).unwrap();
    let labels = [1, 2, 2, 5];
    let (out, asked) = guided(by_level(&labels, LevelMode::Band), GuidanceScale::Constant(1.5), 4);
    assert_eq!(asked, [[1, 1, 2, 2, 5, 5, NULL, NULL]]);
    let none = plain(NULL).x0;
    let mut expected = none.clone();
    for (m, class) in labels.into_iter().enumerate() {
        let difference = plain(class).x0 - &none;
        for b in 0..2 {
            for c in 0..3 {
                let plane = difference.slice(ndarray::s![b, c, .., ..]);
                expected.slice_mut(ndarray::s![b, c, .., ..]).scaled_add(1.5, &plan.isolate(plane, m).unwrap());
            }
        }
    }
    close(&out.x0, &expected, 1e-13);
}
