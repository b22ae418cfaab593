//! What a field shows of a text that is too long to be laid out anew with every letter. The rest is kept behind it.

/// Characters that a field shows. The tokens of any text encoder end before.
pub(super) const SHOWN: usize = 4_000;

/// What a field remembers from frame to frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FieldMemory {
    /// Whether the last change only removed something.
    pub removed: bool,
    /// Whether all that is shown is selected.
    pub selects_all: bool,
    /// Bytes of the text that was written here last, and of what was shown of it.
    written: Option<(usize, usize)>,
}

impl FieldMemory {
    /// What is shown of a text, and the rest. Where one writes at the end of what is shown, its end stays behind the cursor.
    pub fn cut<'a>(&self, text: &'a str) -> (&'a str, &'a str) {
        let least = place_of(text, SHOWN);
        let kept = self.written.filter(|(whole, shown)| *whole == text.len() && text.is_char_boundary(*shown));
        text.split_at(kept.map_or(least, |(_, shown)| shown.max(least)))
    }

    /// The whole text after what is shown of it was changed. `is_letter`: whether by no more than a letter.
    pub fn joined(&mut self, shown: String, rest: &str, is_letter: bool) -> String {
        // Whoever selects all means what is not shown, too.
        let rest = if self.selects_all { "" } else { rest };
        let is_short = place_of(&shown, 2 * SHOWN) == shown.len();
        self.written = (is_letter || is_short).then_some((shown.len() + rest.len(), shown.len()));
        shown + rest
    }
}

/// The place of a character, bytes, or the end.
fn place_of(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> String {
        "vögel ".repeat(10_000)
    }

    #[test]
    fn a_long_text_is_shown_in_part_and_a_short_one_whole() {
        let memory = FieldMemory::default();
        assert_eq!(memory.cut("a bird"), ("a bird", ""));
        let text = long();
        let (shown, rest) = memory.cut(&text);
        assert_eq!(shown.chars().count(), SHOWN);
        assert_eq!(format!("{shown}{rest}"), text);
    }

    #[test]
    fn letters_at_the_end_of_what_is_shown_stay_in_order_and_nothing_is_lost() {
        let (mut memory, mut text) = (FieldMemory::default(), long());
        let (first, last) = memory.cut(&text);
        let expected = format!("{first}new{last}");
        for letter in "new".chars() {
            let (shown, rest) = memory.cut(&text);
            let shown = format!("{shown}{letter}");
            text = memory.joined(shown, rest, true);
        }
        assert_eq!(text, expected);
        assert!(memory.cut(&text).0.ends_with("new"));
        // Another text, such as that before, is cut anew.
        assert_eq!(memory.cut(&long()).0.chars().count(), SHOWN);
    }

    #[test]
    fn a_long_paste_is_cut_and_what_is_removed_makes_room() {
        let (mut memory, text) = (FieldMemory::default(), long());
        let pasted = memory.joined(format!("a {text}"), "", false);
        assert_eq!(pasted.len(), text.len() + 2);
        assert_eq!(memory.cut(&pasted).0.chars().count(), SHOWN);
        let (shown, rest) = memory.cut(&pasted);
        let (shown, rest) = (shown[..10].to_owned(), rest.to_owned());
        let left = memory.joined(shown, &rest, false);
        assert_eq!((left.len(), memory.cut(&left).0.chars().count()), (10 + rest.len(), SHOWN));
    }

    #[test]
    fn who_selects_all_replaces_the_rest_too() {
        let mut memory = FieldMemory { selects_all: true, ..FieldMemory::default() };
        let text = long();
        let (_, rest) = memory.cut(&text);
        assert_eq!(memory.joined("a cat".into(), rest, false), "a cat");
    }
}
