//! Lists of noise levels that were published with a model or a method, number for number. [`PUBLISHED`] is the one table of
//! them, from which menus, commands and docs/schedules.md are made. Align Your Steps is a family of σ
//! ([`SigmaFamily`](super::SigmaFamily)), since it was published with a rule for other numbers of steps.

use super::{LevelList, ListKind};

/// A published list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedList {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What the values are.
    pub kind: ListKind,
    /// The values, noisiest first.
    pub values: &'static [f64],
    /// Where it is from.
    pub source: &'static str,
}

/// All of them, in the order of menus.
pub const PUBLISHED: &[PublishedList] = &[
    PublishedList {
        name: "flux2-turbo",
        title: "FLUX.2 Turbo",
        kind: ListKind::FlowTime,
        values: &[1.0, 0.6509, 0.4374, 0.2932, 0.1893, 0.1108, 0.0495, 0.00031, 0.0],
        source: "fal, FLUX.2-dev-Turbo: `TURBO_SIGMAS`, shifted already",
    },
    PublishedList {
        name: "ltx2-distilled",
        title: "LTX-2 distilled",
        kind: ListKind::FlowTime,
        values: &[1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909_375, 0.725, 0.421_875, 0.0],
        source: "Lightricks, LTX-2; diffusers' `DISTILLED_SIGMA_VALUES`",
    },
    PublishedList {
        name: "ltx2-distilled-stage-2",
        title: "LTX-2 distilled, stage 2",
        kind: ListKind::FlowTime,
        values: &[0.909_375, 0.725, 0.421_875, 0.0],
        source: "Lightricks, LTX-2; diffusers' `STAGE_2_DISTILLED_SIGMA_VALUES`",
    },
    PublishedList {
        name: "lcm-2",
        title: "LCM, 2 steps",
        kind: ListKind::Timestep,
        values: &[999.0, 499.0],
        source: "Luo et al. 2023; diffusers' LCMScheduler, 50 original steps",
    },
    PublishedList {
        name: "lcm-4",
        title: "LCM, 4 steps",
        kind: ListKind::Timestep,
        values: &[999.0, 759.0, 499.0, 259.0],
        source: "Luo et al. 2023; diffusers' LCMScheduler, 50 original steps",
    },
    PublishedList {
        name: "lcm-8",
        title: "LCM, 8 steps",
        kind: ListKind::Timestep,
        values: &[999.0, 879.0, 759.0, 639.0, 499.0, 379.0, 259.0, 139.0],
        source: "Luo et al. 2023; diffusers' LCMScheduler, 50 original steps",
    },
    PublishedList {
        name: "ays-sd15-timesteps",
        title: "Align Your Steps, SD 1.5, timesteps",
        kind: ListKind::Timestep,
        values: &[999.0, 850.0, 736.0, 645.0, 545.0, 455.0, 343.0, 233.0, 124.0, 24.0],
        source: "Sabour et al. 2024; diffusers' `AysSchedules`",
    },
    PublishedList {
        name: "ays-sdxl-timesteps",
        title: "Align Your Steps, SDXL, timesteps",
        kind: ListKind::Timestep,
        values: &[999.0, 845.0, 730.0, 587.0, 443.0, 310.0, 193.0, 116.0, 53.0, 13.0],
        source: "Sabour et al. 2024; diffusers' `AysSchedules`",
    },
];

impl PublishedList {
    /// The list of that name, underlines or hyphens.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = name.replace('_', "-");
        PUBLISHED.iter().find(|published| published.name == name)
    }

    /// The one with exactly these levels.
    #[must_use]
    pub fn of(list: &LevelList) -> Option<&'static Self> {
        PUBLISHED.iter().find(|published| published.kind == list.kind && published.values == list.values)
    }

    /// Its levels.
    #[must_use]
    pub fn list(&self) -> LevelList {
        LevelList { kind: self.kind, values: self.values.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, FinalLevel, ModelSchedule, TrainingSpec};

    #[test]
    fn every_list_makes_a_run_of_the_models_that_it_is_for() {
        let table = ModelSchedule::Discrete(TrainingSpec::new(BetaSchedule::ScaledLinear).table().unwrap());
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
        for published in PUBLISHED {
            let list = published.list();
            let model = if published.kind == ListKind::FlowTime { &flow } else { &table };
            assert!(list.plan(model, FinalLevel::Clean).is_ok(), "{}", published.name);
            assert_eq!(PublishedList::of(&list), Some(published));
            assert_eq!(PublishedList::find(&published.name.replace('-', "_")), Some(published));
        }
        assert_eq!(PublishedList::of(&LevelList { kind: ListKind::Timestep, values: vec![999.0] }), None);
    }

    /// Every 20th of 1000 timesteps, of which N are taken evenly and rounded down (Luo et al. 2023).
    #[test]
    fn lcms_timesteps_are_those_of_its_rule() {
        for (name, steps) in [("lcm-2", 2_usize), ("lcm-4", 4), ("lcm-8", 8)] {
            let own = |i: usize| 999.0 - 20.0 * (50 * i / steps) as f64;
            let expected: Vec<f64> = (0..steps).map(own).collect();
            assert_eq!(PublishedList::find(name).unwrap().values, expected, "{name}");
        }
    }
}
