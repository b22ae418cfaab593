use super::{FinalLevel, ModelSchedule, Plan, ScheduleError};
use crate::reading::json;
use crate::theory::NoiseLevel;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Noise levels typed one by one, kept exactly as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelList {
    /// What the values are.
    pub kind: ListKind,
    /// The values, noisiest first. An infinite σ is the text "inf" in files.
    #[serde(serialize_with = "write_values", deserialize_with = "read_values")]
    pub values: Vec<f64>,
}

/// What the values of a list are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// σ as programs mean it for the model at hand: flow time for a flow model, [`Self::Sigma`] for any other. What a list
    /// that says no more is taken for.
    #[default]
    ModelSigma,
    /// σ of the state `x_0 + σ·ε`: N + 1 values make N steps.
    Sigma,
    /// ᾱ: N + 1 values make N steps.
    AlphaBar,
    /// Timesteps of the model: N values make N steps, and the run ends where the model's scheduler says.
    Timestep,
    /// Flow time, 1 for pure noise to 0 for the image: N + 1 values make N steps. What diffusers and ComfyUI call σ of a
    /// flow model.
    FlowTime,
}

/// Whole numbers above this are more likely timesteps than σ.
const LARGE: f64 = 50.0;

/// What a program means by σ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum SigmaMeaning {
    /// σ of the state `x_0 + σ·ε`, from 0 up.
    Ve,
    /// Flow time, from 1 (pure noise) to 0 (the image).
    Flow,
}

impl SigmaMeaning {
    /// What diffusers and ComfyUI mean by it for this model.
    #[must_use]
    pub const fn of(model: &ModelSchedule) -> Self {
        match model {
            ModelSchedule::Flow { .. } => Self::Flow,
            ModelSchedule::Discrete(_) | ModelSchedule::Edm { .. } | ModelSchedule::Continuous(_) => Self::Ve,
        }
    }

    /// What such values are.
    #[must_use]
    pub const fn kind(self) -> ListKind {
        match self {
            Self::Ve => ListKind::Sigma,
            Self::Flow => ListKind::FlowTime,
        }
    }
}

impl ListKind {
    /// Those that a menu offers for a model. σ comes first and means what it does elsewhere for this model; the other meaning
    /// comes last.
    #[must_use]
    pub const fn in_menu(model: &ModelSchedule) -> [Self; 4] {
        match SigmaMeaning::of(model) {
            SigmaMeaning::Flow => [Self::FlowTime, Self::Timestep, Self::AlphaBar, Self::Sigma],
            SigmaMeaning::Ve => [Self::Sigma, Self::Timestep, Self::AlphaBar, Self::FlowTime],
        }
    }

    /// The field's symbol.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Sigma | Self::ModelSigma => "σ",
            Self::AlphaBar => "ᾱ",
            Self::Timestep => "t",
            Self::FlowTime => "flow time",
        }
    }

    /// What a menu calls it for a model; of the two meanings of σ, the usual one is σ.
    #[must_use]
    pub const fn label_on(self, model: &ModelSchedule) -> &'static str {
        match (SigmaMeaning::of(model), self) {
            (SigmaMeaning::Flow, Self::FlowTime) => "σ",
            (SigmaMeaning::Flow, Self::Sigma) => "VE σ",
            _ => self.symbol(),
        }
    }

    /// What a menu says of it.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::ModelSigma => "σ as ComfyUI and diffusers mean it for this model",
            Self::Sigma => "σ of x_0 + σ·ε, as ComfyUI and diffusers mean it for models that are not flow models",
            Self::FlowTime => "Flow time, from 1 (pure noise) to 0. ComfyUI and diffusers call it σ for flow models",
            Self::Timestep => "Timesteps of the model",
            Self::AlphaBar => "ᾱ, the share of the image, from 0 (pure noise) to 1",
        }
    }

    /// The value of a level in this unit on a model.
    #[must_use]
    pub fn value_of(self, level: NoiseLevel, model: &ModelSchedule) -> f64 {
        match self {
            Self::Sigma => level.sigma(),
            Self::AlphaBar => level.alpha_bar(),
            Self::FlowTime => level.flow_time(),
            Self::Timestep => model.timestep_of(level),
            Self::ModelSigma => SigmaMeaning::of(model).kind().value_of(level, model),
        }
    }
}

impl LevelList {
    /// A list of σ of the state `x_0 + σ·ε`.
    #[must_use]
    pub const fn of_sigmas(values: Vec<f64>) -> Self {
        Self { kind: ListKind::Sigma, values }
    }

    /// A list of σ as programs mean it for the model that it will be used on.
    #[must_use]
    pub const fn of_model_sigmas(values: Vec<f64>) -> Self {
        Self { kind: ListKind::ModelSigma, values }
    }

    /// The same with σ that are left open taken as this.
    #[must_use]
    pub fn meaning(mut self, meaning: SigmaMeaning) -> Self {
        if self.kind == ListKind::ModelSigma {
            self.kind = meaning.kind();
        }
        self
    }

    /// The number of steps it makes.
    #[must_use]
    pub fn steps(&self) -> usize {
        match self.kind {
            ListKind::Timestep => self.values.len(),
            _ => self.values.len().saturating_sub(1),
        }
    }

    /// What is to be said of the list on a model: that its σ are flow time, or what else they look like.
    #[must_use]
    pub fn note_on(&self, model: &ModelSchedule) -> Option<&'static str> {
        let is_flow = SigmaMeaning::of(model) == SigmaMeaning::Flow;
        match self.kind {
            ListKind::ModelSigma if is_flow => {
                Some("the list's σ are read as flow time, from 1 (pure noise) to 0, because the model is a flow model")
            }
            ListKind::ModelSigma | ListKind::Sigma if !is_flow && self.looks_like_flow_times() => Some(
                "the list's σ are read as those of x_0 + σ·ε; if they are flow times, list them as flow time (a column or \
                 array called flow_time)",
            ),
            ListKind::ModelSigma | ListKind::Sigma => self.note_on_timesteps(),
            _ => None,
        }
    }

    /// What is to be said of a list of σ that looks like timesteps.
    #[must_use]
    pub fn note_on_timesteps(&self) -> Option<&'static str> {
        let is_sigma = matches!(self.kind, ListKind::ModelSigma | ListKind::Sigma);
        (is_sigma && self.looks_like_timesteps()).then_some(
            "the list's values are read as σ, but look like timesteps; if they are, list them as timesteps (a column or array \
             called timesteps)",
        )
    }

    /// Whether all values are in the range of flow times.
    #[must_use]
    pub fn looks_like_flow_times(&self) -> bool {
        self.values.iter().all(|value| (0.0..=1.0).contains(value))
    }

    /// Whether all values, but for a zero at the end, are large whole numbers.
    fn looks_like_timesteps(&self) -> bool {
        let is_timestep = |value: &f64| value.is_finite() && value.fract() == 0.0 && *value > LARGE;
        let values = self.values.strip_suffix(&[0.0]).unwrap_or(&self.values);
        values.len() > 1 && values.iter().all(is_timestep)
    }

    /// The plan on no model in particular: noise levels are kept whatever a model's range, timesteps mean nothing without
    /// theirs. σ that are left open are those of `x_0 + σ·ε`.
    pub fn plan_of_any(&self) -> Result<Plan, ScheduleError> {
        if self.kind == ListKind::Timestep {
            return Err(ScheduleError::TimestepsOfNoModel);
        }
        let list = self.clone().meaning(SigmaMeaning::Ve);
        list.plan(&ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 }, FinalLevel::Clean)
    }

    /// The plan on a model. `final_level` ends a list of timesteps.
    pub fn plan(&self, model: &ModelSchedule, final_level: FinalLevel) -> Result<Plan, ScheduleError> {
        let plan = match self.kind {
            ListKind::Sigma => Plan::from_sigmas(model, &self.values)?,
            ListKind::AlphaBar => Plan::from_alpha_bars(model, &self.values)?,
            ListKind::Timestep => Plan::from_timesteps(model, &self.values, final_level)?,
            ListKind::FlowTime => Plan::from_flow_times(model, &self.values)?,
            ListKind::ModelSigma => return self.clone().meaning(SigmaMeaning::of(model)).plan(model, final_level),
        };
        Ok(plan.with_given(self.clone()))
    }
}

/// A number, or "inf" where JSON has none.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
}

fn write_values<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        values.iter().map(
            |&value| {
                if value.is_finite() { Value::Number(value) } else { Value::Text(value.to_string()) }
            },
        ),
    )
}

fn read_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<serde_json::Value>::deserialize(deserializer)?;
    let number = |value: &serde_json::Value| {
        let text = || value.as_str().and_then(|text| text.parse().ok());
        let unread = || serde::de::Error::custom(format!("{} is not a number", json::as_written(value)));
        json::number(value).or_else(text).ok_or_else(unread)
    };
    values.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_look_like_something_else_are_said() {
        let table = crate::schedule::TrainingSchedule::new(crate::schedule::BetaSchedule::Linear, 1e-4, 0.02, 1000);
        let model = ModelSchedule::Discrete(table.unwrap());
        let note = |values: &[f64]| LevelList::of_model_sigmas(values.to_vec()).note_on(&model).unwrap_or_default();
        assert!(note(&[1.0, 0.93, 0.5, 0.0]).contains("flow times"));
        assert!(note(&[999.0, 749.0, 499.0, 249.0]).contains("timesteps"));
        assert!(note(&[999.0, 749.0, 0.0]).contains("timesteps"));
        for sigmas in [&[14.6, 1.0, 0.5, 0.0][..], &[80.0, 40.0, 1.0], &[700.0, 0.0], &[80.5, 60.0]] {
            assert_eq!(note(sigmas), "", "{sigmas:?}");
        }
        let given = LevelList { kind: ListKind::FlowTime, values: vec![1.0, 0.5, 0.0] };
        assert_eq!(given.note_on(&model), None);
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        assert!(LevelList::of_model_sigmas(vec![1.0, 0.5]).note_on(&flow).unwrap().contains("is a flow model"));
    }

    #[test]
    fn values_come_back_as_typed() {
        let list = LevelList::of_sigmas(vec![f64::INFINITY, 14.614_600_000_000_001, 0.1, 0.0]);
        let text = serde_json::to_string(&list).unwrap();
        assert_eq!(text, r#"{"kind":"sigma","values":["inf",14.614600000000001,0.1,0.0]}"#);
        assert_eq!(serde_json::from_str::<LevelList>(&text).unwrap(), list);
        assert_eq!(list.steps(), 3);
        assert!(serde_json::from_str::<LevelList>(r#"{"kind":"sigma","values":["x"]}"#).is_err());
    }
}
