//! Import and export of schedules as text and bytes: tables, lists of σ, and the files of diffusers. [`registry`] lists
//! the formats.

mod error;
mod list;
mod numpy;
mod own;
mod python;
pub mod registry;
mod table;

pub use error::FormatError;
pub use list::{SigmaProgram, comfy_ui_sigmas, k_diffusion_sigmas, read_list};
pub use numpy::{read_npy, read_npz, write_npy};
pub use own::{is_own, read_own, to_json};
pub use python::{DiffusersNote, diffusers_config, python_snippet};
pub use table::{COLUMNS, FLOW_COLUMN, ScheduleTable, TableRow, number};
