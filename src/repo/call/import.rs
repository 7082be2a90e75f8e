//! An import, from the row that says what is wanted to the repo that is ready.
//!
//! Maintenance does the work, in steps that are begun from what stands here: a step that is killed is begun again.

use serde::{Deserialize, Serialize};

use super::{NewPack, NewRepo, RefRow, ShallowChange, Snapshot, Update};

/// What is wanted of another server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportPlan {
    pub(crate) url: String,
    /// The only branch that is wanted, in full: `refs/heads/main`. Not looked at with `all_refs`.
    pub(crate) branch: String,
    /// How many commits of each history.
    pub(crate) depth: Option<u32>,
    /// Every branch, tag and note, rather than the branch and the tags that its history reaches.
    pub(crate) all_refs: bool,
}

/// A repo to be made, and filled later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewImport {
    pub(crate) repo: NewRepo,
    pub(crate) source: String,
    pub(crate) plan: ImportPlan,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportState {
    /// The packs that are there, and an upload. The refs are those that the other server told when the first pack was
    /// asked for, not all of which the repo may get; none before that.
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: ImportPlan,
    /// A pack that has come and is to be taken in.
    pub(crate) download: Option<Download>,
    /// How many packs have come, those included that could not be taken in.
    #[serde(default)]
    pub(crate) n_downloads: u64,
}

/// A pack that another server sent: its segments are stored, and nothing of it has been looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Download {
    pub(crate) upload_id: String,
    pub(crate) pack_len: u64,
    /// Commits whose parents the server did not send.
    pub(crate) shallow: Vec<String>,
}

/// A pack has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoteDownload {
    pub(crate) repo_id: String,
    pub(crate) download: Download,
    /// The refs that the server told, with the first pack.
    pub(crate) told: Option<Vec<RefRow>>,
}

/// A pack is sound and becomes real. Byte strings of the call: pack and index when the pack is inline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportPack {
    pub(crate) repo_id: String,
    pub(crate) upload_id: String,
    pub(crate) pack: NewPack,
    pub(crate) told: Option<Vec<RefRow>>,
    /// Objects that reach all of it; absent when they are too many to be told.
    pub(crate) heads: Option<Vec<String>>,
    pub(crate) shallow: ShallowChange,
}

/// All that was wanted is there: the repo is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndImport {
    pub(crate) repo_id: String,
    pub(crate) refs: Vec<Update>,
}

/// A step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailImport {
    pub(crate) repo_id: String,
    /// In words, for whoever wanted it.
    pub(crate) reason: String,
    /// Whether it would fail again.
    pub(crate) is_final: bool,
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
    fn what_imports_say_travels_as_this_json() {
        travels_as(&Call::BeginImport, r#""begin_import""#);
        let download = Download { upload_id: "u".into(), pack_len: 7, shallow: vec!["33".into()] };
        let told = Some(vec![RefRow { name: "refs/heads/main".into(), id: "11".into(), peeled: None }]);
        travels_as(
            &Call::NoteDownload(NoteDownload { repo_id: "r".into(), download, told }),
            r#"{"note_download":{"repo_id":"r","download":{"upload_id":"u","pack_len":7,"shallow":["33"]},"told":[{"name":"refs/heads/main","id":"11","peeled":null}]}}"#,
        );
        travels_as(
            &Call::EndImport(EndImport { repo_id: "r".into(), refs: vec![] }),
            r#"{"end_import":{"repo_id":"r","refs":[]}}"#,
        );
        travels_as(
            &Call::FailImport(FailImport { repo_id: "r".into(), reason: "no".into(), is_final: true }),
            r#"{"fail_import":{"repo_id":"r","reason":"no","is_final":true}}"#,
        );
        let plan =
            ImportPlan { url: "https://a".into(), branch: "refs/heads/b".into(), depth: Some(1), all_refs: false };
        assert_eq!(
            serde_json::to_string(&plan).unwrap(),
            r#"{"url":"https://a","branch":"refs/heads/b","depth":1,"all_refs":false}"#
        );
    }
}
