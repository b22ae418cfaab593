//! Paths on their way to becoming models: dialogs of the system and looks at the disk, each in a thread of its own.

use super::intent::{Ask, EnsembleUse, Export, ImageChoice};
use crate::ensemble::{self, Ensemble, Findings};
use crate::figure::draw::{DEFAULT_SCALE, Format, Panel, Sheet};
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::inspect::Reference;
use crate::session::pooling::{CleanImage, read_bundled, read_file};
use crate::session::schedule_file;
use crate::session::settings::ModelSource;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Where a dialog gave no place for a file.
const NO_DIALOG: &str = "Nothing was saved; where no dialog opens, type a path into the panel's field for files";

/// What came of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// Something to run.
    Run(Vec<Action>),
    /// A sentence on why not.
    Refused(String),
    /// A sentence about a schedule's file.
    Said(String),
    /// An ensemble, or a sentence on why there is none.
    Ensemble(EnsembleUse, String, Result<Arc<Findings>, String>),
    /// What came of writing one, and whether it failed.
    EnsembleSaved(String, bool),
    /// A folder to calibrate theory on was chosen in a dialog.
    DataChosen(PathBuf),
    /// An image to be pooled was chosen in a dialog.
    ImageChosen(PathBuf),
    /// An image to be pooled, or a sentence on why there is none.
    Image(ImageChoice, Result<Arc<CleanImage>, String>),
    /// An image to compare with was chosen in a dialog.
    ReferenceChosen(PathBuf),
    /// An image to compare with, or a sentence on why there is none.
    Reference(PathBuf, Result<Arc<Reference>, String>),
}

/// Asks and looks, and answers later.
pub struct Opener {
    answers: Receiver<Opened>,
    send: Sender<Opened>,
    wake: Wake,
}

impl Opener {
    /// `wake` is called when there is an answer.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        let (send, answers) = channel();
        Self { answers, send, wake }
    }

    /// The next answer.
    pub fn next(&self) -> Option<Opened> {
        self.answers.try_recv().ok()
    }

    /// Finds out what lies at a path, and opens it.
    pub fn open(&self, path: PathBuf) {
        self.later(move || Some(what_lies_at(&path)));
    }

    /// Opens a dialog of the system. Where the system has none nothing happens, which is why a path can be typed too.
    pub fn ask(&self, ask: Ask) {
        let dialog = rfd::AsyncFileDialog::new();
        // Made here, as some systems want it on the thread of the window; awaited elsewhere.
        let chosen: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match ask {
            Ask::File => Box::pin(dialog.set_title("Open a model").add_filter("ONNX models", &["onnx"]).pick_file()),
            Ask::Folder => Box::pin(dialog.set_title("Open a model's folder").pick_folder()),
            Ask::Images => Box::pin(dialog.set_title("Open a folder of images as a model").pick_folder()),
            Ask::SchedulerConfig => {
                Box::pin(dialog.set_title("Open scheduler_config.json").add_filter("JSON", &["json"]).pick_file())
            }
            Ask::Schedule => Box::pin(dialog.set_title("Open a schedule").pick_file()),
            Ask::Image | Ask::Reference => Box::pin(dialog.set_title("Open an image").pick_file()),
            Ask::Ensemble(_) => {
                Box::pin(dialog.set_title("Open an ensemble").add_filter("Ensembles", &["npz"]).pick_file())
            }
            Ask::Data => Box::pin(dialog.set_title("Open a folder of images").pick_folder()),
        };
        self.later(move || {
            let path = pollster::block_on(chosen)?.path().to_path_buf();
            Some(match ask {
                Ask::File | Ask::Folder => what_lies_at(&path),
                Ask::Images => Opened::Run(vec![Action::SetModel(ModelSource::Images(path))]),
                Ask::SchedulerConfig => Opened::Run(vec![Action::SetSchedulerConfig(Some(path))]),
                Ask::Schedule => schedule_at(&path),
                Ask::Image => Opened::ImageChosen(path),
                Ask::Reference => Opened::ReferenceChosen(path),
                Ask::Ensemble(purpose) => ensemble_at(&path, purpose),
                Ask::Data => Opened::DataChosen(path),
            })
        });
    }

    /// Reads a schedule, and runs with it.
    pub fn import_schedule(&self, path: PathBuf) {
        self.later(move || Some(schedule_at(&path)));
    }

    /// Reads an image to be pooled. That of a run needs no reading.
    pub fn open_image(&self, choice: ImageChoice) {
        self.later(move || {
            let read = match &choice {
                ImageChoice::Run => return None,
                ImageChoice::Bundled(index) => read_bundled(*index),
                ImageChoice::File(path) => read_file(path),
            };
            Some(Opened::Image(choice, read.map(Arc::new).map_err(|error| error.to_string())))
        });
    }

    /// Reads an image to compare with.
    pub fn open_reference(&self, path: PathBuf) {
        self.later(move || {
            let read = Reference::read(&path).map(Arc::new).map_err(|error| error.to_string());
            Some(Opened::Reference(path, read))
        });
    }

    /// Reads an ensemble.
    pub fn open_ensemble(&self, path: PathBuf, purpose: EnsembleUse) {
        self.later(move || Some(ensemble_at(&path, purpose)));
    }

    /// Writes an ensemble, where no path is given at a place that a dialog asks for.
    pub fn save_ensemble(&self, ensemble: Arc<Ensemble>, path: Option<PathBuf>) {
        let write = move |path: &Path| match ensemble::write(path, &ensemble) {
            Ok(()) => Opened::EnsembleSaved(format!("Saved as {}", path.display()), false),
            Err(error) => Opened::EnsembleSaved(error.to_string(), true),
        };
        if let Some(path) = path {
            self.later(move || Some(write(&path.with_extension("npz"))));
            return;
        }
        let dialog = rfd::AsyncFileDialog::new().set_title("Save the ensemble").set_file_name("ensemble.npz");
        let chosen = dialog.save_file();
        self.later(move || match pollster::block_on(chosen) {
            Some(file) => Some(write(file.path())),
            None => Some(Opened::EnsembleSaved(NO_DIALOG.into(), true)),
        });
    }

    /// Writes a file, where no path is given at a place that a dialog asks for.
    pub fn export(&self, export: Export) {
        let Export { bytes, ending, path } = export;
        let write = move |path: &Path| match schedule_file::write_bytes(path, &bytes) {
            Ok(()) => Opened::Said(format!("Saved as {}", path.display())),
            Err(error) => Opened::Said(error.to_string()),
        };
        if let Some(path) = path {
            let path = if path.extension().is_some() { path } else { path.with_extension(ending) };
            self.later(move || Some(write(&path)));
            return;
        }
        let dialog = rfd::AsyncFileDialog::new().set_title("Save the schedule");
        let chosen = dialog.set_file_name(format!("schedule.{ending}")).save_file();
        self.later(move || match pollster::block_on(chosen) {
            Some(file) => Some(write(file.path())),
            None => Some(Opened::Said(NO_DIALOG.into())),
        });
    }

    /// Draws figures into a file, at the path that was typed or at a place that a dialog asks for.
    pub fn export_figure(
        &self,
        title: &'static str,
        (heading, panels): (String, Vec<Panel>),
        format: Format,
        typed: Option<PathBuf>,
    ) {
        let ending = match format {
            Format::Svg => "svg",
            Format::Pdf => "pdf",
            Format::Png => "png",
        };
        let sheet = Sheet { heading, ..Sheet::new(panels) };
        let write = move |path: &Path| {
            let bytes = sheet.to_bytes(format, DEFAULT_SCALE).map_err(|error| error.to_string());
            let written =
                bytes.and_then(|bytes| schedule_file::write_bytes(path, &bytes).map_err(|error| error.to_string()));
            Opened::Said(written.map_or_else(|error| error, |()| format!("Saved as {}", path.display())))
        };
        if let Some(path) = typed {
            let path = path.with_extension(ending);
            self.later(move || Some(write(&path)));
            return;
        }
        let dialog = rfd::AsyncFileDialog::new().set_title("Save the figure");
        let name = title.to_lowercase().replace(' ', "-");
        let chosen = dialog.set_file_name(format!("{name}.{ending}")).save_file();
        self.later(move || match pollster::block_on(chosen) {
            Some(file) => Some(write(file.path())),
            None => Some(Opened::Said(NO_DIALOG.into())),
        });
    }

    fn later(&self, work: impl FnOnce() -> Option<Opened> + Send + 'static) {
        let (send, wake) = (self.send.clone(), self.wake.clone());
        let spawned = std::thread::Builder::new().name("chromascope-opener".into()).spawn(move || {
            if let Some(opened) = work() {
                // The window may be closed by now.
                let _ = send.send(opened);
                wake();
            }
        });
        if let Err(error) = spawned {
            let _ =
                self.send.send(Opened::Refused(format!("no thread could be started to look at the disk ({error})")));
        }
    }
}

fn ensemble_at(path: &Path, purpose: EnsembleUse) -> Opened {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let findings = ensemble::read(path).and_then(|ensemble| Findings::of(Arc::new(ensemble), None));
    Opened::Ensemble(purpose, name, findings.map(Arc::new).map_err(|error| error.to_string()))
}

/// The schedule of a file, as a change of the run.
fn schedule_at(path: &Path) -> Opened {
    match schedule_file::read(path) {
        Ok(file) => {
            let steps = file.steps.map(Action::SetSteps);
            Opened::Run(std::iter::once(Action::SetSchedule(Some(Box::new(file.source)))).chain(steps).collect())
        }
        Err(error) => Opened::Said(error.to_string()),
    }
}

/// A file is a network, a folder with `model.onnx` too, any other folder is images.
fn what_lies_at(path: &Path) -> Opened {
    let Some(text) = path.to_str() else {
        return Opened::Refused(format!(
            "the path {} is not valid Unicode; rename it and open it again",
            path.display()
        ));
    };
    if !path.exists() {
        // Named like a bundled model, it is one.
        if crate::model::package::bundled().iter().any(|(name, _)| name == text) {
            return Opened::Run(vec![Action::SetModel(ModelSource::Model(text.into()))]);
        }
        return Opened::Refused(format!(
            "there is nothing at {text}; give the path of an .onnx file, of a model's folder or of a folder of images"
        ));
    }
    let is_model = path.is_file() || ["model.onnx", "unet/model.onnx"].iter().any(|file| path.join(file).exists());
    let source = if is_model { ModelSource::Model(text.into()) } else { ModelSource::Images(path.into()) };
    Opened::Run(vec![Action::SetModel(source)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_models_images_or_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("net");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("model.onnx"), b"").unwrap();
        let model =
            |path: &Path| Opened::Run(vec![Action::SetModel(ModelSource::Model(path.to_str().unwrap().into()))]);
        assert_eq!(what_lies_at(&inside), model(&inside));
        assert_eq!(what_lies_at(&inside.join("model.onnx")), model(&inside.join("model.onnx")));
        let images = Opened::Run(vec![Action::SetModel(ModelSource::Images(folder.path().into()))]);
        assert_eq!(what_lies_at(folder.path()), images);
        let Opened::Refused(sentence) = what_lies_at(Path::new("/no/such/place")) else { panic!("opened nothing") };
        assert!(sentence.contains("there is nothing at /no/such/place"), "{sentence}");
    }
}
