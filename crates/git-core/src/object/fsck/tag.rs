//! What is wrong with an annotated tag. Source: `fsck_tag_standalone` in git's fsck.c.

use super::person::check_person;
use super::{Fault, MsgId, MsgIds, header};
use crate::ObjectId;
use crate::object::take_line;
use crate::pack::Kind;

/// Checks a tag's content. The first fault that git would name.
///
/// A tag whose tagger is malformed is refused whatever follows. Git forgets that fault when another header line follows.
pub fn check_tag(content: &[u8], let_pass: MsgIds) -> Result<(), Fault> {
    let mut rest = header(content)?;
    let target = take_line(&mut rest, b"object")
        .ok_or_else(|| Fault::new(MsgId::MissingObject, "invalid format - expected 'object' line"))?;
    ObjectId::from_hex(target)
        .map_err(|_| Fault::new(MsgId::BadObjectSha1, "invalid 'object' line format - bad sha1"))?;
    let kind = take_line(&mut rest, b"type")
        .ok_or_else(|| Fault::new(MsgId::MissingTypeEntry, "invalid format - expected 'type' line"))?;
    Kind::from_name(kind).ok_or_else(|| Fault::new(MsgId::BadType, "invalid 'type' value"))?;
    take_line(&mut rest, b"tag")
        .ok_or_else(|| Fault::new(MsgId::MissingTagEntry, "invalid format - expected 'tag' line"))?;
    // The earliest tags have no tagger.
    take_line(&mut rest, b"tagger").map_or(Ok(()), |tagger| check_person(tagger, let_pass))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    const TAGGER: &str = "tagger A U Thor <a@b> 1700000000 +0000\n";

    fn check(lines: &[&str]) -> Option<MsgId> {
        check_tag(lines.concat().as_bytes(), MsgIds::NONE).err().map(|fault| fault.msg_id)
    }

    #[test]
    fn each_fault_has_the_name_that_git_gives_it() {
        assert_eq!(check(&[OBJECT, "type tree\n", "tag v1\n", TAGGER, "\nwords\n"]), None);
        assert_eq!(check(&[OBJECT, "type tree\n", "tag v1\n"]), None);
        assert_eq!(check(&[OBJECT, "type tree\n", "tag v1\n", TAGGER, "gpgsig x\n\nwords\n"]), None);
        assert_eq!(check(&["type tree\n", "tag v1\n", TAGGER]), Some(MsgId::MissingObject));
        assert_eq!(check(&["object 4b\n", "type tree\n", "tag v1\n"]), Some(MsgId::BadObjectSha1));
        assert_eq!(check(&[OBJECT, "tag v1\n"]), Some(MsgId::MissingTypeEntry));
        assert_eq!(check(&[OBJECT, "type bush\n", "tag v1\n"]), Some(MsgId::BadType));
        assert_eq!(check(&[OBJECT, "type tree\n", TAGGER]), Some(MsgId::MissingTagEntry));
        assert_eq!(check(&[OBJECT, "type tree\n", "tag v1\n", "tagger A\n"]), Some(MsgId::MissingEmail));
        assert_eq!(
            check(&[OBJECT, "type tree\n", "tag v1\n", "tagger A <a@b> 1 +0000"]),
            Some(MsgId::UnterminatedHeader)
        );
        assert_eq!(check(&[OBJECT, "type tree\0\n", "tag v1\n"]), Some(MsgId::NulInHeader));
    }
}
