//! Adding up: events in, groups with their numbers out, in several stores apart if need be.

mod group;
mod key;
mod partial;
mod shape;
mod sketch;

use core::fmt;
use std::collections::HashMap;

pub use group::Group;
pub use sketch::Quantiles;

use crate::bytes::Malformed;
use crate::query::{Decided, Query};
use crate::segment::{Row, Segment, SegmentError};
use key::{Indexes, Key};
use shape::{OutcomePart, Shape, SubjectPart};
use sketch::Sketch;

/// Why events cannot be added up. What has been added up until then is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateError {
    /// The question has more groups than there is room for.
    TooManyGroups {
        /// How many there is room for.
        n_groups_max: usize,
    },
    /// A segment cannot be read.
    Segment(SegmentError),
    /// A partial result cannot be read, or is that of another question.
    CorruptPartial,
}

impl fmt::Display for AggregateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyGroups { n_groups_max } => write!(f, "more than {n_groups_max} groups"),
            Self::Segment(error) => error.fmt(f),
            Self::CorruptPartial => f.write_str("corrupt partial result"),
        }
    }
}

impl core::error::Error for AggregateError {}

impl From<SegmentError> for AggregateError {
    fn from(error: SegmentError) -> Self {
        Self::Segment(error)
    }
}

impl From<Malformed> for AggregateError {
    fn from(_: Malformed) -> Self {
        Self::CorruptPartial
    }
}

/// The numbers of a group.
#[derive(Debug, Clone, Default)]
struct Tally {
    count: u64,
    sum_duration_ms: u64,
    /// Empty when no quantiles are asked for.
    sketch: Sketch,
}

/// The answer to a query in the making.
#[derive(Debug, Clone)]
pub struct Aggregation<'q> {
    query: &'q Query,
    shape: Shape,
    n_groups_max: usize,
    subjects: Names<SubjectPart>,
    outcomes: Names<OutcomePart>,
    indexes: Indexes,
    groups: Vec<(Key, Tally)>,
}

impl<'q> Aggregation<'q> {
    /// Nothing yet, and room for so many groups: some 200 bytes each with their names, and for quantiles 8 for each bucket, of which
    /// durations below a minute have 700.
    pub fn new(query: &'q Query, n_groups_max: usize) -> Self {
        Self {
            query,
            shape: Shape::new(&query.dimensions),
            n_groups_max,
            subjects: Names::default(),
            outcomes: Names::default(),
            indexes: Indexes::default(),
            groups: Vec::new(),
        }
    }

    /// Adds the events of a segment that the query's filter lets through.
    pub fn add_segment(&mut self, segment: &Segment<'_>) -> Result<(), AggregateError> {
        let decided = Decided::new(&self.query.filter, segment);
        if matches!(decided, Decided::Constant(false)) {
            return Ok(());
        }
        let mut subjects = vec![None; segment.subjects().len()];
        let mut outcomes = vec![None; segment.outcomes().len()];
        for row in segment.rows() {
            let row = row?;
            if !decided.holds(&row) {
                continue;
            }
            let Row { time_ms, subject, outcome, duration_ms } = row;
            let subject = known(&mut subjects, subject, || {
                segment.subjects().get(subject).map(|subject| self.subjects.index(self.shape.subject(subject)))
            })?;
            let outcome = known(&mut outcomes, outcome, || {
                segment.outcomes().get(outcome).map(|outcome| self.outcomes.index(self.shape.outcome(outcome)))
            })?;
            let key = Key { subject, outcome, time_ms: self.shape.time(time_ms) };
            let quantiles = self.query.quantiles;
            let tally = self.tally(key)?;
            tally.count += 1;
            tally.sum_duration_ms = tally.sum_duration_ms.saturating_add(duration_ms.into());
            if quantiles {
                tally.sketch.add(duration_ms, 1);
            }
        }
        Ok(())
    }

    /// The numbers of a group, which is made if there is room.
    fn tally(&mut self, key: Key) -> Result<&mut Tally, AggregateError> {
        let n_groups_max = self.n_groups_max;
        let next = self.groups.len();
        let index = *self.indexes.entry(key).or_insert(next);
        if index == next {
            if next >= n_groups_max {
                return Err(AggregateError::TooManyGroups { n_groups_max });
            }
            self.groups.push((key, Tally::default()));
        }
        let group = self.groups.get_mut(index).ok_or(AggregateError::TooManyGroups { n_groups_max })?;
        Ok(&mut group.1)
    }

    /// The first groups in the order of the query, as many as it wants.
    pub fn finish(self) -> Vec<Group> {
        self.ranked().into_iter().map(|(group, _)| group).collect()
    }

    /// The same, each with its index.
    fn ranked(&self) -> Vec<(Group, usize)> {
        let groups = self.groups.iter().zip(0..);
        let mut ranked: Vec<_> = groups.map(|((key, tally), index)| (self.group(*key, tally), index)).collect();
        ranked.sort_by(|(a, _), (b, _)| group::ordered(&self.query.order, a, b));
        ranked.truncate(usize::try_from(self.query.limit).unwrap_or(usize::MAX));
        ranked
    }

    fn group(&self, key: Key, tally: &Tally) -> Group {
        let (subject, outcome) = (self.subjects.get(key.subject), self.outcomes.get(key.outcome));
        let values = self.query.dimensions.iter().map(|by| (*by, shape::value(*by, subject, outcome, key.time_ms)));
        Group {
            dimensions: values.collect(),
            count: tally.count,
            sum_duration_ms: tally.sum_duration_ms,
            quantiles: self.query.quantiles.then(|| tally.sketch.quantiles()),
        }
    }
}

/// The number of a dictionary's entry, which is asked for once.
fn known(numbers: &mut [Option<u32>], entry: usize, ask: impl FnOnce() -> Option<u32>) -> Result<u32, AggregateError> {
    let number = numbers.get_mut(entry).ok_or(SegmentError::Corrupt)?;
    if number.is_none() {
        *number = ask();
    }
    number.ok_or(AggregateError::Segment(SegmentError::Corrupt))
}

/// Names by number. There are at most as many as groups.
#[derive(Debug, Clone)]
struct Names<T> {
    numbers: HashMap<T, u32>,
    names: Vec<T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), names: Vec::new() }
    }
}

impl<T: Clone + Eq + core::hash::Hash> Names<T> {
    fn index(&mut self, name: T) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.names.get(usize::try_from(number).unwrap_or(usize::MAX))
    }
}
