//! The table of colour maps for heat maps: 256 colours each, sRGB, from the lowest value to the highest. Menus, files and the
//! shader use it.

mod tables;

use super::tone;
use serde::{Deserialize, Serialize};

/// Colours per map.
pub const COLOURS: usize = 256;

/// The colours of a map, sRGB, from the lowest value to the highest.
pub type ColourTable = [[u8; 3]; COLOURS];

/// Colours of heat maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // `COLOUR_MAPS` says what each is
pub enum ColourMap {
    #[default]
    Inferno,
    Viridis,
    Magma,
    Turbo,
    Grey,
    Difference,
}

/// All colour maps, in the order of [`ColourMap`] and of menus.
pub const COLOUR_MAPS: &[ColourMapInfo] = &[
    ColourMapInfo {
        map: ColourMap::Inferno,
        name: "inferno",
        summary: "Black, red, yellow.",
        around_zero: false,
        colour: |index| unpacked(tables::INFERNO[index]),
    },
    ColourMapInfo {
        map: ColourMap::Viridis,
        name: "viridis",
        summary: "Blue, green, yellow.",
        around_zero: false,
        colour: |index| unpacked(tables::VIRIDIS[index]),
    },
    ColourMapInfo {
        map: ColourMap::Magma,
        name: "magma",
        summary: "Black, magenta, white.",
        around_zero: false,
        colour: |index| unpacked(tables::MAGMA[index]),
    },
    ColourMapInfo {
        map: ColourMap::Turbo,
        name: "turbo",
        summary: "Rainbow.",
        around_zero: false,
        colour: |index| unpacked(tables::TURBO[index]),
    },
    ColourMapInfo {
        map: ColourMap::Grey,
        name: "grey",
        summary: "Black to white.",
        around_zero: false,
        colour: |index| [index as u8; 3],
    },
    ColourMapInfo {
        map: ColourMap::Difference,
        name: "difference",
        summary: "Blue below zero, orange above, dark at zero.",
        around_zero: true,
        colour: |index| {
            let middle = 0.5 * (COLOURS - 1) as f32;
            tone::apart_from_zero((index as f32 - middle) / middle, tone::Ground::Dark)
        },
    },
];

/// A row of the table.
pub struct ColourMapInfo {
    /// The map.
    pub map: ColourMap,
    /// Its name for people.
    pub name: &'static str,
    /// Its colours in words.
    pub summary: &'static str,
    /// Whether its middle is zero, so that ranges are symmetric.
    pub around_zero: bool,
    colour: fn(usize) -> [u8; 3],
}

impl ColourMap {
    /// All of them, in the order of menus.
    pub const ALL: [Self; COLOUR_MAPS.len()] = {
        let mut all = [Self::Inferno; COLOUR_MAPS.len()];
        let mut index = 0;
        while index < COLOUR_MAPS.len() {
            all[index] = COLOUR_MAPS[index].map;
            assert!(all[index] as usize == index, "COLOUR_MAPS is not in the order of ColourMap");
            index += 1;
        }
        all
    };

    /// Its row of the table.
    #[must_use]
    pub const fn info(self) -> &'static ColourMapInfo {
        &COLOUR_MAPS[self as usize]
    }

    /// The name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.info().name
    }
}

/// The colours of a map, the source for the CPU and the shader.
#[must_use]
pub fn colour_table(map: ColourMap) -> ColourTable {
    std::array::from_fn(map.info().colour)
}

const fn unpacked(rgb: u32) -> [u8; 3] {
    let [_, r, g, b] = rgb.to_be_bytes();
    [r, g, b]
}

/// The colour of a value: the range is divided into [`COLOURS`] equal parts, and values outside have the colour of the
/// nearer end. `scale` is [`colours_per_unit`] of the range. The shader computes the same, bit for bit: a subtraction and
/// a multiplication of f32, each rounded once.
#[must_use]
pub fn colour_index(value: f32, low: f32, scale: f32) -> usize {
    #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above just before")]
    let index = ((value - low) * scale).clamp(0.0, (COLOURS - 1) as f32) as usize;
    index
}

/// Number of colours per unit of the range.
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
    fn every_map_has_a_name_of_its_own_which_files_have_too() {
        for info in COLOUR_MAPS {
            assert_eq!(serde_json::to_value(info.map).unwrap(), serde_json::json!(info.name));
            assert!(info.summary.ends_with('.'), "{}", info.name);
            assert_eq!(COLOUR_MAPS.iter().filter(|other| other.name == info.name).count(), 1);
        }
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
