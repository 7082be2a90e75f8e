//! Makes a repo: its name is kept in the namespace, then its own object makes it, then the directory hears of it.
//!
//! A step that is killed heals: a reservation lapses and is taken over, and a repo that was made reports itself.

use git_core::refs::BranchName;

use super::create_token::{CreatedToken, mint};
use super::new_name::{NewName, surely};
use crate::config::TOKEN_TTL_DEFAULT;
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::random;
use crate::repo::call::{NewRepo, RepoInfo, Scope, Status};

/// The branch that a repo's HEAD names when nobody says which.
const DEFAULT_BRANCH: &str = "main";

/// A repo that somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct CreateRepo {
    pub(crate) namespace: NamespaceName,
    pub(crate) name: RepoName,
    pub(crate) description: Option<String>,
    /// [`DEFAULT_BRANCH`], if it is absent.
    pub(crate) default_branch: Option<BranchName>,
    pub(crate) read_only: bool,
}

/// A repo that was made, with a token that may write to it.
#[derive(Debug)]
pub(crate) struct CreatedRepo {
    pub(crate) info: RepoInfo,
    pub(crate) token: CreatedToken,
}

/// Makes a repo.
pub(crate) async fn create_repo(
    objects: &impl Objects,
    account_id: &str,
    now: u64,
    wanted: CreateRepo,
) -> Result<CreatedRepo, Error> {
    let token = mint(now, Scope::Write, TOKEN_TTL_DEFAULT)?;
    let new = NewRepo {
        repo_id: random::id()?,
        namespace: wanted.namespace.to_string(),
        name: wanted.name.to_string(),
        description: wanted.description,
        default_branch: wanted.default_branch.map_or_else(|| DEFAULT_BRANCH.into(), |branch| branch.to_string()),
        read_only: wanted.read_only,
        token: token.kept.clone(),
    };
    let new_name = NewName { objects, namespace: &wanted.namespace, name: &wanted.name };
    new_name.reserve(account_id, &new, Status::Creating).await?;
    let made = surely(async || objects.repo(&wanted.namespace, &wanted.name)?.create(new.clone()).await).await?;
    let info = new_name.settle(&new.repo_id, made).await?;
    Ok(CreatedRepo { info, token })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RESERVATION_MS;
    use crate::durable::{Fault, ready};
    use crate::namespace::call::{Direction, Listing, Sort};
    use crate::namespace::lose;
    use crate::objects::MemoryObjects;
    use crate::ops::get_repo::get_repo;
    use crate::repo::call::Refusal;

    fn wanted() -> CreateRepo {
        CreateRepo {
            namespace: NamespaceName::parse("ns").unwrap(),
            name: RepoName::parse("repo").unwrap(),
            description: None,
            default_branch: None,
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
        let in_progress = || Error::Refused { repo: "repo".into(), refusal: Refusal::NotReady(Status::Creating) };
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
