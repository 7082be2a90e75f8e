//! Bodies and queries, field by field. Unknown fields and parameters are nobody's business.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Number, Value};

use crate::config::PAGE_MAX;
use crate::error::Error;

/// The fields of a JSON body.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of `body`, which must be a JSON object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(body_error("expected a JSON object")),
            Err(_) if body.is_empty() => Err(body_error("expected a JSON object, found nothing")),
            Err(error) => Err(body_error(&format!("expected a JSON object: {error}"))),
        }
    }

    /// A field that must be there and be text.
    pub(super) fn required_text(&self, name: &str) -> Result<&str, Error> {
        self.text(name)?.ok_or_else(|| field_error(name, "is required"))
    }

    /// A field that is text, null or not there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(field_error(name, "expected a string")),
        }
    }

    /// Whether a field is there and null, which takes a value away where there may be none.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    /// A field that is true, false, null or not there.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(field_error(name, "expected a boolean")),
        }
    }

    /// A field that is a number, null or not there.
    fn number(&self, name: &str) -> Result<Option<&Number>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(field_error(name, "expected a number")),
        }
    }

    /// The same, a whole one. 3600.0 is one too: some languages have but one kind of numbers. The number as it stands comes back
    /// if it is not.
    pub(super) fn whole_number(&self, name: &str) -> Result<Option<Result<u64, &Number>>, Error> {
        let whole = |number: &Number| number.as_u64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok());
        Ok(self.number(name)?.map(|number| whole(number).ok_or(number)))
    }

    fn present(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

/// A field that is not what it must be: `name` is a key of the body, without `/` or `~`.
pub(super) fn field_error(name: &str, why: &str) -> Error {
    Error::Input { message: format!("Invalid {name}: {why}."), pointer: Some(format!("/{name}")) }
}

/// A parameter of a list that is a number in a range.
pub(super) fn number_parameter(
    query: &HashMap<String, String>,
    name: &str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<u64, Error> {
    let Some(value) = query.get(name) else { return Ok(default) };
    value
        .parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| parameter_error(name, &format!("must be between {} and {}", range.start(), range.end())))
}

/// Where a page begins, if pages are counted: official clients do, and know of no cursor, which goes before.
pub(super) fn offset_parameter(query: &HashMap<String, String>, per_page: u64) -> Result<Option<u64>, Error> {
    let page = number_parameter(query, "page", 1..=PAGE_MAX, 1)?;
    let has_cursor = query.get("cursor").is_some_and(|cursor| !cursor.is_empty());
    Ok((query.contains_key("page") && !has_cursor).then_some((page - 1) * per_page))
}

/// A parameter that is one of a few words.
pub(super) fn word_parameter<T: Copy>(
    query: &HashMap<String, String>,
    name: &str,
    words: &[(&str, T)],
    default: T,
) -> Result<T, Error> {
    let Some(value) = query.get(name) else { return Ok(default) };
    words.iter().find(|(word, _)| word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        parameter_error(name, &format!("must be one of {}", words.join(", ")))
    })
}

/// A parameter that is not what it must be.
pub(super) fn parameter_error(name: &str, why: &str) -> Error {
    Error::Input { message: format!("Invalid {name}: {why}."), pointer: None }
}

fn body_error(why: &str) -> Error {
    Error::Input { message: format!("Invalid body: {why}."), pointer: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(message: &str, pointer: Option<&str>) -> Error {
        Error::Input { message: message.into(), pointer: pointer.map(Into::into) }
    }

    #[test]
    fn fields_are_read_by_type_and_null_is_absent() {
        let fields = Fields::parse(br#"{"a":"x","b":true,"c":5,"d":null,"e":[]}"#).unwrap();
        assert_eq!(fields.required_text("a"), Ok("x"));
        assert_eq!(fields.flag("b"), Ok(Some(true)));
        assert_eq!(fields.number("c").map(|number| number.and_then(Number::as_u64)), Ok(Some(5)));
        assert_eq!(fields.text("d"), Ok(None));
        assert_eq!(fields.text("f"), Ok(None));
        assert_eq!((fields.is_null("a"), fields.is_null("d"), fields.is_null("f")), (false, true, false));
        assert_eq!(fields.text("c"), Err(input("Invalid c: expected a string.", Some("/c"))));
        assert_eq!(fields.flag("a"), Err(input("Invalid a: expected a boolean.", Some("/a"))));
        assert_eq!(fields.number("b"), Err(input("Invalid b: expected a number.", Some("/b"))));
        assert_eq!(fields.required_text("d"), Err(input("Invalid d: is required.", Some("/d"))));
    }

    #[test]
    fn what_is_no_object_is_no_body() {
        for body in [&b""[..], b"[]", b"null", b"{", b"\xff"] {
            assert!(matches!(Fields::parse(body), Err(Error::Input { pointer: None, .. })), "{body:?}");
        }
    }

    #[test]
    fn a_number_outside_its_range_is_told_the_range() {
        let query = |value: &str| HashMap::from([("limit".to_owned(), value.to_owned())]);
        let wrong = Err(input("Invalid limit: must be between 1 and 200.", None));
        assert_eq!(number_parameter(&HashMap::new(), "limit", 1..=200, 50), Ok(50));
        assert_eq!(number_parameter(&query("200"), "limit", 1..=200, 50), Ok(200));
        for value in ["0", "201", "-1", "x", "", "1.5"] {
            assert_eq!(number_parameter(&query(value), "limit", 1..=200, 50), wrong);
        }
    }

    #[test]
    fn a_cursor_goes_before_the_number_of_a_page() {
        let query = |text: &str| -> HashMap<String, String> {
            text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
        };
        assert_eq!(offset_parameter(&query(""), 50), Ok(None));
        assert_eq!(offset_parameter(&query("page=3"), 50), Ok(Some(100)));
        assert_eq!(offset_parameter(&query("page=3&cursor="), 50), Ok(Some(100)));
        assert_eq!(offset_parameter(&query("page=3&cursor=c"), 50), Ok(None));
        assert!(offset_parameter(&query("page=0&cursor=c"), 50).is_err());
    }

    #[test]
    fn a_word_that_is_none_of_them_is_told_which_there_are() {
        let query = HashMap::from([("direction".to_owned(), "up".to_owned())]);
        let words = [("asc", 1), ("desc", 2)];
        let wrong = Err(input("Invalid direction: must be one of asc, desc.", None));
        assert_eq!(word_parameter(&query, "direction", &words, 2), wrong);
        assert_eq!(word_parameter(&HashMap::new(), "direction", &words, 2), Ok(2));
    }
}
