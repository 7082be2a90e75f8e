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
    /// Reads a commit's content. Of its persons only a time is read; what is wrong with them is [`super::fsck`]'s to say.
    pub fn parse(content: &[u8]) -> Result<Self, ObjectError> {
        let bad = |field| ObjectError::Header { kind: Kind::Commit, field };
        let mut rest = content;
        let tree_id = take_line(&mut rest, b"tree").and_then(hash).ok_or(bad("tree"))?;
        let mut parent_ids = Vec::new();
        while rest.starts_with(b"parent ") {
            parent_ids.push(take_line(&mut rest, b"parent").and_then(hash).ok_or(bad("parent"))?);
        }
        let committer = take_line(&mut rest, b"author").and_then(|_| take_line(&mut rest, b"committer"));
        Ok(Self { tree_id, parent_ids, committer_time: committer.and_then(time).unwrap_or(0) })
    }
}

fn hash(value: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(value).ok()
}

/// The seconds in `Name <mail> 1700000000 +0100`.
fn time(person: &[u8]) -> Option<i64> {
    let after_mail = person.rsplit(|&byte| byte == b'>').next()?;
    let n_blanks = after_mail.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let seconds = after_mail.get(n_blanks..)?;
    let n_digits = seconds.iter().take_while(|byte| byte.is_ascii_digit()).count();
    core::str::from_utf8(seconds.get(..n_digits)?).ok()?.parse().ok()
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
        let time = |persons: &str| commit(&format!("tree {TREE}\n{persons}")).unwrap().committer_time;
        assert_eq!(time("author A\ncommitter C <c@d> soon +0000"), 0);
        assert_eq!(time("author A\ncommitter C <c@d> 99999999999999999999 +0000"), 0);
        assert_eq!(time("author A\ncommitter C <c@d>"), 0);
        assert_eq!(time("author A\ncommitter C <c@d>17x +0000"), 17);
        assert_eq!(time("committer C <c@d> 1 +0000"), 0);
    }

    #[test]
    fn a_missing_line_is_named() {
        let error = |field| Err(ObjectError::Header { kind: Kind::Commit, field });
        assert_eq!(commit("author A <a@b> 1 +0000"), error("tree"));
        assert_eq!(commit(&format!("tree {TREE}\nparent 12")), error("parent"));
    }
}
