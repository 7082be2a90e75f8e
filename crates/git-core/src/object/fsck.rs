//! What git's own fsck says of trees. The names of the faults are git's: fsck-msgids(7).

use core::cmp::Ordering;
use core::fmt;

use super::tree::{TreeEntry, compare_names};
use crate::pack::Kind;

/// A fault of a tree for which git refuses it on receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeFault {
    /// An entry named `.`.
    HasDot,
    /// An entry named `..`.
    HasDotdot,
    /// An entry that some file system takes for `.git`.
    HasDotgit,
    /// A name with a slash in it.
    FullPathname,
    /// An entry of forty zeros.
    NullSha1,
    /// A name that stands twice, as a file and as a folder perhaps.
    DuplicateEntries,
    /// Entries out of order.
    TreeNotSorted,
}

impl fmt::Display for TreeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HasDot => "hasDot: contains '.'",
            Self::HasDotdot => "hasDotdot: contains '..'",
            Self::HasDotgit => "hasDotgit: contains '.git'",
            Self::FullPathname => "fullPathname: contains full pathnames",
            Self::NullSha1 => "nullSha1: contains entries pointing to null sha1",
            Self::DuplicateEntries => "duplicateEntries: contains duplicate file entries",
            Self::TreeNotSorted => "treeNotSorted: not properly sorted",
        })
    }
}

/// Looks at the entries of one tree, in their order.
#[derive(Debug, Default)]
pub struct TreeCheck<'a> {
    last: Option<(&'a [u8], bool)>,
    /// Names of files that a folder of the same name may still follow: each begins with the one before.
    files: Vec<&'a [u8]>,
}

impl<'a> TreeCheck<'a> {
    /// Looks at the next entry.
    pub fn entry(&mut self, entry: &TreeEntry<'a>) -> Result<(), TreeFault> {
        let (name, is_tree) = (entry.name, entry.kind() == Some(Kind::Tree));
        match name {
            b"." => return Err(TreeFault::HasDot),
            b".." => return Err(TreeFault::HasDotdot),
            _ if name.contains(&b'/') => return Err(TreeFault::FullPathname),
            _ if is_dotgit(name) => return Err(TreeFault::HasDotgit),
            _ if entry.id.as_bytes() == &[0; 20] => return Err(TreeFault::NullSha1),
            _ => {}
        }
        if let Some((last, last_is_tree)) = self.last.replace((name, is_tree)) {
            if last == name {
                return Err(TreeFault::DuplicateEntries);
            }
            if compare_names((last, last_is_tree), (name, is_tree)) != Ordering::Less {
                return Err(TreeFault::TreeNotSorted);
            }
        }
        while self.files.last().is_some_and(|file| !name.starts_with(file)) {
            self.files.pop();
        }
        if is_tree && self.files.last() == Some(&name) {
            return Err(TreeFault::DuplicateEntries);
        }
        if !is_tree {
            self.files.push(name);
        }
        Ok(())
    }
}

/// Whether some file system takes the name for `.git`.
fn is_dotgit(name: &[u8]) -> bool {
    // Almost every name is settled by its first byte: a dot, a `g`, or the start of a character that HFS+ ignores.
    matches!(name.first(), Some(b'.' | b'g' | b'G' | 0x80..)) && (is_ntfs_dotgit(name) || is_hfs_dotgit(name))
}

/// NTFS ignores case, dots and spaces at the end, what follows a colon, and knows `.git` as `git~1` too.
fn is_ntfs_dotgit(name: &[u8]) -> bool {
    let end = name.iter().position(|byte| matches!(byte, b'\\' | b':')).unwrap_or(name.len());
    let stem = name.get(..end).unwrap_or(name);
    let n_ignored = stem.iter().rev().take_while(|byte| matches!(byte, b'.' | b' ')).count();
    let stem = stem.get(..stem.len() - n_ignored).unwrap_or(stem);
    stem.eq_ignore_ascii_case(b".git") || stem.eq_ignore_ascii_case(b"git~1")
}

/// HFS+ ignores case and a number of invisible characters.
fn is_hfs_dotgit(name: &[u8]) -> bool {
    let ignored = |character: &char| matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let Ok(name) = core::str::from_utf8(name) else { return false };
    name.chars()
        .filter(|character| !ignored(character))
        .map(|character| character.to_ascii_lowercase())
        .eq(".git".chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    fn check(entries: &[(u32, &str)]) -> Result<(), TreeFault> {
        let mut check = TreeCheck::default();
        entries.iter().try_for_each(|(mode, name)| {
            check.entry(&TreeEntry { mode: *mode, name: name.as_bytes(), id: ObjectId::from_bytes([1; 20]) })
        })
    }

    const FILE: u32 = 0o100_644;
    const TREE: u32 = 0o040_000;

    #[test]
    fn names_that_a_file_system_takes_for_dot_git_are_refused() {
        for name in
            [".git", ".GIT", ".git.", ".git . .", ".git:stream", "GIT~1", "git~1.", ".g\u{200c}it", "\u{feff}.git"]
        {
            assert_eq!(check(&[(FILE, name)]), Err(TreeFault::HasDotgit), "{name}");
        }
        for name in [".gitignore", ".gitmodules", "git", "git~2", ".gi", "g\u{200c}it", ".git\u{301}"] {
            assert_eq!(check(&[(FILE, name)]), Ok(()), "{name}");
        }
    }

    #[test]
    fn order_is_that_of_git() {
        assert_eq!(check(&[(FILE, "a"), (FILE, "a.b"), (TREE, "b"), (FILE, "b0")]), Ok(()));
        assert_eq!(check(&[(FILE, "b"), (FILE, "a")]), Err(TreeFault::TreeNotSorted));
        assert_eq!(check(&[(TREE, "a"), (FILE, "a.b")]), Err(TreeFault::TreeNotSorted));
    }

    #[test]
    fn a_name_may_stand_once_be_it_file_or_folder() {
        assert_eq!(check(&[(FILE, "a"), (FILE, "a")]), Err(TreeFault::DuplicateEntries));
        assert_eq!(check(&[(FILE, "a"), (FILE, "a-b"), (FILE, "a.b"), (TREE, "a")]), Err(TreeFault::DuplicateEntries));
        assert_eq!(check(&[(FILE, "a"), (FILE, "a.b"), (TREE, "a.b.c"), (TREE, "a0")]), Ok(()));
    }

    #[test]
    fn the_folder_itself_its_parent_and_paths_are_no_names() {
        assert_eq!(check(&[(TREE, ".")]), Err(TreeFault::HasDot));
        assert_eq!(check(&[(TREE, "..")]), Err(TreeFault::HasDotdot));
        assert_eq!(check(&[(FILE, "a/b")]), Err(TreeFault::FullPathname));
    }
}
