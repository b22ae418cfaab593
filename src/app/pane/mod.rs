//! The panes, one file each, and the tiles that hold them.

mod batch_grid;
pub mod guidance;
pub mod images;
pub mod inspector;
pub mod lab;
pub mod levels;
pub mod measure;
pub(in crate::app) mod panel;
pub mod parts;
pub(in crate::app) mod picture;
pub mod pooling;
pub mod recovered;
pub mod spectrum;
pub mod tiles;
