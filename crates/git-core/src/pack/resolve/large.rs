//! The part of pass 2 that deals with what is too large to hold: deltas with a large base or result.

use std::rc::Rc;

use super::{Inflating, Job, Resolver, SpillNo, Spilled, Start, Step};
use crate::object::ObjectHasher;
use crate::pack::delta::DeltaError;
use crate::pack::entries::Base;
use crate::pack::large::{LargeDelta, RESULT_CHUNK_LEN, Wants};
use crate::pack::{Kind, PackError};

enum LargeBase {
    Held(Rc<Vec<u8>>),
    Spilled(SpillNo),
}

/// A large delta being applied.
pub(super) struct Apply {
    entry: u32,
    kind: Kind,
    base: LargeBase,
    delta: LargeDelta,
    hasher: Option<ObjectHasher>,
    result_len: u64,
    spill: Option<SpillNo>,
    out: Vec<u8>,
    delta_is_whole: bool,
}

impl Resolver {
    /// Before anything can build on it: a large entry's (small) result, from where it was spilled.
    pub(super) fn reload_large(&mut self, key: Base, entry: u32) -> Result<Start, PackError> {
        if let Some(&from) = self.spilled.get(&key) {
            return Ok(Start::First(Job::Load { key, from }));
        }
        self.large_bases.insert(entry);
        Ok(match self.start_large(entry)? {
            Start::Job(job) | Start::First(job) => Start::First(job),
            Start::Waits(base) => Start::Waits(base),
        })
    }

    pub(super) fn start_large(&mut self, target: u32) -> Result<Start, PackError> {
        let key = self.received.base(target);
        let (kind, base, base_len) = match key {
            Base::None => {
                let spill = self.new_spill();
                return Ok(Start::Job(Job::Spool { entry: target, spill, out: Vec::new() }));
            }
            _ if self.hold(key) => {
                let Some(held) = &self.held else { return Ok(Start::Waits(key)) };
                (held.kind, LargeBase::Held(Rc::clone(&held.object)), held.object.len() as u64)
            }
            _ if self.spilled.contains_key(&key) => {
                let Some(from) = self.spilled.get(&key) else { return Ok(Start::Waits(key)) };
                (from.kind, LargeBase::Spilled(from.spill), from.len)
            }
            Base::Id(_) => return Ok(Start::Waits(key)),
            Base::Entry(entry) => {
                let Some(row) = self.received.row(entry) else { return Ok(Start::Waits(key)) };
                if !row.is_resolved() {
                    return Ok(Start::Waits(key));
                }
                if row.large {
                    return self.reload_large(key, entry);
                }
                return Ok(match self.start_chain(entry)? {
                    Start::Job(job) | Start::First(job) => Start::First(job),
                    Start::Waits(base) => Start::Waits(base),
                });
            }
        };
        let spill = self.large_bases.contains(&target).then(|| self.new_spill());
        Ok(Start::Job(Job::Apply(Box::new(Apply {
            entry: target,
            kind,
            base,
            delta: LargeDelta::new(base_len),
            hasher: None,
            result_len: 0,
            spill,
            out: Vec::new(),
            delta_is_whole: false,
        }))))
    }

    pub(super) fn spool(&mut self, entry: u32, spill: SpillNo, mut out: Vec<u8>) -> Result<Option<Step>, PackError> {
        loop {
            let inflating = self.inflate(entry, true, true, &mut |bytes| out.extend_from_slice(bytes))?;
            match inflating {
                Inflating::Needs(step) => {
                    self.job = Some(Job::Spool { entry, spill, out });
                    return Ok(Some(step));
                }
                Inflating::Part if out.len() < RESULT_CHUNK_LEN => {}
                Inflating::Part => {
                    self.job = Some(Job::Spool { entry, spill, out: Vec::new() });
                    return Ok(Some(Step::SpillWrite { spill, bytes: out }));
                }
                Inflating::Whole => {
                    if let Some((kind, len)) =
                        self.received.row(entry).and_then(|row| Some((row.kind?, row.object_len)))
                    {
                        self.spilled.insert(Base::Entry(entry), Spilled { kind, spill, len });
                    }
                    return Ok(Some(Step::SpillWrite { spill, bytes: out }));
                }
            }
        }
    }

    pub(super) fn apply_large(&mut self, mut apply: Box<Apply>) -> Result<Option<Step>, PackError> {
        loop {
            let wants =
                apply.delta.run(&mut apply.out).map_err(|error| self.received.delta_error(apply.entry, error))?;
            apply.begin_hash();
            let step = match wants {
                Wants::Delta if apply.delta_is_whole => {
                    return Err(self.received.delta_error(apply.entry, DeltaError::Truncated));
                }
                Wants::Delta => {
                    let delta = &mut apply.delta;
                    match self.inflate(apply.entry, true, true, &mut |bytes| delta.push_delta(bytes))? {
                        Inflating::Needs(step) => Some(step),
                        Inflating::Part => None,
                        Inflating::Whole => {
                            apply.delta_is_whole = true;
                            None
                        }
                    }
                }
                Wants::Base { offset, len } => match &apply.base {
                    LargeBase::Held(object) => {
                        let at = usize::try_from(offset).unwrap_or(usize::MAX);
                        let bytes = object.get(at..at.saturating_add(len)).unwrap_or_default();
                        apply.delta.set_window(offset, bytes.to_vec());
                        None
                    }
                    LargeBase::Spilled(spill) => Some(Step::SpillRead { spill: *spill, offset, len }),
                },
                Wants::Room => apply.drain(),
                Wants::Nothing => return self.end_large(*apply),
            };
            if step.is_some() {
                self.job = Some(Job::Apply(apply));
                return Ok(step);
            }
        }
    }

    fn end_large(&mut self, mut apply: Apply) -> Result<Option<Step>, PackError> {
        self.reading_at = None;
        let step = apply.drain();
        let (entry, kind, len) = (apply.entry, apply.kind, apply.result_len);
        if let Some(spill) = apply.spill {
            self.spilled.insert(Base::Entry(entry), Spilled { kind, spill, len });
        }
        if let (Some(hasher), Some(row)) = (apply.hasher, self.received.row(entry))
            && !row.is_resolved()
        {
            if kind != Kind::Blob {
                let len_max = self.received.limits.object_resident_max;
                return Err(PackError::ObjectTooLarge { offset: row.offset, kind, len, len_max });
            }
            self.received.define(entry, kind, len, hasher.finish()?)?;
        }
        Ok(step)
    }
}

impl Apply {
    /// Bytes of the base from `offset` on.
    pub(super) fn set_window(&mut self, offset: u64, bytes: Vec<u8>) {
        self.delta.set_window(offset, bytes);
    }

    /// The hash begins with the result's length, which the delta's head tells.
    fn begin_hash(&mut self) {
        if self.hasher.is_none()
            && let Some(result_len) = self.delta.result_len()
        {
            self.result_len = result_len;
            self.hasher = Some(ObjectHasher::new(self.kind, result_len));
        }
    }

    /// Hashes what there is of the result, and spills it if something builds on it.
    fn drain(&mut self) -> Option<Step> {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.out);
        }
        let bytes = std::mem::take(&mut self.out);
        self.spill.filter(|_| !bytes.is_empty()).map(|spill| Step::SpillWrite { spill, bytes })
    }
}
