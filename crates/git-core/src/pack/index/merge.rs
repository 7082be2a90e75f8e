//! The index of a pack that was made of stored ones, from their indexes: no object is looked at.

use std::collections::BTreeMap;

use super::assemble::{EntryRow, Sections, assemble, count32};
use super::{NO_BASE, OUTSIDE, Ref};
use crate::ObjectId;
use crate::pack::catalog::{Catalog, Place};
use crate::pack::select::{Item, Layout, Plan};

/// The index of the pack that `plan` made, its entries where `layout` says; `None` if the two do not belong together.
pub fn merge(catalog: &Catalog, plan: &Plan, layout: &Layout) -> Option<Vec<u8>> {
    let places: Vec<Place> = plan.places().collect();
    let mut numbers = Numbers::new(catalog, &places);
    let bases = bases(catalog, plan, &mut numbers)?;
    if bases.len() != places.len() || plan.n_objects as usize != places.len() {
        return None;
    }
    let mut offsets = Vec::with_capacity(places.len());
    for &place in &places {
        offsets.push(layout.sent_offset(place, catalog.index(place.pack)?.offset(place.number)?)?);
    }
    let mut sections = Sections::default();
    for (&place, number) in places.iter().zip(0..) {
        add_commit_or_tag(catalog, place, number, &mut numbers, &mut sections)?;
    }
    sections.outside = numbers.outside;
    let at = |number: u32| places.get(number as usize).copied();
    let row = |number: u32| {
        let entry = catalog.entry(at(number)?)?;
        let (&offset, &base) = (offsets.get(number as usize)?, bases.get(number as usize)?);
        Some(EntryRow { offset, kind: entry.kind, object_len: entry.object_len, base })
    };
    Some(assemble(count32(places.len()), |number| catalog.id(at(number)?), row, sections))
}

/// What each entry is a delta of, as the new pack has it.
fn bases(catalog: &Catalog, plan: &Plan, numbers: &mut Numbers<'_>) -> Option<Vec<u32>> {
    let mut bases = Vec::new();
    for item in &plan.items {
        match *item {
            Item::Run { pack, first, last } => {
                for number in first..=last {
                    let place = Place { pack, number };
                    bases.push(match catalog.entry(place)?.base {
                        Some(_) => numbers.reference(catalog.base(place)?)?,
                        None => NO_BASE,
                    });
                }
            }
            Item::Rewritten { base, .. } | Item::Bridged { base, .. } => bases.push(numbers.reference(base)?),
            Item::Rebuilt(_) => bases.push(NO_BASE),
        }
    }
    Some(bases)
}

fn add_commit_or_tag(
    catalog: &Catalog,
    place: Place,
    number: u32,
    numbers: &mut Numbers<'_>,
    sections: &mut Sections,
) -> Option<()> {
    let index = catalog.index(place.pack)?;
    if let Some(target) = index.tag_target(place.number) {
        let target = numbers.reference(catalog.resolve(place.pack, target)?)?;
        sections.tags.extend([number, target].into_iter().flat_map(u32::to_le_bytes));
    }
    let Some(commit) = catalog.commit(place) else { return Some(()) };
    for parent in index.parents(&commit) {
        let parent = match (catalog.resolve(place.pack, parent), parent) {
            (Some(parent), _) => numbers.reference(parent)?,
            (None, Ref::Outside(id)) if catalog.is_root(place) => numbers.nowhere(id),
            (None, _) => return None,
        };
        sections.parents.extend(parent.to_le_bytes());
    }
    let mut resolved = |reference: Ref| numbers.reference(catalog.resolve(place.pack, reference)?);
    for object in index.introduced(&commit) {
        sections.introduced.extend(resolved(object)?.to_le_bytes());
    }
    sections.end_commit(number, resolved(commit.tree)?, commit.time, commit.generation);
    Some(())
}

const NOWHERE: u32 = u32::MAX;

/// Numbers in the new pack by where an object was, and the list of what is outside.
struct Numbers<'a> {
    catalog: &'a Catalog,
    by_place: Vec<Vec<u32>>,
    outside: Vec<ObjectId>,
    outside_at: BTreeMap<Place, u32>,
    nowhere_at: BTreeMap<ObjectId, u32>,
}

impl<'a> Numbers<'a> {
    fn new(catalog: &'a Catalog, places: &[Place]) -> Self {
        let mut by_place: Vec<Vec<u32>> = catalog.packs().iter().map(|_| Vec::new()).collect();
        for (place, number) in places.iter().zip(0..) {
            let Some(numbers) = by_place.get_mut(place.pack) else { continue };
            if numbers.is_empty() {
                numbers.resize(catalog.index(place.pack).map_or(0, |index| index.n_objects() as usize), NOWHERE);
            }
            if let Some(slot) = numbers.get_mut(place.number as usize) {
                *slot = number;
            }
        }
        Self { catalog, by_place, outside: Vec::new(), outside_at: BTreeMap::new(), nowhere_at: BTreeMap::new() }
    }

    fn reference(&mut self, place: Place) -> Option<u32> {
        let here = self.by_place.get(place.pack).and_then(|numbers| numbers.get(place.number as usize));
        if let Some(&number) = here.filter(|&&number| number != NOWHERE) {
            return Some(number);
        }
        if let Some(&at) = self.outside_at.get(&place) {
            return Some(at | OUTSIDE);
        }
        let at = count32(self.outside.len());
        self.outside.push(self.catalog.id(place)?);
        self.outside_at.insert(place, at);
        Some(at | OUTSIDE)
    }

    /// The reference to a parent that the repository does not have.
    fn nowhere(&mut self, id: ObjectId) -> u32 {
        let Self { outside, nowhere_at, .. } = self;
        let at = *nowhere_at.entry(id).or_insert_with(|| {
            outside.push(id);
            count32(outside.len() - 1)
        });
        at | OUTSIDE
    }
}
