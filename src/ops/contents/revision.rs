//! Names of objects as callers write them. Source: gitrevisions(7), of which there are a ref's names and whole ids.

use std::fmt;

use git_core::ObjectId;
use git_core::refs::HEAD;

use crate::config::{PATH_LEN_MAX, REF_NAME_LEN_MAX};
use crate::repo::call::Snapshot;

/// What stands before a short name, in the order in which git looks.
const PREFIXES: [&str; 5] = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

/// A text that is empty, or longer than what it stands for can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongLength {
    len_max: usize,
}

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be of 1 to {} bytes", self.len_max)
    }
}

/// Where a file stands in a tree, its folders before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilePath<'a>(&'a str);

impl<'a> FilePath<'a> {
    /// What a caller wrote, unless it is empty or longer than a path can be.
    pub(crate) fn parse(text: &'a str) -> Result<Self, WrongLength> {
        within(text, PATH_LEN_MAX).map(Self)
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }
}

fn within(text: &str, len_max: usize) -> Result<&str, WrongLength> {
    if (1..=len_max).contains(&text.len()) { Ok(text) } else { Err(WrongLength { len_max }) }
}

/// A branch, a tag, an object's id, or `HEAD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision(String);

impl Revision {
    /// What a caller wrote, unless it is empty or longer than any name.
    pub(crate) fn parse(text: &str) -> Result<Self, WrongLength> {
        Ok(Self(within(text, REF_NAME_LEN_MAX)?.to_owned()))
    }

    /// The default branch.
    pub(crate) fn head() -> Self {
        Self(HEAD.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Names of refs that it may stand for.
    pub(super) fn ref_names(&self) -> Vec<String> {
        if self.id().is_some() {
            return Vec::new();
        }
        if self.0 == HEAD {
            return vec![self.0.clone()];
        }
        // Nothing but `HEAD` is a ref that is not below `refs/`.
        let is_whole = self.0.starts_with("refs/");
        PREFIXES.iter().skip(usize::from(!is_whole)).map(|prefix| format!("{prefix}{}", self.0)).collect()
    }

    /// The object that it names, if a snapshot with those refs tells.
    pub(super) fn find(&self, snapshot: &Snapshot) -> Option<ObjectId> {
        if let Some(id) = self.id() {
            return Some(id);
        }
        let of_ref = |name: &str| {
            let row = snapshot.refs.iter().find(|row| row.name == name)?;
            ObjectId::from_hex(row.id.as_bytes()).ok()
        };
        if self.0 == HEAD {
            return of_ref(&default_branch(snapshot));
        }
        self.ref_names().iter().find_map(|name| of_ref(name))
    }

    /// Whether it names the default branch, which need not be there.
    pub(super) fn is_default(&self, snapshot: &Snapshot) -> bool {
        let default = default_branch(snapshot);
        self.0 == HEAD || self.ref_names().contains(&default)
    }

    fn id(&self) -> Option<ObjectId> {
        ObjectId::from_hex(self.0.as_bytes()).ok()
    }
}

fn default_branch(snapshot: &Snapshot) -> String {
    format!("refs/heads/{}", snapshot.default_branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_stands_for_what_git_takes_it_for() {
        let names = |text: &str| Revision::parse(text).unwrap().ref_names();
        assert_eq!(names("HEAD"), ["HEAD"]);
        assert_eq!(names("v1"), ["refs/v1", "refs/tags/v1", "refs/heads/v1", "refs/remotes/v1"]);
        assert_eq!(names("refs/heads/a")[..2], ["refs/heads/a", "refs/refs/heads/a"]);
        assert_eq!(names("4b825dc642cb6eb9a060e54bf8d69288fbee4904"), [""; 0]);
    }

    #[test]
    fn what_is_empty_or_longer_than_any_name_is_none() {
        for text in [String::new(), "a".repeat(1025)] {
            assert_eq!(Revision::parse(&text), Err(WrongLength { len_max: 1024 }));
        }
        for text in [String::new(), "a".repeat(4097)] {
            assert_eq!(FilePath::parse(&text), Err(WrongLength { len_max: 4096 }));
        }
        assert_eq!(WrongLength { len_max: 1024 }.to_string(), "must be of 1 to 1024 bytes");
    }
}
