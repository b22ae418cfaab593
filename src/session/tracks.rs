//! The tracks that there are, a row each: what has to be known of a track without a window, to keep it between starts. What
//! it shows is a module of the window, which finds it by its key.

use super::choices::Layout;
use serde::{Deserialize, Serialize};

/// What a row says of a track.
struct TrackRow {
    name: &'static str,
    height: f32,
    layouts: &'static [Layout],
    shown: bool,
}

/// Whether a track is shown until the user says otherwise.
const SHOWN: bool = true;
const HIDDEN: bool = false;

/// A row: key, name for people, height in points, the layouts that have it, whether it is shown at first.
macro_rules! tracks {
    ($($(#[$doc:meta])* $key:ident: $name:literal, $height:literal, [$($layout:ident)*], $shown:ident;)*) => {
        /// The key of a track, as actions and files have it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Track { $($(#[$doc])* $key),* }

        impl Track {
            /// All of them, in the order in which they stand at first.
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
    /// Which resolution gains when.
    Chromatogram: "Chromatogram", 190.0, [Explore Present ScheduleLab Spectra Guidance], SHOWN;
    /// Which frequency changes when.
    SpectrumOfChange: "Spectrum of change", 170.0, [Explore Spectra], SHOWN;
    /// What theory expects of that, or how far it is off.
    SpectrumBeside: "Spectrum beside", 170.0, [Spectra], HIDDEN;
    /// The guidance scale over time.
    Guidance: "Guidance scale", 130.0, [Guidance], SHOWN;
    /// How large the parts of an estimate are, by resolution and time.
    PartsByLevel: "Parts by level", 150.0, [Guidance], SHOWN;
    /// How fast each resolution gains.
    Elution: "Elution", 150.0, [ScheduleLab], SHOWN;
    /// Where pooling takes each time.
    AdjustedTime: "Adjusted time", 150.0, [ScheduleLab], HIDDEN;
    /// Two schedules on one mapped axis.
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

    /// Whether it is shown until the user says otherwise, where a layout has it.
    #[must_use]
    pub const fn shown_at_first(self) -> bool {
        self.row().shown
    }

    /// Height unless the user gives another, points.
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
