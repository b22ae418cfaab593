//! What can be learned from the pythons of this machine. They are only asked, never written to.

use super::child;
use std::path::{Path, PathBuf};

const PYTHONS: [&str; 2] = ["python3", "python"];
const SITE_PACKAGES: &str = "import sys; print('\\n'.join(p for p in sys.path if p.endswith('-packages')))";

/// A pip that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pip {
    /// The program to start.
    pub program: String,
    /// What comes before pip's own arguments.
    pub arguments: Vec<String>,
    /// What `pip --version` says, up to the first bracket's end.
    pub version: String,
}

impl Pip {
    /// The command as one would type it.
    #[must_use]
    pub fn command_line(&self) -> String {
        std::iter::once(&self.program).chain(&self.arguments).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// The first of `python3 -m pip`, `python -m pip`, `pip3` and `pip` that answers.
#[must_use]
pub fn find_pip() -> Option<Pip> {
    let modules = PYTHONS.map(|python| (python, vec!["-m", "pip"]));
    let programs = ["pip3", "pip"].map(|pip| (pip, vec![]));
    modules.into_iter().chain(programs).find_map(|(program, arguments)| {
        let answer = child::ask(program, &[&arguments[..], &["--version"]].concat())?;
        Some(Pip {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            version: answer.split(" from ").next().unwrap_or_default().trim().into(),
        })
    })
}

/// The first python on PATH that answers and its version, such as `Python 3.11.2`.
pub(crate) fn find_python() -> Option<(String, String)> {
    PYTHONS.into_iter().find_map(|python| Some((python.into(), child::ask(python, &["--version"])?.trim().into())))
}

/// The package folders of the first python on PATH that answers.
pub(super) fn site_packages_of_path() -> Vec<PathBuf> {
    let answer = PYTHONS.into_iter().find_map(|python| child::ask(python, &["-c", SITE_PACKAGES]));
    answer.unwrap_or_default().lines().map(PathBuf::from).collect()
}

/// The package folders of the virtual environment `root`.
pub(super) fn site_packages_of_environment(root: &Path) -> Vec<PathBuf> {
    if cfg!(windows) {
        return vec![root.join("Lib").join("site-packages")];
    }
    let Ok(entries) = std::fs::read_dir(root.join("lib")) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path().join("site-packages"))).filter(|path| path.is_dir()).collect()
}

/// What `nvidia-smi -L` names, one line a GPU; empty where it does not answer.
pub(crate) fn gpus() -> Vec<String> {
    let answer = child::ask("nvidia-smi", &["-L"]).unwrap_or_default();
    answer.lines().filter(|line| line.starts_with("GPU ")).map(|line| line.trim().to_owned()).collect()
}
