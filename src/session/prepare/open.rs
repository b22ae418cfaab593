use super::convention::{doubt_in_words, take_prediction};
use super::{ClassOf, SettingError};
use super::{Classes, NullClass, PrepareError};
use crate::model::contract::Contract;
use crate::model::convention::Convention;
use crate::model::graph_file::GraphFile;
use crate::model::onnx::{OnnxSession, SessionOptions};
use crate::model::onnx_runtime::{LoadedRuntime, Provider, compiled_in, find_and_load, warm_up};
use crate::model::package::{Card, MOST_SIDE, Package, SampleSize};
use crate::model::{LoadStop, SchedulerConfig};
use crate::session::settings::{ProviderChoice, RunSettings};
use std::path::{Path, PathBuf};

/// An open model with its defaults resolved, before any run.
pub struct OpenModel {
    /// Its files.
    pub package: Package,
    /// The graph's file.
    pub graph: GraphFile,
    /// The session.
    pub session: OnnxSession,
    /// Its inputs and outputs.
    pub contract: Contract,
    /// The provider.
    pub provider: Provider,
    /// Its state, time and prediction.
    pub convention: Convention,
    /// Scheduler configuration: from a file, or assumed; see `schedule_assumed`.
    pub scheduler: Option<SchedulerConfig>,
    /// The file that it was read from.
    pub scheduler_file: Option<PathBuf>,
    /// The schedule in words, if there is no configuration and it is assumed.
    pub schedule_assumed: Option<String>,
    /// ONNX Runtime.
    pub runtime: &'static LoadedRuntime,
    /// Threads inside one operator.
    pub threads: usize,
    /// Why it does not run on CUDA, if CUDA was tried.
    pub no_cuda: Option<String>,
    /// Defaults resolved and warnings.
    pub notes: Vec<String>,
}

/// One thread per core available to this process. It is set explicitly for ONNX Runtime, because sums depend
/// on how they are split, and a replay must split them in the same way.
pub(super) fn default_threads() -> usize {
    num_cpus::get_physical().min(num_cpus::get()).max(1)
}

impl OpenModel {
    /// Checks and opens a network.
    pub fn open(package: Package, settings: &RunSettings, onnxruntime: Option<&Path>) -> Result<Self, PrepareError> {
        Self::open_if(package, settings, onnxruntime, &|_, _| Ok(()))
    }

    /// The same if `allowed` allows it, once the graph is read.
    pub(super) fn open_if(
        package: Package,
        settings: &RunSettings,
        onnxruntime: Option<&Path>,
        allowed: &dyn Fn(&GraphFile, Provider) -> Result<(), PrepareError>,
    ) -> Result<Self, PrepareError> {
        // The library loads while the graph is read and hashed; errors in the graph are reported first.
        let stop = LoadStop::current();
        let (graph, runtime) = std::thread::scope(|scope| {
            let graph = scope.spawn(|| LoadStop::rule_as(stop, || GraphFile::read(&package.onnx)));
            let runtime = find_and_load(onnxruntime);
            (graph.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), runtime)
        });
        let graph = graph?;
        let mut notes = package.notes.clone();
        let config_file = settings.scheduler_config.as_ref().or(package.scheduler_config.as_ref());
        let mut scheduler = match config_file {
            Some(file) => Some(read_config(file, &mut notes)?),
            None => None,
        };
        let scheduler_file = config_file.cloned();
        let card = package.card.as_ref();
        if let Some(config) = &mut scheduler {
            take_prediction(config, settings.words().or(card.map(Card::words).unwrap_or_default()));
        }
        let runtime = runtime?;
        let (mut provider, mut no_cuda) = choose_provider(settings, runtime)?;
        let threads = settings.threads.unwrap_or_else(default_threads);
        allowed(&graph, provider)?;
        let options = SessionOptions { provider, intra_threads: Some(threads) };
        let session = match OnnxSession::open_again(&package.onnx, &graph, runtime, options) {
            Err(error) if provider != Provider::Cpu && settings.provider == ProviderChoice::Auto => {
                no_cuda = Some(format!("CUDA cannot run this model, so the CPU is used: {error}"));
                provider = Provider::Cpu;
                allowed(&graph, provider)?;
                OnnxSession::open_again(&package.onnx, &graph, runtime, SessionOptions { provider, ..options })?
            }
            opened => opened?,
        };
        notes.extend(no_cuda.clone());
        let contract = Contract::decide(&session.inputs(), &session.outputs(), &settings.ports, &package.declared())
            .map_err(|source| PrepareError::Contract { path: package.onnx.clone(), source })?;
        if contract.learned_variance {
            notes.push("the network also predicts a variance (second half of its channels), which is not used".into());
        }
        let convention = Convention::decide(settings.words(), card, scheduler.as_ref(), &contract);
        notes.extend(doubt_in_words(&convention));
        let (assumed, schedule_assumed) = match scheduler {
            Some(config) => (Some(config), None),
            None => convention.assumed_config(card).unzip(),
        };
        if let Some(words) = &schedule_assumed {
            notes.push(format!("{} has no scheduler_config.json; its schedule is assumed to be {words}", package.name));
        }
        let mut assumed = assumed;
        if let Some(config) = &mut assumed {
            // A packed image's tokens are its patches, whatever its transformer does with them.
            let packed = Some(contract.layout.size_multiple()).filter(|side| *side > 1);
            config.patch_size = packed.or(package.config.patch_side());
        }
        Ok(Self {
            package,
            graph,
            session,
            contract,
            convention,
            provider,
            scheduler: assumed,
            scheduler_file,
            schedule_assumed,
            runtime,
            threads,
            no_cuda,
            notes,
        })
    }

    /// The null class: from the user, else from the card, else a guess.
    #[must_use]
    pub fn null_class(&self, user: Option<i64>) -> Option<NullClass> {
        NullClass::of(&self.package, user)
    }

    /// Trained size: fixed by the graph, else from the configuration.
    #[must_use]
    pub fn native_size(&self) -> Option<(usize, usize)> {
        match self.contract.fixed_size() {
            (Some(height), Some(width)) => Some((height, width)),
            _ => self.package.config.sample_size.map(SampleSize::height_width),
        }
    }

    /// Whether it accepts other sizes than its trained one.
    #[must_use]
    pub fn takes_sizes(&self) -> bool {
        !matches!(self.contract.fixed_size(), (Some(_), Some(_)))
    }

    /// The number that height and width must be multiples of.
    #[must_use]
    pub fn size_multiple(&self) -> usize {
        self.package.size_multiple().max(self.contract.layout.size_multiple())
    }

    /// Height and width of the run's images, whose states are smaller by `pixels_each`, which is 1 where the images are the
    /// states. With `pooled_by` the network also sees states pooled by that factor, so both sizes must fit; 1 if it does
    /// not.
    pub(super) fn size(
        &self,
        wanted: Option<(usize, usize)>,
        pooled_by: usize,
        pixels_each: usize,
    ) -> Result<(usize, usize), PrepareError> {
        let times = |factor: usize| move |(height, width): (usize, usize)| (height * factor, width * factor);
        let native = self.native_size().map(times(pixels_each * pooled_by));
        let (height, width) = wanted.or(native).ok_or(PrepareError::NoSize)?;
        check_size((height, width))?;
        let (fixed_height, fixed_width) = self.contract.fixed_size();
        if pooled_by > 1 && (fixed_height.is_some() || fixed_width.is_some()) {
            let why = "this model was exported for one size only, and upsample guidance needs two; export it with free \
                       height and width";
            return Err(SettingError::NoUpsampling { why }.into());
        }
        let is_other = |fixed: Option<usize>, side: usize| fixed.is_some_and(|fixed| fixed * pixels_each != side);
        if is_other(fixed_height, height) || is_other(fixed_width, width) {
            let side = |side: Option<usize>| side.map_or_else(|| "any".into(), |side| (side * pixels_each).to_string());
            let only = format!("{}x{}", side(fixed_height), side(fixed_width));
            return Err(SettingError::OtherSize { size: (height, width), is: "was exported", only }.into());
        }
        let multiple = self.size_multiple() * pixels_each * pooled_by;
        if height % multiple != 0 || width % multiple != 0 {
            let near = |side: usize| ((side + multiple / 2) / multiple).max(1) * multiple;
            let with = if pooled_by > 1 { format!(" used at {pooled_by} times its size") } else { String::new() };
            let why = format!(
                "both sides must be multiples of {multiple} for this model{with}; the nearest is {}x{}",
                near(height),
                near(width)
            );
            return Err(SettingError::SizeNoMultiple { size: (height, width), why }.into());
        }
        Ok((height, width))
    }

    /// Its classes.
    pub(super) fn classes(&self, user: Option<i64>) -> Classes {
        Classes {
            none_because: self.contract.class_labels.is_none().then_some("this model has no classes"),
            count: self.package.config.num_class_embeds,
            null: self.null_class(user),
            null_is_all: false,
        }
    }
}

pub(super) fn read_config(file: &Path, notes: &mut Vec<String>) -> Result<SchedulerConfig, PrepareError> {
    let (config, warnings) = SchedulerConfig::read(file)?;
    notes.extend(warnings);
    Ok(config)
}

pub(super) fn check_label(what: ClassOf, class: i64, classes: Option<usize>) -> Result<(), SettingError> {
    match classes {
        Some(classes) if usize::try_from(class).map_or(true, |class| class >= classes) => {
            Err(SettingError::NoSuchClass { what, class, last: classes.saturating_sub(1) })
        }
        None if class < 0 => Err(SettingError::NegativeClass { what, class }),
        _ => Ok(()),
    }
}

pub(super) fn choose_provider(
    settings: &RunSettings,
    runtime: &LoadedRuntime,
) -> Result<(Provider, Option<String>), PrepareError> {
    let cuda = Provider::Cuda { tf32: settings.tf32 };
    match settings.provider {
        ProviderChoice::Cpu | ProviderChoice::Rust => Ok((Provider::Cpu, None)),
        ProviderChoice::Cuda => warm_up(runtime, cuda).map(|_| (cuda, None)).map_err(PrepareError::Cuda),
        // A library without CUDA is common and needs no warning.
        ProviderChoice::Auto if !compiled_in(runtime).contains(&"CUDAExecutionProvider") => Ok((Provider::Cpu, None)),
        ProviderChoice::Auto => Ok(match warm_up(runtime, cuda) {
            Ok(_) => (cuda, None),
            Err(reason) => (Provider::Cpu, Some(format!("CUDA does not work here, so the CPU is used: {reason}"))),
        }),
    }
}

pub(crate) fn check_size(size: (usize, usize)) -> Result<(), PrepareError> {
    let sound = |side| (1..=MOST_SIDE).contains(&side);
    if sound(size.0) && sound(size.1) { Ok(()) } else { Err(SettingError::NoSize { size, most: MOST_SIDE }.into()) }
}
