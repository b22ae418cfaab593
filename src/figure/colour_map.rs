//! The colours of heat maps: 256 of them each, sRGB, from the lowest value to the highest.

mod tables;

use crate::session::document::ColourMap;
use crate::session::tone;

/// Colours of a map.
pub const COLOURS: usize = 256;

/// Of one colour map, sRGB, from the lowest value to the highest.
pub type ColourTable = [[u8; 3]; COLOURS];

/// The colours of a map. Of [`ColourMap::Difference`] the middle is dark, below it is blue and above it orange.
#[must_use]
pub fn colour_table(map: ColourMap) -> ColourTable {
    let unpacked = |table: &[u32; COLOURS]| table.map(|rgb| [rgb.to_be_bytes()[1], rgb.to_be_bytes()[2], rgb as u8]);
    match map {
        ColourMap::Inferno => unpacked(&tables::INFERNO),
        ColourMap::Viridis => unpacked(&tables::VIRIDIS),
        ColourMap::Magma => unpacked(&tables::MAGMA),
        ColourMap::Turbo => unpacked(&tables::TURBO),
        ColourMap::Grey => std::array::from_fn(|index| [index as u8; 3]),
        ColourMap::Difference => std::array::from_fn(|index| {
            let middle = 0.5 * (COLOURS - 1) as f32;
            tone::apart_from_zero((index as f32 - middle) / middle, tone::Ground::Dark)
        }),
    }
}

/// Which colour a value has: the range is divided into [`COLOURS`] equal parts, and what lies outside has that of the
/// nearer end. `scale` is [`colours_per_unit`] of the range. The shader computes the same, to the bit: a subtraction and
/// a multiplication of f32, each rounded once.
#[must_use]
pub fn colour_index(value: f32, low: f32, scale: f32) -> usize {
    #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above just before")]
    let index = ((value - low) * scale).clamp(0.0, (COLOURS - 1) as f32) as usize;
    index
}

/// How many colours a unit of the range has.
#[must_use]
pub fn colours_per_unit((low, high): (f32, f32)) -> f32 {
    COLOURS as f32 / (high - low).max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: [u8; 3]) -> f64 {
        let [r, g, b] = colour.map(|part| (f64::from(part) / 255.0).powf(2.2));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn tables_are_those_of_the_field() {
        let ends = |map| (colour_table(map)[0], colour_table(map)[255]);
        assert_eq!(ends(ColourMap::Inferno), ([0, 0, 3], [252, 254, 164]));
        assert_eq!(ends(ColourMap::Viridis), ([68, 1, 84], [253, 231, 36]));
        assert_eq!(ends(ColourMap::Magma), ([0, 0, 3], [251, 252, 191]));
        assert_eq!(ends(ColourMap::Turbo).0, [48, 18, 59]);
        assert_eq!(ends(ColourMap::Grey), ([0; 3], [255; 3]));
        for map in [ColourMap::Inferno, ColourMap::Viridis, ColourMap::Magma, ColourMap::Grey] {
            let table = colour_table(map);
            assert!(table.windows(2).all(|pair| luminance(pair[0]) < luminance(pair[1]) + 2e-3), "{map:?} rises");
        }
    }

    #[test]
    fn differences_are_blue_below_orange_above_and_dark_at_zero() {
        let table = colour_table(ColourMap::Difference);
        let ([low, ..], [.., high]) = (table, table);
        assert!(low[2] > 200 && low[2] > low[0] && high[0] > 200 && high[0] > high[2]);
        assert!(luminance(table[127]) < 0.02 && luminance(table[128]) < 0.02);
        assert_eq!(table[127].map(|part| part / 8), table[128].map(|part| part / 8));
    }

    #[test]
    fn a_range_is_divided_evenly_and_its_outside_has_its_ends() {
        let scale = colours_per_unit((-60.0, 4.0));
        assert_eq!(scale, 4.0);
        let index = |value| colour_index(value, -60.0, scale);
        assert_eq!([-400.0, -60.0, -59.751, -59.75, 3.9, 4.0, 90.0].map(index), [0, 0, 0, 1, 255, 255, 255]);
        assert_eq!(colour_index(f32::NAN, 0.0, 1.0), 0);
        assert!(colours_per_unit((1.0, 1.0)).is_finite());
    }
}
