//! Round numbers for axes.

/// A number on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its position, in the axis's units.
    pub at: f64,
    /// Its label, with a true minus sign.
    pub label: String,
}

/// Round numbers in `[low, high]`, about `count` of them (at most twice as many): multiples of 1, 2 or 5 times
/// a power of ten. `whole` omits fractions. Empty if the range is empty or not finite. Labels have at most eight
/// characters: longer numbers become powers of ten, and if those do not differ the first is approximate
/// and the others are relative to it.
#[must_use]
pub fn linear(low: f64, high: f64, count: usize, whole: bool) -> Vec<Tick> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) || count == 0 {
        return Vec::new();
    }
    let raw = span / count as f64;
    let power = raw.log10().floor();
    let scale = 10.0_f64.powf(power);
    let mantissa = [1.0, 2.0, 5.0, 10.0].into_iter().find(|&m| m * scale >= raw * (1.0 - 1e-6)).unwrap_or(10.0);
    let step = mantissa * scale;
    let step = if whole { step.max(1.0).round() } else { step };
    let decimals = if step >= 1.0 { 0.0 } else { -(step.log10() + 1e-9).floor() };
    #[expect(clippy::cast_sign_loss, reason = "not negative, and an f64's exponent fits")]
    let decimals = decimals as usize;
    let most = low.abs().max(high.abs());
    // If numbers are large compared with their steps, no closer than they can be distinguished.
    let slack = (1e-9 * step).max(4.0 * f64::EPSILON * most);
    let (first, last) = (((low - slack) / step).ceil(), ((high + slack) / step).floor());
    let digits = most.log10().floor().max(0.0) + 1.0;
    // One digit for each power of ten from the largest number down to the steps.
    let figures = most.log10().floor() - (step.log10() + 1e-9).floor();
    let label = |index: f64| {
        let value = index * step;
        if decimals <= 4 && digits + decimals as f64 <= MOST_DIGITS {
            number(value, decimals)
        } else if figures <= MOST_FIGURES {
            #[expect(clippy::cast_sign_loss, reason = "not negative")]
            let figures = figures.max(0.0) as usize;
            scientific(value, figures)
        } else if index == first {
            format!("≈{}", significant(value))
        } else {
            let beyond = (index - first) * step;
            format!("+{}", scientific(beyond, usize::from(index - first >= 5.0) + usize::from(index - first >= 50.0)))
        }
    };
    std::iter::successors(Some(first), |index| Some(index + 1.0))
        .take_while(|&index| index <= last)
        .take(2 * count + 2)
        .map(|index| Tick { at: (index * step).clamp(low, high), label: label(index) })
        .collect()
}

/// Most digits of a number on an axis, and most decimals of one in scientific notation.
const MOST_DIGITS: f64 = 6.0;
const MOST_FIGURES: f64 = 2.0;

/// About this number, in few characters.
fn significant(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&value.abs()) {
        // 0.99999 has the power of ten of 1, which it is shown as.
        let power = (value.abs() * (1.0 + 5e-5)).log10().floor();
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above")]
        let decimals = (3.0 - power).clamp(0.0, 4.0) as usize;
        number(value, decimals)
    } else {
        scientific(value, 1)
    }
}

/// A number in scientific notation with this many decimals, "−1.5e−9", with 0 as "0".
#[must_use]
pub fn scientific(value: f64, figures: usize) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.figures$e}").replace('-', "−") }
}

/// Round numbers of a logarithmic axis in `[low, high]`, both positive: 1, 2 and 5 times powers of ten if `count`
/// allows it, else powers of ten, else every second, third … of them.
#[must_use]
pub fn logarithmic(low: f64, high: f64, count: usize) -> Vec<Tick> {
    if !(low > 0.0 && high > low && high.is_finite()) || count == 0 {
        return Vec::new();
    }
    let exponents = ((low.log10() - 1.0).floor() as i32)..=((high.log10() + 1.0).ceil() as i32);
    let decades = high.log10() - low.log10();
    let mantissas: &[f64] = match count as f64 / decades.max(1e-3) {
        enough if enough >= 3.0 => &[1.0, 2.0, 5.0],
        some if some >= 2.0 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let stride = ((decades / count as f64).ceil() as i32).max(1);
    exponents
        .filter(|exponent| exponent.rem_euclid(stride) == 0)
        .flat_map(|exponent| mantissas.iter().map(move |mantissa| (mantissa * 10.0_f64.powi(exponent), exponent)))
        .filter(|(at, _)| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(at))
        .map(|(at, exponent)| {
            let label = if (-3..4).contains(&exponent) {
                #[expect(clippy::cast_sign_loss, reason = "not negative")]
                let decimals = (-exponent).max(0) as usize;
                number(at, decimals)
            } else {
                let mantissa = (at / 10.0_f64.powi(exponent)).round();
                format!("{mantissa}e{exponent}").replace('-', "−")
            };
            Tick { at: at.clamp(low, high), label }
        })
        .collect()
}

/// A number with this many decimals, U+2212 for minus, and no negative zero.
#[must_use]
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| matches!(byte, b'0' | b'.')) => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// A number with two decimals and its sign, including infinity: "+1.20", "−∞".
#[must_use]
pub fn signed(value: f64) -> String {
    let text = if value.is_finite() { format!("{value:+.2}") } else { format!("{value:+}").replace("inf", "∞") };
    text.replace('-', "−")
}

/// A number of at least 0 with three digits, or with a power of ten: "0.0123", "123", "1.3e−4", "∞".
#[must_use]
pub fn three_digits(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".into(),
        value if value.is_infinite() => "∞".into(),
        0.0 => "0".into(),
        value if !(0.000_995..99_999.5).contains(&value) => {
            let text = format!("{value:.1e}");
            text.replace('-', "−")
        }
        value => {
            #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above")]
            let decimals = (2.0 - value.log10().floor()).clamp(0.0, 6.0) as usize;
            number(value, decimals)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn numbers_are_round() {
        assert_eq!(labels(&linear(0.0, 1.0, 5, false)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&linear(-9.3, 4.9, 4, false)), ["−5", "0"]);
        assert_eq!(labels(&linear(0.0, 3.0, 10, true)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&linear(0.0, 0.02, 2, false)), ["0.00", "0.01", "0.02"]);
        assert_eq!(labels(&logarithmic(0.008, 60.0, 20)).len(), 12);
        assert_eq!(labels(&logarithmic(0.05, 3.0, 3)), ["0.1", "1"]);
        assert_eq!(labels(&logarithmic(1e-8, 1e8, 4)), ["1e−8", "1e−4", "1", "1e4", "1e8"]);
        assert_eq!(labels(&logarithmic(1.0, 6.0, 3)), ["1", "2", "5"]);
        assert_eq!(labels(&linear(0.0, 4.2e-9, 4, false)), ["0", "2e−9", "4e−9"]);
        assert_eq!(labels(&linear(0.0, 2.1e-18, 4, false)), ["0", "1e−18", "2e−18"]);
        assert_eq!(labels(&linear(0.0, 1.1e-18, 4, false)), ["0", "5.0e−19", "1.0e−18"]);
        assert_eq!(labels(&linear(0.0, 3e6, 3, false)), ["0", "1e6", "2e6", "3e6"]);
        let near_one = linear(1.0 - 3e-9, 1.0, 3, false);
        assert_eq!(labels(&near_one), ["≈1.000", "+1e−9", "+2e−9", "+3e−9"]);
        assert!(linear(1.0, 1.0, 5, false).is_empty() && linear(0.0, f64::INFINITY, 5, false).is_empty());
        assert!(logarithmic(0.0, 1.0, 5).is_empty());
    }

    #[test]
    fn numbers_have_true_signs() {
        assert_eq!([1.2, -0.5, f64::INFINITY, f64::NEG_INFINITY].map(signed), ["+1.20", "−0.50", "+∞", "−∞"]);
    }

    proptest! {
        #[test]
        fn ticks_stay_inside_and_rise(low in -1e4..1e4_f64, span in 1e-6..1e5_f64, count in 1_usize..30, whole: bool) {
            let ticks = linear(low, low + span, count, whole);
            prop_assert!(ticks.len() <= 2 * count + 2);
            prop_assert!(ticks.iter().all(|tick| (low..=low + span).contains(&tick.at)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at && pair[0].label != pair[1].label));
        }

        #[test]
        fn labels_are_short(exponent in -300.0..300.0_f64, low in -1.0..1.0_f64, part in -12.0..0.0_f64, count in 1_usize..25) {
            let size = 10.0_f64.powf(exponent);
            let (low, span) = (low * size, size * 10.0_f64.powf(part));
            let ticks = linear(low, low + span, count, false);
            // An exponent of three digits is one character longer.
            let most = if exponent.abs() + part.abs() > 95.0 { 10 } else { 9 };
            for tick in &ticks {
                prop_assert!(tick.label.chars().count() <= most, "{:?}", tick.label);
            }
        }

        #[test]
        fn logarithmic_ticks_stay_inside_and_rise(low in 1e-9..1e3_f64, decades in 0.01..15.0_f64, count in 1_usize..30) {
            let high = low * 10.0_f64.powf(decades);
            let ticks = logarithmic(low, high, count);
            prop_assert!(ticks.len() <= 2 * count + 3, "{}", ticks.len());
            prop_assert!(ticks.iter().all(|tick| (low..=high).contains(&tick.at)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at && pair[0].label != pair[1].label));
        }
    }
}
