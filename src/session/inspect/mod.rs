//! Inspection of images: channels, histogram, tone curve, and differences from a reference. No GUI.

mod channel;
mod difference;
mod histogram;
mod reference;
mod tone_curve;

pub use channel::{Channel, channel_name};
pub use difference::{Difference, Errors, PEAK, RELATIVE_FLOOR, difference, errors};
pub use histogram::Histogram;
pub use reference::{ReferenceError, ReferenceImage};
pub use tone_curve::{ToneCurve, magnitude_image, signed_image};
