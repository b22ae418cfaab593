use crate::spectrum::Window;
use serde::{Deserialize, Serialize};

/// Lowest and highest frequency that a slope may be fitted over, cycles/pixel; √2/2 is the corner of a spectrum.
const FREQUENCIES: (f64, f64) = (1e-4, std::f64::consts::FRAC_1_SQRT_2);

/// Settings of the spectra at a step. Fields missing in a file have their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpectrumChoices {
    /// One channel, counted from 0; `None` is the mean of all, and so is a channel that a model does not have.
    pub channel: Option<usize>,
    /// Whether to apply a Hann window.
    pub hann: bool,
    /// Whether `E[x_0|x_t]` at other steps is drawn too.
    pub others: bool,
    /// The range of the slope's fit, cycles/pixel; `None` follows the step.
    pub fit: Option<(f64, f64)>,
}

impl Default for SpectrumChoices {
    fn default() -> Self {
        Self { channel: None, hann: false, others: true, fit: None }
    }
}

impl SpectrumChoices {
    /// The window before the spectra.
    #[must_use]
    pub const fn window(&self) -> Window {
        Window::hann_if(self.hann)
    }

    /// The same with a valid range; an invalid one is replaced by that of `before`.
    pub(super) fn mended(self, before: &Self) -> Self {
        let fits = |&(low, high): &(f64, f64)| low.is_finite() && high.is_finite() && low < high;
        let within = |f: f64| f.clamp(FREQUENCIES.0, FREQUENCIES.1);
        let fit = match self.fit {
            Some(range) if !fits(&range) => before.fit,
            range => range.map(|(low, high)| (within(low), within(high))).filter(fits),
        };
        Self { fit, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_possible() {
        let before = SpectrumChoices { fit: Some((0.1, 0.2)), ..SpectrumChoices::default() };
        let after = |fit| SpectrumChoices { fit, ..before }.mended(&before).fit;
        assert_eq!(after(Some((0.0, 9.0))), Some(FREQUENCIES));
        assert_eq!(after(None), None);
        for wrong in [(0.3, 0.2), (f64::NAN, 0.2), (0.1, f64::INFINITY)] {
            assert_eq!(after(Some(wrong)), before.fit);
        }
        let read: SpectrumChoices = serde_json::from_str("{\"hann\": true}").unwrap();
        assert_eq!(read, SpectrumChoices { hann: true, ..SpectrumChoices::default() });
    }
}
