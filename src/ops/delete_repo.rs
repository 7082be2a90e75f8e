//! Deletes a repo: in its own object first, which is the truth, then in the directory.

use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::get_repo::missing;

/// Deletes a repo and returns its id. Its tokens are dead and its name is free when this returns.
pub(crate) async fn delete_repo(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
) -> Result<String, Error> {
    let Ok(repo_id) = objects.repo(namespace, repo)?.delete().await? else {
        return Err(missing(objects, namespace, repo).await?);
    };
    // The repo's object says it again until it is heard, so a failure here only delays the name.
    if let Err(failure) = objects.namespace(namespace)?.remove(repo_id.clone()).await {
        log::warn(format_args!("removal of {repo_id} from the directory: {failure}"));
    }
    Ok(repo_id)
}
