//! The account's Durable Object: the directory of its namespaces. SQL text stands in `schema` only.

mod answer;
mod call;
mod client;
mod object;
mod schema;

#[cfg(test)]
pub(crate) use answer::answer_frame;
pub(crate) use client::AccountClient;
pub use object::AccountObject;
