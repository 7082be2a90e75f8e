//! The in-memory twins: SQLite by `rusqlite`, and a wire that ends in a closure and fails on demand.

use std::cell::{Cell as StdCell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::Failure;
use super::database::{Cell, Database, Row, Value, exact};
use super::wire::Wire;

/// A Durable Object's database and alarm, in memory.
pub(crate) struct MemoryDatabase {
    connection: Connection,
    alarm: StdCell<Option<u64>>,
    statements_left: StdCell<Option<u32>>,
    known_format: StdCell<usize>,
}

impl Default for MemoryDatabase {
    fn default() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        Self {
            connection,
            alarm: StdCell::new(None),
            statements_left: StdCell::new(None),
            known_format: StdCell::new(0),
        }
    }
}

impl MemoryDatabase {
    /// When the alarm is set to go off.
    pub(crate) fn alarm(&self) -> Option<u64> {
        self.alarm.get()
    }

    /// Takes the alarm as the platform does before it calls the handler.
    pub(crate) fn take_alarm(&self) -> Option<u64> {
        self.alarm.take()
    }

    /// Lets this many more statements run, then fails each.
    pub(crate) fn fail_after(&self, statements: Option<u32>) {
        self.statements_left.set(statements);
    }

    /// How many tables there are: none until something has been stored.
    pub(crate) fn n_tables(&self) -> u32 {
        self.connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get(0)).unwrap()
    }
}

impl Database for MemoryDatabase {
    fn exec(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        if let Some(left) = self.statements_left.get() {
            let left = left.checked_sub(1).ok_or(Failure::Platform("statement failed on demand".into()))?;
            self.statements_left.set(Some(left));
        }
        let mut statement = self.connection.prepare(statement)?;
        let n_columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..n_columns).map(|column| cell(row.get_ref(column)?)).collect::<Result<_, _>>()?;
            out.push(Row::new(cells));
        }
        Ok(out)
    }

    fn set_alarm(&self, at: Option<u64>) -> Result<(), Failure> {
        self.alarm.set(at);
        Ok(())
    }

    fn known_format(&self) -> &StdCell<usize> {
        &self.known_format
    }

    fn transaction<T, R>(&self, work: impl FnOnce() -> Result<Result<T, R>, Failure>) -> Result<Result<T, R>, Failure> {
        let alarm = self.alarm.get();
        let transaction = self.connection.unchecked_transaction()?;
        let outcome = work();
        if matches!(outcome, Ok(Ok(_))) {
            transaction.commit()?;
        } else {
            transaction.rollback()?;
            self.alarm.set(alarm);
            self.known_format.set(0);
        }
        outcome
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let too_large = |failure| rusqlite::Error::ToSqlConversionFailure(Box::new(failure));
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            // JavaScript's numbers are bound as REAL, here as there.
            Self::Integer(integer) => ValueRef::Real(exact(integer).map_err(too_large)?),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number from 0")]
fn cell(value: ValueRef<'_>) -> Result<Cell, Failure> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(integer) => {
            Cell::Integer(u64::try_from(integer).map_err(|_| Failure::shape("a non-negative integer", integer))?)
        }
        ValueRef::Real(real) if real >= 0.0 && real.fract() == 0.0 => Cell::Integer(real as u64),
        ValueRef::Real(real) => return Err(Failure::shape("an integer", real)),
        ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    })
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Platform(error.to_string())
    }
}

/// How a call goes wrong on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call never reached the object.
    Lost,
    /// The object did what it was asked, and its answer was lost.
    AnswerLost,
}

/// Answers a frame as the object's `fetch` handler does.
pub(crate) type Serve = Rc<dyn Fn(Vec<u8>) -> Result<Vec<u8>, Failure>>;

/// A wire that ends in this process.
#[derive(Clone)]
pub(crate) struct MemoryWire {
    serve: Serve,
    fault: Rc<RefCell<Option<(u32, Fault)>>>,
}

impl MemoryWire {
    /// A wire to `serve`. All wires that share `fault` count calls together: the fault strikes when its count is 0.
    pub(crate) fn new(serve: Serve, fault: Rc<RefCell<Option<(u32, Fault)>>>) -> Self {
        Self { serve, fault }
    }

    fn strikes(&self) -> Option<Fault> {
        let mut fault = self.fault.borrow_mut();
        match fault.take() {
            Some((0, kind)) => Some(kind),
            Some((calls, kind)) => {
                *fault = Some((calls - 1, kind));
                None
            }
            None => None,
        }
    }
}

impl Wire for MemoryWire {
    async fn send(&self, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
        match self.strikes() {
            None => (self.serve)(frame),
            Some(Fault::Lost) => Err(Failure::Platform("call lost on demand".into())),
            Some(Fault::AnswerLost) => {
                (self.serve)(frame)?;
                Err(Failure::Platform("answer lost on demand".into()))
            }
        }
    }
}

/// The output of a future that waits for nothing, as every one over the in-memory twins.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a future over in-memory twins waits for something"),
    }
}
