//! `chromascope window`: the same, to look at.

use super::{Ended, Failure};
use crate::runtime::Options;
use clap::ValueEnum;
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What draws the window
    #[arg(long, value_enum, default_value_t)]
    renderer: Renderer,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Renderer {
    /// OpenGL, which is also the faster one where there is no GPU.
    #[default]
    Glow,
    /// Vulkan, Metal or Direct3D.
    Wgpu,
}

pub(super) fn run(arguments: &Arguments, onnxruntime: Option<&Path>) -> Result<Ended, Failure> {
    let renderer = match arguments.renderer {
        Renderer::Glow => eframe::Renderer::Glow,
        Renderer::Wgpu => eframe::Renderer::Wgpu,
    };
    let options = Options { onnxruntime: onnxruntime.map(Path::to_path_buf) };
    crate::app::run(options, renderer).map_err(|error| NoWindow(without_source(&error.to_string())))?;
    Ok(Ended::Well)
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
#[error(
    "no window could be opened: {0}; without a display use `chromascope sample`. A window on Debian needs the packages \
     libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libegl1"
)]
struct NoWindow(String);

/// The reason without the place in some crate's source that winit puts before it.
fn without_source(reason: &str) -> String {
    let after = reason.rfind(".rs:").and_then(|at| reason[at..].split_once(": ")).map(|(_, rest)| rest);
    after.unwrap_or(reason).trim_end_matches('.').to_owned()
}
