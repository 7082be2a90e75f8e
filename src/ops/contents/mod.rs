//! What is in a repo, for callers without Git: commits, trees and files.
//!
//! One call to the repo's object, however long its history; then indexes, which an isolate keeps, and the few blocks of packs
//! in which the objects stand.

mod blobs;
mod commits;
mod fault;
mod json_len;
mod large;
mod media_type;
mod plan;
mod pushed;
mod revision;
mod share;
mod trees;

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::pack::catalog::Place;

pub(crate) use blobs::{Blob, Recipient, first_bytes, send};
pub(crate) use fault::ContentsFault;
pub(crate) use media_type::media_type;
pub(crate) use pushed::{Effort, Pushed};
pub(crate) use revision::{FilePath, Revision};

use super::catalog::LoadedCatalog;
use super::get_repo::{refused, refused_to_incarnation};
use crate::config::OBJECT_RESIDENT_MAX;
use crate::durable::Failure;
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::Opened;
use crate::repo::call::Refusal;
use crate::store::PackStore;

/// A repo as it is while one request reads it.
pub(crate) struct Contents<'a, S> {
    opened: Opened,
    catalog: LoadedCatalog<'a, S>,
}

impl<'a, S: PackStore> Contents<'a, S> {
    /// Opens a repo, to be asked about these revisions and about objects by their ids.
    pub(crate) async fn open(
        objects: &impl Objects,
        store: &'a S,
        (namespace, repo): (&NamespaceName, &RepoName),
        revisions: &[Revision],
    ) -> Result<Self, Error> {
        match read(objects, (namespace, repo, None), revisions).await? {
            Ok(opened) => Self::load(opened, store).await,
            Err(refusal) => Err(refused(objects, namespace, repo, refusal).await?),
        }
    }

    /// Opens one incarnation of a repo: whatever has taken its name since is none of its business.
    pub(crate) async fn open_incarnation(
        objects: &impl Objects,
        store: &'a S,
        (namespace, repo, repo_id): (&NamespaceName, &RepoName, &str),
        revisions: &[Revision],
    ) -> Result<Self, Error> {
        match read(objects, (namespace, repo, Some(repo_id.to_owned())), revisions).await? {
            Ok(opened) if opened.snapshot.repo_id == repo_id => Self::load(opened, store).await,
            Err(refusal) => Err(refused_to_incarnation(repo, repo_id, refusal)),
            Ok(_) => Err(Error::RepoNotFound(repo.to_string())),
        }
    }

    async fn load(opened: Opened, store: &'a S) -> Result<Self, Error> {
        let catalog = LoadedCatalog::load(&opened, store).await?;
        Ok(Self { opened, catalog })
    }

    /// Whether a revision names an object.
    pub(crate) fn has(&self, revision: &Revision) -> bool {
        self.find(revision).is_some()
    }

    /// The object that a revision names; `None` when there is none, or it has gone.
    fn find(&self, revision: &Revision) -> Option<Place> {
        self.catalog.packs.find(revision.find(&self.opened.snapshot)?)
    }

    fn kind(&self, place: Place) -> Result<Kind, Failure> {
        let entry = self.catalog.packs.entry(place);
        entry.map(|entry| entry.kind).ok_or_else(|| Failure::shape("an object", format_args!("{place:?}")))
    }

    fn id(&self, place: Place) -> Result<ObjectId, Failure> {
        self.catalog.packs.id(place).ok_or_else(|| Failure::shape("an object", format_args!("{place:?}")))
    }

    /// An object that must be of a kind; `None` when it is not there.
    fn find_kind(&self, id: ObjectId, wanted: Kind) -> Result<Option<Place>, Error> {
        let Some(place) = self.catalog.packs.find(id) else { return Ok(None) };
        let found = self.kind(place)?;
        if found == wanted { Ok(Some(place)) } else { Err(ContentsFault::Kind { id, found, wanted }.into()) }
    }

    /// The content of an object, read with as few calls as its chain of deltas allows.
    async fn content(&self, place: Place) -> Result<Vec<u8>, Error> {
        self.catalog.read_ahead(&[place]).await?;
        match self.catalog.object(place).await? {
            Some((_, content)) => Ok(content),
            None => Err(ContentsFault::TooLarge { id: self.id(place)?, len_max: OBJECT_RESIDENT_MAX }.into()),
        }
    }
}

async fn read(
    objects: &impl Objects,
    (namespace, repo, repo_id): (&NamespaceName, &RepoName, Option<String>),
    revisions: &[Revision],
) -> Result<Result<Opened, Refusal>, Error> {
    let names = revisions.iter().flat_map(Revision::ref_names).collect();
    Ok(objects.repo(namespace, repo)?.read(names, repo_id).await?)
}

/// What callers are told of a hash that is no object's id.
pub(crate) const HASH_WANTED: &str = "expected a 40-character SHA-1 hex hash";
