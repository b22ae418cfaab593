//! The bundled fonts, under the Open Font License (assets/fonts/OFL.txt).

/// Inter, a variable font.
pub const INTER: &[u8] = include_bytes!("../../../assets/fonts/Inter.ttf");

/// JetBrains Mono, a variable font.
pub const JETBRAINS_MONO: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono.ttf");
