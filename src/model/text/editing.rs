//! Which text a prompt is at which step.
//!
//! The rules are those that AUTOMATIC1111's web UI documents, for a run of N steps: `[a:b:12]` is a for 12 steps and then b;
//! `[a:b:0.4]`, a number with a point, is a for 0.4 N steps; `[b:12]` and `[a::12]` add and remove; `[a|b|c]` takes them in
//! turn, one a step. They nest, and stand in round brackets and around them. `\[`, `\]`, `\(`, `\)`, `\:` and `\|` are
//! characters. Brackets that do not say one of these stay in the text, for [`emphasis`](super::emphasis).

use std::collections::{BTreeSet, HashMap};

/// The texts that some prompts are over a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Every text, once.
    pub texts: Vec<String>,
    /// For each prompt the first step and the number of the text that rules from there, in order; the first is step 0.
    pub over_time: Vec<Vec<(usize, usize)>>,
}

impl Texts {
    /// The texts of prompts in a run of so many steps.
    #[must_use]
    pub fn of<P: AsRef<str>>(prompts: &[P], steps: usize) -> Self {
        let mut found = Self::default();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for prompt in prompts {
            let nodes = parse(prompt.as_ref());
            let mut changes = BTreeSet::from([0]);
            for node in &nodes {
                node.changes(steps, &mut changes);
            }
            let mut over_time: Vec<(usize, usize)> = Vec::new();
            for step in changes {
                let mut text = String::new();
                write_all(&nodes, (step, steps), &mut text);
                let number = *numbers.entry(text).or_insert_with_key(|text| {
                    found.texts.push(text.clone());
                    found.texts.len() - 1
                });
                if over_time.last().is_none_or(|&(_, last)| last != number) {
                    over_time.push((step, number));
                }
            }
            found.over_time.push(over_time);
        }
        found
    }

    /// Whether any prompt changes during the run.
    #[must_use]
    pub fn change(&self) -> bool {
        self.over_time.iter().any(|over_time| over_time.len() > 1)
    }

    /// The number of the text that a prompt is at a step.
    #[must_use]
    pub fn at(&self, prompt: usize, step: usize) -> Option<usize> {
        let over_time = self.over_time.get(prompt)?;
        over_time.iter().rev().find(|&&(first, _)| first <= step).map(|&(_, number)| number)
    }
}

#[derive(Debug, PartialEq)]
enum Node<'a> {
    Text(&'a str),
    Edited { before: Vec<Node<'a>>, after: Vec<Node<'a>>, when: When },
    InTurn(Vec<Vec<Node<'a>>>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Step(f64),
    Share(f64),
}

/// How far below a whole number of steps a share may be from rounding.
const ROUNDING: f64 = 1e-9;

impl When {
    /// How many steps the first text rules.
    fn steps(self, steps: usize) -> usize {
        let count = match self {
            Self::Step(count) => count,
            // 0.29 of 100 is 28.999999999999996.
            Self::Share(share) => share * steps as f64 + ROUNDING,
        };
        // A count below 1 is none, one above all is all.
        (0..steps).take_while(|&step| (step + 1) as f64 <= count.trunc()).count()
    }

    fn read(text: &str) -> Option<Self> {
        let number = text.trim();
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        if digits.is_empty() || !digits.chars().all(|character| character.is_ascii_digit() || character == '.') {
            return None;
        }
        let value = number.parse().ok()?;
        Some(if digits.contains('.') { Self::Share(value) } else { Self::Step(value) })
    }
}

impl<'a> Node<'a> {
    /// Where a run of so many steps may change from one text to another.
    fn changes(&self, steps: usize, found: &mut BTreeSet<usize>) {
        match self {
            Self::Text(_) => {}
            Self::Edited { before, after, when } => {
                found.extend(Some(when.steps(steps)).filter(|&step| step < steps));
                before.iter().chain(after).for_each(|node| node.changes(steps, found));
            }
            Self::InTurn(_) => found.extend(0..steps),
        }
    }

    fn write(&self, (step, steps): (usize, usize), to: &mut String) {
        match self {
            Self::Text(text) => to.push_str(text),
            Self::Edited { before, after, when } => {
                write_all(if step < when.steps(steps) { before } else { after }, (step, steps), to);
            }
            Self::InTurn(options) => write_all(&options[step % options.len()], (step, steps), to),
        }
    }

    /// What a pair of square brackets says; `None` where it is text.
    fn of_brackets(prompt: &'a str, pair: &Pair, marks: &Marks) -> Option<Self> {
        let cuts = &pair.cuts;
        let colons = cuts.iter().filter(|&&at| prompt.as_bytes()[at] == b':').count();
        let bars = cuts.len() - colons;
        if cuts.is_empty() || colons > 2 || (colons > 0 && bars > 0) {
            return None;
        }
        let when = if bars == 0 { Some(When::read(&prompt[cuts.last()? + 1..pair.close])?) } else { None };
        let mut first = pair.open + 1;
        let mut options = Vec::with_capacity(cuts.len() + 1);
        for end in cuts.iter().copied().chain([pair.close]) {
            options.push(nodes(prompt, (first, end), marks));
            first = end + 1;
        }
        let Some(when) = when else { return Some(Self::InTurn(options)) };
        options.pop();
        let after = options.pop()?;
        Some(Self::Edited { before: options.pop().unwrap_or_default(), after, when })
    }
}

fn write_all(nodes: &[Node], at: (usize, usize), to: &mut String) {
    for node in nodes {
        node.write(at, to);
    }
}

/// Where brackets match, and which `:` and `|` belong to which.
struct Marks {
    /// For each pair: its opening byte, its closing byte, and the marks directly inside it. Sorted by the opening byte.
    pairs: Vec<Pair>,
}

struct Pair {
    open: usize,
    close: usize,
    cuts: Vec<usize>,
}

impl Marks {
    /// Brackets match only where everything between them matches, too.
    fn of(prompt: &str) -> Self {
        let bytes = prompt.as_bytes();
        let mut pairs = Vec::new();
        let mut open: Vec<Pair> = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 1,
                b'[' | b'(' => open.push(Pair { open: at, close: at, cuts: Vec::new() }),
                close @ (b']' | b')') => {
                    let opening = if close == b']' { b'[' } else { b'(' };
                    match open.pop() {
                        Some(pair) if bytes[pair.open] == opening => pairs.push(Pair { close: at, ..pair }),
                        _ => open.clear(),
                    }
                }
                b':' | b'|' => open.last_mut().into_iter().for_each(|pair| pair.cuts.push(at)),
                _ => {}
            }
            at += 1;
        }
        pairs.sort_by_key(|pair| pair.open);
        Self { pairs }
    }

    /// The first pair that opens within these bytes.
    fn first(&self, (first, end): (usize, usize)) -> Option<&Pair> {
        let pair = self.pairs.get(self.pairs.partition_point(|pair| pair.open < first))?;
        (pair.open < end).then_some(pair)
    }
}

/// Brackets in brackets beyond this depth are text.
const DEEPEST: usize = 64;

fn parse(prompt: &str) -> Vec<Node<'_>> {
    let mut marks = Marks::of(prompt);
    let mut ends: Vec<usize> = Vec::new();
    marks.pairs.retain(|pair| {
        while ends.last().is_some_and(|&end| end < pair.open) {
            ends.pop();
        }
        ends.push(pair.close);
        ends.len() <= DEEPEST
    });
    nodes(prompt, (0, prompt.len()), &marks)
}

/// The nodes between two bytes.
fn nodes<'a>(prompt: &'a str, (first, end): (usize, usize), marks: &Marks) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let mut at = first;
    while let Some(pair) = marks.first((at, end)) {
        found.push(Node::Text(&prompt[at..pair.open]));
        let inner = (pair.open + 1, pair.close);
        let is_square = prompt.as_bytes()[pair.open] == b'[';
        if let Some(node) = is_square.then(|| Node::of_brackets(prompt, pair, marks)).flatten() {
            found.push(node);
        } else {
            found.push(Node::Text(&prompt[pair.open..=pair.open]));
            found.extend(nodes(prompt, inner, marks));
            found.push(Node::Text(&prompt[pair.close..=pair.close]));
        }
        at = pair.close + 1;
    }
    found.push(Node::Text(&prompt[at..end]));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changes(prompt: &str, steps: usize) -> Vec<(usize, String)> {
        let found = Texts::of(&[prompt], steps);
        found.over_time[0].iter().map(|&(step, number)| (step, found.texts[number].clone())).collect()
    }

    fn expect(prompt: &str, expected: &[(usize, &str)]) {
        let expected: Vec<_> = expected.iter().map(|&(step, text)| (step, text.to_owned())).collect();
        assert_eq!(changes(prompt, 10), expected, "{prompt}");
    }

    #[test]
    fn the_forms_of_the_documentation() {
        expect("plain (text:1.2) [less]", &[(0, "plain (text:1.2) [less]")]);
        expect("a [oak:pine:4] tree", &[(0, "a oak tree"), (4, "a pine tree")]);
        expect("a [oak:pine:0.4] tree", &[(0, "a oak tree"), (4, "a pine tree")]);
        expect("a [tall :4]tree", &[(0, "a tree"), (4, "a tall tree")]);
        expect("a [tall ::.25]tree", &[(0, "a tall tree"), (2, "a tree")]);
        expect("[[oak:elm:2]:pine:6]", &[(0, "oak"), (2, "elm"), (6, "pine")]);
        expect("[(oak:1.3):[pine]:6]", &[(0, "(oak:1.3)"), (6, "[pine]")]);
        expect("(a [oak:pine:3]:1.4)", &[(0, "(a oak:1.4)"), (3, "(a pine:1.4)")]);
        let in_turn = changes("[red|blue|] sky", 5);
        let texts: Vec<_> = in_turn.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["red sky", "blue sky", " sky", "red sky", "blue sky"]);
    }

    #[test]
    fn a_share_of_the_steps_is_cut_to_whole_ones_without_rounding_errors() {
        for (share, steps, first) in
            [("0.29", 100, 29), ("0.57", 100, 57), ("0.4", 4, 1), ("0.4", 2, 0), ("0.999", 10, 9)]
        {
            let found = changes(&format!("[oak:pine:{share}]"), steps);
            assert_eq!(found.last(), Some(&(first, "pine".to_owned())), "{share} of {steps}");
        }
    }

    #[test]
    fn what_is_no_editing_stays() {
        for text in [
            "[a:b]",
            "[a:b:c:3]",
            "[unclosed:3",
            "(a][b:c",
            r"\[a:b:3]",
            r"\[a:b:3\]",
            "[a|b:3]",
            "a|b",
            "[a (b:c:3]",
            "",
        ] {
            expect(text, &[(0, text)]);
        }
        expect(r"[a\:b:3]", &[(0, ""), (3, r"a\:b")]);
    }

    #[test]
    fn texts_are_listed_once() {
        let found = Texts::of(&["", "[a|b]", "[b:a:2]"], 4);
        assert_eq!(found.texts, ["", "a", "b"]);
        assert_eq!(found.over_time, [vec![(0, 0)], vec![(0, 1), (1, 2), (2, 1), (3, 2)], vec![(0, 2), (2, 1)]]);
        assert_eq!((found.at(1, 2), found.at(2, 1), found.at(0, 9), found.at(3, 0)), (Some(1), Some(2), Some(0), None));
        assert!(found.change() && !Texts::of(&["a", "(b)"], 4).change());
    }

    #[test]
    fn deep_and_broken_brackets_are_read_at_once() {
        for prompt in
            ["[".repeat(50_000), "[a:".repeat(50_000), format!("{}x{}", "[".repeat(50_000), ":3]".repeat(50_000))]
        {
            assert_eq!(Texts::of(&[prompt], 20).over_time.len(), 1);
        }
    }

    proptest! {
        #[test]
        fn every_prompt_has_a_text_at_every_step(prompt in r"[ab3.:|()\[\]\\é]{0,40}", steps in 0_usize..30) {
            let found = changes(&prompt, steps);
            prop_assert_eq!(found[0].0, 0);
            prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1));
            if !prompt.contains([':', '|']) {
                prop_assert_eq!(&found[0].1, &prompt);
            }
        }
    }
}
