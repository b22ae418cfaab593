//! Signals that ask the program to end: Ctrl-C and, where they exist, SIGTERM and SIGHUP.
//!
//! A command with results to keep registers itself. The first signal asks it to stop, and a second one ends the program at
//! once. Every
//! other command ends at the first signal.

use crate::session::archive::remove_unfinished;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A signal within this time of the first is part of it: shells, terminals and `timeout` send the same signal twice.
const TOGETHER: Duration = Duration::from_millis(500);
#[cfg(unix)]
const HANG_UP: i32 = signal_hook::consts::SIGHUP;
#[cfg(not(unix))]
const HANG_UP: i32 = 1;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static KEEPS: AtomicBool = AtomicBool::new(false);
/// 130, the code of Ctrl-C, until there is a signal.
static EXIT_CODE: AtomicU8 = AtomicU8::new(130);
static FIRST: Mutex<Option<Instant>> = Mutex::new(None);
static THEN: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// True after the first signal.
#[must_use]
pub fn interrupted() -> &'static AtomicBool {
    &INTERRUPTED
}

/// From now on there are results to keep: the first signal only asks to stop.
pub(super) fn ask_first() {
    KEEPS.store(true, Ordering::SeqCst);
}

/// The same, with an action for the first signal.
#[cfg(feature = "gui")]
pub(super) fn ask_first_by(then: Box<dyn Fn() + Send>) {
    *THEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(then);
    ask_first();
}

/// The exit code after a signal: 128 and its number.
pub(super) fn exit_code() -> u8 {
    EXIT_CODE.load(Ordering::SeqCst)
}

#[derive(Debug, PartialEq)]
enum Answer {
    Ask,
    Nothing,
    EndAtOnce,
}

/// `since_first`: the time since the first signal, if this is another. After a hang-up the user is gone and in no hurry, and
/// the signal often comes twice.
fn answer(signal: i32, keeps: bool, since_first: Option<Duration>) -> Answer {
    match since_first {
        None if keeps => Answer::Ask,
        Some(since) if keeps && (since < TOGETHER || signal == HANG_UP) => Answer::Nothing,
        _ => Answer::EndAtOnce,
    }
}

fn take(signal: i32) {
    let since_first = {
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        let since_first = first.map(|first| first.elapsed());
        first.get_or_insert_with(Instant::now);
        since_first
    };
    match answer(signal, KEEPS.load(Ordering::SeqCst), since_first) {
        Answer::Nothing => {}
        Answer::EndAtOnce => end_at_once(signal),
        Answer::Ask => {
            EXIT_CODE.store(u8::try_from(128 + signal).unwrap_or(130), Ordering::SeqCst);
            INTERRUPTED.store(true, Ordering::SeqCst);
            if let Some(then) = THEN.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                then();
            }
        }
    }
}

/// Ends as if the signal had not been handled, so that a shell sees it.
fn end_at_once(signal: i32) {
    remove_unfinished();
    #[cfg(unix)]
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    std::process::exit(128 + signal);
}

#[cfg(unix)]
pub(super) fn watch() -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    if !hanging_up_is_ignored() {
        signals.add_signal(HANG_UP)?;
    }
    let watch = move || signals.forever().for_each(take);
    std::thread::Builder::new().name("chromascope-signals".into()).spawn(watch).map(drop)
}

#[cfg(not(unix))]
pub(super) fn watch() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| take(2))
}

/// Whether `nohup` ignores the signal: then that is kept.
#[cfg(unix)]
fn hanging_up_is_ignored() -> bool {
    use std::io::IsTerminal;
    match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => ignores(&status, HANG_UP),
        // Except on Linux, the only sign is that `nohup` detaches the terminal.
        Err(_) => !std::io::stderr().is_terminal(),
    }
}

#[cfg(unix)]
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| (mask >> (signal - 1)) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_asks_and_a_second_ends() {
        const CTRL_C: i32 = 2;
        let (at_once, later) = (Some(Duration::from_millis(3)), Some(Duration::from_millis(800)));
        for (signal, keeps, since_first, expected) in [
            (CTRL_C, false, None, Answer::EndAtOnce),
            (CTRL_C, true, None, Answer::Ask),
            (CTRL_C, true, at_once, Answer::Nothing),
            (CTRL_C, true, later, Answer::EndAtOnce),
            (HANG_UP, false, None, Answer::EndAtOnce),
            (HANG_UP, true, None, Answer::Ask),
            (HANG_UP, true, at_once, Answer::Nothing),
            (HANG_UP, true, later, Answer::Nothing),
        ] {
            assert_eq!(answer(signal, keeps, since_first), expected, "{signal} {keeps} {since_first:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_ignored_is_read_off_the_process() {
        let status =
            "Name:\tchromascope\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004003\n";
        assert!(ignores(status, 1) && ignores(status, 13));
        assert!(!ignores(status, 2) && !ignores("", 1));
    }
}
