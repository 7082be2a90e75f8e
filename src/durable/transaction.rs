//! The database of a Durable Object in production, and `transactionSync`, which `worker` does not bind.
//!
//! A handler that returns an error keeps the SQL writes it had made, and `BEGIN` is refused as a statement: this is
//! the only way to undo. Throwing out of the callback rolls back rows and alarm alike.

use std::cell::Cell as StdCell;

use js_sys::{Date, Object};
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectStorage;
use worker::{SqlStorage, SqlStorageValue, State};

use super::database::{Cell, Database, Row, Value, exact};
use super::failure::Failure;
use crate::stats::{self, Counter};

#[wasm_bindgen]
extern "C" {
    /// The part of `DurableObjectStorage` that `worker` leaves out.
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &SyncStorage, callback: &mut dyn FnMut() -> Result<(), JsValue>) -> Result<(), JsValue>;
}

/// SQLite and the alarm of the Durable Object that this code runs in.
pub(crate) struct ObjectDatabase {
    storage: worker::Storage,
    sql: SqlStorage,
    known_format: StdCell<usize>,
}

impl ObjectDatabase {
    /// The database of the object whose state this is.
    pub(crate) fn new(state: &State) -> Self {
        let storage = state.storage();
        let sql = storage.sql();
        Self { storage, sql, known_format: StdCell::new(0) }
    }

    fn raw(&self) -> &DurableObjectStorage {
        self.storage.as_raw()
    }
}

impl Database for ObjectDatabase {
    fn exec(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let values = values.iter().map(to_js).collect::<Result<Vec<_>, _>>()?;
        let cursor = self.sql.exec_raw(statement, values)?;
        let rows =
            cursor.raw().map(|row| Ok(Row::new(row?.into_iter().map(from_js).collect::<Result<_, _>>()?))).collect();
        stats::count(Counter::RowsRead, cursor.rows_read() as u64);
        stats::count(Counter::RowsWritten, cursor.rows_written() as u64);
        rows
    }

    fn set_alarm(&self, at: Option<u64>) -> Result<(), Failure> {
        let promise = match at {
            Some(at) => self.raw().set_alarm(Date::new(&JsValue::from_f64(exact(at)?)), Object::new()),
            None => self.raw().delete_alarm(Object::new()),
        };
        // It resolves when the write is durable. The runtime holds every answer back until then, and breaks the object
        // if the write fails, so there is nothing to wait for.
        promise.map(drop).map_err(platform)
    }

    fn known_format(&self) -> &StdCell<usize> {
        &self.known_format
    }

    fn transaction<T, R>(&self, work: impl FnOnce() -> Result<Result<T, R>, Failure>) -> Result<Result<T, R>, Failure> {
        let mut work = Some(work);
        let mut outcome = None;
        let mut callback = || {
            let result = work.take().map(|work| work());
            let keep = matches!(result, Some(Ok(Ok(_))));
            outcome = result;
            if keep { Ok(()) } else { Err(JsValue::from_str("rolled back")) }
        };
        let thrown = self.raw().unchecked_ref::<SyncStorage>().transaction_sync(&mut callback);
        if thrown.is_err() {
            self.known_format.set(0);
        }
        match (thrown, outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ (Err(_) | Ok(Err(_))))) => outcome,
            (Err(error), _) => Err(platform(error)),
            (Ok(()), None) => Err(Failure::Platform("transactionSync did not run its callback".into())),
        }
    }
}

fn platform(error: JsValue) -> Failure {
    worker::Error::from(error).into()
}

fn to_js(value: &Value<'_>) -> Result<JsValue, Failure> {
    Ok(match *value {
        Value::Null => JsValue::NULL,
        Value::Integer(integer) => JsValue::from_f64(exact(integer)?),
        Value::Text(text) => JsValue::from_str(text),
        Value::Blob(bytes) => js_sys::Uint8Array::from(bytes).into(),
    })
}

fn from_js(value: SqlStorageValue) -> Result<Cell, Failure> {
    Ok(match value {
        SqlStorageValue::Null => Cell::Null,
        SqlStorageValue::Integer(integer) => {
            Cell::Integer(u64::try_from(integer).map_err(|_| Failure::shape("a non-negative integer", integer))?)
        }
        SqlStorageValue::String(text) => Cell::Text(text),
        SqlStorageValue::Blob(bytes) => Cell::Blob(bytes),
        SqlStorageValue::Boolean(flag) => return Err(Failure::shape("a value of SQLite", flag)),
        SqlStorageValue::Float(float) => return Err(Failure::shape("an integer", float)),
    })
}
