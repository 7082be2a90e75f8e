//! What a repo's object tells of itself: refs and packs.

use git_core::ObjectId;
use serde::{Deserialize, Serialize};

use crate::durable::Failure;

/// One consistent view of a repo for one Git request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) repo_id: String,
    /// As the repo was made; absent in what an older version wrote.
    #[serde(default)]
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) default_branch: String,
    /// Sorted by name.
    pub(crate) refs: Vec<RefRow>,
    /// Sorted by `pack_seq`; empty unless the view has packs.
    pub(crate) packs: Vec<PackRow>,
    /// Commits at which the history ends, sorted: their parents are not here.
    #[serde(default)]
    pub(crate) shallow: Vec<String>,
    /// Set for [`super::View::Push`]: the name under which bytes may be stored until it expires.
    pub(crate) upload_id: Option<String>,
}

impl Snapshot {
    /// Bytes of all packs with their indexes.
    pub(crate) fn size(&self) -> u64 {
        self.packs.iter().map(|row| row.pack.pack_len + row.pack.index_len).sum()
    }

    /// The commits at which the history ends.
    pub(crate) fn shallow_ids(&self) -> Result<Vec<ObjectId>, Failure> {
        let id = |hex: &String| ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex));
        self.shallow.iter().map(id).collect()
    }
}

/// A ref and what it points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefRow {
    /// Full name, `refs/heads/main`.
    pub(crate) name: String,
    pub(crate) id: String,
    /// For an annotated tag, the object at the end of the chain of tags.
    pub(crate) peeled: Option<String>,
}

/// A committed pack, as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackRow {
    /// Order of commits: the base of an entry lies in the same or a lower pack.
    pub(crate) pack_seq: u64,
    /// Who holds the pack's R2 objects, and the upload that made them: together they name the R2 keys.
    pub(crate) owner_repo_id: String,
    pub(crate) upload_id: String,
    pub(crate) pack: PackInfo,
    /// Set when pack and index live in the row: indexes into the reply's byte strings, pack then index.
    pub(crate) inline: Option<(usize, usize)>,
    /// Set when the repo has a part of the pack's objects: index of the byte string that tells which, as
    /// [`git_core::pack::visible`] has it.
    #[serde(default)]
    pub(crate) visible: Option<usize>,
}

/// What is known of a pack besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackInfo {
    /// Version of the stored index's format.
    pub(crate) format: u32,
    pub(crate) n_objects: u64,
    /// Length of the pack with header and trailer.
    pub(crate) pack_len: u64,
    pub(crate) index_len: u64,
    /// Length of each segment but the last; 0 when inline.
    pub(crate) segment_len: u64,
    /// The pack's own trailer: SHA-1 of all bytes before it, hexadecimal.
    pub(crate) trailer: String,
    /// Some entry's base lies outside this pack.
    pub(crate) thin: bool,
}
