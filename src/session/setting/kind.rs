use super::RunSettings;
use std::path::PathBuf;

/// How a setting is read and written, and its range.
#[derive(Clone, Copy, Debug)]
pub enum ValueKind {
    /// A whole number.
    Whole {
        /// Smallest and largest.
        range: (u64, u64),
        /// Reads it; `None` for the default.
        get: fn(&RunSettings) -> Option<u64>,
        /// Sets it.
        set: fn(&mut RunSettings, Option<u64>),
    },
    /// A number.
    Number {
        /// Smallest and largest.
        range: (f64, f64),
        /// Reads it; `None` for the default.
        get: fn(&RunSettings) -> Option<f64>,
        /// Sets it.
        set: fn(&mut RunSettings, Option<f64>),
    },
    /// A switch.
    Switch {
        /// Reads it.
        get: fn(&RunSettings) -> bool,
        /// Sets it.
        set: fn(&mut RunSettings, bool),
    },
    /// A file.
    File {
        /// Its path.
        at: fn(&mut RunSettings) -> &mut Option<PathBuf>,
    },
    /// A text, with the reason if it is not valid.
    Text {
        /// Sets it.
        set: fn(&mut RunSettings, &str) -> Result<(), String>,
    },
    /// A value that needs more than its text: a file to read, or names in a model's card.
    Own,
}

/// A value of a simple kind; `None` is the default.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// For [`ValueKind::Whole`].
    Whole(Option<u64>),
    /// For [`ValueKind::Number`].
    Number(Option<f64>),
    /// For [`ValueKind::Switch`].
    Switch(bool),
    /// For [`ValueKind::File`].
    File(Option<PathBuf>),
}

macro_rules! value_of {
    ($($of:ty => |$value:ident| $made:expr;)*) => {
        $(impl From<$of> for Value {
            fn from($value: $of) -> Self {
                $made
            }
        })*
    };
}

value_of! {
    u64 => |value| Self::Whole(Some(value));
    usize => |value| Self::Whole(Some(value as u64));
    Option<usize> => |value| Self::Whole(value.map(|value| value as u64));
    f64 => |value| Self::Number(Some(value));
    Option<f64> => |value| Self::Number(value);
    bool => |value| Self::Switch(value);
    PathBuf => |value| Self::File(Some(value));
    Option<PathBuf> => |value| Self::File(value);
}

impl ValueKind {
    /// Sets a setting. A number out of range is clamped; NaN, or a value of another kind, changes
    /// nothing.
    pub fn put(self, value: Value, run: &mut RunSettings) {
        match (self, value) {
            (Self::Whole { range: (least, most), set, .. }, Value::Whole(number)) => {
                set(run, number.map(|number| number.clamp(least, most)));
            }
            (Self::Number { range: (least, most), set, .. }, Value::Number(number))
                if number.is_none_or(|number| !number.is_nan()) =>
            {
                set(run, number.map(|number| number.clamp(least, most)));
            }
            (Self::Switch { set, .. }, Value::Switch(on)) => set(run, on),
            (Self::File { at }, Value::File(path)) => *at(run) = path,
            _ => {}
        }
    }

    /// The value that sets a setting to this number, rounded for whole ones.
    #[must_use]
    pub fn of_number(self, number: f64) -> Value {
        match self {
            // A number below zero becomes the smallest.
            #[allow(clippy::cast_sign_loss)]
            Self::Whole { .. } => Value::Whole(Some(number.round().max(0.0) as u64)),
            _ => Value::Number(Some(number)),
        }
    }

    /// Sets a setting by its text, or says what is needed instead.
    pub fn read(self, text: &str, run: &mut RunSettings) -> Result<(), String> {
        match self {
            Self::Whole { range, set, .. } => {
                let number = text.parse().ok().filter(|number| (range.0..=range.1).contains(number));
                set(run, Some(number.ok_or_else(|| format!("use {}", whole_in_words(range)))?));
            }
            Self::Number { range, set, .. } => {
                let number = text.parse().ok().filter(|number| (range.0..=range.1).contains(number));
                set(run, Some(number.ok_or_else(|| format!("use {}", number_in_words(range)))?));
            }
            Self::Switch { set, .. } => set(run, true),
            Self::File { at } => *at(run) = Some(text.into()),
            Self::Text { set } => set(run, text)?,
            Self::Own => {}
        }
        Ok(())
    }

    /// The error for a number out of range, with the range in words.
    #[must_use]
    pub fn out_of_range(self, run: &RunSettings) -> Option<(String, String)> {
        match self {
            Self::Whole { range, get, .. } => {
                let number = get(run).filter(|number| !(range.0..=range.1).contains(number))?;
                Some((number.to_string(), whole_in_words(range)))
            }
            Self::Number { range, get, .. } => {
                let number = get(run).filter(|number| !(range.0..=range.1).contains(number))?;
                Some((number.to_string(), number_in_words(range)))
            }
            _ => None,
        }
    }
}

fn whole_in_words((least, most): (u64, u64)) -> String {
    if most < u64::MAX || least == 0 {
        format!("a whole number from {least} to {most}")
    } else {
        format!("a whole number of at least {least}")
    }
}

fn number_in_words((least, most): (f64, f64)) -> String {
    match (least > f64::MIN, most < f64::MAX) {
        (true, true) => format!("a number from {least} to {most}"),
        (true, false) => format!("a number of at least {least}"),
        _ => "a number".into(),
    }
}

/// A field with a value, or with an optional one.
pub(super) trait NumberField<T> {
    fn read(&self) -> Option<T>;
    fn write(&mut self, value: Option<T>);
}

impl NumberField<f64> for f64 {
    fn read(&self) -> Option<f64> {
        Some(*self)
    }
    fn write(&mut self, value: Option<f64>) {
        *self = value.unwrap_or(*self);
    }
}

impl NumberField<f64> for Option<f64> {
    fn read(&self) -> Option<f64> {
        *self
    }
    fn write(&mut self, value: Option<f64>) {
        *self = value;
    }
}

impl NumberField<u64> for u64 {
    fn read(&self) -> Option<u64> {
        Some(*self)
    }
    fn write(&mut self, value: Option<u64>) {
        *self = value.unwrap_or(*self);
    }
}

impl NumberField<u64> for usize {
    fn read(&self) -> Option<u64> {
        Some(*self as u64)
    }
    fn write(&mut self, value: Option<u64>) {
        *self = value.and_then(|value| value.try_into().ok()).unwrap_or(*self);
    }
}

impl NumberField<u64> for Option<usize> {
    fn read(&self) -> Option<u64> {
        self.map(|value| value as u64)
    }
    fn write(&mut self, value: Option<u64>) {
        *self = value.and_then(|value| value.try_into().ok());
    }
}
