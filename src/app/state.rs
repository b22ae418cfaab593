//! The state of the window besides the run: document, requests, messages and panes.

use crate::app::board::{Board, Message, MessageKind};
use crate::app::check_desk::CheckDesk;
use crate::app::closing::Closing;
use crate::app::decode_desk::DecodeDesk;
use crate::app::draw::forms::FormState;
use crate::app::draw::lens::Lens;
use crate::app::energies::Energies;
use crate::app::fetching::Fetching;
use crate::app::frame::top_bar::{TopBarState, source_name};
use crate::app::intent::Intent;
use crate::app::logic::keeper::Keeper;
use crate::app::logic::opener::Opener;
use crate::app::measure_desk::MeasureDesk;
use crate::app::meter::Meter;
use crate::app::pane::tiles::Panes;
use crate::app::planned::Planner;
use crate::app::saving::Saving;
use crate::app::schedule_hand::ScheduleHand;
use crate::runtime::launch::Launch;
use crate::runtime::{Busy, Fault, Optimisation, RunId, Wake};
use crate::session::action::{Action, apply};
use crate::session::document::Document;
use crate::session::playback::Playback;
use crate::session::preferences::Preferences;
use crate::session::prepare::{LoadingPart, ModelInfo};
use crate::session::settings::ModelSource;
use crate::session::{History, RunSettings, StepTimes};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// A model that runs in the program's own code if there is no ONNX Runtime.
pub(super) const STAND_IN: &str = "emoji-exact-64";
/// Steps of the first run.
const FIRST_STEPS: usize = 32;
/// Class and seed of the first run: a face with a cap.
const FIRST_LABEL: i64 = 1;
const FIRST_SEED: u64 = 6;

/// All state except the run and the textures.
pub(super) struct State {
    /// The document.
    pub document: History,
    /// The preferences, without the document.
    pub preferences: Preferences,
    pub keeper: Option<Keeper>,
    /// The preferences that were saved last.
    pub kept: Preferences,
    pub opener: Opener,
    /// The settings of the newest request.
    pub requested: Option<RunSettings>,
    /// That request, until it is answered.
    pub asked: Option<RunId>,
    /// When a live run may start.
    pub live_due: bool,
    /// When a text was typed that is not run yet.
    pub typed: Option<Instant>,
    /// What is being opened, and since when.
    pub opening: Option<Opening>,
    pub model: Option<Arc<ModelInfo>>,
    /// Notes and warnings, one sentence each.
    pub notes: Vec<String>,
    pub faults: Vec<Fault>,
    /// Those of `faults` that are about runs before the newest request. A live run leaves them, and the forms in
    /// them, until it is answered.
    pub outdated: Vec<Fault>,
    /// Other messages.
    pub board: Board,
    /// The forms below failures.
    pub forms: FormState,
    /// The save dialog.
    pub saving: Option<Saving>,
    /// The state of closing the window.
    pub closing: Closing,
    /// The folder of the last saved file.
    pub save_folder: Option<PathBuf>,
    /// The progress of downloading ONNX Runtime.
    pub fetching: Option<Fetching>,
    /// The model that an exact one replaces until ONNX Runtime is available.
    pub stood_in_for: Option<ModelSource>,
    pub playback: Playback,
    pub times: StepTimes,
    pub meter: Meter,
    /// The panes, each with a state of its own, and their tiles.
    pub panes: Panes,
    pub lens: Lens,
    pub top_bar: TopBarState,
    pub hand: ScheduleHand,
    pub planner: Planner,
    pub energies: Energies,
    /// Decoded images.
    pub decode: DecodeDesk,
    pub measure: MeasureDesk,
    pub check: CheckDesk,
    /// The last fit of a schedule.
    pub optimisation: Option<Optimisation>,
    /// The ONNX Runtime library given on the command line.
    pub onnxruntime: Option<PathBuf>,
    /// Asks for a frame.
    pub wake: Wake,
    pub keys_shown: bool,
    /// Whether to pin the run on screen when the next starts.
    pub keep_beside: bool,
    /// The plain run, after which the run itself is made.
    pub plain_beside: Option<RunId>,
    pub last_frame: Instant,
}

/// What is being opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    pub what: String,
    /// Images read so far, and all images.
    pub reading: Option<(usize, usize)>,
    /// The part of a pipeline that is being loaded or used.
    pub part: Option<LoadingPart>,
    pub since: Instant,
}

impl Opening {
    /// The opening of this model, starting now.
    pub fn of(source: &ModelSource) -> Self {
        Self { what: source_name(source), reading: None, part: None, since: Instant::now() }
    }
}

impl State {
    pub fn new(launch: Launch, wake: Wake, busy: Busy, meter: Meter) -> Self {
        let Launch { options, loaded, folder, first, mut notices, .. } = launch;
        let mut document = loaded.preferences.document.clone().unwrap_or_else(|| {
            let mut document = Document::default();
            document.run.steps = FIRST_STEPS;
            document.run.label = Some(FIRST_LABEL);
            document.run.seed = FIRST_SEED;
            document
        });
        for action in first {
            apply(&mut document, action);
        }
        notices.extend(loaded.message);
        let mut board = Board::default();
        let keeper = folder.and_then(|folder| match Keeper::start(folder) {
            Ok(keeper) => Some(keeper),
            Err(error) => {
                notices.push(format!("preferences will not be saved: the system refused a thread ({error})"));
                None
            }
        });
        for notice in notices {
            board.say(Message::of_program(MessageKind::Warning, notice));
        }
        let preferences = Preferences { document: None, ..loaded.preferences };
        Self {
            panes: Panes::new(preferences.tiles.as_ref(), document.view.layout, &wake),
            document: History::new(document),
            kept: preferences.clone(),
            preferences,
            keeper,
            opener: Opener::new(Arc::clone(&wake)),
            requested: None,
            asked: None,
            live_due: false,
            typed: None,
            opening: None,
            model: None,
            notes: Vec::new(),
            faults: Vec::new(),
            outdated: Vec::new(),
            board,
            forms: FormState::default(),
            saving: None,
            closing: Closing::Not,
            save_folder: None,
            fetching: None,
            stood_in_for: None,
            playback: Playback::default(),
            times: StepTimes::default(),
            meter,
            lens: Lens::default(),
            top_bar: TopBarState::new(Arc::clone(&wake)),
            hand: ScheduleHand::default(),
            planner: Planner::default(),
            energies: Energies::new(Arc::clone(&wake)),
            decode: DecodeDesk::new(busy, Arc::clone(&wake)),
            measure: MeasureDesk::default(),
            check: CheckDesk::default(),
            optimisation: None,
            onnxruntime: options.onnxruntime,
            wake: Arc::clone(&wake),
            keys_shown: false,
            keep_beside: false,
            plain_beside: None,
            last_frame: Instant::now(),
        }
    }

    /// Shows a failure; the same text is shown once.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.retain(|other| *other != fault);
        self.faults.push(fault);
    }

    /// Saves the preferences if they have changed.
    pub fn keep(&mut self) {
        let Some(keeper) = &self.keeper else { return };
        if let Some(failure) = keeper.failure() {
            let text = format!("the preferences could not be written: {failure}");
            self.board.say(Message::of_program(MessageKind::Warning, text));
        }
        self.preferences.tiles = self.panes.to_json();
        let mut document = self.document.document().clone();
        if let Some(wanted) = self.standing_in_for().cloned() {
            // A substitute model was not chosen by the user; the next start tries again.
            let label = document.run.label;
            apply(&mut document, Action::SetModel(wanted));
            apply(&mut document, Action::SetLabel(label));
        }
        let wanted = Preferences { document: Some(document), ..self.preferences.clone() };
        if self.kept != wanted {
            keeper.keep(wanted.clone());
            self.kept = wanted;
        }
    }

    /// Writes the preferences once more, changed or not, because the file may have been removed meanwhile.
    pub fn keep_at_the_end(&mut self) {
        self.keep();
        if let Some(keeper) = &self.keeper {
            keeper.keep(self.kept.clone());
        }
    }

    /// The model that is replaced by the exact one on screen, unless you have chosen another since.
    pub fn standing_in_for(&self) -> Option<&ModelSource> {
        let here = &self.document.document().run.source;
        self.stood_in_for.as_ref().filter(|_| *here == ModelSource::Model(STAND_IN.into()))
    }
}

/// Intents of one frame, in order.
pub(super) type Intents = Vec<Intent>;
