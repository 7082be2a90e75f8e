//! Where packs are kept. The only module that knows R2 exists.

pub(crate) mod bytes;
pub(crate) mod cache;
pub(crate) mod inventory;
pub(crate) mod keys;
mod packs;
pub(crate) mod reclaim;
pub(crate) mod underway;

#[cfg(test)]
pub(crate) use packs::MemoryPacks;
pub(crate) use packs::{PackStore, R2Packs};
