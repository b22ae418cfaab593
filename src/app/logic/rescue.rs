//! Recovery of the window after a fault in a frame.

use crate::app::App;
use crate::app::board::{Message, MessageKind};
use crate::app::closing::Closing;
use crate::app::guarded::Rescue;
use crate::app::measure_desk::MeasureDesk;
use crate::ensemble::{self, Ensemble};
use crate::model::folders::data_folder;
use crate::runtime::given_up;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

impl Rescue for App {
    fn mend(&mut self, fault: &str, before: u32) {
        let state = &mut self.state;
        let mut text = given_up("a frame of the window", fault);
        if before == 1
            && let Some(what) = state.document.undo_name()
        {
            // Unchanged it would fail again; the likeliest cause is the last change.
            text = format!("{text}; your last change ({what}) was undone");
            state.document.undo();
        }
        // Whatever was being drawn may be in an inconsistent state.
        state.panes.mend();
        state.saving = None;
        state.board.say(Message::of_program(MessageKind::Failure, text));
    }

    fn save_everything(&mut self) -> String {
        self.state.keep();
        // No questions are asked any more.
        self.state.closing = Closing::Leaving;
        let mut words = match &self.state.keeper {
            Some(_) => "your settings are kept for the next start".to_owned(),
            None => "your settings could not be kept".to_owned(),
        };
        for told in self.rescue_ensembles() {
            words = format!("{words}; {told}");
        }
        words
    }
}

impl App {
    /// Writes unsaved ensembles to the program's data folder; returns a sentence for each.
    pub(in crate::app) fn rescue_ensembles(&self) -> Vec<String> {
        let folder = data_folder().map(|folder| folder.join("rescued")).map_err(|error| error.to_string());
        save_ensembles(&self.state.measure, folder.as_deref())
    }
}

/// Writes unsaved ensembles; returns a sentence for each.
fn save_ensembles(desk: &MeasureDesk, folder: Result<&Path, &String>) -> Vec<String> {
    let write = |(name, ensemble): (&str, &Arc<Ensemble>)| {
        let path = place(folder.map_err(Clone::clone)?, name)?;
        ensemble::write(&path, ensemble).map_err(|error| error.to_string())?;
        Ok(path)
    };
    let told = |known: (&str, &Arc<Ensemble>)| match write(known) {
        Ok(path) => format!("the {} samples were saved as {}", known.0, path.display()),
        Err::<_, String>(reason) => format!("the {} samples could not be saved: {reason}", known.0),
    };
    desk.unsaved().into_iter().map(told).collect()
}

/// A file that does not exist yet.
fn place(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let failed = |error| format!("cannot make the folder {}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let names =
        (0..).map(|more| if more == 0 { format!("{name}-{now}.npz") } else { format!("{name}-{now}-{more}.npz") });
    let mut places = names.map(|name| folder.join(name));
    places.find(|path| !path.exists()).ok_or_else(|| "no free file name was found".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Launch;
    use crate::ensemble::Options;
    use crate::session::RunSettings;
    use crate::session::action::Action;
    use crate::session::prepare::Model;
    use crate::session::setting::Setting;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::ops::ControlFlow;

    fn settings() -> RunSettings {
        let source = ModelSource::Model("gaussian-64".into());
        RunSettings { provider: ProviderChoice::Rust, steps: 2, ..RunSettings::new(source) }
    }

    #[test]
    fn a_fault_is_told_and_the_last_change_is_taken_back_where_it_stays() {
        let launch = Launch { first: vec![Action::SetRun(Box::new(settings()))], ..Launch::default() };
        let mut app = App::new(&egui::Context::default(), launch, false).unwrap();
        app.state.document.perform(Action::set(Setting::Steps, 5_usize));
        let steps = |app: &App| app.state.document.document().run.steps;
        let said = |app: &App| app.state.board.of_program().last().map(|said| said.message.text.clone()).unwrap();
        app.mend("as the test wants", 0);
        assert_eq!((steps(&app), said(&app)), (5, given_up("a frame of the window", "as the test wants")));
        app.mend("as the test wants", 1);
        assert_eq!(steps(&app), 2);
        assert!(said(&app).ends_with("; your last change (steps) was undone"));
        app.mend("as the test wants", 2);
        assert_eq!(steps(&app), 2, "only that one");
    }

    #[test]
    fn ensembles_are_saved_under_names_of_their_own() {
        let model = Model::open(&settings(), None, &|_, _| true).unwrap();
        let mut ensemble = Ensemble::begin(&model, &settings(), Options::default()).unwrap();
        let mut gather = |samples| {
            ensemble::gather(&mut ensemble, &model, samples, None, &mut |_| ControlFlow::Continue(())).unwrap();
            ensemble.clone()
        };
        let mut desk = MeasureDesk::default();
        desk.hold(gather(1));
        desk.keep_to_compare();
        desk.hold(gather(2));
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("rescued");
        for count in [2, 4] {
            let told = save_ensembles(&desk, Ok(&below));
            assert!(told.iter().all(|told| told.contains(" were saved as ")), "{told:?}");
            assert_eq!(std::fs::read_dir(&below).unwrap().count(), count, "nothing is taken over");
        }
        let files = std::fs::read_dir(&below).unwrap().map(|entry| ensemble::read(&entry.unwrap().path()).unwrap());
        let mut samples: Vec<usize> = files.map(|ensemble| ensemble.samples()).collect();
        samples.sort_unstable();
        assert_eq!(samples, [1, 1, 2, 2]);
        assert!(save_ensembles(&desk, Err(&"no home".into()))[0].ends_with("could not be saved: no home"));
    }
}
