//! The content of objects. Each parser reads what the server needs and no more: references, kinds, times.

pub mod commit;
pub mod fsck;
pub mod tag;
pub mod tree;

use core::fmt;

use crate::ObjectId;
use crate::pack::Kind;
use crate::sha1::{CheckedSha1, Collision};

/// Why the content of an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectError {
    /// A header line that must be there is missing or malformed.
    Header {
        /// The kind of the object that is malformed.
        kind: Kind,
        /// The name of the line, `tree` or `committer`, say.
        field: &'static str,
    },
    /// A tree entry at this byte of the tree.
    TreeEntry {
        /// Offset in bytes from the start of the tree.
        offset: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What git refuses on receipt.
    Fsck(fsck::Fault),
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { kind, field } => write!(f, "a {kind} without a '{field}' line that can be read"),
            Self::TreeEntry { offset, what } => write!(f, "{what} in the tree's entry at byte {offset}"),
            Self::Fsck(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for ObjectError {}

/// An object's id in the making: the header first, then the content in any number of pieces.
pub struct ObjectHasher(CheckedSha1);

impl ObjectHasher {
    /// Begins with the header `<kind> <len>\0`; `len` is the content's length in bytes.
    pub fn new(kind: Kind, len: u64) -> Self {
        let mut sha1 = CheckedSha1::default();
        sha1.update(kind.name().as_bytes());
        sha1.update(b" ");
        sha1.update(len.to_string().as_bytes());
        sha1.update(b"\0");
        Self(sha1)
    }

    #[cfg(test)]
    pub(crate) fn without_header() -> Self {
        Self(CheckedSha1::default())
    }

    /// Takes the next bytes of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The id, unless other content may have the same.
    pub fn finish(self) -> Result<ObjectId, Collision> {
        self.0.finish()
    }

    /// The id of an object that is at hand as a whole, unless other content may have the same.
    pub fn hash(kind: Kind, content: &[u8]) -> Result<ObjectId, Collision> {
        let mut hasher = Self::new(kind, content.len() as u64);
        hasher.update(content);
        hasher.finish()
    }
}

/// Takes the line `<name> <value>\n` off the front of `rest`; the value, when the line is there.
fn take_line<'a>(rest: &mut &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let after_name = rest.strip_prefix(name)?.strip_prefix(b" ")?;
    let end = after_name.iter().position(|&byte| byte == b'\n')?;
    let (value, tail) = after_name.split_at_checked(end)?;
    *rest = tail.get(1..)?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_blob_has_the_id_that_git_gives_it() {
        assert_eq!(ObjectHasher::hash(Kind::Blob, b"").unwrap().to_hex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    }
}
