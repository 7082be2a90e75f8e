//! The refs of a push: what becomes of each, and the rows that follow from it.

use std::collections::{BTreeMap, BTreeSet};

use git_core::ObjectId;
use git_core::refs::{Change, Outcome, RefName, RefUpdate, decide};

use crate::config::{REF_NAME_LEN_MAX, REFS_LEN_MAX};
use crate::durable::{Database, Failure};
use crate::repo::answer::Moment;
use crate::repo::call::{Commit, MovedRef, RefRow, Update};
use crate::repo::{alarm, dropped, refs};

/// What becomes of each update, in the order of the call.
pub(in crate::repo) fn decide_refs(
    stored: &[RefRow],
    updates: &[Update],
    atomic: bool,
) -> Result<Vec<Outcome>, Failure> {
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

pub(super) fn write_refs<D: Database>(
    db: &D,
    moment: &Moment,
    repo_id: &str,
    updates: &[Update],
    outcomes: &[Outcome],
) -> Result<(), Failure> {
    let mut has_dropped = false;
    for (update, outcome) in updates.iter().zip(outcomes) {
        if let (Ok(Change::Write(_) | Change::Delete), Some(old_id)) = (outcome, &update.old_id) {
            dropped::add(db, moment.now, repo_id, old_id)?;
            has_dropped = true;
        }
        match outcome {
            Ok(Change::Write(id)) => {
                let row = RefRow { name: update.name.clone(), id: id.to_hex(), peeled: update.peeled.clone() };
                refs::set(db, repo_id, &row)?;
            }
            Ok(Change::Delete) => refs::delete(db, repo_id, &update.name)?,
            Ok(Change::Absent) | Err(_) => {}
        }
    }
    if has_dropped {
        alarm::collect(db, moment.now + moment.unreachable_grace_ms, repo_id)?;
    }
    Ok(())
}

/// Whether this leaves objects in the packs that no ref reaches: what a ref pointed at and nothing reaches any more, or a
/// part of the pack, if it is kept, at which no ref points.
pub(super) fn leaves_unreached<D: Database>(
    db: &D,
    call: &Commit,
    outcomes: &[Outcome],
    keeps_pack: bool,
) -> Result<bool, Failure> {
    let (mut doubtful, mut new_ids) = (Vec::new(), BTreeSet::new());
    let still_reached: BTreeSet<_> = call.still_reached.iter().collect();
    for update in that_moved(&call.updates, outcomes) {
        doubtful.extend(update.old_id.as_ref().filter(|old_id| !still_reached.contains(old_id)));
        new_ids.extend(&update.new_id);
    }
    if keeps_pack {
        let Some(heads) = &call.heads else { return Ok(true) };
        doubtful.extend(heads.iter().filter(|head| !new_ids.contains(head)));
    }
    Ok(!doubtful.is_empty() && !refs::point_at_all(db, &call.repo_id, &doubtful)?)
}

/// The refs that moved.
pub(super) fn moved(updates: &[Update], outcomes: &[Outcome]) -> Vec<MovedRef> {
    let moved = that_moved(updates, outcomes).map(|Update { name, old_id, new_id, .. }| MovedRef {
        name: name.clone(),
        old_id: old_id.clone(),
        new_id: new_id.clone(),
    });
    moved.collect()
}

fn that_moved<'a>(updates: &'a [Update], outcomes: &'a [Outcome]) -> impl Iterator<Item = &'a Update> {
    let has_moved = |outcome: &Outcome| matches!(outcome, Ok(Change::Write(_) | Change::Delete));
    updates.iter().zip(outcomes).filter(move |(_, outcome)| has_moved(outcome)).map(|(update, _)| update)
}

fn object_id(hex: &str) -> Result<ObjectId, Failure> {
    ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex))
}

#[cfg(test)]
mod tests {
    use crate::durable::Database;
    use crate::repo::fixture::Fixture;

    const MAIN: &str = "refs/heads/main";

    #[test]
    fn refs_that_no_snapshot_could_hold_are_refused() {
        let fixture = Fixture::new();
        let id = hex::encode([1; 20]);
        fixture
            .db
            .exec(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 14000)
             INSERT INTO refs (repo_id, name, id) SELECT 'r1', 'refs/heads/' || printf('%01000d', i), ?1 FROM n",
                &[(&id).into()],
            )
            .unwrap();
        let outcomes = fixture.push(&[(MAIN, None, Some(1))]).unwrap().outcomes;
        assert_eq!(outcomes, [None]);
        fixture
            .db
            .exec(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
             INSERT INTO refs (repo_id, name, id) SELECT 'r1', 'refs/tags/' || printf('%01000d', i), ?1 FROM n",
                &[(&id).into()],
            )
            .unwrap();
        let outcomes = fixture.push(&[("refs/heads/b", None, Some(1))]).unwrap().outcomes;
        assert!(outcomes[0].as_ref().unwrap().starts_with("no room for another ref"));
    }
}
