//! What is wrong with a tree. Source: `fsck_tree` and `verify_ordered` in git's fsck.c.

use super::disguise::{GITATTRIBUTES, GITMODULES, is_dotgit, is_ntfs_dotgit, may_be_disguised};
use super::{Fault, MsgId, MsgIds, Roles};
use crate::object::tree::TreeEntry;

/// Longest name of an entry, in bytes, that git takes: `fsck.largePathname`.
const NAME_LEN_MAX: usize = 4096;

/// What is said of a tree, in the order in which git says it.
const FAULTS: [(MsgId, &str); 11] = [
    (MsgId::GitmodulesSymlink, ".gitmodules is a symbolic link"),
    (MsgId::BadTree, "cannot be parsed as a tree"),
    (MsgId::NullSha1, "contains entries pointing to null sha1"),
    (MsgId::FullPathname, "contains full pathnames"),
    (MsgId::HasDot, "contains '.'"),
    (MsgId::HasDotdot, "contains '..'"),
    (MsgId::HasDotgit, "contains '.git'"),
    (MsgId::ZeroPaddedFilemode, "contains zero-padded file modes"),
    (MsgId::DuplicateEntries, "contains duplicate file entries"),
    (MsgId::TreeNotSorted, "not properly sorted"),
    (MsgId::LargePathname, "contains excessively large pathname"),
];

/// Looks at the entries of one tree, in their order.
#[derive(Debug, Default)]
pub struct TreeCheck<'a> {
    found: MsgIds,
    last: Option<Sorted<'a>>,
    /// Names of files that a folder of the same name may still follow: each begins with the one before.
    files: Vec<&'a [u8]>,
}

/// What decides where an entry stands.
#[derive(Debug, Clone, Copy)]
struct Sorted<'a> {
    name: &'a [u8],
    is_tree: bool,
}

impl Sorted<'_> {
    /// The byte at which it differs from a name of which the first `at` bytes are the same: a tree's name ends in a slash.
    fn byte(self, at: usize) -> u8 {
        self.name.get(at).copied().unwrap_or(if self.is_tree { b'/' } else { 0 })
    }
}

impl<'a> TreeCheck<'a> {
    /// Looks at the next entry. What git reads the object for, if it does for its name.
    pub fn entry(&mut self, entry: &TreeEntry<'a>) -> Roles {
        let name = entry.name;
        self.found.insert_if(entry.is_zero_padded, MsgId::ZeroPaddedFilemode);
        self.found.insert_if(entry.id.as_bytes() == &[0; 20], MsgId::NullSha1);
        self.found.insert_if(name.len() > NAME_LEN_MAX, MsgId::LargePathname);
        let mut roles = Roles::NONE;
        if may_be_disguised(name) {
            self.found.insert_if(name == b".", MsgId::HasDot);
            self.found.insert_if(name == b"..", MsgId::HasDotdot);
            self.found.insert_if(is_dotgit(name), MsgId::HasDotgit);
            roles = roles_of(GITMODULES.is(name), GITATTRIBUTES.is(name));
        }
        if name.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
            self.found.insert_if(name.contains(&b'/'), MsgId::FullPathname);
            // To NTFS a backslash is a slash.
            for (_, part) in name.iter().zip(1..).filter(|&(&byte, _)| byte == b'\\') {
                let part = name.get(part..).unwrap_or_default();
                self.found.insert_if(is_ntfs_dotgit(part), MsgId::HasDotgit);
                roles = roles.and(roles_of(GITMODULES.is_ntfs(part), false));
            }
        }
        self.known_entry(entry);
        if !entry.is_symlink() {
            return roles;
        }
        self.found.insert_if(roles.contains(Roles::MODULES), MsgId::GitmodulesSymlink);
        Roles::NONE
    }

    /// Passes over the next entry, which another tree has too that has been looked at: only where it stands is left to see.
    pub fn known_entry(&mut self, entry: &TreeEntry<'a>) {
        let next = Sorted { name: entry.name, is_tree: entry.is_tree() };
        if let Some(last) = self.last.replace(next) {
            self.compare(last, next);
        }
    }

    /// Says that what follows is no entry.
    pub fn cannot_be_read(&mut self) {
        self.found.insert_if(true, MsgId::BadTree);
    }

    /// The first fault that git would name.
    pub fn finish(self, let_pass: MsgIds) -> Result<(), Fault> {
        if self.found.is_empty() {
            return Ok(());
        }
        let said = FAULTS.iter().find(|&&(msg_id, _)| {
            self.found.contains(msg_id) && (msg_id == MsgId::BadTree || !let_pass.contains(msg_id))
        });
        said.map_or(Ok(()), |&(msg_id, text)| Err(Fault::new(msg_id, text)))
    }

    /// Looks at the order of neighbours, and for a folder of the name that a file before it has.
    fn compare(&mut self, last: Sorted<'a>, next: Sorted<'a>) {
        let len = last.name.len().min(next.name.len());
        let (last_head, next_head) = (last.name.get(..len), next.name.get(..len));
        if last_head != next_head {
            return self.found.insert_if(last_head > next_head, MsgId::TreeNotSorted);
        }
        if last.name.len() == next.name.len() {
            return self.found.insert_if(true, MsgId::DuplicateEntries);
        }
        let (last_byte, next_byte) = (last.byte(len), next.byte(len));
        let is_below_slash = |byte| 0 < byte && byte < b'/';
        if last_byte == 0 && is_below_slash(next_byte) {
            self.files.push(last.name);
        } else if next_byte == b'/' && is_below_slash(last_byte) {
            while let Some(file) = self.files.pop() {
                match next.name.strip_prefix(file) {
                    Some([]) => return self.found.insert_if(true, MsgId::DuplicateEntries),
                    Some([byte, ..]) if is_below_slash(*byte) => {
                        self.files.push(file);
                        break;
                    }
                    _ => {}
                }
            }
        }
        self.found.insert_if(last_byte >= next_byte, MsgId::TreeNotSorted);
    }
}

fn roles_of(modules: bool, attributes: bool) -> Roles {
    let role = |is: bool, role| if is { role } else { Roles::NONE };
    role(modules, Roles::MODULES).and(role(attributes, Roles::ATTRIBUTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::tree::TreeEntries;

    fn check_of(entries: &[(&str, &str)], let_pass: MsgIds) -> Option<MsgId> {
        let entry = |(mode, name): &(&str, &str)| [format!("{mode} {name}\0").as_bytes(), &[1; 20]].concat();
        let content: Vec<u8> = entries.iter().flat_map(entry).collect();
        let mut check = TreeCheck::default();
        for entry in TreeEntries::new(&content) {
            check.entry(&entry.unwrap());
        }
        check.finish(let_pass).err().map(|fault| fault.msg_id)
    }

    fn check(entries: &[(&str, &str)]) -> Option<MsgId> {
        check_of(entries, MsgIds::NONE)
    }

    const FILE: &str = "100644";
    const LINK: &str = "120000";
    const TREE: &str = "40000";

    #[test]
    fn order_is_that_of_git() {
        assert_eq!(check(&[(FILE, "a"), (FILE, "a.b"), (TREE, "b"), (FILE, "b0")]), None);
        assert_eq!(check(&[(FILE, "b"), (FILE, "a")]), Some(MsgId::TreeNotSorted));
        assert_eq!(check(&[(TREE, "a"), (FILE, "a.b")]), Some(MsgId::TreeNotSorted));
        assert_eq!(check(&[(FILE, "ab"), (FILE, "a")]), Some(MsgId::TreeNotSorted));
    }

    #[test]
    fn a_name_may_stand_once_be_it_file_or_folder() {
        let twice = Some(MsgId::DuplicateEntries);
        assert_eq!(check(&[(FILE, "a"), (FILE, "a")]), twice);
        assert_eq!(check(&[(FILE, "a"), (FILE, "a-b"), (FILE, "a.b"), (TREE, "a")]), twice);
        assert_eq!(check(&[(FILE, "a"), (FILE, "a.b"), (FILE, "a.b.c"), (TREE, "a.b"), (TREE, "a")]), twice);
        assert_eq!(check(&[(FILE, "a"), (FILE, "a.b"), (TREE, "a.b.c"), (TREE, "a0")]), None);
    }

    #[test]
    fn names_that_are_no_names_are_refused_and_of_many_faults_the_first_of_git() {
        assert_eq!(check(&[(TREE, ".")]), Some(MsgId::HasDot));
        assert_eq!(check(&[(TREE, "..")]), Some(MsgId::HasDotdot));
        assert_eq!(check(&[(FILE, ".GIT")]), Some(MsgId::HasDotgit));
        assert_eq!(check(&[(FILE, "a\\b\\git~1")]), Some(MsgId::HasDotgit));
        assert_eq!(check(&[(FILE, "a/b")]), Some(MsgId::FullPathname));
        assert_eq!(check(&[(FILE, &"x".repeat(4096))]), None);
        assert_eq!(check(&[(FILE, &"x".repeat(4097))]), Some(MsgId::LargePathname));
        assert_eq!(check(&[(FILE, "b"), (FILE, "a"), (FILE, ".")]), Some(MsgId::HasDot));
        let let_pass = MsgIds::of(&[MsgId::HasDot]);
        assert_eq!(check_of(&[(FILE, "b"), (FILE, "a"), (FILE, ".")], let_pass), Some(MsgId::TreeNotSorted));
        assert_eq!(check_of(&[(FILE, ".")], let_pass), None);
    }

    #[test]
    fn modes_may_be_odd_but_not_padded() {
        assert_eq!(
            check(&[("100664", "a"), ("120777", "b"), ("10644", "c"), ("0", "d")]),
            Some(MsgId::ZeroPaddedFilemode)
        );
        assert_eq!(check(&[("100664", "a"), ("120777", "b"), ("10644", "c")]), None);
        assert_eq!(check(&[("040000", "a")]), Some(MsgId::ZeroPaddedFilemode));
    }

    #[test]
    fn links_must_not_stand_for_gitmodules_in_any_disguise() {
        for name in [".gitmodules", "gitmod~1", "a\\.gitmodules"] {
            assert_eq!(check(&[(LINK, name)]), Some(MsgId::GitmodulesSymlink), "{name}");
        }
        assert_eq!(check(&[(LINK, ".gitattributes"), (LINK, "x\\y")]), None);
    }

    #[test]
    fn an_entry_tells_what_git_reads_it_for() {
        let roles = |mode: &str, name: &str| {
            let content = [format!("{mode} {name}\0").as_bytes(), &[1; 20]].concat();
            TreeCheck::default().entry(&TreeEntries::new(&content).next().unwrap().unwrap())
        };
        assert_eq!(roles(FILE, ".GITMODULES"), Roles::MODULES);
        assert_eq!(roles("160000", "gitmod~2"), Roles::MODULES);
        assert_eq!(roles(FILE, "x\\.gitmodules"), Roles::MODULES);
        assert_eq!(roles(FILE, ".gitattributes"), Roles::ATTRIBUTES);
        assert_eq!(roles(FILE, "x\\.gitattributes"), Roles::NONE);
        assert_eq!(roles(FILE, "~1000000"), Roles::MODULES.and(Roles::ATTRIBUTES));
        assert_eq!(roles(LINK, ".gitmodules"), Roles::NONE);
        assert_eq!(roles(FILE, "gitmodules"), Roles::NONE);
    }
}
