//! Makes a token: first in the namespace's map, so that no token works that could not be revoked, then in the repo.

use crate::durable::Failure;
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::namespace::call::{MappedToken, TokenRepo};
use crate::objects::Objects;
use crate::random;
use crate::repo::call::{NewToken, RepoInfo, Scope};
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

/// Makes a token for a repo that exists, and for no other that its name may have by now.
pub(crate) async fn create_token(
    objects: &impl Objects,
    now: u64,
    namespace: &NamespaceName,
    info: &RepoInfo,
    (scope, ttl_seconds): (Scope, u64),
) -> Result<CreatedToken, Error> {
    let gone = || Error::RepoNotFound(info.name.clone());
    let name = RepoName::parse(&info.name).ok_or_else(gone)?;
    let token = mint(now, scope, ttl_seconds)?;
    objects.namespace(namespace)?.map_token(mapped(&token.kept, &info.name, &info.repo_id)).await?;
    let added = objects.repo(namespace, &name)?.add_token(info.repo_id.clone(), token.kept.clone()).await?;
    added.map_err(|_| gone())?;
    Ok(token)
}

/// The token as the namespace's map keeps it.
pub(crate) fn mapped(token: &NewToken, repo: &str, repo_id: &str) -> MappedToken {
    let repo = TokenRepo { name: repo.to_owned(), repo_id: repo_id.to_owned() };
    MappedToken { token_id: token.id.clone(), repo, expires_at: token.expires_at }
}
