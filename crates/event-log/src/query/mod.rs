//! What can be asked of events: which of them, grouped by what, in which order, and how many groups.
//!
//! A query is plain data and travels as JSON. Whether it makes sense is for whoever writes it: every query has an answer.

mod decide;
mod dimension;
mod filter;
mod like;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub(crate) use decide::{Decided, cut};
pub use dimension::Dimension;
pub use filter::{Filter, Operand, Operator, TimeRange};

/// A question about events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Which events count.
    pub filter: Filter,
    /// What tells groups apart. Of none there is one group, if any event counts.
    pub dimensions: BTreeSet<Dimension>,
    /// Whether quantiles are asked for: they take more memory. An order by one of them needs them.
    pub quantiles: bool,
    /// The order of the groups, the first entry first. What it leaves open, the values of the dimensions decide, ascending.
    pub order: Vec<Order>,
    /// How many groups are wanted, the first ones in that order.
    pub limit: u32,
}

/// One criterion of the order of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What is compared.
    pub by: OrderBy,
    /// Which comes first.
    pub direction: Direction,
}

/// What the order of groups compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderBy {
    /// The groups' values of a dimension. It says nothing when the query does not group by that dimension.
    Dimension(Dimension),
    /// A number.
    Measure(Measure),
}

/// A number that a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// How many events.
    Count,
    /// The sum of their durations.
    SumDuration,
    /// The mean of their durations.
    AvgDuration,
    /// A quantile of their durations. Without quantiles all groups are equal by it.
    Duration(Quantile),
}

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// The least.
    Asc,
    /// The greatest.
    Desc,
}

/// The quantiles that are documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Quantile {
    /// A quarter is at most that long.
    P25,
    /// The median.
    P50,
    /// Three quarters.
    P75,
    /// 90 %.
    P90,
    /// 95 %.
    P95,
    /// 99 %.
    P99,
    /// 99.9 %.
    P999,
}

impl Quantile {
    /// All of them, from the least.
    pub const ALL: [Self; 7] = [Self::P25, Self::P50, Self::P75, Self::P90, Self::P95, Self::P99, Self::P999];

    /// Which part of the values is at most as great, in thousandths.
    pub const fn thousandths(self) -> u64 {
        match self {
            Self::P25 => 250,
            Self::P50 => 500,
            Self::P75 => 750,
            Self::P90 => 900,
            Self::P95 => 950,
            Self::P99 => 990,
            Self::P999 => 999,
        }
    }
}

impl Query {
    /// The same of events from then on, in unix milliseconds.
    #[must_use]
    pub fn since(self, time_min_ms: u64) -> Self {
        let recent = Filter::compare(Dimension::Datetime, Operator::Geq, [Operand::Time(time_min_ms)]);
        Self { filter: Filter::And(vec![recent, self.filter]), ..self }
    }

    /// Whether each group is of one namespace. Where all events of a namespace are in one store, no two stores have a part
    /// of the same group then, and each may leave out what is not among the first of its own.
    pub fn is_by_namespace(&self) -> bool {
        [Dimension::Repository, Dimension::RepositoryNamespace].iter().any(|by| self.dimensions.contains(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_travels_as_this_json() {
        let query = Query {
            filter: Filter::And(vec![
                Filter::compare(Dimension::Datetime, Operator::Geq, [Operand::Time(1_760_000_000_000)]),
                Filter::Or(vec![
                    Filter::compare(Dimension::EventKind, Operator::Eq, [Operand::Text("action".into())]),
                    Filter::compare(Dimension::RepositoryName, Operator::NotLike, [Operand::Text("a%".into())]),
                ]),
            ]),
            dimensions: [Dimension::Repository, Dimension::DatetimeFiveMinutes].into(),
            quantiles: true,
            order: vec![
                Order { by: OrderBy::Measure(Measure::Count), direction: Direction::Desc },
                Order { by: OrderBy::Measure(Measure::Duration(Quantile::P999)), direction: Direction::Asc },
                Order { by: OrderBy::Dimension(Dimension::Repository), direction: Direction::Asc },
            ],
            limit: 100,
        };
        let json = concat!(
            r#"{"filter":{"and":[{"compare":{"dimension":"datetime","by":"geq","with":[1760000000000]}},{"or":["#,
            r#"{"compare":{"dimension":"eventKind","by":"eq","with":["action"]}},"#,
            r#"{"compare":{"dimension":"repositoryName","by":"notLike","with":["a%"]}}]}]},"#,
            r#""dimensions":["repository","datetimeFiveMinutes"],"quantiles":true,"#,
            r#""order":[{"by":{"measure":"count"},"direction":"DESC"},{"by":{"measure":{"duration":"P999"}},"direction":"ASC"},"#,
            r#"{"by":{"dimension":"repository"},"direction":"ASC"}],"limit":100}"#,
        );
        assert_eq!(serde_json::to_string(&query).unwrap(), json);
        assert_eq!(serde_json::from_str::<Query>(json).unwrap(), query);
    }

    #[test]
    fn groups_are_of_one_namespace_by_repo_and_by_namespace_alone() {
        let by = |dimension| {
            let filter = Filter::And(vec![]);
            Query { filter, dimensions: [dimension].into(), quantiles: false, order: vec![], limit: 1 }
                .is_by_namespace()
        };
        let found: Vec<_> = Dimension::ALL.into_iter().filter(|dimension| by(*dimension)).collect();
        assert_eq!(found, [Dimension::Repository, Dimension::RepositoryNamespace]);
    }
}
