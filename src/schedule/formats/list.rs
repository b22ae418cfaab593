use super::FormatError;
use super::table::number;
use crate::reading::json;
use crate::schedule::explain::Runner;
use crate::schedule::{LevelList, MAX_STEPS, Plan, SigmaMeaning};
use crate::words::short;

/// σ as people paste them: numbers between commas, semicolons, spaces or line ends, alone or in brackets, as in
/// `sigmas = torch.tensor([14.6, 2.9, 0.0], device='cuda:0')`, of which only what stands in the brackets counts.
pub fn read_list(text: &str) -> Result<LevelList, FormatError> {
    let text = without_comments(text);
    let Some((inner, after)) = in_brackets(&text) else { return numbers(&text) };
    if after.contains('[') {
        return Err(FormatError::SeveralLists);
    }
    // A row of an array, or its column.
    let pieces: Vec<&str> = inner.split('[').map(|piece| piece.split(']').next().unwrap_or_default()).collect();
    let rows: Vec<usize> = pieces.iter().map(|piece| words(piece).count()).filter(|&count| count > 0).collect();
    if rows.len() > 1 && rows.iter().any(|&count| count > 1) {
        return Err(FormatError::SeveralLists);
    }
    numbers(&inner.replace(['[', ']'], " "))
}

fn without_comments(text: &str) -> String {
    json::without_mark(text)
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What stands between the first bracket and the one that closes it, and what comes after.
fn in_brackets(text: &str) -> Option<(&str, &str)> {
    let inner = &text[text.find('[')? + 1..];
    let mut depth = 1;
    for (at, character) in inner.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..at], &inner[at..]));
        }
    }
    None
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let separators = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')');
    text.split(separators).filter(|word| !word.is_empty())
}

fn numbers(text: &str) -> Result<LevelList, FormatError> {
    let mut values = Vec::new();
    for word in words(text) {
        let row = values.len() + 1;
        if row > MAX_STEPS + 1 {
            return Err(FormatError::TooLong { limit: MAX_STEPS + 1 });
        }
        let shown: String = word.chars().take(40).collect();
        // A true minus sign, as this program shows it.
        let value = word.replace('−', "-").parse::<f64>();
        values.push(value.map_err(|_| FormatError::NotANumber { row, text: shown })?);
    }
    if values.is_empty() { Err(FormatError::Empty) } else { Ok(LevelList::of_model_sigmas(values)) }
}

/// σ as k-diffusion's samplers take them: N + 1 values, noisiest first.
#[must_use]
pub fn k_diffusion_sigmas(sigmas: &[f64]) -> String {
    let values: Vec<String> = sigmas.iter().map(|&sigma| python_number(sigma)).collect();
    format!("sigmas = torch.tensor([{}])\n", values.join(", "))
}

/// σ as ComfyUI's nodes for custom σ take them: N + 1 values between commas.
#[must_use]
pub fn comfy_ui_sigmas(sigmas: &[f64]) -> String {
    let values: Vec<String> = sigmas.iter().map(|&sigma| number(sigma)).collect();
    values.join(", ") + "\n"
}

/// A program that takes a list of σ, and how.
#[derive(Clone, Copy, Debug)]
pub struct SigmaProgram {
    /// Its name, and what it feeds to networks.
    pub runner: Runner,
    /// The σ that it has where a schedule with zero terminal SNR begins, since no σ of its own is infinite.
    pub pure_noise: f64,
    /// The list, of σ that are all finite.
    pub list: fn(&[f64]) -> String,
}

impl SigmaProgram {
    /// The list of a plan's σ, whatever it means by σ, and what is to be said of it, a sentence each.
    #[must_use]
    pub fn write(&self, plan: &Plan, meaning: SigmaMeaning) -> (String, Vec<String>) {
        let name = self.runner.name;
        let mut notes = Vec::new();
        let sigmas = match meaning {
            SigmaMeaning::Flow => {
                notes.push(format!(
                    "σ is written as flow time, from 1 (pure noise) to 0, as {name} has it for flow models"
                ));
                plan.flow_times()
            }
            SigmaMeaning::Ve => {
                let finite = plan.clone().with_finite_start_at(self.pure_noise);
                if finite.levels() != plan.levels() {
                    notes.push(format!(
                        "pure noise (σ = ∞) is written as σ = {}: {name} has no infinite σ, and starts a schedule with \
                         zero terminal SNR at {}",
                        short(finite.sigmas()[0]),
                        short(self.pure_noise)
                    ));
                }
                finite.sigmas()
            }
        };
        // Their samplers leave the noise of the last σ in the image.
        notes.extend(sigmas.last().filter(|&&last| last != 0.0).map(|&last| {
            format!(
                "{name}'s samplers expect the last σ to be 0, but this list ends at {}, so images keep that noise; add a \
                 final 0, or use a schedule that ends at the clean image",
                short(last)
            )
        }));
        ((self.list)(&sigmas), notes)
    }
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
        let expected = LevelList::of_model_sigmas(vec![14.615, 2.5, 1e-2, 0.0]);
        for text in [
            "14.615, 2.5, 0.01, 0",
            "14.615 2.5\n0.01\t0.0\n",
            "sigmas = torch.tensor([14.615, 2.5, 1e-2, 0.])",
            "14.615;2.5;0.01;0;",
            "[14.615,\n 2.5,  # the middle\n 0.01, 0]",
            "\u{feff}14.615\r\n2.5\r\n0.01\r\n0\r\n",
            "tensor([14.615,  2.5, 0.01,  0.0000], device='cuda:0')",
            "array([14.615,  2.5,\n        0.01,  0.    ], dtype=float32)",
            "[[14.615, 2.5, 0.01, 0.0]]",
            "tensor([[14.615],\n        [2.5],\n        [0.01],\n        [0.]], dtype=torch.float64)",
        ] {
            assert_eq!(read_list(text).unwrap(), expected, "{text}");
        }
        assert_eq!(read_list("3 abc").unwrap_err(), FormatError::NotANumber { row: 2, text: "abc".into() });
        for several in ["sigmas=[14.6, 3.1, 0.0]\ntimesteps=[999, 800]", "[[14.6, 3.1], [0.4, 0]]"] {
            assert_eq!(read_list(several).unwrap_err(), FormatError::SeveralLists, "{several}");
        }
        assert_eq!(read_list("[14.6, [], x]").unwrap_err(), FormatError::NotANumber { row: 2, text: "x".into() });
        assert_eq!(read_list("  \n").unwrap_err(), FormatError::Empty);
        assert_eq!(read_list("−3 1").unwrap().values[0], -3.0);
        assert!(matches!(read_list(&"1 ".repeat(1_000_000)), Err(FormatError::TooLong { .. })));
    }
}
