//! Events that are made up, the same for the same seed.

use event_log::segment::encode;
use event_log::{Event, EventType};
use serde::{Deserialize, Serialize};

use super::super::answer::Answer;
use crate::durable::Failure;
use crate::error::Error;
use crate::events::shard_of;
use crate::objects::Objects;

/// What is to be made up: events of one namespace from one time to another.
#[derive(Debug, Deserialize)]
struct MadeUp {
    namespace: String,
    n_events: u64,
    n_repos: u64,
    from_ms: u64,
    span_ms: u64,
    /// How many of them are recorded at a time.
    n_at_once: u64,
    seed: u64,
}

#[derive(Debug, Serialize)]
struct Recorded {
    n_segments: u64,
    n_bytes: u64,
}

/// Records what is to be made up, as a request would what it leaves behind.
pub(super) async fn record(objects: &impl Objects, body: &[u8]) -> Result<Answer, Error> {
    let made_up: MadeUp =
        serde_json::from_slice(body).map_err(|error| Failure::shape("a body that is understood", error))?;
    let store = objects.events(shard_of(&made_up.namespace.to_ascii_lowercase()))?;
    let mut random = Random(made_up.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut recorded = Recorded { n_segments: 0, n_bytes: 0 };
    let mut n = 0;
    while n < made_up.n_events {
        let end = made_up.n_events.min(n + made_up.n_at_once.max(1));
        // They come in at any time, those that are recorded later after those recorded before.
        let at = |n| made_up.from_ms + made_up.span_ms * n / made_up.n_events;
        let times = (at(n), at(end));
        let events: Vec<Event> = (n..end).map(|_| event(&made_up, &mut random, times)).collect();
        let segment = encode(&events);
        recorded.n_segments += 1;
        recorded.n_bytes += segment.len() as u64;
        store.record(segment, &[]).await?;
        n = end;
    }
    Ok(Answer::json(200, &recorded))
}

/// Pulls above all, some repos far more than others, durations around 50 ms with a long tail, errors now and then.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers are small, and made up"
)]
fn event(made_up: &MadeUp, random: &mut Random, (from_ms, to_ms): (u64, u64)) -> Event {
    let (event_type, message) = match random.below(1000) {
        0..700 => (EventType::Pull, String::new()),
        700..950 => (EventType::Push, String::new()),
        950..970 => (EventType::Create, String::new()),
        970..995 => (EventType::ClientError, format!("unpack object {:08x} is missing", random.below(40))),
        _ => (EventType::RateLimited, "too many requests".to_owned()),
    };
    let normal = (0..12).map(|_| random.part()).sum::<f64>() - 6.0;
    let repo = (random.part().powi(2) * made_up.n_repos as f64) as u64;
    Event {
        time_ms: from_ms + random.below(1 + to_ms - from_ms),
        duration_ms: (50.0 * normal.exp()) as u32,
        namespace: made_up.namespace.clone(),
        repository: format!("agent-{:06x}", repo.wrapping_mul(0x009e_3779) & 0x00ff_ffff),
        event_type,
        message,
    }
}

/// Numbers that look random: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "numbers of 53 bits")]
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use event_log::{Aggregation, Dimension, Filter, Operand, Query};

    use super::*;
    use crate::durable::ready;
    use crate::objects::MemoryObjects;

    #[test]
    fn what_is_made_up_is_found() {
        let objects = MemoryObjects::default();
        let body = r#"{"namespace":"Team","n_events":25,"n_repos":3,"from_ms":0,"span_ms":9,"n_at_once":10,"seed":1}"#;
        let recorded = ready(record(&objects, body.as_bytes())).unwrap();
        assert!(recorded.body.starts_with(br#"{"n_segments":3,"#));
        let query = Query {
            filter: Filter::And(vec![]),
            dimensions: BTreeSet::from([Dimension::RepositoryNamespace]),
            quantiles: false,
            order: vec![],
            limit: 9,
        };
        let partial = ready(objects.events(shard_of("team")).unwrap().query(&query)).unwrap().unwrap();
        let mut aggregation = Aggregation::new(&query, 9);
        aggregation.merge(&partial).unwrap();
        let groups = aggregation.finish();
        let namespace = Operand::Text("Team".into());
        assert_eq!(groups[0].dimensions, BTreeMap::from([(Dimension::RepositoryNamespace, namespace)]));
        assert_eq!(groups[0].count, 25);
    }
}
