//! Writing the index of a pack.

use super::{COMMIT_LEN, ENTRY_LEN, FANOUT_LEN, FORMAT, HEADER_LEN, MAGIC, NO_BASE, OUTSIDE, TAG_LEN};
use crate::ObjectId;
use crate::pack::ids::{IdNo, Ids};
use crate::pack::introduce::Introducer;
use crate::pack::received::Base;

/// The index of a pack whose commits have all been worked through.
pub fn write(done: &Introducer) -> Vec<u8> {
    let mut outside = Outside { ids: &done.ids, places: vec![NO_PLACE; done.ids.len()], list: Vec::new() };
    let Commits { rows: commits, parents, introduced } = Commits::of(done, &mut outside);
    let tags = tags(done, &mut outside);
    let bases: Vec<u32> = done.entries.iter().map(|row| outside.base(row.base)).collect();

    let n_objects = done.entries.len();
    let by_id = sorted(done);
    let counts = [
        n_objects,
        commits.len() / COMMIT_LEN,
        parents.len() / 4,
        introduced.len() / 4,
        tags.len() / TAG_LEN,
        outside.list.len(),
    ];
    let mut out = Vec::with_capacity(
        HEADER_LEN
            + FANOUT_LEN
            + n_objects * (ObjectId::LEN + 4 + ENTRY_LEN)
            + commits.len()
            + parents.len()
            + introduced.len()
            + tags.len()
            + outside.list.len() * ObjectId::LEN,
    );
    out.extend(MAGIC);
    out.extend(FORMAT.to_le_bytes());
    out.extend(counts.into_iter().flat_map(|count| count32(count).to_le_bytes()));
    out.extend(fanout(done, &by_id));
    for &no in &by_id {
        out.extend(id_of(done, no).map_or([0; 20], |id| *id.as_bytes()));
    }
    let mut places = vec![0; n_objects];
    for (&no, place) in by_id.iter().zip(0u32..) {
        out.extend(no.to_le_bytes());
        if let Some(slot) = places.get_mut(no as usize) {
            *slot = place;
        }
    }
    for ((row, base), place) in done.entries.iter().zip(bases).zip(places) {
        let [offset @ .., _, _, _] = row.offset.to_le_bytes();
        let [len @ .., _, _] = row.object_len.to_le_bytes();
        out.extend(offset);
        out.push(row.kind.map_or(0, |kind| kind as u8));
        out.extend(len);
        out.extend(base.to_le_bytes());
        out.extend(place.to_le_bytes());
    }
    for section in [commits, parents, introduced, tags] {
        out.extend(section);
    }
    out.extend(outside.list.iter().flat_map(|id| *id.as_bytes()));
    out
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

/// The three sections that tell of commits.
#[derive(Default)]
struct Commits {
    rows: Vec<u8>,
    parents: Vec<u8>,
    introduced: Vec<u8>,
}

impl Commits {
    /// In pack order: commits that were deltas have been read out of turn.
    fn of(done: &Introducer, outside: &mut Outside<'_>) -> Self {
        let starts = std::iter::once(0).chain(done.introduced_ends.iter().copied());
        let introduced = starts.zip(&done.introduced_ends).map(|(start, &end)| start..end);
        let rows = done.contents.commits.iter().zip(done.generations()).zip(introduced);
        let mut rows: Vec<_> = rows.map(|row| (outside.reference(row.0.0.id_no), row)).collect();
        rows.sort_unstable_by_key(|(number, _)| *number);
        let mut out = Self::default();
        for (number, ((commit, generation), introduced)) in rows {
            let parents =
                (commit.parents_start..commit.parents_end).filter_map(|at| done.contents.parents.get(at as usize));
            out.parents.extend(parents.flat_map(|&no| outside.reference(no).to_le_bytes()));
            let introduced = introduced.filter_map(|at| done.introduced.get(at as usize));
            out.introduced.extend(introduced.flat_map(|&no| outside.reference(no).to_le_bytes()));
            out.rows.extend(number.to_le_bytes());
            out.rows.extend(outside.reference(commit.tree).to_le_bytes());
            out.rows.extend(commit.time.to_le_bytes());
            out.rows.extend(generation.to_le_bytes());
            out.rows.extend(count32(out.parents.len() / 4).to_le_bytes());
            out.rows.extend(count32(out.introduced.len() / 4).to_le_bytes());
        }
        out
    }
}

fn tags(done: &Introducer, outside: &mut Outside<'_>) -> Vec<u8> {
    let tags = done.contents.tags.iter();
    let mut tags: Vec<_> = tags.map(|(&no, &target)| (outside.reference(no), outside.reference(target))).collect();
    tags.sort_unstable();
    tags.into_iter().flat_map(|(number, target)| [number, target]).flat_map(u32::to_le_bytes).collect()
}

/// Entry numbers in the order of their ids.
fn sorted(done: &Introducer) -> Vec<u32> {
    let mut by_id: Vec<u32> = (0..count32(done.entries.len())).collect();
    by_id.sort_unstable_by_key(|&no| id_of(done, no));
    by_id
}

fn id_of(done: &Introducer, entry: u32) -> Option<ObjectId> {
    done.ids.id(done.entries.get(entry as usize)?.id_no()?)
}

fn fanout(done: &Introducer, by_id: &[u32]) -> Vec<u8> {
    let mut counts = [0u32; 256];
    for id in by_id.iter().filter_map(|&no| id_of(done, no)) {
        if let Some(count) = counts.get_mut(usize::from(id.as_bytes()[0])) {
            *count += 1;
        }
    }
    let mut sum = 0;
    let sums = counts.iter().map(|count| {
        sum += count;
        sum
    });
    sums.flat_map(u32::to_le_bytes).collect()
}

/// Counts of a pack are held below 2^31 by [`crate::pack::Limits`].
fn count32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
