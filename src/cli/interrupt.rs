//! Ctrl-C: the first one asks the command to stop, a second one ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// True from the first Ctrl-C on.
#[must_use]
pub fn interrupted() -> &'static AtomicBool {
    &INTERRUPTED
}

pub(super) fn watch() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
}
