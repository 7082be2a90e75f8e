//! `/repos/{name}/import`.

use super::Asked;
use crate::config::Config;
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::input::Fields;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::import::{ImportFault, ImportRepo, import};
use crate::ops::storage::require_account_room;
use crate::remote::{Remote, RemoteUrl};
use crate::shown::NewRepo;

/// `POST /repos/{name}/import`
pub(super) async fn create<O: Objects>(
    asked: &Asked<'_, O>,
    remote: &impl Remote,
    namespace: NamespaceName,
    name: RepoName,
) -> Result<Answer, Error> {
    let wanted = parse(namespace, name, &asked.body, remote.allows_insecure())?;
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let created = import(asked.objects, remote, account_id, asked.now, wanted).await?;
    Ok(Answer::json(Success::Created.status(), &envelope::success(NewRepo::of(asked.config, &created))))
}

fn parse(namespace: NamespaceName, name: RepoName, body: &[u8], allows_insecure: bool) -> Result<ImportRepo, Error> {
    let fields = Fields::parse(body)?;
    let url = RemoteUrl::parse(fields.required_text("url")?, allows_insecure).map_err(ImportFault::Url)?;
    let (branch, depth) = (fields.branch("branch")?, fields.depth()?);
    let all_refs = fields.flag("all_refs")?.unwrap_or(false);
    Ok(ImportRepo {
        namespace,
        name,
        url,
        branch,
        depth,
        all_refs,
        description: None,
        read_only: fields.flag("read_only")?.unwrap_or(false),
    })
}
