//! Deletes a repo: in its own object first, which is the truth, then in the directory.

use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::get_repo::missing;
use crate::repo::call::RepoInfo;

/// Deletes a repo and returns what it was. Its tokens are dead and its name is free when this returns.
pub(crate) async fn delete_repo(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
) -> Result<RepoInfo, Error> {
    let Ok(deleted) = objects.repo(namespace, repo)?.delete().await? else {
        return Err(missing(objects, namespace, repo).await?);
    };
    // The repo's object says it again until it is heard, so a failure here only delays the name.
    if let Err(failure) = objects.namespace(namespace)?.remove(deleted.repo_id.clone()).await {
        log::warn(format_args!("removal of {} from the directory: {failure}", deleted.repo_id));
    }
    Ok(deleted)
}
