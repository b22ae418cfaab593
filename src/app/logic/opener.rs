//! Opens files and folders: file dialogs and disk access, each in its own thread.

use crate::app::board::{Message, MessageKind};
use crate::app::intent::{Ask, EnsembleUse, ImageChoice};
use crate::app::pane::id_of;
use crate::app::pane::lab::LabPane;
use crate::app::pane_id::PaneId;
use crate::app::saving::{Save, SaveOutcome};
use crate::app::words;
use crate::ensemble::{self, Findings};
use crate::figure::draw::{DEFAULT_SCALE, Sheet};
use crate::model::package::{bundled, is_model_folder};
use crate::runtime::{Wake, program_fault};
use crate::session::action::Action;
use crate::session::inspect::ReferenceImage;
use crate::session::pooling::{CleanImage, read_bundled, read_file};
use crate::session::schedule_file;
use crate::session::setting::Setting;
use crate::session::settings::ModelSource;
use egui::ColorImage;
use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The result of opening something.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenerNews {
    /// Something to run.
    Run(Vec<Action>),
    /// A message why not.
    Refused(String),
    /// A message.
    Said(Message),
    /// The result of saving.
    Saved(Save, PathBuf, SaveOutcome),
    /// A file to save to was chosen in a dialog.
    PlaceChosen(PathBuf),
    /// An image for the clipboard, and its pane.
    Copied(PaneId, Arc<ColorImage>),
    /// An ensemble, or why it could not be opened.
    Ensemble(EnsembleUse, String, Result<Arc<Findings>, String>),
    /// A folder to calibrate theory on was chosen in a dialog.
    DataChosen(PathBuf),
    /// An image to pool was chosen in a dialog.
    ImageChosen(PathBuf),
    /// An image to pool, or why it could not be opened.
    Image(ImageChoice, Result<Arc<CleanImage>, String>),
    /// A reference image was chosen in a dialog.
    ReferenceChosen(PathBuf),
    /// A reference image, or why it could not be opened.
    Reference(PathBuf, Result<Arc<ReferenceImage>, String>),
}

/// Opens files in the background and returns the results later.
pub struct Opener {
    answers: Receiver<OpenerNews>,
    send: Sender<OpenerNews>,
    wake: Wake,
}

impl Opener {
    /// `wake` is called when there is a result.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        let (send, answers) = channel();
        Self { answers, send, wake }
    }

    /// The next result.
    pub fn next(&self) -> Option<OpenerNews> {
        self.answers.try_recv().ok()
    }

    /// Opens the model at a path.
    pub fn open(&self, path: PathBuf) {
        self.later(move || Some(what_lies_at(&path)));
    }

    /// Opens a file dialog of the system. Nothing happens if the system has none; paths can be typed, too.
    pub fn ask(&self, ask: Ask) {
        let dialog = rfd::AsyncFileDialog::new();
        // Created here, because some systems require the thread of the window; awaited elsewhere.
        let chosen: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match ask {
            Ask::File => Box::pin(dialog.set_title("Open a model").add_filter("ONNX models", &["onnx"]).pick_file()),
            Ask::Folder => Box::pin(dialog.set_title("Open a model folder").pick_folder()),
            Ask::Images => Box::pin(dialog.set_title("Open a folder of images as a model").pick_folder()),
            Ask::SchedulerConfig => {
                Box::pin(dialog.set_title("Open scheduler_config.json").add_filter("JSON", &["json"]).pick_file())
            }
            Ask::Schedule => Box::pin(dialog.set_title("Open a schedule").pick_file()),
            Ask::Image | Ask::Reference | Ask::Concat => Box::pin(dialog.set_title("Open an image").pick_file()),
            Ask::Ensemble(_) => {
                Box::pin(dialog.set_title("Open an ensemble").add_filter("Ensembles", &["npz"]).pick_file())
            }
            Ask::Data => Box::pin(dialog.set_title("Open a folder of images").pick_folder()),
            Ask::HiddenStates => {
                Box::pin(dialog.set_title("Open embeddings").add_filter("NumPy", &["npy"]).pick_file())
            }
        };
        self.later(move || {
            let path = pollster::block_on(chosen)?.path().to_path_buf();
            Some(match ask {
                Ask::File | Ask::Folder => what_lies_at(&path),
                Ask::Images => OpenerNews::Run(vec![Action::SetModel(ModelSource::Images(path))]),
                Ask::SchedulerConfig => OpenerNews::Run(vec![Action::set(Setting::SchedulerConfig, path)]),
                Ask::Schedule => schedule_at(&path),
                Ask::Image => OpenerNews::ImageChosen(path),
                Ask::Reference => OpenerNews::ReferenceChosen(path),
                Ask::Ensemble(purpose) => ensemble_at(&path, purpose),
                Ask::Data => OpenerNews::DataChosen(path),
                Ask::HiddenStates => OpenerNews::Run(vec![Action::set(Setting::HiddenStates, path)]),
                Ask::Concat => OpenerNews::Run(vec![Action::set(Setting::Concat, path)]),
            })
        });
    }

    /// Reads a schedule and runs with it.
    pub fn import_schedule(&self, path: PathBuf) {
        self.later(move || Some(schedule_at(&path)));
    }

    /// Reads an image to pool.
    pub fn open_image(&self, choice: ImageChoice) {
        self.later(move || {
            let read = match &choice {
                ImageChoice::Run => return None,
                ImageChoice::Bundled(index) => guarded("reading this image", || read_bundled(*index)),
                ImageChoice::File(path) => guarded("reading this image", || read_file(path)),
            };
            Some(OpenerNews::Image(choice, read.map(Arc::new)))
        });
    }

    /// Reads a reference image.
    pub fn open_reference(&self, path: PathBuf) {
        self.later(move || {
            let read = guarded("reading this image", || ReferenceImage::read(&path));
            Some(OpenerNews::Reference(path, read.map(Arc::new)))
        });
    }

    /// Reads an ensemble.
    pub fn open_ensemble(&self, path: PathBuf, purpose: EnsembleUse) {
        self.later(move || Some(ensemble_at(&path, purpose)));
    }

    /// Writes a file. An existing file is replaced only if `replace` is set.
    pub fn save(&self, save: Save, path: PathBuf, replace: bool) {
        self.later(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| save.write(&path, replace)));
            let outcome = outcome.unwrap_or_else(|panic| SaveOutcome::Failed(program_fault("saving", &*panic)));
            Some(OpenerNews::Saved(save, path, outcome))
        });
    }

    /// Asks for the file in a dialog of the system.
    pub fn browse(&self, save: &Save, folder: Option<PathBuf>) {
        let dialog =
            rfd::AsyncFileDialog::new().set_title(format!("Save {}", save.what)).set_file_name(save.file_name());
        let dialog = match folder {
            Some(folder) => dialog.set_directory(folder),
            None => dialog,
        };
        let chosen = dialog.save_file();
        self.later(move || Some(OpenerNews::PlaceChosen(pollster::block_on(chosen)?.path().to_path_buf())));
    }

    /// Draws figures for the clipboard.
    pub fn copy_figure(&self, pane: PaneId, sheet: impl FnOnce() -> Sheet + Send + 'static) {
        self.later(move || {
            let drawn = guarded("drawing this figure", || {
                sheet().to_png(DEFAULT_SCALE).map_err(|error| error.to_string()).and_then(|bytes| image_of(&bytes))
            });
            Some(match drawn {
                Ok(image) => OpenerNews::Copied(pane, Arc::new(image)),
                Err(sentence) => OpenerNews::Said(Message::of_pane(pane, MessageKind::Failure, sentence)),
            })
        });
    }

    fn later(&self, work: impl FnOnce() -> Option<OpenerNews> + Send + 'static) {
        let (send, wake) = (self.send.clone(), self.wake.clone());
        let spawned = std::thread::Builder::new().name("chromascope-opener".into()).spawn(move || {
            let opened = catch_unwind(AssertUnwindSafe(work));
            let failed = |panic: Box<dyn Any + Send>| Some(OpenerNews::Refused(program_fault("this", &*panic)));
            if let Some(opened) = opened.unwrap_or_else(failed) {
                // The window may be closed by now.
                let _ = send.send(opened);
                wake();
            }
        });
        if let Err(error) = spawned {
            let _ = self.send.send(OpenerNews::Refused(format!(
                "cannot open the file: the system refused a thread ({error}). Close other programs and try again"
            )));
        }
    }
}

/// The image in a file's bytes.
fn image_of(png: &[u8]) -> Result<ColorImage, String> {
    let image = image::load_from_memory(png).map_err(|error| error.to_string())?.into_rgb8();
    Ok(crate::app::draw::textures::coloured(&image))
}

/// The result of reading; a fault of the program is a reason like any other.
fn guarded<T, E: Display>(what: &str, read: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(panic) => Err(program_fault(what, &*panic)),
    }
}

fn ensemble_at(path: &Path, purpose: EnsembleUse) -> OpenerNews {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let read = || ensemble::read(path).and_then(|ensemble| Findings::of(Arc::new(ensemble), None));
    OpenerNews::Ensemble(purpose, name, guarded("reading this ensemble", read).map(Arc::new))
}

/// The schedule of a file, as a change of the run.
fn schedule_at(path: &Path) -> OpenerNews {
    match guarded("reading this schedule", || schedule_file::read(path)) {
        Ok(file) => {
            let steps = file.steps.map(|steps| Action::set(Setting::Steps, steps));
            OpenerNews::Run(std::iter::once(Action::SetSchedule(Some(Box::new(file.source)))).chain(steps).collect())
        }
        Err(error) => OpenerNews::Said(Message::of_pane(id_of::<LabPane>(), MessageKind::Failure, error)),
    }
}

/// A file is a network, and so is a folder with one; any other folder is images.
fn what_lies_at(path: &Path) -> OpenerNews {
    let Some(text) = path.to_str() else {
        return OpenerNews::Refused(format!(
            "the path {} is not valid Unicode; rename it and open it again",
            path.display()
        ));
    };
    if !path.exists() {
        // With the name of a bundled model, it is that model.
        if bundled().iter().any(|(name, _)| name == text) {
            return OpenerNews::Run(vec![Action::SetModel(ModelSource::Model(text.into()))]);
        }
        return OpenerNews::Refused(words::messages::nothing_at(text));
    }
    let is_model = path.is_file() || is_model_folder(path);
    let source = if is_model { ModelSource::Model(text.into()) } else { ModelSource::Images(path.into()) };
    OpenerNews::Run(vec![Action::SetModel(source)])
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
        let (renamed, cascade) = (folder.path().join("renamed"), folder.path().join("cascade"));
        std::fs::create_dir_all(renamed.join("transformer")).unwrap();
        std::fs::write(renamed.join("transformer/model_fp16.onnx"), b"").unwrap();
        std::fs::create_dir(&cascade).unwrap();
        std::fs::write(cascade.join("cascade.json"), b"").unwrap();
        let model =
            |path: &Path| OpenerNews::Run(vec![Action::SetModel(ModelSource::Model(path.to_str().unwrap().into()))]);
        for place in [&inside, &renamed, &cascade] {
            assert_eq!(what_lies_at(place), model(place));
        }
        assert_eq!(what_lies_at(&inside.join("model.onnx")), model(&inside.join("model.onnx")));
        let images = OpenerNews::Run(vec![Action::SetModel(ModelSource::Images(folder.path().into()))]);
        assert_eq!(what_lies_at(folder.path()), images);
        let OpenerNews::Refused(sentence) = what_lies_at(Path::new("/no/such/place")) else { panic!("opened nothing") };
        assert!(sentence.contains("there is nothing at /no/such/place"), "{sentence}");
    }
}
