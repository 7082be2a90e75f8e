//! URLs that git hands to curl: whether one is well-formed, and whether it brings a newline. Source: `url_normalize_1` in
//! git's urlmatch.c, `url_decode` in its url.c.

/// Whether the URL is one that git can bring into its normal form, and holds no newline in it, escaped or not.
pub(super) fn is_without_newline(url: &[u8]) -> bool {
    newline_in_normal(url) == Some(false)
}

/// Whether decoding the escapes of a URL, each once, leaves a newline in it. Those of a scheme are none.
pub(super) fn decodes_to_a_newline(url: &[u8]) -> bool {
    let colon = url.iter().position(|&byte| byte == b':').unwrap_or(0);
    let after_scheme = url.get(colon..).unwrap_or_default();
    url.contains(&b'\n') || after_scheme.windows(3).any(|escape| escape.eq_ignore_ascii_case(b"%0a"))
}

/// Whether there is a newline in what may hold one: user, what dots leave of the path, and what follows it. `None` if the
/// URL is malformed.
fn newline_in_normal(url: &[u8]) -> Option<bool> {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-');
    let scheme_len = url.iter().take_while(|byte| is_scheme(byte)).count();
    let (scheme, rest) = url.split_at_checked(scheme_len)?;
    scheme.first().filter(|byte| byte.is_ascii_alphabetic())?;
    let mut rest = rest.strip_prefix(b"://")?;
    let mut is_found = false;
    let is_end_of_host = |byte: &u8| matches!(byte, b'/' | b'?' | b'#');
    let authority = rest.get(..rest.iter().position(is_end_of_host).unwrap_or(rest.len()))?;
    if let Some(at) = authority.iter().position(|&byte| byte == b'@') {
        is_found |= decoded(authority.get(..at)?)?.contains(&b'\n');
        rest = rest.get(at + 1..)?;
    }
    let host_len = rest.iter().position(is_end_of_host).unwrap_or(rest.len());
    let (host, rest) = rest.split_at_checked(host_len)?;
    check_host(host, scheme)?;
    let path_len = rest.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
    let (path, query) = rest.split_at_checked(path_len)?;
    // For each segment of the path, whether it has one.
    let mut segments = Vec::new();
    for segment in path.strip_prefix(b"/").unwrap_or(path).split(|&byte| byte == b'/') {
        let segment = decoded(segment)?;
        match &segment[..] {
            b"." => {}
            b".." => {
                segments.pop()?;
            }
            _ => segments.push(segment.contains(&b'\n')),
        }
    }
    Some(is_found || segments.contains(&true) || decoded(query)?.contains(&b'\n'))
}

/// Host and port.
fn check_host(host: &[u8], scheme: &[u8]) -> Option<()> {
    let is_missing = matches!(host.first(), None | Some(b':'));
    if is_missing && !scheme.eq_ignore_ascii_case(b"file") {
        return None;
    }
    // The colons of an IPv6 address stand before a bracket.
    let colon = host.iter().rposition(|byte| matches!(byte, b':' | b']')).filter(|&at| host.get(at) == Some(&b':'));
    let (name, port) = host.split_at_checked(colon.unwrap_or(host.len()))?;
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b':' | b']');
    if !name.iter().all(is_host) {
        return None;
    }
    let Some(port) = port.strip_prefix(b":") else { return Some(()) };
    if port.is_empty() {
        return Some(());
    }
    if is_missing {
        return None;
    }
    let n_zeros = port.iter().take_while(|&&byte| byte == b'0').count();
    let digits = port.get(n_zeros..)?;
    let number: u32 =
        core::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?.parse().ok()?;
    (1..=65_535).contains(&number).then_some(())
}

/// The text with its escapes decoded; `None` when one is malformed.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let (digits, tail) = tail.split_first_chunk::<2>()?;
            let mut one = [0];
            hex::decode_to_slice(digits, &mut one).ok()?;
            out.push(one[0]);
            rest = tail;
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_urls_are_told_from_malformed_ones() {
        let good = [
            "https://h",
            "HTTPS://u:p@h:443/a/b?q#f",
            "http://[::1]:8080/",
            "http://[::1]",
            "ftp://h:0021/x",
            "http://h:/x",
            "http://u%40@h/%2e/x%20y",
            "file://:/x",
            "http://h/a/../b/./c",
            "http://h//..",
            "http://@h/",
            "http://a_b-c.d/",
        ];
        for url in good {
            assert!(is_without_newline(url.as_bytes()), "{url}");
        }
        let bad = [
            "",
            "h",
            "1http://h",
            "http:/h",
            "http://",
            "http:///x",
            "http://:80/",
            "http://u@/x",
            "http://h h/",
            "http://h%20/",
            "http://h:x/",
            "http://h:0/",
            "http://h:65536/",
            "http://h/%",
            "http://h/%0",
            "http://h/%zz",
            "http://h?%zz",
            "http://%zz@h/",
            "http://h/..",
            "http://h/a/../../b",
            "http://h/%2e%2E/x",
            "file://:80/x",
        ];
        for url in bad {
            assert!(!is_without_newline(url.as_bytes()), "{url}");
        }
    }

    #[test]
    fn a_newline_is_found_wherever_it_stays() {
        for url in ["http://h/%0a", "http://h?%0A", "http://h/a\nb", "http://%0a@h/", "http://h/x#%0a"] {
            assert!(!is_without_newline(url.as_bytes()), "{url}");
        }
        assert!(is_without_newline(b"http://h/%0a/../b"));
        assert!(decodes_to_a_newline(b"./%0A") && decodes_to_a_newline(b"a\nb:c"));
        assert!(!decodes_to_a_newline(b"%0a:x") && !decodes_to_a_newline(b"./%0") && !decodes_to_a_newline(b"./%250a"));
    }
}
