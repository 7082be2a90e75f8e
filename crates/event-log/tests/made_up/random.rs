//! Made-up events, the same for the same seed, and queries about them.

use event_log::{Dimension, Event, EventType, Filter, Operand, Operator, Query};

/// Numbers that look random: xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// From 0 to 1.
    pub(crate) fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len() as u64) as usize]
    }
}

/// Events as a deployment has them: repos some of which are used far more than others, pulls above all, durations around `50 ms`
/// with a long tail, errors now and then.
pub(crate) fn realistic(seed: u64, n_events: usize, n_repos: u64, time_min: u64, span_ms: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut events: Vec<Event> = (0..n_events).map(|_| one(&mut random, n_repos, time_min, span_ms)).collect();
    events.sort_by_key(|event| event.time_ms);
    events
}

fn one(random: &mut Random, n_repos: u64, time_min: u64, span_ms: u64) -> Event {
    let (event_type, message) = match random.below(1000) {
        0..700 => (EventType::Pull, String::new()),
        700..950 => (EventType::Push, String::new()),
        950..970 => (EventType::Create, String::new()),
        970..995 => (EventType::ClientError, format!("unpack object {:08x} is missing", random.below(40))),
        _ => (EventType::RateLimited, "too many requests".to_owned()),
    };
    // The square puts a quarter of all events on a sixteenth of the repos.
    let repo = (random.part().powi(2) * n_repos as f64) as u64;
    let normal = (0..12).map(|_| random.part()).sum::<f64>() - 6.0;
    Event {
        time_ms: time_min + random.below(span_ms),
        duration_ms: (50.0 * normal.exp()) as u32,
        namespace: "default".to_owned(),
        repository: format!("agent-{:06x}", repo.wrapping_mul(0x9e_3779) & 0xff_ffff),
        event_type,
        message,
    }
}

/// Few different ones, so that many are the same in something.
pub(crate) fn varied(random: &mut Random, n_events: usize) -> Vec<Event> {
    let durations = [0, 1, 63, 64, 127, 128, 1_000, 65_536, u32::MAX];
    (0..n_events)
        .map(|_| {
            let event_type = *random.one_of(&EventType::ALL);
            let messages =
                if event_type.kind().name() == "error" { &["no room", "not found", ""][..] } else { &[""][..] };
            Event {
                time_ms: 1_760_000_000_000 + random.below(2 * 86_400_000) / 1000 * 1000,
                duration_ms: *random.one_of(&durations),
                namespace: (*random.one_of(&["a", "A", "b/c", "ä"])).to_owned(),
                repository: (*random.one_of(&["", "one", "One", "two", "three"])).to_owned(),
                event_type,
                message: (*random.one_of(messages)).to_owned(),
            }
        })
        .collect()
}

pub(crate) fn filter(random: &mut Random, depth: u32) -> Filter {
    let n = random.below(4);
    match random.below(8) {
        0 | 1 if depth > 0 => Filter::And((0..n).map(|_| filter(random, depth - 1)).collect()),
        2 | 3 if depth > 0 => Filter::Or((0..n).map(|_| filter(random, depth - 1)).collect()),
        4 => Filter::OfNamespaces((0..n).map(|_| (*random.one_of(&["a", "A", "b", "one"])).to_owned()).collect()),
        _ => comparison(random),
    }
}

fn comparison(random: &mut Random) -> Filter {
    use Operator::{Eq, Geq, Gt, In, Leq, Like, Lt, Neq, NotIn, NotLike};
    let dimension = *random.one_of(&Dimension::ALL);
    let by = *random.one_of(&[Eq, Neq, Gt, Lt, Geq, Leq, In, NotIn, Like, NotLike]);
    let n_operands = if matches!(by, In | NotIn) { random.below(4) } else { 1 };
    let texts = ["a", "A", "one", "a/one", "push", "action", "error", "no room", "%o%", "a%", "%", "", "serverError"];
    let operand = |random: &mut Random| match (dimension.window_ms(), random.below(20)) {
        (Some(_), 0) | (None, 1..) => Operand::Text((*random.one_of(&texts)).to_owned()),
        (Some(window_ms), _) => {
            let time = 1_760_000_000_000 + random.below(2 * 86_400_000);
            Operand::Time(time - time % window_ms)
        }
        (None, 0) => Operand::Time(1),
    };
    let with: Vec<Operand> = (0..n_operands).map(|_| operand(random)).collect();
    Filter::compare(dimension, by, with)
}

/// Everything, grouped so.
pub(crate) fn everything(dimensions: &[Dimension]) -> Query {
    let dimensions = dimensions.iter().copied().collect();
    Query { filter: Filter::And(vec![]), dimensions, quantiles: true, order: vec![], limit: u32::MAX }
}
