//! Colours of the page.

use super::scene::Colour;
use crate::figure::palette::{self, channel_colour, level_colour};
use crate::figure::{Ground, Paint, Role};

/// The colours of a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageTheme {
    /// Dark on white, for paper.
    #[default]
    Light,
    /// The window's dark theme, for slides.
    Dark,
}

/// The colours of one theme, by role.
struct Colours {
    background: u32,
    text: u32,
    secondary: u32,
    faint: u32,
    hairline: u32,
    accent: u32,
    warning: u32,
    error: u32,
    good: u32,
}

const LIGHT: Colours = Colours {
    background: 0xFF_FFFF,
    text: 0x14_1A21,
    secondary: 0x4A_5663,
    faint: 0x7A_8592,
    hairline: 0xE2_E7EC,
    accent: 0x0B_66C3,
    warning: 0x8A_5A00,
    error: 0xB3_1D28,
    good: 0x17_703C,
};

const DARK: Colours = Colours {
    background: 0x0E_1116,
    text: 0xE6_EBF2,
    secondary: 0x9A_A7B5,
    faint: 0x5F_6B7A,
    hairline: 0x23_2B35,
    accent: 0x5A_B0FF,
    warning: 0xF2_B33D,
    error: 0xFF_6B6B,
    good: 0x5C_D18B,
};

const fn rgb(hex: u32) -> Colour {
    let [_, r, g, b] = hex.to_be_bytes();
    [r, g, b]
}

/// The text colour on a level's colour, in every theme.
pub(super) const ON_LEVEL: Colour = palette::ON_LEVEL;

impl PageTheme {
    const fn colours(self) -> &'static Colours {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }

    /// The background.
    pub(super) const fn background(self) -> Colour {
        rgb(self.colours().background)
    }

    pub(super) const fn role(self, role: Role) -> Colour {
        let colours = self.colours();
        rgb(match role {
            Role::Text => colours.text,
            Role::Secondary => colours.secondary,
            Role::Faint => colours.faint,
            Role::Hairline => colours.hairline,
            Role::Accent => colours.accent,
            Role::Warning => colours.warning,
            Role::Error => colours.error,
            Role::Good => colours.good,
        })
    }

    /// The background, dark or light.
    pub(super) const fn ground(self) -> Ground {
        match self {
            Self::Light => Ground::Light,
            Self::Dark => Ground::Dark,
        }
    }

    pub(super) fn colour(self, paint: Paint) -> Colour {
        match paint {
            Paint::Level(level) => level_colour(level, self.ground()),
            Paint::Channel(channel) => channel_colour(channel, self.ground()),
            Paint::Role(role) => self.role(role),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::palette::contrast;

    #[test]
    fn text_can_be_read_and_lines_can_be_seen() {
        for theme in [PageTheme::Light, PageTheme::Dark] {
            let over = |colour| contrast(colour, theme.background());
            for role in [Role::Text, Role::Secondary, Role::Accent, Role::Warning, Role::Error, Role::Good] {
                assert!(over(theme.role(role)) >= 4.5, "{theme:?} {role:?}");
            }
            assert!(over(theme.role(Role::Faint)) >= 3.0, "{theme:?}");
            for m in 0..8 {
                assert!(over(theme.colour(Paint::Level(m))) >= 3.0, "{theme:?} level {m}");
            }
            assert!((0..3).all(|channel| over(theme.colour(Paint::Channel(channel))) >= 3.0), "{theme:?}");
        }
    }
}
