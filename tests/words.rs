//! Rules for text in the library below the command line.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Names of other programs' options.
const CALLERS: [&str; 2] = ["src/model/onnx_runtime/python.rs", "src/model/onnx_runtime/setup/pip.rs"];

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// The strings of a source, with the line each begins in. Comments and characters are skipped.
fn strings(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    let mut pass = |rest: &mut &str, bytes: usize| {
        line += rest[..bytes].matches('\n').count();
        *rest = &rest[bytes..];
        line
    };
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let mut begins = pass(&mut rest, at);
        if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            pass(&mut rest, end);
        } else if rest.starts_with("'\"'") {
            pass(&mut rest, 3);
        } else if rest.starts_with("'\\\"'") {
            pass(&mut rest, 4);
        } else if rest.starts_with('"') {
            begins = pass(&mut rest, 1).min(begins);
            let mut end = 0;
            while let Some(next) = rest[end..].find(['"', '\\']) {
                end += next;
                if rest[end..].starts_with('"') {
                    break;
                }
                end += 2;
            }
            found.push((begins, rest[..end].to_owned()));
            pass(&mut rest, end + 1);
        } else {
            pass(&mut rest, 1);
        }
    }
    found
}

/// Whether a text names a command-line option.
fn names_an_option(text: &str) -> bool {
    text.match_indices("--").any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 2..]);
        after.starts_with(|c: char| c.is_ascii_lowercase())
            && !before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
    })
}

#[test]
fn strings_are_found_and_options_in_them() {
    let source = "a // \"--not\"\nlet c = '\"'; f(\"say \\\"x\\\" --size\",\n\"a--b\");";
    let found = strings(source);
    assert_eq!(found, [(2, "say \\\"x\\\" --size".to_owned()), (3, "a--b".to_owned())]);
    assert!(names_an_option(&found[0].1) && !names_an_option(&found[1].1));
}

/// The window shares the texts there; see `words::voice`.
#[test]
fn nothing_below_the_command_line_names_an_option() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut read = 0;
    let mut named = Vec::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
        if name.starts_with("src/cli/") || name.ends_with("/tests.rs") || CALLERS.contains(&name.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (line, text) in strings(source) {
            read += 1;
            if names_an_option(&text) {
                named.push(format!("{name}:{line}: {text}"));
            }
        }
    }
    assert!(read > 3000, "only {read} strings were read");
    assert!(named.is_empty(), "name a setting by its type instead:\n{}", named.join("\n"));
}
