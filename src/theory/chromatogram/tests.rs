use super::*;
use proptest::prelude::*;

const MEASURES: [Measure; 2] = [Measure::Power, Measure::Amplitude];

/// A quantity of a band, and the growth of a band of variance V from one recovered share to another.
type OfBand = fn(&BandStatistics) -> f64;
type Growth = fn(f64, f64, f64) -> f64;

fn shares(theory: &Chromatogram, level: NoiseLevel, measure: Measure) -> Vec<f64> {
    let mut out = vec![f64::NAN; theory.levels()];
    theory.shares(level, measure, &mut out);
    out
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    // f64::max would drop NaN.
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}

/// Bands as unequal as those of real images.
fn uneven() -> Chromatogram {
    let bands = [(0.4, 0.01), (5.0, 0.03), (40.0, 0.05), (210.0, 0.2), (1500.0, 0.1)];
    let bands = bands.map(|(gain, variance)| BandStatistics { gain, variance });
    Chromatogram::new(&bands, Some(BandStatistics { gain: 9000.0, variance: 0.15 })).unwrap()
}

#[test]
fn golden_shares() {
    let theory = Chromatogram::scale_invariant(2, 6).unwrap();
    let golden = [
        (0.01, Measure::Power, [0.014_411, 0.054_336, 0.174_352, 0.347_142, 0.292_743, 0.117_015]),
        (0.01, Measure::Amplitude, [0.075_509, 0.144_469, 0.244_914, 0.290_275, 0.180_625, 0.064_207]),
        (0.5, Measure::Power, [0.515_080, 0.329_651, 0.114_066, 0.031_210, 0.007_986, 0.002_008]),
        (0.5, Measure::Amplitude, [0.579_947, 0.293_433, 0.093_610, 0.025_041, 0.006_370, 0.001_600]),
    ];
    for (alpha_bar, measure, expected) in golden {
        let found = shares(&theory, NoiseLevel::from_alpha_bar(alpha_bar), measure);
        assert!(largest_difference(&found, &expected) < 1e-6, "{alpha_bar} {measure:?}: {found:?}");
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    }
}

/// `SNR = 1/(n·n^{2m})` in power, and for n = 2 in amplitude `0.24347·4^{−m}`.
#[test]
fn crossings_have_their_closed_forms() {
    for factor in [2, 3, 4] {
        let theory = Chromatogram::scale_invariant(factor, 6).unwrap();
        let n = factor as f64;
        for m in 0..5 {
            let snr = |measure| theory.crossing(m, m + 1, measure).unwrap().log_snr().exp();
            let scale = n.powi(2 * i32::try_from(m).unwrap());
            assert!((snr(Measure::Power) * n * scale - 1.0).abs() < 1e-12);
            if factor == 2 {
                let root = 2.0_f64.powf(2.0 / 3.0);
                assert!((snr(Measure::Amplitude) * scale - (root - 1.0) / (4.0 - root)).abs() < 1e-12);
                assert!((snr(Measure::Amplitude) * scale - 0.243_47).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn shares_are_equal_at_every_crossing() {
    for theory in [Chromatogram::scale_invariant(3, 5).unwrap(), uneven()] {
        let mut found = 0;
        for (a, b) in (0..5).flat_map(|a| (a + 1..5).map(move |b| (a, b))) {
            for measure in MEASURES {
                let Some(level) = theory.crossing(a, b, measure) else { continue };
                let r = shares(&theory, level, measure);
                assert!((r[a] / r[b] - 1.0).abs() < 1e-12, "{a} {b} {measure:?}");
                found += 1;
            }
        }
        assert!(found > 10);
    }
    assert_eq!(uneven().crossing(0, 9, Measure::Power), None);
}

#[test]
fn shares_have_limits_at_both_ends() {
    let theory = uneven();
    let bands: Vec<BandStatistics> = (0..5).map(|m| theory.band(m).unwrap()).collect();
    let normalised = |value: OfBand| {
        let sum: f64 = bands.iter().map(value).sum();
        bands.iter().map(|band| value(band) / sum).collect::<Vec<_>>()
    };
    let noise = NoiseLevel::from_alpha_bar(0.0);
    let limits: [(_, _, OfBand); 4] = [
        (noise, Measure::Power, |band| band.gain * band.variance),
        (noise, Measure::Amplitude, |band| (band.gain * band.variance).sqrt()),
        (NoiseLevel::CLEAN, Measure::Power, |band| band.variance / band.gain),
        (NoiseLevel::CLEAN, Measure::Amplitude, |band| band.variance.sqrt() / band.gain),
    ];
    for (level, measure, limit) in limits {
        assert!(largest_difference(&shares(&theory, level, measure), &normalised(limit)) < 1e-14);
    }
    let rest = theory.rest_share(noise, Measure::Power).unwrap();
    let details: f64 = bands.iter().map(|band| band.gain * band.variance).sum();
    assert!((rest - 1350.0 / (1350.0 + details)).abs() < 1e-14);
    assert_eq!(Chromatogram::scale_invariant(2, 6).unwrap().rest_share(noise, Measure::Power), None);
}

/// The shares of a short step equal those at its middle, for each measure.
#[test]
fn short_steps_have_the_shares_of_their_middle() {
    let theory = uneven();
    let mut step = [0.0; 5];
    for log_snr in [-9.0, -4.0, 0.0, 3.0, 9.0] {
        let level = |offset: f64| NoiseLevel::from_log_snr(log_snr + offset);
        for (step_measure, measure) in
            [(StepMeasure::Power, Measure::Power), (StepMeasure::Amplitude, Measure::Amplitude)]
        {
            theory.step_shares(level(-5e-5), level(5e-5), step_measure, &mut step);
            assert!(largest_difference(&step, &shares(&theory, level(0.0), measure)) < 1e-8, "{log_snr}");
        }
    }
}

#[test]
fn whole_run_steps_are_differences_of_recovered_energy() {
    let theory = uneven();
    let (from, to) = (NoiseLevel::from_log_snr(-3.0), NoiseLevel::from_log_snr(-1.0));
    let (mut before, mut after, mut step) = ([0.0; 5], [0.0; 5], [0.0; 5]);
    theory.recovered(from, &mut before);
    theory.recovered(to, &mut after);
    let forms: [(_, Growth); 3] = [
        (StepMeasure::Power, |v, a, b| v * (b - a)),
        (StepMeasure::Amplitude, |v, a, b| v.sqrt() * (b.sqrt() - a.sqrt())),
        (StepMeasure::StochasticAmplitude, |v, a, b| (v * (b - a)).sqrt()),
    ];
    for (measure, form) in forms {
        let grown: Vec<f64> = (0..5).map(|m| form(theory.band(m).unwrap().variance, before[m], after[m])).collect();
        let sum: f64 = grown.iter().sum();
        let expected: Vec<f64> = grown.iter().map(|value| value / sum).collect();
        theory.step_shares(from, to, measure, &mut step);
        assert!(largest_difference(&step, &expected) < 1e-13);
        // From pure noise to the clean image.
        theory.step_shares(NoiseLevel::from_alpha_bar(0.0), NoiseLevel::CLEAN, measure, &mut step);
        assert!((step.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        theory.step_shares(from, from, measure, &mut step);
        assert!(step.iter().all(|share| share.is_nan()));
    }
}

#[test]
fn elution_is_the_derivative_of_what_is_recovered() {
    let theory = uneven();
    let (mut g, mut per_nat, mut a, mut b) = ([0.0; 5], [0.0; 5], [0.0; 5], [0.0; 5]);
    for log_snr in [-8.0, -2.0, 1.0] {
        let level = NoiseLevel::from_log_snr(log_snr);
        for measure in MEASURES {
            // For t = −λ with dᾱ/dt = −ᾱ(1−ᾱ), both forms of the curves are equal.
            theory.elution(level, -level.alpha_bar() * level.one_minus_alpha_bar(), measure, &mut g);
            theory.elution_per_nat(level, measure, &mut per_nat);
            theory.recovered(NoiseLevel::from_log_snr(log_snr - 1e-4), &mut a);
            theory.recovered(NoiseLevel::from_log_snr(log_snr + 1e-4), &mut b);
            for m in 0..5 {
                let variance = theory.band(m).unwrap().variance;
                let numeric = match measure {
                    Measure::Power => variance * (b[m] - a[m]) / 2e-4,
                    Measure::Amplitude => variance.sqrt() * (b[m].sqrt() - a[m].sqrt()) / 2e-4,
                };
                assert!((g[m] / per_nat[m] - 1.0).abs() < 1e-12);
                assert!((g[m] / numeric - 1.0).abs() < 1e-7, "{log_snr} {measure:?} {m}");
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    assert_eq!(Chromatogram::scale_invariant(1, 6), Err(ChromatogramError::Factor(1)));
    assert_eq!(Chromatogram::scale_invariant(2, 0), Err(ChromatogramError::NoLevels));
    assert!(matches!(Chromatogram::scale_invariant(2, usize::MAX), Err(ChromatogramError::Band { level: 512, .. })));
    let flat = BandStatistics { gain: 1.0, variance: 0.0 };
    assert_eq!(Chromatogram::new(&[flat], None), Err(ChromatogramError::AllConstant));
    let bad = BandStatistics { gain: f64::NAN, variance: 1.0 };
    assert!(matches!(Chromatogram::new(&[bad], None), Err(ChromatogramError::Band { level: 0, .. })));
}

#[test]
fn levels_and_dominance() {
    assert_eq!(default_levels(2, 64, 64), 6);
    assert_eq!(default_levels(2, 63, 100), 5);
    assert_eq!(default_levels(3, 81, 81), 4);
    assert_eq!(default_levels(4, 3, 3), 1);
    assert_eq!(dominant_level(&[0.1, f64::NAN, 0.5, 0.5]), Some(2));
    assert_eq!(dominant_level(&[f64::NAN]), None);
}

/// A falling λ(t) on [0, 1]: a line, a bend and a wave, so that `|dλ/dt|` stays below 100.
#[derive(Clone, Copy, Debug)]
struct Curve {
    top: f64,
    slope: f64,
    bend: f64,
    steepness: f64,
    centre: f64,
    wave: f64,
}

impl Curve {
    fn level(self, t: f64) -> NoiseLevel {
        let bend = self.bend * (self.steepness * (t - self.centre)).tanh();
        let wave = self.wave * self.slope * (9.0 * t).sin() / 9.0;
        NoiseLevel::from_log_snr(self.top - self.slope * t - bend - wave)
    }

    /// `dᾱ/dt`, analytically.
    fn slope_exact(self, t: f64) -> f64 {
        let bend = self.bend * self.steepness / (self.steepness * (t - self.centre)).cosh().powi(2);
        let slope = -self.slope - bend - self.wave * self.slope * (9.0 * t).cos();
        let level = self.level(t);
        level.alpha_bar() * level.one_minus_alpha_bar() * slope
    }

    /// `dᾱ/dt` by a central difference.
    fn slope_numeric(self, t: f64) -> f64 {
        (self.level(t + 1e-6).alpha_bar() - self.level(t - 1e-6).alpha_bar()) / 2e-6
    }

    /// The t at which ᾱ is that of `level`, by bisection on the more precise of ᾱ and 1 − ᾱ.
    fn time_of(self, level: NoiseLevel) -> f64 {
        let (mut clean, mut noisy) = (-10.0, 10.0);
        for _ in 0..100 {
            let middle = 0.5 * (clean + noisy);
            let here = self.level(middle);
            let cleaner = if level.log_snr() < 0.0 {
                here.alpha_bar() > level.alpha_bar()
            } else {
                here.one_minus_alpha_bar() < level.one_minus_alpha_bar()
            };
            *(if cleaner { &mut clean } else { &mut noisy }) = middle;
        }
        0.5 * (clean + noisy)
    }
}

fn curves() -> impl Strategy<Value = Curve> {
    (2.0..8.0_f64, 10.0..20.0_f64, 0.0..4.0_f64, 1.0..15.0_f64, 0.1..0.9_f64, -0.8..0.8_f64)
        .prop_map(|(top, slope, bend, steepness, centre, wave)| Curve { top, slope, bend, steepness, centre, wave })
}

proptest! {
    /// Theorem 1: where two schedules have the same ᾱ they have the same r_m, even if they generate at different rates.
    #[test]
    fn shares_depend_on_the_noise_level_alone(one in curves(), other in curves(), t in 0.0..1.0_f64) {
        let t_other = other.time_of(one.level(t));
        for theory in [Chromatogram::scale_invariant(2, 6).unwrap(), uneven()] {
            let share = |curve: Curve, t: f64, slope: f64, measure| {
                let mut g = vec![0.0; theory.levels()];
                theory.elution(curve.level(t), slope, measure, &mut g);
                let sum: f64 = g.iter().sum();
                g.into_iter().map(|g| g / sum).collect::<Vec<_>>()
            };
            for measure in MEASURES {
                let here = share(one, t, one.slope_exact(t), measure);
                let there = share(other, t_other, other.slope_numeric(t_other), measure);
                prop_assert!(largest_difference(&here, &there) < 1e-10, "{:?} {:?}", here, there);
            }
        }
    }
}
