//! Which latents are decoded for the window, and what is known of their colours. No GUI.

use crate::app::run_view::{RunView, Seeing};
use crate::session::document::ViewChoices;

/// Decoded images and colours for the runs on screen.
#[derive(Default)]
pub struct DecodeDesk {}

impl DecodeDesk {
    /// Tells a run how its latents are looked at. Call before each frame.
    pub fn see(&self, run: &mut RunView, view: &ViewChoices) {
        run.see(Seeing { space: view.space, channel: view.latent_channel, ..Seeing::default() });
    }
}
