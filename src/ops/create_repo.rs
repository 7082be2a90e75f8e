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
use crate::ops::create_namespace::register;
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
    let unregistered = directory.reserve(reservation).await?.map_err(|refusal| match refusal {
        NamespaceRefusal::CreateInProgress => Error::CreateInProgress(new.name.clone()),
        _ => Error::RepoExists(new.name.clone()),
    })?;
    match unregistered {
        Some(report) => Ok(register(objects, account_id, &wanted.namespace, report).await?),
        None => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{REF_NAME_LEN_MAX, RESERVATION_MS};
    use crate::durable::{Fault, ready};
    use crate::namespace::call::{Direction, Listing, Sort};
    use crate::namespace::lose;
    use crate::objects::MemoryObjects;
    use crate::ops::get_repo::get_repo;

    fn wanted() -> CreateRepo {
        CreateRepo {
            namespace: NamespaceName::parse("ns").unwrap(),
            name: RepoName::parse("repo").unwrap(),
            description: None,
            default_branch: BranchName::parse("main", REF_NAME_LEN_MAX).unwrap(),
            read_only: false,
        }
    }

    fn create(objects: &MemoryObjects) -> Result<String, Error> {
        ready(create_repo(objects, "account", objects.now(), wanted())).map(|created| created.info.repo_id)
    }

    fn get(objects: &MemoryObjects) -> Result<String, Error> {
        ready(get_repo(objects, &wanted().namespace, &wanted().name)).map(|info| info.repo_id)
    }

    fn listed(objects: &MemoryObjects) -> Vec<String> {
        let listing =
            Listing { sort: Sort::Name, direction: Direction::Asc, limit: 10, after: None, offset: None, search: None };
        let page = ready(objects.namespace(&wanted().namespace).unwrap().list(listing)).unwrap();
        page.repos.into_iter().map(|repo| repo.repo_id).collect()
    }

    /// Makes a repo while its call number `calls` goes wrong; whether one did.
    fn create_with(objects: &MemoryObjects, calls: u32, fault: Fault) -> (Result<String, Error>, bool) {
        objects.wait(1_760_000_000_000);
        objects.fail_after(calls, fault);
        let created = create(objects);
        let failed = objects.has_failed();
        objects.heal();
        (created, failed)
    }

    #[test]
    fn a_repo_is_made_listed_and_not_made_twice() {
        let objects = MemoryObjects::default();
        let repo_id = create(&objects).unwrap();
        assert_eq!(get(&objects), Ok(repo_id.clone()));
        assert_eq!(listed(&objects), [repo_id]);
        assert_eq!(create(&objects), Err(Error::RepoExists("repo".into())));
    }

    #[test]
    fn a_creation_that_goes_wrong_anywhere_heals() {
        for fault in [Fault::Lost, Fault::AnswerLost] {
            for calls in 0.. {
                let objects = MemoryObjects::default();
                let (created, failed) = create_with(&objects, calls, fault);
                if !failed {
                    assert!(calls >= 5, "a creation made {calls} calls");
                    break;
                }
                objects.wait(RESERVATION_MS);
                objects.ring_repo(&wanted().namespace, &wanted().name);
                let again = create(&objects);
                match created {
                    Ok(repo_id) => {
                        assert_eq!(again, Err(Error::RepoExists("repo".into())), "{fault:?} {calls}");
                        assert_eq!(get(&objects), Ok(repo_id));
                    }
                    Err(error) => {
                        assert!(matches!(error, Error::Failed(_)), "{error:?}");
                        assert_eq!(get(&objects), again, "{fault:?} {calls}");
                    }
                }
                assert_eq!(listed(&objects), [get(&objects).unwrap()]);
            }
        }
    }

    #[test]
    fn a_creation_under_way_is_told_apart_from_a_repo_that_is_not_there() {
        let objects = MemoryObjects::default();
        let in_progress = || Error::CreateInProgress("repo".into());
        let (created, _) = create_with(&objects, 1, Fault::Lost);
        assert!(created.is_err());
        assert_eq!((get(&objects), create(&objects)), (Err(in_progress()), Err(in_progress())));
        objects.wait(RESERVATION_MS);
        assert_eq!(get(&objects), Err(Error::RepoNotFound("repo".into())));
    }

    #[test]
    fn a_directory_that_lost_a_repo_learns_of_it_again() {
        let objects = MemoryObjects::default();
        let repo_id = create(&objects).unwrap();
        lose(&objects, &wanted().namespace, &repo_id);
        let exists = Error::Refused { repo: "repo".into(), refusal: Refusal::AlreadyExists };
        assert_eq!(create(&objects), Err(exists));
        assert_eq!(listed(&objects), [repo_id]);
    }
}
