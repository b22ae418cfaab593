use super::{FinalLevel, ModelSchedule, Plan, ScheduleError};
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
    /// σ: N + 1 values make N steps.
    #[default]
    Sigma,
    /// ᾱ: N + 1 values make N steps.
    AlphaBar,
    /// Timesteps of the model: N values make N steps, and the run ends where the model's scheduler says.
    Timestep,
}

impl ListKind {
    /// All of them, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::Sigma, Self::Timestep, Self::AlphaBar];

    /// The field's symbol.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Sigma => "σ",
            Self::AlphaBar => "ᾱ",
            Self::Timestep => "t",
        }
    }
}

impl LevelList {
    /// A list of σ.
    #[must_use]
    pub const fn of_sigmas(values: Vec<f64>) -> Self {
        Self { kind: ListKind::Sigma, values }
    }

    /// The number of steps it makes.
    #[must_use]
    pub fn steps(&self) -> usize {
        match self.kind {
            ListKind::Sigma | ListKind::AlphaBar => self.values.len().saturating_sub(1),
            ListKind::Timestep => self.values.len(),
        }
    }

    /// The plan on no model in particular: σ and ᾱ are kept whatever a model's range, timesteps mean nothing without
    /// theirs.
    pub fn plan_of_any(&self) -> Result<Plan, ScheduleError> {
        if self.kind == ListKind::Timestep {
            return Err(ScheduleError::TimestepsOfNoModel);
        }
        self.plan(&ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 }, FinalLevel::Clean)
    }

    /// The plan on a model. `final_level` ends a list of timesteps.
    pub fn plan(&self, model: &ModelSchedule, final_level: FinalLevel) -> Result<Plan, ScheduleError> {
        match self.kind {
            ListKind::Sigma => Plan::from_sigmas(model, &self.values),
            ListKind::AlphaBar => Plan::from_alpha_bars(model, &self.values),
            ListKind::Timestep => Plan::from_timesteps(model, &self.values, final_level),
        }
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
    let values = Vec::<Value>::deserialize(deserializer)?;
    let number = |value: Value| match value {
        Value::Number(number) => Ok(number),
        Value::Text(text) => text.parse().map_err(|_| serde::de::Error::custom(format!("\"{text}\" is not a number"))),
    };
    values.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
