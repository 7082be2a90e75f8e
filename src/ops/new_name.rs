//! The name that a new repo gets, however it is made: kept in the namespace before, told to the directory after.
//!
//! A step that is killed heals: a reservation lapses and is taken over, and a repo that was made reports itself.

use super::create_namespace::register;
use super::create_token::mapped;
use crate::durable::Failure;
use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::namespace::call::{Refusal as NamespaceRefusal, Reservation};
use crate::objects::Objects;
use crate::repo::call::{NewRepo, Refusal, RepoInfo, Status};

/// A name that a repo is to have.
pub(super) struct NewName<'a, O> {
    pub(super) objects: &'a O,
    pub(super) namespace: &'a NamespaceName,
    pub(super) name: &'a RepoName,
}

impl<O: Objects> NewName<'_, O> {
    /// Keeps the name, and sees to it that the account knows the namespace before a repo is in it.
    pub(super) async fn reserve(&self, account_id: &str, new: &NewRepo, status: Status) -> Result<(), Error> {
        let reservation = Reservation {
            namespace: new.namespace.clone(),
            name: new.name.clone(),
            repo_id: new.repo_id.clone(),
            description: new.description.clone(),
            default_branch: new.default_branch.clone(),
            read_only: new.read_only,
            token: mapped(&new.token, &new.name, &new.repo_id),
            status,
        };
        let reserved = self.objects.namespace(self.namespace)?.reserve(reservation).await?;
        let unregistered = reserved.map_err(|refusal| match refusal {
            NamespaceRefusal::InProgress(status) => self.refused(Refusal::NotReady(status)),
            _ => Error::RepoExists(new.name.clone()),
        })?;
        match unregistered {
            Some(report) => Ok(register(self.objects, account_id, self.namespace, report).await?),
            None => Ok(()),
        }
    }

    /// Tells the directory of a repo that was made; gives the name back if it was not.
    pub(super) async fn settle(&self, repo_id: &str, made: Result<RepoInfo, Refusal>) -> Result<RepoInfo, Error> {
        let directory = self.objects.namespace(self.namespace)?;
        let info = match made {
            Ok(info) => info,
            Err(refusal) => {
                directory.remove(repo_id.to_owned()).await?;
                // If the directory did not know of a repo that is there, it learns of it.
                if refusal == Refusal::AlreadyExists
                    && let Ok(there) = self.objects.repo(self.namespace, self.name)?.info().await?
                {
                    directory.report(there).await?;
                }
                return Err(self.refused(refusal));
            }
        };
        // The repo's object reports by itself a little later, so a failure here only delays the listing.
        if let Err(failure) = directory.report(info.clone()).await {
            log::warn(format_args!("report of {} to the directory: {failure}", info.repo_id));
        }
        Ok(info)
    }

    /// Gives the name back before anything was made.
    pub(super) async fn give_back(&self, repo_id: &str) {
        let given = async { self.objects.namespace(self.namespace)?.remove(repo_id.to_owned()).await };
        if let Err(failure) = given.await {
            log::warn(format_args!("name of {repo_id}, not given back: {failure}"));
        }
    }

    fn refused(&self, refusal: Refusal) -> Error {
        Error::Refused { repo: self.name.to_string(), refusal }
    }
}

/// Makes a repo, and asks a second time when the first answer is lost: the same id is the same creation.
pub(super) async fn surely(
    make: impl AsyncFn() -> Result<Result<RepoInfo, Refusal>, Failure>,
) -> Result<Result<RepoInfo, Refusal>, Failure> {
    match make().await {
        Err(failure) => {
            log::warn(format_args!("creation, tried again: {failure}"));
            make().await
        }
        answered => answered,
    }
}
