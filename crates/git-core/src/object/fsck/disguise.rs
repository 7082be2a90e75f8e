//! Names that a file system takes for another: `.git` and git's own files. Source: `is_ntfs_dotgit`, `is_ntfs_dot_generic`
//! in git's path.c, `is_hfs_dot_generic` in its utf8.c.

/// A file that git reads for what it says.
pub(super) struct OwnFile {
    /// Its name without the dot.
    name: &'static str,
    /// How its short name on NTFS begins when `name` does not do.
    short: &'static str,
}

pub(super) const GITMODULES: OwnFile = OwnFile { name: "gitmodules", short: "gi7eba" };
pub(super) const GITATTRIBUTES: OwnFile = OwnFile { name: "gitattributes", short: "gi7d29" };

/// Whether any disguise can begin so: almost every name is settled by its first byte. A dot, a `g`, a tilde, or the start of
/// a character that HFS+ ignores.
pub(super) fn may_be_disguised(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'.' | b'g' | b'G' | b'~' | 0xe2 | 0xef))
}

/// Whether some file system takes the name for `.git`.
pub(super) fn is_dotgit(name: &[u8]) -> bool {
    is_ntfs_dotgit(name) || is_hfs_dot(name, "git")
}

/// NTFS ignores case, dots and spaces at the end, what follows a colon, and knows `.git` as `git~1` too.
pub(super) fn is_ntfs_dotgit(name: &[u8]) -> bool {
    let rest = strip_prefix_ignoring_case(name, ".git").or_else(|| strip_prefix_ignoring_case(name, "git~1"));
    rest.is_some_and(|rest| {
        let after = rest.iter().find(|byte| !matches!(byte, b'.' | b' '));
        matches!(after, None | Some(b'\\' | b'/' | b':'))
    })
}

impl OwnFile {
    /// Whether some file system takes the name for this file.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.is_ntfs(name) || is_hfs_dot(name, self.name)
    }

    /// NTFS has short names too: six characters, a tilde and a number below five, or a hash in the place of most of it.
    pub(super) fn is_ntfs(&self, name: &[u8]) -> bool {
        let written_out = name.strip_prefix(b".").and_then(|rest| strip_prefix_ignoring_case(rest, self.name));
        let six = self.name.get(..6).unwrap_or(self.name);
        let numbered = || match strip_prefix_ignoring_case(name, six) {
            Some([b'~', b'1'..=b'4', rest @ ..]) => Some(rest),
            _ => None,
        };
        let rest = written_out.or_else(numbered).or_else(|| strip_hashed(name, self.short));
        rest.is_some_and(|rest| {
            let after = rest.iter().find(|byte| !matches!(byte, b'.' | b' '));
            matches!(after, None | Some(b':'))
        })
    }
}

/// What follows the eight characters of a name that begins as `short` does, up to a tilde, and goes on with a number.
fn strip_hashed<'a>(name: &'a [u8], short: &str) -> Option<&'a [u8]> {
    let (head, rest) = name.split_at_checked(8)?;
    let tilde = head.iter().position(|&byte| byte == b'~')?;
    let (begin, number) = (head.get(..tilde)?, head.get(tilde + 1..)?);
    let begins = short.as_bytes().get(..tilde)?.eq_ignore_ascii_case(begin);
    let is_number = number.first().is_some_and(|&digit| digit != b'0') && number.iter().all(u8::is_ascii_digit);
    (begins && is_number).then_some(rest)
}

fn strip_prefix_ignoring_case<'a>(name: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

/// HFS+ ignores case and a number of invisible characters. The name may go on after a slash, or with what is no UTF-8.
fn is_hfs_dot(name: &[u8], needle: &str) -> bool {
    let mut rest = name;
    let matches = std::iter::once(b'.')
        .chain(needle.bytes())
        .all(|expected| next_hfs_char(&mut rest).is_some_and(|c| c.to_ascii_lowercase() == char::from(expected)));
    matches && matches!(next_hfs_char(&mut rest), None | Some('/'))
}

/// The next character that HFS+ does not ignore; `None` at the end and where there is no UTF-8.
fn next_hfs_char(rest: &mut &[u8]) -> Option<char> {
    loop {
        let c = next_char(rest)?;
        if !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}') {
            return Some(c);
        }
    }
}

fn next_char(rest: &mut &[u8]) -> Option<char> {
    let len = match rest.first()? {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    };
    let (bytes, tail) = rest.split_at_checked(len)?;
    let c = core::str::from_utf8(bytes).ok()?.chars().next()?;
    *rest = tail;
    // Git takes these two for no characters.
    (!matches!(c, '\u{fffe}' | '\u{ffff}')).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_file_system_takes_for_dot_git_are_known() {
        let names: [&[u8]; 14] = [
            b".git",
            b".GIT",
            b".git.",
            b".git . .",
            b".git:stream",
            b".git\\x",
            b".git./x",
            b"GIT~1",
            b"git~1.",
            ".g\u{200c}it".as_bytes(),
            "\u{feff}.git".as_bytes(),
            ".git\u{206f}".as_bytes(),
            b".git\xff",
            ".git\u{ffff}x".as_bytes(),
        ];
        for name in names {
            assert!(is_dotgit(name) && may_be_disguised(name), "{}", name.escape_ascii());
        }
        let others = [".gitignore", ".gitmodules", "git", "git~2", ".gi", "g\u{200c}it", ".git\u{301}", ".git .x", ""];
        for name in others {
            assert!(!is_dotgit(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_that_a_file_system_takes_for_git_files_are_known() {
        let names = [
            ".gitmodules",
            ".GitModules",
            ".gitmodules .",
            ".gitmodules.:x",
            "gitmod~1",
            "GITMOD~4 .",
            "gi7eba~1",
            "gi7e~123",
            "~1234567",
            "gi7eba~9 ",
            ".git\u{200d}modules",
            ".gitmodules/x",
        ];
        for name in names {
            assert!(GITMODULES.is(name.as_bytes()) && may_be_disguised(name.as_bytes()), "{name}");
        }
        let others = [
            ".gitmodule",
            ".gitmodulesx",
            "gitmodules",
            "gitmod~5",
            "gitmod~",
            "gi7eba~0",
            "gi7eba~",
            "gi7eba1~",
            "gi7d29~1",
            "gi7eba~1x",
            "~01234567",
        ];
        for name in others {
            assert!(!GITMODULES.is(name.as_bytes()), "{name}");
        }
        for name in [".gitattributes", "gitatt~1", "gi7d29~1", "~1234567"] {
            assert!(GITATTRIBUTES.is(name.as_bytes()), "{name}");
        }
    }
}
