//! The settings of a run with their declarations: a new one is a field here and a row below it.

use super::declare::{NUMBERS, declare, field, file, number, port, settings};
use super::kind::NumberField as _;
use super::prompts::{Decode, PromptsByLevel};
use super::{Belongs, Declaration, Effect, Section, SettingFields, ValueKind, Wrapping};
use crate::denoiser::guided::{ByLevel, ClassSwitch, GuidanceScale, LevelMode};
use crate::denoiser::{Upsample, Upsampled, WindowSize};
use crate::model::contract::PortNames;
use crate::model::inputs::InputValue;
use crate::sampler::{Churn, SamplerChoice};
use crate::schedule::PlanSource;
use crate::session::prepare::MAX_BATCH;
use crate::session::settings::{ModelSource, ProviderChoice};
use crate::theory::{NetworkState, NetworkTime, Prediction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Default number of sampling steps of a run.
pub const DEFAULT_STEPS: usize = 32;

/// All settings of a run: the same settings, machine and library give the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// The denoiser.
    pub source: ModelSource,
    /// Sampling steps.
    pub steps: usize,
    /// Sampler.
    pub sampler: SamplerChoice,
    /// A spacing or a σ family, by name; `None` is the model default.
    pub spacing: Option<String>,
    /// A schedule instead of the model default; then `spacing` is ignored, and if it lists its levels so is
    /// `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Box<PlanSource>>,
    /// Stochasticity: DDIM's η in [0, 1], or Euler ancestral's.
    pub eta: Option<f64>,
    /// Churn of Heun's method.
    pub churn: Churn,
    /// Seed of all noise that does not come from a file.
    pub seed: u64,
    /// Images per run.
    pub batch: usize,
    /// Number of the first of them: its noise is that of this sample of the seed, so that a run can continue where another
    /// ended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first_sample: u64,
    /// Class; `None` is the null class.
    pub label: Option<i64>,
    /// The null class, if neither card nor configuration has it.
    pub null_label: Option<i64>,
    /// One class, then another, instead of `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_switch: Option<ClassSwitch<Option<i64>>>,
    /// A class per level, instead of `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_level: Option<ByLevel>,
    /// What a text-to-image model draws; `None` is the null prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The null prompt, which guidance leads away from; `None` is the empty one, or zeros in pipelines that want them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// A prompt per level, instead of `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts_by_level: Option<PromptsByLevel>,
    /// Layers left out at the end of the first text encoders; `None` is the model default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_skip: Option<usize>,
    /// Which steps of a run in latents are decoded.
    #[serde(default, skip_serializing_if = "Decode::is_last")]
    pub decode: Decode,
    /// Guidance scale w; `None` is the plain conditional estimate, w = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<GuidanceScale>,
    /// Upsample guidance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsample: Option<Upsample>,
    /// The window of the local exact denoiser, instead of the exact one that sees whole images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<WindowSize>,
    /// Height and width, pixels; `None` is the model default.
    pub size: Option<(usize, usize)>,
    /// Initial noise, `.npy`, `[B, C, H, W]`, unit variance.
    pub init_noise: Option<PathBuf>,
    /// Injected noise, `.npy`, `[S, B, C, H, W]`.
    pub step_noise: Option<PathBuf>,
    /// Conditioning embeddings, `.npy`, `[B or 1, tokens, width]`.
    pub hidden_states: Option<PathBuf>,
    /// Values of the network's further inputs, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, InputValue>,
    /// Channels behind those of the image, `.npy` or an image file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concat: Option<PathBuf>,
    /// A `scheduler_config.json` instead of the model's own.
    pub scheduler_config: Option<PathBuf>,
    /// What the network predicts, overriding its files.
    pub prediction: Option<Prediction>,
    /// What the network sees, overriding its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<NetworkState>,
    /// What it receives for the noise level, overriding its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<NetworkTime>,
    /// Input and output names, if the graph is ambiguous.
    pub ports: PortNames,
    /// The provider.
    pub provider: ProviderChoice,
    /// Whether CUDA may round its products to TF32.
    pub tf32: bool,
    /// Threads inside one operator; `None` is one per core.
    pub threads: Option<usize>,
    /// Most samples per network call.
    pub partition: Option<usize>,
}

impl RunSettings {
    /// A run of this source with all defaults.
    #[must_use]
    pub fn new(source: ModelSource) -> Self {
        Self {
            source,
            steps: DEFAULT_STEPS,
            sampler: SamplerChoice::default(),
            spacing: None,
            schedule: None,
            eta: None,
            churn: Churn::default(),
            seed: 0,
            batch: 1,
            first_sample: 0,
            label: None,
            null_label: None,
            label_switch: None,
            by_level: None,
            prompt: None,
            negative: None,
            prompts_by_level: None,
            clip_skip: None,
            decode: Decode::Last,
            guidance: None,
            upsample: None,
            local: None,
            size: None,
            init_noise: None,
            step_noise: None,
            hidden_states: None,
            inputs: BTreeMap::new(),
            concat: None,
            scheduler_config: None,
            prediction: None,
            state: None,
            time: None,
            ports: PortNames::default(),
            provider: ProviderChoice::default(),
            tf32: false,
            threads: None,
            partition: None,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(number: &u64) -> bool {
    *number == 0
}

settings! {
    /// The network.
    Model => Declaration {
        default: "emoji-unet",
        belongs: Belongs::ToModel,
        place: field!(source),
        excludes: &[Setting::Images, Setting::Cascade],
        ..declare(
            Section::Model, "model", "model", "MODEL",
            "Model: a bundled name, an .onnx file, or a folder with model.onnx and scheduler_config.json",
        )
    },
    /// A cascade of networks instead of one.
    Cascade => Declaration {
        part_of: Some("model"),
        excludes: &[Setting::Images],
        ..declare(
            Section::Model, "cascade", "cascade", "DIR",
            "Use a cascade of networks: a bundled name, or a folder with cascade.json",
        )
    },
    /// A folder of images instead of a network.
    Images => Declaration {
        part_of: Some("model"),
        ..declare(
            Section::Model, "images", "images", "DIR",
            "Use the exact posterior mean over the images in this folder as the model",
        )
    },
    /// Sampling steps.
    Steps => Declaration {
        letter: Some('n'),
        default: "32",
        effect: Effect::Levels,
        kind: number!(Whole (1, u64::MAX), steps),
        offered: Some((1.0, 1000.0)),
        place: field!(steps),
        ..declare(Section::Plan, "steps", "steps", "N", "Number of sampling steps")
    },
    /// Sampler.
    Sampler => Declaration {
        default: "model",
        choices: || SamplerChoice::names().collect(),
        kind: ValueKind::Text { set: |run, name| name.parse().map(|sampler| run.sampler = sampler) },
        place: field!(sampler),
        ..declare(
            Section::Plan, "sampler", "sampler", "NAME",
            "The method that takes the state from each noise level to the next. \"model\" is the one in the model's \
             scheduler configuration; parameters follow a colon, as in dpmpp-2m:solver_order=3",
        )
    },
    /// Timestep spacing or σ family.
    Spacing => Declaration {
        effect: Effect::Levels,
        kind: ValueKind::Text {
            set: |run, name| {
                name.parse::<PlanSource>().map_err(|error| error.to_string())?;
                run.spacing = Some(name.to_owned());
                Ok(())
            },
        },
        place: field!(spacing),
        ..declare(
            Section::Plan, "spacing", "spacing", "NAME",
            "Timestep spacing (trailing, leading, linspace) or a σ family (karras, exponential, …) [default: the model's]",
        )
    },
    /// A schedule instead of the model's own.
    Schedule => Declaration {
        effect: Effect::Levels,
        excludes: &[Setting::Spacing],
        place: field!(schedule),
        ..declare(
            Section::Plan, "schedule", "schedule", "FILE",
            "Schedule to use instead of the model's: scheduler_config.json, CSV, NPY, a list of σ, JSON from the window \
             or `optimise`, or a published list by name, such as lcm-4. A file that lists its noise levels or gives its number of steps also sets {steps}",
        )
    },
    /// Seed.
    Seed => Declaration {
        letter: Some('s'),
        default: "0",
        effect: Effect::Draw,
        kind: number!(Whole (0, u64::MAX), seed),
        // The whole numbers that a field has exactly.
        offered: Some((0.0, ((1_u64 << 53) - 1) as f64)),
        place: field!(seed),
        ..declare(Section::Plan, "seed", "seed", "S", "Seed of all noise in the run")
    },
    /// Stochasticity.
    Eta => Declaration {
        kind: number!(Number (0.0, 1.0), eta),
        place: field!(eta),
        ..declare(
            Section::Plan, "η", "eta", "E", "Injected noise η [default: 0 for ddim, 1 for euler-ancestral]",
        )
    },
    /// Heun's S_churn.
    SChurn => Declaration {
        default: "0",
        kind: number!(Number (0.0, f64::MAX), churn.amount),
        offered: Some((0.0, 1000.0)),
        place: field!(churn),
        ..declare(Section::Plan, "churn", "s-churn", "X", "Heun: S_churn, noise added over the whole run (EDM); 0 is deterministic")
    },
    /// Heun's S_tmin.
    STmin => Declaration {
        part_of: Some("churn"),
        default: "0",
        needs: &[Setting::SChurn],
        kind: number!(Number (0.0, f64::MAX), churn.sigma_min),
        ..declare(
            Section::Plan, "smallest σ of the churn", "s-tmin", "SIGMA", "Heun: S_tmin, smallest σ at which noise is added",
        )
    },
    /// Heun's S_tmax.
    STmax => Declaration {
        part_of: Some("churn"),
        needs: &[Setting::SChurn],
        kind: number!(Number (0.0, f64::INFINITY), churn.sigma_max),
        ..declare(
            Section::Plan, "largest σ of the churn", "s-tmax", "SIGMA",
            "Heun: S_tmax, largest σ at which noise is added [default: no limit]",
        )
    },
    /// Heun's S_noise.
    SNoise => Declaration {
        part_of: Some("churn"),
        default: "1",
        needs: &[Setting::SChurn],
        kind: number!(Number (0.0, f64::MAX), churn.noise),
        ..declare(
            Section::Plan, "noise of the churn", "s-noise", "X", "Heun: S_noise, standard deviation of the noise added",
        )
    },
    /// Window of the local exact denoiser.
    Local => Declaration {
        without_value: Some("8"),
        place: field!(local),
        ..declare(
            Section::Steering, "window", "local", "K|FILE",
            "With {images}, compose new images: weight each pixel by a window of k×k pixels around it, k = K·σ, or a \
             CSV with columns sigma,k [default: K = 8]",
        )
    },
    /// Class, or one class and then another.
    Label => Declaration {
        excludes: &[Setting::LabelsByLevel],
        place: field!(label, label_switch),
        ..declare(
            Section::Steering, "class", "label", "CLASS",
            "Class, by number or by name (see `info`) [default: the null class]. [3:5:0.4] is class 3 for the first 40 \
             % of the steps, then 5; [5:0.4] starts without a class, [3::0.4] ends without one",
        )
    },
    /// A class per level.
    LabelsByLevel => Declaration {
        place: field!(by_level),
        ..declare(
            Section::Steering, "classes by level", "labels-by-level", "C,C,…",
            "A class per resolution level, finest first; the last one is also used for everything coarser",
        )
    },
    /// What a text-to-image model draws.
    Prompt => Declaration {
        excludes: &[
            Setting::Label, Setting::LabelsByLevel, Setting::PromptsByLevel, Setting::HiddenStates, Setting::Images, Setting::Cascade,
        ],
        kind: ValueKind::Text {
            set: |run, text| {
                run.prompt = Some(text.to_owned());
                Ok(())
            },
        },
        place: field!(prompt),
        ..declare(
            Section::Steering, "prompt", "prompt", "TEXT",
            "What to draw, for text-to-image models. (word:1.2) is emphasis, [a:b:0.4] is a for the first 40 % of the steps, \
             then b, [a|b] is each in turn [default: the null prompt]",
        )
    },
    /// The null prompt.
    Negative => Declaration {
        excludes: &[Setting::NullLabel, Setting::HiddenStates, Setting::Images, Setting::Cascade],
        kind: ValueKind::Text {
            set: |run, text| {
                run.negative = Some(text.to_owned());
                Ok(())
            },
        },
        place: field!(negative),
        ..declare(
            Section::Steering, "negative prompt", "negative", "TEXT",
            "The null prompt of text-to-image models, which guidance leads away from [default: the empty prompt]",
        )
    },
    /// A prompt per level.
    PromptsByLevel => Declaration {
        excludes: &[Setting::Label, Setting::LabelsByLevel, Setting::HiddenStates, Setting::Images, Setting::Cascade],
        kind: ValueKind::Text {
            set: |run, text| {
                let prompts = PromptsByLevel::read(text)?;
                run.prompts_by_level = Some(PromptsByLevel::new(prompts));
                Ok(())
            },
        },
        place: field!(prompts_by_level),
        ..declare(
            Section::Steering, "prompts by level", "prompts-by-level", "TEXT|TEXT|…",
            "A prompt per resolution level, finest first; the last one is also used for everything coarser. | outside \
             brackets separates prompts, \\| is a |",
        )
    },
    /// How they come together.
    ByLevel => Declaration {
        part_of: Some("classes by level"),
        default: "blend",
        choices: || LevelMode::ALL.map(LevelMode::name).to_vec(),
        needs: &[Setting::LabelsByLevel, Setting::PromptsByLevel],
        kind: ValueKind::Text {
            set: |run, name| {
                if let Some(mode) = LevelMode::ALL.into_iter().find(|mode| mode.name() == name) {
                    run.by_level.iter_mut().for_each(|levels| levels.mode = mode);
                    run.prompts_by_level.iter_mut().for_each(|levels| levels.mode = mode);
                }
                Ok(())
            },
        },
        ..declare(
            Section::Steering, "mode", "by-level", "MODE",
            "How classes or prompts by level are combined. blend: weighted by each level's share r_m; switch: only that of \
             the dominant level; band: each in its own level",
        )
    },
    /// Layers left out of a text encoder.
    ClipSkip => Declaration {
        excludes: &[Setting::HiddenStates, Setting::Images, Setting::Cascade],
        kind: number!(Whole (0, 100), clip_skip),
        offered: Some((0.0, 11.0)),
        place: field!(clip_skip),
        ..declare(
            Section::Steering, "CLIP skip", "clip-skip", "N",
            "Layers of the CLIP text encoders to leave out, counted from the last as in diffusers: 1 is \"Clip skip 2\" of \
             other programs [default: as the model was trained]",
        )
    },
    /// Which steps are decoded.
    Decode => Declaration {
        excludes: &[Setting::Images, Setting::Cascade],
        default: "last",
        effect: Effect::Decoded,
        kind: ValueKind::Text { set: |run, text| text.parse().map(|decode| run.decode = decode) },
        place: field!(decode),
        ..declare(
            Section::Steering, "decoded steps", "decode", "STEPS",
            "Which steps of a text-to-image model are decoded to images: last, every:N (with the last) or none. \
             Of the last step it is the result, of others the estimate",
        )
    },
    /// Guidance scale.
    Guidance => Declaration {
        place: field!(guidance),
        ..declare(
            Section::Steering, "guidance", "guidance", "W|FILE",
            "Guidance scale w, ε_∅ + w·(ε_c − ε_∅): a number, or a CSV with columns s,w; s runs from 1 (noise) to 0 \
             (image) [default: 1]",
        )
    },
    /// Use at several times the trained size.
    UpsampleGuidance => Declaration {
        kind: ValueKind::Whole {
            range: (2, 4),
            get: |run| run.upsample.map(|upsample| upsample.factor as u64),
            set: |run, factor| run.upsample = factor.map(|factor| Upsample::by(usize::try_from(factor).unwrap_or(2))),
        },
        place: field!(upsample),
        wrap: Some(|run, model| match run.upsample {
            Some(upsample) => {
                let denoiser = Box::new(Upsampled::new(model.denoiser, upsample, model.schedule.clone()));
                Wrapping { denoiser, parts: 2, ..model }
            }
            None => model,
        }),
        ..declare(
            Section::Steering, "upsample guidance", "upsample-guidance", "N",
            "Use the network at N times its trained size (2, 3 or 4), guided by its estimate for the pooled image",
        )
    },
    /// Weight of upsample guidance.
    Theta => Declaration {
        part_of: Some("upsample guidance"),
        default: "1",
        needs: &[Setting::UpsampleGuidance],
        kind: ValueKind::Number {
            range: NUMBERS,
            get: |run| run.upsample.map(|upsample| upsample.theta),
            set: |run, theta| run.upsample.iter_mut().zip(theta).for_each(|(upsample, theta)| upsample.theta = theta),
        },
        ..declare(Section::Steering, "θ of upsample guidance", "theta", "T", "Upsample guidance: weight θ")
    },
    /// Time of upsample guidance.
    UpsampleEta => Declaration {
        part_of: Some("upsample guidance"),
        default: "0.6",
        needs: &[Setting::UpsampleGuidance],
        kind: ValueKind::Number {
            range: (0.0, 1.0),
            get: |run| run.upsample.map(|upsample| upsample.eta),
            set: |run, eta| run.upsample.iter_mut().zip(eta).for_each(|(upsample, eta)| upsample.eta = eta),
        },
        ..declare(
            Section::Steering, "η of upsample guidance", "upsample-eta", "H",
            "Upsample guidance: share η of the model's time, from the noisy end, in which it acts",
        )
    },
    /// The null class.
    NullLabel => Declaration {
        excludes: &[Setting::Images],
        kind: ValueKind::Text {
            set: |run, label| {
                let label = label.parse().map_err(|_| "a class is a whole number; `chromascope info MODEL` lists them")?;
                run.null_label = Some(label);
                Ok(())
            },
        },
        place: field!(null_label),
        ..declare(
            Section::Steering, "null class", "null-label", "L",
            "Null class, if neither the model's card nor its configuration names it",
        )
    },
    /// Height and width.
    Size => Declaration {
        kind: ValueKind::Text { set: |run, size| read_size(size).map(|size| run.size = Some(size)) },
        place: field!(size),
        ..declare(
            Section::Steering, "size", "size", "HxW",
            "Height and width of the images in pixels [default: the trained size, or N times it with upsample guidance]",
        )
    },
    /// Conditioning embeddings.
    HiddenStates => Declaration {
        part_of: Some("conditioning"),
        kind: file!(hidden_states),
        place: field!(hidden_states),
        ..declare(
            Section::Steering, "embeddings", "hidden-states", "h.npy",
            "Conditioning embeddings for models that take them: .npy, floats, [B or 1, tokens, width]",
        )
    },
    /// Values of further inputs.
    Inputs => Declaration {
        part_of: Some("conditioning"),
        excludes: &[Setting::Images],
        repeats: true,
        kind: ValueKind::Text {
            set: |run, text| {
                let said = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
                let (name, value) = said
                    .filter(|(name, value)| !name.is_empty() && !value.is_empty())
                    .ok_or("use NAME=VALUE, such as difficulty=0.5 or mask=mask.png")?;
                run.inputs.insert(name.to_owned(), InputValue::read(value));
                Ok(())
            },
        },
        place: field!(inputs),
        ..declare(
            Section::Steering, "inputs", "input", "NAME=VALUE",
            "Value of a further input of the network (see `info`), for all images or one per image: a number, numbers \
             with commas, a .npy file, or an image file. May be repeated [default: the values in the model's card]",
        )
    },
    /// Channels behind those of the image.
    Concat => Declaration {
        part_of: Some("conditioning"),
        excludes: &[Setting::Images],
        kind: file!(concat),
        place: field!(concat),
        ..declare(
            Section::Steering, "conditioning image", "concat", "FILE",
            "Channels that the network takes behind those of the image, for super-resolution or inpainting: .npy, [C, H, \
             W] or [B, C, H, W], or an image file",
        )
    },
    /// The scheduler's configuration.
    SchedulerConfig => Declaration {
        kind: file!(scheduler_config),
        place: field!(scheduler_config),
        ..declare(
            Section::Network, "scheduler configuration", "scheduler-config", "FILE",
            "scheduler_config.json to use instead of the model's",
        )
    },
    /// What the network sees.
    State => Declaration {
        excludes: &[Setting::Images],
        choices: || NetworkState::ALL.iter().copied().map(NetworkState::name).collect(),
        kind: ValueKind::Text { set: |run, word| word.parse().map(|state| run.state = Some(state)) },
        place: field!(state),
        ..declare(
            Section::Network, "state", "state", "WORD",
            "What the network sees, if its files do not tell. vp: √ᾱ·x_0 + √(1−ᾱ)·ε; ve: x_0 + σ·ε; edm: c_in·(x_0 + σ·ε); \
             flow: (1−s)·x_0 + s·ε",
        )
    },
    /// What the network receives for the noise level.
    Time => Declaration {
        excludes: &[Setting::Images],
        choices: || NetworkTime::ALL.iter().copied().map(NetworkTime::name).collect(),
        kind: ValueKind::Text { set: |run, word| word.parse().map(|time| run.time = Some(time)) },
        place: field!(time),
        ..declare(
            Section::Network, "time", "time", "WORD",
            "What the network receives for the noise level, if its files do not tell. index: of the timestep; sigma: σ; \
             c-noise: ¼·ln σ; log-snr: λ; flow: s; flow-1000: 1000·s",
        )
    },
    /// What the network outputs.
    Prediction => Declaration {
        excludes: &[Setting::Images],
        kind: ValueKind::Text { set: |run, word| word.parse().map(|prediction| run.prediction = Some(prediction)) },
        place: field!(prediction),
        ..declare(
            Section::Network, "prediction", "prediction", "TYPE",
            "What the network outputs, instead of what its files tell: epsilon, sample, v_prediction, flow_prediction, edm \
             (F) or score",
        )
    },
    /// Name of the image input.
    InputSample => port!(
        sample, "input of the noisy image", "input-sample", "Name of the graph's image input, if more than one fits"
    ),
    /// Name of the timestep input.
    InputTimestep => port!(
        timestep, "input of the timestep", "input-timestep", "Name of the graph's timestep input, if more than one fits"
    ),
    /// Name of the class input.
    InputLabels => port!(
        class_labels, "input of the class", "input-labels", "Name of the graph's class input, if more than one fits"
    ),
    /// Name of the prediction.
    OutputName => port!(
        output, "output of the prediction", "output-name", "Name of the graph's prediction, if more than one fits"
    ),
    /// Where the network runs.
    Provider => Declaration {
        belongs: Belongs::ToAll,
        default: "auto",
        choices: || vec!["auto", "cpu", "cuda", "rust"],
        kind: ValueKind::Text {
            set: |run, name| {
                run.provider = match name {
                    "cpu" => ProviderChoice::Cpu,
                    "cuda" => ProviderChoice::Cuda,
                    "rust" => ProviderChoice::Rust,
                    _ => ProviderChoice::Auto,
                };
                Ok(())
            },
        },
        place: field!(provider),
        ..declare(
            Section::Network, "provider", "provider", "PROVIDER",
            "Where the model runs. auto: CUDA if it works, else the CPU; cpu or cuda: that one or an error; rust: \
             Chromascope's own code, for exact models",
        )
    },
    /// Whether CUDA may round.
    Tf32 => Declaration {
        part_of: Some("provider"),
        belongs: Belongs::ToAll,
        kind: ValueKind::Switch { get: |run| run.tf32, set: |run, on| run.tf32 = on },
        place: field!(tf32),
        ..declare(
            Section::Network, "TF32", "tf32", "",
            "Let CUDA use TF32: faster, accurate to about 1e-3",
        )
    },
    /// Threads inside one operator.
    Threads => Declaration {
        part_of: Some("provider"),
        belongs: Belongs::ToAll,
        effect: Effect::Speed,
        kind: number!(Whole (1, 256), threads),
        place: field!(threads),
        ..declare(
            Section::Network, "threads", "threads", "N",
            "Threads per network operator [default: one per core]",
        )
    },
    /// Most samples a network call.
    Partition => Declaration {
        part_of: Some("provider"),
        belongs: Belongs::ToAll,
        effect: Effect::Speed,
        kind: number!(Whole (1, u64::MAX), partition),
        place: field!(partition),
        ..declare(Section::Network, "samples per call", "partition", "N", "Maximum samples per network call [default: by \
                                                                         image size]")
    },
    /// Images at once.
    Batch => Declaration {
        letter: Some('b'),
        default: "1",
        belongs: Belongs::ToAll,
        effect: Effect::Draw,
        kind: number!(Whole (1, MAX_BATCH as u64), batch),
        offered: Some((1.0, 64.0)),
        place: field!(batch),
        ..declare(Section::Images, "batch", "batch", "B", "Images made in one run; each is the same as it would be alone")
    },
    /// The number of the first.
    FirstSample => Declaration {
        option: None,
        effect: Effect::Draw,
        kind: number!(Whole (0, u64::MAX), first_sample),
        place: field!(first_sample),
        ..declare(Section::Images, "first sample", "", "N", "Number of the first image")
    },
    /// Initial noise.
    InitNoise => Declaration {
        kind: file!(init_noise),
        place: field!(init_noise),
        ..declare(
            Section::Images, "initial noise", "init-noise", "x_T.npy",
            "Initial noise to use instead of the seed's: .npy, floats, [B, C, H, W], unit variance",
        )
    },
    /// Injected noise.
    StepNoise => Declaration {
        kind: file!(step_noise),
        place: field!(step_noise),
        ..declare(
            Section::Images, "step noise", "step-noise", "n.npy",
            "Injected noise to use instead of the seed's: .npy, floats, [S, B, C, H, W]; step i uses entry i",
        )
    },
}

/// Reads `HxW`.
pub(crate) fn read_size(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once(['x', 'X', '×']).and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)));
    parts.ok_or_else(|| "a size is HEIGHTxWIDTH in pixels, such as 64x64".into())
}
