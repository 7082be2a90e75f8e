//! How large repos are, as the directories of their namespaces have it now. There is no history of sizes.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::sampled::{Sample, Sampled, grouped};
use super::{Asker, Question, Row, refused};
use crate::account::call::NamespaceListing;
use crate::config::{
    NAMESPACES_PER_PAGE_MAX, SIZED_NAMESPACES_AT_ONCE, SIZED_NAMESPACES_MAX, SIZED_REPOS_MAX, SIZED_REPOS_PER_PAGE,
};
use crate::error::Error;
use crate::names::NamespaceName;
use crate::namespace::call::{Direction, Listing, Sort};
use crate::objects::Objects;
use crate::repo::call::RepoInfo;

const MINUTE_MS: u64 = 60_000;

/// The groups that answer a question about sizes. A sample is dated at the beginning of the minute, so that it is there for
/// those who ask until now by a clock that is late.
pub(super) async fn answer(objects: &impl Objects, asker: Asker<'_>, question: &Question) -> Result<Vec<Row>, Error> {
    let time_ms = asker.now - asker.now % MINUTE_MS;
    let namespaces = namespaces(objects, asker, question).await?;
    let list = |namespace: NamespaceName| async move { repos(objects, &namespace).await };
    let mut pages = stream::iter(namespaces).map(list).buffer_unordered(SIZED_NAMESPACES_AT_ONCE);
    let mut samples = Vec::new();
    while let Some(repos) = pages.try_next().await? {
        samples.extend(repos.into_iter().map(|repo| Sample {
            of: Sampled::Repo { namespace: repo.namespace, name: repo.name },
            time_ms,
            number: repo.size,
        }));
        if samples.len() > SIZED_REPOS_MAX {
            return Err(too_many(SIZED_REPOS_MAX, "repositories"));
        }
    }
    grouped(samples, question)
}

/// The namespaces that may have what counts.
async fn namespaces(
    objects: &impl Objects,
    asker: Asker<'_>,
    question: &Question,
) -> Result<Vec<NamespaceName>, Error> {
    let may_see = |key: &String| asker.only.is_none_or(|only| only.contains(key));
    let keys: Vec<String> = match (question.condition.namespaces(), asker.only) {
        (Some(named), _) => named.into_iter().filter(may_see).collect(),
        (None, Some(only)) => only.to_vec(),
        (None, None) => all(objects, asker.account_id).await?,
    };
    if keys.len() > SIZED_NAMESPACES_MAX {
        return Err(too_many(SIZED_NAMESPACES_MAX, "namespaces"));
    }
    Ok(keys.iter().filter_map(|key| NamespaceName::parse(key)).collect())
}

async fn all(objects: &impl Objects, account_id: &str) -> Result<Vec<String>, Error> {
    let account = objects.account(account_id)?;
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let listing = NamespaceListing { limit: NAMESPACES_PER_PAGE_MAX, after, offset: None, only: None };
        let page = account.list(listing).await?;
        keys.extend(page.namespaces.into_iter().map(|info| info.namespace));
        after = page.next;
        if after.is_none() || keys.len() > SIZED_NAMESPACES_MAX {
            return Ok(keys);
        }
    }
}

async fn repos(objects: &impl Objects, namespace: &NamespaceName) -> Result<Vec<RepoInfo>, Error> {
    let namespace = objects.namespace(namespace)?;
    let (mut repos, mut after) = (Vec::new(), None);
    loop {
        let page = namespace.list(Listing {
            sort: Sort::CreatedAt,
            direction: Direction::Asc,
            limit: SIZED_REPOS_PER_PAGE,
            after,
            offset: None,
            search: None,
        });
        let page = page.await?;
        repos.extend(page.repos);
        after = page.next;
        if after.is_none() || repos.len() > SIZED_REPOS_MAX {
            return Ok(repos);
        }
    }
}

fn too_many(max: usize, what: &str) -> Error {
    refused(format!("There are more than {max} {what}: filter by repositoryNamespace."))
}
