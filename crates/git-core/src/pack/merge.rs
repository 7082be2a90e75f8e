//! Which objects of neighbouring packs a pack in their place holds, and in which order.

use std::ops::Range;

use super::Kind;
use super::catalog::{Catalog, ObjectSet, Place};
use super::select::{Plan, SendOptions, add_large_bases, plan_in_order};

/// A delta may be against what a lower pack holds: thin packs are stored thin.
pub const STORED: SendOptions = SendOptions { thin_pack: true, ofs_delta: true };

/// Plans the pack that takes the place of the packs `run`: every object whose lowest copy is in one of them and, if `kept`
/// is given, that is in `kept`.
///
/// Commits come first and blobs last, so that a walk of commits or of trees reads neighbours, and what a client without
/// blobs wants is a prefix. Trees and blobs stand by families, after the object that they all build on in the end: whoever
/// wants a single one, of which deltas are stored, finds all that it takes in one place.
pub fn plan(catalog: &Catalog, run: &Range<usize>, kept: Option<&ObjectSet>, object_resident_max: u64) -> Plan {
    let mut selected = catalog.empty_set();
    let mut below = catalog.empty_set();
    for (pack, stored) in catalog.packs().iter().enumerate().take(run.end) {
        for number in 0..stored.index.n_objects() {
            let place = Place { pack, number };
            if pack < run.start {
                below.insert(place);
            } else if kept.is_none_or(|kept| kept.contains(place)) && catalog.is_object(place) {
                selected.insert(place);
            }
        }
    }
    add_large_bases(catalog, &mut selected, &below, STORED, object_resident_max);
    let kind = |place: &Place| catalog.entry(*place).map(|entry| entry.kind);
    let of = |wanted| selected.iter().filter(move |place| kind(place) == Some(wanted));
    let heads = of(Kind::Commit).chain(of(Kind::Tag));
    let families = [Kind::Tree, Kind::Blob].into_iter().flat_map(|kind| families(catalog, of(kind), &selected));
    plan_in_order(catalog, heads.chain(families), &selected, &below, STORED)
}

/// The objects in the order of families: each before what builds on it, and that before the next that builds on nothing
/// selected.
fn families(catalog: &Catalog, objects: impl Iterator<Item = Place>, selected: &ObjectSet) -> Vec<Place> {
    let base = |place: Place| catalog.base(place).filter(|&base| selected.contains(base));
    let (mut roots, mut children) = (Vec::new(), Vec::new());
    for place in objects {
        match base(place) {
            Some(base) => children.push((base, place)),
            None => roots.push(place),
        }
    }
    children.sort_unstable();
    let mut order = Vec::with_capacity(roots.len() + children.len());
    let mut stack: Vec<Place> = roots.into_iter().rev().collect();
    while let Some(place) = stack.pop() {
        order.push(place);
        let start = children.partition_point(|&(base, _)| base < place);
        let of_place = children.get(start..).unwrap_or_default().iter().take_while(|(base, _)| *base == place);
        let before = stack.len();
        stack.extend(of_place.map(|&(_, child)| child));
        stack.get_mut(before..).unwrap_or_default().reverse();
    }
    order
}
