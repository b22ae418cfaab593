//! Progress on the terminal, and Ctrl-C carried into a model's call.

use super::interrupted;
use crate::model::onnx::Canceller;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Carries Ctrl-C into a network call under way; `current` says which that is.
pub(super) fn cancel_on_interrupt(current: impl Fn() -> Option<Canceller>, finished: &AtomicBool) {
    while !finished.load(Ordering::Relaxed) {
        if interrupted().load(Ordering::Relaxed) {
            if let Some(canceller) = current() {
                canceller.cancel();
            }
            return;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A progress bar on stderr, where that is a terminal.
pub(super) fn bar(length: usize, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} · {eta} left");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}
