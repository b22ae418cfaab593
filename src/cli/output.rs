//! The two streams, and the report of a fault of the program.

use super::{Failure, interrupted};
use crate::session::elsewhere;
use crate::session::schedule_file::write_bytes;
use crate::words::voice::Voice;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::Ordering;

/// Writes a result to a file. If that fails it is saved elsewhere, and the failure says where; `what` is such as
/// "the table is".
pub(super) fn file(path: &Path, bytes: &[u8], what: &str) -> Result<(), Failure> {
    let kept = elsewhere::write(path, &std::env::temp_dir(), what, |path| write_bytes(path, bytes))?;
    kept.told(what, "").map_or(Ok(()), |told| Err(told.into()))
}

/// Writes a result to stdout. If the reader has closed it, such as `head`, or the terminal is closed, that is not a
/// failure.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", Voice::CommandLine.say(text)).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe && !interrupted().load(Ordering::Relaxed) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

/// Writes one line to stderr, under the program's name.
pub(super) fn message(text: &str) {
    let line = Voice::CommandLine.say(text);
    let line = line.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    // If stderr is closed nobody reads it.
    let _ = writeln!(std::io::stderr(), "chromascope: {line}");
}

/// The start of the sentence about a panic.
pub const FAULT: &str = "stopped by a fault in Chromascope";

/// Turns the message of a panic into a sentence.
pub(super) fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let reason = panic.payload_as_str().unwrap_or("no reason given");
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        message(&format!("{FAULT}{place} ({reason}): please report this line"));
    }));
}
