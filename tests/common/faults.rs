//! The table of docs/faults.md, which holds the sentences that tests expect.

pub struct Row {
    pub sentence: String,
    pub test: String,
}

pub fn rows() -> Vec<Row> {
    let text = include_str!("../../docs/faults.md");
    let rows: Vec<Row> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
            let [case, sentence, test] = cells[..] else { panic!("not three cells: {line}") };
            (case != "case").then(|| Row { sentence: sentence.into(), test: test.into() })
        })
        .collect();
    assert!(rows.len() > 40, "only {} rows were read", rows.len());
    rows
}

/// The sentence documented for a test, with its capital words replaced.
pub fn documented(test: &str, words: &[(&str, String)]) -> String {
    let rows = rows();
    let row = rows.iter().find(|row| row.test == test).unwrap_or_else(|| panic!("{test} is not in docs/faults.md"));
    words.iter().fold(row.sentence.clone(), |sentence, (word, path)| sentence.replace(word, path))
}

/// Checks that the sentence is the documented one for this test.
#[track_caller]
pub fn assert_documented(text: &str, test: &str, words: &[(&str, String)]) {
    let expected = documented(test, words);
    assert!(matches(text, &expected), "expected\n  {expected}\nfound\n  {text}");
}

/// Whether a line matches the sentence, in which `…` stands for any text.
pub fn matches(line: &str, sentence: &str) -> bool {
    let mut parts = sentence.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}
