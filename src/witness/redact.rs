//! Words for operators, without what opens something: messages repeat what callers wrote.

use crate::config::TOLD_LEN_MAX;
use crate::token::PREFIX as TOKEN_PREFIX;

const HIDDEN: &str = "***";

/// The same words, cut to [`TOLD_LEN_MAX`] bytes, without the secrets of tokens and the passwords of addresses.
pub(super) fn redact(words: &str) -> String {
    let mut told = without_passwords(&without_tokens(words));
    if told.len() > TOLD_LEN_MAX {
        told.truncate(told.floor_char_boundary(TOLD_LEN_MAX));
        told.push('…');
    }
    told
}

/// Whatever follows the prefix of a token is hidden as far as it goes.
fn without_tokens(words: &str) -> String {
    let mut parts = words.split(TOKEN_PREFIX);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str(TOKEN_PREFIX);
        told.push_str(HIDDEN);
        told.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric()));
    }
    told
}

/// `https://user:password@host` is `https://***@host`.
fn without_passwords(words: &str) -> String {
    let mut parts = words.split("://");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str("://");
        let authority_len = part.find(['/', '?', '#', ' ', '"']).unwrap_or(part.len());
        let (authority, rest) = part.split_at(authority_len);
        match authority.rsplit_once('@') {
            Some((_, host)) => told.extend([HIDDEN, "@", host]),
            None => told.push_str(authority),
        }
        told.push_str(rest);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_passwords_are_hidden() {
        let secret = "0123456789abcdef0123456789abcdef01234567";
        let table = [
            (format!("Token not found: art_v1_{secret}?expires=7."), "Token not found: art_v1_***?expires=7."),
            (format!("a art_v1_{secret} b art_v1_{secret}"), "a art_v1_*** b art_v1_***"),
            ("import of https://me:pass@host/a b".into(), "import of https://***@host/a b"),
            (format!("http://x:art_v1_{secret}@host:80"), "http://***@host:80"),
            ("https://host/a@b".into(), "https://host/a@b"),
            ("nothing to hide".into(), "nothing to hide"),
        ];
        for (words, told) in table {
            assert_eq!(redact(&words), told);
        }
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let told = redact(&"é".repeat(TOLD_LEN_MAX));
        assert!(told.len() <= TOLD_LEN_MAX + '…'.len_utf8() && told.ends_with("é…"), "{told}");
    }
}
