//! [`Call::Open`](super::call::Call::Open): who asks, and one consistent view of the repo for them.

use super::answer::Moment;
use super::call::{Refusal, Scope, Snapshot, Status, View};
use super::metadata::{self, Repo};
use super::{packs, refs, tokens, uploads};
use crate::durable::{Database, Failure, FrameWriter};

/// Lets in whoever holds a token that may do this. Unknown repos and bad tokens are the same to them.
pub(super) fn admit<D: Database>(
    db: &D,
    now: u64,
    token_sha256: &str,
    writes: bool,
) -> Result<Result<Repo, Refusal>, Failure> {
    let Some(repo) = metadata::living(db)? else { return Ok(Err(Refusal::BadToken)) };
    let Some(scope) = tokens::scope_of(db, now, &repo.info.repo_id, token_sha256)? else {
        return Ok(Err(Refusal::BadToken));
    };
    Ok(match repo.info.status {
        _ if writes && scope == Scope::Read => Err(Refusal::ReadScope),
        _ if writes && repo.info.read_only => Err(Refusal::ReadOnly),
        Status::Ready => Ok(repo),
        other => Err(Refusal::NotReady(other)),
    })
}

/// The view that was asked for. [`View::Push`] registers an upload.
pub(super) fn open<D: Database>(
    db: &D,
    moment: &Moment,
    token_sha256: &str,
    view: View,
    strings: &mut FrameWriter,
) -> Result<Result<Snapshot, Refusal>, Failure> {
    let repo = match admit(db, moment.now, token_sha256, view.writes())? {
        Ok(repo) => repo,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let repo_id = repo.info.repo_id;
    let refs = refs::all(db, &repo_id)?;
    let packs = if view.has_packs() { packs::all(db, &repo_id, strings)? } else { Vec::new() };
    let upload_id = match view {
        View::Push => Some(uploads::register(db, moment.now, &repo_id, moment.upload_grace_ms)?),
        View::Refs | View::PushRefs | View::Fetch => None,
    };
    let (name, default_branch) = (repo.info.name, repo.info.default_branch);
    Ok(Ok(Snapshot { repo_id, name, default_branch, refs, packs, upload_id }))
}
