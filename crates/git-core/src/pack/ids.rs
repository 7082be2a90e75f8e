//! Every distinct object id that a pack holds or names, each with a small number.

use super::Kind;
use super::paged::Paged;
use crate::ObjectId;

/// The number of an id in an [`Ids`].
pub(crate) type IdNo = u32;

const NO_ENTRY: u32 = u32::MAX;
const EMPTY: u32 = u32::MAX;

struct Row {
    id: ObjectId,
    entry: u32,
    /// Bits of the kinds that others expect of it; bit 0: named by an object of the pack.
    expected: u8,
}

/// Ids by number, and numbers by id.
///
/// The numbers are found by open addressing with a keyed hash: trees may name any 20 bytes, so an attacker who knew the
/// hash could make every look-up slow.
pub(crate) struct Ids {
    rows: Paged<Row>,
    slots: Vec<u32>,
    key: u64,
}

impl Ids {
    pub(crate) fn new(key: u64) -> Self {
        Self { rows: Paged::default(), slots: vec![EMPTY; 1024], key }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn id(&self, no: IdNo) -> Option<ObjectId> {
        Some(self.rows.get(no as usize)?.id)
    }

    /// The entry that holds the object.
    pub(crate) fn entry(&self, no: IdNo) -> Option<u32> {
        self.rows.get(no as usize).map(|row| row.entry).filter(|&entry| entry != NO_ENTRY)
    }

    /// Says which entry holds the object; `false` when another already does.
    pub(crate) fn set_entry(&mut self, no: IdNo, entry: u32) -> bool {
        match self.rows.get_mut(no as usize) {
            Some(row) if row.entry == NO_ENTRY => {
                row.entry = entry;
                true
            }
            _ => false,
        }
    }

    /// Notes that an object of the pack refers to it as an object of that kind.
    pub(crate) fn expect(&mut self, no: IdNo, kind: Kind) {
        if let Some(row) = self.rows.get_mut(no as usize) {
            row.expected |= 1 << (kind as u8);
        }
    }

    /// A kind other than `kind` that somebody expects of it.
    pub(crate) fn conflict(&self, no: IdNo, kind: Kind) -> Option<Kind> {
        let expected = self.rows.get(no as usize)?.expected & !(1 << (kind as u8));
        (1..=4).find(|number| expected & (1 << number) != 0).and_then(Kind::from_number)
    }

    /// Ids that objects of the pack refer to and that it does not hold, with a kind that is expected.
    pub(crate) fn outside(&self) -> impl Iterator<Item = (IdNo, ObjectId, Kind)> {
        self.rows.iter().zip(0..).filter(|(row, _)| row.entry == NO_ENTRY).filter_map(|(row, no)| {
            let kind = (1..=4).find(|number| row.expected & (1 << number) != 0).and_then(Kind::from_number)?;
            Some((no, row.id, kind))
        })
    }

    pub(crate) fn find(&self, id: ObjectId) -> Option<IdNo> {
        let at = self.slot(id);
        self.slots.get(at).copied().filter(|&no| no != EMPTY)
    }

    /// The number of `id`, a new one when it has none.
    pub(crate) fn number(&mut self, id: ObjectId) -> IdNo {
        let at = self.slot(id);
        match self.slots.get_mut(at) {
            Some(slot) if *slot == EMPTY => {
                let no = u32::try_from(self.rows.len()).unwrap_or(EMPTY);
                *slot = no;
                self.rows.push(Row { id, entry: NO_ENTRY, expected: 0 });
                if self.rows.len() * 4 > self.slots.len() * 3 {
                    self.grow();
                }
                no
            }
            Some(slot) => *slot,
            None => EMPTY,
        }
    }

    fn slot(&self, id: ObjectId) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.hash(id) & mask;
        while let Some(&no) = self.slots.get(at) {
            if no == EMPTY || self.rows.get(no as usize).is_some_and(|row| row.id == id) {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    fn hash(&self, id: ObjectId) -> usize {
        let word = |at: usize| {
            id.as_bytes().get(at..).and_then(<[u8]>::first_chunk::<8>).map_or(0, |w| u64::from_le_bytes(*w))
        };
        let (low, high, tail) = (word(0), word(8), word(12));
        let mixed = fold(fold(low ^ self.key, high ^ self.key.rotate_left(32)) ^ tail, self.key | 1);
        usize::try_from(mixed & 0xffff_ffff).unwrap_or(0)
    }

    fn grow(&mut self) {
        self.slots = vec![EMPTY; self.slots.len() * 2];
        let mask = self.slots.len() - 1;
        for no in 0..u32::try_from(self.rows.len()).unwrap_or(EMPTY) {
            let Some(id) = self.id(no) else { continue };
            let mut at = self.hash(id) & mask;
            while self.slots.get(at).is_some_and(|&taken| taken != EMPTY) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = no;
            }
        }
    }
}

/// Both halves of the product, folded into one.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let [low, high] = [product & u128::from(u64::MAX), product >> 64].map(|half| u64::try_from(half).unwrap_or(0));
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[16..].copy_from_slice(&n.to_le_bytes());
        ObjectId::from_bytes(bytes)
    }

    #[test]
    fn an_id_keeps_its_number_while_the_table_grows() {
        let mut ids = Ids::new(0x9e37_79b9_7f4a_7c15);
        for n in 0..50_000 {
            assert_eq!(ids.number(id(n)), n);
        }
        for n in 0..50_000 {
            assert_eq!((ids.number(id(n)), ids.find(id(n)), ids.id(n)), (n, Some(n), Some(id(n))));
        }
        assert_eq!((ids.len(), ids.find(id(50_000))), (50_000, None));
    }

    #[test]
    fn what_is_named_but_not_held_is_outside() {
        let mut ids = Ids::new(1);
        let (held, outside, base_only) = (ids.number(id(1)), ids.number(id(2)), ids.number(id(3)));
        ids.expect(held, Kind::Tree);
        ids.expect(outside, Kind::Blob);
        assert!(ids.set_entry(held, 0));
        assert!(!ids.set_entry(held, 1));
        assert_eq!(ids.outside().collect::<Vec<_>>(), [(outside, id(2), Kind::Blob)]);
        assert_eq!(ids.conflict(held, Kind::Blob), Some(Kind::Tree));
        assert_eq!(ids.conflict(base_only, Kind::Blob), None);
    }
}
