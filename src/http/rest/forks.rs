//! `/repos/{name}/fork`.

use super::{Asked, repo_name};
use crate::config::Config;
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::input::Fields;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::fork::{ForkRepo, fork};
use crate::ops::storage::require_account_room;
use crate::shown::NewFork;
use crate::store::PackStore;

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
    let forked = fork(asked.objects, store, account_id, asked.now, wanted).await?;
    forked.witness(asked.witness);
    Ok(Answer::json(Success::Created.status(), &envelope::success(NewFork::of(asked.config, &forked))))
}

fn parse(namespace: NamespaceName, source: RepoName, body: &[u8]) -> Result<ForkRepo, Error> {
    let fields = Fields::parse(body)?;
    Ok(ForkRepo {
        namespace,
        source,
        source_id: None,
        name: repo_name(fields.required_text("name")?, Some("/name"))?,
        description: fields.description()?,
        read_only: fields.flag("read_only")?.unwrap_or(false),
        default_branch_only: fields.flag("default_branch_only")?.unwrap_or(false),
    })
}
