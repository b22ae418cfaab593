//! Networks that are told a prompt by its number: what they are fed, against a bare session of ONNX Runtime that is fed by
//! hand, on the tiny networks of every text-to-image family (`tools/make_tiny_pipelines.py`).
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::denoiser::guided::{ByLevel, GuidanceScale, Guided, LevelMode, LevelPrompt, Prompt, RunTime};
use chromascope::denoiser::{ClassDenoiser, DenoiseError, Denoised, Denoiser, PromptsOverTime, StepClock};
use chromascope::model::SchedulerConfig;
use chromascope::model::contract::{Contract, Declared, Element, InputPurpose, Layout, Port, PortNames};
use chromascope::model::convention::{Convention, Words};
use chromascope::model::onnx::{
    Conditioning, ConditioningError, GivenInput, HiddenStates, OnnxDenoiser, OnnxSession, Rows, guidance_embedding,
};
use chromascope::model::package::Package;
use chromascope::schedule::ModelSchedule;
use chromascope::session::RunSettings;
use chromascope::session::prepare::prepare;
use chromascope::session::settings::{ModelSource, ProviderChoice};
use chromascope::theory::{NoiseLevel, Parameterization, Prediction};
use common::faults::assert_documented;
use half::f16;
use ndarray::{Array3, Array4, Array5, ArrayD, Axis, IxDyn};
use ndarray_npy::NpzReader;
use ort::session::SessionInputValue;
use ort::value::Tensor;
use std::path::{Path, PathBuf};

const FAMILIES: [&str; 6] = ["sd15", "sd21-v", "sdxl", "lcm", "sd3", "flux"];
/// The null prompt and two more.
const PROMPTS: usize = 3;
const TOKENS: usize = 5;

/// A tiny network, opened as a run opens it, but for its prediction: what it returns is read as it is.
struct Family {
    session: OnnxSession,
    contract: Contract,
    schedule: ModelSchedule,
    parameterization: Parameterization,
}

/// Numbers that look like noise.
fn number(index: usize) -> f64 {
    2.0 * ((index as f64 + 1.0) * 12.9898).sin() * 43.758_545_3_f64.sin() + (index as f64 * 0.7311).cos()
}

fn pipeline(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name)
}

impl Family {
    fn open(name: &str) -> Self {
        let folder = pipeline(name);
        let part =
            ["unet", "transformer"].map(|part| folder.join(part)).into_iter().find(|part| part.is_dir()).unwrap();
        Self::read(&part, &folder.join("scheduler/scheduler_config.json"))
    }

    fn read(part: &Path, scheduler: &Path) -> Self {
        let package = Package::read(part).unwrap();
        let session = OnnxSession::open(&package.onnx, support::runtime(), support::ONE_THREAD).unwrap();
        let declared = Declared { in_channels: package.config.in_channels, ..Declared::default() };
        let contract =
            Contract::decide(&session.inputs(), &session.outputs(), &PortNames::default(), &declared).unwrap();
        let (config, _) = SchedulerConfig::read(scheduler).unwrap();
        let words = Words { prediction: Some(Prediction::Sample), ..Words::default() };
        let parameterization = Convention::decide(words, None, Some(&config), &contract).parameterization().unwrap();
        Self { session, contract, schedule: config.model_schedule().unwrap(), parameterization }
    }

    /// Something for every input, what depends on the prompt by class.
    fn conditioning(&self, (height, width): (usize, usize)) -> Conditioning {
        let wide = self.contract.hidden_states.as_ref().unwrap().shape[2].unwrap();
        let states = Array3::from_shape_fn([PROMPTS, TOKENS, wide], |(row, token, place)| {
            number(row * 7919 + token * 131 + place) as f32
        });
        let given = |port: &chromascope::model::contract::Port| match port.purpose().unwrap() {
            InputPurpose::PooledText => {
                let wide = port.shape[1].unwrap();
                let values =
                    ArrayD::from_shape_fn(IxDyn(&[PROMPTS, wide]), |at| f64::from(number(at[0] * 613 + at[1]) as f32));
                GivenInput::by_class(values)
            }
            InputPurpose::TimeIds => {
                let ids = [height, width, 0, 0, height, width].map(|side| 8.0 * side as f64);
                GivenInput::by_sample(ArrayD::from_shape_vec(IxDyn(&[1, 6]), ids.to_vec()).unwrap())
            }
            InputPurpose::GuidanceEmbedding => {
                let embedding = guidance_embedding(8.5, port.shape[1].unwrap());
                let embedding: Vec<f64> = embedding.into_iter().map(f64::from).collect();
                GivenInput::by_sample(ArrayD::from_shape_vec(IxDyn(&[1, embedding.len()]), embedding).unwrap())
            }
            InputPurpose::Guidance => GivenInput::by_sample(ArrayD::from_elem(IxDyn(&[1]), 3.5)),
            InputPurpose::TextMask => panic!("no tiny network has a mask"),
        };
        Conditioning {
            hidden_states: Some(HiddenStates::by_class(states)),
            inputs: self.contract.inputs.iter().map(given).collect(),
            null_class: Some(0),
            ..Conditioning::default()
        }
    }

    fn network(&self, conditioning: Conditioning, partition: usize) -> OnnxDenoiser {
        conditioning.check(&self.contract).unwrap();
        let (session, contract) = (self.session.another().unwrap(), self.contract.clone());
        OnnxDenoiser::new(session, contract, self.schedule.clone(), self.parameterization, conditioning, partition)
    }

    /// The middle of training, and the number that the network is told there.
    fn middle(&self) -> (NoiseLevel, f64) {
        let (low, high) = self.schedule.timestep_range();
        let timestep = if high > 500.0 { 500.0 } else { f64::midpoint(low, high) };
        (self.schedule.level_at(timestep), timestep)
    }

    fn states(&self, (height, width): (usize, usize), samples: usize) -> Array4<f64> {
        let shape = [samples, self.contract.channels, height, width];
        Array4::from_shape_fn(shape, |(b, c, y, x)| number(b * 2003 + c * 499 + y * 31 + x))
    }

    /// What the network returns where a session is fed by hand.
    fn bare(&mut self, told: f64, conditioning: &Conditioning, x: &Array4<f64>, classes: &[usize]) -> Array4<f64> {
        let scale = self.parameterization.input_scale(self.middle().0);
        let (samples, channels, height, width) = x.dim();
        let contract = self.contract.clone();
        let packed = contract.layout == Layout::Packed;
        // diffusers: view(B, C, H/2, 2, W/2, 2).permute(0, 2, 4, 1, 3, 5).reshape(B, H·W/4, 4·C).
        let tokens = height * width / 4;
        let at = |token: usize, value: usize| {
            let (c, dy, dx) = (value / 4, value / 2 % 2, value % 2);
            [c, 2 * (token / (width / 2)) + dy, 2 * (token % (width / 2)) + dx]
        };
        let (shape, state): (Vec<usize>, Vec<f32>) = if packed {
            let places = (0..samples)
                .flat_map(|b| (0..tokens).flat_map(move |token| (0..4 * channels).map(move |value| (b, token, value))));
            let values = places.map(|(b, token, value)| {
                let [c, row, column] = at(token, value);
                (x[[b, c, row, column]] * scale) as f32
            });
            (vec![samples, tokens, 4 * channels], values.collect())
        } else {
            (x.shape().to_vec(), x.iter().map(|x| (x * scale) as f32).collect())
        };
        let float = |shape: Vec<usize>, values: Vec<f32>| Tensor::from_array((shape, values)).unwrap().into_dyn();
        let integer = |shape: Vec<usize>, values: Vec<i64>| Tensor::from_array((shape, values)).unwrap().into_dyn();
        let rows = |values: &Array3<f32>| values.select(Axis(0), classes).iter().copied().collect();
        let states = &conditioning.hidden_states.as_ref().unwrap().values;
        let of_time = if contract.timestep.shape.is_empty() { vec![] } else { vec![samples] };
        let mut inputs = vec![
            (contract.sample.name.clone(), float(shape, state)),
            (contract.timestep.name.clone(), float(of_time.clone(), vec![told as f32; of_time.iter().product()])),
            (
                contract.hidden_states.as_ref().unwrap().name.clone(),
                float(vec![samples, states.dim().1, states.dim().2], rows(states)),
            ),
        ];
        for (port, given) in contract.inputs.iter().zip(&conditioning.inputs) {
            let rows =
                (0..samples).map(|b| if given.rows == Rows::ByClass { classes[b] } else { 0 }).collect::<Vec<_>>();
            let values = given.values.select(Axis(0), &rows);
            inputs
                .push((port.name.clone(), float(values.shape().to_vec(), values.iter().map(|v| *v as f32).collect())));
        }
        if packed {
            assert_eq!(contract.image_ids.as_ref().unwrap().element, Element::I64);
            let place =
                |token: usize| [0, token / (width / 2), token % (width / 2)].map(|side| i64::try_from(side).unwrap());
            inputs.push(("img_ids".into(), integer(vec![tokens, 3], (0..tokens).flat_map(place).collect())));
            inputs.push(("txt_ids".into(), integer(vec![TOKENS, 3], vec![0; 3 * TOKENS])));
        }
        let inputs: Vec<(String, SessionInputValue)> =
            inputs.into_iter().map(|(name, value)| (name, value.into())).collect();
        let mut session = self.session.raw();
        let outputs = session.run(inputs).unwrap();
        let (_, values) = outputs[contract.output.name.as_str()].try_extract_tensor::<f32>().unwrap();
        let mut answer = Array4::zeros(x.dim());
        if packed {
            for (index, value) in values.iter().enumerate() {
                let (b, rest) = (index / (tokens * 4 * channels), index % (tokens * 4 * channels));
                let [c, row, column] = at(rest / (4 * channels), rest % (4 * channels));
                answer[[b, c, row, column]] = f64::from(*value);
            }
        } else {
            answer.iter_mut().zip(values).for_each(|(answer, value)| *answer = f64::from(*value));
        }
        answer
    }
}

fn x0_of(network: &mut OnnxDenoiser, x: &Array4<f64>, level: NoiseLevel, classes: &[i64]) -> Array4<f64> {
    let mut out = Denoised::zeros(x.dim().into());
    network.denoise_classes(x.view(), level, classes, &mut out).unwrap();
    out.x0
}

fn largest(a: &Array4<f64>, b: &Array4<f64>) -> f64 {
    (a - b).iter().fold(0.0_f64, |most, off| most.max(off.abs()))
}

#[test]
fn every_family_is_fed_as_by_hand_with_its_prompts_by_number() {
    let (size, prompts) = ((8, 12), [1, 0, 2, 1]);
    for name in FAMILIES {
        let mut family = Family::open(name);
        let (level, told) = family.middle();
        let told = if name == "flux" { told / 1000.0 } else { told };
        let conditioning = family.conditioning(size);
        let x = family.states(size, prompts.len());
        let expected = family.bare(told, &conditioning, &x, &prompts.map(|prompt| usize::try_from(prompt).unwrap()));
        let mut network = family.network(conditioning.clone(), 64);
        assert!((network.timestep_at(level) - told).abs() < 1e-6 * told, "{name}: {}", network.timestep_at(level));
        let x0 = x0_of(&mut network, &x, level, &prompts);
        assert_eq!(x0, expected, "{name}");
        // The prompts are told apart, and the tensors that are kept belong to what was asked.
        let others = x0_of(&mut network, &x, level, &[0, 0, 1, 2]);
        assert!(largest(&others, &x0) > 1e-4, "{name}: {}", largest(&others, &x0));
        assert_eq!(x0_of(&mut network, &x, level, &prompts), x0, "{name}");
        // The last class rules the samples beyond it.
        assert_eq!(x0_of(&mut network, &x, level, &[1, 0, 2, 2]), x0_of(&mut network, &x, level, &[1, 0, 2]), "{name}");
        // Calls of one sample, and bound inputs.
        let alone = x0_of(&mut family.network(conditioning.clone(), 1), &x, level, &prompts);
        assert!(largest(&alone, &x0) < 1e-5, "{name}: {}", largest(&alone, &x0));
        let mut bound = family.network(conditioning.clone(), 64).bound();
        assert_eq!(x0_of(&mut bound, &x, level, &prompts), x0, "{name}");
        let smaller = family.states((4, 4), 2);
        let expected = x0_of(&mut network, &smaller, level, &[2, 1]);
        assert_eq!(x0_of(&mut bound, &smaller, level, &[2, 1]), expected, "{name}");
        // The same rows by sample.
        let rows = prompts.map(|prompt| usize::try_from(prompt).unwrap());
        let by_sample = Conditioning {
            hidden_states: conditioning
                .hidden_states
                .as_ref()
                .map(|states| HiddenStates::by_sample(states.values.select(Axis(0), &rows))),
            inputs: conditioning
                .inputs
                .iter()
                .map(|given| match given.rows {
                    Rows::ByClass => GivenInput::by_sample(given.values.select(Axis(0), &rows)),
                    Rows::BySample => given.clone(),
                })
                .collect(),
            ..Conditioning::default()
        };
        assert_eq!(x0_of(&mut family.network(by_sample, 64), &x, level, &[]), x0, "{name}");
    }
}

/// A guided estimate at one level.
fn guided(inner: impl ClassDenoiser, prompt: Prompt, x: &Array4<f64>, level: NoiseLevel) -> (Array4<f64>, Array4<f64>) {
    let levels = [-2.0, 0.0, 3.0].map(NoiseLevel::from_log_snr);
    let mut out = Denoised::zeros(x.dim().into());
    let mut guided = Guided::new(inner, prompt, GuidanceScale::Constant(7.5), 0, RunTime::of(&levels));
    guided.denoise(x.view(), level, &mut out).unwrap();
    (out.x0, out.eps)
}

#[test]
fn equal_prompts_on_all_levels_are_plain_guidance() {
    let size = (8, 8);
    for name in ["sd15", "sdxl", "flux"] {
        let family = Family::open(name);
        let level = family.middle().0;
        let x = family.states(size, 2);
        let network = || family.network(family.conditioning(size), 64);
        let plain = guided(network(), Prompt::Class(1), &x, level);
        let unguided = x0_of(&mut network(), &x, level, &[1]);
        assert!(largest(&plain.0, &unguided) > 1e-3, "{name}: guidance changes nothing");
        for mode in LevelMode::ALL {
            let by_level = |labels: &[i64]| {
                let choice = ByLevel { labels: labels.to_vec(), mode, factor: 2 };
                Prompt::ByLevel(LevelPrompt::new(choice, size).unwrap())
            };
            assert_eq!(guided(network(), by_level(&[1, 1, 1]), &x, level), plain, "{name} {mode:?}");
            let differs = guided(network(), by_level(&[1, 2, 2]), &x, level);
            // Of a switch, the level that dominates may be of the first prompt.
            assert!(mode == LevelMode::Switch || differs != plain, "{name} {mode:?}");
        }
        // A prompt whose text never changes is as without a timeline.
        let levels = [-2.0, 0.0, 3.0].map(NoiseLevel::from_log_snr);
        let timelines = vec![vec![], vec![(0, 1)], vec![(0, 1), (1, 2)]];
        let over_time = || PromptsOverTime::new(network(), timelines.clone(), &levels, StepClock::default());
        assert_eq!(guided(over_time(), Prompt::Class(1), &x, level), plain, "{name}");
        // Prompt 2 begins as text 1.
        assert_eq!(
            guided(over_time(), Prompt::Class(2), &x, levels[0]),
            guided(network(), Prompt::Class(1), &x, levels[0])
        );
        assert_eq!(
            guided(over_time(), Prompt::Class(2), &x, levels[1]),
            guided(network(), Prompt::Class(2), &x, levels[1])
        );
    }
}

/// The states of a run of the program, `[steps + 1, B, C, H, W]`.
fn states_of(arguments: &[&str]) -> Array5<f32> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = common::program();
    command.args(["sample", "--steps", "4", "--guidance", "5", "--decode", "none", "--threads", "1", "--model"]);
    command.arg(pipeline("sd15")).args(arguments).arg("--out").arg(folder.path().join("out")).assert().success();
    let file = std::fs::File::open(folder.path().join("out/trajectory.npz")).unwrap();
    NpzReader::new(file).unwrap().by_name("x_t").unwrap()
}

#[test]
fn a_run_of_equal_prompts_is_plain_and_a_text_rules_whole_steps() {
    let plain = states_of(&["--prompt", "a cat"]);
    for mode in LevelMode::ALL {
        let by_level = ["--prompts-by-level", "a cat|a cat|a cat", "--by-level", mode.name()];
        assert_eq!(states_of(&by_level), plain, "{mode:?}");
    }
    assert_eq!(states_of(&["--prompt", "[a cat:a cat:0.5]"]), plain);
    assert_ne!(states_of(&["--prompts-by-level", "a cat|a dog", "--by-level", "band"]), plain);
    // The last evaluation of Heun's second step is where the third begins, with another text.
    let heun = |prompt: &str| states_of(&["--prompt", prompt, "--sampler", "heun"]);
    let (plain, changes) = (heun("a cat"), heun("[a cat:dog:0.5]"));
    let same = |at: usize| plain.index_axis(Axis(0), at) == changes.index_axis(Axis(0), at);
    assert_eq!([0, 1, 2, 3, 4].map(same), [true, true, true, false, false]);
}

#[test]
fn a_prompt_without_an_embedding_is_refused() {
    let family = Family::open("sd15");
    let x = family.states((8, 8), 2);
    let mut network = family.network(family.conditioning((8, 8)), 64);
    let mut out = Denoised::zeros(x.dim().into());
    let fault = network.denoise_classes(x.view(), family.middle().0, &[1, 3], &mut out).unwrap_err();
    assert_documented(&fault.to_string(), "text_networks::a_prompt_without_an_embedding_is_refused", &[]);
}

#[test]
fn a_packed_image_has_even_sides() {
    let family = Family::open("flux");
    let x = family.states((6, 5), 1);
    let mut out = Denoised::zeros(x.dim().into());
    let mut network = family.network(family.conditioning((6, 4)), 64);
    let fault = network.denoise_classes(x.view(), family.middle().0, &[1], &mut out).unwrap_err();
    assert_documented(&fault.to_string(), "text_networks::a_packed_image_has_even_sides", &[]);
}

fn test_network(name: &str) -> Family {
    let model = support::test_model(name);
    Family::read(&model, &model.join("scheduler_config.json"))
}

#[test]
fn embeddings_of_another_width_are_refused() {
    let family = test_network("hidden-states");
    let refusal = |shape: [usize; 3]| {
        let hidden_states = Some(HiddenStates::by_class(Array3::zeros(shape)));
        Conditioning { hidden_states, ..Conditioning::default() }.check(&family.contract)
    };
    assert_eq!(refusal([3, 7, 8]), Ok(()));
    let fault = refusal([3, 7, 768]).unwrap_err();
    assert!(matches!(fault, ConditioningError::Width { given: 768, taken: 8, .. }));
    assert_documented(&fault.to_string(), "text_networks::embeddings_of_another_width_are_refused", &[]);
}

#[test]
fn embeddings_of_another_length_are_refused() {
    let family = test_network("hidden-states");
    let hidden_states = Some(HiddenStates::by_class(Array3::zeros([3, 77, 8])));
    let fault = Conditioning { hidden_states, ..Conditioning::default() }.check(&family.contract).unwrap_err();
    assert_documented(&fault.to_string(), "text_networks::embeddings_of_another_length_are_refused", &[]);
}

#[test]
fn time_ids_doubled_for_guidance_are_refused() {
    let family = Family::open("sdxl");
    let mut conditioning = family.conditioning((8, 8));
    assert_eq!(conditioning.check(&family.contract), Ok(()));
    conditioning.inputs[1] = GivenInput::by_sample(ArrayD::zeros(IxDyn(&[1, 12])));
    let fault = conditioning.check(&family.contract).unwrap_err();
    assert_documented(&fault.to_string(), "text_networks::time_ids_doubled_for_guidance_are_refused", &[]);
}

#[test]
fn embeddings_in_single_precision_are_rounded_for_a_network_in_halves() {
    let mut family = test_network("hidden-states-f16");
    let x = Array4::from_shape_fn([2, 3, 16, 16], |(b, c, y, x)| number(b * 2003 + c * 499 + y * 31 + x));
    let states =
        Array3::from_shape_fn([2, 7, 8], |(row, token, place)| number(row * 7919 + token * 131 + place) as f32);
    let conditioning =
        Conditioning { hidden_states: Some(HiddenStates::by_class(states.clone())), ..Conditioning::default() };
    let level = family.middle().0;
    let mut network = family.network(conditioning, 64);
    let told = network.timestep_at(level);
    let found = x0_of(&mut network, &x, level, &[1, 0]);
    let half = |shape: Vec<usize>, values: Vec<f16>| Tensor::from_array((shape, values)).unwrap();
    let scale = family.parameterization.input_scale(level);
    let state = x.iter().map(|x| f16::from_f32((x * scale) as f32)).collect();
    let rows = states.select(Axis(0), &[1, 0]).iter().map(|value| f16::from_f32(*value)).collect();
    let inputs: Vec<(&str, SessionInputValue)> = vec![
        ("sample", half(x.shape().to_vec(), state).into()),
        ("timestep", Tensor::from_array((vec![2], vec![told as f32; 2])).unwrap().into()),
        ("encoder_hidden_states", half(vec![2, 7, 8], rows).into()),
    ];
    let mut session = family.session.raw();
    let outputs = session.run(inputs).unwrap();
    let (_, expected) = outputs["out_sample"].try_extract_tensor::<f16>().unwrap();
    assert!(found.iter().zip(expected).all(|(found, expected)| *found == f64::from(*expected)));
}

#[test]
fn a_pipeline_in_halves_answers_as_in_single_precision() {
    let x0 = |name: &str| {
        let family = Family::open(name);
        let (level, told) = family.middle();
        let mut network = family.network(family.conditioning((8, 8)), 64);
        assert_eq!(network.timestep_at(level), told);
        x0_of(&mut network, &family.states((8, 8), 3), level, &[2, 0, 1])
    };
    let (halves, single) = (x0("sd15-f16"), x0("sd15"));
    let size = single.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let off = largest(&halves, &single);
    assert!(off > 0.0 && off < 1e-2 * size, "{off} of {size}");
}

#[test]
fn no_numbers_out_of_a_network_in_halves_name_the_cause() {
    let family = test_network("f16");
    // Far beyond 65504, the largest half.
    let x = Array4::from_elem([1, 3, 16, 16], 1e9);
    let mut out = Denoised::zeros(x.dim().into());
    let fault = family.network(Conditioning::default(), 64).denoise(x.view(), family.middle().0, &mut out).unwrap_err();
    assert!(matches!(fault, DenoiseError::NotFiniteInHalves { .. }), "{fault}");
    assert_documented(&fault.to_string(), "text_networks::no_numbers_out_of_a_network_in_halves_name_the_cause", &[]);
}

#[test]
fn a_network_that_is_given_a_second_packed_image() {
    let port =
        |name: &str, shape: &[Option<usize>]| Port { name: name.into(), element: Element::F32, shape: shape.to_vec() };
    let inputs = [
        port("hidden_states", &[None, None, Some(384)]),
        port("timestep", &[None]),
        port("img_ids", &[None, Some(3)]),
        port("txt_ids", &[None, Some(3)]),
    ];
    let outputs = [port("out_sample", &[None, None, Some(64)])];
    let fault = Contract::decide(&inputs, &outputs, &PortNames::default(), &Declared::default()).unwrap_err();
    assert_documented(&fault.to_string(), "text_networks::a_network_that_is_given_a_second_packed_image", &[]);
}

/// The notes on a run of a pipeline with a prompt.
fn notes_of(name: &str, change: impl FnOnce(&mut RunSettings)) -> Vec<String> {
    let mut settings = RunSettings::new(ModelSource::Model(pipeline(name).display().to_string()));
    (settings.steps, settings.prompt, settings.provider) = (2, Some("a cat".into()), ProviderChoice::Cpu);
    change(&mut settings);
    prepare(&settings, None, &|_, _| true).unwrap().notes
}

#[test]
fn a_negative_prompt_without_effect_is_told() {
    let test = "text_networks::a_negative_prompt_without_effect_is_told";
    let documented = common::faults::documented(test, &[]);
    for name in ["lcm", "flux"] {
        let notes = notes_of(name, |settings| settings.negative = Some("a dog".into()));
        assert!(notes.contains(&documented), "{name}: {notes:?}");
        assert!(!notes_of(name, |_| {}).contains(&documented), "{name}");
    }
    let notes = notes_of("sd15", |settings| settings.negative = Some("a dog".into()));
    assert!(!notes.contains(&documented), "{notes:?}");
}

#[test]
fn a_run_without_guidance_is_told_what_is_usual() {
    let test = "text_networks::a_run_without_guidance_is_told_what_is_usual";
    let documented = common::faults::documented(test, &[]);
    for (name, usual) in [("sd15", "7.5"), ("sdxl", "5"), ("sd3", "7"), ("lcm", "8.5"), ("flux", "3.5")] {
        let is_told = |notes: &[String]| notes.contains(&documented.replace("7.5", usual));
        let notes = notes_of(name, |_| {});
        assert!(is_told(&notes), "{name}: {notes:?}");
        let notes = notes_of(name, |settings| settings.guidance = Some(GuidanceScale::Constant(3.0)));
        assert!(!is_told(&notes), "{name}: {notes:?}");
        let once = "the network is told the guidance scale, so one call a step does".to_owned();
        assert_eq!(notes.contains(&once), ["lcm", "flux"].contains(&name), "{name}: {notes:?}");
    }
}
