//! The index of a pack that holds nothing but deltas against what is elsewhere.

use super::assemble::{EntryRow, Sections, assemble, count32};
use super::{NO_BASE, OUTSIDE};
use crate::ObjectId;
use crate::pack::Kind;

/// An entry of such a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaEntry {
    /// What it makes.
    pub id: ObjectId,
    /// Of which kind that is, a tree or a blob.
    pub kind: Kind,
    /// And how many bytes it has.
    pub object_len: u64,
    /// Where the entry begins in the pack.
    pub offset: u64,
    /// What it builds on.
    pub base_id: ObjectId,
}

/// The index of a pack with these entries, in this order.
pub fn of_deltas(entries: &[DeltaEntry]) -> Vec<u8> {
    let outside = entries.iter().map(|entry| entry.base_id).collect();
    let at = |number: u32| entries.get(number as usize).copied();
    let row = |number: u32| {
        let DeltaEntry { offset, kind, object_len, .. } = at(number)?;
        Some(EntryRow { offset, kind, object_len, base: number.checked_add(OUTSIDE).unwrap_or(NO_BASE) })
    };
    assemble(count32(entries.len()), |number| Some(at(number)?.id), row, Sections { outside, ..Sections::default() })
}

#[cfg(test)]
mod tests {
    use super::super::{PackIndex, Ref};
    use super::*;

    #[test]
    fn every_delta_is_found_and_says_what_it_builds_on() {
        let id = |n: u8| ObjectId::from_bytes([n; 20]);
        let entry = |n: u8| DeltaEntry {
            id: id(200 - n),
            kind: if n.is_multiple_of(2) { Kind::Tree } else { Kind::Blob },
            object_len: 1000 + u64::from(n),
            offset: 12 + 50 * u64::from(n),
            base_id: id(n % 3),
        };
        let entries: Vec<_> = (0..9).map(entry).collect();
        let index = PackIndex::parse(of_deltas(&entries)).unwrap();
        for (number, entry) in (0..).zip(entries) {
            assert_eq!(index.find(entry.id), Some(number));
            let stored = index.entry(number).unwrap();
            assert_eq!((stored.offset, stored.kind, stored.object_len), (entry.offset, entry.kind, entry.object_len));
            assert_eq!(stored.base, Some(Ref::Outside(entry.base_id)));
        }
        assert_eq!((index.n_objects(), index.n_commits()), (9, 0));
    }
}
