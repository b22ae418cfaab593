//! Other programs, run with a limit and stopped when they are no longer wanted.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(50);

/// What a program that ended left.
pub(crate) struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Why there is no [`Finished`].
pub(crate) enum Unfinished {
    NotStarted(std::io::Error),
    /// Stopped, by the limit or because `keep_going` said so.
    Stopped,
}

/// Runs `command` to its end without input, asking `keep_going` several times a second. It is killed and waited for
/// when that says no or when `limit` has passed.
pub(crate) fn run(
    command: &mut Command,
    limit: Option<Duration>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Finished, Unfinished> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Unfinished::NotStarted)?;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if keep_going() && limit.is_none_or(|limit| begun.elapsed() < limit) => sleep(POLL),
            // Nothing is left to do about a program that cannot be killed or waited for.
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Unfinished::Stopped);
            }
        }
    };
    Ok(Finished { status, stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() })
}

/// What a short question to another program answered, or `None` where it failed or took longer than ten seconds.
pub(super) fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let finished = run(Command::new(program).args(arguments), Some(Duration::from_secs(10)), &mut || true).ok()?;
    finished.status.success().then_some(finished.stdout)
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks has still given what it gave.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
