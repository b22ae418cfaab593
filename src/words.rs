//! Helpers for sentences: capital letters, singular and plural, and short numbers.

pub mod voice;

/// A number with its noun: "1 step", "12 steps", "0 images", "3 values of σ".
///
/// ```
/// use chromascope::words::count;
/// assert_eq!([count(1, "class"), count(2, "class"), count(2, "list of σ")], ["1 class", "2 classes", "2 lists of σ"]);
/// ```
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

/// The plural of a noun. What follows "of", "to" or "without" is unchanged.
#[must_use]
pub fn plural(noun: &str) -> String {
    let end = [" of ", " to ", " without "].iter().filter_map(|word| noun.find(word)).min().unwrap_or(noun.len());
    let (noun, rest) = noun.split_at(end);
    let before_y = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match before_y {
        Some(stem) => format!("{stem}ies{rest}"),
        None if noun.ends_with('s') || noun.ends_with('x') || noun.ends_with("ch") => format!("{noun}es{rest}"),
        None => format!("{noun}s{rest}"),
    }
}

/// Programs whose names are plain words in lower case.
const PROGRAMS: [&str; 2] = ["chromascope", "pip"];

/// A sentence with its capital letter. On the command line the same words follow the program's name. A first word that is not
/// plain, such as a path, an option or a symbol, is unchanged. A sentence must not begin with a name: a folder could be
/// called anything.
///
/// ```
/// use chromascope::words::sentence;
/// assert_eq!(sentence("the model cats has classes"), "The model cats has classes");
/// assert_eq!(sentence("cats/model.onnx is empty"), "cats/model.onnx is empty");
/// ```
#[must_use]
pub fn sentence(text: &str) -> String {
    let end = text.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let is_word = (word.len() > 1 || word == "a") && (rest.is_empty() || rest.starts_with([' ', ',', ':', ';', '\'']));
    match word.chars().next() {
        Some(first) if is_word && !PROGRAMS.contains(&word) => format!("{}{}", first.to_ascii_uppercase(), &text[1..]),
        _ => text.to_owned(),
    }
}

/// A size of a file: "812 KB", "1.7 GB".
///
/// ```
/// use chromascope::words::bytes_in_words;
/// let told = [0, 950, 812_300, 9_960_000, 1_719_000_000].map(bytes_in_words);
/// assert_eq!(told, ["0 bytes", "950 bytes", "812 KB", "10 MB", "1.7 GB"]);
/// ```
#[must_use]
pub fn bytes_in_words(bytes: u64) -> String {
    let number = bytes as f64;
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("KB", 1e3)] {
        let of = number / size;
        if of >= 1.0 {
            return if of < 9.95 { format!("{of:.1} {unit}") } else { format!("{of:.0} {unit}") };
        }
    }
    count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte")
}

/// The first characters of a text, at most this many.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Names in a sentence, with "and" or "or" before the last: "ddim, euler or heun".
#[must_use]
pub fn joined(names: &[&str], conjunction: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} {conjunction} {last}", before.join(", ")),
    }
}

/// "is" or "are".
#[must_use]
pub const fn is_or_are(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// A number with about five digits, or as an integer if it is one: "476.13", "999", "0.00123".
#[must_use]
pub fn short(number: f64) -> String {
    if number.fract() == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    if number.abs() < 1e-4 {
        return format!("{number:.2e}");
    }
    let before = number.abs().log10().floor() + 1.0;
    let decimals = (5.0 - before).clamp(0.0, 12.0);
    #[expect(clippy::cast_sign_loss, reason = "clamped just before")]
    let text = format!("{number:.*}", decimals as usize);
    let cut = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    cut.to_owned()
}

/// The size of a level's smallest detail, `nᵐ` pixels: "4 px".
#[must_use]
pub fn level_label(factor: usize, m: usize) -> String {
    format!("{} px", level_pixels(factor, m))
}

/// The side of level `m`'s smallest detail, `nᵐ` pixels.
#[must_use]
pub fn level_pixels(factor: usize, m: usize) -> usize {
    u32::try_from(m).map_or(usize::MAX, |m| factor.saturating_pow(m))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    #[test]
    fn one_is_singular_and_all_else_plural() {
        for (number, noun, expected) in [
            (0, "step", "0 steps"),
            (1, "step", "1 step"),
            (2, "control point", "2 control points"),
            (1, "value of ᾱ", "1 value of ᾱ"),
            (5, "value of ᾱ", "5 values of ᾱ"),
            (2, "class", "2 classes"),
            (2, "box", "2 boxes"),
            (3, "batch", "3 batches"),
            (2, "frequency", "2 frequencies"),
            (2, "day", "2 days"),
        ] {
            assert_eq!(count(number, noun), expected);
        }
        assert_eq!([is_or_are(1), is_or_are(0), is_or_are(2)], ["is", "are", "are"]);
    }

    #[test]
    fn a_sentence_has_a_capital_letter_and_names_keep_theirs() {
        for (text, expected) in [
            ("no file", "No file"),
            ("a model", "A model"),
            ("there's none", "There's none"),
            ("guidance", "Guidance"),
            ("Already", "Already"),
            // A word that is not plain is a name, a path or a symbol.
            ("emoji-exact-64: no", "emoji-exact-64: no"),
            ("cats.onnx is empty", "cats.onnx is empty"),
            ("../cats is empty", "../cats is empty"),
            ("my_cats is empty", "my_cats is empty"),
            ("η is too large", "η is too large"),
            ("k must be whole", "k must be whole"),
            ("pip failed", "pip failed"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), expected);
        }
        assert_eq!([shortened("12345", 5), shortened("123456", 5)], ["12345", "1234…"]);
    }

    /// The literals of `#[error("…")]` in a folder's files, with the files.
    fn errors_of(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                errors_of(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let literals = text.split("#[error(").skip(1).filter_map(|after| after.trim_start().strip_prefix('"'));
                found.extend(literals.map(|literal| (path.clone(), literal.to_owned())));
            }
        }
    }

    #[test]
    fn no_error_begins_with_a_name() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut errors = Vec::new();
        errors_of(&source, &mut errors);
        assert!(errors.len() > 100, "only {} were found", errors.len());
        // Messages of the command line that follow the program's name may start in lower case.
        errors.retain(|(file, _)| !file.starts_with(source.join("cli")));
        // Paths, numbers, other crates' errors, and names of settings, which are plain words.
        let may = ["path", "folder", "place", "error", "variable", "height", "of", "setting", "what", "why", ""];
        let whole = ["{0}\")", "{0} is not a file"];
        for (file, text) in errors {
            let Some((first, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { continue };
            let fine = may.contains(&first) || whole.iter().any(|whole| text.starts_with(whole));
            assert!(fine, "{}: {}", file.display(), text.lines().next().unwrap());
        }
    }

    #[test]
    fn numbers_are_short() {
        for (number, expected) in [
            (476.128_265_380_859_4, "476.13"),
            (999.0, "999"),
            (0.0, "0"),
            (-12.5, "-12.5"),
            (0.001_234_56, "0.0012346"),
            (123_456.78, "123457"),
            (99.999_999, "100"),
            (1e-30, "1.00e-30"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(short(number), expected);
        }
    }
}
