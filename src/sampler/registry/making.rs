//! Parameters of the rows of the table, and how samplers are made with them.

use super::{Choices, Parameter, ParameterSpec, Values};
use crate::sampler::dpm_solver::{DpmSolver, DpmSolverPp, Slope};
use crate::sampler::multistep::{End, Output, Rule as _};
use crate::sampler::pndm::Combined;
use crate::sampler::sa_solver::SaSolver;
use crate::sampler::singlestep::Singlestep;
use crate::sampler::{Sampler, UniPc, UniPcB};

const fn spec(parameter: Parameter, values: Values, usual: f64) -> ParameterSpec {
    ParameterSpec { parameter, values, usual }
}

pub(super) const ORDER: ParameterSpec = spec(Parameter::SolverOrder, Values::Whole(1, 3), 2.0);
pub(super) const ORDER_4: ParameterSpec = spec(Parameter::SolverOrder, Values::Whole(1, 4), 4.0);
const SLOPES: Values = Values::OneOf(&["midpoint", "heun"]);
pub(super) const MIDPOINT: ParameterSpec = spec(Parameter::SolverType, SLOPES, 0.0);
pub(super) const HEUN: ParameterSpec = spec(Parameter::SolverType, SLOPES, 1.0);
const BS: Values = Values::OneOf(&["bh1", "bh2"]);
pub(super) const BH1: ParameterSpec = spec(Parameter::SolverType, BS, 0.0);
pub(super) const BH2: ParameterSpec = spec(Parameter::SolverType, BS, 1.0);
pub(super) const LOWER: ParameterSpec = spec(Parameter::LowerOrderFinal, Values::Switch, 1.0);
pub(super) const NOT_LOWER: ParameterSpec = spec(Parameter::LowerOrderFinal, Values::Switch, 0.0);
pub(super) const EULER: ParameterSpec = spec(Parameter::EulerAtFinal, Values::Switch, 0.0);
pub(super) const PREDICT_X0: ParameterSpec = spec(Parameter::PredictX0, Values::Switch, 1.0);
pub(super) const SCALING: ParameterSpec = spec(Parameter::TimestepScaling, Values::Number(0.0, 1e6), 10.0);
pub(super) const STEPS_IN: ParameterSpec = spec(Parameter::StepsIn, Values::OneOf(&["model", "sigma", "flow"]), 0.0);
pub(super) const COMBINED: ParameterSpec = spec(Parameter::MultistepIn, Values::OneOf(&["noise", "v"]), 0.0);
pub(super) const RATIO: ParameterSpec = spec(Parameter::MidpointRatio, Values::Number(0.05, 1.0), 0.5);
pub(super) const S_NOISE: ParameterSpec = spec(Parameter::SNoise, Values::Number(0.0, 2.0), 1.0);

pub(super) const PREDICTOR: ParameterSpec = spec(Parameter::PredictorOrder, Values::Whole(1, 3), 2.0);
pub(super) const CORRECTOR: ParameterSpec = spec(Parameter::CorrectorOrder, Values::Whole(1, 4), 2.0);

pub(super) fn sa_solver(with: &Choices) -> SaSolver {
    // They are read as small whole numbers.
    #[allow(clippy::cast_sign_loss)]
    let order = |parameter| with.number(parameter) as usize;
    SaSolver {
        predictor: order(Parameter::PredictorOrder),
        corrector: order(Parameter::CorrectorOrder),
        output: if with.is_on(Parameter::PredictX0) { Output::Data } else { Output::Noise },
        tau: with.eta,
        schedule: with.schedule.cloned(),
        lower: with.is_on(Parameter::LowerOrderFinal),
        before: None,
    }
}

pub(super) fn end(with: &Choices) -> End {
    End { lower: with.is_on(Parameter::LowerOrderFinal), euler: with.is_on(Parameter::EulerAtFinal) }
}

fn slope(with: &Choices) -> Slope {
    if with.is_on(Parameter::SolverType) { Slope::Heun } else { Slope::Midpoint }
}

pub(super) fn combined(with: &Choices) -> Combined {
    if with.is_on(Parameter::MultistepIn) { Combined::Velocity } else { Combined::Noise }
}

pub(super) fn dpm_solver_pp(with: &Choices, order: usize) -> Box<dyn Sampler> {
    let (eta, s_noise) = (with.eta, with.number(Parameter::SNoise));
    Box::new(DpmSolverPp { order, slope: slope(with), eta, s_noise, end: end(with) }.multistep())
}

pub(super) fn dpm_solver(with: &Choices, order: usize) -> Box<dyn Sampler> {
    Box::new(DpmSolver { order, slope: slope(with), eta: with.eta, end: end(with) }.multistep())
}

pub(super) fn singlestep(with: &Choices, order: usize, output: Output) -> Box<dyn Sampler> {
    let (eta, s_noise) = (with.eta, with.number(Parameter::SNoise));
    let lower = with.is_on(Parameter::LowerOrderFinal);
    Box::new(Singlestep { order, slope: slope(with), output, eta, s_noise, lower, group: None })
}

pub(super) fn unipc(with: &Choices, order: usize) -> Box<dyn Sampler> {
    let b = if with.is_on(Parameter::SolverType) { UniPcB::Bh2 } else { UniPcB::Bh1 };
    let method = UniPc::new(order, b).lower_at_the_end(with.is_on(Parameter::LowerOrderFinal));
    Box::new(if with.is_on(Parameter::PredictX0) { method } else { method.of_noise() })
}
