//! Fields for prompts, with their tokens.

mod chips;
mod editor;
mod field;
mod long;
mod tokens;
mod units;

pub use editor::{PromptsState, PromptsView, prompts_ui};
