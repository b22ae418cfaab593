//! Networks in every combination of state, time and prediction against numpy (tools/golden/conventions.py), and what the program
//! reports about them.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::sampler::SamplerKind;
use chromascope::schedule::{LevelList, ListKind, PlanSource};
use chromascope::session::prepare::{PrepareError, prepare};
use chromascope::session::settings::{ModelSource, ProviderChoice, RunSettings};
use chromascope::theory::{NetworkState, NetworkTime, Prediction};
use chromascope::words::voice::Voice;
use common::faults::assert_documented;
use common::program;
use ndarray::{Array1, Array4, Array5, Axis};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

type Words = (NetworkState, NetworkTime, Prediction);

fn all() -> impl Iterator<Item = Words> {
    NetworkState::ALL.iter().flat_map(|&state| {
        NetworkTime::ALL
            .iter()
            .flat_map(move |&time| Prediction::ALL.iter().map(move |&prediction| (state, time, prediction)))
    })
}

/// The networks and configurations of the golden file in a folder.
struct Networks {
    folder: tempfile::TempDir,
}

impl Networks {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut npz = support::npz("conventions.npz");
        for (state, time, prediction) in all() {
            let bytes: Array1<u8> = npz.by_name(&format!("{state}/{time}/{prediction}")).unwrap();
            let file = folder.path().join(format!("{state} {time} {prediction}.onnx"));
            std::fs::write(file, bytes.as_slice().unwrap()).unwrap();
        }
        let noise: Array4<f32> = npz.by_name("noise").unwrap();
        ndarray_npy::write_npy(folder.path().join("noise.npy"), &noise).unwrap();
        let betas: Array1<f64> = npz.by_name("betas").unwrap();
        let table = json!({"_class_name": "DDIMScheduler", "trained_betas": betas.to_vec(), "num_train_timesteps": 20,
            "clip_sample": false});
        for (name, config) in [
            ("table", table),
            ("sigma", json!({"_class_name": "EDMEulerScheduler"})),
            ("flow", json!({"_class_name": "FlowMatchEulerDiscreteScheduler"})),
        ] {
            std::fs::write(folder.path().join(format!("{name}.json")), config.to_string()).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn network(&self, (state, time, prediction): Words) -> PathBuf {
        self.path(&format!("{state} {time} {prediction}.onnx"))
    }

    /// A run on a schedule of the golden file, with the words set.
    fn settings(&self, words: Words, schedule: &str) -> RunSettings {
        let values: Array1<f64> = support::npz("conventions.npz").by_name(&format!("{schedule}.alpha_bar")).unwrap();
        let list = LevelList { kind: ListKind::AlphaBar, values: values.to_vec() };
        RunSettings {
            sampler: SamplerKind::Ddim.into(),
            schedule: Some(Box::new(PlanSource::List(list))),
            batch: 2,
            init_noise: Some(self.path("noise.npy")),
            scheduler_config: Some(self.path(&format!("{schedule}.json"))),
            state: Some(words.0),
            time: Some(words.1),
            prediction: Some(words.2),
            provider: ProviderChoice::Cpu,
            threads: Some(1),
            ..RunSettings::new(ModelSource::Model(self.network(words).display().to_string()))
        }
    }
}

/// Every estimate of a run, and its end.
fn run(settings: &RunSettings) -> Result<(Vec<Array4<f32>>, Array4<f32>), PrepareError> {
    let mut prepared = prepare(settings, None, &|_, _| true)?;
    let words = prepared.resolved.parameterization;
    assert_eq!(
        (Some(words.state), Some(words.time), Some(words.prediction)),
        (settings.state, settings.time, settings.prediction)
    );
    let mut trajectory = prepared.run.trajectory();
    while prepared.run.step(&mut trajectory).unwrap().is_some() {}
    let estimates = trajectory.snapshots.iter().map(|snapshot| snapshot.x0.clone()).collect();
    Ok((estimates, trajectory.states().last().unwrap().clone()))
}

/// Runs every combination on a schedule. Those for which `refused` has the start of a sentence must be refused with it, the
/// others must equal numpy.
fn every_combination(schedule: &str, refused: impl Fn(Words) -> Option<&'static str>) -> usize {
    let networks = Networks::new();
    let mut npz = support::npz("conventions.npz");
    let x0: Array5<f64> = npz.by_name(&format!("{schedule}.x0")).unwrap();
    let end: Array4<f64> = npz.by_name(&format!("{schedule}.end")).unwrap();
    let alpha_bar: Array1<f64> = npz.by_name(&format!("{schedule}.alpha_bar")).unwrap();
    let off = |found: &Array4<f32>, expected: ndarray::ArrayView4<f64>| {
        found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
    };
    let mut ran = 0;
    for words in all() {
        match (run(&networks.settings(words, schedule)), refused(words)) {
            (Ok((estimates, last)), None) => {
                for (step, estimate) in estimates.iter().enumerate() {
                    // A noise prediction in f32 gives an image to f32's precision times σ.
                    let sigma = ((1.0 - alpha_bar[step]) / alpha_bar[step]).sqrt();
                    let allowed = if sigma.is_finite() { 2e-5 * sigma.max(5.0) } else { 1e-4 };
                    let off = off(estimate, x0.index_axis(Axis(0), step));
                    assert!(off < allowed, "{schedule} {words:?} step {step}: {off:e}");
                }
                assert!(off(&last, end.view()) < 1e-4, "{schedule} {words:?}: {:e}", off(&last, end.view()));
                ran += 1;
            }
            (Err(error), Some(start)) => {
                let said = Voice::CommandLine.say(&error.to_string());
                assert!(said.starts_with(start), "{schedule} {words:?}: {said}");
            }
            (Ok(_), Some(_)) => panic!("{schedule} {words:?} ran, but should be refused"),
            (Err(error), None) => panic!("{schedule} {words:?}: {error}"),
        }
    }
    ran
}

const NO_TABLE: &str = "the network receives the index of the timestep";

#[test]
fn all_144_combinations_equal_numpy_on_a_table_of_timesteps() {
    assert_eq!(every_combination("table", |_| None), 144);
}

#[test]
fn all_but_an_index_equal_numpy_on_a_range_of_sigma() {
    let refused = |(_, time, _): Words| (time == NetworkTime::Index).then_some(NO_TABLE);
    assert_eq!(every_combination("sigma", refused), 120);
}

#[test]
fn from_pure_noise_what_stays_finite_equals_numpy_and_the_rest_is_refused() {
    let infinite = "this schedule starts at pure noise";
    let refused = |(state, time, prediction): Words| match (state, time, prediction) {
        (_, NetworkTime::Index, _) => Some(NO_TABLE),
        (NetworkState::Ve, ..) | (_, NetworkTime::Sigma | NetworkTime::CNoise | NetworkTime::LogSnr, _) => {
            Some(infinite)
        }
        (.., Prediction::Epsilon | Prediction::Score) => Some("this schedule starts at zero signal"),
        _ => None,
    };
    assert_eq!(every_combination("flow", refused), 24);
}

/// What `info --json` reports.
fn info(model: &Path, arguments: &[&str]) -> Value {
    let output = program().arg("info").arg("--json").arg(model).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn info_reports_the_words_and_their_sources_and_a_card_opens_a_network_without_a_configuration() {
    let networks = Networks::new();
    let words = (NetworkState::Ve, NetworkTime::Sigma, Prediction::Sample);
    let folder = networks.path("denoiser");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(networks.network(words), folder.join("model.onnx")).unwrap();
    let unknown = info(&folder, &[]);
    assert_eq!((&unknown["state"], &unknown["parameterization"]), (&Value::Null, &Value::Null));
    let card = json!({"state": "ve", "time": "sigma", "prediction": "sample", "sigma_min": 0.01});
    std::fs::write(folder.join("card.json"), card.to_string()).unwrap();
    let facts = info(&folder, &["--prediction", "score"]);
    let found = ["state", "state_said_by", "time", "time_said_by", "prediction", "prediction_said_by"];
    assert_eq!(found.map(|key| facts[key].as_str().unwrap()), ["ve", "card", "sigma", "card", "score", "user"]);
    assert_eq!(facts["schedule_assumed"], "σ from 0.01 to 80, the card's range");
    // The same run as with an EDM configuration of that range.
    let model = folder.display().to_string();
    let sample = |more: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let mut command = program();
        command.args([
            "sample",
            "--steps",
            "4",
            "--sampler",
            "euler",
            "--threads",
            "1",
            "--provider",
            "cpu",
            "--model",
            &model,
        ]);
        command.args(more).arg("--out").arg(out.path()).assert().success();
        let record: Value =
            serde_json::from_slice(&std::fs::read(out.path().join("trajectory.json")).unwrap()).unwrap();
        let mut npz =
            ndarray_npy::NpzReader::new(std::fs::File::open(out.path().join("trajectory.npz")).unwrap()).unwrap();
        let x0: Array5<f32> = npz.by_name("x0").unwrap();
        (record, x0)
    };
    let (record, alone) = sample(&[]);
    assert_eq!(record["resolved"]["parameterization"], json!({"state": "ve", "time": "sigma", "prediction": "sample"}));
    let edm = networks.path("edm.json");
    std::fs::write(&edm, json!({"_class_name": "EDMEulerScheduler", "sigma_min": 0.01}).to_string()).unwrap();
    let (_, configured) = sample(&["--scheduler-config", edm.to_str().unwrap()]);
    assert_eq!(alone, configured);
}

#[test]
fn a_replay_repeats_the_words_and_a_record_of_before_still_replays() {
    let networks = Networks::new();
    let words = (NetworkState::Flow, NetworkTime::LogSnr, Prediction::VPrediction);
    let (model, config) = (networks.network(words), networks.path("table.json"));
    let out = networks.path("first");
    let again = networks.path("again");
    let run = |arguments: &[&str], out: &Path| {
        program().arg("sample").args(arguments).arg("--out").arg(out).assert().success();
        serde_json::from_slice::<Value>(&std::fs::read(out.join("trajectory.json")).unwrap()).unwrap()
    };
    let chosen = [
        "--model",
        model.to_str().unwrap(),
        "--scheduler-config",
        config.to_str().unwrap(),
        "--steps",
        "5",
        "--state",
        "flow",
        "--time",
        "log-snr",
        "--prediction",
        "v_prediction",
        "--sampler",
        "ddim",
        "--provider",
        "cpu",
        "--threads",
        "1",
    ];
    let first = run(&chosen, &out);
    let record = out.join("trajectory.json");
    let second = run(&["--replay", record.to_str().unwrap()], &again);
    assert_eq!(first["npz_sha256"], second["npz_sha256"]);
    assert_eq!((&second["settings"]["state"], &second["settings"]["time"]), (&json!("flow"), &json!("log-snr")));

    // As records were written before there were three words.
    let edm = support::test_model("tiny-edm");
    let mut old = run(&["--model", edm.to_str().unwrap(), "--steps", "3", "--sampler", "euler"], &networks.path("edm"));
    assert_eq!(
        old["resolved"]["parameterization"],
        json!({"state": "edm", "time": "c-noise", "prediction": "edm", "sigma_data": 0.5})
    );
    old["resolved"]["parameterization"] = json!({"Edm": {"sigma_data": 0.5}});
    // It had no effect on an EDM network.
    old["settings"]["prediction"] = json!("epsilon");
    let settings = old["settings"].as_object_mut().unwrap();
    assert!(!settings.contains_key("state") && !settings.contains_key("time"));
    std::fs::create_dir(networks.path("old")).unwrap();
    let record = networks.path("old").join("trajectory.json");
    let then = old["npz_sha256"].clone();
    old.as_object_mut().unwrap().remove("npz_sha256");
    std::fs::write(&record, old.to_string()).unwrap();
    let replayed = run(&["--replay", record.to_str().unwrap()], &networks.path("replayed"));
    assert_eq!(replayed["npz_sha256"], then);
}

/// The last line on stderr of a command that fails.
fn refused(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    text.lines().last().unwrap().trim_start_matches("chromascope: ").to_owned()
}

fn sample_of(networks: &Networks, words: Words, schedule: &str, more: &[&str]) -> String {
    let (model, config, out) =
        (networks.network(words), networks.path(&format!("{schedule}.json")), networks.path("refused"));
    let (state, time, prediction) = words;
    let chosen = [
        "sample",
        "--model",
        model.to_str().unwrap(),
        "--scheduler-config",
        config.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--state",
        state.name(),
        "--time",
        time.name(),
        "--prediction",
        prediction.name(),
        "--sampler",
        "ddim",
        "--steps",
        "4",
    ];
    refused(&[&chosen[..], more].concat())
}

#[test]
fn an_index_without_a_table_is_one_sentence() {
    let words = (NetworkState::Edm, NetworkTime::Index, Prediction::Edm);
    let said = sample_of(&Networks::new(), words, "sigma", &[]);
    assert_documented(&said, "conventions::an_index_without_a_table_is_one_sentence", &[]);
}

#[test]
fn a_state_that_is_infinite_at_pure_noise_is_one_sentence() {
    let networks = Networks::new();
    let words = (NetworkState::Ve, NetworkTime::Flow, Prediction::Sample);
    let said = sample_of(&networks, words, "flow", &["--spacing", "linspace"]);
    assert_documented(&said, "conventions::a_state_that_is_infinite_at_pure_noise_is_one_sentence", &[]);
}

#[test]
fn a_time_that_is_infinite_at_pure_noise_is_one_sentence() {
    let networks = Networks::new();
    let words = (NetworkState::Vp, NetworkTime::CNoise, Prediction::Sample);
    let said = sample_of(&networks, words, "flow", &["--spacing", "linspace"]);
    assert_documented(&said, "conventions::a_time_that_is_infinite_at_pure_noise_is_one_sentence", &[]);
}

#[test]
fn a_time_with_fractions_for_an_input_of_whole_numbers_is_one_sentence() {
    let model = support::test_model("t-i64-batch");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let said =
        refused(&["sample", "--model", model.to_str().unwrap(), "--time", "sigma", "--out", out.to_str().unwrap()]);
    assert_documented(&said, "conventions::a_time_with_fractions_for_an_input_of_whole_numbers_is_one_sentence", &[]);
}

/// A folder with a network and this card.
fn with_card(card: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(support::test_model("tiny-eps/model.onnx"), folder.path().join("model.onnx")).unwrap();
    std::fs::write(folder.path().join("card.json"), card).unwrap();
    let card = folder.path().join("card.json");
    (folder, card)
}

#[test]
fn an_unknown_word_in_a_card_is_one_sentence() {
    let (folder, card) = with_card(r#"{"state": "vpp"}"#);
    let said = refused(&["info", folder.path().to_str().unwrap()]);
    let words = [("CARD", card.display().to_string())];
    assert_documented(&said, "conventions::an_unknown_word_in_a_card_is_one_sentence", &words);
}

#[test]
fn a_sigma_of_a_card_that_is_not_positive_is_one_sentence() {
    let (folder, card) = with_card(r#"{"sigma_min": -0.5}"#);
    let said = refused(&["info", folder.path().to_str().unwrap()]);
    let words = [("CARD", card.display().to_string())];
    assert_documented(&said, "conventions::a_sigma_of_a_card_that_is_not_positive_is_one_sentence", &words);
}
