//! A namespace's Durable Object: the directory of its repos, and which repo a token id belongs to.
//!
//! The directory follows the repos: each repo's object is the truth about itself and reports here, and the namespace
//! reports to the account. SQL text stands in `schema`, `metadata`, `repos`, `listing` and
//! `token_map` only.

mod answer;
pub(crate) mod call;
mod client;
pub(crate) mod cursor;
mod duties;
#[cfg(test)]
mod fixture;
mod listing;
mod metadata;
mod object;
mod repos;
mod schema;
mod token_map;

#[cfg(test)]
pub(crate) use answer::answer_frame;
pub(crate) use client::NamespaceClient;
#[cfg(test)]
pub(crate) use duties::perform;
#[cfg(test)]
pub(crate) use fixture::lose;
pub use object::NamespaceObject;
