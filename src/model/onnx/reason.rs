//! ONNX Runtime's messages in a sentence, with advice where there is some.

/// ONNX Runtime's message without its source file and line; which sizes it got and which it expected are kept.
pub(super) fn plain_reason(reason: &str) -> String {
    let first = reason.lines().next().unwrap_or(reason).trim();
    if let Some(opset) = first.to_ascii_lowercase().find("opset ") {
        let digits: String =
            first[opset..].chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        if first.contains("guarantees support") || first.contains("under development") {
            return format!(
                "it uses operator set {digits}, newer than this ONNX Runtime knows; export it with an older opset, \
                 such as 17"
            );
        }
    }
    if reason.contains("Failed to allocate memory") {
        return "not enough memory; use a smaller size or batch, or fewer samples per call".into();
    }
    let cut = first.rfind("status_code").map_or(first, |at| first[..at].trim_end());
    let got: Vec<&str> = reason.lines().skip(1).map(str::trim).filter(|line| line.contains("Expected:")).collect();
    let told = cut.trim_end_matches('.').to_owned();
    if got.is_empty() { told } else { format!("{told}: {}", got.join(", ")) }
}

/// What of a model may be at fault for a failed call.
#[derive(Clone, Copy)]
pub(super) struct Suspects<'a> {
    /// The image input.
    pub(super) sample: &'a str,
    /// Where that has its size.
    pub(super) size_axes: &'static [usize],
    /// Whether the network is told a class.
    pub(super) has_classes: bool,
}

/// A failed call in words, with what to try where the size or the class is at fault.
pub(super) fn failed_call(reason: &str, suspects: Suspects) -> String {
    let told = plain_reason(reason);
    let lower = told.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if suspects.has_classes && has(&["out of data bounds", "out of bounds"]) {
        return format!("{told}; try a smaller class");
    }
    // What is said of an input is about that input; only the image's sides can be chosen.
    let about_input = lower.contains("invalid dimensions for input") || lower.contains("invalid rank for input");
    let side = |axis: usize| lower.contains(&format!("index: {axis} got"));
    let about_size = if about_input {
        lower.contains(&format!("input: {} ", suspects.sample.to_ascii_lowercase()))
            && suspects.size_axes.iter().any(|&axis| side(axis))
    } else {
        has(&["broadcast", "must match", "mismatch", "reshape", "incompatible dimensions"])
    };
    if about_size { format!("{told}; try sides in larger multiples, such as of 32") } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNET: Suspects = Suspects { sample: "sample", size_axes: &[2, 3], has_classes: true };

    #[test]
    fn what_was_got_and_expected_is_kept_and_advice_goes_where_it_helps() {
        let wrong = |input: &str, index: usize| {
            format!(
                "Got invalid dimensions for input: {input} for the following indices\n index: {index} Got: 2 Expected: \
                 1\n Please fix either the inputs/outputs or the model."
            )
        };
        assert_eq!(
            failed_call(&wrong("timestep", 0), UNET),
            "Got invalid dimensions for input: timestep for the following indices: index: 0 Got: 2 Expected: 1"
        );
        assert_eq!(
            failed_call(&wrong("sample", 3), UNET),
            "Got invalid dimensions for input: sample for the following indices: index: 3 Got: 2 Expected: 1; try sides \
             in larger multiples, such as of 32"
        );
        // The batch and the channels are no sides.
        assert!(!failed_call(&wrong("sample", 1), UNET).contains("sides"));
        let gather = "Non-zero status code returned while running Gather node. Name:'' Status Message: indices element \
                      out of data bounds, idx=7 must be within the inclusive range [-4,3]";
        assert_eq!(failed_call(gather, UNET), format!("{gather}; try a smaller class"));
        assert_eq!(failed_call(gather, Suspects { has_classes: false, ..UNET }), gather);
        let add = "Non-zero status code returned while running Add node. Name:'' Status Message: Attempting to \
                   broadcast an axis by a dimension other than 1. 4 by 5";
        assert!(failed_call(add, UNET).ends_with("; try sides in larger multiples, such as of 32"));
        let kind = "Unexpected input data type. Actual: (tensor(float)) , expected: (tensor(double))";
        assert_eq!(failed_call(kind, UNET), kind);
    }
}
