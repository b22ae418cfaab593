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

/// Lines of less contrast with the background are outlined, in so many percent of their own colour.
const LEAST_CONTRAST: f64 = 1.8;
const OUTLINE: u16 = 70;

/// The ratio of two colours' luminances, by WCAG 2.
fn contrast(a: Colour, b: Colour) -> f64 {
    let luminance = |colour: Colour| {
        let [r, g, b] = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

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

    /// What sets a pale line off from the background; `None` where it needs nothing.
    pub(super) fn outline(self, paint: Paint) -> Option<Colour> {
        let colour = self.colour(paint);
        (contrast(colour, self.background()) < LEAST_CONTRAST)
            .then(|| colour.map(|part| (u16::from(part) * OUTLINE / 100) as u8))
    }

    pub(super) fn colour(self, paint: Paint) -> Colour {
        match paint {
            Paint::Level(level) => level_colour(level),
            Paint::Role(role) => self.role(role),
        }
    }
}
