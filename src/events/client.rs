//! The Worker's side of a store of events: one typed method for each call.

use event_log::Query;

use super::call::{Call, Noise, QueryRefusal, Reply};
use crate::durable::{Answer, Failure, Wire, ask};

/// A store of events, at the end of a wire.
#[derive(Debug, Clone)]
pub(crate) struct EventsClient<W> {
    wire: W,
}

impl<W: Wire> EventsClient<W> {
    /// The store that `wire` leads to.
    pub(crate) fn new(wire: W) -> Self {
        Self { wire }
    }

    /// Has the events of a segment kept (an empty string is none) and requests without valid credentials counted; returns when they are
    /// stored. A segment is at most [`crate::config::EVENT_SEGMENT_LEN_MAX`] bytes long. Recorded twice they count twice.
    pub(crate) async fn record(&self, segment: Vec<u8>, noise: &[Noise]) -> Result<(), Failure> {
        let call = Call::Record { segment: 0, noise: noise.to_vec() };
        let answer = ask::<_, _, QueryRefusal>(&self.wire, &call, &[&segment]).await?;
        match answer.result {
            Ok(Reply::Done) => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// What the events of this store contribute to an answer: a partial result for [`event_log::Aggregation::merge`], of the
    /// first groups alone where that is enough ([`Query::is_by_namespace`]).
    pub(crate) async fn query(&self, query: &Query) -> Result<Result<Vec<u8>, QueryRefusal>, Failure> {
        let Answer { result, strings } = ask(&self.wire, &Call::Query(query.clone()), &[]).await?;
        match result {
            Ok(Reply::Partial { partial }) => Ok(Ok(strings.string(partial)?.to_vec())),
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// How many requests without valid credentials came in the hours that begin from one time to another, both included.
    pub(crate) async fn noise(&self, from_ms: u64, to_ms: u64) -> Result<Vec<Noise>, Failure> {
        let answer = ask::<_, _, QueryRefusal>(&self.wire, &Call::Noise { from_ms, to_ms }, &[]).await?;
        match answer.result {
            Ok(Reply::Noise(noise)) => Ok(noise),
            _ => Err(unexpected()),
        }
    }
}

fn unexpected() -> Failure {
    Failure::shape("the reply to this call", "another")
}
