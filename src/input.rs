//! What callers send, field by field: the bodies of REST requests, the arguments of the binding. Unknown fields are nobody's
//! business.

mod wanted;

use std::ops::RangeInclusive;

use serde_json::{Map, Number, Value};

use crate::error::Error;

/// The fields of a JSON object.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    fields: Map<String, Value>,
    /// What stands before their names when callers are told of them: `source.` for those of a field `source`.
    prefix: String,
}

impl Fields {
    /// The fields of a body, which must be a JSON object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self { fields, prefix: String::new() }),
            Ok(_) => Err(body_error("expected a JSON object")),
            Err(_) if body.is_empty() => Err(body_error("expected a JSON object, found nothing")),
            Err(error) => Err(body_error(&format!("expected a JSON object: {error}"))),
        }
    }

    /// A field that must be there and be text.
    pub(crate) fn required_text(&self, name: &str) -> Result<&str, Error> {
        self.text(name)?.ok_or_else(|| self.error(name, "is required"))
    }

    /// A field that is text, null or not there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(name, "expected a string")),
        }
    }

    /// Whether a field is there and null, which takes a value away where there may be none.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(Value::is_null)
    }

    /// A field that is true, false, null or not there.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.error(name, "expected a boolean")),
        }
    }

    /// A field that is a number, null or not there.
    fn number(&self, name: &str) -> Result<Option<&Number>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(self.error(name, "expected a number")),
        }
    }

    /// The same, a whole one. 3600.0 is one too: some languages have but one kind of numbers. The number as it stands comes back
    /// if it is not.
    fn whole_number(&self, name: &str) -> Result<Option<Result<u64, &Number>>, Error> {
        let whole = |number: &Number| number.as_u64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok());
        Ok(self.number(name)?.map(|number| whole(number).ok_or(number)))
    }

    /// The same, one of a range.
    pub(crate) fn number_in(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Error> {
        let Some(number) = self.whole_number(name)? else { return Ok(None) };
        let number = number.ok().filter(|number| range.contains(number));
        let why = || format!("must be between {} and {}", range.start(), range.end());
        number.map(Some).ok_or_else(|| self.error(name, &why()))
    }

    /// A field that is an object, whose own fields callers know by their names alone.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Error> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self { fields: fields.clone(), prefix: String::new() })),
            Some(_) => Err(self.error(name, "expected an object")),
        }
    }

    /// The same of one whose fields callers know by its name and theirs.
    pub(crate) fn nested(&self, name: &str) -> Result<Option<Self>, Error> {
        let prefix = format!("{}{name}.", self.prefix);
        Ok(self.object(name)?.map(|object| Self { prefix, ..object }))
    }

    /// A field that is not what it must be: `name` is without `/` or `~`.
    pub(crate) fn error(&self, name: &str, why: &str) -> Error {
        let name = format!("{}{name}", self.prefix);
        Error::Input {
            message: format!("Invalid {name}: {why}."),
            pointer: Some(format!("/{}", name.replace('.', "/"))),
        }
    }

    fn present(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }
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
        let fields = Fields::parse(br#"{"a":1,"b":200.0,"c":0,"d":201,"e":-1,"f":1.5,"g":"5"}"#).unwrap();
        let number = |name| fields.number_in(name, 1..=200);
        assert_eq!((number("a"), number("b"), number("other")), (Ok(Some(1)), Ok(Some(200)), Ok(None)));
        for name in ["c", "d", "e", "f"] {
            let message = format!("Invalid {name}: must be between 1 and 200.");
            assert_eq!(number(name), Err(input(&message, Some(&format!("/{name}")))));
        }
        assert_eq!(number("g"), Err(input("Invalid g: expected a number.", Some("/g"))));
    }

    #[test]
    fn fields_of_fields_are_told_apart() {
        let fields = Fields::parse(br#"{"opts":{"a":5},"target":{"opts":{"a":5}},"null":null}"#).unwrap();
        let text_of = |fields: &Fields| fields.text("a").map(|text| text.map(str::to_owned));
        let opts = fields.object("opts").unwrap().unwrap();
        assert_eq!(text_of(&opts), Err(input("Invalid a: expected a string.", Some("/a"))));
        let opts = fields.nested("target").unwrap().unwrap().nested("opts").unwrap().unwrap();
        let message = "Invalid target.opts.a: expected a string.";
        assert_eq!(text_of(&opts), Err(input(message, Some("/target/opts/a"))));
        assert!(fields.object("other").unwrap().is_none());
        assert_eq!(fields.nested("null").unwrap_err(), input("Invalid null: expected an object.", Some("/null")));
    }
}
