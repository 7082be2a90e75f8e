//! What tests and benchmarks need to see and to do: counters, ways to bring the Worker down, and events that are made up. It is
//! there only for a variable that no configuration file sets, on a loopback address.

mod events;

use worker::Url;

use super::Asking;
use super::answer::Answer;
use crate::body::{Stopped, read_whole};
use crate::config::{Config, REST_BODY_LEN_MAX, is_loopback};
use crate::error::Error;
use crate::stats;
use crate::stream_body::StreamBody;

/// What can be set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// What this instance has done so far.
    Stats,
    /// Brings the Worker down, and so does a trap: the next request is to be served.
    Panic,
    Trap,
    /// Records events that are made up.
    Events,
}

impl Trigger {
    /// The trigger at an address below `/__debug/`.
    pub(crate) fn parse(method: &str, path: &[&str]) -> Option<Self> {
        match (method, path) {
            ("GET", ["stats"]) => Some(Self::Stats),
            ("POST", ["panic"]) => Some(Self::Panic),
            ("POST", ["trap"]) => Some(Self::Trap),
            ("POST", ["events"]) => Some(Self::Events),
            _ => None,
        }
    }
}

/// Whether the triggers are there.
pub(crate) fn is_open(config: &Config, url: &Url) -> bool {
    config.debug_triggers && is_loopback(url.host_str())
}

/// Does what is asked for.
#[expect(clippy::panic, reason = "a panic is what this is for")]
pub(crate) async fn fire(trigger: Trigger, asking: &Asking<'_>) -> Result<Answer, Error> {
    match trigger {
        Trigger::Stats => Ok(Answer::json(200, &stats::read())),
        Trigger::Panic => panic!("panic on demand"),
        Trigger::Trap => std::process::abort(),
        Trigger::Events => {
            let mut body = StreamBody::of_request(asking.request, &asking.witness.meter);
            let made_up = read_whole(&mut body, REST_BODY_LEN_MAX).await.map_err(Stopped::Body)?;
            events::record(&asking.objects(), &made_up).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_something_is_a_post() {
        assert_eq!(Trigger::parse("GET", &["stats"]), Some(Trigger::Stats));
        assert_eq!(Trigger::parse("POST", &["trap"]), Some(Trigger::Trap));
        assert_eq!(Trigger::parse("POST", &["events"]), Some(Trigger::Events));
        for path in [&["panic"][..], &["trap"], &["events"], &[]] {
            assert_eq!(Trigger::parse("GET", path), None);
        }
    }
}
