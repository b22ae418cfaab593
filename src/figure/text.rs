//! Labels with subscripts.
//!
//! `_` makes what follows it a subscript: one character, or several in braces. "r_m(t)", "E[x_0|x_t]", "ᾱ_{run}". `\_` is an
//! underscore.

/// A piece of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// Its text.
    pub text: &'a str,
    /// Whether it is a subscript.
    pub subscript: bool,
}

/// A label's pieces, in order.
#[must_use]
pub fn spans(label: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let mut left = label;
    while let Some((before, after)) = left.split_once('_') {
        if let Some(written) = before.strip_suffix('\\') {
            let (underscore, rest) = left[before.len()..].split_at(1);
            spans.extend([written, underscore].map(|text| Span { text, subscript: false }));
            left = rest;
            continue;
        }
        spans.push(Span { text: before, subscript: false });
        let (lower, rest) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(braced) => braced,
            None => after.split_at(after.chars().next().map_or(0, char::len_utf8)),
        };
        spans.push(Span { text: lower, subscript: true });
        left = rest;
    }
    spans.push(Span { text: left, subscript: false });
    spans.retain(|span| !span.text.is_empty());
    spans
}

/// A text, such as the name of a file, as a label without subscripts.
#[must_use]
pub fn verbatim(text: &str) -> String {
    text.replace('_', "\\_")
}

/// A label in one line of plain text, for tooltips and screen readers: "E[x0|xt]".
#[must_use]
pub fn plain(label: &str) -> String {
    spans(label).into_iter().map(|span| span.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscripts_are_found() {
        let pieces = |label| spans(label).into_iter().map(|span| (span.text, span.subscript)).collect::<Vec<_>>();
        assert_eq!(pieces("log-SNR λ"), [("log-SNR λ", false)]);
        assert_eq!(pieces("r_m(t)"), [("r", false), ("m", true), ("(t)", false)]);
        let expected = [("E[x", false), ("0", true), ("|x", false), ("t", true), ("]", false)];
        assert_eq!(pieces("E[x_0|x_t]"), expected);
        assert_eq!(pieces("ᾱ_{run}"), [("ᾱ", false), ("run", true)]);
        assert_eq!(pieces("x_τ"), [("x", false), ("τ", true)]);
        assert_eq!(pieces("open_{"), [("open", false), ("{", true)]);
        assert_eq!(pieces("end_"), [("end", false)]);
        assert_eq!(plain(&verbatim("scheduler_config.json, beta_end")), "scheduler_config.json, beta_end");
        assert_eq!(pieces("a\\_b_c"), [("a", false), ("_", false), ("b", false), ("c", true)]);
        assert_eq!(plain("E[x_0|x_t]"), "E[x0|xt]");
    }
}
