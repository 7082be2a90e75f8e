//! What a repo's object has to do with objects in R2, all incarnations of its name together: for an audit.

use serde::{Deserialize, Serialize};

use super::RepoAddress;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepoStorage {
    /// Packs in R2 that are in a catalog here.
    pub(crate) packs: Vec<StoredPack>,
    /// Who holds packs that belong to a repo of this name, in the order of their keys.
    pub(crate) holders: Vec<StorageHolder>,
    /// Uploads of repos of this name that are under way, or whose bytes are about to be reclaimed.
    pub(crate) uploads: Vec<StoredUpload>,
    /// Where the next page of holders begins, if there is one.
    pub(crate) next: Option<HolderKey>,
}

/// A place among the holders: owner, upload and holder, by id.
pub(crate) type HolderKey = (String, String, String);

/// A pack of a repo of this name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPack {
    pub(crate) repo_id: String,
    /// Whom it belongs to: the repo itself, or one that it was forked from.
    pub(crate) owner: RepoAddress,
    pub(crate) upload_id: String,
    /// How many segments it is stored in, beside its index.
    pub(crate) n_segments: u64,
}

/// A holder of a pack in R2 that belongs to a repo of this name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct StorageHolder {
    pub(crate) owner_repo_id: String,
    pub(crate) upload_id: String,
    pub(crate) holder: RepoAddress,
    /// Whether it is still to be asked if it has come to be.
    pub(crate) is_unchecked: bool,
}

/// Bytes that no pack names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredUpload {
    pub(crate) repo_id: String,
    pub(crate) upload_id: String,
}
