//! Writing the index of a pack.

use super::assemble::{EntryRow, Sections, assemble, count32};
use super::{NO_BASE, OUTSIDE};
use crate::ObjectId;
use crate::pack::entries::Base;
use crate::pack::ids::{IdNo, Ids};
use crate::pack::introduce::Introducer;

/// The index of a pack whose commits have all been worked through.
pub fn write(done: &Introducer) -> Vec<u8> {
    let mut outside = Outside { ids: &done.ids, places: vec![NO_PLACE; done.ids.len()], list: Vec::new() };
    let mut sections = commits(done, &mut outside);
    sections.tags = tags(done, &mut outside);
    let bases: Vec<u32> = done.entries.iter().map(|row| outside.base(row.base)).collect();
    let row = |number: u32| {
        let (row, &base) = (done.entries.get(number)?, bases.get(number as usize)?);
        Some(EntryRow { offset: row.offset, kind: row.kind?, object_len: row.object_len, base })
    };
    sections.outside = outside.list;
    assemble(count32(done.entries.len()), |number| id_of(done, number), row, &sections)
}

const NO_PLACE: u32 = u32::MAX;

/// The list of ids outside, in the order in which they come up.
struct Outside<'a> {
    ids: &'a Ids,
    places: Vec<u32>,
    list: Vec<ObjectId>,
}

impl Outside<'_> {
    fn reference(&mut self, no: IdNo) -> u32 {
        if let Some(entry) = self.ids.entry(no) {
            return entry;
        }
        let Some(place) = self.places.get_mut(no as usize) else { return NO_BASE };
        if *place == NO_PLACE {
            *place = count32(self.list.len());
            self.list.extend(self.ids.id(no));
        }
        *place | OUTSIDE
    }

    fn base(&mut self, base: Base) -> u32 {
        match base {
            Base::None => NO_BASE,
            Base::Entry(entry) => entry,
            Base::Id(no) => self.reference(no),
        }
    }
}

/// The sections that tell of commits, which are in pack order: commits that were deltas have been read out of turn.
fn commits(done: &Introducer, outside: &mut Outside<'_>) -> Sections {
    let starts = std::iter::once(0).chain(done.introduced_ends.iter().copied());
    let introduced = starts.zip(done.introduced_ends.iter()).map(|(start, &end)| start..end);
    let rows = done.contents.commits.iter().zip(done.generations()).zip(introduced);
    let mut rows: Vec<_> = rows.map(|row| (outside.reference(row.0.0.id_no), row)).collect();
    rows.sort_unstable_by_key(|(number, _)| *number);
    let mut out = Sections::default();
    for (number, ((commit, generation), introduced)) in rows {
        let parents =
            (commit.parents_start..commit.parents_end).filter_map(|at| done.contents.parents.get(at as usize));
        out.parents.extend(parents.flat_map(|&no| outside.reference(no).to_le_bytes()));
        let introduced = introduced.filter_map(|at| done.introduced.get(at as usize));
        out.introduced.extend(introduced.flat_map(|&no| outside.reference(no).to_le_bytes()));
        out.end_commit(number, outside.reference(commit.tree), commit.time, generation);
    }
    out
}

fn tags(done: &Introducer, outside: &mut Outside<'_>) -> Vec<u8> {
    let mut tags: Vec<_> =
        done.contents.tags.iter().map(|tag| (outside.reference(tag.id_no), outside.reference(tag.target))).collect();
    tags.sort_unstable();
    tags.into_iter().flat_map(|(number, target)| [number, target]).flat_map(u32::to_le_bytes).collect()
}

fn id_of(done: &Introducer, entry: u32) -> Option<ObjectId> {
    done.ids.id(done.entries.get(entry)?.id_no()?)
}
