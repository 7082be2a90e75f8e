//! The rows of `pushes`: the log of the pushes that were accepted, bounded by their number and their age.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::{MovedRef, PushPage, PushRecord};
use crate::config::{PUSH_LOG_KEPT_MS, PUSH_LOG_PRUNED_MAX, PUSH_LOG_REFS_LEN_MAX, PUSH_LOG_ROWS_MAX};
use crate::durable::{Database, Failure, Row};

/// Enters a push, and clears away what has had its time.
pub(super) fn add<D: Database>(db: &D, repo_id: &str, push: &PushRecord) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO pushes (repo_id, push_seq, pushed_at, token_id, pack_len, n_objects, n_refs, refs, options)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            repo_id.into(),
            push.push_seq.into(),
            push.pushed_at.into(),
            (&push.token_id).into(),
            push.pack_len.into(),
            push.n_objects.into(),
            push.n_refs.into(),
            (&refs_json(&push.refs)?).into(),
            (&json(&push.options)?).into(),
        ],
    )?;
    db.exec(
        "DELETE FROM pushes WHERE repo_id = ?1 AND push_seq <= ?2",
        &[repo_id.into(), push.push_seq.saturating_sub(PUSH_LOG_ROWS_MAX).into()],
    )?;
    db.exec(
        "DELETE FROM pushes WHERE repo_id = ?1 AND pushed_at < ?2 AND push_seq IN
            (SELECT push_seq FROM pushes WHERE repo_id = ?1 ORDER BY push_seq LIMIT ?3)",
        &[repo_id.into(), kept_since(push.pushed_at).into(), PUSH_LOG_PRUNED_MAX.into()],
    )?;
    Ok(())
}

/// Up to `limit` pushes before the one numbered `before`, the newest first.
pub(super) fn page<D: Database>(
    db: &D,
    now: u64,
    repo_id: &str,
    limit: u64,
    before: Option<u64>,
) -> Result<PushPage, Failure> {
    let rows = db.exec(
        "SELECT push_seq, pushed_at, token_id, pack_len, n_objects, n_refs, refs, options FROM pushes
         WHERE repo_id = ?1 AND (?2 IS NULL OR push_seq < ?2) AND pushed_at >= ?3
         ORDER BY push_seq DESC LIMIT ?4",
        &[repo_id.into(), before.into(), kept_since(now).into(), (limit + 1).into()],
    )?;
    let mut pushes = rows.into_iter().map(record).collect::<Result<Vec<_>, Failure>>()?;
    let has_more = pushes.len() as u64 > limit;
    if has_more {
        pushes.pop();
    }
    let next = pushes.last().filter(|_| has_more).map(|push| push.push_seq);
    Ok(PushPage { pushes, next })
}

/// Forgets all of it.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM pushes WHERE repo_id = ?1", &[repo_id.into()]).map(drop)
}

fn kept_since(now: u64) -> u64 {
    now.saturating_sub(PUSH_LOG_KEPT_MS)
}

fn record(mut row: Row) -> Result<PushRecord, Failure> {
    Ok(PushRecord {
        push_seq: row.integer()?,
        pushed_at: row.integer()?,
        token_id: row.text()?,
        pack_len: row.integer()?,
        n_objects: row.integer()?,
        n_refs: row.integer()?,
        refs: list(&row.text()?)?,
        options: list(&row.text()?)?,
    })
}

/// As many of the refs, from the first on, as a row keeps.
fn refs_json(refs: &[MovedRef]) -> Result<String, Failure> {
    let mut out = String::from("[");
    for moved in refs {
        let item = json(moved)?;
        // With the comma before it and the bracket after it.
        if out.len() + item.len() + 2 > PUSH_LOG_REFS_LEN_MAX {
            break;
        }
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&item);
    }
    out.push(']');
    Ok(out)
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::shape("a list that is JSON", error))
}

fn list<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::shape("a list of the log of pushes", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{Value, ready};
    use crate::repo::call::{Commit, NewPack};
    use crate::repo::fixture::{Fixture, commit, pack_info};

    const MAIN: &str = "refs/heads/main";

    fn page(fixture: &Fixture, limit: u64, before: Option<u64>) -> PushPage {
        ready(fixture.repo.list_pushes(limit, before)).unwrap().unwrap()
    }

    fn seqs(page: &PushPage) -> Vec<u64> {
        page.pushes.iter().map(|push| push.push_seq).collect()
    }

    #[test]
    fn the_row_of_a_push_is_pinned() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1)), ("refs/heads/b", None, Some(1))]).unwrap();
        fixture.objects.wait(5);
        let moves = [(MAIN, Some(1), Some(2)), ("refs/heads/b", Some(1), None), ("refs/heads/c", Some(9), Some(2))];
        let options = vec!["ci.skip".to_owned(), "say \"ü\"".to_owned()];
        fixture.commit(Commit { options, ..commit(&fixture.upload(), &moves) }).unwrap();
        let mut rows = fixture.db.exec("SELECT * FROM pushes WHERE push_seq = 2", &[]).unwrap();
        let row = &mut rows[0];
        assert_eq!((row.text(), row.integer()), (Ok("r1".into()), Ok(2)));
        assert_eq!((row.integer(), row.text()), (Ok(1_760_000_000_005), Ok("t-write".into())));
        assert_eq!([row.integer(), row.integer(), row.integer()], [Ok(1000), Ok(3), Ok(2)]);
        let (one, two) = ("01".repeat(20), "02".repeat(20));
        let refs = format!(
            r#"[{{"name":"refs/heads/main","old_id":"{one}","new_id":"{two}"}},{{"name":"refs/heads/b","old_id":"{one}","new_id":null}}]"#
        );
        assert_eq!((row.text(), row.text()), (Ok(refs), Ok(r#"["ci.skip","say \"ü\""]"#.into())));
        assert!(row.text().is_err(), "no more columns");
    }

    #[test]
    fn what_was_pushed_is_told_newest_first_and_page_by_page() {
        let fixture = Fixture::new();
        for n in 1..=5 {
            fixture.push(&[(MAIN, (n > 1).then(|| n - 1), Some(n))]).unwrap();
        }
        let first = page(&fixture, 2, None);
        assert_eq!((seqs(&first), first.next), (vec![5, 4], Some(4)));
        fixture.push(&[(MAIN, Some(5), Some(6))]).unwrap();
        let second = page(&fixture, 3, first.next);
        assert_eq!((seqs(&second), second.next), (vec![3, 2, 1], None));
        let one = hex::encode([1; 20]);
        let moved = MovedRef { name: MAIN.into(), old_id: None, new_id: Some(one) };
        assert_eq!((&second.pushes[2].refs, second.pushes[2].n_refs), (&vec![moved], 1));
        assert_eq!(page(&fixture, 3, Some(1)), PushPage { pushes: vec![], next: None });
    }

    #[test]
    fn a_push_that_is_refused_leaves_no_row_and_one_without_a_pack_says_so() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        fixture.push(&[(MAIN, None, Some(2))]).unwrap();
        fixture.commit(Commit { pack: None, ..commit(&fixture.upload(), &[(MAIN, Some(1), None)]) }).unwrap();
        // A pack that comes with deletions alone is not kept.
        fixture.push(&[("refs/heads/none", None, None)]).unwrap();
        let pushes = page(&fixture, 9, None).pushes;
        let told: Vec<_> = pushes.iter().map(|push| (push.push_seq, push.pack_len, push.n_refs)).collect();
        assert_eq!(told, [(3, 0, 0), (2, 0, 1), (1, 1000, 1)]);
        let refused = Commit { atomic: true, ..commit(&fixture.upload(), &[(MAIN, Some(1), Some(2))]) };
        fixture.commit(refused).unwrap();
        assert_eq!(page(&fixture, 9, None).pushes, pushes);
    }

    #[test]
    fn a_row_keeps_as_many_refs_as_fit_and_counts_all() {
        let fixture = Fixture::new();
        let names: Vec<String> = (0..400).map(|n| format!("refs/tags/{n:04}")).collect();
        let moves: Vec<_> = names.iter().map(|name| (name.as_str(), None, Some(1))).collect();
        fixture.push(&moves).unwrap();
        let [push] = &page(&fixture, 1, None).pushes[..] else { panic!("one push") };
        assert_eq!(push.n_refs, 400);
        assert!((200..400).contains(&push.refs.len()), "{}", push.refs.len());
        assert_eq!(push.refs[199].name, "refs/tags/0199");
        let mut row = fixture.db.exec("SELECT length(refs) FROM pushes", &[]).unwrap();
        let len = row[0].integer().unwrap();
        assert!((PUSH_LOG_REFS_LEN_MAX as u64 - 200..=PUSH_LOG_REFS_LEN_MAX as u64).contains(&len), "{len}");
    }

    #[test]
    fn the_log_keeps_so_many_pushes_for_so_long() {
        let fixture = Fixture::new();
        let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
            INSERT INTO pushes SELECT 'r1', i, ?1, 't', 0, 0, 0, '[]', '[]' FROM n";
        let now = fixture.objects.now();
        let values: [Value<'_>; 2] = [now.into(), PUSH_LOG_ROWS_MAX.into()];
        fixture.db.exec(insert, &values).unwrap();
        fixture.db.exec("UPDATE repo SET last_push_seq = ?1", &[PUSH_LOG_ROWS_MAX.into()]).unwrap();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        let bounds = |fixture: &Fixture| {
            let mut rows = fixture.db.exec("SELECT MIN(push_seq), COUNT(*) FROM pushes", &[]).unwrap();
            (rows[0].integer().unwrap(), rows[0].integer().unwrap())
        };
        assert_eq!(bounds(&fixture), (2, PUSH_LOG_ROWS_MAX));
        fixture.objects.wait(PUSH_LOG_KEPT_MS);
        assert_eq!(page(&fixture, 100, None).pushes.len(), 100);
        fixture.objects.wait(1);
        assert_eq!(page(&fixture, 100, None).pushes, []);
        let token = fixture.token("t-late", "late", crate::repo::call::Scope::Write);
        ready(fixture.repo.add_token("r1".into(), token)).unwrap().unwrap();
        let upload_id = ready(fixture.repo.open("late".into(), crate::repo::call::View::Push)).unwrap().unwrap();
        let upload_id = upload_id.snapshot.upload_id.unwrap();
        let late = Commit { token_sha256: "late".into(), ..commit(&upload_id, &[(MAIN, Some(1), Some(2))]) };
        fixture.commit(late).unwrap();
        assert_eq!(bounds(&fixture), (2 + PUSH_LOG_PRUNED_MAX + 1, PUSH_LOG_ROWS_MAX - PUSH_LOG_PRUNED_MAX));
        assert_eq!(seqs(&page(&fixture, 9, None)), [PUSH_LOG_ROWS_MAX + 2]);
    }

    #[test]
    fn a_successor_of_the_repo_has_a_log_of_its_own() {
        let fixture = Fixture::new();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        ready(fixture.repo.delete()).unwrap().unwrap();
        assert_eq!(fixture.db.exec("SELECT 1 FROM pushes", &[]).unwrap().len(), 0);
        assert!(ready(fixture.repo.list_pushes(1, None)).unwrap().is_err());
        ready(fixture.repo.create(fixture.new_repo("r2"))).unwrap().unwrap();
        let new = Some(NewPack { pack: pack_info(1, 1, 4096), inline: false });
        let call = Commit { repo_id: "r2".into(), pack: new, ..commit(&fixture.upload(), &[(MAIN, None, Some(1))]) };
        fixture.commit(call).unwrap();
        assert_eq!(seqs(&page(&fixture, 9, None)), [1]);
    }
}
