//! Changes a repo's metadata: in its own object, which is the truth, then in the directory.

use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::get_repo::refused;
use crate::repo::call::{RepoChange, RepoInfo};

/// Changes a repo, and returns how it stands then.
pub(crate) async fn change_repo(
    objects: &impl Objects,
    namespace: &NamespaceName,
    repo: &RepoName,
    change: RepoChange,
) -> Result<RepoInfo, Error> {
    let info = match objects.repo(namespace, repo)?.change(change).await? {
        Ok(info) => info,
        Err(refusal) => return Err(refused(objects, namespace, repo, refusal).await?),
    };
    // The repo's object reports by itself a little later, so a failure here only delays the listing.
    if let Err(failure) = objects.namespace(namespace)?.report(info.clone()).await {
        log::warn(format_args!("report of {} to the directory: {failure}", info.repo_id));
    }
    Ok(info)
}
