//! Handles the events of the threads, once a frame. Nothing here draws.

use crate::app::App;
use crate::app::board::{Message, MessageKind};
use crate::app::fetching::Fetching;
use crate::app::intent::{ImageChoice, Intent, MeasureWish};
use crate::app::logic::opener::OpenerNews;
use crate::app::pane::id_of;
use crate::app::pane::inspector::InspectorPane;
use crate::app::pane::measure::MeasurePane;
use crate::app::pane::pooling::PoolingPane;
use crate::app::run_view::RunView;
use crate::app::saving::SaveStage;
use crate::app::state::{Opening, STAND_IN};
use crate::ensemble::samples_in_words;
use crate::runtime::{Event as News, Fault, FaultPlace, LibraryNews, Pace, RunEnd, RunId, RunNews};
use crate::session::action::Action;
use crate::session::settings::{ModelSource, ProviderChoice};
use std::time::{Duration, Instant};

/// Time limit for events in a frame.
const NEWS_BUDGET: Duration = Duration::from_millis(5);
const NEEDS_LIBRARY: &str = "emoji-unet";

impl App {
    /// Handles events within the time limit; any left ask for another frame.
    pub(in crate::app) fn take_news(&mut self, ctx: &egui::Context) {
        let began = Instant::now();
        loop {
            if began.elapsed() >= NEWS_BUDGET {
                ctx.request_repaint();
                break;
            }
            match self.runtime.next_event() {
                Some(News::Run { id, news }) => self.take_run_news(id, news),
                Some(News::Library(news)) => self.take_library_news(news),
                None => break,
            }
        }
        while let Some(opened) = self.state.opener.next() {
            match opened {
                OpenerNews::Run(actions) => self.change_and_run(actions),
                OpenerNews::Refused(sentence) => self.state.add_fault(Fault::new(FaultPlace::Model, &sentence)),
                OpenerNews::Said(message) => self.state.board.say(message),
                OpenerNews::Saved(save, path, outcome) => self.take_saved(&save, &path, &outcome),
                OpenerNews::PlaceChosen(path) => {
                    if let Some(saving) = &mut self.state.saving {
                        saving.path = path.display().to_string();
                        saving.stage = SaveStage::Asking;
                    }
                }
                OpenerNews::Ensemble(purpose, name, Ok(findings)) => {
                    let text = format!("Opened {name}: {}", samples_in_words(findings.ensemble.samples()));
                    self.state.board.say(Message::of_pane(id_of::<MeasurePane>(), MessageKind::Success, text));
                    self.state.measure.take(name, findings, purpose);
                }
                OpenerNews::Ensemble(_, _, Err(sentence)) => {
                    self.state.board.say(Message::of_pane(id_of::<MeasurePane>(), MessageKind::Failure, sentence));
                }
                OpenerNews::Copied(pane, image) => {
                    ctx.copy_image((*image).clone());
                    self.state.board.say(Message::of_pane(pane, MessageKind::Success, "Copied the figure as an image"));
                }
                OpenerNews::DataChosen(path) => self.measure(MeasureWish::SetData(Some(path))),
                OpenerNews::ImageChosen(path) => self.perform_one(ctx, Intent::OpenImage(ImageChoice::File(path))),
                OpenerNews::Image(choice, read) => {
                    if let Some(pooling) = self.state.panes.get_mut::<PoolingPane>() {
                        pooling.take(choice, read);
                    }
                }
                OpenerNews::ReferenceChosen(path) => self.perform_one(ctx, Intent::OpenReference(path)),
                OpenerNews::Reference(path, read) => {
                    if let Some(inspector) = self.state.panes.get_mut::<InspectorPane>() {
                        inspector.take(path, read);
                    }
                }
            }
        }
    }

    pub(in crate::app) fn take_run_news(&mut self, id: RunId, news: RunNews) {
        let state = &mut self.state;
        match news {
            RunNews::ModelOpening { source } => {
                state.opening.get_or_insert_with(|| Opening::of(&source));
            }
            RunNews::Reading { done, total } => {
                if let Some(opening) = &mut state.opening {
                    opening.reading = Some((done, total));
                }
            }
            RunNews::Loading(part) => {
                let opening = state.opening.get_or_insert_with(|| Opening::of(&state.document.document().run.source));
                opening.part = Some(part);
            }
            RunNews::ModelOpened { info, notes } => {
                if state.standing_in_for().is_none() {
                    state.preferences.remember(&info.source);
                }
                state.model = Some(info);
                state.notes = notes;
            }
            RunNews::Started(started) => {
                self.drop_outdated();
                let state = &mut self.state;
                state.opening = None;
                let Some(info) = state.model.clone() else { return };
                let Some(schedule) = info.schedule.clone() else { return };
                let beside = || RunView::new(id, started.clone(), schedule.clone()).of_model(info.clone());
                if self.put_beside(beside, id) {
                    return;
                }
                let state = &mut self.state;
                state.notes.extend(started.notes.iter().cloned());
                let shown = self.run.as_ref().filter(|run| started.live && run.done() > 0);
                if let Some(last) = self.coming.as_ref().or(shown).filter(|_| started.live) {
                    self.coming = Some(RunView::new(id, started, schedule).of_model(info).after(last));
                } else {
                    state.playback.begin(started.levels.len() - 1);
                    state.times.clear();
                    self.coming = None;
                    self.put_on_screen(RunView::new(id, started, schedule).of_model(info));
                }
            }
            RunNews::Step { snapshot, state: reached } => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    state.times.push(snapshot.seconds);
                    run.push(snapshot, reached);
                    state.playback.finish_steps(run.done());
                } else if let Some(coming) = self.coming.as_mut().filter(|coming| coming.id == id) {
                    state.times.push(snapshot.seconds);
                    coming.push(snapshot, reached);
                    self.show_what_came();
                } else if let Some(beside) = self.beside.as_mut().filter(|beside| beside.id == id) {
                    state.times.push(snapshot.seconds);
                    beside.push(snapshot, reached);
                }
            }
            RunNews::Coarse(pass) => self.take_coarse(id, pass),
            RunNews::Ended { end, .. } => {
                state.opening = None;
                state.asked.take_if(|asked| *asked == id);
                if let RunEnd::Failed(fault) = &end {
                    state.add_fault(fault.clone());
                }
                let whole = end == RunEnd::Complete;
                self.end_what_came(id);
                self.state.playback.end();
                let ended = self.run.as_mut().into_iter().chain(self.beside.as_mut()).find(|run| run.id == id);
                if let Some(run) = ended {
                    run.end = Some(end);
                }
                self.run_beside_plain(id, whole);
            }
            RunNews::Failed(fault) => {
                self.give_up_what_came();
                self.drop_outdated();
                let state = &mut self.state;
                state.opening = None;
                state.asked.take_if(|asked| *asked == id);
                let nothing_yet = self.run.is_none() && fault.place == FaultPlace::Library;
                state.add_fault(fault);
                if nothing_yet {
                    self.stand_in();
                }
                self.run_beside_plain(id, false);
            }
        }
    }

    /// Shows a model that needs no ONNX Runtime in place of the bundled network, until it is available.
    pub(in crate::app) fn stand_in(&mut self) {
        let state = &mut self.state;
        let wanted = state.document.document().run.source.clone();
        let exact = ModelSource::Model(STAND_IN.into());
        if wanted != ModelSource::Model(NEEDS_LIBRARY.into()) || state.stood_in_for.is_some() {
            return;
        }
        state.stood_in_for = Some(wanted);
        let label = state.document.document().run.label;
        let own_code = Action::SetProvider(ProviderChoice::Rust);
        self.change_and_run(vec![Action::SetModel(exact), Action::SetLabel(label), own_code]);
    }

    /// The name of the model that replaces another.
    pub(in crate::app) fn stand_in_name(&self) -> Option<&'static str> {
        self.state.standing_in_for().map(|_| STAND_IN)
    }

    pub(in crate::app) fn take_library_news(&mut self, news: LibraryNews) {
        let state = &mut self.state;
        match news {
            LibraryNews::Note(text) => state.fetching = Some(Fetching { text, share: None }),
            LibraryNews::Downloading { package, done, total } => {
                let megabytes = |bytes: u64| bytes as f64 / 1e6;
                let text = format!("Downloading {package}: {:.0} of {:.0} MB", megabytes(done), megabytes(total));
                state.fetching = Some(Fetching { text, share: Some((done as f64 / total.max(1) as f64) as f32) });
            }
            LibraryNews::Unpacking { package } => {
                state.fetching = Some(Fetching { text: format!("Unpacking {package}"), share: None });
            }
            LibraryNews::Done(_) => {
                state.fetching = None;
                state.faults.retain(|fault| fault.place != FaultPlace::Library);
                let wanted = state.standing_in_for().cloned();
                state.stood_in_for = None;
                if let Some(wanted) = wanted {
                    let label = state.document.document().run.label;
                    self.change_and_run(vec![Action::SetModel(wanted), Action::SetLabel(label)]);
                } else {
                    self.start(Pace::Going);
                }
            }
            LibraryNews::Cancelled => state.fetching = None,
            LibraryNews::Failed(fault) => {
                state.fetching = None;
                state.add_fault(fault);
            }
        }
    }
}
