use super::*;
use crate::denoiser::DenoiseError;
use crate::schedule::{BetaSchedule, ModelSchedule, TrainingSchedule};
use crate::session::convention_check::probes::{fields, spread};
use crate::theory::NoiseLevel;
use crate::words::voice::Voice;

/// Pixels equal within a block of four by four, each block Gaussian: E[x_0|x_t] is the shrunken mean of the block.
struct Blocks {
    words: Parameterization,
    schedule: ModelSchedule,
    calls: usize,
}

const SIDE: usize = 16;
const BLOCK: usize = 4;

impl Blocks {
    fn new(words: Parameterization) -> Self {
        let table = TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap();
        Self { words, schedule: ModelSchedule::Discrete(table), calls: 0 }
    }
}

/// The level that a number tells.
fn level_of(time: NetworkTime, told: f64, schedule: &ModelSchedule) -> NoiseLevel {
    match time {
        NetworkTime::Index => schedule.level_at(told),
        NetworkTime::Sigma => NoiseLevel::from_sigma(told.max(1e-3)),
        NetworkTime::CNoise => NoiseLevel::from_log_snr(-8.0 * told),
        NetworkTime::LogSnr => NoiseLevel::from_log_snr(told),
        NetworkTime::Flow => NoiseLevel::from_flow_time(told.clamp(1e-3, 0.999)),
        NetworkTime::FlowThousand => NoiseLevel::from_flow_time((told / 1000.0).clamp(1e-3, 0.999)),
    }
}

impl Network for Blocks {
    fn shape(&self) -> [usize; 4] {
        [2, 1, SIDE, SIDE]
    }

    fn sigma_data(&self) -> f64 {
        0.5
    }

    fn takes(&self, _: NetworkTime) -> bool {
        true
    }

    fn nearest(&self, level: NoiseLevel) -> NoiseLevel {
        self.schedule.clamp(level).0
    }

    fn output(
        &mut self,
        state: NetworkState,
        time: NetworkTime,
        x_t: &Array4<f64>,
        level: NoiseLevel,
    ) -> Result<Array4<f64>, DenoiseError> {
        self.calls += 1;
        let told = self.schedule.told(time, level);
        let seen = Parameterization::new(state, time, Prediction::Sample).input_scale(level) * x_t;
        // From here on the network knows only what it was given.
        let believed = level_of(self.words.time, told, &self.schedule);
        let x_t = seen / self.words.input_scale(believed);
        let (a, b2) = (believed.sqrt_alpha_bar(), believed.one_minus_alpha_bar());
        let gain = a * 0.25 / (a * a * 0.25 + b2 / (BLOCK * BLOCK) as f64);
        let x0 = Array4::from_shape_fn(x_t.dim(), |(sample, channel, y, x)| {
            let (top, left) = (y / BLOCK * BLOCK, x / BLOCK * BLOCK);
            let block = x_t.slice(ndarray::s![sample, channel, top..top + BLOCK, left..left + BLOCK]);
            gain * block.mean().unwrap()
        });
        let map = self.words.x0_from(believed);
        Ok((x0 - map.state * &x_t) / map.output)
    }
}

fn verdict(truth: Parameterization, set: Option<Parameterization>) -> Report {
    check(&mut Blocks::new(truth), set, &Means::default(), &mut |_, _| true).unwrap()
}

const TRUTHS: [Parameterization; 6] = [
    Parameterization::vp(Prediction::Epsilon),
    Parameterization::vp(Prediction::VPrediction),
    Parameterization::flow(),
    Parameterization::edm(0.5),
    Parameterization::new(NetworkState::Ve, NetworkTime::Sigma, Prediction::Sample),
    Parameterization::new(NetworkState::Ve, NetworkTime::Sigma, Prediction::Score),
];

#[test]
fn a_network_fits_its_own_words_and_no_other_prediction() {
    for truth in TRUTHS {
        let report = verdict(truth, Some(truth));
        assert!(matches!(report.verdict, Verdict::Fits(_)), "{truth:?}: {:?} {:?}", report.verdict, report.figures[0]);
        assert_eq!(report.figures[0].words, truth);
        let mut caught = 0;
        for &prediction in Prediction::ALL.iter().filter(|prediction| **prediction != truth.prediction) {
            let report = verdict(truth, Some(Parameterization { prediction, ..truth }));
            let figures = &report.figures[0];
            match &report.verdict {
                Verdict::DoesNotFit(fits) => {
                    assert!(fits.contains(&truth), "{truth:?} as {prediction}: {fits:?} {figures:?}");
                    caught += 1;
                }
                // Near ones cannot be told apart on every network.
                Verdict::Fits(also) | Verdict::CannotTell(also) => {
                    assert!(also.contains(&truth), "{truth:?} as {prediction}: {also:?} {figures:?}");
                }
                other @ Verdict::Suggests(_) => panic!("{truth:?} as {prediction}: {other:?} {figures:?}"),
            }
        }
        assert!(caught >= 4, "{truth:?}: {caught}");
    }
}

#[test]
fn words_that_are_not_set_are_suggested() {
    let truth = TRUTHS[4];
    let report = verdict(truth, None);
    assert!(matches!(&report.verdict, Verdict::Suggests(fits) if fits.contains(&truth)), "{report:?}");
}

#[test]
fn a_wrong_time_is_named_with_the_setting_that_mends_it() {
    let truth = TRUTHS[4];
    let report = verdict(truth, Some(Parameterization { time: NetworkTime::Index, ..truth }));
    let said = Voice::CommandLine.say(&report.in_words());
    assert!(report.is_warning(), "{said}");
    assert!(said.starts_with("the network does not fit ve, index, sample; set --time sigma, which fits"), "{said}");
}

#[test]
fn a_limit_leaves_conventions_out_and_a_stop_ends_the_check() {
    let means = Means { limit: Some(Duration::ZERO), ..Means::default() };
    let mut network = Blocks::new(TRUTHS[0]);
    let report = check(&mut network, Some(TRUTHS[0]), &means, &mut |_, _| true).unwrap();
    assert_eq!((report.figures.len(), report.left_out), (1, 143));
    assert!(report.in_words().ends_with("(143 conventions not tried for lack of time)"), "{}", report.in_words());
    let stopped = check(&mut Blocks::new(TRUTHS[0]), None, &Means::default(), &mut |done, _| done < 3);
    assert!(matches!(stopped, Err(CheckError::Stopped)));
}

#[test]
fn fields_are_smooth_and_have_their_spread() {
    let fields = fields([2, 3, 32, 24]);
    assert!((spread(&fields) - 0.5).abs() < 1e-12);
    let steps = fields.slice(ndarray::s![.., .., 1.., ..]).to_owned() - fields.slice(ndarray::s![.., .., ..-1, ..]);
    let roughness = (steps.iter().map(|step| step * step).sum::<f64>() / steps.len() as f64).sqrt();
    assert!(roughness < 0.25, "{roughness}");
}
