//! Events for those who subscribed to them: messages in a Cloudflare Queue, when one is bound.
//!
//! Their form is that of the product's event subscriptions (Queues, "Events & schemas", source Artifacts): who consumes those
//! consumes these. Absent: subscriptions. Every event goes into the one queue that is bound.

mod message;
mod queue;

use serde_json::Value;

pub(crate) use message::{About, Imported, of_import};
pub(crate) use queue::Queue;

use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::contents::{Contents, Pushed};
use crate::store::PackStore;
use crate::witness::{Deed, Moved};

/// The messages about what was done to a repo; the commits of a push are read from it.
pub(crate) async fn messages(
    objects: &impl Objects,
    store: &impl PackStore,
    about: About<'_>,
    deeds: &[Deed],
) -> Result<Vec<Value>, Error> {
    let mut messages = Vec::new();
    for deed in deeds {
        let pushed = match deed {
            Deed::Pushed { repo_id, moved } => commits(objects, store, about, repo_id, moved).await?,
            _ => Vec::new(),
        };
        messages.extend(message::of_deed(about, deed, &pushed));
    }
    Ok(messages)
}

/// The new commits of each ref. None of a repo that has gone meanwhile.
async fn commits(
    objects: &impl Objects,
    store: &impl PackStore,
    about: About<'_>,
    repo_id: &str,
    moved: &[Moved],
) -> Result<Vec<Pushed>, Error> {
    let (Some(namespace), Some(repo)) = (NamespaceName::parse(about.namespace), RepoName::parse(about.repo)) else {
        return Ok(Vec::new());
    };
    let contents = match Contents::open_incarnation(objects, store, (&namespace, &repo, repo_id), &[]).await {
        Ok(contents) => contents,
        Err(Error::RepoNotFound(_) | Error::Refused { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut pushed = Vec::new();
    for Moved { before, after, .. } in moved {
        pushed.push(contents.pushed(*before, *after).await?);
    }
    Ok(pushed)
}
