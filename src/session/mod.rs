//! A run, its results and its files.
//!
//! [`prepare`] turns [`settings`] into a [`Run`]. Its steps are collected in a [`Trajectory`], which [`archive`] and
//! [`strip`] write to disk, or in bounded memory in a [`KeptTrajectory`].
//!
//! [`document`] is the state that the user sets, run and view together; [`action`] changes it, [`History`] undoes
//! changes, [`preferences`] keep it between starts. [`heat_map`] has the settings of the heat map of spectra.
//! [`playback`] is the playhead. [`pooling`] pools noisy images, [`levels`] isolates levels of an image, [`inspect`]
//! compares and measures images.

pub mod action;
pub mod archive;
mod channel_grid;
mod choices;
mod claim;
pub mod class_words;
pub mod colour_map;
pub mod convention_check;
pub mod decoded;
pub mod document;
pub mod elsewhere;
mod far_out;
pub mod heat_map;
pub mod history;
pub mod images;
pub mod inspect;
mod kept;
pub mod levels;
pub mod model_keys;
pub mod parts;
pub mod playback;
pub mod pooling;
pub mod preferences;
pub mod prepare;
pub mod prompt_list;
mod run;
mod run_words;
pub mod schedule_file;
pub mod schedule_table;
pub mod setting;
pub mod settings;
mod spectrum_choices;
mod step_times;
pub mod strip;
pub mod tone;
mod tracks;
mod trajectory;
mod unfinished;
pub mod view_space;
mod whole_file;

pub use crate::sampler::SamplerKind;
pub use channel_grid::{grid_side, tiled};
pub use class_words::ClassWords;
pub use far_out::FarOut;
pub use history::History;
pub use kept::{KeptStep, KeptTrajectory, ShownValues, Thumbnail, one_sample};
pub use prompt_list::PromptList;
pub use run::{Checkpoint, CoarsePass, Run, RunError};
pub use run_words::run_in_words;
pub use settings::RunSettings;
pub use spectrum_choices::SpectrumChoices;
pub use step_times::StepTimes;
pub use trajectory::{Snapshot, Trajectory};
