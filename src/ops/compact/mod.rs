//! Maintenance of a repo's packs, read top to bottom: a look at the repo, the new pack, its place.
//!
//! Either neighbouring packs are merged, which leaves out nothing but second copies, or all packs are gone through for
//! what no ref has reached for a while ([`collect`]). Stored entries are copied as they are; what came whole may become a delta
//! ([`deltas`]).

mod collect;
mod deltas;
mod gather;
mod section;
mod write;

use std::fmt;
use std::ops::Range;

use git_core::pack::merge;

use self::collect::collect;
use self::deltas::with_deltas;
#[cfg(test)]
pub(crate) use self::gather::gather;
use self::write::{Made, write};
use crate::config::OBJECT_RESIDENT_MAX;
use crate::durable::{Failure, Wire};
use crate::ops::catalog::LoadedCatalog;
use crate::repo::call::{NewPack, Refusal, Replace};
use crate::repo::{RepoClient, Surveyed, Weight, run_to_merge};
use crate::store::PackStore;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    n_packs: usize,
    n_objects_before: u64,
    n_objects: u64,
    len: u64,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_packs, n_objects_before, n_objects, len } = self;
        write!(f, "{n_packs} packs with {n_objects_before} objects became one with {n_objects}, {len} bytes,")
    }
}

/// Looks for garbage, if `collects`, and merges packs if there are too many. A repo that is gone or that is being made has
/// nothing to be maintained.
pub(crate) async fn compact<W: Wire, S: PackStore>(
    repo: &RepoClient<W>,
    store: &S,
    collects: bool,
) -> Result<Option<Work>, Failure> {
    let Ok(surveyed) = repo.survey().await? else { return Ok(None) };
    let done = if collects { collect(repo, store, &surveyed).await } else { Ok(None) };
    let done = match done {
        Ok(None) => merge(repo, store, &surveyed).await,
        done => done,
    };
    if !matches!(done, Ok(Some(_))) {
        abandon(repo, &surveyed).await;
    }
    done
}

/// What this fails to say, the upload's expiry says later.
async fn abandon<W: Wire>(repo: &RepoClient<W>, surveyed: &Surveyed) {
    let (repo_id, upload_id) = surveyed.upload();
    if let Err(failure) = repo.abandon(repo_id.to_owned(), upload_id.to_owned()).await {
        crate::log::warn(failure);
    }
}

async fn merge<W: Wire, S: PackStore>(
    repo: &RepoClient<W>,
    store: &S,
    surveyed: &Surveyed,
) -> Result<Option<Work>, Failure> {
    let weights: Vec<Weight> = surveyed.opened.snapshot.packs.iter().map(Weight::from).collect();
    let Some(run) = run_to_merge(&weights) else { return Ok(None) };
    let catalog = LoadedCatalog::load(&surveyed.opened, store).await?;
    let (catalog, packs) = with_deltas(catalog, &run).await;
    let plan = merge::plan(&catalog.packs, &packs, None, OBJECT_RESIDENT_MAX);
    let made = write(&catalog, store, &plan, surveyed.upload()).await?;
    let call = in_place_of(surveyed, &run, made.as_ref());
    match repo.replace(call, made.as_ref().and_then(Made::inline)).await? {
        Ok(()) => Ok(Some(work(&weights, &run, made.as_ref()))),
        Err(refusal) => Err(refused(&refusal)),
    }
}

/// The call that puts a pack in the place of the packs `run`.
fn in_place_of(surveyed: &Surveyed, run: &Range<usize>, made: Option<&Made>) -> Replace {
    let (repo_id, upload_id) = surveyed.upload();
    let replaced = surveyed.opened.snapshot.packs.get(run.clone()).unwrap_or_default();
    Replace {
        repo_id: repo_id.to_owned(),
        upload_id: upload_id.to_owned(),
        replaced: replaced.iter().map(|row| row.upload_id.clone()).collect(),
        pack: made.map(|made| NewPack { pack: made.info.clone(), inline: made.inline().is_some() }),
        collected: None,
    }
}

fn work(weights: &[Weight], run: &Range<usize>, made: Option<&Made>) -> Work {
    let replaced = weights.get(run.clone()).unwrap_or_default();
    Work {
        n_packs: replaced.len(),
        n_objects_before: replaced.iter().map(|pack| pack.n_objects).sum(),
        n_objects: made.map_or(0, |made| made.info.n_objects),
        len: made.map_or(0, |made| made.info.pack_len),
    }
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::Platform(format!("the repo refused the new pack: {refusal:?}"))
}
