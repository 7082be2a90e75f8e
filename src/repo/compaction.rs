//! [`Call::Survey`](super::call::Call::Survey) and [`Call::Replace`](super::call::Call::Replace): a pack takes the place
//! of others in one transaction, or the repo stays as it is.
//!
//! Maintenance works on a state that may have gone when it is done. Packs that hold the same objects may change places
//! whatever has been pushed meanwhile; to leave objects out is right only for the refs and packs that were looked at.

use super::answer::Moment;
use super::call::{Collected, Refusal, Replace, ShallowChange, Status, Survey};
use super::packs::{self, InlineBytes, NamedPack};
use super::{alarm, dropped, metadata, open, refs, shallow, uploads};
use crate::durable::{Database, Failure, Frame, FrameWriter};

/// The repo as it is, and an upload.
pub(super) fn survey<D: Database>(
    db: &D,
    moment: &Moment,
    strings: &mut FrameWriter,
) -> Result<Result<Survey, Refusal>, Failure> {
    let repo = match metadata::living(db)? {
        None => return Ok(Err(Refusal::NotFound)),
        Some(repo) if repo.info.status != Status::Ready => return Ok(Err(Refusal::NotReady(repo.info.status))),
        Some(repo) => repo.info,
    };
    let dropped_before = moment.now.saturating_sub(moment.unreachable_grace_ms);
    let recent = dropped::recent(db, &repo.repo_id, dropped_before)?;
    let mut snapshot = open::snapshot(db, &repo, true, strings)?;
    snapshot.upload_id = Some(uploads::register(db, moment.now, &repo.repo_id, moment.upload_grace_ms)?);
    Ok(Ok(Survey { snapshot, recent, dropped_before }))
}

/// Puts the new pack in the place of the others, whose bytes are reclaimed when nobody can be reading them any more.
pub(super) fn replace<D: Database>(
    db: &D,
    moment: &Moment,
    call: &Replace,
    frame: &Frame,
) -> Result<Result<(), Refusal>, Failure> {
    let (now, repo_id) = (moment.now, &call.repo_id);
    if metadata::living_as(db, repo_id)?.is_none() {
        return Ok(Err(Refusal::NotFound));
    }
    if !uploads::is_open(db, now, repo_id, &call.upload_id)? {
        return Ok(Err(Refusal::UploadExpired));
    }
    let named = packs::names(db, repo_id)?;
    let Some(replaced) = neighbours(&named, &call.replaced) else { return Ok(Err(Refusal::CatalogChanged)) };
    if let Some(collected) = &call.collected {
        let is_same = named.iter().map(|pack| &pack.upload_id).eq(&collected.upload_ids);
        let recent = dropped::recent(db, repo_id, collected.dropped_before)?;
        let digest = refs::digest(&refs::all(db, repo_id)?, &recent, &shallow::all(db, repo_id)?);
        if !is_same || digest != collected.refs_digest {
            return Ok(Err(Refusal::CatalogChanged));
        }
        end_collection(db, moment, repo_id, collected)?;
        if collected.all_reached {
            metadata::set_unreached(db, repo_id, false)?;
        }
    }
    for pack in replaced {
        packs::release(db, moment, repo_id, pack)?;
    }
    match (&call.pack, replaced.last()) {
        (Some(new), Some(last)) => {
            let bytes = InlineBytes::of(new, frame)?;
            packs::insert(db, repo_id, last.pack_seq, &call.upload_id, (new, bytes))?;
            uploads::forget(db, repo_id, &call.upload_id)?;
        }
        (_, Some(_)) => uploads::expire(db, now, repo_id, &call.upload_id)?,
        // Nothing has changed places: the upload may still be used.
        (_, None) => {}
    }
    alarm::report(db, now, repo_id)?;
    Ok(Ok(()))
}

/// The packs of these uploads, if they stand next to one another in the catalog in this order.
fn neighbours<'a>(named: &'a [NamedPack], upload_ids: &[String]) -> Option<&'a [NamedPack]> {
    let Some(first) = upload_ids.first() else { return Some(&[]) };
    let start = named.iter().position(|pack| pack.upload_id == *first)?;
    let run = named.get(start..start + upload_ids.len())?;
    run.iter().map(|pack| &pack.upload_id).eq(upload_ids).then_some(run)
}

/// What was dropped long ago has been seen to; what has been dropped since is looked at another time.
fn end_collection<D: Database>(db: &D, moment: &Moment, repo_id: &str, collected: &Collected) -> Result<(), Failure> {
    let lost = ShallowChange { removed: collected.shallow.clone(), ..ShallowChange::default() };
    shallow::change(db, repo_id, &lost)?;
    let oldest = dropped::forget(db, repo_id, collected.dropped_before)?;
    alarm::collected(db, oldest.map(|dropped_at| dropped_at + moment.unreachable_grace_ms + 1), repo_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::ready;
    use crate::objects::{UNREACHABLE_GRACE_MS, UPLOAD_GRACE_MS};
    use crate::repo::call::{NewPack, View};
    use crate::repo::fixture::{Fixture, READ, pack_info};
    use crate::repo::{Surveyed, refs_digest};

    const MAIN: &str = "refs/heads/main";

    fn survey(fixture: &Fixture) -> Surveyed {
        ready(fixture.repo.survey()).unwrap().unwrap()
    }

    /// The call that replaces these packs by one in R2.
    fn replacing(surveyed: &Surveyed, run: std::ops::Range<usize>) -> Replace {
        let (repo_id, upload_id) = surveyed.upload();
        Replace {
            repo_id: repo_id.into(),
            upload_id: upload_id.into(),
            replaced: surveyed.opened.snapshot.packs[run].iter().map(|row| row.upload_id.clone()).collect(),
            pack: Some(NewPack { pack: pack_info(2000, 200, 4096), inline: false }),
            collected: None,
        }
    }

    fn collected(surveyed: &Surveyed) -> Collected {
        let snapshot = &surveyed.opened.snapshot;
        Collected {
            upload_ids: snapshot.packs.iter().map(|row| row.upload_id.clone()).collect(),
            refs_digest: refs_digest(&snapshot.refs, &surveyed.recent, &snapshot.shallow),
            dropped_before: surveyed.dropped_before,
            shallow: vec![],
            all_reached: false,
        }
    }

    fn replace(fixture: &Fixture, call: Replace) -> Result<(), Refusal> {
        ready(fixture.repo.replace(call, None)).unwrap()
    }

    fn pushed(n: u8) -> Fixture {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        for to in 2..=n {
            fixture.push(&[(MAIN, Some(to - 1), Some(to))]).unwrap();
        }
        fixture
    }

    #[test]
    fn a_merged_pack_takes_the_place_of_the_last_and_their_bytes_go_later() {
        let fixture = pushed(4);
        let surveyed = survey(&fixture);
        let old: Vec<_> = surveyed.opened.snapshot.packs[1..3].iter().map(|row| row.upload_id.clone()).collect();
        assert_eq!(replace(&fixture, replacing(&surveyed, 1..3)), Ok(()));
        let packs = fixture.open(READ, View::Fetch).unwrap().packs;
        assert_eq!(packs.iter().map(|pack| pack.pack_seq).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(packs[1].upload_id, surveyed.upload().1);
        let rows = fixture.db.exec("SELECT upload_id, reclaim_at FROM uploads", &[]).unwrap();
        let mut reclaimed: Vec<_> =
            rows.into_iter().map(|mut row| (row.text().unwrap(), row.integer().unwrap())).collect();
        reclaimed.sort_by_key(|(upload_id, _)| old.iter().position(|old| old == upload_id));
        let at = fixture.objects.now() + UPLOAD_GRACE_MS;
        assert_eq!(reclaimed, old.into_iter().map(|upload_id| (upload_id, at)).collect::<Vec<_>>());
    }

    #[test]
    fn packs_that_are_not_neighbours_or_have_gone_are_not_replaced() {
        let fixture = pushed(4);
        let surveyed = survey(&fixture);
        let mut apart = replacing(&surveyed, 0..3);
        apart.replaced.remove(1);
        assert_eq!(replace(&fixture, apart), Err(Refusal::CatalogChanged));
        assert_eq!(replace(&fixture, replacing(&surveyed, 0..2)), Ok(()));
        let late = Replace { upload_id: fixture.upload(), ..replacing(&surveyed, 1..3) };
        assert_eq!(replace(&fixture, late), Err(Refusal::CatalogChanged));
        assert_eq!(fixture.pack_seqs(), [2, 3, 4]);
    }

    #[test]
    fn a_push_meanwhile_keeps_its_place_above_a_merge() {
        let fixture = pushed(2);
        let surveyed = survey(&fixture);
        fixture.push(&[(MAIN, Some(2), Some(3))]).unwrap();
        assert_eq!(replace(&fixture, replacing(&surveyed, 0..2)), Ok(()));
        assert_eq!(fixture.pack_seqs(), [2, 3]);
        fixture.push(&[(MAIN, Some(3), Some(4))]).unwrap();
        assert_eq!(fixture.pack_seqs(), [2, 3, 4]);
    }

    #[test]
    fn objects_are_left_out_only_of_the_state_that_was_looked_at() {
        let fixture = pushed(2);
        let surveyed = survey(&fixture);
        let call = Replace { collected: Some(collected(&surveyed)), ..replacing(&surveyed, 0..2) };
        fixture.push(&[("refs/heads/b", None, Some(1))]).unwrap();
        assert_eq!(replace(&fixture, call.clone()), Err(Refusal::CatalogChanged));
        let again = Replace { collected: Some(collected(&survey(&fixture))), ..call };
        assert_eq!(replace(&fixture, again), Ok(()));
    }

    #[test]
    fn a_ref_that_moves_without_a_pack_changes_the_state_too() {
        let fixture = pushed(2);
        let surveyed = survey(&fixture);
        let call = Replace { collected: Some(collected(&surveyed)), ..replacing(&surveyed, 0..2) };
        let moved = crate::repo::call::Commit {
            pack: None,
            ..crate::repo::fixture::commit(&fixture.upload(), &[(MAIN, Some(2), Some(1))])
        };
        fixture.commit(moved).unwrap();
        assert_eq!(replace(&fixture, call), Err(Refusal::CatalogChanged));
    }

    #[test]
    fn what_was_dropped_is_told_for_a_while_and_forgotten_by_a_collection() {
        let fixture = pushed(2);
        let id = hex::encode([1; 20]);
        assert_eq!(survey(&fixture).recent, std::slice::from_ref(&id));
        fixture.objects.wait(UNREACHABLE_GRACE_MS);
        assert_eq!(survey(&fixture).recent, [id]);
        fixture.objects.wait(1);
        fixture.push(&[(MAIN, Some(2), Some(3))]).unwrap();
        let surveyed = survey(&fixture);
        assert_eq!(surveyed.recent, [hex::encode([2; 20])]);
        let call = Replace { collected: Some(collected(&surveyed)), pack: None, ..replacing(&surveyed, 0..0) };
        assert_eq!(replace(&fixture, call), Ok(()));
        assert_eq!((fixture.dropped(), fixture.pack_seqs()), (vec![2], vec![1, 2, 3]));
    }

    #[test]
    fn only_who_found_all_that_is_left_reached_may_say_so() {
        let fixture = pushed(2);
        fixture.push(&[("refs/heads/b", None, Some(7))]).unwrap();
        fixture.push(&[("refs/heads/b", Some(7), None)]).unwrap();
        let has_unreached = || metadata::living(&*fixture.db).unwrap().unwrap().has_unreached;
        fixture.objects.wait(UNREACHABLE_GRACE_MS + 1);
        for all_reached in [false, true] {
            assert!(has_unreached());
            let surveyed = survey(&fixture);
            let collected = Some(Collected { all_reached, ..collected(&surveyed) });
            let call = Replace { collected, pack: None, ..replacing(&surveyed, 0..0) };
            assert_eq!(replace(&fixture, call), Ok(()));
        }
        assert!(!has_unreached());
    }

    #[test]
    fn nothing_is_done_to_a_repo_that_has_gone() {
        let fixture = pushed(2);
        let call = replacing(&survey(&fixture), 0..2);
        ready(fixture.repo.delete()).unwrap().unwrap();
        assert_eq!(ready(fixture.repo.survey()).unwrap().err(), Some(Refusal::NotFound));
        assert_eq!(replace(&fixture, call.clone()), Err(Refusal::NotFound));
        ready(fixture.repo.create(fixture.new_repo("r2"))).unwrap().unwrap();
        assert_eq!(replace(&fixture, call), Err(Refusal::NotFound));
    }
}
