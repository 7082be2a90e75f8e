//! What the namespace does for each call: one transaction, kept only if nothing fails and nothing is refused.

use super::call::{Call, Refusal, Reply, RepoPage};
use super::{listing, metadata, repos, schema, token_map};
use crate::account::call::NamespaceReport;
use crate::durable::{Database, Failure, Frame, FrameWriter};

/// Answers a frame that holds a [`Call`] with one that holds a `Result<Reply, Refusal>`.
pub(crate) fn answer_frame<D: Database>(db: &D, now: u64, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let call: Call = Frame::parse(frame)?.head()?;
    let result = db.transaction(|| answer(db, now, &call))?;
    FrameWriter::default().finish(&result)
}

fn answer<D: Database>(db: &D, now: u64, call: &Call) -> Result<Result<Reply, Refusal>, Failure> {
    match call {
        Call::Create { namespace } => return Ok(metadata::create(db, now, namespace)?.map(Reply::Changed)),
        Call::Reserve(new) => {
            metadata::ensure(db, now, &new.namespace)?;
            if let Err(refusal) = repos::reserve(db, now, new)? {
                return Ok(Err(refusal));
            }
            token_map::add(db, now, &new.token)?;
            return Ok(Ok(Reply::Reserved { unregistered: metadata::unregistered(db)? }));
        }
        Call::Report(info) if schema::SCHEMA.exists(db)? && repos::is_removed(db, &info.repo_id)? => {}
        Call::Report(info) => {
            metadata::ensure(db, now, &info.namespace)?;
            repos::report(db, now, info)?;
        }
        _ if !schema::SCHEMA.exists(db)? => return Ok(answer_of_nothing(call)),
        Call::Info => return Ok(Ok(Reply::Namespace(metadata::living(db)?))),
        Call::Delete => return Ok(delete(db, now)?.map(Reply::Changed)),
        Call::Heard { version } => metadata::heard(db, now, *version)?,
        Call::Remove { repo_id, held_size } => {
            repos::remove(db, now, repo_id, *held_size)?;
            token_map::clear(db, repo_id)?;
        }
        Call::MapToken(token) => token_map::add(db, now, token)?,
        Call::FindToken { token_id } => return Ok(Ok(Reply::TokenRepo(token_map::find(db, token_id)?))),
        Call::IsReserved { name } => return Ok(Ok(Reply::ReservedFor(repos::reserved_for(db, now, name)?))),
        Call::List(listing) => return Ok(Ok(Reply::Repos(listing::list(db, now, listing)?))),
    }
    Ok(Ok(Reply::Done))
}

/// What a namespace answers that nobody has made a repo in. Nothing is stored for asking.
fn answer_of_nothing(call: &Call) -> Result<Reply, Refusal> {
    match call {
        Call::Info => Ok(Reply::Namespace(None)),
        Call::Delete => Err(Refusal::NotFound),
        Call::FindToken { .. } => Ok(Reply::TokenRepo(None)),
        Call::IsReserved { .. } => Ok(Reply::ReservedFor(None)),
        Call::List(listing) => {
            let total_count = listing.offset.map(|_| 0);
            Ok(Reply::Repos(RepoPage { total_count, ..RepoPage::default() }))
        }
        _ => Ok(Reply::Done),
    }
}

fn delete<D: Database>(db: &D, now: u64) -> Result<Result<NamespaceReport, Refusal>, Failure> {
    if metadata::living(db)?.is_none() {
        return Ok(Err(Refusal::NotFound));
    }
    repos::clear_lapsed(db, now)?;
    if let Some(status) = repos::any_status(db)? {
        return Ok(Err(if repos::is_reservation(status) { Refusal::InProgress(status) } else { Refusal::NotEmpty }));
    }
    metadata::delete(db, now).map(Ok)
}
