//! What each step of a plan makes, and what a program really runs of it, in a sentence each.

use super::{ListKind, ModelSchedule, Plan, SigmaMeaning, lint};
use crate::theory::{Chromatogram, NoiseLevel, StepMeasure, dominant_level};
use crate::words::short;

/// A program that runs a list, and how it comes from a noise level to the timestep that it feeds to the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Runner {
    /// Its name.
    pub name: &'static str,
    /// How it rounds timesteps.
    pub rounding: Rounding,
}

/// How timesteps between those of a table are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Not at all: they are interpolated along ln σ.
    None,
    /// To the whole number nearest to them, half to even.
    Whole,
    /// To the timestep whose σ is nearest on a logarithmic scale.
    NearestSigma,
}

impl Runner {
    /// diffusers, given `sigmas=`.
    pub const DIFFUSERS: Self = Self { name: "diffusers", rounding: Rounding::None };
    /// k-diffusion.
    pub const K_DIFFUSION: Self = Self { name: "k-diffusion", rounding: Rounding::None };
    /// ComfyUI.
    pub const COMFY_UI: Self = Self { name: "ComfyUI", rounding: Rounding::NearestSigma };

    /// This program, with a network that takes whole timesteps or any.
    #[must_use]
    pub const fn here(whole: bool) -> Self {
        Self { name: "Chromascope", rounding: if whole { Rounding::Whole } else { Rounding::None } }
    }

    /// The timestep that it feeds for a level whose exact timestep this is.
    fn fed(self, timestep: f64, level: NoiseLevel, model: &ModelSchedule) -> f64 {
        let ModelSchedule::Discrete(table) = model else { return timestep };
        match self.rounding {
            Rounding::None => timestep,
            Rounding::Whole => timestep.round_ties_even(),
            Rounding::NearestSigma => {
                let apart = |at: f64| (model.level_at(at).log_snr() - level.log_snr()).abs();
                let (below, above) = (timestep.floor(), timestep.ceil().min(table.last_timestep() as f64));
                // Pure noise has no distance from anything.
                if above == below || level.log_snr().is_infinite() || apart(below) <= apart(above) {
                    below
                } else {
                    above
                }
            }
        }
    }
}

/// What a step adds to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MadeOf {
    /// The image.
    #[default]
    Image,
    /// The latents of one, whose levels are theirs.
    Latents,
}

impl MadeOf {
    /// Of a model of latents, or of images.
    #[must_use]
    pub const fn latents_if(latents: bool) -> Self {
        if latents { Self::Latents } else { Self::Image }
    }
}

/// Which resolution a step makes, by the scale-invariant theory: "step 2, σ 3.861 to 2.697: 63 % of what it adds is level 4; it
/// adds 9.1 % of the image". Steps count from 0, levels from the finest, 0.
#[must_use]
pub fn makes((plan, step): (&Plan, usize), theory: &Chromatogram, meaning: SigmaMeaning, of: MadeOf) -> String {
    let levels = plan.levels();
    let sigmas = match meaning {
        SigmaMeaning::Ve => plan.sigmas(),
        SigmaMeaning::Flow => plan.flow_times(),
    };
    let symbol = meaning.kind().symbol();
    let from = short(sigmas[step]).replace("inf", "∞");
    let what = format!("step {step}, {symbol} {from} to {}", short(sigmas[step + 1]));
    let mut shares = vec![0.0; theory.levels()];
    theory.step_shares(levels[step], levels[step + 1], StepMeasure::Power, &mut shares);
    let made = lint::made(levels, theory);
    let (own, total) = (made[step], made.iter().sum::<f64>());
    let Some(level) = dominant_level(&shares).filter(|_| own > 0.0 && total > 0.0) else {
        return format!("{what}: it adds nothing");
    };
    let share = percent(shares[level]);
    let (of_level, whole) = match of {
        MadeOf::Image => ("", "image"),
        MadeOf::Latents => (" of the latents", "latents"),
    };
    let added = percent(own / total);
    format!("{what}: {share} of what it adds is level {level}{of_level}; it adds {added} of the {whole}")
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 0.1 {
        "less than 0.1 %".into()
    } else if percent < 10.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// What a program feeds to the network at a step: "ComfyUI feeds timestep 868, whose σ is 6.448". `None` where no network is
/// known.
#[must_use]
pub fn runs(plan: &Plan, step: usize, model: &ModelSchedule, runner: Runner) -> Option<String> {
    let (level, exact) = (plan.levels()[step], plan.timesteps()[step]);
    let name = runner.name;
    match model {
        ModelSchedule::Continuous(_) => None,
        ModelSchedule::Flow { .. } => {
            let time = short(plan.flow_times()[step]);
            Some(format!("{name} feeds flow time {time}, timestep {}", short(exact)))
        }
        ModelSchedule::Edm { .. } => Some(feeds_c_noise(runner, exact)),
        ModelSchedule::Discrete(_) => {
            let fed = runner.fed(exact, level, model);
            let own = ListKind::Sigma.value_of(model.level_at(fed), model);
            let feeds = format!("{name} feeds timestep {}", short(fed));
            Some(if !model.covers(level) {
                format!("{feeds}, the nearest that the network knows (σ {})", short(own))
            } else if fed == exact || own.is_infinite() {
                feeds
            } else {
                format!("{feeds}, whose σ is {}", short(own))
            })
        }
    }
}

/// The same of a network that is fed c-noise, ¼ ln σ.
#[must_use]
pub fn feeds_c_noise(runner: Runner, fed: f64) -> String {
    format!("{} feeds c-noise, ¼ ln σ = {}", runner.name, short(fed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, FinalLevel, LevelList, TrainingSpec};

    fn sd() -> ModelSchedule {
        ModelSchedule::Discrete(TrainingSpec::new(BetaSchedule::ScaledLinear).table().unwrap())
    }

    #[test]
    fn a_step_says_which_resolution_it_makes() {
        let theory = Chromatogram::scale_invariant(2, 6).unwrap();
        let plan = LevelList::of_sigmas(vec![14.615, 3.861, 0.399, 0.0]).plan(&sd(), FinalLevel::Clean).unwrap();
        let said: Vec<String> =
            (0..3).map(|step| makes((&plan, step), &theory, SigmaMeaning::Ve, MadeOf::Image)).collect();
        assert!(said[0].starts_with("step 0, σ 14.615 to 3.861: "), "{said:?}");
        let level = |said: &str| -> usize {
            said.split("is level ").nth(1).unwrap().split(';').next().unwrap().parse().unwrap()
        };
        assert!(level(&said[0]) > level(&said[1]) && level(&said[1]) >= level(&said[2]), "{said:?}");
        // The shares of the image are all of it.
        let share =
            |said: &str| -> f64 { said.split("it adds ").last().unwrap().split(" %").next().unwrap().parse().unwrap() };
        assert!((said.iter().map(|said| share(said)).sum::<f64>() - 100.0).abs() < 1.5, "{said:?}");
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let plan = LevelList::of_model_sigmas(vec![1.0, 0.5, 0.0]).plan(&flow, FinalLevel::Clean).unwrap();
        let said = makes((&plan, 0), &theory, SigmaMeaning::Flow, MadeOf::Latents);
        assert!(said.starts_with("step 0, flow time 1 to 0.5: "), "{said}");
        // A level of latents is none of the image.
        let (level, added) = said.split_once(';').unwrap();
        assert!(level.ends_with(" of the latents") && added.ends_with(" % of the latents"), "{said}");
    }

    #[test]
    fn each_program_says_what_it_feeds() {
        let model = sd();
        let plan = LevelList::of_sigmas(vec![20.0, 6.475, 0.029, 0.0]).plan(&model, FinalLevel::Clean).unwrap();
        let runs = |step, runner| runs(&plan, step, &model, runner).unwrap();
        let exact = plan.timesteps()[1];
        assert_eq!(runs(1, Runner::DIFFUSERS), format!("diffusers feeds timestep {}", short(exact)));
        let said = runs(1, Runner::COMFY_UI);
        let (below, above) = (exact.floor(), exact.floor() + 1.0);
        let apart = |at: f64| (model.level_at(at).sigma().ln() - 6.475_f64.ln()).abs();
        let nearest = if apart(below) < apart(above) { below } else { above };
        let own = short(model.level_at(nearest).sigma());
        assert_eq!(said, format!("ComfyUI feeds timestep {nearest}, whose σ is {own}"));
        assert!(runs(1, Runner::here(true)).starts_with("Chromascope feeds timestep "));
        assert_eq!(
            runs(0, Runner::COMFY_UI),
            "ComfyUI feeds timestep 999, the nearest that the network knows (σ 14.615)"
        );
        assert!(runs(2, Runner::K_DIFFUSION).contains("timestep 0"));
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let plan = LevelList::of_model_sigmas(vec![1.0, 0.6509, 0.0]).plan(&flow, FinalLevel::Clean).unwrap();
        assert_eq!(
            super::runs(&plan, 1, &flow, Runner::DIFFUSERS).unwrap(),
            "diffusers feeds flow time 0.6509, timestep 650.9"
        );
    }
}
