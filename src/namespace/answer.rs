//! What the namespace does for each call: one transaction, kept only if nothing fails and nothing is refused.

use super::call::{Call, Refusal, Reply, RepoPage};
use super::{repos, schema, token_map};
use crate::durable::{Database, Failure, Frame, FrameWriter};

/// Answers a frame that holds a [`Call`] with one that holds a `Result<Reply, Refusal>`.
pub(crate) fn answer_frame<D: Database>(db: &D, now: u64, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let call: Call = Frame::parse(frame)?.head()?;
    let result = db.transaction(|| answer(db, now, &call))?;
    FrameWriter::default().finish(&result)
}

fn answer<D: Database>(db: &D, now: u64, call: &Call) -> Result<Result<Reply, Refusal>, Failure> {
    match call {
        Call::Reserve(new) => {
            schema::create(db, now, &new.namespace)?;
            if let Err(refusal) = repos::reserve(db, now, new)? {
                return Ok(Err(refusal));
            }
            token_map::add(db, now, &new.token)?;
            return Ok(Ok(Reply::Reserved { registered: schema::is_registered(db)? }));
        }
        Call::Report(info) => {
            schema::create(db, now, &info.namespace)?;
            repos::report(db, info)?;
            return Ok(Ok(Reply::Done));
        }
        _ if !schema::SCHEMA.exists(db)? => return Ok(Ok(answer_of_nothing(call))),
        Call::Registered => schema::register(db)?,
        Call::Remove { repo_id } => {
            repos::remove(db, repo_id)?;
            token_map::clear(db, repo_id)?;
        }
        Call::MapToken(token) => token_map::add(db, now, token)?,
        Call::FindToken { token_id } => return Ok(Ok(Reply::TokenRepo(token_map::find(db, token_id)?))),
        Call::IsReserved { name } => return Ok(Ok(Reply::IsReserved(repos::is_reserved(db, now, name)?))),
        Call::List(listing) => return Ok(Ok(Reply::Repos(repos::list(db, now, listing)?))),
    }
    Ok(Ok(Reply::Done))
}

/// What a namespace answers that nobody has made a repo in. Nothing is stored for asking.
fn answer_of_nothing(call: &Call) -> Reply {
    match call {
        Call::FindToken { .. } => Reply::TokenRepo(None),
        Call::IsReserved { .. } => Reply::IsReserved(false),
        Call::List(_) => Reply::Repos(RepoPage { repos: Vec::new(), next: None }),
        _ => Reply::Done,
    }
}
