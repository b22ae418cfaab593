//! What a model is on disk: one `.onnx` file, or a folder with `model.onnx`, `scheduler_config.json` and, optionally,
//! `config.json` and `card.json`; named by path or by the name of a bundled model.

use super::cascade_folder::{CASCADE_FILE, CascadeFault};
use super::contract::Declared;
use super::convention::Words;
use super::exact::ExactCard;
use super::inputs::InputCard;
use super::layout;
use super::pipeline::INDEX_FILE;
use crate::reading::json::JsonFault;
use crate::reading::why;
use crate::theory::{NetworkState, NetworkTime, Prediction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A model's files, found and read, but not yet opened.
#[derive(Clone, Debug)]
pub struct Package {
    /// Folder name, or file name without its ending.
    pub name: String,
    /// The graph.
    pub onnx: PathBuf,
    /// The graph's folder.
    pub folder: PathBuf,
    /// Folders in which the other files were looked for, the first ones first; none for a single file that is not called
    /// `model.onnx`.
    pub places: Vec<PathBuf>,
    /// The scheduler's configuration, where there is one.
    pub scheduler_config: Option<PathBuf>,
    /// The network's configuration; empty if there is none.
    pub config: ModelConfig,
    /// The card, where there is one.
    pub card: Option<Card>,
    /// What was chosen among the files, a sentence each.
    pub notes: Vec<String>,
}

/// Longest side of an image, pixels.
pub const MOST_SIDE: usize = 16_384;

/// The keys of a diffusers `config.json` that matter here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// Image channels in.
    #[serde(default)]
    pub in_channels: Option<usize>,
    /// Trained size.
    #[serde(default)]
    pub sample_size: Option<SampleSize>,
    /// Number of class embeddings; the last one is the null class unless the card names another.
    #[serde(default)]
    pub num_class_embeds: Option<usize>,
    /// Number of classes of a DiT, without its null class, where [`norm_type`](Self::norm_type) is `ada_norm_zero`.
    #[serde(default)]
    pub num_embeds_ada_norm: Option<usize>,
    /// How a transformer is told time and class.
    #[serde(default)]
    pub norm_type: Option<String>,
    /// Side of a transformer's patches, or its sides.
    #[serde(default)]
    pub patch_size: Option<serde_json::Value>,
    /// Widths of the levels; all but the last halve the size.
    #[serde(default)]
    pub block_out_channels: Option<Vec<usize>>,
}

/// `sample_size`: one side, or height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SampleSize {
    /// Square.
    Side(usize),
    /// Height, width.
    Sides([usize; 2]),
}

impl ModelConfig {
    /// The side of a transformer's square patches, pixels of its state.
    #[must_use]
    pub fn patch_side(&self) -> Option<usize> {
        let side = self.patch_size.as_ref()?.as_u64()?;
        usize::try_from(side).ok().filter(|side| (1..=MOST_SIDE).contains(side))
    }

    /// Reads a `config.json`. No class embeddings are none that could be said.
    fn read(path: &Path) -> Result<Self, PackageError> {
        let config: Self = json(path)?;
        let sides = config.sample_size.map(SampleSize::height_width);
        let sides = sides.into_iter().flat_map(|(height, width)| [height, width]);
        sides.into_iter().try_for_each(|side| check(path, "sample_size", side, MOST_SIDE))?;
        config.in_channels.map_or(Ok(()), |channels| check(path, "in_channels", channels, MOST_CHANNELS))?;
        let said = config.num_class_embeds.filter(|&classes| classes > 0);
        Ok(Self { num_class_embeds: said.or(config.classes_of_dit()), ..config })
    }

    /// The classes of a DiT, and one for none behind them. Other transformers count timesteps by the same key.
    fn classes_of_dit(&self) -> Option<usize> {
        let by_class = self.norm_type.as_deref().is_none_or(|kind| kind == "ada_norm_zero");
        self.num_embeds_ada_norm.filter(|&classes| by_class && classes > 0)?.checked_add(1)
    }
}

impl Card {
    /// Reads a `card.json`.
    pub(super) fn read(path: &Path) -> Result<Self, PackageError> {
        let card: Self = json(path)?;
        card.size_multiple.map_or(Ok(()), |multiple| check(path, "size_multiple", multiple, MOST_SIDE))?;
        card.channels.map_or(Ok(()), |channels| check(path, "channels", channels, MOST_CHANNELS))?;
        for (key, value) in
            [("sigma_min", card.sigma_min), ("sigma_max", card.sigma_max), ("sigma_data", card.sigma_data)]
        {
            if let Some(found) = value.filter(|value| !(*value > 0.0 && value.is_finite())) {
                return Err(PackageError::Positive { path: path.into(), key, found });
            }
        }
        let mut faults = card.inputs.iter().filter_map(|(name, input)| Some((name, input.fault()?)));
        if let Some((input, fault)) = faults.next() {
            return Err(PackageError::Input { path: path.into(), input: input.clone(), fault });
        }
        Ok(card)
    }

    /// State, time and prediction, as far as the card gives them.
    #[must_use]
    pub const fn words(&self) -> Words {
        Words { state: self.state, time: self.time, prediction: self.prediction }
    }
}

/// Most channels of an image.
const MOST_CHANNELS: usize = 4096;

/// Refuses a number that nothing could be computed with.
fn check(path: &Path, key: &'static str, found: usize, most: usize) -> Result<(), PackageError> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(PackageError::Number { path: path.into(), key, found, most })
}

impl SampleSize {
    /// Height and width, pixels.
    #[must_use]
    pub const fn height_width(self) -> (usize, usize) {
        match self {
            Self::Side(side) => (side, side),
            Self::Sides([height, width]) => (height, width),
        }
    }
}

/// The maker's description of a model, for people and for the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Title for people.
    #[serde(default)]
    pub title: String,
    /// One or two sentences.
    #[serde(default)]
    pub summary: String,
    /// Licence, as an SPDX expression where there is one.
    #[serde(default)]
    pub licence: String,
    /// The null class.
    #[serde(default)]
    pub null_label: Option<i64>,
    /// A name for each class.
    #[serde(default)]
    pub class_names: Vec<String>,
    /// Height and width must be multiples of this.
    #[serde(default)]
    pub size_multiple: Option<usize>,
    /// Channels of the image itself, where the image input has more and the output has a learned variance.
    #[serde(default)]
    pub channels: Option<usize>,
    /// What is known of further inputs, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, InputCard>,
    /// How the model is computed without its graph, where it is known exactly.
    #[serde(default)]
    pub exact: Option<ExactCard>,
    /// What the network sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<NetworkState>,
    /// What it receives for the noise level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<NetworkTime>,
    /// What it outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Prediction>,
    /// Least σ it was trained on, for a network without a scheduler configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_min: Option<f64>,
    /// Greatest σ it was trained on, for a network without a scheduler configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    /// EDM's standard deviation of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_data: Option<f64>,
}

/// Why a model's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Neither a path nor a bundled name.
    #[error(
        "there is no model \"{name}\": it is neither a file or folder here nor a bundled model (bundled: {bundled})"
    )]
    Unknown {
        /// What was requested.
        name: String,
        /// Names of the bundled models.
        bundled: String,
    },
    /// A folder without a graph.
    #[error(
        "the folder {folder} has no model.onnx{holds}; a model folder holds model.onnx, scheduler_config.json and, \
         optionally, config.json, and a cascade holds cascade.json"
    )]
    NoGraph {
        /// The folder.
        folder: PathBuf,
        /// What is there instead, for people.
        holds: String,
    },
    /// A folder with a choice of graphs.
    #[error(
        "the folder {folder} has several graphs, {graphs}, and it is unclear which one to open; give the path of one, \
         or name it model.onnx"
    )]
    SeveralGraphs {
        /// The folder.
        folder: PathBuf,
        /// Their names, for people.
        graphs: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {}", why(error))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// An exact model's files do not fit together.
    #[error("the exact model {name} cannot be read: {reason}")]
    Exact {
        /// The model.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A cascade's file names stages that make no cascade.
    #[error("{path} cannot be used: {fault}")]
    Cascade {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: CascadeFault,
    },
    /// A number that cannot be.
    #[error("{path} cannot be used: \"{key}\" is {found}; it must be a whole number from 1 to {most}")]
    Number {
        /// The file.
        path: PathBuf,
        /// Which number.
        key: &'static str,
        /// The value found.
        found: usize,
        /// The greatest that can be.
        most: usize,
    },
    /// A number that must be above 0.
    #[error("{path} cannot be used: \"{key}\" is {found}; it must be a number above 0")]
    Positive {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        found: f64,
    },
    /// A declaration of an input contradicts itself.
    #[error("{path} cannot be used: the input \"{input}\" is declared wrongly: {fault}")]
    Input {
        /// The file.
        path: PathBuf,
        /// The input.
        input: String,
        /// What is wrong.
        fault: String,
    },
    /// A JSON file does not say what it should.
    #[error("{path} {fault}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: JsonFault,
    },
    /// The folder of a model in a cache of Hugging Face models.
    #[error("{folder} is a model's folder in a hub cache, which holds the model in {snapshot}; open that folder")]
    HubCache {
        /// The folder.
        folder: PathBuf,
        /// The folder in it to open.
        snapshot: PathBuf,
    },
    /// A link to nowhere.
    #[error("the link {path} points to a file that is not there; download the model again")]
    Dangling {
        /// The link.
        path: PathBuf,
    },
}

/// The path of a model: `name` where something is there, else the folder of the bundled model of that name.
pub(crate) fn locate(name: &str) -> Result<PathBuf, PackageError> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(path.to_path_buf());
    }
    let is_name = path.components().count() == 1;
    let bundled = bundled();
    match bundled.iter().find(|(bundled, _)| is_name && bundled == name) {
        Some((_, folder)) => Ok(folder.clone()),
        None => Err(PackageError::Unknown {
            name: name.into(),
            bundled: if bundled.is_empty() {
                "none found; set CHROMASCOPE_ASSETS to the folder \"assets\"".into()
            } else {
                bundled.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            },
        }),
    }
}

impl Package {
    /// Finds a model by path, or by the name of a bundled one.
    pub fn find(name: &str) -> Result<Self, PackageError> {
        Self::read(&locate(name)?)
    }

    /// Reads a file or folder.
    pub fn read(path: &Path) -> Result<Self, PackageError> {
        let whole_folder = path.is_dir();
        let mut notes = Vec::new();
        let onnx = if whole_folder {
            let found = layout::find(path)?;
            if found.by_elimination {
                notes.push(format!("this folder has no model.onnx; the graph is {}", found.onnx.display()));
            }
            notes.extend(layout::one_part_only(path, &found.onnx));
            found.onnx
        } else {
            path.to_path_buf()
        };
        layout::check_link(&onnx)?;
        std::fs::File::open(&onnx).map_err(|error| PackageError::Read { path: onnx.clone(), error })?;
        let folder = onnx.parent().map(Path::to_path_buf).unwrap_or_default();
        // Files beside a graph of any other name may belong to something else.
        let is_alone = !whole_folder && path.file_name().is_none_or(|name| name != "model.onnx");
        let of_graph = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
        let given = if whole_folder { path } else { &of_graph };
        let places = if is_alone { Vec::new() } else { places(given, &of_graph) };
        let beside = |name: &str| places.iter().map(|place| place.join(name)).find(|file| file.exists());
        let config =
            beside("config.json").map_or_else(|| Ok(ModelConfig::default()), |file| ModelConfig::read(&file))?;
        let card = beside("card.json").map(|file| Card::read(&file)).transpose()?;
        let scheduler_config = beside("scheduler_config.json");
        if let Some(file) = scheduler_config.as_ref().filter(|file| !file.starts_with(given)) {
            notes.push(format!("the scheduler configuration is {}, outside this folder", file.display()));
        }
        let named = if is_alone { path.file_stem() } else { given.file_name() };
        Ok(Self {
            name: named.map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned()),
            scheduler_config,
            onnx,
            folder,
            places,
            config,
            card,
            notes,
        })
    }

    /// What it is called where a file of it is missing: "the model eps", "the file eps.onnx".
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.onnx.file_name() {
            Some(file) if self.places.is_empty() => format!("the file {}", file.display()),
            _ => format!("the model {}", self.name),
        }
    }

    /// What its files say of its graph.
    #[must_use]
    pub fn declared(&self) -> Declared<'_> {
        let channels = self.card.as_ref().and_then(|card| card.channels);
        let inputs = self.card.as_ref().map(|card| card.inputs.keys().map(String::as_str).collect());
        Declared { in_channels: self.config.in_channels, channels, inputs: inputs.unwrap_or_default() }
    }

    /// The factor that height and width must be multiples of: the card's, else what the network's levels halve and its
    /// patches cut.
    #[must_use]
    pub fn size_multiple(&self) -> usize {
        let halvings = self.config.block_out_channels.as_ref().map_or(0, |widths| widths.len().saturating_sub(1));
        let from_levels = u32::try_from(halvings).ok().and_then(|n| 2_usize.checked_pow(n)).unwrap_or(MOST_SIDE);
        let from_levels = from_levels.saturating_mul(self.config.patch_side().unwrap_or(1));
        self.card.as_ref().and_then(|card| card.size_multiple).unwrap_or(from_levels).clamp(1, MOST_SIDE)
    }
}

/// Where the files of a model's folder may be. diffusers keeps a network in a folder beside that of its scheduler, so the
/// folder of a network alone has its scheduler above.
fn places(given: &Path, of_graph: &Path) -> Vec<PathBuf> {
    let mut places = vec![of_graph.to_path_buf(), given.to_path_buf(), given.join("scheduler")];
    let whole = std::path::absolute(given).unwrap_or_else(|_| given.to_path_buf());
    if whole.file_name().is_some_and(|name| name == "unet" || name == "transformer") {
        let above = given.parent().filter(|above| !above.as_os_str().is_empty()).or_else(|| whole.parent());
        places.extend(above.map(|above| above.join("scheduler")));
    }
    places.dedup();
    places
}

/// Whether a folder is meant to be a model and not images, as far as can be told from the names in it.
#[must_use]
pub fn is_model_folder(folder: &Path) -> bool {
    [CASCADE_FILE, INDEX_FILE].iter().any(|file| folder.join(file).exists()) || layout::is_model(folder)
}

pub(super) fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, PackageError> {
    let bytes = std::fs::read(path).map_err(|error| PackageError::Read { path: path.into(), error })?;
    let refused = |fault| PackageError::Json { path: path.into(), fault };
    crate::reading::json::object(&String::from_utf8_lossy(&bytes)).map_err(refused)
}

/// The bundled models, name and folder, sorted by name.
#[must_use]
pub fn bundled() -> Vec<(String, PathBuf)> {
    let Some(models) = assets_folder().map(|assets| assets.join("models")) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(models) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| ["model.onnx", CASCADE_FILE, INDEX_FILE].iter().any(|file| entry.path().join(file).exists()))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect();
    found.sort();
    found
}

/// The folder `assets`: what `CHROMASCOPE_ASSETS` names, else beside the executable or above it, else where the program
/// was built.
#[must_use]
pub fn assets_folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMASCOPE_ASSETS") {
        return Some(PathBuf::from(named));
    }
    let executable = std::env::current_exe().and_then(std::fs::canonicalize).ok();
    let above = executable.iter().flat_map(|path| path.ancestors().skip(1).take(5));
    let installed = above.flat_map(|folder| [folder.join("assets"), folder.join("share/chromascope/assets")]);
    let built = std::iter::once(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"));
    installed.chain(built).find(|folder| folder.join("models").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_of_a_dit_are_counted_with_its_null_class() {
        let folder = tempfile::tempdir().unwrap();
        let classes = |config: &str| {
            let file = folder.path().join("config.json");
            std::fs::write(&file, config).unwrap();
            ModelConfig::read(&file).unwrap().num_class_embeds
        };
        assert_eq!(classes(r#"{"num_embeds_ada_norm": 1000, "norm_type": "ada_norm_zero"}"#), Some(1001));
        assert_eq!(classes(r#"{"num_embeds_ada_norm": 1000, "num_class_embeds": 0}"#), Some(1001));
        assert_eq!(classes(r#"{"num_embeds_ada_norm": 1000, "num_class_embeds": 10}"#), Some(10));
        // PixArt has the key too, and no classes.
        assert_eq!(classes(r#"{"num_embeds_ada_norm": 1000, "norm_type": "ada_norm_single"}"#), None);
        assert_eq!(classes(r#"{"num_class_embeds": 0}"#), None);
        assert_eq!(classes("{}"), None);
    }
}
