//! What a pipeline and its settings leave to say: a scheduler of another kind of model, guidance without effect.

use super::OpenPipeline;
use crate::model::contract::InputPurpose;
use crate::model::pipeline::{Family, PipelinePackage};
use crate::session::prepare::OpenModel;
use crate::session::settings::RunSettings;
use crate::theory::NetworkState;

/// A negative prompt that nothing leads away from.
const NEGATIVE_WITHOUT_GUIDANCE: &str =
    "the negative prompt has no effect, as w is 1; a guidance scale above 1 leads away from it";

/// A note on a scheduler of flow for a kind of pipeline that is trained with β, or the other way round.
pub(super) fn other_scheduler(package: &PipelinePackage, network: &OpenModel) -> Option<String> {
    let file = network.scheduler_file.as_ref()?.display();
    let is_flow = network.scheduler.as_ref()?.is_flow();
    let expects_flow = matches!(package.family, Family::StableDiffusion3 | Family::Flux);
    let (found, usual) = match (is_flow, expects_flow) {
        (true, false) => ("rectified flow", "with a table of β"),
        (false, true) => ("a table of β", "by rectified flow"),
        _ => return None,
    };
    Some(format!(
        "{file} describes {found}, but models of the kind {} are trained {usual}; unless this one is an exception, its images \
         will be noise: use the scheduler/ that it was exported with",
        package.family
    ))
}

impl OpenPipeline {
    /// What a negative prompt without effect needs, what diffusers would use where no guidance is chosen, and that one call a step does where the network is told it.
    pub(super) fn guidance_notes(&self, settings: &RunSettings) -> Vec<String> {
        let usual = match self.package.family.usual_guidance() {
            // Those of latent consistency models.
            _ if self.is_consistency() => 8.5,
            usual => usual,
        };
        let tells = self.tells_scale();
        if tells && settings.negative.is_some() {
            return vec![
                "the network is told the guidance scale and takes no negative prompt, which has no effect".into(),
            ];
        }
        let is_one = |scale: Option<f64>| scale.is_some_and(|scale| (scale - 1.0).abs() < f64::EPSILON);
        let mut notes = Vec::new();
        if settings.negative.is_some() && settings.guidance.as_ref().is_none_or(|guidance| is_one(guidance.constant()))
        {
            notes.push(NEGATIVE_WITHOUT_GUIDANCE.to_owned());
        }
        if settings.guidance.is_some() {
            notes.extend(tells.then(|| "the network is told the guidance scale, so one call a step does".to_owned()));
            return notes;
        }
        let never = !tells && self.network.convention.state.is_some_and(|state| state.is == NetworkState::Flow);
        let is_plain_flux = never && self.package.family == Family::Flux;
        if !is_plain_flux {
            notes.push(format!(
                "no guidance is chosen, so w is 1; diffusers' pipeline of this kind uses {usual} by default"
            ));
        }
        notes
    }

    /// Whether the network takes the guidance scale as latent consistency models do.
    fn is_consistency(&self) -> bool {
        let is = |name: &str| InputPurpose::of(name) == Some(InputPurpose::GuidanceEmbedding);
        self.network.contract.inputs.iter().any(|port| is(&port.name))
    }
}
