//! Reading: events one after the other, without anything allocated for each.

use super::{Header, Inflated, SegmentError};
use crate::bytes::Reader;
use crate::event::{Event, EventType};

/// Whom an event is about: an entry of a segment's dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The repo's name; empty where there is none.
    pub repository: &'a str,
}

/// What an event was: an entry of a segment's dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Outcome<'a> {
    /// Its type.
    pub event_type: EventType,
    /// What was wrong; empty for actions.
    pub message: &'a str,
}

/// A segment that is being read.
#[derive(Debug, Clone)]
pub struct Segment<'a> {
    header: Header,
    subjects: Vec<Subject<'a>>,
    outcomes: Vec<Outcome<'a>>,
    columns: Columns<'a>,
}

#[derive(Debug, Clone, Copy)]
struct Columns<'a> {
    times: Reader<'a>,
    subjects: Reader<'a>,
    outcomes: Reader<'a>,
    durations: Reader<'a>,
}

/// An event of a segment; whom and what it is about are indexes into the segment's dictionaries, which have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// When it was, in unix milliseconds.
    pub time_ms: u64,
    /// Index into [`Segment::subjects`].
    pub subject: usize,
    /// Index into [`Segment::outcomes`].
    pub outcome: usize,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

impl<'a> Segment<'a> {
    pub(super) fn read(header: Header, body: &'a [u8]) -> Result<Self, SegmentError> {
        let mut reader = Reader::new(body);
        let n_namespaces = reader.n_things()?;
        let namespaces = (0..n_namespaces).map(|_| reader.text()).collect::<Result<Vec<_>, _>>()?;
        let n_subjects = reader.n_things()?;
        let subjects = (0..n_subjects).map(|_| subject(&mut reader, &namespaces)).collect::<Result<_, _>>()?;
        let n_outcomes = reader.n_things()?;
        let outcomes = (0..n_outcomes).map(|_| outcome(&mut reader)).collect::<Result<_, _>>()?;
        let lens = [reader.n_things()?, reader.n_things()?, reader.n_things()?];
        let [times, of_subjects, of_outcomes] = lens.map(|len| reader.take(len).map(Reader::new));
        let durations = Reader::new(reader.take(reader.len())?);
        let columns = Columns { times: times?, subjects: of_subjects?, outcomes: of_outcomes?, durations };
        Ok(Self { header, subjects, outcomes, columns })
    }

    /// What it says about itself.
    pub fn header(&self) -> Header {
        self.header
    }

    /// Whom its events are about.
    pub fn subjects(&self) -> &[Subject<'a>] {
        &self.subjects
    }

    /// What its events were.
    pub fn outcomes(&self) -> &[Outcome<'a>] {
        &self.outcomes
    }

    /// Its events, in the order of their times. An error is the last item.
    pub fn rows(&self) -> Rows<'a> {
        Rows {
            columns: self.columns,
            time_ms: self.header.time_min,
            time_max: self.header.time_max,
            n_left: self.header.n_events,
            n_subjects: self.subjects.len(),
            n_outcomes: self.outcomes.len(),
            is_over: false,
        }
    }

    /// A row with its texts.
    pub fn event(&self, row: &Row) -> Result<Event, SegmentError> {
        let subject = self.subjects.get(row.subject).ok_or(SegmentError::Corrupt)?;
        let outcome = self.outcomes.get(row.outcome).ok_or(SegmentError::Corrupt)?;
        Ok(Event {
            time_ms: row.time_ms,
            duration_ms: row.duration_ms,
            namespace: subject.namespace.to_owned(),
            repository: subject.repository.to_owned(),
            event_type: outcome.event_type,
            message: outcome.message.to_owned(),
        })
    }
}

fn subject<'a>(reader: &mut Reader<'a>, namespaces: &[&'a str]) -> Result<Subject<'a>, SegmentError> {
    let index = usize::try_from(reader.number()?).map_err(|_| SegmentError::Corrupt)?;
    let namespace = namespaces.get(index).ok_or(SegmentError::Corrupt)?;
    Ok(Subject { namespace, repository: reader.text()? })
}

fn outcome<'a>(reader: &mut Reader<'a>) -> Result<Outcome<'a>, SegmentError> {
    let event_type = EventType::of_code(reader.byte()?).ok_or(SegmentError::Corrupt)?;
    Ok(Outcome { event_type, message: reader.text()? })
}

/// The events of a segment.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    columns: Columns<'a>,
    time_ms: u64,
    time_max: u64,
    n_left: u32,
    n_subjects: usize,
    n_outcomes: usize,
    is_over: bool,
}

impl Rows<'_> {
    fn read(&mut self) -> Result<Row, SegmentError> {
        let columns = &mut self.columns;
        self.time_ms = self.time_ms.checked_add(columns.times.number()?).ok_or(SegmentError::Corrupt)?;
        let subject = index(&mut columns.subjects, self.n_subjects)?;
        let outcome = index(&mut columns.outcomes, self.n_outcomes)?;
        let duration_ms = columns.durations.small()?;
        Ok(Row { time_ms: self.time_ms, subject, outcome, duration_ms })
    }

    /// Whether nothing is left over, and the last event is from when the header says.
    fn has_come_out(&self) -> bool {
        let Columns { times, subjects, outcomes, durations } = &self.columns;
        [times, subjects, outcomes, durations].iter().all(|column| column.is_at_end()) && self.time_ms == self.time_max
    }
}

fn index(column: &mut Reader<'_>, n: usize) -> Result<usize, SegmentError> {
    usize::try_from(column.number()?).ok().filter(|index| *index < n).ok_or(SegmentError::Corrupt)
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let Some(n_left) = self.n_left.checked_sub(1) else {
            self.is_over = true;
            return (!self.has_come_out()).then_some(Err(SegmentError::Corrupt));
        };
        self.n_left = n_left;
        let row = self.read();
        self.is_over = row.is_err();
        Some(row)
    }
}

/// Whether these bytes are a segment that can be read to its end.
pub fn check(bytes: &[u8], inflated_len_max: usize) -> Result<Header, SegmentError> {
    let inflated = Inflated::new(bytes, inflated_len_max)?;
    let segment = inflated.segment()?;
    segment.rows().try_for_each(|row| row.map(drop))?;
    Ok(segment.header())
}
