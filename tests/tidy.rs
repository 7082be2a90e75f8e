//! The rules of the source tree that the compiler does not know: which part may name what, and how files look.
//!
//! A rule is a set of words and the places where they must not stand. Each carries a snippet that breaks it, and a test
//! says that the rule notices.

use std::fs;
use std::io;
use std::path::Path;

/// Words that must not stand in some part of the tree.
struct Rule {
    says: &'static str,
    /// Prefixes of the paths that the rule is about.
    within: &'static [&'static str],
    /// Prefixes of the paths that may.
    except: &'static [&'static str],
    /// `struct *Word` stands for every longer name that ends so; git's own word `Service` is none.
    words: &'static [&'static str],
    /// Code that breaks the rule.
    broken_by: &'static str,
}

/// Rules about code: neither comments nor the tests at the end of a file count.
const CODE_RULES: &[Rule] = &[
    Rule {
        says: "git-core knows no platform, no I/O, no clock, no async and no unsafe",
        within: &["crates/git-core/src/"],
        except: &[],
        words: &[
            "worker",
            "js_sys",
            "wasm_bindgen",
            "web_sys",
            "async",
            "await",
            "unsafe",
            "std::io",
            "std::fs",
            "std::net",
            "std::thread",
            "std::time",
        ],
        broken_by: "use std::{fmt, io::Read};",
    },
    Rule {
        says: "arrows point down: use cases do not know HTTP",
        within: &["src/ops/"],
        except: &[],
        words: &["crate::http"],
        broken_by: "use crate::{error::Error, http::body::Body};",
    },
    Rule {
        says: "arrows point down: objects and store know neither use cases nor HTTP",
        within: &["src/repo/", "src/namespace/", "src/account/", "src/store/"],
        except: &[],
        words: &["crate::http", "crate::ops"],
        broken_by: "let push = crate::ops::receive_pack::Push::default();",
    },
    Rule {
        says: "SQL stands in the Durable Objects that own the tables",
        within: &["src/"],
        except: &["src/repo/", "src/namespace/", "src/account/", "src/durable/"],
        words: &["SELECT", "INSERT", "UPDATE", "DELETE FROM", "CREATE TABLE", "DROP TABLE", "ALTER TABLE", "PRAGMA"],
        broken_by: r#"sql.exec("SELECT name FROM refs", None)?;"#,
    },
    Rule {
        says: "R2 is named in the store alone",
        within: &["src/"],
        except: &["src/store/"],
        words: &["Bucket", ".bucket("],
        broken_by: "fn put(bucket: &worker::Bucket) {}",
    },
    Rule {
        says: "the formats of keys stand in store/keys.rs",
        within: &["src/"],
        except: &["src/store/keys.rs"],
        words: &["\"v1/"],
        broken_by: r#"let key = format!("v1/{repo_id}/index");"#,
    },
    Rule {
        says: "variables and secrets are read in config.rs",
        within: &["src/"],
        except: &["src/config.rs"],
        words: &[".var(", ".secret("],
        broken_by: r#"let account_id = env.var("ACCOUNT_ID")?;"#,
    },
    Rule {
        says: "error.rs alone picks the status of a refusal",
        within: &["src/"],
        // A Durable Object's status tells its client alone that the platform failed.
        except: &["src/error.rs", "src/durable/wire.rs"],
        words: &[
            "400", "401", "403", "404", "405", "409", "410", "411", "412", "413", "415", "416", "422", "429", "500",
            "501", "502", "503", "504", "507",
        ],
        broken_by: r#"Response::error("no such repo", 404)"#,
    },
    Rule {
        says: "nothing is called a heap of things",
        within: &["src/", "crates/"],
        except: &[],
        words: &[
            "mod utils",
            "mod util",
            "mod common",
            "mod helpers",
            "mod helper",
            "struct Manager",
            "struct *Manager",
            "struct *Service",
            "enum *Service",
            "trait *Service",
        ],
        broken_by: "mod utils;",
    },
    Rule {
        says: "an exception to a lint is expected and has a reason",
        within: &["src/", "crates/git-core/src/"],
        except: &[],
        words: &["#[allow(", "#![allow("],
        broken_by: "#[allow(dead_code)]",
    },
    Rule {
        says: "nothing is left unfinished",
        within: &["src/", "crates/"],
        except: &[],
        words: &["todo!", "unimplemented!", "dbg!"],
        broken_by: "fn fork() { todo!() }",
    },
];

/// Rules about every line of text, comments and tests included.
const TEXT_RULES: &[Rule] = &[
    Rule {
        says: "nothing speaks of the machine that it was written on, or of where packages come from",
        within: &[""],
        except: &["tests/tidy.rs"],
        words: &[
            "/home/",
            "/root/",
            "/Users/",
            "/work/",
            "registry.npmjs.org",
            "index.crates.io",
            "static.crates.io",
            "pypi.org",
            "proxy.golang.org",
        ],
        broken_by: "// The tools are in /home/somebody/.cargo/bin.",
    },
    Rule {
        says: "nothing is put off in a comment",
        within: &[""],
        except: &["tests/tidy.rs"],
        words: &["TODO", "FIXME", "XXX", "HACK"],
        broken_by: "// TODO: check the trailer",
    },
    Rule {
        says: "the entry exports no class of worker-build's as it is",
        within: &["src/entry.js"],
        except: &[],
        words: &["export *", "export { default", "export default Engine", "export default engine"],
        broken_by: r#"export { default } from "../build/index.js";"#,
    },
];

/// Lines of a source file: near 150 is normal, think at 300, split here.
const LINES_MAX: usize = 400;

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

const SOURCE_ENDINGS: &[&str] = &[".rs", ".js", ".mjs", ".ts", ".sh", ".toml", ".md", ".example", ".ci/run"];

impl Rule {
    fn covers(&self, path: &str) -> bool {
        self.within.iter().any(|prefix| path.starts_with(prefix))
            && !self.except.iter().any(|prefix| path.starts_with(prefix))
    }

    /// The line numbers where `text` breaks the rule, and the word that does.
    fn breaks(&self, text: &str) -> Vec<(usize, &'static str)> {
        let mut found = Vec::new();
        for (at, line) in text.lines().enumerate() {
            found.extend(self.words.iter().filter(|word| holds_word(line, word)).map(|word| (at + 1, *word)));
        }
        found
    }
}

/// Whether the word stands in the line, not as a part of a longer name.
fn holds_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let (start, ending) = word.split_once('*').map_or((word, None), |(start, ending)| (start, Some(ending)));
    line.match_indices(start).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back()).is_some_and(is_name);
        let rest = line.get(at + start.len()..).unwrap_or_default();
        let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
        let begins = !start.starts_with(is_name) || !before;
        let ends = match ending {
            Some(ending) => name.len() > ending.len() && name.ends_with(ending),
            None => !start.ends_with(is_name) || name.is_empty(),
        };
        begins && ends
    })
}

/// The code of a Rust file, line for line: no comments, no tests at the end, and every `use` spelt out.
fn code_of(text: &str) -> String {
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

/// Every source file below `folder`: its path from the root, and its text.
fn sources(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        if NOT_SOURCE.contains(&name.as_str()) {
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

fn all_sources() -> io::Result<Vec<(String, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(root, root, &mut found)?;
    Ok(found)
}

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
    let code = [".rs", ".js", ".mjs", ".ts", ".sh"];
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
fn git_core_depends_on_no_platform() -> io::Result<()> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/git-core/Cargo.toml"))?;
    for name in ["worker", "js-sys", "web-sys", "wasm-bindgen", "tokio", "futures", "getrandom"] {
        assert!(!manifest.lines().any(|line| line.starts_with(name)), "git-core depends on {name}");
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

#[test]
fn words_are_whole_names() {
    assert!(holds_word("mod utils;", "utils"));
    assert!(!holds_word("let futils = 1;", "utils"));
    assert!(!holds_word("let count_4040 = 1;", "404"));
    assert!(holds_word("struct RepoManager;", "struct *Manager"));
    assert!(!holds_word("enum Service { UploadPack }", "enum *Service"));
    assert!(holds_word("env.var(NAME)", ".var("));
}

#[test]
fn comments_and_tests_are_no_code() {
    assert_eq!(code_of("let a = 1; // 404\n#[cfg(test)]\nmod tests { use std::io; }"), "let a = 1; \n");
    assert_eq!(code_of("use a::{b, c::{d, e}, f};"), "use a::b use a::c::d use a::c::e use a::f \n");
}
