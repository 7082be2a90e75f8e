//! What can be said to a store of events and what it answers.

use core::fmt;

use event_log::Query;
use serde::{Deserialize, Serialize};

/// Everything a store can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// Keep these events and count this.
    Record {
        /// Index of the byte string that is the segment.
        segment: usize,
        noise: Vec<Noise>,
    },
    /// Add up events.
    Query(Query),
    /// Counters of hours that begin from one time to another, both included.
    Noise { from_ms: u64, to_ms: u64 },
}

/// Requests without valid credentials: how many came in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Noise {
    /// When the hour begins, in unix milliseconds. Any other time stands for the hour that it is in.
    pub(crate) hour_ms: u64,
    pub(crate) surface: Surface,
    pub(crate) n: u64,
}

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Surface {
    Git,
    Rest,
    Graphql,
}

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Done,
    Partial {
        /// Index of the byte string that is the partial result.
        partial: usize,
    },
    Noise(Vec<Noise>),
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QueryRefusal {
    /// It has more groups than a store counts.
    TooManyGroups { n_groups_max: u64 },
}

impl fmt::Display for QueryRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooManyGroups { n_groups_max } = self;
        write!(f, "the query has more than {n_groups_max} groups: filter by less, or group by fewer dimensions")
    }
}

#[cfg(test)]
mod tests {
    use event_log::{Dimension, Filter};

    use super::*;

    #[test]
    fn what_is_recorded_travels_as_this_json() {
        let noise = vec![Noise { hour_ms: 3_600_000, surface: Surface::Graphql, n: 2 }];
        let json = r#"{"record":{"segment":0,"noise":[{"hour_ms":3600000,"surface":"graphql","n":2}]}}"#;
        assert_eq!(serde_json::to_string(&Call::Record { segment: 0, noise }).unwrap(), json);
        assert_eq!(serde_json::to_string(&Ok::<_, QueryRefusal>(Reply::Done)).unwrap(), r#"{"Ok":"done"}"#);
    }

    #[test]
    fn questions_travel_as_this_json() {
        let filter = Filter::And(vec![]);
        let query = Query { filter, dimensions: [Dimension::Date].into(), quantiles: false, order: vec![], limit: 9 };
        let json = r#"{"query":{"filter":{"and":[]},"dimensions":["date"],"quantiles":false,"order":[],"limit":9}}"#;
        assert_eq!(serde_json::to_string(&Call::Query(query)).unwrap(), json);
        let noise = Call::Noise { from_ms: 0, to_ms: 3_600_000 };
        assert_eq!(serde_json::to_string(&noise).unwrap(), r#"{"noise":{"from_ms":0,"to_ms":3600000}}"#);
    }

    #[test]
    fn answers_travel_as_this_json() {
        let answers = [
            Ok(Reply::Partial { partial: 0 }),
            Ok(Reply::Noise(vec![Noise { hour_ms: 0, surface: Surface::Git, n: 1 }])),
            Err(QueryRefusal::TooManyGroups { n_groups_max: 5 }),
        ];
        let json = [
            r#"{"Ok":{"partial":{"partial":0}}}"#,
            r#"{"Ok":{"noise":[{"hour_ms":0,"surface":"git","n":1}]}}"#,
            r#"{"Err":{"too_many_groups":{"n_groups_max":5}}}"#,
        ];
        assert_eq!(answers.map(|answer| serde_json::to_string(&answer).unwrap()), json);
    }
}
