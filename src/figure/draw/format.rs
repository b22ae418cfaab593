//! The table of file formats of figures. Menus, file extensions, help and error messages are made from it.

use super::{DrawError, Scene, pdf, png, svg};
use crate::words;
use std::path::Path;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // `FORMATS` says what each is
pub enum Format {
    Svg,
    Pdf,
    Png,
}

/// All formats, in the order of [`Format`] and of menus.
pub const FORMATS: &[FormatInfo] = &[
    FormatInfo {
        format: Format::Svg,
        name: "SVG",
        ending: "svg",
        summary: "Vectors for the web.",
        write: |scene, _| Ok(svg::write(scene).into_bytes()),
    },
    FormatInfo {
        format: Format::Pdf,
        name: "PDF",
        ending: "pdf",
        summary: "Vectors for papers.",
        write: |scene, _| Ok(pdf::write(scene)),
    },
    FormatInfo { format: Format::Png, name: "PNG", ending: "png", summary: "Pixels.", write: png::write },
];

/// A row of the table.
pub struct FormatInfo {
    /// The format.
    pub format: Format,
    /// Its name.
    pub name: &'static str,
    /// Its file extension.
    pub ending: &'static str,
    /// Its use, in a sentence.
    pub summary: &'static str,
    /// Writes the scene; the number is the pixels per point if it has pixels.
    pub(super) write: fn(&Scene, f64) -> Result<Vec<u8>, DrawError>,
}

impl Format {
    /// Its row of the table.
    #[must_use]
    pub const fn info(self) -> &'static FormatInfo {
        &FORMATS[self as usize]
    }

    /// From the extension of a file name.
    pub fn from_path(path: &Path) -> Result<Self, DrawError> {
        let ending = path.extension().unwrap_or_default();
        let found = FORMATS.iter().find(|info| ending.eq_ignore_ascii_case(info.ending));
        found.map(|info| info.format).ok_or_else(|| DrawError::Format(path.display().to_string()))
    }

    /// The extensions in a sentence: ".svg, .pdf or .png".
    #[must_use]
    pub fn endings() -> String {
        let endings: Vec<String> = FORMATS.iter().map(|info| format!(".{}", info.ending)).collect();
        words::joined(&endings.iter().map(String::as_str).collect::<Vec<_>>(), "or")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_ends_every_file_in_its_own_way() {
        for (index, info) in FORMATS.iter().enumerate() {
            assert_eq!((info.format as usize, info.format.info().name), (index, info.name));
            let path = format!("a.b/c.{}", info.ending.to_uppercase());
            assert_eq!(Format::from_path(path.as_ref()).unwrap(), info.format);
            assert!(info.summary.ends_with('.'), "{}", info.name);
        }
        assert_eq!(Format::endings(), ".svg, .pdf or .png");
    }
}
