//! The texts of the window that tests look up too: names of controls, buttons, messages and hints. A wording is changed
//! only here.
#![allow(missing_docs, reason = "each constant is its own text")]

pub mod frame;
pub mod messages;
pub mod panes;
pub mod tracks;

/// The name of a menu or field for a screen reader, with its value, without a heading such as "axis: ".
#[must_use]
pub fn chip(name: &str, shown: &str) -> String {
    format!("{name} {}", shown.split_once(": ").map_or(shown, |(_, value)| value))
}

/// The menu of a pane or track.
#[must_use]
pub fn menu_of(name: &str) -> String {
    format!("{name} menu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_is_called_by_its_name_and_its_value() {
        assert_eq!([chip("Time axis", "axis: λ"), chip("Model", "cats")], ["Time axis λ", "Model cats"]);
    }
}
