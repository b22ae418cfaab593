//! What the window shows, one file a view. A view borrows the state and gives back actions.

mod film;
pub mod icons;
pub mod inspector;
pub mod lab;
pub mod level_button;
pub mod levels;
pub mod measure;
pub mod messages;
mod panel;
pub mod plot;
pub mod pooling;
pub mod recovered;
pub mod schedule_editor;
pub mod shortcuts;
pub mod spectrum;
pub mod stage;
pub mod top_bar;
mod track_figures;
mod track_head;
pub mod tracks;
pub mod transport;
pub mod widgets;
