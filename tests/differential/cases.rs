//! `tests/golden/differential.npz`, as `tools/golden/differential.py` writes it.

use crate::analytic::PIXELS;
use crate::support;
use chromascope::theory::NoiseLevel;
use ndarray::{Array1, Array2};
use serde_json::Value;

/// A configuration and what diffusers makes of it.
pub struct Case {
    pub number: usize,
    pub steps: usize,
    /// What dynamic shifting counts.
    pub seq: usize,
    /// `scheduler_config.json`.
    pub text: String,
    /// `_class_name`.
    pub class: String,
    /// `None` where diffusers refuses it.
    pub theirs: Option<Theirs>,
}

/// What diffusers visits, and where its run ends.
pub struct Theirs {
    pub timesteps: Vec<f64>,
    /// σ, or flow time.
    pub levels: Vec<f64>,
    pub is_flow: bool,
    /// Single precision decides how some timesteps are rounded.
    pub rounding: bool,
    /// `x_T` over that of unit variance.
    pub scale: f64,
    pub sample: Option<Vec<f64>>,
}

impl Theirs {
    pub fn noise_levels(&self) -> Vec<NoiseLevel> {
        let of = |&at: &f64| if self.is_flow { NoiseLevel::from_flow_time(at) } else { NoiseLevel::from_sigma(at) };
        self.levels.iter().map(of).collect()
    }
}

pub fn read() -> Vec<Case> {
    let mut file = support::npz("differential.npz");
    let text: Array1<u8> = file.by_name("cases").unwrap();
    let timesteps: Array1<f32> = file.by_name("timesteps").unwrap();
    let levels: Array1<f32> = file.by_name("levels").unwrap();
    let samples: Array2<f32> = file.by_name("samples").unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut timesteps = timesteps.iter().copied().map(f64::from);
    let mut levels = levels.iter().copied().map(f64::from);
    let mut samples = samples.rows().into_iter();
    let cases: Vec<Case> = lines
        .chunks_exact(2)
        .enumerate()
        .map(|(number, pair)| {
            let asked: Value = serde_json::from_str(pair[0]).unwrap();
            let whole = |key: &str| asked[key].as_u64().map(|value| usize::try_from(value).unwrap());
            let theirs = whole("count").map(|count| Theirs {
                timesteps: timesteps.by_ref().take(count).collect(),
                levels: levels.by_ref().take(count + 1).collect(),
                is_flow: asked["axis"] == "s",
                rounding: asked["rounding"] == true,
                scale: asked["scale"].as_f64().unwrap_or(1.0),
                sample: (asked["run"] == true).then(|| {
                    let sample: Vec<f64> = samples.next().unwrap().iter().copied().map(f64::from).collect();
                    assert_eq!(sample.len(), PIXELS);
                    sample
                }),
            });
            let keys: Value = serde_json::from_str(&pair[1].replace("-Infinity", "null")).unwrap();
            Case {
                number,
                steps: whole("steps").unwrap(),
                seq: whole("seq").unwrap(),
                text: pair[1].to_owned(),
                class: keys["_class_name"].as_str().unwrap().to_owned(),
                theirs,
            }
        })
        .collect();
    assert!(timesteps.next().is_none() && levels.next().is_none() && samples.next().is_none());
    cases
}
