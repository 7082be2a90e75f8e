//! The clock, and times as the REST API writes them. Inside the program a time is unix milliseconds.

use std::pin::pin;
#[cfg(test)]
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use futures_util::future::{Either, select};

/// Now, in unix milliseconds.
pub(crate) fn now() -> u64 {
    worker::Date::now().as_millis()
}

/// Waits for so many milliseconds, by a timer of the request that asks.
pub(crate) async fn sleep(ms: u64) {
    worker::Delay::from(Duration::from_millis(ms)).await;
}

/// What a test waits with instead: lets all others go on once.
#[cfg(test)]
pub(crate) async fn pause() {
    let mut has_paused = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut has_paused, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What comes before `patience` is over.
pub(crate) async fn in_time<T>(coming: impl Future<Output = T>, patience: impl Future<Output = ()>) -> Option<T> {
    match select(pin!(coming), pin!(patience)).await {
        Either::Left((came, _)) => Some(came),
        Either::Right(_) => None,
    }
}

/// When the hour began that a time is in.
pub(crate) const fn hour_of(unix_ms: u64) -> u64 {
    unix_ms - unix_ms % (60 * 60 * 1000)
}

/// ISO 8601 in UTC with milliseconds.
pub(crate) fn iso(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::UNIX_EPOCH);
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_ends_when_the_next_begins() {
        assert_eq!([0, 3_599_999, 3_600_000, 3_600_001].map(hour_of), [0, 0, 3_600_000, 3_600_000]);
    }

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_760_000_000_007), "2025-10-09T08:53:20.007Z");
    }
}
