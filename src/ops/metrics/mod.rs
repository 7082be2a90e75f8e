//! Metrics: which datasets there are, what can be asked of each, and how it is answered.
//!
//! `events` adds up what operations have left behind, `sizes` and `rejected` what is counted otherwise: samples, which
//! `sampled` filters and groups in the same way.

mod condition;
mod dataset;
mod events;
mod rejected;
mod sampled;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};

use event_log::{Direction, Group, Operand, Quantiles};

pub(crate) use condition::Condition;
pub(crate) use dataset::{By, Dataset, Number};

use crate::error::Error;
use crate::objects::Objects;

/// What is asked of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) dataset: Dataset,
    /// What counts.
    pub(crate) condition: Condition,
    /// What tells groups apart. Of none there is one group, if anything counts.
    pub(crate) dimensions: BTreeSet<By>,
    /// Whether quantiles are asked for.
    pub(crate) quantiles: bool,
    /// The order of groups, the first entry first. What it leaves open, the values of the dimensions decide, ascending.
    pub(crate) order: Vec<(OrderBy, Direction)>,
    /// How many groups are wanted, the first ones in that order.
    pub(crate) limit: u32,
}

/// What the order of groups compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderBy {
    Number(Number),
    Dimension(By),
}

/// One group of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) dimensions: BTreeMap<By, Operand>,
    numbers: Numbers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Numbers {
    Events {
        count: u64,
        sum_duration_ms: u64,
        avg_duration_ms: Mean,
        quantiles: Option<Quantiles>,
    },
    /// The one number of a dataset of samples.
    One(u64),
}

/// A mean, compared by its bits: groups are compared in tests alone.
#[derive(Debug, Clone, Copy)]
struct Mean(f64);

impl PartialEq for Mean {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Mean {}

/// A number of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measured {
    Whole(u64),
    Mean(f64),
}

impl Row {
    /// One of its numbers; absent when it was not asked for.
    pub(crate) fn number(&self, number: Number) -> Option<Measured> {
        match (&self.numbers, number) {
            (Numbers::One(value), Number::Count | Number::MaxRepoSize) => Some(Measured::Whole(*value)),
            (Numbers::Events { count, .. }, Number::Count) => Some(Measured::Whole(*count)),
            (Numbers::Events { sum_duration_ms, .. }, Number::SumDuration) => Some(Measured::Whole(*sum_duration_ms)),
            (Numbers::Events { avg_duration_ms, .. }, Number::AvgDuration) => Some(Measured::Mean(avg_duration_ms.0)),
            (Numbers::Events { quantiles, .. }, Number::Duration(quantile)) => {
                quantiles.map(|quantiles| Measured::Whole(quantiles.get(quantile).into()))
            }
            _ => None,
        }
    }
}

impl From<Group> for Row {
    fn from(group: Group) -> Self {
        let numbers = Numbers::Events {
            count: group.count,
            sum_duration_ms: group.sum_duration_ms,
            avg_duration_ms: Mean(group.avg_duration_ms()),
            quantiles: group.quantiles,
        };
        let dimensions = group.dimensions.into_iter().map(|(by, value)| (By::Event(by), value));
        Self { dimensions: dimensions.collect(), numbers }
    }
}

/// Whose metrics they are, and when they are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) account_id: &'a str,
    /// Keys of the namespaces that the caller may see; absent: all.
    pub(crate) only: Option<&'a [String]>,
    /// Unix milliseconds.
    pub(crate) now: u64,
}

/// The groups that answer a question, of what the caller may see.
pub(crate) async fn answer(objects: &impl Objects, asker: Asker<'_>, question: &Question) -> Result<Vec<Row>, Error> {
    match question.dataset {
        Dataset::Events => events::answer(objects, asker, question).await,
        Dataset::Sizes => sizes::answer(objects, asker, question).await,
        Dataset::Rejected => rejected::answer(objects, asker, question).await,
    }
}

/// A question that is refused in words.
fn refused(message: String) -> Error {
    Error::Input { message, pointer: None }
}
