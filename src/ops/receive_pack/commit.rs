//! The end of a push: what is not stored yet is, and pack and refs become real together.
//!
//! Packs that the push relies on may have been merged meanwhile, or gone through for garbage. Then the repo says so, and
//! what the push relies on is looked for again in the catalog as it is now.

use std::collections::BTreeSet;

use git_core::ObjectId;
use git_core::protocol::push::PushHead;
use git_core::walk::descends;

use super::Receiving;
use super::ingest::{Ingested, NewObjects};
use super::storing::Storing;
use super::targets::Targets;
use crate::body::Stopped;
use crate::config::{CATALOG_ATTEMPTS_MAX, FAST_FORWARD_WALK_MAX};
use crate::durable::{Failure, Wire};
use crate::ops::catalog::LoadedCatalog;
use crate::repo::call::{Commit, Refusal, View};
use crate::store::PackStore;

/// Outside: the platform failed. Inside: a reason for each ref that was refused, or why all of it was.
type Decided = Result<Result<Vec<Option<String>>, Refusal>, Stopped>;

/// Commits a push that has been checked against `catalog`.
pub(super) async fn commit<W: Wire, S: PackStore>(
    to: &Receiving<'_, W, S>,
    head: &PushHead,
    ingested: Option<Ingested>,
    mut catalog: LoadedCatalog<'_, S>,
) -> Decided {
    let upload_id = to.opened.snapshot.upload_id.as_deref().ok_or_else(|| Failure::shape("an upload", "none"))?;
    let mut pack = ingested.map(Storing::new);
    for _ in 0..CATALOG_ATTEMPTS_MAX {
        let Some(mut commit) = call(to, head, pack.as_ref(), &catalog, upload_id) else { break };
        let decided = match &mut pack {
            // A push that brings no object (a branch at a commit that is here) comes with an empty pack, not kept.
            Some(pack) if pack.ingested.info.n_objects > 0 => {
                let (new, inline) = pack.store(to.store, (&commit.repo_id, upload_id), &catalog).await?;
                commit.pack = Some(new);
                let inline = inline.as_ref().map(|(pack, index)| (pack.as_slice(), *index));
                to.repo.commit(commit, inline).await?
            }
            _ => to.repo.commit(commit, None).await?,
        };
        let decided = decided.map(|committed| committed.outcomes);
        if decided != Err(Refusal::CatalogChanged) {
            return Ok(decided);
        }
        match to.repo.open(to.token_sha256.to_owned(), View::Fetch).await? {
            Ok(opened) => catalog = LoadedCatalog::load(&opened, to.store).await?,
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Err(Refusal::CatalogChanged))
}

/// The call; `None` when something that the push relies on is not in the catalog any more.
fn call<W: Wire, S: PackStore>(
    to: &Receiving<'_, W, S>,
    head: &PushHead,
    pack: Option<&Storing>,
    catalog: &LoadedCatalog<'_, S>,
    upload_id: &str,
) -> Option<Commit> {
    let mut relies_on = BTreeSet::new();
    for &id in pack.iter().flat_map(|pack| &pack.ingested.outside) {
        relies_on.insert(catalog.packs.find(id)?.pack);
    }
    let none = NewObjects::default();
    let new_objects = pack.map_or(&none, |pack| &pack.ingested.new_objects);
    let targets = Targets { catalog, new_objects };
    let updates = head.commands.iter().map(|command| targets.update(command, &mut relies_on)).collect();
    let ids = |ids: &[ObjectId]| ids.iter().map(ObjectId::to_hex).collect::<Vec<_>>();
    Some(Commit {
        repo_id: to.opened.snapshot.repo_id.clone(),
        token_sha256: to.token_sha256.to_owned(),
        upload_id: upload_id.to_owned(),
        pack: None,
        updates,
        atomic: head.atomic,
        relies_on: relies_on.into_iter().filter_map(|pack| catalog.upload_id(pack)).map(ToOwned::to_owned).collect(),
        still_reached: ids(&still_reached(head, pack, catalog)),
        heads: pack.and_then(|pack| pack.ingested.heads.as_deref()).map(ids),
        shallow: pack.map(|pack| pack.ingested.shallow.clone()).unwrap_or_default(),
        options: head.options.iter().map(|option| String::from_utf8_lossy(option).into_owned()).collect(),
    })
}

/// Old values of refs that are reached from what takes their place, or from all of the pack, whose heads do.
fn still_reached<S>(head: &PushHead, pack: Option<&Storing>, catalog: &LoadedCatalog<'_, S>) -> Vec<ObjectId> {
    let parents = pack.map_or(&[][..], |pack| &pack.ingested.parents);
    let mut budget = FAST_FORWARD_WALK_MAX;
    let mut is_reached = |new_id: ObjectId, old_id: ObjectId| {
        let is_parent = parents.binary_search(&old_id).is_ok();
        if is_parent || budget == 0 {
            return is_parent;
        }
        let from = match catalog.packs.find(new_id) {
            Some(place) => vec![place],
            None => parents.iter().filter_map(|&parent| catalog.packs.find(parent)).collect(),
        };
        let to = catalog.packs.find(old_id);
        to.is_some_and(|to| descends(&catalog.packs, from, to, &mut budget))
    };
    let moved = head.commands.iter().filter_map(|command| command.new_id.zip(command.old_id));
    moved.filter(|&(new_id, old_id)| is_reached(new_id, old_id)).map(|(_, old_id)| old_id).collect()
}
