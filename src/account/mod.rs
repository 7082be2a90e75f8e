//! The account's Durable Object: the directory of its namespaces, and what is stored in all of them. It follows the
//! namespaces, which report here. SQL text stands in `schema` and `namespaces` only.

mod answer;
pub(crate) mod call;
mod client;
mod namespaces;
mod object;
mod schema;

#[cfg(test)]
pub(crate) use answer::answer_frame;
pub(crate) use client::AccountClient;
pub use object::AccountObject;
