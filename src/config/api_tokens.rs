//! The API tokens that a deployment accepts: the JSON of the secret `API_TOKENS`. `npm run token` writes it.

use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::deployment::ConfigError;
use crate::names::NamespaceName;
use crate::token::sha256;

/// What an API token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Permission {
    Read,
    Edit,
}

/// An API token that the deployment accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiToken {
    sha256: [u8; 32],
    pub(crate) permission: Permission,
    /// Keys of the namespaces that it opens; absent: all of them.
    pub(crate) namespaces: Option<Vec<String>>,
}

/// All of them, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiTokens(Vec<ApiToken>);

/// As it is written. A field that is unknown is an error: `namespaces` misspelt would open all of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sha256: String,
    permission: Permission,
    namespaces: Option<Vec<String>>,
    /// For whoever keeps the list.
    #[serde(rename = "name")]
    _name: Option<String>,
}

impl ApiTokens {
    /// The tokens that the secret lists.
    pub(super) fn parse(secret: &str) -> Result<Self, ConfigError> {
        // Anybody may see this, so it says where and nothing of what stands there.
        let unexpected = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            malformed(format!("is not the JSON that is expected, at line {line} column {column}"))
        };
        let entries: Vec<Entry> = serde_json::from_str(secret).map_err(unexpected)?;
        if entries.is_empty() {
            return Err(malformed("lists no token: npm run token makes one".into()));
        }
        entries.into_iter().enumerate().map(token).collect::<Result<_, _>>().map(Self)
    }

    /// The API token that `token` is. All are compared, each to its end: the time tells nothing.
    pub(crate) fn find(&self, token: &str) -> Option<&ApiToken> {
        let hash = sha256(token.as_bytes());
        self.0.iter().fold(None, |found, token| if token.sha256.ct_eq(&hash).into() { Some(token) } else { found })
    }

    /// Whether one of them has one of these hashes, in hexadecimal digits.
    pub(super) fn have_any(&self, sha256s: &[&str]) -> bool {
        self.0.iter().any(|token| sha256s.contains(&hex::encode(token.sha256).as_str()))
    }
}

fn token((index, entry): (usize, Entry)) -> Result<ApiToken, ConfigError> {
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&entry.sha256, &mut sha256)
        .map_err(|_| malformed(format!("has no 64 hexadecimal digits as sha256 of entry {index}")))?;
    let key = |name: String| {
        let name = NamespaceName::parse(&name);
        name.map(|name| name.key()).ok_or_else(|| malformed(format!("has no namespace's name in entry {index}")))
    };
    let namespaces = entry.namespaces.map(|names| names.into_iter().map(key).collect()).transpose()?;
    Ok(ApiToken { sha256, permission: entry.permission, namespaces })
}

fn malformed(why: String) -> ConfigError {
    ConfigError::Malformed { name: "API_TOKENS", why }
}

#[cfg(test)]
impl ApiTokens {
    /// `edit`, `read`, and `only-mine` for the namespace `mine`.
    pub(super) fn of_tests() -> Self {
        let token =
            |text: &str, permission, namespaces| ApiToken { namespaces, ..ApiToken::of_tests(text, permission) };
        Self(vec![
            token("edit", Permission::Edit, None),
            token("read", Permission::Read, None),
            token("only-mine", Permission::Edit, Some(vec!["mine".into()])),
        ])
    }
}

#[cfg(test)]
impl ApiToken {
    /// A token for all namespaces.
    pub(crate) fn of_tests(text: &str, permission: Permission) -> Self {
        Self { sha256: sha256(text.as_bytes()), permission, namespaces: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(tokens: &[(&str, &str)]) -> String {
        let entry = |(token, fields): &(&str, &str)| {
            format!(r#"{{"sha256":"{}",{fields}}}"#, hex::encode(sha256(token.as_bytes())))
        };
        format!("[{}]", tokens.iter().map(entry).collect::<Vec<_>>().join(","))
    }

    fn why(secret: &str) -> String {
        ApiTokens::parse(secret).unwrap_err().to_string()
    }

    #[test]
    fn a_token_is_found_by_its_hash_with_permission_and_namespaces_without_case() {
        let secret = list(&[
            ("one", r#""permission":"edit""#),
            ("two", r#""permission":"read","namespaces":["A"],"name":"for CI""#),
        ]);
        let tokens = ApiTokens::parse(&secret).unwrap();
        let found = |text| tokens.find(text).map(|token| (token.permission, token.namespaces.clone()));
        assert_eq!(found("one"), Some((Permission::Edit, None)));
        assert_eq!(found("two"), Some((Permission::Read, Some(vec!["a".into()]))));
        assert_eq!(found("Two"), None);
    }

    #[test]
    fn a_list_that_would_open_more_or_less_than_was_meant_is_refused() {
        assert!(why("[]").contains("API_TOKENS lists no token: npm run token"));
        assert!(
            why(&list(&[("a", r#""permission":"edit","namespace":["a"]"#)])).contains("API_TOKENS is not the JSON")
        );
        assert!(why(&list(&[("a", r#""permission":"admin""#)])).contains("API_TOKENS is not the JSON"));
        assert!(why(r#"[{"sha256":"00","permission":"edit"}]"#).contains("sha256 of entry 0"));
        let second = list(&[("a", r#""permission":"edit""#), ("b", r#""permission":"edit","namespaces":["a b"]"#)]);
        assert!(why(&second).contains("no namespace's name in entry 1"));
    }

    #[test]
    fn what_is_malformed_in_a_secret_is_not_repeated() {
        for secret in [r#"["the-token"]"#, r#""the-token""#, r#"[{"sha256":"the-token","permission":"edit"}]"#] {
            assert!(!why(secret).contains("the-token"), "{secret}");
        }
    }
}
