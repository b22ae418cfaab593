//! Everything around the panes: bars, messages and dialogs.

pub mod close_dialog;
pub mod messages;
pub mod save_dialog;
pub mod shortcuts;
pub mod top_bar;
pub mod transport;
