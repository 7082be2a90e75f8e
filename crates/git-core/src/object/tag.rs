//! Annotated tags. Source: gitformat-tag as `parse_tag_buffer` reads it.

use super::{ObjectError, take_line};
use crate::ObjectId;
use crate::pack::Kind;

/// What the server reads of an annotated tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The object that it names.
    pub target_id: ObjectId,
    /// The kind that it says the object is of.
    pub target_kind: Kind,
}

impl Tag {
    /// Reads a tag's content.
    pub fn parse(content: &[u8]) -> Result<Self, ObjectError> {
        let bad = |field| ObjectError::Header { kind: Kind::Tag, field };
        let mut rest = content;
        let target_id = take_line(&mut rest, b"object").and_then(|value| ObjectId::from_hex(value).ok());
        let target_id = target_id.ok_or(bad("object"))?;
        let target_kind = take_line(&mut rest, b"type").and_then(Kind::from_name).ok_or(bad("type"))?;
        take_line(&mut rest, b"tag").ok_or(bad("tag"))?;
        Ok(Self { target_id, target_kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    #[test]
    fn target_and_kind_are_read() {
        let tag = Tag::parse(format!("object {ID}\ntype tree\ntag v1\n\nwords\n").as_bytes()).unwrap();
        assert_eq!((tag.target_id.to_hex().as_str(), tag.target_kind), (ID, Kind::Tree));
    }

    #[test]
    fn a_missing_line_is_named() {
        let error = |field| Err(ObjectError::Header { kind: Kind::Tag, field });
        assert_eq!(Tag::parse(b"type tree\n"), error("object"));
        assert_eq!(Tag::parse(format!("object {ID}\ntype bush\n").as_bytes()), error("type"));
        assert_eq!(Tag::parse(format!("object {ID}\ntype tree\n").as_bytes()), error("tag"));
    }
}
