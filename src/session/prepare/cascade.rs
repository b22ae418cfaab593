//! An open cascade: several models used as one.

use super::SettingError;
use super::inputs::InputInfo;
use super::model::{ModelInfo, OpenKind, open_one};
use super::{Classes, NullClass, NullSource, OpenDenoiser, PrepareError};
use crate::denoiser::{Cascade, ImageShape};
use crate::model::cascade_folder::CascadePackage;
use crate::model::hex;
use crate::model::package::Card;
use crate::session::settings::RunSettings;
use sha2::{Digest, Sha256};
use std::path::Path;

pub(super) struct OpenCascade {
    name: String,
    card: Option<Card>,
    factor: usize,
    /// Coarsest first; never empty.
    stages: Vec<OpenKind>,
}

impl OpenCascade {
    pub(super) fn open(
        package: CascadePackage,
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
    ) -> Result<Self, PrepareError> {
        let CascadePackage { name, card, stages, factor } = package;
        let open = |stage| open_one(stage, settings, onnxruntime).map(|(kind, _)| kind);
        let stages = stages.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { name, card, factor, stages })
    }

    /// Coarsest first.
    pub(super) fn stages(&self) -> &[OpenKind] {
        &self.stages
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.stages.iter().flat_map(OpenKind::notes).collect();
        notes.dedup();
        notes
    }

    /// Details of the finest stage, whose size and schedule the cascade has, with the cascade's own name.
    pub(super) fn info(&self, settings: &RunSettings) -> ModelInfo {
        let stages: Vec<ModelInfo> = self.stages.iter().map(|stage| stage.info(settings, None)).collect();
        let sizes: Vec<Option<(usize, usize)>> = stages.iter().map(|stage| stage.native_size).collect();
        let steps = (0_u32..).zip(stages.iter().rev());
        let size_multiple = steps.map(|(below, stage)| self.factor.pow(below) * stage.size_multiple).fold(1, lcm);
        let takes_sizes = stages.iter().all(|stage| stage.takes_sizes);
        let card = |finest: Option<Card>| {
            let own = self.card.clone().unwrap_or_default();
            let finest = finest.unwrap_or_default();
            let class_names = if own.class_names.is_empty() { finest.class_names } else { own.class_names };
            Card { class_names, null_label: own.null_label.or(finest.null_label), ..own }
        };
        let mut inputs: Vec<InputInfo> = stages.iter().flat_map(|stage| stage.inputs.clone()).collect();
        inputs.sort_by(|a, b| a.port.name.cmp(&b.port.name));
        inputs.dedup_by(|a, b| a.port.name == b.port.name);
        let mut stages = stages;
        let Some(finest) = stages.pop() else { unreachable!("a cascade has two stages or more") };
        let found = finest.null_label.zip(finest.null_said_by).map(|(label, said_by)| NullClass { label, said_by });
        let null = self.null_class(found);
        ModelInfo {
            name: self.name.clone(),
            card: Some(card(finest.card.clone())),
            sha256: self.sha256(),
            size_multiple,
            takes_sizes,
            inputs,
            stages: sizes,
            stage_factor: Some(self.factor),
            null_label: null.map(|null| null.label),
            null_said_by: null.map(|null| null.said_by),
            ..finest
        }
    }

    /// The recursion from the coarsest stage up.
    pub(super) fn denoiser(
        &self,
        settings: &RunSettings,
        size: Option<(usize, usize)>,
        pooled_by: usize,
    ) -> Result<OpenDenoiser, PrepareError> {
        let setting = |text: String| Err(SettingError::Other(text).into());
        let [below @ .., finest] = &self.stages[..] else { unreachable!("a cascade has two stages or more") };
        let finest = finest.denoiser(settings, size, pooled_by)?;
        let ImageShape { height, width, channels } = finest.image;
        let ratio = |stage: usize| self.factor.pow(u32::try_from(self.stages.len() - 1 - stage).unwrap_or(u32::MAX));
        let whole = ratio(0) * pooled_by;
        if height % whole != 0 || width % whole != 0 {
            let why = format!(
                "the {} stages of {} pool it by {}, so both sides must be multiples of {whole}",
                self.stages.len(),
                self.name,
                ratio(0)
            );
            return Err(SettingError::SizeNoMultiple { size: (height, width), why }.into());
        }
        let mut joined: Option<OpenDenoiser> = None;
        for (stage, kind) in below.iter().enumerate() {
            let size = (height / ratio(stage), width / ratio(stage));
            let opened = kind.denoiser(settings, Some(size), pooled_by)?;
            if opened.image.channels != channels || !opened.classes.are_those_of(&finest.classes) {
                return setting(format!(
                    "the stages of {} do not fit: \"{}\" and \"{}\" have different channels or classes; all stages \
                     must have the same",
                    self.name, opened.name, finest.name
                ));
            }
            joined = Some(self.join(joined, stage, opened));
        }
        let opened = self.join(joined, below.len(), finest);
        let classes = Classes { null: self.null_class(opened.classes.null), ..opened.classes };
        let (name, stages) = (self.name.clone(), Some(self.stages.len()));
        // What is null to one stage need not be to another.
        Ok(OpenDenoiser { name, sha256: self.sha256(), stages, classes, null_inputs: false, ..opened })
    }

    /// The null class: from the user, else from the cascade's card, else from its finest stage's.
    fn null_class(&self, finest: Option<NullClass>) -> Option<NullClass> {
        let own = self.card.as_ref().and_then(|card| card.null_label);
        let own = own.map(|label| NullClass { label, said_by: NullSource::Card });
        finest.filter(|null| null.said_by == NullSource::User).or(own).or(finest)
    }

    /// The resolved defaults of all stages.
    fn sha256(&self) -> String {
        let mut digest = Sha256::new();
        self.stages.iter().for_each(|stage| digest.update(stage.sha256().as_bytes()));
        hex(&digest.finalize())
    }

    /// Adds a finer stage to those below it.
    fn join(&self, below: Option<OpenDenoiser>, stages_below: usize, stage: OpenDenoiser) -> OpenDenoiser {
        let Some(below) = below else { return stage };
        OpenDenoiser {
            denoiser: Box::new(Cascade::new(below.denoiser, stages_below, stage.denoiser, self.factor)),
            canceller: below.canceller.and(stage.canceller),
            partition: below.partition.min(stage.partition),
            digests: below.digests.into_iter().chain(stage.digests).collect(),
            notes: below.notes.into_iter().chain(stage.notes).collect(),
            ..stage
        }
    }
}

fn lcm(a: usize, b: usize) -> usize {
    let gcd = |mut a: usize, mut b: usize| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (a / gcd(a, b).max(1)).saturating_mul(b)
}
