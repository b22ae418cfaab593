//! Progress on the terminal or as lines, and signals that cancel a model's call.

use super::interrupted;
use crate::model::onnx::Canceller;
use crate::session::prepare::Loading;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// If it is `lines`, progress is printed in lines, for programs that read it.
const VARIABLE: &str = "CHROMASCOPE_PROGRESS";

/// Cancels the current network call on a signal; `current` returns that call.
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

/// Progress on stderr: a bar on a terminal, lines on request.
pub(super) struct Bar {
    bar: ProgressBar,
    lines: Option<Mutex<ProgressLine>>,
}

struct ProgressLine {
    what: String,
    done: u64,
    of: u64,
}

pub(super) fn bar(length: usize, what: &'static str) -> Bar {
    let of = length as u64;
    if std::env::var_os(VARIABLE).is_some_and(|value| value == "lines") {
        let line = ProgressLine { what: what.into(), done: 0, of };
        return Bar { bar: ProgressBar::hidden(), lines: Some(Mutex::new(line)) };
    }
    if !std::io::stderr().is_terminal() {
        return Bar { bar: ProgressBar::hidden(), lines: None };
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} · {eta} left");
    let bar =
        ProgressBar::new(of).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what);
    Bar { bar, lines: None }
}

impl Bar {
    pub fn set_length(&self, of: usize) {
        self.bar.set_length(of as u64);
        self.change(|line| line.of = of as u64);
    }

    pub fn set_message(&self, what: String) {
        self.change(|line| line.what.clone_from(&what));
        self.bar.set_message(what);
    }

    pub fn set_position(&self, done: usize) {
        self.bar.set_position(done as u64);
        self.change(|line| {
            line.done = done as u64;
            line.tell();
        });
    }

    /// Shows what is being loaded; a signal ends it.
    pub fn loading(&self, loading: &Loading) -> bool {
        match loading {
            Loading::Images { done, total } => {
                self.set_length(*total);
                self.set_position(*done);
            }
            Loading::Part(part) => {
                let message = format!("{} ({})", part.in_words(), part.sizes_in_words());
                if self.says(&format!("{} (", part.in_words())) {
                    self.bar.set_message(message);
                    return true;
                }
                self.set_message(message);
                self.set_length(part.of);
                self.set_position(part.number - 1);
            }
        }
        true
    }

    pub fn inc(&self) {
        self.bar.inc(1);
        self.change(|line| {
            line.done += 1;
            line.tell();
        });
    }

    pub fn finish_and_clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether its last line began so; the memory in use alone is worth no line.
    fn says(&self, beginning: &str) -> bool {
        let line = self.lines.as_ref().map(|line| line.lock().unwrap_or_else(PoisonError::into_inner));
        line.is_some_and(|line| line.what.starts_with(beginning))
    }

    fn change(&self, change: impl FnOnce(&mut ProgressLine)) {
        if let Some(line) = &self.lines {
            change(&mut line.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl ProgressLine {
    fn tell(&self) {
        // If stderr is closed nobody reads it.
        let _ = writeln!(std::io::stderr(), "progress: {}, {} of {}", self.what, self.done, self.of);
    }
}
