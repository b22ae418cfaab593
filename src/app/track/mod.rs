//! The tracks, one file each, and the stack that holds them on one axis.

pub(in crate::app) mod axis;
pub(in crate::app) mod figures;
mod film;
pub(in crate::app) mod guidance;
mod head;
mod menu;
pub(in crate::app) mod parts;
pub mod schedule;
pub(in crate::app) mod spectrum;
pub mod stack;
