//! Colours of the page.

use super::scene::Colour;
use crate::figure::palette::level_colour;
use crate::figure::{Paint, Role};

/// The colours a figure is drawn in. Resolution levels have the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white, for paper.
    #[default]
    Light,
    /// The window's dark theme, for slides.
    Dark,
}

/// Of one theme, by role.
struct Colours {
    background: u32,
    text: u32,
    secondary: u32,
    faint: u32,
    hairline: u32,
    accent: u32,
    warning: u32,
    error: u32,
}

const LIGHT: Colours = Colours {
    background: 0xFF_FFFF,
    text: 0x14_1A21,
    secondary: 0x4A_5663,
    faint: 0x9A_A5B1,
    hairline: 0xE2_E7EC,
    accent: 0x0B_66C3,
    warning: 0x8A_5A00,
    error: 0xB3_1D28,
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
};

const fn rgb(hex: u32) -> Colour {
    let [_, r, g, b] = hex.to_be_bytes();
    [r, g, b]
}

/// What is written on a level's colour, in every theme.
pub(super) const ON_LEVEL: Colour = rgb(DARK.background);

impl Theme {
    const fn colours(self) -> &'static Colours {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }

    /// What lies behind everything.
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
        })
    }

    pub(super) fn colour(self, paint: Paint) -> Colour {
        match paint {
            Paint::Level(level) => level_colour(level),
            Paint::Role(role) => self.role(role),
        }
    }
}
