//! Which events count: comparisons, all or any of which must hold.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Dimension;
use super::like::is_like;

/// A condition on events. Those of a deep tree are asked recursively; JSON of more than 128 levels is refused by its parser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Filter {
    /// All of these hold; of none, always.
    And(Vec<Filter>),
    /// At least one of these holds; of none, never.
    Or(Vec<Filter>),
    /// A comparison holds.
    Compare {
        /// What is compared: times are cut to their window first.
        dimension: Dimension,
        /// How.
        by: Operator,
        /// With what: with any of these for operators that say what must be, with each of these for those that say what must
        /// not. A time is no text: with such a one nothing but what must not be holds.
        with: Vec<Operand>,
    },
    /// The event is of one of these namespaces, without regard to case: what a caller may see is no matter of spelling.
    OfNamespaces(Vec<String>),
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operator {
    /// Equal, exactly as spelt.
    Eq,
    /// Not equal.
    Neq,
    /// Greater; of texts, by their bytes.
    Gt,
    /// Less.
    Lt,
    /// Greater or equal.
    Geq,
    /// Less or equal.
    Leq,
    /// Equal to one of them.
    In,
    /// Equal to none of them.
    NotIn,
    /// Like a pattern, where `%` stands for any text. Of texts only.
    Like,
    /// Not like a pattern.
    NotLike,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Operand {
    /// A time, in unix milliseconds.
    Time(u64),
    /// A text.
    Text(String),
}

/// Times from one to another, both included; empty when the first is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first, in unix milliseconds.
    pub min_ms: u64,
    /// The last, in unix milliseconds.
    pub max_ms: u64,
}

impl TimeRange {
    /// Every time.
    pub const ALL: Self = Self { min_ms: 0, max_ms: u64::MAX };
    /// No time.
    pub const NONE: Self = Self { min_ms: u64::MAX, max_ms: 0 };

    /// Whether there is no time in it.
    pub fn is_empty(self) -> bool {
        self.min_ms > self.max_ms
    }

    fn both(self, other: Self) -> Self {
        Self { min_ms: self.min_ms.max(other.min_ms), max_ms: self.max_ms.min(other.max_ms) }
    }

    fn hull(self, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self { min_ms: self.min_ms.min(other.min_ms), max_ms: self.max_ms.max(other.max_ms) },
        }
    }
}

impl Filter {
    /// A comparison.
    pub fn compare(dimension: Dimension, by: Operator, with: impl Into<Vec<Operand>>) -> Self {
        Self::Compare { dimension, by, with: with.into() }
    }

    /// Outside these times the filter never holds.
    pub fn time_range(&self) -> TimeRange {
        match self {
            Self::And(all) => all.iter().map(Self::time_range).fold(TimeRange::ALL, TimeRange::both),
            Self::Or(any) => any.iter().map(Self::time_range).fold(TimeRange::NONE, TimeRange::hull),
            Self::OfNamespaces(_) => TimeRange::ALL,
            Self::Compare { dimension, by, with } => match dimension.window_ms() {
                Some(window_ms) if !by.is_negative() => {
                    let ranges = with.iter().map(|operand| by.times(operand, window_ms));
                    ranges.fold(TimeRange::NONE, TimeRange::hull)
                }
                _ => TimeRange::ALL,
            },
        }
    }

    /// The namespaces outside of which the filter never holds, as they are spelt; none where it may hold in any, or where it
    /// looks at no spelling.
    pub fn namespaces(&self) -> Option<BTreeSet<&str>> {
        match self {
            Self::And(all) => {
                let known = all.iter().filter_map(Self::namespaces);
                known.reduce(|both, other| both.intersection(&other).copied().collect())
            }
            Self::Or(any) => any.iter().map(Self::namespaces).try_fold(BTreeSet::new(), |mut either, other| {
                either.extend(other?);
                Some(either)
            }),
            Self::Compare { dimension, by: Operator::Eq | Operator::In, with } => {
                let texts = with.iter().filter_map(|operand| match operand {
                    Operand::Text(text) => Some(text.as_str()),
                    Operand::Time(_) => None,
                });
                match dimension {
                    Dimension::RepositoryNamespace => Some(texts.collect()),
                    Dimension::Repository => Some(texts.map(|text| text.split('/').next().unwrap_or(text)).collect()),
                    _ => None,
                }
            }
            Self::Compare { .. } | Self::OfNamespaces(_) => None,
        }
    }
}

impl Operator {
    /// Whether a value, of times one already cut to its window, stands so to these.
    pub fn holds(self, value: &Operand, with: &[Operand]) -> bool {
        match value {
            Operand::Time(time) => self.holds_for_time(*time, with),
            Operand::Text(text) => self.holds_for_text(text, with),
        }
    }

    /// Whether it says what must not be.
    pub(super) const fn is_negative(self) -> bool {
        matches!(self, Self::Neq | Self::NotIn | Self::NotLike)
    }

    /// Whether a text stands so to these.
    pub(super) fn holds_for_text(self, value: &str, with: &[Operand]) -> bool {
        let test = |operand: &Operand| match operand {
            Operand::Text(text) if matches!(self, Self::Like | Self::NotLike) => is_like(value, text),
            Operand::Text(text) => self.orders(value, text.as_str()),
            Operand::Time(_) => false,
        };
        with.iter().any(test) != self.is_negative()
    }

    /// Whether a time, already cut to its window, stands so to these.
    pub(super) fn holds_for_time(self, value: u64, with: &[Operand]) -> bool {
        let test = |operand: &Operand| match operand {
            Operand::Time(time) => self.orders(&value, time),
            Operand::Text(_) => false,
        };
        with.iter().any(test) != self.is_negative()
    }

    /// The comparison itself, of which a negative operator is the opposite.
    fn orders<T: Ord + ?Sized>(self, value: &T, with: &T) -> bool {
        match self {
            Self::Eq | Self::Neq | Self::In | Self::NotIn => value == with,
            Self::Gt => value > with,
            Self::Lt => value < with,
            Self::Geq => value >= with,
            Self::Leq => value <= with,
            Self::Like | Self::NotLike => false,
        }
    }

    /// Outside these times a comparison with one operand never holds, of times that are cut to a window.
    fn times(self, operand: &Operand, window_ms: u64) -> TimeRange {
        let Operand::Time(time) = *operand else { return TimeRange::NONE };
        let last_of_window = time.saturating_add(window_ms - 1);
        match self {
            Self::Geq => TimeRange { min_ms: time, ..TimeRange::ALL },
            Self::Gt => time.checked_add(1).map_or(TimeRange::NONE, |min_ms| TimeRange { min_ms, ..TimeRange::ALL }),
            Self::Leq => TimeRange { max_ms: last_of_window, ..TimeRange::ALL },
            Self::Lt if time == 0 => TimeRange::NONE,
            Self::Lt => TimeRange { max_ms: last_of_window - 1, ..TimeRange::ALL },
            Self::Eq | Self::In => TimeRange { min_ms: time, max_ms: last_of_window },
            Self::Like => TimeRange::NONE,
            Self::Neq | Self::NotIn | Self::NotLike => TimeRange::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(by: Operator, time: u64) -> Filter {
        Filter::compare(Dimension::Datetime, by, [Operand::Time(time)])
    }

    fn range(min_ms: u64, max_ms: u64) -> TimeRange {
        TimeRange { min_ms, max_ms }
    }

    #[test]
    fn bounds_of_times_are_met_by_all_and_joined_by_any() {
        let both = Filter::And(vec![time(Operator::Geq, 5), time(Operator::Leq, 9)]);
        assert_eq!(both.time_range(), range(5, 9));
        let either = Filter::Or(vec![both.clone(), time(Operator::Eq, 20), time(Operator::Like, 3)]);
        assert_eq!(either.time_range(), range(5, 20));
        let open = Filter::Or(vec![both, Filter::compare(Dimension::EventType, Operator::Eq, [])]);
        assert_eq!(open.time_range(), TimeRange::ALL);
        assert!(Filter::And(vec![time(Operator::Gt, 5), time(Operator::Lt, 6)]).time_range().is_empty());
        assert!(time(Operator::Lt, 0).time_range().is_empty() && time(Operator::Gt, u64::MAX).time_range().is_empty());
    }

    #[test]
    fn a_window_reaches_to_its_end() {
        let minute = |by| Filter::compare(Dimension::DatetimeMinute, by, [Operand::Time(60_000)]).time_range();
        assert_eq!(minute(Operator::Eq), range(60_000, 119_999));
        assert_eq!(minute(Operator::Leq), range(0, 119_999));
        assert_eq!(minute(Operator::Lt), range(0, 119_998));
        assert_eq!(minute(Operator::Neq), TimeRange::ALL);
    }

    #[test]
    fn the_namespaces_of_a_filter_are_those_that_it_names() {
        let of = |dimension, texts: &[&str]| {
            let texts: Vec<Operand> = texts.iter().map(|text| Operand::Text((*text).to_owned())).collect();
            Filter::compare(dimension, Operator::In, texts)
        };
        let named = of(Dimension::RepositoryNamespace, &["a", "b"]);
        assert_eq!(named.namespaces(), Some(["a", "b"].into()));
        let repos = of(Dimension::Repository, &["b/one", "c/two"]);
        assert_eq!(Filter::And(vec![named.clone(), repos.clone()]).namespaces(), Some(["b"].into()));
        assert_eq!(Filter::Or(vec![named.clone(), repos]).namespaces(), Some(["a", "b", "c"].into()));
        let any = Filter::compare(Dimension::RepositoryNamespace, Operator::Neq, [Operand::Text("a".into())]);
        assert_eq!(Filter::And(vec![any.clone(), named.clone()]).namespaces(), Some(["a", "b"].into()));
        assert_eq!(Filter::Or(vec![any, named]).namespaces(), None);
        assert_eq!(Filter::And(vec![]).namespaces(), None);
    }

    #[test]
    fn a_time_is_no_text_and_of_nothing_nothing_holds() {
        let text = [Operand::Text("5".into())];
        assert!(!Operator::Eq.holds_for_time(5, &text) && Operator::Neq.holds_for_time(5, &text));
        assert!(!Operator::Eq.holds(&Operand::Time(5), &text) && Operator::Eq.holds(&text[0], &text));
        assert!(!Operator::In.holds_for_text("a", &[]) && Operator::NotIn.holds_for_text("a", &[]));
    }
}
