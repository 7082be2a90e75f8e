//! The rows of `segments`: what was recorded, and what was merged of it.

use event_log::segment::{header, merge};
use event_log::{Header, TimeRange};

use crate::config::{
    EVENT_DELETIONS_MAX, EVENT_MERGE_FAN, EVENT_MERGE_INFLATED_MAX, EVENT_ROW_LEN_MAX, EVENT_SEGMENT_INFLATED_MAX,
    EVENT_SEGMENT_LEN_MAX,
};
use crate::durable::{Database, Failure, INTEGER_MAX};
use crate::log;

/// Stores what was recorded.
pub(super) fn add<D: Database>(db: &D, header: &Header, bytes: &[u8]) -> Result<(), Failure> {
    let Header { time_min, time_max, inflated_len, .. } = *header;
    db.exec(
        "INSERT INTO segments (level, time_min, time_max, inflated_len, len, bytes) VALUES (0, ?1, ?2, ?3, ?4, ?5)",
        &[time_min.into(), time_max.into(), u64::from(inflated_len).into(), (bytes.len() as u64).into(), bytes.into()],
    )
    .map(drop)
}

/// The segments that may have events of these times.
pub(super) fn within<D: Database>(db: &D, times: TimeRange) -> Result<Vec<u64>, Failure> {
    if times.is_empty() || times.min_ms > INTEGER_MAX {
        return Ok(vec![]);
    }
    let rows = db.exec(
        "SELECT id FROM segments WHERE time_max >= ?1 AND time_min <= ?2 ORDER BY id",
        &[times.min_ms.into(), times.max_ms.min(INTEGER_MAX).into()],
    )?;
    rows.into_iter().map(|mut row| row.integer()).collect()
}

/// A segment.
pub(super) fn bytes<D: Database>(db: &D, id: u64) -> Result<Option<Vec<u8>>, Failure> {
    let rows = db.exec("SELECT bytes FROM segments WHERE id = ?1", &[id.into()])?;
    rows.into_iter().next().map_or(Ok(None), |mut row| row.optional_blob())
}

/// Merges the first segments of the lowest level that has enough of them, if there is one, and returns whether there was. What comes of
/// segments that are too much to be as many as a merge takes is merged no more.
pub(super) fn merge_some<D: Database>(db: &D) -> Result<bool, Failure> {
    let levels = db.exec(
        "SELECT level FROM segments WHERE level IS NOT NULL GROUP BY level HAVING COUNT(*) >= ?1 ORDER BY level LIMIT 1",
        &[EVENT_MERGE_FAN.into()],
    )?;
    let Some(mut row) = levels.into_iter().next() else { return Ok(false) };
    let level = row.integer()?;
    let ids = first_of(db, level)?;
    let is_last = (ids.len() as u64) < EVENT_MERGE_FAN;
    let Some((first, others)) = ids.split_first() else { return Ok(false) };
    let parts = ids.iter().map(|id| bytes(db, *id).map(Option::unwrap_or_default)).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let merged = merge(&parts, EVENT_SEGMENT_INFLATED_MAX).and_then(|bytes| Ok((header(&bytes)?, bytes)));
    match merged {
        Ok((header, bytes)) if can_be_kept(&header, &bytes) => {
            replace(db, *first, (!is_last).then_some(level + 1), &header, &bytes)?;
            delete(db, others)?;
        }
        Ok((_, bytes)) => {
            log::warn(format_args!("events: {} segments left apart: {} bytes together", ids.len(), bytes.len()));
            close(db, &ids)?;
        }
        Err(error) => {
            log::error(format_args!("events: segments {ids:?} are merged no more: {error}"));
            close(db, &ids)?;
        }
    }
    Ok(true)
}

/// Whether a row has room for it, and whoever reads it.
fn can_be_kept(header: &Header, bytes: &[u8]) -> bool {
    let inflated_len = usize::try_from(header.inflated_len).unwrap_or(usize::MAX);
    bytes.len() <= EVENT_ROW_LEN_MAX && inflated_len <= EVENT_SEGMENT_INFLATED_MAX
}

/// The first segments of a level, as many as may be merged into one: one at least.
fn first_of<D: Database>(db: &D, level: u64) -> Result<Vec<u64>, Failure> {
    let rows = db.exec(
        "SELECT id, len, inflated_len FROM segments WHERE level = ?1 ORDER BY id LIMIT ?2",
        &[level.into(), EVENT_MERGE_FAN.into()],
    )?;
    let (mut ids, mut len, mut inflated_len) = (Vec::new(), 0, 0);
    for mut row in rows {
        let id = row.integer()?;
        len += row.integer()?;
        inflated_len += row.integer()?;
        let fits = len <= EVENT_SEGMENT_LEN_MAX as u64 && inflated_len <= EVENT_MERGE_INFLATED_MAX;
        if !fits && !ids.is_empty() {
            break;
        }
        ids.push(id);
    }
    Ok(ids)
}

fn replace<D: Database>(db: &D, id: u64, level: Option<u64>, header: &Header, bytes: &[u8]) -> Result<(), Failure> {
    let Header { time_min, time_max, inflated_len, .. } = *header;
    db.exec(
        "UPDATE segments SET level = ?2, time_min = ?3, time_max = ?4, inflated_len = ?5, len = ?6, bytes = ?7 WHERE id = ?1",
        &[
            id.into(),
            level.into(),
            time_min.into(),
            time_max.into(),
            u64::from(inflated_len).into(),
            (bytes.len() as u64).into(),
            bytes.into(),
        ],
    )
    .map(drop)
}

fn close<D: Database>(db: &D, ids: &[u64]) -> Result<(), Failure> {
    ids.iter().try_for_each(|id| db.exec("UPDATE segments SET level = NULL WHERE id = ?1", &[(*id).into()]).map(drop))
}

fn delete<D: Database>(db: &D, ids: &[u64]) -> Result<(), Failure> {
    ids.iter().try_for_each(|id| db.exec("DELETE FROM segments WHERE id = ?1", &[(*id).into()]).map(drop))
}

/// Deletes segments all of whose events are from before then, some at a time; whether there may be more.
pub(super) fn forget<D: Database>(db: &D, before_ms: u64) -> Result<bool, Failure> {
    let rows = db.exec(
        "SELECT id FROM segments WHERE time_max < ?1 ORDER BY id LIMIT ?2",
        &[before_ms.into(), EVENT_DELETIONS_MAX.into()],
    )?;
    let ids = rows.into_iter().map(|mut row| row.integer()).collect::<Result<Vec<_>, _>>()?;
    delete(db, &ids)?;
    Ok(ids.len() as u64 == EVENT_DELETIONS_MAX)
}

/// Deletes the first segments, some at a time, until the others take at most so many bytes; whether there may be more to delete.
pub(super) fn trim<D: Database>(db: &D, stored_max: u64) -> Result<bool, Failure> {
    let sum = db.exec("SELECT SUM(len) FROM segments", &[])?;
    let stored = sum.into_iter().next().map_or(Ok(None), |mut row| row.optional_integer())?.unwrap_or(0);
    let mut surplus = stored.saturating_sub(stored_max);
    if surplus == 0 {
        return Ok(false);
    }
    let mut ids = Vec::new();
    for mut row in db.exec("SELECT id, len FROM segments ORDER BY id LIMIT ?1", &[EVENT_DELETIONS_MAX.into()])? {
        if surplus == 0 {
            break;
        }
        ids.push(row.integer()?);
        surplus = surplus.saturating_sub(row.integer()?);
    }
    log::warn(format_args!("events: the first {} segments deleted: {stored} bytes of at most {stored_max}", ids.len()));
    delete(db, &ids)?;
    Ok(surplus > 0)
}

/// When the last event of the first segment was.
pub(super) fn oldest<D: Database>(db: &D) -> Result<Option<u64>, Failure> {
    let rows = db.exec("SELECT time_max FROM segments ORDER BY id LIMIT 1", &[])?;
    rows.into_iter().next().map(|mut row| row.integer()).transpose()
}
