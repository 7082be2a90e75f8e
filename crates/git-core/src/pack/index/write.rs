//! Writing the index of a pack.

use std::collections::BTreeMap;

use super::assemble::{Assembly, EntryRow, Sections, count32};
use super::{COMMIT_LEN, NO_BASE, OUTSIDE};
use crate::ObjectId;
use crate::pack::entries::{Base, Entries};
use crate::pack::ids::{IdNo, Ids};
use crate::pack::introduce::{Introduced, IntroducedCommits, Introducer};

/// The index of a pack whose commits have all been worked through, piece by piece.
pub struct IndexWriter {
    entries: Entries,
    ids: Ids,
    /// By number, what the entry is a delta of, as the index has it.
    bases: Vec<u32>,
    assembly: Assembly,
}

impl IndexWriter {
    /// Begins. What the index does not need of the pack is freed.
    pub fn new(done: Introducer) -> Self {
        let Introduced { entries, ids, tags, commits } = done.finish();
        let mut outside = Outside { ids: &ids, places: vec![NO_PLACE; ids.len()], list: Vec::new() };
        let mut sections = commit_sections(commits, &mut outside);
        sections.tags = tag_section(&tags, &mut outside);
        let mut bases = Vec::with_capacity(entries.len());
        bases.extend(entries.iter().map(|row| outside.base(row.base)));
        sections.outside = outside.list;
        let assembly = Assembly::new(count32(entries.len()), |number| id_of(&entries, &ids, number), sections);
        Self { entries, ids, bases, assembly }
    }

    /// Length in bytes of the index.
    pub fn byte_len(&self) -> usize {
        self.assembly.byte_len()
    }
}

impl Iterator for IndexWriter {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let Self { entries, ids, bases, assembly } = self;
        let row = |number: u32| {
            let (row, &base) = (entries.get(number)?, bases.get(number as usize)?);
            Some(EntryRow { offset: row.offset, kind: row.kind?, object_len: row.object_len, base })
        };
        assembly.next_piece(|number| id_of(entries, ids, number), row)
    }
}

/// The same in one piece.
pub fn write(done: Introducer) -> Vec<u8> {
    let writer = IndexWriter::new(done);
    let mut index = Vec::with_capacity(writer.byte_len());
    for piece in writer {
        index.extend(piece);
    }
    index
}

const NO_PLACE: u32 = u32::MAX;

/// The list of ids outside, and of those by which deltas name bases inside, in the order in which they come up.
struct Outside<'a> {
    ids: &'a Ids,
    places: Vec<u32>,
    list: Vec<ObjectId>,
}

impl Outside<'_> {
    fn reference(&mut self, no: IdNo) -> u32 {
        self.ids.entry(no).unwrap_or_else(|| self.by_id(no))
    }

    /// A reference by id, also to an object of the pack.
    fn by_id(&mut self, no: IdNo) -> u32 {
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
            Base::Id(no) => self.by_id(no),
        }
    }
}

/// The sections that tell of commits, which are in pack order: commits that were deltas have been read out of turn.
fn commit_sections(tables: IntroducedCommits, outside: &mut Outside<'_>) -> Sections {
    let IntroducedCommits { commits, parents, generations, introduced, ends } = tables;
    let mut order: Vec<_> = commits.iter().zip(0..).map(|(commit, at)| (outside.reference(commit.id_no), at)).collect();
    order.sort_unstable();
    let mut out = Sections {
        commits: Vec::with_capacity(COMMIT_LEN * commits.len()),
        parents: Vec::with_capacity(4 * parents.len()),
        introduced: Vec::with_capacity(4 * introduced.len()),
        ..Sections::default()
    };
    for (number, at) in order {
        let at: usize = at;
        let (Some(commit), Some(&end)) = (commits.get(at), ends.get(at)) else { continue };
        let start = at.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
        let parents = (commit.parents_start..commit.parents_end).filter_map(|at| parents.get(at as usize));
        out.parents.extend(parents.flat_map(|&no| outside.reference(no).to_le_bytes()));
        let introduced = (start..end).filter_map(|at| introduced.get(at as usize));
        out.introduced.extend(introduced.flat_map(|&no| outside.reference(no).to_le_bytes()));
        let generation = generations.get(at).copied().unwrap_or(0);
        out.end_commit(number, outside.reference(commit.tree), commit.time, generation);
    }
    out
}

fn tag_section(tags: &BTreeMap<IdNo, IdNo>, outside: &mut Outside<'_>) -> Vec<u8> {
    let tags = tags.iter();
    let mut tags: Vec<_> = tags.map(|(&no, &target)| (outside.reference(no), outside.reference(target))).collect();
    tags.sort_unstable();
    tags.into_iter().flat_map(|(number, target)| [number, target]).flat_map(u32::to_le_bytes).collect()
}

fn id_of(entries: &Entries, ids: &Ids, entry: u32) -> Option<ObjectId> {
    ids.id(entries.id_no(entry)?)
}
