//! Which objects of neighbouring packs a pack in their place holds, and in which order.

use std::ops::Range;

use super::Kind;
use super::catalog::{Catalog, ObjectSet, Place};
use super::select::{Plan, SendOptions, add_large_bases, plan_in_order};

/// Commits first and blobs last, so that a walk of commits or of trees reads neighbours, and what a client without blobs
/// wants is a prefix.
const ORDER: [Kind; 4] = [Kind::Commit, Kind::Tag, Kind::Tree, Kind::Blob];

/// A delta may be against what a lower pack holds: thin packs are stored thin.
pub const STORED: SendOptions = SendOptions { thin_pack: true, ofs_delta: true };

/// Plans the pack that takes the place of the packs `run`: every object whose lowest copy is in one of them and, if `kept`
/// is given, that is in `kept`.
pub fn plan(catalog: &Catalog, run: &Range<usize>, kept: Option<&ObjectSet>, object_resident_max: u64) -> Plan {
    let mut selected = catalog.empty_set();
    let mut below = catalog.empty_set();
    for (pack, stored) in catalog.packs().iter().enumerate().take(run.end) {
        for number in 0..stored.index.n_objects() {
            let place = Place { pack, number };
            if pack < run.start {
                below.insert(place);
            } else if kept.is_none_or(|kept| kept.contains(place)) && catalog.lowest(place) == place {
                selected.insert(place);
            }
        }
    }
    add_large_bases(catalog, &mut selected, &below, STORED, object_resident_max);
    let kind = |place: &Place| catalog.entry(*place).map(|entry| entry.kind);
    let order = ORDER.iter().flat_map(|&wanted| selected.iter().filter(move |place| kind(place) == Some(wanted)));
    plan_in_order(catalog, order, &selected, &below, STORED)
}
