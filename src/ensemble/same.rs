use super::Ensemble;
use crate::denoiser::guided::GuidanceScale;
use crate::sampler::{Churn, Solver};
use crate::session::RunSettings;
use crate::session::setting::Effect;
use crate::theory::NoiseLevel;

/// What settings resolve to on their model.
#[derive(Clone, Copy, Debug)]
pub struct ComesTo<'a> {
    /// The noise levels of the run.
    pub levels: &'a [NoiseLevel],
    /// Height and width of its images.
    pub size: (usize, usize),
    /// The sampler of the run, if it is known.
    pub solver: Option<Solver>,
}

impl Ensemble {
    /// Whether these settings make samples of the same kind, for any seed. A setting that is left at its default equals one
    /// that is set
    /// to the same value; defaults can be resolved if the schedule can be made.
    #[must_use]
    pub fn is_of(&self, run: &RunSettings, comes_to: Option<ComesTo>) -> bool {
        let size = self.run_size();
        let made = self.origin.resolved.solver(&self.origin.settings);
        let here = &self.origin.settings;
        let (mut here, mut there) = match comes_to.and_then(|it| it.solver) {
            Some(solver) => (plain(here, made), plain(run, solver)),
            // What is left open is the same where both leave it open.
            None if here.sampler == run.sampler => (plain(here, made), plain(run, made)),
            None => (plain(here, made), plain(run, run.sampler.or_ddim())),
        };
        // The settings have the size of images, a run that of its latents.
        let pixels = self.pixels_per_latent().unwrap_or(1);
        let of_image = (size.0 * pixels, size.1 * pixels);
        let is_same = match there.size {
            Some(set) => set == of_image,
            None => comes_to.is_none_or(|it| it.size == of_image || it.size == size),
        };
        (here.size, there.size) = (None, Some(size).filter(|_| !is_same));
        if comes_to.is_some_and(|it| it.levels == self.run_levels()) {
            for settings in [&mut here, &mut there] {
                (settings.steps, settings.spacing, settings.schedule) = (self.run_steps(), None, None);
            }
        }
        here == there
    }
}

/// The settings without those that do not affect samples, with defaults resolved.
fn plain(settings: &RunSettings, solver: Solver) -> RunSettings {
    let eta = solver.usual_eta().map(|usual| settings.eta.unwrap_or(usual));
    let unguided = |scale: &GuidanceScale| scale.constant() == Some(1.0);
    RunSettings {
        steps: settings.effective_steps(),
        sampler: solver.into(),
        eta,
        churn: if solver.has_churn() { settings.churn } else { Churn::default() },
        guidance: settings.guidance.clone().filter(|scale| !unguided(scale)),
        ..settings.without(|setting| matches!(setting.effect, Effect::Draw | Effect::Speed | Effect::Decoded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::Options;
    use crate::session::SamplerKind;
    use crate::session::prepare::Model;
    use crate::session::settings::{ModelSource, ProviderChoice};

    #[test]
    fn a_choice_that_is_made_is_the_same_as_one_left_open_that_comes_to_it() {
        let source = ModelSource::Model("gaussian-64".into());
        let left_open = RunSettings { provider: ProviderChoice::Rust, steps: 4, ..RunSettings::new(source) };
        let model = Model::open(&left_open, None, &|_, _| true).unwrap();
        let ensemble = Ensemble::begin(&model, &left_open, Options::default()).unwrap();
        let spacing = ensemble.origin().resolved.spacing.clone();
        let size = Some((64, 64));
        let made = [
            RunSettings { spacing: Some(spacing), ..left_open.clone() },
            RunSettings { sampler: SamplerKind::Ddim.into(), ..left_open.clone() },
            RunSettings { eta: Some(0.0), size, seed: 9, batch: 7, threads: Some(3), ..left_open.clone() },
        ];
        let unguided = RunSettings { guidance: Some(GuidanceScale::Constant(1.0)), ..left_open.clone() };
        assert!(ensemble.is_of(&unguided, None));
        let is_of = |run: &RunSettings| {
            let begun = Ensemble::begin(&model, run, Options::default()).unwrap();
            let image = begun.origin().resolved.image;
            let solver = Some(begun.origin().resolved.solver(run));
            let comes_to = ComesTo { levels: begun.levels(), size: (image.height, image.width), solver };
            ensemble.is_of(run, Some(comes_to))
        };
        assert!(ensemble.is_of(&left_open, None) && is_of(&left_open));
        for run in &made {
            assert!(is_of(run), "{run:?}");
        }
        let others = [
            RunSettings { spacing: Some("karras".into()), ..left_open.clone() },
            RunSettings { steps: 5, ..left_open.clone() },
            RunSettings { eta: Some(0.5), ..left_open.clone() },
            RunSettings { sampler: SamplerKind::Euler.into(), ..left_open },
        ];
        for run in &others {
            assert!(!is_of(run) && !ensemble.is_of(run, None), "{run:?}");
        }
    }
}
