//! Figures as files: SVG, PDF and PNG, without a GUI.
//!
//! A [`Sheet`] is one or several figures, heat maps and films stacked on a common horizontal axis. All formats are written
//! from one scene of
//! paths and pictures, with text as paths, so they look the same everywhere and need no fonts. The same sheet always gives
//! the same bytes.
//!
//! ```
//! use chromascope::figure::draw::{Format, Panel, Sheet, PageTheme};
//! use chromascope::figure::{SpectrumFigure, spectrum};
//! use chromascope::theory::NoiseLevel;
//! let (frequency, density) = ([0.0, 0.1, 0.2, 0.5], [9.0, 100.0, 10.0, 1.0]);
//! let of = SpectrumFigure { x_t: Some(&density), ..SpectrumFigure::new(&frequency, 64, NoiseLevel::from_alpha_bar(0.9)) };
//! let panel = Panel::new("Spectrum at step 3", spectrum(of).figure).with_height(160.0);
//! let sheet = Sheet { theme: PageTheme::Dark, width: 400.0, ..Sheet::new(vec![panel]) };
//! assert!(sheet.to_svg().starts_with("<svg "));
//! assert!(sheet.to_bytes(Format::Pdf, 1.0)?.starts_with(b"%PDF"));
//! # Ok::<(), chromascope::figure::draw::DrawError>(())
//! ```

mod content;
pub mod fonts;
mod format;
mod heat;
mod layout;
mod legend;
mod lettering;
mod marker;
mod panel;
mod pdf;
#[cfg(test)]
mod picture_tests;
mod png;
mod scene;
mod svg;
#[cfg(test)]
mod tests;
mod theme;

pub use content::Content;
pub use format::{FORMATS, Format, FormatInfo};
pub use theme::PageTheme;

use super::text;
use layout::{CAPTION, HEADING, TextLine, layout};
use lettering::{Face, Lettering};
use panel::Painter;
use scene::{Group, Scene};

/// Default pixels per point of a PNG: 216 per inch.
pub const DEFAULT_SCALE: f64 = 3.0;

/// Why figures cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The file extension is not that of a format for figures.
    #[error("\"{0}\" does not end in {endings}; figures are written in one of these formats", endings = Format::endings())]
    Format(String),
    /// The picture has no pixels, or too many.
    #[error("a picture of {width} × {height} pixels cannot be drawn; each side must be 1 to 20000")]
    Size {
        /// Width, pixels.
        width: f64,
        /// Height, pixels.
        height: f64,
    },
    /// The picture could not be encoded.
    #[error("the picture could not be written as PNG")]
    Png(#[from] image::ImageError),
}

/// A figure on a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Its content.
    pub content: Content,
    /// The title above it, with subscripts as [`text::spans`] reads them; may be empty.
    pub title: String,
    /// Height of the plot, points. It grows if the legend needs more.
    pub height: f64,
}

impl Panel {
    /// A figure, a heat map or a film with the default height.
    #[must_use]
    pub fn new(title: impl Into<String>, content: impl Into<Content>) -> Self {
        let content = content.into();
        let height = if matches!(content, Content::Film(_)) { 48.0 } else { 140.0 };
        Self { content, title: title.into(), height }
    }

    /// The same with another height of its plot, points.
    #[must_use]
    pub fn with_height(self, height: f64) -> Self {
        Self { height, ..self }
    }
}

/// Figures stacked on one page. Neighbours with the same horizontal axis share its numbers, below the last of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// The heading; may be empty.
    pub heading: String,
    /// The caption; may be empty.
    pub caption: String,
    /// Width of the page, points; wider if the legends leave no room for the plots.
    pub width: f64,
    /// Height of the page, points, to which the plots are fitted; `None` keeps the panels' heights. The page is higher
    /// if the parts beside the plots need it.
    pub height: Option<f64>,
    /// Colours.
    pub theme: PageTheme,
}

impl Sheet {
    /// A light page of 540 points, 7½ inches, without heading and caption.
    #[must_use]
    pub fn new(panels: Vec<Panel>) -> Self {
        let (heading, caption) = (String::new(), String::new());
        Self { panels, heading, caption, width: 540.0, height: None, theme: PageTheme::default() }
    }

    /// The sheet as SVG.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::write(&self.scene())
    }

    /// The sheet as PDF.
    #[must_use]
    pub fn to_pdf(&self) -> Vec<u8> {
        pdf::write(&self.scene())
    }

    /// The sheet as PNG, with this many pixels per point.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>, DrawError> {
        png::write(&self.scene(), scale)
    }

    /// The sheet in a format; `scale`, pixels per point, applies only to PNG.
    pub fn to_bytes(&self, format: Format, scale: f64) -> Result<Vec<u8>, DrawError> {
        (format.info().write)(&self.scene(), scale)
    }

    fn scene(&self) -> Scene {
        let lettering = Lettering::new();
        let painter = Painter { theme: self.theme, lettering: &lettering };
        let layout = layout(self, &painter);
        let mut groups = Vec::new();
        let mut words = |id: &str, lines: &[TextLine], face, size, role| {
            let mut group = Group::new(id.to_owned(), id.to_owned());
            for line in lines {
                group.label(lettering.set(&line.text, face, size), line.at, self.theme.role(role));
            }
            if !group.items.is_empty() {
                groups.push(group);
            }
        };
        words("heading", &layout.heading, Face::Strong, HEADING, super::Role::Text);
        words("caption", &layout.caption, Face::Body, CAPTION, super::Role::Secondary);
        for (index, (panel, place)) in self.panels.iter().zip(&layout.panels).enumerate() {
            let mut group = Group::new(format!("panel-{}", index + 1), panel.name());
            painter.panel(&panel.content, place, &mut group);
            groups.push(group);
        }
        let title = if self.heading.is_empty() {
            self.panels.first().map_or_else(String::new, Panel::name)
        } else {
            text::plain(&self.heading)
        };
        Scene { size: layout.size, background: self.theme.background(), title, description: self.description(), groups }
    }

    /// The panels' notes, each once, and the caption: one line each.
    fn words_below(&self) -> String {
        let mut lines: Vec<&str> = Vec::new();
        let notes = self.panels.iter().flat_map(|panel| panel.content.notes());
        for line in notes.chain(Some(&self.caption)) {
            if !line.is_empty() && !lines.contains(&line.as_str()) {
                lines.push(line);
            }
        }
        lines.join("\n")
    }

    /// A description in words.
    fn description(&self) -> String {
        let caption = Some(text::plain(&self.words_below())).filter(|caption| !caption.is_empty());
        self.panels.iter().map(Panel::description).chain(caption).collect::<Vec<_>>().join(" ")
    }
}

impl Panel {
    /// Its title, or else the quantity it plots.
    fn name(&self) -> String {
        text::plain(if self.title.is_empty() { self.content.label() } else { &self.title })
    }

    fn description(&self) -> String {
        format!("{}: {}.", self.name(), self.content.description())
    }
}
