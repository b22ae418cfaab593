//! The program: see the library's `cli`.

fn main() -> std::process::ExitCode {
    #[cfg(feature = "gui")]
    let graphics: Option<chromascope::cli::GraphicsProbe> = Some(probe);
    #[cfg(not(feature = "gui"))]
    let graphics = None;
    chromascope::cli::main(graphics)
}

/// The command line and the window do not know each other's insides; this is what the one asks of the other.
#[cfg(feature = "gui")]
fn probe() -> chromascope::cli::Graphics {
    let found = chromascope::app::graphics::probe(chromascope::session::preferences::Renderer::Auto);
    let adapters = found.adapters.iter().map(|adapter| {
        let kind = if adapter.hardware { "hardware" } else { "software" };
        format!("{} ({}, {kind}, {})", adapter.name, adapter.backend, adapter.driver)
    });
    chromascope::cli::Graphics {
        adapters: adapters.collect(),
        renderer: format!("{}, as {}", found.renderer, found.reason),
        json: serde_json::to_value(&found).unwrap_or_default(),
    }
}
