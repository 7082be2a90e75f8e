//! The trailers of packs that were sent before: who sends the same bytes again need not hash them.

use std::cell::RefCell;

use git_core::ObjectId;
use git_core::pack::select::{Item, Plan};

use crate::config::{TRAILER_CACHE_MAX, TRAILER_RUNS_MAX};
use crate::ops::catalog::LoadedCatalog;
use crate::store::PackStore;
use crate::store::cache::Cache;

/// What a sent pack is made of: entries as they are stored, by upload, first and last number.
pub(super) type Runs = Vec<(String, u32, u32)>;

thread_local! {
    static TRAILERS: RefCell<Cache<Runs, ObjectId>> = RefCell::new(Cache::new(TRAILER_CACHE_MAX));
}

/// What the plan makes of the stored bytes, if it is so simple that it always makes the same.
pub(super) fn runs<S: PackStore>(catalog: &LoadedCatalog<'_, S>, plan: &Plan) -> Option<Runs> {
    if plan.items.len() > TRAILER_RUNS_MAX {
        return None;
    }
    let run = |item: &Item| match *item {
        Item::Run { pack, first, last } => Some((catalog.upload_id(pack)?.to_owned(), first, last)),
        Item::Rewritten { .. } | Item::Rebuilt(_) => None,
    };
    plan.items.iter().map(run).collect()
}

pub(super) fn known(runs: &Runs) -> Option<ObjectId> {
    TRAILERS.with_borrow_mut(|trailers| trailers.get(runs))
}

pub(super) fn learn(runs: Runs, trailer: ObjectId) {
    let weight = runs.iter().map(|(upload_id, ..)| upload_id.len() + 8).sum::<usize>() + ObjectId::LEN;
    TRAILERS.with_borrow_mut(|trailers| trailers.insert(runs, trailer, weight));
}
