//! The colours of paints in a theme.

use crate::app::draw::theme::{self, Palette};
use crate::figure::{Paint, Role};
use egui::Color32;

/// The colour of a paint in this theme.
#[must_use]
pub fn colour(paint: Paint, palette: &Palette) -> Color32 {
    match paint {
        Paint::Level(level) => theme::level_colour(level, palette.ground()),
        Paint::Channel(channel) => theme::channel_colour(channel, palette.ground()),
        Paint::Role(role) => match role {
            Role::Text => palette.text,
            Role::Secondary => palette.secondary,
            Role::Faint => palette.faint,
            Role::Hairline => palette.hairline,
            Role::Accent => palette.accent,
            Role::Warning => palette.warning,
            Role::Error => palette.error,
            Role::Good => palette.good,
        },
    }
}
