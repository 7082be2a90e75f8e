//! A remote's own words, fit to be shown to somebody else.

use core::fmt;

/// What stands at the end of words that are cut.
const CUT: &str = "...";

/// One line of a remote's words: no control characters, no line breaks, and not at length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteText(String);

impl RemoteText {
    /// The words in `text` in at most `len_max` bytes. Line breaks and tabs become spaces, at both ends nothing; other
    /// printable ASCII stays as it is. What is not UTF-8 is replaced, and characters that show nothing or turn the
    /// direction of others are left out: with them words could look like what they are not.
    pub fn clean(text: &[u8], len_max: usize) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut cleaned = String::new();
        for c in text.trim_matches(is_break).chars() {
            match c {
                c if is_break(c) => cleaned.push(' '),
                c if c.is_control() || is_invisible(c) => {}
                c => cleaned.push(c),
            }
            if cleaned.len() > len_max {
                let cut = CUT.get(..len_max).unwrap_or(CUT);
                cleaned.truncate(cleaned.floor_char_boundary(len_max.saturating_sub(cut.len())));
                cleaned.push_str(cut);
                break;
            }
        }
        Self(cleaned)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RemoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t')
}

/// Without width, separators of lines, marks of direction.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str, len_max: usize) -> String {
        RemoteText::clean(text.as_bytes(), len_max).to_string()
    }

    #[test]
    fn printable_ascii_stays_as_it_is() {
        let printable: String = (b' '..=b'~').map(char::from).collect();
        assert_eq!(clean(&printable, 95), printable);
    }

    #[test]
    fn what_could_deceive_is_left_out() {
        assert_eq!(clean("\x1b[31mred\x07\x7f\u{9b}", 99), "[31mred");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", 99), "abcd");
        assert_eq!(RemoteText::clean(b"a\xffb", 99).as_str(), "a\u{fffd}b");
    }

    #[test]
    fn it_is_one_line() {
        assert_eq!(clean("\nnot our ref\r\nsee\tthere\n\n", 99), "not our ref  see there");
    }

    #[test]
    fn it_is_never_longer_than_allowed_and_says_where_it_is_cut() {
        assert_eq!(clean("0123456789", 10), "0123456789");
        assert_eq!(clean("0123456789a", 10), "0123456...");
        assert_eq!(clean("ääää", 7), "ää...");
        assert_eq!(clean("ääää", 6), "ä...");
        assert_eq!((clean("0123", 2), clean("0123", 0)), ("..".to_owned(), String::new()));
    }
}
