//! pip, which only downloads here. Its own settings and variables hold: they are how a machine reaches its package
//! index.

use super::cause::Cause;
use super::pins::Wheel;
use super::staging::Staging;
use super::{Progress, SetupError, disk};
use crate::model::onnx_runtime::child::{self, Unfinished};
use crate::model::onnx_runtime::python::{Pip, find_pip};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// How to get pip here.
pub const HOW_TO_INSTALL: &str = if cfg!(windows) {
    "it comes with Python from python.org"
} else if cfg!(target_os = "macos") {
    "it comes with `xcode-select --install`"
} else {
    "on Debian and Ubuntu `sudo apt-get install --no-install-recommends python3-pip`"
};

/// The first pip that answers. Where there is none, this is root and the system has apt, pip is installed by it.
pub(super) fn find_or_install(cancel: &AtomicBool, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Pip, SetupError> {
    if let Some(pip) = find_pip() {
        return Ok(pip);
    }
    if is_root() && child::ask("apt-get", &["--version"]).is_some() {
        progress(Progress::Note("installing python3-pip with apt-get, as root"));
        let mut keep_going = || !cancel.load(Ordering::Relaxed);
        let mut apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            match child::run(&mut command, None, &mut keep_going) {
                Ok(finished) => Ok(finished.status.success()),
                Err(Unfinished::NotStarted(_)) => Ok(false),
                Err(Unfinished::Stopped) => Err(SetupError::Cancelled),
            }
        };
        let install = ["install", "--yes", "--no-install-recommends", "python3-pip"];
        // A machine that never updated its lists knows no packages.
        let _ = apt(&install)? || (apt(&["update"])? && apt(&install)?);
        if let Some(pip) = find_pip() {
            return Ok(pip);
        }
    }
    Err(SetupError::NoPip)
}

/// Whether this process runs as root, read from the owner of its own entry in /proc.
#[cfg(target_os = "linux")]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Elsewhere nothing is installed by itself.
#[cfg(not(target_os = "linux"))]
fn is_root() -> bool {
    false
}

/// Downloads `wheel` into `staging`; answers with the file.
pub(super) fn download(
    pip: &Pip,
    wheel: &Wheel,
    staging: &Staging,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<PathBuf, SetupError> {
    let (package, version) = (wheel.package, wheel.version);
    let fault = |Cause { reason, remedy }| SetupError::Download { package, version, reason, remedy };
    let other = |reason: String| fault(Cause { reason, remedy: "check the network and pip's settings" });
    let (wheels, temporary) = (staging.folder("wheels")?, staging.folder("temporary")?);
    let before = staging.size();
    let mut keep_going = || {
        let done = staging.size().saturating_sub(before).min(wheel.size);
        progress(Progress::Downloading { package, done, total: wheel.size });
        !cancel.load(Ordering::Relaxed)
    };
    let finished = match child::run(&mut command(pip, wheel, &wheels, &temporary), None, &mut keep_going) {
        Ok(finished) => finished,
        Err(Unfinished::Stopped) => return Err(SetupError::Cancelled),
        Err(Unfinished::NotStarted(error)) => return Err(other(format!("{} does not start: {error}", pip.program))),
    };
    // On a terminal Ctrl-C reaches pip too, which may end before this program looks again.
    super::stop_if(cancel)?;
    if !finished.status.success() {
        return Err(fault(Cause::of(&finished.stderr, &finished.stdout)));
    }
    let entries = std::fs::read_dir(&wheels).map_err(disk("read", &wheels))?;
    let mut files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files
        .find(|path| path.extension().is_some_and(|end| end == "whl"))
        .ok_or_else(|| other("it produced no wheel".into()))
}

fn command(pip: &Pip, wheel: &Wheel, wheels: &Path, temporary: &Path) -> Command {
    let mut command = Command::new(&pip.program);
    command
        .args(&pip.arguments)
        .args(["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"])
        .args(["--disable-pip-version-check", "--progress-bar", "off"])
        .args(["--platform", wheel.platform, "--python-version", wheel.python])
        .arg("--dest")
        .arg(wheels)
        .arg(format!("{}=={}", wheel.package, wheel.version));
    // What is half downloaded lies where it is counted, and where it is removed if pip is killed. The folder is empty,
    // so that `python -m pip` finds no other pip in it.
    for variable in ["TMPDIR", "TEMP", "TMP"] {
        command.env(variable, temporary);
    }
    command.current_dir(temporary);
    command
}
