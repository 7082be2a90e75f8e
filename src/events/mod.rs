//! The stores of metrics events: Durable Objects, each of which keeps the events of some of the namespaces for 31 days, and answers
//! questions about them.
//!
//! What was recorded is one row at once; the object's alarm merges rows and deletes what is too old. Beside the events stand
//! counters of requests without valid credentials, which are no events. SQL text stands in `schema`, `segments`, `noise` and
//! `due` only.

mod answer;
pub(crate) mod call;
mod client;
mod due;
mod duties;
mod noise;
mod object;
mod schema;
mod segments;
mod shard;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use answer::answer_frame;
pub(crate) use call::{Noise, Surface};
pub(crate) use client::EventsClient;
#[cfg(test)]
pub(crate) use duties::perform;
pub use object::EventsObject;
pub(crate) use shard::shard_of;
