//! Short forms for the rows of the table.

use super::{Belongs, Declaration, Effect, Section, ValueKind};

/// Fields, with their comparison and copy.
macro_rules! field {
    ($($at:ident).+ $(, $($more:ident).+)*) => {
        Some(SettingFields {
            same: |one, other| one.$($at).+ == other.$($at).+ $(&& one.$($more).+ == other.$($more).+)*,
            copy: |from, to| {
                to.$($at).+.clone_from(&from.$($at).+);
                $(to.$($more).+.clone_from(&from.$($more).+);)*
            },
        })
    };
}

/// A number in a field.
macro_rules! number {
    ($kind:ident $range:expr, $($at:ident).+) => {
        ValueKind::$kind { range: $range, get: |run| run.$($at).+.read(), set: |run, value| run.$($at).+.write(value) }
    };
}

/// A file in a field.
macro_rules! file {
    ($at:ident) => {
        ValueKind::File { at: |run| &mut run.$at }
    };
}

/// The name of an input or output.
macro_rules! port {
    ($at:ident, $name:literal, $option:literal, $help:literal) => {
        Declaration {
            part_of: Some("inputs and outputs"),
            excludes: &[Setting::Images],
            kind: ValueKind::Text {
                set: |run, name| {
                    run.ports.$at = Some(name.to_owned());
                    Ok(())
                },
            },
            place: field!(ports.$at),
            ..declare(Section::Network, $name, $option, "NAME", $help)
        }
    };
}

/// Declares all settings, in the order of help.
macro_rules! settings {
    ($($(#[$about:meta])* $setting:ident => $declaration:expr,)*) => {
        /// A setting of a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Setting {
            $($(#[$about])* $setting,)*
        }

        impl Setting {
            /// All settings.
            pub const ALL: &[Self] = &[$(Self::$setting),*];

            /// Its declaration.
            #[must_use]
            pub const fn declaration(self) -> &'static Declaration {
                const TABLE: &[Declaration] = &[$($declaration),*];
                &TABLE[self as usize]
            }
        }
    };
}

/// Any finite number.
pub const NUMBERS: (f64, f64) = (f64::MIN, f64::MAX);

/// The common case of a section: read in its own way, with a default.
pub(super) const fn declare(
    section: Section,
    name: &'static str,
    option: &'static str,
    value: &'static str,
    help: &'static str,
) -> Declaration {
    Declaration {
        name,
        part_of: None,
        option: Some(option),
        letter: None,
        value,
        without_value: None,
        help,
        default: "",
        choices: Vec::new,
        section,
        effect: Effect::Images,
        belongs: match section {
            Section::Steering | Section::Network => Belongs::ToModel,
            Section::Images => Belongs::ToRun,
            Section::Model | Section::Plan => Belongs::ToAll,
        },
        repeats: false,
        kind: ValueKind::Own,
        offered: None,
        excludes: &[],
        needs: &[],
        place: None,
        wrap: None,
    }
}

pub(super) use {field, file, number, port, settings};
