//! The numbers that a plan's levels were given as. λ, which a plan computes with, does not hold every digit of them.

use super::{LevelList, ListKind, ModelSchedule, Plan, SigmaMeaning};
use crate::theory::NoiseLevel;

/// A noise level as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GivenValue {
    /// What the value is.
    pub kind: ListKind,
    /// The value.
    pub value: f64,
}

impl Plan {
    /// The same with the values that its levels were given as, one for each level or fewer.
    pub(super) fn with_given(mut self, list: LevelList) -> Self {
        self.given = Some(list);
        self
    }

    /// The same with the σ of its levels, which are kept if they are indeed theirs.
    pub(super) fn where_given(self, sigmas: &[f64]) -> Self {
        let mut levels = self.levels().iter();
        let same = sigmas.iter().all(|&sigma| levels.next() == Some(&NoiseLevel::from_sigma(sigma)));
        if same { self.with_given(LevelList::of_sigmas(sigmas.to_vec())) } else { self }
    }

    /// The value that a level was given as, where it was given and not computed.
    #[must_use]
    pub fn given(&self, step: usize) -> Option<GivenValue> {
        let list = self.given.as_ref()?;
        list.values.get(step).map(|&value| GivenValue { kind: list.kind, value })
    }

    /// The levels as σ of `x_0 + σ·ε`, each as it was given where it was given so.
    #[must_use]
    pub fn sigmas(&self) -> Vec<f64> {
        self.values(ListKind::Sigma, NoiseLevel::sigma)
    }

    /// The levels as ᾱ, each as it was given where it was given so.
    #[must_use]
    pub fn alpha_bars(&self) -> Vec<f64> {
        self.values(ListKind::AlphaBar, NoiseLevel::alpha_bar)
    }

    /// The levels as flow time, each as it was given where it was given so.
    #[must_use]
    pub fn flow_times(&self) -> Vec<f64> {
        self.values(ListKind::FlowTime, NoiseLevel::flow_time)
    }

    /// The levels in a unit; of timesteps there are as many as steps.
    #[must_use]
    pub fn in_unit(&self, kind: ListKind, model: &ModelSchedule) -> Vec<f64> {
        match kind {
            ListKind::Sigma => self.sigmas(),
            ListKind::AlphaBar => self.alpha_bars(),
            ListKind::FlowTime => self.flow_times(),
            ListKind::Timestep => self.timesteps().iter().map(|&timestep| computed(timestep)).collect(),
            ListKind::ModelSigma => self.in_unit(SigmaMeaning::of(model).kind(), model),
        }
    }

    fn values(&self, kind: ListKind, of: fn(NoiseLevel) -> f64) -> Vec<f64> {
        let given = |step: usize| self.given(step).filter(|given| given.kind == kind).map(|given| given.value);
        let levels = self.levels().iter().enumerate();
        levels.map(|(step, &level)| given(step).map_or_else(|| computed(of(level)), |value| value + 0.0)).collect()
    }

    /// After the level at the start was moved.
    pub(super) fn with_start_given(mut self) -> Self {
        let start = self.levels()[0];
        if let Some(LevelList { kind, values }) = &mut self.given
            && let Some(first) = values.first_mut()
        {
            match kind {
                ListKind::Sigma => *first = computed(start.sigma()),
                ListKind::AlphaBar => *first = computed(start.alpha_bar()),
                ListKind::FlowTime => *first = computed(start.flow_time()),
                // The timestep stays that of the start.
                ListKind::Timestep | ListKind::ModelSigma => {}
            }
        }
        self
    }
}

/// A number with the digits that it holds after passing through λ: 15 of them. The last or last two of an f64 are chance.
#[must_use]
pub fn computed(value: f64) -> f64 {
    if value.is_finite() { format!("{value:.14e}").parse().unwrap_or(value) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::FinalLevel;
    use proptest::prelude::*;

    /// A number of at most 15 digits, as someone types it.
    fn typed(low: f64, high: f64) -> impl Strategy<Value = f64> {
        (low..high, 1_usize..=15).prop_map(|(value, digits)| format!("{value:.*e}", digits - 1).parse().unwrap())
    }

    fn falling(values: Vec<f64>) -> Vec<f64> {
        let mut values = values;
        values.sort_by(|a, b| b.total_cmp(a));
        values.dedup();
        values
    }

    proptest! {
        #[test]
        fn levels_come_back_as_given(
            sigmas in prop::collection::vec(typed(-3.0, 4.0).prop_flat_map(|e| typed(0.1, 1.0).prop_map(move |m| m * 10_f64.powf(e))), 2..12),
            shares in prop::collection::vec(typed(1e-6, 1.0), 2..12),
        ) {
            let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
            let plan = |kind: ListKind, values: &[f64]| {
                LevelList { kind, values: values.to_vec() }.plan(&model, FinalLevel::Clean).unwrap()
            };
            let (sigmas, shares) = (falling(sigmas), falling(shares));
            prop_assume!(sigmas.len() > 1 && shares.len() > 1 && shares[0] < 1.0);
            prop_assert_eq!(&plan(ListKind::Sigma, &sigmas).sigmas(), &sigmas);
            prop_assert_eq!(&plan(ListKind::FlowTime, &shares).flow_times(), &shares);
            prop_assert_eq!(&plan(ListKind::ModelSigma, &shares).flow_times(), &shares);
            let rising: Vec<f64> = shares.iter().rev().copied().collect();
            prop_assert_eq!(&plan(ListKind::AlphaBar, &rising).alpha_bars(), &rising);
            let timesteps: Vec<f64> = shares.iter().map(|share| share * 1000.0).collect();
            let of_timesteps = plan(ListKind::Timestep, &timesteps);
            prop_assert_eq!(of_timesteps.timesteps(), &timesteps[..]);
        }
    }

    #[test]
    fn what_was_computed_has_no_digits_of_chance() {
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let list = LevelList { kind: ListKind::FlowTime, values: vec![1.0, 0.75, 0.5, 0.0] };
        let plan = list.plan(&model, FinalLevel::Clean).unwrap();
        assert_eq!(plan.timesteps(), [1000.0, 750.0, 500.0]);
        assert_eq!(plan.sigmas(), [f64::INFINITY, 3.0, 1.0, 0.0]);
        let start = plan.with_finite_start();
        assert_eq!(start.sigmas()[0], 4_095.999_877_929_69);
        assert!(start.flow_times()[0] < 1.0 && start.flow_times()[1] == 0.75);
    }
}
