//! What forks never show: what only refs reach that they do not have, and what no ref reaches any more.

use super::forks::{assert_is, n_reached, with_secret};
use super::*;
use crate::error::Error;
use crate::objects::UNREACHABLE_GRACE_MS;

/// A large blob in the history of `main`, and a secret one that it is stored as a delta of; the id of that.
fn with_large_secret(server: &Server, work: &Work) -> String {
    let bytes = noise(3, 9_000_000);
    let main = work.commit("big", &bytes[..8_900_000]);
    work.git(&["checkout", "-q", "-b", "secret"]);
    let secret = work.commit("big", &bytes);
    assert!(server.push_ref(work, "refs/heads/secret", &secret).contains("ok refs/heads/secret"));
    assert!(server.push_ref(work, "refs/heads/main", &main).contains("ok refs/heads/main"));
    assert!(server.push_ref(work, "refs/heads/secret", ZERO).contains("ok refs/heads/secret"));
    work.git(&["rev-parse", "HEAD:big"])
}

#[test]
fn what_only_other_branches_reach_is_never_in_a_fork_of_the_default_branch() {
    let (server, work) = (Server::new("repo-of-test-fk1"), Work::new("narrow"));
    let (tip, secret) = with_secret(&server, &work);
    // In one pack with the rest, so that deltas build on what is secret.
    assert!(server.compact(false));
    let (fork, n_objects) = server.fork("copy", true);
    assert_eq!(n_objects, n_reached(&work, &tip));
    assert_eq!(fork.refs(), [("refs/heads/main".to_owned(), tip.clone())]);
    assert_is(&fork, &work, &tip, "narrow-clone");
    let [commit, tree, _] = &secret;
    for id in &secret {
        assert!(fork.wanted(id).contains("not our ref"), "{id}");
    }
    // Whoever knows the id of something secret cannot have it either by building on it.
    let onto = work.git(&["commit-tree", "-p", &tip, "-m", "onto", tree]);
    let children = [work.git(&["commit-tree", "-p", commit, "-m", "child", &format!("{tip}^{{tree}}")]), onto];
    for child in children {
        let pack = work.git_with(&["pack-objects", "--stdout", "-q"], &child);
        let report = fork.push_body(MemoryBody::new(push_body(&tip, &child, &pack), 1000)).unwrap();
        assert!(report.contains("missing"), "{report}");
    }
    let mut body = Vec::new();
    write_line(&mut body, &[format!("{ZERO} {commit} refs/heads/b\0report-status").as_bytes()]);
    write_flush(&mut body);
    body.extend(work.git_with(&["pack-objects", "--stdout", "-q"], ""));
    assert!(fork.push_body(MemoryBody::new(body, 1000)).unwrap().contains("missing necessary objects"));
    // A client that has it brings it, as anything else that is new.
    assert!(fork.push_ref(&work, "refs/heads/secret", commit).contains("ok refs/heads/secret"));
    assert_is(&fork, &work, commit, "narrow-brought");
}

#[test]
fn merging_and_collecting_a_narrowed_fork_leaves_out_what_it_does_not_have() {
    let (server, work) = (Server::new("repo-of-test-fk2"), Work::new("narrow-merge"));
    let (_, secret) = with_secret(&server, &work);
    assert!(server.compact(false));
    let (fork, _) = server.fork("copy", true);
    let mut tip = String::new();
    for step in 0..12 {
        tip = work.commit(&format!("more-{step}"), noise(step, 400_000));
        assert!(fork.push(&work, &tip).unwrap().contains("ok refs/heads/main"));
    }
    assert!(fork.compact(false));
    assert_is(&fork, &work, &tip, "narrow-merged");
    let lost = work.commit("lost", text(9));
    fork.push_ref(&work, "refs/heads/lost", &lost);
    assert!(fork.push_ref(&work, "refs/heads/lost", ZERO).contains("ok refs/heads/lost"));
    fork.objects.wait(UNREACHABLE_GRACE_MS + 1);
    assert!(fork.compact(true));
    let (_, index) = fork.only_pack();
    let index = git_core::pack::index::PackIndex::parse(index).unwrap();
    assert_eq!(u64::from(index.n_objects()), n_reached(&work, &tip));
    for id in &secret {
        assert_eq!(index.find(id.parse().unwrap()), None);
    }
    assert_is(&fork, &work, &tip, "narrow-collected");
}

#[test]
fn what_a_source_no_longer_reaches_is_not_in_a_fork_of_all_refs() {
    let (server, work) = (Server::new("repo-of-test-fk3"), Work::new("forgotten"));
    let (tip, [secret, ..]) = with_secret(&server, &work);
    assert!(server.push_ref(&work, "refs/heads/secret", ZERO).contains("ok refs/heads/secret"));
    assert_eq!(server.fetch(&[&secret], &[], &[])[..4], *b"PACK", "it can still be had from where it was pushed");
    let (fork, n_objects) = server.fork("copy", false);
    assert_eq!(n_objects, n_reached(&work, &tip));
    assert!(fork.wanted(&secret).contains("not our ref"));
    assert_is(&fork, &work, &tip, "forgotten-clone");
    // A branch that only moves on leaves nothing behind, nor does one that goes where another is.
    let other = Server::new("repo-of-test-fk4");
    let work = Work::new("moving-on");
    let mut commits = pushed(&other, &work);
    assert!(other.push_ref(&work, "refs/heads/b", &commits[3]).contains("ok refs/heads/b"));
    assert!(other.push_ref(&work, "refs/heads/b", &commits[9]).contains("ok refs/heads/b"));
    assert!(other.push_ref(&work, "refs/heads/b", &commits.pop().unwrap()).contains("ok refs/heads/b"));
    assert!(other.push_ref(&work, "refs/heads/b", ZERO).contains("ok refs/heads/b"));
    other.store.fails_after.set(Some(0));
    other.fork("copy", false);
}

#[test]
fn a_collection_that_cannot_leave_a_secret_out_does_not_show_it_to_forks() {
    let (server, work) = (Server::new("repo-of-test-fk6"), Work::new("entangled"));
    let secret = with_large_secret(&server, &work);
    let is_refused = |name: &str| matches!(server.try_fork(name, false), Err(Error::Entangled(_)));
    assert!(is_refused("before"));
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    server.compact(true);
    assert_eq!(server.wanted(&secret), "", "it is still there: what is too large to be made anew builds on it");
    assert!(is_refused("after"));
}

#[test]
fn a_collection_that_leaves_everything_else_out_makes_forks_cheap_again() {
    let (server, work) = (Server::new("repo-of-test-fk7"), Work::new("cheap-again"));
    let (tip, [secret, ..]) = with_secret(&server, &work);
    assert!(server.push_ref(&work, "refs/heads/secret", ZERO).contains("ok refs/heads/secret"));
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    // A branch that has moved on meanwhile is no garbage, and leaves none.
    let next = work.commit("next", text(5));
    assert!(server.push(&work, &next).unwrap().contains("ok refs/heads/main"));
    assert!(server.compact(true));
    server.store.fails_after.set(Some(0));
    let (fork, n_objects) = server.fork("copy", false);
    server.store.fails_after.set(None);
    assert_eq!(n_objects, n_reached(&work, &next));
    assert!(fork.wanted(&secret).contains("not our ref"));
    assert!(tip != next);
}

#[test]
fn what_is_hidden_in_a_fork_and_pushed_there_again_is_found_by_its_own_forks() {
    let (server, work) = (Server::new("repo-of-test-fk8"), Work::new("hidden-again"));
    let first = noise(1, 40_100);
    let second = [&first[..35_000], &noise(2, 5_050)[..]].concat();
    work.git(&["checkout", "-q", "-b", "pages"]);
    let pages = work.commit("data", &first);
    assert!(server.push_ref(&work, "refs/heads/pages", &pages).contains("ok refs/heads/pages"));
    let hidden = work.commit("data", &second);
    work.git(&["checkout", "-q", "--orphan", "main"]);
    work.git(&["rm", "-rfq", "."]);
    let main = work.commit("main.txt", text(1));
    let merged = |name: &str, with: &str| {
        work.git(&["checkout", "-q", "-b", name, "main"]);
        work.git(&["merge", "-q", "-s", "ours", "--allow-unrelated-histories", "-m", name, with]);
        work.git(&["rev-parse", "HEAD"])
    };
    // A pack with `main`, and with `second` as a delta of what only `pages` reaches.
    let both = merged("both", &hidden);
    assert!(server.push_ref(&work, "refs/heads/both", &both).contains("ok refs/heads/both"));
    assert!(server.push_ref(&work, "refs/heads/main", &main).contains("ok refs/heads/main"));
    let (fork, _) = server.fork("fork", true);
    assert_is(&fork, &work, &main, "hidden-fork");
    // There `second` comes again, whole, with a delta of it that `main` reaches.
    work.git(&["checkout", "-q", "main"]);
    let next = work.commit("data", &second[..40_000]);
    let again = merged("again", &hidden);
    assert!(fork.push_ref(&work, "refs/heads/again", &again).contains("ok refs/heads/again"));
    assert!(fork.push_ref(&work, "refs/heads/main", &next).contains("ok refs/heads/main"));
    let (child, _) = fork.fork("child", true);
    assert_is(&child, &work, &next, "hidden-child");
    assert!(child.wanted(&hidden).contains("not our ref"));
}
