//! A namespace's Durable Object: the directory of its repos, and which repo a token id belongs to.
//!
//! The directory follows the repos: each repo's object is the truth about itself and reports here. SQL text stands in
//! `schema`, `repos` and `token_map` only.

mod answer;
pub(crate) mod call;
mod client;
mod object;
mod repos;
mod schema;
mod token_map;

#[cfg(test)]
pub(crate) use answer::answer_frame;
pub(crate) use client::NamespaceClient;
pub use object::NamespaceObject;
