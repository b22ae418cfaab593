//! The two streams, and what is said about a fault of the program's own.

use super::{Failure, interrupted};
use crate::session::elsewhere;
use crate::session::schedule_file::write_bytes;
use crate::words::voice::Voice;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::Ordering;

/// Writes a result to a file. What cannot be written there is kept elsewhere, and the failure says where; `what` is such as
/// "the table is".
pub(super) fn file(path: &Path, bytes: &[u8], what: &str) -> Result<(), Failure> {
    let kept = elsewhere::write(path, &std::env::temp_dir(), what, |path| write_bytes(path, bytes))?;
    kept.told(what, "").map_or(Ok(()), |told| Err(told.into()))
}

/// Writes a result to stdout. A reader that went away, such as `head`, wanted no more, and a terminal that was closed cannot
/// take it: that is not a failure.
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
    // Where stderr is closed nobody is there to tell.
    let _ = writeln!(std::io::stderr(), "chromascope: {line}");
}

/// How the sentence about a panic begins.
pub const FAULT: &str = "stopped by a fault in Chromascope";

/// Turns the message of a panic into a sentence.
pub(super) fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let reason = panic.payload_as_str().unwrap_or("no reason given");
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        message(&format!("{FAULT}{place} ({reason}): please report this line"));
    }));
}
