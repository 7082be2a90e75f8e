//! Revokes a token by its id: the namespace's map tells which repo it opens.

use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::call::Refusal;

/// Revokes a token, and returns the repo that it opened. When this returns the token opens nothing.
pub(crate) async fn revoke_token(
    objects: &impl Objects,
    namespace: &NamespaceName,
    token_id: &str,
) -> Result<RepoName, Error> {
    let unknown = || Error::TokenNotFound(token_id.to_owned());
    let repo = objects.namespace(namespace)?.find_token(token_id.to_owned()).await?.ok_or_else(unknown)?;
    let name = RepoName::parse(&repo.name).ok_or_else(unknown)?;
    let revoked = objects.repo(namespace, &name)?.revoke_token(repo.repo_id, token_id.to_owned()).await?;
    match revoked {
        Ok(_) => Ok(name),
        Err(refusal @ Refusal::NotReady(_)) => Err(Error::Refused { repo: name.to_string(), refusal }),
        Err(_) => Err(unknown()),
    }
}
