//! A cascade on disk: a folder with `cascade.json`, which lists its stages, coarsest first.

use super::package::{Card, Package, PackageError, json, locate};
use crate::words::count;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file that makes a folder a cascade.
pub const CASCADE_FILE: &str = "cascade.json";
/// Most stages.
const MOST_STAGES: usize = 8;
/// Largest n between stages.
const MOST_FACTOR: usize = 16;

/// `cascade.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CascadeFile {
    /// Folders of the stages' models, coarsest first: below this folder, or bundled models by name.
    stages: Vec<String>,
    /// n, by which each stage's images are larger than those of the stage before.
    #[serde(default = "two")]
    factor: usize,
}

const fn two() -> usize {
    2
}

/// Why stages make no cascade.
#[derive(Debug, thiserror::Error)]
pub enum CascadeFault {
    /// One stage or none.
    #[error("it lists {}; a cascade has 2 to {MOST_STAGES}, coarsest first", count(*.0, "stage"))]
    Count(usize),
    /// n that no stages have.
    #[error("its factor is {0}; each stage is 2 to {MOST_FACTOR} times as large as the one before")]
    Factor(usize),
    /// A stage that cannot be read.
    #[error("its stage \"{stage}\" cannot be read: {error}")]
    Stage {
        /// As the file names it.
        stage: String,
        /// Why.
        error: Box<PackageError>,
    },
    /// A stage that is a cascade itself.
    #[error("its stage \"{stage}\" is itself a cascade; list the stages of that one instead")]
    Nested {
        /// As the file names it.
        stage: String,
    },
    /// Sizes that do not follow from each other.
    #[error(
        "its stage \"{stage}\" was trained at {}x{}, but the stage before at {}x{}; each must be {factor} times as large as \
         the one before", found.0, found.1, before.0, before.1
    )]
    Size {
        /// As the file names it.
        stage: String,
        /// Its trained height and width.
        found: (usize, usize),
        /// Those of the stage before.
        before: (usize, usize),
        /// The cascade's factor.
        factor: usize,
    },
    /// Stages that do not know the same classes.
    #[error(
        "its stages \"{first}\" and \"{second}\" have different numbers of classes; all stages must have the same \
         classes"
    )]
    Classes {
        /// A stage.
        first: String,
        /// Another.
        second: String,
    },
    /// Stages of different channels.
    #[error(
        "its stages \"{first}\" and \"{second}\" have different numbers of channels; all stages must have the same \
         number"
    )]
    Channels {
        /// A stage.
        first: String,
        /// Another.
        second: String,
    },
}

/// A cascade's files, found and read, but not yet opened.
#[derive(Clone, Debug)]
pub struct CascadePackage {
    /// Folder name.
    pub name: String,
    /// Its maker's description.
    pub card: Option<Card>,
    /// The stages, coarsest first.
    pub stages: Vec<Package>,
    /// n between neighbouring stages.
    pub factor: usize,
}

impl CascadePackage {
    /// Finds a cascade by path, or by the name of a bundled one; `None` where that is not a cascade's folder.
    pub fn find(name: &str) -> Result<Option<Self>, PackageError> {
        let folder = locate(name)?;
        if folder.join(CASCADE_FILE).exists() { Self::read(&folder).map(Some) } else { Ok(None) }
    }

    /// Reads a cascade's folder.
    pub fn read(folder: &Path) -> Result<Self, PackageError> {
        let path = folder.join(CASCADE_FILE);
        let CascadeFile { stages: names, factor } = json(&path)?;
        let refuse = |fault| PackageError::Cascade { path: path.clone(), fault };
        if !(2..=MOST_STAGES).contains(&names.len()) {
            return Err(refuse(CascadeFault::Count(names.len())));
        }
        if !(2..=MOST_FACTOR).contains(&factor) {
            return Err(refuse(CascadeFault::Factor(factor)));
        }
        let mut stages: Vec<Package> = Vec::with_capacity(names.len());
        for stage in &names {
            let below = folder.join(stage);
            let unread = |error| refuse(CascadeFault::Stage { stage: stage.clone(), error: Box::new(error) });
            let place = if below.exists() { below } else { locate(stage).map_err(unread)? };
            if place.join(CASCADE_FILE).exists() {
                return Err(refuse(CascadeFault::Nested { stage: stage.clone() }));
            }
            stages.push(Package::read(&place).map_err(unread)?);
        }
        check(&names, &stages, factor).map_err(refuse)?;
        let card = folder.join("card.json");
        let name = std::fs::canonicalize(folder).ok().and_then(|whole| whole.file_name().map(ToOwned::to_owned));
        Ok(Self {
            name: name.map_or_else(|| "cascade".into(), |name| name.to_string_lossy().into_owned()),
            card: card.exists().then(|| Card::read(&card)).transpose()?,
            stages,
            factor,
        })
    }
}

/// Whether neighbours fit, as far as their configurations say.
fn check(names: &[String], stages: &[Package], factor: usize) -> Result<(), CascadeFault> {
    for (pair, names) in stages.windows(2).zip(names.windows(2)) {
        let [coarse, fine] = pair else { continue };
        let size = |package: &Package| package.config.sample_size.map(super::package::SampleSize::height_width);
        if let (Some(before), Some(found)) = (size(coarse), size(fine))
            && found != (before.0 * factor, before.1 * factor)
        {
            return Err(CascadeFault::Size { stage: names[1].clone(), found, before, factor });
        }
        let names = || (names[0].clone(), names[1].clone());
        if coarse.config.num_class_embeds != fine.config.num_class_embeds {
            let (first, second) = names();
            return Err(CascadeFault::Classes { first, second });
        }
        if let (Some(a), Some(b)) = (coarse.config.in_channels, fine.config.in_channels)
            && a != b
        {
            let (first, second) = names();
            return Err(CascadeFault::Channels { first, second });
        }
    }
    Ok(())
}
