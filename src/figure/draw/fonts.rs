//! The bundled fonts, under the Open Font License (assets/fonts/OFL.txt), adjusted to draw exactly the characters of a text.
//!
//! Both draw × for the x in "3x" and an arrow for "->" by contextual alternates. Those are wrong in text that quotes
//! user input, and egui has no switch for them. They are emptied in the fonts' bytes.

use std::sync::LazyLock;

static PLAIN_INTER: LazyLock<Vec<u8>> =
    LazyLock::new(|| without_alternates(include_bytes!("../../../assets/fonts/Inter.ttf")));
static PLAIN_JETBRAINS_MONO: LazyLock<Vec<u8>> =
    LazyLock::new(|| without_alternates(include_bytes!("../../../assets/fonts/JetBrainsMono.ttf")));

/// Inter, a variable font.
#[must_use]
pub fn inter() -> &'static [u8] {
    &PLAIN_INTER
}

/// JetBrains Mono, a variable font.
#[must_use]
pub fn jetbrains_mono() -> &'static [u8] {
    &PLAIN_JETBRAINS_MONO
}

/// A font whose contextual alternates substitute nothing.
fn without_alternates(font: &[u8]) -> Vec<u8> {
    let mut font = font.to_vec();
    for count in alternates(&font).unwrap_or_default() {
        font[count..count + 2].fill(0);
    }
    font
}

/// The positions of the lookup counts of a font's features `calt`: OpenType's GSUB, FeatureList, Feature.
fn alternates(font: &[u8]) -> Option<Vec<usize>> {
    let bytes = |at: usize, count: usize| font.get(at..at + count);
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(bytes(at, 2)?.try_into().ok()?)));
    let tables = short(4)?;
    let gsub = (0..tables).map(|table| 12 + 16 * table).find(|at| bytes(*at, 4) == Some(b"GSUB"))?;
    let gsub = usize::try_from(u32::from_be_bytes(bytes(gsub + 8, 4)?.try_into().ok()?)).ok()?;
    let list = gsub + short(gsub + 6)?;
    let records = (0..short(list)?).map(|record| list + 2 + 6 * record);
    // Each has an offset of parameters before its count, and its lookups after it.
    let counts = records.filter(|at| bytes(*at, 4) == Some(b"calt")).map(|at| Some(list + short(at + 4)? + 2));
    counts.collect()
}
