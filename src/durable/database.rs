//! The seam to the SQLite database of a Durable Object: statements in, typed rows out.
//!
//! Two implementations: [`super::ObjectDatabase`] in production, [`super::MemoryDatabase`] in native tests. Numbers
//! are non-negative and at most 2^53, because they pass through JavaScript.

use std::cell::Cell as StdCell;
use std::convert::Infallible;
use std::vec;

use super::Failure;

/// The greatest integer that JavaScript's numbers hold exactly.
pub(crate) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// An integer as JavaScript has it.
#[expect(clippy::cast_precision_loss, reason = "checked to be at most 2^53")]
pub(super) fn exact(value: u64) -> Result<f64, Failure> {
    if value > INTEGER_MAX {
        return Err(Failure::Range { what: "an integer for SQLite", value, max: INTEGER_MAX });
    }
    Ok(value as f64)
}

/// The database and the alarm of one Durable Object.
pub(crate) trait Database {
    /// Runs one statement to its end. Values bind to `?1`, `?2`, … in order.
    fn exec(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure>;

    /// Sets the object's one alarm, in unix milliseconds, or takes it away. Part of the transaction.
    fn set_alarm(&self, at: Option<u64>) -> Result<(), Failure>;

    /// The format that the tables are known to have; 0 when that is not known. What is rolled back is forgotten.
    fn known_format(&self) -> &StdCell<usize>;

    /// Runs `work` as one transaction, kept only if both results are `Ok`.
    ///
    /// `R` is a refusal: the state says no. [`Failure`] is the platform's. Either way nothing that was written stays.
    fn transaction<T, R>(&self, work: impl FnOnce() -> Result<Result<T, R>, Failure>) -> Result<Result<T, R>, Failure>;
}

/// Runs work that refuses nothing as one transaction.
pub(crate) fn settle<D: Database, T>(db: &D, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let Ok(done) = db.transaction(|| work().map(Ok::<T, Infallible>))?;
    Ok(done)
}

/// A value bound to a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Null,
    Integer(u64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Integer(u64::from(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A cell of an answered row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(u64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "an integer",
            Self::Text(_) => "text",
            Self::Blob(_) => "a blob",
        }
    }
}

/// An answered row, read column by column in the order of the `SELECT`.
#[derive(Debug)]
pub(crate) struct Row(vec::IntoIter<Cell>);

impl Row {
    /// A row of these cells.
    pub(crate) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    /// The next column, which is text.
    pub(crate) fn text(&mut self) -> Result<String, Failure> {
        self.optional_text()?.ok_or(Failure::Shape { what: "text", found: Cell::Null.kind().into() })
    }

    /// The next column, which is text or null.
    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, Failure> {
        match self.next()? {
            Cell::Text(text) => Ok(Some(text)),
            Cell::Null => Ok(None),
            other => Err(Failure::shape("text", other.kind())),
        }
    }

    /// The next column, which is a non-negative integer.
    pub(crate) fn integer(&mut self) -> Result<u64, Failure> {
        self.optional_integer()?.ok_or(Failure::Shape { what: "an integer", found: Cell::Null.kind().into() })
    }

    /// The next column, which is a non-negative integer or null.
    pub(crate) fn optional_integer(&mut self) -> Result<Option<u64>, Failure> {
        match self.next()? {
            Cell::Integer(integer) => Ok(Some(integer)),
            Cell::Null => Ok(None),
            other => Err(Failure::shape("an integer", other.kind())),
        }
    }

    /// The next column, which is 0 or 1.
    pub(crate) fn flag(&mut self) -> Result<bool, Failure> {
        match self.integer()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Failure::shape("0 or 1", other)),
        }
    }

    /// The next column, which is a blob or null.
    pub(crate) fn optional_blob(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self.next()? {
            Cell::Blob(bytes) => Ok(Some(bytes)),
            Cell::Null => Ok(None),
            other => Err(Failure::shape("a blob", other.kind())),
        }
    }

    fn next(&mut self) -> Result<Cell, Failure> {
        self.0.next().ok_or(Failure::Shape { what: "another column", found: "the end of the row".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_in_column_order() {
        let mut row = Row::new(vec![Cell::Text("a".into()), Cell::Integer(7), Cell::Null, Cell::Integer(1)]);
        assert_eq!(row.text(), Ok("a".to_owned()));
        assert_eq!(row.integer(), Ok(7));
        assert_eq!(row.optional_text(), Ok(None));
        assert_eq!(row.flag(), Ok(true));
    }

    #[test]
    fn a_column_of_another_kind_is_named() {
        let mut row = Row::new(vec![Cell::Integer(7)]);
        assert_eq!(row.text(), Err(Failure::shape("text", "an integer")));
    }

    #[test]
    fn a_missing_column_is_a_failure() {
        assert_eq!(Row::new(vec![]).integer(), Err(Failure::shape("another column", "the end of the row")));
    }
}
