//! `chromascope`, without a command: the window.

use super::{Ended, Failure, OpenWindow, interrupt, interrupted, output};
use crate::model::folders::config_folder;
use crate::model::package::bundled;
use crate::runtime::Options;
use crate::runtime::launch::{Closed, FAILED_VARIABLE, Launch, WindowLaunch};
use crate::session::action::Action;
use crate::session::archive::finish_writing;
use crate::session::document::Layout;
use crate::session::preferences::{Loaded, Preferences, Renderer, Theme};
use crate::session::settings::ModelSource;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Instant;

#[derive(Debug, clap::Args)]
#[group(id = "window")]
pub(super) struct Arguments {
    /// Model to open: a bundled name, an .onnx file or a folder
    #[arg(value_name = "MODEL", value_parser = model)]
    model: Option<String>,
    /// Folder of images to open as a model
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    images: Option<PathBuf>,
    /// Graphics backend
    #[arg(long, value_enum)]
    renderer: Option<Renderer>,
    /// Colour theme
    #[arg(long, value_enum)]
    theme: Option<Theme>,
    /// Layout of panes and tracks
    #[arg(long, value_enum)]
    layout: Option<Layout>,
    /// Inner size of the window in points
    #[arg(long, value_name = "WxH", value_parser = size)]
    window_size: Option<(f32, f32)>,
    /// Print how long it takes to the first frame on the screen, and end
    #[arg(long, hide = true)]
    measure_start: bool,
}

/// A word that is neither a command nor a model is probably a typing error: report it instead of opening a window.
fn model(text: &str) -> Result<String, String> {
    let known = Path::new(text).exists() || bundled().iter().any(|(name, _)| name == text);
    known.then(|| text.to_owned()).ok_or_else(|| format!("\"{text}\" is neither a command nor a model"))
}

fn size(text: &str) -> Result<(f32, f32), String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    sides
        .filter(|&(w, h): &(f32, f32)| (320.0..=16384.0).contains(&w) && (240.0..=16384.0).contains(&h))
        .ok_or_else(|| format!("\"{text}\" is not a window size; give width and height in points, such as 1280x720"))
}

pub(super) fn run(
    arguments: &Arguments,
    onnxruntime: Option<&Path>,
    began: Instant,
    open: OpenWindow,
) -> Result<Ended, Failure> {
    let (folder, mut loaded) = match config_folder() {
        Ok(folder) => (Some(folder.clone()), Preferences::load(&folder)),
        Err(error) => {
            (None, Loaded { message: Some(format!("preferences will not be saved: {error}")), ..Loaded::default() })
        }
    };
    let mut notices = Vec::new();
    if let Ok(failed) = std::env::var(FAILED_VARIABLE) {
        notices.push(format!("the window could not be drawn with {failed}; the other renderer is used instead"));
    }
    let mut first = Vec::new();
    if let Some(source) = source(arguments) {
        first.push(Action::SetModel(source));
    }
    first.extend(arguments.layout.map(Action::SetLayout));
    if let Some(theme) = arguments.theme {
        loaded.preferences.theme = theme;
    }
    let renderer = arguments.renderer.unwrap_or(loaded.preferences.renderer);
    let options = Options { onnxruntime: onnxruntime.map(Path::to_path_buf) };
    let window = WindowLaunch {
        launch: Launch { options, loaded, folder, first, notices, without_shader: false },
        renderer,
        size: arguments.window_size,
        measure_since: arguments.measure_start.then_some(began),
        when_asked_to_end: interrupt::ask_first_by,
    };
    let closed = open(window);
    finish_writing();
    match closed.map_err(Failure::Sentence)? {
        Closed::Well if interrupted().load(Ordering::SeqCst) => Err(Failure::Interrupted),
        Closed::Well => Ok(Ended::Well),
        Closed::TryOther { renderer, failed } => start_again(renderer, &failed),
    }
}

fn source(arguments: &Arguments) -> Option<ModelSource> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    if let Some(folder) = &arguments.images {
        return Some(ModelSource::Images(absolute(folder)));
    }
    let name = arguments.model.as_ref()?;
    let path = Path::new(name);
    let whole = absolute(path);
    Some(ModelSource::Model(whole.to_str().filter(|_| path.exists()).unwrap_or(name).to_owned()))
}

/// Starts the same program with the other renderer, once. Where possible, it replaces this process, with the same process number
/// and signals.
fn start_again(renderer: &str, failed: &str) -> Result<Ended, Failure> {
    output::message(&format!("the window could not be drawn with {failed}; trying {renderer}"));
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--renderer") {
        arguments.drain(at..(at + 2).min(arguments.len()));
    }
    arguments.retain(|argument| !argument.to_string_lossy().starts_with("--renderer="));
    let mut again = Command::new(std::env::current_exe()?);
    again.args(arguments).args(["--renderer", renderer]).env(FAILED_VARIABLE, failed);
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut again).into());
    #[cfg(not(unix))]
    Ok(if again.status()?.success() { Ended::Well } else { Ended::Badly })
}
