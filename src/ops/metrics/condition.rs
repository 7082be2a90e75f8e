//! What counts: comparisons, all or any of which must hold, for events as for samples.

use std::collections::BTreeSet;

use event_log::{Filter, Operand, Operator};

use super::By;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// All of these hold; of none, always.
    All(Vec<Condition>),
    /// At least one of these holds; of none, never.
    Any(Vec<Condition>),
    /// A comparison of a dimension, of times one that is cut to its window, with these values.
    Compare { by: By, how: Operator, with: Vec<Operand> },
}

impl Condition {
    /// Whether it holds for what has these values.
    pub(super) fn holds(&self, value: &impl Fn(By) -> Operand) -> bool {
        match self {
            Self::All(all) => all.iter().all(|part| part.holds(value)),
            Self::Any(any) => any.iter().any(|part| part.holds(value)),
            Self::Compare { by, how, with } => how.holds(&value(*by), with),
        }
    }

    /// Keys of the namespaces outside of which it never holds; none where it may hold in any.
    pub(super) fn namespaces(&self) -> Option<BTreeSet<String>> {
        let filter = self.to_filter();
        Some(filter.namespaces()?.into_iter().map(str::to_ascii_lowercase).collect())
    }

    /// The same for events, which have all dimensions but one: what is said of that one is taken to hold.
    pub(super) fn to_filter(&self) -> Filter {
        match self {
            Self::All(all) => Filter::And(all.iter().map(Self::to_filter).collect()),
            Self::Any(any) => Filter::Or(any.iter().map(Self::to_filter).collect()),
            Self::Compare { by: By::Event(dimension), how, with } => {
                Filter::Compare { dimension: *dimension, by: *how, with: with.clone() }
            }
            Self::Compare { by: By::Surface, .. } => Filter::And(Vec::new()),
        }
    }
}
