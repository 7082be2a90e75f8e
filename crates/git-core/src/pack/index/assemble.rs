//! The bytes of an index from its rows.

use super::{COMMIT_LEN, ENTRY_LEN, FANOUT_LEN, FORMAT, HEADER_LEN, MAGIC, TAG_LEN};
use crate::ObjectId;
use crate::pack::Kind;

/// An entry as the index has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryRow {
    pub(super) offset: u64,
    pub(super) kind: Kind,
    pub(super) object_len: u64,
    pub(super) base: u32,
}

/// The sections that do not follow from the entries, as they are stored.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) commits: Vec<u8>,
    pub(super) parents: Vec<u8>,
    pub(super) introduced: Vec<u8>,
    pub(super) tags: Vec<u8>,
    pub(super) outside: Vec<ObjectId>,
}

impl Sections {
    /// Adds a commit, whose parents and introduced objects have just been added.
    pub(super) fn end_commit(&mut self, number: u32, tree: u32, time: i64, generation: u32) {
        let ends = [count32(self.parents.len() / 4), count32(self.introduced.len() / 4)];
        self.commits.extend(number.to_le_bytes());
        self.commits.extend(tree.to_le_bytes());
        self.commits.extend(time.to_le_bytes());
        self.commits.extend(generation.to_le_bytes());
        self.commits.extend(ends.into_iter().flat_map(u32::to_le_bytes));
    }
}

/// How much of an index is made at a time.
const PIECE_LEN: usize = 256 * 1024;

/// How much of a section that is at hand as bytes is copied at a time.
const STRETCH_LEN: usize = 4 * 1024;

/// What an index consists of.
#[derive(Clone, Copy)]
enum Part {
    Head,
    Ids,
    Numbers,
    Entries,
    Commits,
    Parents,
    Introduced,
    Tags,
    Outside,
}

const PARTS: [Part; 9] = [
    Part::Head,
    Part::Ids,
    Part::Numbers,
    Part::Entries,
    Part::Commits,
    Part::Parents,
    Part::Introduced,
    Part::Tags,
    Part::Outside,
];

/// An index being put together, part by part: of a large pack it would take as much memory as all that it is made of.
pub(super) struct Assembly {
    sections: Sections,
    /// Numbers in the order of the ids.
    by_id: Vec<u32>,
    /// By number, the place in that order.
    places: Vec<u32>,
    /// Where in [`PARTS`] it is, and at which row or stretch of that part.
    part: usize,
    at: usize,
}

impl Assembly {
    /// The index of a pack of `n_objects`, whose ids are given by number.
    pub(super) fn new(n_objects: u32, id: impl Fn(u32) -> Option<ObjectId>, sections: Sections) -> Self {
        let mut by_id: Vec<u32> = (0..n_objects).collect();
        by_id.sort_unstable_by_key(|&number| id(number));
        let mut places = vec![0; n_objects as usize];
        for (&number, place) in by_id.iter().zip(0u32..) {
            if let Some(slot) = places.get_mut(number as usize) {
                *slot = place;
            }
        }
        Self { sections, by_id, places, part: 0, at: 0 }
    }

    /// Length in bytes of the index.
    pub(super) fn byte_len(&self) -> usize {
        let Sections { commits, parents, introduced, tags, outside } = &self.sections;
        let tables = commits.len() + parents.len() + introduced.len() + tags.len();
        HEADER_LEN
            + FANOUT_LEN
            + self.by_id.len() * (ObjectId::LEN + 4 + ENTRY_LEN)
            + tables
            + outside.len() * ObjectId::LEN
    }

    /// The next bytes of it, given ids and rows by number; `None` at its end.
    pub(super) fn next_piece(
        &mut self,
        id: impl Fn(u32) -> Option<ObjectId>,
        row: impl Fn(u32) -> Option<EntryRow>,
    ) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(PIECE_LEN + STRETCH_LEN);
        while out.len() < PIECE_LEN
            && let Some(&part) = PARTS.get(self.part)
        {
            let Self { sections, by_id, places, at, .. } = &*self;
            let bytes = |id: Option<ObjectId>| id.map_or([0; 20], |id| *id.as_bytes());
            let is_in_part = match part {
                Part::Head => (*at == 0).then(|| out.extend(self.head(&id))),
                Part::Ids => by_id.get(*at).map(|&number| out.extend(bytes(id(number)))),
                Part::Numbers => by_id.get(*at).map(|&number| out.extend(number.to_le_bytes())),
                Part::Entries => places.get(*at).map(|&place| write_entry(row(count32(*at)), place, &mut out)),
                Part::Commits => add_stretch(&sections.commits, *at, &mut out),
                Part::Parents => add_stretch(&sections.parents, *at, &mut out),
                Part::Introduced => add_stretch(&sections.introduced, *at, &mut out),
                Part::Tags => add_stretch(&sections.tags, *at, &mut out),
                Part::Outside => sections.outside.get(*at).map(|&id| out.extend(bytes(Some(id)))),
            };
            (self.part, self.at) = match is_in_part {
                Some(()) => (self.part, self.at + 1),
                None => (self.part + 1, 0),
            };
        }
        (!out.is_empty()).then_some(out)
    }

    fn head(&self, id: impl Fn(u32) -> Option<ObjectId>) -> Vec<u8> {
        let Sections { commits, parents, introduced, tags, outside } = &self.sections;
        let (n_commits, n_tags) = (commits.len() / COMMIT_LEN, tags.len() / TAG_LEN);
        let counts = [self.by_id.len(), n_commits, parents.len() / 4, introduced.len() / 4, n_tags, outside.len()];
        let ids = self.by_id.iter().filter_map(|&number| id(number));
        let numbers = [FORMAT].into_iter().chain(counts.into_iter().map(count32)).chain(fanout(ids));
        MAGIC.into_iter().chain(numbers.flat_map(u32::to_le_bytes)).collect()
    }
}

/// The index of a pack of `n_objects`, whose ids and rows are given by number.
pub(super) fn assemble(
    n_objects: u32,
    id: impl Fn(u32) -> Option<ObjectId>,
    row: impl Fn(u32) -> Option<EntryRow>,
    sections: Sections,
) -> Vec<u8> {
    let mut assembly = Assembly::new(n_objects, &id, sections);
    let mut out = Vec::with_capacity(assembly.byte_len());
    while let Some(piece) = assembly.next_piece(&id, &row) {
        out.extend(piece);
    }
    out
}

/// Adds a stretch of a section; `None` behind its end.
fn add_stretch(section: &[u8], at: usize, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(section.chunks(STRETCH_LEN).nth(at)?);
    Some(())
}

fn write_entry(row: Option<EntryRow>, place: u32, out: &mut Vec<u8>) {
    let Some(EntryRow { offset, kind, object_len, base }) = row else { return };
    let [offset @ .., _, _, _] = offset.to_le_bytes();
    let [len @ .., _, _] = object_len.to_le_bytes();
    out.extend(offset);
    out.push(kind as u8);
    out.extend(len);
    out.extend(base.to_le_bytes());
    out.extend(place.to_le_bytes());
}

/// For each first byte, how many ids begin with it or a lower one.
fn fanout(ids: impl Iterator<Item = ObjectId>) -> [u32; 256] {
    let mut counts = [0u32; 256];
    for id in ids {
        if let Some(count) = counts.get_mut(usize::from(id.as_bytes()[0])) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for count in &mut counts {
        sum += *count;
        *count = sum;
    }
    counts
}

/// Counts of a pack are held below 2^31 by [`crate::pack::Limits`].
pub(super) fn count32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
