//! What maintenance asks of a repo.

use serde::{Deserialize, Serialize};

use super::{NewPack, Snapshot};

/// The repo as maintenance finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Survey {
    /// With packs and an upload.
    pub(crate) snapshot: Snapshot,
    /// What refs pointed at until lately: not garbage yet.
    pub(crate) recent: Vec<String>,
    /// What was dropped before this has had its time.
    pub(crate) dropped_before: u64,
}

/// The end of a compaction: neighbours in the catalog make room for one pack of what they hold. Byte strings as for
/// [`super::Commit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replace {
    pub(crate) repo_id: String,
    pub(crate) upload_id: String,
    /// By upload, the lowest first.
    pub(crate) replaced: Vec<String>,
    /// None when nothing is left of them.
    pub(crate) pack: Option<NewPack>,
    /// Set when objects were left out, which is right for one state of the repo only.
    pub(crate) collected: Option<Collected>,
}

/// The state of the repo that a collection is right for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Collected {
    /// All packs, by upload, the lowest first.
    pub(crate) upload_ids: Vec<String>,
    /// What [`crate::repo::refs_digest`] says of the refs, of what is recent and of the ends of the history.
    pub(crate) refs_digest: String,
    /// From the [`Survey`].
    pub(crate) dropped_before: u64,
    /// Commits at which the history ended and that were left out.
    #[serde(default)]
    pub(crate) shallow: Vec<String>,
    /// Whether it has been found that the refs reach all that is left.
    #[serde(default)]
    pub(crate) all_reached: bool,
}
