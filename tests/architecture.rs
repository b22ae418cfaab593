//! The layers: which module may use which, as the library's documentation and ARCHITECTURE.md list them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// These do not use each other, whatever their order.
const APART: [&str; 2] = ["app", "cli"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The layers in the order in which the library's documentation lists them, the lowest first.
fn listed() -> Vec<String> {
    let text = text(&root().join("src/lib.rs"));
    let map = text.split_once("//! # Map").and_then(|(_, map)| map.split_once("//! # Notation")).unwrap().0;
    let name = |line: &str| Some(line.strip_prefix("//! - ")?.trim_start_matches('[').split('`').nth(1)?.to_owned());
    map.lines().filter_map(name).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The library's modules that a text names outside its comments and its tests.
fn used(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.flat_map(|line| line.split("crate::").skip(1));
    let word =
        |rest: &str| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned();
    names.map(word).filter(|name| !name.is_empty()).collect()
}

#[test]
fn what_a_file_uses_is_found() {
    let text = "//! [`crate::cli`]\nuse crate::theory::NoiseLevel;\nfn f() { crate::words::count(1, \"x\") }\n\
                #[cfg(test)]\nmod tests {\n    use crate::app::App;\n}\n";
    assert_eq!(used(text), ["theory", "words"]);
    assert_eq!(used("use crate::{app, cli};"), Vec::<String>::new());
}

#[test]
fn layers_use_only_what_is_listed_above_them() {
    let layers = listed();
    let place: BTreeMap<&str, usize> = layers.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let (mut files, mut faults, mut uses) = (Vec::new(), Vec::new(), 0);
    sources(&root().join("src"), &mut files);
    for path in files {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        let own = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "main"].contains(&own) {
            continue;
        }
        let own_place = place.get(own).unwrap_or_else(|| panic!("{own} is not in the map of src/lib.rs"));
        // Tests may look at everything.
        if inside.iter().any(|part| part.to_str().unwrap().trim_end_matches(".rs").ends_with("tests")) {
            continue;
        }
        let text = text(&path);
        assert!(!text.contains("crate::{"), "{}: name each module in a line of its own", path.display());
        for name in used(&text).iter().filter(|name| *name != own) {
            let Some(other) = place.get(name.as_str()) else { continue };
            uses += 1;
            let is_apart = APART.contains(&own) && APART.contains(&name.as_str());
            if other > own_place || is_apart {
                faults.push(format!("{} uses {name}", inside.display()));
            }
        }
    }
    assert!(uses > 500, "only {uses} uses were seen");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_documents_list_the_same_layers_in_the_same_order() {
    let layers = listed();
    let folders = fs::read_dir(root().join("src")).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        Some(name.trim_end_matches(".rs").to_owned()).filter(|name| !["lib", "main"].contains(&name.as_str()))
    });
    let mut folders: Vec<String> = folders.collect();
    folders.sort_unstable();
    // A module may have a folder beside its file.
    folders.dedup();
    let mut sorted = layers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, folders);
    let text = text(&root().join("ARCHITECTURE.md"));
    let headings = text.lines().filter_map(|line| line.strip_prefix("## `src/")?.split('`').next());
    assert_eq!(headings.collect::<Vec<_>>(), layers);
}
