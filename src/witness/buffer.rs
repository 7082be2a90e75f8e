//! Events on their way to where they are kept: those of an isolate go together, some time after the first of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use event_log::{Event, segment};

use super::trace::Trace;
use crate::config::{EVENTS_BUFFERED_MAX, EVENTS_FLUSH_LOST_MS, EVENTS_FLUSHED_AT};
use crate::events::{Noise, Surface, shard_of};
use crate::log;
use crate::time;

thread_local! {
    static BUFFER: RefCell<Buffer> = RefCell::default();
}

#[derive(Debug, Default)]
struct Buffer {
    events: Vec<Event>,
    noise: BTreeMap<(Surface, u64), u64>,
    /// When somebody said that they would take all of it, in unix milliseconds.
    promised_at: Option<u64>,
}

/// What whoever adds something is to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Somebody else takes it.
    Nothing,
    /// Take all that is there after a while.
    Later,
    /// There is much of it: take it at once.
    Now,
}

/// What goes into one store: a segment, which may be empty, and counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) shard: u8,
    pub(super) n_events: usize,
    pub(super) segment: Vec<u8>,
    pub(super) noise: Vec<Noise>,
}

/// Adds what a request left at `now`.
pub(super) fn add(trace: Trace, now: u64) -> Turn {
    BUFFER.with_borrow_mut(|buffer| buffer.add(trace, now))
}

/// Takes all that is there, by the store that it goes into.
pub(super) fn take() -> Vec<Batch> {
    let Buffer { events, noise, .. } = BUFFER.take();
    let mut stores: BTreeMap<u8, Vec<Event>> = BTreeMap::new();
    for event in events {
        stores.entry(shard_of(&event.namespace.to_ascii_lowercase())).or_default().push(event);
    }
    // Counts are of no namespace: they are kept in the first store.
    if !noise.is_empty() {
        stores.entry(0).or_default();
    }
    let stores = stores.into_iter().flat_map(|(shard, events)| {
        let parts = events.chunks(EVENTS_FLUSHED_AT).map(<[Event]>::to_vec).collect::<Vec<_>>();
        let parts = if parts.is_empty() { vec![Vec::new()] } else { parts };
        parts.into_iter().map(move |events| (shard, events))
    });
    let mut noise = noise.into_iter().map(|((surface, hour_ms), n)| Noise { hour_ms, surface, n }).collect::<Vec<_>>();
    let batches = stores.map(|(shard, events)| Batch {
        shard,
        n_events: events.len(),
        segment: if events.is_empty() { Vec::new() } else { segment::encode(&events) },
        noise: if shard == 0 { std::mem::take(&mut noise) } else { Vec::new() },
    });
    batches.collect()
}

impl Buffer {
    fn add(&mut self, trace: Trace, now: u64) -> Turn {
        match trace {
            Trace::Events(events) if events.is_empty() => return Turn::Nothing,
            Trace::Events(events) => self.events.extend(events),
            Trace::Noise(surface) => *self.noise.entry((surface, time::hour_of(now))).or_default() += 1,
        }
        if self.events.len() > EVENTS_BUFFERED_MAX {
            log::warn(format_args!("{} events lost: nobody took them", self.events.len()));
            self.events.clear();
        }
        // The platform may drop the work of whoever promised without a word.
        let is_promised = self.promised_at.is_some_and(|at| now < at + EVENTS_FLUSH_LOST_MS);
        if self.events.len() >= EVENTS_FLUSHED_AT {
            Turn::Now
        } else if is_promised {
            Turn::Nothing
        } else {
            self.promised_at = Some(now);
            Turn::Later
        }
    }
}

#[cfg(test)]
mod tests {
    use event_log::EventType;

    use super::*;

    fn pushed(namespace: &str) -> Trace {
        let (namespace, repository, message) = (namespace.to_owned(), "repo".to_owned(), String::new());
        let event = Event { time_ms: 7, duration_ms: 1, namespace, repository, event_type: EventType::Push, message };
        Trace::Events(vec![event])
    }

    #[test]
    fn the_first_promises_to_take_what_others_add() {
        assert_eq!(add(Trace::Events(Vec::new()), 1_000), Turn::Nothing);
        assert_eq!(add(pushed("a"), 1_000), Turn::Later);
        assert_eq!(add(pushed("A"), 1_100), Turn::Nothing);
        assert_eq!(add(Trace::Noise(Surface::Git), 3_600_000 + 1_200), Turn::Later);
        let batches = take();
        let of_a = batches.iter().find(|batch| batch.shard == shard_of("a")).unwrap();
        assert_eq!(of_a.n_events, 2);
        assert_eq!(segment::header(&of_a.segment).unwrap().n_events, 2);
        let noise = batches.iter().find(|batch| batch.shard == 0).unwrap().noise.clone();
        assert_eq!(noise, [Noise { hour_ms: 3_600_000, surface: Surface::Git, n: 1 }]);
        assert_eq!(take(), []);
    }

    #[test]
    fn a_promise_that_is_not_kept_is_made_again() {
        assert_eq!(add(pushed("a"), 1_000), Turn::Later);
        assert_eq!(add(pushed("a"), 999 + EVENTS_FLUSH_LOST_MS), Turn::Nothing);
        assert_eq!(add(pushed("a"), 1_000 + EVENTS_FLUSH_LOST_MS), Turn::Later);
    }

    #[test]
    fn many_are_taken_at_once_and_never_more_kept_than_there_is_room_for() {
        let turns: Vec<_> = (0..EVENTS_FLUSHED_AT).map(|_| add(pushed("a"), 1_000)).collect();
        assert_eq!(turns.last(), Some(&Turn::Now));
        for _ in EVENTS_FLUSHED_AT..EVENTS_BUFFERED_MAX {
            add(pushed("a"), 1_000);
        }
        add(pushed("a"), 1_000);
        assert_eq!(take(), []);
    }
}
