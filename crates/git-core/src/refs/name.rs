//! Names of refs and branches. Source: git-check-ref-format(1), which has the last word on both.

use core::borrow::Borrow;
use core::fmt;

/// The one ref outside `refs/`: a symbolic ref to the default branch.
pub const HEAD: &str = "HEAD";

const REFS: &str = "refs/";
const HEADS: &str = "refs/heads/";

/// A well-formed name under `refs/`, ordered as bytes. Names that are not UTF-8 are not taken, although Git would.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

impl RefName {
    /// Reads a full name of at most `name_len_max` bytes.
    pub fn parse(name: &[u8], name_len_max: usize) -> Result<Self, InvalidRefName> {
        check_len(name, name_len_max)?;
        let name = core::str::from_utf8(name).map_err(|_| InvalidRefName::NotUtf8)?;
        if !name.starts_with(REFS) {
            return Err(InvalidRefName::OutsideRefs);
        }
        check_format(name)?;
        Ok(Self(name.to_owned()))
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only one component follows `refs/`, as in `refs/stash`: such a ref can be deleted by a push but not made.
    pub fn is_one_level(&self) -> bool {
        !self.below_refs().contains('/')
    }

    /// Whether the part after `refs/` is a name of its own: `refs/@` is well-formed and `@` is not, and pushes look at both.
    pub(super) fn is_funny(&self) -> bool {
        self.below_refs() == "@"
    }

    fn below_refs(&self) -> &str {
        self.0.strip_prefix(REFS).unwrap_or_default()
    }
}

impl Borrow<str> for RefName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The short name of a branch: `main` for `refs/heads/main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(RefName);

impl BranchName {
    /// Reads a short name as `git check-ref-format --branch` does outside a repository: no `@{-1}`, no leading dash, not
    /// `HEAD`. `name_len_max` is that of the full name.
    pub fn parse(name: &str, name_len_max: usize) -> Result<Self, InvalidRefName> {
        if name.starts_with('-') {
            return Err(InvalidRefName::StartsWithDash);
        }
        if name == HEAD {
            return Err(InvalidRefName::NamedHead);
        }
        RefName::parse(format!("{HEADS}{name}").as_bytes(), name_len_max).map(Self)
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        self.0.0.strip_prefix(HEADS).unwrap_or_default()
    }

    /// The full name.
    pub const fn as_ref_name(&self) -> &RefName {
        &self.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a name is no ref's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidRefName {
    /// Longer than the caller allows, in bytes.
    TooLong {
        /// Its length.
        len: usize,
        /// The most that is allowed.
        len_max: usize,
    },
    /// Not UTF-8.
    NotUtf8,
    /// It does not start with `refs/`.
    OutsideRefs,
    /// Two slashes in a row, or one at the end.
    EmptyComponent,
    /// A component starts with a dot.
    LeadingDot,
    /// A component ends with `.lock`.
    LockSuffix,
    /// The name ends with a dot.
    TrailingDot,
    /// `..`
    DoubleDot,
    /// `@{`
    AtBrace,
    /// A control character, a space or one of `~^:?*[\`.
    ForbiddenByte(u8),
    /// A branch called `-something`.
    StartsWithDash,
    /// A branch called `HEAD`.
    NamedHead,
}

impl fmt::Display for InvalidRefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, len_max } => write!(f, "the name has {len} bytes, more than {len_max}"),
            Self::NotUtf8 => f.write_str("the name is not UTF-8"),
            Self::OutsideRefs => f.write_str("the name does not start with 'refs/'"),
            Self::EmptyComponent => f.write_str("the name has an empty component"),
            Self::LeadingDot => f.write_str("a component of the name starts with '.'"),
            Self::LockSuffix => f.write_str("a component of the name ends with '.lock'"),
            Self::TrailingDot => f.write_str("the name ends with '.'"),
            Self::DoubleDot => f.write_str("the name contains '..'"),
            Self::AtBrace => f.write_str("the name contains '@{'"),
            Self::ForbiddenByte(byte) => write!(f, "the name contains the byte 0x{byte:02x}"),
            Self::StartsWithDash => f.write_str("the name starts with '-'"),
            Self::NamedHead => f.write_str("the name is 'HEAD'"),
        }
    }
}

impl core::error::Error for InvalidRefName {}

fn check_len(name: &[u8], len_max: usize) -> Result<(), InvalidRefName> {
    if name.len() > len_max {
        return Err(InvalidRefName::TooLong { len: name.len(), len_max });
    }
    Ok(())
}

fn check_format(name: &str) -> Result<(), InvalidRefName> {
    for component in name.split('/') {
        if component.is_empty() {
            return Err(InvalidRefName::EmptyComponent);
        }
        if component.starts_with('.') {
            return Err(InvalidRefName::LeadingDot);
        }
        if component.strip_suffix(".lock").is_some() {
            return Err(InvalidRefName::LockSuffix);
        }
    }
    if let Some(byte) = name.bytes().find(|byte| is_forbidden(*byte)) {
        return Err(InvalidRefName::ForbiddenByte(byte));
    }
    if name.contains("..") {
        return Err(InvalidRefName::DoubleDot);
    }
    if name.contains("@{") {
        return Err(InvalidRefName::AtBrace);
    }
    if name.ends_with('.') {
        return Err(InvalidRefName::TrailingDot);
    }
    Ok(())
}

fn is_forbidden(byte: u8) -> bool {
    byte.is_ascii_control() || b" ~^:?*[\\".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Result<RefName, InvalidRefName> {
        RefName::parse(name.as_bytes(), 255)
    }

    #[test]
    fn an_ordinary_name_is_kept_as_it_is() {
        for name in
            ["refs/heads/main", "refs/notes/commits", "refs/tags/v1.0", "refs/stash", "refs/heads/ünï/@", "refs/@"]
        {
            assert_eq!(parse(name).as_ref().map(RefName::as_str), Ok(name));
        }
    }

    #[test]
    fn each_rule_has_its_own_refusal() {
        for (name, reason) in [
            ("HEAD", InvalidRefName::OutsideRefs),
            ("heads/main", InvalidRefName::OutsideRefs),
            ("refs/", InvalidRefName::EmptyComponent),
            ("refs/heads/", InvalidRefName::EmptyComponent),
            ("refs//main", InvalidRefName::EmptyComponent),
            ("refs/heads/.main", InvalidRefName::LeadingDot),
            ("refs/heads/../main", InvalidRefName::LeadingDot),
            ("refs/heads/a..b", InvalidRefName::DoubleDot),
            ("refs/heads/a.lock", InvalidRefName::LockSuffix),
            ("refs/heads/a.lock/b", InvalidRefName::LockSuffix),
            ("refs/heads/a.", InvalidRefName::TrailingDot),
            ("refs/heads/a@{1}", InvalidRefName::AtBrace),
            ("refs/heads/a b", InvalidRefName::ForbiddenByte(b' ')),
            ("refs/heads/a\0", InvalidRefName::ForbiddenByte(0)),
            ("refs/heads/a\x7f", InvalidRefName::ForbiddenByte(0x7f)),
            ("refs/heads/*", InvalidRefName::ForbiddenByte(b'*')),
        ] {
            assert_eq!(parse(name), Err(reason), "{name:?}");
        }
    }

    #[test]
    fn length_is_counted_in_bytes_and_bounded_by_the_caller() {
        assert!(RefName::parse(b"refs/heads/a", 12).is_ok());
        assert_eq!(RefName::parse(b"refs/heads/ab", 12), Err(InvalidRefName::TooLong { len: 13, len_max: 12 }));
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_refused() {
        assert_eq!(RefName::parse(b"refs/heads/\xff", 255), Err(InvalidRefName::NotUtf8));
    }

    #[test]
    fn one_level_below_refs_is_told_apart() {
        assert!(parse("refs/stash").unwrap().is_one_level());
        assert!(!parse("refs/heads/main").unwrap().is_one_level());
    }

    #[test]
    fn a_branch_has_a_short_and_a_full_name() {
        let branch = BranchName::parse("topic/one", 255).unwrap();
        assert_eq!((branch.as_str(), branch.as_ref_name().as_str()), ("topic/one", "refs/heads/topic/one"));
    }

    #[test]
    fn a_branch_is_not_called_head_nor_like_an_option() {
        assert_eq!(BranchName::parse("HEAD", 255), Err(InvalidRefName::NamedHead));
        assert_eq!(BranchName::parse("-b", 255), Err(InvalidRefName::StartsWithDash));
        assert_eq!(BranchName::parse("", 255), Err(InvalidRefName::EmptyComponent));
    }
}
