//! The kinds of pipelines.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of text-to-image pipeline, which decides how its parts are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Stable Diffusion 1 and 2, and latent consistency models made from them.
    StableDiffusion,
    /// Stable Diffusion XL.
    StableDiffusionXl,
    /// Stable Diffusion 3 and 3.5.
    StableDiffusion3,
    /// FLUX.1.
    Flux,
}

/// Pipelines that draw from text by the same parts.
const KNOWN: [(&str, Family); 5] = [
    ("StableDiffusion3", Family::StableDiffusion3),
    ("StableDiffusionXL", Family::StableDiffusionXl),
    ("StableDiffusion", Family::StableDiffusion),
    ("LatentConsistencyModel", Family::StableDiffusion),
    ("Flux", Family::Flux),
];
/// What may stand behind these names: pipelines for other tasks that share the parts.
const TASKS: [&str; 4] = ["", "Img2Img", "Inpaint", "InpaintLegacy"];

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::StableDiffusion, Self::StableDiffusionXl, Self::StableDiffusion3, Self::Flux];

    /// The family of a pipeline's class, as `model_index.json` names it: diffusers' own name, or one of ONNX Runtime's
    /// pipelines in diffusers and in optimum.
    #[must_use]
    pub fn of_class(class: &str) -> Option<Self> {
        let name = class.strip_prefix("ORT").or_else(|| class.strip_prefix("Onnx")).unwrap_or(class);
        let name = name.strip_suffix("Pipeline")?;
        let of = |(known, family): (&str, Self)| TASKS.contains(&name.strip_prefix(known)?).then_some(family);
        KNOWN.into_iter().find_map(of)
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StableDiffusion => "Stable Diffusion",
            Self::StableDiffusionXl => "Stable Diffusion XL",
            Self::StableDiffusion3 => "Stable Diffusion 3",
            Self::Flux => "FLUX",
        }
    }

    /// The folders in which its denoiser may be.
    pub(super) const fn denoiser(self) -> &'static str {
        match self {
            Self::StableDiffusion | Self::StableDiffusionXl => "unet",
            Self::StableDiffusion3 | Self::Flux => "transformer",
        }
    }

    /// How many text encoders it has, and how many of them it cannot do without.
    pub(super) const fn encoders(self) -> (usize, usize) {
        match self {
            Self::StableDiffusion => (1, 1),
            Self::StableDiffusionXl | Self::Flux => (2, 2),
            Self::StableDiffusion3 => (3, 2),
        }
    }

    /// Whether its autoencoder's images are shifted too, so that a missing shift is a gap.
    pub(super) const fn has_shift(self) -> bool {
        matches!(self, Self::StableDiffusion3 | Self::Flux)
    }

    /// Values of the state that its denoiser takes as one, per side.
    #[must_use]
    pub const fn packed_side(self) -> usize {
        match self {
            Self::Flux => 2,
            _ => 1,
        }
    }

    /// The side of latents that diffusers' pipeline takes where the denoiser's configuration names none.
    pub(super) const fn usual_side(self) -> Option<usize> {
        match self {
            Self::Flux => Some(128),
            _ => None,
        }
    }

    /// The guidance scale that diffusers' pipeline uses where none is given.
    #[must_use]
    pub const fn usual_guidance(self) -> f64 {
        match self {
            Self::StableDiffusion => 7.5,
            Self::StableDiffusionXl => 5.0,
            Self::StableDiffusion3 => 7.0,
            Self::Flux => 3.5,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_all_exporters_are_known_and_others_are_not() {
        for (class, family) in [
            ("StableDiffusionPipeline", Family::StableDiffusion),
            ("ORTStableDiffusionPipeline", Family::StableDiffusion),
            ("OnnxStableDiffusionPipeline", Family::StableDiffusion),
            ("StableDiffusionInpaintPipeline", Family::StableDiffusion),
            ("ORTLatentConsistencyModelImg2ImgPipeline", Family::StableDiffusion),
            ("StableDiffusionXLPipeline", Family::StableDiffusionXl),
            ("ORTStableDiffusionXLImg2ImgPipeline", Family::StableDiffusionXl),
            ("StableDiffusion3Pipeline", Family::StableDiffusion3),
            ("ORTFluxPipeline", Family::Flux),
        ] {
            assert_eq!(Family::of_class(class), Some(family), "{class}");
        }
        for class in [
            "SanaPipeline",
            "PixArtAlphaPipeline",
            "StableDiffusionUpscalePipeline",
            "StableDiffusionControlNetPipeline",
            "StableDiffusionXLInstructPix2PixPipeline",
            "FluxFillPipeline",
            "DDPMPipeline",
            "Stable",
        ] {
            assert_eq!(Family::of_class(class), None, "{class}");
        }
    }
}
