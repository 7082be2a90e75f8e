//! Imports: a repo is made at once, with what another server tells of its refs, and filled in steps that may be killed.
//!
//! The caller waits for the refs alone, so that what is wrong with the URL is said at once. Maintenance does the rest ([`step`]):
//! a pack is stored as it comes, taken in from there as that of a push, and so on until nothing is wanted any more.

mod choose;
mod download;
mod fault;
mod step;
mod stored;
mod upstream;

use git_core::refs::BranchName;

use self::upstream::{Patience, Upstream};
use super::create_repo::CreatedRepo;
use super::create_token::mint;
use super::new_name::{NewName, surely};
use crate::config::{IMPORT_CALLER_PATIENCE_MS, IMPORT_CALLER_REFS_MS, TOKEN_TTL_DEFAULT};
use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::random;
use crate::remote::{Remote, RemoteUrl};
use crate::repo::Work;
use crate::repo::call::{ImportPlan, NewImport, NewRepo, Refusal, RepoInfo, Scope, Status};

pub(crate) use fault::ImportFault;
pub(crate) use step::{Cause, Limits, Step, give_up, step};

/// An import that somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct ImportRepo {
    pub(crate) namespace: NamespaceName,
    pub(crate) name: RepoName,
    pub(crate) url: RemoteUrl,
    /// The only one that is wanted; else the server's default.
    pub(crate) branch: Option<BranchName>,
    pub(crate) depth: Option<u32>,
    pub(crate) all_refs: bool,
    pub(crate) description: Option<String>,
    pub(crate) read_only: bool,
}

/// Makes a repo that is being filled.
pub(crate) async fn import(
    objects: &impl Objects,
    remote: &impl Remote,
    account_id: &str,
    now: u64,
    wanted: ImportRepo,
) -> Result<CreatedRepo, Error> {
    let ImportRepo { namespace, name, url, depth, all_refs, .. } = &wanted;
    // Nobody is asked for a repo that cannot be made.
    match objects.repo(namespace, name)?.info().await? {
        Ok(RepoInfo { status: status @ Status::Importing, .. }) => {
            return Err(Error::Refused { repo: name.to_string(), refusal: Refusal::NotReady(status) });
        }
        Ok(_) => return Err(Error::RepoExists(name.to_string())),
        Err(_) => {}
    }
    let patience = Patience { silence_ms: IMPORT_CALLER_PATIENCE_MS, refs_ms: IMPORT_CALLER_REFS_MS };
    let Upstream { refs, .. } = Upstream::open(remote, url, patience).await?;
    let branch = choose::branch(&refs, wanted.branch.as_ref())?;
    let plan =
        ImportPlan { url: url.to_string(), branch: format!("refs/heads/{branch}"), depth: *depth, all_refs: *all_refs };
    choose::check_room(&refs, &plan)?;
    drop(refs);
    let token = mint(now, Scope::Write, TOKEN_TTL_DEFAULT)?;
    let new = NewRepo {
        repo_id: random::id()?,
        namespace: namespace.to_string(),
        name: name.to_string(),
        description: wanted.description.clone(),
        default_branch: branch.to_string(),
        read_only: wanted.read_only,
        token: token.kept.clone(),
    };
    let new_name = NewName { objects, namespace, name };
    new_name.reserve(account_id, &new, Status::Creating).await?;
    let (repo_id, source) = (new.repo_id.clone(), url.source());
    let new = NewImport { repo: new, source, plan };
    let made = surely(async || objects.repo(namespace, name)?.create_import(new.clone()).await).await?;
    let info = new_name.settle(&repo_id, made).await?;
    // The repo's object says so by itself a little later.
    let begun = async { objects.maintenance(namespace, name)?.begin(Work::Import).await };
    if let Err(failure) = begun.await {
        log::warn(format_args!("import of {repo_id}, not begun yet: {failure}"));
    }
    Ok(CreatedRepo { info, token })
}

impl From<ImportFault> for Error {
    fn from(fault: ImportFault) -> Self {
        Self::Import(fault)
    }
}
