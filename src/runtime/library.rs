//! Downloading ONNX Runtime from the window.

use super::fault::Fault;
use super::mailbox::Mailbox;
use super::message::LibraryNews;
use crate::model::onnx_runtime::setup::{Installed, LibraryKind, Progress, SetupError, setup};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Does the download: [`setup`], or a substitute for tests.
pub(super) type Fetch = fn(LibraryKind, &AtomicBool, &mut dyn FnMut(Progress<'_>)) -> Result<Installed, SetupError>;
/// The real one.
pub(super) const FETCH: Fetch = setup;

/// A download in progress.
pub(super) struct SetUp {
    cancel: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl SetUp {
    pub(super) fn spawn(mailbox: Arc<Mailbox>, kind: LibraryKind, fetch: Fetch) -> std::io::Result<Self> {
        let cancel = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&cancel);
        mailbox.thread_begins();
        let shared = Arc::clone(&mailbox);
        let thread = std::thread::Builder::new().name("chromascope-setup".into()).spawn(move || {
            let outcome =
                catch_unwind(AssertUnwindSafe(|| fetch(kind, &seen, &mut |progress| tell(&shared, progress))));
            let news = match outcome {
                Ok(Ok(installed)) => {
                    // The open model may be the substitute for one that needs the library.
                    shared.forget_model();
                    LibraryNews::Done(installed)
                }
                Ok(Err(SetupError::Cancelled)) => LibraryNews::Cancelled,
                Ok(Err(error)) => LibraryNews::Failed(Fault::from(&error)),
                Err(panic) => LibraryNews::Failed(Fault::panic("downloading ONNX Runtime", &*panic)),
            };
            shared.tell_library(news);
            shared.thread_ends();
        });
        let thread = thread.inspect_err(|_| mailbox.thread_ends())?;
        Ok(Self { cancel, thread })
    }

    pub(super) fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

fn tell(mailbox: &Mailbox, progress: Progress<'_>) {
    mailbox.tell_library(match progress {
        Progress::Note(text) => LibraryNews::Note(text.into()),
        Progress::Downloading { package, done, total } => {
            LibraryNews::Downloading { package: package.into(), done, total }
        }
        Progress::Unpacking { package } => LibraryNews::Unpacking { package: package.into() },
    });
}
