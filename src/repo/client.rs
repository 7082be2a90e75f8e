//! The Worker's side of a repo's Durable Object: one typed method for each call.

use super::call::{
    Call, Commit, Committed, Download, EndImport, FailImport, Hold, HolderKey, ImportPack, ImportPlan, ImportState,
    ListTokens, NewFork, NewImport, NewRepo, NewToken, NoteDownload, PushPage, Refusal, Release, Replace, Reply,
    RepoAddress, RepoChange, RepoInfo, RepoStorage, Share, Shared, Snapshot, Survey, TokenPage, TokenState, View,
};
use crate::durable::{Answer, Failure, Frame, Wire, ask};

/// One repo's object, at the end of a wire.
#[derive(Debug, Clone)]
pub(crate) struct RepoClient<W> {
    wire: W,
}

/// An opened repo: its snapshot, and the byte strings that [`super::call::PackRow::inline`] refers to.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) snapshot: Snapshot,
    pub(crate) strings: Frame,
}

/// A repo that maintenance has opened: see [`Survey`].
#[derive(Debug)]
pub(crate) struct Surveyed {
    pub(crate) opened: Opened,
    pub(crate) recent: Vec<String>,
    pub(crate) dropped_before: u64,
}

/// What a source lends to a fork: see [`Shared`].
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) opened: Opened,
    pub(crate) source: RepoAddress,
    pub(crate) description: Option<String>,
    pub(crate) owners: Vec<RepoAddress>,
    pub(crate) is_exact: bool,
    pub(crate) not_after: u64,
}

/// An import: see [`ImportState`].
#[derive(Debug)]
pub(crate) struct Importing {
    pub(crate) opened: Opened,
    pub(crate) plan: ImportPlan,
    pub(crate) download: Option<Download>,
    pub(crate) n_downloads: u64,
}

impl Surveyed {
    /// The repo's id, and the upload that was registered.
    pub(crate) fn upload(&self) -> (&str, &str) {
        let snapshot = &self.opened.snapshot;
        (&snapshot.repo_id, snapshot.upload_id.as_deref().unwrap_or_default())
    }
}

/// Outside: the platform's failures. Inside: what the repo refuses.
type Asked<T> = Result<Result<T, Refusal>, Failure>;

impl<W: Wire> RepoClient<W> {
    /// The repo whose object `wire` leads to.
    pub(crate) fn new(wire: W) -> Self {
        Self { wire }
    }

    /// Makes the repo.
    pub(crate) async fn create(&self, new: NewRepo) -> Asked<RepoInfo> {
        self.ask(&Call::Create(new), &[], |reply| match reply {
            Reply::Info(info) => Some(info),
            _ => None,
        })
        .await
    }

    /// Lends the repo's packs to a fork.
    pub(crate) async fn share(&self, share: Share) -> Asked<Lent> {
        let Answer { result, strings } = self.exchange(&Call::Share(share), &[]).await?;
        let shared = match result {
            Ok(Reply::Shared(shared)) => *shared,
            Ok(_) => return Err(unexpected()),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Shared { snapshot, source, description, owners, is_exact, not_after } = shared;
        Ok(Ok(Lent { opened: Opened { snapshot, strings }, source, description, owners, is_exact, not_after }))
    }

    /// Lends packs to a fork that its source has from this owner.
    pub(crate) async fn hold(&self, hold: Hold) -> Asked<()> {
        self.ask(&Call::Hold(hold), &[], |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// Makes a fork; its packs refer to `strings`.
    pub(crate) async fn create_fork(&self, fork: NewFork, strings: &[&[u8]]) -> Asked<RepoInfo> {
        self.ask(&Call::CreateFork(Box::new(fork)), strings, |reply| match reply {
            Reply::Info(info) => Some(info),
            _ => None,
        })
        .await
    }

    /// The packs, by upload, that an incarnation has from an owner.
    pub(crate) async fn holds(&self, repo_id: String, owner_repo_id: String) -> Asked<Vec<String>> {
        self.ask(&Call::Holds { repo_id, owner_repo_id }, &[], |reply| match reply {
            Reply::Holds(upload_ids) => Some(upload_ids),
            _ => None,
        })
        .await
    }

    /// Tells the owner of packs that a holder no longer has them.
    pub(crate) async fn release(&self, release: Release) -> Asked<()> {
        self.ask(&Call::Release(release), &[], |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// Makes a repo that is to be filled from another server.
    pub(crate) async fn create_import(&self, new: NewImport) -> Asked<RepoInfo> {
        self.ask(&Call::CreateImport(new), &[], |reply| match reply {
            Reply::Info(info) => Some(info),
            _ => None,
        })
        .await
    }

    /// What the next step of an import starts from.
    pub(crate) async fn begin_import(&self) -> Asked<Importing> {
        let Answer { result, strings } = self.exchange(&Call::BeginImport, &[]).await?;
        match result {
            Ok(Reply::Import(state)) => {
                let ImportState { snapshot, plan, download, n_downloads } = *state;
                Ok(Ok(Importing { opened: Opened { snapshot, strings }, plan, download, n_downloads }))
            }
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Notes a pack that has come.
    pub(crate) async fn note_download(&self, note: NoteDownload) -> Asked<()> {
        self.ask(&Call::NoteDownload(note), &[], |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// Commits a pack of an import; `inline` as for [`Self::commit`].
    pub(crate) async fn commit_import(&self, pack: ImportPack, inline: Option<(&[u8], &[u8])>) -> Asked<()> {
        let strings = inline.map(|(pack, index)| [pack, index]);
        let strings = strings.as_ref().map_or(&[][..], |strings| &strings[..]);
        self.ask(&Call::CommitImport(pack), strings, |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// Makes an imported repo ready.
    pub(crate) async fn end_import(&self, end: EndImport) -> Asked<()> {
        self.ask(&Call::EndImport(end), &[], |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// Notes that a step of an import failed; whether it was the last.
    pub(crate) async fn fail_import(&self, fail: FailImport) -> Asked<bool> {
        self.ask(&Call::FailImport(fail), &[], |reply| match reply {
            Reply::ImportFailed { is_over } => Some(is_over),
            _ => None,
        })
        .await
    }

    /// The repo's metadata.
    pub(crate) async fn info(&self) -> Asked<RepoInfo> {
        self.ask(&Call::Info, &[], |reply| match reply {
            Reply::Info(info) => Some(info),
            _ => None,
        })
        .await
    }

    /// Changes the repo's metadata.
    pub(crate) async fn change(&self, change: RepoChange) -> Asked<RepoInfo> {
        self.ask(&Call::Change(change), &[], |reply| match reply {
            Reply::Info(info) => Some(info),
            _ => None,
        })
        .await
    }

    /// Deletes the repo and returns what was deleted.
    pub(crate) async fn delete(&self) -> Asked<RepoInfo> {
        self.ask(&Call::Delete, &[], |reply| match reply {
            Reply::Deleted(info) => Some(info),
            _ => None,
        })
        .await
    }

    /// Adds a token to this incarnation.
    pub(crate) async fn add_token(&self, repo_id: String, token: NewToken) -> Asked<()> {
        self.ask(&Call::AddToken { repo_id, token }, &[], |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// One page of tokens, newest first; pages count from 1.
    pub(crate) async fn list_tokens(&self, state: Option<TokenState>, per_page: u32, page: u32) -> Asked<TokenPage> {
        self.ask_for_tokens(ListTokens { repo_id: None, state, per_page, page }).await
    }

    /// The newest tokens of this incarnation, in any state.
    pub(crate) async fn newest_tokens(&self, repo_id: String, n_max: u32) -> Asked<TokenPage> {
        self.ask_for_tokens(ListTokens { repo_id: Some(repo_id), state: None, per_page: n_max, page: 1 }).await
    }

    async fn ask_for_tokens(&self, call: ListTokens) -> Asked<TokenPage> {
        self.ask(&Call::ListTokens(call), &[], |reply| match reply {
            Reply::Tokens(page) => Some(page),
            _ => None,
        })
        .await
    }

    /// One page of the log of pushes, newest first, from before the push of that number.
    pub(crate) async fn list_pushes(&self, limit: u64, before: Option<u64>) -> Asked<PushPage> {
        self.ask(&Call::ListPushes { limit, before }, &[], |reply| match reply {
            Reply::Pushes(page) => Some(page),
            _ => None,
        })
        .await
    }

    /// Revokes a token of this incarnation, and returns its id.
    pub(crate) async fn revoke_token(&self, repo_id: String, token_id: String) -> Asked<String> {
        self.revoke(&Call::RevokeToken { repo_id, token_id }).await
    }

    /// Revokes a token of this incarnation by what is stored of its secret, and returns its id.
    pub(crate) async fn revoke_secret(&self, repo_id: String, sha256: String) -> Asked<String> {
        self.revoke(&Call::RevokeSecret { repo_id, sha256 }).await
    }

    async fn revoke(&self, call: &Call) -> Asked<String> {
        self.ask(call, &[], |reply| match reply {
            Reply::Revoked { token_id } => Some(token_id),
            _ => None,
        })
        .await
    }

    /// Opens the repo for one Git request.
    pub(crate) async fn open(&self, token_sha256: String, view: View) -> Asked<Opened> {
        self.snapshot(&Call::Open { token_sha256, view }).await
    }

    /// Opens the repo for who reads contents: see [`Call::Read`].
    pub(crate) async fn read(&self, names: Vec<String>, repo_id: Option<String>) -> Asked<Opened> {
        self.snapshot(&Call::Read { names, repo_id }).await
    }

    async fn snapshot(&self, call: &Call) -> Asked<Opened> {
        let Answer { result, strings } = self.exchange(call, &[]).await?;
        match result {
            Ok(Reply::Snapshot(snapshot)) => Ok(Ok(Opened { snapshot, strings })),
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Commits a push; `inline` is pack and index, when they live in the catalog's row.
    pub(crate) async fn commit(&self, commit: Commit, inline: Option<(&[u8], &[u8])>) -> Asked<Committed> {
        let strings = inline.map(|(pack, index)| [pack, index]);
        let strings = strings.as_ref().map_or(&[][..], |strings| &strings[..]);
        self.ask(&Call::Commit(commit), strings, |reply| match reply {
            Reply::Committed(committed) => Some(committed),
            _ => None,
        })
        .await
    }

    /// Gives up an upload.
    pub(crate) async fn abandon(&self, repo_id: String, upload_id: String) -> Asked<()> {
        self.ask(&Call::Abandon { repo_id, upload_id }, &[], |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    /// What the object has to do with objects in R2: see [`Call::Storage`].
    pub(crate) async fn storage(&self, after: Option<HolderKey>) -> Asked<RepoStorage> {
        self.ask(&Call::Storage { after }, &[], |reply| match reply {
            Reply::Storage(storage) => Some(storage),
            _ => None,
        })
        .await
    }

    /// What maintenance starts from.
    pub(crate) async fn survey(&self) -> Asked<Surveyed> {
        let Answer { result, strings } = self.exchange(&Call::Survey, &[]).await?;
        match result {
            Ok(Reply::Survey(Survey { snapshot, recent, dropped_before })) => {
                Ok(Ok(Surveyed { opened: Opened { snapshot, strings }, recent, dropped_before }))
            }
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Puts a pack in the place of others; `inline` as for [`Self::commit`].
    pub(crate) async fn replace(&self, replace: Replace, inline: Option<(&[u8], &[u8])>) -> Asked<()> {
        let strings = inline.map(|(pack, index)| [pack, index]);
        let strings = strings.as_ref().map_or(&[][..], |strings| &strings[..]);
        self.ask(&Call::Replace(replace), strings, |reply| matches!(reply, Reply::Done).then_some(())).await
    }

    async fn ask<T>(&self, call: &Call, strings: &[&[u8]], expected: impl Fn(Reply) -> Option<T>) -> Asked<T> {
        let Answer { result, .. } = self.exchange(call, strings).await?;
        match result {
            Ok(reply) => expected(reply).map(Ok).ok_or_else(unexpected),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn exchange(&self, call: &Call, strings: &[&[u8]]) -> Result<Answer<Reply, Refusal>, Failure> {
        ask(&self.wire, call, strings).await
    }
}

fn unexpected() -> Failure {
    Failure::shape("the reply to this call", "another")
}
