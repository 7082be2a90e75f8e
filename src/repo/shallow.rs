//! The rows of `shallow`: commits at which the history of the repo ends, because their parents are not here.

use super::call::ShallowChange;
use crate::config::IDS_AT_ONCE_MAX;
use crate::durable::{Database, Failure};

/// All of them, sorted.
pub(super) fn all<D: Database>(db: &D, repo_id: &str) -> Result<Vec<String>, Failure> {
    let rows = db.exec("SELECT id FROM shallow WHERE repo_id = ?1 ORDER BY id", &[repo_id.into()])?;
    rows.into_iter().map(|mut row| row.text()).collect()
}

/// Adds some and takes others away, and notes whether there are any.
pub(super) fn change<D: Database>(db: &D, repo_id: &str, change: &ShallowChange) -> Result<(), Failure> {
    let ShallowChange { added, removed } = change;
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    run(
        db,
        "INSERT INTO shallow (repo_id, id) SELECT ?1, value FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
        (repo_id, added),
    )?;
    run(db, "DELETE FROM shallow WHERE repo_id = ?1 AND id IN (SELECT value FROM json_each(?2))", (repo_id, removed))?;
    db.exec(
        "UPDATE repo SET shallow = EXISTS (SELECT 1 FROM shallow WHERE repo_id = ?1) WHERE repo_id = ?1",
        &[repo_id.into()],
    )
    .map(drop)
}

/// Takes all of them away.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM shallow WHERE repo_id = ?1", &[repo_id.into()]).map(drop)
}

/// Runs a statement on ids, as many of them at a time as a value holds.
fn run<D: Database>(db: &D, statement: &str, (repo_id, ids): (&str, &[String])) -> Result<(), Failure> {
    for some in ids.chunks(IDS_AT_ONCE_MAX) {
        let list = serde_json::to_string(some).map_err(|error| Failure::shape("a list that is JSON", error))?;
        db.exec(statement, &[repo_id.into(), (&list).into()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::ready;
    use crate::repo::call::{Commit, View};
    use crate::repo::fixture::{Fixture, READ, commit};

    const MAIN: &str = "refs/heads/main";

    fn changing(added: &[u8], removed: &[u8]) -> ShallowChange {
        let ids = |list: &[u8]| list.iter().map(|&n| hex::encode([n; 20])).collect();
        ShallowChange { added: ids(added), removed: ids(removed) }
    }

    /// The first digits of the ends of the history, and whether the repo says that it has any.
    fn told(fixture: &Fixture) -> (Vec<String>, bool) {
        let views = [View::Refs, View::Fetch].map(|view| fixture.open(READ, view).unwrap().shallow);
        assert_eq!(views[0], views[1]);
        let info = ready(fixture.repo.info()).unwrap().unwrap();
        (views[0].iter().map(|id| id[..2].to_owned()).collect(), info.shallow)
    }

    #[test]
    fn the_ends_of_the_history_become_real_with_the_pack() {
        let fixture = Fixture::new();
        assert_eq!(told(&fixture), (vec![], false));
        let call = Commit { shallow: changing(&[7, 5], &[]), ..commit(&fixture.upload(), &[(MAIN, None, Some(1))]) };
        fixture.commit(call).unwrap();
        assert_eq!(told(&fixture), (vec!["05".into(), "07".into()], true));
        let moves = [(MAIN, Some(1), Some(2))];
        let call = Commit { shallow: changing(&[7, 8], &[5, 9]), ..commit(&fixture.upload(), &moves) };
        fixture.commit(call).unwrap();
        assert_eq!(told(&fixture), (vec!["07".into(), "08".into()], true));
        let moves = [(MAIN, Some(2), Some(3))];
        let call = Commit { shallow: changing(&[], &[7, 8]), ..commit(&fixture.upload(), &moves) };
        fixture.commit(call).unwrap();
        assert_eq!(told(&fixture), (vec![], false));
    }

    #[test]
    fn a_push_that_moves_no_ref_changes_no_end() {
        let fixture = Fixture::new();
        let call = Commit { shallow: changing(&[7], &[]), ..commit(&fixture.upload(), &[(MAIN, Some(9), Some(1))]) };
        fixture.commit(call).unwrap();
        assert_eq!(told(&fixture), (vec![], false));
    }

    #[test]
    fn a_successor_of_the_repo_has_its_own_ends() {
        let fixture = Fixture::new();
        let call = Commit { shallow: changing(&[7], &[]), ..commit(&fixture.upload(), &[(MAIN, None, Some(1))]) };
        fixture.commit(call).unwrap();
        ready(fixture.repo.delete()).unwrap().unwrap();
        assert_eq!(fixture.db.exec("SELECT 1 FROM shallow", &[]).unwrap().len(), 0);
    }

    #[test]
    fn more_ends_than_a_value_holds_are_written_all_the_same() {
        let fixture = Fixture::new();
        let added = (0..=IDS_AT_ONCE_MAX).map(|n| format!("{n:040x}")).collect::<Vec<_>>();
        let shallow = ShallowChange { added: added.clone(), removed: vec![] };
        fixture.commit(Commit { shallow, ..commit(&fixture.upload(), &[(MAIN, None, Some(1))]) }).unwrap();
        assert_eq!(fixture.open(READ, View::Refs).unwrap().shallow, added);
    }
}
