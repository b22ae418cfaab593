//! The id of a pane in messages, preferences and saved tiles.

/// Identifies a pane. It is saved in preferences, so it must not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaneId(&'static str);

impl PaneId {
    /// An id in lower case.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The id.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}
