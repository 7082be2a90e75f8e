//! The rules about words: what must not stand where.

/// Words that must not stand in some part of the tree.
pub(crate) struct Rule {
    pub(crate) says: &'static str,
    /// Prefixes of the paths that the rule is about.
    pub(crate) within: &'static [&'static str],
    /// Prefixes of the paths that may.
    pub(crate) except: &'static [&'static str],
    /// `struct …Word` stands for every longer name that ends so; git's own word `Service` is none.
    pub(crate) words: &'static [&'static str],
    /// Code that breaks the rule.
    pub(crate) broken_by: &'static str,
}

/// Rules about code: neither comments nor the tests at the end of a file count.
pub(crate) const CODE_RULES: &[Rule] = &[
    Rule {
        says: "git-core and event-log know no platform, no I/O, no clock, no async and no unsafe",
        within: &["crates/event-log/src/", "crates/git-core/src/"],
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
        says: "arrows point down: objects, store, other servers and bodies know neither use cases nor HTTP",
        within: &[
            "src/repo/",
            "src/namespace/",
            "src/account/",
            "src/events/",
            "src/store/",
            "src/remote/",
            "src/body.rs",
            "src/stream_body.rs",
        ],
        except: &[],
        words: &["crate::http", "crate::ops"],
        broken_by: "let push = crate::ops::receive_pack::Push::default();",
    },
    Rule {
        says: "SQL stands in the Durable Objects that own the tables",
        within: &["src/"],
        except: &["src/repo/", "src/namespace/", "src/account/", "src/events/", "src/maintenance/", "src/durable/"],
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
        // A Durable Object's status tells its client alone that the platform failed; those of other servers are read, and
        // made up in tests.
        except: &["src/error.rs", "src/durable/wire.rs", "src/remote/mod.rs", "src/ops/git_tests/imports"],
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
            "struct …Manager",
            "struct …Service",
            "enum …Service",
            "trait …Service",
        ],
        broken_by: "mod utils;",
    },
    Rule {
        says: "an exception to a lint is expected and has a reason",
        within: &["src/", "crates/"],
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
pub(crate) const TEXT_RULES: &[Rule] = &[
    Rule {
        says: "nothing speaks of the machine that it was written on, or of where packages come from",
        within: &[""],
        except: &["tests/tidy/rules.rs"],
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
        except: &["tests/tidy/rules.rs"],
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

impl Rule {
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.within.iter().any(|prefix| path.starts_with(prefix))
            && !self.except.iter().any(|prefix| path.starts_with(prefix))
    }

    /// The line numbers where `text` breaks the rule, and the word that does.
    pub(crate) fn breaks(&self, text: &str) -> Vec<(usize, &'static str)> {
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
    let (start, ending) = word.split_once('…').map_or((word, None), |(start, ending)| (start, Some(ending)));
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

#[test]
fn words_are_whole_names() {
    assert!(holds_word("mod utils;", "utils"));
    assert!(!holds_word("let futils = 1;", "utils"));
    assert!(!holds_word("let count_4040 = 1;", "404"));
    assert!(holds_word("struct RepoManager;", "struct …Manager"));
    assert!(!holds_word("enum Service { UploadPack }", "enum …Service"));
    assert!(holds_word("env.var(NAME)", ".var("));
}
