//! What a deployment's variables say, and whether it may serve with them. They are read elsewhere.

use std::fmt;

use worker::Url;

use super::api_tokens::ApiTokens;
use super::imports::ALLOW_INSECURE_IMPORT;
use super::{
    ACCOUNT_STORAGE_MAX_BYTES, ACCOUNT_STORAGE_MAX_BYTES_DEFAULT, REPO_STORAGE_MAX_BYTES,
    REPO_STORAGE_MAX_BYTES_DEFAULT,
};

/// The account of local development, and the SHA-256 of its API tokens `dev-edit` and `dev-read`. Everybody knows
/// them, so they open nothing but a loopback address.
const DEVELOPMENT_ACCOUNT_ID: &str = "00000000000000000000000000000000";
const DEVELOPMENT_TOKENS: [&str; 2] = [
    "674cc8e657b766d257fb56bd78b348138572675a693aa6c1b42326dfea428036",
    "ada850d1268585f28940211ce5f231e7b46f3e4ee80c888b8deced9ecb1a5fb1",
];

/// The origins whose pages may call this server from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    Any,
    Only(Vec<String>),
}

/// How much may be stored, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StorageLimits {
    pub(crate) repo_max: u64,
    pub(crate) account_max: u64,
}

/// The deployment's variables, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) account_id: String,
    /// Without a slash at its end.
    public_url: String,
    pub(crate) api_tokens: ApiTokens,
    pub(crate) cors_origins: Origins,
    pub(crate) storage: StorageLimits,
    pub(crate) debug_triggers: bool,
    /// Whether a push may bring commits whose parents the repo does not have, as git's `receive.shallowUpdate`.
    pub(crate) receive_shallow_update: bool,
    /// Whether imports may come over http and from this machine.
    pub(crate) allows_insecure_import: bool,
}

/// Why the deployment does not serve: what to set, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigError {
    Missing { name: &'static str, how: &'static str },
    Malformed { name: &'static str, why: String },
    Development { what: &'static str },
    InsecureImport,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, how } => write!(f, "not configured: {name} is not set; {how}"),
            Self::Malformed { name, why } => write!(f, "not configured: {name} {why}"),
            Self::InsecureImport => write!(
                f,
                "not serving: {ALLOW_INSECURE_IMPORT} is on, which lets callers reach what only this network should, and \
                 this address is not a loopback one; take it out of [vars] in wrangler.toml"
            ),
            Self::Development { what } => write!(
                f,
                "not serving: {what} is the well-known value of local development, and this address is not a loopback \
                 one; set your own with `npm run token`, `wrangler secret put API_TOKENS` and ACCOUNT_ID under [vars] in wrangler.toml"
            ),
        }
    }
}

const ACCOUNT_ID_HOW: &str = "set ACCOUNT_ID = \"<your account id>\" under [vars] in wrangler.toml";
const PUBLIC_URL_HOW: &str =
    "set PUBLIC_URL = \"https://<the host of this Worker>\" under [vars] in wrangler.toml: remotes are built from it";
const API_TOKENS_HOW: &str =
    "make one with `npm run token`, and run `npx wrangler secret put API_TOKENS < api-tokens.json`";

impl Config {
    /// What the variables say, if they can be understood.
    pub(super) fn parse(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let required =
            |name, how| variable(name).filter(|value| !value.is_empty()).ok_or(ConfigError::Missing { name, how });
        Ok(Self {
            account_id: required("ACCOUNT_ID", ACCOUNT_ID_HOW)?,
            public_url: parse_public_url(&required("PUBLIC_URL", PUBLIC_URL_HOW)?)?,
            api_tokens: ApiTokens::parse(&required("API_TOKENS", API_TOKENS_HOW)?)?,
            cors_origins: parse_origins(&variable("CORS_ORIGINS").unwrap_or_default())?,
            storage: StorageLimits {
                repo_max: parse_bytes(
                    REPO_STORAGE_MAX_BYTES,
                    variable(REPO_STORAGE_MAX_BYTES),
                    REPO_STORAGE_MAX_BYTES_DEFAULT,
                )?,
                account_max: parse_bytes(
                    ACCOUNT_STORAGE_MAX_BYTES,
                    variable(ACCOUNT_STORAGE_MAX_BYTES),
                    ACCOUNT_STORAGE_MAX_BYTES_DEFAULT,
                )?,
            },
            debug_triggers: variable("DEBUG_TRIGGERS").as_deref() == Some("on"),
            receive_shallow_update: parse_switch(
                "RECEIVE_SHALLOW_UPDATE",
                variable("RECEIVE_SHALLOW_UPDATE").as_deref(),
            )?,
            allows_insecure_import: parse_switch(ALLOW_INSECURE_IMPORT, variable(ALLOW_INSECURE_IMPORT).as_deref())?,
        })
    }

    /// Refuses what is for local development anywhere but on a loopback address.
    pub(super) fn permit(&self, host: Option<&str>) -> Result<(), ConfigError> {
        let public_url = Url::parse(&self.public_url).ok();
        let local = is_loopback(host) && is_loopback(public_url.as_ref().and_then(Url::host_str));
        let what = if self.account_id == DEVELOPMENT_ACCOUNT_ID {
            "ACCOUNT_ID"
        } else if self.api_tokens.have_any(&DEVELOPMENT_TOKENS) {
            "an API token"
        } else if self.allows_insecure_import {
            return if local { Ok(()) } else { Err(ConfigError::InsecureImport) };
        } else {
            return Ok(());
        };
        if local { Ok(()) } else { Err(ConfigError::Development { what }) }
    }

    /// The address of a repo for Git.
    pub(crate) fn remote(&self, namespace: &str, repo: &str) -> String {
        format!("{}/git/{namespace}/{repo}.git", self.public_url)
    }
}

/// Whether `host` can only be reached from the machine itself.
pub(crate) fn is_loopback(host: Option<&str>) -> bool {
    matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn parse_switch(name: &'static str, value: Option<&str>) -> Result<bool, ConfigError> {
    match value {
        Some("on") => Ok(true),
        None | Some("off") => Ok(false),
        Some(_) => Err(ConfigError::Malformed { name, why: "must be on or off".into() }),
    }
}

fn parse_bytes(name: &'static str, value: Option<String>, default: u64) -> Result<u64, ConfigError> {
    let Some(value) = value else { return Ok(default) };
    value.parse().map_err(|_| ConfigError::Malformed { name, why: "must be a number of bytes".into() })
}

/// Origins apart by commas, as a browser writes them, or `*`.
fn parse_origins(value: &str) -> Result<Origins, ConfigError> {
    let list: Vec<&str> = value.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
    if list == ["*"] {
        return Ok(Origins::Any);
    }
    let origin = |text: &str| {
        let is_origin = Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
        let why = || format!("must be * or origins such as https://app.example, apart by commas: {text} is none");
        if is_origin { Ok(text.to_owned()) } else { Err(ConfigError::Malformed { name: "CORS_ORIGINS", why: why() }) }
    };
    list.into_iter().map(origin).collect::<Result<_, _>>().map(Origins::Only)
}

fn parse_public_url(value: &str) -> Result<String, ConfigError> {
    let malformed = |why: String| ConfigError::Malformed { name: "PUBLIC_URL", why };
    let url = Url::parse(value).map_err(|error| malformed(format!("is not a URL: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") || url.query().is_some() || url.fragment().is_some() {
        return Err(malformed("must be http:// or https:// with a host, without query or fragment".into()));
    }
    Ok(value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
impl Config {
    /// A deployment for tests: account `abc`, API tokens `edit`, `read` and `only-mine`, which is for the
    /// namespace `mine`.
    pub(crate) fn of_tests() -> Self {
        Self {
            account_id: "abc".into(),
            public_url: "https://artifacts.example".into(),
            api_tokens: ApiTokens::of_tests(),
            cors_origins: Origins::Only(Vec::new()),
            storage: StorageLimits {
                repo_max: REPO_STORAGE_MAX_BYTES_DEFAULT,
                account_max: ACCOUNT_STORAGE_MAX_BYTES_DEFAULT,
            },
            debug_triggers: false,
            receive_shallow_update: false,
            allows_insecure_import: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = r#"[{"sha256":"6f1ed002ab5595859014ebf0951522d9bf0c9e7ed4a6bf1d0cbcdf4f4bf3d0b2","permission":"edit"},
        {"sha256":"ada850d1268585f28940211ce5f231e7b46f3e4ee80c888b8deced9ecb1a5fb0","permission":"read","namespaces":["A"]}]"#;

    fn config(set: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        let defaults = [("ACCOUNT_ID", "abc"), ("PUBLIC_URL", "https://artifacts.example/"), ("API_TOKENS", TOKENS)];
        let find = |name, list: &[(&str, &str)]| {
            list.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Config::parse(|name| find(name, set).or_else(|| find(name, &defaults)))
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_to_set_it() {
        for name in ["ACCOUNT_ID", "PUBLIC_URL", "API_TOKENS"] {
            let error = config(&[(name, "")]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("not configured: {name} is not set; ")), "{error}");
        }
    }

    #[test]
    fn what_is_malformed_is_named_with_the_reason() {
        let why = |name, value| config(&[(name, value)]).unwrap_err().to_string();
        assert!(why("PUBLIC_URL", "artifacts.example").contains("PUBLIC_URL is not a URL"));
        assert!(why("PUBLIC_URL", "ftp://artifacts.example").contains("PUBLIC_URL must be http:// or https://"));
        assert!(why("API_TOKENS", "dev-edit").contains("API_TOKENS is not the JSON"));
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let origins = |value| config(&[("CORS_ORIGINS", value)]).map(|config| config.cors_origins);
        assert_eq!(origins(""), Ok(Origins::Only(Vec::new())));
        assert_eq!(origins("*"), Ok(Origins::Any));
        let two = vec!["https://app.example".to_owned(), "http://localhost:5173".to_owned()];
        assert_eq!(origins("https://app.example, http://localhost:5173"), Ok(Origins::Only(two)));
        for wrong in ["app.example", "https://app.example/", "https://App.example", "https://a.example *", "null"] {
            assert!(origins(wrong).unwrap_err().to_string().contains("CORS_ORIGINS must be * or origins"), "{wrong}");
        }
    }

    #[test]
    fn storage_limits_are_the_documented_ones_unless_a_number_says_otherwise() {
        let storage = config(&[]).unwrap().storage;
        assert_eq!((storage.repo_max, storage.account_max), (10_000_000_000, 1_000_000_000_000));
        assert_eq!(config(&[("REPO_STORAGE_MAX_BYTES", "5")]).unwrap().storage.repo_max, 5);
        let error = config(&[("ACCOUNT_STORAGE_MAX_BYTES", "1 TB")]).unwrap_err().to_string();
        assert_eq!(error, "not configured: ACCOUNT_STORAGE_MAX_BYTES must be a number of bytes");
    }

    #[test]
    fn a_remote_is_built_from_the_public_url() {
        assert_eq!(config(&[]).unwrap().remote("ns", "Repo"), "https://artifacts.example/git/ns/Repo.git");
    }

    #[test]
    fn development_credentials_serve_only_a_loopback_address_that_is_called_one() {
        let local = [("PUBLIC_URL", "http://localhost:8787"), ("ACCOUNT_ID", DEVELOPMENT_ACCOUNT_ID)];
        let refused = Err(ConfigError::Development { what: "ACCOUNT_ID" });
        assert_eq!(config(&local).unwrap().permit(Some("127.0.0.1")), Ok(()));
        assert_eq!(config(&local).unwrap().permit(Some("[::1]")), Ok(()));
        assert_eq!(config(&local).unwrap().permit(Some("artifacts.example")), refused);
        assert_eq!(config(&local).unwrap().permit(None), refused);
        assert_eq!(config(&local[1..]).unwrap().permit(Some("localhost")), refused);
        assert_eq!(config(&[]).unwrap().permit(Some("artifacts.example")), Ok(()));
    }

    #[test]
    fn the_well_known_tokens_are_known() {
        for (token, hash) in ["dev-edit", "dev-read"].iter().zip(DEVELOPMENT_TOKENS) {
            assert_eq!(hex::encode(crate::token::sha256(token.as_bytes())), hash);
            let tokens = format!(r#"[{{"sha256":"{hash}","permission":"edit"}}]"#);
            let refused = Err(ConfigError::Development { what: "an API token" });
            assert_eq!(config(&[("API_TOKENS", &tokens)]).unwrap().permit(Some("localhost")), refused);
        }
    }

    #[test]
    fn shallow_updates_are_received_only_when_they_are_said_to_be() {
        let received = |value| config(&[("RECEIVE_SHALLOW_UPDATE", value)]).map(|config| config.receive_shallow_update);
        assert!(!config(&[]).unwrap().receive_shallow_update);
        assert_eq!((received("off"), received("on")), (Ok(false), Ok(true)));
        let error = received("true").unwrap_err().to_string();
        assert_eq!(error, "not configured: RECEIVE_SHALLOW_UPDATE must be on or off");
    }

    #[test]
    fn debug_triggers_are_on_only_when_they_are_said_to_be() {
        assert!(!config(&[]).unwrap().debug_triggers);
        assert!(!config(&[("DEBUG_TRIGGERS", "1")]).unwrap().debug_triggers);
        assert!(config(&[("DEBUG_TRIGGERS", "on")]).unwrap().debug_triggers);
    }
}
