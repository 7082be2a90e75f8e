//! Writing: events gathered, sorted and laid out in columns.

use std::collections::HashMap;
use std::hash::Hash;

use super::read::{Outcome, Segment, Subject};
use super::{Inflated, SegmentError, sealed};
use crate::bytes::{push_number, push_text};
use crate::event::Event;

/// A segment of these events, in any order. Those of one millisecond stay in the order in which they are given.
pub fn encode(events: &[Event]) -> Vec<u8> {
    let mut writer = Writer::default();
    for event in events {
        let Event { time_ms, duration_ms, namespace, repository, event_type, message } = event;
        let subject = writer.subjects.index(Subject { namespace, repository });
        let outcome = writer.outcomes.index(Outcome { event_type: *event_type, message });
        writer.rows.push((*time_ms, subject, outcome, *duration_ms));
    }
    writer.finish()
}

/// One segment of the events of several, those of one millisecond in the order of the segments.
///
/// All of them are in memory at once, each at most `inflated_len_max` bytes, and 24 bytes (36 while they are sorted) for each event.
pub fn merge(segments: &[&[u8]], inflated_len_max: usize) -> Result<Vec<u8>, SegmentError> {
    let inflated =
        segments.iter().map(|bytes| Inflated::new(bytes, inflated_len_max)).collect::<Result<Vec<_>, _>>()?;
    let mut writer = Writer::default();
    for inflated in &inflated {
        writer.append(&inflated.segment()?)?;
    }
    Ok(writer.finish())
}

/// Distinct things in the order in which they came, and how often each did.
#[derive(Debug)]
struct Dictionary<T> {
    indexes: HashMap<T, u32>,
    entries: Vec<T>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { indexes: HashMap::new(), entries: Vec::new() }
    }
}

impl<T: Copy + Eq + Hash> Dictionary<T> {
    fn index(&mut self, entry: T) -> u32 {
        let next = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        *self.indexes.entry(entry).or_insert_with(|| {
            self.entries.push(entry);
            next
        })
    }

    /// The entries that are used, the most used first, and for each old index the new one.
    fn by_use(self, used: impl Iterator<Item = u32>) -> (Vec<T>, Vec<u64>) {
        let mut counts = vec![0_u64; self.entries.len()];
        for index in used {
            if let Some(count) = counts.get_mut(place(index)) {
                *count += 1;
            }
        }
        let mut order: Vec<(usize, u64)> = counts.into_iter().enumerate().filter(|(_, count)| *count > 0).collect();
        order.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        let mut new_indexes = vec![0; self.entries.len()];
        for ((old, _), new) in order.iter().zip(0..) {
            if let Some(index) = new_indexes.get_mut(*old) {
                *index = new;
            }
        }
        let entries = order.iter().filter_map(|(old, _)| self.entries.get(*old).copied()).collect();
        (entries, new_indexes)
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// Events that are to become a segment.
#[derive(Debug, Default)]
struct Writer<'a> {
    subjects: Dictionary<Subject<'a>>,
    outcomes: Dictionary<Outcome<'a>>,
    /// Time, subject, outcome, duration.
    rows: Vec<(u64, u32, u32, u32)>,
}

impl<'a> Writer<'a> {
    fn append(&mut self, segment: &Segment<'a>) -> Result<(), SegmentError> {
        let subjects: Vec<u32> = segment.subjects().iter().map(|subject| self.subjects.index(*subject)).collect();
        let outcomes: Vec<u32> = segment.outcomes().iter().map(|outcome| self.outcomes.index(*outcome)).collect();
        for row in segment.rows() {
            let row = row?;
            let (subject, outcome) = (subjects.get(row.subject), outcomes.get(row.outcome));
            let (Some(subject), Some(outcome)) = (subject, outcome) else { return Err(SegmentError::Corrupt) };
            self.rows.push((row.time_ms, *subject, *outcome, row.duration_ms));
        }
        Ok(())
    }

    fn finish(self) -> Vec<u8> {
        let Self { subjects, outcomes, mut rows } = self;
        rows.sort_by_key(|(time_ms, ..)| *time_ms);
        let (subjects, subject_indexes) = subjects.by_use(rows.iter().map(|(_, subject, ..)| *subject));
        let (outcomes, outcome_indexes) = outcomes.by_use(rows.iter().map(|(_, _, outcome, _)| *outcome));
        let times = (rows.first().map_or(0, |row| row.0), rows.last().map_or(0, |row| row.0));
        let mut body = Vec::new();
        push_subjects(&mut body, &subjects);
        push_number(&mut body, outcomes.len() as u64);
        for outcome in outcomes {
            body.push(outcome.event_type.code());
            push_text(&mut body, outcome.message);
        }
        let mut columns: [Vec<u8>; 4] = Default::default();
        let [of_times, of_subjects, of_outcomes, of_durations] = &mut columns;
        let new = |indexes: &[u64], index: u32| indexes.get(place(index)).copied().unwrap_or_default();
        let mut before = times.0;
        for (time_ms, subject, outcome, duration_ms) in &rows {
            push_number(of_times, time_ms - before);
            push_number(of_subjects, new(&subject_indexes, *subject));
            push_number(of_outcomes, new(&outcome_indexes, *outcome));
            push_number(of_durations, (*duration_ms).into());
            before = *time_ms;
        }
        for column in columns.iter().take(3) {
            push_number(&mut body, column.len() as u64);
        }
        for column in &columns {
            body.extend_from_slice(column);
        }
        sealed(rows.len(), times, &body)
    }
}

fn push_subjects(body: &mut Vec<u8>, subjects: &[Subject<'_>]) {
    let mut namespaces = Dictionary::default();
    let indexes: Vec<u32> = subjects.iter().map(|subject| namespaces.index(subject.namespace)).collect();
    push_number(body, namespaces.entries.len() as u64);
    namespaces.entries.iter().for_each(|namespace| push_text(body, namespace));
    push_number(body, subjects.len() as u64);
    for (subject, namespace) in subjects.iter().zip(indexes) {
        push_number(body, namespace.into());
        push_text(body, subject.repository);
    }
}
