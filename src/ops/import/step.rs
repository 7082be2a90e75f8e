//! One step of an import: from what the repo's object says to what it is told.

use std::num::NonZeroU32;

use git_core::ObjectId;
use git_core::protocol::client::FetchRequest;

use super::choose::{self, object_id};
use super::download::{Course, Downloaded, download};
use super::fault::ImportFault;
use super::stored::StoredBody;
use super::upstream::{Patience, Upstream};
use crate::body::Stopped;
use crate::config::{IMPORT_DOWNLOADS_MAX, IMPORT_REFS_MS};
use crate::durable::{Failure, Wire};
use crate::log;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::receive_pack::{Destination, Ingested, Said, Storing, Turn, ingest};
use crate::ops::storage::{Room, StorageLimit};
use crate::ops::upload::{Upload, Uploaded};
use crate::random;
use crate::remote::{Remote, RemoteUrl};
use crate::repo::call::{
    Download, EndImport, FailImport, ImportPack, ImportPlan, NoteDownload, RefRow, Refusal, Status,
};
use crate::repo::{Importing, RepoClient};
use crate::store::PackStore;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The next step, at once.
    More,
    /// The same again, after a while.
    Again,
    /// Nothing: the repo has been filled by this, from there, and is ready.
    Filled { url: String, branch: String },
    /// Nothing: the repo is ready, or gone.
    Over,
}

#[cfg(test)]
impl Step {
    /// Whether there is more to do.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Self::More | Self::Again)
    }
}

/// What a step may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) repo_storage_max: u64,
    pub(crate) patience_ms: u64,
}

/// What came of what the other server did.
type Done<T> = Result<Result<T, ImportFault>, Failure>;

/// Takes the next step. An error is the platform's doing.
pub(crate) async fn step<W: Wire, S: PackStore, R: Remote>(
    repo: &RepoClient<W>,
    (store, remote): (&S, &R),
    limits: Limits,
    now: impl Fn() -> u64,
) -> Result<Step, Failure> {
    let importing = match repo.begin_import().await? {
        Ok(importing) => importing,
        Err(refusal) if is_over(&refusal) => return Ok(Step::Over),
        Err(refusal) => return Err(refused(&refusal)),
    };
    let filling = Filling { repo, store, remote, limits, importing: &importing };
    match filling.step(now).await? {
        Ok(step) => Ok(step),
        Err(fault) => {
            log::info(format_args!("import of {}: {fault}", filling.repo_id()));
            fail(repo, filling.repo_id(), fault.to_string(), fault.is_final()).await
        }
    }
}

/// Why an import is given up that comes no further, though the other server has done its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its steps were killed: by the platform's limits, or by deployments.
    Interrupted,
    /// The platform failed.
    Failed,
}

/// Ends an import of which a step was begun too often.
pub(crate) async fn give_up<W: Wire>(repo: &RepoClient<W>, cause: Cause) -> Result<(), Failure> {
    let reason = match cause {
        Cause::Interrupted => "it was interrupted too often",
        Cause::Failed => "this server failed too often",
    };
    // It may be the opening of it that is killed: no more is asked for than the repo's id.
    let Ok(info) = repo.info().await? else { return Ok(()) };
    fail(repo, &info.repo_id, reason.to_owned(), true).await.map(drop)
}

async fn fail<W: Wire>(repo: &RepoClient<W>, repo_id: &str, reason: String, is_final: bool) -> Result<Step, Failure> {
    Ok(match repo.fail_import(FailImport { repo_id: repo_id.to_owned(), reason, is_final }).await? {
        Ok(false) => Step::Again,
        Ok(true) | Err(_) => Step::Over,
    })
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::shape("an import that goes on", format_args!("{refusal:?}"))
}

struct Filling<'a, W, S, R> {
    repo: &'a RepoClient<W>,
    store: &'a S,
    remote: &'a R,
    limits: Limits,
    importing: &'a Importing,
}

/// A pack that has come, where it is and what was said with it.
struct Come<'a> {
    upload_id: &'a str,
    uploaded: Uploaded,
    pack_len: u64,
    shallow: Vec<ObjectId>,
    /// The refs that the server told, if they are not in the repo's object yet.
    told: Option<Vec<RefRow>>,
}

impl<W: Wire, S: PackStore, R: Remote> Filling<'_, W, S, R> {
    fn repo_id(&self) -> &str {
        &self.importing.opened.snapshot.repo_id
    }

    async fn step(&self, now: impl Fn() -> u64) -> Done<Step> {
        let catalog = LoadedCatalog::load(&self.importing.opened, self.store).await?;
        if let Some(Download { upload_id, pack_len, shallow }) = &self.importing.download {
            let shallow = shallow.iter().map(|hex| object_id(hex)).collect::<Result<_, _>>()?;
            let uploaded = Uploaded::Stored;
            let come = Come { upload_id, uploaded, pack_len: *pack_len, shallow, told: None };
            return self.take_in(come, &catalog).await;
        }
        let snapshot = &self.importing.opened.snapshot;
        if snapshot.packs.is_empty() {
            return self.fetch_first(&catalog, now).await;
        }
        let wants = choose::wants(&snapshot.refs, &self.importing.plan, &catalog.packs)?;
        if wants.is_empty() {
            return self.end(&snapshot.refs, &catalog).await;
        }
        let upstream = match self.open().await {
            Ok(upstream) => upstream,
            Err(fault) => return Ok(Err(fault)),
        };
        let haves: Vec<_> = snapshot.refs.iter().filter_map(|row| object_id(&row.id).ok()).collect();
        let haves: Vec<_> = haves.into_iter().filter(|&id| catalog.packs.find(id).is_some()).collect();
        let shallow = snapshot.shallow_ids()?;
        let request = FetchRequest { wants: &wants, haves: &haves, shallow: &shallow, ..FetchRequest::default() };
        self.fetch(&upstream, &request, None, &catalog, now).await
    }

    /// Asks the server for its refs, to ask for a pack then, unless that has been done too often: its packs lapse before they
    /// are taken in, or there is no end of them.
    async fn open(&self) -> Result<Upstream<'_, R>, ImportFault> {
        if self.importing.n_downloads >= IMPORT_DOWNLOADS_MAX {
            let what = format!("{IMPORT_DOWNLOADS_MAX} packs of the remote have come, and it is not complete");
            return Err(ImportFault::Unsound(what));
        }
        let url = RemoteUrl::parse(&self.importing.plan.url, self.remote.allows_insecure());
        let patience = Patience { silence_ms: self.limits.patience_ms, refs_ms: IMPORT_REFS_MS };
        Upstream::open(self.remote, &url.map_err(ImportFault::Url)?, patience).await
    }

    /// Fetches all that is wanted, but for tags that the server does not send along. The refs may be others by now than when the
    /// caller was told that they are there: those of this moment count.
    async fn fetch_first(&self, catalog: &LoadedCatalog<'_, S>, now: impl Fn() -> u64) -> Done<Step> {
        let plan = &self.importing.plan;
        let mut upstream = match self.open().await {
            Ok(upstream) => upstream,
            Err(fault) => return Ok(Err(fault)),
        };
        // Not held beside the pack: of these the wanted ones are kept.
        let refs = std::mem::take(&mut upstream.refs);
        let told = match choose::told(&refs, plan) {
            Ok(told) => told,
            Err(fault) => return Ok(Err(fault)),
        };
        let is_branch = |row: &RefRow| row.name == plan.branch;
        if !told.iter().any(is_branch) && refs.refs.iter().any(|one| one.name.as_str().starts_with("refs/heads/")) {
            let branch = plan.branch.strip_prefix("refs/heads/").unwrap_or(&plan.branch).to_owned();
            return Ok(Err(ImportFault::NoBranch(Some(branch))));
        }
        drop(refs);
        let wants = choose::wants(&told, plan, &catalog.packs)?;
        if wants.is_empty() {
            return self.end(&told, catalog).await;
        }
        let depth = plan.depth.and_then(NonZeroU32::new);
        let request = FetchRequest { wants: &wants, depth, include_tag: !plan.all_refs, ..FetchRequest::default() };
        self.fetch(&upstream, &request, Some(told), catalog, now).await
    }

    /// Stores a pack. A small one is taken in at once, a large one by the next step.
    async fn fetch(
        &self,
        upstream: &Upstream<'_, R>,
        request: &FetchRequest<'_>,
        told: Option<Vec<RefRow>>,
        catalog: &LoadedCatalog<'_, S>,
        now: impl Fn() -> u64,
    ) -> Done<Step> {
        let upload_id = self.importing.opened.snapshot.upload_id.as_deref();
        let upload_id = upload_id.ok_or_else(|| Failure::shape("an upload", "none"))?;
        let upload = Upload::new(self.store, self.repo_id(), upload_id);
        let course = Course { room: self.room(), now, is_wanted: async || self.is_wanted().await };
        let Downloaded { uploaded, pack_len, shallow } = match download(upstream, request, upload, course).await? {
            Ok(downloaded) => downloaded,
            Err(fault) => return Ok(Err(fault)),
        };
        match uploaded {
            Uploaded::Small(_) => self.take_in(Come { upload_id, uploaded, pack_len, shallow, told }, catalog).await,
            Uploaded::Stored => {
                let shallow = shallow.iter().map(ObjectId::to_hex).collect();
                let download = Download { upload_id: upload_id.to_owned(), pack_len, shallow };
                let note = NoteDownload { repo_id: self.repo_id().to_owned(), download, told };
                Ok(Ok(after(self.repo.note_download(note).await?, Step::More)?))
            }
        }
    }

    /// Whether there still is a repo to be filled. What cannot be asked is taken for yes.
    async fn is_wanted(&self) -> bool {
        match self.repo.info().await {
            Ok(Ok(info)) => info.repo_id == self.repo_id() && info.status == Status::Importing,
            Ok(Err(_)) => false,
            Err(failure) => {
                log::warn(format_args!("import of {}, not asked whether it is wanted: {failure}", self.repo_id()));
                true
            }
        }
    }

    /// Takes a pack in as one that is pushed: it must be sound, and all that it refers to must be there.
    async fn take_in(&self, come: Come<'_>, catalog: &LoadedCatalog<'_, S>) -> Done<Step> {
        let told = come.told.as_ref().unwrap_or(&self.importing.opened.snapshot.refs);
        let tips = told.iter().map(|row| object_id(&row.id)).collect::<Result<Vec<_>, _>>()?;
        let turn = Turn::new();
        let to = Destination {
            store: self.store,
            catalog,
            repo_id: self.repo_id(),
            upload_id: come.upload_id,
            hash_key: random::hash_key()?,
            turn: &turn,
            takes_shallow: true,
            is_stored: matches!(come.uploaded, Uploaded::Stored),
            room: self.room(),
        };
        let said = Said { tips: &tips, shallow: &come.shallow };
        let (pack, stored_len) = match &come.uploaded {
            Uploaded::Small(pack) => (pack.to_vec(), 0),
            Uploaded::Stored => (Vec::new(), come.pack_len),
        };
        let mut body = StoredBody::new(self.store, self.repo_id(), come.upload_id, stored_len);
        let ingested = ingest(&pack, &mut body, &said, &to).await;
        match ingested {
            Ok(Ok(ingested)) => {
                // Without what was asked for there would be no end of asking.
                let wants = choose::wants(told, &self.importing.plan, &catalog.packs)?;
                if let Some(id) = wants.into_iter().find(|&id| ingested.new_objects.kind(id).is_none()) {
                    return Ok(Err(ImportFault::Unsound(format!("the remote did not send {id}, of which it told"))));
                }
                self.commit(ingested, &come, catalog).await
            }
            Ok(Err(refused)) => ImportFault::of_refused(refused).map(Err),
            Err(Stopped::Failed(failure)) => Err(failure),
            Err(Stopped::Body(error)) => Err(Failure::Platform(error.to_string())),
        }
    }

    async fn commit(&self, ingested: Ingested, come: &Come<'_>, catalog: &LoadedCatalog<'_, S>) -> Done<Step> {
        let (repo_id, upload_id) = (self.repo_id().to_owned(), come.upload_id.to_owned());
        let heads = ingested.heads.as_ref().map(|heads| heads.iter().map(ObjectId::to_hex).collect());
        let shallow = ingested.shallow.clone();
        let mut storing = Storing::new(ingested);
        let (pack, inline) = storing.store(self.store, (&repo_id, &upload_id), catalog).await?;
        let call = ImportPack { repo_id, upload_id, pack, told: come.told.clone(), heads, shallow };
        let inline = inline.as_ref().map(|(pack, index)| (pack.as_slice(), *index));
        let committed = self.repo.commit_import(call, inline).await?;
        if let Err(Refusal::StorageLimit { max }) = committed {
            return Ok(Err(ImportFault::Storage(StorageLimit::Repo { max })));
        }
        Ok(Ok(after(committed, Step::More)?))
    }

    /// Makes the repo ready, if the server sent all that it was asked for.
    async fn end(&self, told: &[RefRow], catalog: &LoadedCatalog<'_, S>) -> Done<Step> {
        let refs = match choose::refs(told, &catalog.packs) {
            Ok(refs) => refs,
            Err(fault) => return Ok(Err(fault)),
        };
        let ended = self.repo.end_import(EndImport { repo_id: self.repo_id().to_owned(), refs }).await?;
        if let Err(Refusal::BadRef { reason }) = ended {
            return Ok(Err(ImportFault::Unsound(format!("a ref of the remote is refused: {reason}"))));
        }
        let ImportPlan { url, branch, .. } = self.importing.plan.clone();
        Ok(Ok(after(ended, Step::Filled { url, branch })?))
    }

    fn room(&self) -> Room {
        let max = self.limits.repo_storage_max;
        let left = max.saturating_sub(self.importing.opened.snapshot.size());
        Room { left, limit: StorageLimit::Repo { max } }
    }
}

/// The next step, when the repo's object has taken this one.
fn after(taken: Result<(), Refusal>, next: Step) -> Result<Step, Failure> {
    match taken {
        Ok(()) => Ok(next),
        Err(refusal) if is_over(&refusal) => Ok(Step::Over),
        Err(refusal) => Err(refused(&refusal)),
    }
}

/// Whether there is nothing to be filled any more.
fn is_over(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NotFound)
}
