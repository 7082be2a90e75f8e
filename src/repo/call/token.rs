//! A repo's tokens, as they are kept and as they are shown.

use serde::{Deserialize, Serialize};

/// A token to be kept: its hash, never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewToken {
    pub(crate) id: String,
    /// SHA-256 of `art_v1_<40 hex>`, in hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) scope: Scope,
    pub(crate) created_at: u64,
    pub(crate) expires_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    Read,
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenState {
    Active,
    Expired,
    Revoked,
}

/// A token as the REST API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenInfo {
    pub(crate) id: String,
    pub(crate) scope: Scope,
    pub(crate) state: TokenState,
    pub(crate) created_at: u64,
    pub(crate) expires_at: u64,
}

/// Asks for one page of tokens, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListTokens {
    /// The incarnation whose tokens they are to be; any, if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repo_id: Option<String>,
    pub(crate) state: Option<TokenState>,
    pub(crate) per_page: u32,
    pub(crate) page: u32,
}

/// A page of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenPage {
    pub(crate) tokens: Vec<TokenInfo>,
    pub(crate) total_count: u64,
}
