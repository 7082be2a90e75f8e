//! `/repos/{name}/fork`.

use serde::Serialize;

use super::input::Fields;
use super::repos::{Created, description};
use super::{Asked, repo_name};
use crate::config::Config;
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::fork::{ForkRepo, Forked, fork};
use crate::ops::storage::require_account_room;
use crate::store::PackStore;

/// A fork that was just made.
#[derive(Debug, Serialize)]
struct CreatedFork<'a> {
    #[serde(flatten)]
    created: Created<'a>,
    objects: u64,
}

/// `POST /repos/{name}/fork`
pub(super) async fn create<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    namespace: NamespaceName,
    source: RepoName,
) -> Result<Answer, Error> {
    let wanted = parse(namespace, source, &asked.body)?;
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let Forked { created, n_objects } = fork(asked.objects, store, account_id, asked.now, wanted).await?;
    let forked = CreatedFork { created: Created::of(asked.config, &created), objects: n_objects };
    Ok(Answer::json(Success::Created.status(), &envelope::success(forked)))
}

fn parse(namespace: NamespaceName, source: RepoName, body: &[u8]) -> Result<ForkRepo, Error> {
    let fields = Fields::parse(body)?;
    Ok(ForkRepo {
        namespace,
        source,
        name: repo_name(fields.required_text("name")?, Some("/name"))?,
        description: fields.text("description")?.map(description).transpose()?,
        read_only: fields.flag("read_only")?.unwrap_or(false),
        default_branch_only: fields.flag("default_branch_only")?.unwrap_or(false),
    })
}
