//! Forks of real repositories: what they have, what they never show, and what is left in R2 when members go.

use std::collections::BTreeSet;

use super::*;
use crate::config::FORK_MS;
use crate::durable::Fault;
use crate::error::Error;
use crate::objects::UPLOAD_GRACE_MS;
use crate::ops::delete_repo::delete_repo;
use crate::ops::fork::{ForkRepo, Forked, fork};
use crate::repo;
use crate::token::TokenSecret;

impl Server {
    /// Forks the repo under another name.
    pub(super) fn try_fork(&self, name: &str, default_branch_only: bool) -> Result<Forked, Error> {
        let wanted = ForkRepo {
            namespace: names().0,
            source: self.name.clone(),
            name: RepoName::parse(name).unwrap(),
            description: None,
            read_only: false,
            default_branch_only,
            source_id: None,
        };
        block_on(fork(&*self.objects, &*self.store, "account", self.objects.now(), wanted))
    }

    /// The fork, and how many objects it is said to have.
    pub(super) fn fork(&self, name: &str, default_branch_only: bool) -> (Self, u64) {
        let forked = self.try_fork(name, default_branch_only).unwrap();
        let (objects, store) = (Rc::clone(&self.objects), Rc::clone(&self.store));
        let name = RepoName::parse(name).unwrap();
        let repo = objects.repo(&names().0, &name).unwrap();
        let token_sha256 = TokenSecret::parse(&forked.created.token.plaintext).unwrap().sha256();
        (Self { objects, repo, name, token_sha256, store, witness: Witness::of_tests(), ..*self }, forked.n_objects)
    }

    /// Points a ref at a commit, with a pack of all that no ref here reaches.
    pub(super) fn push_ref(&self, work: &Work, name: &str, new: &str) -> String {
        let refs = self.refs();
        let old = refs.iter().find(|(there, _)| there == name).map_or(ZERO, |(_, id)| id);
        let known = refs.iter().map(|(_, id)| format!("^{id}")).collect::<Vec<_>>().join("\n");
        let mut body = Vec::new();
        write_line(&mut body, &[format!("{old} {new} {name}\0report-status").as_bytes()]);
        write_flush(&mut body);
        if new != ZERO {
            let pack = ["pack-objects", "--revs", "--stdout", "-q", "--thin"];
            body.extend(work.git_with(&pack, format!("{new}\n{known}")));
        }
        self.push_body(MemoryBody::new(body, 50_000)).unwrap()
    }

    /// What is told of an object that is wanted.
    pub(super) fn wanted(&self, id: &str) -> String {
        self.fetch_told(&[id], &[], &[]).0.concat()
    }

    pub(super) fn delete(&self) {
        block_on(delete_repo(&*self.objects, &names().0, &self.name)).unwrap();
    }

    /// Lets the alarms of these repos go off, as they are due within ten minutes.
    fn settle(repos: &[&Self]) {
        let (objects, store) = (&repos[0].objects, &repos[0].store);
        let end = objects.now() + 600_000;
        loop {
            let databases = repos.iter().map(|repo| objects.repo_database(&names().0, &repo.name));
            let next = databases.filter_map(|db| Some((db.alarm()?, db))).min_by_key(|(at, _)| *at);
            let Some((at, db)) = next.filter(|(at, _)| *at <= end) else { return };
            db.take_alarm();
            objects.wait(at.saturating_sub(objects.now()));
            block_on(repo::perform(&*db, &**objects, &**store, || objects.moment())).unwrap();
        }
    }

    /// The uploads in R2, and those that holders stand for in these repos' objects.
    fn audit(repos: &[&Self]) -> (BTreeSet<String>, BTreeSet<String>) {
        let objects = repos[0].store.objects.borrow();
        let stored = objects.keys().map(|key| key.split('/').nth(2).unwrap().to_owned()).collect();
        let holders = repos.iter().flat_map(|repo| block_on(repo.repo.storage(None)).unwrap().unwrap().holders);
        let held = holders.map(|holder| holder.upload_id).collect();
        (stored, held)
    }
}

/// A repo with a branch beside `main` that nobody else is to see: the tip of `main`, and what is secret: commit, tree, blob.
pub(super) fn with_secret(server: &Server, work: &Work) -> (String, [String; 3]) {
    let tip = pushed(server, work).pop().unwrap();
    work.git(&["checkout", "-q", "-b", "secret"]);
    let commit = work.commit("src/deep/secret", text(77));
    assert!(server.push_ref(work, "refs/heads/secret", &commit).contains("ok refs/heads/secret"));
    work.git(&["checkout", "-q", "main"]);
    let of = |path: &str| work.git(&["rev-parse", path]);
    (tip, [commit.clone(), of(&format!("{commit}^{{tree}}")), of(&format!("{commit}:src/deep/secret"))])
}

pub(super) fn n_reached(work: &Work, tip: &str) -> u64 {
    work.objects(tip).lines().count() as u64
}

pub(super) fn assert_is(repo: &Server, work: &Work, tip: &str, name: &str) {
    let clone = Work::new(name);
    assert_eq!(clone.receive(&repo.fetch(&[tip], &[], &[]), tip), work.objects(tip));
    clone.git(&["fsck", "--strict"]);
}

#[test]
fn a_fork_of_all_refs_is_the_same_repo_without_a_read_and_goes_its_own_way() {
    let (server, work) = (Server::new("repo-of-test-fk0"), Work::new("fork"));
    let (tip, [secret, ..]) = with_secret(&server, &work);
    let before = server.store.objects.borrow().clone();
    server.store.fails_after.set(Some(0));
    let (fork, n_objects) = server.fork("copy", false);
    server.store.fails_after.set(None);
    assert_eq!(*server.store.objects.borrow(), before);
    assert_eq!(n_objects, server.open(View::Fetch).snapshot.packs.iter().map(|row| row.pack.n_objects).sum::<u64>());
    assert_eq!(fork.refs(), server.refs());
    let info = block_on(fork.repo.info()).unwrap().unwrap();
    assert_eq!((info.source.as_deref(), info.default_branch.as_str()), (Some("artifacts:default/repo"), "main"));
    assert_eq!(info.size, block_on(server.repo.info()).unwrap().unwrap().size);
    let own: u64 = before.values().map(|bytes| bytes.len() as u64).sum();
    assert_eq!(info.size - info.own_size, own, "what is in R2 is the source's");
    assert_is(&fork, &work, &secret, "fork-clone");
    let next = work.commit("next", text(4));
    assert!(fork.push(&work, &next).unwrap().contains("ok refs/heads/main"));
    assert!(server.wanted(&next).contains("not our ref"));
    assert_is(&fork, &work, &next, "fork-next");
    assert_is(&server, &work, &tip, "fork-source");
}

#[test]
fn forks_of_forks_of_empty_and_of_narrowed_repos_are_forks_too() {
    let (server, work) = (Server::new("repo-of-test-fk5"), Work::new("generations"));
    let (empty, n_objects) = server.fork("empty", false);
    assert_eq!((empty.refs(), n_objects, empty.n_packs()), (vec![], 0, 0));
    let (tip, [secret, ..]) = with_secret(&server, &work);
    assert!(server.compact(false));
    let (narrow, _) = server.fork("narrow", true);
    let next = work.commit("next", noise(5, 400_000));
    assert!(narrow.push(&work, &next).unwrap().contains("ok refs/heads/main"));
    narrow.store.fails_after.set(Some(0));
    let (child, n_objects) = narrow.fork("child", true);
    narrow.store.fails_after.set(None);
    assert_eq!(n_objects, n_reached(&work, &next));
    assert!(child.wanted(&secret).contains("not our ref"));
    narrow.delete();
    server.delete();
    Server::settle(&[&server, &narrow, &child]);
    assert_is(&child, &work, &next, "generations-child");
    let grandchild = child.fork("grandchild", false).0;
    child.delete();
    Server::settle(&[&server, &narrow, &child, &grandchild]);
    assert_is(&grandchild, &work, &tip, "generations-grandchild");
    assert!(grandchild.wanted(&secret).contains("not our ref"));
    let (stored, held) = Server::audit(&[&server, &narrow, &child, &grandchild, &empty]);
    assert_eq!(stored, held);
    grandchild.delete();
    Server::settle(&[&server, &narrow, &child, &grandchild]);
    assert_eq!(*server.store.objects.borrow(), std::collections::BTreeMap::new());
}

#[test]
fn members_go_in_any_order_and_what_the_last_holder_leaves_is_reclaimed() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (server, work) = (Server::new("repo-of-test-fk6"), Work::new("order"));
        let tip = pushed(&server, &work).pop().unwrap();
        let (first, second) = (server.fork("first", false).0, server.fork("second", true).0);
        let members = [&server, &first, &second];
        Server::settle(&members);
        let next = work.commit("own", noise(6, 500_000));
        assert!(second.push(&work, &next).unwrap().contains("ok refs/heads/main"));
        for (n, &at) in order.iter().enumerate() {
            members[at].delete();
            Server::settle(&members);
            let (stored, held) = Server::audit(&members);
            assert_eq!(stored, held);
            for &left in &order[n + 1..] {
                assert_is(members[left], &work, if left == 2 { &next } else { &tip }, "order-clone");
            }
        }
        assert!(server.store.objects.borrow().is_empty());
    }
}

#[test]
fn bytes_count_once_and_for_as_long_as_somebody_holds_them() {
    let (server, work) = (Server::new("repo-of-test-fkb"), Work::new("totals"));
    pushed(&server, &work);
    let in_r2 = |server: &Server| server.store.objects.borrow().values().map(|bytes| bytes.len() as u64).sum::<u64>();
    let counted = |server: &Server| {
        let info = block_on(server.objects.namespace(&names().0).unwrap().info()).unwrap().unwrap();
        (info.repo_count, info.size)
    };
    let own = block_on(server.repo.info()).unwrap().unwrap().own_size;
    let inline = own - in_r2(&server);
    let fork = server.fork("copy", false).0;
    let members = [&server, &fork];
    Server::settle(&members);
    assert_eq!(counted(&server), (2, own + inline));
    server.delete();
    Server::settle(&members);
    assert_eq!(counted(&server), (1, in_r2(&server) + inline));
    fork.delete();
    Server::settle(&members);
    assert_eq!((counted(&server), in_r2(&server)), ((0, 0), 0));
}

#[test]
fn a_merge_at_the_source_takes_nothing_from_a_fork_nor_the_other_way_round() {
    let (server, work) = (Server::new("repo-of-test-fk7"), Work::new("merge-shared"));
    let tip = pushed(&server, &work).pop().unwrap();
    let fork = server.fork("copy", false).0;
    assert!(server.compact(false));
    Server::settle(&[&server, &fork]);
    assert_is(&fork, &work, &tip, "merge-shared-fork");
    let info = block_on(server.repo.info()).unwrap().unwrap();
    assert!(info.own_size > info.size, "what only the fork holds counts for whom it belongs to");
    assert!(fork.compact(false));
    Server::settle(&[&server, &fork]);
    let info = block_on(server.repo.info()).unwrap().unwrap();
    assert_eq!(info.own_size, info.size);
    let (stored, held) = Server::audit(&[&server, &fork]);
    assert_eq!(stored, held);
    for repo in [&server, &fork] {
        assert_is(repo, &work, &tip, "merge-shared-both");
    }
}

#[test]
fn a_fork_that_goes_wrong_anywhere_leaves_nothing_and_can_be_made_again() {
    for fault in [Fault::Lost, Fault::AnswerLost] {
        for calls in 0.. {
            let (server, work) = (Server::new("repo-of-test-fk8"), Work::new("fork-faults"));
            pushed(&server, &work);
            let middle = server.fork("middle", false).0;
            server.objects.fail_after(calls, fault);
            let forked = middle.try_fork("copy", false);
            let has_failed = server.objects.has_failed();
            server.objects.heal();
            let place = RepoName::parse("copy").unwrap();
            let repo = server.objects.repo(&names().0, &place).unwrap();
            let copy = Server {
                repo,
                name: place,
                objects: Rc::clone(&server.objects),
                store: Rc::clone(&server.store),
                token_sha256: String::new(),
                witness: Witness::of_tests(),
                ..server
            };
            let members = [&server, &middle, &copy];
            server.objects.wait(2 * FORK_MS);
            Server::settle(&members);
            let (stored, held) = Server::audit(&members);
            assert_eq!(stored, held);
            match block_on(copy.repo.info()).unwrap() {
                Ok(_) => copy.delete(),
                Err(_) => assert!(forked.is_err()),
            }
            server.delete();
            middle.delete();
            Server::settle(&members);
            assert!(server.store.objects.borrow().is_empty(), "{fault:?} {calls}");
            if !has_failed {
                assert!(calls >= 5, "a fork made {calls} calls");
                break;
            }
        }
    }
}

#[test]
fn a_name_that_is_taken_and_a_source_that_is_not_there_leave_nothing() {
    let (server, work) = (Server::new("repo-of-test-fk9"), Work::new("fork-refused"));
    pushed(&server, &work);
    let taken = server.fork("taken", false).0;
    assert_eq!(server.try_fork("taken", false).map(drop), Err(Error::RepoExists("taken".into())));
    taken.delete();
    let missing = Server { name: RepoName::parse("missing").unwrap(), ..Server::new("repo-of-test-fka") };
    assert_eq!(missing.try_fork("copy", false).map(drop), Err(Error::RepoNotFound("missing".into())));
    let held = || Server::audit(&[&server]).1;
    let before = held();
    server.objects.wait(UPLOAD_GRACE_MS);
    Server::settle(&[&server, &taken]);
    assert_eq!(held(), before);
}
