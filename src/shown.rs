//! What callers see of repos and tokens, whichever way they ask.

use serde::Serialize;

use crate::config::Config;
use crate::ops::create_repo::CreatedRepo;
use crate::ops::create_token::CreatedToken;
use crate::ops::fork::Forked;
use crate::repo::call::{RepoInfo, Scope, Status, TokenInfo, TokenState};
use crate::time::iso;

/// A repo.
#[derive(Debug, Serialize)]
pub(crate) struct Repo<'a> {
    id: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    default_branch: &'a str,
    created_at: String,
    updated_at: String,
    last_push_at: Option<String>,
    source: Option<&'a str>,
    read_only: bool,
    remote: String,
    status: Status,
    size: u64,
    shallow: bool,
}

impl<'a> Repo<'a> {
    pub(crate) fn of(config: &Config, info: &'a RepoInfo) -> Self {
        Self {
            id: &info.repo_id,
            name: &info.name,
            description: info.description.as_deref(),
            default_branch: &info.default_branch,
            created_at: iso(info.created_at),
            updated_at: iso(info.updated_at),
            last_push_at: info.last_push_at.map(iso),
            source: info.source.as_deref(),
            read_only: info.read_only,
            remote: config.remote(&info.namespace, &info.name),
            status: info.status,
            size: info.size,
            shallow: info.shallow,
        }
    }
}

/// A repo that was just made: the one time that its token is shown.
#[derive(Debug, Serialize)]
pub(crate) struct NewRepo<'a> {
    id: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    default_branch: &'a str,
    remote: String,
    token: &'a str,
}

impl<'a> NewRepo<'a> {
    pub(crate) fn of(config: &Config, CreatedRepo { info, token }: &'a CreatedRepo) -> Self {
        Self {
            id: &info.repo_id,
            name: &info.name,
            description: info.description.as_deref(),
            default_branch: &info.default_branch,
            remote: config.remote(&info.namespace, &info.name),
            token: &token.plaintext,
        }
    }
}

/// A fork that was just made.
#[derive(Debug, Serialize)]
pub(crate) struct NewFork<'a> {
    #[serde(flatten)]
    created: NewRepo<'a>,
    objects: u64,
}

impl<'a> NewFork<'a> {
    pub(crate) fn of(config: &Config, Forked { created, n_objects, .. }: &'a Forked) -> Self {
        Self { created: NewRepo::of(config, created), objects: *n_objects }
    }
}

/// A token.
#[derive(Debug, Serialize)]
pub(crate) struct Token<'a> {
    id: &'a str,
    scope: Scope,
    state: TokenState,
    created_at: String,
    expires_at: String,
}

impl<'a> Token<'a> {
    pub(crate) fn of(info: &'a TokenInfo) -> Self {
        Self {
            id: &info.id,
            scope: info.scope,
            state: info.state,
            created_at: iso(info.created_at),
            expires_at: iso(info.expires_at),
        }
    }
}

/// A token that was just made: the one time that it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct NewToken<'a> {
    id: &'a str,
    plaintext: &'a str,
    scope: Scope,
    expires_at: String,
}

impl<'a> NewToken<'a> {
    pub(crate) fn of(CreatedToken { plaintext, kept }: &'a CreatedToken) -> Self {
        Self { id: &kept.id, plaintext, scope: kept.scope, expires_at: iso(kept.expires_at) }
    }
}
