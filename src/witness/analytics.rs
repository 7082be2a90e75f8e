//! Events in Workers Analytics Engine too, when a dataset is bound. The only module that knows it.

use event_log::Event;
use worker::{AnalyticsEngineDataPointBuilder, Env};

use crate::config::EVENTS_DATASET;
use crate::log;

/// Writes events, which waits for nothing: the platform takes them along. Blobs are namespace, repo, kind, type and message in that
/// order, the double is the duration in milliseconds, the index the namespace.
pub(super) fn write(env: &Env, events: &[Event]) {
    if events.is_empty() {
        return;
    }
    let Ok(dataset) = env.analytics_engine(EVENTS_DATASET) else { return };
    for event in events {
        let written = AnalyticsEngineDataPointBuilder::new()
            .indexes([event.namespace.as_str()])
            .add_blob(event.namespace.as_str())
            .add_blob(event.repository.as_str())
            .add_blob(event.event_type.kind().name())
            .add_blob(event.event_type.name())
            .add_blob(event.message.as_str())
            .add_double(event.duration_ms)
            .write_to(&dataset);
        if let Err(error) = written {
            log::warn(format_args!("an event not written to {EVENTS_DATASET}: {error}"));
        }
    }
}
