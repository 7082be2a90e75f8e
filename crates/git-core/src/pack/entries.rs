//! What is known of each entry of a pack on its way in: a row of 21 bytes, since a large pack has hundreds of thousands.

use std::collections::BTreeMap;

use super::Kind;
use super::ids::IdNo;
use super::paged::Paged;

/// What an entry is a delta of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Base {
    /// Of nothing: it is whole.
    None,
    /// Of the entry of that number.
    Entry(u32),
    /// Of the object of that id.
    Id(IdNo),
}

/// What is known of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryRow {
    pub(crate) offset: u64,
    /// Inflated length of the entry's own data: of the delta, when it is one.
    pub(crate) data_len: u64,
    /// Length of the object; of an unresolved delta's data until it is known.
    pub(crate) object_len: u64,
    pub(crate) base: Base,
    pub(crate) header_len: u8,
    /// Known once the entry is resolved, or at once when it is whole.
    pub(crate) kind: Option<Kind>,
    /// Base, delta or result is too large to be held.
    pub(crate) large: bool,
    id_no: Option<IdNo>,
}

impl EntryRow {
    pub(crate) fn new(offset: u64, header_len: u8, data_len: u64, base: Base, kind: Option<Kind>) -> Self {
        Self { offset, data_len, object_len: data_len, base, header_len, kind, large: false, id_no: None }
    }

    pub(crate) fn is_resolved(&self) -> bool {
        self.id_no.is_some()
    }

    pub(crate) fn id_no(&self) -> Option<IdNo> {
        self.id_no
    }
}

/// A row as it is kept, of bytes alone so that nothing is lost to alignment.
struct Packed {
    offset: [u8; 5],
    data_len: [u8; 3],
    object_len: [u8; 3],
    base: [u8; 4],
    id_no: [u8; 4],
    header_len: u8,
    flags: u8,
}

/// What a length says that has no room in a row.
const LONG: u64 = 0xff_ffff;

const KIND: u8 = 0b111;
const LARGE: u8 = 1 << 3;
const RESOLVED: u8 = 1 << 4;
const BASE_ENTRY: u8 = 1 << 5;
const BASE_ID: u8 = 1 << 6;

/// Entries in pack order.
#[derive(Default)]
pub(crate) struct Entries {
    rows: Paged<Packed, 4096>,
    /// Both lengths of the few entries of 16 MiB and more.
    long: BTreeMap<u32, (u64, u64)>,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        size_of::<Packed>() * self.rows.len() + 32 * self.long.len()
    }

    pub(crate) fn push(&mut self, row: EntryRow) {
        let entry = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let packed = self.pack(entry, row);
        self.rows.push(packed);
    }

    pub(crate) fn get(&self, entry: u32) -> Option<EntryRow> {
        self.rows.get(entry as usize).map(|row| self.unpack(entry, row))
    }

    /// The number of an entry's id, once it is resolved.
    pub(crate) fn id_no(&self, entry: u32) -> Option<IdNo> {
        let row = self.rows.get(entry as usize)?;
        (row.flags & RESOLVED != 0).then(|| u32::from_le_bytes(row.id_no))
    }

    pub(crate) fn last(&self) -> Option<EntryRow> {
        self.get(u32::try_from(self.rows.len().checked_sub(1)?).ok()?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = EntryRow> {
        self.rows.iter().zip(0..).map(|(row, entry)| self.unpack(entry, row))
    }

    pub(crate) fn set(&mut self, entry: u32, row: EntryRow) {
        let packed = self.pack(entry, row);
        if let Some(slot) = self.rows.get_mut(entry as usize) {
            *slot = packed;
        }
    }

    /// Notes what has become known of an entry.
    pub(crate) fn resolve(&mut self, entry: u32, kind: Kind, object_len: u64, id_no: IdNo) {
        if let Some(row) = self.get(entry) {
            self.set(entry, EntryRow { kind: Some(kind), object_len, id_no: Some(id_no), ..row });
        }
    }

    /// The entry that starts at `offset`.
    pub(crate) fn at(&self, offset: u64) -> Option<u32> {
        let (mut low, mut high) = (0, self.rows.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match uint(&self.rows.get(middle)?.offset).cmp(&offset) {
                std::cmp::Ordering::Equal => return u32::try_from(middle).ok(),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn pack(&mut self, entry: u32, row: EntryRow) -> Packed {
        let (base, base_flag) = match row.base {
            Base::None => (0, 0),
            Base::Entry(entry) => (entry, BASE_ENTRY),
            Base::Id(no) => (no, BASE_ID),
        };
        let is_long = row.data_len >= LONG || row.object_len >= LONG;
        if is_long {
            self.long.insert(entry, (row.data_len, row.object_len));
        }
        let flag = |is: bool, flag| if is { flag } else { 0 };
        let len = |len: u64| low_bytes(if is_long { LONG } else { len });
        Packed {
            offset: low_bytes(row.offset),
            data_len: len(row.data_len),
            object_len: len(row.object_len),
            base: base.to_le_bytes(),
            id_no: row.id_no.unwrap_or(0).to_le_bytes(),
            header_len: row.header_len,
            flags: row.kind.map_or(0, |kind| kind as u8)
                | flag(row.large, LARGE)
                | flag(row.id_no.is_some(), RESOLVED)
                | base_flag,
        }
    }

    fn unpack(&self, entry: u32, row: &Packed) -> EntryRow {
        let lens = (uint(&row.data_len), uint(&row.object_len));
        let is_long = lens == (LONG, LONG);
        let (data_len, object_len) = if is_long { self.long.get(&entry).copied().unwrap_or(lens) } else { lens };
        let base = u32::from_le_bytes(row.base);
        EntryRow {
            offset: uint(&row.offset),
            data_len,
            object_len,
            base: match row.flags & (BASE_ENTRY | BASE_ID) {
                0 => Base::None,
                BASE_ENTRY => Base::Entry(base),
                _ => Base::Id(base),
            },
            header_len: row.header_len,
            kind: Kind::from_number(row.flags & KIND),
            large: row.flags & LARGE != 0,
            id_no: (row.flags & RESOLVED != 0).then(|| u32::from_le_bytes(row.id_no)),
        }
    }
}

/// The low bytes of a number that has no others: packs are shorter than 2^40.
fn low_bytes<const N: usize>(n: u64) -> [u8; N] {
    n.to_le_bytes().first_chunk::<N>().copied().unwrap_or([0; N])
}

fn uint(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &byte| (n << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let mut entries = Entries::default();
        let mut rows = Vec::new();
        for (entry, base) in [(0, Base::None), (1, Base::Entry(0)), (2, Base::Id(u32::MAX - 1))] {
            let lens = [0, 1, LONG - 1, LONG, 1 << 40];
            for data_len in lens {
                let kind = (base == Base::None).then_some(Kind::Tag);
                let row = EntryRow::new((1 << 32) + entry * 1000 + data_len % 999, 30, data_len, base, kind);
                rows.push(EntryRow { large: data_len > 5, ..row });
                entries.push(*rows.last().unwrap());
            }
        }
        assert_eq!(entries.iter().collect::<Vec<_>>(), rows);
        for (row, entry) in rows.iter_mut().zip(0..) {
            let object_len = row.data_len * 3 / 2;
            (row.kind, row.object_len, row.id_no) = (Some(Kind::Blob), object_len, Some(entry * 7));
            entries.resolve(entry, Kind::Blob, object_len, entry * 7);
        }
        assert_eq!(entries.iter().collect::<Vec<_>>(), rows);
        assert_eq!((entries.last(), entries.get(15), size_of::<Packed>()), (rows.last().copied(), None, 21));
    }

    #[test]
    fn an_entry_is_found_by_its_offset() {
        let mut entries = Entries::default();
        for n in 0..10_000 {
            entries.push(EntryRow::new(12 + 50 * n, 2, 40, Base::None, None));
        }
        assert_eq!((entries.at(12), entries.at(12 + 50 * 9_999), entries.at(13)), (Some(0), Some(9_999), None));
    }
}
