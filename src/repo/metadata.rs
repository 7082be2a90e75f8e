//! The rows of `repo`: what a repo is called and how it stands; its creation and its end.

use super::answer::Moment;
use super::call::{Description, NewRepo, Refusal, RepoChange, RepoInfo, Status};
use super::schema::SCHEMA;
use super::{alarm, dropped, import, packs, pushes, refs, shallow, tokens};
use crate::durable::{Database, Failure, Row};

/// The incarnation that lives, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repo {
    pub(super) info: RepoInfo,
    pub(super) last_pack_seq: u64,
    /// Whether there may be objects in its packs that no ref reaches.
    pub(super) has_unreached: bool,
}

/// The repo of this name, unless there is none or it has been deleted.
pub(super) fn living<D: Database>(db: &D) -> Result<Option<Repo>, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(None);
    }
    let rows = db.exec(
        "SELECT repo_id, namespace, name, description, default_branch, read_only, created_at, updated_at, last_push_at,
                source, status,
                COALESCE(SUM(pack_len + index_len), 0),
                COALESCE(SUM(pack_len + index_len) FILTER (WHERE owner_repo_id = repo_id), 0)
                    + (SELECT COALESCE(SUM(len), 0) FROM garbage WHERE owner_repo_id = repo_id),
                shallow, last_pack_seq, unreached
         FROM repo LEFT JOIN packs USING (repo_id) WHERE deleted_at IS NULL GROUP BY repo_id",
        &[],
    )?;
    rows.into_iter().next().map(repo).transpose()
}

/// The repo, if the incarnation that lives is this one.
pub(super) fn living_as<D: Database>(db: &D, repo_id: &str) -> Result<Option<Repo>, Failure> {
    Ok(living(db)?.filter(|repo| repo.info.repo_id == repo_id))
}

/// The repo, if it is ready.
pub(super) fn ready<D: Database>(db: &D) -> Result<Result<Repo, Refusal>, Failure> {
    living(db).map(if_ready)
}

/// The same, if the incarnation that lives is this one.
pub(super) fn ready_as<D: Database>(db: &D, repo_id: &str) -> Result<Result<Repo, Refusal>, Failure> {
    living_as(db, repo_id).map(if_ready)
}

fn if_ready(repo: Option<Repo>) -> Result<Repo, Refusal> {
    match repo {
        Some(repo) if repo.info.status == Status::Ready => Ok(repo),
        Some(repo) => Err(Refusal::NotReady(repo.info.status)),
        None => Err(Refusal::NotFound),
    }
}

/// Makes the repo with its first token. The same `repo_id` again is the same creation.
pub(super) fn create<D: Database>(db: &D, now: u64, new: &NewRepo) -> Result<Result<RepoInfo, Refusal>, Failure> {
    create_with(db, now, new, || Ok(()))
}

/// The same of a repo that begins with something: `fill` is called once, when it has been made.
pub(super) fn create_with<D: Database>(
    db: &D,
    now: u64,
    new: &NewRepo,
    fill: impl FnOnce() -> Result<(), Failure>,
) -> Result<Result<RepoInfo, Refusal>, Failure> {
    SCHEMA.create(db)?;
    if let Some(repo) = living(db)? {
        let same = repo.info.repo_id == new.repo_id;
        return Ok(if same { Ok(repo.info) } else { Err(Refusal::AlreadyExists) });
    }
    if !db.exec("SELECT 1 FROM repo WHERE repo_id = ?1", &[(&new.repo_id).into()])?.is_empty() {
        return Ok(Err(Refusal::NotFound));
    }
    db.exec(
        "INSERT INTO repo (repo_id, namespace, name, description, default_branch, read_only, status, shallow,
                           created_at, updated_at, last_pack_seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8, 0)",
        &[
            (&new.repo_id).into(),
            (&new.namespace).into(),
            (&new.name).into(),
            new.description.as_ref().into(),
            (&new.default_branch).into(),
            new.read_only.into(),
            Status::Ready.as_str().into(),
            now.into(),
        ],
    )?;
    tokens::add(db, now, &new.repo_id, &new.token)?;
    alarm::made(db, now, &new.repo_id)?;
    fill()?;
    match living(db)? {
        Some(repo) => Ok(Ok(repo.info)),
        None => Err(Failure::shape("the repo that was just made", "none")),
    }
}

/// Changes what is said of the repo. A branch that becomes the default one need not be there.
pub(super) fn change<D: Database>(db: &D, now: u64, change: &RepoChange) -> Result<Result<RepoInfo, Refusal>, Failure> {
    let repo = match ready(db)? {
        Ok(repo) => repo,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if *change == RepoChange::default() {
        return Ok(Ok(repo.info));
    }
    let mut info = repo.info;
    match &change.description {
        Some(Description::Text(text)) => info.description = Some(text.clone()),
        Some(Description::Removed) => info.description = None,
        None => {}
    }
    info.default_branch = change.default_branch.clone().unwrap_or(info.default_branch);
    info.read_only = change.read_only.unwrap_or(info.read_only);
    info.updated_at = now.max(info.updated_at);
    db.exec(
        "UPDATE repo SET description = ?2, default_branch = ?3, read_only = ?4, updated_at = ?5 WHERE repo_id = ?1",
        &[
            (&info.repo_id).into(),
            info.description.as_ref().into(),
            (&info.default_branch).into(),
            info.read_only.into(),
            info.updated_at.into(),
        ],
    )?;
    alarm::report(db, now, &info.repo_id)?;
    Ok(Ok(info))
}

/// Ends the repo: its name is free, its tokens and refs are gone, and the bytes of its packs are reclaimed after a while.
pub(super) fn delete<D: Database>(db: &D, moment: &Moment) -> Result<Result<RepoInfo, Refusal>, Failure> {
    let Some(repo) = living(db)? else { return Ok(Err(Refusal::NotFound)) };
    let now = moment.now;
    let repo_id = &repo.info.repo_id;
    db.exec("UPDATE repo SET deleted_at = ?2 WHERE repo_id = ?1", &[repo_id.into(), now.into()])?;
    tokens::clear(db, repo_id)?;
    refs::clear(db, repo_id)?;
    dropped::clear(db, repo_id)?;
    pushes::clear(db, repo_id)?;
    shallow::clear(db, repo_id)?;
    import::clear(db, repo_id)?;
    for pack in packs::names(db, repo_id)? {
        packs::release(db, moment, repo_id, &pack)?;
    }
    alarm::removal(db, now, repo_id)?;
    Ok(Ok(repo.info))
}

/// Notes where the repo came from.
pub(super) fn came_from<D: Database>(db: &D, repo_id: &str, source: &str) -> Result<(), Failure> {
    db.exec("UPDATE repo SET source = ?2 WHERE repo_id = ?1", &[repo_id.into(), source.into()]).map(drop)
}

/// The next pack comes after that.
pub(super) fn set_last_pack_seq<D: Database>(db: &D, repo_id: &str, last_pack_seq: u64) -> Result<(), Failure> {
    db.exec("UPDATE repo SET last_pack_seq = ?2 WHERE repo_id = ?1", &[repo_id.into(), last_pack_seq.into()]).map(drop)
}

pub(super) fn set_status<D: Database>(db: &D, repo_id: &str, status: Status) -> Result<(), Failure> {
    db.exec("UPDATE repo SET status = ?2 WHERE repo_id = ?1", &[repo_id.into(), status.as_str().into()]).map(drop)
}

/// Something has changed that is no push.
pub(super) fn updated<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    db.exec("UPDATE repo SET updated_at = MAX(updated_at, ?2) WHERE repo_id = ?1", &[repo_id.into(), now.into()])?;
    alarm::report(db, now, repo_id)
}

/// Notes whether there may be objects in the packs that no ref reaches.
pub(super) fn set_unreached<D: Database>(db: &D, repo_id: &str, has_unreached: bool) -> Result<(), Failure> {
    db.exec("UPDATE repo SET unreached = ?2 WHERE repo_id = ?1", &[repo_id.into(), has_unreached.into()]).map(drop)
}

/// Notes a push that was accepted, and returns its number.
pub(super) fn pushed<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<u64, Failure> {
    let rows = db.exec(
        "UPDATE repo SET updated_at = MAX(updated_at, ?2), last_push_at = ?2, last_push_seq = last_push_seq + 1 WHERE repo_id = ?1
         RETURNING last_push_seq",
        &[repo_id.into(), now.into()],
    )?;
    alarm::report(db, now, repo_id)?;
    let push_seq = rows.into_iter().next().map(|mut row| row.integer()).transpose()?;
    push_seq.ok_or_else(|| Failure::shape("the repo of a push", "none"))
}

fn repo(mut row: Row) -> Result<Repo, Failure> {
    Ok(Repo { info: RepoInfo::of_row(&mut row)?, last_pack_seq: row.integer()?, has_unreached: row.flag()? })
}

impl RepoInfo {
    /// What a row tells whose first columns are those of a repo, in the order of the fields.
    pub(crate) fn of_row(row: &mut Row) -> Result<Self, Failure> {
        Ok(Self {
            repo_id: row.text()?,
            namespace: row.text()?,
            name: row.text()?,
            description: row.optional_text()?,
            default_branch: row.text()?,
            read_only: row.flag()?,
            created_at: row.integer()?,
            updated_at: row.integer()?,
            last_push_at: row.optional_integer()?,
            source: row.optional_text()?,
            status: parse_status(&row.text()?)?,
            size: row.integer()?,
            own_size: row.integer()?,
            shallow: row.flag()?,
        })
    }
}

fn parse_status(text: &str) -> Result<Status, Failure> {
    Status::parse(text).ok_or_else(|| Failure::shape("a repo's status", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::ready;
    use crate::objects::UPLOAD_GRACE_MS;
    use crate::repo::call::{Scope, View};
    use crate::repo::fixture::{Fixture, READ, WRITE, commit};

    #[test]
    fn asking_after_a_repo_that_is_not_there_stores_nothing() {
        let fixture = Fixture::empty();
        assert_eq!(ready(fixture.repo.info()).unwrap(), Err(Refusal::NotFound));
        assert_eq!(ready(fixture.repo.delete()).unwrap(), Err(Refusal::NotFound));
        assert_eq!(ready(fixture.repo.list_tokens(None, 10, 1)).unwrap(), Err(Refusal::NotFound));
        assert_eq!(ready(fixture.repo.abandon("r1".into(), "u".into())).unwrap(), Ok(()));
        assert_eq!(fixture.open(WRITE, View::Push), Err(Refusal::BadToken));
        assert_eq!(fixture.db.n_tables(), 0);
        assert_eq!(fixture.db.alarm(), None);
    }

    #[test]
    fn the_same_id_is_the_same_creation_and_another_is_refused() {
        let fixture = Fixture::empty();
        let made = ready(fixture.repo.create(fixture.new_repo("r1"))).unwrap().unwrap();
        assert_eq!(made.name, "Repo");
        assert_eq!(made.status, Status::Ready);
        assert_eq!(ready(fixture.repo.create(fixture.new_repo("r1"))).unwrap(), Ok(made.clone()));
        assert_eq!(ready(fixture.repo.create(fixture.new_repo("r2"))).unwrap(), Err(Refusal::AlreadyExists));
        assert_eq!(ready(fixture.repo.info()).unwrap(), Ok(made));
    }

    #[test]
    fn a_deleted_repo_is_gone_with_its_tokens_and_refs_and_its_name_is_free() {
        let fixture = Fixture::new();
        fixture.push(&[("refs/heads/main", None, Some(1))]).unwrap();
        assert_eq!(ready(fixture.repo.delete()).unwrap().map(|deleted| deleted.repo_id), Ok("r1".into()));
        assert_eq!(ready(fixture.repo.info()).unwrap(), Err(Refusal::NotFound));
        assert_eq!(fixture.open(READ, View::Refs), Err(Refusal::BadToken));
        ready(fixture.repo.create(fixture.new_repo("r2"))).unwrap().unwrap();
        let opened = fixture.open(WRITE, View::Fetch).unwrap();
        assert_eq!((opened.repo_id.as_str(), opened.refs.len(), opened.packs.len()), ("r2", 0, 0));
    }

    #[test]
    fn what_a_deleted_repo_left_in_r2_is_reclaimed_later() {
        let fixture = Fixture::new();
        let upload_id = fixture.upload();
        fixture.commit(commit(&upload_id, &[("refs/heads/a", None, Some(1))])).unwrap();
        ready(fixture.repo.delete()).unwrap().unwrap();
        let mut rows = fixture.db.exec("SELECT repo_id, upload_id, reclaim_at FROM uploads", &[]).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].text(), rows[0].text()), (Ok("r1".into()), Ok(upload_id)));
        assert_eq!(rows[0].integer(), Ok(fixture.objects.now() + UPLOAD_GRACE_MS));
        assert_eq!(fixture.db.exec("SELECT 1 FROM packs UNION ALL SELECT 1 FROM holders", &[]).unwrap().len(), 0);
    }

    #[test]
    fn late_callbacks_of_a_deleted_repo_find_out() {
        let fixture = Fixture::new();
        ready(fixture.repo.delete()).unwrap().unwrap();
        assert_eq!(ready(fixture.repo.create(fixture.new_repo("r1"))).unwrap(), Err(Refusal::NotFound));
        ready(fixture.repo.create(fixture.new_repo("r2"))).unwrap().unwrap();
        let token = fixture.token("t", "late", Scope::Write);
        assert_eq!(ready(fixture.repo.add_token("r1".into(), token)).unwrap(), Err(Refusal::NotFound));
        let revoked = ready(fixture.repo.revoke_token("r1".into(), "t-write".into())).unwrap();
        assert_eq!(revoked, Err(Refusal::TokenNotFound));
        assert_eq!(fixture.open("late", View::Refs), Err(Refusal::BadToken));
        assert!(fixture.open(WRITE, View::Refs).is_ok());
    }
}
