//! `chromascope setup`

use super::{Ended, Failure, interrupt, interrupted, output};
use crate::model::onnx_runtime::setup::{Installed, LibraryKind, Progress, SetupError, setup};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Download the library with CUDA, plus CUDA and cuDNN (1.6 GB; needs an NVIDIA driver)
    #[arg(long)]
    cuda: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Failure> {
    let kind = if arguments.cuda { LibraryKind::Cuda } else { LibraryKind::Cpu };
    let mut teller = Teller::new();
    interrupt::ask_first();
    let outcome = setup(kind, interrupted(), &mut |progress| teller.tell(progress));
    teller.bar.finish_and_clear();
    let installed = match outcome {
        Ok(installed) => installed,
        Err(error @ SetupError::Cancelled) => {
            output::message(&error.to_string());
            return Err(Failure::Interrupted);
        }
        Err(error) => return Err(error.into()),
    };
    let text = if arguments.json { serde_json::to_string_pretty(&installed)? } else { in_words(&installed) };
    output::result(&text)?;
    Ok(Ended::Well)
}

fn in_words(installed: &Installed) -> String {
    let Installed { path, version, cuda, downloaded, .. } = installed;
    let what = if *cuda { " with CUDA" } else { "" };
    let how = if *downloaded { "is set up" } else { "is already there" };
    format!("ONNX Runtime {version}{what} {how}: {}", path.display())
}

/// A bar on a terminal, otherwise one line per wheel.
struct Teller {
    bar: ProgressBar,
    package: String,
}

impl Teller {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}") {
            bar.set_style(style);
        }
        Self { bar, package: String::new() }
    }

    fn tell(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Note(sentence) => self.bar.suspend(|| output::message(sentence)),
            Progress::Downloading { package, done, total } => {
                if self.package != package {
                    self.package = package.into();
                    self.bar.set_message(format!("downloading {package}"));
                    if self.bar.is_hidden() {
                        let megabytes = total as f64 / 1e6;
                        output::message(&format!("downloading {package} ({megabytes:.0} MB)"));
                    }
                }
                self.bar.set_length(total);
                self.bar.set_position(done);
            }
            Progress::Unpacking { package } => self.bar.set_message(format!("unpacking {package}")),
        }
    }
}
