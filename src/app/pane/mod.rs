//! The panes, one file each behind one trait, and the tiles that hold them. A new one is a file here and a line in
//! [`ALL`].

mod batch_grid;
pub mod contract;
mod guidance;
mod images;
pub mod inspector;
pub mod lab;
mod levels;
pub mod measure;
pub(in crate::app) mod panel;
mod parts;
pub(in crate::app) mod picture;
pub mod pooling;
mod recovered;
pub(in crate::app) mod space_switch;
mod spectrum;
pub mod tiles;
pub mod tracks;

use crate::app::pane_id::PaneId;
use crate::runtime::Wake;
use contract::{About, Pane};
use guidance::GuidancePane;
use images::ImagesPane;
use inspector::InspectorPane;
use lab::LabPane;
use levels::LevelsPane;
use measure::MeasurePane;
use parts::PartsPane;
use pooling::PoolingPane;
use recovered::RecoveredPane;
use spectrum::SpectrumPane;
use tracks::TracksPane;

/// All panes, in the order in which those of one kind are beside or behind each other.
const ALL: [PaneEntry; 11] = [
    PaneEntry::of::<ImagesPane>(),
    PaneEntry::of::<RecoveredPane>(),
    PaneEntry::of::<SpectrumPane>(),
    PaneEntry::of::<TracksPane>(),
    PaneEntry::of::<PartsPane>(),
    PaneEntry::of::<LevelsPane>(),
    PaneEntry::of::<InspectorPane>(),
    PaneEntry::of::<PoolingPane>(),
    PaneEntry::of::<LabPane>(),
    PaneEntry::of::<MeasurePane>(),
    PaneEntry::of::<GuidancePane>(),
];

/// A pane: its description and its constructor.
struct PaneEntry {
    about: fn() -> &'static About,
    make: fn(&Wake) -> Box<dyn Pane>,
}

impl PaneEntry {
    const fn of<P: Pane>() -> Self {
        Self { about: P::about, make: |wake| Box::new(P::new(wake)) }
    }
}

/// The descriptions of all panes, in order.
fn abouts() -> impl Iterator<Item = &'static About> {
    ALL.iter().map(|entry| (entry.about)())
}

/// The name of a pane on screen.
#[must_use]
pub fn name_of(id: PaneId) -> Option<&'static str> {
    abouts().find(|about| about.id == id).map(|about| about.name)
}

/// The id of a pane.
#[must_use]
pub fn id_of<P: Pane>() -> PaneId {
    P::about().id
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_pane_has_a_name_of_its_own_says_what_it_shows_and_stands_somewhere() {
        let ids: HashSet<_> = abouts().map(|about| about.id).collect();
        let names: HashSet<_> = abouts().map(|about| about.name).collect();
        assert_eq!((ids.len(), names.len()), (ALL.len(), ALL.len()));
        for about in abouts() {
            assert!(about.about.chars().count() > 20 && !about.about.ends_with('.'), "{}: {}", about.name, about.about);
            assert!(!about.places.is_empty(), "{}", about.name);
            let layouts: HashSet<_> = about.places.iter().map(|(layout, _)| format!("{layout:?}")).collect();
            assert_eq!(layouts.len(), about.places.len(), "{} stands once in a layout", about.name);
        }
    }
}
