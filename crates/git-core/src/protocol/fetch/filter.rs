//! Which objects a partial clone does without. Source: git-rev-list(1), `--filter`; gitprotocol-v2(5), "fetch".

use crate::pack::Kind;
use crate::protocol::{Excerpt, RequestError};

/// Filters may be combined, and combinations again: this deep.
const COMBINED_MAX: usize = 8;

/// What is left out. What a client wants by name is sent all the same, and commits and tags but for `kinds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Blobs of this length and above, in bytes; 0 leaves out all.
    pub blob_len_min: Option<u64>,
    /// Trees and blobs so many steps from the root of a tree and more; 0 leaves out roots too.
    pub tree_depth_min: Option<u32>,
    /// Everything but objects of this kind.
    pub kind: Option<Kind>,
    /// Two kinds were asked for that no object is at once.
    pub is_nothing: bool,
}

impl Filter {
    /// Reads the specification that follows `filter `.
    pub(super) fn parse(specification: &[u8]) -> Result<Self, RequestError> {
        let invalid = || RequestError::InvalidFilter(Excerpt::of(specification));
        let text = core::str::from_utf8(specification).map_err(|_| invalid())?;
        if text.starts_with("sparse:") {
            return Err(RequestError::NotOffered(Excerpt::of(specification)));
        }
        parse(text, COMBINED_MAX).ok_or_else(invalid)
    }

    /// Whether an object may be sent, as far as that is known without its place in trees.
    pub fn lets_pass(&self, kind: Kind, object_len: u64) -> bool {
        let is_small = kind != Kind::Blob || self.blob_len_min.is_none_or(|min| object_len < min);
        is_small && self.kind.is_none_or(|wanted| kind == wanted) && !self.is_nothing
    }

    /// What both leave.
    fn meet(self, other: Self) -> Self {
        let least = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
        let differ = self.kind.is_some_and(|kind| other.kind.is_some_and(|other| other != kind));
        Self {
            blob_len_min: least(self.blob_len_min, other.blob_len_min),
            tree_depth_min: self.tree_depth_min.into_iter().chain(other.tree_depth_min).min(),
            kind: self.kind.or(other.kind),
            is_nothing: self.is_nothing || other.is_nothing || differ,
        }
    }
}

fn parse(text: &str, depth_max: usize) -> Option<Filter> {
    let filter = Filter::default();
    if let Some(parts) = text.strip_prefix("combine:") {
        let depth_max = depth_max.checked_sub(1)?;
        return parts.split('+').try_fold(filter, |filter, part| Some(filter.meet(parse(&decoded(part)?, depth_max)?)));
    }
    let (name, value) = text.split_once(['=', ':'])?;
    Some(match (name, value) {
        ("blob", "none") => Filter { blob_len_min: Some(0), ..filter },
        ("blob", limit) => Filter { blob_len_min: Some(length(limit.strip_prefix("limit=")?)?), ..filter },
        ("tree", depth) => Filter { tree_depth_min: Some(depth.parse().ok()?), ..filter },
        ("object", kind) => Filter { kind: Some(Kind::from_name(kind.strip_prefix("type=")?.as_bytes())?), ..filter },
        _ => return None,
    })
}

/// A number of bytes, as git writes them: `10`, `4k`, `2M`, `1g`.
fn length(text: &str) -> Option<u64> {
    let (digits, unit) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (text.get(..at)?, 1 << 10),
        (at, 'm' | 'M') => (text.get(..at)?, 1 << 20),
        (at, 'g' | 'G') => (text.get(..at)?, 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// A part of a combination with its percent-escapes undone.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Filter = Filter { blob_len_min: None, tree_depth_min: None, kind: None, is_nothing: false };

    #[test]
    fn every_filter_is_read() {
        for (text, expected) in [
            ("blob:none", Filter { blob_len_min: Some(0), ..ALL }),
            ("blob:limit=10", Filter { blob_len_min: Some(10), ..ALL }),
            ("blob:limit=4k", Filter { blob_len_min: Some(4096), ..ALL }),
            ("blob:limit=2M", Filter { blob_len_min: Some(2 << 20), ..ALL }),
            ("tree:0", Filter { tree_depth_min: Some(0), ..ALL }),
            ("object:type=tree", Filter { kind: Some(Kind::Tree), ..ALL }),
            ("combine:blob:none+tree:3", Filter { blob_len_min: Some(0), tree_depth_min: Some(3), ..ALL }),
            ("combine:tree:5+tree:%33", Filter { tree_depth_min: Some(3), ..ALL }),
            ("combine:object:type=blob+object:type=tag", Filter { kind: Some(Kind::Blob), is_nothing: true, ..ALL }),
        ] {
            assert_eq!(Filter::parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_in_gits_words() {
        let nested = format!("{}tree:0", "combine:".repeat(20));
        let texts = ["", "blob", "blob:limit=", "blob:limit=x", "blob:limit=99999999999999999999", "tree:-1", "tree:x"];
        for text in texts.into_iter().chain(["object:type=x", "combine:", "combine:tree:%3", "other:1", &nested]) {
            let refused = Filter::parse(text.as_bytes()).unwrap_err();
            assert!(refused.to_string().starts_with("invalid filter-spec '"), "{text}: {refused}");
        }
        assert!(matches!(Filter::parse(b"sparse:oid=main:x"), Err(RequestError::NotOffered(_))));
    }

    #[test]
    fn objects_pass_by_length_and_kind() {
        let filter = Filter { blob_len_min: Some(10), ..ALL };
        assert!(filter.lets_pass(Kind::Blob, 9) && !filter.lets_pass(Kind::Blob, 10));
        assert!(filter.lets_pass(Kind::Tree, 10_000));
        assert!(!Filter { kind: Some(Kind::Tag), ..ALL }.lets_pass(Kind::Commit, 1));
        assert!(!Filter { kind: Some(Kind::Tag), is_nothing: true, ..ALL }.lets_pass(Kind::Tag, 1));
    }
}
