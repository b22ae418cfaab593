//! A list of levels under the hand: what it is made from, one level moved, and what a step of it says.

use crate::app::planned::Planned;
use crate::schedule::explain::{self, MadeOf, Runner};
use crate::schedule::{FinalLevel, LevelList, ModelSchedule, Plan, SigmaMeaning};
use crate::theory::NoiseLevel;
use crate::words::sentence;

/// The levels of the run as a list of σ, in what σ means for the model.
#[must_use]
pub fn as_list(planned: &Planned) -> LevelList {
    let kind = SigmaMeaning::of(&planned.model).kind();
    LevelList { kind, values: planned.plan.in_unit(kind, &planned.model) }
}

/// Which resolution a step makes, and what it feeds to the network here and in other programs, a sentence each.
#[must_use]
pub fn step_words(planned: &Planned, step: usize, of: MadeOf) -> Option<String> {
    let (plan, model) = (&planned.plan, &planned.model);
    let theory = planned.theory.as_ref().filter(|_| step < plan.steps())?;
    let made = explain::makes((plan, step), theory, SigmaMeaning::of(model), of);
    let programs = match model {
        ModelSchedule::Discrete(_) => &[Runner::here(planned.rounded), Runner::DIFFUSERS, Runner::COMFY_UI][..],
        _ => &[Runner::here(planned.rounded)],
    };
    let fed: Vec<String> = programs.iter().filter_map(|&runner| explain::runs(plan, step, model, runner)).collect();
    Some(format!("{}. {}.", sentence(&made), fed.join("; ")))
}

/// The list with one level changed, between its neighbours; the other typed values are unchanged.
pub(super) fn with_level(
    list: &LevelList,
    plan: &Plan,
    model: &ModelSchedule,
    (step, log_snr): (usize, f64),
) -> LevelList {
    const APART: f64 = 1e-3;
    let levels = plan.levels();
    let low = step.checked_sub(1).map_or(f64::NEG_INFINITY, |before| levels[before].log_snr() + APART);
    let high = levels.get(step + 1).map_or(f64::INFINITY, |after| after.log_snr() - APART);
    let log_snr = if low <= high { log_snr.clamp(low, high) } else { levels[step].log_snr() };
    let level = NoiseLevel::from_log_snr(log_snr);
    let mut moved = list.clone().meaning(SigmaMeaning::of(model));
    if let Some(value) = moved.values.get_mut(step) {
        *value = moved.kind.value_of(level, model);
        if moved.plan(model, FinalLevel::Clean).is_ok() {
            return moved;
        }
    }
    // The end of a list of timesteps has none, and beyond the model's range they stand still.
    let kind = SigmaMeaning::of(model).kind();
    let mut values = plan.in_unit(kind, model);
    values[step] = kind.value_of(level, model);
    LevelList { kind, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, ListKind, TrainingSpec};

    #[test]
    fn a_moved_level_leaves_the_others_as_typed() {
        let table = ModelSchedule::Discrete(TrainingSpec::new(BetaSchedule::ScaledLinear).table().unwrap());
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
        for (model, kind, values) in [
            (&table, ListKind::Sigma, vec![14.615, 6.475, 0.963, 0.0]),
            (&table, ListKind::AlphaBar, vec![0.0047, 0.3, 0.7, 1.0]),
            (&table, ListKind::Timestep, vec![999.0, 501.5, 24.0]),
            (&flow, ListKind::ModelSigma, vec![1.0, 0.6509, 0.4374, 0.0]),
            (&flow, ListKind::Sigma, vec![14.615, 6.475, 0.963, 0.0]),
        ] {
            let list = LevelList { kind, values };
            let plan = list.plan(model, FinalLevel::Clean).unwrap();
            let wanted = plan.levels()[1].log_snr() + 0.1;
            let moved = with_level(&list, &plan, model, (1, wanted));
            assert_eq!(moved.kind, if kind == ListKind::ModelSigma { ListKind::FlowTime } else { kind });
            for (step, (moved, typed)) in moved.values.iter().zip(&list.values).enumerate() {
                assert_eq!(moved == typed, step != 1, "{kind:?} at {step}: {moved} for {typed}");
            }
            let again = moved.plan(model, FinalLevel::Clean).unwrap();
            assert!((again.levels()[1].log_snr() - wanted).abs() < 1e-9, "{kind:?}");
        }
        // Outside the model's range timesteps stand still.
        let list = LevelList { kind: ListKind::Timestep, values: vec![999.0, 998.5] };
        let plan = list.plan(&table, FinalLevel::FirstTrained).unwrap();
        let moved = with_level(&list, &plan, &table, (2, 12.0));
        assert_eq!((moved.kind, moved.values.len()), (ListKind::Sigma, 3));
    }
}
