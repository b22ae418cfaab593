//! Every decision about a run, declared once: [`Setting`] names it, its [`Declaration`] says what the command line and the window
//! call it, which values it takes, what it changes and what it goes with. [`table`] has them all, beside [`RunSettings`], whose
//! fields they are. What lists settings is made from there: the options of the command line, what a change is called, which
//! changes wait for a run, what another model keeps, what a run may take over, and the names in messages.

mod declare;
mod kind;
mod table;

pub use declare::NUMBERS;
pub use kind::{Value, ValueKind};
#[cfg(feature = "cli")]
pub(crate) use table::read_size;
pub use table::{DEFAULT_STEPS, RunSettings, Setting};

use crate::denoiser::ClassDenoiser;
use crate::model::contract::PortRole;
use crate::schedule::ModelSchedule;
use crate::words::voice::{Name, Voice};
use std::fmt;

/// What is known of one setting.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// What it is called in sentences, in the window and in the undo menu.
    pub name: &'static str,
    /// What its change is called where it is a part of something larger.
    pub part_of: Option<&'static str>,
    /// Its option on the command line, without dashes.
    pub option: Option<&'static str>,
    /// The option's one letter.
    pub letter: Option<char>,
    /// What stands for its value in help: `N`, `HxW`. Empty for a switch.
    pub value: &'static str,
    /// What may stand for it where it is said without a value.
    pub without_value: Option<&'static str>,
    /// What it is, as help says it. `{images}` stands for the name of the setting with that option.
    pub help: &'static str,
    /// What it is where nothing is said; empty where that is left open, and `help` tells.
    pub default: &'static str,
    /// The words it is one of, where they are few.
    pub choices: fn() -> Vec<&'static str>,
    /// Which settings it is listed with.
    pub section: Section,
    /// What a change of it changes.
    pub effect: Effect,
    /// What becomes of it where another model is chosen.
    pub belongs: Belongs,
    /// How it is read, and its range.
    pub kind: ValueKind,
    /// Which part of its range the window offers, where that is less.
    pub offered: Option<(f64, f64)>,
    /// What cannot be said beside it.
    pub excludes: &'static [Setting],
    /// Without what it has no meaning.
    pub needs: Option<Setting>,
    /// Its own fields of [`RunSettings`]; `None` for a part of another's.
    pub place: Option<Place>,
    /// Puts a denoiser around the model's where the run asks for it. Later rows wrap earlier ones.
    pub wrap: Option<Wrap>,
}

/// Puts a denoiser around another, or leaves it alone.
pub type Wrap = for<'a> fn(&RunSettings, Wrapping<'a>) -> Wrapping<'a>;

/// The model's denoiser on its way to the run's.
pub struct Wrapping<'a> {
    /// The denoiser.
    pub denoiser: Box<dyn ClassDenoiser>,
    /// Most parts of an estimate that it tells of.
    pub parts: usize,
    /// The model's noise schedule.
    pub schedule: &'a ModelSchedule,
}

/// Settings that are offered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Which model.
    Model,
    /// Which noise levels are visited, and how.
    Plan,
    /// What the images are of, how they are led there, and how large they are.
    Steering,
    /// How a network is read, and where it runs.
    Network,
    /// How many images, and noise from files.
    Images,
}

/// What a change of a setting changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The images.
    Images,
    /// Which noise levels are visited. Steps that come out the same may be taken over.
    Levels,
    /// Which samples of the same distribution are drawn.
    Draw,
    /// How fast it goes, and the images by no more than rounding.
    Speed,
}

/// What becomes of a setting where another model is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// It stays.
    ToAll,
    /// It makes sense for one model and is as that one was left.
    ToModel,
    /// It has the shape of one run and is left open.
    ToRun,
}

/// Fields of [`RunSettings`].
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Whether both have the same in them.
    pub same: fn(&RunSettings, &RunSettings) -> bool,
    /// Takes what is in them from the first into the second.
    pub copy: fn(&RunSettings, &mut RunSettings),
}

impl Setting {
    /// What it is called, for both readers.
    #[must_use]
    pub const fn name(self) -> Name {
        let declared = self.declaration();
        Name::new(declared.name, declared.option)
    }

    /// What a change of it is called: "undo *seed*".
    #[must_use]
    pub const fn change(self) -> &'static str {
        let declared = self.declaration();
        match declared.part_of {
            Some(whole) => whole,
            None => declared.name,
        }
    }

    /// The least and the greatest number that the window offers.
    #[must_use]
    pub fn offered(self) -> (f64, f64) {
        let declared = self.declaration();
        declared.offered.unwrap_or(match declared.kind {
            ValueKind::Whole { range: (least, most), .. } => (least as f64, most as f64),
            ValueKind::Number { range, .. } => range,
            _ => NUMBERS,
        })
    }

    /// How far a point of dragging goes: through all that is offered in a few hundred.
    #[must_use]
    pub fn speed(self) -> f64 {
        let (least, most) = self.offered();
        ((most - least) / 300.0).min(0.5)
    }

    /// The number that it is, or would be where it is left open; `None` for what is not a number.
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

    /// What it is, for this reader.
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

    /// What says which input or output plays a role.
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

    /// Takes it from one into the other.
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
    /// What is to be told of changes against another run, each once.
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

    /// These with what satisfies `which` as it is where nothing was decided.
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
