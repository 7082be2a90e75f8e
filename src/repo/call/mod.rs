//! What the Worker says to a repo's Durable Object and what it answers: one request, one reply.
//!
//! On the wire: a JSON head and the byte strings it refers to, framed by `durable::Frame`. Names are those of git and of
//! the REST API; times are unix milliseconds; ids are 40 hexadecimal digits.

mod change;
mod fork;
mod import;
mod info;
mod maintenance;
mod push;
mod snapshot;
mod storage;
mod token;

use serde::{Deserialize, Serialize};

pub(crate) use change::{Description, RepoChange};
pub(crate) use fork::{HeldPack, Hold, NewFork, Release, RepoAddress, Share, Shared};
pub(crate) use import::{
    Download, EndImport, FailImport, ImportPack, ImportPlan, ImportState, NewImport, NoteDownload,
};
pub(crate) use info::{RepoInfo, Status};
pub(crate) use maintenance::{Collected, Replace, Survey};
pub(crate) use push::{Commit, Committed, MovedRef, NewPack, PushPage, PushRecord, ShallowChange, Update};
pub(crate) use snapshot::{PackInfo, PackRow, RefRow, Snapshot};
pub(crate) use storage::{HolderKey, RepoStorage, StorageHolder, StoredPack, StoredUpload};
pub(crate) use token::{ListTokens, NewToken, Scope, TokenInfo, TokenPage, TokenState};

/// Everything a repo's Durable Object can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    /// Makes the repo; the same `repo_id` again is the same creation, another one is [`Refusal::AlreadyExists`].
    Create(NewRepo),
    /// Lends the repo's packs to a fork that is about to be made.
    Share(Share),
    /// The same for packs that the source has from others.
    Hold(Hold),
    /// Makes a fork. The same `repo_id` again is the same creation.
    CreateFork(Box<NewFork>),
    /// Which packs of an owner a repo has: none if it is not there.
    Holds {
        repo_id: String,
        owner_repo_id: String,
    },
    /// A holder no longer has packs of this owner.
    Release(Release),
    /// Makes a repo that is to be filled from another server. The same `repo_id` again is the same creation.
    CreateImport(NewImport),
    /// What the next step of an import starts from; [`Refusal::NotFound`] when there is nothing to import.
    BeginImport,
    NoteDownload(NoteDownload),
    CommitImport(ImportPack),
    EndImport(EndImport),
    FailImport(FailImport),
    /// The repo's metadata.
    Info,
    /// Changes the metadata.
    Change(RepoChange),
    /// Kills every token and frees the name; the bytes are reclaimed later.
    Delete,
    /// Adds a token whose id the namespace already knows. `repo_id` keeps a token for a deleted repo off its successor.
    AddToken {
        repo_id: String,
        token: NewToken,
    },
    ListTokens(ListTokens),
    /// Revokes a token of this incarnation; revoking twice is the same as once.
    RevokeToken {
        repo_id: String,
        token_id: String,
    },
    /// The same by what is stored of the token's secret.
    RevokeSecret {
        repo_id: String,
        sha256: String,
    },
    /// One page of the log of pushes: those before the push of that number, newest first.
    ListPushes {
        limit: u64,
        before: Option<u64>,
    },
    /// A Git request: who asks, and what is needed to answer. One call a request.
    Open {
        token_sha256: String,
        view: View,
    },
    /// Opens the repo for who reads contents without Git, and needs no token: packs, and of the refs those with these names.
    Read {
        /// Full names, and `HEAD` for the default branch.
        names: Vec<String>,
        /// The incarnation, if only one is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repo_id: Option<String>,
    },
    /// Pack and refs become real, together or not at all.
    Commit(Commit),
    /// An upload that will not be committed: its bytes may be reclaimed now.
    Abandon {
        repo_id: String,
        upload_id: String,
    },
    /// What this object has to do with objects in R2, for an audit: a page of the holders, and with the first page the rest.
    Storage {
        after: Option<HolderKey>,
    },
    /// What maintenance starts from.
    Survey,
    /// Puts a pack in the place of others.
    Replace(Replace),
}

/// How much of the repo [`Call::Open`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum View {
    /// Refs alone: the advertisement of a fetch, `ls-refs`.
    Refs,
    /// Refs alone, write access wanted: the advertisement of a push.
    PushRefs,
    /// Refs and the catalog: a fetch.
    Fetch,
    /// Refs, the catalog and a registered upload, write access wanted: a push.
    Push,
}

impl View {
    /// Whether the caller wants to write.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::PushRefs | Self::Push)
    }

    /// Whether the answer lists packs.
    pub(crate) fn has_packs(self) -> bool {
        matches!(self, Self::Fetch | Self::Push)
    }
}

/// A repo to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewRepo {
    /// The incarnation: 16 characters, new for every creation of a name.
    pub(crate) repo_id: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Short name, as in the REST API: `main`.
    pub(crate) default_branch: String,
    pub(crate) read_only: bool,
    pub(crate) token: NewToken,
}

/// Answers, one variant for each kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Info(RepoInfo),
    /// What was deleted, as it was.
    Deleted(RepoInfo),
    Revoked {
        token_id: String,
    },
    Tokens(TokenPage),
    Pushes(PushPage),
    Snapshot(Snapshot),
    Survey(Survey),
    Storage(RepoStorage),
    Shared(Box<Shared>),
    /// Uploads.
    Holds(Vec<String>),
    Import(Box<ImportState>),
    /// Whether the import has come to its end with that.
    ImportFailed {
        is_over: bool,
    },
    Committed(Committed),
    Done,
}

/// Why the repo said no. The platform's own failures are not among these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    /// No such repo, or it has been deleted.
    NotFound,
    AlreadyExists,
    TokenNotFound,
    /// Unknown, expired or revoked token; also what an unknown repo says to Git.
    BadToken,
    /// A read token on a push.
    ReadScope,
    ReadOnly,
    /// A pack that is relied on has gone: start again from the catalog as it is now.
    CatalogChanged,
    /// The upload is unknown or has expired.
    UploadExpired,
    /// The packs of a fork were lent for a while, which is over.
    ShareExpired,
    NotReady(Status),
    /// There is no repo: an import failed for this reason.
    ImportFailed {
        reason: String,
        /// The incarnation that it was to be; empty when an object that does not tell answers.
        #[serde(default)]
        repo_id: String,
    },
    /// A ref that another server told cannot be one.
    BadRef {
        reason: String,
    },
    /// The repo may not hold more than so many bytes.
    StorageLimit {
        max: u64,
    },
}

impl Refusal {
    /// Whether none but who has a token of the repo is told so.
    pub(crate) fn is_to_an_owner(&self) -> bool {
        matches!(self, Self::ReadScope | Self::ReadOnly | Self::NotReady(_) | Self::StorageLimit { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn travels_as<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, json: &str) {
        assert_eq!(serde_json::to_string(value).unwrap(), json);
        assert_eq!(&serde_json::from_str::<T>(json).unwrap(), value);
    }

    #[test]
    fn calls_travel_as_this_json() {
        travels_as(&Call::Info, r#""info""#);
        travels_as(
            &Call::Open { token_sha256: "h".into(), view: View::PushRefs },
            r#"{"open":{"token_sha256":"h","view":"push_refs"}}"#,
        );
        let read = |repo_id| Call::Read { names: vec!["HEAD".into()], repo_id };
        travels_as(&read(None), r#"{"read":{"names":["HEAD"]}}"#);
        travels_as(&read(Some("r".into())), r#"{"read":{"names":["HEAD"],"repo_id":"r"}}"#);
        travels_as(
            &Call::ListTokens(ListTokens { repo_id: None, state: Some(TokenState::Revoked), per_page: 30, page: 1 }),
            r#"{"list_tokens":{"state":"revoked","per_page":30,"page":1}}"#,
        );
        travels_as(
            &Call::RevokeSecret { repo_id: "r".into(), sha256: "h".into() },
            r#"{"revoke_secret":{"repo_id":"r","sha256":"h"}}"#,
        );
        travels_as(
            &Call::Abandon { repo_id: "r".into(), upload_id: "u".into() },
            r#"{"abandon":{"repo_id":"r","upload_id":"u"}}"#,
        );
    }

    #[test]
    fn a_creation_travels_as_this_json() {
        let token = NewToken { id: "t".into(), sha256: "h".into(), scope: Scope::Write, created_at: 1, expires_at: 2 };
        let new = NewRepo {
            repo_id: "r".into(),
            namespace: "ns".into(),
            name: "n".into(),
            description: None,
            default_branch: "main".into(),
            read_only: false,
            token,
        };
        travels_as(
            &Call::Create(new),
            r#"{"create":{"repo_id":"r","namespace":"ns","name":"n","description":null,"default_branch":"main","read_only":false,"token":{"id":"t","sha256":"h","scope":"write","created_at":1,"expires_at":2}}}"#,
        );
    }

    #[test]
    fn a_commit_travels_as_this_json() {
        let pack = PackInfo {
            format: 1,
            n_objects: 2,
            pack_len: 3,
            index_len: 4,
            segment_len: 0,
            trailer: "aa".into(),
            thin: true,
        };
        let update = Update {
            name: "refs/heads/main".into(),
            old_id: None,
            new_id: Some("11".into()),
            peeled: None,
            refused: None,
        };
        let commit = Commit {
            repo_id: "r".into(),
            token_sha256: "h".into(),
            upload_id: "u".into(),
            pack: Some(NewPack { pack, inline: true }),
            updates: vec![update],
            atomic: true,
            relies_on: vec!["v".into()],
            still_reached: vec!["55".into()],
            heads: Some(vec!["11".into()]),
            shallow: ShallowChange { added: vec!["33".into()], removed: vec!["44".into()] },
            options: vec!["ci.skip".into()],
        };
        travels_as(
            &Call::Commit(commit),
            r#"{"commit":{"repo_id":"r","token_sha256":"h","upload_id":"u","pack":{"pack":{"format":1,"n_objects":2,"pack_len":3,"index_len":4,"segment_len":0,"trailer":"aa","thin":true},"inline":true},"updates":[{"name":"refs/heads/main","old_id":null,"new_id":"11","peeled":null,"refused":null}],"atomic":true,"relies_on":["v"],"still_reached":["55"],"heads":["11"],"shallow":{"added":["33"],"removed":["44"]},"options":["ci.skip"]}}"#,
        );
    }

    #[test]
    fn a_log_of_pushes_travels_as_this_json() {
        travels_as(&Call::ListPushes { limit: 2, before: Some(9) }, r#"{"list_pushes":{"limit":2,"before":9}}"#);
        let moved = MovedRef { name: "refs/heads/main".into(), old_id: None, new_id: Some("11".into()) };
        let push = PushRecord {
            push_seq: 8,
            pushed_at: 1,
            token_id: "t".into(),
            pack_len: 2,
            n_objects: 3,
            n_refs: 4,
            refs: vec![moved],
            options: vec!["ci.skip".into()],
        };
        travels_as::<Result<Reply, Refusal>>(
            &Ok(Reply::Pushes(PushPage { pushes: vec![push], next: Some(8) })),
            r#"{"Ok":{"pushes":{"pushes":[{"push_seq":8,"pushed_at":1,"token_id":"t","pack_len":2,"n_objects":3,"n_refs":4,"refs":[{"name":"refs/heads/main","old_id":null,"new_id":"11"}],"options":["ci.skip"]}],"next":8}}}"#,
        );
    }

    #[test]
    fn a_compaction_travels_as_this_json() {
        travels_as(&Call::Survey, r#""survey""#);
        let collected = Collected {
            upload_ids: vec!["v".into(), "w".into()],
            refs_digest: "d".into(),
            dropped_before: 5,
            shallow: vec!["33".into()],
            all_reached: true,
        };
        let replace = Replace {
            repo_id: "r".into(),
            upload_id: "u".into(),
            replaced: vec!["v".into(), "w".into()],
            pack: None,
            collected: Some(collected),
        };
        travels_as(
            &Call::Replace(replace),
            r#"{"replace":{"repo_id":"r","upload_id":"u","replaced":["v","w"],"pack":null,"collected":{"upload_ids":["v","w"],"refs_digest":"d","dropped_before":5,"shallow":["33"],"all_reached":true}}}"#,
        );
    }

    #[test]
    fn answers_travel_as_this_json() {
        let row = RefRow { name: "refs/tags/v1".into(), id: "11".into(), peeled: Some("22".into()) };
        let snapshot = Snapshot {
            repo_id: "r".into(),
            namespace: "ns".into(),
            name: "n".into(),
            default_branch: "main".into(),
            refs: vec![row],
            packs: vec![],
            shallow: vec!["33".into()],
            upload_id: None,
        };
        travels_as::<Result<Reply, Refusal>>(
            &Ok(Reply::Snapshot(snapshot)),
            r#"{"Ok":{"snapshot":{"repo_id":"r","namespace":"ns","name":"n","default_branch":"main","refs":[{"name":"refs/tags/v1","id":"11","peeled":"22"}],"packs":[],"shallow":["33"],"upload_id":null}}}"#,
        );
        travels_as::<Result<Reply, Refusal>>(&Ok(Reply::Done), r#"{"Ok":"done"}"#);
        travels_as::<Result<Reply, Refusal>>(&Err(Refusal::BadToken), r#"{"Err":"bad_token"}"#);
        travels_as::<Result<Reply, Refusal>>(
            &Err(Refusal::NotReady(Status::Importing)),
            r#"{"Err":{"not_ready":"importing"}}"#,
        );
        travels_as::<Result<Reply, Refusal>>(
            &Err(Refusal::ImportFailed { reason: "why".into(), repo_id: "r".into() }),
            r#"{"Err":{"import_failed":{"reason":"why","repo_id":"r"}}}"#,
        );
    }
}
