//! The part of pass 2 that most entries take: a chain of deltas, rebuilt from a base that is at hand.

use std::rc::Rc;

use super::{Held, Inflating, Job, Resolver, Start, Step};
use crate::pack::PackError;
use crate::pack::entries::Base;

/// How much compressed data is inflated between two looks at what came of it.
const STREAM_INPUT_LEN: usize = 64 * 1024;

impl Resolver {
    /// The chain from an entry down to a base that is at hand or whole.
    pub(super) fn start_chain(&mut self, target: u32) -> Result<Start, PackError> {
        let mut chain = vec![target];
        let mut top = target;
        loop {
            let base = self.received.base(top);
            if base == Base::None {
                return Ok(Start::Job(Job::Build(chain)));
            }
            if self.hold(base) {
                return Ok(Start::Job(Job::Build(chain)));
            }
            let Base::Entry(entry) = base else { return Ok(Start::Waits(base)) };
            let Some(row) = self.received.row(entry) else { return Ok(Start::Waits(base)) };
            let (kind, is_large, is_resolved) = (row.kind, row.large, row.is_resolved());
            if let (Some(kind), Some(object)) = (kind, self.received.cache.get(entry)) {
                self.held = Some(Held { key: base, kind, object });
                return Ok(Start::Job(Job::Build(chain)));
            }
            if is_large {
                return if is_resolved { self.reload_large(base, entry) } else { Ok(Start::Waits(base)) };
            }
            if chain.len() >= self.received.limits.delta_depth_max {
                let n_max = self.received.limits.delta_depth_max as u64;
                return Err(PackError::TooMany { what: "deltas on top of one another", n_max });
            }
            chain.push(entry);
            top = entry;
        }
    }

    /// Whether a base is at hand already; from here on it is held.
    pub(super) fn hold(&mut self, base: Base) -> bool {
        let is_base = |held: &&Held| held.key == base;
        let found = self.held.as_ref().filter(is_base).or(self.outside.as_ref().filter(is_base));
        let found = found.cloned();
        let is_found = found.is_some();
        self.held = found.or(self.held.take());
        is_found
    }

    /// Inflates an entry's data from the pack; the range to ask for when it is not at hand.
    pub(super) fn inflate(
        &mut self,
        entry: u32,
        streamed: bool,
        one_block: bool,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Inflating, PackError> {
        let Some(row) = self.received.row(entry) else { return Ok(Inflating::Whole) };
        let offset = row.offset;
        let mut at = if let Some(at) = self.reading_at {
            at
        } else {
            let data_len = row.data_len;
            self.n_rebuilt_bytes += data_len;
            self.check_rebuilt()?;
            if streamed {
                self.inflater.begin_streamed(offset, data_len);
            } else {
                self.inflater.begin(offset, data_len);
            }
            offset + u64::from(row.header_len)
        };
        loop {
            let bytes = match self.blocks.at(at) {
                Ok(bytes) => bytes,
                Err((_, 0)) => return Err(PackError::Inflate { offset }),
                Err((offset, len)) => {
                    self.reading_at = Some(at);
                    return Ok(Inflating::Needs(Step::NeedPack { offset, len }));
                }
            };
            let bytes = if one_block { bytes.get(..STREAM_INPUT_LEN).unwrap_or(bytes) } else { bytes };
            let (used, done) = self.inflater.feed(bytes, sink)?;
            at += used as u64;
            self.reading_at = Some(at);
            if done {
                self.reading_at = None;
                return Ok(Inflating::Whole);
            }
            if one_block {
                return Ok(Inflating::Part);
            }
        }
    }

    pub(super) fn check_rebuilt(&self) -> Result<(), PackError> {
        let n_max = self.received.limits.rebuilt_bytes_max;
        if self.n_rebuilt_bytes > n_max {
            return Err(PackError::TooMany { what: "bytes to inflate again", n_max });
        }
        Ok(())
    }

    pub(super) fn build(&mut self, mut chain: Vec<u32>) -> Result<Option<Step>, PackError> {
        while let Some(&entry) = chain.last() {
            if let Inflating::Needs(step) = self.inflate(entry, false, false, &mut |_| {})? {
                self.job = Some(Job::Build(chain));
                return Ok(Some(step));
            }
            chain.pop();
            let unresolved = |offset| PackError::Unresolved { offset };
            let row = self.received.row(entry).ok_or(unresolved(0))?;
            let is_resolved = row.is_resolved();
            let base = self.held.take().filter(|_| row.base != Base::None);
            let (kind, object) = match (row.base, row.kind, &base) {
                (Base::None, Some(kind), _) => (kind, Rc::new(self.inflater.data().to_vec())),
                (_, _, Some(base)) => (base.kind, self.received.apply(entry, &base.object, self.inflater.data())?),
                (_, _, None) => return Err(unresolved(row.offset)),
            };
            if is_resolved {
                self.received.cache.insert(entry, Rc::clone(&object));
            } else {
                self.received.check_resident(self.received.offset(entry), kind, object.len() as u64)?;
                let base = base.as_ref().map(|base| (base.key, base.object.as_slice()));
                self.received.take(entry, kind, Rc::clone(&object), base)?;
            }
            self.held = Some(Held { key: Base::Entry(entry), kind, object });
        }
        Ok(None)
    }
}
