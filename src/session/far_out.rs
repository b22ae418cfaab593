//! Results far outside the value range of a model's images.

use super::prepare::Resolved;
use super::settings::RunSettings;
use super::{Trajectory, tone};
use crate::denoiser::guided::GuidanceScale;
use crate::sampler::registry::DefaultSpacing;
use crate::theory::NoiseLevel;
use crate::words::voice::Name;
use ndarray::{Array4, Axis};

/// How many times the range of a model's images a result must exceed to be called far out. Networks overshoot a little, and
/// guidance a little more.
const FAR: f32 = 2.0;
/// Where the check is.
const CHECK: Name = Name::new("the check among the model's details", Some("check of `chromascope info`"));
/// Most values of an image that are sampled.
const VALUES: usize = 1 << 16;
/// Above this σ at the end of a run, its result is meant to be noise.
const CLEAN: f64 = 0.2;

/// Images of a result that are far out.
#[derive(Clone, Debug, PartialEq)]
pub struct FarOut {
    /// Their indices in the batch.
    pub samples: Vec<usize>,
    /// Number of images in the batch.
    pub of: usize,
    /// The 99.5th percentile of the magnitudes in the worst of them.
    pub reach: f32,
    /// The same of the model's own images.
    pub within: f32,
}

impl FarOut {
    /// Checks the state at the end of a run along `levels`, `[B, C, H, W]`; `None` if all of it is in range, or if
    /// the range is not known.
    #[must_use]
    pub fn of(state: &Array4<f32>, levels: &[NoiseLevel], resolved: &Resolved) -> Option<Self> {
        let within = resolved.data_within?;
        let clean = levels.last().is_some_and(|level| level.sigma() <= CLEAN);
        let reaches = state.axis_iter(Axis(0)).map(|image| {
            let stride = image.len().div_ceil(VALUES).max(1);
            tone::robust_maximum(image.iter().copied().step_by(stride))
        });
        let mut found = Self { samples: Vec::new(), of: state.dim().0, reach: 0.0, within };
        for (sample, reach) in reaches.enumerate().filter(|(_, reach)| clean && *reach > FAR * within) {
            found.samples.push(sample);
            found.reach = found.reach.max(reach);
        }
        (!found.samples.is_empty()).then_some(found)
    }

    /// Checks the result of a complete run.
    #[must_use]
    pub fn of_run(trajectory: &Trajectory, resolved: &Resolved) -> Option<Self> {
        let complete = trajectory.is_complete();
        complete.then(|| Self::of(&trajectory.state, &trajectory.levels, resolved)).flatten()
    }

    /// In a few words, for a label: "far outside ±1".
    #[must_use]
    pub fn short(&self) -> String {
        format!("far outside ±{}", self.within)
    }

    /// What is wrong and what to do about it, in a sentence.
    #[must_use]
    pub fn sentence(&self, settings: &RunSettings, resolved: &Resolved) -> String {
        let Self { reach, within, .. } = self;
        let what = match (self.samples.len(), self.of) {
            (_, 1) => "the result reaches".to_owned(),
            (1, of) => format!("1 of {of} images reaches"),
            (some, of) => format!("{some} of {of} images reach"),
        };
        // Networks alone may be read wrongly, and whole pipelines are not checked.
        let or_check = resolved
            .onnxruntime
            .as_ref()
            .filter(|_| resolved.pipeline.is_none())
            .map(|_| format!(", or check the model's state, time and prediction with {CHECK}"));
        let data = if resolved.pipeline.is_some() { "latents" } else { "images" };
        format!(
            "{what} ±{reach:.1}, far outside the ±{within} of this model's {data}; {}{}",
            remedy(settings, resolved),
            or_check.unwrap_or_default()
        )
    }
}

/// What to do about it.
fn remedy(settings: &RunSettings, resolved: &Resolved) -> String {
    let is_strong = |scale: &GuidanceScale| scale.constant().is_none_or(|w| !(0.0..=1.0).contains(&w));
    let chosen = resolved.spacing_because.is_none() && (settings.spacing.is_some() || settings.schedule.is_some());
    let solver = resolved.solver(settings);
    let what = match solver.default_spacing() {
        DefaultSpacing::CappedKarras if chosen => {
            return format!(
                "{}'s steps were too long at the noisy end: use the default spacing, more steps or another sampler",
                solver.name()
            );
        }
        DefaultSpacing::CappedKarras if settings.effective_steps() < 10 => "use more steps or another sampler",
        _ if settings.guidance.as_ref().is_some_and(is_strong) => "lower the guidance scale or use more steps",
        _ if chosen => "use the model's default spacing, more steps or another sampler",
        _ => "use more steps or another sampler",
    };
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SamplerKind;
    use crate::session::prepare::{Keeping, Model};
    use crate::session::settings::{ModelSource, ProviderChoice};
    use crate::words::voice::Voice;

    fn settings(model: &str, spacing: Option<&str>) -> RunSettings {
        RunSettings {
            sampler: SamplerKind::Heun.into(),
            steps: 20,
            spacing: spacing.map(str::to_owned),
            provider: ProviderChoice::Rust,
            ..RunSettings::new(ModelSource::Model(model.into()))
        }
    }

    #[test]
    fn a_result_out_of_bounds_is_named_with_what_to_do() {
        let model = Model::open(&settings("gaussian-64", None), None, &|_, _| true).unwrap();
        let found = |settings: &RunSettings| {
            let mut prepared = model.prepare(settings, Keeping::LatestStep).unwrap();
            let mut trajectory = prepared.run.trajectory();
            while prepared.run.step(&mut trajectory).unwrap().is_some() {}
            let found = FarOut::of_run(&trajectory, &prepared.resolved);
            found.map(|found| (found.sentence(settings, &prepared.resolved), found))
        };
        let (sentence, wild) = found(&settings("gaussian-64", Some("trailing"))).unwrap();
        assert!(wild.reach > 50.0 && wild.short() == "far outside ±4", "{wild:?}");
        assert!(sentence.contains("±4") && sentence.contains("spacing"), "{sentence}");
        assert_eq!(found(&settings("gaussian-64", None)), None);
        let pair = RunSettings { batch: 2, ..settings("gaussian-64", Some("trailing")) };
        assert!(found(&pair).unwrap().0.starts_with("2 of 2 images"));
    }

    #[test]
    fn a_network_may_be_read_wrongly_and_a_formula_is_not() {
        let model = Model::open(&settings("gaussian-64", None), None, &|_, _| true).unwrap();
        let mut resolved = model.prepare(&settings("gaussian-64", None), Keeping::LatestStep).unwrap().resolved;
        let found = FarOut { samples: vec![0], of: 1, reach: 9.0, within: 1.0 };
        let said = |resolved: &Resolved, voice: Voice| voice.say(&found.sentence(&settings("m", None), resolved));
        assert!(!said(&resolved, Voice::CommandLine).contains("check"));
        resolved.onnxruntime = Some("1.31.1".into());
        let [console, window] = [Voice::CommandLine, Voice::Window].map(|voice| said(&resolved, voice));
        let check = "use more steps or another sampler, or check the model's state, time and prediction";
        assert!(console.ends_with(&format!("{check} with --check of `chromascope info`")), "{console}");
        assert!(window.ends_with(&format!("{check} with the check among the model's details")), "{window}");
        // Nothing checks a whole pipeline, and what it makes are latents.
        let latents =
            serde_json::json!({"channels": 4, "pixels_per_latent": 8, "scaling_factor": 0.18215, "shift_factor": 0.0});
        let pipeline = serde_json::json!({"family": "stable_diffusion", "latents": latents, "parts": [], "prompts": [], "embeddings_sha256": ""});
        resolved.pipeline = Some(serde_json::from_value(pipeline).unwrap());
        let console = said(&resolved, Voice::CommandLine);
        assert!(console.ends_with("of this model's latents; use more steps or another sampler"), "{console}");
    }

    #[test]
    fn what_nobody_can_judge_is_not_judged() {
        let model = Model::open(&settings("gaussian-64", None), None, &|_, _| true).unwrap();
        let mut resolved = model.prepare(&settings("gaussian-64", None), Keeping::LatestStep).unwrap().resolved;
        let state = Array4::from_elem([1, 3, 4, 4], 9.0);
        let ends = |sigma| [NoiseLevel::from_sigma(3.0), NoiseLevel::from_sigma(sigma)];
        assert!(FarOut::of(&state, &ends(0.0), &resolved).is_some());
        assert_eq!(FarOut::of(&state, &ends(1.0), &resolved), None);
        resolved.data_within = None;
        assert_eq!(FarOut::of(&state, &ends(0.0), &resolved), None);
    }
}
