//! Every distinct object id that a pack holds or names, each with a small number.

use super::Kind;
use super::paged::Paged;
use super::slots::{Slots, fold};
use crate::ObjectId;
use crate::object::fsck::Roles;

/// The number of an id in an [`Ids`].
pub(crate) type IdNo = u32;

const NO_ENTRY: u32 = u32::MAX;

/// 25 bytes: nothing is lost to alignment.
struct Row {
    id: ObjectId,
    entry: [u8; 4],
    /// Bits 1 to 4: the kinds that others expect of it. Bits 5 and 6: the roles that trees give it; bits 7 and 0: those for
    /// which it has been checked.
    bits: u8,
}

const ROLES_SHIFT: u32 = 5;
/// Turning the bits left by one from there: the bit above the highest is the lowest.
const CHECKED_SHIFT: u32 = 7;

impl Row {
    fn entry(&self) -> u32 {
        u32::from_le_bytes(self.entry)
    }

    fn unchecked_roles(&self) -> Roles {
        let given = Roles::from_bits(self.bits.rotate_right(ROLES_SHIFT));
        given.without(Roles::from_bits(self.bits.rotate_right(CHECKED_SHIFT)))
    }
}

/// Ids by number, and numbers by id.
pub(crate) struct Ids {
    rows: Paged<Row>,
    slots: Slots,
    key: u64,
}

impl Ids {
    pub(crate) fn new(key: u64) -> Self {
        Self { rows: Paged::default(), slots: Slots::new(), key }
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        size_of::<Row>() * self.rows.len() + self.slots.byte_len()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn id(&self, no: IdNo) -> Option<ObjectId> {
        Some(self.rows.get(no as usize)?.id)
    }

    /// The entry that holds the object.
    pub(crate) fn entry(&self, no: IdNo) -> Option<u32> {
        self.rows.get(no as usize).map(Row::entry).filter(|&entry| entry != NO_ENTRY)
    }

    /// Says which entry holds the object; `false` when another already does.
    pub(crate) fn set_entry(&mut self, no: IdNo, entry: u32) -> bool {
        match self.rows.get_mut(no as usize) {
            Some(row) if row.entry() == NO_ENTRY => {
                row.entry = entry.to_le_bytes();
                true
            }
            _ => false,
        }
    }

    /// Notes that an object of the pack refers to it as an object of that kind.
    pub(crate) fn expect(&mut self, no: IdNo, kind: Kind) {
        if let Some(row) = self.rows.get_mut(no as usize) {
            row.bits |= 1 << (kind as u8);
        }
    }

    /// Notes that a tree of the pack gives it these roles.
    pub(crate) fn give_roles(&mut self, no: IdNo, roles: Roles) {
        if let Some(row) = self.rows.get_mut(no as usize) {
            row.bits |= roles.bits().rotate_left(ROLES_SHIFT);
        }
    }

    /// The roles for which it has not been checked.
    pub(crate) fn unchecked_roles(&self, no: IdNo) -> Roles {
        self.rows.get(no as usize).map_or(Roles::NONE, Row::unchecked_roles)
    }

    /// Notes that it has been checked for these roles.
    pub(crate) fn set_checked(&mut self, no: IdNo, roles: Roles) {
        if let Some(row) = self.rows.get_mut(no as usize) {
            row.bits |= roles.bits().rotate_left(CHECKED_SHIFT);
        }
    }

    /// The first id from `from` on that has not been checked for a role of its.
    pub(crate) fn next_unchecked(&self, from: IdNo) -> Option<IdNo> {
        let is_unchecked = |no: &IdNo| self.unchecked_roles(*no) != Roles::NONE;
        (from..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)).find(is_unchecked)
    }

    /// A kind other than `kind` that somebody expects of it.
    pub(crate) fn conflict(&self, no: IdNo, kind: Kind) -> Option<Kind> {
        let expected = self.rows.get(no as usize)?.bits & !(1 << (kind as u8));
        (1..=4).find(|number| expected & (1 << number) != 0).and_then(Kind::from_number)
    }

    /// Ids that objects of the pack refer to and that it does not hold, with a kind that is expected.
    pub(crate) fn outside(&self) -> impl Iterator<Item = (IdNo, ObjectId, Kind)> {
        self.rows.iter().zip(0..).filter(|(row, _)| row.entry() == NO_ENTRY).filter_map(|(row, no)| {
            let kind = (1..=4).find(|number| row.bits & (1 << number) != 0).and_then(Kind::from_number)?;
            Some((no, row.id, kind))
        })
    }

    /// Ids of objects of the pack that no object of it refers to.
    pub(crate) fn heads(&self) -> impl Iterator<Item = ObjectId> {
        let is_head = |row: &&Row| row.entry() != NO_ENTRY && (1..=4).all(|number| row.bits & (1 << number) == 0);
        self.rows.iter().filter(is_head).map(|row| row.id)
    }

    /// Frees what finds numbers; ids are still found by theirs.
    pub(crate) fn forget_numbers(&mut self) {
        self.slots = Slots::new();
    }

    pub(crate) fn find(&self, id: ObjectId) -> Option<IdNo> {
        self.slot(id).ok()
    }

    /// The number of `id`, a new one when it has none.
    pub(crate) fn number(&mut self, id: ObjectId) -> IdNo {
        self.slot(id).unwrap_or_else(|slot| {
            self.rows.push(Row { id, entry: NO_ENTRY.to_le_bytes(), bits: 0 });
            let (rows, key) = (&self.rows, self.key);
            self.slots.insert(slot, |no| rows.get(no as usize).map_or(0, |row| hash(row.id, key)))
        })
    }

    fn slot(&self, id: ObjectId) -> Result<IdNo, usize> {
        self.slots.find(hash(id, self.key), |no| self.rows.get(no as usize).is_some_and(|row| row.id == id))
    }
}

fn hash(id: ObjectId, key: u64) -> u64 {
    let word =
        |at: usize| id.as_bytes().get(at..).and_then(<[u8]>::first_chunk::<8>).map_or(0, |w| u64::from_le_bytes(*w));
    fold(fold(word(0) ^ key, word(8) ^ key.rotate_left(32)) ^ word(12), key | 1)
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
    fn what_is_checked_for_one_role_may_be_given_another() {
        let mut ids = Ids::new(1);
        let (a, b) = (ids.number(id(1)), ids.number(id(2)));
        let both = Roles::MODULES.and(Roles::ATTRIBUTES);
        ids.give_roles(b, Roles::MODULES);
        ids.expect(b, Kind::Blob);
        ids.expect(b, Kind::Tag);
        assert_eq!((ids.unchecked_roles(a), ids.unchecked_roles(b)), (Roles::NONE, Roles::MODULES));
        assert_eq!((ids.next_unchecked(0), ids.next_unchecked(b + 1)), (Some(b), None));
        ids.set_checked(b, Roles::MODULES);
        ids.give_roles(b, both);
        assert_eq!((ids.unchecked_roles(b), ids.conflict(b, Kind::Blob)), (Roles::ATTRIBUTES, Some(Kind::Tag)));
        ids.set_checked(b, Roles::ATTRIBUTES);
        assert_eq!((ids.unchecked_roles(b), ids.next_unchecked(0)), (Roles::NONE, None));
        assert_eq!(ids.conflict(b, Kind::Tag), Some(Kind::Blob));
        assert_eq!(ids.outside().count(), 1);
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
