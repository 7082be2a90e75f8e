//! What the repo does for each call: one transaction, kept only if nothing fails and nothing is refused.

use super::call::{Call, Refusal, Reply, Status};
use super::schema::SCHEMA;
use super::tokens::By;
use super::{alarm, commit, compaction, fork, holders, import, metadata, open, pushes, storage, tokens, uploads};
use crate::durable::{Database, Failure, Frame, FrameWriter};

/// When a call arrives, and what the deployment says about time and room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Unix milliseconds.
    pub(crate) now: u64,
    /// How long a registered upload may live, and what has left the catalog is still there to be read.
    pub(crate) upload_grace_ms: u64,
    /// How long what no ref reaches any more is kept.
    pub(crate) unreachable_grace_ms: u64,
    /// What the repo may hold, in bytes.
    pub(crate) storage_max: u64,
}

/// Answers a frame that holds a [`Call`] with one that holds a `Result<Reply, Refusal>`.
pub(crate) fn answer_frame<D: Database>(db: &D, moment: &Moment, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let frame = Frame::parse(frame)?;
    let call: Call = frame.head()?;
    let mut strings = FrameWriter::default();
    let result = db.transaction(|| answer(db, moment, &call, &frame, &mut strings))?;
    match result {
        Ok(reply) => strings.finish(&Ok::<Reply, Refusal>(reply)),
        Err(refusal) => FrameWriter::default().finish(&Err::<Reply, Refusal>(refusal)),
    }
}

fn answer<D: Database>(
    db: &D,
    moment: &Moment,
    call: &Call,
    frame: &Frame,
    strings: &mut FrameWriter,
) -> Result<Result<Reply, Refusal>, Failure> {
    let now = moment.now;
    Ok(match call {
        Call::Create(new) => metadata::create(db, now, new)?.map(Reply::Info),
        Call::Share(call) => fork::share(db, moment, call, strings)?.map(|shared| Reply::Shared(Box::new(shared))),
        Call::Hold(call) => fork::hold(db, moment, call)?.map(|()| Reply::Done),
        Call::CreateFork(call) => fork::create(db, moment, call, frame)?.map(Reply::Info),
        Call::Holds { repo_id, owner_repo_id } => Ok(Reply::Holds(fork::holds(db, repo_id, owner_repo_id)?)),
        Call::Release(call) => {
            if SCHEMA.exists(db)? {
                holders::remove(db, moment, &call.owner_repo_id, &call.upload_ids, &call.holder_repo_id)?;
            }
            Ok(Reply::Done)
        }
        Call::CreateImport(call) => import::create(db, now, call)?.map(Reply::Info),
        Call::BeginImport => import::begin(db, moment, strings)?.map(|state| Reply::Import(Box::new(state))),
        Call::NoteDownload(call) => import::note_download(db, now, call)?.map(|()| Reply::Done),
        Call::CommitImport(call) => import::commit(db, moment, call, frame)?.map(|()| Reply::Done),
        Call::EndImport(call) => import::end(db, now, call)?.map(|()| Reply::Done),
        Call::FailImport(call) => import::fail(db, moment, call)?.map(|is_over| Reply::ImportFailed { is_over }),
        Call::Info => match metadata::living(db)? {
            Some(repo) => {
                if repo.info.status == Status::Importing {
                    alarm::wake(db, now)?;
                }
                Ok(Reply::Info(repo.info))
            }
            None => Err(import::failure(db, now)?),
        },
        Call::Change(change) => metadata::change(db, now, change)?.map(Reply::Info),
        Call::Delete => metadata::delete(db, moment)?.map(Reply::Deleted),
        Call::AddToken { repo_id, token } => match metadata::ready_as(db, repo_id)? {
            Ok(_) => tokens::add(db, now, repo_id, token).map(|()| Ok(Reply::Done))?,
            Err(refusal) => Err(refusal),
        },
        Call::ListTokens(call) => tokens::list(db, now, call)?.map(Reply::Tokens),
        Call::RevokeToken { repo_id, token_id } => match metadata::ready_as(db, repo_id)? {
            Ok(_) => tokens::revoke(db, now, repo_id, By::Id(token_id))?.map(|token_id| Reply::Revoked { token_id }),
            Err(Refusal::NotFound) => Err(Refusal::TokenNotFound),
            Err(refusal) => Err(refusal),
        },
        Call::RevokeSecret { repo_id, sha256 } => match metadata::ready_as(db, repo_id)? {
            Ok(_) => tokens::revoke(db, now, repo_id, By::Sha256(sha256))?.map(|token_id| Reply::Revoked { token_id }),
            Err(Refusal::NotFound) => Err(Refusal::TokenNotFound),
            Err(refusal) => Err(refusal),
        },
        Call::ListPushes { limit, before } => match metadata::ready(db)? {
            Ok(repo) => Ok(Reply::Pushes(pushes::page(db, now, &repo.info.repo_id, *limit, *before)?)),
            Err(refusal) => Err(refusal),
        },
        Call::Open { token_sha256, view } => open::open(db, moment, token_sha256, *view, strings)?.map(Reply::Snapshot),
        Call::Read { names, repo_id } => {
            open::read(db, moment, (names, repo_id.as_deref()), strings)?.map(Reply::Snapshot)
        }
        Call::Commit(call) => commit::commit(db, moment, call, frame)?.map(Reply::Committed),
        Call::Abandon { repo_id, upload_id } => {
            if SCHEMA.exists(db)? {
                uploads::expire(db, now, repo_id, upload_id)?;
            }
            Ok(Reply::Done)
        }
        Call::Storage { after } => Ok(Reply::Storage(storage::page(db, after.as_ref())?)),
        Call::Survey => compaction::survey(db, moment, strings)?.map(Reply::Survey),
        Call::Replace(call) => compaction::replace(db, moment, call, frame)?.map(|()| Reply::Done),
    })
}
