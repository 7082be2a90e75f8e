//! Commits. Source: gitformat-commit in git's Documentation/technical, and `parse_commit_buffer` for what git insists on.

use super::{ObjectError, take_line};
use crate::ObjectId;
use crate::pack::Kind;

/// What the server reads of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The root tree.
    pub tree_id: ObjectId,
    /// In order: the first parent first.
    pub parent_ids: Vec<ObjectId>,
    /// Committer's time in seconds since the epoch; 0 when it cannot be read, as git has it.
    pub committer_time: i64,
}

impl Commit {
    /// Reads a commit's content.
    pub fn parse(content: &[u8]) -> Result<Self, ObjectError> {
        let bad = |field| ObjectError::Header { kind: Kind::Commit, field };
        let mut rest = content;
        let tree_id = take_line(&mut rest, b"tree").and_then(hash).ok_or(bad("tree"))?;
        let mut parent_ids = Vec::new();
        while rest.starts_with(b"parent ") {
            parent_ids.push(take_line(&mut rest, b"parent").and_then(hash).ok_or(bad("parent"))?);
        }
        take_line(&mut rest, b"author").ok_or(bad("author"))?;
        let committer = take_line(&mut rest, b"committer").ok_or(bad("committer"))?;
        Ok(Self { tree_id, parent_ids, committer_time: time(committer).unwrap_or(0) })
    }
}

fn hash(value: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(value).ok()
}

/// The seconds in `Name <mail> 1700000000 +0100`.
fn time(person: &[u8]) -> Option<i64> {
    let after_mail = person.rsplit(|&byte| byte == b'>').next()?;
    let seconds = after_mail.split(|&byte| byte == b' ').find(|word| !word.is_empty())?;
    core::str::from_utf8(seconds).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn commit(headers: &str) -> Result<Commit, ObjectError> {
        Commit::parse(format!("{headers}\n\nsubject\n").as_bytes())
    }

    #[test]
    fn tree_parents_and_time_are_read() {
        let parsed = commit(&format!(
            "tree {TREE}\nparent {TREE}\nparent {TREE}\nauthor A <a@b> 1 +0000\ncommitter C > D <c@d> 1700000000 -0330"
        ))
        .unwrap();
        assert_eq!((parsed.tree_id.to_hex().as_str(), parsed.parent_ids.len()), (TREE, 2));
        assert_eq!(parsed.committer_time, 1_700_000_000);
    }

    #[test]
    fn a_time_that_cannot_be_read_is_zero() {
        let parsed = commit(&format!("tree {TREE}\nauthor A\ncommitter C <c@d> soon +0000")).unwrap();
        assert_eq!(parsed.committer_time, 0);
    }

    #[test]
    fn a_missing_line_is_named() {
        let error = |field| Err(ObjectError::Header { kind: Kind::Commit, field });
        assert_eq!(commit("author A <a@b> 1 +0000"), error("tree"));
        assert_eq!(commit(&format!("tree {TREE}\nparent 12")), error("parent"));
        assert_eq!(commit(&format!("tree {TREE}\ncommitter C <c@d> 1 +0000")), error("author"));
        assert_eq!(commit(&format!("tree {TREE}\nauthor A <a@b> 1 +0000")), error("committer"));
    }
}
