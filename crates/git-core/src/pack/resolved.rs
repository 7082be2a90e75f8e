//! A pack of which every object is known: what it needs of the repository, and whether it gets it.

use super::contents::Contents;
use super::entries::{Base, Entries};
use super::ids::Ids;
use super::received::Received;
use super::{Kind, Limits, PackError};
use crate::ObjectId;

/// A received pack whose entries all have ids.
pub struct Resolved {
    pub(super) received: Received,
    pack_len: u64,
    trailer: ObjectId,
}

impl Resolved {
    pub(crate) fn new(received: Received, pack_len: u64, trailer: ObjectId) -> Self {
        Self { received, pack_len, trailer }
    }

    /// Number of objects.
    pub fn n_objects(&self) -> usize {
        self.received.entries.len()
    }

    /// Length in bytes of the pack, header and trailer included.
    pub fn pack_len(&self) -> u64 {
        self.pack_len
    }

    /// The pack's trailer.
    pub fn trailer(&self) -> ObjectId {
        self.trailer
    }

    /// The kind of an object of this pack.
    pub fn kind(&self, id: ObjectId) -> Option<Kind> {
        self.received.row(self.received.ids.entry(self.received.ids.find(id)?)?)?.kind
    }

    /// The object that a tag of this pack names; `None` when it is no tag of this pack.
    pub fn tag_target(&self, id: ObjectId) -> Option<ObjectId> {
        let no = self.received.ids.find(id)?;
        self.received.ids.id(*self.received.contents.tags.get(&no)?)
    }

    /// Every object that this pack refers to and does not hold, with the kind that it must be of. What is only beyond the
    /// ends of its history is not among them.
    pub fn outside(&self) -> Vec<(ObjectId, Kind)> {
        let beyond = self.beyond_cut();
        let outside = self.received.ids.outside().filter(|(no, ..)| !beyond.contains(no));
        outside.map(|(_, id, kind)| (id, kind)).collect()
    }

    /// The objects of this pack that no object of it refers to: they reach all of it. `None` when there are more than
    /// `n_max`.
    pub fn heads(&self, n_max: usize) -> Option<Vec<ObjectId>> {
        let heads: Vec<_> = self.received.ids.heads().take(n_max.saturating_add(1)).collect();
        (heads.len() <= n_max).then_some(heads)
    }

    /// Bases of this pack's deltas that it does not hold.
    pub fn outside_bases(&self) -> Vec<ObjectId> {
        let numbers = (0..self.n_entries()).filter_map(|entry| match self.received.base(entry) {
            Base::Id(no) => Some(no),
            Base::None | Base::Entry(_) => None,
        });
        let mut ids: Vec<_> = numbers.filter_map(|no| self.received.ids.id(no)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Checks that every object is of the kind that others of the pack take it for.
    pub fn check_kinds(&self) -> Result<(), PackError> {
        for row in self.received.entries.iter() {
            let (Some(no), Some(actual)) = (row.id_no(), row.kind) else {
                return Err(PackError::Unresolved { offset: row.offset });
            };
            if let (Some(expected), Some(id)) = (self.received.ids.conflict(no, actual), self.received.ids.id(no)) {
                return Err(PackError::WrongKind { id, actual, expected });
            }
        }
        Ok(())
    }

    fn n_entries(&self) -> u32 {
        u32::try_from(self.received.entries.len()).unwrap_or(u32::MAX)
    }

    /// Parts with the received pack: entries in pack order, ids, references. What served to resolve deltas is freed.
    pub(crate) fn into_parts(self) -> (Entries, Ids, Contents, Limits) {
        let Received { entries, ids, contents, limits, .. } = self.received;
        (entries, ids, contents, limits)
    }
}
