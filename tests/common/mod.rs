//! The program with a home folder of its own: no test touches the folders of the user who runs it.

#[allow(dead_code, reason = "each test file uses its own part of this")]
pub mod faults;
#[cfg(unix)]
#[allow(dead_code, reason = "each test file uses its own part of this")]
pub mod running;

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The program without settings. It finds ONNX Runtime where the tests' user has it.
#[allow(dead_code, reason = "each test file uses its own part of this")]
pub fn program() -> Command {
    let mut command = Command::cargo_bin("chromascope").unwrap();
    command.env("CHROMASCOPE_CONFIG", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-settings"));
    command.env("CHROMASCOPE_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command
}

/// An empty home folder, with the folders that the program would use in it and an empty PATH.
pub struct Home {
    folder: TempDir,
}

#[allow(dead_code, reason = "each test file uses its own part of this")]
impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The whole of PATH.
    pub fn bin(&self) -> PathBuf {
        self.path().join("bin")
    }

    pub fn config(&self) -> PathBuf {
        self.path().join("config")
    }

    pub fn write_settings(&self, text: &str) {
        std::fs::create_dir_all(self.config()).unwrap();
        std::fs::write(self.config().join("settings.json"), text).unwrap();
    }

    /// `chromascope` with this home and no other variable.
    pub fn chromascope(&self) -> Command {
        Command::from_std(self.std_chromascope())
    }

    /// The same, to start without waiting.
    pub fn std_chromascope(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chromascope"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("USERPROFILE", self.path())
            .env("PATH", self.bin())
            .env("CHROMASCOPE_DATA", self.data())
            .env("CHROMASCOPE_CONFIG", self.config())
            .current_dir(self.path());
        if let Some(root) = std::env::var_os("SYSTEMROOT") {
            command.env("SYSTEMROOT", root);
        }
        command
    }

    /// Puts an executable shell script on PATH.
    #[cfg(unix)]
    pub fn write_program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.bin().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The last line of stderr, without the name of the program.
#[allow(dead_code, reason = "each test file uses its own part of this")]
pub fn sentence(output: &std::process::Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("chromascope: ").unwrap_or_else(|| panic!("not a sentence: {text}")).to_owned()
}
