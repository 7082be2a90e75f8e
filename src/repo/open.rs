//! [`Call::Open`](super::call::Call::Open) and [`Call::Read`](super::call::Call::Read): who asks, and one consistent view of the
//! repo for them.

use git_core::refs::HEAD;

use super::answer::Moment;
use super::call::{RefRow, Refusal, RepoInfo, Scope, Snapshot, Status, View};
use super::metadata::{self, Repo};
use super::{import, packs, refs, shallow, tokens, uploads};
use crate::durable::{Database, Failure, FrameWriter};

/// Who asks, and for what.
pub(super) struct Admitted {
    pub(super) repo: Repo,
    pub(super) token_id: String,
}

/// Lets in whoever holds a token that may do this. Unknown repos and bad tokens are the same to them.
pub(super) fn admit<D: Database>(
    db: &D,
    now: u64,
    token_sha256: &str,
    writes: bool,
) -> Result<Result<Admitted, Refusal>, Failure> {
    let Some(repo) = metadata::living(db)? else { return Ok(Err(Refusal::BadToken)) };
    let Some((token_id, scope)) = tokens::valid(db, now, &repo.info.repo_id, token_sha256)? else {
        return Ok(Err(Refusal::BadToken));
    };
    Ok(match repo.info.status {
        _ if writes && scope == Scope::Read => Err(Refusal::ReadScope),
        _ if writes && repo.info.read_only => Err(Refusal::ReadOnly),
        Status::Ready => Ok(Admitted { repo, token_id }),
        other => Err(Refusal::NotReady(other)),
    })
}

/// The view that was asked for. [`View::Push`] registers an upload.
pub(super) fn open<D: Database>(
    db: &D,
    moment: &Moment,
    token_sha256: &str,
    view: View,
    strings: &mut FrameWriter,
) -> Result<Result<Snapshot, Refusal>, Failure> {
    let repo = match admit(db, moment.now, token_sha256, view.writes())? {
        Ok(Admitted { repo, .. }) => repo,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut snapshot = snapshot(db, &repo.info, view.has_packs(), strings)?;
    if view == View::Push {
        snapshot.upload_id = Some(uploads::register(db, moment.now, &snapshot.repo_id, moment.upload_grace_ms)?);
    }
    Ok(Ok(snapshot))
}

/// The packs, and the refs that have one of these names; `HEAD` is one for the default branch.
pub(super) fn read<D: Database>(
    db: &D,
    moment: &Moment,
    (names, repo_id): (&[String], Option<&str>),
    strings: &mut FrameWriter,
) -> Result<Result<Snapshot, Refusal>, Failure> {
    let Some(Repo { info, .. }) = metadata::living(db)? else { return Ok(Err(import::failure(db, moment.now)?)) };
    if repo_id.is_some_and(|repo_id| repo_id != info.repo_id) {
        return Ok(Err(Refusal::NotFound));
    }
    if info.status != Status::Ready {
        return Ok(Err(Refusal::NotReady(info.status)));
    }
    let head = names.iter().any(|name| name == HEAD).then(|| format!("refs/heads/{}", info.default_branch));
    let refs = refs::named(db, &info.repo_id, names.iter().chain(&head))?;
    view(db, &info, refs, true, strings).map(Ok)
}

/// The repo as it is, with its packs or without, and without an upload.
pub(super) fn snapshot<D: Database>(
    db: &D,
    repo: &RepoInfo,
    has_packs: bool,
    strings: &mut FrameWriter,
) -> Result<Snapshot, Failure> {
    view(db, repo, refs::all(db, &repo.repo_id)?, has_packs, strings)
}

fn view<D: Database>(
    db: &D,
    repo: &RepoInfo,
    refs: Vec<RefRow>,
    has_packs: bool,
    strings: &mut FrameWriter,
) -> Result<Snapshot, Failure> {
    let repo_id = &repo.repo_id;
    Ok(Snapshot {
        repo_id: repo_id.clone(),
        namespace: repo.namespace.clone(),
        name: repo.name.clone(),
        default_branch: repo.default_branch.clone(),
        refs,
        packs: if has_packs { packs::all(db, repo_id, strings)? } else { Vec::new() },
        shallow: shallow::all(db, repo_id)?,
        upload_id: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::ready;
    use crate::objects::UPLOAD_GRACE_MS;
    use crate::repo::fixture::{DAY_MS, Fixture, READ, WRITE};

    #[test]
    fn a_token_opens_what_its_scope_allows() {
        let fixture = Fixture::new();
        for view in [View::Refs, View::Fetch] {
            assert!(fixture.open(READ, view).is_ok());
            assert!(fixture.open(WRITE, view).is_ok());
        }
        for view in [View::PushRefs, View::Push] {
            assert_eq!(fixture.open(READ, view), Err(Refusal::ReadScope));
            assert!(fixture.open(WRITE, view).is_ok());
        }
    }

    #[test]
    fn an_unknown_an_expired_and_a_revoked_token_are_the_same() {
        let fixture = Fixture::new();
        assert_eq!(fixture.open("other", View::Refs), Err(Refusal::BadToken));
        ready(fixture.repo.revoke_token("r1".into(), "t-read".into())).unwrap().unwrap();
        assert_eq!(fixture.open(READ, View::Refs), Err(Refusal::BadToken));
        fixture.objects.wait(DAY_MS - 1);
        assert!(fixture.open(WRITE, View::Refs).is_ok());
        fixture.objects.wait(1);
        assert_eq!(fixture.open(WRITE, View::Refs), Err(Refusal::BadToken));
    }

    #[test]
    fn a_read_only_repo_is_read() {
        let fixture = Fixture::empty();
        let new = crate::repo::call::NewRepo { read_only: true, ..fixture.new_repo("r1") };
        ready(fixture.repo.create(new)).unwrap().unwrap();
        assert!(fixture.open(WRITE, View::Fetch).is_ok());
        assert_eq!(fixture.open(WRITE, View::Push), Err(Refusal::ReadOnly));
    }

    #[test]
    fn only_a_push_registers_an_upload() {
        let fixture = Fixture::new();
        for view in [View::Refs, View::PushRefs, View::Fetch] {
            assert_eq!(fixture.open(WRITE, view).unwrap().upload_id, None);
        }
        assert_eq!(fixture.db.exec("SELECT 1 FROM uploads", &[]).unwrap().len(), 0);
        assert!(crate::random::is_id(&fixture.upload()));
        ready(fixture.repo.list_tokens(None, 1, 1)).unwrap().unwrap();
        let mut rows = fixture.db.exec("SELECT reclaim_at FROM uploads", &[]).unwrap();
        assert_eq!(rows[0].integer(), Ok(fixture.objects.now() + UPLOAD_GRACE_MS));
    }

    #[test]
    fn who_reads_contents_gets_the_refs_that_they_name() {
        let fixture = Fixture::new();
        let all = ["refs/heads/main", "refs/heads/side", "refs/tags/main"];
        fixture.push(&all.map(|name| (name, None, Some(1)))).unwrap();
        let read = |names: &[&str]| {
            let names = names.iter().map(ToString::to_string).collect();
            let opened = ready(fixture.repo.read(names, None)).unwrap();
            opened.map(|opened| opened.snapshot.refs.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };
        assert_eq!(read(&[]), Ok(vec![]));
        assert_eq!(read(&["HEAD", "refs/heads/x"]), Ok(vec!["refs/heads/main".to_owned()]));
        assert_eq!(read(&["refs/tags/main", "refs/heads/main", "main"]), Ok(vec![all[0].into(), all[2].into()]));
        let of = |repo_id: &str| ready(fixture.repo.read(vec![], Some(repo_id.into()))).unwrap().map(|_| ());
        let repo_id = ready(fixture.repo.info()).unwrap().unwrap().repo_id;
        assert_eq!((of(&repo_id), of("another")), (Ok(()), Err(Refusal::NotFound)));
        ready(fixture.repo.delete()).unwrap().unwrap();
        assert_eq!(read(&["HEAD"]), Err(Refusal::NotFound));
    }

    #[test]
    fn refs_are_sorted_by_their_bytes() {
        let fixture = Fixture::new();
        let names = ["refs/heads/b", "refs/heads/B", "refs/heads/a-b", "refs/heads/ä", "refs/heads/a/b"];
        let moves: Vec<_> = names.iter().map(|name| (*name, None, Some(1))).collect();
        fixture.push(&moves).unwrap();
        let mut sorted = names;
        sorted.sort_unstable();
        assert_eq!(fixture.refs().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), sorted);
    }
}
