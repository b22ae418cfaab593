//! From the command line to an open window: the renderer, and what happens if it does not start.

use crate::app::App;
use crate::app::graphics::{self, choose};
use crate::app::guarded::{Fate, Guarded};
use crate::app::meter::is_software;
use crate::runtime::launch::{Closed, FAILED_VARIABLE, WindowLaunch};
use crate::runtime::panic_text;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The packages that a window needs on Debian.
const PACKAGES: &str = "libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libegl1";

/// Why the window is not open.
#[derive(Debug, thiserror::Error)]
pub enum NoWindow {
    /// It did not open.
    #[error(
        "cannot open a window: {0}. Without a display use `chromascope sample`. On Debian a window needs the \
         packages {PACKAGES}"
    )]
    NotOpened(String),
    /// A fault closed it.
    #[error("the window was closed by a fault in Chromascope ({fault}); {saved}")]
    Broke {
        /// The description of the fault.
        fault: String,
        /// What was saved.
        saved: String,
    },
}

/// Opens the window and returns when it is closed.
pub fn run(window: WindowLaunch) -> Result<Closed, NoWindow> {
    // If no window can open, do not query the drivers, which may print something.
    let adapters = || if there_is_a_display() { graphics::adapters() } else { Vec::new() };
    let (renderer, _) = choose(window.renderer, adapters);
    let earlier = std::env::var(FAILED_VARIABLE).ok();
    let fate = Arc::new(Fate::default());
    let opened = open(window, renderer, &fate);
    if let Some((fault, saved)) = fate.broke() {
        let fault = fault.or(opened.err()).unwrap_or_else(|| "no reason given".to_owned());
        return Err(NoWindow::Broke { fault, saved });
    }
    let Err(reason) = opened else { return Ok(Closed::Well) };
    let failed = format!("{}: {reason}", graphics::name(renderer));
    match earlier {
        Some(earlier) => Err(NoWindow::NotOpened(format!("{earlier}; {failed}"))),
        // Without a display neither opens.
        None if reason.contains("neither WAYLAND_DISPLAY") => Err(NoWindow::NotOpened(reason)),
        None => {
            let other = match renderer {
                eframe::Renderer::Glow => eframe::Renderer::Wgpu,
                eframe::Renderer::Wgpu => eframe::Renderer::Glow,
            };
            Ok(Closed::TryOther { renderer: graphics::name(other), failed })
        }
    }
}

/// Whether the variables name a display.
fn there_is_a_display() -> bool {
    let named = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(named)
}

fn open(window: WindowLaunch, renderer: eframe::Renderer, fate: &Arc<Fate>) -> Result<(), String> {
    let WindowLaunch { launch, size, measure_since, when_asked_to_end, .. } = window;
    let size = size.or(launch.loaded.preferences.window).unwrap_or((1600.0, 1000.0));
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Chromascope")
            .with_app_id("chromascope")
            .with_inner_size([size.0, size.1])
            .with_min_inner_size([960.0, 600.0]),
        renderer,
        system_font_fallback: false,
        ..eframe::NativeOptions::default()
    };
    let fate = Arc::clone(fate);
    let creator: eframe::AppCreator<'_> = Box::new(move |context| {
        let software = drawn_by_software(context);
        let ctx = context.egui_ctx.clone();
        when_asked_to_end(Box::new(move || {
            ENDED_BY_SIGNAL.store(true, Ordering::Relaxed);
            ctx.send_viewport_cmd_to(egui::ViewportId::ROOT, egui::ViewportCommand::Close);
        }));
        let app = Guarded::new(App::new(&context.egui_ctx, launch, software)?, fate);
        Ok(match measure_since {
            Some(since) => Box::new(FirstFrame { app, since, frames: 0 }) as Box<dyn eframe::App>,
            None => Box::new(app),
        })
    });
    // Missing libraries make the crates below panic.
    match catch_unwind(AssertUnwindSafe(|| eframe::run_native("Chromascope", native, creator))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(without_source(&error.to_string())),
        Err(panic) => Err(panic_text(&*panic).to_owned()),
    }
}

/// Whether the window closes because the system, and not the user, asked for it.
static ENDED_BY_SIGNAL: AtomicBool = AtomicBool::new(false);

/// Sets it.
pub(super) fn ended_by_signal() -> bool {
    ENDED_BY_SIGNAL.load(Ordering::Relaxed)
}

fn drawn_by_software(context: &eframe::CreationContext<'_>) -> bool {
    use eframe::glow::HasContext as _;
    if let Some(state) = &context.wgpu_render_state {
        let info = state.adapter.get_info();
        return info.device_type == wgpu::DeviceType::Cpu || is_software(&info.name);
    }
    // The context is current while the program is created, and its renderer's name is plain text.
    #[allow(unsafe_code)]
    context.gl.as_ref().is_some_and(|gl| is_software(&unsafe { gl.get_parameter_string(eframe::glow::RENDERER) }))
}

/// The reason without the source position that winit puts before it.
fn without_source(reason: &str) -> String {
    let after = reason.rfind(".rs:").and_then(|at| reason[at..].split_once(": ")).map(|(_, rest)| rest);
    after.unwrap_or(reason).trim_end_matches('.').to_owned()
}

/// The window until its first frame is on the screen.
struct FirstFrame {
    app: Guarded<App>,
    since: Instant,
    frames: u32,
}

impl eframe::App for FirstFrame {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        // A frame is presented before the next begins.
        self.frames += 1;
        if self.frames == 2 {
            println!("first frame after {:.0} ms", 1e3 * self.since.elapsed().as_secs_f64());
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        ctx.request_repaint();
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.app.ui(ui, frame);
    }

    fn on_exit(&mut self, gl: Option<&eframe::glow::Context>) {
        self.app.on_exit(gl);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_lose_their_places_in_sources() {
        assert_eq!(without_source("os error at /a/b.rs:85: neither X nor Y is set."), "neither X nor Y is set");
        assert_eq!(without_source("no adapter"), "no adapter");
    }
}
