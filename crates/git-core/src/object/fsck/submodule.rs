//! What a `.gitmodules` must not say, because git would run it or write where it must not. Source: `fsck_gitmodules_fn` in
//! git's fsck.c, `check_submodule_name` and `check_submodule_url` in its submodule-config.c.

use super::url::decodes_to_a_newline;
use super::{Fault, MsgId, MsgIds, url};

/// Checks one variable.
pub(super) fn check_variable(variable: &[u8], value: Option<&[u8]>, let_pass: MsgIds) -> Result<(), Fault> {
    let Some((name, key)) = split(variable) else { return Ok(()) };
    let refuse = |is_so: bool, msg_id, what, chosen| {
        if is_so && !let_pass.contains(msg_id) { Err(Fault::of(msg_id, what, chosen)) } else { Ok(()) }
    };
    refuse(!is_name(name), MsgId::GitmodulesName, "disallowed submodule name", name)?;
    let Some(value) = value else { return Ok(()) };
    match key {
        b"url" => refuse(!is_url(value), MsgId::GitmodulesUrl, "disallowed submodule url", value),
        b"path" => refuse(is_option(value), MsgId::GitmodulesPath, "disallowed submodule path", value),
        b"update" => {
            let runs_a_command = value.starts_with(b"!");
            refuse(runs_a_command, MsgId::GitmodulesUpdate, "disallowed submodule update setting", value)
        }
        _ => Ok(()),
    }
}

/// Name and key of `submodule.<name>.<key>`.
fn split(variable: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = variable.strip_prefix(b"submodule.")?;
    let dot = rest.iter().rposition(|&byte| byte == b'.')?;
    Some((rest.get(..dot)?, rest.get(dot + 1..)?))
}

/// It becomes a folder below `.git/modules`.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..")
}

fn is_option(value: &[u8]) -> bool {
    value.starts_with(b"-")
}

fn is_url(value: &[u8]) -> bool {
    if is_option(value) {
        return false;
    }
    let (n_up, rest) = relative(value);
    if n_up.is_some() || value.starts_with(b"git://") {
        let escapes = n_up.is_some_and(|n_up| n_up > 0) && matches!(rest.first(), Some(b':' | b'/'));
        return !decodes_to_a_newline(value) && !escapes;
    }
    let by_helper = [&b"http::"[..], b"https::", b"ftp::", b"ftps::"];
    let direct = [&b"http://"[..], b"https://", b"ftp://", b"ftps://"];
    let for_curl = by_helper.iter().find_map(|prefix| value.strip_prefix(*prefix));
    let for_curl = for_curl.or_else(|| direct.iter().any(|prefix| value.starts_with(prefix)).then_some(value));
    for_curl.is_none_or(url::is_without_newline)
}

/// How many `../` a relative URL begins with, among `./`, and what follows; no number when it is not relative.
fn relative(value: &[u8]) -> (Option<usize>, &[u8]) {
    let (mut n_up, mut rest) = (None, value);
    loop {
        let (n, tail) = match rest {
            [b'.', b'.', b'/' | b'\\', tail @ ..] => (1, tail),
            [b'.', b'/' | b'\\', tail @ ..] => (0, tail),
            _ => return (n_up, rest),
        };
        n_up = Some(n_up.unwrap_or(0) + n);
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variable: &str, value: &str) -> Option<String> {
        let checked = check_variable(variable.as_bytes(), Some(value.as_bytes()), MsgIds::NONE);
        checked.err().map(|fault| fault.to_string())
    }

    #[test]
    fn names_must_not_climb() {
        for name in ["../x", "x/..", "x/../y", "..\\x", "..", ""] {
            let said = format!("gitmodulesName: disallowed submodule name: {name}");
            assert_eq!(check(&format!("submodule.{name}.path"), "x"), Some(said));
        }
        for name in ["x", "x..y", "...", "x/..y", "a.b"] {
            assert_eq!(check(&format!("submodule.{name}.path"), "x"), None, "{name}");
        }
        assert_eq!(check("submodule.url", "-x"), None);
        assert_eq!(check("other...url", "-x"), None);
    }

    #[test]
    fn paths_and_urls_must_be_no_options_and_updates_no_commands() {
        let said = |what: &str, value: &str| Some(format!("{what}: {value}"));
        assert_eq!(check("submodule.a.path", "-x"), said("gitmodulesPath: disallowed submodule path", "-x"));
        assert_eq!(check("submodule.a.url", "--x"), said("gitmodulesUrl: disallowed submodule url", "--x"));
        let update = "gitmodulesUpdate: disallowed submodule update setting";
        assert_eq!(check("submodule.a.update", "!rm -rf x"), said(update, "!rm -rf x"));
        assert_eq!(check("submodule.a.update", "none"), None);
        assert_eq!(check("submodule.a.branch", "-x"), None);
        assert_eq!(check_variable(b"submodule.a.url", None, MsgIds::NONE), Ok(()));
    }

    #[test]
    fn urls_must_not_leave_their_place_nor_bring_a_line_of_their_own() {
        let bad = [
            "../../:x",
            "..//x",
            ".././/x",
            "..\\/x",
            "./%0ahost",
            "../x%0A",
            "git://h/%0a",
            "https://h/%0ax",
            "https:///x",
            "http::x",
            "https::https://h/%0A",
            "https://h/a\nb",
        ];
        for url in bad {
            assert!(check("submodule.a.url", url).is_some(), "{url}");
        }
        let good = [
            "../x",
            "./x",
            "./%250a",
            "/x",
            "x:y",
            "git@h:x",
            "ssh://h/%0a",
            "https://h/x",
            "https::https://h/x",
            "https://h/%0a/../x",
            ".//x",
        ];
        for url in good {
            assert_eq!(check("submodule.a.url", url), None, "{url}");
        }
    }

    #[test]
    fn what_is_shown_of_a_name_fits_a_line() {
        let long = check("submodule.a.url", &format!("-\n{}", "x".repeat(5000))).unwrap();
        assert!(long.ends_with(&format!("-?{}", "x".repeat(198))) && long.len() < 260);
    }
}
