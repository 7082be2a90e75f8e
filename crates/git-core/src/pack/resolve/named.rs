//! The end of pass 2: objects that git reads for what trees call them, `.gitmodules` say, and that had passed by before it
//! was known, or did not come with this pack.

use std::rc::Rc;

use super::{Job, Resolver, Start, Step};
use crate::object::fsck::NotRead;
use crate::pack::entries::Base;
use crate::pack::ids::IdNo;
use crate::pack::{Kind, PackError};

/// What is at hand of such an object.
enum Named {
    Read(Rc<Vec<u8>>),
    NotRead(NotRead),
    /// Work that has to be done first and has been begun.
    Begun,
    Needs(Step),
}

impl Resolver {
    /// Checks the next of them. [`Step::Done`] when there is none; nothing when there may be more to do.
    pub(super) fn check_next_named(&mut self) -> Result<Option<Step>, PackError> {
        let Some(no) = self.received.ids.next_unchecked(self.next_named) else { return Ok(Some(Step::Done)) };
        self.next_named = no;
        let named = match self.received.ids.entry(no) {
            Some(entry) => self.named_here(entry)?,
            None => self.named_outside(no),
        };
        match named {
            Named::Read(content) => self.received.check_named(no, Ok(&content))?,
            Named::NotRead(why) => self.received.check_named(no, Err(why))?,
            Named::Begun => {}
            Named::Needs(step) => return Ok(Some(step)),
        }
        self.check_rebuilt()?;
        Ok(None)
    }

    fn named_here(&mut self, entry: u32) -> Result<Named, PackError> {
        let key = Base::Entry(entry);
        let Some(row) = self.received.row(entry) else { return Ok(Named::NotRead(NotRead::Missing)) };
        if row.kind != Some(Kind::Blob) {
            return Ok(Named::NotRead(NotRead::OtherKind));
        }
        if row.object_len > self.received.limits.object_resident_max {
            return Ok(Named::NotRead(NotRead::TooLarge));
        }
        if let Some(object) = self.at_hand(key).or_else(|| self.received.cache.get(entry)) {
            return Ok(Named::Read(object));
        }
        let start = if row.large { self.reload_large(key, entry)? } else { self.start_chain(entry)? };
        match start {
            Start::Job(job) | Start::First(job) => self.job = Some(job),
            Start::Waits(base) => {
                let Base::Id(no) = base else { return Err(PackError::Unresolved { offset: row.offset }) };
                let base_id = self.received.ids.id(no).filter(|_| !self.missing.contains(&no));
                let id = base_id.ok_or(PackError::Unresolved { offset: row.offset })?;
                return Ok(Named::Needs(Step::NeedBase { id }));
            }
        }
        Ok(Named::Begun)
    }

    fn named_outside(&mut self, no: IdNo) -> Named {
        let key = Base::Id(no);
        if let Some(object) = self.at_hand(key) {
            let is_blob = self.held.as_ref().is_some_and(|held| held.kind == Kind::Blob);
            return if is_blob { Named::Read(object) } else { Named::NotRead(NotRead::OtherKind) };
        }
        if let Some(&from) = self.spilled.get(&key) {
            if from.len > self.received.limits.object_resident_max {
                return Named::NotRead(NotRead::TooLarge);
            }
            self.job = Some(Job::Load { key, from });
            return Named::Begun;
        }
        match self.received.ids.id(no) {
            Some(id) if !self.missing.contains(&no) => Named::Needs(Step::NeedBase { id }),
            _ => Named::NotRead(NotRead::Missing),
        }
    }

    fn at_hand(&mut self, key: Base) -> Option<Rc<Vec<u8>>> {
        if self.hold(key) { self.held.as_ref().map(|held| Rc::clone(&held.object)) } else { None }
    }
}
