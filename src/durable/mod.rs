//! What all kinds of Durable Object have in common: their database, its one transaction, and the wire to them.
//!
//! Nothing here knows what is stored: see [`crate::repo`], [`crate::namespace`], [`crate::account`], [`crate::events`] and [`crate::maintenance`].

mod backoff;
mod database;
mod failure;
mod frame;
#[cfg(test)]
mod memory;
mod schema;
mod transaction;
mod wire;

pub(crate) use backoff::backoff_ms;
pub(crate) use database::{Database, INTEGER_MAX, Row, Value, settle};
pub(crate) use failure::Failure;
pub(crate) use frame::{Frame, FrameWriter};
#[cfg(test)]
pub(crate) use memory::{Fault, MemoryDatabase, MemoryWire, Serve, ready};
pub(crate) use schema::Schema;
pub(crate) use transaction::ObjectDatabase;
pub(crate) use wire::{Answer, Never, Noted, ObjectWire, Wire, ask, serve, tell};
