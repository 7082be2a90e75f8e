//! Makes a token: first in the namespace's map, so that no token works that could not be revoked, then in the repo.

use crate::durable::Failure;
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::namespace::call::{MappedToken, TokenRepo};
use crate::objects::Objects;
use crate::ops::get_repo::get_repo;
use crate::random;
use crate::repo::call::{NewToken, Scope};
use crate::token::TokenSecret;

/// A token as it is shown once, and as it is kept.
#[derive(Debug)]
pub(crate) struct CreatedToken {
    /// The full token.
    pub(crate) plaintext: String,
    pub(crate) kept: NewToken,
}

/// A new token with an id and a secret of its own.
pub(crate) fn mint(now: u64, scope: Scope, ttl_seconds: u64) -> Result<CreatedToken, Failure> {
    let secret = TokenSecret::generate()?;
    let expires_at = now + ttl_seconds * 1000;
    let kept = NewToken { id: random::id()?, sha256: secret.sha256(), scope, created_at: now, expires_at };
    Ok(CreatedToken { plaintext: secret.full(expires_at), kept })
}

/// Makes a token for a repo that exists.
pub(crate) async fn create_token(
    objects: &impl Objects,
    now: u64,
    namespace: &NamespaceName,
    repo: &RepoName,
    (scope, ttl_seconds): (Scope, u64),
) -> Result<CreatedToken, Error> {
    let info = get_repo(objects, namespace, repo).await?;
    let token = mint(now, scope, ttl_seconds)?;
    objects.namespace(namespace)?.map_token(mapped(&token.kept, &info.name, &info.repo_id)).await?;
    let added = objects.repo(namespace, repo)?.add_token(info.repo_id, token.kept.clone()).await?;
    added.map_err(|refusal| Error::Refused { repo: repo.to_string(), refusal })?;
    Ok(token)
}

/// The token as the namespace's map keeps it.
pub(crate) fn mapped(token: &NewToken, repo: &str, repo_id: &str) -> MappedToken {
    let repo = TokenRepo { name: repo.to_owned(), repo_id: repo_id.to_owned() };
    MappedToken { token_id: token.id.clone(), repo, expires_at: token.expires_at }
}
