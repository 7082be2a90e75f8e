//! A repo in memory for the tests of this module, asked as the Worker asks it.

use std::rc::Rc;

use super::RepoClient;
use super::call::{
    Commit, Committed, NewPack, NewRepo, NewToken, PackInfo, Refusal, Scope, ShallowChange, Snapshot, Update, View,
};
use crate::durable::{Database, MemoryDatabase, MemoryWire, ready};
use crate::names::{NamespaceName, RepoName};
use crate::objects::{MemoryObjects, Objects};

pub(super) const WRITE: &str = "sha256 of the write token";
pub(super) const READ: &str = "sha256 of the read token";
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) struct Fixture {
    pub(super) objects: MemoryObjects,
    pub(super) repo: RepoClient<MemoryWire>,
    pub(super) db: Rc<MemoryDatabase>,
}

impl Fixture {
    /// A name that no repo has.
    pub(super) fn empty() -> Self {
        let objects = MemoryObjects::default();
        objects.wait(1_760_000_000_000);
        let (namespace, name) = (NamespaceName::parse("ns").unwrap(), RepoName::parse("repo").unwrap());
        let repo = objects.repo(&namespace, &name).unwrap();
        let db = objects.repo_database(&namespace, &name);
        Self { objects, repo, db }
    }

    /// The repo `r1` with a write token and a read token of a day each.
    pub(super) fn new() -> Self {
        let fixture = Self::empty();
        ready(fixture.repo.create(fixture.new_repo("r1"))).unwrap().unwrap();
        let read = fixture.token("t-read", READ, Scope::Read);
        ready(fixture.repo.add_token("r1".into(), read)).unwrap().unwrap();
        fixture
    }

    pub(super) fn new_repo(&self, repo_id: &str) -> NewRepo {
        NewRepo {
            repo_id: repo_id.into(),
            namespace: "ns".into(),
            name: "Repo".into(),
            description: Some("d".into()),
            default_branch: "main".into(),
            read_only: false,
            token: self.token("t-write", WRITE, Scope::Write),
        }
    }

    pub(super) fn token(&self, id: &str, sha256: &str, scope: Scope) -> NewToken {
        let now = self.objects.now();
        NewToken { id: id.into(), sha256: sha256.into(), scope, created_at: now, expires_at: now + DAY_MS }
    }

    pub(super) fn open(&self, token: &str, view: View) -> Result<Snapshot, Refusal> {
        ready(self.repo.open(token.into(), view)).unwrap().map(|opened| opened.snapshot)
    }

    /// Opens a push and returns the id of its upload.
    pub(super) fn upload(&self) -> String {
        self.open(WRITE, View::Push).unwrap().upload_id.unwrap()
    }

    pub(super) fn commit(&self, commit: Commit) -> Result<Committed, Refusal> {
        ready(self.repo.commit(commit, None)).unwrap()
    }

    /// A push of a pack in R2 that points refs at ids, `None` being "none".
    pub(super) fn push(&self, moves: &[(&str, Option<u8>, Option<u8>)]) -> Result<Committed, Refusal> {
        self.commit(commit(&self.upload(), moves))
    }

    /// Every ref and the first digits of what it points at.
    pub(super) fn refs(&self) -> Vec<(String, String)> {
        let snapshot = self.open(READ, View::Fetch).unwrap();
        snapshot.refs.into_iter().map(|row| (row.name, row.id[..2].to_owned())).collect()
    }

    /// What refs pointed at until lately.
    pub(super) fn dropped(&self) -> Vec<u8> {
        let rows = self.db.exec("SELECT id FROM dropped ORDER BY id", &[]).unwrap();
        rows.into_iter().map(|mut row| hex::decode(row.text().unwrap()).unwrap()[0]).collect()
    }

    /// The sequence numbers of the packs in the catalog.
    pub(super) fn pack_seqs(&self) -> Vec<u64> {
        self.open(READ, View::Fetch).unwrap().packs.iter().map(|pack| pack.pack_seq).collect()
    }
}

/// The commit of a pack in R2.
pub(super) fn commit(upload_id: &str, moves: &[(&str, Option<u8>, Option<u8>)]) -> Commit {
    let id = |n: u8| hex::encode([n; 20]);
    let update = |(name, old, new): &(&str, Option<u8>, Option<u8>)| Update {
        name: (*name).into(),
        old_id: old.map(id),
        new_id: new.map(id),
        peeled: None,
        refused: None,
    };
    Commit {
        repo_id: "r1".into(),
        token_sha256: WRITE.into(),
        upload_id: upload_id.into(),
        pack: Some(NewPack { pack: pack_info(1000, 100, 4096), inline: false }),
        updates: moves.iter().map(update).collect(),
        atomic: false,
        relies_on: Vec::new(),
        still_reached: moves.iter().filter(|(_, _, new)| new.is_some()).filter_map(|(_, old, _)| old.map(id)).collect(),
        heads: Some(moves.iter().filter_map(|(_, _, new)| new.map(id)).collect()),
        shallow: ShallowChange::default(),
        options: Vec::new(),
    }
}

pub(super) fn pack_info(pack_len: u64, index_len: u64, segment_len: u64) -> PackInfo {
    PackInfo { format: 1, n_objects: 3, pack_len, index_len, segment_len, trailer: "aa".repeat(20), thin: false }
}
