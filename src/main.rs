//! The program. It joins the library's `cli` and `app`, which do not know each other.

fn main() -> std::process::ExitCode {
    #[cfg(feature = "gui")]
    let front = Some(chromascope::cli::Front { graphics: probe, window: open });
    #[cfg(not(feature = "gui"))]
    let front = None;
    chromascope::cli::main(front)
}

#[cfg(feature = "gui")]
fn open(
    window: chromascope::runtime::launch::WindowLaunch,
) -> Result<chromascope::runtime::launch::Closed, Box<dyn std::error::Error>> {
    Ok(chromascope::app::launch::run(window)?)
}

#[cfg(feature = "gui")]
fn probe() -> chromascope::cli::GraphicsReport {
    let found = chromascope::app::graphics::probe(chromascope::session::preferences::Renderer::Auto);
    let adapters = found.adapters.iter().map(|adapter| {
        let kind = if adapter.hardware { "hardware" } else { "software" };
        format!("{} ({}, {kind}, {})", adapter.name, adapter.backend, adapter.driver)
    });
    chromascope::cli::GraphicsReport {
        adapters: adapters.collect(),
        renderer: format!("{}: {}", found.renderer, found.reason),
        json: serde_json::to_value(&found).unwrap_or_default(),
        said: Vec::new(),
    }
}
