//! What tests and benchmarks need to see and to do: counters, and ways to bring the Worker down. It is there only for a
//! variable that no configuration file sets, on a loopback address.

use worker::Url;

use super::answer::Answer;
use super::route::Trigger;
use crate::config::{Config, is_loopback};
use crate::stats;

/// Whether the triggers are there.
pub(crate) fn is_open(config: &Config, url: &Url) -> bool {
    config.debug_triggers && is_loopback(url.host_str())
}

/// Shows the counters, or brings the Worker down.
#[expect(clippy::panic, reason = "a panic is what this is for")]
pub(crate) fn fire(trigger: Trigger) -> Answer {
    match trigger {
        Trigger::Stats => Answer::json(200, &stats::read()),
        Trigger::Panic => panic!("panic on demand"),
        Trigger::Trap => std::process::abort(),
    }
}
