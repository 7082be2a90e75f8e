//! Filters: what arrives as JSON becomes a condition. The values of scalars of our own arrive unchecked.

use apollo_compiler::response::JsonValue;
use chrono::{DateTime, NaiveDate, NaiveTime};
use event_log::{Operand, Operator};

use super::schema::{Kind, OPERATORS};
use crate::config::{CONDITIONS_DEPTH_MAX, OPERANDS_MAX, TIMES_MAX, WILDCARDS_MAX};
use crate::error::Error;
use crate::ops::metrics::{By, Condition, Dataset};

/// The condition that a filter of a dataset is.
pub(super) fn condition(dataset: Dataset, filter: Option<&JsonValue>) -> Result<Condition, Error> {
    let mut reading = Reading { dataset, n_operands: 0, n_times: 0, n_wildcards: 0 };
    filter.map_or_else(|| Ok(Condition::All(Vec::new())), |filter| reading.all_of(filter, 0))
}

struct Reading {
    dataset: Dataset,
    /// How many values there have been so far, times among them, and wildcards in patterns.
    n_operands: usize,
    n_times: usize,
    n_wildcards: usize,
}

impl Reading {
    fn all_of(&mut self, filter: &JsonValue, depth: usize) -> Result<Condition, Error> {
        if depth > CONDITIONS_DEPTH_MAX {
            return Err(wrong("", &format!("AND and OR stand in one another, {CONDITIONS_DEPTH_MAX} deep at most")));
        }
        let fields = filter.as_object().ok_or_else(|| wrong("", &format!("expected an object, found {filter}")))?;
        let fields = fields.iter().filter(|(_, value)| !value.is_null());
        let mut all = Vec::new();
        for (name, value) in fields {
            let (name, values) = (name.as_str(), value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
            let mut parts = || values.iter().map(|part| self.all_of(part, depth + 1)).collect::<Result<_, _>>();
            all.push(match name {
                "AND" => Condition::All(parts()?),
                "OR" => Condition::Any(parts()?),
                _ => self.comparison(name, values, value.is_array())?,
            });
        }
        Ok(match all.len() {
            1 => all.pop().unwrap_or(Condition::All(Vec::new())),
            _ => Condition::All(all),
        })
    }

    fn comparison(&mut self, name: &str, values: &[JsonValue], is_list: bool) -> Result<Condition, Error> {
        self.n_operands += values.len();
        if self.n_operands > OPERANDS_MAX {
            return Err(wrong("", &format!("more than {OPERANDS_MAX} values")));
        }
        let (by, how) = self.field(name).ok_or_else(|| wrong(name, "no such field"))?;
        if is_list && !matches!(how, Operator::In | Operator::NotIn) {
            return Err(wrong(name, "expected one value, found a list"));
        }
        if Kind::of(by) != Kind::Text {
            self.n_times += values.len();
        }
        if matches!(how, Operator::Like | Operator::NotLike) {
            let texts = values.iter().filter_map(JsonValue::as_str);
            self.n_wildcards += texts.map(|pattern| pattern.matches('%').count()).sum::<usize>();
        }
        if self.n_times > TIMES_MAX {
            return Err(wrong(name, &format!("more than {TIMES_MAX} times")));
        }
        if self.n_wildcards > WILDCARDS_MAX {
            return Err(wrong(name, &format!("more than {WILDCARDS_MAX} wildcards")));
        }
        let with = values.iter().map(|value| operand(name, by, value)).collect::<Result<_, _>>()?;
        Ok(Condition::Compare { by, how, with })
    }

    fn field(&self, name: &str) -> Option<(By, Operator)> {
        let (dimension, ending) = name.split_at_checked(name.find('_').unwrap_or(name.len()))?;
        let by = By::parse(dimension).filter(|by| self.dataset.dimensions().contains(by))?;
        let how = OPERATORS.into_iter().find(|(known, _)| *known == ending)?.1;
        Some((by, how))
    }
}

fn operand(name: &str, by: By, value: &JsonValue) -> Result<Operand, Error> {
    let text = value.as_str();
    let (read, expected) = match Kind::of(by) {
        Kind::Text => (text.map(|text| Operand::Text(text.to_owned())), "a text"),
        Kind::Date => (text.and_then(date).map(Operand::Time), "a day as 2026-05-01"),
        Kind::Time => (text.and_then(time).map(Operand::Time), "a time as 2026-05-01T12:00:00Z"),
    };
    read.ok_or_else(|| wrong(name, &format!("expected {expected}, found {value}")))
}

/// The beginning of a day, in unix milliseconds; before 1970 there is nothing.
fn date(text: &str) -> Option<u64> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(u64::try_from(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()).unwrap_or(0))
}

fn time(text: &str) -> Option<u64> {
    Some(u64::try_from(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis()).unwrap_or(0))
}

fn wrong(name: &str, why: &str) -> Error {
    let dot = if name.is_empty() { "" } else { "." };
    Error::Input { message: format!("filter{dot}{name}: {why}"), pointer: None }
}

#[cfg(test)]
mod tests {
    use event_log::Dimension::{Date, Datetime, DatetimeHour, EventKind, RepositoryName};
    use event_log::Operator::{Eq, Geq, In, Leq, Like, Lt, Neq, NotIn};

    use super::*;

    fn read(filter: &str) -> Result<Condition, String> {
        let filter = serde_json::from_str(filter).unwrap();
        condition(Dataset::Events, Some(&filter)).map_err(|error| error.message())
    }

    fn is(dimension: event_log::Dimension, how: Operator, with: impl Into<Vec<Operand>>) -> Condition {
        Condition::Compare { by: By::Event(dimension), how, with: with.into() }
    }

    fn text(text: &str) -> Operand {
        Operand::Text(text.into())
    }

    #[test]
    fn a_filter_is_the_condition_that_it_says() {
        let noon = || [Operand::Time(1_777_636_800_000)];
        let all = Condition::All;
        let table = [
            ("{}", all(vec![])),
            (r#"{"eventKind": "error"}"#, is(EventKind, Eq, [text("error")])),
            (r#"{"eventKind_neq": "error", "repositoryName": null}"#, is(EventKind, Neq, [text("error")])),
            (r#"{"repositoryName_in": ["a", "b"]}"#, is(RepositoryName, In, [text("a"), text("b")])),
            (r#"{"repositoryName_in": "a"}"#, is(RepositoryName, In, [text("a")])),
            (r#"{"repositoryName_notin": []}"#, is(RepositoryName, NotIn, [])),
            (r#"{"repositoryName_like": "a%"}"#, is(RepositoryName, Like, [text("a%")])),
            (r#"{"datetime_geq": "2026-05-01T12:00:00Z"}"#, is(Datetime, Geq, noon())),
            (r#"{"datetimeHour": "2026-05-01T14:00:00+02:00"}"#, is(DatetimeHour, Eq, noon())),
            (r#"{"datetime_lt": "2026-05-01T12:00:00.0079Z"}"#, is(Datetime, Lt, [Operand::Time(1_777_636_800_007)])),
            (r#"{"datetime_geq": "1066-10-14T09:00:00Z"}"#, is(Datetime, Geq, [Operand::Time(0)])),
            (r#"{"date_leq": "2026-05-01"}"#, is(Date, Leq, [Operand::Time(1_777_593_600_000)])),
            (r#"{"AND": [{"eventKind": "a"}, {}]}"#, all(vec![is(EventKind, Eq, [text("a")]), all(vec![])])),
            (r#"{"AND": null, "OR": []}"#, Condition::Any(vec![])),
            (
                r#"{"eventKind": "a", "OR": [{"eventKind": "b", "date": null}, {"OR": {"eventKind": "c"}}]}"#,
                all(vec![
                    is(EventKind, Eq, [text("a")]),
                    Condition::Any(vec![
                        is(EventKind, Eq, [text("b")]),
                        Condition::Any(vec![is(EventKind, Eq, [text("c")])]),
                    ]),
                ]),
            ),
        ];
        for (filter, wanted) in table {
            let read = read(filter);
            let parts = |condition: &Condition| match condition {
                Condition::All(parts) => parts.iter().map(|part| format!("{part:?}")).collect(),
                other => std::collections::BTreeSet::from([format!("{other:?}")]),
            };
            // Objects of JSON have no order.
            assert_eq!(read.as_ref().map(parts), Ok(parts(&wanted)), "{filter}");
        }
    }

    #[test]
    fn a_value_that_is_none_is_told_with_its_field() {
        let time = "expected a time as 2026-05-01T12:00:00Z, found";
        let table = [
            (r#"{"datetime_geq": "yesterday"}"#, format!(r#"filter.datetime_geq: {time} "yesterday""#)),
            (r#"{"datetime": 5}"#, format!("filter.datetime: {time} 5")),
            (
                r#"{"OR": [{"date": "2026-02-30"}]}"#,
                r#"filter.date: expected a day as 2026-05-01, found "2026-02-30""#.into(),
            ),
            (r#"{"eventKind": {}}"#, "filter.eventKind: expected a text, found {}".into()),
            (r#"{"AND": [[{"eventKind": "a"}]]}"#, r#"filter: expected an object, found [{"eventKind":"a"}]"#.into()),
            (r#"{"eventKind": ["a", "b"]}"#, "filter.eventKind: expected one value, found a list".into()),
            (r#"{"surface": "git"}"#, "filter.surface: no such field".into()),
        ];
        for (filter, wanted) in table {
            assert_eq!(read(filter), Err(wanted), "{filter}");
        }
    }

    #[test]
    fn filters_are_bounded() {
        let deep = |n: usize| format!("{}{{}}{}", r#"{"AND": ["#.repeat(n), "]}".repeat(n));
        assert!(read(&deep(CONDITIONS_DEPTH_MAX)).is_ok());
        let wanted = Err("filter: AND and OR stand in one another, 8 deep at most".to_owned());
        assert_eq!(read(&deep(CONDITIONS_DEPTH_MAX + 1)), wanted);
        let wide = |n: usize| format!(r#"{{"eventKind_in": ["a"{}]}}"#, r#","a""#.repeat(n - 1));
        assert!(read(&wide(OPERANDS_MAX)).is_ok());
        assert_eq!(read(&wide(OPERANDS_MAX + 1)), Err("filter: more than 1000 values".into()));
        let days = format!(r#"{{"date_in": ["2026-05-01"{}]}}"#, r#","2026-05-02""#.repeat(TIMES_MAX));
        assert_eq!(read(&days), Err("filter.date_in: more than 40 times".into()));
        let pattern = format!(r#"{{"eventType_like": "{}"}}"#, "%a".repeat(WILDCARDS_MAX + 1));
        assert_eq!(read(&pattern), Err("filter.eventType_like: more than 64 wildcards".into()));
    }
}
