//! Garbage left out: what refs reach stays, and what pushes meanwhile bring and build on.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use git_core::pack::index::PackIndex;

use super::maintenance::ring;
use super::*;
use crate::objects::{REPO_STORAGE_MAX, UNREACHABLE_GRACE_MS, UPLOAD_GRACE_MS};
use crate::ops::compact::compact;
use crate::repo::{Moment, answer_frame};

/// A repo with a branch that is gone: its first commit, the tip of `main`, and the time at which the branch is garbage.
fn with_garbage(server: &Server, work: &Work) -> (String, String) {
    work.commit("kept", text(1));
    let lost = work.commit("lost", [noise(4, 300_000), text(2).into_bytes()].concat());
    server.push(work, &lost).unwrap();
    work.git(&["checkout", "-q", "--orphan", "other"]);
    work.git(&["rm", "-q", "--cached", "lost"]);
    std::fs::remove_file(work.0.join("lost")).unwrap();
    // A delta of what is about to be garbage.
    let tip = work.commit("found", [noise(4, 300_000), text(3).into_bytes()].concat());
    server.push(work, &tip).unwrap();
    (lost, tip)
}

#[test]
fn garbage_is_left_out_when_its_time_has_come() {
    let (server, work) = (Server::new("repo-of-test-gc0"), Work::new("garbage"));
    let (lost, tip) = with_garbage(&server, &work);
    assert!(!server.compact(true), "what was there until lately is kept");
    assert_eq!(server.fetch(&[&lost], &[], &[])[..4], *b"PACK");
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    assert!(server.compact(true));
    assert!(!server.compact(true));
    let (_, index) = server.only_pack();
    let index = PackIndex::parse(index).unwrap();
    assert_eq!(index.find(lost.parse().unwrap()), None);
    assert_eq!(index.n_objects() as usize, work.objects(&tip).lines().count());
    let clone = Work::new("garbage-clone");
    assert_eq!(clone.receive(&server.fetch(&[&tip], &[], &[]), &tip), work.objects(&tip));
    let again = work.git(&["commit-tree", "-p", &lost, "-m", "again", &format!("{lost}^{{tree}}")]);
    let pack = work.git_with(&["pack-objects", "--revs", "--stdout", "-q", "--thin"], format!("{again}\n^{lost}\n"));
    let report = server.push_body(MemoryBody::new(push_body(&tip, &again, &pack), 1000)).unwrap();
    assert!(report.contains("missing"), "{report}");
    let report = server.push(&work, &again).unwrap();
    assert!(report.contains("ok refs/heads/main"), "{report}");
}

#[test]
fn a_repo_without_refs_keeps_no_pack() {
    let (server, work) = (Server::new("repo-of-test-gc1"), Work::new("empty"));
    let commit = work.commit("a", "a");
    server.push(&work, &commit).unwrap();
    let mut delete = Vec::new();
    write_line(&mut delete, &[format!("{commit} {ZERO} refs/heads/main\0report-status").as_bytes()]);
    write_flush(&mut delete);
    assert!(server.push_body(MemoryBody::new(delete, 1000)).unwrap().contains("ok refs/heads/main"));
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    assert!(server.compact(true));
    assert_eq!(server.n_packs(), 0);
    server.push(&work, &commit).unwrap();
    assert_eq!(server.n_packs(), 1);
}

/// What is pushed between the making of a pack and its call, once.
type Meanwhile = Rc<RefCell<Option<Box<dyn FnOnce()>>>>;

/// A way to the same repo on which `meanwhile` happens just before a pack is put in its place.
fn interrupted(server: &Server, meanwhile: Box<dyn FnOnce()>) -> RepoClient<MemoryWire> {
    let (namespace, name) = names();
    let (db, now) = (server.objects.repo_database(&namespace, &name), server.objects.now());
    let meanwhile: Meanwhile = Rc::new(RefCell::new(Some(meanwhile)));
    let serve = move |frame: Vec<u8>| {
        if frame.windows(11).any(|word| word == b"{\"replace\":")
            && let Some(happens) = meanwhile.borrow_mut().take()
        {
            happens();
        }
        let moment = Moment {
            now,
            upload_grace_ms: UPLOAD_GRACE_MS,
            unreachable_grace_ms: UNREACHABLE_GRACE_MS,
            storage_max: REPO_STORAGE_MAX,
        };
        answer_frame(&*db, &moment, frame)
    };
    RepoClient::new(MemoryWire::new(Rc::new(serve), Rc::default()))
}

/// What `block_on` does, but that it may be called below this.
fn poll_until_ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

#[test]
fn a_push_during_a_collection_is_looked_at() {
    let (server, work) = (Rc::new(Server::new("repo-of-test-gc2")), Rc::new(Work::new("during")));
    let (lost, tip) = with_garbage(&server, &work);
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    let next = work.commit("next", text(9));
    let request = server.request(&work, &next);
    let pushing = Rc::clone(&server);
    let meanwhile = move || {
        let report = pushing.push_body(MemoryBody::new(request, 1000)).unwrap();
        assert!(report.contains("ok refs/heads/main"), "{report}");
    };
    let repo = interrupted(&server, Box::new(meanwhile));
    assert!(
        poll_until_ready(compact(&repo, &*server.store, true)).unwrap().is_some(),
        "the push builds on nothing that is lost"
    );
    assert_eq!(server.n_packs(), 2);
    let clone = Work::new("during-clone");
    assert_eq!(clone.receive(&server.fetch(&[&next], &[], &[]), &next), work.objects(&next));
    let opened = server.open(View::Fetch);
    assert_eq!(
        opened.snapshot.packs.iter().map(|row| row.pack.n_objects).sum::<u64>(),
        work.objects(&next).lines().count() as u64
    );
    assert_ne!(lost, tip);
}

#[test]
fn what_a_push_during_a_collection_builds_on_is_kept() {
    let (server, work) = (Rc::new(Server::new("repo-of-test-gc4")), Rc::new(Work::new("based")));
    work.commit("kept", text(1));
    let lost = work.commit("lost", noise(8, 300_000));
    server.push(&work, &lost).unwrap();
    work.git(&["checkout", "-q", "--orphan", "other"]);
    work.git(&["rm", "-q", "--cached", "lost"]);
    std::fs::remove_file(work.0.join("lost")).unwrap();
    let tip = work.commit("found", text(3));
    server.push(&work, &tip).unwrap();
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    let next = work.commit("lost", [noise(8, 300_000), text(5).into_bytes()].concat());
    let new = work.git(&["rev-list", "--objects", &next, &format!("^{tip}")]);
    let pack = work.git_with(&["pack-objects", "--stdout", "-q"], format!("-{lost}\n{new}\n"));
    assert!(pack.len() < 100_000, "a delta of what is lost");
    let (pushing, request) = (Rc::clone(&server), push_body(&tip, &next, &pack));
    let meanwhile = move || {
        let report = pushing.push_body(MemoryBody::new(request, 1000)).unwrap();
        assert!(report.contains("ok refs/heads/main"), "{report}");
    };
    let repo = interrupted(&server, Box::new(meanwhile));
    assert!(poll_until_ready(compact(&repo, &*server.store, true)).is_err(), "put off");
    let clone = Work::new("based-clone");
    assert_eq!(clone.receive(&server.fetch(&[&next], &[], &[]), &next), work.objects(&next));
    assert!(server.compact(true));
    let clone = Work::new("based-clone-later");
    assert_eq!(clone.receive(&server.fetch(&[&next], &[], &[]), &next), work.objects(&next));
}

#[test]
fn a_ref_that_comes_back_during_a_collection_keeps_its_objects() {
    let (server, work) = (Rc::new(Server::new("repo-of-test-gc3")), Work::new("back"));
    let (lost, _) = with_garbage(&server, &work);
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    let mut request = Vec::new();
    write_line(&mut request, &[format!("{ZERO} {lost} refs/heads/back\0report-status").as_bytes()]);
    write_flush(&mut request);
    request.extend(work.git_with(&["pack-objects", "--stdout", "-q"], ""));
    let pushing = Rc::clone(&server);
    let meanwhile = move || {
        let report = pushing.push_body(MemoryBody::new(request, 1000)).unwrap();
        assert!(report.contains("ok refs/heads/back"), "{report}");
    };
    let repo = interrupted(&server, Box::new(meanwhile));
    assert!(poll_until_ready(compact(&repo, &*server.store, true)).is_err(), "put off");
    let clone = Work::new("back-clone");
    assert_eq!(clone.receive(&server.fetch(&[&lost], &[], &[]), &lost), work.objects(&lost));
    assert!(!server.compact(true), "nothing is lost any more");
}

#[test]
fn garbage_is_looked_for_when_its_time_has_come_and_not_before() {
    let (server, work) = (Server::new("repo-of-test-tim"), Work::new("time"));
    let (lost, tip) = with_garbage(&server, &work);
    server.objects.wait(UNREACHABLE_GRACE_MS - 1);
    assert_eq!(ring(&server), None);
    assert_eq!(server.n_packs(), 2);
    server.objects.wait(2);
    assert_eq!(ring(&server), None);
    let index = PackIndex::parse(server.only_pack().1).unwrap();
    assert!(index.find(lost.parse().unwrap()).is_none() && index.find(tip.parse().unwrap()).is_some());
}

#[test]
fn packs_are_merged_too_when_no_garbage_is_found() {
    let (server, work) = (Server::new("repo-of-test-bth"), Work::new("both"));
    pushed(&server, &work);
    assert!(server.compact(true));
    assert!(server.n_packs() < 3);
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    assert!(!server.compact(true), "no more than noted");
}
