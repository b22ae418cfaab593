//! Text as outlines: shaped by harfrust, with kerning and accents, and outlined by skrifa.

use super::fonts::{inter, jetbrains_mono};
use super::scene::{Path, PathSegment};
use crate::figure::text::{Span, plain, spans};
use harfrust::{ShapeOptions, ShaperData, ShaperInstance, UnicodeBuffer};
use skrifa::instance::{Location, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// Size of a subscript, and its distance below the baseline, relative to the size of the text.
const SUBSCRIPT: (f64, f64) = (0.72, 0.17);

/// The font of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Running text.
    Body,
    /// Names and headings.
    Strong,
    /// Numbers.
    Mono,
}

/// A label in one line: its outlines, from the origin along the baseline, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Typeset {
    pub path: Path,
    pub width: f64,
    /// The label in plain text.
    pub text: String,
}

impl Typeset {
    /// Moved so that its baseline begins at a point.
    pub fn at(self, x: f64, y: f64) -> Path {
        self.path.mapped(|[px, py]| [px + x, py + y])
    }

    /// Rotated to be read from below, its baseline beginning at a point.
    pub fn upwards_at(self, x: f64, y: f64) -> Path {
        self.path.mapped(|[px, py]| [x + py, y - px])
    }
}

/// The fonts, ready to set text.
pub(super) struct Lettering {
    body: Vec<Font>,
    strong: Vec<Font>,
    mono: Vec<Font>,
}

impl Lettering {
    /// The bundled fonts, each with the other as fallback, as in the window.
    pub fn new() -> Self {
        let chain = |fonts: [(&'static [u8], f32); 2]| {
            fonts.into_iter().filter_map(|(data, weight)| Font::new(data, weight)).collect()
        };
        Self {
            body: chain([(inter(), 450.0), (jetbrains_mono(), 400.0)]),
            strong: chain([(inter(), 600.0), (jetbrains_mono(), 600.0)]),
            mono: chain([(jetbrains_mono(), 400.0), (inter(), 450.0)]),
        }
    }

    fn chain(&self, face: Face) -> &[Font] {
        match face {
            Face::Body => &self.body,
            Face::Strong => &self.strong,
            Face::Mono => &self.mono,
        }
    }

    /// Sets a label, its subscripts as [`spans`] reads them.
    pub fn set(&self, label: &str, face: Face, size: f64) -> Typeset {
        let mut path = Path::default();
        let mut x = 0.0;
        for Span { text, subscript } in spans(label) {
            let (size, down) = if subscript { (SUBSCRIPT.0 * size, SUBSCRIPT.1 * size) } else { (size, 0.0) };
            x += self.run(text, face, size, [x, down], &mut path);
        }
        Typeset { path, width: x, text: plain(label) }
    }

    /// The width of a label.
    pub fn width(&self, label: &str, face: Face, size: f64) -> f64 {
        self.set(label, face, size).width
    }

    /// Breaks text between words into lines no wider than `width`, if its words allow.
    pub fn wrapped(&self, text: &str, face: Face, size: f64, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if !line.is_empty() && self.width(&longer, face, size) > width {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                } else {
                    line = longer;
                }
            }
            lines.push(line);
        }
        lines
    }

    /// Sets plain text at a point and returns its width.
    fn run(&self, text: &str, face: Face, size: f64, [x, y]: [f64; 2], path: &mut Path) -> f64 {
        let chain = self.chain(face);
        let mut along = 0.0;
        let mut left = text;
        while let Some(first) = left.chars().next() {
            let font_of = |character: char| chain.iter().position(|font| font.has(character)).unwrap_or(0);
            let font = font_of(first);
            // A combining character stays with the letter before it, and a space with the word.
            let other = |&(at, character): &(usize, char)| {
                at > 0 && !combines(character) && character != ' ' && font_of(character) != font
            };
            let end = left.char_indices().find(other).map_or(left.len(), |(at, _)| at);
            let (here, rest) = left.split_at(end);
            if let Some(font) = chain.get(font) {
                along += font.run(here, size, [x + along, y], path);
            }
            left = rest;
        }
        along
    }

    /// Whether every character of a text has a glyph of its own.
    #[cfg(test)]
    pub fn covers(&self, text: &str, face: Face) -> bool {
        text.chars().all(|character| self.chain(face).iter().any(|font| font.has(character)))
    }
}

/// Whether a character is drawn over the one before it.
fn combines(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

/// A font at one weight.
struct Font {
    tables: FontRef<'static>,
    shaper: ShaperData,
    instance: ShaperInstance,
    location: Location,
    units_per_em: f64,
}

impl Font {
    fn new(data: &'static [u8], weight: f32) -> Option<Self> {
        let tables = FontRef::new(data).ok()?;
        Some(Self {
            shaper: ShaperData::new(&tables),
            instance: ShaperInstance::from_variations(&tables, [("wght", weight)]),
            location: tables.axes().location([("wght", weight)]),
            units_per_em: f64::from(tables.metrics(Size::unscaled(), &Location::default()).units_per_em),
            tables,
        })
    }

    /// Whether a character can be set: if ᾱ has no glyph, the shaper splits it into letter and bar.
    fn has(&self, character: char) -> bool {
        let glyph = |character: char| self.tables.charmap().map(character).is_some();
        glyph(character) || (character == 'ᾱ' && glyph('α') && glyph('\u{304}'))
    }

    fn run(&self, text: &str, size: f64, [x, y]: [f64; 2], path: &mut Path) -> f64 {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let shaper = self.shaper.shaper(&self.tables).instance(Some(&self.instance)).build();
        let glyphs = shaper.shape(buffer, ShapeOptions::new());
        let scale = size / self.units_per_em;
        let outlines = self.tables.outline_glyphs();
        let mut along = 0.0;
        for (glyph, place) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
            let origin = [x + along + scale * f64::from(place.x_offset), y - scale * f64::from(place.y_offset)];
            if let Some(outline) = outlines.get(GlyphId::new(glyph.glyph_id)) {
                let mut pen = Pen { path, origin, scale };
                // A glyph that cannot be read leaves its space empty.
                let _ = outline.draw(DrawSettings::unhinted(Size::unscaled(), &self.location), &mut pen);
            }
            along += scale * f64::from(place.x_advance);
        }
        along
    }
}

/// Writes a glyph's outline, in font units and y upwards, into a path.
struct Pen<'a> {
    path: &'a mut Path,
    origin: [f64; 2],
    scale: f64,
}

impl Pen<'_> {
    fn place(&self, x: f32, y: f32) -> [f64; 2] {
        [self.origin[0] + self.scale * f64::from(x), self.origin[1] - self.scale * f64::from(y)]
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.0.push(PathSegment::Move(self.place(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.0.push(PathSegment::Line(self.place(x, y)));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.path.0.push(PathSegment::Quad(self.place(cx0, cy0), self.place(x, y)));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.path.0.push(PathSegment::Cubic(self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y)));
    }

    fn close(&mut self) {
        self.path.0.push(PathSegment::Close);
    }
}
