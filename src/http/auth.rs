//! Who asks: API tokens open the REST API, repo tokens open Git, and neither the other.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::{ApiToken, Config, OPENED_KEPT_MAX, Permission};
use crate::error::Error;
use crate::names::NamespaceName;
use crate::store::cache::Cache;
use crate::token::TokenSecret;

thread_local! {
    /// Hashes of repo tokens that have opened their repo, with its key.
    static OPENED: RefCell<Cache<(String, String), ()>> = RefCell::new(Cache::new(OPENED_KEPT_MAX));
}

/// Notes that a repo token has opened a repo.
pub(crate) fn opened(repo_key: String, token_sha256: String) {
    OPENED.with_borrow_mut(|opened| opened.insert((repo_key, token_sha256), (), 1));
}

/// Whether this isolate remembers that it has: no more is asked of those who ask too often.
pub(crate) fn has_opened(repo_key: String, token_sha256: String) -> bool {
    OPENED.with_borrow_mut(|opened| opened.get(&(repo_key, token_sha256)).is_some())
}

/// The API token of a REST request.
pub(crate) fn api_token<'a>(config: &'a Config, authorization: Option<&str>) -> Result<&'a ApiToken, Error> {
    let token = authorization.and_then(bearer).ok_or(Error::Unauthenticated)?;
    config.api_tokens.find(token).ok_or(Error::Unauthenticated)
}

/// Whether an API token may change anything.
pub(crate) fn may_edit(token: &ApiToken) -> Result<(), Error> {
    match token.permission {
        Permission::Edit => Ok(()),
        Permission::Read => Err(Error::Forbidden("the API token may only read")),
    }
}

/// Whether an API token is for this namespace.
pub(crate) fn covers(token: &ApiToken, namespace: &NamespaceName) -> Result<(), Error> {
    let covered = token.namespaces.as_ref().is_none_or(|keys| keys.contains(&namespace.key()));
    if covered { Ok(()) } else { Err(Error::Forbidden("the API token is for other namespaces")) }
}

/// Whether an API token is for all namespaces.
pub(crate) fn covers_all(token: &ApiToken) -> Result<(), Error> {
    if token.namespaces.is_none() {
        Ok(())
    } else {
        Err(Error::Forbidden("the API token is for some namespaces alone"))
    }
}

/// The repo token of a Git request: Bearer, or Basic with any user name and the token as password.
pub(crate) fn repo_token(authorization: Option<&str>) -> Result<TokenSecret, Error> {
    let authorization = authorization.ok_or(Error::Unauthenticated)?;
    let token = match bearer(authorization) {
        Some(token) => TokenSecret::parse(token),
        None => basic_password(authorization).and_then(|password| TokenSecret::parse(&password)),
    };
    token.ok_or(Error::Unauthenticated)
}

fn bearer(authorization: &str) -> Option<&str> {
    credentials(authorization, "bearer")
}

fn basic_password(authorization: &str) -> Option<String> {
    let decoded = STANDARD.decode(credentials(authorization, "basic")?).ok()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

fn credentials<'a>(authorization: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, credentials) = authorization.trim().split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "art_v1_0123456789abcdef0123456789abcdef01234567";

    fn sha256(authorization: &str) -> Option<String> {
        repo_token(Some(authorization)).ok().map(|token| token.sha256())
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn every_documented_form_of_a_repo_token_is_the_same_token() {
        let wanted = TokenSecret::parse(SECRET).map(|token| token.sha256());
        let forms = [
            format!("Bearer {SECRET}?expires=1"),
            format!("bearer {SECRET}"),
            basic(&format!("x:{SECRET}")),
            basic(&format!("any:{SECRET}?expires=1")),
            basic(&format!(":{SECRET}%3Fexpires%3D1")),
        ];
        for form in forms {
            assert_eq!(sha256(&form), wanted, "{form}");
        }
    }

    #[test]
    fn anything_else_is_no_token() {
        assert!(repo_token(None).is_err());
        for other in ["", "Bearer", "Bearer dev-edit", "Basic !", &basic(SECRET), &format!("Digest {SECRET}")] {
            assert_eq!(sha256(other), None, "{other}");
        }
    }

    #[test]
    fn a_token_that_may_read_does_not_write() {
        let token = |permission| ApiToken::of_tests("token", permission);
        assert_eq!(may_edit(&token(Permission::Edit)), Ok(()));
        assert_eq!(may_edit(&token(Permission::Read)), Err(Error::Forbidden("the API token may only read")));
    }

    #[test]
    fn a_token_for_some_namespaces_opens_no_other() {
        let mut token = ApiToken::of_tests("token", Permission::Edit);
        token.namespaces = Some(vec!["ns".into()]);
        assert_eq!(covers(&token, &NamespaceName::parse("NS").unwrap()), Ok(()));
        assert!(covers(&token, &NamespaceName::parse("other").unwrap()).is_err());
    }
}
