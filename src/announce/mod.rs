//! Events for those who subscribed to them: messages in a Cloudflare Queue, when one is bound.
//!
//! Their form is that of the product's event subscriptions (Queues, "Events & schemas", source Artifacts): who consumes those
//! consumes these. Absent: subscriptions. Every event goes into the one queue that is bound.

mod message;
mod queue;

pub(crate) use message::{About, Imported, of_import};
pub(crate) use queue::{Outbox, Queue};

use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::contents::{Contents, Effort, Pushed};
use crate::store::PackStore;
use crate::witness::Deed;

/// Puts into the queue what is to be said of what was done to a repo; the commits of a push are read from it. One message at a time
/// is made: a push may have moved thousands of refs.
pub(crate) async fn announce(
    objects: &impl Objects,
    store: &impl PackStore,
    about: About<'_>,
    deeds: &[Deed],
    queue: &Queue,
) -> Result<(), Error> {
    let mut outbox = Outbox::default();
    for deed in deeds {
        for message in message::of_deed(about, deed) {
            queue.put(&mut outbox, &message).await?;
        }
        if let Deed::Pushed { repo_id, moved } = deed {
            let contents = open(objects, store, about, repo_id).await?;
            let mut effort = Effort::of_a_push();
            for moved in moved {
                let pushed = match &contents {
                    Some(contents) => contents.pushed(moved.before, moved.after, &mut effort).await,
                    None => Ok(Pushed { is_unread: true, ..Pushed::default() }),
                };
                let pushed = pushed.unwrap_or_else(|error| {
                    log::warn(format_args!("commits of {} not told: {error:?}", moved.name));
                    Pushed { is_unread: true, ..Pushed::default() }
                });
                queue.put(&mut outbox, &message::push(about, moved, &pushed)).await?;
            }
        }
    }
    Ok(queue.send(outbox).await?)
}

/// The repo, unless it has gone meanwhile.
async fn open<'a, S: PackStore>(
    objects: &impl Objects,
    store: &'a S,
    about: About<'_>,
    repo_id: &str,
) -> Result<Option<Contents<'a, S>>, Error> {
    let (Some(namespace), Some(repo)) = (NamespaceName::parse(about.namespace), RepoName::parse(about.repo)) else {
        return Ok(None);
    };
    match Contents::open_incarnation(objects, store, (&namespace, &repo, repo_id), &[]).await {
        Ok(contents) => Ok(Some(contents)),
        Err(Error::RepoNotFound(_) | Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
