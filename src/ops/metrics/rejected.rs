//! Requests without valid credentials: hours with their counters, of every store.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::sampled::{Sample, Sampled, grouped};
use super::{Asker, Question, Row};
use crate::config::{EVENT_SHARDS, STORES_AT_ONCE};
use crate::error::Error;
use crate::events::call::Noise;
use crate::objects::Objects;

/// The groups that answer a question about rejected requests, which are no namespace's.
pub(super) async fn answer(objects: &impl Objects, asker: Asker<'_>, question: &Question) -> Result<Vec<Row>, Error> {
    if asker.only.is_some() {
        return Err(Error::Forbidden("the API token is for some namespaces alone"));
    }
    let range = question.condition.to_filter().time_range();
    let (from, to) = (range.min_ms.min(asker.now), range.max_ms.min(asker.now));
    if from > to || range.is_empty() {
        return Ok(Vec::new());
    }
    let ask = |shard| async move { objects.events(shard)?.noise(from, to).await };
    let counters: Vec<_> = stream::iter(0..EVENT_SHARDS).map(ask).buffered(STORES_AT_ONCE).try_collect().await?;
    grouped(counters.into_iter().flatten().map(sample), question)
}

fn sample(noise: Noise) -> Sample {
    Sample { of: Sampled::Surface(noise.surface.name()), time_ms: noise.hour_ms, number: noise.n }
}
