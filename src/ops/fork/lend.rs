//! What is lent to a fork: by its source, and by others that the source has packs from.

use super::ForkRepo;
use crate::config::CATALOG_ATTEMPTS_MAX;
use crate::durable::Failure;
use crate::error::Error;
use crate::log;
use crate::objects::Objects;
use crate::ops::get_repo::missing;
use crate::random;
use crate::repo::Lent;
use crate::repo::call::{HeldPack, Hold, PackRow, Refusal, Release, RepoAddress, Share};

/// Lends the source's packs to a fork, whose id is new. What the source has from others may have gone before they are asked,
/// because it has been merged meanwhile: then the source is asked again, and for a fork of another id, since what was given
/// back may be told late.
pub(super) async fn lend(objects: &impl Objects, wanted: &ForkRepo) -> Result<(Lent, RepoAddress), Error> {
    let ForkRepo { namespace, source, source_id, default_branch_only, .. } = wanted;
    for _ in 0..CATALOG_ATTEMPTS_MAX {
        let holder =
            RepoAddress { namespace: namespace.to_string(), name: wanted.name.to_string(), repo_id: random::id()? };
        let share =
            Share { holder: holder.clone(), default_branch_only: *default_branch_only, source_id: source_id.clone() };
        let lent = match objects.repo(namespace, source)?.share(share).await? {
            Ok(lent) => lent,
            Err(Refusal::NotFound) if source_id.is_some() => return Err(Error::RepoNotFound(source.to_string())),
            Err(Refusal::NotFound) => return Err(missing(objects, namespace, source).await?),
            Err(refusal) => return Err(Error::Refused { repo: source.to_string(), refusal }),
        };
        if hold(objects, &lent, &holder).await? {
            return Ok((lent, holder));
        }
        give_back(objects, &lent, &holder).await;
    }
    Err(Error::Refused { repo: source.to_string(), refusal: Refusal::CatalogChanged })
}

/// Has packs lent that the source has from others; whether all of them are still there.
async fn hold(objects: &impl Objects, lent: &Lent, holder: &RepoAddress) -> Result<bool, Failure> {
    for owner in &lent.owners {
        let held =
            |row: &PackRow| HeldPack { upload_id: row.upload_id.clone(), len: row.pack.pack_len + row.pack.index_len };
        let packs = of(lent, owner).map(held).collect();
        let call = Hold { owner_repo_id: owner.repo_id.clone(), packs, holder: holder.clone() };
        if owner.client(objects)?.hold(call).await?.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The fork will not be made. Owners that do not hear of it find out by themselves.
pub(super) async fn give_back(objects: &impl Objects, lent: &Lent, holder: &RepoAddress) {
    for owner in lent.owners.iter().chain([&lent.source]) {
        let upload_ids: Vec<_> = of(lent, owner).map(|row| row.upload_id.clone()).collect();
        if upload_ids.is_empty() {
            continue;
        }
        let (owner_repo_id, holder_repo_id) = (owner.repo_id.clone(), holder.repo_id.clone());
        let told =
            async { owner.client(objects)?.release(Release { owner_repo_id, upload_ids, holder_repo_id }).await };
        if let Err(failure) = told.await {
            log::warn(format_args!("packs of {} not given back by {}: {failure}", owner.repo_id, holder.repo_id));
        }
    }
}

/// The packs in R2 that belong to an owner.
fn of<'a>(lent: &'a Lent, owner: &'a RepoAddress) -> impl Iterator<Item = &'a PackRow> {
    let rows = lent.opened.snapshot.packs.iter();
    rows.filter(|row| row.inline.is_none() && row.owner_repo_id == owner.repo_id)
}
