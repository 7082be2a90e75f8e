//! What the Worker says to a repo's Durable Object and what it answers: one request, one reply, in one file.
//!
//! On the wire: a JSON head and the byte strings it refers to, framed by `durable::Frame`. Names are those of git and of
//! the REST API; times are unix milliseconds; ids are 40 hexadecimal digits.

use serde::{Deserialize, Serialize};

/// Everything a repo's Durable Object can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Makes the repo; the same `repo_id` again is the same creation, another one is [`Refusal::AlreadyExists`].
    Create(NewRepo),
    /// The repo's metadata.
    Info,
    /// Kills every token and frees the name; the bytes are reclaimed later.
    Delete,
    /// Adds a token whose id the namespace already knows. `repo_id` keeps a token for a deleted repo off its successor.
    AddToken { repo_id: String, token: NewToken },
    /// One page of tokens, newest first.
    ListTokens { state: Option<TokenState>, per_page: u32, page: u32 },
    /// Revokes a token of this incarnation; revoking twice is the same as once.
    RevokeToken { repo_id: String, token_id: String },
    /// A Git request: who asks, and what is needed to answer. One call a request.
    Open { token_sha256: String, view: View },
    /// Pack and refs become real, together or not at all.
    Commit(Commit),
    /// An upload that will not be committed: its bytes may be reclaimed now.
    Abandon { repo_id: String, upload_id: String },
}

/// How much of the repo [`Call::Open`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
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
    pub fn writes(self) -> bool {
        matches!(self, Self::PushRefs | Self::Push)
    }

    /// Whether the answer lists packs.
    pub fn has_packs(self) -> bool {
        matches!(self, Self::Fetch | Self::Push)
    }
}

/// A repo to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRepo {
    /// The incarnation: 16 characters, new for every creation of a name.
    pub repo_id: String,
    pub namespace: String,
    pub name: String,
    pub description: Option<String>,
    /// Short name, as in the REST API: `main`.
    pub default_branch: String,
    pub read_only: bool,
    pub token: NewToken,
}

/// A token to be kept: its hash, never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    pub id: String,
    /// SHA-256 of `art_v1_<40 hex>`, in hexadecimal digits.
    pub sha256: String,
    pub scope: Scope,
    pub created_at: u64,
    pub expires_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Read,
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    Active,
    Expired,
    Revoked,
}

/// A token as the REST API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    pub id: String,
    pub scope: Scope,
    pub state: TokenState,
    pub created_at: u64,
    pub expires_at: u64,
}

/// A repo's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoInfo {
    pub repo_id: String,
    pub namespace: String,
    pub name: String,
    pub description: Option<String>,
    pub default_branch: String,
    pub read_only: bool,
    pub created_at: u64,
    pub updated_at: u64,
    pub last_push_at: Option<u64>,
    pub source: Option<String>,
    pub status: Status,
    /// Bytes stored: packs and their indexes.
    pub size: u64,
    pub shallow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Creating,
    Ready,
    Importing,
    Forking,
}

impl Status {
    /// The word for it in rows and in the REST API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Importing => "importing",
            Self::Forking => "forking",
        }
    }

    /// The status that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Creating, Self::Ready, Self::Importing, Self::Forking].into_iter().find(|status| status.as_str() == word)
    }
}

/// One consistent view of a repo for one Git request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub repo_id: String,
    pub name: String,
    pub default_branch: String,
    /// Sorted by name.
    pub refs: Vec<RefRow>,
    /// Sorted by `pack_seq`; empty unless the view has packs.
    pub packs: Vec<PackRow>,
    /// Set for [`View::Push`]: the name under which bytes may be stored until it expires.
    pub upload_id: Option<String>,
}

/// A ref and what it points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefRow {
    /// Full name, `refs/heads/main`.
    pub name: String,
    pub id: String,
    /// For an annotated tag, the object at the end of the chain of tags.
    pub peeled: Option<String>,
}

/// A committed pack, as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackRow {
    /// Order of commits: the base of an entry lies in the same or a lower pack.
    pub pack_seq: u64,
    /// Who holds the pack's R2 objects, and the upload that made them: together they name the R2 keys.
    pub owner_repo_id: String,
    pub upload_id: String,
    pub pack: PackInfo,
    /// Set when pack and index live in the row: indexes into the reply's byte strings, pack then index.
    pub inline: Option<(usize, usize)>,
}

/// What is known of a pack besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackInfo {
    /// Version of the stored index's format.
    pub format: u32,
    pub n_objects: u64,
    /// Length of the pack with header and trailer.
    pub pack_len: u64,
    pub index_len: u64,
    /// Length of each segment but the last; 0 when inline.
    pub segment_len: u64,
    /// The pack's own trailer: SHA-1 of all bytes before it, hexadecimal.
    pub trailer: String,
    /// Some entry's base lies outside this pack.
    pub thin: bool,
}

/// The end of a push. Byte strings of the call: pack and index when the pack is inline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub repo_id: String,
    pub token_sha256: String,
    pub upload_id: String,
    pub pack: Option<NewPack>,
    pub updates: Vec<Update>,
    pub atomic: bool,
    /// Packs whose objects the new pack or the new refs rely on; all must still be in the catalog.
    pub relies_on: Vec<u64>,
}

/// A pack that is stored in full, in R2 or in the call's byte strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPack {
    pub pack: PackInfo,
    pub inline: bool,
}

/// One ref's change. Absent `old_id`: the client says that it creates; absent `new_id`: that it deletes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    pub name: String,
    pub old_id: Option<String>,
    pub new_id: Option<String>,
    pub peeled: Option<String>,
    /// Set when the Worker has already found a reason to refuse this one.
    pub refused: Option<String>,
}

/// What [`Call::Commit`] did: a reason for each update that was refused, in the order of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    pub outcomes: Vec<Option<String>>,
}

/// A page of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPage {
    pub tokens: Vec<TokenInfo>,
    pub total_count: u64,
}

/// Answers, one variant for each kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Info(RepoInfo),
    Deleted { repo_id: String },
    Tokens(TokenPage),
    Snapshot(Snapshot),
    Committed(Committed),
    Done,
}

/// Why the repo said no. The platform's own failures are not among these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such repo, or it has been deleted.
    NotFound,
    AlreadyExists,
    TokenNotFound,
    /// Unknown, expired or revoked token; also what an unknown repo says to Git.
    BadToken,
    /// A read token on a push.
    ReadScope,
    ReadOnly,
    /// A pack that the push relies on has gone: check again.
    CatalogChanged,
    /// The upload is unknown or has expired.
    UploadExpired,
    NotReady(Status),
}
