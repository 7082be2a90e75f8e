//! The datasets, their dimensions and their numbers, by the names that they have in GraphQL.

use event_log::{Dimension, Quantile};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dataset {
    /// What operations have left behind.
    Events,
    /// How large repos are.
    Sizes,
    /// Requests without valid credentials.
    Rejected,
}

/// A dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// One that events have.
    Event(Dimension),
    /// The side on which a request came.
    Surface,
}

/// A number of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Count,
    SumDuration,
    AvgDuration,
    Duration(Quantile),
    MaxRepoSize,
}

const SIZE_DIMENSIONS: [Dimension; 10] = [
    Dimension::Repository,
    Dimension::RepositoryNamespace,
    Dimension::RepositoryName,
    Dimension::Date,
    Dimension::Datetime,
    Dimension::DatetimeMinute,
    Dimension::DatetimeFiveMinutes,
    Dimension::DatetimeFifteenMinutes,
    Dimension::DatetimeHour,
    Dimension::DatetimeSixHours,
];

impl Dataset {
    pub(crate) const ALL: [Self; 3] = [Self::Events, Self::Sizes, Self::Rejected];

    /// The field of an account.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Events => "artifactsEventsAdaptiveGroups",
            Self::Sizes => "artifactsStorageAdaptiveGroups",
            Self::Rejected => "artifactsRejectedRequestsAdaptiveGroups",
        }
    }

    /// The dataset of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == name)
    }

    /// What it can be filtered and grouped by.
    pub(crate) fn dimensions(self) -> Vec<By> {
        match self {
            Self::Events => Dimension::ALL.map(By::Event).to_vec(),
            Self::Sizes => SIZE_DIMENSIONS.map(By::Event).to_vec(),
            Self::Rejected => vec![By::Surface, By::Event(Dimension::Date), By::Event(Dimension::DatetimeHour)],
        }
    }

    /// What is told of each group.
    pub(crate) fn numbers(self) -> Vec<Number> {
        match self {
            Self::Events => {
                let quantiles = Quantile::ALL.map(Number::Duration);
                [&[Number::Count, Number::SumDuration, Number::AvgDuration], quantiles.as_slice()].concat()
            }
            Self::Sizes => vec![Number::MaxRepoSize],
            Self::Rejected => vec![Number::Count],
        }
    }
}

impl By {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Event(dimension) => dimension.name(),
            Self::Surface => "surface",
        }
    }

    /// The dimension of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if name == Self::Surface.name() { Some(Self::Surface) } else { Dimension::parse(name).map(Self::Event) }
    }

    /// Of a time, what it is cut to, in milliseconds; of anything else none.
    pub(crate) fn window_ms(self) -> Option<u64> {
        match self {
            Self::Event(dimension) => dimension.window_ms(),
            Self::Surface => None,
        }
    }
}

impl Number {
    /// The field that it is in, if it is in one, and its own.
    pub(crate) fn path(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::Count => (None, "count"),
            Self::SumDuration => (Some("sum"), "durationMs"),
            Self::AvgDuration => (Some("avg"), "durationMs"),
            Self::Duration(quantile) => (Some("quantiles"), quantile_name(quantile)),
            Self::MaxRepoSize => (Some("max"), "repositorySizeBytes"),
        }
    }

    /// Its name in an order.
    pub(crate) fn order_name(self) -> String {
        let (block, name) = self.path();
        block.map_or_else(|| name.to_owned(), |block| format!("{block}_{name}"))
    }
}

fn quantile_name(quantile: Quantile) -> &'static str {
    match quantile {
        Quantile::P25 => "durationMsP25",
        Quantile::P50 => "durationMsP50",
        Quantile::P75 => "durationMsP75",
        Quantile::P90 => "durationMsP90",
        Quantile::P95 => "durationMsP95",
        Quantile::P99 => "durationMsP99",
        Quantile::P999 => "durationMsP999",
    }
}
