//! Where packs are kept. The only module that knows R2 exists.

pub(crate) mod keys;
pub(crate) mod reclaim;
