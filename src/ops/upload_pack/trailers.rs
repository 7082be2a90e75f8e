//! The trailers of packs that were sent before: who sends the same bytes again need not hash them.

use std::cell::RefCell;

use git_core::ObjectId;
use git_core::pack::select::{Item, Plan, SendOptions};

use crate::config::{TRAILER_CACHE_MAX, TRAILER_PARTS_MAX};
use crate::ops::catalog::LoadedCatalog;
use crate::store::PackStore;
use crate::store::cache::Cache;

/// What a sent pack is made of, in its order: stored entries by upload, first and last number, and whether they go under new
/// headers. These follow from what was sent before them, and from whether the client knows distances.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    ofs_delta: bool,
    parts: Vec<(String, u32, u32, bool)>,
}

thread_local! {
    static TRAILERS: RefCell<Cache<Parts, ObjectId>> = RefCell::new(Cache::new(TRAILER_CACHE_MAX));
}

/// What the plan makes of the stored bytes, if it is so simple that it always makes the same.
pub(super) fn parts<S: PackStore>(catalog: &LoadedCatalog<'_, S>, plan: &Plan, options: SendOptions) -> Option<Parts> {
    if plan.items.len() > TRAILER_PARTS_MAX {
        return None;
    }
    let upload_id = |pack| catalog.upload_id(pack).map(ToOwned::to_owned);
    let part = |item: &Item| match *item {
        Item::Run { pack, first, last } => Some((upload_id(pack)?, first, last, false)),
        Item::Rewritten { place, .. } => Some((upload_id(place.pack)?, place.number, place.number, true)),
        Item::Bridged { .. } | Item::Rebuilt(_) => None,
    };
    Some(Parts { ofs_delta: options.ofs_delta, parts: plan.items.iter().map(part).collect::<Option<_>>()? })
}

pub(super) fn known(parts: &Parts) -> Option<ObjectId> {
    TRAILERS.with_borrow_mut(|trailers| trailers.get(parts))
}

pub(super) fn learn(parts: Parts, trailer: ObjectId) {
    let weight = parts.parts.iter().map(|(upload_id, ..)| upload_id.len() + 40).sum::<usize>() + ObjectId::LEN;
    TRAILERS.with_borrow_mut(|trailers| trailers.insert(parts, trailer, weight));
}
