use super::FormatError;
use super::table::number;
use crate::schedule::{LevelList, MAX_STEPS, Plan};
use crate::words::short;

/// σ as people paste them: numbers between commas, semicolons, spaces, line ends or brackets, as in
/// `sigmas = torch.tensor([14.6, 2.9, 0.0])` of which only the numbers in the brackets count.
pub fn read_list(text: &str) -> Result<LevelList, FormatError> {
    let inner = match (text.rfind('['), text.find(']')) {
        (Some(open), Some(close)) if open < close => &text[open + 1..close],
        _ => text,
    };
    let without_comments = inner.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut values = Vec::new();
    for line in without_comments {
        let separators = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')');
        for word in line.split(separators).filter(|word| !word.is_empty()) {
            let row = values.len() + 1;
            if row > MAX_STEPS + 1 {
                return Err(FormatError::TooLong { limit: MAX_STEPS + 1 });
            }
            let shown: String = word.chars().take(40).collect();
            // A true minus sign, as this program shows it.
            let value = word.replace('−', "-").parse::<f64>();
            values.push(value.map_err(|_| FormatError::NotANumber { row, text: shown })?);
        }
    }
    if values.is_empty() { Err(FormatError::Empty) } else { Ok(LevelList::of_sigmas(values)) }
}

/// The σ of a plan as k-diffusion's samplers take them: N + 1 values, noisiest first.
#[must_use]
pub fn k_diffusion_sigmas(plan: &Plan) -> String {
    let values: Vec<String> = plan.levels().iter().map(|level| python_number(level.sigma())).collect();
    format!("sigmas = torch.tensor([{}])\n", values.join(", "))
}

/// The σ of a plan as ComfyUI's nodes for custom σ take them: N + 1 values between commas.
#[must_use]
pub fn comfy_ui_sigmas(plan: &Plan) -> String {
    let values: Vec<String> = plan.levels().iter().map(|level| number(level.sigma())).collect();
    values.join(", ") + "\n"
}

/// What is to be said of a list for `program` that ends with noise, which its samplers then leave in the image.
#[must_use]
pub fn last_sigma_note(plan: &Plan, program: &str) -> Option<String> {
    let last = plan.levels().last()?.sigma();
    (last != 0.0).then(|| {
        format!(
            "{program}'s samplers expect the last σ to be 0, but this list ends at {}, so images keep that noise; add \
             a final 0, or use a schedule that ends at the clean image",
            short(last)
        )
    })
}

/// A number as Python reads it.
pub(super) fn python_number(value: f64) -> String {
    match number(value).as_str() {
        "inf" => "float(\"inf\")".into(),
        "-inf" => "-float(\"inf\")".into(),
        text if text.contains(['.', 'e']) => text.into(),
        text => format!("{text}.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_lists_are_read_whatever_stands_between() {
        let expected = LevelList::of_sigmas(vec![14.615, 2.5, 1e-2, 0.0]);
        for text in [
            "14.615, 2.5, 0.01, 0",
            "14.615 2.5\n0.01\t0.0\n",
            "sigmas = torch.tensor([14.615, 2.5, 1e-2, 0.])",
            "14.615;2.5;0.01;0;",
            "[14.615,\n 2.5,  # the middle\n 0.01, 0]",
        ] {
            assert_eq!(read_list(text).unwrap(), expected, "{text}");
        }
        assert_eq!(read_list("3 abc").unwrap_err(), FormatError::NotANumber { row: 2, text: "abc".into() });
        assert_eq!(read_list("  \n").unwrap_err(), FormatError::Empty);
        assert_eq!(read_list("−3 1").unwrap().values[0], -3.0);
        assert!(matches!(read_list(&"1 ".repeat(1_000_000)), Err(FormatError::TooLong { .. })));
    }
}
