//! The source files, and what of a Rust file is code.

use std::fs;
use std::io;
use std::path::Path;

/// Folders that are made, brought or kept, not written.
const NOT_SOURCE: &[&str] = &[
    "target",
    "build",
    "node_modules",
    ".git",
    ".tools",
    ".state",
    ".wrangler",
    "bench/data",
    "fixtures",
    "fuzz/target",
];

const SOURCE_ENDINGS: &[&str] =
    &[".rs", ".js", ".mjs", ".ts", ".sh", ".py", ".go", ".java", ".toml", ".md", ".txt", ".example", ".ci/run"];

/// Every source file below `folder`: its path from the root, and its text.
fn sources(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        // A server that is killed leaves its folder beside the configuration that it was started with.
        if NOT_SOURCE.contains(&name.as_str()) || name.ends_with("/.wrangler") {
            continue;
        }
        if path.is_dir() {
            sources(root, &path, found)?;
        } else if SOURCE_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            found.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

pub(crate) fn all_sources() -> io::Result<Vec<(String, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(root, root, &mut found)?;
    Ok(found)
}

/// The code of a Rust file, line for line: no comments, no tests at the end, and every `use` spelt out.
pub(crate) fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut open_use = String::new();
    for line in text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
        let line = line.find("//").filter(|at| !line[..*at].ends_with(':')).map_or(line, |at| &line[..at]);
        if open_use.is_empty() && !line.trim_start().trim_start_matches("pub ").starts_with("use ") {
            code.push_str(line);
        } else {
            open_use.push_str(line.trim());
            if line.contains(';') {
                code.push_str(&spelt_out(&open_use));
                open_use.clear();
            }
        }
        code.push('\n');
    }
    code
}

/// `use a::{b, c::{d, e}};` as `a::b a::c::d a::c::e`.
fn spelt_out(tree: &str) -> String {
    let mut paths = Vec::new();
    let mut prefixes = vec![String::new()];
    let mut path = String::new();
    for c in tree.chars().filter(|c| *c != ';') {
        match c {
            '{' => prefixes.push(std::mem::take(&mut path)),
            ',' | '}' => {
                if !path.trim().is_empty() {
                    paths.push(format!("{}{}", prefixes.concat(), path.trim()));
                }
                path.clear();
                if c == '}' {
                    prefixes.pop();
                }
            }
            ' ' if path.is_empty() => {}
            c => path.push(c),
        }
    }
    paths.push(path);
    paths.join(" ")
}

#[test]
fn comments_and_tests_are_no_code() {
    assert_eq!(code_of("let a = 1; // 404\n#[cfg(test)]\nmod tests { use std::io; }"), "let a = 1; \n");
    assert_eq!(code_of("use a::{b, c::{d, e}, f};"), "use a::b use a::c::d use a::c::e use a::f \n");
}
