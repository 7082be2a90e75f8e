//! Answers beside those of a program that looks at each event by itself.

use std::collections::BTreeMap;

use crate::random::{Random, everything, filter, realistic, varied};
use event_log::segment::encode;
use event_log::{
    AggregateError, Aggregation, Dimension, Direction, Event, EventType, Filter, Group, Inflated, Measure, Operand,
    Operator, Order, OrderBy, Quantile, Query,
};

/// What an event has in a dimension.
fn value(event: &Event, dimension: Dimension) -> Operand {
    if let Some(window_ms) = dimension.window_ms() {
        return Operand::Time(event.time_ms / window_ms * window_ms);
    }
    Operand::Text(match dimension {
        Dimension::Repository => format!("{}/{}", event.namespace, event.repository),
        Dimension::RepositoryNamespace => event.namespace.clone(),
        Dimension::RepositoryName => event.repository.clone(),
        Dimension::EventKind => event.event_type.kind().to_string(),
        Dimension::EventType => event.event_type.to_string(),
        _ => event.message.clone(),
    })
}

fn holds(filter: &Filter, event: &Event) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| holds(filter, event)),
        Filter::Or(any) => any.iter().any(|filter| holds(filter, event)),
        Filter::OfNamespaces(names) => {
            let namespace = event.namespace.to_ascii_lowercase();
            names.iter().map(|name| name.to_ascii_lowercase()).any(|name| name == namespace)
        }
        Filter::Compare { dimension, by, with } => {
            let value = value(event, *dimension);
            let mut alike =
                with.iter().filter(|with| core::mem::discriminant(*with) == core::mem::discriminant(&value));
            match by {
                Operator::Eq | Operator::In => alike.any(|with| *with == value),
                Operator::Neq | Operator::NotIn => alike.all(|with| *with != value),
                Operator::Gt => alike.any(|with| value > *with),
                Operator::Lt => alike.any(|with| value < *with),
                Operator::Geq => alike.any(|with| value >= *with),
                Operator::Leq => alike.any(|with| value <= *with),
                Operator::Like => alike.any(|with| is_like(&value, with)),
                Operator::NotLike => !alike.any(|with| is_like(&value, with)),
            }
        }
    }
}

fn is_like(value: &Operand, with: &Operand) -> bool {
    let (Operand::Text(text), Operand::Text(pattern)) = (value, with) else { return false };
    matches(text.as_bytes(), pattern.as_bytes())
}

fn matches(text: &[u8], pattern: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'%', rest)) => (0..=text.len()).any(|at| matches(&text[at..], rest)),
        Some((byte, rest)) => text.first() == Some(byte) && matches(&text[1..], rest),
    }
}

type Values = BTreeMap<Dimension, Operand>;

fn naive(query: &Query, events: &[Event]) -> BTreeMap<Values, Vec<u32>> {
    let mut groups: BTreeMap<Values, Vec<u32>> = BTreeMap::new();
    for event in events.iter().filter(|event| holds(&query.filter, event)) {
        let values = query.dimensions.iter().map(|dimension| (*dimension, value(event, *dimension))).collect();
        groups.entry(values).or_default().push(event.duration_ms);
    }
    groups
}

fn add(aggregation: &mut Aggregation<'_>, events: &[Event]) -> Result<(), AggregateError> {
    let inflated = Inflated::new(&encode(events), 64 << 20)?;
    aggregation.add_segment(&inflated.segment()?)
}

fn answer(query: &Query, events: &[Event]) -> Vec<Group> {
    let mut aggregation = Aggregation::new(query, 1_000_000);
    add(&mut aggregation, events).unwrap();
    aggregation.finish()
}

fn some_dimensions(random: &mut Random) -> Vec<Dimension> {
    let n = random.below(4);
    (0..n).map(|_| *random.one_of(&Dimension::ALL)).collect()
}

#[test]
fn counts_and_sums_are_exact_and_quantiles_within_one_percent() {
    for seed in 0..600 {
        let mut random = Random::new(seed);
        let n_events = random.below(400) as usize;
        let events = varied(&mut random, n_events);
        let query = Query { filter: filter(&mut random, 3), ..everything(&some_dimensions(&mut random)) };
        let expected = naive(&query, &events);
        let found = answer(&query, &events);
        let values: Vec<_> = found.iter().map(|group| &group.dimensions).collect();
        assert_eq!(values, expected.keys().collect::<Vec<_>>(), "{query:?}");
        for (group, durations) in found.iter().zip(expected.into_values()) {
            assert_eq!(group.count, durations.len() as u64, "{query:?}");
            assert_eq!(group.sum_duration_ms, durations.iter().copied().map(u64::from).sum::<u64>());
            expect_quantiles(group, durations);
        }
    }
}

#[test]
fn quantiles_of_many_durations_are_within_one_percent() {
    let events = realistic(5, 100_000, 100, 1_760_000_000_000, 86_400_000);
    let [all] = &answer(&everything(&[]), &events)[..] else { panic!() };
    expect_quantiles(all, events.iter().map(|event| event.duration_ms).collect());
    assert!((all.avg_duration_ms() * 100_000.0 - all.sum_duration_ms as f64).abs() < 1.0);
}

fn expect_quantiles(group: &Group, mut durations: Vec<u32>) {
    durations.sort_unstable();
    for quantile in Quantile::ALL {
        let rank = (durations.len() * quantile.thousandths() as usize).div_ceil(1000);
        let exact = durations[rank - 1];
        let found = group.quantiles.unwrap().get(quantile);
        assert!(f64::from(found.abs_diff(exact)) <= f64::from(exact) * 0.01, "{quantile:?}: {found}, not {exact}");
    }
}

#[test]
fn what_several_stores_answer_adds_up_to_the_answer_of_one() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let events = varied(&mut random, 500);
        let query = Query { filter: filter(&mut random, 2), ..everything(&some_dimensions(&mut random)) };
        let mut joined = Aggregation::new(&query, 1_000_000);
        for part in events.chunks(90) {
            let mut store = Aggregation::new(&query, 1_000_000);
            add(&mut store, part).unwrap();
            joined.merge(&store.partial()).unwrap();
        }
        assert_eq!(joined.finish(), answer(&query, &events), "{query:?}");
    }
}

fn some_order(random: &mut Random) -> Vec<Order> {
    let measures = [Measure::Count, Measure::SumDuration, Measure::AvgDuration, Measure::Duration(Quantile::P90)];
    let n = random.below(3);
    (0..n)
        .map(|_| {
            let by = match random.below(3) {
                0 => OrderBy::Dimension(*random.one_of(&Dimension::ALL)),
                _ => OrderBy::Measure(*random.one_of(&measures)),
            };
            Order { by, direction: *random.one_of(&[Direction::Asc, Direction::Desc]) }
        })
        .collect()
}

#[test]
fn stores_of_whole_namespaces_may_leave_out_all_but_their_first_groups() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let events = varied(&mut random, 500);
        let mut dimensions = some_dimensions(&mut random);
        dimensions.push(*random.one_of(&[Dimension::Repository, Dimension::RepositoryNamespace]));
        let (order, limit) = (some_order(&mut random), random.below(8) as u32);
        let query = Query { order, limit, ..everything(&dimensions) };
        assert!(query.is_by_namespace());
        let mut joined = Aggregation::new(&query, 1_000_000);
        let in_store = |event: &&Event, store: bool| (event.namespace.to_lowercase() == "a") == store;
        for store in [true, false] {
            let part: Vec<Event> = events.iter().filter(|event| in_store(event, store)).cloned().collect();
            let mut aggregation = Aggregation::new(&query, 1_000_000);
            add(&mut aggregation, &part).unwrap();
            assert!(aggregation.partial_cut().len() <= aggregation.partial().len());
            joined.merge(&aggregation.partial_cut()).unwrap();
        }
        assert_eq!(joined.finish(), answer(&query, &events), "{query:?}");
    }
}

#[test]
fn groups_come_in_the_order_that_is_asked_for_and_then_of_their_names() {
    let event = |name: &str, duration_ms| {
        let (namespace, repository, message) = ("ns".to_owned(), name.to_owned(), String::new());
        Event { time_ms: 1, duration_ms, namespace, repository, event_type: EventType::Pull, message }
    };
    let events = [event("b", 10), event("b", 10), event("a", 7), event("a", 13), event("c", 100), event("d", 10)];
    let names = |by, direction, limit| {
        let order = vec![Order { by, direction }];
        let groups = answer(&Query { order, limit, ..everything(&[Dimension::RepositoryName]) }, &events);
        let name = |group: &Group| match &group.dimensions[&Dimension::RepositoryName] {
            Operand::Text(name) => name.clone(),
            Operand::Time(_) => panic!(),
        };
        groups.iter().map(name).collect::<String>()
    };
    assert_eq!(names(OrderBy::Measure(Measure::Count), Direction::Desc, 9), "abcd");
    assert_eq!(names(OrderBy::Measure(Measure::Count), Direction::Asc, 9), "cdab");
    assert_eq!(names(OrderBy::Measure(Measure::AvgDuration), Direction::Asc, 3), "abd");
    assert_eq!(names(OrderBy::Measure(Measure::SumDuration), Direction::Desc, 9), "cabd");
    assert_eq!(names(OrderBy::Measure(Measure::Duration(Quantile::P99)), Direction::Desc, 9), "cabd");
    assert_eq!(names(OrderBy::Dimension(Dimension::RepositoryName), Direction::Desc, 2), "dc");
    assert_eq!(names(OrderBy::Dimension(Dimension::Date), Direction::Desc, 0), "");
}

#[test]
fn more_groups_than_there_is_room_for_are_an_error() {
    let events = realistic(5, 1_000, 100, 1_760_000_000_000, 86_400_000);
    let query = everything(&[Dimension::Repository]);
    let n_groups = answer(&query, &events).len();
    let added = |n_groups_max| add(&mut Aggregation::new(&query, n_groups_max), &events);
    assert_eq!(added(n_groups), Ok(()));
    let n_groups_max = n_groups - 1;
    assert_eq!(added(n_groups_max), Err(AggregateError::TooManyGroups { n_groups_max }));
    let mut store = Aggregation::new(&query, n_groups);
    add(&mut store, &events).unwrap();
    let joined = Aggregation::new(&query, n_groups_max).merge(&store.partial());
    assert_eq!(joined, Err(AggregateError::TooManyGroups { n_groups_max }));
}

#[test]
fn a_partial_result_looks_like_this() {
    let event = |time_ms, duration_ms| Event {
        time_ms,
        duration_ms,
        namespace: "ns".into(),
        repository: "one".into(),
        event_type: EventType::Push,
        message: String::new(),
    };
    let events = [event(60_000, 5), event(119_999, 300), event(60_001, 5)];
    let query = everything(&[Dimension::Repository, Dimension::EventKind, Dimension::DatetimeMinute]);
    let mut aggregation = Aggregation::new(&query, 9);
    add(&mut aggregation, &events).unwrap();
    let head = b"\x01\x89\x42\x01\x02ns\x03one\x01\x64\x00";
    let group = [1, 0, 0, 0xe0, 0xd4, 3, 3, 0xb6, 2, 2, 5, 2, 0xc6, 1, 1];
    assert_eq!(aggregation.partial(), [&head[..], &group].concat());
}

#[test]
fn partial_results_that_are_broken_or_of_another_question_never_panic() {
    let events = varied(&mut Random::new(2), 100);
    let query = everything(&[Dimension::Repository, Dimension::EventType, Dimension::DatetimeHour]);
    let mut aggregation = Aggregation::new(&query, 1_000);
    add(&mut aggregation, &events).unwrap();
    let partial = aggregation.partial();
    let merged = |query: &Query, bytes: &[u8]| Aggregation::new(query, 1_000).merge(bytes);
    assert_eq!(merged(&query, &partial), Ok(()));
    assert_eq!(merged(&everything(&[Dimension::Repository]), &partial), Err(AggregateError::CorruptPartial));
    for end in 0..partial.len() {
        assert_eq!(merged(&query, &partial[..end]), Err(AggregateError::CorruptPartial));
    }
    let mut random = Random::new(9);
    for _ in 0..20_000 {
        let mut broken = partial.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(broken.len() as u64) as usize;
            broken[at] = random.next() as u8;
        }
        let mut aggregation = Aggregation::new(&query, 1_000);
        if aggregation.merge(&broken).is_ok() {
            aggregation.finish();
        }
    }
}
