//! `/repos/{name}/import`.

use git_core::refs::BranchName;

use super::Asked;
use super::input::{Fields, field_error};
use super::repos::Created;
use crate::config::{Config, IMPORT_DEPTH_MAX, REF_NAME_LEN_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::import::{ImportFault, ImportRepo, import};
use crate::ops::storage::require_account_room;
use crate::remote::{Remote, RemoteUrl};

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
    Ok(Answer::json(Success::Created.status(), &envelope::success(Created::of(asked.config, &created))))
}

fn parse(namespace: NamespaceName, name: RepoName, body: &[u8], allows_insecure: bool) -> Result<ImportRepo, Error> {
    let fields = Fields::parse(body)?;
    let url = RemoteUrl::parse(fields.required_text("url")?, allows_insecure).map_err(ImportFault::Url)?;
    let branch = fields.text("branch")?.map(|branch| {
        BranchName::parse(branch, REF_NAME_LEN_MAX).map_err(|error| field_error("branch", &error.to_string()))
    });
    let branch = branch.transpose()?;
    let depth = fields.whole_number("depth")?.map(|depth| {
        let depth = depth.ok().and_then(|depth| u32::try_from(depth).ok());
        let depth = depth.filter(|depth| (1..=IMPORT_DEPTH_MAX).contains(depth));
        depth.ok_or_else(|| field_error("depth", &format!("must be a whole number between 1 and {IMPORT_DEPTH_MAX}")))
    });
    let depth = depth.transpose()?;
    let all_refs = fields.flag("all_refs")?.unwrap_or(false);
    Ok(ImportRepo {
        namespace,
        name,
        url,
        branch,
        depth,
        all_refs,
        read_only: fields.flag("read_only")?.unwrap_or(false),
    })
}
