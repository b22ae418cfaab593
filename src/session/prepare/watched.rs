//! The files of an open model with their states when it was opened, to detect changes.

use crate::model::cascade_folder::{CASCADE_FILE, CascadePackage};
use crate::model::package::Package;
use crate::model::pipeline::PipelinePackage;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files of a package besides its graph.
const BESIDE: [&str; 3] = ["config.json", "card.json", "scheduler_config.json"];

/// Modification time and size of a file; `None` if it does not exist.
type FileState = Option<(Option<SystemTime>, u64)>;

/// Files with their states, and folders in which every file counts.
#[derive(Debug, Default)]
pub(super) struct Watched {
    files: BTreeMap<PathBuf, FileState>,
    folders: BTreeMap<PathBuf, BTreeMap<PathBuf, FileState>>,
}

impl Watched {
    /// Records a file, or its absence.
    pub(super) fn add(&mut self, file: &Path) {
        self.files.entry(file.to_path_buf()).or_insert_with(|| state(file));
    }

    /// Records all files of a folder.
    pub(super) fn add_folder(&mut self, folder: &Path) {
        self.folders.insert(folder.to_path_buf(), listing(folder));
    }

    /// Records the files of a model's package.
    pub(super) fn add_package(&mut self, package: &Package) {
        self.add(&package.onnx);
        for folder in &package.places {
            for name in BESIDE {
                self.add(&folder.join(name));
            }
            // One that comes is opened instead of a graph under another name.
            self.add(&folder.join("model.onnx"));
        }
        if let Some(file) = &package.scheduler_config {
            self.add(file);
        }
        if package.card.as_ref().is_some_and(|card| card.exact.is_some()) {
            // The images of an exact model are beside it.
            self.add_folder(&package.folder);
        }
    }

    /// Records the files of a pipeline.
    pub(super) fn add_pipeline(&mut self, package: &PipelinePackage) {
        package.files().iter().for_each(|file| self.add(file));
        package.denoiser.scheduler_config.iter().for_each(|file| self.add(file));
    }

    /// Records the files of a cascade.
    pub(super) fn add_cascade(&mut self, folder: &Path, cascade: &CascadePackage) {
        for name in [CASCADE_FILE, "card.json"] {
            self.add(&folder.join(name));
        }
        for stage in &cascade.stages {
            self.add_package(stage);
        }
    }

    /// Whether nothing has changed.
    pub(super) fn is_unchanged(&self) -> bool {
        self.files.iter().all(|(file, was)| state(file) == *was)
            && self.folders.iter().all(|(folder, was)| listing(folder) == *was)
    }
}

fn state(file: &Path) -> FileState {
    std::fs::metadata(file).ok().map(|data| (data.modified().ok(), data.len()))
}

fn listing(folder: &Path) -> BTreeMap<PathBuf, FileState> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).map(|path| (path.clone(), state(&path))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::prepare::Model;
    use crate::session::settings::{ModelSource, RunSettings};
    use std::fs;

    /// Another length, because the clock of the file system may be coarse.
    fn change(file: &Path) {
        let text = fs::read_to_string(file).unwrap_or_default();
        fs::write(file, text + " ").unwrap();
    }

    fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn every_file_of_a_model_counts_and_so_does_one_that_comes() {
        let folder =
            folder_of(&[("model.onnx", "x"), ("config.json", "{}"), ("scheduler/scheduler_config.json", "{}")]);
        let watch = || {
            let mut watched = Watched::default();
            watched.add_package(&Package::read(folder.path()).unwrap());
            assert!(watched.is_unchanged());
            watched
        };
        for name in ["model.onnx", "config.json", "scheduler/scheduler_config.json", "scheduler_config.json"] {
            let watched = watch();
            change(&folder.path().join(name));
            assert!(!watched.is_unchanged(), "{name}");
        }
        let watched = watch();
        fs::remove_file(folder.path().join("config.json")).unwrap();
        assert!(!watched.is_unchanged());
    }

    #[test]
    fn a_cascade_is_all_of_its_parts() {
        let folder = folder_of(&[
            (CASCADE_FILE, r#"{"stages": ["a", "b"]}"#),
            ("a/model.onnx", "x"),
            ("b/model.onnx", "x"),
            ("b/scheduler_config.json", "{}"),
        ]);
        for name in [CASCADE_FILE, "a/model.onnx", "b/scheduler_config.json", "a/card.json"] {
            let mut watched = Watched::default();
            watched.add_cascade(folder.path(), &CascadePackage::read(folder.path()).unwrap());
            assert!(watched.is_unchanged());
            change(&folder.path().join(name));
            assert!(!watched.is_unchanged(), "{name}");
            fs::write(folder.path().join("a/card.json"), r#"{"title": "", "summary": "", "licence": ""}"#).unwrap();
            fs::write(folder.path().join(CASCADE_FILE), r#"{"stages": ["a", "b"]}"#).unwrap();
        }
    }

    #[test]
    fn images_that_come_go_or_change_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let paint = |name: &str, side: u32| {
            let path = folder.path().join(name);
            image::RgbImage::from_pixel(side, side, image::Rgb([9; 3])).save(&path).unwrap();
            path
        };
        paint("a.png", 8);
        let settings =
            RunSettings { size: Some((8, 8)), ..RunSettings::new(ModelSource::Images(folder.path().into())) };
        let open = || {
            let model = Model::open(&settings, None, &|_, _| true).unwrap();
            assert!(model.serves(&settings));
            model
        };
        let model = open();
        let second = paint("b.png", 8);
        assert!(!model.serves(&settings), "one came");
        let model = open();
        paint("b.png", 90);
        assert!(!model.serves(&settings), "one changed");
        let model = open();
        fs::remove_file(second).unwrap();
        assert!(!model.serves(&settings), "one went");
    }
}
