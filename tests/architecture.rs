//! The layers: which module may use which, as the library's documentation and ARCHITECTURE.md list them.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// These do not use each other.
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
        // Tests may use everything.
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

/// A module by its path: `["app", "pane", "lab"]`.
type Module = Vec<String>;

/// The window's parts, each of which uses only those before it. The other files in `src/app` are used by all, or connect
/// them.
const WINDOW: [&str; 6] = ["draw", "view_context", "track", "pane", "frame", "logic"];

fn module(text: &str) -> Module {
    text.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The paths in a `use`, each in full.
fn expanded(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some((before, inside)) = tree.split_once('{') else {
        return vec![module(tree.split(" as ").next().unwrap_or(tree))];
    };
    let inside = inside.rsplit_once('}').map_or(inside, |(inside, _)| inside);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in inside.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(letter);
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expanded(part)).map(|part| [module(before), part].concat()).collect()
}

/// Every path in a file's `use` lines outside its tests, and those of `crate::app` in its code.
fn named(text: &str) -> Vec<Module> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let starts = |piece: &&str| piece.trim_start().starts_with("use ") || piece.contains("\nuse ");
    let lines = code.split(';').filter(starts).filter_map(|piece| piece.rsplit_once("use ").map(|(_, tree)| tree));
    let in_code = code.split("crate::app::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
        module(&format!("crate::app::{}", &rest[..end]))
    });
    lines.flat_map(expanded).chain(in_code).collect()
}

/// The files of the window as modules, and the modules that each uses.
fn window() -> BTreeMap<Module, BTreeSet<Module>> {
    let (source, mut paths) = (root().join("src"), Vec::new());
    sources(&source.join("app"), &mut paths);
    let files: BTreeMap<Module, PathBuf> = paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&source).unwrap().with_extension("");
            let mut parts: Module = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            parts.pop_if(|last| last == "mod");
            (parts, path)
        })
        .collect();
    let whose = |me: &Module, named: Module| {
        let full = match named.first().map(String::as_str)? {
            "crate" => named[1..].to_vec(),
            "super" => [&me[..me.len() - 1], &named[1..]].concat(),
            "self" => [&me[..], &named[1..]].concat(),
            _ => [&me[..], &named[..]].concat(),
        };
        let found = (2..=full.len()).rev().map(|end| full[..end].to_vec()).find(|module| files.contains_key(module))?;
        (found != *me && full.first().is_some_and(|first| first == "app")).then_some(found)
    };
    let uses = |me: &Module, path: &Path| named(&text(path)).into_iter().filter_map(|named| whose(me, named)).collect();
    files.iter().map(|(me, path)| (me.clone(), uses(me, path))).collect()
}

/// Everything that a module uses, directly or indirectly.
fn reached<'a>(uses: &'a BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<&'a Module> {
    let (mut found, mut open): (BTreeSet<&Module>, Vec<&Module>) = (BTreeSet::new(), uses[from].iter().collect());
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&uses[next]);
        }
    }
    found
}

#[test]
fn uses_are_read_in_full() {
    let text = "use crate::app::draw::{theme::{self, Palette}, plot as p};\nuse state::{Bars,\n    Shown};\n\
                fn f() { crate::app::words::x() }\n#[cfg(test)]\nmod tests { use crate::app::App; }";
    let found: Vec<String> = named(text).iter().map(|path| path.join("::")).collect();
    let wanted = [
        "crate::app::draw::theme::self",
        "crate::app::draw::theme::Palette",
        "crate::app::draw::plot",
        "state::Bars",
        "state::Shown",
        "crate::app::draw",
        "crate::app::words::x",
    ];
    let found: Vec<&str> = found.iter().map(|path| path.trim_end_matches("::")).collect();
    assert_eq!(found, wanted);
}

#[test]
fn no_circle_of_the_windows_files_is_larger_than_a_module_with_its_own_folder() {
    let uses = window();
    assert!(uses.len() > 100 && uses.values().map(BTreeSet::len).sum::<usize>() > 500, "{} files", uses.len());
    let mut faults = Vec::new();
    for me in uses.keys() {
        for other in reached(&uses, me).into_iter().filter(|other| *other > me && reached(&uses, other).contains(me)) {
            let shared = me.iter().zip(other.iter()).take_while(|(a, b)| a == b).count();
            // `app::pane::lab` is a module, `app::pane` only contains modules.
            let own_folder = shared >= 3 || (shared == 2 && !WINDOW.contains(&me[1].as_str()));
            if !own_folder {
                faults.push(format!("{} and {}", me.join("::"), other.join("::")));
            }
        }
    }
    assert!(faults.is_empty(), "these use each other:\n{}", faults.join("\n"));
}

#[test]
fn the_windows_parts_use_only_those_before_them() {
    let part = |module: &Module| WINDOW.iter().position(|part| module.get(1).is_some_and(|name| name == part));
    let mut faults = Vec::new();
    for (me, used) in window() {
        let Some(own) = part(&me) else { continue };
        for other in used.iter().filter(|other| part(other).is_some_and(|place| place > own)) {
            faults.push(format!("{} uses {}", me.join("::"), other.join("::")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
