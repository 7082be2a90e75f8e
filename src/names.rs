//! Names of namespaces and repos, parsed once. What holds one of these types needs no further check.

use std::fmt;

use crate::config::{NAMESPACE_NAME_LEN_MAX, REPO_NAME_LEN_MAX};

/// A namespace's name, in the spelling its caller used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamespaceName(String);

/// A repo's name, in the spelling its caller used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepoName(String);

impl NamespaceName {
    /// The name, if it is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        well_formed(name, NAMESPACE_NAME_LEN_MAX).then(|| Self(name.to_owned()))
    }

    /// The form in which names are compared: unique without regard to case.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl RepoName {
    /// The name, if it is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        well_formed(name, REPO_NAME_LEN_MAX).then(|| Self(name.to_owned()))
    }

    /// The name in the path of a Git remote, where the suffix `.git` is optional.
    pub(crate) fn parse_in_remote(name: &str) -> Option<Self> {
        Self::parse(name.strip_suffix(".git").unwrap_or(name))
    }

    /// The form in which names are compared: unique without regard to case.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `^[A-Za-z0-9][A-Za-z0-9._-]*$`, bounded, without `..` and without the suffixes that mean something else to Git.
fn well_formed(name: &str, len_max: usize) -> bool {
    let reserved = |suffix: &str| name.len() >= suffix.len() && name.to_ascii_lowercase().ends_with(suffix);
    name.len() <= len_max
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !name.contains("..")
        && !reserved(".git")
        && !reserved(".lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_dots_dashes_and_underscores_make_a_name() {
        for name in ["a", "0", "starter-repo", "A.b_c-d", "a."] {
            assert_eq!(RepoName::parse(name).map(|name| name.0), Some(name.to_owned()));
        }
    }

    #[test]
    fn what_git_or_a_path_would_read_otherwise_is_no_name() {
        for name in ["", ".a", "-a", "_a", "a..b", "..", "a/b", "a b", "ä", "a.git", "a.GIT", "a.lock", "a\n", "a%2fb"]
        {
            assert_eq!(RepoName::parse(name), None, "{name:?}");
            assert_eq!(NamespaceName::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(RepoName::parse(&"a".repeat(255)).is_some());
        assert!(RepoName::parse(&"a".repeat(256)).is_none());
        assert!(NamespaceName::parse(&"a".repeat(63)).is_some());
        assert!(NamespaceName::parse(&"a".repeat(64)).is_none());
    }

    #[test]
    fn a_remote_may_leave_out_the_suffix() {
        let name = RepoName::parse("a").unwrap();
        assert_eq!(RepoName::parse_in_remote("a.git"), Some(name.clone()));
        assert_eq!(RepoName::parse_in_remote("a"), Some(name));
        assert_eq!(RepoName::parse_in_remote("a.git.git"), None);
        assert_eq!(RepoName::parse_in_remote(".git"), None);
    }

    #[test]
    fn the_key_has_no_case() {
        assert_eq!(RepoName::parse("Ab.C").unwrap().key(), "ab.c");
    }
}
