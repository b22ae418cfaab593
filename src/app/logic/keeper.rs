//! Saves the preferences in a thread, so that the window never waits for a disk.

use crate::session::preferences::Preferences;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Changes within this time are written once.
const QUIET: Duration = Duration::from_millis(800);

#[derive(Default)]
struct PendingSave {
    newest: Option<Preferences>,
    closing: bool,
    /// Why they could not be saved last time.
    failure: Option<String>,
}

/// Saves preferences in a folder; the last ones are written when it is dropped.
pub struct Keeper {
    shared: Arc<(Mutex<PendingSave>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    pub fn start(folder: PathBuf) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(PendingSave::default()), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("chromascope-keeper".into()).spawn(move || {
            let (slot, changed) = &*theirs;
            let mut guard = slot.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if let Some(newest) = guard.newest.take() {
                    drop(guard);
                    let failure = newest.save(&folder).err().map(|error| error.to_string());
                    guard = slot.lock().unwrap_or_else(PoisonError::into_inner);
                    guard.failure = failure;
                } else if guard.closing {
                    return;
                } else {
                    guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
                    if !guard.closing {
                        guard = changed.wait_timeout(guard, QUIET).unwrap_or_else(PoisonError::into_inner).0;
                    }
                }
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Saves these preferences.
    pub fn keep(&self, preferences: Preferences) {
        let (slot, changed) = &*self.shared;
        slot.lock().unwrap_or_else(PoisonError::into_inner).newest = Some(preferences);
        changed.notify_one();
    }

    /// Why they could not be saved last time; returned once.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).failure.take()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).closing = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and it reports errors of the disk.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::preferences::Theme;

    #[test]
    fn the_last_are_written_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::start(folder.path().into()).unwrap();
        for theme in [Theme::System, Theme::Dark, Theme::Light] {
            keeper.keep(Preferences { theme, ..Preferences::default() });
        }
        drop(keeper);
        assert_eq!(Preferences::load(folder.path()).preferences.theme, Theme::Light);
    }
}
