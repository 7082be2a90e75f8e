//! Segments: what is written is read, the format is what it was, and broken bytes are an error.

use crate::random::{Random, realistic, varied};
use event_log::segment::{HEADER_LEN, check, encode, header, merge};
use event_log::{Event, EventType, Header, Inflated, SegmentError};

const LEN_MAX: usize = 64 << 20;

fn decoded(bytes: &[u8]) -> Result<Vec<Event>, SegmentError> {
    let inflated = Inflated::new(bytes, LEN_MAX)?;
    let segment = inflated.segment()?;
    segment.rows().map(|row| segment.event(&row?)).collect()
}

fn by_time(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| event.time_ms);
    events
}

fn event(time_ms: u64, name: &str, event_type: EventType, duration_ms: u32, message: &str) -> Event {
    let (namespace, repository, message) = ("ns".to_owned(), name.to_owned(), message.to_owned());
    Event { time_ms, duration_ms, namespace, repository, event_type, message }
}

#[test]
fn what_is_written_is_read_in_the_order_of_times() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let n_events = random.below(300) as usize;
        let events = varied(&mut random, n_events);
        let bytes = encode(&events);
        let events = by_time(events);
        let times = (events.first().map_or(0, |event| event.time_ms), events.last().map_or(0, |event| event.time_ms));
        let header = header(&bytes).unwrap();
        assert_eq!((header.n_events as usize, header.time_min, header.time_max), (events.len(), times.0, times.1));
        assert_eq!(decoded(&bytes).unwrap(), events);
        assert_eq!(check(&bytes, LEN_MAX), Ok(header));
    }
}

#[test]
fn the_format_is_this() {
    let events = [
        event(1_760_000_000_200, "two", EventType::Push, 300, ""),
        event(1_760_000_000_000, "one", EventType::Push, 7, ""),
        event(1_760_000_000_201, "two", EventType::ClientError, 0, "no"),
    ];
    let bytes = encode(&events);
    let head = [
        &[1, 3, 0, 0, 0][..],
        &1_760_000_000_000_u64.to_le_bytes(),
        &1_760_000_000_201_u64.to_le_bytes(),
        &[39, 0, 0, 0],
    ]
    .concat();
    assert_eq!(bytes[..HEADER_LEN], head);
    let body = [
        // Namespaces; subjects, the most used first; outcomes.
        &b"\x01\x02ns\x02\x00\x03two\x00\x03one\x02\x03\x00\x08\x02no"[..],
        // Lengths, times, subjects, outcomes, durations.
        &[4, 3, 3, 0, 200, 1, 1, 1, 0, 0, 0, 0, 1, 7, 172, 2, 0],
    ]
    .concat();
    assert_eq!(sirocco::decompress(sirocco::Format::Zlib, &bytes[HEADER_LEN..], 1000).unwrap(), body);
    let stored =
        [&head[..], &sirocco::compress(sirocco::Format::Zlib, sirocco::deflate::Level::new(0), &body)].concat();
    assert_eq!(decoded(&stored).unwrap(), by_time(events.to_vec()));
}

#[test]
fn a_merged_segment_is_the_one_of_all_events() {
    let mut random = Random::new(7);
    let parts: Vec<Vec<Event>> = (0..16).map(|n| varied(&mut random, n * 10)).collect();
    let segments: Vec<Vec<u8>> = parts.iter().map(|part| encode(&by_time(part.clone()))).collect();
    let merged = merge(&segments.iter().map(Vec::as_slice).collect::<Vec<_>>(), LEN_MAX).unwrap();
    assert_eq!(decoded(&merged).unwrap(), by_time(parts.concat()));
    assert_eq!(merge(&[], LEN_MAX).unwrap(), encode(&[]));
}

#[test]
fn more_than_there_is_room_for_is_refused_before_it_is_inflated() {
    let bytes = encode(&realistic(1, 1000, 10, 0, 1000));
    let inflated_len = header(&bytes).unwrap().inflated_len;
    let too_long = SegmentError::TooLong { inflated_len, inflated_len_max: 100 };
    assert_eq!(Inflated::new(&bytes, 100).err(), Some(too_long));
    assert_eq!(merge(&[&bytes, &bytes], 100), Err(too_long));
    // What it says is not believed: it inflates to more than that, or to less.
    for said in [inflated_len - 1, inflated_len + 1] {
        let mut lying = bytes.clone();
        lying[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&said.to_le_bytes());
        assert_eq!(check(&lying, LEN_MAX), Err(SegmentError::Corrupt));
    }
}

#[test]
fn a_segment_that_is_cut_off_or_whose_events_are_changed_anywhere_is_an_error() {
    let bytes = encode(&varied(&mut Random::new(3), 40));
    for end in 0..bytes.len() {
        assert!(check(&bytes[..end], LEN_MAX).is_err(), "cut off at {end}");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut broken = bytes.clone();
            broken[at] ^= 1 << bit;
            // Some bits of a stream mean nothing, or that the same bytes are copied from elsewhere.
            let is_same = || decoded(&broken) == decoded(&bytes);
            assert!(check(&broken, LEN_MAX).is_err() || is_same(), "bit {bit} of byte {at}");
        }
    }
    let mut later = bytes;
    later[0] = 2;
    assert_eq!(header(&later), Err(SegmentError::UnknownVersion { version: 2 }));
}

#[test]
fn columns_that_are_broken_at_random_never_panic() {
    let bytes = encode(&varied(&mut Random::new(5), 60));
    let body = sirocco::decompress(sirocco::Format::Zlib, &bytes[HEADER_LEN..], LEN_MAX).unwrap();
    let mut random = Random::new(11);
    let mut n_errors = 0;
    for _ in 0..20_000 {
        let mut broken = body.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(broken.len() as u64) as usize;
            broken[at] = random.next() as u8;
        }
        let stream = sirocco::compress(sirocco::Format::Zlib, sirocco::deflate::Level::new(1), &broken);
        n_errors += u32::from(check(&[&bytes[..HEADER_LEN], &stream].concat(), LEN_MAX).is_err());
    }
    assert!(n_errors > 5_000, "{n_errors}");
}

#[test]
fn an_event_takes_few_bytes() {
    // 1,000,000 events a day, in segments of 100, as they come in, and of 100,000, as they are kept.
    let day = realistic(1, 1_000_000, 1_000, 1_760_000_000_000, 86_400_000);
    for (n_events, goal) in [(100, 16.0), (1_600, 8.0), (100_000, 6.0)] {
        let n_bytes: usize =
            day.chunks(n_events).step_by(if n_events < 1_600 { 50 } else { 5 }).map(|part| encode(part).len()).sum();
        let n_counted: usize =
            day.chunks(n_events).step_by(if n_events < 1_600 { 50 } else { 5 }).map(<[Event]>::len).sum();
        let each = n_bytes as f64 / n_counted as f64;
        println!("{n_events} events in a segment: {each:.2} bytes each");
        assert!(each <= goal, "{each}");
    }
    let Header { inflated_len, .. } = header(&encode(&day[..100_000])).unwrap();
    println!("inflated: {:.2} bytes each", f64::from(inflated_len) / 100_000.0);
}
