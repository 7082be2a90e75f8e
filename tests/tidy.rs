//! The rules of the source tree that the compiler does not know: which part may name what, and how files look.
//!
//! A rule is a set of words and the places where they must not stand. Each carries a snippet that breaks it, and a test
//! says that the rule notices.

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use std::fs;
use std::io;
use std::path::Path;

use rules::{CODE_RULES, Rule, TEXT_RULES};
use source::{all_sources, code_of};

/// Lines of a source file: near 150 is normal, think at 300, split here.
const LINES_MAX: usize = 400;

fn complaints(rules: &[Rule], path: &str, text: &str) -> Vec<String> {
    let covering = rules.iter().filter(|rule| rule.covers(path));
    covering
        .flat_map(|rule| {
            let says = rule.says;
            rule.breaks(text).into_iter().map(move |(line, word)| format!("{path}:{line}: `{word}`: {says}"))
        })
        .collect()
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rs")
}

#[test]
fn code_keeps_to_its_part_of_the_tree() -> io::Result<()> {
    let mut found = Vec::new();
    for (path, text) in all_sources()?.iter().filter(|(path, _)| is_rust(path)) {
        found.extend(complaints(CODE_RULES, path, &code_of(text)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn text_holds_no_leftovers() -> io::Result<()> {
    let mut found = Vec::new();
    for (path, text) in all_sources()? {
        found.extend(complaints(TEXT_RULES, &path, &text));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn files_can_be_read_in_one_sitting() -> io::Result<()> {
    let code = [".rs", ".js", ".mjs", ".ts", ".sh", ".py", ".go", ".java"];
    let mut found = Vec::new();
    for (path, text) in all_sources()? {
        let n_lines = text.lines().count();
        if code.iter().any(|ending| path.ends_with(ending)) && n_lines > LINES_MAX {
            found.push(format!("{path}: {n_lines} lines, at most {LINES_MAX}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn every_module_begins_with_its_border() -> io::Result<()> {
    let in_module = |path: &str| path.contains("src/") || path.contains("tests/");
    let found: Vec<String> = all_sources()?
        .into_iter()
        .filter(|(path, text)| is_rust(path) && in_module(path) && !text.starts_with("//!"))
        .map(|(path, _)| format!("{path}: no `//!` on its first line"))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn git_core_and_event_log_depend_on_no_platform() -> io::Result<()> {
    for package in ["event-log", "git-core"] {
        let manifest = format!("crates/{package}/Cargo.toml");
        let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest))?;
        for name in ["worker", "js-sys", "web-sys", "wasm-bindgen", "tokio", "futures", "getrandom"] {
            assert!(!manifest.lines().any(|line| line.starts_with(name)), "{package} depends on {name}");
        }
    }
    Ok(())
}

#[test]
fn each_rule_notices_what_breaks_it() {
    for rule in CODE_RULES {
        assert!(!rule.breaks(&code_of(rule.broken_by)).is_empty(), "{}", rule.says);
    }
    for rule in TEXT_RULES {
        assert!(!rule.breaks(rule.broken_by).is_empty(), "{}", rule.says);
    }
}

#[test]
fn each_rule_covers_a_file_or_a_folder_that_can_exist() {
    for rule in CODE_RULES.iter().chain(TEXT_RULES) {
        for prefix in rule.within {
            let inside = if prefix.ends_with('/') { format!("{prefix}mod.rs") } else { (*prefix).to_owned() };
            assert!(rule.covers(&inside), "{} does not cover {inside}", rule.says);
        }
    }
}
