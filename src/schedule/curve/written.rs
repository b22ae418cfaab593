//! Continuous schedules in files: `{"curve": "cosine", "s": 0.008, "power": 2}`.

use super::Curve;
use super::families::Formula;
use crate::schedule::{Drawn, Listed, SignalCurve};
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What no formula makes.
#[derive(Serialize, Deserialize)]
#[serde(tag = "curve", rename_all = "kebab-case", deny_unknown_fields)]
enum Made<'a> {
    Drawn(Cow<'a, Drawn>),
    EqualSignal(Cow<'a, SignalCurve>),
    Listed(Cow<'a, Listed>),
}

const KEY: &str = "curve";

impl Serialize for Curve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let formula = match self {
            Self::Formula(formula) => formula,
            Self::Drawn(drawn) => return Made::Drawn(Cow::Borrowed(drawn)).serialize(serializer),
            Self::EqualSignal(curve) => return Made::EqualSignal(Cow::Borrowed(curve)).serialize(serializer),
            Self::Listed(listed) => return Made::Listed(Cow::Borrowed(listed)).serialize(serializer),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(KEY, self.name())?;
        formula.parameters().try_for_each(|(knob, value)| map.serialize_entry(knob.name, &value))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Curve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        let name = map.get(KEY).and_then(Value::as_str).ok_or_else(|| D::Error::missing_field(KEY))?;
        if ["drawn", "equal-signal", "listed"].contains(&name) {
            return Made::deserialize(Value::Object(map)).map(Self::from).map_err(D::Error::custom);
        }
        let mut formula = Formula::named(name).map_err(D::Error::custom)?;
        map.remove(KEY);
        for knob in formula.family().parameters {
            let value = map.remove(knob.name).ok_or_else(|| D::Error::missing_field(knob.name))?;
            let value = value.as_f64().ok_or_else(|| D::Error::custom(format!("{} is not a number", knob.name)))?;
            if let Some(place) = formula.parameter_mut(knob.name) {
                *place = value;
            }
        }
        match map.keys().next() {
            Some(key) => {
                Err(D::Error::custom(format!("the {} schedule has no parameter {key}", formula.family().name)))
            }
            None => Ok(Self::Formula(formula)),
        }
    }
}

impl From<Made<'_>> for Curve {
    fn from(made: Made) -> Self {
        match made {
            Made::Drawn(drawn) => Self::Drawn(drawn.into_owned()),
            Made::EqualSignal(curve) => Self::EqualSignal(curve.into_owned()),
            Made::Listed(listed) => Self::Listed(listed.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::families::FAMILIES;

    #[test]
    fn formulas_come_back_from_files_and_bad_ones_are_refused() {
        for family in FAMILIES {
            let curve: Curve = family.name.parse().unwrap();
            let text = serde_json::to_string(&curve).unwrap();
            assert!(text.starts_with(&format!(r#"{{"curve":"{}""#, family.name)), "{text}");
            assert_eq!(serde_json::from_str::<Curve>(&text).unwrap(), curve);
        }
        let read = |text: &str| serde_json::from_str::<Curve>(text).map_err(|error| error.to_string());
        assert_eq!(
            serde_json::to_string(&read(r#"{"curve": "cosine", "s": 0.008, "power": 2}"#).unwrap()).unwrap(),
            r#"{"curve":"cosine","s":0.008,"power":2.0}"#
        );
        for (text, reason) in [
            (r#"{"curve": "cosine", "s": 0.008}"#, "missing field `power`"),
            (r#"{"curve": "cosine", "s": 0.008, "power": "2"}"#, "power "),
            (r#"{"curve": "flow", "shift": 1, "rho": 2}"#, "parameter rho"),
            (r#"{"curve": "round"}"#, "\"round\""),
            (r#"{"s": 0.008}"#, "missing field `curve`"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(reason), "{told}");
        }
    }
}
