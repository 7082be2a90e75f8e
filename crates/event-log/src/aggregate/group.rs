//! Groups as they are answered, and their order.

use core::cmp::Ordering;
use std::collections::BTreeMap;

use super::sketch::Quantiles;
use crate::query::{Dimension, Direction, Measure, Operand, Order, OrderBy};

/// Events that are the same in every dimension of a query, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are the same in: times in unix milliseconds, all else as text.
    pub dimensions: BTreeMap<Dimension, Operand>,
    /// How many there are.
    pub count: u64,
    /// The sum of their durations in milliseconds.
    pub sum_duration_ms: u64,
    /// Quantiles of their durations, if the query asked for them.
    pub quantiles: Option<Quantiles>,
}

impl Group {
    /// The mean of their durations in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "a mean of more than 2^53 ms may be off by one")]
    pub fn avg_duration_ms(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum_duration_ms as f64 / self.count as f64 }
    }
}

/// Which of two groups comes first. Groups that differ are never equal.
pub(super) fn ordered(order: &[Order], a: &Group, b: &Group) -> Ordering {
    let criteria = order.iter().map(|Order { by, direction }| {
        let ordering = compared(*by, a, b);
        match direction {
            Direction::Asc => ordering,
            Direction::Desc => ordering.reverse(),
        }
    });
    let first = criteria.into_iter().find(|ordering| ordering.is_ne());
    first.unwrap_or_else(|| a.dimensions.cmp(&b.dimensions))
}

fn compared(by: OrderBy, a: &Group, b: &Group) -> Ordering {
    match by {
        OrderBy::Dimension(dimension) => a.dimensions.get(&dimension).cmp(&b.dimensions.get(&dimension)),
        OrderBy::Measure(Measure::Count) => a.count.cmp(&b.count),
        OrderBy::Measure(Measure::SumDuration) => a.sum_duration_ms.cmp(&b.sum_duration_ms),
        // Of fractions: a / b and c / d as a * d and c * b.
        OrderBy::Measure(Measure::AvgDuration) => {
            let crossed = |sum: &Group, count: &Group| u128::from(sum.sum_duration_ms) * u128::from(count.count);
            crossed(a, b).cmp(&crossed(b, a))
        }
        OrderBy::Measure(Measure::Duration(quantile)) => {
            let of = |group: &Group| group.quantiles.map(|quantiles| quantiles.get(quantile));
            of(a).cmp(&of(b))
        }
    }
}
