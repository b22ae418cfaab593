//! Colours by role and by resolution level, with dashes and markers as a second code for colour-blind readers.

pub use crate::session::tone::Ground;
pub use crate::words::{level_label, level_pixels};

/// The role of a colour; the theme decides the colour itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// By role.
    Role(Role),
    /// By resolution level, 0 the finest; see [`level_colour`].
    Level(usize),
    /// By channel of an image: red, green, blue; see [`channel_colour`].
    Channel(usize),
}

/// The roles a theme has colours for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Primary text and lines.
    Text,
    /// Secondary text and lines.
    Secondary,
    /// Decoration only; never text.
    Faint,
    /// Grid and frame.
    Hairline,
    /// Selection and playhead.
    Accent,
    /// Questionable.
    Warning,
    /// Wrong.
    Error,
    /// An improvement.
    Good,
}

/// The pattern of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// Solid.
    #[default]
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDotted,
}

impl Dash {
    /// Lengths of stroke and gap in turn, in line widths; empty for a solid line.
    #[must_use]
    pub const fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[6.0, 3.0],
            Self::Dotted => &[1.0, 2.5],
            Self::DashDotted => &[6.0, 2.5, 1.0, 2.5],
        }
    }
}

/// The shape of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marker {
    /// ●
    #[default]
    Circle,
    /// ■
    Square,
    /// ◆
    Diamond,
    /// ▲
    Up,
    /// ▼
    Down,
    /// ×
    Cross,
    /// +
    Plus,
    /// ◀
    Left,
}

/// Fine is warm, coarse is cool, in every theme.
const LEVELS: [[u8; 3]; 8] = [
    [0xF7, 0xD1, 0x54],
    [0xF5, 0x9B, 0x47],
    [0xE9, 0x66, 0x6A],
    [0xB9, 0x57, 0xA6],
    [0x7D, 0x66, 0xD6],
    [0x4A, 0x8B, 0xE0],
    [0x3A, 0xA6, 0xD0],
    [0x39, 0xBF, 0xA9],
];

/// The same hues on a light background, each dark enough for a line: at least 3:1.
const LEVELS_ON_LIGHT: [[u8; 3]; 8] = [
    [0xA6, 0x80, 0x04],
    [0xD2, 0x69, 0x06],
    [0xEA, 0x51, 0x55],
    [0xBB, 0x55, 0xA8],
    [0x7B, 0x63, 0xD9],
    [0x41, 0x87, 0xE3],
    [0x28, 0x8F, 0xB8],
    [0x29, 0x96, 0x84],
];

/// Red, green and blue on a dark and on a light background, at least 3:1.
const CHANNELS: [[u8; 3]; 3] = [[0xF0, 0x5D, 0x5E], [0x4C, 0xC3, 0x7A], [0x4A, 0x8F, 0xF5]];
const CHANNELS_ON_LIGHT: [[u8; 3]; 3] = [[0xD6, 0x3A, 0x3C], [0x1E, 0x8A, 0x4A], [0x2F, 0x73, 0xDD]];

/// The text colours on a level's colour.
pub const ON_LEVEL: [u8; 3] = [0, 0, 0];

const DASHES: [Dash; 4] = [Dash::Solid, Dash::Dashed, Dash::DashDotted, Dash::Dotted];

const MARKERS: [Marker; 8] = [
    Marker::Circle,
    Marker::Square,
    Marker::Diamond,
    Marker::Up,
    Marker::Down,
    Marker::Cross,
    Marker::Plus,
    Marker::Left,
];

/// sRGB of a resolution level, 0 the finest. Levels past the eighth have the colour of the eighth.
#[must_use]
pub fn level_colour(m: usize, ground: Ground) -> [u8; 3] {
    let colours = match ground {
        Ground::Dark => &LEVELS,
        Ground::Light => &LEVELS_ON_LIGHT,
    };
    colours[m.min(LEVELS.len() - 1)]
}

/// sRGB of a channel of an image. Channels past the third have the colour of the third.
#[must_use]
pub fn channel_colour(channel: usize, ground: Ground) -> [u8; 3] {
    let colours = match ground {
        Ground::Dark => &CHANNELS,
        Ground::Light => &CHANNELS_ON_LIGHT,
    };
    colours[channel.min(CHANNELS.len() - 1)]
}

/// The contrast ratio of two sRGB colours, by WCAG 2: at least 4.5 for text, 3 for lines.
#[must_use]
pub fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |colour: [u8; 3]| {
        let [r, g, b] = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

/// The pattern of a level's lines; neighbours differ.
#[must_use]
pub fn level_dash(m: usize) -> Dash {
    DASHES[m % DASHES.len()]
}

/// The shape of a level's points; the first eight differ.
#[must_use]
pub fn level_marker(m: usize) -> Marker {
    MARKERS[m % MARKERS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_levels_can_be_told_apart_twice() {
        for m in 0..8 {
            for other in 0..m {
                for ground in [Ground::Dark, Ground::Light] {
                    assert_ne!(level_colour(m, ground), level_colour(other, ground));
                }
                assert_ne!(level_marker(m), level_marker(other));
            }
            assert_ne!(level_dash(m), level_dash(m + 1));
        }
        assert_eq!(level_colour(99, Ground::Dark), level_colour(7, Ground::Dark));
        assert_eq!(level_label(2, 5), "32 px");
        assert_eq!(level_label(3, 0), "1 px");
    }

    #[test]
    fn names_can_be_read_on_every_level() {
        for ground in [Ground::Dark, Ground::Light] {
            assert!((0..8).all(|m| contrast(level_colour(m, ground), ON_LEVEL) >= 4.5));
        }
        assert!((contrast([255; 3], [0; 3]) - 21.0).abs() < 1e-9);
    }
}
