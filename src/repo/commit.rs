//! [`Call::Commit`](super::call::Call::Commit): pack and refs become real, together or not at all.
//!
//! Everything that was true when the push was opened is checked again, in the transaction that writes. A push that
//! moves no ref leaves no pack: its bytes are reclaimed like those of a push that never ended.

use std::collections::BTreeMap;

use git_core::ObjectId;
use git_core::refs::{Change, Outcome, RefName, RefUpdate, decide};

use super::call::{Commit, Committed, NewPack, RefRow, Refusal, Update};
use super::packs::{self, InlineBytes};
use super::{metadata, open, refs, uploads};
use crate::config::{REF_NAME_LEN_MAX, REFS_LEN_MAX};
use crate::durable::{Database, Failure, Frame};

/// Commits a push, or says why not.
pub(super) fn commit<D: Database>(
    db: &D,
    now: u64,
    call: &Commit,
    frame: &Frame,
) -> Result<Result<Committed, Refusal>, Failure> {
    let repo_id = match open::admit(db, now, &call.token_sha256, true)? {
        Ok(repo) if repo.info.repo_id == call.repo_id => repo.info.repo_id,
        Ok(_) => return Ok(Err(Refusal::BadToken)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !uploads::is_open(db, now, &repo_id, &call.upload_id)? {
        return Ok(Err(Refusal::UploadExpired));
    }
    let bytes = call.pack.as_ref().map(|new| inline_bytes(new, frame)).transpose()?.flatten();
    let has_room = bytes.map_or(Ok(true), |bytes| packs::has_inline_room(db, &repo_id, bytes))?;
    if !has_room || !packs::has_all(db, &repo_id, &call.relies_on)? {
        return Ok(Err(Refusal::CatalogChanged));
    }
    let outcomes = decide_refs(&refs::all(db, &repo_id)?, &call.updates, call.atomic)?;
    write_refs(db, &repo_id, &call.updates, &outcomes)?;
    match &call.pack {
        Some(new) if outcomes.iter().any(|outcome| matches!(outcome, Ok(Change::Write(_)))) => {
            packs::add(db, &repo_id, &call.upload_id, new, bytes)?;
            uploads::forget(db, &repo_id, &call.upload_id)?;
        }
        Some(_) => uploads::expire(db, now, &repo_id, &call.upload_id)?,
        None => uploads::forget(db, &repo_id, &call.upload_id)?,
    }
    if outcomes.iter().any(Result::is_ok) {
        metadata::pushed(db, now, &repo_id)?;
    }
    let reason = |outcome: &Outcome| outcome.as_ref().err().map(ToString::to_string);
    Ok(Ok(Committed { outcomes: outcomes.iter().map(reason).collect() }))
}

fn inline_bytes<'a>(new: &NewPack, frame: &'a Frame) -> Result<Option<InlineBytes<'a>>, Failure> {
    if !new.inline {
        return Ok(None);
    }
    InlineBytes::check(&new.pack, frame.string(0)?, frame.string(1)?).map(Some)
}

/// What becomes of each update, in the order of the call.
fn decide_refs(stored: &[RefRow], updates: &[Update], atomic: bool) -> Result<Vec<Outcome>, Failure> {
    let entry = |row: &RefRow| {
        let name = RefName::parse(row.name.as_bytes(), REF_NAME_LEN_MAX);
        let name = name.map_err(|_| Failure::shape("a ref's name", &row.name))?;
        Ok((name, object_id(&row.id)?))
    };
    let current = stored.iter().map(entry).collect::<Result<BTreeMap<_, _>, Failure>>()?;
    let mut len = stored.iter().map(|row| refs::snapshot_len(&row.name)).sum();
    let updates = updates.iter().map(|update| ref_update(update, &mut len)).collect::<Result<Vec<_>, _>>()?;
    Ok(decide(&current, &updates, atomic))
}

/// The update as git-core takes it, unless it has been refused or there is no room for another ref. `len` is what the
/// refs take so far.
fn ref_update(update: &Update, len: &mut u64) -> Result<Result<RefUpdate, String>, Failure> {
    if let Some(reason) = &update.refused {
        return Ok(Err(reason.clone()));
    }
    let name = match RefName::parse(update.name.as_bytes(), REF_NAME_LEN_MAX) {
        Ok(name) => name,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if update.old_id.is_none() && update.new_id.is_some() {
        *len += refs::snapshot_len(&update.name);
        if *len > REFS_LEN_MAX {
            return Ok(Err(format!("no room for another ref: names and ids take {REFS_LEN_MAX} bytes at most")));
        }
    }
    let old_id = update.old_id.as_deref().map(object_id).transpose()?;
    let new_id = update.new_id.as_deref().map(object_id).transpose()?;
    Ok(Ok(RefUpdate { name, old_id, new_id }))
}

fn write_refs<D: Database>(db: &D, repo_id: &str, updates: &[Update], outcomes: &[Outcome]) -> Result<(), Failure> {
    for (update, outcome) in updates.iter().zip(outcomes) {
        match outcome {
            Ok(Change::Write(id)) => {
                let row = RefRow { name: update.name.clone(), id: id.to_hex(), peeled: update.peeled.clone() };
                refs::set(db, repo_id, &row)?;
            }
            Ok(Change::Delete) => refs::delete(db, repo_id, &update.name)?,
            Ok(Change::Absent) | Err(_) => {}
        }
    }
    Ok(())
}

fn object_id(hex: &str) -> Result<ObjectId, Failure> {
    ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex))
}
