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

/// The index of a pack of `n_objects`, whose ids and rows are given by number.
pub(super) fn assemble(
    n_objects: u32,
    id: impl Fn(u32) -> Option<ObjectId>,
    row: impl Fn(u32) -> Option<EntryRow>,
    sections: &Sections,
) -> Vec<u8> {
    let Sections { commits, parents, introduced, tags, outside } = sections;
    let n = n_objects as usize;
    let mut by_id: Vec<u32> = (0..n_objects).collect();
    by_id.sort_unstable_by_key(|&number| id(number));
    let counts =
        [n, commits.len() / COMMIT_LEN, parents.len() / 4, introduced.len() / 4, tags.len() / TAG_LEN, outside.len()];
    let tables = [commits, parents, introduced, tags];
    let len = HEADER_LEN + FANOUT_LEN + n * (ObjectId::LEN + 4 + ENTRY_LEN) + outside.len() * ObjectId::LEN;
    let mut out = Vec::with_capacity(len + tables.iter().map(|table| table.len()).sum::<usize>());
    out.extend(MAGIC);
    out.extend(FORMAT.to_le_bytes());
    out.extend(counts.into_iter().flat_map(|count| count32(count).to_le_bytes()));
    out.extend(fanout(by_id.iter().filter_map(|&number| id(number))).into_iter().flat_map(u32::to_le_bytes));
    for &number in &by_id {
        out.extend(id(number).map_or([0; 20], |id| *id.as_bytes()));
    }
    let mut places = vec![0; n];
    for (&number, place) in by_id.iter().zip(0u32..) {
        out.extend(number.to_le_bytes());
        if let Some(slot) = places.get_mut(number as usize) {
            *slot = place;
        }
    }
    for (number, place) in (0..n_objects).zip(places) {
        write_entry(row(number), place, &mut out);
    }
    for table in tables {
        out.extend(table);
    }
    out.extend(outside.iter().flat_map(|id| *id.as_bytes()));
    out
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
