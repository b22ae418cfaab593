//! The prompts of a run: which embeddings it needs, and which of them rule when.

use super::super::PrepareError;
use super::super::loading::LoadProgress;
use super::{Loader, OpenPipeline};
use crate::denoiser::Timeline;
use crate::model::hex;
use crate::model::onnx::HiddenStates;
use crate::model::pipeline::{Family, LatentCode};
use crate::model::text::editing::Texts;
use crate::model::text::{PromptEmbedding, PromptText, TextRole};
use crate::session::prompt_list::PromptList;
use crate::session::setting::Setting;
use crate::session::settings::RunSettings;
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The embeddings that a run is made with, a row per text. Row n is prompt n as it begins, 0 the null prompt; texts that
/// prompts become later have the rows behind these.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEmbeddings {
    /// The text of each row.
    pub texts: Vec<String>,
    /// `[rows, tokens, width]`.
    pub hidden_states: Array3<f32>,
    /// `[rows, width]`, where the network takes the whole text as one vector.
    pub pooled: Option<Array2<f32>>,
}

/// What a text-to-image model made of the prompts of a run, and with which parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedPipeline {
    /// Its kind.
    pub family: Family,
    /// Its latents.
    pub latents: LatentCode,
    /// Its parts.
    pub parts: Vec<ResolvedPart>,
    /// The texts that were encoded: the prompts by number, 0 is the null prompt, then texts that they become later.
    pub prompts: Vec<ResolvedPrompt>,
    /// SHA-256 of the embeddings, row by row.
    pub embeddings_sha256: String,
}

/// A part of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedPart {
    /// Name of its folder.
    pub name: String,
    /// SHA-256 of its graph and external data.
    pub sha256: String,
}

/// A text that was encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedPrompt {
    /// The text.
    pub text: String,
    /// Its tokens, with those that begin and end it, for each encoder.
    pub tokens: Vec<usize>,
}

/// The prompts of a run.
pub(in crate::session::prepare) struct RunPrompts {
    pub(in crate::session::prepare) list: PromptList,
    /// By the number of the prompt, if any changes.
    pub(in crate::session::prepare) timelines: Vec<Timeline>,
    pub(in crate::session::prepare) embeddings: Arc<RunEmbeddings>,
    /// Whether the network is told the guidance scale.
    pub(in crate::session::prepare) tells_scale: bool,
    pub(in crate::session::prepare) resolved: ResolvedPipeline,
    /// Warnings, such as words that fell off.
    pub(super) notes: Vec<String>,
}

impl RunPrompts {
    /// The embeddings for the network.
    pub(super) fn hidden_states(&self) -> HiddenStates {
        HiddenStates::by_class(self.embeddings.hidden_states.clone())
    }

    /// A remark on a run without a prompt.
    pub(in crate::session::prepare) fn note(&self, settings: &RunSettings) -> Option<String> {
        if settings.prompt.is_some() || settings.prompts_by_level.is_some() {
            return None;
        }
        if settings.negative.as_ref().is_some_and(|text| !text.is_empty()) && !self.tells_scale {
            return Some(format!("no prompt is given, so the empty text is drawn; set {}", Setting::Prompt));
        }
        let guided = settings.guidance.as_ref().is_some_and(|scale| scale.constant() != Some(1.0));
        Some(if guided && !self.tells_scale {
            format!("guidance needs a prompt and none is given; set {}", Setting::Prompt)
        } else {
            format!("no prompt is given, so the null prompt is drawn; set {}", Setting::Prompt)
        })
    }
}

/// A row: the number of its text, and whether it is of the null prompt.
type RowText = (usize, bool);

/// Which row each prompt has at which step, if any changes, and the text of each row.
fn rows(texts: &Texts) -> (Vec<Timeline>, Vec<RowText>) {
    // Row n is the first text of prompt n.
    let first = |(prompt, over_time): (usize, &Vec<(usize, usize)>)| {
        (over_time.first().map_or(0, |first| first.1), prompt == 0)
    };
    let mut rows: Vec<RowText> = texts.over_time.iter().enumerate().map(first).collect();
    let prompts = rows.len();
    let mut timelines = Vec::with_capacity(prompts);
    for (prompt, over_time) in texts.over_time.iter().enumerate() {
        let mut timeline: Timeline = Vec::with_capacity(over_time.len());
        for &(step, text) in over_time {
            let wanted = (text, prompt == 0);
            let row = if rows[prompt] == wanted {
                prompt
            } else if let Some(place) = rows[prompts..].iter().position(|row| *row == wanted) {
                prompts + place
            } else {
                rows.push(wanted);
                rows.len() - 1
            };
            timeline.push((step, i64::try_from(row).unwrap_or(i64::MAX)));
        }
        timelines.push(timeline);
    }
    (if texts.change() { timelines } else { Vec::new() }, rows)
}

/// The texts of rows. `has_negative`: whether the null prompt was given.
fn texts_of_rows(texts: &Texts, rows: &[RowText], has_negative: bool) -> Vec<PromptText> {
    let role = |is_null| match (is_null, has_negative) {
        (false, _) => TextRole::Prompt,
        (true, true) => TextRole::Negative,
        (true, false) => TextRole::NoNegative,
    };
    rows.iter().map(|&(text, is_null)| PromptText { text: texts.texts[text].clone(), role: role(is_null) }).collect()
}

/// The texts that a run with these settings is expected to encode, before its steps are known.
pub(super) fn expected_texts(settings: &RunSettings) -> Vec<PromptText> {
    let list = PromptList::of(settings);
    let texts = Texts::of(&list.texts, settings.effective_steps());
    texts_of_rows(&texts, &rows(&texts).1, list.has_negative)
}

/// Puts embeddings together, the shorter ones filled with zeros.
fn stack(texts: Vec<String>, rows: &[Arc<PromptEmbedding>]) -> RunEmbeddings {
    let (tokens, width) = rows.iter().fold((0, 0), |(tokens, width), row| {
        let (own_tokens, own_width) = row.hidden_states.dim();
        (tokens.max(own_tokens), width.max(own_width))
    });
    let mut hidden_states = Array3::zeros((rows.len(), tokens, width));
    let pooled_width = rows.iter().filter_map(|row| row.pooled.as_ref().map(Array1::len)).max();
    let mut pooled = pooled_width.map(|width| Array2::zeros((rows.len(), width)));
    for (at, row) in rows.iter().enumerate() {
        let states: ArrayView2<f32> = row.hidden_states.view();
        hidden_states.slice_mut(s![at, ..states.nrows(), ..states.ncols()]).assign(&states);
        let vector: Option<ArrayView1<f32>> = row.pooled.as_ref().map(|pooled| pooled.view());
        if let (Some(pooled), Some(vector)) = (&mut pooled, vector) {
            pooled.slice_mut(s![at, ..vector.len()]).assign(&vector);
        }
    }
    RunEmbeddings { texts, hidden_states, pooled }
}

impl RunEmbeddings {
    fn sha256(&self) -> String {
        let mut digest = Sha256::new();
        for (at, row) in self.hidden_states.axis_iter(Axis(0)).enumerate() {
            row.iter().for_each(|value| digest.update(value.to_le_bytes()));
            let pooled = self.pooled.iter().flat_map(|pooled| pooled.row(at).to_vec());
            pooled.for_each(|value| digest.update(value.to_le_bytes()));
        }
        hex(&digest.finalize())
    }
}

impl OpenPipeline {
    /// The prompts of a run of so many steps, encoded where they have not been yet.
    pub(super) fn prompts(
        &self,
        settings: &RunSettings,
        list: PromptList,
        steps: usize,
        progress: &LoadProgress,
    ) -> Result<RunPrompts, PrepareError> {
        let texts = Texts::of(&list.texts, steps);
        let (timelines, rows) = rows(&texts);
        let loader = Loader { progress, of: self.package.parts().len() };
        let of_rows = texts_of_rows(&texts, &rows, list.has_negative);
        let encoded = self.encoders.encode(&of_rows, settings.clip_skip, &loader)?;
        let embeddings = stack(of_rows.iter().map(|row| row.text.clone()).collect(), &encoded.embeddings);
        let hashes = self.encoders.hashes();
        let decoders = self.decoders.iter().map(|(name, graph)| (name.clone(), graph.sha256.clone()));
        let network = (self.package.denoiser_name().to_owned(), self.network.graph.sha256.clone());
        let parts = hashes.into_iter().chain([network]).chain(decoders);
        let resolved = ResolvedPipeline {
            family: self.package.family,
            latents: self.package.latents,
            parts: parts.map(|(name, sha256)| ResolvedPart { name, sha256 }).collect(),
            prompts: of_rows
                .into_iter()
                .zip(encoded.tokens)
                .map(|(row, tokens)| ResolvedPrompt { text: row.text, tokens })
                .collect(),
            embeddings_sha256: embeddings.sha256(),
        };
        Ok(RunPrompts {
            list,
            timelines,
            embeddings: Arc::new(embeddings),
            tells_scale: false,
            resolved,
            notes: encoded.notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_prompt_keeps_its_number_and_later_texts_come_behind() {
        let rows_of = |prompts: &[&str]| rows(&Texts::of(prompts, 4));
        assert_eq!(rows_of(&["", "a", "a"]), (vec![], vec![(0, true), (1, false), (1, false)]));
        let (timelines, rows) = rows_of(&["", "[a:b:2]", "b"]);
        // The texts are "", a and b; b as it is taken later has a row of its own.
        assert_eq!(rows, [(0, true), (1, false), (2, false), (2, false)]);
        assert_eq!(timelines, [vec![(0, 0)], vec![(0, 1), (2, 3)], vec![(0, 2)]]);
        let (timelines, rows) = rows_of(&["", "[a|b]"]);
        assert_eq!((rows.len(), &timelines[1]), (3, &vec![(0, 1), (1, 2), (2, 1), (3, 2)]));
        let (timelines, rows) = rows_of(&["[a:b:2]", "[a:b:2]"]);
        assert_eq!(rows, [(0, true), (0, false), (1, true), (1, false)], "the null prompt is encoded apart");
        assert_eq!(timelines, [vec![(0, 0), (2, 2)], vec![(0, 1), (2, 3)]]);
    }

    fn embedding(tokens: usize, value: f32) -> Arc<PromptEmbedding> {
        let hidden_states = Array2::from_elem((tokens, 2), value);
        Arc::new(PromptEmbedding { hidden_states, pooled: Some(Array1::from_elem(3, value)) })
    }

    #[test]
    fn embeddings_are_stacked() {
        let texts = vec![String::new(), "a".into()];
        let stacked = stack(texts, &[embedding(2, 5.0), embedding(3, 7.0)]);
        assert_eq!(stacked.hidden_states.dim(), (2, 3, 2));
        assert_eq!(stacked.hidden_states.slice(s![0, .., 0]).to_vec(), [5.0, 5.0, 0.0]);
        assert_eq!(stacked.pooled.as_ref().unwrap().column(0).to_vec(), [5.0, 7.0]);
        let other = RunEmbeddings { pooled: None, ..stacked.clone() };
        assert_ne!(stacked.sha256(), other.sha256());
    }
}
