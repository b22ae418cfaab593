//! All named schedules with their parameters.

use super::families::{Knob, Slider};
use super::{
    BetaSchedule, Curve, OtherSchedule, PUBLISHED, PlanSource, ScheduleSpec, SigmaFamily, Spacing, TerminalSnr,
    TrainingSpec,
};

/// A group of presets, as a menu has them.
#[derive(Clone, Debug, PartialEq)]
pub struct PresetGroup {
    /// What they have in common.
    pub name: &'static str,
    /// The presets by name.
    pub presets: Vec<(String, PlanSource)>,
}

/// A number by which a preset is varied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in files and on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its value.
    pub value: f64,
    /// What a slider goes from and to.
    pub range: (f64, f64),
    /// Whether that slider is logarithmic.
    pub logarithmic: bool,
}

impl Parameter {
    fn of((knob, value): (&Knob, f64)) -> Self {
        let (range, logarithmic) = match knob.slider {
            Slider::Linear(low, high) => ((low, high), false),
            Slider::Logarithmic(low, high) => ((low, high), true),
        };
        Self { name: knob.name, label: knob.label, value, range, logarithmic }
    }
}

/// All presets.
#[must_use]
pub fn groups() -> Vec<PresetGroup> {
    let trailing = || PlanSource::Spacing(Spacing::Trailing);
    let spacings = Spacing::ALL.map(|spacing| (spacing.name().to_owned(), PlanSource::Spacing(spacing)));
    let families = SigmaFamily::ALL.map(|family| (family.name().to_owned(), PlanSource::Family(family)));
    let curves = Curve::all().map(|curve| (curve.name().to_owned(), PlanSource::curve(curve)));
    let training = BetaSchedule::ALL.map(|beta| {
        let spec = ScheduleSpec::Training(TrainingSpec::new(beta));
        (format!("β {}", beta.name().replace('_', " ")), PlanSource::of(spec, trailing()))
    });
    let published = PUBLISHED.iter().map(|list| (list.title.to_owned(), PlanSource::List(list.list())));
    vec![
        PresetGroup { name: "Model timesteps", presets: spacings.to_vec() },
        PresetGroup { name: "σ families", presets: families.to_vec() },
        PresetGroup { name: "Continuous curves", presets: curves.collect() },
        PresetGroup { name: "Training schedules", presets: training.to_vec() },
        PresetGroup { name: "Published lists", presets: published.collect() },
    ]
}

/// The numbers by which a source is varied, in order.
#[must_use]
pub fn parameters(source: &PlanSource) -> Vec<Parameter> {
    let named = |(name, value): (&'static str, f64)| {
        let (label, range, logarithmic) = about(name);
        Parameter { name, label, value, range, logarithmic }
    };
    match source {
        PlanSource::Spacing(_) | PlanSource::List(_) | PlanSource::Scheduler(_) => Vec::new(),
        PlanSource::Family(family @ SigmaFamily::Polyexponential { .. }) => {
            // Far above 1 rounding leaves nothing between its last levels.
            let narrower = |parameter: Parameter| Parameter { range: (0.3, 4.0), ..parameter };
            family.parameters().into_iter().map(named).map(narrower).collect()
        }
        PlanSource::Family(family) => family.parameters().into_iter().map(named).collect(),
        PlanSource::Other(other) => {
            let mut own: Vec<Parameter> = match &other.schedule {
                ScheduleSpec::Curve(Curve::Formula(formula)) => formula.parameters().map(Parameter::of).collect(),
                ScheduleSpec::Training(spec) => {
                    let range = [("beta_start", spec.beta_start), ("beta_end", spec.beta_end)];
                    let range = if spec.beta_schedule.uses_range() { &range[..] } else { &[] };
                    let zero = ("zero_snr", f64::from(u8::from(spec.zero_terminal_snr.is_some())));
                    range.iter().copied().chain([zero]).map(named).collect()
                }
                ScheduleSpec::Flow { shift, .. } => vec![named(("shift", *shift))],
                ScheduleSpec::Edm { .. } | ScheduleSpec::Curve(_) => Vec::new(),
            };
            let movable = !matches!(&other.schedule, ScheduleSpec::Curve(Curve::Drawn(_) | Curve::Listed(_)));
            let resolution = || named(("resolution", 64.0 / (0.5 * other.log_snr_shift).exp()));
            own.extend(movable.then(resolution));
            own
        }
    }
}

/// The same source with a parameter changed; as it was where there is none of that name or the value makes no schedule.
#[must_use]
pub fn with_parameter(source: &PlanSource, name: &str, value: f64) -> PlanSource {
    let changed = match source {
        PlanSource::Spacing(_) | PlanSource::List(_) | PlanSource::Scheduler(_) => None,
        PlanSource::Family(family) => family
            .with_parameter(name, value)
            .filter(|family| family.sigmas(2, 0.03, 14.0).is_ok())
            .map(PlanSource::Family),
        PlanSource::Other(other) => changed_other(other, name, value).map(PlanSource::Other),
    };
    changed.unwrap_or_else(|| source.clone())
}

fn changed_other(other: &OtherSchedule, name: &str, value: f64) -> Option<OtherSchedule> {
    let mut other = other.clone();
    if name == "resolution" {
        let shift = 2.0 * (64.0 / value).ln();
        other.log_snr_shift = Some(shift).filter(|shift| shift.is_finite())?;
        return Some(other);
    }
    match (&mut other.schedule, name) {
        (ScheduleSpec::Curve(curve), _) => *curve = curve.clone().with_parameter(name, value)?.validated().ok()?,
        (ScheduleSpec::Training(spec), "beta_start") => spec.beta_start = value,
        (ScheduleSpec::Training(spec), "beta_end") => spec.beta_end = value,
        (ScheduleSpec::Training(spec), "zero_snr") => {
            spec.zero_terminal_snr = (value != 0.0).then_some(TerminalSnr::Zero);
        }
        (ScheduleSpec::Flow { shift, .. }, "shift") => {
            *shift = value;
            if let PlanSource::Scheduler(grid) = &mut *other.visits
                && let Some(flow) = &mut grid.flow
            {
                flow.shift = value;
            }
        }
        _ => return None,
    }
    other.schedule.schedule().is_ok().then_some(other)
}

/// The name for people of a parameter that no curve has, the range of its slider, and whether that is logarithmic.
fn about(name: &str) -> (&'static str, (f64, f64), bool) {
    match name {
        "rho" => ("ρ", (1.0, 20.0), false),
        "cap" => ("largest σ", (1.0, 4096.0), true),
        "beta_d" => ("β_d", (1.0, 40.0), false),
        "beta_min" => ("β at t = 0", (0.01, 10.0), true),
        "eps_s" => ("end t", (1e-5, 0.1), true),
        "alpha" => ("α", (0.1, 5.0), false),
        "beta" => ("β", (0.1, 5.0), false),
        "shift" => ("shift", (0.1, 20.0), true),
        "beta_start" => ("β start", (1e-6, 0.01), true),
        "beta_end" => ("β end", (0.001, 0.1), true),
        "zero_snr" => ("zero terminal SNR", (0.0, 1.0), false),
        "resolution" => ("shifted to pixels", (16.0, 1024.0), true),
        _ => ("", (0.0, 1.0), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{FinalLevel, ModelSchedule, PlanRequest, SpacingConvention};

    fn plan(source: PlanSource) -> crate::schedule::Plan {
        let model = ModelSchedule::Discrete(TrainingSpec::new(BetaSchedule::ScaledLinear).table().unwrap());
        let convention = SpacingConvention::Ddim;
        let request = PlanRequest { source, steps: 12, convention, steps_offset: 0, final_level: FinalLevel::Clean };
        request.plan(&model).unwrap()
    }

    #[test]
    fn every_preset_runs_and_every_slider_changes_it_over_its_range() {
        let mut sliders = 0;
        for (name, source) in groups().into_iter().flat_map(|group| group.presets) {
            let usual = plan(source.clone());
            for parameter in parameters(&source) {
                assert!(!parameter.label.is_empty(), "{name}: {}", parameter.name);
                let (low, high) = parameter.range;
                assert!((low..=high).contains(&parameter.value), "{name}: {parameter:?}");
                let mut changes = 0;
                for value in [low, high] {
                    let changed = with_parameter(&source, parameter.name, value);
                    changes += u32::from(plan(changed) != usual);
                }
                assert!(changes > 0, "{name}: {}", parameter.name);
                sliders += 1;
            }
            assert_eq!(with_parameter(&source, "nothing", 1.0), source);
        }
        assert!(sliders >= 25, "{sliders}");
    }

    #[test]
    fn a_shift_of_resolution_moves_log_snr() {
        let source = PlanSource::curve("cosine".parse().unwrap());
        let shifted = plan(with_parameter(&source, "resolution", 256.0));
        for (usual, moved) in plan(source).levels()[1..12].iter().zip(&shifted.levels()[1..12]) {
            assert!((moved.log_snr() - usual.log_snr() - 2.0 * 0.25_f64.ln()).abs() < 1e-12);
        }
    }
}
