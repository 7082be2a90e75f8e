//! The URLs that may be asked: `https`, without credentials, of hosts that everybody can reach.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use worker::Url;

use crate::config::IMPORT_URL_LEN_MAX;

/// The address of a remote repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteUrl {
    url: Url,
}

/// Why a URL is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UrlFault {
    TooLong {
        len: usize,
    },
    NotAUrl(String),
    Scheme(String),
    Credentials,
    Query,
    PrivateHost(String),
    /// Something other than a repository's refs.
    Elsewhere(String),
    /// Where the URL leads cannot be asked.
    Redirect(Box<Self>),
}

/// What stands after a repository's address where its refs are told.
const INFO_REFS: &str = "/info/refs";
const INFO_REFS_QUERY: &str = "service=git-upload-pack";

impl RemoteUrl {
    /// The address that a caller gives. `allows_insecure` lets pass what only tests may ask: `http`, and this machine.
    pub(crate) fn parse(text: &str, allows_insecure: bool) -> Result<Self, UrlFault> {
        if text.len() > IMPORT_URL_LEN_MAX {
            return Err(UrlFault::TooLong { len: text.len() });
        }
        let mut url = Url::parse(text).map_err(|error| UrlFault::NotAUrl(error.to_string()))?;
        check(&url, allows_insecure)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(UrlFault::Query);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url })
    }

    /// Where the answer to [`Self::info_refs`] sends us, by its header `Location`: the address of the repository there, for all
    /// that follows, as git has it.
    pub(crate) fn redirected(&self, location: &str, allows_insecure: bool) -> Result<Self, UrlFault> {
        let base = Url::parse(&self.info_refs()).map_err(|error| UrlFault::NotAUrl(error.to_string()))?;
        let mut url = base.join(location).map_err(|error| UrlFault::NotAUrl(error.to_string()))?;
        check(&url, allows_insecure)?;
        let Some(path) = url.path().strip_suffix(INFO_REFS).map(ToOwned::to_owned) else {
            return Err(UrlFault::Elsewhere(shown(&url)));
        };
        if url.query() != Some(INFO_REFS_QUERY) {
            return Err(UrlFault::Elsewhere(shown(&url)));
        }
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url })
    }

    /// Where its refs are told.
    pub(crate) fn info_refs(&self) -> String {
        format!("{}{INFO_REFS}?{INFO_REFS_QUERY}", self.base())
    }

    /// Where its packs are.
    pub(crate) fn upload_pack(&self) -> String {
        format!("{}/git-upload-pack", self.base())
    }

    /// Where a repo came from, as callers are told: `github:owner/repo`, or `git:` and the URL.
    pub(crate) fn source(&self) -> String {
        let path = self.url.path().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        match self.url.host_str() {
            Some("github.com" | "www.github.com") if path.split('/').count() == 2 => format!("github:{path}"),
            _ => format!("git:{}", self.base()),
        }
    }

    fn base(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base())
    }
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => write!(f, "{len} bytes are too long: {IMPORT_URL_LEN_MAX} at most"),
            Self::NotAUrl(why) => write!(f, "not a URL: {why}"),
            Self::Scheme(scheme) => write!(f, "only https is allowed, not {scheme}"),
            Self::Credentials => f.write_str("must not hold credentials"),
            Self::Query => f.write_str("must not have a query or a fragment"),
            Self::PrivateHost(host) => write!(f, "{host} is not a public host"),
            Self::Elsewhere(url) => write!(f, "{url} is no repository"),
            Self::Redirect(fault) => write!(f, "leads elsewhere: {fault}"),
        }
    }
}

fn check(url: &Url, allows_insecure: bool) -> Result<(), UrlFault> {
    let is_http = allows_insecure && url.scheme() == "http";
    if url.scheme() != "https" && !is_http {
        return Err(UrlFault::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::Credentials);
    }
    let host = url.host_str().unwrap_or_default();
    if is_public(host) || allows_insecure { Ok(()) } else { Err(UrlFault::PrivateHost(host.to_owned())) }
}

/// The URL without what it should not hold.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Whether a host is one that everybody can reach, as far as its name tells. It is as the URL standard writes it: numbers in any
/// base have become dotted decimals.
fn is_public(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(is_public_v6);
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return is_public_v4(address);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if name.split('.').any(str::is_empty) {
        return false;
    }
    let private = ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "test", "invalid", "onion"];
    let is_below = |suffix: &str| name == suffix || name.ends_with(&format!(".{suffix}"));
    name.contains('.') && !private.into_iter().any(is_below)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast();
    // This network, carrier-grade NAT, protocol assignments, relays of 6to4, benchmarks, what is reserved.
    let is_reserved = a == 0
        || a == 100 && (64..128).contains(&b)
        || a == 192 && b == 0 && c == 0
        || a == 192 && b == 88 && c == 99
        || a == 198 && (18..20).contains(&b)
        || a >= 240;
    !is_special && !is_reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [first, second, ..] = address.segments();
    // Documentation, protocol assignments with Teredo and ORCHID, and 6to4: the latter hold addresses of version 4.
    let is_special = match first {
        0x2001 => second == 0xdb8 || second < 0x200,
        0x3fff => second < 0x1000,
        _ => first == 0x2002,
    };
    // Global unicast; NAT64 is outside it.
    first & 0xe000 == 0x2000 && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RemoteUrl, UrlFault> {
        RemoteUrl::parse(text, false)
    }

    #[test]
    fn a_repository_has_its_refs_and_packs_below_its_address() {
        for text in ["https://example.com/a/b.git", "https://EXAMPLE.com/a/b.git/"] {
            let url = parse(text).unwrap();
            assert_eq!(url.to_string(), "https://example.com/a/b.git");
            assert_eq!(url.info_refs(), "https://example.com/a/b.git/info/refs?service=git-upload-pack");
            assert_eq!(url.upload_pack(), "https://example.com/a/b.git/git-upload-pack");
        }
        assert_eq!(parse("https://example.com").unwrap().upload_pack(), "https://example.com/git-upload-pack");
    }

    #[test]
    fn where_a_repo_came_from_is_told_in_short() {
        for (text, source) in [
            ("https://github.com/facebook/react", "github:facebook/react"),
            ("https://github.com/facebook/react.git/", "github:facebook/react"),
            ("https://gitlab.com/group/project.git", "git:https://gitlab.com/group/project.git"),
            ("https://github.com/a/b/c", "git:https://github.com/a/b/c"),
        ] {
            assert_eq!(parse(text).unwrap().source(), source);
        }
    }

    #[test]
    fn only_https_without_credentials_is_asked() {
        assert_eq!(parse("http://example.com/a"), Err(UrlFault::Scheme("http".into())));
        assert_eq!(parse("ssh://example.com/a"), Err(UrlFault::Scheme("ssh".into())));
        assert_eq!(parse("git@github.com:a/b"), Err(UrlFault::NotAUrl("relative URL without a base".into())));
        assert_eq!(parse("https://user@example.com/a"), Err(UrlFault::Credentials));
        assert_eq!(parse("https://:secret@example.com/a"), Err(UrlFault::Credentials));
        assert_eq!(parse("https://example.com/a?b"), Err(UrlFault::Query));
        let long = format!("https://example.com/{}", "a".repeat(2048));
        assert_eq!(parse(&long), Err(UrlFault::TooLong { len: 2068 }));
        assert!(RemoteUrl::parse("http://127.0.0.1:8080/a", true).is_ok());
        assert_eq!(RemoteUrl::parse("ftp://127.0.0.1/a", true), Err(UrlFault::Scheme("ftp".into())));
    }

    #[test]
    fn hosts_that_are_not_public_are_not_asked_in_any_spelling() {
        for host in [
            "localhost",
            "a.localhost",
            "LOCALHOST",
            "printer",
            "nas.local",
            "db.internal",
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "017700000001",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "240.0.0.1",
            "224.0.0.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
            "[2001:db8::1]",
            "localhost.",
            "127.0.0.1..",
            "example..com",
            "192.88.99.1",
            "[2001:20::1]",
            "[3fff::1]",
        ] {
            let refused = parse(&format!("https://{host}/a"));
            assert!(matches!(refused, Err(UrlFault::PrivateHost(_))), "{host}: {refused:?}");
        }
        for host in ["example.com", "1.1.1.1", "[2606:4700::1111]", "xn--bcher-kva.example", "local.example.com"] {
            assert!(parse(&format!("https://{host}/a")).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_redirect_leads_to_the_refs_of_another_address_by_the_same_rules() {
        let url = parse("https://example.com/a").unwrap();
        let to = |location: &str| url.redirected(location, false).map(|url| url.to_string());
        let query = "?service=git-upload-pack";
        assert_eq!(to(&format!("/b.git/info/refs{query}")), Ok("https://example.com/b.git".into()));
        assert_eq!(to(&format!("https://other.example/info/refs{query}")), Ok("https://other.example".into()));
        assert_eq!(to(&format!("http://example.com/a/info/refs{query}")), Err(UrlFault::Scheme("http".into())));
        assert_eq!(to(&format!("//10.0.0.1/a/info/refs{query}")), Err(UrlFault::PrivateHost("10.0.0.1".into())));
        assert_eq!(to(&format!("https://u:p@example.com/a/info/refs{query}")), Err(UrlFault::Credentials));
        assert_eq!(to("/login?next=a"), Err(UrlFault::Elsewhere("https://example.com/login".into())));
        assert_eq!(to("/a/info/refs"), Err(UrlFault::Elsewhere("https://example.com/a/info/refs".into())));
    }
}
