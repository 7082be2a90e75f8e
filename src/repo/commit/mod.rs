//! [`Call::Commit`](super::call::Call::Commit): pack and refs become real, together or not at all.
//!
//! Everything that was true when the push was opened is checked again, in the transaction that writes. A push that
//! moves no ref leaves no pack: its bytes are reclaimed like those of a push that never ended.

mod updates;

use git_core::refs::{Change, Outcome};

pub(super) use self::updates::decide_refs;
use self::updates::{leaves_unreached, moved, write_refs};
use super::answer::Moment;
use super::call::{Commit, Committed, PushRecord, Refusal};
use super::geometry::run_to_merge;
use super::metadata::Repo;
use super::open::{self, Admitted};
use super::packs::{self, InlineBytes};
use super::{alarm, metadata, pushes, refs, shallow, uploads};
use crate::durable::{Database, Failure, Frame};

/// Commits a push, or says why not.
pub(super) fn commit<D: Database>(
    db: &D,
    moment: &Moment,
    call: &Commit,
    frame: &Frame,
) -> Result<Result<Committed, Refusal>, Failure> {
    let now = moment.now;
    let (Repo { info: repo, has_unreached, .. }, token_id) = match open::admit(db, now, &call.token_sha256, true)? {
        Ok(Admitted { repo, token_id }) if repo.info.repo_id == call.repo_id => (repo, token_id),
        Ok(_) => return Ok(Err(Refusal::BadToken)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let repo_id = repo.repo_id;
    if !uploads::is_open(db, now, &repo_id, &call.upload_id)? {
        return Ok(Err(Refusal::UploadExpired));
    }
    let added = call.pack.as_ref().map_or(0, |new| new.pack.pack_len + new.pack.index_len);
    if added > 0 && repo.size + added > moment.storage_max {
        return Ok(Err(Refusal::StorageLimit { max: moment.storage_max }));
    }
    let bytes = call.pack.as_ref().map(|new| InlineBytes::of(new, frame)).transpose()?.flatten();
    let has_room = bytes.map_or(Ok(true), |bytes| packs::has_inline_room(db, &repo_id, bytes))?;
    if !has_room || !packs::has_all(db, &repo_id, &call.relies_on)? {
        return Ok(Err(Refusal::CatalogChanged));
    }
    let outcomes = decide_refs(&refs::all(db, &repo_id)?, &call.updates, call.atomic)?;
    write_refs(db, moment, &repo_id, &call.updates, &outcomes)?;
    let is_kept = outcomes.iter().any(|outcome| matches!(outcome, Ok(Change::Write(_))));
    if !has_unreached && leaves_unreached(db, call, &outcomes, is_kept && call.pack.is_some())? {
        metadata::set_unreached(db, &repo_id, true)?;
    }
    match &call.pack {
        Some(new) if is_kept => {
            packs::add(db, &repo_id, &call.upload_id, new, bytes)?;
            shallow::change(db, &repo_id, &call.shallow)?;
            uploads::forget(db, &repo_id, &call.upload_id)?;
            if run_to_merge(&packs::weights(db, &repo_id)?).is_some() {
                alarm::compact(db, now, &repo_id)?;
            }
        }
        Some(_) => uploads::expire(db, now, &repo_id, &call.upload_id)?,
        None => uploads::forget(db, &repo_id, &call.upload_id)?,
    }
    if outcomes.iter().any(Result::is_ok) {
        let push_seq = metadata::pushed(db, now, &repo_id)?;
        let pack = call.pack.as_ref().filter(|_| is_kept);
        let refs = moved(&call.updates, &outcomes);
        let push = PushRecord {
            push_seq,
            pushed_at: now,
            token_id,
            pack_len: pack.map_or(0, |new| new.pack.pack_len),
            n_objects: pack.map_or(0, |new| new.pack.n_objects),
            n_refs: refs.len() as u64,
            refs,
            options: call.options.clone(),
        };
        pushes::add(db, &repo_id, &push)?;
    }
    let reason = |outcome: &Outcome| outcome.as_ref().err().map(ToString::to_string);
    Ok(Ok(Committed { outcomes: outcomes.iter().map(reason).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::INLINE_LEN_MAX;
    use crate::durable::ready;
    use crate::objects::{REPO_STORAGE_MAX, UPLOAD_GRACE_MS};
    use crate::repo::call::{NewPack, View};
    use crate::repo::fixture::{Fixture, READ, WRITE, commit, pack_info};

    const MAIN: &str = "refs/heads/main";

    fn refs(refs: &[(&str, &str)]) -> Vec<(String, String)> {
        refs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect()
    }

    #[test]
    fn pack_and_refs_become_real_together() {
        let fixture = Fixture::new();
        let upload_id = fixture.upload();
        let mut call = commit(&upload_id, &[(MAIN, None, Some(1)), ("refs/tags/v1", None, Some(2))]);
        call.updates[1].peeled = Some(hex::encode([3; 20]));
        fixture.objects.wait(5);
        assert_eq!(fixture.commit(call), Ok(Committed { outcomes: vec![None, None] }));

        let snapshot = fixture.open(READ, View::Fetch).unwrap();
        assert_eq!(snapshot.refs[1].peeled, Some(hex::encode([3; 20])));
        let [pack] = snapshot.packs.as_slice() else { panic!("{:?}", snapshot.packs) };
        assert_eq!((pack.pack_seq, pack.owner_repo_id.as_str(), &pack.upload_id), (1, "r1", &upload_id));
        assert_eq!((&pack.pack, pack.inline), (&pack_info(1000, 100, 4096), None));

        let info = ready(fixture.repo.info()).unwrap().unwrap();
        assert_eq!((info.updated_at, info.last_push_at), (fixture.objects.now(), Some(fixture.objects.now())));
        assert_eq!(info.size, 1100);
        assert_eq!(fixture.db.exec("SELECT 1 FROM uploads", &[]).unwrap().len(), 0);
        assert_eq!(fixture.db.exec("SELECT 1 FROM holders WHERE holder_repo_id = 'r1'", &[]).unwrap().len(), 1);
    }

    #[test]
    fn of_two_pushes_from_the_same_value_one_wins() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        let (first, second) = (fixture.upload(), fixture.upload());
        assert_eq!(fixture.commit(commit(&first, &[(MAIN, Some(1), Some(2))])).unwrap().outcomes, [None]);
        let lost = fixture.commit(commit(&second, &[(MAIN, Some(1), Some(3))])).unwrap();
        assert_eq!(lost.outcomes, [Some("incorrect old value provided".into())]);
        assert_eq!(fixture.refs(), refs(&[(MAIN, "02")]));
    }

    #[test]
    fn a_push_that_moves_no_ref_leaves_no_pack_and_its_bytes_are_due_for_reclaim() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        let before = ready(fixture.repo.info()).unwrap();
        let upload_id = fixture.upload();
        fixture.objects.wait(5);
        fixture.commit(commit(&upload_id, &[(MAIN, None, Some(2))])).unwrap();
        assert_eq!(fixture.pack_seqs(), [1]);
        assert_eq!(ready(fixture.repo.info()).unwrap(), before);
        let mut rows = fixture.db.exec("SELECT upload_id, reclaim_at FROM uploads", &[]).unwrap();
        assert_eq!((rows[0].text(), rows[0].integer()), (Ok(upload_id), Ok(fixture.objects.now())));
    }

    #[test]
    fn refs_move_and_go_and_an_atomic_push_is_all_or_nothing() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1)), ("refs/heads/b", None, Some(1))]).unwrap();
        let upload_id = fixture.upload();
        let moves = [(MAIN, Some(1), Some(2)), ("refs/heads/b", Some(9), None)];
        let atomic = Commit { atomic: true, ..commit(&upload_id, &moves) };
        let reasons = fixture.commit(atomic).unwrap().outcomes;
        assert_eq!(reasons, [Some("atomic push failure".into()), Some("incorrect old value provided".into())]);
        assert_eq!(fixture.refs(), refs(&[("refs/heads/b", "01"), (MAIN, "01")]));
        fixture.push(&[(MAIN, Some(1), Some(2)), ("refs/heads/b", Some(1), None)]).unwrap();
        assert_eq!(fixture.refs(), refs(&[(MAIN, "02")]));
    }

    #[test]
    fn a_push_that_only_deletes_has_no_pack() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        let deletion = Commit { pack: None, ..commit(&fixture.upload(), &[(MAIN, Some(1), None)]) };
        assert_eq!(fixture.commit(deletion).unwrap().outcomes, [None]);
        assert_eq!((fixture.refs(), fixture.pack_seqs()), (refs(&[]), vec![1]));
        assert_eq!(fixture.db.exec("SELECT 1 FROM uploads", &[]).unwrap().len(), 0);
    }

    #[test]
    fn a_reason_of_the_workers_stands() {
        let fixture = Fixture::new();
        let mut call = commit(&fixture.upload(), &[(MAIN, None, Some(1)), ("refs/heads/b", None, Some(2))]);
        call.updates[0].refused = Some("missing necessary objects".into());
        assert_eq!(fixture.commit(call).unwrap().outcomes, [Some("missing necessary objects".into()), None]);
        assert_eq!(fixture.refs(), refs(&[("refs/heads/b", "02")]));
    }

    #[test]
    fn an_upload_is_committed_once_and_in_time() {
        let fixture = Fixture::new();
        let upload_id = fixture.upload();
        fixture.commit(commit(&upload_id, &[(MAIN, None, Some(1))])).unwrap();
        let again = commit(&upload_id, &[(MAIN, Some(1), Some(2))]);
        assert_eq!(fixture.commit(again), Err(Refusal::UploadExpired));
        let late = commit(&fixture.upload(), &[(MAIN, Some(1), Some(2))]);
        fixture.objects.wait(UPLOAD_GRACE_MS);
        assert_eq!(fixture.commit(late), Err(Refusal::UploadExpired));
        let given_up = fixture.upload();
        ready(fixture.repo.abandon("r1".into(), given_up.clone())).unwrap().unwrap();
        let call = commit(&given_up, &[(MAIN, Some(1), Some(2))]);
        assert_eq!(fixture.commit(call), Err(Refusal::UploadExpired));
        assert_eq!(fixture.refs(), refs(&[(MAIN, "01")]));
    }

    #[test]
    fn a_pack_that_the_push_relies_on_must_still_be_there() {
        let fixture = Fixture::new();
        let first = fixture.upload();
        fixture.commit(commit(&first, &[(MAIN, None, Some(1))])).unwrap();
        let thin = |relies_on: &[&str]| Commit {
            relies_on: relies_on.iter().map(ToString::to_string).collect(),
            ..commit(&fixture.upload(), &[(MAIN, Some(1), Some(2))])
        };
        assert_eq!(fixture.commit(thin(&[&first, "gone"])), Err(Refusal::CatalogChanged));
        assert!(fixture.commit(thin(&[&first])).is_ok());
    }

    #[test]
    fn what_a_ref_pointed_at_is_remembered() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1)), ("refs/heads/b", None, Some(2))]).unwrap();
        assert_eq!(fixture.dropped(), [0; 0]);
        fixture.push(&[(MAIN, Some(1), Some(3)), ("refs/heads/b", Some(9), None)]).unwrap();
        assert_eq!(fixture.dropped(), [1]);
        fixture.push(&[("refs/heads/b", Some(2), None)]).unwrap();
        assert_eq!(fixture.dropped(), [1, 2]);
    }

    #[test]
    fn a_number_of_a_pack_is_never_used_again() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        fixture.push(&[(MAIN, Some(1), Some(2))]).unwrap();
        fixture.db.exec("DELETE FROM packs WHERE pack_seq = 2", &[]).unwrap();
        fixture.push(&[(MAIN, Some(2), Some(3))]).unwrap();
        assert_eq!(fixture.pack_seqs(), [1, 3]);
    }

    #[test]
    fn a_token_revoked_during_the_push_commits_nothing() {
        let fixture = Fixture::new();
        let call = commit(&fixture.upload(), &[(MAIN, None, Some(1))]);
        ready(fixture.repo.revoke_token("r1".into(), "t-write".into())).unwrap().unwrap();
        assert_eq!(fixture.commit(call.clone()), Err(Refusal::BadToken));
        assert_eq!(fixture.commit(Commit { token_sha256: READ.into(), ..call }), Err(Refusal::ReadScope));
        assert_eq!(fixture.refs(), refs(&[]));
    }

    #[test]
    fn a_push_into_a_repo_that_was_deleted_meanwhile_commits_nothing_into_its_successor() {
        let fixture = Fixture::new();
        let call = commit(&fixture.upload(), &[(MAIN, None, Some(1))]);
        ready(fixture.repo.delete()).unwrap().unwrap();
        ready(fixture.repo.create(fixture.new_repo("r2"))).unwrap().unwrap();
        assert_eq!(fixture.commit(call), Err(Refusal::BadToken));
        assert_eq!(fixture.open(WRITE, View::Refs).unwrap().refs, []);
    }

    #[test]
    fn small_packs_travel_with_the_snapshot() {
        let fixture = Fixture::new();
        let new = NewPack { pack: pack_info(4, 5, 0), inline: true };
        let call = Commit { pack: Some(new), ..commit(&fixture.upload(), &[(MAIN, None, Some(1))]) };
        ready(fixture.repo.commit(call, Some((b"pack", b"index")))).unwrap().unwrap();
        let opened = ready(fixture.repo.open(READ.into(), View::Fetch)).unwrap().unwrap();
        assert_eq!(opened.snapshot.packs[0].inline, Some((0, 1)));
        assert_eq!((opened.strings.string(0), opened.strings.string(1)), (Ok(&b"pack"[..]), Ok(&b"index"[..])));
        assert_eq!(ready(fixture.repo.open(READ.into(), View::Refs)).unwrap().unwrap().snapshot.packs, []);
    }

    #[test]
    fn an_inline_pack_of_another_length_than_said_is_a_failure() {
        let fixture = Fixture::new();
        let new = NewPack { pack: pack_info(4, 6, 0), inline: true };
        let call = Commit { pack: Some(new), ..commit(&fixture.upload(), &[(MAIN, None, Some(1))]) };
        assert!(ready(fixture.repo.commit(call, Some((b"pack", b"index")))).is_err());
    }

    #[test]
    fn inline_packs_fit_a_row_and_all_of_them_a_snapshot() {
        let fixture = Fixture::new();
        let push = |len: usize, name: &str| {
            let new = NewPack { pack: pack_info(len as u64, 0, 0), inline: true };
            let call = Commit { pack: Some(new), ..commit(&fixture.upload(), &[(name, None, Some(1))]) };
            ready(fixture.repo.commit(call, Some((&vec![0; len], b""))))
        };
        assert!(push(INLINE_LEN_MAX + 1, "refs/heads/a").is_err());
        for n in 0..4 {
            assert!(push(INLINE_LEN_MAX, &format!("refs/heads/{n}")).unwrap().is_ok());
        }
        assert_eq!(push(INLINE_LEN_MAX, "refs/heads/5").unwrap(), Err(Refusal::CatalogChanged));
        assert!(push(1000, "refs/heads/5").unwrap().is_ok());
    }

    #[test]
    fn a_repo_holds_what_it_may_and_refs_of_a_full_one_can_go() {
        let fixture = Fixture::new();
        let push = |len: u64, branch: &str| {
            let new = NewPack { pack: pack_info(len, 100, 4096), inline: false };
            fixture.commit(Commit { pack: Some(new), ..commit(&fixture.upload(), &[(branch, None, Some(1))]) })
        };
        assert!(push(REPO_STORAGE_MAX - 1000, "refs/heads/a").is_ok());
        let full = Err(Refusal::StorageLimit { max: REPO_STORAGE_MAX });
        assert_eq!(push(801, "refs/heads/b"), full);
        assert!(push(800, "refs/heads/c").is_ok());
        assert_eq!(push(1, "refs/heads/d"), full);
        let deletion = Commit { pack: None, ..commit(&fixture.upload(), &[("refs/heads/a", Some(1), None)]) };
        assert_eq!(fixture.commit(deletion).unwrap().outcomes, [None]);
        assert_eq!(fixture.refs(), refs(&[("refs/heads/c", "01")]));
    }

    #[test]
    fn a_statement_that_fails_anywhere_leaves_the_repo_as_it_was() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1)), ("refs/heads/b", None, Some(1))]).unwrap();
        let call = commit(&fixture.upload(), &[(MAIN, Some(1), Some(2)), ("refs/heads/b", Some(1), None)]);
        let before = (fixture.refs(), fixture.pack_seqs(), fixture.db.alarm());
        let mut statements = 0;
        loop {
            fixture.db.fail_after(Some(statements));
            let committed = ready(fixture.repo.commit(call.clone(), None));
            fixture.db.fail_after(None);
            if committed.is_ok() {
                break;
            }
            assert_eq!((fixture.refs(), fixture.pack_seqs(), fixture.db.alarm()), before, "after {statements}");
            statements += 1;
        }
        assert!(statements > 10, "{statements}");
        assert_eq!((fixture.refs(), fixture.pack_seqs()), (refs(&[(MAIN, "02")]), vec![1, 2]));
    }
}
