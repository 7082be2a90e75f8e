//! What pushes and fetches are witnessed to have done.

use super::*;
use crate::witness::{Deed, Moved};

fn id(hex: &str) -> git_core::ObjectId {
    git_core::ObjectId::from_hex(hex.as_bytes()).unwrap()
}

#[test]
fn a_clone_a_fetch_and_a_missing_blob_are_told_apart() {
    let (server, work) = (Server::new("repo-of-test-deeds"), Work::new("deeds"));
    let first = work.commit("a", "a");
    server.push(&work, &first).unwrap();
    let second = work.commit("a", "b");
    server.push(&work, &second).unwrap();
    let blob = work.git(&["rev-parse", "HEAD:a"]);
    let n_before = server.witness.deeds().len();
    server.fetch(&[&second], &[], &[]);
    server.fetch(&[&second], &[&first], &[]);
    server.fetch(&[&blob], &[], &[]);
    server.fetch_told(&[&second], &[], &[&format!("shallow {first}"), "deepen 1"]);
    assert_eq!(server.witness.deeds()[n_before..], [Deed::Cloned, Deed::Fetched, Deed::Fetched, Deed::Fetched]);
}

#[test]
fn a_push_has_moved_the_refs_that_were_taken_and_no_others() {
    let (server, work) = (Server::new("repo-of-test-push"), Work::new("deeds-of-pushes"));
    let first = work.commit("a", "a");
    server.push(&work, &first).unwrap();
    let second = work.commit("a", "b");
    // Its old value is not what the ref has.
    let refused =
        push_body(ZERO, &second, &work.git_with(&["pack-objects", "--revs", "--stdout", "-q"], second.clone()));
    assert!(server.push_body(MemoryBody::new(refused, 1_000)).unwrap().contains("ng refs/heads/main"));
    server.push(&work, &second).unwrap();
    let moved = |before: Option<&str>, after: &str| Deed::Pushed {
        repo_id: "repo-of-test-push".into(),
        moved: vec![Moved { name: "refs/heads/main".into(), before: before.map(id), after: Some(id(after)) }],
    };
    assert_eq!(server.witness.deeds(), [moved(None, &first), moved(Some(&first), &second)]);
}

#[test]
fn a_ref_that_stays_where_it_is_has_not_moved() {
    let (server, work) = (Server::new("repo-of-test-stay"), Work::new("deeds-of-nothing"));
    let commit = work.commit("a", "a");
    server.push(&work, &commit).unwrap();
    let n_before = server.witness.deeds().len();
    let empty = work.git_with(&["pack-objects", "--stdout", "-q"], "");
    let told = server.push_body(MemoryBody::new(push_body(&commit, &commit, &empty), 1_000)).unwrap();
    assert!(told.contains("ok refs/heads/main"), "{told}");
    assert_eq!(server.witness.deeds().len(), n_before);
}
