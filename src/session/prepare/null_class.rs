//! A model's null class.

use crate::model::package::Package;
use serde::{Deserialize, Serialize};

/// The null class, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NullClass {
    /// The class.
    pub label: i64,
    /// Its source.
    pub said_by: NullSource,
}

/// The source of the null class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullSource {
    /// The user.
    User,
    /// The model's card.
    Card,
    /// A guess. It is the last of the classes that `config.json` counts, as in many models; in a model without a null class
    /// that is an ordinary class.
    Guess,
}

impl NullSource {
    /// The source, for people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::User => "set by you",
            Self::Card => "from the model's card",
            Self::Guess => "a guess: the last class; neither you nor the model's card name it",
        }
    }
}

impl NullClass {
    /// From the user, else from the model's card, else a guess from its configuration.
    pub(super) fn of(package: &Package, user: Option<i64>) -> Option<Self> {
        let said = |said_by| move |label| Self { label, said_by };
        let card = || package.card.as_ref().and_then(|card| card.null_label);
        let last = || package.config.num_class_embeds.and_then(|classes| i64::try_from(classes).ok()?.checked_sub(1));
        user.map(said(NullSource::User))
            .or_else(|| card().map(said(NullSource::Card)))
            .or_else(|| last().filter(|last| *last >= 0).map(said(NullSource::Guess)))
    }

    /// Whether it is a guess.
    #[must_use]
    pub fn is_guess(self) -> bool {
        self.said_by == NullSource::Guess
    }
}
