//! What a push says to a repo, and what the repo's log tells of pushes.

use serde::{Deserialize, Serialize};

use super::PackInfo;

/// The end of a push. Byte strings of the call: pack and index when the pack is inline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Commit {
    pub(crate) repo_id: String,
    pub(crate) token_sha256: String,
    pub(crate) upload_id: String,
    pub(crate) pack: Option<NewPack>,
    pub(crate) updates: Vec<Update>,
    pub(crate) atomic: bool,
    /// Packs whose objects the new pack or the new refs rely on, by upload; all must still be in the catalog.
    pub(crate) relies_on: Vec<String>,
    /// Old values of refs that their new ones still reach.
    #[serde(default)]
    pub(crate) still_reached: Vec<String>,
    /// Objects of the new pack that reach all of it; absent when they are too many to be told.
    #[serde(default)]
    pub(crate) heads: Option<Vec<String>>,
    /// What the new pack makes of the ends of the history.
    #[serde(default)]
    pub(crate) shallow: ShallowChange,
    /// Push options, for the log.
    #[serde(default)]
    pub(crate) options: Vec<String>,
}

/// What becomes of the commits at which a repo's history ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ShallowChange {
    /// It ends at these too.
    pub(crate) added: Vec<String>,
    /// It goes on behind these: all their parents are here.
    pub(crate) removed: Vec<String>,
}

/// A pack that is stored in full, in R2 or in the call's byte strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewPack {
    pub(crate) pack: PackInfo,
    pub(crate) inline: bool,
}

/// One ref's change. Absent `old_id`: the client says that it creates; absent `new_id`: that it deletes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) name: String,
    pub(crate) old_id: Option<String>,
    pub(crate) new_id: Option<String>,
    pub(crate) peeled: Option<String>,
    /// Set when the Worker has already found a reason to refuse this one.
    pub(crate) refused: Option<String>,
}

/// What [`super::Call::Commit`] did: a reason for each update that was refused, in the order of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Committed {
    pub(crate) outcomes: Vec<Option<String>>,
}

/// An accepted push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushRecord {
    /// Counts from 1 within an incarnation of a repo.
    pub(crate) push_seq: u64,
    pub(crate) pushed_at: u64,
    /// The token that it came with.
    pub(crate) token_id: String,
    /// Length of the pack that is kept of it, and the objects in that; 0 when none is.
    pub(crate) pack_len: u64,
    pub(crate) n_objects: u64,
    /// How many refs moved.
    pub(crate) n_refs: u64,
    /// The first of them, in the client's order: as many as the log keeps.
    pub(crate) refs: Vec<MovedRef>,
    /// What was said with `git push --push-option`.
    pub(crate) options: Vec<String>,
}

/// What a push made of a ref. Absent `old_id`: it was created; absent `new_id`: it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedRef {
    pub(crate) name: String,
    pub(crate) old_id: Option<String>,
    pub(crate) new_id: Option<String>,
}

/// A page of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushPage {
    pub(crate) pushes: Vec<PushRecord>,
    /// The last push of this page, if there are older ones.
    pub(crate) next: Option<u64>,
}
