use crate::session::setting::Setting;
use crate::words::count;

/// Why a setting cannot be, or does not suit its model. Settings are named for both readers: see
/// [`Voice`](crate::words::voice::Voice).
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A number outside of its range.
    #[error("{setting} {value} is out of range; it must be {range}")]
    OutOfRange {
        /// Which.
        setting: Setting,
        /// What it is.
        value: String,
        /// What it could be, in words.
        range: String,
    },
    /// A sampler that does not have it.
    #[error("{setting} has no effect with {sampler}; it belongs to {belongs_to}")]
    NotForSampler {
        /// What was decided.
        setting: Setting,
        /// The sampler.
        sampler: &'static str,
        /// Samplers that have it.
        belongs_to: String,
    },
    /// A model that does not have it.
    #[error("{setting} has no effect on {model}; leave it out")]
    NotForModel {
        /// What was decided.
        setting: Setting,
        /// The model, and why.
        model: String,
    },
    /// Something that is nothing by itself.
    #[error("{setting} limits {needs} and has no effect without it; leave it out")]
    Without {
        /// What was decided.
        setting: Setting,
        /// What it needs.
        needs: Setting,
    },
    /// Both ends of a range in the wrong order.
    #[error("{} is below {}; the largest must not be below the smallest", Setting::STmax, Setting::STmin)]
    ChurnEnds,
    /// Something that the model cannot be given.
    #[error("{setting}{} was given, but {because}; leave it out", value.map(|value| format!(" {value}")).unwrap_or_default())]
    Useless {
        /// What was decided.
        setting: Setting,
        /// The class, where it is one.
        value: Option<i64>,
        /// Why it is of no use.
        because: String,
    },
    /// Two ways to say one thing.
    #[error("{} and {} both set the class; leave one of them out", Setting::Label, Setting::LabelsByLevel)]
    TwoClasses,
    /// A class that is not there.
    #[error("{what} {class} is out of range: this model's classes are 0 to {last}")]
    NoSuchClass {
        /// What was decided, or found.
        what: ClassOf,
        /// The class.
        class: i64,
        /// The last there is.
        last: usize,
    },
    /// A class below zero.
    #[error("{what} {class} is negative; classes start at 0")]
    NegativeClass {
        /// What was decided, or found.
        what: ClassOf,
        /// The class.
        class: i64,
    },
    /// A class that changes outside of the run.
    #[error("{} changes at {at}; give a share of the run from 0 to 1, such as [3:5:0.4]", Setting::Label)]
    SwitchOutside {
        /// When.
        at: f64,
    },
    /// No class at all.
    #[error("{} lists no class; give one per level, finest first", Setting::LabelsByLevel)]
    NoClasses,
    /// More classes than there are levels.
    #[error(
        "{} lists {}, but images of {}x{} have {} and the rest; give at most {}",
        Setting::LabelsByLevel, count(*.classes, "class"), size.0, size.1, count(*.levels, "level"), levels + 1
    )]
    MoreClassesThanLevels {
        /// How many classes.
        classes: usize,
        /// How many levels.
        levels: usize,
        /// Height and width.
        size: (usize, usize),
    },
    /// Blocks that do not fit the image.
    #[error(
        "{} band cuts the image into blocks of {block}x{block}, which do not fit into {}x{}; choose a {} in multiples of \
         {block}, fewer levels, or {} blend",
        Setting::ByLevel, size.0, size.1, Setting::Size, Setting::ByLevel
    )]
    Bands {
        /// Side of the coarsest.
        block: usize,
        /// Height and width.
        size: (usize, usize),
    },
    /// A guidance scale beyond all use.
    #[error("{} reaches {largest:e}, too large to compute with; it must be at most 1e6", Setting::Guidance)]
    GuidanceTooStrong {
        /// The largest.
        largest: f64,
    },
    /// A guidance scale that is not a number.
    #[error("{} {scale} is not a number", Setting::Guidance)]
    GuidanceNoNumber {
        /// What it is.
        scale: f64,
    },
    /// A size that is none.
    #[error("{} {}x{} is not a size; both sides must be between 1 and {most}", Setting::Size, size.0, size.1)]
    NoSize {
        /// Height and width.
        size: (usize, usize),
        /// Longest side.
        most: usize,
    },
    /// A size that a model does not have.
    #[error("{} {}x{} does not fit: this model {is} for {only} only; leave {} out", Setting::Size, size.0, size.1, Setting::Size)]
    OtherSize {
        /// Height and width.
        size: (usize, usize),
        /// What was done to it.
        is: &'static str,
        /// What it takes.
        only: String,
    },
    /// A size that is no multiple of what it must be.
    #[error("{} {}x{} does not fit: {why}", Setting::Size, size.0, size.1)]
    SizeNoMultiple {
        /// Height and width.
        size: (usize, usize),
        /// Of what, and why.
        why: String,
    },
    /// A window of a model without images.
    #[error("{} needs a folder of images, but {model}; leave it out or give {}", Setting::Local, Setting::Images)]
    LocalNeedsImages {
        /// What the model is.
        model: String,
    },
    /// Upsample guidance of a model that cannot be used so.
    #[error("{why}, or leave {} out", Setting::UpsampleGuidance)]
    NoUpsampling {
        /// Why, and what else could be done.
        why: &'static str,
    },
    /// A network without ONNX Runtime.
    #[error(
        "the model {model} is a network and needs ONNX Runtime; only exact models run in Chromascope's own code ({} \
         rust)",
        Setting::Provider
    )]
    NotExact {
        /// The model.
        model: String,
    },
    /// A noise prediction where there is no signal.
    #[error(
        "this schedule starts at zero signal (ᾱ = 0), where a noise prediction cannot recover the image; use {} \
         leading or a σ family, or a model that predicts v or x_0",
        Setting::Spacing
    )]
    ZeroSignal,
    /// A sampler that the model's configuration does not allow.
    #[error(
        "this model's scheduler uses DDPM with a learned variance, which is not supported; choose another sampler, \
         such as {} ddim with {} 1",
        Setting::Sampler,
        Setting::Eta
    )]
    LearnedVariance,
    /// More than there is room for.
    #[error(
        "this run needs {needed:.1} GB (steps: {steps}, images: {batch}, {}x{} each), more than the {allowed:.1} GB \
         allowed; use fewer steps, a smaller {} or a smaller {}",
        size.0, size.1, Setting::Batch, Setting::Size
    )]
    Memory {
        /// Gigabytes.
        needed: f64,
        /// Gigabytes.
        allowed: f64,
        /// Steps.
        steps: usize,
        /// Images at once.
        batch: usize,
        /// Height and width.
        size: (usize, usize),
    },
    /// Something that no setting is called by.
    #[error("{0}")]
    Other(String),
}

/// What says which class.
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
