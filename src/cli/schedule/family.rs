//! Families of schedules by name, as a command takes them.

use super::ScheduleOptionError;
use crate::cli::Failure;
use crate::schedule::formats::number;
use crate::schedule::{
    BETA_FAMILIES, BetaFamily, BetaSchedule, Curve, ModelSchedule, PUBLISHED, PlanSource, ScheduleSpec, SigmaFamily,
    Spacing, TerminalSnr, TrainingSpec,
};

/// The named formulas for β; if a continuous schedule has the same name, that one is meant.
fn training_families() -> impl Iterator<Item = (String, BetaSchedule)> {
    let curves = Curve::names();
    let named = |family: &BetaFamily| (family.name.replace('_', "-"), family.kind);
    BETA_FAMILIES.iter().map(named).filter(move |(name, _)| !curves.contains(&name.as_str()))
}

/// All families of a command.
pub(super) fn family_names() -> String {
    let curves = Curve::names();
    let sigma = SigmaFamily::ALL.map(SigmaFamily::name).into_iter().filter(|name| !curves.contains(name));
    let published = PUBLISHED.iter().map(|list| list.name);
    let plain = curves.iter().copied().chain(sigma).chain(published).map(str::to_owned);
    training_families().map(|(name, _)| name).chain(plain).collect::<Vec<_>>().join(", ")
}

/// A family by name: the schedule, the levels that a run visits, and the schedule of its networks.
pub(super) fn family(
    name: &str,
    parameters: &[(String, f64)],
) -> Result<(ScheduleSpec, PlanSource, Option<ModelSchedule>), Failure> {
    let unknown = |parameter: &str, known: &[&str]| -> Failure {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ScheduleOptionError(format!("the {name} family has no parameter {parameter}; it has {known}")).into()
    };
    let trailing = PlanSource::Spacing(Spacing::Trailing);
    let plain = name.replace('_', "-");
    if let Some((_, beta_schedule)) = training_families().find(|(name, _)| *name == plain) {
        let mut spec = TrainingSpec::new(beta_schedule);
        for (parameter, value) in parameters {
            let ranged = beta_schedule.uses_range();
            match parameter.as_str() {
                "beta_start" if ranged => spec.beta_start = *value,
                "beta_end" if ranged => spec.beta_end = *value,
                "timesteps" | "num_train_timesteps" => spec.num_train_timesteps = whole(parameter, *value)?,
                "zero_snr" => spec.zero_terminal_snr = (*value != 0.0).then_some(TerminalSnr::Zero),
                _ if ranged => return Err(unknown(parameter, &["beta_start", "beta_end", "timesteps", "zero_snr"])),
                _ => return Err(unknown(parameter, &["timesteps", "zero_snr"])),
            }
        }
        return Ok((ScheduleSpec::Training(spec), trailing, None));
    }
    if let Ok(mut curve) = plain.parse::<Curve>() {
        for (parameter, value) in parameters {
            let names: Vec<&str> = curve.parameters().iter().map(|(name, _)| *name).collect();
            curve = curve.with_parameter(parameter, *value).ok_or_else(|| unknown(parameter, &names))?;
        }
        let own = match &curve {
            Curve::Formula(formula) => formula.family().networks.map(|schedule| schedule()),
            _ => None,
        };
        return Ok((ScheduleSpec::Curve(curve.validated()?), trailing, own));
    }
    let known = SigmaFamily::ALL.into_iter().find(|family| family.name() == plain);
    let Some(mut sigma_family) = known else {
        return Err(ScheduleOptionError(format!("there is no family \"{name}\"; use one of {}", family_names())).into());
    };
    let (mut sigma_min, mut sigma_max) = if sigma_family == SigmaFamily::Edm {
        (0.002, 80.0)
    } else {
        // Stable Diffusion's, which most lists of σ are made for.
        let sd = TrainingSpec::new(BetaSchedule::ScaledLinear).table()?;
        (sd.level(0).sigma(), sd.level(sd.last_timestep()).sigma())
    };
    for (parameter, value) in parameters {
        match parameter.as_str() {
            "sigma_min" if !sigma_family.has_own_range() => sigma_min = *value,
            "sigma_max" if !sigma_family.has_own_range() => sigma_max = *value,
            _ => {
                let own = sigma_family.parameters();
                let mut names: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
                if !sigma_family.has_own_range() {
                    names.extend(["sigma_min", "sigma_max"]);
                }
                sigma_family =
                    sigma_family.with_parameter(parameter, *value).ok_or_else(|| unknown(parameter, &names))?;
            }
        }
    }
    let range = ScheduleSpec::Curve(Curve::log_snr_linear(-2.0 * sigma_min.ln(), -2.0 * sigma_max.ln()));
    let edm = ModelSchedule::Edm { sigma_min, sigma_max, sigma_data: 0.5 }.validated()?;
    let own = (sigma_family == SigmaFamily::Edm).then_some(edm);
    Ok((range, PlanSource::Family(sigma_family), own))
}

/// A family with all its parameters: "cosine, s = 0.008, power = 2".
pub(super) fn about(name: &str, source: &PlanSource) -> String {
    let PlanSource::Other(other) = source else { return name.to_owned() };
    let parameters = match (&*other.visits, &other.schedule) {
        (PlanSource::Family(family), ScheduleSpec::Curve(curve)) => {
            let range = [("sigma_min", curve.level_at(0.0).sigma()), ("sigma_max", curve.level_at(1.0).sigma())];
            let range = if family.has_own_range() { &[][..] } else { &range[..] };
            family.parameters().into_iter().chain(range.iter().copied()).collect()
        }
        (_, ScheduleSpec::Curve(curve)) => curve.parameters(),
        (_, ScheduleSpec::Training(spec)) => {
            let range = [("beta_start", spec.beta_start), ("beta_end", spec.beta_end)];
            let range = if spec.beta_schedule.uses_range() { &range[..] } else { &[] };
            let zero = spec.zero_terminal_snr.map(|_| ("zero_snr", 1.0));
            let timesteps = ("timesteps", spec.num_train_timesteps as f64);
            range.iter().copied().chain([timesteps]).chain(zero).collect()
        }
        _ => Vec::new(),
    };
    let rounded = |value: f64| format!("{value:.4e}").parse().unwrap_or(value);
    let told = parameters.into_iter().map(|(name, value)| format!(", {name} = {}", number(rounded(value))));
    name.to_owned() + &told.collect::<String>()
}

fn whole(name: &str, value: f64) -> Result<usize, Failure> {
    if value.fract() == 0.0 && (1.0..=1e9).contains(&value) {
        #[expect(clippy::cast_sign_loss, reason = "checked just before")]
        return Ok(value as usize);
    }
    Err(ScheduleOptionError(format!("{name} = {} is not a whole number of at least 1", number(value))).into())
}
