//! Downloading ONNX Runtime into the data folder.
//!
//! The library comes out of Python's wheel of it, because that is the one ready-made form which a machine's own
//! package settings (mirrors, proxies, certificates) already know how to reach. pip only downloads: no python is
//! needed that the wheel would fit, and nothing is installed into one. Every wheel is checked against a hash of
//! [`pins`] before it is opened.
//!
//! ```text
//! DATA/onnxruntime/1.31.1/      libonnxruntime.so.1.31.1, manifest.json
//! DATA/onnxruntime-gpu/1.31.1/  the same with CUDA: the providers and NVIDIA's libraries beside it
//! DATA/.setup-…/                while set-up runs
//! ```
//! A folder of the first two kinds appears whole, by one rename, or not at all.

mod cause;
mod manifest;
pub mod pins;
mod pip;
mod staging;
mod wheel;

use super::super::folders::{FolderError, data_folder};
use super::{CUDA, LIBRARY};
use manifest::Manifest;
use pins::{Platform, VERSION, Wheel};
pub use pip::HOW_TO_INSTALL as HOW_TO_INSTALL_PIP;
use serde::Serialize;
use staging::Staging;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Which build of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryKind {
    /// The small one, for the processor.
    Cpu,
    /// The one with CUDA, and all that CUDA needs except the driver.
    Cuda,
}

impl LibraryKind {
    /// Where this build lies in the data folder.
    #[must_use]
    pub fn folder(self, data: &Path) -> PathBuf {
        let name = match self {
            Self::Cpu => "onnxruntime",
            Self::Cuda => "onnxruntime-gpu",
        };
        data.join(name).join(VERSION)
    }
}

/// What set-up tells while it works.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// One sentence on what comes next.
    Note(&'a str),
    /// Bytes of the wheel that have come so far.
    Downloading {
        /// The package's name.
        package: &'a str,
        /// Bytes that are here.
        done: u64,
        /// Bytes of the wheel.
        total: u64,
    },
    /// The wheel is here and being taken apart.
    Unpacking {
        /// The package's name.
        package: &'a str,
    },
}

/// What lies in the data folder now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// The library.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
    /// SHA-256 of the library.
    pub sha256: String,
    /// The wheel tag it was made for.
    pub platform: String,
    /// Whether it comes with CUDA.
    pub cuda: bool,
    /// Whether this call fetched it; otherwise it was there, whole.
    pub downloaded: bool,
}

/// Why set-up failed. Nothing is left behind in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No wheel for this system.
    #[error(
        "there is no ready-made ONNX Runtime for this system: build or install one (1.23 or newer) and name it with \
         {LIBRARY}"
    )]
    NoPlatform,
    /// CUDA on a system for which there is no wheel with it.
    #[error(
        "ONNX Runtime with CUDA is only available for Linux and Windows on x86-64, not for {0}: run `chromascope \
         setup` without {CUDA}"
    )]
    NoCuda(&'static str),
    /// No data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// No pip, and none could be had.
    #[error(
        "pip was not found, and set-up needs it to download: install it ({}) and run `chromascope setup` again, or \
         name a library with {LIBRARY}",
        pip::HOW_TO_INSTALL
    )]
    NoPip,
    /// pip did not download.
    #[error("pip could not download {package} {version} ({reason}): {remedy}, then run `chromascope setup` again")]
    Download {
        /// The package.
        package: &'static str,
        /// Its version.
        version: &'static str,
        /// The cause that pip names, else its last word.
        reason: String,
        /// What mends it.
        remedy: &'static str,
    },
    /// What came is not what is pinned.
    #[error(
        "the download of {package} {version} is not the expected file (SHA-256 {found} instead of {expected}) and was \
         deleted: run `chromascope setup` again; if it happens again, check pip's package index"
    )]
    WrongHash {
        /// The package.
        package: &'static str,
        /// Its version.
        version: &'static str,
        /// The pinned hash.
        expected: &'static str,
        /// The file's hash.
        found: String,
    },
    /// The wheel has the right hash and the wrong content: the pins are wrong.
    #[error("the download of {package} cannot be unpacked ({reason}): please report this")]
    Unpack {
        /// The package.
        package: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The disk said no.
    #[error("cannot {action} {}: {source}; make room or choose another folder with CHROMASCOPE_DATA", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The caller wanted no more.
    #[error("set-up was stopped; nothing was left behind")]
    Cancelled,
}

fn disk<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> SetupError + 'a {
    move |source| SetupError::Disk { action, path: path.into(), source }
}

/// Sees to it that ONNX Runtime, with CUDA where `kind` says so, lies in the data folder. What is there and whole is
/// kept. Stops within a tenth of a second once `cancel` is true.
pub fn setup(
    kind: LibraryKind,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Installed, SetupError> {
    let platform = Platform::current().ok_or(SetupError::NoPlatform)?;
    let wheels = match kind {
        LibraryKind::Cpu => platform.cpu(),
        LibraryKind::Cuda => platform.cuda().ok_or(SetupError::NoCuda(platform.tag()))?,
    };
    let data = data_folder()?;
    install(&Plan { platform, kind, wheels, data: &data }, cancel, progress)
}

struct Plan<'a> {
    platform: Platform,
    kind: LibraryKind,
    wheels: &'a [Wheel],
    data: &'a Path,
}

impl Plan<'_> {
    fn installed(&self, manifest: &Manifest, downloaded: bool) -> Option<Installed> {
        let library = manifest.files.first()?;
        Some(Installed {
            path: self.kind.folder(self.data).join(&library.name),
            version: VERSION.into(),
            sha256: library.sha256.clone(),
            platform: self.platform.tag().into(),
            cuda: self.kind == LibraryKind::Cuda,
            downloaded,
        })
    }

    /// What is there already, if it is whole and from these wheels.
    fn present(&self) -> Option<Installed> {
        let folder = self.kind.folder(self.data);
        let manifest = Manifest::read(&folder)?;
        let wheels = self.wheels.iter().map(|wheel| wheel.sha256);
        (manifest.wheels.iter().map(String::as_str).eq(wheels) && manifest.is_whole(&folder))
            .then(|| self.installed(&manifest, false))
            .flatten()
    }
}

fn install(
    plan: &Plan<'_>,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Installed, SetupError> {
    if let Some(installed) = plan.present() {
        return Ok(installed);
    }
    let pip = pip::find_or_install(cancel, progress)?;
    let staging = Staging::new(plan.data)?;
    let content = staging.folder("content")?;
    let mut manifest = Manifest::default();
    for wheel in plan.wheels {
        let file = pip::download(&pip, wheel, &staging, cancel, progress)?;
        wheel::check(wheel, &file, cancel)?;
        progress(Progress::Unpacking { package: wheel.package });
        manifest.files.extend(wheel::unpack(wheel, &file, &content, cancel)?);
        manifest.wheels.push(wheel.sha256.into());
        std::fs::remove_file(&file).map_err(disk("remove", &file))?;
    }
    manifest.write(&content)?;
    stop_if(cancel)?;
    if let Some(installed) = plan.present() {
        // Another set-up was faster. What it put there may be in use by now.
        return Ok(installed);
    }
    staging.publish(&content, &plan.kind.folder(plan.data))?;
    plan.installed(&manifest, true).ok_or_else(|| SetupError::Unpack {
        package: plan.wheels.first().map_or("onnxruntime", |wheel| wheel.package),
        reason: "it contains no library".into(),
    })
}

fn stop_if(cancel: &AtomicBool) -> Result<(), SetupError> {
    if cancel.load(Ordering::Relaxed) { Err(SetupError::Cancelled) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn write_wheel(path: &Path) {
        let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, content) in [("a/capi/library.so", "library"), ("a/capi/other.so", "other")] {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
    }

    #[test]
    fn a_good_wheel_yields_the_one_library_and_is_known_again() {
        let data = tempfile::tempdir().unwrap();
        let (file, go_on) = (data.path().join("a.whl"), AtomicBool::new(false));
        write_wheel(&file);
        let sha256: &'static str = wheel::sha256_of(&file, &go_on).unwrap().leak();
        let take = pins::Take::Members(&["a/capi/library.so"]);
        let size = std::fs::metadata(&file).unwrap().len();
        let pin = Wheel { package: "a", version: "1", python: "3.11", platform: "any", size, sha256, take };
        let plan = Plan { platform: Platform::LinuxX86_64, kind: LibraryKind::Cpu, wheels: &[pin], data: data.path() };
        assert_eq!(plan.present(), None);

        wheel::check(&pin, &file, &go_on).unwrap();
        let staging = Staging::new(plan.data).unwrap();
        let content = staging.folder("content").unwrap();
        let files = wheel::unpack(&pin, &file, &content, &go_on).unwrap();
        let manifest = Manifest { wheels: vec![sha256.into()], files };
        manifest.write(&content).unwrap();
        staging.publish(&content, &plan.kind.folder(plan.data)).unwrap();

        let installed = plan.present().unwrap();
        assert_eq!(std::fs::read_to_string(&installed.path).unwrap(), "library");
        assert!(!installed.downloaded && !installed.path.with_file_name("other.so").exists());
        assert_eq!(installed.sha256, "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c");

        let missing = Wheel { take: pins::Take::Members(&["a/capi/none.so"]), ..pin };
        let message = wheel::unpack(&missing, &file, data.path(), &go_on).unwrap_err().to_string();
        assert!(message.contains("a/capi/none.so"), "{message}");
        let stopped = wheel::unpack(&pin, &file, data.path(), &AtomicBool::new(true)).unwrap_err();
        assert!(matches!(stopped, SetupError::Cancelled));
    }
}
