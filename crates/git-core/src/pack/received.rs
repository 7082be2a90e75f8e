//! A pack on its way in: what is known of each entry, shared by both passes.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::cache::ObjectCache;
use super::contents::Contents;
use super::delta::{self, DeltaError};
use super::entries::{Base, Entries, EntryRow};
use super::ids::{IdNo, Ids};
use super::trees::DeltaBase;
use super::{Kind, Limits, PackError};
use crate::ObjectId;
use crate::object::ObjectHasher;
use crate::object::fsck::{MsgIds, NotRead};

/// The state that both passes work on.
pub(crate) struct Received {
    pub(crate) limits: Limits,
    pub(crate) entries: Entries,
    pub(crate) ids: Ids,
    pub(crate) contents: Contents,
    pub(crate) cache: ObjectCache,
    /// Entries that wait for their base to become known.
    pub(crate) waiting: BTreeMap<Base, Vec<u32>>,
    /// Entries whose base has become known.
    pub(crate) ready: Vec<u32>,
}

impl Received {
    pub(crate) fn new(limits: Limits, let_pass: MsgIds) -> Self {
        let (ids, cache) = (Ids::new(limits.hash_key), ObjectCache::new(limits.cache_max));
        let (entries, contents) = (Entries::default(), Contents::new(limits.hash_key, let_pass));
        Self { limits, entries, ids, contents, cache, waiting: BTreeMap::new(), ready: Vec::new() }
    }

    pub(crate) fn row(&self, entry: u32) -> Option<EntryRow> {
        self.entries.get(entry)
    }

    pub(crate) fn offset(&self, entry: u32) -> u64 {
        self.row(entry).map_or(0, |row| row.offset)
    }

    /// The base with an id turned into the entry that holds it, if one does by now.
    pub(crate) fn base(&self, entry: u32) -> Base {
        match self.row(entry).map_or(Base::None, |row| row.base) {
            Base::Id(no) => self.ids.entry(no).map_or(Base::Id(no), Base::Entry),
            base => base,
        }
    }

    /// Gives an entry its id. The object's content has been read by now, if it refers to anything.
    pub(crate) fn define(&mut self, entry: u32, kind: Kind, len: u64, id: ObjectId) -> Result<IdNo, PackError> {
        let no = self.ids.number(id);
        if !self.ids.set_entry(no, entry) {
            return Err(PackError::Duplicate { id });
        }
        self.entries.resolve(entry, kind, len, no);
        self.check_notes()?;
        for base in [Base::Entry(entry), Base::Id(no)] {
            self.ready.extend(self.waiting.remove(&base).unwrap_or_default());
        }
        Ok(no)
    }

    /// Takes an object that is at hand as a whole: id, references, cache. `base` is what it was made of, if of something.
    pub(crate) fn take(
        &mut self,
        entry: u32,
        kind: Kind,
        object: Rc<Vec<u8>>,
        base: Option<(Base, &[u8])>,
    ) -> Result<(), PackError> {
        let id = ObjectHasher::hash(kind, &object)?;
        let no = self.define(entry, kind, object.len() as u64, id)?;
        let base = base.and_then(|(base, content)| match base {
            Base::Entry(entry) => Some(DeltaBase { id_no: Some(self.row(entry)?.id_no()?), content }),
            Base::Id(_) => Some(DeltaBase { id_no: None, content }),
            Base::None => None,
        });
        self.contents.observe(no, kind, &object, base, &mut self.ids)?;
        self.check_notes()?;
        self.cache.insert(entry, object);
        Ok(())
    }

    /// Checks an object for what trees call it: a blob's content, or why there is none.
    pub(crate) fn check_named(&mut self, no: IdNo, content: Result<&[u8], NotRead>) -> Result<(), PackError> {
        self.contents.check_named(no, content, &mut self.ids)
    }

    /// Memory that what is noted of the objects takes, in bytes.
    pub(crate) fn notes_len(&self) -> usize {
        self.entries.byte_len() + self.ids.byte_len() + self.contents.byte_len() + 64 * self.waiting.len()
    }

    /// Frees the bases at hand; those that are needed are made again.
    pub(crate) fn forget_bases(&mut self) {
        self.cache = ObjectCache::new(self.limits.cache_max);
    }

    /// What clients can make grow without sending as much.
    fn check_notes(&self) -> Result<(), PackError> {
        check_notes(&self.limits, &[self.notes_len()])
    }

    /// The object that `delta` makes of `base`.
    pub(crate) fn apply(&self, entry: u32, base: &[u8], delta: &[u8]) -> Result<Rc<Vec<u8>>, PackError> {
        let mut object = Vec::new();
        delta::apply(base, delta, &mut object).map_err(|error| self.delta_error(entry, error))?;
        Ok(Rc::new(object))
    }

    pub(crate) fn delta_error(&self, entry: u32, error: DeltaError) -> PackError {
        PackError::Delta { offset: self.offset(entry), error }
    }

    /// Objects of this kind are read as a whole, so they must not be larger than what may be held.
    pub(crate) fn check_resident(&self, offset: u64, kind: Kind, len: u64) -> Result<(), PackError> {
        let len_max = self.limits.object_resident_max;
        if kind != Kind::Blob && len > len_max {
            return Err(PackError::ObjectTooLarge { offset, kind, len, len_max });
        }
        Ok(())
    }
}

/// Whether tables of these lengths are within the limit.
pub(crate) fn check_notes(limits: &Limits, byte_lens: &[usize]) -> Result<(), PackError> {
    let n_max = limits.notes_max;
    if byte_lens.iter().sum::<usize>() > n_max {
        return Err(PackError::TooMany { what: "bytes of notes on its objects", n_max: n_max as u64 });
    }
    Ok(())
}
