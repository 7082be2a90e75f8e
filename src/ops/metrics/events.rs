//! What operations have left behind: every store of events adds up its own, and here the parts come together.

use event_log::{Aggregation, Filter, Measure, Order, Query};
use futures_util::stream::{self, StreamExt};

use super::{Asker, By, Condition, Number, OrderBy, Question, Row, refused};
use crate::config::{
    EVENT_GROUPS_MAX, EVENT_QUANTILE_GROUPS_MAX, EVENT_SHARDS, QUANTILE_STORES_AT_ONCE, STORES_AT_ONCE,
};
use crate::durable::Failure;
use crate::error::Error;
use crate::events::shard_of;
use crate::objects::Objects;

/// The groups that answer a question about events.
pub(super) async fn answer(objects: &impl Objects, asker: Asker<'_>, question: &Question) -> Result<Vec<Row>, Error> {
    let query = query(asker, question);
    let stores = stores(asker, &question.condition);
    let ask = |shard| {
        let query = &query;
        async move { objects.events(shard)?.query(query).await }
    };
    let at_once = if query.quantiles { QUANTILE_STORES_AT_ONCE } else { STORES_AT_ONCE };
    let mut partials = stream::iter(stores).map(ask).buffered(at_once);
    let mut merged = Aggregation::new(&query, groups_max(&query));
    while let Some(partial) = partials.next().await {
        let partial = partial?.map_err(|refusal| refused(format!("The query is refused: {refusal}.")))?;
        if query.is_by_namespace() {
            // No other store has a part of the same groups: only the first ones of all can be among the first.
            let first = merged.partial_cut();
            merged = Aggregation::new(&query, groups_max(&query));
            merge(&mut merged, &first)?;
        }
        merge(&mut merged, &partial)?;
    }
    Ok(merged.finish().into_iter().map(Row::from).collect())
}

fn merge(merged: &mut Aggregation<'_>, partial: &[u8]) -> Result<(), Error> {
    merged.merge(partial).map_err(|error| match error {
        event_log::AggregateError::TooManyGroups { n_groups_max } => refused(format!(
            "The query has more than {n_groups_max} groups: filter by less, or group by fewer dimensions."
        )),
        error => Failure::shape("a partial result", error).into(),
    })
}

/// As many groups as one store has; of those that are cut, what has come so far besides.
fn groups_max(query: &Query) -> usize {
    let of_store = if query.quantiles { EVENT_QUANTILE_GROUPS_MAX } else { EVENT_GROUPS_MAX };
    if query.is_by_namespace() { 2 * of_store } else { of_store }
}

/// The stores that may have what counts: those of the namespaces that are named, or else all.
fn stores(asker: Asker<'_>, condition: &Condition) -> Vec<u8> {
    let mut stores: Vec<u8> = match (condition.namespaces(), asker.only) {
        (Some(named), _) => named.iter().map(|key| shard_of(key)).collect(),
        (None, Some(only)) => only.iter().map(|key| shard_of(key)).collect(),
        (None, None) => (0..EVENT_SHARDS).collect(),
    };
    stores.sort_unstable();
    stores.dedup();
    stores
}

/// The question as stores are asked.
fn query(asker: Asker<'_>, question: &Question) -> Query {
    let mut filter = question.condition.to_filter();
    if let Some(only) = asker.only {
        filter = Filter::And(vec![Filter::OfNamespaces(only.to_vec()), filter]);
    }
    let dimensions = question.dimensions.iter().filter_map(|by| match by {
        By::Event(dimension) => Some(*dimension),
        By::Surface => None,
    });
    let order = question.order.iter().filter_map(|(by, direction)| {
        let by = match by {
            OrderBy::Number(number) => event_log::OrderBy::Measure(measure(*number)?),
            OrderBy::Dimension(By::Event(dimension)) => event_log::OrderBy::Dimension(*dimension),
            OrderBy::Dimension(By::Surface) => return None,
        };
        Some(Order { by, direction: *direction })
    });
    Query {
        filter,
        dimensions: dimensions.collect(),
        quantiles: question.quantiles,
        order: order.collect(),
        limit: question.limit,
    }
}

fn measure(number: Number) -> Option<Measure> {
    match number {
        Number::Count => Some(Measure::Count),
        Number::SumDuration => Some(Measure::SumDuration),
        Number::AvgDuration => Some(Measure::AvgDuration),
        Number::Duration(quantile) => Some(Measure::Duration(quantile)),
        Number::MaxRepoSize => None,
    }
}
