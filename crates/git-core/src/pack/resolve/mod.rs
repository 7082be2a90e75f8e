//! Pass 2: the deltas whose base was out of reach when they streamed by, in the order in which they stand in the pack.
//!
//! A machine without I/O: [`Resolver::step`] says what it needs, the caller brings it and steps again. Bases that are no
//! longer at hand are rebuilt. What is too large to hold is spilled: written and read back by ranges through the caller.

mod chain;
mod large;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::large::Apply;
use super::blocks::Blocks;
use super::entries::Base;
use super::ids::IdNo;
use super::inflate::DataInflater;
use super::received::Received;
use super::resolved::Resolved;
use super::{Kind, PackError};
use crate::ObjectId;

/// Number of an object that is spilled: kept by the caller, inflated, until the resolver is done.
pub type SpillNo = u32;

/// What the resolver wants of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Bytes of the pack: [`Resolver::supply_pack`].
    NeedPack {
        /// Where in the pack.
        offset: u64,
        /// How many bytes, exactly.
        len: usize,
    },
    /// An object of the repository that a thin pack builds on, or that git reads for what a tree of the pack calls it:
    /// [`Resolver::supply_base`], or any of [`Resolver::missing_bases`] before it.
    NeedBase {
        /// Its id.
        id: ObjectId,
    },
    /// Bytes to append to a spill.
    SpillWrite {
        /// Which one.
        spill: SpillNo,
        /// What to append.
        bytes: Vec<u8>,
    },
    /// Bytes of a spill: [`Resolver::supply_spill`].
    SpillRead {
        /// Which one.
        spill: SpillNo,
        /// Where in it.
        offset: u64,
        /// How many bytes, exactly.
        len: usize,
    },
    /// Every entry is resolved: [`Resolver::finish`].
    Done,
}

/// A base from the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuppliedBase {
    /// At hand as a whole.
    Resident {
        /// Its kind.
        kind: Kind,
        /// All of it.
        content: Vec<u8>,
    },
    /// Too large for that, and spilled by the caller under a number from [`Resolver::new_spill`].
    Spilled {
        /// Its kind.
        kind: Kind,
        /// Where it is.
        spill: SpillNo,
        /// How many bytes it has.
        len: u64,
    },
    /// The repository has no such object.
    Missing,
}

#[derive(Clone, Copy)]
struct Spilled {
    kind: Kind,
    spill: SpillNo,
    len: u64,
}

/// A base that is at hand as a whole.
#[derive(Clone)]
struct Held {
    key: Base,
    kind: Kind,
    object: Rc<Vec<u8>>,
}

/// What is under way.
enum Job {
    /// These entries, the last first, each the base of the one before; the last's own base is held.
    Build(Vec<u32>),
    /// A whole large blob into a spill.
    Spool { entry: u32, spill: SpillNo, out: Vec<u8> },
    /// A large delta.
    Apply(Box<Apply>),
    /// A spilled object that is small enough to hold.
    Load { key: Base, from: Spilled },
}

/// Resolves what pass 1 left.
pub struct Resolver {
    received: Received,
    inflater: DataInflater,
    blocks: Blocks,
    pack_len: u64,
    trailer: ObjectId,
    next_entry: u32,
    job: Option<Job>,
    /// Where in the pack the entry being inflated goes on; `None` between entries.
    reading_at: Option<u64>,
    held: Option<Held>,
    /// The base that the caller supplied last: all that wait for it build on it before another is asked for.
    outside: Option<Held>,
    spilled: BTreeMap<Base, Spilled>,
    /// Entries that a large delta builds on.
    large_bases: BTreeSet<u32>,
    missing: BTreeSet<IdNo>,
    /// Below this number, what trees call `.gitmodules` or `.gitattributes` has been checked.
    next_named: IdNo,
    n_spills: SpillNo,
    n_rebuilt_bytes: u64,
}

/// Whether an entry's job could begin.
enum Start {
    Job(Job),
    /// Something else first; the entry is put back.
    First(Job),
    /// Not before that base is known.
    Waits(Base),
}

impl Resolver {
    pub(crate) fn new(
        received: Received,
        inflater: DataInflater,
        pack_len: u64,
        trailer: ObjectId,
        whole: Option<Vec<u8>>,
    ) -> Self {
        let limits = &received.limits;
        let blocks = Blocks::new(whole, pack_len, limits.block_len, limits.n_blocks_max);
        let large_bases = received.entries.iter().filter(|row| row.large).filter_map(|row| match row.base {
            Base::Entry(base) => Some(base),
            Base::None | Base::Id(_) => None,
        });
        let large_bases = large_bases.collect();
        Self {
            received,
            inflater,
            blocks,
            pack_len,
            trailer,
            next_entry: 0,
            job: None,
            reading_at: None,
            held: None,
            outside: None,
            spilled: BTreeMap::new(),
            large_bases,
            missing: BTreeSet::new(),
            next_named: 0,
            n_spills: 0,
            n_rebuilt_bytes: 0,
        }
    }

    /// Memory that what is noted of the objects so far takes, in bytes.
    pub fn notes_len(&self) -> usize {
        self.received.notes_len()
    }

    /// Frees what can be made again: for when it is another's turn to use the memory.
    pub fn forget_bases(&mut self) {
        self.received.forget_bases();
    }

    /// The number for one more spill.
    pub fn new_spill(&mut self) -> SpillNo {
        self.n_spills += 1;
        self.n_spills - 1
    }

    /// Bytes that a [`Step::NeedPack`] asked for.
    pub fn supply_pack(&mut self, offset: u64, bytes: Vec<u8>) {
        self.blocks.supply(offset, bytes);
    }

    /// An object that [`Step::NeedBase`] asked for, or another that entries wait for.
    pub fn supply_base(&mut self, id: ObjectId, base: SuppliedBase) {
        let Some(no) = self.received.ids.find(id) else { return };
        let key = Base::Id(no);
        match base {
            SuppliedBase::Resident { kind, content } => {
                self.n_rebuilt_bytes += content.len() as u64;
                self.outside = Some(Held { key, kind, object: Rc::new(content) });
            }
            SuppliedBase::Spilled { kind, spill, len } => {
                self.spilled.insert(key, Spilled { kind, spill, len });
            }
            SuppliedBase::Missing => {
                self.missing.insert(no);
                return;
            }
        }
        let waiting = self.received.waiting.remove(&key).unwrap_or_default();
        self.received.ready.extend(waiting.into_iter().rev());
    }

    /// Bytes that a [`Step::SpillRead`] asked for.
    pub fn supply_spill(&mut self, offset: u64, bytes: Vec<u8>) {
        match &mut self.job {
            Some(Job::Apply(apply)) => apply.set_window(offset, bytes),
            Some(Job::Load { key, from }) => {
                self.held = Some(Held { key: *key, kind: from.kind, object: Rc::new(bytes) });
                self.job = None;
            }
            _ => {}
        }
    }

    /// Goes on as far as it can.
    pub fn step(&mut self) -> Result<Step, PackError> {
        loop {
            let Some(job) = self.job.take() else {
                match self.next_target() {
                    Some(target) => self.begin(target)?,
                    None => match self.next_missing_base()? {
                        Some(id) => return Ok(Step::NeedBase { id }),
                        None => {
                            if let Some(step) = self.check_next_named()? {
                                return Ok(step);
                            }
                        }
                    },
                }
                continue;
            };
            let step = match job {
                Job::Build(chain) => self.build(chain)?,
                Job::Spool { entry, spill, out } => self.spool(entry, spill, out)?,
                Job::Apply(apply) => self.apply_large(apply)?,
                Job::Load { key, from } => {
                    let len = usize::try_from(from.len).unwrap_or(usize::MAX);
                    self.job = Some(Job::Load { key, from });
                    Some(Step::SpillRead { spill: from.spill, offset: 0, len })
                }
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// What is known once all is [`Step::Done`].
    pub fn finish(self) -> Resolved {
        Resolved::new(self.received, self.pack_len, self.trailer)
    }

    fn next_target(&mut self) -> Option<u32> {
        while let Some(entry) = self.received.ready.pop() {
            if self.received.row(entry).is_some_and(|row| !row.is_resolved()) {
                return Some(entry);
            }
        }
        while let Some(row) = self.received.row(self.next_entry) {
            self.next_entry += 1;
            if !row.is_resolved() {
                return Some(self.next_entry - 1);
            }
        }
        None
    }

    /// Objects of the repository that entries wait for, at most `n_max`.
    pub fn missing_bases(&self, n_max: usize) -> Vec<ObjectId> {
        let ids = self.received.waiting.keys().filter_map(|key| match *key {
            Base::Id(no) if !self.missing.contains(&no) => self.received.ids.id(no),
            _ => None,
        });
        ids.take(n_max).collect()
    }

    /// Whether entries wait for that object.
    pub fn waits_for(&self, id: ObjectId) -> bool {
        self.received.ids.find(id).is_some_and(|no| self.received.waiting.contains_key(&Base::Id(no)))
    }

    /// The next base to ask the caller for, when nothing else is left to do.
    fn next_missing_base(&self) -> Result<Option<ObjectId>, PackError> {
        if let Some(&base_id) = self.missing_bases(1).first() {
            return Ok(Some(base_id));
        }
        let unresolved = self.received.waiting.iter().find_map(|(key, entries)| match *key {
            Base::Id(no) => Some((*entries.first()?, self.received.ids.id(no)?)),
            _ => None,
        });
        match unresolved {
            Some((entry, base_id)) => Err(PackError::MissingBase { offset: self.received.offset(entry), base_id }),
            None => Ok(None),
        }
    }

    fn begin(&mut self, target: u32) -> Result<(), PackError> {
        let is_large = self.received.row(target).is_some_and(|row| row.large);
        let start = if is_large { self.start_large(target)? } else { self.start_chain(target)? };
        match start {
            Start::Job(job) => self.job = Some(job),
            Start::First(job) => {
                self.received.ready.push(target);
                self.job = Some(job);
            }
            Start::Waits(base) => self.received.waiting.entry(base).or_default().push(target),
        }
        Ok(())
    }
}

enum Inflating {
    Whole,
    Part,
    Needs(Step),
}
