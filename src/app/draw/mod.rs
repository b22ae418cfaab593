//! Painting: colours, widgets, plots, textures and heat maps. Nothing here knows a pane, a track or the frame.

pub mod colour;
pub mod file_field;
pub mod forms;
pub mod heat_map;
pub mod icons;
pub mod inputs;
pub mod legend;
pub mod lens;
pub mod level_button;
mod mark_names;
pub(in crate::app) mod mosaic;
pub(in crate::app) mod notes;
pub(in crate::app) mod number;
pub(in crate::app) mod painted;
pub(in crate::app) mod picture;
pub(in crate::app) mod picture_menu;
pub mod plot;
pub(in crate::app) mod plot_items;
pub(in crate::app) mod plot_legend;
pub(in crate::app) mod plot_pane;
pub(in crate::app) mod plot_view;
pub mod said;
pub mod setting;
pub mod textures;
pub mod theme;
pub(in crate::app) mod transform;
pub mod widgets;
