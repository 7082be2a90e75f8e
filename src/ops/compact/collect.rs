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
use crate::config::{CATALOG_ATTEMPTS_MAX, MERGED_LEN_MAX, MERGED_OBJECTS_MAX, OBJECT_RESIDENT_MAX, RECENT_MAX};
use crate::durable::{Failure, Wire};
use crate::log;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::upload_pack::add_below;
use crate::repo::call::{Collected, Refusal, Replace};
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
    if len > MERGED_LEN_MAX || n_objects > MERGED_OBJECTS_MAX || surveyed.recent.len() > RECENT_MAX {
        log::warn(format_args!("{}: {n_objects} objects, {len} bytes: too large to be collected", snapshot.repo_id));
        let call = Replace { collected: Some(state(surveyed, surveyed)), ..in_place_of(surveyed, &(0..0), None) };
        return repo.replace(call, None).await?.map(|()| None).map_err(|refusal| refused(&refusal));
    }
    let catalog = LoadedCatalog::load(&surveyed.opened, store).await?;
    let Kept { objects: kept, are_of_refs } = kept(&catalog, surveyed).await?;
    let plan = merge::plan(&catalog.packs, &(0..weights.len()), Some(&kept), OBJECT_RESIDENT_MAX);
    let n_lowest = places(&catalog).filter(|&place| catalog.packs.is_object(place)).count();
    let has_garbage = (plan.n_objects as usize) < n_lowest;
    let n_left = if has_garbage { plan.n_objects as usize } else { n_lowest };
    let run = if has_garbage { 0..weights.len() } else { 0..0 };
    let made = if has_garbage { write(&catalog, store, &plan, surveyed.upload()).await? } else { None };
    let mut call = in_place_of(surveyed, &run, made.as_ref());
    let lost = lost_roots(&catalog, &kept);
    // More is left when something that no ref reaches is the base of what is too large to be made anew.
    let all_reached = are_of_refs && n_left == kept.len();
    let mut seen = Collected { shallow: lost.clone(), all_reached, ..state(surveyed, surveyed) };
    for _ in 0..CATALOG_ATTEMPTS_MAX {
        call.collected = Some(seen);
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
        seen = Collected { shallow: lost.clone(), ..state(surveyed, &fresh) };
    }
    Err(Failure::Platform("the repo kept changing while its garbage was collected".into()))
}

/// The state that `fresh` shows; what was dropped is as `first` saw it.
fn state(first: &Surveyed, fresh: &Surveyed) -> Collected {
    let snapshot = &fresh.opened.snapshot;
    Collected {
        upload_ids: snapshot.packs.iter().map(|row| row.upload_id.clone()).collect(),
        refs_digest: refs_digest(&snapshot.refs, &fresh.recent, &snapshot.shallow),
        dropped_before: first.dropped_before,
        shallow: Vec::new(),
        all_reached: false,
    }
}

/// Commits at which the history ends and that are left out.
fn lost_roots<S>(catalog: &LoadedCatalog<'_, S>, kept: &ObjectSet) -> Vec<String> {
    let lost = catalog.packs.roots().filter(|&root| !kept.contains(root));
    lost.filter_map(|root| catalog.packs.id(root)).map(|id| id.to_hex()).collect()
}

/// Everything that is no garbage.
struct Kept {
    objects: ObjectSet,
    /// Whether the refs alone reach it.
    are_of_refs: bool,
}

async fn kept<S: PackStore>(catalog: &LoadedCatalog<'_, S>, surveyed: &Surveyed) -> Result<Kept, Failure> {
    let place = |hex: &String| {
        let id = ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex))?;
        Ok::<_, Failure>(catalog.packs.find(id))
    };
    let of_ref = |hex| place(hex)?.ok_or_else(|| Failure::shape("the object of a ref", hex));
    let refs = surveyed.opened.snapshot.refs.iter().map(|row| of_ref(&row.id)).collect::<Result<Vec<_>, _>>()?;
    // What was dropped may have been garbage already.
    let recent = surveyed.recent.iter().filter_map(|hex| place(hex).transpose()).collect::<Result<Vec<_>, _>>()?;
    let objects = everything_of(catalog, refs.clone()).await?;
    if recent.iter().all(|&place| objects.contains(place)) {
        return Ok(Kept { objects, are_of_refs: true });
    }
    drop(objects);
    let objects = everything_of(catalog, [refs, recent].concat()).await?;
    Ok(Kept { objects, are_of_refs: false })
}

/// All that these reach.
async fn everything_of<S: PackStore>(catalog: &LoadedCatalog<'_, S>, tips: Vec<Place>) -> Result<ObjectSet, Failure> {
    let mut reached = reach(&catalog.packs, tips, None, None);
    if !reached.is_whole {
        return Err(Failure::shape("a closed catalog", "a reference to nothing"));
    }
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
    let Kept { objects: kept, .. } = kept(&catalog, fresh).await?;
    let is_new = |place: Place| place.pack >= n_packs;
    let base = |place: Place| catalog.packs.base(place);
    // What builds on something that was left out could not be read any more, whatever it is reached by.
    let is_based = |place: Place| base(place).is_none_or(|base| is_new(base) || kept_before.contains(base));
    let is_right = |place: Place| {
        if is_new(place) {
            kept.contains(catalog.packs.lowest(place)) && is_based(place)
        } else {
            kept_before.contains(place) || !kept.contains(place)
        }
    };
    Ok(places(&catalog).all(is_right))
}
