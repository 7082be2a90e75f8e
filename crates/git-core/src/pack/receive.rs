//! Pass 1: the pack as it streams by. Finds the entries, checks counts and trailer, hashes whole objects, and resolves
//! the deltas whose base is still at hand. Chunk boundaries make no difference.

use std::rc::Rc;

use super::delta;
use super::entries::{Base, EntryRow};
use super::entry::{
    Content, Decoded, ENTRY_HEADER_LEN_MAX, EntryHeader, PACK_HEADER_LEN, PACK_TRAILER_LEN, decode_entry_header,
    decode_pack_header,
};
use super::inflate::DataInflater;
use super::received::Received;
use super::resolve::Resolver;
use super::{Kind, Limits, PackError};
use crate::ObjectId;
use crate::object::ObjectHasher;
use crate::object::fsck::MsgIds;
use crate::sha1::Sha1;

enum State {
    PackHeader,
    EntryHeader,
    Data,
    Trailer,
    End,
}

/// What becomes of the data of the present entry.
enum Taking {
    /// Kept: a whole object or a delta.
    Resident,
    /// A blob too large to keep, hashed as it streams.
    Hashed(ObjectHasher),
    /// A delta too large to keep: its head alone, for the lengths.
    HeadOnly(Vec<u8>),
}

/// Takes in a pack byte by byte or in any chunks.
pub struct Receiver {
    received: Received,
    state: State,
    /// The first bytes of a header or trailer that the last chunk cut off.
    carry: Vec<u8>,
    sha1: Sha1,
    pack_offset: u64,
    n_objects: u32,
    inflater: DataInflater,
    taking: Taking,
    /// The whole pack, as long as it is small.
    resident: Option<Vec<u8>>,
    trailer: Option<ObjectId>,
}

impl Receiver {
    /// A receiver of one pack, in whose objects these faults are let pass.
    pub fn new(limits: Limits, let_pass: MsgIds) -> Self {
        Self {
            received: Received::new(limits, let_pass),
            state: State::PackHeader,
            carry: Vec::new(),
            sha1: Sha1::default(),
            pack_offset: 0,
            n_objects: 0,
            inflater: DataInflater::default(),
            taking: Taking::Resident,
            resident: Some(Vec::new()),
            trailer: None,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, input: &[u8]) -> Result<(), PackError> {
        self.keep_if_small(input);
        let mut rest = input;
        while !rest.is_empty() {
            let is_trailer = matches!(self.state, State::Trailer);
            let used = match self.state {
                State::PackHeader => self.pack_header(rest)?,
                State::EntryHeader => self.entry_header(rest)?,
                State::Data => self.data(rest)?,
                State::Trailer => self.trailer(rest)?,
                State::End => return Err(PackError::TrailingBytes { offset: self.pack_offset }),
            };
            let (bytes, tail) = rest.split_at_checked(used).unwrap_or((rest, &[]));
            if !is_trailer {
                self.sha1.update(bytes);
            }
            self.pack_offset += bytes.len() as u64;
            rest = tail;
        }
        Ok(())
    }

    /// Memory that what is noted of the objects so far takes, in bytes.
    pub fn notes_len(&self) -> usize {
        self.received.notes_len()
    }

    /// Frees what can be made again: for when it is another's turn to use the memory.
    pub fn forget_bases(&mut self) {
        self.received.forget_bases();
    }

    /// Says that no more comes; what is left to do is [`Resolver`]'s.
    pub fn finish(self) -> Result<Resolver, PackError> {
        let Some(trailer) = self.trailer else {
            let n_seen = u32::try_from(self.received.entries.len()).unwrap_or(u32::MAX);
            return Err(PackError::Truncated { offset: self.pack_offset, n_objects: self.n_objects, n_seen });
        };
        Ok(Resolver::new(self.received, self.inflater, self.pack_offset, trailer, self.resident))
    }

    fn keep_if_small(&mut self, input: &[u8]) {
        if let Some(resident) = &mut self.resident {
            if resident.len() + input.len() > self.received.limits.pack_resident_max {
                self.resident = None;
            } else {
                resident.extend_from_slice(input);
            }
        }
    }

    /// Adds to the carried bytes until `decode` has a value: the value, and how much of `input` it took.
    fn carried<T>(
        &mut self,
        input: &[u8],
        len_max: usize,
        decode: impl Fn(&[u8]) -> Result<Decoded<T>, super::entry::EntryError>,
    ) -> Result<(Option<T>, usize), PackError> {
        let n_carried = self.carry.len();
        self.carry.extend(input.iter().take(len_max - n_carried));
        let offset = self.pack_offset - n_carried as u64;
        match decode(&self.carry).map_err(|error| PackError::Entry { offset, error })? {
            Decoded::Value(value, used) => {
                self.carry.clear();
                Ok((Some(value), used - n_carried))
            }
            Decoded::NeedMore(_) => Ok((None, input.len())),
        }
    }

    fn pack_header(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let (n_objects, used) = self.carried(input, PACK_HEADER_LEN, decode_pack_header)?;
        if let Some(n_objects) = n_objects {
            let n_max = self.received.limits.n_objects_max;
            if n_objects > n_max {
                return Err(PackError::TooMany { what: "objects", n_max: n_max.into() });
            }
            self.n_objects = n_objects;
            self.next_entry();
        }
        Ok(used)
    }

    fn next_entry(&mut self) {
        let n_seen = self.received.entries.len();
        self.state = if n_seen < self.n_objects as usize { State::EntryHeader } else { State::Trailer };
    }

    fn entry_header(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let offset = self.pack_offset - self.carry.len() as u64;
        let (header, used) = self.carried(input, ENTRY_HEADER_LEN_MAX, decode_entry_header)?;
        if let Some(header) = header {
            let header_len = self.pack_offset + used as u64 - offset;
            self.begin_entry(offset, u8::try_from(header_len).unwrap_or(u8::MAX), header)?;
            self.state = State::Data;
        }
        Ok(used)
    }

    fn begin_entry(&mut self, offset: u64, header_len: u8, header: EntryHeader) -> Result<(), PackError> {
        let EntryHeader { content, inflated_len: len } = header;
        let (base, kind) = match content {
            Content::Whole(kind) => (Base::None, Some(kind)),
            Content::RefDelta { base_id } => (Base::Id(self.received.ids.number(base_id)), None),
            Content::OfsDelta { distance } => {
                let base = offset.checked_sub(distance).and_then(|at| self.received.entries.at(at));
                (Base::Entry(base.ok_or(PackError::BaseOffset { offset, distance })?), None)
            }
        };
        let mut row = EntryRow::new(offset, header_len, len, base, kind);
        row.large = len > self.received.limits.object_resident_max;
        self.taking = match kind {
            _ if !row.large => Taking::Resident,
            Some(kind) => {
                self.received.check_resident(offset, kind, len)?;
                Taking::Hashed(ObjectHasher::new(kind, len))
            }
            None => Taking::HeadOnly(Vec::new()),
        };
        if row.large {
            self.inflater.begin_streamed(offset, len);
        } else {
            self.inflater.begin(offset, len);
        }
        self.received.entries.push(row);
        Ok(())
    }

    fn data(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let taking = &mut self.taking;
        let (used, done) = self.inflater.feed(input, &mut |bytes| match taking {
            Taking::Resident => {}
            Taking::Hashed(hasher) => hasher.update(bytes),
            Taking::HeadOnly(head) => head.extend(bytes.iter().take(delta::DELTA_HEADER_LEN_MAX - head.len())),
        })?;
        if done {
            self.end_entry()?;
            self.check_padding(self.pack_offset + used as u64)?;
            self.next_entry();
        }
        Ok(used)
    }

    fn end_entry(&mut self) -> Result<(), PackError> {
        let Ok(entry) = u32::try_from(self.received.entries.len() - 1) else { return Ok(()) };
        let Some(row) = self.received.row(entry) else { return Ok(()) };
        let (kind, len) = (row.kind, row.data_len);
        match (std::mem::replace(&mut self.taking, Taking::Resident), kind) {
            (Taking::Hashed(hasher), Some(kind)) => {
                self.received.define(entry, kind, len, hasher.finish()?)?;
            }
            (Taking::HeadOnly(head), _) => self.note_delta_lens(entry, &head)?,
            (_, Some(kind)) => self.received.take(entry, kind, Rc::new(self.inflater.data().to_vec()), None)?,
            (_, None) => self.end_delta(entry)?,
        }
        Ok(())
    }

    /// What is read back as a whole later must not be longer as it is stored than as it is held.
    fn check_padding(&self, end: u64) -> Result<(), PackError> {
        let len_max = self.received.limits.object_resident_max;
        match self.received.entries.last() {
            Some(row) if !row.large && end - row.offset > len_max + len_max / 64 => {
                Err(PackError::Padded { offset: row.offset, len: end - row.offset, len_max })
            }
            _ => Ok(()),
        }
    }

    /// Resolves a delta if its base is at hand.
    fn end_delta(&mut self, entry: u32) -> Result<(), PackError> {
        let data = self.inflater.data();
        let head = data.get(..delta::DELTA_HEADER_LEN_MAX).unwrap_or(data).to_vec();
        self.note_delta_lens(entry, &head)?;
        let received = &mut self.received;
        let Base::Entry(base) = received.base(entry) else { return Ok(()) };
        if received.row(entry).is_some_and(|row| row.large) {
            return Ok(());
        }
        let kind: Option<Kind> = received.row(base).filter(EntryRow::is_resolved).and_then(|row| row.kind);
        if let (Some(kind), Some(content)) = (kind, received.cache.get(base)) {
            let object = received.apply(entry, &content, self.inflater.data())?;
            received.take(entry, kind, object, Some((Base::Entry(base), &content)))?;
        }
        Ok(())
    }

    /// A delta is large when its base or its result is.
    fn note_delta_lens(&mut self, entry: u32, head: &[u8]) -> Result<(), PackError> {
        let error = |error| self.received.delta_error(entry, error);
        let header = match delta::decode_header(head).map_err(error)? {
            Decoded::Value(header, _) => header,
            Decoded::NeedMore(_) => return Err(error(delta::DeltaError::Truncated)),
        };
        let len_max = self.received.limits.object_resident_max;
        let is_large = header.base_len > len_max || header.result_len > len_max;
        if let Some(mut row) = self.received.row(entry) {
            if row.large && !is_large {
                return Err(PackError::Padded { offset: row.offset, len: row.data_len, len_max });
            }
            row.large = is_large;
            self.received.entries.set(entry, row);
        }
        Ok(())
    }

    fn trailer(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let n_carried = self.carry.len();
        self.carry.extend(input.iter().take(PACK_TRAILER_LEN - n_carried));
        let used = self.carry.len() - n_carried;
        if let (PACK_TRAILER_LEN, Some(expected)) = (self.carry.len(), ObjectId::from_prefix(&self.carry)) {
            let actual = std::mem::take(&mut self.sha1).finish();
            if actual != expected {
                return Err(PackError::Trailer { expected, actual });
            }
            self.trailer = Some(expected);
            self.state = State::End;
        }
        Ok(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::entry::{encode_entry_header, encode_pack_header};

    /// No two objects that collide are known, only bytes that do without an object's header: they are hashed as if they had one.
    #[test]
    fn a_streamed_blob_in_which_an_attack_shows_is_refused() {
        let bytes = include_bytes!("../../../../fixtures/collisions/shattered-1.bin");
        let limits = Limits { object_resident_max: 100, ..Limits::for_tests() };
        let mut receiver = Receiver::new(limits, MsgIds::NONE);
        let mut head = encode_pack_header(1).to_vec();
        let content = Content::Whole(Kind::Blob);
        encode_entry_header(EntryHeader { content, inflated_len: bytes.len() as u64 }, &mut head);
        receiver.push(&head).unwrap();
        assert!(matches!(receiver.taking, Taking::Hashed(_)));
        receiver.taking = Taking::Hashed(ObjectHasher::without_header());
        let refused = receiver.push(&crate::zlib::deflate(bytes));
        assert_eq!(refused, Err(PackError::Collision { id: Sha1::of(bytes) }));
        let words = format!("object {}: its SHA-1 appears to be part of a collision attack", Sha1::of(bytes));
        assert_eq!(refused.unwrap_err().to_string(), words);
    }
}
