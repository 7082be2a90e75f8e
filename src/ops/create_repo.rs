//! Makes a repo: its name is kept in the namespace, then its own object makes it, then the directory hears of it.
//!
//! A step that is killed heals: a reservation lapses and is taken over, and a repo that was made reports itself.

use git_core::refs::BranchName;

use crate::config::TOKEN_TTL_DEFAULT;
use crate::durable::Failure;
use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::namespace::call::{Refusal as NamespaceRefusal, Reservation};
use crate::objects::Objects;
use crate::ops::create_token::{CreatedToken, mapped, mint};
use crate::random;
use crate::repo::call::{NewRepo, Refusal, RepoInfo, Scope};

/// A repo that somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct CreateRepo {
    pub(crate) namespace: NamespaceName,
    pub(crate) name: RepoName,
    pub(crate) description: Option<String>,
    pub(crate) default_branch: BranchName,
    pub(crate) read_only: bool,
}

/// A repo that was made, with a token that may write to it.
#[derive(Debug)]
pub(crate) struct CreatedRepo {
    pub(crate) info: RepoInfo,
    pub(crate) token: String,
}

/// Makes a repo.
pub(crate) async fn create_repo(
    objects: &impl Objects,
    account_id: &str,
    now: u64,
    wanted: CreateRepo,
) -> Result<CreatedRepo, Error> {
    let repo_id = random::id()?;
    let CreatedToken { plaintext, kept } = mint(now, Scope::Write, TOKEN_TTL_DEFAULT)?;
    let new = NewRepo {
        repo_id: repo_id.clone(),
        namespace: wanted.namespace.to_string(),
        name: wanted.name.to_string(),
        description: wanted.description.clone(),
        default_branch: wanted.default_branch.to_string(),
        read_only: wanted.read_only,
        token: kept,
    };
    reserve(objects, account_id, &wanted, &new).await?;
    let directory = objects.namespace(&wanted.namespace)?;
    let info = match create_surely(objects, &wanted, &new).await? {
        Ok(info) => info,
        Err(refusal) => {
            // The directory did not know of a repo that is there. It gives up our reservation and learns of it.
            directory.remove(repo_id).await?;
            if let Ok(there) = objects.repo(&wanted.namespace, &wanted.name)?.info().await? {
                directory.report(there).await?;
            }
            return Err(Error::Refused { repo: wanted.name.to_string(), refusal });
        }
    };
    // The repo's object reports by itself a little later, so a failure here only delays the listing.
    if let Err(failure) = directory.report(info.clone()).await {
        log::warn(format_args!("report of {} to the directory: {failure}", info.repo_id));
    }
    Ok(CreatedRepo { info, token: plaintext })
}

/// Keeps the name, and sees to it that the account knows the namespace before a repo is in it.
async fn reserve(objects: &impl Objects, account_id: &str, wanted: &CreateRepo, new: &NewRepo) -> Result<(), Error> {
    let directory = objects.namespace(&wanted.namespace)?;
    let reservation = Reservation {
        namespace: new.namespace.clone(),
        name: new.name.clone(),
        repo_id: new.repo_id.clone(),
        description: new.description.clone(),
        default_branch: new.default_branch.clone(),
        read_only: new.read_only,
        token: mapped(&new.token, &new.name, &new.repo_id),
    };
    let registered = directory.reserve(reservation).await?.map_err(|refusal| match refusal {
        NamespaceRefusal::AlreadyExists => Error::RepoExists(new.name.clone()),
        NamespaceRefusal::CreateInProgress => Error::CreateInProgress(new.name.clone()),
    })?;
    if !registered {
        objects.account(account_id)?.register(new.namespace.clone()).await?;
        directory.registered().await?;
    }
    Ok(())
}

/// Asks a second time when the first answer is lost: the same id is the same creation.
async fn create_surely(
    objects: &impl Objects,
    wanted: &CreateRepo,
    new: &NewRepo,
) -> Result<Result<RepoInfo, Refusal>, Failure> {
    match objects.repo(&wanted.namespace, &wanted.name)?.create(new.clone()).await {
        Err(failure) => {
            log::warn(format_args!("creation of {}, tried again: {failure}", new.repo_id));
            objects.repo(&wanted.namespace, &wanted.name)?.create(new.clone()).await
        }
        answered => answered,
    }
}
