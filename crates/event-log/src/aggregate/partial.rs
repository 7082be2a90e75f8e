//! Partial results on their way from several stores to one answer.
//!
//! Numbers and texts of the module `bytes`: the version, 1; which dimensions, a bit for each in the order of the
//! documentation, and above them one for quantiles; subjects, each a namespace and a name; outcomes, each the byte of its type
//! or kind and a message; groups, each the indexes of both, its time, count, sum and, if there are any, the buckets of its
//! quantiles.

use super::key::Key;
use super::shape::{Class, OutcomePart, SubjectPart};
use super::{AggregateError, Aggregation, Names, Tally};
use crate::bytes::{Reader, push_number, push_text};
use crate::query::{Dimension, Query};

const VERSION: u8 = 1;

impl Aggregation<'_> {
    /// What has been added up, as bytes for [`Aggregation::merge`].
    pub fn partial(&self) -> Vec<u8> {
        self.written(self.groups.iter())
    }

    /// The same of the first groups alone, as many as the query wants. It is right where no other store has a part of the
    /// same groups: see [`Query::is_by_namespace`].
    pub fn partial_cut(&self) -> Vec<u8> {
        self.written(self.ranked().into_iter().filter_map(|(_, index)| self.groups.get(index)))
    }

    fn written<'a>(&'a self, groups: impl Iterator<Item = &'a (Key, Tally)>) -> Vec<u8> {
        let (mut subjects, mut outcomes) = (Names::default(), Names::default());
        let (mut rows, mut n_groups) = (Vec::new(), 0);
        for (key, tally) in groups {
            let (subject, outcome) = (self.subjects.get(key.subject), self.outcomes.get(key.outcome));
            let (Some(subject), Some(outcome)) = (subject, outcome) else { continue };
            n_groups += 1;
            push_number(&mut rows, subjects.index(subject).into());
            push_number(&mut rows, outcomes.index(outcome).into());
            push_number(&mut rows, key.time_ms);
            push_number(&mut rows, tally.count);
            push_number(&mut rows, tally.sum_duration_ms);
            if self.query.quantiles {
                tally.sketch.push_to(&mut rows);
            }
        }
        let mut out = vec![VERSION];
        push_number(&mut out, mask(self.query));
        push_number(&mut out, subjects.names.len() as u64);
        for (namespace, repository) in subjects.names {
            push_text(&mut out, namespace);
            push_text(&mut out, repository);
        }
        push_number(&mut out, outcomes.names.len() as u64);
        for outcome in outcomes.names {
            out.push(outcome.class.code());
            push_text(&mut out, &outcome.message);
        }
        push_number(&mut out, n_groups);
        out.extend_from_slice(&rows);
        out
    }

    /// Adds a partial result of the same question.
    pub fn merge(&mut self, partial: &[u8]) -> Result<(), AggregateError> {
        let mut reader = Reader::new(partial);
        if reader.byte()? != VERSION || reader.number()? != mask(self.query) {
            return Err(AggregateError::CorruptPartial);
        }
        let subjects: Vec<SubjectPart> = (0..reader.n_things()?)
            .map(|_| Ok((reader.text()?.to_owned(), reader.text()?.to_owned())))
            .collect::<Result<_, AggregateError>>()?;
        let outcomes = (0..reader.n_things()?).map(|_| outcome(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        for _ in 0..reader.n_things()? {
            let subject = entry(&subjects, reader.number()?)?;
            let outcome = entry(&outcomes, reader.number()?)?;
            let (subject, outcome) = (self.subjects.index(subject.clone()), self.outcomes.index(outcome.clone()));
            let key = Key { subject, outcome, time_ms: reader.number()? };
            let (count, sum_duration_ms) = (reader.number()?, reader.number()?);
            let quantiles = self.query.quantiles;
            let tally = self.tally(key)?;
            tally.count = tally.count.saturating_add(count);
            tally.sum_duration_ms = tally.sum_duration_ms.saturating_add(sum_duration_ms);
            if quantiles {
                tally.sketch.add_read(&mut reader)?;
            }
        }
        if reader.is_at_end() { Ok(()) } else { Err(AggregateError::CorruptPartial) }
    }
}

fn outcome(reader: &mut Reader<'_>) -> Result<OutcomePart, AggregateError> {
    let class = Class::of_code(reader.byte()?).ok_or(AggregateError::CorruptPartial)?;
    Ok(OutcomePart { class, message: reader.text()?.to_owned() })
}

fn entry<T>(entries: &[T], index: u64) -> Result<&T, AggregateError> {
    let entry = usize::try_from(index).ok().and_then(|index| entries.get(index));
    entry.ok_or(AggregateError::CorruptPartial)
}

/// A bit for each dimension of the query, and one for quantiles.
fn mask(query: &Query) -> u64 {
    let has = Dimension::ALL.iter().map(|dimension| query.dimensions.contains(dimension));
    has.chain([query.quantiles]).zip(0..).map(|(has, bit)| u64::from(has) << bit).sum()
}
