//! A store of events as the Worker uses it, over SQLite in memory.

use event_log::segment::encode;
use event_log::{Aggregation, Dimension, Event, EventType, Filter, Operand, Operator, Query};

use super::call::{Noise, QueryRefusal, Surface};
use super::{perform, segments};
use crate::config::{
    ALARM_LOST_MS, BACKOFF_MAX_MS, EVENT_MERGE_AFTER_MS, EVENT_MERGE_FAN, EVENT_SEGMENT_LEN_MAX, EVENT_SWEEP_MS,
    EVENTS_KEPT_MS, EVENTS_STORED_MAX,
};
use crate::durable::{Database, Failure, MemoryDatabase, ready};
use crate::objects::{MemoryObjects, Objects};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// One store at some time.
struct Store {
    objects: MemoryObjects,
}

impl Store {
    fn new() -> Self {
        let objects = MemoryObjects::default();
        objects.wait(1_760_000_000_000);
        Self { objects }
    }

    fn now(&self) -> u64 {
        self.objects.now()
    }

    fn event(&self, repository: &str, duration_ms: u32) -> Event {
        Event {
            time_ms: self.now(),
            duration_ms,
            namespace: "ns".into(),
            repository: repository.into(),
            event_type: EventType::Push,
            message: String::new(),
        }
    }

    fn record(&self, events: &[Event]) {
        ready(self.objects.events(0).unwrap().record(encode(events), &[])).unwrap();
    }

    /// Count and sum for each repo, as `name:count:sum`.
    fn answer(&self, filter: Filter) -> Vec<String> {
        let dimensions = [Dimension::RepositoryName].into();
        let query = Query { filter, dimensions, quantiles: false, order: vec![], limit: 1_000 };
        let partial = ready(self.objects.events(0).unwrap().query(&query)).unwrap().unwrap();
        let mut aggregation = Aggregation::new(&query, 1_000);
        aggregation.merge(&partial).unwrap();
        let shown = aggregation.finish().into_iter().map(|group| match &group.dimensions[&Dimension::RepositoryName] {
            Operand::Text(name) => format!("{name}:{}:{}", group.count, group.sum_duration_ms),
            Operand::Time(_) => panic!("a name is no time"),
        });
        shown.collect()
    }

    fn all(&self) -> Vec<String> {
        self.answer(Filter::And(vec![]))
    }

    fn db(&self) -> std::rc::Rc<MemoryDatabase> {
        self.objects.events_database(0)
    }

    /// Levels of the segments, in the order of ids.
    fn levels(&self) -> Vec<Option<u64>> {
        let rows = self.db().exec("SELECT level FROM segments ORDER BY id", &[]).unwrap();
        rows.into_iter().map(|mut row| row.optional_integer().unwrap()).collect()
    }

    /// Lets alarms go off until none is due.
    fn settle(&self) {
        while let Some(at) = self.db().alarm().filter(|at| *at <= self.now() + EVENT_MERGE_AFTER_MS) {
            self.objects.wait(at.saturating_sub(self.now()));
            self.objects.ring_events(0);
        }
    }
}

#[test]
fn what_was_recorded_is_found_at_once() {
    let store = Store::new();
    assert_eq!((store.all().len(), store.db().n_tables()), (0, 0));
    store.record(&[store.event("a", 5), store.event("b", 7)]);
    store.record(&[store.event("a", 6)]);
    assert_eq!(store.all(), ["a:2:11", "b:1:7"]);
    store.record(&[]);
    assert_eq!(store.levels(), [Some(0), Some(0)]);
}

#[test]
fn nothing_to_record_makes_no_tables() {
    let store = Store::new();
    let client = store.objects.events(0).unwrap();
    ready(client.record(vec![], &[])).unwrap();
    assert_eq!((ready(client.noise(0, u64::MAX)).unwrap(), store.db().n_tables()), (vec![], 0));
    perform(&*store.db(), store.now(), EVENTS_STORED_MAX).unwrap();
    assert_eq!((store.db().n_tables(), store.db().alarm()), (0, None));
}

#[test]
fn what_is_no_segment_is_not_recorded() {
    let store = Store::new();
    let client = store.objects.events(0).unwrap();
    let mut broken = encode(&[store.event("a", 5)]);
    broken.pop();
    let noise = [Noise { hour_ms: store.now(), surface: Surface::Git, n: 1 }];
    assert_eq!(ready(client.record(broken, &noise)), Err(Failure::shape("a segment", "corrupt segment")));
    let (value, max) = (EVENT_SEGMENT_LEN_MAX as u64 + 1, EVENT_SEGMENT_LEN_MAX as u64);
    let long = ready(client.record(vec![1; EVENT_SEGMENT_LEN_MAX + 1], &noise));
    assert_eq!(long, Err(Failure::Range { what: "the length of a segment", value, max }));
    assert_eq!(ready(client.noise(0, u64::MAX)).unwrap(), []);
}

#[test]
fn segments_are_merged_level_by_level_some_time_after_the_first() {
    let store = Store::new();
    let fan = u32::try_from(EVENT_MERGE_FAN).unwrap();
    for n in 0..=fan * fan + fan {
        store.record(&[store.event("a", n)]);
        assert_eq!(store.db().alarm(), Some(1_760_000_000_000 + EVENT_MERGE_AFTER_MS));
        store.objects.wait(1);
    }
    let before = store.all();
    store.settle();
    assert_eq!(store.levels(), [Some(2), Some(1), Some(0)]);
    assert_eq!(store.all(), before);
    // What comes first stays first.
    let rows = store.db().exec("SELECT time_min FROM segments ORDER BY id", &[]).unwrap();
    let times: Vec<u64> = rows.into_iter().map(|mut row| row.integer().unwrap()).collect();
    assert!(times.is_sorted());
}

#[test]
fn one_alarm_does_some_merges_and_the_next_one_goes_on_at_once() {
    let store = Store::new();
    for n in 0..200 {
        store.record(&[store.event("a", n)]);
    }
    store.objects.ring_events(0);
    assert_eq!((store.levels().len(), store.db().alarm()), (200 - 8 * 15, Some(store.now())));
    store.objects.ring_events(0);
    assert_eq!((store.levels().len(), store.db().alarm().unwrap() > store.now()), (200 - 12 * 15, true));
    assert_eq!(store.all(), ["a:200:19900"]);
}

#[test]
fn segments_that_are_too_much_together_are_merged_apart_and_no_more() {
    let store = Store::new();
    // Messages that cannot be made short: together more than a merge takes.
    let mut state = 1_u32;
    for _ in 0..EVENT_MERGE_FAN {
        let events: Vec<Event> = (0..6_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let message = format!("{:016x}", u64::from(state).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                Event { message: message.repeat(4), ..store.event("a", 1) }
            })
            .collect();
        store.record(&events);
    }
    store.settle();
    let n_closed = store.levels().iter().filter(|level| level.is_none()).count();
    assert!(n_closed >= 1 && (store.levels().len() as u64) < EVENT_MERGE_FAN, "{:?}", store.levels());
    assert_eq!(store.db().exec("SELECT 1 FROM segments WHERE len > 1048576", &[]).unwrap().len(), 0);
    assert_eq!(store.all(), ["a:96000:96000"]);
}

#[test]
fn a_broken_row_stops_neither_merges_nor_answers() {
    let store = Store::new();
    for n in 0..20 {
        store.record(&[store.event("a", n)]);
    }
    store.db().exec("UPDATE segments SET bytes = ?1 WHERE id = 3", &[(&[1_u8, 2][..]).into()]).unwrap();
    assert_eq!(store.all(), ["a:19:188"]);
    for n in 20..40 {
        store.record(&[store.event("a", n)]);
    }
    store.settle();
    assert_eq!(store.all(), ["a:39:778"]);
    assert_eq!(store.levels().iter().filter(|level| level.is_none()).count(), 16);
}

#[test]
fn events_are_gone_after_31_days_whether_or_not_they_have_been_deleted() {
    let store = Store::new();
    store.record(&[store.event("old", 1)]);
    store.objects.wait(HOUR_MS);
    store.record(&[store.event("new", 2)]);
    store.settle();
    assert_eq!(store.db().alarm(), Some(1_760_000_000_000 + EVENTS_KEPT_MS + 1));
    store.objects.wait(EVENTS_KEPT_MS - HOUR_MS + 1);
    assert_eq!(store.levels().len(), 2);
    assert_eq!(store.all(), ["new:1:2"]);
    store.objects.ring_events(0);
    assert_eq!((store.levels().len(), store.db().alarm()), (1, Some(store.now() + EVENT_SWEEP_MS)));
    store.objects.wait(EVENT_SWEEP_MS);
    store.objects.ring_events(0);
    assert_eq!((store.levels().len(), store.db().alarm()), (0, None));
}

#[test]
fn an_answer_looks_only_at_segments_of_its_times() {
    let store = Store::new();
    for name in ["a", "b", "c"] {
        store.record(&[store.event(name, 1)]);
        store.objects.wait(HOUR_MS);
    }
    let now = store.now();
    let at = |by, time| Filter::compare(Dimension::Datetime, by, [Operand::Time(time)]);
    let range = Filter::And(vec![at(Operator::Geq, now - 2 * HOUR_MS), at(Operator::Lt, now - HOUR_MS)]);
    assert_eq!(segments::within(&*store.db(), range.time_range()).unwrap(), [2]);
    assert_eq!(store.answer(range), ["b:1:1"]);
    assert!(segments::within(&*store.db(), event_log::TimeRange::NONE).unwrap().is_empty());
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let store = Store::new();
    for name in ["a", "b", "c", "d"] {
        store.record(&[store.event(name, 1)]);
    }
    let rows = store.db().exec("SELECT SUM(len) FROM segments", &[]).unwrap();
    let stored = rows.into_iter().next().unwrap().integer().unwrap();
    perform(&*store.db(), store.now(), stored).unwrap();
    assert_eq!(store.all().len(), 4);
    perform(&*store.db(), store.now(), stored / 2 + 1).unwrap();
    assert_eq!(store.all(), ["c:1:1", "d:1:1"]);
}

#[test]
fn whatever_statement_fails_nothing_is_lost_or_counted_twice() {
    for n_statements in 0.. {
        let store = Store::new();
        for n in 0..40 {
            store.record(&[store.event("a", n)]);
        }
        let at = store.db().take_alarm().unwrap();
        store.objects.wait(at - store.now());
        store.db().fail_after(Some(n_statements));
        let done = perform(&*store.db(), store.now(), EVENTS_STORED_MAX);
        store.db().fail_after(None);
        assert_eq!(store.all(), ["a:40:780"]);
        if done.is_ok() {
            assert!(n_statements > 40, "{n_statements}");
            return;
        }
        // It goes on by an alarm of its own or, before that was set, by the platform's.
        assert!(store.db().alarm().is_none_or(|at| at <= store.now() + BACKOFF_MAX_MS));
        perform(&*store.db(), store.now(), EVENTS_STORED_MAX).unwrap();
        assert_eq!((store.all(), store.levels().len()), (vec!["a:40:780".to_owned()], 2 + 8));
    }
}

#[test]
fn what_is_recorded_wakes_an_alarm_that_was_lost() {
    let store = Store::new();
    store.record(&[store.event("a", 1)]);
    let due_at = store.db().take_alarm().unwrap();
    store.objects.wait(EVENT_MERGE_AFTER_MS + ALARM_LOST_MS);
    store.record(&[store.event("a", 1)]);
    assert_eq!((store.db().alarm(), due_at + ALARM_LOST_MS), (None, store.now()));
    store.objects.wait(1);
    store.record(&[store.event("a", 1)]);
    assert_eq!(store.db().alarm(), Some(store.now() + EVENT_MERGE_AFTER_MS));
}

#[test]
fn a_question_with_too_many_groups_is_refused_in_words() {
    let store = Store::new();
    let events: Vec<Event> = (0..20_001).map(|n| store.event(&format!("repo-{n}"), 1)).collect();
    store.record(&events);
    let ask = |quantiles| {
        let (filter, dimensions) = (Filter::And(vec![]), [Dimension::Repository].into());
        let query = Query { filter, dimensions, quantiles, order: vec![], limit: 1 };
        ready(store.objects.events(0).unwrap().query(&query)).unwrap()
    };
    assert_eq!(ask(true), Err(QueryRefusal::TooManyGroups { n_groups_max: 5_000 }));
    let refusal = ask(false).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the query has more than 20000 groups: filter by less, or group by fewer dimensions"
    );
}

#[test]
fn requests_without_credentials_are_counted_by_hour_and_kept_for_31_days() {
    let store = Store::new();
    let hour_ms = store.now() - store.now() % HOUR_MS;
    let client = store.objects.events(0).unwrap();
    let noise = |hour_ms, surface, n| Noise { hour_ms, surface, n };
    ready(client.record(vec![], &[noise(hour_ms, Surface::Git, 2), noise(hour_ms + HOUR_MS, Surface::Rest, 1)]))
        .unwrap();
    ready(client.record(vec![], &[noise(hour_ms + 5, Surface::Git, 3), noise(hour_ms, Surface::Graphql, 1)])).unwrap();
    let first = [noise(hour_ms, Surface::Git, 5), noise(hour_ms, Surface::Graphql, 1)];
    assert_eq!(ready(client.noise(0, hour_ms)).unwrap(), first);
    assert_eq!(ready(client.noise(hour_ms, u64::MAX)).unwrap().len(), 3);
    store.settle();
    store.objects.wait(EVENTS_KEPT_MS - HOUR_MS / 2);
    store.objects.ring_events(0);
    assert_eq!(ready(client.noise(0, u64::MAX)).unwrap(), [noise(hour_ms + HOUR_MS, Surface::Rest, 1)]);
    store.objects.wait(2 * HOUR_MS);
    store.objects.ring_events(0);
    assert_eq!((ready(client.noise(0, u64::MAX)).unwrap(), store.db().alarm()), (vec![], None));
}
