use crate::session::setting::Setting;
use crate::theory::NetworkTime;
use crate::words::count;

/// Why a setting is not valid, or does not suit its model. Settings have names for the command line and for the window: see
/// [`Voice`](crate::words::voice::Voice).
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A number is out of range.
    #[error("{setting} {value} is out of range; it must be {range}")]
    OutOfRange {
        /// The setting.
        setting: Setting,
        /// Its value.
        value: String,
        /// The range, in words.
        range: String,
    },
    /// The sampler does not have the setting.
    #[error("{setting} has no effect with {sampler}; it belongs to {belongs_to}")]
    NotForSampler {
        /// The setting.
        setting: Setting,
        /// The sampler.
        sampler: &'static str,
        /// Samplers that have it.
        belongs_to: String,
    },
    /// The model does not have the setting.
    #[error("{setting} has no effect on {model}; leave it out")]
    NotForModel {
        /// The setting.
        setting: Setting,
        /// The model, and why.
        model: String,
    },
    /// The setting needs another to have an effect.
    #[error("{setting} limits {needs} and has no effect without it; leave it out")]
    Without {
        /// The setting.
        setting: Setting,
        /// What it needs.
        needs: Setting,
    },
    /// The ends of a range are in the wrong order.
    #[error("{} is below {}; the largest must not be below the smallest", Setting::STmax, Setting::STmin)]
    ChurnEnds,
    /// The model cannot take the value.
    #[error("{setting}{} was given, but {because}; leave it out", value.map(|value| format!(" {value}")).unwrap_or_default())]
    Useless {
        /// The setting.
        setting: Setting,
        /// The class, if it is one.
        value: Option<i64>,
        /// Why not.
        because: String,
    },
    /// Two settings exclude each other.
    #[error("{} and {} both set the class; leave one of them out", Setting::Label, Setting::LabelsByLevel)]
    TwoClasses,
    /// Two settings of prompts exclude each other.
    #[error("{} and {} both set what is drawn; leave one of them out", Setting::Prompt, Setting::PromptsByLevel)]
    TwoPrompts,
    /// There is no prompt at all.
    #[error("{} lists no prompt; give one per level, finest first", Setting::PromptsByLevel)]
    NoPrompts,
    /// There are more prompts than levels.
    #[error(
        "{} lists {}, but latents of {}x{} have {} and the rest; give at most {}",
        Setting::PromptsByLevel, count(*.prompts, "prompt"), size.0, size.1, count(*.levels, "level"), levels + 1
    )]
    MorePromptsThanLevels {
        /// Number of prompts.
        prompts: usize,
        /// Number of levels.
        levels: usize,
        /// Height and width of the latents.
        size: (usize, usize),
    },
    /// The blocks do not fit the latents.
    #[error(
        "{} band cuts the latents into blocks of {block}x{block}, which do not fit into {}x{}; choose a {} in multiples of \
         {multiple}, fewer levels, or {} blend",
        Setting::ByLevel, size.0, size.1, Setting::Size, Setting::ByLevel
    )]
    PromptBands {
        /// Side of the coarsest block.
        block: usize,
        /// Height and width of the latents.
        size: (usize, usize),
        /// The same block in pixels of the image.
        multiple: usize,
    },
    /// A scale that changes, for a network that is told it.
    #[error(
        "the model {model} is told the guidance scale, one for the whole run, so {} cannot change over time; give a number",
        Setting::Guidance
    )]
    ScaleIsTold {
        /// The model.
        model: String,
    },
    /// A class does not exist.
    #[error("{what} {class} is out of range: this model's classes are 0 to {last}")]
    NoSuchClass {
        /// The setting, or where the class was found.
        what: ClassOf,
        /// The class.
        class: i64,
        /// The last class.
        last: usize,
    },
    /// A class is negative.
    #[error("{what} {class} is negative; classes start at 0")]
    NegativeClass {
        /// The setting, or where the class was found.
        what: ClassOf,
        /// The class.
        class: i64,
    },
    /// A class changes outside the run.
    #[error("{} changes at {at}; give a share of the run from 0 to 1, such as [3:5:0.4]", Setting::Label)]
    SwitchOutside {
        /// The time of the change.
        at: f64,
    },
    /// There is no class at all.
    #[error("{} lists no class; give one per level, finest first", Setting::LabelsByLevel)]
    NoClasses,
    /// There are more classes than levels.
    #[error(
        "{} lists {}, but images of {}x{} have {} and the rest; give at most {}",
        Setting::LabelsByLevel, count(*.classes, "class"), size.0, size.1, count(*.levels, "level"), levels + 1
    )]
    MoreClassesThanLevels {
        /// Number of classes.
        classes: usize,
        /// Number of levels.
        levels: usize,
        /// Height and width.
        size: (usize, usize),
    },
    /// The blocks do not fit the image.
    #[error(
        "{} band cuts the image into blocks of {block}x{block}, which do not fit into {}x{}; choose a {} in multiples of \
         {block}, fewer levels, or {} blend",
        Setting::ByLevel, size.0, size.1, Setting::Size, Setting::ByLevel
    )]
    Bands {
        /// Side of the coarsest block.
        block: usize,
        /// Height and width.
        size: (usize, usize),
    },
    /// A guidance scale is too large.
    #[error("{} reaches {largest:e}, too large to compute with; it must be at most 1e6", Setting::Guidance)]
    GuidanceTooStrong {
        /// The largest.
        largest: f64,
    },
    /// A guidance scale is not a number.
    #[error("{} {scale} is not a number", Setting::Guidance)]
    GuidanceNoNumber {
        /// Its value.
        scale: f64,
    },
    /// A size is not valid.
    #[error("{} {}x{} is not a size; both sides must be between 1 and {most}", Setting::Size, size.0, size.1)]
    NoSize {
        /// Height and width.
        size: (usize, usize),
        /// Longest side.
        most: usize,
    },
    /// A model does not accept a size.
    #[error("{} {}x{} does not fit: this model {is} for {only} only; leave {} out", Setting::Size, size.0, size.1, Setting::Size)]
    OtherSize {
        /// Height and width.
        size: (usize, usize),
        /// How the size came about.
        is: &'static str,
        /// What it accepts.
        only: String,
    },
    /// A size is not a multiple of the required number.
    #[error("{} {}x{} does not fit: {why}", Setting::Size, size.0, size.1)]
    SizeNoMultiple {
        /// Height and width.
        size: (usize, usize),
        /// The number, and why.
        why: String,
    },
    /// A window is set for a model without images.
    #[error("{} needs a folder of images, but {model}; leave it out or give {}", Setting::Local, Setting::Images)]
    LocalNeedsImages {
        /// What kind of model it is.
        model: String,
    },
    /// The model does not support upsample guidance.
    #[error("{why}, or leave {} out", Setting::UpsampleGuidance)]
    NoUpsampling {
        /// Why, and what to do instead.
        why: &'static str,
    },
    /// A network needs ONNX Runtime.
    #[error(
        "the model {model} is a network and needs ONNX Runtime; only exact models run in Chromascope's own code ({} \
         rust)",
        Setting::Provider
    )]
    NotExact {
        /// The model.
        model: String,
    },
    /// The model predicts noise at a level without signal.
    #[error(
        "this schedule starts at zero signal (ᾱ = 0), where a noise prediction cannot recover the image; use {} \
         leading or a σ family, or a model that predicts v or x_0",
        Setting::Spacing
    )]
    ZeroSignal,
    /// A time that needs a table of timesteps, on a schedule without one.
    #[error(
        "the network receives the index of the timestep ({} index), but its schedule has no table of timesteps; set another {} or \
         another {}",
        Setting::Time,
        Setting::Time,
        Setting::SchedulerConfig
    )]
    NoIndex,
    /// A time with fractions for an input of whole numbers.
    #[error(
        "the network's timestep input takes whole numbers only, but {} {time} has fractions; set {} index or flow-1000",
        Setting::Time,
        Setting::Time
    )]
    WholeTime {
        /// The time.
        time: NetworkTime,
    },
    /// A network that has no input for pure noise.
    #[error(
        "this schedule starts at pure noise, where σ is infinite, but {what}; use {} leading or a σ family, or a list of \
         levels that starts lower",
        Setting::Spacing
    )]
    InfiniteAtNoise {
        /// What becomes infinite.
        what: &'static str,
    },
    /// The model's configuration rules out the sampler.
    #[error(
        "this model's scheduler uses DDPM with a learned variance, which is not supported; choose another sampler, \
         such as {} ddim with {} 1",
        Setting::Sampler,
        Setting::Eta
    )]
    LearnedVariance,
    /// There is not enough memory.
    #[error(
        "this run needs {needed:.1} GB (steps: {steps}, images: {batch}, {}x{} each), more than the {allowed:.1} GB \
         allowed; use fewer steps, a smaller {} or a smaller {}",
        size.0, size.1, Setting::Batch, Setting::Size
    )]
    Memory {
        /// Needed, gigabytes.
        needed: f64,
        /// Available, gigabytes.
        allowed: f64,
        /// Steps.
        steps: usize,
        /// Images per run.
        batch: usize,
        /// Height and width.
        size: (usize, usize),
    },
    /// Something named in a sentence that is not always a setting.
    #[error("{0}")]
    Other(String),
}

/// The settings that choose a class.
#[derive(Clone, Copy, Debug)]
pub enum ClassOf {
    /// A setting.
    Setting(Setting),
    /// The model: its null class.
    Model,
}

impl std::fmt::Display for ClassOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Setting(setting) => setting.fmt(f),
            Self::Model => f.write_str("the null class"),
        }
    }
}
