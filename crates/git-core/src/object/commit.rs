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

/// All of a commit, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitText<'a> {
    /// What the server reads of it.
    pub commit: Commit,
    /// Who wrote the change.
    pub author: Person<'a>,
    /// Who made the commit.
    pub committer: Person<'a>,
    /// The charset of names and message, if it is said: UTF-8 otherwise.
    pub encoding: Option<&'a [u8]>,
    /// Everything after the empty line that ends the headers.
    pub message: &'a [u8],
}

/// Somebody, and when. Source: `split_ident_line` in git's ident.c.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Person<'a> {
    /// Name, without blanks around it.
    pub name: &'a [u8],
    /// Mail address, without brackets.
    pub email: &'a [u8],
    /// Seconds since the epoch; 0 when they cannot be read, as git has it.
    pub time: i64,
}

impl<'a> CommitText<'a> {
    /// Reads a commit's content, or what can be read of it: persons that are malformed are empty in part.
    pub fn parse(content: &'a [u8]) -> Result<Self, ObjectError> {
        let commit = Commit::parse(content)?;
        let (headers, message) = match content.windows(2).position(|pair| pair == b"\n\n") {
            Some(end) => (content.get(..=end).unwrap_or_default(), content.get(end + 2..).unwrap_or_default()),
            None => (content, &[][..]),
        };
        let value = |name: &[u8]| {
            let mut lines = headers.split(|&byte| byte == b'\n');
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(b" "))
        };
        let person = |name| value(name).map(Person::parse).unwrap_or_default();
        Ok(Self {
            commit,
            author: person(b"author"),
            committer: person(b"committer"),
            encoding: value(b"encoding"),
            message,
        })
    }
}

impl<'a> Person<'a> {
    /// Reads `Name <mail> 1700000000 +0100`.
    fn parse(line: &'a [u8]) -> Self {
        let (name, rest) = line.iter().position(|&byte| byte == b'<').map_or((line, &[][..]), |at| line.split_at(at));
        let rest = rest.strip_prefix(b"<").unwrap_or_default();
        let email = rest.split(|&byte| byte == b'>').next().unwrap_or_default();
        Self { name: name.trim_ascii(), email: email.trim_ascii(), time: time(line).unwrap_or(0) }
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
    fn persons_charset_and_message_are_read() {
        let content = format!(
            "tree {TREE}\nauthor A  U <a@b> 1 +0000\ncommitter C D<c@d> 2 -0330\nencoding ISO-8859-1\ngpgsig x\n y\n\nsubject\n\nauthor B <b@c> 3\n"
        );
        let text = CommitText::parse(content.as_bytes()).unwrap();
        assert_eq!(text.author, Person { name: b"A  U", email: b"a@b", time: 1 });
        assert_eq!(text.committer, Person { name: b"C D", email: b"c@d", time: 2 });
        assert_eq!((text.encoding, text.message), (Some(&b"ISO-8859-1"[..]), &b"subject\n\nauthor B <b@c> 3\n"[..]));
    }

    #[test]
    fn of_malformed_persons_and_a_commit_without_message_the_rest_is_read() {
        let content = format!("tree {TREE}\nauthor nobody\ncommitter <x> soon\n");
        let text = CommitText::parse(content.as_bytes()).unwrap();
        assert_eq!(text.author, Person { name: b"nobody", email: b"", time: 0 });
        assert_eq!(text.committer, Person { name: b"", email: b"x", time: 0 });
        assert_eq!((text.encoding, text.message), (None, &b""[..]));
    }

    #[test]
    fn a_missing_line_is_named() {
        let error = |field| Err(ObjectError::Header { kind: Kind::Commit, field });
        assert_eq!(commit("author A <a@b> 1 +0000"), error("tree"));
        assert_eq!(commit(&format!("tree {TREE}\nparent 12")), error("parent"));
    }
}
