//! One event: what was done or went wrong, to which repo, when, and how long it took.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What an operation was, or what was wrong with it, as the documentation of the metrics lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventType {
    /// A repo was created.
    Create,
    /// A repo was forked.
    Fork,
    /// A client pushed to a repo.
    Push,
    /// A client fetched or cloned a repo.
    Pull,
    /// A repo was deleted.
    Delete,
    /// A storage limit stood in the way.
    StorageLimitReached,
    /// This server failed.
    ServerError,
    /// The client asked for what is invalid or not supported.
    ClientError,
    /// A rate limit stood in the way.
    RateLimited,
}

/// Whether something was done or went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// It was done.
    Action,
    /// It went wrong.
    Error,
}

impl EventType {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Create,
        Self::Fork,
        Self::Push,
        Self::Pull,
        Self::Delete,
        Self::StorageLimitReached,
        Self::ServerError,
        Self::ClientError,
        Self::RateLimited,
    ];

    /// The documented spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Fork => "fork",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::Delete => "delete",
            Self::StorageLimitReached => "storageLimitReached",
            Self::ServerError => "serverError",
            Self::ClientError => "clientError",
            Self::RateLimited => "rateLimited",
        }
    }

    /// The type that is spelt so, case included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.name() == name)
    }

    /// Whether it is an action or an error.
    pub const fn kind(self) -> EventKind {
        match self {
            Self::Create | Self::Fork | Self::Push | Self::Pull | Self::Delete => EventKind::Action,
            Self::StorageLimitReached | Self::ServerError | Self::ClientError | Self::RateLimited => EventKind::Error,
        }
    }

    /// Its byte in segments and partial results: 1 to 9, in the order of [`EventType::ALL`].
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Create => 1,
            Self::Fork => 2,
            Self::Push => 3,
            Self::Pull => 4,
            Self::Delete => 5,
            Self::StorageLimitReached => 6,
            Self::ServerError => 7,
            Self::ClientError => 8,
            Self::RateLimited => 9,
        }
    }

    /// The type of this byte.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.code() == code)
    }
}

impl EventKind {
    /// The documented spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Error => "error",
        }
    }

    /// The kind that is spelt so, case included.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Action, Self::Error].into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one operation left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it ended, in unix milliseconds.
    pub time_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The namespace, as it is spelt.
    pub namespace: String,
    /// The repo's name in it, as it is spelt; empty where there is none.
    pub repository: String,
    /// What it was.
    pub event_type: EventType,
    /// What was wrong; empty for actions.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_kinds_are_spelt_as_documented() {
        let names = "create fork push pull delete storageLimitReached serverError clientError rateLimited";
        assert_eq!(EventType::ALL.map(|event_type| event_type.to_string()).join(" "), names);
        for event_type in EventType::ALL {
            assert_eq!(EventType::parse(event_type.name()), Some(event_type));
            assert_eq!(EventType::of_code(event_type.code()), Some(event_type));
            assert_eq!(serde_json::to_value(event_type).unwrap(), event_type.name());
        }
        let errors = EventType::ALL.into_iter().filter(|event_type| event_type.kind() == EventKind::Error);
        assert_eq!(errors.map(EventType::code).collect::<Vec<_>>(), [6, 7, 8, 9]);
        assert_eq!(
            (EventKind::parse("action"), EventKind::parse("error")),
            (Some(EventKind::Action), Some(EventKind::Error))
        );
    }

    #[test]
    fn another_spelling_is_no_type() {
        assert_eq!((EventType::parse("Push"), EventType::parse(""), EventKind::parse("Error")), (None, None, None));
        assert_eq!((EventType::of_code(0), EventType::of_code(10)), (None, None));
    }
}
