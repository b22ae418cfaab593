//! Tracks.
pub const TIME_AXIS: &str = "Time axis";
pub const PLAYHEAD: &str = "Playhead";
pub const WHOLE_RUN: &str = "whole run";
