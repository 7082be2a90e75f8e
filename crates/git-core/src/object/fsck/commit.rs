//! What is wrong with a commit. Source: `fsck_commit` in git's fsck.c.

use super::person::check_person;
use super::{Fault, MsgId, MsgIds, header, say};
use crate::ObjectId;
use crate::object::take_line;

/// Checks a commit's content. The first fault that git would name.
pub fn check_commit(content: &[u8], let_pass: MsgIds) -> Result<(), Fault> {
    let mut rest = header(content)?;
    let tree = take_line(&mut rest, b"tree")
        .ok_or_else(|| Fault::new(MsgId::MissingTree, "invalid format - expected 'tree' line"))?;
    ObjectId::from_hex(tree).map_err(|_| Fault::new(MsgId::BadTreeSha1, "invalid 'tree' line format - bad sha1"))?;
    while let Some(parent) = take_line(&mut rest, b"parent") {
        ObjectId::from_hex(parent)
            .map_err(|_| Fault::new(MsgId::BadParentSha1, "invalid 'parent' line format - bad sha1"))?;
    }
    let mut n_authors = 0;
    while let Some(author) = take_line(&mut rest, b"author") {
        n_authors += 1;
        check_person(author, let_pass)?;
    }
    match n_authors {
        0 => say(MsgId::MissingAuthor, "invalid format - expected 'author' line", let_pass)?,
        1 => {}
        _ => say(MsgId::MultipleAuthors, "invalid format - multiple 'author' lines", let_pass)?,
    }
    let Some(committer) = take_line(&mut rest, b"committer") else {
        return say(MsgId::MissingCommitter, "invalid format - expected 'committer' line", let_pass);
    };
    check_person(committer, let_pass)?;
    if content.contains(&0) {
        say(MsgId::NulInCommit, "NUL byte in the commit object body", let_pass)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    const PARENT: &str = "parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    const WHO: &str = "A U Thor <a@b> 1700000000 +0000\n";

    fn check(lines: &[&str]) -> Option<MsgId> {
        check_commit(lines.concat().as_bytes(), MsgIds::NONE).err().map(|fault| fault.msg_id)
    }

    #[test]
    fn the_header_may_end_with_the_commit() {
        assert_eq!(check(&[TREE, PARENT, "author ", WHO, "committer ", WHO]), None);
        assert_eq!(check(&[TREE, "author ", WHO, "committer ", WHO, "gpgsig x\n y\n", "\nwords"]), None);
        let cut = [TREE, "author ", WHO, "committer ", WHO.trim_end()];
        assert_eq!(check(&cut), Some(MsgId::UnterminatedHeader));
        assert_eq!(check(&[]), Some(MsgId::UnterminatedHeader));
    }

    #[test]
    fn each_fault_has_the_name_that_git_gives_it() {
        let (author, committer) = (format!("author {WHO}"), format!("committer {WHO}"));
        let (author, committer) = (author.as_str(), committer.as_str());
        assert_eq!(check(&["\n\n", TREE]), Some(MsgId::MissingTree));
        assert_eq!(check(&[author, committer]), Some(MsgId::MissingTree));
        assert_eq!(check(&["tree 4b825d\n", author, committer]), Some(MsgId::BadTreeSha1));
        assert_eq!(check(&[TREE, "parent \n", author, committer]), Some(MsgId::BadParentSha1));
        assert_eq!(check(&[TREE, committer]), Some(MsgId::MissingAuthor));
        assert_eq!(check(&[TREE, author, author, committer]), Some(MsgId::MultipleAuthors));
        assert_eq!(check(&[TREE, author, "\n", committer]), Some(MsgId::MissingCommitter));
        assert_eq!(check(&[TREE, author, "committer\n"]), Some(MsgId::MissingCommitter));
        assert_eq!(check(&[TREE, author, "committer \n"]), Some(MsgId::MissingEmail));
        assert_eq!(check(&[TREE, author, "x\0", committer]), Some(MsgId::NulInHeader));
        assert_eq!(check(&[TREE, author, committer, "\nwords\0"]), Some(MsgId::NulInCommit));
    }

    #[test]
    fn what_is_let_pass_does_not_hide_what_follows() {
        let two_faults = [TREE, "author A <a@b>1 +0000\n", "committer A <a@b> 01 +0000\n"].concat();
        let let_pass = MsgIds::of(&[MsgId::MissingSpaceBeforeDate]);
        let msg_id = |let_pass| check_commit(two_faults.as_bytes(), let_pass).err().map(|fault| fault.msg_id);
        assert_eq!(msg_id(MsgIds::NONE), Some(MsgId::MissingSpaceBeforeDate));
        assert_eq!(msg_id(let_pass), Some(MsgId::ZeroPaddedDate));
        assert_eq!(msg_id(MsgIds::of(&[MsgId::MissingSpaceBeforeDate, MsgId::ZeroPaddedDate])), None);
    }
}
