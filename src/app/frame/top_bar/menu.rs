//! The main menu.

use super::TopBar;
use crate::app::draw::icons::Icon;
use crate::app::draw::theme::Palette;
use crate::app::draw::widgets::icon_button;
use crate::app::intent::Intent;
use crate::app::words;
use crate::session::action::Action;
use crate::session::document::Layout;
use crate::session::preferences::Theme;
use egui::{Button, Popup, RichText, Ui};

pub(super) fn main_menu_ui(ui: &mut Ui, bar: &TopBar, intents: &mut Vec<Intent>) {
    let button = icon_button(ui, Icon::Menu, words::frame::MENU, "Layout, colours, tracks, undo, shortcuts", false);
    let view = &bar.document.view;
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(200.0);
        ui.menu_button(words::frame::LAYOUT, |ui| {
            for layout in Layout::ALL {
                if ui.selectable_label(view.layout == layout, layout.name()).clicked() {
                    intents.push(Intent::Change(Action::SetLayout(layout)));
                }
            }
            if ui.button(words::frame::RESET_LAYOUT).clicked() {
                intents.push(Intent::ResetTiles);
            }
        });
        ui.menu_button("Colours", |ui| {
            for (theme, name) in [(Theme::Dark, "Dark"), (Theme::Light, "Light"), (Theme::System, "System")] {
                if ui.selectable_label(bar.preferences.theme == theme, name).clicked() {
                    intents.push(Intent::SetTheme(theme));
                }
            }
        });
        ui.menu_button("Tracks", |ui| {
            for choice in view.tracks.iter().filter(|choice| choice.track.is_in(view.layout)) {
                let mut shown = choice.shown;
                if ui.checkbox(&mut shown, choice.track.name()).changed() {
                    intents.push(Intent::Change(Action::ShowTrack(choice.track, shown)));
                }
            }
        });
        for (name, what, intent) in
            [("Undo", bar.history.undo_name(), Intent::Undo), ("Redo", bar.history.redo_name(), Intent::Redo)]
        {
            let text = what.map_or_else(|| name.to_owned(), |what| format!("{name} {what}"));
            if ui.add_enabled(what.is_some(), Button::new(text)).clicked() {
                intents.push(intent);
            }
        }
        let mut live = view.live;
        let tip = "Run again whenever a setting changes, also while you drag";
        if ui.checkbox(&mut live, words::frame::RUN_ON_EVERY_CHANGE).on_hover_text(tip).changed() {
            intents.push(Intent::Change(Action::SetLive(live)));
        }
        if ui.button("Keyboard shortcuts (?)").clicked() {
            intents.push(Intent::ToggleKeys);
        }
        ui.label(
            RichText::new(concat!("Chromascope ", env!("CARGO_PKG_VERSION"))).small().color(Palette::of(ui).secondary),
        );
    });
}
