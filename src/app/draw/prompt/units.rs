//! What is undone together of a typed text: a word, not a letter.

/// How a change of a text stands to those before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EditUnit {
    /// Whether it is undone apart from the change before it.
    pub begins: bool,
    /// Whether it is undone apart from the one after it.
    pub ends: bool,
    /// Whether it only removed something.
    pub removes: bool,
}

/// The place of the change from `before` to `after`, as bytes, and what was removed and inserted there.
fn changed<'a>(before: &'a str, after: &'a str) -> (usize, &'a str, &'a str) {
    let alike = |(a, b): &((usize, char), (usize, char))| a.1 == b.1;
    let same = before.char_indices().zip(after.char_indices()).take_while(alike);
    let start = same.last().map_or(0, |((at, letter), _)| at + letter.len_utf8());
    let (rest_before, rest_after) = (&before[start..], &after[start..]);
    let ends = rest_before.chars().rev().zip(rest_after.chars().rev()).take_while(|(a, b)| a == b);
    let end: usize = ends.map(|(letter, _)| letter.len_utf8()).sum();
    (start, &rest_before[..rest_before.len() - end], &rest_after[..rest_after.len() - end])
}

/// Whether a change goes on with the word of the one before it. `removed`: whether that one only removed something.
pub(super) fn unit_of(before: &str, after: &str, removed: bool) -> EditUnit {
    let (at, out, into) = changed(before, after);
    let one = |text: &str| {
        let mut letters = text.chars();
        letters.next().filter(|_| letters.next().is_none())
    };
    match (one(out), one(into)) {
        // A letter: the first one after a space begins a word.
        (None, Some(letter)) if out.is_empty() => {
            let follows = before[..at].chars().next_back();
            let begins = !letter.is_whitespace() && follows.is_none_or(char::is_whitespace);
            EditUnit { begins: begins || removed, ends: false, removes: false }
        }
        // A removed space begins with the word before it.
        (Some(letter), None) if into.is_empty() => {
            EditUnit { begins: letter.is_whitespace() || !removed, ends: false, removes: true }
        }
        _ => EditUnit { begins: true, ends: true, removes: into.is_empty() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts that undo leads back to, last first, of a text that was made in these steps.
    fn undone(steps: &[&str]) -> Vec<String> {
        let (mut kept, mut removed, mut apart) = (Vec::new(), false, true);
        for pair in steps.windows(2) {
            let unit = unit_of(pair[0], pair[1], removed);
            if unit.begins || apart {
                kept.push(pair[0].to_owned());
            }
            (removed, apart) = (unit.removes, unit.ends);
        }
        kept.reverse();
        kept
    }

    #[test]
    fn typing_is_undone_by_words() {
        let text = "a red bird";
        let steps: Vec<&str> = (0..=text.len()).map(|end| &text[..end]).collect();
        assert_eq!(undone(&steps), ["a red ", "a ", ""]);
        let back: Vec<&str> = steps.iter().copied().rev().collect();
        assert_eq!(undone(&back), ["a ", "a red ", "a red bird"]);
        let both: Vec<&str> = steps.iter().copied().chain(back.iter().copied().skip(1).take(2)).collect();
        assert_eq!(undone(&both)[0], "a red bird", "what was removed comes back apart from what was typed");
    }

    #[test]
    fn a_paste_and_a_replaced_selection_are_undone_apart() {
        assert_eq!(
            undone(&["a", "a big dog", "a big dogs", "cats", "cats!"]),
            ["cats", "a big dogs", "a big dog", "a"]
        );
    }

    #[test]
    fn letters_of_many_bytes_are_letters() {
        assert_eq!(changed("naïve", "naïïve"), (4, "", "ï"));
        assert_eq!(changed("日本", "日本語"), (6, "", "語"));
        assert_eq!(changed("é", "è"), (0, "é", "è"));
        assert_eq!(undone(&["", "日", "日本", "日本語"]), [""]);
    }
}
