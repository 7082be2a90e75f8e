//! How packs come to be shared: what a fork, its source and the owners of the packs say to one another.
//!
//! A pack has one owner, the repo whose upload it was: its object keeps account of who holds the pack, and reclaims the
//! bytes when nobody does. Before a fork names a pack, it stands among the holders; who holds nothing after all, because
//! the fork was not made, is found out later by asking it.

use serde::{Deserialize, Serialize};

use super::{NewRepo, PackRow, RefRow, Snapshot};

/// One incarnation of a repo: the names lead to its object, which may have others by now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RepoAddress {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) repo_id: String,
}

/// Enters a fork that is about to be made among the holders of the source's own packs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) holder: RepoAddress,
    pub(crate) default_branch_only: bool,
    /// The incarnation that is to lend them; any, if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_id: Option<String>,
}

/// What a fork starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shared {
    /// The refs that the fork is to have, and all packs.
    pub(crate) snapshot: Snapshot,
    /// The source in its own spelling.
    pub(crate) source: RepoAddress,
    pub(crate) description: Option<String>,
    /// Owners of packs of the source other than itself.
    pub(crate) owners: Vec<RepoAddress>,
    /// Whether the packs hold what these refs reach and nothing else.
    pub(crate) is_exact: bool,
    /// The fork must be made before this.
    pub(crate) not_after: u64,
}

/// Enters a repo among the holders of packs that the holder's source holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) owner_repo_id: String,
    pub(crate) packs: Vec<HeldPack>,
    pub(crate) holder: RepoAddress,
}

/// A pack in R2, by its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldPack {
    pub(crate) upload_id: String,
    /// Bytes of the pack with its index.
    pub(crate) len: u64,
}

/// Takes a repo from among the holders of packs that it no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Release {
    pub(crate) owner_repo_id: String,
    pub(crate) upload_ids: Vec<String>,
    pub(crate) holder_repo_id: String,
}

/// A fork to be made. Byte strings of the call: what the packs' rows refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewFork {
    pub(crate) repo: NewRepo,
    pub(crate) source: String,
    pub(crate) refs: Vec<RefRow>,
    /// Those with inline bytes become the fork's own.
    pub(crate) packs: Vec<PackRow>,
    pub(crate) owners: Vec<RepoAddress>,
    pub(crate) shallow: Vec<String>,
    pub(crate) not_after: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::call::Call;

    fn travels_as(value: &Call, json: &str) {
        assert_eq!(serde_json::to_string(value).unwrap(), json);
        assert_eq!(&serde_json::from_str::<Call>(json).unwrap(), value);
    }

    #[test]
    fn what_forks_say_travels_as_this_json() {
        let holder = RepoAddress { namespace: "ns".into(), name: "n".into(), repo_id: "f".into() };
        travels_as(
            &Call::Share(Share { holder: holder.clone(), default_branch_only: true, source_id: None }),
            r#"{"share":{"holder":{"namespace":"ns","name":"n","repo_id":"f"},"default_branch_only":true}}"#,
        );
        travels_as(
            &Call::Share(Share { holder: holder.clone(), default_branch_only: true, source_id: Some("r".into()) }),
            r#"{"share":{"holder":{"namespace":"ns","name":"n","repo_id":"f"},"default_branch_only":true,"source_id":"r"}}"#,
        );
        let packs = vec![HeldPack { upload_id: "u".into(), len: 7 }];
        travels_as(
            &Call::Hold(Hold { owner_repo_id: "r".into(), packs, holder }),
            r#"{"hold":{"owner_repo_id":"r","packs":[{"upload_id":"u","len":7}],"holder":{"namespace":"ns","name":"n","repo_id":"f"}}}"#,
        );
        let release = Release { owner_repo_id: "r".into(), upload_ids: vec!["u".into()], holder_repo_id: "f".into() };
        travels_as(
            &Call::Release(release),
            r#"{"release":{"owner_repo_id":"r","upload_ids":["u"],"holder_repo_id":"f"}}"#,
        );
        travels_as(
            &Call::Holds { repo_id: "f".into(), owner_repo_id: "r".into() },
            r#"{"holds":{"repo_id":"f","owner_repo_id":"r"}}"#,
        );
    }
}
