//! What a request leaves in the metrics: an event for each thing that was done, one for what went wrong, or a count.

use event_log::{Event, EventType};

use super::{Deed, Fault, FaultClass, Surface, Witness};
use crate::events;

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trace {
    Events(Vec<Event>),
    /// Who asked has not shown who it is: it is counted.
    Noise(events::Surface),
}

impl Witness {
    /// What a request leaves that was over at `now`.
    pub(super) fn trace(&self, now: u64) -> Trace {
        let (deeds, fault) = (self.deeds.borrow(), self.fault.borrow());
        if fault.is_some() && !self.is_admitted.get() {
            return Trace::Noise(self.surface.of_noise());
        }
        // Who asks for metrics does not change them.
        if self.surface == Surface::Graphql {
            return Trace::Events(Vec::new());
        }
        let done = deeds.iter().filter_map(event_type).map(|event_type| self.event(event_type, "", now));
        let mut events: Vec<_> = done.collect();
        if let (true, Some(Fault { class, message })) = (events.is_empty(), &*fault) {
            events.push(self.event(class.event_type(), message, now));
        }
        Trace::Events(events)
    }

    fn event(&self, event_type: EventType, message: &str, now: u64) -> Event {
        let subject = self.subject.borrow();
        Event {
            time_ms: now,
            duration_ms: u32::try_from(now.saturating_sub(self.began_at)).unwrap_or(u32::MAX),
            namespace: subject.namespace.clone().unwrap_or_default(),
            repository: subject.repo.clone().unwrap_or_default(),
            event_type,
            message: message.to_owned(),
        }
    }
}

impl Surface {
    /// Among which requests without credentials it counts.
    fn of_noise(self) -> events::Surface {
        match self {
            Self::Git => events::Surface::Git,
            Self::Graphql => events::Surface::Graphql,
            Self::Rest | Self::Binding | Self::Other => events::Surface::Rest,
        }
    }
}

fn event_type(deed: &Deed) -> Option<EventType> {
    match deed {
        Deed::Created(..) | Deed::ImportBegun(_) => Some(EventType::Create),
        Deed::Forked(..) => Some(EventType::Fork),
        Deed::Deleted(_) => Some(EventType::Delete),
        Deed::Pushed { .. } => Some(EventType::Push),
        Deed::Cloned | Deed::Fetched => Some(EventType::Pull),
        Deed::TokenCreated(_) | Deed::TokenRevoked { .. } => None,
    }
}

impl FaultClass {
    fn event_type(self) -> EventType {
        match self {
            Self::StorageLimit => EventType::StorageLimitReached,
            Self::RateLimited => EventType::RateLimited,
            Self::Client => EventType::ClientError,
            Self::Server => EventType::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::*;
    use crate::durable::Failure;
    use crate::error::Error;
    use crate::ops::storage::StorageLimit;

    fn witness() -> Witness {
        let subject = Subject { route: "r", namespace: Some("ns".into()), repo: Some("repo".into()) };
        Witness::new(1_000, "id".into(), "POST".into(), Surface::Git, subject)
    }

    fn event(event_type: EventType, message: &str) -> Event {
        let (namespace, repository) = ("ns".into(), "repo".into());
        Event { time_ms: 1_007, duration_ms: 7, namespace, repository, event_type, message: message.into() }
    }

    #[test]
    fn what_was_done_leaves_an_event_whatever_went_wrong_after_it() {
        let witness = witness();
        witness.admitted();
        witness.did(Deed::Pushed { repo_id: "r1".into(), moved: Vec::new() });
        witness.did(Deed::TokenRevoked { token_id: "t".into() });
        witness.failed(FaultClass::Server, "the report was lost");
        assert_eq!(witness.trace(1_007), Trace::Events(vec![event(EventType::Push, "")]));
    }

    #[test]
    fn what_went_wrong_leaves_an_event_of_its_class() {
        let errors = [
            (Error::Storage(StorageLimit::Repo { max: 7 }), EventType::StorageLimitReached),
            (Error::RateLimited, EventType::RateLimited),
            (Error::Failed(Failure::Platform("secret".into())), EventType::ServerError),
            (Error::NoRoute, EventType::ClientError),
        ];
        for (error, event_type) in errors {
            let witness = witness();
            witness.admitted();
            witness.refused(&error);
            assert_eq!(witness.trace(1_007), Trace::Events(vec![event(event_type, &error.message())]));
            assert!(!error.message().contains("secret"));
        }
    }

    #[test]
    fn who_shows_no_credentials_is_counted() {
        let witness = witness();
        witness.failed(FaultClass::Client, "no credentials");
        assert_eq!(witness.trace(1_007), Trace::Noise(events::Surface::Git));
    }

    #[test]
    fn a_query_for_metrics_leaves_none_of_its_own() {
        let subject = Subject { route: "graphql", ..Subject::default() };
        let witness = Witness::new(1_000, "id".into(), "POST".into(), Surface::Graphql, subject);
        witness.failed(FaultClass::Client, "no credentials");
        assert_eq!(witness.trace(1_007), Trace::Noise(events::Surface::Graphql));
        witness.admitted();
        assert_eq!(witness.trace(1_007), Trace::Events(Vec::new()));
    }

    #[test]
    fn what_only_looks_leaves_nothing() {
        let witness = witness();
        witness.admitted();
        assert_eq!(witness.trace(1_007), Trace::Events(Vec::new()));
    }
}
