//! The exact models in Chromascope's own code, which need no ONNX Runtime.

use super::SettingError;
use super::arrays::Digests;
use super::open::{check_size, read_config};
use super::{Classes, LoadProgress, Loading, NullClass, OpenDenoiser, PrepareError, check, data_within};
use crate::denoiser::empirical::ImageSet;
use crate::denoiser::{
    CancelFlag, ClassDenoiser, Clipping, DenoiseError, Denoised, Denoiser, EmpiricalDenoiser, GaussianDenoiser,
    ImageShape, LocalDenoiser, WindowSize,
};
use crate::model::contract::Element;
use crate::model::exact::ExactModel;
use crate::model::graph_file::GraphFile;
use crate::model::package::Package;
use crate::model::{SchedulerConfig, hex};
use crate::schedule::{BetaSchedule, ModelSchedule, Spacing};
use crate::session::images::read_folder;
use crate::session::setting::Setting;
use crate::session::settings::{ProviderChoice, RunSettings};
use crate::theory::{NoiseLevel, Parameterization, Prediction};
use crate::words::count;
use ndarray::ArrayView4;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::OnceLock;

/// Most broken files of a folder that are named individually.
const NAMED: usize = 20;
/// Default size of a folder's images, pixels.
const SIDE: usize = 64;
/// What all exact models predict.
pub(super) const PARAMETERIZATION: Parameterization = Parameterization::vp(Prediction::Sample);

/// An open exact model.
pub(super) struct OpenExact {
    kind: ExactKind,
    pub(super) config: SchedulerConfig,
    pub(super) schedule: ModelSchedule,
    clipping: Clipping,
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) image: ImageShape,
    /// Number of class embeddings, if known.
    classes: Option<usize>,
    /// The null class.
    pub(super) null: Option<NullClass>,
    /// The bundled model's files; `None` for a folder of images.
    pub(super) package: Option<Package>,
    pub(super) notes: Vec<String>,
}

enum ExactKind {
    Gaussian(Box<GaussianDenoiser>),
    Images(Box<Images>),
}

/// Images with the denoisers made from them.
struct Images {
    set: ImageSet,
    whole: EmpiricalDenoiser,
    /// Made on first use.
    local: OnceLock<LocalDenoiser>,
}

impl Images {
    fn new(set: ImageSet, schedule: &ModelSchedule) -> Self {
        let whole = EmpiricalDenoiser::new(set.clone(), schedule.clone(), Vec::new());
        Self { set, whole, local: OnceLock::new() }
    }

    fn local(&self, window: &WindowSize, schedule: &ModelSchedule) -> LocalDenoiser {
        let made = || LocalDenoiser::new(self.set.clone(), schedule.clone(), window.clone(), Vec::new());
        self.local.get_or_init(made).clone().with_window(window.clone())
    }
}

/// The exact posterior mean over a folder of images, on the cosine schedule unless another is given.
pub(super) fn open_folder(
    folder: &Path,
    settings: &RunSettings,
    progress: &LoadProgress,
) -> Result<OpenExact, PrepareError> {
    no_label(settings, "a folder of images has no classes")?;
    let size = settings.size.unwrap_or((SIDE, SIDE));
    check_size(size)?;
    if !matches!(settings.provider, ProviderChoice::Auto | ProviderChoice::Rust) {
        let model = "a folder of images, which needs no ONNX Runtime".into();
        return Err(SettingError::NotForModel { setting: Setting::Provider, model }.into());
    }
    // Before anything is read: reading many large images takes long.
    check::room(settings.steps, [settings.batch, 3, size.0, size.1], 0)?;
    let mut notes = Vec::new();
    let config = match &settings.scheduler_config {
        Some(file) => read_config(file, &mut notes)?,
        None => cosine(),
    };
    let schedule = config.model_schedule()?;
    let found = read_folder(folder, size, &|done, total| progress(Loading::Images { done, total }))?;
    notes.push(format!("read {} of {}x{} from {}", count(found.set.len(), "image"), size.0, size.1, folder.display()));
    notes
        .extend(found.skipped.iter().take(NAMED).map(|(path, reason)| format!("skipped {}: {reason}", path.display())));
    if found.skipped.len() > NAMED {
        let more = found.skipped.len() - NAMED;
        let were = if more == 1 { "was" } else { "were" };
        notes.push(format!("{} {were} skipped", count(more, "more file")));
    }
    Ok(OpenExact {
        sha256: hex(&Sha256::digest(&found.set.pixels)),
        image: found.set.shape,
        kind: ExactKind::Images(Box::new(Images::new(found.set, &schedule))),
        config,
        schedule,
        clipping: Clipping::None,
        name: folder.display().to_string(),
        classes: None,
        null: None,
        package: None,
        notes,
    })
}

/// A bundled exact model without its graph.
pub(super) fn open_bundled(package: Package, settings: &RunSettings) -> Result<OpenExact, PrepareError> {
    let exact = package
        .card
        .as_ref()
        .and_then(|card| card.exact.as_ref())
        .ok_or_else(|| SettingError::NotExact { model: package.name.clone() })?;
    for setting in [Setting::State, Setting::Time, Setting::Prediction] {
        if setting.differs(settings, &RunSettings::new(settings.source.clone())) {
            let model = format!("{}, which is exact and has no network", package.name);
            return Err(SettingError::NotForModel { setting, model }.into());
        }
    }
    let graph = GraphFile::read(&package.onnx)?;
    let mut notes = package.notes.clone();
    let config = match settings.scheduler_config.as_ref().or(package.scheduler_config.as_ref()) {
        Some(file) => read_config(file, &mut notes)?,
        None => cosine(),
    };
    let schedule = config.model_schedule()?;
    let exact = ExactModel::read(exact, &package)?;
    Ok(OpenExact {
        image: exact.image(),
        kind: match exact {
            ExactModel::Gaussian { side, .. } => {
                ExactKind::Gaussian(Box::new(GaussianDenoiser::new(side, schedule.clone())))
            }
            ExactModel::Empirical(images) => ExactKind::Images(Box::new(Images::new(images, &schedule))),
        },
        clipping: config.clipping,
        config,
        schedule,
        name: package.name.clone(),
        sha256: graph.sha256,
        classes: package.config.num_class_embeds,
        null: NullClass::of(&package, settings.null_label),
        package: Some(package),
        notes,
    })
}

impl OpenExact {
    /// Whether it has classes.
    pub(super) fn has_classes(&self) -> bool {
        self.package.is_some() && matches!(self.kind, ExactKind::Images(_))
    }

    /// Its classes.
    fn classes(&self) -> Classes {
        Classes {
            none_because: match &self.kind {
                ExactKind::Gaussian(_) => Some("this model has no classes"),
                ExactKind::Images(_) if !self.has_classes() => Some("a folder of images has no classes"),
                ExactKind::Images(_) => None,
            },
            count: self.classes,
            null: self.null,
            null_is_all: true,
        }
    }

    /// A denoiser for one run.
    pub(super) fn denoiser(
        &self,
        settings: &RunSettings,
        wanted: Option<(usize, usize)>,
        pooled_by: usize,
    ) -> Result<OpenDenoiser, PrepareError> {
        let Self { image, .. } = *self;
        if pooled_by > 1 {
            let why = "upsample guidance needs a network that takes any size, but this model is exact at one size \
                       only; choose another model";
            return Err(SettingError::NoUpsampling { why }.into());
        }
        if let Some(size) = wanted.filter(|size| *size != (image.height, image.width)) {
            let only = format!("{}x{}", image.height, image.width);
            return Err(SettingError::OtherSize { size, is: "is made", only }.into());
        }
        let flag = CancelFlag::default();
        let null = self.null.map(|null| null.label);
        let denoiser: Box<dyn ClassDenoiser> = match &self.kind {
            ExactKind::Gaussian(gaussian) => {
                Box::new(Exact::Gaussian(GaussianDenoiser::clone(gaussian).with_cancel(flag.clone())))
            }
            ExactKind::Images(images) => match &settings.local {
                None => Box::new(Exact::Images { images: images.whole.clone().with_cancel(flag.clone()), null }),
                Some(window) => {
                    let images = images.local(window, &self.schedule).with_cancel(flag.clone());
                    Box::new(Exact::Local { images, null })
                }
            },
        };
        if settings.local.is_some() && matches!(self.kind, ExactKind::Gaussian(_)) {
            let model = format!("{} has none", self.name);
            return Err(SettingError::LocalNeedsImages { model }.into());
        }
        Ok(OpenDenoiser {
            denoiser,
            canceller: flag.into(),
            config: self.config.clone(),
            schedule: self.schedule.clone(),
            parameterization: PARAMETERIZATION,
            clipping: self.clipping,
            data_within: data_within(image.channels, matches!(self.kind, ExactKind::Gaussian(_))),
            name: self.name.clone(),
            sha256: self.sha256.clone(),
            image,
            classes: self.classes(),
            null_inputs: false,
            stages: None,
            timestep: Element::F32,
            provider: "rust",
            onnxruntime: None,
            threads: rayon::current_num_threads(),
            partition: 1,
            digests: Digests::new(),
            notes: Vec::new(),
            prompts: None,
        })
    }
}

/// The program's own denoisers, which know about classes.
enum Exact {
    Gaussian(GaussianDenoiser),
    Images { images: EmpiricalDenoiser, null: Option<i64> },
    Local { images: LocalDenoiser, null: Option<i64> },
}

impl ClassDenoiser for Exact {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        match self {
            Self::Gaussian(gaussian) => gaussian.denoise(x_t, level, out),
            Self::Images { images, null } => {
                images.set_classes(members(classes, *null));
                images.denoise(x_t, level, out)
            }
            Self::Local { images, null } => {
                images.set_classes(members(classes, *null));
                images.denoise(x_t, level, out)
            }
        }
    }
}

/// The classes whose images are meant; the null class is all images.
fn members(classes: &[i64], null: Option<i64>) -> impl Iterator<Item = Option<i64>> {
    classes.iter().map(move |class| Some(*class).filter(|class| Some(*class) != null))
}

fn no_label(settings: &RunSettings, because: &str) -> Result<(), PrepareError> {
    match settings.label {
        Some(label) => {
            let because = because.into();
            Err(SettingError::Useless { setting: Setting::Label, value: Some(label), because }.into())
        }
        None => Ok(()),
    }
}

/// The cosine schedule, trailing, unclipped.
fn cosine() -> SchedulerConfig {
    SchedulerConfig {
        beta_schedule: BetaSchedule::SquaredcosCapV2,
        clipping: Clipping::None,
        timestep_spacing: Spacing::Trailing,
        ..SchedulerConfig::for_class("DDIMScheduler")
    }
}
