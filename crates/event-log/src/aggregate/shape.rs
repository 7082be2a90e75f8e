//! Which part of an event the dimensions of a query look at.

use std::collections::BTreeSet;

use crate::event::{EventKind, EventType};
use crate::query::{Dimension, Operand, cut};
use crate::segment::{Outcome, Subject};

/// The namespace and the repo's name, each empty where the query does not look at it.
pub(super) type SubjectPart = (String, String);

/// Type or kind, and the message, empty where the query does not look at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OutcomePart {
    pub(super) class: Class,
    pub(super) message: String,
}

/// What a query tells of an event's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Any,
    Kind(EventKind),
    Type(EventType),
}

impl Class {
    /// Its byte in a partial result: a type's own, beside which there is room.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Any => 0,
            Self::Type(event_type) => event_type.code(),
            Self::Kind(EventKind::Action) => 100,
            Self::Kind(EventKind::Error) => 101,
        }
    }

    pub(super) fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Any),
            100 => Some(Self::Kind(EventKind::Action)),
            101 => Some(Self::Kind(EventKind::Error)),
            code => EventType::of_code(code).map(Self::Type),
        }
    }
}

/// How closely a query looks at the type.
#[derive(Debug, Clone, Copy)]
enum ClassBy {
    Nothing,
    Kind,
    Type,
}

/// What a query looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    namespace: bool,
    repository: bool,
    class: ClassBy,
    message: bool,
    /// The shortest window, of which the others are made.
    window_ms: Option<u64>,
}

impl Shape {
    pub(super) fn new(dimensions: &BTreeSet<Dimension>) -> Self {
        let has = |dimension| dimensions.contains(&dimension);
        Self {
            namespace: has(Dimension::Repository) || has(Dimension::RepositoryNamespace),
            repository: has(Dimension::Repository) || has(Dimension::RepositoryName),
            class: match (has(Dimension::EventType), has(Dimension::EventKind)) {
                (true, _) => ClassBy::Type,
                (false, true) => ClassBy::Kind,
                (false, false) => ClassBy::Nothing,
            },
            message: has(Dimension::ErrorMessage),
            window_ms: dimensions.iter().filter_map(|dimension| dimension.window_ms()).min(),
        }
    }

    pub(super) fn subject(self, subject: &Subject<'_>) -> SubjectPart {
        let part = |is_looked_at, text: &str| if is_looked_at { text.to_owned() } else { String::new() };
        (part(self.namespace, subject.namespace), part(self.repository, subject.repository))
    }

    pub(super) fn outcome(self, outcome: &Outcome<'_>) -> OutcomePart {
        let class = match self.class {
            ClassBy::Type => Class::Type(outcome.event_type),
            ClassBy::Kind => Class::Kind(outcome.event_type.kind()),
            ClassBy::Nothing => Class::Any,
        };
        OutcomePart { class, message: if self.message { outcome.message.to_owned() } else { String::new() } }
    }

    pub(super) fn time(self, time_ms: u64) -> u64 {
        self.window_ms.map_or(0, |window_ms| cut(time_ms, window_ms))
    }
}

/// The value that a group has in a dimension.
pub(super) fn value(
    dimension: Dimension,
    subject: Option<&SubjectPart>,
    outcome: Option<&OutcomePart>,
    time_ms: u64,
) -> Operand {
    if let Some(window_ms) = dimension.window_ms() {
        return Operand::Time(cut(time_ms, window_ms));
    }
    let (namespace, repository) = subject.map_or(("", ""), |(namespace, repository)| (namespace, repository));
    let (class, message) = outcome.map_or((Class::Any, ""), |part| (part.class, &part.message));
    let text = match (dimension, class) {
        (Dimension::Repository, _) => format!("{namespace}/{repository}"),
        (Dimension::RepositoryNamespace, _) => namespace.to_owned(),
        (Dimension::RepositoryName, _) => repository.to_owned(),
        (Dimension::EventKind, Class::Type(event_type)) => event_type.kind().to_string(),
        (Dimension::EventKind, Class::Kind(kind)) => kind.to_string(),
        (Dimension::EventType, Class::Type(event_type)) => event_type.to_string(),
        (Dimension::ErrorMessage, _) => message.to_owned(),
        _ => String::new(),
    };
    Operand::Text(text)
}
