//! Figures to copy or save, drawn in the background. No GUI.

use crate::app::pane_id::PaneId;
use crate::app::saving::Save;
use crate::figure::draw::{DEFAULT_SCALE, Format, FormatInfo, Sheet};
use std::fmt;
use std::sync::Arc;

/// A sheet of figures with its name.
#[derive(Clone)]
pub struct FigureSheet {
    /// The pane it is saved from, which shows the message.
    pub pane: PaneId,
    name: String,
    make: Arc<dyn Fn() -> Sheet + Send + Sync>,
}

impl FigureSheet {
    /// The sheet that `make` builds, in another thread.
    pub fn new(pane: PaneId, name: &str, make: impl Fn() -> Sheet + Send + Sync + 'static) -> Self {
        Self { pane, name: name.to_owned(), make: Arc::new(make) }
    }

    /// The sheet.
    #[must_use]
    pub fn sheet(&self) -> Sheet {
        (self.make)()
    }

    /// Saves it in a format.
    #[must_use]
    pub fn save(&self, format: Format) -> Save {
        let FormatInfo { name, ending, .. } = *format.info();
        let what = format!("figure {} as {name}", self.name);
        let make = Arc::clone(&self.make);
        Save::bytes(self.pane, what, (&self.name, ending), move || {
            make().to_bytes(format, DEFAULT_SCALE).map_err(|error| error.to_string())
        })
    }
}

impl fmt::Debug for FigureSheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Figure {}", self.name)
    }
}

impl PartialEq for FigureSheet {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.make, &other.make)
    }
}
