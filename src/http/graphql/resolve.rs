//! The objects of a query, from its root to the numbers of a group.
//!
//! A field of a dataset is resolved from groups that are there. When they are not, it leaves the question that they answer, and
//! the query is run again when they have come: what is asked for is awaited between the runs and not within them.

use std::cell::{Cell, RefCell};

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use chrono::{DateTime, SecondsFormat};
use event_log::{Dimension, Direction, Operand};

use super::errors::told;
use super::filter::condition;
use super::look::{Looking, Selected};
use super::schema::Kind;
use crate::config::{GROUPS_DEFAULT, GROUPS_MAX, VALUES_MAX};
use crate::error::Error;
use crate::ops::metrics::{By, Dataset, Measured, Number, OrderBy, Question, Row};

/// What the answer to a question is, or why there is none.
pub(super) type Answered = Result<Vec<Row>, Error>;

/// One run of a query.
pub(super) struct Run<'r> {
    pub(super) account_id: &'r str,
    pub(super) looking: Looking<'r>,
    /// Questions whose answers are there.
    pub(super) done: &'r [(Question, Answered)],
    /// Questions whose answers are not, each once.
    pub(super) wanted: RefCell<Vec<Question>>,
    /// How many values the answer has so far.
    pub(super) n_values: Cell<usize>,
}

/// An object, with the name of its type where the schema has several of its kind.
pub(super) enum Object<'r> {
    Query(&'r Run<'r>),
    Viewer(&'r Run<'r>),
    Account(&'r Run<'r>),
    Group(&'r str, &'r Row),
    /// What is in a field of a group, by that field's name.
    Block(&'r str, &'r Row, &'r str),
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        match self {
            Self::Query(_) => "Query",
            Self::Viewer(_) => "viewer",
            Self::Account(_) => "account",
            Self::Group(name, _) | Self::Block(name, _, _) => name,
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let type_name = info.field_definition().ty.inner_named_type().as_str();
        match self {
            Self::Query(run) => Ok(ResolvedValue::object(Object::Viewer(run))),
            Self::Viewer(run) => {
                run.check_account(info.arguments()).map_err(|error| told(&error))?;
                Ok(ResolvedValue::list([ResolvedValue::object(Object::Account(run))]))
            }
            Self::Account(run) => {
                let rows = run.rows(info).map_err(|error| told(&error))?;
                Ok(ResolvedValue::list(
                    rows.iter().map(move |row| ResolvedValue::object(Object::Group(type_name, row))),
                ))
            }
            Self::Group(_, row) if info.field_definition().ty.inner_named_type() == "uint64" => {
                Ok(ResolvedValue::leaf(number(row, None, info.field_name())))
            }
            Self::Group(_, row) => Ok(ResolvedValue::object(Object::Block(type_name, row, info.field_name()))),
            Self::Block(_, row, "dimensions") => Ok(ResolvedValue::leaf(dimension(row, info.field_name()))),
            Self::Block(_, row, block) => Ok(ResolvedValue::leaf(number(row, Some(block), info.field_name()))),
        }
    }
}

impl<'r> Run<'r> {
    fn check_account(&self, arguments: &JsonMap) -> Result<(), Error> {
        let filter = arguments.get("filter").and_then(JsonValue::as_object);
        let tag = filter.and_then(|filter| filter.get("accountTag")).and_then(JsonValue::as_str);
        if tag == Some(self.account_id) {
            return Ok(());
        }
        Err(Error::Forbidden("accountTag is not the account that this deployment serves"))
    }

    /// The groups of a field of a dataset, none as long as they are not there.
    fn rows(&self, info: &ResolveInfo<'_>) -> Result<&'r [Row], Error> {
        let selected = self.looking.selected(info.field_selections().iter().map(|field| &field.selection_set));
        let question = question(info, &selected)?;
        let Some((_, answered)) = self.done.iter().find(|(known, _)| *known == question) else {
            let mut wanted = self.wanted.borrow_mut();
            if !wanted.contains(&question) {
                wanted.push(question);
            }
            return Ok(&[]);
        };
        let rows = answered.as_ref().map_err(Clone::clone)?;
        self.n_values.update(|n| n.saturating_add(rows.len().saturating_mul(selected.n_values)));
        if self.n_values.get() > VALUES_MAX {
            return Err(input(format!(
                "The answer has more than {VALUES_MAX} values: ask for fewer groups or fields."
            )));
        }
        Ok(rows)
    }
}

/// What a field of a dataset asks.
fn question(info: &ResolveInfo<'_>, selected: &Selected) -> Result<Question, Error> {
    let arguments = info.arguments();
    let dataset = Dataset::parse(info.field_name()).ok_or_else(|| input("There is no such dataset.".into()))?;
    let order = arguments.get("orderBy").filter(|order| !order.is_null());
    let order = order.map_or(&[][..], |order| order.as_array().map_or(std::slice::from_ref(order), Vec::as_slice));
    let named = order.iter().map(|by| order_by(dataset, by, selected)).collect::<Result<Vec<_>, _>>()?;
    // What is named again decides nothing any more.
    let mut order: Vec<(OrderBy, Direction)> = Vec::new();
    for (by, direction) in named {
        if order.iter().all(|(known, _)| *known != by) {
            order.push((by, direction));
        }
    }
    let orders_by_quantile = order.iter().any(|(by, _)| matches!(by, OrderBy::Number(Number::Duration(_))));
    Ok(Question {
        dataset,
        condition: condition(dataset, arguments.get("filter").filter(|filter| !filter.is_null()))?,
        dimensions: selected.dimensions.clone(),
        quantiles: selected.quantiles || orders_by_quantile,
        order,
        limit: limit(arguments.get("limit"))?,
    })
}

fn limit(limit: Option<&JsonValue>) -> Result<u32, Error> {
    let Some(limit) = limit.filter(|limit| !limit.is_null()) else { return Ok(GROUPS_DEFAULT) };
    let number = limit.as_u64().and_then(|limit| u32::try_from(limit).ok());
    let number = number.filter(|limit| (1..=GROUPS_MAX).contains(limit));
    number.ok_or_else(|| input(format!("limit: must be between 1 and {GROUPS_MAX}, found {limit}")))
}

fn order_by(dataset: Dataset, by: &JsonValue, selected: &Selected) -> Result<(OrderBy, Direction), Error> {
    let unknown = || input(format!("orderBy: {by} is no order"));
    let (name, direction) = by.as_str().and_then(|by| by.rsplit_once('_')).ok_or_else(unknown)?;
    let direction = if direction == "DESC" { Direction::Desc } else { Direction::Asc };
    if let Some(number) = dataset.numbers().into_iter().find(|number| number.order_name() == name) {
        return Ok((OrderBy::Number(number), direction));
    }
    let dimension = By::parse(name).ok_or_else(unknown)?;
    if !selected.dimensions.contains(&dimension) {
        return Err(input(format!(
            "orderBy: groups are not told apart by {name}: select it in dimensions, or leave it out"
        )));
    }
    Ok((OrderBy::Dimension(dimension), direction))
}

fn input(message: String) -> Error {
    Error::Input { message, pointer: None }
}

fn number(row: &Row, block: Option<&str>, name: &str) -> JsonValue {
    let of_dataset = Dataset::ALL.into_iter().flat_map(Dataset::numbers);
    let mut named = of_dataset.filter(|number| number.path() == (block, name));
    match named.next().and_then(|number| row.number(number)) {
        Some(Measured::Whole(value)) => value.into(),
        Some(Measured::Mean(value)) => value.into(),
        None => JsonValue::Null,
    }
}

fn dimension(row: &Row, name: &str) -> JsonValue {
    let Some(by) = By::parse(name) else { return JsonValue::Null };
    match row.dimensions.get(&by) {
        Some(Operand::Text(text)) => text.as_str().into(),
        Some(Operand::Time(time_ms)) => time(by, *time_ms).into(),
        None => JsonValue::Null,
    }
}

/// Times that are cut are whole seconds, and written so.
fn time(by: By, time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::UNIX_EPOCH);
    match (Kind::of(by), by) {
        (Kind::Date, _) => time.format("%Y-%m-%d").to_string(),
        (_, By::Event(Dimension::Datetime)) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        _ => time.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}
