//! Patterns with `%`, which stands for any text.

/// Whether all of `text` is as the pattern says. There is no escape, and `_` is itself.
pub(crate) fn is_like(text: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('%') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('%').unwrap_or(("", rest));
    // The first place is as good as any: what follows only needs room behind it.
    for part in middle.split('%') {
        let Some((_, behind)) = text.split_once(part) else { return false };
        text = behind;
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percent_sign_stands_for_any_text() {
        for (text, pattern) in [
            ("abc", "abc"),
            ("abc", "%"),
            ("", "%"),
            ("", "%%"),
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "%b%"),
            ("abc", "a%c"),
            ("abc", "abc%"),
            ("abcabd", "%ab%d"),
            ("aXbXc", "a%b%c"),
            ("nänä", "%ä%ä"),
        ] {
            assert!(is_like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [
            ("abc", "ab"),
            ("abc", ""),
            ("abc", "b%"),
            ("abc", "%b"),
            ("aba", "ab%ba"),
            ("abc", "A%"),
            ("abc", "a_c"),
            ("ab", "%b%b"),
        ] {
            assert!(!is_like(text, pattern), "{text} {pattern}");
        }
    }
}
