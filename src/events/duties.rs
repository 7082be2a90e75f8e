//! What the object does when its alarm goes off: some merges, each a transaction, and then what is too old or too much.

use super::{due, noise, schema, segments};
use crate::config::{BACKOFF_MAX_MS, EVENT_MERGES_MAX, EVENT_SWEEP_MS, EVENTS_KEPT_MS};
use crate::durable::{Database, Failure, settle};

/// Does some of it and sets the next alarm, at once if there is more. What fails has changed nothing, and is tried again: by the platform,
/// or by an alarm that stands ahead.
pub(crate) fn perform<D: Database>(db: &D, now: u64, stored_max: u64) -> Result<(), Failure> {
    let is_used = settle(db, || {
        let is_used = schema::SCHEMA.exists(db)?;
        if is_used {
            due::set(db, Some(now + BACKOFF_MAX_MS))?;
        }
        Ok(is_used)
    })?;
    if !is_used {
        return Ok(());
    }
    let mut has_more = true;
    for _ in 0..EVENT_MERGES_MAX {
        has_more = settle(db, || segments::merge_some(db))?;
        if !has_more {
            break;
        }
    }
    settle(db, || {
        let before_ms = now.saturating_sub(EVENTS_KEPT_MS);
        has_more |= segments::forget(db, before_ms)?;
        noise::forget(db, before_ms)?;
        has_more |= segments::trim(db, stored_max)?;
        due::set(db, next(db, now, has_more)?)
    })
}

/// When to look again, if anybody should.
fn next<D: Database>(db: &D, now: u64, has_more: bool) -> Result<Option<u64>, Failure> {
    if has_more {
        return Ok(Some(now));
    }
    let oldest = [segments::oldest(db)?, noise::oldest(db)?].into_iter().flatten().min();
    Ok(oldest.map(|oldest_ms| (oldest_ms + EVENTS_KEPT_MS + 1).max(now + EVENT_SWEEP_MS)))
}
