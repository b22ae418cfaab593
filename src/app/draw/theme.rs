//! Colours, type and space of the window.

use crate::figure::draw::fonts::{inter, jetbrains_mono};
use crate::figure::{Ground, palette};
use crate::session::preferences::Theme;
use egui::epaint::text::{FontData, FontDefinitions, FontFamily, FontTweak, VariationCoords};
use egui::{Color32, CornerRadius, FontId, Margin, Stroke, Style, TextStyle, Vec2, Visuals};
use std::sync::Arc;

/// The colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The background of the window.
    pub window: Color32,
    /// Top bar and transport.
    pub bar: Color32,
    /// Buttons and fields.
    pub field: Color32,
    /// Hairlines.
    pub hairline: Color32,
    /// Text.
    pub text: Color32,
    /// Less important text; contrast at least 4.5:1.
    pub secondary: Color32,
    /// Decorative marks; contrast at least 3:1.
    pub faint: Color32,
    /// Selection, playhead, the primary button.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Warnings.
    pub warning: Color32,
    /// Errors.
    pub error: Color32,
    /// Success.
    pub good: Color32,
    /// Whether the background is dark.
    pub dark: bool,
}

const fn hex(rgb: u32) -> Color32 {
    let [_, r, g, b] = rgb.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

impl Palette {
    /// Light text on near black.
    pub const DARK: Self = Self {
        window: hex(0x0E_1116),
        bar: hex(0x15_1A21),
        field: hex(0x1C_232C),
        hairline: hex(0x23_2B35),
        text: hex(0xE6_EBF2),
        secondary: hex(0x9A_A7B5),
        faint: hex(0x5F_6B7A),
        accent: hex(0x5A_B0FF),
        on_accent: hex(0x08_1420),
        warning: hex(0xF2_B33D),
        error: hex(0xFF_6B6B),
        good: hex(0x5C_D18B),
        dark: true,
    };

    /// Dark text on near white.
    pub const LIGHT: Self = Self {
        window: hex(0xF7_F9FB),
        bar: hex(0xEC_F0F4),
        field: hex(0xFF_FFFF),
        hairline: hex(0xD3_DAE2),
        text: hex(0x14_1A21),
        secondary: hex(0x4A_5663),
        faint: hex(0x7A_8592),
        accent: hex(0x0B_66C3),
        on_accent: hex(0xFF_FFFF),
        warning: hex(0x8A_5A00),
        error: hex(0xB3_1D28),
        good: hex(0x17_703C),
        dark: false,
    };

    /// The palette of `ui`.
    #[must_use]
    pub fn of(ui: &egui::Ui) -> Self {
        Self::of_visuals(ui.visuals())
    }

    /// The background for colours of differences.
    #[must_use]
    pub const fn ground(&self) -> Ground {
        if self.dark { Ground::Dark } else { Ground::Light }
    }

    /// The palette behind these visuals.
    #[must_use]
    pub const fn of_visuals(visuals: &Visuals) -> Self {
        if visuals.dark_mode { Self::DARK } else { Self::LIGHT }
    }
}

/// Text on a level's colour, in every theme.
pub const ON_LEVEL: Color32 = {
    let [r, g, b] = palette::ON_LEVEL;
    Color32::from_rgb(r, g, b)
};

/// The colour of a resolution level on a background, 0 the finest.
#[must_use]
pub fn level_colour(m: usize, ground: Ground) -> Color32 {
    let [r, g, b] = palette::level_colour(m, ground);
    Color32::from_rgb(r, g, b)
}

/// The colour of a channel of an image: red, green, blue.
#[must_use]
pub fn channel_colour(channel: usize, ground: Ground) -> Color32 {
    let [r, g, b] = palette::channel_colour(channel, ground);
    Color32::from_rgb(r, g, b)
}

/// Size of numbers and secondary text, points.
pub const SMALL: f32 = 12.0;
/// Size of text, points.
pub const BODY: f32 = 13.0;

/// Names and headings.
#[must_use]
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("semibold".into()))
}

/// Running text.
#[must_use]
pub fn body(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Numbers that change.
#[must_use]
pub fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// Fonts and both styles.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(egui::Theme::Dark, style(&Palette::DARK));
    ctx.set_style_of(egui::Theme::Light, style(&Palette::LIGHT));
}

/// Applies one of the styles.
pub fn apply(ctx: &egui::Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::Dark => egui::ThemePreference::Dark,
        Theme::Light => egui::ThemePreference::Light,
        Theme::System => egui::ThemePreference::System,
    });
}

/// Inter at two weights and JetBrains Mono; no others, so that text is the same on all machines.
#[must_use]
pub fn fonts() -> FontDefinitions {
    let weight = |weight: f32| {
        let tweak = FontTweak { coords: VariationCoords::new([(b"wght", weight)]), ..FontTweak::default() };
        Arc::new(FontData::from_static(inter()).tweak(tweak))
    };
    let mut fonts = FontDefinitions::empty();
    fonts.font_data.insert("inter".into(), weight(450.0));
    fonts.font_data.insert("inter-semibold".into(), weight(600.0));
    fonts.font_data.insert("mono".into(), Arc::new(FontData::from_static(jetbrains_mono())));
    let family = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    fonts.families.insert(FontFamily::Proportional, family(&["inter", "mono"]));
    fonts.families.insert(FontFamily::Monospace, family(&["mono", "inter"]));
    fonts.families.insert(FontFamily::Name("semibold".into()), family(&["inter-semibold", "mono"]));
    fonts
}

fn style(palette: &Palette) -> Style {
    let text_styles = [
        (TextStyle::Heading, strong(15.0)),
        (TextStyle::Body, body(BODY)),
        (TextStyle::Button, body(BODY)),
        (TextStyle::Small, body(SMALL)),
        (TextStyle::Monospace, mono(SMALL)),
    ];
    let mut style = Style { text_styles: text_styles.into(), visuals: visuals(palette), ..Style::default() };
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(8.0, 4.0);
    spacing.button_padding = Vec2::new(10.0, 5.0);
    spacing.interact_size = Vec2::new(32.0, 28.0);
    spacing.menu_margin = Margin::same(8);
    spacing.window_margin = Margin::same(16);
    spacing.slider_width = 120.0;
    spacing.tooltip_width = 360.0;
    style.interaction.selectable_labels = false;
    style.animation_time = 0.08;
    style
}

fn visuals(palette: &Palette) -> Visuals {
    let mut visuals = if palette.dark { Visuals::dark() } else { Visuals::light() };
    visuals.weak_text_color = Some(palette.secondary);
    visuals.panel_fill = palette.window;
    visuals.window_fill = palette.bar;
    visuals.extreme_bg_color = palette.field;
    visuals.faint_bg_color = palette.bar;
    visuals.window_stroke = Stroke::new(1.0, palette.hairline);
    visuals.selection.bg_fill = palette.accent;
    visuals.selection.stroke = Stroke::new(1.0, palette.on_accent);
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    let widgets = &mut visuals.widgets;
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(6);
        widget.expansion = 0.0;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, palette.text);
        widget.bg_fill = palette.field;
        widget.weak_bg_fill = palette.field;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.hairline);
    let lifted = if palette.dark { hex(0x26_303B) } else { hex(0xE2_E8EF) };
    for widget in [&mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        widget.weak_bg_fill = lifted;
        widget.bg_fill = lifted;
    }
    widgets.hovered.bg_stroke = Stroke::new(1.0, palette.faint);
    widgets.active.bg_stroke = Stroke::new(1.0, palette.accent);
    visuals.slider_trailing_fill = true;
    if !palette.dark {
        // The rail of a slider must be visible on white.
        widgets.inactive.bg_fill = palette.hairline;
        widgets.inactive.bg_stroke = Stroke::new(1.0, palette.hairline);
    }
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(a: Color32, b: Color32) -> f64 {
        palette::contrast([a.r(), a.g(), a.b()], [b.r(), b.g(), b.b()])
    }

    #[test]
    fn text_can_be_read() {
        for palette in [Palette::DARK, Palette::LIGHT] {
            let lifted = style(&palette).visuals.widgets.hovered.weak_bg_fill;
            for background in [palette.window, palette.bar, palette.field, lifted] {
                for text in [palette.text, palette.secondary, palette.warning, palette.error, palette.good] {
                    assert!(contrast(text, background) >= 4.5, "{text:?} on {background:?}");
                }
            }
            for background in [palette.window, palette.bar, palette.field] {
                assert!(contrast(palette.accent, background) >= 4.5, "accent on {background:?}");
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
            for channel in 0..3 {
                let colour = channel_colour(channel, palette.ground());
                assert!(contrast(colour, palette.field) >= 3.0, "channel {channel}");
            }
            for m in 0..8 {
                assert!(contrast(ON_LEVEL, level_colour(m, palette.ground())) >= 4.5, "on level {m}");
            }
        }
    }

    #[test]
    fn lines_can_be_seen() {
        for palette in [Palette::DARK, Palette::LIGHT] {
            let levels = (0..8).map(|m| level_colour(m, palette.ground()));
            let roles = [
                palette.text,
                palette.secondary,
                palette.faint,
                palette.accent,
                palette.warning,
                palette.error,
                palette.good,
            ];
            for line in levels.chain(roles) {
                for background in [palette.window, palette.bar] {
                    assert!(contrast(line, background) >= 3.0, "{line:?} on {background:?}");
                }
            }
        }
    }
}
