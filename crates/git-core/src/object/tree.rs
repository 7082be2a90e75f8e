//! Trees. Source: gitformat-tree as `decode_tree_entry` reads it: `<mode in octal> <name>\0<20 bytes of id>`.

use core::cmp::Ordering;

use super::ObjectError;
use crate::ObjectId;
use crate::pack::Kind;

/// One entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// File mode, `0o100644`, say: of what is written the lowest 16 bits, as git has it.
    pub mode: u16,
    /// Whether the mode is written with a zero in front.
    pub is_zero_padded: bool,
    /// Name, not empty; any bytes but NUL.
    pub name: &'a [u8],
    /// The object named, or for a submodule a commit of another repository.
    pub id: ObjectId,
}

impl TreeEntry<'_> {
    /// The kind of object that the mode stands for; `None` for a submodule, whose commit is not kept here. That is what git
    /// takes any mode for that stands for nothing else.
    pub fn kind(&self) -> Option<Kind> {
        match self.mode & FORMAT {
            0o040_000 => Some(Kind::Tree),
            0o100_000 | SYMLINK => Some(Kind::Blob),
            _ => None,
        }
    }

    /// Whether it is a folder's.
    pub fn is_tree(&self) -> bool {
        self.kind() == Some(Kind::Tree)
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.mode & FORMAT == SYMLINK
    }
}

/// The bits of a mode that tell what it stands for.
const FORMAT: u16 = 0o170_000;
const SYMLINK: u16 = 0o120_000;

/// How git sorts names, each with whether it is a tree's: a tree's sorts as if it ended in a slash, which no name contains.
pub(crate) fn compare_names((a, a_is_tree): (&[u8], bool), (b, b_is_tree): (&[u8], bool)) -> Ordering {
    let n = a.len().min(b.len());
    let next = |name: &[u8], is_tree| name.get(n).copied().or(if is_tree { Some(b'/') } else { None });
    a.get(..n).cmp(&b.get(..n)).then_with(|| next(a, a_is_tree).cmp(&next(b, b_is_tree)))
}

/// The entries of a tree in the order in which they stand.
#[derive(Debug, Clone)]
pub struct TreeEntries<'a> {
    content: &'a [u8],
    rest: &'a [u8],
    /// The entry that was read last, as it stands.
    last: &'a [u8],
}

impl<'a> TreeEntries<'a> {
    /// Reads a tree's content.
    pub fn new(content: &'a [u8]) -> Self {
        Self { content, rest: content, last: &[] }
    }

    /// Whether every entry has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Moves past the next entry if it is the one that `other` has read last.
    pub(crate) fn skip_equal(&mut self, other: &TreeEntries<'_>) -> bool {
        let tail = self.rest.strip_prefix(other.last);
        self.rest = tail.unwrap_or(self.rest);
        tail.is_some()
    }

    fn decode(&mut self) -> Result<TreeEntry<'a>, &'static str> {
        let mut mode = 0u16;
        let mut rest = self.rest;
        let is_zero_padded = rest.starts_with(b"0");
        if rest.starts_with(b" ") {
            return Err("no mode");
        }
        loop {
            let (&byte, tail) = rest.split_first().ok_or("end of tree")?;
            rest = tail;
            match byte {
                b'0'..=b'7' => mode = (mode << 3) | u16::from(byte - b'0'),
                b' ' => break,
                _ => return Err("bad mode"),
            }
        }
        let name_len = rest.iter().position(|&byte| byte == 0).ok_or("end of tree")?;
        let (name, tail) = rest.split_at_checked(name_len).ok_or("end of tree")?;
        if name.is_empty() {
            return Err("empty name");
        }
        let tail = tail.get(1..).ok_or("end of tree")?;
        let id = ObjectId::from_prefix(tail).ok_or("end of tree")?;
        let tail = tail.get(ObjectId::LEN..).ok_or("end of tree")?;
        self.last = self.rest.get(..self.rest.len() - tail.len()).unwrap_or_default();
        self.rest = tail;
        Ok(TreeEntry { mode, is_zero_padded, name, id })
    }
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Result<TreeEntry<'a>, ObjectError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.content.len() - self.rest.len();
        Some(self.decode().map_err(|what| {
            self.rest = &[];
            ObjectError::TreeEntry { offset, what }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(mode: &str, name: &str) -> Vec<u8> {
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[9; 20]].concat()
    }

    #[test]
    fn names_sort_as_git_sorts_them() {
        let sorted: [(&[u8], bool); 7] =
            [(b"a", false), (b"a.b", false), (b"a", true), (b"a0", false), (b"aa", true), (b"b", false), (b"b", true)];
        for (at, a) in sorted.into_iter().enumerate() {
            for (b_at, b) in sorted.into_iter().enumerate() {
                assert_eq!(compare_names(a, b), at.cmp(&b_at));
            }
        }
    }

    #[test]
    fn entries_come_in_order_with_their_kinds() {
        let modes = ["100644", "40000", "160000", "120000", "1100755", "040000", "10644", "0"];
        let tree = modes.map(|mode| entry(mode, "a")).concat();
        let entries: Vec<_> = TreeEntries::new(&tree).map(Result::unwrap).collect();
        let (blob, tree) = (Some(Kind::Blob), Some(Kind::Tree));
        let kinds: Vec<_> = entries.iter().map(TreeEntry::kind).collect();
        assert_eq!(kinds, [blob, tree, None, blob, blob, tree, None, None]);
        let modes: Vec<_> = entries.iter().filter(|entry| entry.is_zero_padded).map(|entry| entry.mode).collect();
        assert_eq!(modes, [0o40_000, 0]);
    }

    #[test]
    fn a_malformed_entry_is_named_by_its_offset_and_ends_the_tree() {
        let check = |second: &[u8], what| {
            let tree = [entry("100644", "a"), second.to_vec()].concat();
            let last = TreeEntries::new(&tree).nth(1).unwrap();
            assert_eq!(last, Err(ObjectError::TreeEntry { offset: 29, what }));
            assert_eq!(TreeEntries::new(&tree).count(), 2);
        };
        check(&entry("10x644", "b"), "bad mode");
        check(&entry("", "b"), "no mode");
        check(&entry("100644", ""), "empty name");
        check(&entry("100644", "b")[..20], "end of tree");
    }
}
