//! The schema, made from the datasets. Types are called as Cloudflare's GraphQL Analytics API calls its own, so that queries
//! which name them, `AccountArtifactsEventsAdaptiveGroupsFilter_InputObject` for one, are the same for both.

use std::cell::OnceCell;
use std::fmt::Write;
use std::rc::Rc;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use event_log::{Dimension, Operator};

use crate::config::{GROUPS_DEFAULT, GROUPS_MAX};
use crate::durable::Failure;
use crate::ops::metrics::{By, Dataset, Number};

thread_local! {
    /// Made once by an isolate: it takes some 20 ms.
    static SCHEMA: OnceCell<Rc<Valid<Schema>>> = const { OnceCell::new() };
}

/// What a dimension is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Date,
    Time,
}

impl Kind {
    pub(super) fn of(by: By) -> Self {
        match by {
            By::Event(Dimension::Date) => Self::Date,
            by if by.window_ms().is_some() => Self::Time,
            _ => Self::Text,
        }
    }

    /// Its type where it is given and where it is told.
    fn types(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("String", "string"),
            Self::Date => ("Date", "Date"),
            Self::Time => ("Time", "Time"),
        }
    }
}

/// Ways to compare, by what follows the name of a dimension.
pub(super) const OPERATORS: [(&str, Operator); 10] = [
    ("", Operator::Eq),
    ("_neq", Operator::Neq),
    ("_gt", Operator::Gt),
    ("_geq", Operator::Geq),
    ("_lt", Operator::Lt),
    ("_leq", Operator::Leq),
    ("_in", Operator::In),
    ("_notin", Operator::NotIn),
    ("_like", Operator::Like),
    ("_notlike", Operator::NotLike),
];

/// The schema, as the isolate keeps it.
pub(super) fn schema() -> Result<Rc<Valid<Schema>>, Failure> {
    SCHEMA.with(|kept| {
        if let Some(schema) = kept.get() {
            return Ok(Rc::clone(schema));
        }
        let schema = Schema::parse_and_validate(definition(), "metrics.graphql")
            .map_err(|invalid| Failure::shape("a schema", invalid.errors))?;
        Ok(Rc::clone(kept.get_or_init(|| Rc::new(schema))))
    })
}

/// The same in the language of schemas.
pub(super) fn definition() -> String {
    let mut out = String::from(ALL_BUT_DATASETS);
    let fields = Dataset::ALL.map(|dataset| field_of_account(dataset, &type_name(dataset)));
    let _ = writeln!(out, "type account {{\n{}}}", fields.concat());
    for dataset in Dataset::ALL {
        // A text takes all that is written to it.
        let _ = dataset_types(&mut out, dataset, &type_name(dataset));
    }
    out
}

const ALL_BUT_DATASETS: &str = r#"type Query {
  viewer: viewer!
}

type viewer {
  "The account that the deployment serves: any other is refused."
  accounts(filter: AccountFilter_InputObject!): [account!]!
}

input AccountFilter_InputObject {
  accountTag: String!
}

"A day, as 2026-05-01, in UTC."
scalar Date

"A time as RFC 3339 has it, to the millisecond: 2026-05-01T12:00:00Z. Told in UTC."
scalar Time

"A fraction."
scalar float64

"A text where it is told. Where it is given it is a String, and the type of a variable may be called either."
scalar string

"A whole number that is not negative. The type of a variable may be called Int as well."
scalar uint64

"#;

/// `AccountArtifactsEventsAdaptiveGroups` for `artifactsEventsAdaptiveGroups`.
fn type_name(dataset: Dataset) -> String {
    format!("Account{}", capitalized(dataset.name()))
}

fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn field_of_account(dataset: Dataset, name: &str) -> String {
    let says = match dataset {
        Dataset::Events => "Operations, of the last 31 days.",
        Dataset::Sizes => {
            "How large repositories are now: there is no history of it, and each is dated at this minute."
        }
        Dataset::Rejected => "Requests without valid credentials, by the hour, of the last 31 days.",
    };
    let field = dataset.name();
    format!(
        "  \"{says}\"\n  {field}(limit: uint64 = {GROUPS_DEFAULT}, filter: {name}Filter_InputObject, orderBy: [{name}OrderBy!]): [{name}!]\n"
    )
}

fn dataset_types(out: &mut String, dataset: Dataset, name: &str) -> std::fmt::Result {
    writeln!(out, "\n\"One of at most {GROUPS_MAX} groups: what is the same in all dimensions that are selected.\"")?;
    writeln!(out, "type {name} {{")?;
    let mut blocks: Vec<(&str, Vec<Number>)> = Vec::new();
    for number in dataset.numbers() {
        match (number.path(), blocks.last_mut()) {
            ((None, field), _) => writeln!(out, "  {field}: {}", type_of(number))?,
            ((Some(block), _), Some((last, numbers))) if *last == block => numbers.push(number),
            ((Some(block), _), _) => blocks.push((block, vec![number])),
        }
    }
    for (block, _) in &blocks {
        writeln!(out, "  {block}: {name}{}!", capitalized(block))?;
    }
    writeln!(out, "  dimensions: {name}Dimensions!\n}}")?;
    for (block, numbers) in &blocks {
        writeln!(out, "\ntype {name}{} {{", capitalized(block))?;
        for number in numbers {
            writeln!(out, "  {}: {}", number.path().1, type_of(*number))?;
        }
        writeln!(out, "}}")?;
    }
    dimension_types(out, dataset, name)?;
    writeln!(out, "\nenum {name}OrderBy {{")?;
    let numbers = dataset.numbers().into_iter().map(Number::order_name);
    for by in numbers.chain(dataset.dimensions().into_iter().map(|by| by.name().to_owned())) {
        writeln!(out, "  {by}_ASC\n  {by}_DESC")?;
    }
    writeln!(out, "}}")
}

fn dimension_types(out: &mut String, dataset: Dataset, name: &str) -> std::fmt::Result {
    writeln!(out, "\ntype {name}Dimensions {{")?;
    for by in dataset.dimensions() {
        writeln!(out, "  \"{}\"\n  {}: {}!", says(by), by.name(), Kind::of(by).types().1)?;
    }
    writeln!(
        out,
        "}}\n\n\"All that is given must hold; what is null is not given. In a pattern % stands for any text.\""
    )?;
    writeln!(out, "input {name}Filter_InputObject {{\n  AND: [{name}Filter_InputObject!]")?;
    writeln!(out, "  \"One of them must hold.\"\n  OR: [{name}Filter_InputObject!]")?;
    for by in dataset.dimensions() {
        let (kind, field) = (Kind::of(by), by.name());
        let given = kind.types().0;
        for (ending, how) in OPERATORS {
            match how {
                Operator::Like | Operator::NotLike if kind != Kind::Text => {}
                Operator::In | Operator::NotIn => writeln!(out, "  {field}{ending}: [{given}!]")?,
                _ => writeln!(out, "  {field}{ending}: {given}")?,
            }
        }
    }
    writeln!(out, "}}")
}

fn type_of(number: Number) -> &'static str {
    match number {
        Number::AvgDuration => "float64!",
        _ => "uint64!",
    }
}

fn says(by: By) -> &'static str {
    match by {
        By::Surface => "Where requests came: git, rest or graphql.",
        By::Event(dimension) => match dimension {
            Dimension::Repository => "namespace/name; without a name where an event is of no repository.",
            Dimension::RepositoryNamespace => "The namespace.",
            Dimension::RepositoryName => "The name in the namespace.",
            Dimension::EventKind => "action or error.",
            Dimension::EventType => {
                "create, fork, push, pull, delete; storageLimitReached, serverError, clientError, rateLimited."
            }
            Dimension::ErrorMessage => "What was wrong; empty for actions.",
            Dimension::Date => "The day.",
            Dimension::Datetime => "The time.",
            Dimension::DatetimeMinute => "The time cut to the minute.",
            Dimension::DatetimeFiveMinutes => "The time cut to five minutes.",
            Dimension::DatetimeFifteenMinutes => "The time cut to fifteen minutes.",
            Dimension::DatetimeHour => "The time cut to the hour.",
            Dimension::DatetimeSixHours => "The time cut to six hours.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `UPDATE_SCHEMA` in the environment it is written down.
    #[test]
    fn the_schema_is_valid_and_the_one_that_is_written_down() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.graphql");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, definition()).unwrap();
        }
        assert_eq!(definition(), std::fs::read_to_string(path).unwrap());
        assert!(schema().is_ok());
    }
}
