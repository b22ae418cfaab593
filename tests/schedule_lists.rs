//! Lists that come from other programs and go to them: what σ means, the numbers as typed, and every form of file.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::schedule::formats::registry::{EXPORTS, Writer};
use chromascope::schedule::formats::{ScheduleTable, read_list, read_npy};
use chromascope::schedule::{
    BetaSchedule, FinalLevel, LevelList, ListKind, ModelSchedule, PlanSource, PublishedList, SigmaMeaning, TrainingSpec,
};
use chromascope::session::schedule_file;
use ndarray::{Array1, Array4, Array5};
use ndarray_npy::{NpzReader, NpzWriter};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};

const FLOW: &str = r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}"#;
const SD: &str = r#"{"_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085,
    "beta_end": 0.012}"#;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schedule_lab").join(name)
}

/// A folder of files.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// stdout and stderr of a command that succeeds.
#[track_caller]
fn told(arguments: &[&str]) -> (String, String) {
    let output = common::program().args(arguments).assert().success().get_output().clone();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = common::program().args(arguments).assert().code(1).get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

fn numbers(text: &str) -> Vec<f64> {
    read_list(text).unwrap().values
}

#[test]
fn a_flow_models_sigmas_are_flow_times() {
    let files = Files::new();
    let list = files.write("turbo.txt", "1.0, 0.6509, 0.4374, 0.2932, 0.1893, 0.1108, 0.0495, 0.00031, 0\n");
    let out = files.0.path().join("run");
    let model = support::test_model("tiny-flow");
    let run = ["sample", "--sampler", "euler", "--size", "16x16", "--json", "--model", model.to_str().unwrap()];
    let (record, notes) = told(&[&run[..], &["--schedule", &list, "--out", out.to_str().unwrap()]].concat());
    let record: Value = serde_json::from_str(&record).unwrap();
    let fed: Vec<f64> = serde_json::from_value(record["timestep"].clone()).unwrap();
    for (fed, right) in fed.iter().zip([1000.0, 650.9, 437.4, 293.2, 189.3, 110.8, 49.5, 0.31]) {
        assert!((fed - right).abs() < 1e-4, "{fed} for {right}");
    }
    assert_eq!(fed.len(), 8);
    assert!(notes.contains("the list's σ are read as flow time"), "{notes}");
    // The record repeats it, and so it does where σ is said to be another's.
    let again = files.0.path().join("again");
    told(&["sample", "--replay", out.join("trajectory.json").to_str().unwrap(), "--out", again.to_str().unwrap()]);
    let states = |folder: &Path| -> Array5<f32> {
        NpzReader::new(File::open(folder.join("trajectory.npz")).unwrap()).unwrap().by_name("x_t").unwrap()
    };
    assert_eq!(states(&out), states(&again));
    let ve = files.write("ve.csv", "ve_sigma\n14.615\n1\n0\n");
    let (record, notes) = told(&[&run[..], &["--schedule", &ve, "--out", out.to_str().unwrap()]].concat());
    let record: Value = serde_json::from_str(&record).unwrap();
    let fed: Vec<f64> = serde_json::from_value(record["timestep"].clone()).unwrap();
    assert!((fed[0] - 14_615.0 / 15.615).abs() < 1e-3 && (fed[1] - 500.0).abs() < 1e-3, "{fed:?}");
    assert!(!notes.contains("flow time"), "{notes}");
}

/// As `schedule --sigmas` does, and with integers from NumPy.
#[test]
fn a_run_says_what_a_list_of_sigmas_looks_like() {
    let files = Files::new();
    let model = support::test_model("tiny-eps");
    let notes = |list: &str| {
        let out = files.0.path().join("run");
        let run = ["sample", "--size", "16x16", "--model", model.to_str().unwrap(), "--schedule", list];
        told(&[&run[..], &["--out", out.to_str().unwrap()]].concat()).1
    };
    let flow = notes(&files.write("flow.txt", "1 0.93 0.5 0"));
    assert!(
        flow.contains("if they are flow times, list them as flow time (a column or array called flow_time)"),
        "{flow}"
    );
    assert!(!notes(&files.write("flow.csv", "flow_time\n0.93\n0.5\n0\n")).contains("if they are flow times"));
    let whole = files.0.path().join("whole.npy");
    ndarray_npy::write_npy(&whole, &ndarray::Array1::from(vec![999_i64, 749, 499, 249])).unwrap();
    assert!(notes(whole.to_str().unwrap()).contains("look like timesteps"));
    let alone = told(&["schedule", "--sigmas", whole.to_str().unwrap()]).1;
    assert!(alone.contains("look like timesteps"), "{alone}");
}

#[test]
fn what_sigma_means_is_chosen_where_there_is_no_model() {
    let files = Files::new();
    let (list, flow) = (files.write("turbo.txt", "1.0, 0.6509, 0.00031, 0"), files.write("flow.json", FLOW));
    let timesteps = |more: &[&str]| {
        let (csv, notes) = told(&[&["schedule", "--sigmas", &list][..], more].concat());
        let rows: Vec<Vec<String>> = csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
        (rows, notes)
    };
    let (rows, notes) = timesteps(&[]);
    assert!(notes.contains("--sigmas-are flow"), "{notes}");
    assert_eq!((rows[0].len(), rows[2][3].as_str()), (6, "0.6509"));
    let (rows, notes) = timesteps(&["--sigmas-are", "flow"]);
    assert_eq!((rows[0][6].as_str(), rows[2][6].as_str(), notes.as_str()), ("flow_time", "0.6509", ""));
    let (rows, notes) = timesteps(&["--config", &flow]);
    assert_eq!((rows[1][5].as_str(), rows[2][5].as_str(), rows[2][6].as_str()), ("1000", "650.9", "0.6509"));
    assert!(notes.contains("the list's σ are read as flow time"), "{notes}");
    let (rows, _) = timesteps(&["--config", &flow, "--sigmas-are", "ve"]);
    assert_eq!((rows[1][5].as_str(), rows[2][3].as_str()), ("500", "0.6509"));
    let ve = files.write("sd.txt", "14.615 3 0");
    let said = refused(&["schedule", "--sigmas", &ve, "--config", &flow]);
    assert!(said.contains("sd.txt") && said.contains("σ in row 1 is 14.615, but"), "{said}");
    assert!(refused(&["schedule", "--sigmas", &ve, "--sigmas-are", "flow"]).contains("sd.txt"));
}

/// A flow schedule, and others that begin at pure noise, in the numbers that each program itself would have.
#[test]
fn exports_have_the_numbers_of_their_program() {
    let files = Files::new();
    let flow = files.write("flow.json", FLOW);
    let zero = files.write(
        "zero.json",
        r#"{"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
            "clip_sample": false, "prediction_type": "v_prediction", "rescale_betas_zero_snr": true,
            "timestep_spacing": "trailing"}"#,
    );
    let export = |source: &[&str], program: &str| told(&[&["schedule", "-n", "4", "--for", program], source].concat());
    for program in ["comfyui", "k-diffusion"] {
        let (list, notes) = export(&["--config", &flow], program);
        let found = numbers(&list);
        for (found, right) in found.iter().zip([1.0, 0.857_7, 0.602_2, 0.008_93, 0.0]) {
            assert!((found - right).abs() < 1e-4, "{program}: {list}");
        }
        assert!(found.len() == 5 && notes.contains("written as flow time"), "{notes}");
        let (list, notes) = export(&["--family", "flow"], program);
        assert_eq!(numbers(&list), [1.0, 0.75, 0.5, 0.25, 0.0]);
        assert!(notes.contains("written as flow time"), "{notes}");
        let (list, _) = export(&["--family", "flow", "--sigmas-are", "ve"], program);
        let third = format!("{:.14e}", 1.0_f64 / 3.0).parse::<f64>().unwrap();
        assert_eq!(numbers(&list)[1..], [3.0, 1.0, third, 0.0]);
        for source in [["--family", "cosine"], ["--config", &zero]] {
            let (list, notes) = export(&source, program);
            let first = if program == "comfyui" { 4_518.763_698_655_86 } else { 4_095.999_877_929_69 };
            assert!((numbers(&list)[0] / first - 1.0).abs() < 1e-12, "{program}: {list}");
            assert!(!list.contains("inf") && notes.contains("pure noise (σ = ∞) is written as"), "{notes}");
        }
        let (_, notes) = export(&["--family", "karras"], program);
        assert_eq!(notes, "");
    }
    let (python, _) = export(&["--config", &zero], "python");
    assert!(python.contains("    4095.99987792969,") && !python.contains("inf,"), "{python}");
    let (python, _) = export(&["--config", &flow], "python");
    assert!(
        python.contains("FlowMatchEulerDiscreteScheduler(\n    num_train_timesteps=1000,\n    shift=1.0,"),
        "{python}"
    );
    // A model whose class has a table of timesteps, but which is a flow model.
    let dpm = support::test_model("tiny-flow-dpm").join("scheduler_config.json");
    let (python, _) = export(&["--config", dpm.to_str().unwrap()], "python");
    assert!(python.contains("= DPMSolverMultistepScheduler(") && !python.contains("inf,"), "{python}");
}

/// The snippet of a flow model makes what this program makes, run by diffusers when the golden arrays were.
#[test]
fn a_flow_models_snippet_makes_the_run_that_this_program_makes() {
    let (list, config) = (golden("turbo.txt"), golden("flow.json"));
    let (list, config) = (list.to_str().unwrap(), config.to_str().unwrap());
    let (text, _) = told(&["schedule", "--sigmas", list, "--config", config, "--for", "python"]);
    let kept = std::fs::read_to_string(golden("flow_snippet.py")).unwrap();
    assert_eq!(text, kept, "flow_snippet.py is not the one that was run; run tools/golden/schedule_lab.py");
    let folder = tempfile::tempdir().unwrap();
    let (noise, out) = (folder.path().join("x_T.npy"), folder.path().join("run"));
    let x_t: Array4<f32> = support::npz("samplers_inputs.npz").by_name("x_T").unwrap();
    ndarray_npy::write_npy(&noise, &x_t).unwrap();
    let mut command = common::program();
    command.args(["sample", "--sampler", "euler", "--batch", "2", "--size", "16x16", "--json", "--schedule", list]);
    command.args(["--scheduler-config", config, "--model"]).arg(support::test_model("tiny-flow"));
    command.arg("--init-noise").arg(&noise).arg("--out").arg(&out);
    let record = String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let fed: Vec<f64> = serde_json::from_value(record["timestep"].clone()).unwrap();
    let mut arrays = NpzReader::new(File::open(golden("arrays.npz")).unwrap()).unwrap();
    let right: Array1<f64> = arrays.by_name("flow_timesteps").unwrap();
    // diffusers multiplies in f32.
    assert!(
        fed.len() == 8 && fed.iter().zip(&right).all(|(fed, right)| (fed - right).abs() <= 1e-4),
        "{fed:?} {right}"
    );
    let theirs: Array4<f32> = arrays.by_name("flow_snippet").unwrap();
    let states: Array5<f32> =
        NpzReader::new(File::open(out.join("trajectory.npz")).unwrap()).unwrap().by_name("x_t").unwrap();
    let ours = states.index_axis_move(ndarray::Axis(0), 8);
    let range = theirs.iter().fold(0.0_f32, |range, value| range.max(value.abs()));
    let error = ours.iter().zip(&theirs).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(ours.iter().all(|value| value.is_finite()) && error <= 1e-4 * range, "{error} of {range}");
}

/// What Python writes into JSON is read wherever the same file is.
#[test]
fn a_configuration_as_python_writes_it_is_read_everywhere() {
    let files = Files::new();
    let dpm = r#"{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "linear", "beta_start": 0.0001,
        "beta_end": 0.02, "lambda_min_clipped": -Infinity, "timestep_spacing": "linspace", "solver_order": 2}"#;
    for (name, text) in [("pixart.json", dpm.to_owned()), ("bom.json", format!("\u{feff}{SD}\n"))] {
        let file = files.write(name, text);
        let (rows, _) = told(&["schedule", "--config", &file, "--steps", "3"]);
        let (python, _) = told(&["schedule", "--config", &file, "--steps", "3", "--for", "python"]);
        assert!(rows.lines().count() == 5 && python.contains("SIGMAS = ["), "{python}");
        let (list, _) = told(&["schedule", "--sigmas", &file, "--steps", "3"]);
        assert_eq!(list.lines().count(), 5, "{name}");
        let out = files.0.path().join("run");
        let run = ["sample", "--model", "gaussian-64", "--steps", "3", "--out", out.to_str().unwrap(), "--schedule"];
        told(&[&run[..], &[&file]].concat());
    }
    let broken = files.write("broken.json", "{\"sigmas\": [NaN, }");
    assert!(refused(&["schedule", "--sigmas", &broken]).contains("broken.json"));
    let nan = files.write("nan.json", "{\"sigmas\": [3, NaN, 0]}");
    let said = refused(&["schedule", "--sigmas", &nan]);
    assert!(said.contains("nan.json") && said.contains("σ in row 2 is NaN"), "{said}");
}

#[test]
fn lists_are_read_as_people_have_them() {
    let files = Files::new();
    let read = |name: &str, bytes: &[u8]| {
        let PlanSource::List(list) = schedule_file::read(Path::new(&files.write(name, bytes))).unwrap().source else {
            panic!("{name} is no list")
        };
        (list.kind, list.values)
    };
    let sigmas = |values: &[f64]| (ListKind::ModelSigma, values.to_vec());
    for (name, text) in [
        ("bom.txt", "\u{feff}14.6, 3, 1, 0\n"),
        ("crlf.txt", "14.6\r\n3\r\n1\r\n0\r\n"),
        ("tensor.txt", "tensor([14.6,  3.0,  1.0,  0.0000], device='cuda:0')\n"),
        ("array.txt", "array([14.6,  3.,\n        1.,  0.], dtype=float32)\n"),
        ("nested.txt", "[[14.6, 3, 1, 0.0]]\n"),
        ("column.txt", "[[14.6],\n [3],\n [1],\n [0.0]]\n"),
        ("bom.csv", "\u{feff}sigma\r\n14.6\r\n3\r\n1\r\n0\r\n"),
        ("plural.csv", "sigmas\n14.6\n3\n1\n0\n"),
        ("list.json", "\u{feff}[14.6, 3, 1, 0]"),
        ("nested.json", "{\"sigmas\": [[14.6, 3, 1, 0]]}"),
        ("sigma.json", "{\"sigma\": [14.6, 3, 1, 0]}"),
    ] {
        assert_eq!(read(name, text.as_bytes()), sigmas(&[14.6, 3.0, 1.0, 0.0]), "{name}");
    }
    let timesteps = json!({"timesteps": [999, 749, 499, 249]}).to_string();
    let right = (ListKind::Timestep, vec![999.0, 749.0, 499.0, 249.0]);
    assert_eq!(read("timesteps.json", timesteps.as_bytes()), right);
    assert_eq!(read("timesteps.csv", b"timesteps\n999\n749\n499\n249\n"), right);
    let archive = files.0.path().join("s.npz");
    let mut writer = NpzWriter::new_compressed(File::create(&archive).unwrap());
    writer.add_array("sigmas", &ndarray::arr2(&[[14.6], [3.0], [1.0], [0.0]])).unwrap();
    writer.finish().unwrap();
    assert_eq!(read("t.npz", &std::fs::read(&archive).unwrap()), sigmas(&[14.6, 3.0, 1.0, 0.0]));
    let two = files.write("two.txt", "sigmas=[14.6, 3.1, 0.4, 0.0]\ntimesteps=[999, 800, 100]\n");
    assert!(refused(&["schedule", "--sigmas", &two]).contains("two.txt"));
    // Timesteps on their model.
    let (list, sd) = (files.write("t.json", timesteps), files.write("sd.json", SD));
    let (csv, _) = told(&["schedule", "--sigmas", &list, "--config", &sd]);
    let fed: Vec<&str> = csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(fed, ["999", "749", "499", "249", "nan"]);
}

fn table() -> ModelSchedule {
    ModelSchedule::Discrete(TrainingSpec::new(BetaSchedule::ScaledLinear).table().unwrap())
}

/// A number of at most 15 digits, as someone types it.
fn typed(decades: std::ops::Range<i32>) -> impl Strategy<Value = f64> {
    let digits = (1_usize..=15, 1.0..10.0_f64);
    (digits, decades).prop_map(|((digits, value), decade)| format!("{value:.*}e{decade}", digits - 1).parse().unwrap())
}

fn falling(strategy: impl Strategy<Value = f64>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(strategy, 2..12).prop_filter_map("a step needs two levels", |mut values| {
        values.sort_by(|a, b| b.total_cmp(a));
        values.dedup();
        (values.len() > 1).then_some(values)
    })
}

/// A column of every table of a plan.
fn columns(table: &ScheduleTable, name: &str) -> Vec<Vec<f64>> {
    let csv = table.to_csv();
    let at = csv.lines().next().unwrap().split(',').position(|column| column == name).unwrap();
    let cells = csv.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect();
    let json = table.to_json()[name].as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap_or(f64::NAN)).collect();
    vec![cells, json]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is typed comes back the same by every export that has its unit.
    #[test]
    fn numbers_come_back_as_typed(mut sigmas in falling(typed(-3..4)), mut times in falling(typed(-6..0)), ends in any::<bool>()) {
        times.retain(|&time| time < 1.0);
        prop_assume!(times.len() > 1);
        if ends {
            times.insert(0, 1.0);
            times.push(0.0);
            sigmas.push(0.0);
        }
        let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
        let alpha_bars: Vec<f64> = times.iter().rev().copied().collect();
        let timesteps: Vec<f64> = times.iter().map(|time| format!("{:.11e}", 999.0 * time).parse().unwrap()).collect();
        for (model, kind, values, column) in [
            (table(), ListKind::Sigma, &sigmas, "sigma"),
            (flow.clone(), ListKind::Sigma, &sigmas, "sigma"),
            (flow, ListKind::ModelSigma, &times, "flow_time"),
            (table(), ListKind::AlphaBar, &alpha_bars, "alpha_bar"),
            (table(), ListKind::Timestep, &timesteps, "timestep"),
        ] {
            let list = LevelList { kind, values: values.clone() };
            let plan = list.plan(&model, FinalLevel::Clean).unwrap();
            let tables = ScheduleTable::of_plan(&plan);
            for found in columns(&tables, column) {
                prop_assert_eq!(&found[..values.len()], &values[..], "{}", column);
            }
            for format in EXPORTS {
                let meaning = SigmaMeaning::of(&model);
                let found = match format.writer {
                    Writer::Sigmas(program) if kind == meaning.kind() || kind == ListKind::ModelSigma => {
                        numbers(&program.write(&plan, meaning).0)
                    }
                    Writer::OnModel(write) if (kind == meaning.kind() || kind == ListKind::ModelSigma) && ends => {
                        let (text, _) = write(&plan, &json!({"num_train_timesteps": 1000}), meaning).unwrap();
                        let mut found = numbers(text.split_once("SIGMAS = ").unwrap().1.split_once("\n\n").unwrap().0);
                        // diffusers adds that of flow models itself.
                        found.extend((meaning == SigmaMeaning::Flow).then_some(0.0));
                        found
                    }
                    Writer::Source(write) => {
                        let text = write(&PlanSource::List(list.clone()), plan.steps()).unwrap();
                        let value: Value = serde_json::from_str(&text).unwrap();
                        serde_json::from_value(value["source"]["list"]["values"].clone()).unwrap()
                    }
                    Writer::Table(write) if format.ending == "npy" && column != "alpha_bar" && column != "timestep" => {
                        read_npy(&write(&tables).unwrap()).unwrap().values
                    }
                    _ => continue,
                };
                prop_assert_eq!(&found, values, "{:?} of {:?}", format, kind);
            }
            prop_assert!(!tables.to_csv().contains("-0,"), "−0 in {}", tables.to_csv());
        }
    }
}

#[test]
fn numbers_have_no_digits_that_nobody_typed() {
    let files = Files::new();
    let list = files.write("ays.txt", "14.615, 6.475, 3.861, 1, 0.152, 0");
    let (out, _) = told(&["schedule", "--sigmas", &list, "--for", "comfyui"]);
    assert_eq!(out, "14.615, 6.475, 3.861, 1, 0.152, 0\n");
    let (csv, _) = told(&["schedule", "--sigmas", &list]);
    assert!(csv.contains("\n3,0.4,0.5,1,0,nan\n"), "{csv}");
    // Through a table and back.
    let table = files.write("table.csv", csv);
    assert_eq!(told(&["schedule", "--sigmas", &table, "--for", "comfyui"]).0, out);
    let (out, _) = told(&["schedule", "--family", "ays-svd", "-n", "10", "--for", "comfyui"]);
    assert_eq!(out, "700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0\n");
}

#[test]
fn each_step_is_explained_for_the_program_that_runs_it() {
    let files = Files::new();
    let (list, sd) = (files.write("ays.txt", "14.615, 6.475, 0.152, 0"), files.write("sd.json", SD));
    let explained = |more: &[&str]| {
        let (text, _) = told(&[&["schedule", "--explain"][..], more].concat());
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let comfy = explained(&["--sigmas", &list, "--config", &sd, "--for", "comfyui"]);
    assert_eq!(comfy.len(), 3);
    assert!(
        comfy[0].starts_with("Step 0, σ 14.615 to 6.475: ") && comfy[0].contains(" of what it adds is level "),
        "{comfy:?}"
    );
    // The table's last σ is 14.6146, just below.
    assert!(
        comfy[0].ends_with("ComfyUI feeds timestep 999, the nearest that the network knows (σ 14.615)."),
        "{comfy:?}"
    );
    assert!(comfy[1].contains("ComfyUI feeds timestep 8") && comfy[1].contains("whose σ is 6.4"), "{comfy:?}");
    let diffusers = explained(&["--sigmas", &list, "--config", &sd, "--for", "python"]);
    assert!(diffusers[1].contains("diffusers feeds timestep 8") && diffusers[1].contains('.'), "{diffusers:?}");
    let turbo = explained(&["--family", "flux2-turbo", "--config", &files.write("flow.json", FLOW)]);
    assert!(turbo[1].starts_with("Step 1, flow time 0.6509 to 0.4374: "), "{turbo:?}");
    assert!(turbo[1].ends_with("Chromascope feeds flow time 0.6509, timestep 650.9."), "{turbo:?}");
    assert_eq!(explained(&["--sigmas", &list])[2].matches("feeds").count(), 0);
}

#[test]
fn published_lists_are_used_by_name() {
    let files = Files::new();
    let sd = files.write("sd.json", SD);
    let (csv, _) = told(&["schedule", "--sigmas", "lcm-4", "--config", &sd]);
    let fed: Vec<&str> = csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(fed, ["999", "759", "499", "259", "nan"]);
    let (list, _) = told(&["schedule", "--family", "flux2-turbo", "--for", "comfyui"]);
    assert_eq!(list, "1, 0.6509, 0.4374, 0.2932, 0.1893, 0.1108, 0.0495, 0.00031, 0\n");
    let out = files.0.path().join("run");
    let run = ["sample", "--model", "gaussian-64", "--json", "--out", out.to_str().unwrap(), "--schedule", "lcm-4"];
    let record: Value = serde_json::from_str(&told(&run).0).unwrap();
    assert_eq!(serde_json::from_value::<Vec<f64>>(record["timestep"].clone()).unwrap(), [999.0, 759.0, 499.0, 259.0]);
    assert_eq!(record["resolved"]["spacing"], "lcm-4");
    assert!(refused(&["schedule", "--family", "lcm-4", "--param", "rho=7"]).contains("has no parameter rho"));
}

#[test]
fn published_lists_are_those_of_diffusers() {
    let theirs: serde_json::Map<String, Value> =
        serde_json::from_slice(&std::fs::read(golden("published.json")).unwrap()).unwrap();
    for (name, values) in &theirs {
        let values: Vec<f64> = serde_json::from_value(values.clone()).unwrap();
        let ours = match PublishedList::find(name) {
            Some(published) => published.values.to_vec(),
            None => numbers(&told(&["schedule", "--family", name, "-n", "10", "--for", "comfyui"]).0),
        };
        assert_eq!(ours, values, "{name}");
    }
    assert_eq!(theirs.len(), 10);
}
