//! The graphics adapters of the machine, and the renderer chosen for them.

use crate::app::meter::is_software;
use crate::session::preferences::Renderer;
use serde::Serialize;

/// A graphics adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// Vulkan, Metal, Direct3D or OpenGL.
    pub backend: String,
    /// Its driver.
    pub driver: String,
    /// Whether it is hardware.
    pub hardware: bool,
}

/// The graphics of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graphics {
    /// The adapters wgpu finds.
    pub adapters: Vec<Adapter>,
    /// The renderer of the window.
    pub renderer: &'static str,
    /// The reason.
    pub reason: String,
}

/// Lists the adapters. Takes up to a few tenths of a second if drivers load slowly.
#[must_use]
pub fn adapters() -> Vec<Adapter> {
    // OpenGL is omitted: it needs a window to report anything, and glow uses it.
    let descriptor = wgpu::InstanceDescriptor {
        backends: wgpu::Backends::PRIMARY,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    let instance = wgpu::Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let adapters = found.iter().map(wgpu::Adapter::get_info).map(|info| Adapter {
        hardware: info.device_type != wgpu::DeviceType::Cpu && !is_software(&info.name),
        backend: info.backend.to_string(),
        driver: [info.driver, info.driver_info].join(" ").trim().to_owned(),
        name: info.name,
    });
    adapters.collect()
}

/// The renderer for these adapters, and why.
#[must_use]
pub fn choose(wanted: Renderer, adapters: impl FnOnce() -> Vec<Adapter>) -> (eframe::Renderer, String) {
    match wanted {
        Renderer::Wgpu => (eframe::Renderer::Wgpu, "you chose it".into()),
        Renderer::Glow => (eframe::Renderer::Glow, "you chose it".into()),
        Renderer::Auto => match adapters().into_iter().find(|adapter| adapter.hardware) {
            Some(adapter) => (eframe::Renderer::Wgpu, format!("{} was found ({})", adapter.name, adapter.backend)),
            None => (eframe::Renderer::Glow, "no graphics card was found, and OpenGL is faster on a processor".into()),
        },
    }
}

/// The report for `chromascope doctor`.
#[must_use]
pub fn probe(wanted: Renderer) -> Graphics {
    let adapters = adapters();
    let (renderer, reason) = choose(wanted, || adapters.clone());
    Graphics { adapters, renderer: name(renderer), reason }
}

/// The renderer's name on the command line.
#[must_use]
pub const fn name(renderer: eframe::Renderer) -> &'static str {
    match renderer {
        eframe::Renderer::Glow => "glow",
        eframe::Renderer::Wgpu => "wgpu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(hardware: bool) -> Adapter {
        Adapter { name: "A".into(), backend: "vulkan".into(), driver: String::new(), hardware }
    }

    #[test]
    fn hardware_gets_wgpu_and_processors_glow() {
        let chosen = |wanted, adapters: Vec<Adapter>| name(choose(wanted, || adapters).0);
        assert_eq!(chosen(Renderer::Auto, vec![adapter(false), adapter(true)]), "wgpu");
        assert_eq!(chosen(Renderer::Auto, vec![adapter(false)]), "glow");
        assert_eq!(chosen(Renderer::Auto, vec![]), "glow");
        assert_eq!(chosen(Renderer::Wgpu, vec![]), "wgpu");
        assert_eq!(chosen(Renderer::Glow, vec![adapter(true)]), "glow");
    }
}
