//! The schedule's track.

pub mod editor;
