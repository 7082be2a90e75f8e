//! A filter before one segment: decided once for each entry of its dictionaries, and not for each event.

use super::{Dimension, Filter, Operand, Operator};
use crate::event::EventKind;
use crate::segment::{Outcome, Row, Segment, Subject};

/// What is left to be asked of each event.
#[derive(Debug, Clone)]
pub(crate) enum Decided<'a> {
    /// It counts, or does not.
    Constant(bool),
    /// Whether its subject counts.
    Subject(Vec<bool>),
    /// Whether its outcome counts.
    Outcome(Vec<bool>),
    /// Whether its time, cut to a window, counts.
    Time { window_ms: u64, by: Operator, with: &'a [Operand] },
    /// All of these must hold.
    All(Vec<Decided<'a>>),
    /// One of these must hold.
    Any(Vec<Decided<'a>>),
}

impl<'a> Decided<'a> {
    /// Decides what can be.
    pub(crate) fn new(filter: &'a Filter, segment: &Segment<'_>) -> Self {
        match filter {
            Filter::And(all) => Self::joined(all.iter().map(|part| Self::new(part, segment)), true),
            Filter::Or(any) => Self::joined(any.iter().map(|part| Self::new(part, segment)), false),
            Filter::OfNamespaces(names) => {
                let is_one =
                    |subject: &Subject<'_>| names.iter().any(|name| name.eq_ignore_ascii_case(subject.namespace));
                Self::Subject(segment.subjects().iter().map(is_one).collect()).folded()
            }
            Filter::Compare { dimension, by, with } => {
                if let Some(window_ms) = dimension.window_ms() {
                    return Self::time(window_ms, *by, with, segment);
                }
                if is_of_outcome(*dimension) {
                    let holds = |outcome: &Outcome<'_>| by.holds_for_text(text_of_outcome(*dimension, outcome), with);
                    return Self::Outcome(segment.outcomes().iter().map(holds).collect()).folded();
                }
                let holds = |subject: &Subject<'_>| holds_for_subject(*dimension, *by, with, subject);
                Self::Subject(segment.subjects().iter().map(holds).collect()).folded()
            }
        }
    }

    /// A comparison by size that comes out the same for the first and the last event does so for all.
    fn time(window_ms: u64, by: Operator, with: &'a [Operand], segment: &Segment<'_>) -> Self {
        let holds = |time_ms| by.holds_for_time(cut(time_ms, window_ms), with);
        let first = holds(segment.header().time_min);
        let is_monotone = matches!(by, Operator::Gt | Operator::Geq | Operator::Lt | Operator::Leq);
        if is_monotone && first == holds(segment.header().time_max) {
            return Self::Constant(first);
        }
        Self::Time { window_ms, by, with }
    }

    /// All (or any) of the parts, those that are decided left out and those about the same dictionary made one.
    fn joined(parts: impl Iterator<Item = Self>, is_all: bool) -> Self {
        let (mut subjects, mut outcomes, mut others) = (None, None, Vec::new());
        for part in parts {
            match part {
                Self::Constant(holds) if holds == is_all => {}
                Self::Constant(holds) => return Self::Constant(holds),
                Self::Subject(holds) => join(&mut subjects, holds, is_all),
                Self::Outcome(holds) => join(&mut outcomes, holds, is_all),
                other => others.push(other),
            }
        }
        let decided = [subjects.map(Self::Subject), outcomes.map(Self::Outcome)];
        for part in decided.into_iter().flatten().map(Self::folded) {
            match part {
                Self::Constant(holds) if holds == is_all => {}
                Self::Constant(holds) => return Self::Constant(holds),
                other => others.push(other),
            }
        }
        match others.len() {
            0 => Self::Constant(is_all),
            1 => others.pop().unwrap_or(Self::Constant(is_all)),
            _ if is_all => Self::All(others),
            _ => Self::Any(others),
        }
    }

    /// A decision that is the same for every entry is one for every event.
    fn folded(self) -> Self {
        match &self {
            Self::Subject(holds) | Self::Outcome(holds) => match holds.split_first() {
                Some((first, rest)) if rest.iter().all(|holds| holds == first) => Self::Constant(*first),
                _ => self,
            },
            _ => self,
        }
    }

    /// Whether an event of the segment counts.
    pub(crate) fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Constant(holds) => *holds,
            Self::Subject(holds) => holds.get(row.subject).copied().unwrap_or(false),
            Self::Outcome(holds) => holds.get(row.outcome).copied().unwrap_or(false),
            Self::Time { window_ms, by, with } => by.holds_for_time(cut(row.time_ms, *window_ms), with),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
        }
    }
}

/// A time cut to a window.
pub(crate) fn cut(time_ms: u64, window_ms: u64) -> u64 {
    time_ms - time_ms % window_ms
}

fn join(joined: &mut Option<Vec<bool>>, holds: Vec<bool>, is_all: bool) {
    match joined {
        None => *joined = Some(holds),
        Some(joined) => {
            for (joined, holds) in joined.iter_mut().zip(holds) {
                *joined = if is_all { *joined && holds } else { *joined || holds };
            }
        }
    }
}

fn is_of_outcome(dimension: Dimension) -> bool {
    matches!(dimension, Dimension::EventKind | Dimension::EventType | Dimension::ErrorMessage)
}

fn text_of_outcome<'s>(dimension: Dimension, outcome: &Outcome<'s>) -> &'s str {
    match dimension {
        Dimension::EventKind => EventKind::name(outcome.event_type.kind()),
        Dimension::EventType => outcome.event_type.name(),
        _ => outcome.message,
    }
}

fn holds_for_subject(dimension: Dimension, by: Operator, with: &[Operand], subject: &Subject<'_>) -> bool {
    let Subject { namespace, repository } = subject;
    match dimension {
        Dimension::RepositoryNamespace => by.holds_for_text(namespace, with),
        Dimension::RepositoryName => by.holds_for_text(repository, with),
        _ => by.holds_for_text(&format!("{namespace}/{repository}"), with),
    }
}
