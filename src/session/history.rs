//! Undo and redo.

use super::action::{Action, apply};
use super::document::{Document, Track};
use std::collections::VecDeque;

/// Changes that can be undone.
pub const DEPTH: usize = 200;

/// A document with its past and future.
#[derive(Clone, Debug, Default)]
pub struct History {
    document: Document,
    past: VecDeque<HistoryEntry>,
    future: Vec<HistoryEntry>,
    /// The key that an action needs to be undone together with the last.
    open: Option<(&'static str, Option<Track>)>,
}

/// The name of a change, with the document before or after it.
#[derive(Clone, Debug)]
struct HistoryEntry {
    name: &'static str,
    document: Document,
}

impl History {
    /// A document without a past.
    #[must_use]
    pub fn new(document: Document) -> Self {
        Self { document, ..Self::default() }
    }

    /// The current document.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// Applies an action. Returns whether anything changed; an action without effect is not recorded.
    pub fn perform(&mut self, action: Action) -> bool {
        let (name, key) = (action.name(), action.merge_key());
        let before = self.document.clone();
        apply(&mut self.document, action);
        if self.document == before {
            return false;
        }
        let merges = key.is_some() && key == self.open && !self.past.is_empty();
        if !merges {
            self.past.push_back(HistoryEntry { name, document: before });
            if self.past.len() > DEPTH {
                self.past.pop_front();
            }
        }
        self.future.clear();
        self.open = key;
        true
    }

    /// Ends a gesture, so that the next change is undone separately even if it is of the same kind. Call it when a drag ends
    /// or a field loses focus.
    pub fn end_gesture(&mut self) {
        self.open = None;
    }

    /// Undoes the last change. Returns its name.
    pub fn undo(&mut self) -> Option<&'static str> {
        let HistoryEntry { name, document } = self.past.pop_back()?;
        let after = std::mem::replace(&mut self.document, document);
        self.future.push(HistoryEntry { name, document: after });
        self.open = None;
        Some(name)
    }

    /// Redoes the change that was undone last. Returns its name.
    pub fn redo(&mut self) -> Option<&'static str> {
        let HistoryEntry { name, document } = self.future.pop()?;
        let before = std::mem::replace(&mut self.document, document);
        self.past.push_back(HistoryEntry { name, document: before });
        self.open = None;
        Some(name)
    }

    /// Name of the change that [`undo`](Self::undo) would undo.
    #[must_use]
    pub fn undo_name(&self) -> Option<&'static str> {
        self.past.back().map(|entry| entry.name)
    }

    /// Name of the change that [`redo`](Self::redo) would redo.
    #[must_use]
    pub fn redo_name(&self) -> Option<&'static str> {
        self.future.last().map(|entry| entry.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::document::AxisReading;
    use crate::session::setting::Setting;
    use crate::session::settings::ModelSource;
    use crate::session::{RunSettings, SamplerKind};

    #[test]
    fn changes_are_undone_and_made_again_in_order() {
        let mut history = History::default();
        let start = history.document().clone();
        assert!(history.perform(Action::SetSampler(SamplerKind::Euler.into())));
        assert!(history.perform(Action::SetAxis(AxisReading::LogSnr)));
        assert!(!history.perform(Action::SetAxis(AxisReading::LogSnr)), "the same again is no change");
        let end = history.document().clone();
        assert_eq!((history.undo_name(), history.redo_name()), (Some("axis"), None));
        assert_eq!([history.undo(), history.undo(), history.undo()], [Some("axis"), Some("sampler"), None]);
        assert_eq!(history.document(), &start);
        assert_eq!([history.redo(), history.redo(), history.redo()], [Some("sampler"), Some("axis"), None]);
        assert_eq!(history.document(), &end);
        history.undo();
        history.perform(Action::set(Setting::Seed, 3_u64));
        assert_eq!(history.redo(), None, "a new change ends the future");
    }

    #[test]
    fn a_drag_is_one_change_until_its_end() {
        let mut history = History::default();
        for height in [100.0, 120.0, 140.0] {
            history.perform(Action::SetTrackHeights(vec![(Track::Schedule, height)]));
        }
        history.perform(Action::SetTrackHeights(vec![(Track::FilmStrip, 99.0)]));
        history.end_gesture();
        history.perform(Action::SetTrackHeights(vec![(Track::FilmStrip, 88.0)]));
        let heights = |history: &History| {
            [Track::Schedule, Track::FilmStrip].map(|track| history.document().view.track(track).height)
        };
        assert_eq!(heights(&history), [140.0, 88.0]);
        history.undo();
        assert_eq!(heights(&history), [140.0, 99.0]);
        history.undo();
        assert_eq!(heights(&history), [140.0, Track::FilmStrip.default_height()]);
        history.undo();
        assert_eq!(history.document(), &Document::default());
    }

    #[test]
    fn the_past_is_bounded() {
        let mut history = History::default();
        for seed in 1..=2 * DEPTH as u64 {
            history.perform(Action::set(Setting::Seed, seed));
            history.end_gesture();
        }
        assert_eq!(std::iter::from_fn(|| history.undo()).count(), DEPTH);
        assert_eq!(history.document().run.seed, DEPTH as u64);
    }

    #[test]
    fn undo_shows_in_what_is_pending() {
        let mut history = History::default();
        let run: RunSettings = history.document().run.clone();
        history.perform(Action::SetModel(ModelSource::Model("gaussian-64".into())));
        history.perform(Action::set(Setting::Steps, 50_usize));
        assert_eq!(history.document().run.changes(&run), ["model", "steps"]);
        history.undo();
        history.undo();
        assert!(history.document().run.changes(&run).is_empty());
    }
}
