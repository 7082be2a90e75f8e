//! Packs merged: nothing that git can see changes.

use std::collections::{BTreeMap, BTreeSet};

use git_core::ObjectId;
use git_core::pack::index::{self, PackIndex, Ref};
use git_core::pack::introduce::{self, Introducer};
use git_core::pack::receive::Receiver;
use git_core::pack::resolve::Step;

use super::*;
use crate::config::{self, COMPACT_DELAY_MS, MAINTENANCE_ATTEMPTS_MAX, PACKS_LEFT_MAX};
use crate::maintenance;
use crate::ops::compact::compact;
use crate::ops::import::Limits;
use crate::remote::MemoryRemote;

impl Server {
    pub(super) fn compact(&self, collects: bool) -> bool {
        block_on(compact(&self.repo, &*self.store, collects)).unwrap().is_some()
    }

    pub(super) fn n_packs(&self) -> usize {
        self.open(View::Fetch).snapshot.packs.len()
    }

    /// All bytes of the only pack, and its index.
    pub(super) fn only_pack(&self) -> (Vec<u8>, Vec<u8>) {
        let opened = self.open(View::Fetch);
        let [row] = opened.snapshot.packs.as_slice() else { panic!("{} packs", opened.snapshot.packs.len()) };
        if let Some((pack, index)) = row.inline {
            return (opened.strings.string(pack).unwrap().to_vec(), opened.strings.string(index).unwrap().to_vec());
        }
        let prefix = crate::store::keys::upload_prefix(&row.owner_repo_id, &row.upload_id);
        let objects = self.store.objects.borrow();
        let below = |key: &String| key.starts_with(&prefix);
        let segments = objects.iter().filter(|(key, _)| below(key) && !key.ends_with("index"));
        let index = objects.iter().find(|(key, _)| below(key) && key.ends_with("index")).unwrap();
        (segments.flat_map(|(_, bytes)| bytes.clone()).collect(), index.1.clone())
    }
}

/// The index that taking in the pack would write.
pub(super) fn index_of(pack: &[u8]) -> PackIndex {
    let mut receiver = Receiver::new(config::pack_limits(7), config::FSCK_LET_PASS);
    receiver.push(pack).unwrap();
    let mut resolver = receiver.finish().unwrap();
    while let step
    @ (Step::NeedPack { .. } | Step::NeedBase { .. } | Step::SpillWrite { .. } | Step::SpillRead { .. }) =
        resolver.step().unwrap()
    {
        let Step::NeedPack { offset, len } = step else { panic!("{step:?}") };
        let start = usize::try_from(offset).unwrap();
        resolver.supply_pack(offset, pack[start..start + len].to_vec());
    }
    let mut introducer = Introducer::new(resolver.finish(), &BTreeMap::new());
    assert_eq!(introducer.step(), Ok(introduce::Step::Done));
    PackIndex::parse(index::write(introducer)).unwrap()
}

/// Everything that an index says, with ids for references. What a commit introduces may be told in any order.
fn told(index: &PackIndex) -> impl PartialEq + std::fmt::Debug {
    let id = |reference| match reference {
        Ref::Here(number) => index.id(number).unwrap(),
        Ref::Outside(id) => id,
    };
    let entries: Vec<_> = (0..index.n_objects())
        .map(|number| {
            let entry = index.entry(number).unwrap();
            let target = index.tag_target(number).map(id);
            (index.id(number), entry.offset, entry.kind, entry.object_len, entry.base.map(id), target)
        })
        .collect();
    let commits: Vec<_> = (0..index.n_commits())
        .map(|at| {
            let commit = index.commit(at).unwrap();
            let parents: Vec<ObjectId> = index.parents(&commit).map(id).collect();
            let introduced: BTreeSet<ObjectId> = index.introduced(&commit).map(id).collect();
            (commit.number, id(commit.tree), commit.time, commit.generation, parents, introduced)
        })
        .collect();
    (entries, commits)
}

#[test]
fn merged_packs_hold_what_they_held_and_are_fetched_whole_and_in_parts() {
    let (server, work) = (Server::new("repo-of-test-mrg"), Work::new("merged"));
    let commits = pushed(&server, &work);
    let tip = commits.last().unwrap();
    assert!(server.n_packs() > PACKS_LEFT_MAX);
    assert!(server.compact(false));
    assert!(server.n_packs() < 3);
    assert!(!server.compact(false));
    for (n, arguments) in [&["ofs-delta"][..], &[], &["ofs-delta", "thin-pack"]].into_iter().enumerate() {
        let clone = Work::new(&format!("merged-clone-{n}"));
        assert_eq!(clone.receive(&server.fetch(&[tip], &[], arguments), tip), work.objects(tip));
        let client = Work::new(&format!("merged-client-{n}"));
        let mut have = None;
        for commit in &commits {
            let haves: Vec<&str> = have.into_iter().collect();
            client.receive(&server.fetch(&[commit], &haves, arguments), commit);
            have = Some(commit);
        }
        assert_eq!(client.objects(tip), work.objects(tip));
    }
}

#[test]
fn the_index_of_a_merged_pack_is_that_of_the_same_pack_taken_in() {
    let (server, work) = (Server::new("repo-of-test-idx"), Work::new("index"));
    for step in 0..30 {
        let commit = work.commit(&format!("src/deep/file-{}", step % 4), text(step));
        if step == 12 {
            work.git(&["checkout", "-q", "-b", "side", "HEAD~5"]);
            work.commit("side", "side");
            work.git(&["checkout", "-q", "main"]);
            work.git(&["merge", "-q", "--no-edit", "side"]);
        }
        let tip = if step == 12 { work.git(&["rev-parse", "HEAD"]) } else { commit };
        server.push(&work, &tip).unwrap();
    }
    while server.n_packs() > 1 {
        // Until there are enough to be merged, more are pushed.
        if !server.compact(false) {
            server.push(&work, &work.commit("more", text(server.n_packs()))).unwrap();
        }
    }
    let (pack, index) = server.only_pack();
    let (merged, taken_in) = (PackIndex::parse(index).unwrap(), index_of(&pack));
    assert_eq!(told(&merged), told(&taken_in));
    let kinds: Vec<_> = (0..merged.n_objects()).map(|number| merged.entry(number).unwrap().kind).collect();
    assert!(kinds.is_sorted(), "commits, then trees, then blobs");
}

#[test]
fn a_push_that_was_opened_before_a_merge_is_taken() {
    let (server, work) = (Server::new("repo-of-test-mid"), Work::new("meanwhile"));
    pushed(&server, &work);
    let tip = work.commit("src/deep/file-1", text(77));
    let mut body = MemoryBody::new(server.request(&work, &tip), 10_000);
    let beginning = block_on(Beginning::read(&mut body)).unwrap();
    let opened = server.open(beginning.view());
    assert!(server.compact(false));
    let report = server.push_rest(&opened, beginning, body).unwrap();
    assert!(report.contains("ok refs/heads/main"), "{report}");
    let clone = Work::new("meanwhile-clone");
    assert_eq!(clone.receive(&server.fetch(&[&tip], &[], &[]), &tip), work.objects(&tip));
}

#[test]
fn a_store_that_fails_at_any_point_of_a_merge_leaves_the_repo_as_it_was() {
    let work = Work::new("merge-fails");
    let server = Server::new("repo-of-test-mrf");
    let commits = pushed(&server, &work);
    let tip = commits.last().unwrap();
    let before: Vec<_> = server.open(View::Fetch).snapshot.packs;
    let mut n_failures = 0;
    for n in 0.. {
        server.store.fails_after.set(Some(n));
        let result = block_on(compact(&server.repo, &*server.store, false));
        server.store.fails_after.set(None);
        if result.is_ok() {
            break;
        }
        n_failures += 1;
        assert_eq!(server.open(View::Fetch).snapshot.packs, before);
    }
    assert!(n_failures > 3 && server.n_packs() < 3);
    let clone = Work::new("merge-fails-clone");
    assert_eq!(clone.receive(&server.fetch(&[tip], &[], &[]), tip), work.objects(tip));
}

/// Lets the repo's alarm go off, and then that of its maintenance; when the latter will go off again.
pub(super) fn ring(server: &Server) -> Option<u64> {
    let (namespace, name) = names();
    server.objects.ring_repo(&namespace, &name);
    let db = server.objects.maintenance_database(&namespace, &name);
    let at = db.take_alarm()?;
    server.objects.wait(at.saturating_sub(server.objects.now()));
    let job = maintenance::take(&*db, server.objects.now()).unwrap().expect("a job");
    let limits = Limits { repo_storage_max: 1 << 40, patience_ms: 1 };
    let tools = maintenance::Tools { store: &*server.store, remote: &MemoryRemote::none(), limits };
    block_on(maintenance::perform(&*db, &*server.objects, &tools, job, || server.objects.now())).unwrap();
    db.alarm()
}

#[test]
fn the_repos_alarm_has_packs_merged_a_little_later() {
    let (server, work) = (Server::new("repo-of-test-alm"), Work::new("alarm"));
    for step in 0..PACKS_LEFT_MAX {
        server.push(&work, &work.commit("a", text(step))).unwrap();
    }
    server.objects.wait(COMPACT_DELAY_MS);
    assert_eq!(ring(&server), None);
    assert_eq!(server.n_packs(), PACKS_LEFT_MAX);
    server.push(&work, &work.commit("a", text(99))).unwrap();
    server.objects.wait(COMPACT_DELAY_MS);
    assert_eq!(ring(&server), None);
    assert_eq!(server.n_packs(), 1);
}

#[test]
fn maintenance_that_fails_is_tried_again_and_not_for_ever() {
    let (server, work) = (Server::new("repo-of-test-off"), Work::new("put-off"));
    pushed(&server, &work);
    server.objects.wait(COMPACT_DELAY_MS);
    server.store.fails_after.set(Some(0));
    let mut n_attempts = 1;
    while let Some(at) = ring(&server) {
        assert!(at > server.objects.now());
        n_attempts += 1;
    }
    assert_eq!(n_attempts, 1 + MAINTENANCE_ATTEMPTS_MAX);
    server.store.fails_after.set(None);
    assert!(server.n_packs() > PACKS_LEFT_MAX);
    server.push(&work, &work.commit("a", "the next push asks again")).unwrap();
    server.objects.wait(COMPACT_DELAY_MS);
    ring(&server);
    assert!(server.n_packs() < 3);
}
