//! The names that git has for faults, and sets of them. Source: fsck-msgids(7).

use std::fmt;

macro_rules! msg_ids {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// A kind of fault, by git's name for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "fsck-msgids(7) says what each of them means")]
        pub enum MsgId { $($variant),* }

        impl MsgId {
            /// Git's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

msg_ids! {
    BadDate "badDate",
    BadDateOverflow "badDateOverflow",
    BadEmail "badEmail",
    BadName "badName",
    BadObjectSha1 "badObjectSha1",
    BadParentSha1 "badParentSha1",
    BadTimezone "badTimezone",
    BadTree "badTree",
    BadTreeSha1 "badTreeSha1",
    BadType "badType",
    DuplicateEntries "duplicateEntries",
    FullPathname "fullPathname",
    GitattributesBlob "gitattributesBlob",
    GitattributesLarge "gitattributesLarge",
    GitattributesLineLength "gitattributesLineLength",
    GitattributesMissing "gitattributesMissing",
    GitmodulesBlob "gitmodulesBlob",
    GitmodulesLarge "gitmodulesLarge",
    GitmodulesMissing "gitmodulesMissing",
    GitmodulesName "gitmodulesName",
    GitmodulesPath "gitmodulesPath",
    GitmodulesSymlink "gitmodulesSymlink",
    GitmodulesUpdate "gitmodulesUpdate",
    GitmodulesUrl "gitmodulesUrl",
    HasDot "hasDot",
    HasDotdot "hasDotdot",
    HasDotgit "hasDotgit",
    LargePathname "largePathname",
    MissingAuthor "missingAuthor",
    MissingCommitter "missingCommitter",
    MissingEmail "missingEmail",
    MissingNameBeforeEmail "missingNameBeforeEmail",
    MissingObject "missingObject",
    MissingSpaceBeforeDate "missingSpaceBeforeDate",
    MissingSpaceBeforeEmail "missingSpaceBeforeEmail",
    MissingTagEntry "missingTagEntry",
    MissingTree "missingTree",
    MissingTypeEntry "missingTypeEntry",
    MultipleAuthors "multipleAuthors",
    NulInCommit "nulInCommit",
    NulInHeader "nulInHeader",
    NullSha1 "nullSha1",
    TreeNotSorted "treeNotSorted",
    UnterminatedHeader "unterminatedHeader",
    ZeroPaddedDate "zeroPaddedDate",
    ZeroPaddedFilemode "zeroPaddedFilemode",
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of kinds of fault: those that are let pass, as `receive.fsck.<msg-id> = ignore` lets them.
///
/// Without what cannot be read an object is refused whatever the set says: a commit has to name its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MsgIds(u64);

impl MsgIds {
    /// No kind of fault.
    pub const NONE: Self = Self(0);

    /// These kinds.
    pub const fn of(msg_ids: &[MsgId]) -> Self {
        let mut set = 0;
        let mut rest = msg_ids;
        while let Some((first, tail)) = rest.split_first() {
            set |= 1 << (*first as u8);
            rest = tail;
        }
        Self(set)
    }

    /// Whether a kind is among them.
    pub const fn contains(self, msg_id: MsgId) -> bool {
        self.0 & (1 << (msg_id as u8)) != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn insert_if(&mut self, is_so: bool, msg_id: MsgId) {
        self.0 |= u64::from(is_so) << (msg_id as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = MsgIds::of(&[MsgId::BadDate, MsgId::ZeroPaddedFilemode]);
        assert!(set.contains(MsgId::BadDate) && set.contains(MsgId::ZeroPaddedFilemode));
        assert!(!set.contains(MsgId::BadDateOverflow) && MsgIds::NONE.is_empty() && !set.is_empty());
    }
}
