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
        Err(refusal) => Err(refused(objects, namespace, repo, refusal).await?),
    }
}

/// Why a repo's object refuses, in the caller's words: of one that it does not have the namespace may know more.
pub(crate) async fn refused(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
    refusal: Refusal,
) -> Result<Error, Error> {
    match refusal {
        Refusal::NotFound => missing(objects, namespace, repo).await,
        refusal => Ok(Error::Refused { repo: repo.to_string(), refusal }),
    }
}

/// The metadata of one incarnation of a repo, if it is ready: what was made under its name since is none of its business.
pub(crate) async fn get_incarnation(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
    repo_id: &str,
) -> Result<RepoInfo, Error> {
    match objects.repo(namespace, repo)?.info().await? {
        Ok(info) if info.repo_id != repo_id => Err(Error::RepoNotFound(repo.to_string())),
        Ok(info) if info.status == Status::Ready => Ok(info),
        Ok(info) => Err(refused_to_incarnation(repo, repo_id, Refusal::NotReady(info.status))),
        Err(refusal) => Err(refused_to_incarnation(repo, repo_id, refusal)),
    }
}

/// Why a repo's object refuses, in the words of a caller who knows one incarnation: of others it is not told.
pub(crate) fn refused_to_incarnation(repo: &RepoName, repo_id: &str, refusal: Refusal) -> Error {
    match &refusal {
        Refusal::ImportFailed { repo_id: failed, .. } if failed != repo_id => Error::RepoNotFound(repo.to_string()),
        Refusal::NotReady(_) | Refusal::ImportFailed { .. } => Error::Refused { repo: repo.to_string(), refusal },
        _ => Error::RepoNotFound(repo.to_string()),
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
