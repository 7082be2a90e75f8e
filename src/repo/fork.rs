//! Forks: [`Call::Share`](super::call::Call::Share) at the source, [`Call::Hold`](super::call::Call::Hold) at other owners
//! of its packs, [`Call::CreateFork`](super::call::Call::CreateFork) at the fork. Rows are copied, no bytes but inline ones.

use std::collections::BTreeMap;

use super::answer::Moment;
use super::call::{HeldPack, Hold, NewFork, Refusal, RepoAddress, RepoInfo, ShallowChange, Share, Shared, Status};
use super::schema::SCHEMA;
use super::{holders, metadata, open, packs, refs, shallow};
use crate::config::FORK_MS;
use crate::durable::{Database, Failure, Frame, FrameWriter};

/// Enters the fork as a holder of the packs that this repo owns, and tells what it starts from.
pub(super) fn share<D: Database>(
    db: &D,
    moment: &Moment,
    share: &Share,
    strings: &mut FrameWriter,
) -> Result<Result<Shared, Refusal>, Failure> {
    let repo = match metadata::living(db)? {
        Some(repo) if share.source_id.as_ref().is_some_and(|id| *id != repo.info.repo_id) => {
            return Ok(Err(Refusal::NotFound));
        }
        None => return Ok(Err(Refusal::NotFound)),
        Some(repo) if repo.info.status != Status::Ready => return Ok(Err(Refusal::NotReady(repo.info.status))),
        Some(repo) => repo,
    };
    let info = repo.info;
    let repo_id = &info.repo_id;
    let mut snapshot = open::snapshot(db, &info, true, strings)?;
    let n_refs = snapshot.refs.len();
    if share.default_branch_only {
        let branch = format!("refs/heads/{}", info.default_branch);
        snapshot.refs.retain(|row| row.name == branch);
    }
    let is_exact = !repo.has_unreached && snapshot.refs.len() == n_refs;
    if snapshot.refs.is_empty() {
        snapshot.packs.clear();
        snapshot.shallow.clear();
    }
    let mut named = packs::names(db, repo_id)?;
    named.retain(|pack| pack.is_stored && !snapshot.packs.is_empty());
    let own: Vec<_> = named.iter().filter(|pack| pack.owner.is_none()).map(held).collect();
    if !own.is_empty() && !holders::add(db, moment.now, repo_id, &own, (&share.holder, check_at(moment)))? {
        return Err(Failure::shape("the owner among the holders of a pack", repo_id));
    }
    let owners: BTreeMap<_, _> =
        named.iter().filter_map(|pack| Some((&pack.owner_repo_id, pack.owner.clone()?))).collect();
    Ok(Ok(Shared {
        snapshot,
        source: RepoAddress { namespace: info.namespace, name: info.name, repo_id: repo_id.clone() },
        description: info.description,
        owners: owners.into_values().collect(),
        is_exact,
        not_after: moment.now + lent_ms(moment),
    }))
}

/// Enters a fork of a fork as a holder of packs that this object's repo owns, or an earlier one of its name did.
pub(super) fn hold<D: Database>(db: &D, moment: &Moment, hold: &Hold) -> Result<Result<(), Refusal>, Failure> {
    let is_held = SCHEMA.exists(db)?
        && holders::add(db, moment.now, &hold.owner_repo_id, &hold.packs, (&hold.holder, check_at(moment)))?;
    Ok(if is_held { Ok(()) } else { Err(Refusal::CatalogChanged) })
}

/// Makes the fork, while its packs are lent to it.
pub(super) fn create<D: Database>(
    db: &D,
    moment: &Moment,
    fork: &NewFork,
    frame: &Frame,
) -> Result<Result<RepoInfo, Refusal>, Failure> {
    let repo_id = &fork.repo.repo_id;
    let is_late = moment.now > fork.not_after;
    if is_late && (!SCHEMA.exists(db)? || metadata::living_as(db, repo_id)?.is_none()) {
        return Ok(Err(Refusal::ShareExpired));
    }
    metadata::create_with(db, moment.now, &fork.repo, || {
        refs::insert(db, repo_id, &fork.refs)?;
        shallow::change(db, repo_id, &ShallowChange { added: fork.shallow.clone(), removed: Vec::new() })?;
        for row in &fork.packs {
            let owner = fork.owners.iter().find(|owner| owner.repo_id == row.owner_repo_id);
            packs::insert_shared(db, repo_id, row, owner, frame)?;
        }
        let last_pack_seq = fork.packs.iter().map(|row| row.pack_seq).max().unwrap_or(0);
        metadata::came_from(db, repo_id, &fork.source)?;
        metadata::set_last_pack_seq(db, repo_id, last_pack_seq)
    })
}

/// The packs of an owner that an incarnation has.
pub(super) fn holds<D: Database>(db: &D, repo_id: &str, owner_repo_id: &str) -> Result<Vec<String>, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(Vec::new());
    }
    let named = packs::names(db, repo_id)?.into_iter();
    Ok(named.filter(|pack| pack.owner_repo_id == owner_repo_id).map(|pack| pack.upload_id).collect())
}

fn lent_ms(moment: &Moment) -> u64 {
    FORK_MS.min(moment.upload_grace_ms)
}

/// When a fork is asked whether it has what was lent to it.
fn check_at(moment: &Moment) -> u64 {
    moment.now + 2 * lent_ms(moment)
}

fn held(pack: &packs::NamedPack) -> HeldPack {
    HeldPack { upload_id: pack.upload_id.clone(), len: pack.len }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::ready;
    use crate::repo::fixture::Fixture;

    #[test]
    fn a_fork_is_made_while_packs_are_lent_and_one_that_was_made_stays_so() {
        let fixture = Fixture::new();
        fixture.push(&[("refs/heads/main", None, Some(1))]).unwrap();
        let holder = RepoAddress { namespace: "ns".into(), name: "fork".into(), repo_id: "f1".into() };
        let share = Share { holder: holder.clone(), default_branch_only: false, source_id: None };
        let lent = ready(fixture.repo.share(share)).unwrap().unwrap();
        let client = holder.client(&fixture.objects).unwrap();
        let create = |repo_id: &str| {
            let fork = NewFork {
                repo: crate::repo::call::NewRepo { name: "fork".into(), ..fixture.new_repo(repo_id) },
                source: "artifacts:ns/Repo".into(),
                refs: lent.opened.snapshot.refs.clone(),
                packs: lent.opened.snapshot.packs.clone(),
                owners: vec![lent.source.clone()],
                shallow: Vec::new(),
                not_after: lent.not_after,
            };
            ready(client.create_fork(fork, &[])).unwrap().map(|info| info.repo_id)
        };
        fixture.objects.wait(lent.not_after - fixture.objects.now());
        assert_eq!(create("f1"), Ok("f1".into()));
        fixture.objects.wait(1);
        assert_eq!(create("f1"), Ok("f1".into()));
        assert_eq!(create("f2"), Err(Refusal::ShareExpired));
        assert_eq!(ready(client.holds("f1".into(), "r1".into())).unwrap().unwrap().len(), 1);
    }
}
