//! `git check-ref-format` on names made of everything that it looks at.

use std::path::Path;

use git_core::refs::{BranchName, RefName};

use crate::git::{Numbers, run};

const PARTS: &[&str] = &[
    "a", "b", "refs", "heads", "HEAD", "/", "/", "/", ".", "..", ".lock", "lock", "@", "{", "@{", "-", "~", "^", ":",
    "?", "*", "[", "]", "\\", " ", "\t", "\x01", "\x7f", "ü", "é",
];

/// A name after `prefix`, mostly of plain parts so that many are well-formed.
fn name(numbers: &mut Numbers, prefix: &str) -> String {
    let mut name = prefix.to_owned();
    for _ in 0..=numbers.below(6) {
        let n_parts = if numbers.below(4) == 0 { PARTS.len() } else { 8 };
        name.push_str(numbers.pick(&PARTS[..n_parts]));
    }
    name
}

#[test]
fn full_names_are_well_formed_when_git_says_so() {
    let mut numbers = Numbers(1);
    let mut n_good = 0;
    for _ in 0..400 {
        let name = name(&mut numbers, "refs/");
        let good = run(Path::new("/"), &["check-ref-format", &name], b"", None).status.success();
        assert_eq!(RefName::parse(name.as_bytes(), 1000).is_ok(), good, "{name:?}");
        n_good += usize::from(good);
    }
    assert!((50..350).contains(&n_good), "{n_good} of 400 names are good: the test says little");
}

#[test]
fn branch_names_are_well_formed_when_git_says_so() {
    let mut numbers = Numbers(2);
    let generated = (0..300).map(|_| name(&mut numbers, ""));
    let special = ["@", "-", "-a", "HEAD", "HEAD/a", "a/HEAD", "@{-1}", "a@", "", "refs/heads/a", "heads"];
    let mut n_good = 0;
    for name in special.into_iter().map(str::to_owned).chain(generated) {
        let good = run(Path::new("/"), &["check-ref-format", "--branch", &name], b"", None).status.success();
        assert_eq!(BranchName::parse(&name, 1000).is_ok(), good, "{name:?}");
        n_good += usize::from(good);
    }
    assert!((50..250).contains(&n_good), "{n_good} of 311 names are good: the test says little");
}
