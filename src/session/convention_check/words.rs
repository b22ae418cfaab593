//! The conclusion as sentences.

use super::{Report, Verdict};
use crate::session::setting::Setting;
use crate::theory::Parameterization;
use crate::words::count;

/// Conventions that a sentence names.
const NAMED: usize = 3;

fn name(words: &Parameterization) -> String {
    format!("{}, {}, {}", words.state, words.time, words.prediction)
}

fn names(all: &[Parameterization]) -> String {
    let mut list = all.iter().take(NAMED).map(name).collect::<Vec<_>>().join("; ");
    if all.len() > NAMED {
        list = format!("{list}; and {} more", all.len() - NAMED);
    }
    list
}

/// The settings that lead from one convention to another.
fn changes(from: Option<Parameterization>, to: &Parameterization) -> String {
    let mut changes = Vec::new();
    if from.is_none_or(|from| from.state != to.state) {
        changes.push(format!("{} {}", Setting::State, to.state));
    }
    if from.is_none_or(|from| from.time != to.time) {
        changes.push(format!("{} {}", Setting::Time, to.time));
    }
    if from.is_none_or(|from| from.prediction != to.prediction) {
        changes.push(format!("{} {}", Setting::Prediction, to.prediction));
    }
    changes.join(" ")
}

impl Report {
    /// The conclusion in a sentence, without its end. Settings are named for both readers.
    #[must_use]
    pub fn in_words(&self) -> String {
        let set = self.set.as_ref().map(name).unwrap_or_default();
        let text = match &self.verdict {
            Verdict::Fits(also) if also.is_empty() => format!("the network fits {set}"),
            Verdict::Fits(also) => {
                format!("the network fits {set}, and cannot be told from {}", names(also))
            }
            Verdict::DoesNotFit(fits) => {
                let to = fits.first().map(|to| changes(self.set, to)).unwrap_or_default();
                let others = &fits[1.min(fits.len())..];
                let also =
                    if others.is_empty() { String::new() } else { format!(" ({} also fits)", names(&others[..1])) };
                format!("the network does not fit {set}; set {to}, which fits{also}")
            }
            Verdict::Suggests(fits) => {
                let to = fits.first().map(|to| changes(None, to)).unwrap_or_default();
                format!("the network fits {}; set {to}", names(fits))
            }
            Verdict::CannotTell(fits) if fits.is_empty() => {
                format!("cannot tell: the network fits no convention clearly; {}", self.advice())
            }
            Verdict::CannotTell(fits) if self.set.is_none() => {
                format!("cannot tell: the network may be {}; {}", names(fits), self.advice())
            }
            Verdict::CannotTell(fits) => format!(
                "cannot tell: nothing contradicts {set}, but {} as well; {}",
                if fits.len() == 1 { format!("{} fits", names(fits)) } else { format!("{} fit", names(fits)) },
                self.advice()
            ),
        };
        match self.left_out {
            0 => text,
            left_out => format!("{text} ({} not tried for lack of time)", count(left_out, "convention")),
        }
    }

    /// What helps where the check cannot tell.
    const fn advice(&self) -> &'static str {
        if self.has_latents {
            "it takes latents, which no picture can stand for, so open the folder of its whole pipeline, whose scheduler \
             says the convention, and look at a decoded run"
        } else {
            "try an image that it was trained on"
        }
    }

    /// Whether this is a warning.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(self.verdict, Verdict::DoesNotFit(_))
    }
}
