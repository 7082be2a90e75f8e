//! The dimensions of events.

use serde::{Deserialize, Serialize};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// What events are told apart by, as the documentation of the metrics lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dimension {
    /// `namespace/name`; `namespace/` where there is no repo.
    Repository,
    /// The namespace.
    RepositoryNamespace,
    /// The repo's name; empty where there is none.
    RepositoryName,
    /// `action` or `error`.
    EventKind,
    /// The type.
    EventType,
    /// What was wrong; empty for actions.
    ErrorMessage,
    /// The day, in UTC.
    Date,
    /// The time.
    Datetime,
    /// The time cut to the minute.
    DatetimeMinute,
    /// The time cut to five minutes.
    DatetimeFiveMinutes,
    /// The time cut to fifteen minutes.
    DatetimeFifteenMinutes,
    /// The time cut to the hour.
    DatetimeHour,
    /// The time cut to six hours.
    DatetimeSixHours,
}

impl Dimension {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::Repository,
        Self::RepositoryNamespace,
        Self::RepositoryName,
        Self::EventKind,
        Self::EventType,
        Self::ErrorMessage,
        Self::Date,
        Self::Datetime,
        Self::DatetimeMinute,
        Self::DatetimeFiveMinutes,
        Self::DatetimeFifteenMinutes,
        Self::DatetimeHour,
        Self::DatetimeSixHours,
    ];

    /// The documented spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::RepositoryNamespace => "repositoryNamespace",
            Self::RepositoryName => "repositoryName",
            Self::EventKind => "eventKind",
            Self::EventType => "eventType",
            Self::ErrorMessage => "errorMessage",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::DatetimeMinute => "datetimeMinute",
            Self::DatetimeFiveMinutes => "datetimeFiveMinutes",
            Self::DatetimeFifteenMinutes => "datetimeFifteenMinutes",
            Self::DatetimeHour => "datetimeHour",
            Self::DatetimeSixHours => "datetimeSixHours",
        }
    }

    /// The dimension that is spelt so, case included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.name() == name)
    }

    /// Of a time, what it is cut to, in milliseconds; of anything else none. Each divides every longer one.
    pub const fn window_ms(self) -> Option<u64> {
        match self {
            Self::Date => Some(24 * HOUR_MS),
            Self::Datetime => Some(1),
            Self::DatetimeMinute => Some(MINUTE_MS),
            Self::DatetimeFiveMinutes => Some(5 * MINUTE_MS),
            Self::DatetimeFifteenMinutes => Some(15 * MINUTE_MS),
            Self::DatetimeHour => Some(HOUR_MS),
            Self::DatetimeSixHours => Some(6 * HOUR_MS),
            Self::Repository
            | Self::RepositoryNamespace
            | Self::RepositoryName
            | Self::EventKind
            | Self::EventType
            | Self::ErrorMessage => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_spelt_as_documented() {
        for dimension in Dimension::ALL {
            assert_eq!(Dimension::parse(dimension.name()), Some(dimension));
            assert_eq!(serde_json::to_value(dimension).unwrap(), dimension.name());
        }
        assert_eq!(Dimension::parse("Repository"), None);
    }

    #[test]
    fn each_window_divides_every_longer_one() {
        let windows: Vec<u64> = Dimension::ALL.into_iter().filter_map(Dimension::window_ms).collect();
        for (long, short) in windows.iter().flat_map(|long| windows.iter().map(move |short| (long, short))) {
            assert!(short > long || long % short == 0);
        }
    }
}
