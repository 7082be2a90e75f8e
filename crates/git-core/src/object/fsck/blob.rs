//! What is wrong with a blob that git reads for its name. Source: `fsck_blob` and `fsck_blobs` in git's fsck.c.

use super::config::each_variable;
use super::submodule::check_variable;
use super::{Fault, MsgId, MsgIds, say};

/// What git reads an object for, because a tree calls it so: `.gitmodules`, `.gitattributes`, both or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// What submodules there are.
    pub const MODULES: Self = Self(1);
    /// What attributes files have.
    pub const ATTRIBUTES: Self = Self(2);

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These but not those.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether all of those are among these.
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// As two bits.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// From the lowest two bits.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & 3)
    }
}

/// Why an object cannot be read for what a tree calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRead {
    /// It is nowhere.
    Missing,
    /// It is no blob.
    OtherKind,
    /// It is too large to be held.
    TooLarge,
}

impl NotRead {
    /// What git says of that.
    pub fn check(self, roles: Roles, let_pass: MsgIds) -> Result<(), Fault> {
        let (modules, attributes) = match self {
            Self::Missing => (
                (MsgId::GitmodulesMissing, "unable to read .gitmodules blob"),
                (MsgId::GitattributesMissing, "unable to read .gitattributes blob"),
            ),
            Self::OtherKind => (
                (MsgId::GitmodulesBlob, "non-blob found at .gitmodules"),
                (MsgId::GitattributesBlob, "non-blob found at .gitattributes"),
            ),
            Self::TooLarge => (
                (MsgId::GitmodulesLarge, ".gitmodules too large to parse"),
                (MsgId::GitattributesLarge, ".gitattributes too large to parse"),
            ),
        };
        let say_if = |role, (msg_id, text)| if roles.contains(role) { say(msg_id, text, let_pass) } else { Ok(()) };
        say_if(Roles::MODULES, modules)?;
        say_if(Roles::ATTRIBUTES, attributes)
    }
}

/// Bytes of a line of `.gitattributes` that git does not read any more.
const ATTRIBUTES_LINE_LEN_MAX: usize = 2048;

/// Checks a blob for what trees call it. The first fault that git would name.
pub fn check_blob(content: &[u8], roles: Roles, let_pass: MsgIds) -> Result<(), Fault> {
    if roles.contains(Roles::MODULES) {
        each_variable(content, |name, value| check_variable(name, value, let_pass))?;
    }
    if roles.contains(Roles::ATTRIBUTES) {
        let text = content.split(|&byte| byte == 0).next().unwrap_or_default();
        if text.split(|&byte| byte == b'\n').any(|line| line.len() >= ATTRIBUTES_LINE_LEN_MAX) {
            say(MsgId::GitattributesLineLength, ".gitattributes has too long lines to parse", let_pass)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_attributes_has_a_longest_length() {
        let check = |text: &str| check_blob(text.as_bytes(), Roles::ATTRIBUTES, MsgIds::NONE).is_ok();
        let longest = "x".repeat(2047);
        assert!(check(&format!("{longest}\n{longest}")));
        assert!(!check(&format!("a\n{longest}x\n")) && !check(&format!("a\n{longest}x")));
        assert!(check(&format!("a\0\n{longest}x\n")), "git stops at a NUL");
        assert_eq!(check_blob(format!("{longest}x").as_bytes(), Roles::MODULES, MsgIds::NONE), Ok(()));
    }

    #[test]
    fn what_cannot_be_read_is_said_once_for_each_role() {
        let msg_id = |what: NotRead, roles| what.check(roles, MsgIds::NONE).err().map(|fault| fault.msg_id);
        let both = Roles::MODULES.and(Roles::ATTRIBUTES);
        assert_eq!(msg_id(NotRead::Missing, both), Some(MsgId::GitmodulesMissing));
        assert_eq!(msg_id(NotRead::OtherKind, Roles::ATTRIBUTES), Some(MsgId::GitattributesBlob));
        let let_pass = MsgIds::of(&[MsgId::GitmodulesLarge]);
        let attributes = NotRead::TooLarge.check(both, let_pass).err().map(|fault| fault.msg_id);
        assert_eq!(attributes, Some(MsgId::GitattributesLarge));
        assert_eq!(NotRead::Missing.check(Roles::NONE, MsgIds::NONE), Ok(()));
    }
}
