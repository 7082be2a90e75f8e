//! A repo's metadata, from the repo itself.

use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::call::{Refusal, RepoInfo, Status};

/// The metadata of a repo that is ready.
pub(crate) async fn get_repo(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
) -> Result<RepoInfo, Error> {
    match objects.repo(namespace, repo)?.info().await? {
        Ok(info) if info.status == Status::Ready => Ok(info),
        Ok(info) => Err(Error::Refused { repo: repo.to_string(), refusal: Refusal::NotReady(info.status) }),
        Err(refusal @ Refusal::ImportFailed { .. }) => Err(Error::Refused { repo: repo.to_string(), refusal }),
        Err(_) => Err(missing(objects, namespace, repo).await?),
    }
}

/// Why a repo is not there: it is being made, or there is none.
pub(crate) async fn missing(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
) -> Result<Error, Error> {
    let repo = repo.to_string();
    Ok(match objects.namespace(namespace)?.reserved_for(repo.clone()).await? {
        Some(status) => Error::Refused { repo, refusal: Refusal::NotReady(status) },
        None => Error::RepoNotFound(repo),
    })
}
