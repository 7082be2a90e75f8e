//! The repo's Durable Object: refs, tokens and the catalog of packs, in SQLite, and the way to it.
//!
//! [`call`] is what can be asked, [`client`] asks it, [`object`] is asked. [`answer`] decides, one call a transaction;
//! below it, one file for each table. SQL text stands in those files and nowhere else.

mod alarm;
mod answer;
pub(crate) mod call;
mod client;
mod commit;
mod compaction;
mod dropped;
mod duties;
#[cfg(test)]
mod fixture;
mod fork;
mod geometry;
mod holders;
mod import;
mod metadata;
mod object;
mod open;
mod packs;
mod pushes;
mod refs;
mod releases;
mod schema;
mod shallow;
mod storage;
mod tokens;
mod uploads;

pub(crate) use alarm::Work;
#[cfg(test)]
pub(crate) use answer::{Moment, answer_frame};
pub(crate) use client::{Importing, Lent, Opened, RepoClient, Surveyed};
#[cfg(test)]
pub(crate) use duties::perform;
pub(crate) use geometry::{Weight, run_to_merge};
pub use object::RepoObject;
pub(crate) use refs::digest as refs_digest;
