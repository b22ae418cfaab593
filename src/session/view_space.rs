//! What is shown of a model whose states are latents.

use super::levels::{Band, LevelSet};
use serde::{Deserialize, Serialize};

/// How latents are looked at. One choice for all views of a run's images; a model of images has nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewSpace {
    /// The channels of the latents, as they are.
    Latents,
    /// An estimate of the colours, linear in the latents, at their size.
    Colour,
    /// The decoded image where it is known, else the colour estimate.
    #[default]
    Decoded,
}

impl ViewSpace {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Latents, Self::Colour, Self::Decoded];

    /// The name shown to users, in one word that fits in any heading.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latents => "latents",
            Self::Colour => "colour",
            Self::Decoded => "decoded",
        }
    }

    /// What both of two pictures can be seen as, so that they can be compared.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        if self == other { self } else { Self::Colour }
    }
}

/// Whether images with this many channels have colours of their own: grey, or red, green and blue.
#[must_use]
pub const fn is_image(channels: usize) -> bool {
    matches!(channels, 1 | 3)
}

/// How many levels finer the image's pixels are than those of the latents: k where factorᵏ is the number of pixels per
/// latent. `None` if no level of one is a level of the other.
#[must_use]
pub fn levels_between(factor: usize, pixels_per_latent: usize) -> Option<usize> {
    let (mut pixels, mut levels) = (1, 0);
    while factor > 1 && pixels < pixels_per_latent {
        pixels *= factor;
        levels += 1;
    }
    (pixels == pixels_per_latent).then_some(levels)
}

/// How many of the finest levels an image has that its latents do not have.
#[must_use]
pub fn levels_only_in_image(factor: usize, pixels_per_latent: usize) -> usize {
    let (mut pixels, mut levels) = (1, 0);
    while factor > 1 && pixels < pixels_per_latent {
        pixels *= factor;
        levels += 1;
    }
    levels
}

/// Isolated levels of latents as levels of the image, `by` levels coarser there, or the reverse. What has no counterpart
/// is not isolated.
#[must_use]
pub fn levels_moved(set: LevelSet, by: isize) -> LevelSet {
    let levels = (0..super::document::MOST_LEVELS).filter(|m| set.contains(Band::Level(*m)));
    let moved = levels.filter_map(|m| m.checked_add_signed(by)).map(Band::Level);
    let rest = set.contains(Band::Rest).then_some(Band::Rest);
    moved.chain(rest).fold(LevelSet::WHOLE, |set, band| if set.contains(band) { set } else { set.clicked(band, true) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_of_latents_is_a_coarser_one_of_the_image() {
        assert_eq!([levels_between(2, 8), levels_between(2, 1), levels_between(3, 8)], [Some(3), Some(0), None]);
        assert_eq!(levels_between(4, 16), Some(2));
        assert_eq!(
            [(2, 8), (2, 1), (3, 8), (4, 16)].map(|(factor, pixels)| levels_only_in_image(factor, pixels)),
            [3, 0, 2, 2]
        );
        let set = LevelSet::only(Band::Level(2)).clicked(Band::Rest, true);
        let there = levels_moved(set, 3);
        assert_eq!(there, LevelSet::only(Band::Level(5)).clicked(Band::Rest, true));
        assert_eq!(levels_moved(there, -3), set);
        assert!(levels_moved(LevelSet::only(Band::Level(1)), -3).is_whole(), "the latents do not have it");
    }

    #[test]
    fn pictures_are_compared_as_what_both_can_be() {
        use ViewSpace::{Colour, Decoded, Latents};
        assert_eq!([Decoded.common(Decoded), Decoded.common(Colour)], [Decoded, Colour]);
        assert_eq!(Latents.common(Latents), Latents);
    }
}
