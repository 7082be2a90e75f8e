//! A namespace over Durable Objects in memory, for the tests of its tables.

use super::NamespaceClient;
use super::call::{Direction, Listing, MappedToken, Refusal, Reservation, Sort, TokenRepo};
use crate::durable::{Database, MemoryWire, ready};
use crate::names::NamespaceName;
use crate::objects::{MemoryObjects, Objects};
use crate::repo::call::{RepoInfo, Status};

pub(super) fn namespace(objects: &MemoryObjects) -> NamespaceClient<MemoryWire> {
    objects.namespace(&NamespaceName::parse("ns").unwrap()).unwrap()
}

pub(super) fn objects() -> MemoryObjects {
    let objects = MemoryObjects::default();
    objects.wait(1_760_000_000_000);
    objects
}

pub(super) fn reservation(name: &str, repo_id: &str) -> Reservation {
    let repo = TokenRepo { name: name.into(), repo_id: repo_id.into() };
    Reservation {
        namespace: "ns".into(),
        name: name.into(),
        repo_id: repo_id.into(),
        description: None,
        default_branch: "main".into(),
        read_only: false,
        token: MappedToken { token_id: format!("token of {repo_id}"), repo, expires_at: u64::MAX >> 16 },
        status: Status::Creating,
    }
}

pub(super) fn info(name: &str, repo_id: &str, created_at: u64) -> RepoInfo {
    RepoInfo {
        repo_id: repo_id.into(),
        namespace: "ns".into(),
        name: name.into(),
        description: None,
        default_branch: "main".into(),
        read_only: false,
        created_at,
        updated_at: created_at,
        last_push_at: None,
        source: None,
        status: Status::Ready,
        size: 0,
        own_size: 0,
        shallow: false,
    }
}

/// Keeps a name; whether the account knows the namespace.
pub(super) fn reserve(objects: &MemoryObjects, name: &str, repo_id: &str) -> Result<bool, Refusal> {
    let reserved = ready(namespace(objects).reserve(reservation(name, repo_id))).unwrap();
    reserved.map(|unregistered| unregistered.is_none())
}

pub(super) fn report(objects: &MemoryObjects, info: RepoInfo) {
    ready(namespace(objects).report(info)).unwrap();
}

pub(super) fn listing(sort: Sort, direction: Direction) -> Listing {
    Listing { sort, direction, limit: 2, after: None, offset: None, search: None }
}

/// Makes the directory forget a repo that is there, as if it had never heard of it.
pub(crate) fn lose(objects: &MemoryObjects, namespace: &NamespaceName, repo_id: &str) {
    let db = objects.namespace_database(namespace);
    db.exec("DELETE FROM repos WHERE repo_id = ?1", &[repo_id.into()]).unwrap();
}

/// The ids on every page of a list, following the cursors.
pub(super) fn pages(objects: &MemoryObjects, mut listing: Listing) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let page = ready(namespace(objects).list(listing.clone())).unwrap();
        pages.push(page.repos.into_iter().map(|repo| repo.repo_id).collect());
        match page.next {
            Some(next) => listing.after = Some(next),
            None => return pages,
        }
    }
}
