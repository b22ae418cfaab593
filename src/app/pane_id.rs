//! The name of a pane, by which messages, saved files and the kept tiles know it.

/// Names a pane. It is kept between starts, so it stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaneId(&'static str);

impl PaneId {
    /// A name in small letters.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}
