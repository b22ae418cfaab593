//! Every setting of a run, declared once: [`Setting`] names it, and its [`Declaration`] has its names on the command line and in
//! the window, its values, what it changes and what it excludes. [`table`] has all of them, beside [`RunSettings`], which has
//! their fields. Everything that lists settings comes from there: the options of the command line, the names of changes, which
//! changes need a run, what is kept for another model, what a run may take over, and the names in messages.

mod declare;
mod kind;
mod prompts;
mod table;

pub use declare::NUMBERS;
pub use kind::{Value, ValueKind};
pub use prompts::{Decode, PromptsByLevel};
#[cfg(feature = "cli")]
pub(crate) use table::read_size;
pub use table::{DEFAULT_STEPS, RunSettings, Setting};

use crate::denoiser::ClassDenoiser;
use crate::model::contract::PortRole;
use crate::schedule::ModelSchedule;
use crate::words::voice::{Name, Voice};
use std::fmt;

/// The declaration of one setting.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Its name in sentences, in the window and in the undo menu.
    pub name: &'static str,
    /// The name of its change if the setting is a part of something larger.
    pub part_of: Option<&'static str>,
    /// Its option on the command line, without dashes.
    pub option: Option<&'static str>,
    /// The option's short form.
    pub letter: Option<char>,
    /// The placeholder of its value in help: `N`, `HxW`. Empty for a switch.
    pub value: &'static str,
    /// The value of the option without one, if allowed.
    pub without_value: Option<&'static str>,
    /// Its description in help. `{images}` stands for the name of the setting with that option.
    pub help: &'static str,
    /// Its default in help; empty if `help` explains the default.
    pub default: &'static str,
    /// The possible words, if there are few.
    pub choices: fn() -> Vec<&'static str>,
    /// The section in which it is listed.
    pub section: Section,
    /// What a change of it affects.
    pub effect: Effect,
    /// What happens to it when another model is chosen.
    pub belongs: Belongs,
    /// Whether its option may be repeated, each time for another part of it.
    pub repeats: bool,
    /// How it is read, and its range.
    pub kind: ValueKind,
    /// The part of its range that the window offers, if smaller.
    pub offered: Option<(f64, f64)>,
    /// The settings that it excludes.
    pub excludes: &'static [Setting],
    /// The settings of which it needs one to have an effect; any if there are none.
    pub needs: &'static [Setting],
    /// Its fields of [`RunSettings`]; `None` for a part of another setting's.
    pub place: Option<SettingFields>,
    /// Wraps the model's denoiser if the run asks for it. Later rows wrap earlier ones.
    pub wrap: Option<Wrap>,
}

/// Wraps a denoiser or returns it unchanged.
pub type Wrap = for<'a> fn(&RunSettings, Wrapping<'a>) -> Wrapping<'a>;

/// The model's denoiser while it is being wrapped.
pub struct Wrapping<'a> {
    /// The denoiser.
    pub denoiser: Box<dyn ClassDenoiser>,
    /// Most parts of an estimate that it returns.
    pub parts: usize,
    /// The model's noise schedule.
    pub schedule: &'a ModelSchedule,
}

/// A section of related settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Which model.
    Model,
    /// The noise levels and the method.
    Plan,
    /// Class or prompt, guidance and size.
    Steering,
    /// How a network is interpreted, and where it runs.
    Network,
    /// How many images, and noise from files.
    Images,
}

/// What a change of a setting affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The images.
    Images,
    /// The noise levels. Steps that stay the same may be taken over.
    Levels,
    /// Which samples of the same distribution are drawn.
    Draw,
    /// The speed, and the images only by rounding.
    Speed,
    /// What is decoded of a run, not the run.
    Decoded,
}

/// What happens to a setting when another model is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// It is kept.
    ToAll,
    /// It belongs to one model and returns to the value last used with it.
    ToModel,
    /// It has the shape of one run and is reset.
    ToRun,
}

/// Fields of [`RunSettings`].
#[derive(Clone, Copy, Debug)]
pub struct SettingFields {
    /// Whether both have equal values in them.
    pub same: fn(&RunSettings, &RunSettings) -> bool,
    /// Copies their values from the first to the second.
    pub copy: fn(&RunSettings, &mut RunSettings),
}

impl Setting {
    /// Its name for the command line and for the window.
    #[must_use]
    pub const fn name(self) -> Name {
        let declared = self.declaration();
        Name::new(declared.name, declared.option)
    }

    /// The name of a change: "undo *seed*".
    #[must_use]
    pub const fn change(self) -> &'static str {
        let declared = self.declaration();
        match declared.part_of {
            Some(whole) => whole,
            None => declared.name,
        }
    }

    /// The smallest and largest number that the window offers.
    #[must_use]
    pub fn offered(self) -> (f64, f64) {
        let declared = self.declaration();
        declared.offered.unwrap_or(match declared.kind {
            ValueKind::Whole { range: (least, most), .. } => (least as f64, most as f64),
            ValueKind::Number { range, .. } => range,
            _ => NUMBERS,
        })
    }

    /// The change per point of dragging: through the whole range in a few hundred.
    #[must_use]
    pub fn speed(self) -> f64 {
        let (least, most) = self.offered();
        ((most - least) / 300.0).min(0.5)
    }

    /// Its number, or its default's; `None` if it is not a number.
    #[must_use]
    pub fn number(self, run: &RunSettings) -> Option<f64> {
        let declared = self.declaration();
        let is = match declared.kind {
            ValueKind::Whole { get, .. } => get(run).map(|number| number as f64),
            ValueKind::Number { get, .. } => get(run),
            _ => return None,
        };
        Some(is.or_else(|| declared.default.parse().ok()).unwrap_or_else(|| self.offered().0))
    }

    /// Its name for this reader.
    #[must_use]
    pub fn help(self, voice: Voice) -> String {
        let mut help = self.declaration().help.to_owned();
        for other in Self::ALL {
            if let Some(option) = other.declaration().option.filter(|_| help.contains('{')) {
                help = help.replace(&format!("{{{option}}}"), &other.name().for_voice(voice));
            }
        }
        help
    }

    /// The setting that names an input or output.
    #[must_use]
    pub const fn of_port(role: PortRole) -> Option<Self> {
        match role {
            PortRole::Sample => Some(Self::InputSample),
            PortRole::Timestep => Some(Self::InputTimestep),
            PortRole::ClassLabels => Some(Self::InputLabels),
            PortRole::HiddenStates => None,
            PortRole::Output => Some(Self::OutputName),
        }
    }

    /// Whether it differs.
    #[must_use]
    pub fn differs(self, one: &RunSettings, other: &RunSettings) -> bool {
        self.declaration().place.is_some_and(|place| !(place.same)(one, other))
    }

    /// Copies it from one to the other.
    pub fn copy(self, from: &RunSettings, to: &mut RunSettings) {
        if let Some(place) = self.declaration().place {
            (place.copy)(from, to);
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

impl RunSettings {
    /// The names of changes against another run, each once.
    #[must_use]
    pub fn changes(&self, other: &Self) -> Vec<&'static str> {
        let mut changes = Vec::new();
        for setting in Setting::ALL.iter().filter(|setting| setting.differs(self, other)) {
            if !changes.contains(&setting.change()) {
                changes.push(setting.change());
            }
        }
        changes
    }

    /// These settings with those that satisfy `which` reset to their defaults.
    #[must_use]
    pub fn without(&self, which: impl Fn(&Declaration) -> bool) -> Self {
        let open = Self::new(self.source.clone());
        let mut rest = self.clone();
        for setting in Setting::ALL.iter().filter(|setting| which(setting.declaration())) {
            setting.copy(&open, &mut rest);
        }
        rest
    }
}

#[cfg(test)]
mod tests;
