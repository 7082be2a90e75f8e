//! Samples: what is counted or measured without events, filtered, grouped and put in order as events are.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use event_log::{Dimension, Direction, Operand};

use super::{By, Dataset, Numbers, OrderBy, Question, Row, refused};
use crate::config::EVENT_GROUPS_MAX;
use crate::error::Error;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) of: Sampled,
    pub(super) time_ms: u64,
    pub(super) number: u64,
}

/// What it is a sample of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sampled {
    Repo { namespace: String, name: String },
    Surface(&'static str),
}

impl Sample {
    fn value(&self, by: By) -> Operand {
        if let Some(window_ms) = by.window_ms() {
            return Operand::Time(self.time_ms - self.time_ms % window_ms);
        }
        Operand::Text(match (&self.of, by) {
            (Sampled::Surface(name), By::Surface) => (*name).to_owned(),
            (Sampled::Repo { namespace, name }, By::Event(Dimension::Repository)) => format!("{namespace}/{name}"),
            (Sampled::Repo { namespace, .. }, By::Event(Dimension::RepositoryNamespace)) => namespace.clone(),
            (Sampled::Repo { name, .. }, By::Event(Dimension::RepositoryName)) => name.clone(),
            _ => String::new(),
        })
    }
}

/// The groups that answer a question: sizes by their greatest, all else by its sum.
pub(super) fn grouped(samples: impl IntoIterator<Item = Sample>, question: &Question) -> Result<Vec<Row>, Error> {
    let mut groups: BTreeMap<Vec<Operand>, u64> = BTreeMap::new();
    for sample in samples {
        if !question.condition.holds(&|by| sample.value(by)) {
            continue;
        }
        let key = question.dimensions.iter().map(|by| sample.value(*by)).collect();
        let number = groups.entry(key).or_default();
        *number = match question.dataset {
            Dataset::Sizes => sample.number.max(*number),
            Dataset::Events | Dataset::Rejected => sample.number.saturating_add(*number),
        };
        if groups.len() > EVENT_GROUPS_MAX {
            return Err(refused(format!("The query has more than {EVENT_GROUPS_MAX} groups: filter by less.")));
        }
    }
    let row = |(values, number)| Row { dimensions: named(&question.dimensions, values), numbers: Numbers::One(number) };
    let mut rows: Vec<_> = groups.into_iter().map(row).collect();
    // The map has them by the values of the dimensions already, and this sort keeps what is equal.
    rows.sort_by(|a, b| ordered(&question.order, a, b));
    rows.truncate(usize::try_from(question.limit).unwrap_or(usize::MAX));
    Ok(rows)
}

fn named(dimensions: &BTreeSet<By>, values: Vec<Operand>) -> BTreeMap<By, Operand> {
    dimensions.iter().copied().zip(values).collect()
}

fn ordered(order: &[(OrderBy, Direction)], a: &Row, b: &Row) -> Ordering {
    let number = |row: &Row| match row.numbers {
        Numbers::One(number) => number,
        Numbers::Events { count, .. } => count,
    };
    let criteria = order.iter().map(|(by, direction)| {
        let ordering = match by {
            OrderBy::Number(_) => number(a).cmp(&number(b)),
            OrderBy::Dimension(by) => a.dimensions.get(by).cmp(&b.dimensions.get(by)),
        };
        match direction {
            Direction::Asc => ordering,
            Direction::Desc => ordering.reverse(),
        }
    });
    criteria.into_iter().find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}
