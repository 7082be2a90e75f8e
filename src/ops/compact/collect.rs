//! Garbage: what neither a ref reaches nor anything that a ref pointed at until lately.
//!
//! Leaving objects out is right for the refs and packs that were looked at. A push meanwhile may bring a ref back to what
//! is left out, or build on it: then the repo refuses, and what is new is looked at, which is little.

use git_core::ObjectId;
use git_core::pack::catalog::{ObjectSet, Place};
use git_core::pack::merge;
use git_core::walk::reach;

use super::write::{Made, write};
use super::{Work, abandon, in_place_of, refused, work};
use crate::config::{CATALOG_ATTEMPTS_MAX, MERGED_LEN_MAX, MERGED_OBJECTS_MAX, OBJECT_RESIDENT_MAX};
use crate::durable::{Failure, Wire};
use crate::log;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::upload_pack::add_below;
use crate::repo::call::{Collected, Refusal};
use crate::repo::{RepoClient, Surveyed, Weight, refs_digest};
use crate::store::PackStore;

/// Leaves garbage out, if there is any, and notes that it has been looked for.
pub(super) async fn collect<W: Wire, S: PackStore>(
    repo: &RepoClient<W>,
    store: &S,
    surveyed: &Surveyed,
) -> Result<Option<Work>, Failure> {
    let snapshot = &surveyed.opened.snapshot;
    let weights: Vec<Weight> = snapshot.packs.iter().map(Weight::from).collect();
    let (len, n_objects) = weights.iter().fold((0, 0), |(len, n), pack| (len + pack.len, n + pack.n_objects));
    if len > MERGED_LEN_MAX || n_objects > MERGED_OBJECTS_MAX {
        log::warn(format_args!("{}: {n_objects} objects, {len} bytes: too large to be collected", snapshot.repo_id));
        return Ok(None);
    }
    let catalog = LoadedCatalog::load(&surveyed.opened, store).await?;
    let kept = kept(&catalog, surveyed).await?;
    let has_garbage = places(&catalog).any(|place| catalog.packs.lowest(place) == place && !kept.contains(place));
    let run = if has_garbage { 0..weights.len() } else { 0..0 };
    let plan = merge::plan(&catalog.packs, &run, Some(&kept), OBJECT_RESIDENT_MAX);
    let made = write(&catalog, store, &plan, surveyed.upload()).await?;
    let mut call = in_place_of(surveyed, &run, made.as_ref());
    let mut state = state(surveyed, surveyed);
    for _ in 0..CATALOG_ATTEMPTS_MAX {
        call.collected = Some(state);
        match repo.replace(call.clone(), made.as_ref().and_then(Made::inline)).await? {
            Ok(()) => return Ok(has_garbage.then(|| work(&weights, &run, made.as_ref()))),
            Err(Refusal::CatalogChanged) => {}
            Err(refusal) => return Err(refused(&refusal)),
        }
        let fresh = repo.survey().await?.map_err(|refusal| refused(&refusal))?;
        abandon(repo, &fresh).await;
        if !is_still_right(&fresh, &catalog, &kept, store).await? {
            break;
        }
        state = self::state(surveyed, &fresh);
    }
    Err(Failure::Platform("the repo kept changing while its garbage was collected".into()))
}

/// The state that `fresh` shows; what was dropped is as `first` saw it.
fn state(first: &Surveyed, fresh: &Surveyed) -> Collected {
    let snapshot = &fresh.opened.snapshot;
    Collected {
        upload_ids: snapshot.packs.iter().map(|row| row.upload_id.clone()).collect(),
        refs_digest: refs_digest(&snapshot.refs),
        dropped_before: first.dropped_before,
    }
}

/// Everything that is no garbage.
async fn kept<S: PackStore>(catalog: &LoadedCatalog<'_, S>, surveyed: &Surveyed) -> Result<ObjectSet, Failure> {
    let refs = surveyed.opened.snapshot.refs.iter().map(|row| &row.id);
    let tips = refs
        .chain(&surveyed.recent)
        .map(|hex| ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex)));
    let tips: Vec<ObjectId> = tips.collect::<Result<_, _>>()?;
    let tips = tips.into_iter().filter_map(|id| catalog.packs.find(id));
    let mut reached = reach(&catalog.packs, tips, None, None);
    add_below(catalog, reached.open_trees, &mut reached.objects, None).await?;
    Ok(reached.objects)
}

fn places<S>(catalog: &LoadedCatalog<'_, S>) -> impl Iterator<Item = Place> {
    let packs = catalog.packs.packs().iter().enumerate();
    packs.flat_map(|(pack, stored)| (0..stored.index.n_objects()).map(move |number| Place { pack, number }))
}

/// Whether what has come since refers to nothing that was left out: packs were only added, all that they brought is
/// reached, and so nothing of the packs before is reached that was not.
async fn is_still_right<S: PackStore>(
    fresh: &Surveyed,
    catalog: &LoadedCatalog<'_, S>,
    kept_before: &ObjectSet,
    store: &S,
) -> Result<bool, Failure> {
    let n_packs = catalog.packs.packs().len();
    let before = (0..n_packs).map(|pack| catalog.upload_id(pack));
    let now = fresh.opened.snapshot.packs.iter().map(|row| Some(row.upload_id.as_str()));
    if !before.eq(now.take(n_packs)) {
        return Ok(false);
    }
    let catalog = LoadedCatalog::load(&fresh.opened, store).await?;
    let kept = kept(&catalog, fresh).await?;
    let is_right = |place: Place| {
        let is_new = place.pack >= n_packs;
        if is_new {
            kept.contains(catalog.packs.lowest(place))
        } else {
            kept_before.contains(place) || !kept.contains(place)
        }
    };
    Ok(places(&catalog).all(is_right))
}
