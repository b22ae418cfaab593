//! The table of tracks: everything about a track that is needed without a window, to keep it between starts. Its
//! contents are a module of the window, found by its key.

use super::choices::Layout;
use serde::{Deserialize, Serialize};

/// The row of a track.
struct TrackRow {
    name: &'static str,
    height: f32,
    layouts: &'static [Layout],
    shown: bool,
}

/// Whether the track is shown by default.
const SHOWN: bool = true;
const HIDDEN: bool = false;

/// A row: key, name for people, height in points, the layouts that have it, whether it is shown by default.
macro_rules! tracks {
    ($($(#[$doc:meta])* $key:ident: $name:literal, $height:literal, [$($layout:ident)*], $shown:ident;)*) => {
        /// The key of a track in actions and files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Track { $($(#[$doc])* $key),* }

        impl Track {
            /// All tracks, in their default order.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$key),*];

            const fn row(self) -> TrackRow {
                match self {
                    $(Self::$key => {
                        TrackRow { name: $name, height: $height, layouts: &[$(Layout::$layout),*], shown: $shown }
                    })*
                }
            }
        }
    };
}

tracks! {
    /// Small images of every step.
    FilmStrip: "Film strip", 132.0, [Explore Present ScheduleLab Spectra Guidance], SHOWN;
    /// The noise level over time, the model's and the run's.
    Schedule: "Schedule", 160.0, [Explore ScheduleLab], SHOWN;
    /// How fast each level is generated, as a share.
    Chromatogram: "Chromatogram", 190.0, [Explore Present ScheduleLab Spectra Guidance], SHOWN;
    /// How much each frequency changes.
    SpectrumOfChange: "Spectrum of change", 170.0, [Explore Spectra], SHOWN;
    /// The theory's prediction for that, or the difference from it.
    SpectrumBeside: "Spectrum beside", 170.0, [Spectra], HIDDEN;
    /// The guidance scale over time.
    Guidance: "Guidance scale", 130.0, [Guidance], SHOWN;
    /// The size of an estimate's parts, by level and time.
    PartsByLevel: "Parts by level", 150.0, [Guidance], SHOWN;
    /// How fast each level is generated.
    Elution: "Elution", 150.0, [ScheduleLab], SHOWN;
    /// The adjusted time after pooling.
    AdjustedTime: "Adjusted time", 150.0, [ScheduleLab], HIDDEN;
    /// Two schedules at equal noise levels.
    Theorem: "Theorem 1", 150.0, [ScheduleLab], HIDDEN;
}

impl Track {
    /// The name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether a layout has it.
    #[must_use]
    pub fn is_in(self, layout: Layout) -> bool {
        self.row().layouts.contains(&layout)
    }

    /// Whether it is shown by default, in a layout that has it.
    #[must_use]
    pub const fn shown_at_first(self) -> bool {
        self.row().shown
    }

    /// Default height, points.
    #[must_use]
    pub const fn default_height(self) -> f32 {
        self.row().height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_of_earlier_starts_name_the_same_tracks() {
        let kept = [
            ("film_strip", Track::FilmStrip),
            ("schedule", Track::Schedule),
            ("chromatogram", Track::Chromatogram),
            ("spectrum_of_change", Track::SpectrumOfChange),
            ("spectrum_beside", Track::SpectrumBeside),
            ("guidance", Track::Guidance),
            ("parts_by_level", Track::PartsByLevel),
            ("elution", Track::Elution),
            ("adjusted_time", Track::AdjustedTime),
            ("theorem", Track::Theorem),
        ];
        for (key, track) in kept {
            assert_eq!(serde_json::from_value::<Track>(key.into()).unwrap(), track);
        }
    }
}
