//! Words for operators, without what opens something: they repeat what callers and other servers wrote.

const HIDDEN: &str = "***";

/// What the secrets of tokens stand behind: those of repos and of the API.
const PREFIXES: [&str; 2] = ["art_v1_", "art_api_"];

/// The same words without the secrets of tokens, in whatever case and however often percent-encoded, and the passwords of addresses.
pub(crate) fn redact(words: &str) -> String {
    without_passwords(&without_tokens(words))
}

/// Whatever follows the prefix of a token is hidden as far as it goes.
fn without_tokens(words: &str) -> String {
    let (mut told, mut rest) = (String::with_capacity(words.len()), words);
    while let Some(first) = rest.chars().next() {
        if let Some(len) = prefix_len(rest) {
            let (prefix, secret) = rest.split_at(len);
            told.extend([prefix, HIDDEN]);
            rest = secret.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        } else {
            told.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    told
}

/// How long the prefix of a token is that these words begin with.
fn prefix_len(words: &str) -> Option<usize> {
    PREFIXES.iter().find_map(|prefix| {
        let mut rest = words;
        for letter in prefix.chars() {
            rest = match letter {
                '_' => after_underscore(rest)?,
                letter => {
                    let first = rest.chars().next().filter(|first| first.eq_ignore_ascii_case(&letter))?;
                    rest.get(first.len_utf8()..)?
                }
            };
        }
        Some(words.len() - rest.len())
    })
}

/// What follows `_`, or `%5F`, or that with its `%` encoded once or more.
fn after_underscore(words: &str) -> Option<&str> {
    if let Some(rest) = words.strip_prefix('_') {
        return Some(rest);
    }
    let mut rest = words.strip_prefix('%')?;
    while let Some(inner) = rest.strip_prefix("25") {
        rest = inner;
    }
    rest.strip_prefix("5F").or_else(|| rest.strip_prefix("5f"))
}

/// `https://user:password@host` is `https://***@host`, whatever the password is made of.
fn without_passwords(words: &str) -> String {
    let mut parts = words.split("://");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str("://");
        let len = part.find([' ', '"', '\'']).unwrap_or(part.len());
        let (address, rest) = part.split_at(len);
        match address.rsplit_once('@') {
            Some((_, host)) => told.extend([HIDDEN, "@", host]),
            None => told.push_str(address),
        }
        told.push_str(rest);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::PREFIX;

    #[test]
    fn tokens_and_passwords_are_hidden() {
        let secret = "0123456789abcdef0123456789abcdef01234567";
        let table = [
            (format!("Token not found: art_v1_{secret}?expires=7."), "Token not found: art_v1_***?expires=7."),
            (format!("a art_v1_{secret} b art_api_{secret}"), "a art_v1_*** b art_api_***"),
            (format!("ART_V1_{secret} art%5Fv1%5f{secret}"), "ART_V1_*** art%5Fv1%5f***"),
            (format!("art%255Fv1%25255F{secret}%ff"), "art%255Fv1%25255F***%ff"),
            ("import of https://me:pass@host/a b@c".into(), "import of https://***@host/a b@c"),
            ("https://u:pa/ss@host".into(), "https://***@host"),
            (format!("http://x:art_v1_{secret}@host:80"), "http://***@host:80"),
            ("https://host/a".into(), "https://host/a"),
            ("nothing to hide: é art_v2_x art".into(), "nothing to hide: é art_v2_x art"),
        ];
        for (words, told) in table {
            assert_eq!(redact(&words), told);
        }
        assert!(PREFIXES.contains(&PREFIX));
    }
}
