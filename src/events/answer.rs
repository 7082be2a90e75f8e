//! What a store does for each call: one transaction.

use event_log::segment::check;
use event_log::{AggregateError, Aggregation, Inflated, Query};

use super::call::{Call, Noise, QueryRefusal, Reply};
use super::{due, noise, schema, segments};
use crate::config::{
    EVENT_GROUPS_MAX, EVENT_MERGE_AFTER_MS, EVENT_QUANTILE_GROUPS_MAX, EVENT_SEGMENT_INFLATED_MAX,
    EVENT_SEGMENT_LEN_MAX, EVENTS_KEPT_MS,
};
use crate::durable::{Database, Failure, Frame, FrameWriter, INTEGER_MAX};
use crate::log;

/// Answers a frame that holds a [`Call`] with one that holds a `Result<Reply, QueryRefusal>`.
pub(crate) fn answer_frame<D: Database>(db: &D, now: u64, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let frame = Frame::parse(frame)?;
    let call: Call = frame.head()?;
    let mut writer = FrameWriter::default();
    let result = db.transaction(|| match call {
        Call::Record { segment, noise } => record(db, now, frame.string(segment)?, &noise).map(|()| Ok(Reply::Done)),
        Call::Query(query) => match query_segments(db, now, query)? {
            Ok(partial) => Ok(Ok(Reply::Partial { partial: writer.push(&partial)? })),
            Err(refusal) => Ok(Err(refusal)),
        },
        Call::Noise { from_ms, to_ms } => {
            let is_used = schema::SCHEMA.exists(db)?;
            let from_ms = from_ms.max(now.saturating_sub(EVENTS_KEPT_MS));
            Ok(Ok(Reply::Noise(if is_used { noise::between(db, from_ms, to_ms.min(INTEGER_MAX))? } else { vec![] })))
        }
    })?;
    writer.finish(&result)
}

/// Stores a segment that can be read, and counts; what is recorded is merged soon.
fn record<D: Database>(db: &D, now: u64, segment: &[u8], noise: &[Noise]) -> Result<(), Failure> {
    let is_empty = segment.is_empty();
    if is_empty && noise.is_empty() {
        return Ok(());
    }
    if segment.len() > EVENT_SEGMENT_LEN_MAX {
        let (value, max) = (segment.len() as u64, EVENT_SEGMENT_LEN_MAX as u64);
        return Err(Failure::Range { what: "the length of a segment", value, max });
    }
    schema::SCHEMA.create(db)?;
    if !is_empty {
        let header = check(segment, EVENT_SEGMENT_INFLATED_MAX).map_err(|error| Failure::shape("a segment", error))?;
        if header.n_events > 0 {
            segments::add(db, &header, segment)?;
        }
    }
    noise::count(db, noise)?;
    due::by(db, now, now + EVENT_MERGE_AFTER_MS)
}

/// Adds up what the query asks for, one segment after the other.
fn query_segments<D: Database>(db: &D, now: u64, query: Query) -> Result<Result<Vec<u8>, QueryRefusal>, Failure> {
    let query = query.since(now.saturating_sub(EVENTS_KEPT_MS));
    let n_groups_max = if query.quantiles { EVENT_QUANTILE_GROUPS_MAX } else { EVENT_GROUPS_MAX };
    let mut aggregation = Aggregation::new(&query, n_groups_max);
    let times = query.filter.time_range();
    let ids = if schema::SCHEMA.exists(db)? { segments::within(db, times)? } else { vec![] };
    for id in ids {
        let Some(bytes) = segments::bytes(db, id)? else { continue };
        let inflated = match Inflated::new(&bytes, EVENT_SEGMENT_INFLATED_MAX) {
            Ok(inflated) => inflated,
            Err(error) => {
                log::error(format_args!("events: segment {id} left out: {error}"));
                continue;
            }
        };
        drop(bytes);
        let added =
            inflated.segment().map_err(AggregateError::from).and_then(|segment| aggregation.add_segment(&segment));
        match added {
            Ok(()) => {}
            Err(AggregateError::TooManyGroups { n_groups_max }) => {
                return Ok(Err(QueryRefusal::TooManyGroups { n_groups_max: n_groups_max as u64 }));
            }
            Err(error) => return Err(Failure::shape("a segment", error)),
        }
    }
    // All events of a namespace are in this store.
    Ok(Ok(if query.is_by_namespace() { aggregation.partial_cut() } else { aggregation.partial() }))
}
